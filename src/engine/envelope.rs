//! What producers hand to the engine.

use std::ops::Range;
use std::path::PathBuf;

use super::part::Part;
use crate::formats::Hints;
use crate::inventory::Item;
use crate::limits::Settings;
use crate::record::SourceId;
use crate::time::Time;

/// Something that a producer heard, and when. Live, replay, demo and report differ in who produces envelopes and who paces them,
/// in nothing else.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// When it was heard.
    pub heard: Time,
    /// The log it is about.
    pub source: SourceId,
    /// What it is.
    pub payload: Payload,
}

/// What an envelope carries.
#[derive(Debug, Clone)]
pub enum Payload {
    /// A log is met for the first time: nothing else comes for its id before this.
    Opened(Opened),
    /// The same, of a log that is begun ahead of what stands before: its next bytes are those from there on. What stands before comes
    /// otherwise.
    Ahead(Opened, Box<Part>),
    /// The log's next bytes, without a gap to those before. A follower hands on whole lines, except of lines over 64 KiB.
    Bytes(Vec<u8>),
    /// Bytes where there were only NULs when [`Payload::Bytes`] handed them on: a hole that was filled late, from the start of the
    /// line that it tore to the end of the line that follows it.
    Filled {
        /// From the start of the log.
        offset: u64,
        /// All that stands there now.
        bytes: Vec<u8>,
    },
    /// Bytes that the log once had and nobody could read: cut off before they were seen. At least so many: what was written and
    /// removed between two looks is not known.
    Lost(u64),
    /// Bytes of a line that never got its end: its file is gone.
    Torn(u64),
    /// Bytes of a line that has no end yet; told when it changes and the log is quiet.
    Half(u64),
    /// The log has another name now.
    Renamed(PathBuf),
    /// The log's state changed.
    Health(Health),
    /// Nothing has come for a while: what is complete as far as anyone can tell may be taken as complete.
    Quiet,
    /// The log is read to its end and will not grow.
    Closed,
    /// Limits that were found elsewhere than in a log.
    Settings(Box<Settings>),
    /// The log is not what was recorded: what is wrong with it, in a sentence.
    Damaged(String),
    /// A stretch of time of which something is missing, in all logs.
    Gap(Gap),
    /// What was looked for on this machine, and what came of it; in the place of what was told before of the same things.
    Inventory(Vec<Item>),
}

/// A stretch of time of which something is missing: nothing can be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// When it begins.
    pub from: Time,
    /// When it ends; `None` where nothing comes after it.
    pub to: Option<Time>,
    /// Bytes of logs that are missing, as far as anyone knows.
    pub bytes: u64,
    /// The reason.
    pub why: String,
}

impl Gap {
    /// Whether it covers a second of `seconds`.
    #[must_use]
    pub fn covers(&self, seconds: &Range<i64>) -> bool {
        let to = self.to.map_or(i64::MAX, |to| to.plus(999).second());
        self.from.second() < to && self.from.second() < seconds.end && seconds.start < to
    }
}

/// A log as it is first met.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Where it lies: a path, or the name of an entry in an archive.
    pub path: PathBuf,
    /// What is known besides its bytes.
    pub hints: Hints,
    /// Its size when it was met; 0 if unknown. For progress.
    pub size: u64,
    /// How many logs lay at this path before it: a rewritten file is a new log.
    pub generation: u32,
    /// It was there when its folder was first looked at: what it holds by then is of the past.
    pub first_look: bool,
    /// Its bytes lie in a file, or an archive. What has none, such as counters that are sampled, is kept in memory as far as there is
    /// room.
    pub has_file: bool,
}

/// The state of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Health {
    /// It is read as far as it goes, and followed.
    #[default]
    Following,
    /// It is read to its end and will not grow.
    Finished,
    /// It is still being read for the first time.
    Loading,
    /// It is not there yet, or has gone; it is waited for.
    Waiting,
    /// It may not be read; the text is the system's.
    Denied(String),
    /// Its folder or share does not answer; the text is the system's.
    Unreachable(String),
    /// It was renamed or deleted and is drained.
    Draining,
    /// A folder or a pattern that holds no log yet; it is waited for.
    Unmatched,
    /// A folder with so many files that are not read.
    LeftOut(LeftOut, u64),
}

/// Why files that may be logs are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOut {
    /// They are compressed: what was followed was counted before.
    Compressed,
    /// They were last written before the time from which on logs are asked for.
    Older,
}
