//! Keys as every terminal tells them.
//!
//! A Unix terminal sends the character that was typed, and nothing of the keys that were held for it. A Windows console tells both:
//! `?` comes with Shift, and what a keyboard has on `AltGr`, such as `[` or `\` on a German one, with Ctrl and Alt.

use std::io;

use crossterm::event::{Event, KeyCode, KeyModifiers};

/// Waits for what happens at the terminal next.
///
/// # Errors
/// When the terminal is gone.
pub fn read() -> io::Result<Event> {
    crossterm::event::read().map(plain)
}

/// An event without the modifiers that only made a character. Letters keep Shift: `Shift-S` and `S` are one key everywhere.
fn plain(event: Event) -> Event {
    const ALT_GR: KeyModifiers = KeyModifiers::CONTROL.union(KeyModifiers::ALT);
    let Event::Key(mut key) = event else { return event };
    if let KeyCode::Char(typed) = key.code {
        if key.modifiers.contains(ALT_GR) {
            key.modifiers.remove(ALT_GR);
        }
        if !typed.is_alphabetic() {
            key.modifiers.remove(KeyModifiers::SHIFT);
        }
    }
    Event::Key(key)
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;

    use super::*;
    use crate::ui::action::{Action, action};

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Option<Action> {
        match plain(Event::Key(KeyEvent::new(code, modifiers))) {
            Event::Key(key) => action(key),
            _ => None,
        }
    }

    #[test]
    fn a_key_does_the_same_whatever_was_held_to_type_it() {
        use KeyCode::{Char, Left};
        const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
        let alt_gr = KeyModifiers::CONTROL | KeyModifiers::ALT;
        for (held, typed) in [(SHIFT, '?'), (SHIFT, '/'), (SHIFT, '+'), (SHIFT, '<'), (alt_gr, '['), (SHIFT, 'G')] {
            assert!(pressed(Char(typed), KeyModifiers::NONE).is_some(), "{typed}");
            assert_eq!(pressed(Char(typed), held), pressed(Char(typed), KeyModifiers::NONE), "{typed}");
        }
        // What is no character keeps what was held, and Ctrl alone is no AltGr.
        assert_ne!(pressed(Left, SHIFT), pressed(Left, KeyModifiers::NONE));
        assert_eq!(pressed(Char('c'), KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(pressed(Char('n'), KeyModifiers::CONTROL), None);
    }
}
