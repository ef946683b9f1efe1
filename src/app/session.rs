//! What runs behind a screen: the engine, what the screen remembers, and the looks. No threads, no clock: whoever drives it says how
//! much time has passed. A test drives it like the program does.

mod loading;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::Backend;

use crate::diagnosis::Diagnosis;
use crate::engine::source::Source;
use crate::engine::{Engine, Envelope, Moment, Payload};
use crate::sources::follow::ahead::Ahead;
use crate::sources::shelf::{Place, Shelf, Tail};
use crate::time::Time;
use crate::ui::action::{Action, action};
use crate::ui::cursor::Mode;
use crate::ui::draw::{Looks, screen};
use crate::ui::replies::Slot;
use crate::ui::state::{Effect, Ui};
use crate::ui::theme::{Glyphs, Theme};
use crate::ui::views::{Ask, Job, Reply};

/// A live view is of now, unless the logs are older than this (an hour): then it is of their end.
const STALE: i64 = 3_600_000;

/// Something that must be read again for the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The place on the screen that it is for.
    pub slot: Slot,
    /// What is asked.
    pub ask: Ask,
    /// How the moment moves that it is asked of.
    pub mode: Mode,
    /// Whether an answer is on the screen.
    pub standing: Standing,
}

/// How a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing on the screen answers it.
    Open,
    /// What is on the screen answered it as of an earlier moment.
    Aged,
    /// Its answer is on the screen.
    Answered,
}

impl Question {
    /// Whether an answer to `asked`, which is being looked for, will do for it.
    #[must_use]
    pub fn is_served_by(&self, slot: Slot, asked: &Ask) -> bool {
        self.slot == slot && (self.ask == *asked || self.mode != Mode::Paused && self.ask.follows(asked))
    }
}

/// What a session is made of.
pub struct Session {
    /// Everything that is known.
    pub engine: Engine,
    /// What the screen remembers.
    pub ui: Ui,
    /// Where the logs lie.
    pub shelf: Shelf,
    /// The themes that `t` goes through, the chosen one first.
    pub themes: Vec<Theme>,
    /// The characters to draw with.
    pub glyphs: Glyphs,
    /// The first and last moment of a replay, where they were given.
    pub range: (Option<Time>, Option<Time>),
    /// Names and addresses in what is shown are pseudonyms.
    pub redacted: bool,
    /// The time on the wall, for a live view.
    pub wall: Option<Time>,
    /// Bytes that are loaded beside what comes as envelopes, and how many of them have been.
    loading: Option<(u64, u64)>,
    /// Whoever follows begins large logs ahead of what stands before.
    ahead: Option<Ahead>,
    /// Logs with lower numbers were forgotten, and are met again.
    forgotten: u32,
    /// Something has changed since it was last drawn.
    pub dirty: bool,
    /// It is later than when it was last drawn.
    pub aged: bool,
    /// What was wrong as of the last frame.
    diagnosis: Option<Diagnosis>,
}

impl Session {
    /// A session that shows nothing yet.
    #[must_use]
    pub fn new(engine: Engine, ui: Ui, shelf: Shelf, themes: Vec<Theme>, glyphs: Glyphs) -> Self {
        Self {
            engine,
            ui,
            shelf,
            themes,
            glyphs,
            range: (None, None),
            redacted: false,
            wall: None,
            loading: None,
            ahead: None,
            forgotten: 0,
            dirty: true,
            aged: false,
            diagnosis: None,
        }
    }

    /// The first and last moment that the cursor can stand at.
    #[must_use]
    pub fn bounds(&self) -> (Time, Time) {
        let span = self.engine.timeline().span();
        let (first, last) = span.or_else(|| self.wall.map(|now| (now, now))).unwrap_or((Time::MIN, Time::MIN));
        let last = match self.wall {
            Some(now) if now.since(last) < STALE => now.max(last),
            _ => last,
        };
        let (from, to) = self.range;
        let from = from.unwrap_or(first);
        (from, to.unwrap_or(last).max(from))
    }

    /// The moment looked at.
    #[must_use]
    pub fn moment(&self) -> Moment<'_> {
        self.engine.moment(self.ui.cursor.at(self.bounds()))
    }

    /// Takes in what a producer heard; `false` if it is of a log that was forgotten.
    pub fn take(&mut self, envelope: Envelope) -> bool {
        // Whoever followed before the logs were met again may have met one more.
        if envelope.source.0 < self.forgotten
            && matches!(&envelope.payload, Payload::Opened(opened) | Payload::Ahead(opened, _) if opened.has_file)
        {
            return false;
        }
        match &envelope.payload {
            Payload::Bytes(bytes) => self.shelf.say(envelope.source, bytes),
            Payload::Opened(opened) if !opened.has_file => self.shelf.put(envelope.source, Place::Said(Tail::default())),
            Payload::Opened(opened) | Payload::Ahead(opened, _) => {
                self.shelf.put(envelope.source, Place::File(opened.path.clone()));
            }
            Payload::Renamed(path) => self.shelf.rename(envelope.source, path),
            _ => {}
        }
        // How this machine fares is worth no frame of its own.
        if self.engine.sources().get(&envelope.source).is_some_and(Source::is_beside) {
            self.aged = true;
        } else {
            self.dirty = true;
        }
        self.engine.take(envelope);
        true
    }

    /// Time has passed on the wall.
    pub fn tick(&mut self, millis: i64, now: Time) {
        if self.wall.is_some() {
            self.wall = Some(now);
            self.aged = true;
        }
        // A recording begins to play when its beginning is known.
        if self.loading.is_none() && self.ui.cursor.mode == Mode::Playing {
            let bounds = self.bounds();
            self.ui.cursor.tick(millis, bounds);
            self.dirty = true;
        }
    }

    /// An event of the terminal.
    pub fn event(&mut self, event: &Event) -> Vec<Effect> {
        self.dirty = true;
        match event {
            // Windows reports releases, too.
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(*key),
            _ => Vec::new(),
        }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if self.ui.typing && key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT) == KeyModifiers::NONE {
            match key.code {
                KeyCode::Enter => self.ui.typing = false,
                KeyCode::Esc => {
                    self.ui.typing = false;
                    self.ui.clear_filter();
                }
                KeyCode::Backspace => self.ui.type_filter(None),
                KeyCode::Char(c) => self.ui.type_filter(Some(c)),
                _ => {}
            }
            return Vec::new();
        }
        if self.ui.noting.is_some() && key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT) == KeyModifiers::NONE {
            match key.code {
                KeyCode::Enter => return self.ui.keep_note(),
                KeyCode::Esc => self.ui.noting = None,
                KeyCode::Backspace => self.ui.type_note(None),
                KeyCode::Char(c) => self.ui.type_note(Some(c)),
                _ => {}
            }
            return Vec::new();
        }
        let bounds = self.bounds();
        let at = self.ui.cursor.at(bounds);
        let Self { engine, ui, .. } = self;
        match action(key) {
            // Whatever is on the screen.
            Some(Action::Stop) => vec![Effect::Stop],
            Some(action) => {
                // A key is about what is on the screen.
                ui.said = self.diagnosis.take();
                let effects = ui.update(action, &engine.moment(at), bounds);
                self.diagnosis = ui.said.take();
                effects
            }
            None => Vec::new(),
        }
    }

    /// Whether the screen lacks records, and whether it lacks what was asked for it: who waits for either looks at an empty place.
    #[must_use]
    pub fn lacks(&self) -> [bool; 2] {
        let slot = if self.ui.path.is_empty() { Slot::Pane } else { Slot::Level };
        [self.engine.timeline().span().is_none(), self.ui.asked(slot).is_none()]
    }

    /// What must be read again for the screen.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        let (slot, ask) = self.ui.ask(&self.moment())?;
        let mode = self.ui.cursor.mode;
        let shown = self.ui.asked(slot);
        let standing = match shown {
            Some(shown) if *shown == ask => Standing::Answered,
            // A cursor that stands still was moved by hand: that is another question.
            Some(shown) if mode != Mode::Paused && ask.follows(shown) => Standing::Aged,
            _ => Standing::Open,
        };
        Some(Question { slot, ask, mode, standing })
    }

    /// A question as work for any thread. Nothing is read here.
    #[must_use]
    pub fn job(&self, ask: &Ask) -> Job {
        ask.job(&self.moment())
    }

    /// Takes an answer.
    pub fn reply(&mut self, slot: Slot, ask: Ask, reply: Reply) {
        self.dirty |= self.ui.reply(slot, ask, reply);
    }

    /// Answers what the screen asks, here and now.
    pub fn answer_now(&mut self) {
        let Some(Question { slot, ask, .. }) = self.question().filter(|q| q.standing != Standing::Answered) else { return };
        if let Some(reply) = self.job(&ask).run(&self.shelf) {
            self.reply(slot, ask, reply);
        }
    }

    /// Draws the screen.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw<B: Backend>(&mut self, terminal: &mut Terminal<B>) -> Result<(), B::Error> {
        self.diagnosis = None;
        self.draw_hastily(terminal)
    }

    /// Draws a frame that comes soon after another one: in a live view, what was wrong as of that one will do for it.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw_hastily<B: Backend>(&mut self, terminal: &mut Terminal<B>) -> Result<(), B::Error> {
        let at = self.ui.cursor.at(self.bounds());
        let kept = self.diagnosis.take().filter(|_| self.wall.is_some() && self.ui.cursor.mode == Mode::Live);
        let Self { engine, ui, themes, glyphs, .. } = self;
        let theme = themes.get(ui.theme % themes.len().max(1));
        let theme = &*theme.map_or_else(|| Cow::Owned(Theme::default()), Cow::Borrowed);
        let moment = engine.moment(at);
        let is_kept = kept.is_some();
        let diagnosis = self.diagnosis.insert(kept.unwrap_or_else(|| Diagnosis::of(&moment)));
        terminal.draw(|frame| screen(frame, ui, &moment, Looks { theme, glyphs, diagnosis }))?;
        (self.dirty, self.aged) = (is_kept, false);
        Ok(())
    }
}
