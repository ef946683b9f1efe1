//! Logs in memory, read by an engine in pieces of any size and in any order of the files.

use std::path::Path;
use std::sync::Arc;

use why503::engine::{Engine, Envelope, Opened, Payload};
use why503::formats::Hints;
use why503::limits::Limits;
use why503::record::SourceId;
use why503::sources::shelf::{Place, Shelf};
use why503::time::{Time, Zone};

/// Logs that were read, and a shelf to read their lines again.
pub struct Logs {
    /// What is known.
    pub engine: Engine,
    /// Where the logs lie.
    pub shelf: Shelf,
}

impl Logs {
    /// Nothing read yet.
    pub fn new(limits: Limits, apps: &[String]) -> Self {
        Self { engine: Engine::new(limits, apps), shelf: Shelf::default() }
    }

    /// Reads a log from its first byte to its last, in these pieces.
    pub fn read<'a>(&mut self, id: u32, name: &str, pieces: impl IntoIterator<Item = &'a [u8]>) {
        let source = SourceId(id);
        let mut all: Vec<u8> = Vec::new();
        let file = Path::new(name).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let hints = Hints { zone: Zone::Utc, modified: None, name: file };
        let opened = Opened { path: name.into(), hints, size: 0, generation: 0, first_look: true, has_file: true };
        let mut take = |payload| self.engine.take(Envelope { heard: Time::MIN, source, payload });
        take(Payload::Opened(opened));
        for piece in pieces {
            all.extend(piece);
            take(Payload::Bytes(piece.to_vec()));
        }
        take(Payload::Closed);
        self.shelf.put(source, Place::Memory(Arc::from(all)));
    }

    /// The last moment that the logs tell of.
    pub fn end(&self) -> Time {
        self.engine.timeline().span().map_or(Time::MIN, |(_, to)| to)
    }
}
