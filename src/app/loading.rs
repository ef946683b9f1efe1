//! What is loaded beside what comes as envelopes: recordings, and what stands in a log before the place where it was begun.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::mpsc;

use super::session::Session;
use super::work::Done;
use crate::engine::Opened;
use crate::engine::part::Part;
use crate::record::SourceId;
use crate::sources::load::parts::Cut;
use crate::sources::load::{How, Recording, load_before};
use crate::time::{Time, Zone};

/// Bytes of logs after which the screen hears what is in them.
const PIECE: u64 = 4 << 20;

/// Something to load.
pub(super) enum Load {
    /// A recording, with the moment from which on it is wanted first.
    All(Box<Recording>, Zone, Option<Time>),
    /// What stands in a log before the place where it was begun.
    Before(SourceId, Opened, Box<Part>, Arc<File>),
}

impl Load {
    /// How many bytes there are to load.
    pub fn size(&self) -> u64 {
        match self {
            Self::All(recording, ..) => recording.size(),
            Self::Before(_, _, part, _) => part.offset,
        }
    }

    fn modified(&self) -> Option<Time> {
        if let Self::Before(_, opened, ..) = self { opened.hints.modified } else { None }
    }

    /// Loads it on other threads; its pieces come as they are done.
    pub fn start(self, session: &Session, done: &mpsc::Sender<Done>) {
        let (new_engine, places, last, done) = (session.engine.maker(), session.shelf.clone(), session.on_screen(), done.clone());
        tokio::task::spawn_blocking(move || {
            let _told = Told(done.clone());
            let cut = Cut { piece: PIECE, ..Cut::default() };
            let how = How { new_engine: &new_engine, read: &AtomicU64::new(0), cut, first: None };
            let hand_on = |piece| done.blocking_send(Done::Piece(piece)).is_ok();
            match self {
                Self::All(recording, zone, first) => recording.load_into(zone, &places, &How { first, ..how }, &hand_on),
                Self::Before(source, opened, part, file) => {
                    load_before((source, &opened, &part), (&file, last), &how, &hand_on);
                }
            }
        });
    }
}

/// Tells that something is loaded, however that ends.
struct Told(mpsc::Sender<Done>);

impl Drop for Told {
    fn drop(&mut self) {
        // Whoever wanted it may have left.
        let _ = self.0.blocking_send(Done::Loaded);
    }
}

/// What waits to be loaded: one at a time, by all processors.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Vec<Load>,
    busy: bool,
}

impl Queue {
    /// Adds something. What was written last is what people ask for first.
    pub fn push(&mut self, load: Load) {
        self.waiting.push(load);
        self.waiting.sort_by_key(Load::modified);
    }

    /// What is to be loaded now, unless something is being loaded.
    pub fn next(&mut self) -> Option<Load> {
        let next = if self.busy { None } else { self.waiting.pop() };
        self.busy |= next.is_some();
        next
    }

    /// What was being loaded has come.
    pub fn done(&mut self) {
        self.busy = false;
    }

    /// Whether nothing is loaded, and nothing waits.
    pub fn is_empty(&self) -> bool {
        !self.busy && self.waiting.is_empty()
    }

    /// What waits is not wanted any more.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }
}
