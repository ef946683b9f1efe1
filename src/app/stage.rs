//! A session on a screen: events of the terminal come in, effects are done, frames go out.

use std::io;
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::mpsc;

use super::loading::Load;
use super::pace::Pace;
use super::record::Record;
use super::session::Session;
use super::work::{Done, Work};
use crate::engine::{Envelope, Payload};
use crate::executing;
use crate::sources::appcmd;
use crate::sources::clock::{self, Tick};
use crate::sources::load::Piece;
use crate::time::Time;
use crate::ui::cursor::Mode;
use crate::ui::state::Effect;
use crate::ui::terminal::Screen;

/// Envelopes are taken in for so long before anybody else has a turn.
const TURN: Duration = Duration::from_millis(15);
/// Between two offers of what the recorder had no room for.
const HELD: Duration = Duration::from_millis(10);

/// Who is to stand still.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    /// This program: whoever asked sees to the others.
    Me,
    /// All that the shell started with it.
    MyJob,
}

/// A session and the screen that it is shown on.
pub(super) struct Stage {
    /// What runs behind it.
    pub(super) session: Session,
    /// Writes down what it hears.
    pub(super) record: Record,
    /// Where it is shown.
    pub(super) screen: Screen,
    /// What other threads do for it.
    pub(super) work: Work,
    /// The program is to stand still.
    pub(super) stop: Option<Whom>,
    pace: Pace,
    resized: bool,
    /// A report of this moment is to be written when all is loaded.
    export: Option<Time>,
}

impl Stage {
    /// A session that is not shown yet.
    pub(super) fn new(session: Session, record: Record, screen: Screen, pace: Pace, work: Work) -> Self {
        Self { session, record, screen, work, pace, resized: false, stop: None, export: None }
    }

    /// An event of the terminal. Answers whether to leave.
    pub(super) fn event(&mut self, event: &Event) -> bool {
        self.resized |= matches!(event, Event::Resize(..));
        self.pace.hurry();
        self.work.asking.press();
        let effects = self.session.event(event);
        let leaves = effects.into_iter().any(|effect| self.perform(effect));
        if !self.session.ui.awaits_executing() {
            self.work.give_up_executing();
        }
        leaves
    }

    /// Takes in what has come, for a short turn. What the recorder has no room for yet is held, and with it all that comes after.
    pub(super) fn take_in(&mut self, first: Envelope, envelopes: &mut mpsc::Receiver<Envelope>) {
        let (until, lacked) = (clock::steady() + TURN, self.session.lacks());
        let mut next = Some(first);
        while let Some(envelope) = next.and_then(|envelope| self.record.pass(envelope)) {
            self.take(envelope);
            next = if clock::steady() < until { envelopes.try_recv().ok() } else { None };
        }
        self.hurry_if_filled(lacked);
    }

    /// Takes in an envelope. What stands before a log that was begun ahead is loaded beside it.
    fn take(&mut self, envelope: Envelope) {
        let before = match &envelope.payload {
            Payload::Ahead(opened, part) => {
                let file = self.session.shelf.fetch(envelope.source);
                file.map(|file| Load::Before(envelope.source, opened.clone(), part.clone(), file))
            }
            _ => None,
        };
        let taken = self.session.take(envelope);
        if let Some(load) = before.filter(|_| taken) {
            self.work.load(load, &mut self.session);
        }
    }

    /// Does what only the outside can do. Answers whether to leave.
    fn perform(&mut self, effect: Effect) -> bool {
        let message = match effect {
            Effect::Quit => return true,
            Effect::Stop if cfg!(unix) => {
                self.stop = Some(Whom::MyJob);
                return false;
            }
            Effect::Stop => String::from("nothing on Windows makes a program that stands still go on"),
            Effect::Copy(text) => {
                let told = self.session.ui.copied(&text);
                self.screen.copy(text);
                told
            }
            Effect::Bookmarks => {
                self.record.mark(&self.session.ui.bookmarks);
                return false;
            }
            Effect::Record => self.record.toggle(&self.session, Tick::now()),
            Effect::Executing => {
                let Some(why) = executing::impossible(self.session.wall.is_some(), cfg!(windows)) else {
                    self.session.ui.show_executing();
                    self.work.list_executing(appcmd::program());
                    return false;
                };
                String::from(why)
            }
            Effect::Export(_) if self.record.redacts() => {
                String::from("no report: it would name the clients that this recording does not; report --redact makes one of it")
            }
            Effect::Export(at) if self.session.ui.loading.is_some() => {
                self.export = Some(at);
                String::from("a report is written when all of the logs is loaded")
            }
            Effect::Export(at) => self.work.report(&self.session, self.record.folder(), at),
        };
        self.session.ui.message = Some(message);
        false
    }

    /// The program goes on after it stood still: somebody else had the terminal.
    pub(super) fn come_back(&mut self) -> io::Result<()> {
        self.session.dirty = true;
        self.pace.hurry();
        self.screen.take_over()
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self) {
        if let Some(envelope) = self.record.release() {
            self.take(envelope);
        }
        let recording = self.record.told();
        if self.session.ui.recording != recording {
            self.session.ui.recording = recording;
            self.session.dirty = true;
        }
        if self.session.ui.loading.is_none()
            && let Some(at) = self.export.take()
        {
            self.perform(Effect::Export(at));
        }
        let passed = self.pace.tick(clock::steady());
        self.session.tick(passed, clock::now());
    }

    /// How long nothing is due. A terminal that has not taken the last frame is heard of when it has.
    pub(super) fn left(&self) -> Duration {
        if self.record.waits() {
            return HELD;
        }
        if self.screen.is_free() { self.pace.left(self.moves(), clock::steady()) } else { self.pace.calm() }
    }

    /// Whether something else than the clock moves.
    fn moves(&self) -> bool {
        self.session.dirty || self.session.ui.cursor.mode == Mode::Playing
    }

    /// Has the logs asked what the screen needs: not for a screen that nobody sees.
    pub(super) fn ask(&mut self) {
        if self.screen.is_free() {
            self.work.ask(&mut self.session, clock::steady());
        }
    }

    /// Takes in what another thread has done.
    pub(super) fn take_done(&mut self, done: Done) {
        let lacked = self.session.lacks();
        if matches!(done, Done::Piece(Piece::Over)) && self.export.take().is_some() {
            self.session.ui.message = Some(String::from("the logs are read again: ask for the report when they have been"));
        }
        self.work.take(done, &mut self.session, clock::steady());
        self.hurry_if_filled(lacked);
    }

    /// What fills an empty place is shown as soon as the answer to a key.
    fn hurry_if_filled(&mut self, lacked: [bool; 2]) {
        if lacked.iter().zip(self.session.lacks()).any(|(before, after)| *before && !after) {
            self.pace.hurry();
        }
    }

    pub(super) fn draw_if_due(&mut self) -> io::Result<()> {
        let now = clock::steady();
        if !(self.session.dirty || self.session.aged) || !self.screen.is_free() || !self.pace.is_due(self.moves(), now) {
            return Ok(());
        }
        if std::mem::take(&mut self.resized) {
            self.screen.start_over()?;
        }
        if self.pace.asks_rules(now) {
            self.session.draw(&mut self.screen.terminal)?;
        } else {
            self.session.draw_hastily(&mut self.screen.terminal)?;
        }
        self.screen.show();
        self.pace.drawn(now);
        Ok(())
    }
}
