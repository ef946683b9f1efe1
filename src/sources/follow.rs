//! Follows logs as they grow, are renamed, cut off, copied, replaced, deleted and made anew, so that every whole line that could be
//! read is handed on exactly once.
//!
//! Polling is the truth: each log's own read decides. The parts:
//!
//! - [`proof`]: the first bytes of a log and those before the offset, which tell a copy from another log;
//! - [`ahead`]: large logs that are begun near their ends;
//! - [`cut`]: which of the bytes read are whole lines;
//! - `log`: one log, and reading on;
//! - `half`: the line without an end that a log was left with;
//! - `late`: holes that are filled after they were passed;
//! - `reconcile`: what is seen in the folders against what is known — the decision table;
//! - `strangers`: files that no log claims: copies, older generations, new logs;
//! - `tend`: reading in turns, handles, waiting and forgetting.

pub mod ahead;
pub mod cut;
mod half;
mod late;
mod log;
pub mod proof;
mod reconcile;
mod strangers;
mod tend;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::{self, Tick};
use super::discover;
use super::system::{self, FileId};
use crate::engine::{Envelope, LeftOut, Opened, Payload};
use crate::formats::Hints;
use crate::record::SourceId;
use crate::time::{Time, Zone};
use ahead::Ahead;
use cut::Encoding;
use log::{CHUNK, Log, Place};
use proof::Proof;
use strangers::Stranger;

/// How long things are waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Between two reads of a log that grows.
    pub busy: Duration,
    /// Between two looks at the folders when nothing happens.
    pub look: Duration,
    /// Between two reads of a log that does not grow.
    pub idle: Duration,
    /// Until zeros with data after them are a hole.
    pub hole: Duration,
    /// Bytes still to be read from which on a log waits for newer ones.
    pub behind: u64,
}

impl Pace {
    const LOCAL: Self = Self {
        busy: Duration::from_millis(250),
        look: Duration::from_secs(1),
        idle: Duration::from_secs(5),
        hole: Duration::from_secs(1),
        behind: 64 << 20,
    };
    /// A share answers late, and may show zeros for a while where data is.
    const REMOTE: Self = Self {
        busy: Duration::from_secs(1),
        look: Duration::from_secs(2),
        idle: Duration::from_secs(5),
        hole: Duration::from_secs(10),
        behind: 64 << 20,
    };
}

/// A poll's time and where its envelopes go.
pub(crate) struct Turn<'a> {
    pub tick: Tick,
    pub out: &'a mut dyn FnMut(Envelope),
}

impl Turn<'_> {
    pub fn send(&mut self, source: SourceId, payload: Payload) {
        (self.out)(Envelope { heard: self.tick.time, source, payload });
    }
}

/// When to poll again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// At once: there is more to read.
    Now,
    /// After this long, or when something is heard.
    After(Duration),
}

/// What a follower needs to go on with a log after the program was ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Saved {
    /// Its number.
    pub source: u32,
    /// Where it was.
    pub path: PathBuf,
    /// Where it was first met.
    pub origin: PathBuf,
    /// How many logs lay there before it.
    pub generation: u32,
    /// Who the file was.
    pub id: Option<FileId>,
    /// What it held, up to the offset.
    pub proof: Proof,
    /// Up to where something stood in it: the rest is a line without its end.
    #[serde(default)]
    pub filled: u64,
    /// It was cut off: what was not read by then is lost.
    #[serde(default)]
    pub cut_off: bool,
    /// The width of its characters.
    pub encoding: Encoding,
}

/// All that a follower needs to go on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The logs.
    pub logs: Vec<Saved>,
    /// Older generations that were there before the follower first looked, and are not read.
    pub ignored: Vec<FileId>,
    /// The number that the next log gets.
    pub next_source: u32,
    /// The folders had been looked at. What is met after that came while no one looked, and is read from its start.
    pub looked: bool,
}

/// Follows the logs under some paths. It does nothing by itself: [`Follower::poll`] does one round.
pub struct Follower {
    roots: Vec<PathBuf>,
    zone: Zone,
    pace: Pace,
    ids: Arc<AtomicU32>,
    logs: Vec<Log>,
    /// Files that are seen and not read: copies, older generations, and those not decided about.
    strangers: HashMap<PathBuf, Stranger>,
    ignored: HashSet<FileId>,
    generations: HashMap<PathBuf, u32>,
    /// Folders with files that are not read, the numbers they are told under, and how many were told.
    left_out: HashMap<(PathBuf, LeftOut), (SourceId, u64)>,
    /// Logs that were last written before are not read.
    since: Option<Time>,
    /// Large logs that are there when the folders are first looked at are begun near their ends.
    ahead: Option<Ahead>,
    /// Which those are.
    chosen: HashSet<PathBuf>,
    /// The folders have not been looked at yet, and nothing is known from an earlier run.
    fresh: bool,
    next_look: Duration,
    last_look: Duration,
    look_cost: Duration,
    /// When a log last grew, appeared or went.
    stirred: Duration,
    handles: usize,
    budget: usize,
    buffer: Vec<u8>,
}

impl Follower {
    /// A follower of files, folders and globs. Logs get their numbers from `ids`, which several followers may share.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>, zone: Zone, ids: Arc<AtomicU32>) -> Self {
        let remote = roots.iter().any(|root| system::is_remote(root));
        Self {
            roots,
            zone,
            pace: if remote { Pace::REMOTE } else { Pace::LOCAL },
            ids,
            logs: Vec::new(),
            strangers: HashMap::new(),
            ignored: HashSet::new(),
            generations: HashMap::new(),
            left_out: HashMap::new(),
            since: None,
            ahead: None,
            chosen: HashSet::new(),
            fresh: true,
            next_look: Duration::ZERO,
            last_look: Duration::ZERO,
            look_cost: Duration::ZERO,
            stirred: Duration::ZERO,
            handles: 0,
            budget: system::handle_budget(),
            buffer: vec![0; CHUNK + 1024],
        }
    }

    /// Leaves out logs that were last written before a time, until they are written again.
    #[must_use]
    pub fn since(self, since: Option<Time>) -> Self {
        Self { since, ..self }
    }

    /// Begins large logs that are there already near their ends.
    #[must_use]
    pub fn ahead(self, ahead: Option<Ahead>) -> Self {
        Self { ahead, ..self }
    }

    /// Goes on where an earlier run was when `checkpoint` was taken. Logs keep their numbers; of one that is found again the bytes
    /// after the offset follow, without another [`Payload::Opened`]. `now` is of the steady clock: nobody has been quiet before.
    pub fn restore(&mut self, checkpoint: Checkpoint, now: Duration) {
        self.fresh = !checkpoint.looked;
        self.ids.fetch_max(checkpoint.next_source, Ordering::Relaxed);
        self.ignored.extend(checkpoint.ignored);
        for saved in checkpoint.logs {
            let seen = self.generations.entry(saved.origin.clone()).or_default();
            *seen = (*seen).max(saved.generation + 1);
            let mut log = Log::new(SourceId(saved.source), saved.path, saved.id, now);
            log.place = Place::Retired(now);
            (log.origin, log.generation) = (saved.origin, saved.generation);
            (log.encoding, log.proof) = (saved.encoding, saved.proof);
            (log.filled, log.half.cut_off) = (saved.filled, saved.cut_off);
            self.logs.push(log);
        }
    }

    /// What [`Follower::restore`] needs. It belongs to what has been handed on so far.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        let logs = self.logs.iter().filter(|log| !log.is_awaited()).map(|log| Saved {
            source: log.source.0,
            path: unicode(&log.path),
            origin: unicode(&log.origin),
            generation: log.generation,
            id: log.id,
            proof: log.proof.clone(),
            filled: log.filled,
            cut_off: log.half.cut_off,
            encoding: log.encoding,
        });
        let mut ignored: Vec<_> = self.ignored.iter().copied().collect();
        ignored.sort_unstable();
        Checkpoint { logs: logs.collect(), ignored, next_source: self.ids.load(Ordering::Relaxed), looked: !self.fresh }
    }

    /// Something may have changed: the next poll looks at the folders, unless it just has.
    pub fn hint(&mut self, now: Duration) {
        let rest = (self.look_cost * 10).max(Duration::from_millis(100));
        self.next_look = self.next_look.min(self.last_look + rest).max(now);
        for log in self.logs.iter_mut().filter(|log| log.file.is_some()) {
            if now.saturating_sub(log.grew) < Duration::from_secs(10) {
                log.due = log.due.min(now);
            }
        }
    }

    /// Everything is looked at in the next poll, whatever was planned.
    pub fn look_everywhere(&mut self) {
        self.next_look = Duration::ZERO;
        self.logs.iter_mut().for_each(|log| log.due = Duration::ZERO);
    }

    /// Whether all that is there has been handed on, but for lines without an end.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.strangers.values().all(|s| !s.is_undecided()) && self.logs.iter().all(|log| !log.is_waiting())
    }

    /// Bytes of lines that have no end yet, by log.
    pub fn pending(&self) -> impl Iterator<Item = (SourceId, u64)> {
        self.logs.iter().map(|log| (log.source, log.pending())).filter(|(_, n)| *n > 0)
    }

    /// One round: looks at the folders if it is time to, and reads a bounded amount of what is due.
    pub fn poll(&mut self, tick: Tick, out: &mut dyn FnMut(Envelope)) -> Next {
        let turn = &mut Turn { tick, out };
        if tick.steady >= self.next_look {
            let before = clock::steady();
            let mut look = discover::look(&self.roots);
            if let Some(since) = self.since {
                let known: HashSet<&Path> = self.logs.iter().map(|log| log.path.as_path()).collect();
                look.forget_older(since, |path| known.contains(path));
            }
            if self.fresh && self.ahead.is_some() {
                self.chosen = Ahead::choose(&look.seen);
            }
            self.reconcile(&look, turn);
            self.chosen.clear();
            self.look_cost = clock::steady().saturating_sub(before);
            self.last_look = tick.steady;
            // While things happen, look often; but never spend more than a tenth of the time on looking.
            let quiet = tick.steady.saturating_sub(self.stirred);
            let pause = if quiet < Duration::from_secs(10) { self.pace.busy } else { self.pace.look };
            self.next_look = tick.steady + pause.max(self.look_cost * 10);
        }
        let more = self.read_all(turn);
        self.tend(turn);
        if more { Next::Now } else { Next::After(self.until_due(tick.steady)) }
    }

    fn until_due(&self, now: Duration) -> Duration {
        let logs = self.logs.iter().filter(|log| !matches!(log.place, Place::Retired(_))).map(|log| log.due);
        let next = logs.chain([self.next_look]).min().unwrap_or(now);
        next.saturating_sub(now).max(Duration::from_millis(10))
    }

    /// Meets a log for the first time.
    fn open(&mut self, seen: &discover::Seen, turn: &mut Turn<'_>) {
        let source = SourceId(self.ids.fetch_add(1, Ordering::SeqCst));
        let mut log = Log::new(source, seen.path.clone(), seen.id, turn.tick.steady);
        (log.size, log.modified) = (seen.size, seen.modified);
        log.generation = self.count_generation(&seen.path);
        let opened = self.opened(&log, seen.modified);
        let ahead = self.ahead.as_ref().filter(|_| self.chosen.contains(&seen.path));
        let told = match ahead.and_then(|ahead| ahead.begin(&mut log, &opened)) {
            Some(part) => Payload::Ahead(opened, Box::new(part)),
            None => Payload::Opened(opened),
        };
        turn.send(source, told);
        self.stirred = turn.tick.steady;
        self.logs.push(log);
    }

    fn count_generation(&mut self, path: &Path) -> u32 {
        let next = self.generations.entry(path.to_owned()).or_default();
        *next += 1;
        *next - 1
    }

    fn opened(&self, log: &Log, modified: Option<Time>) -> Opened {
        let name = log.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let hints = Hints { zone: self.zone, modified, name };
        Opened {
            path: log.path.clone(),
            hints,
            size: log.size,
            generation: log.generation,
            first_look: self.fresh,
            has_file: true,
        }
    }
}

/// A path that can be written down. One that is no Unicode is found again by the file's number.
fn unicode(path: &Path) -> PathBuf {
    PathBuf::from(path.to_string_lossy().into_owned())
}
