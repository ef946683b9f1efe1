//! One log: where it is, how far it has been read, and reading on.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cut::{Cut, Encoding, cut};
use super::half::Half;
use super::late::Holes;
use super::proof::{Proof, agrees};
use super::{Pace, Turn};
use crate::engine::{Health, Payload};
use crate::record::SourceId;
use crate::sources::clock::Tick;
use crate::sources::system::{FileId, read_at};
use crate::time::Time;

/// Bytes read of a log before the next log has its turn.
pub(super) const CHUNK: usize = 256 << 10;

/// Zeros that reached to the end are looked through again after this long.
const RESCAN: Duration = Duration::from_secs(5);

/// A document that was last written so many milliseconds ago is whole.
const OLD: i64 = 2000;

/// Where a log is. A log begins `Named`; what leads from one state to another is the decision table of `reconcile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At its path when last looked.
    Named,
    /// Its path is gone and no other log has it. The handle, if there is one, is read on.
    Missing(Duration),
    /// Another log has its path. The handle is read on until nothing more comes.
    Draining(Duration),
    /// No handle and no path: only the evidence is kept, to know the log by when it returns.
    Retired(Duration),
}

/// Zeros with data after them, waited for: they may be a block that is still being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hole {
    at: u64,
    until: u64,
    since: Duration,
}

#[derive(Debug)]
pub(super) struct Log {
    pub source: SourceId,
    pub path: PathBuf,
    /// Where it was first met.
    pub origin: PathBuf,
    pub generation: u32,
    pub id: Option<FileId>,
    pub file: Option<File>,
    pub place: Place,
    /// The last look at the folders that found it at its path.
    pub confirmed: Option<Duration>,
    pub proof: Proof,
    pub encoding: Encoding,
    pub health: Health,
    /// The greatest size told for it.
    pub size: u64,
    /// Bytes up to which it is known to have had more than zeros, or is told to have.
    pub filled: u64,
    pub half: Half,
    hole: Option<Hole>,
    /// Zeros up to here are a hole that was passed.
    settled: u64,
    /// Holes that were passed and may yet be filled.
    pub holes: Holes,
    /// Bytes of a line without its end that were told.
    pub told_half: u64,
    /// Nothing but zeros was found up to here, and when.
    blank: (u64, Duration),
    /// It is no log that grows but a document that is read as a whole, and again when it changes.
    pub document: bool,
    /// The document has been handed on.
    pub ended: bool,
    /// When it was last written, as the file system tells it.
    pub modified: Option<Time>,
    /// Bytes without a line end, and since when there have been no more.
    rest: (u64, Duration),
    /// When it last had something new.
    pub grew: Duration,
    /// When it is looked at next, and how long after that.
    pub due: Duration,
    pub pause: Duration,
    pub quiet: bool,
    /// Since when it has looked like a copy of itself that is being made anew.
    pub doubt: Option<(Duration, u64)>,
}

/// Whether a file is no log that grows but a document that is read as a whole.
pub(super) fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("config"))
}

/// What one step of reading gave.
pub(super) enum Step {
    /// Something was handed on; there may be more.
    Read,
    /// Nothing that can be handed on.
    Nothing,
    /// The bytes before the offset are not those that were read.
    Rewritten,
    /// The system would not read.
    Failed(io::Error),
}

impl Log {
    pub fn new(source: SourceId, path: PathBuf, id: Option<FileId>, now: Duration) -> Self {
        Self {
            document: is_document(&path),
            ended: false,
            modified: None,
            rest: (0, now),
            blank: (0, now),
            source,
            origin: path.clone(),
            path,
            generation: 0,
            id,
            file: None,
            place: Place::Named,
            confirmed: None,
            proof: Proof::default(),
            encoding: Encoding::Unknown,
            health: Health::Following,
            size: 0,
            filled: 0,
            half: Half::default(),
            hole: None,
            settled: 0,
            holes: Holes::default(),
            told_half: 0,
            grew: now,
            due: now,
            pause: Duration::ZERO,
            quiet: false,
            doubt: None,
        }
    }

    /// Bytes that are there and not handed on: a line without its end.
    pub fn pending(&self) -> u64 {
        self.filled.saturating_sub(self.proof.offset)
    }

    /// Whether it may yet give something without growing.
    pub fn is_waiting(&self) -> bool {
        self.hole.is_some() || self.document && !self.ended && self.file.is_some()
    }

    /// Whether it stands for a path at which nothing has been found yet.
    pub fn is_awaited(&self) -> bool {
        self.id.is_none() && self.file.is_none() && self.proof.offset == 0 && matches!(self.place, Place::Missing(_))
    }

    pub fn set_health(&mut self, health: Health, turn: &mut Turn<'_>) {
        if self.health != health {
            self.health = health.clone();
            turn.send(self.source, Payload::Health(health));
        }
    }

    /// Whether it had something new when it was last read.
    pub fn grows(&self) -> bool {
        self.due <= self.grew
    }

    /// Makes it due at once.
    pub fn wake(&mut self, now: Duration) {
        (self.due, self.pause) = (now, Duration::ZERO);
    }

    /// Reads a chunk and hands on what is whole. `buffer` has room for the anchor and a chunk.
    pub fn step(&mut self, file: &File, buffer: &mut [u8], pace: &Pace, turn: &mut Turn<'_>) -> Step {
        let anchor = self.proof.anchor();
        let lead = anchor.len();
        let Some(window) = buffer.get_mut(..lead + CHUNK) else { return Step::Nothing };
        let got = match read_at(file, window, self.proof.offset - lead as u64) {
            Ok(got) => got,
            Err(e) => return Step::Failed(e),
        };
        let halves = window.get(..got).and_then(|all| all.split_at_checked(lead));
        let Some((found, fresh)) = halves.filter(|(found, _)| agrees(anchor, found)) else { return Step::Rewritten };
        if found != anchor {
            self.proof.heal(found);
        }
        if let Err(e) = self.look_at_holes(file, turn) {
            return Step::Failed(e);
        }
        self.doubt = None;
        if self.encoding == Encoding::Unknown {
            self.encoding = Encoding::of(fresh);
        }
        let at_end = got < lead + CHUNK;
        self.compare_half(fresh, at_end, turn);
        let take = match cut(fresh, self.encoding) {
            Cut::Take(n) => n,
            Cut::Wait if self.document && self.is_complete(fresh.len(), pace, turn.tick) => fresh.len(),
            Cut::Wait => 0,
            Cut::Zeros(at) => match self.zeros(file, fresh, at, pace, turn.tick.steady) {
                Ok(n) => n,
                Err(e) => return Step::Failed(e),
            },
        };
        self.keep_half(fresh.get(take..).unwrap_or_default(), at_end);
        match fresh.get(..take) {
            Some(bytes) if take > 0 => {
                self.hand_on(bytes, turn);
                Step::Read
            }
            _ if self.document && fresh.is_empty() && self.is_complete(0, pace, turn.tick) => {
                self.ended = true;
                turn.send(self.source, Payload::Closed);
                Step::Nothing
            }
            _ => Step::Nothing,
        }
    }

    /// Whether a document has had no more bytes for a while, as far as was seen, or as its time tells: settings that were there
    /// before the logs are known before them.
    fn is_complete(&mut self, rest: usize, pace: &Pace, now: Tick) -> bool {
        let end = self.proof.offset + rest as u64;
        if self.rest.0 != end {
            self.rest = (end, now.steady);
        }
        let old = self.modified.is_some_and(|modified| now.time.since(modified) >= OLD) && end == self.size;
        old || now.steady.saturating_sub(self.rest.1) >= pace.hole
    }

    fn hand_on(&mut self, bytes: &[u8], turn: &mut Turn<'_>) {
        self.proof.commit(bytes);
        self.hole = None;
        (self.grew, self.quiet) = (turn.tick.steady, false);
        turn.send(self.source, Payload::Bytes(bytes.to_vec()));
        if self.told_half > 0 {
            self.tell_half(0, turn);
        }
    }

    /// Tells how much of a line is there without its end.
    pub fn tell_half(&mut self, bytes: u64, turn: &mut Turn<'_>) {
        self.told_half = bytes;
        turn.send(self.source, Payload::Half(bytes));
    }

    /// How many of `fresh` to take where zeros begin at `at`: none while they may still be filled.
    fn zeros(&mut self, file: &File, fresh: &[u8], at: usize, pace: &Pace, now: Duration) -> io::Result<usize> {
        let offset = self.proof.offset;
        let reach = |until: u64| usize::try_from(until - offset).unwrap_or(usize::MAX).min(fresh.len());
        if self.settled > offset + at as u64 {
            return Ok(reach(self.settled));
        }
        let start = offset + at as u64;
        let from = self.hole.filter(|hole| hole.at == start).map_or(start, |hole| hole.until);
        // A large block that is being filled is not looked through again each time.
        let known = self.blank.0.saturating_sub(1).max(from);
        let skip = now.saturating_sub(self.blank.1) < RESCAN && self.hole.is_none();
        let until = match first_data(file, if skip { known } else { from })? {
            Ok(until) => until,
            Err(end) => {
                self.hole = None;
                if !self.is_shorter() {
                    self.filled = start;
                }
                self.blank = (end, if skip { self.blank.1 } else { now });
                return Ok(0);
            }
        };
        let hole = self.hole.filter(|hole| hole.at == start).unwrap_or(Hole { at: start, until, since: now });
        self.hole = Some(hole);
        if now.saturating_sub(hole.since) < pace.hole {
            return Ok(0);
        }
        self.settled = until;
        self.holes.pass(start, until, now);
        Ok(reach(until))
    }
}

/// Where the first byte that is no zero stands, at or after `from`; if only zeros follow, where they end.
fn first_data(file: &File, mut from: u64) -> io::Result<Result<u64, u64>> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let got = read_at(file, &mut buffer, from)?;
        let read = buffer.get(..got).unwrap_or_default();
        if let Some(at) = read.iter().position(|b| *b != 0) {
            return Ok(Ok(from + at as u64));
        }
        if got < buffer.len() {
            return Ok(Err(from + got as u64));
        }
        from += got as u64;
    }
}
