//! Records what is followed, for replay elsewhere: the original lines of each log, appended to files of its own, and a manifest with
//! the limits, where they came from, and what is missing.
//!
//! A line is a frame: only whole lines are written, so that whatever ends the recorder costs at most the lines not yet written. All is
//! written within a second and on the disk within two. When the disk is full, or the folder cannot be reached, it pauses, tries again
//! every five seconds, and the manifest names the time that is missing; who watches is never held up.
//!
//! [`Recorder`] takes the same envelopes as the engine and can be driven by hand; [`live::Live`] runs one beside a screen.

mod book;
mod folder;
pub mod live;
mod private;
mod recover;
mod segment;
#[cfg(test)]
mod tests;
mod track;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::clock::Tick;
use super::load::Recording;
use super::manifest::{Hole, Stamp};
use super::packed::plain_name;
use super::shelf::Shelf;
use crate::engine::{Envelope, Gap, Health, Opened, Payload};
use crate::formats::stream::Stream;
use crate::limits::Given;
use crate::record::SourceId;
use crate::time::{Time, Zone};
use book::Book;
pub use folder::LOCK;
use segment::Missing;
use track::{Context, Track};

/// Lines wait so long at most before they are written.
const FLUSH: Duration = Duration::from_secs(1);
/// What is written waits so long at most before it is on the disk.
const SYNC: Duration = Duration::from_secs(2);
/// Between two attempts to write when writing failed.
const RETRY: Duration = Duration::from_secs(5);
/// What to record, and how.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The folder of the recording.
    pub folder: PathBuf,
    /// Records what is already in the logs, too.
    pub from_start: bool,
    /// Bytes that the recording may grow to; then its oldest files go.
    pub max_size: u64,
    /// The key of the pseudonyms for client addresses, user names and query values; `None` records lines as they are.
    pub redact: Option<[u8; 16]>,
    /// The zone of logs in local time.
    pub zone: Zone,
    /// Limits that people gave.
    pub limits: Given,
    /// Paths of applications that people gave.
    pub apps: Vec<String>,
}

/// How a recording fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The folder.
    pub folder: PathBuf,
    /// Bytes that it holds.
    pub bytes: u64,
    /// Why nothing can be written at the moment.
    pub paused: Option<String>,
    /// Bytes of logs that could not be written.
    pub missed: u64,
    /// Names and addresses in it are pseudonyms.
    pub redacted: bool,
    /// Logs that are left out, because nobody can tell what in them must not leave.
    pub left_out: usize,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.redacted { " redacted" } else { "" };
        write!(f, "recorded {}{how} bytes in {}", self.bytes, self.folder.display())?;
        if self.missed > 0 {
            write!(f, "; {} bytes could not be written", self.missed)?;
        }
        if let Some(why) = &self.paused {
            write!(f, "; it could not go on: {why}")?;
        }
        match self.left_out {
            0 => Ok(()),
            n => write!(f, "; {n} files left out: nobody can tell what in them must not leave"),
        }
    }
}

/// Writing failed.
struct Pause {
    since: Time,
    why: String,
    missing: Missing,
    retry: Duration,
}

/// Writes a recording.
pub struct Recorder {
    setup: Setup,
    book: Book,
    tracks: BTreeMap<SourceId, Track>,
    context: Context,
    pause: Option<Pause>,
    missed: u64,
    /// Logs that have ended and were left out.
    left_out: usize,
    flushed: Duration,
    synced: Duration,
    /// All that was heard until then is written.
    written: Time,
    /// A file has gathered as much as one write should have.
    full: bool,
}

impl Recorder {
    /// Begins a recording, or goes on with the one that lies in the folder.
    ///
    /// # Errors
    /// When the folder holds something else or another recorder is at work there, cannot be written, or the manifest is of a newer
    /// kind; the message says so.
    pub fn open(setup: Setup, tick: Tick) -> anyhow::Result<Self> {
        let book = Book::open(&setup, tick)?;
        let context = Context::new(setup.folder.clone(), &setup, book.files());
        let steady = tick.steady;
        let mut recorder = Self {
            setup,
            book,
            tracks: BTreeMap::new(),
            context,
            pause: None,
            missed: 0,
            left_out: 0,
            flushed: steady,
            synced: steady,
            written: tick.time,
            full: false,
        };
        // What cannot be written now is a mistake to be told at once, not a disk that filled up.
        recorder.book.write(recorder.context.files(), steady)?;
        Ok(recorder)
    }

    /// Goes on with a log that was met before the recording began: `stream` has read its first `taken` bytes.
    pub fn join(&mut self, source: SourceId, opened: &Opened, stream: Stream, taken: u64) {
        self.tracks.insert(source, Track::join(opened, stream, taken));
    }

    /// What is missing in a recording that is recorded again is missing in this one, too.
    pub fn inherit(&mut self, gaps: Vec<Gap>) {
        for Gap { from, to, bytes, why } in gaps {
            self.book.add_gap(Hole { from: Stamp(from), to: Stamp(to.unwrap_or(from)), bytes, why });
        }
    }

    /// Records finished files as a whole: what was named for its limits.
    pub fn copy(&mut self, files: &Recording, tick: Tick) {
        let zone = self.setup.zone;
        files.play_into(zone, &Shelf::default(), tick.time, &mut |mut envelope| {
            // Logs are numbered from below.
            envelope.source = SourceId(u32::MAX - envelope.source.0);
            if let Payload::Opened(opened) = &mut envelope.payload {
                opened.first_look = false;
                opened.path = plain_name(&opened.path);
            }
            self.take(&envelope, tick);
            true
        });
    }

    /// Takes in what a producer heard.
    pub fn take(&mut self, envelope: &Envelope, tick: Tick) {
        let id = envelope.source;
        match &envelope.payload {
            Payload::Opened(opened) => {
                let floor = if self.setup.from_start || !opened.first_look { 0 } else { opened.size };
                let before = self.tracks.values().rev().find(|track| opened.generation > 0 && track.origin == opened.path);
                let heir = before.and_then(|track| track.heir(&opened.hints));
                self.tracks.insert(id, Track::new(opened, floor, heir));
            }
            Payload::Ahead(opened, part) => {
                let hints = opened.hints.clone();
                let stream = Stream::resume(part.kind, hints, &part.preamble, part.offset, part.line, None);
                self.join(id, opened, stream, part.offset);
            }
            Payload::Bytes(bytes) => self.bytes(id, bytes, tick.time),
            Payload::Quiet => self.with(id, Track::quiet),
            Payload::Closed => {
                if let Some(track) = self.tracks.get_mut(&id) {
                    track.close(tick.time, &mut self.context);
                }
            }
            Payload::Renamed(path) => self.with(id, |track| track.origin.clone_from(path)),
            Payload::Lost(bytes) => self.lost(id, *bytes, tick.time),
            Payload::Filled { bytes, .. } => {
                if let Some(track) = self.tracks.get_mut(&id) {
                    track.filled(bytes, tick.time, self.pause.is_some(), &mut self.context);
                }
            }
            // Signs of what is there, or is not, have no bytes.
            Payload::Health(Health::Unmatched | Health::LeftOut(..)) => drop(self.tracks.remove(&id)),
            Payload::Half(bytes) => self.half(id, *bytes),
            Payload::Torn(_) | Payload::Health(_) | Payload::Settings(_) | Payload::Damaged(_) | Payload::Gap(_) => {}
            // It names machines, users and folders, and nobody can tell which of them must not leave.
            Payload::Inventory(_) if self.setup.redact.is_some() => {}
            Payload::Inventory(found) => self.book.note_machine(found.clone()),
        }
        self.tick(tick);
    }

    fn with(&mut self, id: SourceId, step: impl FnOnce(&mut Track)) {
        if let Some(track) = self.tracks.get_mut(&id) {
            step(track);
        }
    }

    fn bytes(&mut self, id: SourceId, bytes: &[u8], now: Time) {
        let Some(track) = self.tracks.get_mut(&id) else { return };
        let missing = track.take(bytes, now, self.pause.is_some(), &mut self.context);
        self.full |= track.is_full();
        if let Some(pause) = &mut self.pause {
            pause.missing = pause.missing.and(missing);
        }
    }

    /// A log has so many bytes of a line that has no end yet. They are not recorded, and if they never are, that is said.
    pub fn half(&mut self, id: SourceId, bytes: u64) {
        self.with(id, |track| track.half = bytes);
    }

    /// Bytes that the log lost before anyone could read them are missing in the recording, too.
    fn lost(&mut self, id: SourceId, bytes: u64, now: Time) {
        let name = self.tracks.get(&id).and_then(|track| track.origin.file_name()).unwrap_or_default().to_string_lossy();
        let why = format!("{name} was cut off before it could be read");
        self.book.add_gap(Hole { from: Stamp(now), to: Stamp(now), bytes, why });
    }

    /// Time has passed: writes what has waited long enough.
    pub fn tick(&mut self, tick: Tick) {
        if let Some(pause) = &self.pause {
            if tick.steady >= pause.retry {
                self.resume(tick);
            }
            return;
        }
        if self.full || tick.steady.saturating_sub(self.flushed) >= FLUSH {
            self.flushed = tick.steady;
            let result = self.flush(tick);
            self.heed(result, tick);
        }
        if self.pause.is_none() && tick.steady.saturating_sub(self.synced) >= SYNC {
            self.synced = tick.steady;
            let result = self.sync(tick);
            self.heed(result, tick);
        }
    }

    /// How long until [`Recorder::tick`] has something to do.
    #[must_use]
    pub fn until_due(&self, now: Duration) -> Duration {
        let due = match &self.pause {
            Some(pause) => pause.retry,
            None => self.flushed + FLUSH,
        };
        due.saturating_sub(now)
    }

    fn flush(&mut self, tick: Tick) -> io::Result<()> {
        self.full = false;
        for track in self.tracks.values_mut() {
            if track.flush(&mut self.context)? {
                self.book.turn_stale();
            }
        }
        self.written = tick.time;
        let (done, tracks) = std::mem::take(&mut self.tracks).into_iter().partition(|(_, track)| track.is_done());
        let done: BTreeMap<SourceId, Track> = done;
        self.left_out += done.values().filter(|track| track.is_left_out()).count();
        self.tracks = tracks;
        Ok(())
    }

    fn sync(&mut self, tick: Tick) -> io::Result<()> {
        for track in self.tracks.values_mut() {
            track.sync()?;
        }
        while let Some(gone) = self.context.oldest_over(self.setup.max_size) {
            self.book.add_dropped(&gone, self.setup.max_size);
        }
        if self.book.is_due(tick.steady) {
            self.book.write(self.context.files(), tick.steady)?;
        }
        Ok(())
    }

    /// An error in writing pauses the recording.
    fn heed(&mut self, result: io::Result<()>, tick: Tick) {
        let Err(error) = result else { return };
        let abandoned = self.tracks.values_mut().map(|track| track.abandon(&mut self.context));
        let missing = abandoned.fold(Missing::default(), Missing::and);
        self.pause = Some(Pause { since: self.written, why: error.to_string(), missing, retry: tick.steady + RETRY });
    }

    /// Tries to write again: if the manifest can be written with the gap in it, the rest can, too.
    fn resume(&mut self, tick: Tick) {
        let Some(pause) = self.pause.take() else { return };
        // What is missing is told by the times of the rows, as far as there are any.
        let (from, to) = pause.missing.rows.unwrap_or((pause.since, tick.time));
        let gap = Hole { from: Stamp(from), to: Stamp(to), bytes: pause.missing.bytes, why: pause.why.clone() };
        if let Err(error) = self.book.write_gap(gap, self.context.files(), tick.steady) {
            self.pause = Some(Pause { why: error.to_string(), retry: tick.steady + RETRY, ..pause });
            return;
        }
        self.missed += pause.missing.bytes;
        (self.flushed, self.synced, self.written) = (tick.steady, tick.steady, tick.time);
    }

    /// Bytes that came while whoever hands them on could not wait any longer: they are missing from `since` until now.
    pub fn missed(&mut self, bytes: u64, since: Time, tick: Tick) {
        self.book.add_gap(Hole { from: Stamp(since), to: Stamp(tick.time), bytes, why: String::from("the disk was too slow") });
        self.missed += bytes;
    }

    /// The moments that somebody marked while it was recorded, in the place of those told before. Those of earlier runs stay.
    pub fn mark(&mut self, bookmarks: Vec<(Time, String)>) {
        self.book.mark(bookmarks);
    }

    /// How the recording fares.
    #[must_use]
    pub fn status(&self) -> Status {
        let missed = self.missed + self.pause.as_ref().map_or(0, |pause| pause.missing.bytes);
        Status {
            folder: self.setup.folder.clone(),
            bytes: self.context.bytes(),
            paused: self.pause.as_ref().map(|pause| pause.why.clone()),
            missed,
            redacted: self.setup.redact.is_some(),
            left_out: self.left_out + self.tracks.values().filter(|track| track.is_left_out()).count(),
        }
    }

    /// Ends the recording: all is written and on the disk.
    #[must_use]
    pub fn finish(mut self, tick: Tick) -> Status {
        self.resume(tick);
        self.tracks.values_mut().for_each(|track| track.close(tick.time, &mut self.context));
        if self.pause.is_none() {
            let result = self.flush(tick);
            self.heed(result, tick);
            self.resume(tick);
        }
        self.book.end(tick.time);
        if self.pause.is_none() {
            let result = self.sync(tick);
            self.heed(result, tick);
        }
        self.status()
    }
}
