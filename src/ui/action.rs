//! Keys and what they do: one row a key. Help, footer, README and man page walk this table.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The next pane.
    NextPane,
    /// The pane before.
    PreviousPane,
    /// A pane by its number.
    Pane(u8),
    /// One level in.
    Drill,
    /// One level back.
    Back,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The first row.
    Top,
    /// The last row.
    Bottom,
    /// Begin to type a filter.
    Filter,
    /// Sort by the next column.
    Sort,
    /// Turn the order round.
    Reverse,
    /// Group by the next of URL, client, user agent, status.
    Group,
    /// Pause or go on.
    Pause,
    /// The cursor by so many seconds.
    Step(i8),
    /// Slower replay.
    Slower,
    /// Faster replay.
    Faster,
    /// The next moment at which a finding sets in.
    NextFinding,
    /// The one before.
    PreviousFinding,
    /// The first moment.
    Start,
    /// The last moment, or live.
    End,
    /// A longer window.
    Wider,
    /// A shorter window.
    Narrower,
    /// One pane over the whole screen.
    Zoom,
    /// The next theme.
    Theme,
    /// Write a report.
    Export,
    /// Start or stop recording.
    Record,
    /// Copy the selected row.
    Copy,
    /// What changed with a finding, or since the window before.
    Changed,
    /// Mark the moment looked at, with a note.
    Bookmark,
    /// The moments that were marked.
    Bookmarks,
    /// Take the selected bookmark away.
    Forget,
    /// What was looked for on this machine.
    Machine,
    /// The requests that IIS executes now.
    Executing,
    /// Whether a limit is enough, and which would be.
    Capacity,
    /// Show or hide the help.
    Help,
    /// Stand still until a shell says to go on.
    Stop,
    /// Leave.
    Quit,
}

/// Where a key is worth a place in the footer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Footer {
    /// Always.
    Always,
    /// Over the panes.
    Overview,
    /// In a list.
    List,
    /// In a list of groups.
    Groups,
    /// Where something has a before.
    Changes,
    /// In the lists behind the requests' pane, in a live view.
    Requests,
    /// In the lists of what has a limit on its requests.
    Limits,
    /// Where numbers are changed.
    Capacity,
    /// Never: the help has it.
    Never,
}

/// A row of [`ACTIONS`].
#[derive(Debug, Clone, Copy)]
pub struct KeyRow {
    /// What it does.
    pub action: Action,
    /// The keys, each with the modifiers that must be held.
    pub keys: &'static [(KeyCode, KeyModifiers)],
    /// The keys for people.
    pub shown: &'static str,
    /// One or two words for the footer.
    pub label: &'static str,
    /// A sentence for the help.
    pub help: &'static str,
    /// Where the footer has it.
    pub footer: Footer,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

const fn row(
    action: Action,
    keys: &'static [(KeyCode, KeyModifiers)],
    shown: &'static str,
    label: &'static str,
    help: &'static str,
    footer: Footer,
) -> KeyRow {
    KeyRow { action, keys, shown, label, help, footer }
}

/// All keys.
pub static ACTIONS: &[KeyRow] = {
    use Action as A;
    use Footer::{Always, Changes, Groups, Limits, List, Never, Overview, Requests};
    use KeyCode::{Char, Esc};
    &[
        row(A::Quit, &[(Char('q'), NONE)], "q", "quit", "Leave; the terminal is given back as it was.", Always),
        row(A::Help, &[(Char('?'), NONE), (KeyCode::F(1), NONE)], "?", "help", "Show or hide this help.", Always),
        row(
            A::Drill,
            &[(KeyCode::Enter, NONE)],
            "Enter",
            "drill in",
            "To a pane's list, to what is behind a row, down to the raw line.",
            Always,
        ),
        row(A::Back, &[(Esc, NONE), (KeyCode::Backspace, NONE)], "Esc", "back", "One level back; clears a filter first.", List),
        row(A::NextPane, &[(KeyCode::Tab, NONE)], "Tab", "pane", "The next pane.", Overview),
        row(
            A::PreviousPane,
            &[(KeyCode::BackTab, SHIFT), (KeyCode::BackTab, NONE)],
            "Shift-Tab",
            "pane",
            "The pane before.",
            Never,
        ),
        row(A::Pane(1), &[(Char('1'), NONE)], "1", "requests", "Requests in flight against appConcurrentRequestLimit.", Never),
        row(A::Pane(2), &[(Char('2'), NONE)], "2", "pool", "The non-paged pool against the cutoff of HTTP.sys.", Never),
        row(A::Pane(3), &[(Char('3'), NONE)], "3", "NS slots", "The slots of an Altiris Notification Server.", Never),
        row(A::Pane(4), &[(Char('4'), NONE)], "4", "findings", "What is wrong, since when, how often.", Never),
        row(
            A::Pane(5),
            &[(Char('5'), NONE)],
            "5",
            "sources",
            "The files: records, rate, lag, malformed lines, state, and what was lost.",
            Never,
        ),
        row(A::Pane(6), &[(Char('6'), NONE)], "6", "log", "The lines of all logs, merged by time.", Never),
        row(
            A::Machine,
            &[(Char('M'), SHIFT), (Char('M'), NONE)],
            "M",
            "machine",
            "What was looked for on this machine: found, missing or denied.",
            Never,
        ),
        row(
            A::Executing,
            &[(Char('x'), NONE)],
            "x",
            "executing",
            "From pane 1, on the server: what IIS executes now (appcmd).",
            Requests,
        ),
        row(A::Filter, &[(Char('/'), NONE)], "/", "filter", "Show only rows that contain a text (any case).", List),
        row(A::Sort, &[(Char('s'), NONE)], "s", "sort", "Sort by the next column.", List),
        row(A::Reverse, &[(Char('S'), SHIFT), (Char('S'), NONE)], "S", "reverse", "Turn the order round.", Never),
        row(A::Group, &[(Char('b'), NONE)], "b", "group by", "Group by URL, client, user agent or status.", Groups),
        row(
            A::Changed,
            &[(Char('d'), NONE)],
            "d",
            "what changed",
            "What changed: before and during of a finding, and who explains it.",
            Changes,
        ),
        row(
            A::Capacity,
            &[(Char('c'), NONE)],
            "c",
            "capacity",
            "From panes 1 and 3: will the limit be enough, and which would be.",
            Limits,
        ),
        row(A::Pause, &[(Char(' '), NONE)], "Space", "pause", "Pause and go on; live, what happens is still taken in.", Always),
        row(
            A::Slower,
            &[(Char('<'), NONE), (Char('<'), SHIFT)],
            "<",
            "less",
            "Slower replay; in capacity less of the selected number.",
            Footer::Capacity,
        ),
        row(
            A::Faster,
            &[(Char('>'), NONE), (Char('>'), SHIFT)],
            ">",
            "more",
            "Faster replay; in capacity more of the selected number.",
            Footer::Capacity,
        ),
        row(A::Step(-1), &[(KeyCode::Left, NONE)], "←", "-1s", "The cursor a second back.", Never),
        row(A::Step(1), &[(KeyCode::Right, NONE)], "→", "+1s", "The cursor a second on.", Never),
        row(
            A::Step(-60),
            &[(KeyCode::Left, SHIFT), (Char('['), NONE)],
            "Shift-←",
            "-1min",
            "The cursor a minute back (also [).",
            Never,
        ),
        row(
            A::Step(60),
            &[(KeyCode::Right, SHIFT), (Char(']'), NONE)],
            "Shift-→",
            "+1min",
            "The cursor a minute on (also ]).",
            Never,
        ),
        row(
            A::NextFinding,
            &[(Char('n'), NONE)],
            "n",
            "next finding",
            "To the next moment at which a finding sets in.",
            Overview,
        ),
        row(
            A::PreviousFinding,
            &[(Char('N'), SHIFT), (Char('N'), NONE)],
            "N",
            "previous",
            "To the moment before at which a finding set in.",
            Never,
        ),
        row(A::Bookmark, &[(Char('m'), NONE)], "m", "mark", "Mark the moment looked at, with a note.", Never),
        row(A::Bookmarks, &[(Char('\''), NONE)], "'", "marks", "The moments that were marked; Enter goes there.", Never),
        row(A::Forget, &[(KeyCode::Delete, NONE)], "Del", "unmark", "Take the selected bookmark away.", Never),
        row(A::Start, &[(KeyCode::Home, NONE)], "Home", "start", "To the first moment.", Never),
        row(A::End, &[(KeyCode::End, NONE)], "End", "live", "To the last moment; live, the cursor follows it.", Never),
        row(
            A::Wider,
            &[(Char('+'), NONE), (Char('+'), SHIFT), (Char('='), NONE)],
            "+",
            "window",
            "A longer window of time.",
            Never,
        ),
        row(A::Narrower, &[(Char('-'), NONE)], "-", "window", "A shorter window of time.", Never),
        row(A::Up, &[(KeyCode::Up, NONE), (Char('k'), NONE)], "↑ k", "up", "One row up.", Never),
        row(A::Down, &[(KeyCode::Down, NONE), (Char('j'), NONE)], "↓ j", "down", "One row down.", Never),
        row(A::PageUp, &[(KeyCode::PageUp, NONE)], "PgUp", "page", "A page up.", Never),
        row(A::PageDown, &[(KeyCode::PageDown, NONE)], "PgDn", "page", "A page down.", Never),
        row(A::Top, &[(Char('g'), NONE)], "g", "top", "The first row.", Never),
        row(A::Bottom, &[(Char('G'), SHIFT), (Char('G'), NONE)], "G", "bottom", "The last row.", Never),
        row(A::Zoom, &[(Char('z'), NONE)], "z", "zoom", "One pane over the whole screen, and back.", Overview),
        row(A::Theme, &[(Char('t'), NONE)], "t", "theme", "The next theme.", Never),
        row(A::Export, &[(Char('e'), NONE)], "e", "export", "Write a report of this moment beside the recording (HTML).", Never),
        row(
            A::Stop,
            &[(Char('z'), KeyModifiers::CONTROL)],
            "Ctrl-Z",
            "stop",
            "Back to the shell until fg; then what was written meanwhile is read (not on Windows).",
            Never,
        ),
        row(
            A::Record,
            &[(Char('r'), NONE)],
            "r",
            "record",
            "Start or stop recording into a new folder beside you; live only.",
            Never,
        ),
        row(A::Copy, &[(Char('y'), NONE)], "y", "copy", "Copy a finding's command, else the row (OSC 52, if allowed).", Never),
    ]
};

/// The action of a key.
#[must_use]
pub fn action(key: KeyEvent) -> Option<Action> {
    let held = key.modifiers & (KeyModifiers::SHIFT | KeyModifiers::CONTROL | KeyModifiers::ALT);
    if held == KeyModifiers::CONTROL && key.code == KeyCode::Char('c') {
        return Some(Action::Quit);
    }
    ACTIONS.iter().find(|row| row.keys.contains(&(key.code, held))).map(|row| row.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things_and_every_action_has_help() {
        let mut seen = Vec::new();
        for row in ACTIONS {
            assert!(!row.help.is_empty() && !row.shown.is_empty());
            for key in row.keys {
                assert!(!seen.contains(key), "{key:?} is in two rows");
                seen.push(*key);
            }
        }
    }
}
