//! From a pane down to the raw line: a window's blocks are read again, and their rows grouped or listed, or those of two windows
//! compared.
//!
//! The timeline holds no rows. A [`Plan`] is made from a moment on the main thread, reads nothing and costs little;
//! [`Plan::groups`] and [`Plan::lines`] read and decode, on any thread, through a [`ReadLog`]. A [`place::Spot`] is the same for
//! one line whose place is known.

pub mod compare;
pub mod group;
pub mod matching;
pub mod place;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use group::{Group, Groups};
use matching::{About, By, Hit};

use crate::engine::Moment;
use crate::engine::applications::{Applications, Site};
use crate::engine::source::Source;
use crate::formats::lines::Line;
use crate::formats::stream::Stream;
use crate::formats::{Hints, Kind, Sink};
use crate::record::{Origin, Record, SourceId};
use crate::time::Time;
use crate::timeline::block_index::Block;

/// Reads a part of a log again.
pub trait ReadLog: Send + Sync {
    /// The bytes of a log from `offset` on, at most `len` of them.
    ///
    /// # Errors
    /// A sentence for people, when the log is gone or cannot be read.
    fn read(&self, source: SourceId, offset: u64, len: u64) -> Result<Vec<u8>, String>;

    /// The same for somebody who may give it up meanwhile: then it need not be read to the end.
    ///
    /// # Errors
    /// As [`ReadLog::read`], and when it was given up.
    fn read_unless(&self, source: SourceId, offset: u64, len: u64, given_up: &AtomicBool) -> Result<Vec<u8>, String> {
        let _ = given_up;
        self.read(source, offset, len)
    }

    /// Does something for each number below `count`, which reads these logs: whoever can has several threads do it.
    fn each(&self, logs: &BTreeSet<SourceId>, count: usize, step: &(dyn Fn(usize) + Sync)) {
        let _ = logs;
        (0..count).for_each(step);
    }
}

/// Blocks that are read at one go: how many threads there are does not change what is told.
const AT_ONE_GO: usize = 8;
/// So many goes wait for each other: what they found takes memory until it is put together.
const GOES: usize = 32;

/// What is asked, and where the answer lies.
#[derive(Clone)]
pub struct Plan {
    about: About,
    times: Range<Time>,
    /// Only rows of this group.
    only: Option<(By, Vec<u8>)>,
    blocks: Vec<(SourceId, Block)>,
    /// Blocks with such rows were left out: they are older than those that are asked for.
    cut: bool,
    logs: HashMap<SourceId, Log>,
    applications: Arc<Applications>,
}

/// What must be known of a log to decode a part of it.
#[derive(Debug, Clone, PartialEq)]
struct Log {
    path: std::path::PathBuf,
    hints: Hints,
    /// Of lines of the same time, those of the log with the lower rank come first.
    rank: usize,
}

/// A raw line with the place where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLine {
    /// When it happened.
    pub time: Time,
    /// Where it stands.
    pub origin: Origin,
    /// The kind of its log.
    pub kind: Kind,
    /// Its text, as it stands in the log; several lines for a record of several.
    pub text: Vec<u8>,
    /// It tells of a client turned away.
    pub turned_away: bool,
}

/// An answer, and what could not be read for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Sentences about parts of logs that are gone.
    pub missing: BTreeSet<String>,
    /// There were more rows than were kept.
    pub cut: bool,
}

impl Plan {
    /// Whether anything of a log is to be read.
    #[must_use]
    pub fn reads(&self, log: SourceId) -> bool {
        self.blocks.iter().any(|(source, _)| *source == log)
    }

    /// Asks for all rows about something, in a stretch of time.
    #[must_use]
    pub fn new(moment: &Moment<'_>, about: About, times: Range<Time>, only: Option<(By, Vec<u8>)>) -> Self {
        let touching = moment.timeline.blocks.touching(times.clone());
        let blocks: Vec<_> =
            touching.filter(|(id, b)| about.may_be_in(*id, b.kind)).map(|(id, block)| (id, block.clone())).collect();
        Self::of(moment, about, times, only, blocks)
    }

    /// Asks for the last `most` lines of all logs in a stretch of time, which may be long: only blocks that hold them are looked at.
    #[must_use]
    pub fn latest(moment: &Moment<'_>, times: Range<Time>, most: usize) -> Self {
        let about = About::Everything;
        let (blocks, cut) = moment.timeline.blocks.latest(&times, most as u64, Kind::is_log);
        let blocks = blocks.into_iter().map(|(id, block)| (id, block.clone())).collect();
        Self { cut, ..Self::of(moment, about, times, None, blocks) }
    }

    fn of(
        moment: &Moment<'_>,
        about: About,
        times: Range<Time>,
        only: Option<(By, Vec<u8>)>,
        blocks: Vec<(SourceId, Block)>,
    ) -> Self {
        let asked: BTreeSet<SourceId> = blocks.iter().map(|(id, _)| *id).collect();
        let mut sources: Vec<_> = asked.iter().filter_map(|id| moment.sources.get(id).map(|source| (*id, source))).collect();
        // By the end of their paths: these are the same in a recording.
        sources.sort_by_cached_key(|(id, source)| (source.path.iter().rev().take(2).collect::<Vec<_>>(), *id));
        let log = |rank, source: &Source| Log { path: source.path.clone(), hints: source.hints.clone(), rank };
        let logs = sources.into_iter().enumerate().map(|(rank, (id, source))| (id, log(rank, source))).collect();
        Self { about, times, only, blocks, cut: false, logs, applications: Arc::clone(moment.applications) }
    }

    /// Whether its lines are those of another plan that asked the same as of another moment: the same blocks hold them, and whole.
    #[must_use]
    pub fn has_the_lines_of(&self, other: &Self) -> bool {
        let is_whole =
            |plan: &Self| plan.blocks.iter().all(|(_, block)| plan.times.start <= block.from && block.to <= plan.times.end);
        (&self.about, &self.only, self.cut) == (&other.about, &other.only, other.cut)
            && self.blocks == other.blocks
            && self.logs == other.logs
            && [self, other].into_iter().all(is_whole)
            && Arc::ptr_eq(&self.applications, &other.applications)
    }

    /// The rows grouped, the greatest first; `None` if it was given up meanwhile.
    #[must_use]
    pub fn groups(&self, by: By, reader: &dyn ReadLog, given_up: &AtomicBool) -> Option<Answer<Group>> {
        let logs = self.blocks.iter().map(|(source, _)| *source).collect();
        let mut groups = Groups::new(self.times.clone());
        let mut missing = BTreeSet::new();
        for blocks in self.blocks.chunks(AT_ONE_GO * GOES) {
            let goes: Vec<&[(SourceId, Block)]> = blocks.chunks(AT_ONE_GO).collect();
            let found: Vec<Mutex<Option<_>>> = goes.iter().map(|_| Mutex::new(None)).collect();
            reader.each(&logs, goes.len(), &|number| {
                if let Some((blocks, found)) = goes.get(number).zip(found.get(number)) {
                    *found.lock().unwrap_or_else(PoisonError::into_inner) = self.group(blocks, by, reader, given_up);
                }
            });
            for found in found {
                let (more, unread) = found.into_inner().unwrap_or_else(PoisonError::into_inner)?;
                groups.merge(more);
                missing.extend(unread);
            }
        }
        Some(Answer { rows: groups.sorted(), missing, cut: false })
    }

    /// The rows of some blocks grouped, and what could not be read; `None` if it was given up meanwhile.
    fn group(
        &self,
        blocks: &[(SourceId, Block)],
        by: By,
        reader: &dyn ReadLog,
        given_up: &AtomicBool,
    ) -> Option<(Groups, BTreeSet<String>)> {
        let (mut groups, mut missing) = (Groups::new(self.times.clone()), BTreeSet::new());
        for (source, block) in blocks {
            if given_up.load(Ordering::Relaxed) {
                return None;
            }
            let unread = self.read(*source, block, (reader, given_up), &mut |hit, record| {
                groups.add(&hit.key(by, record), &hit, record.time);
            });
            missing.extend(unread);
        }
        Some((groups, missing))
    }

    /// The last `most` rows of the stretch of time, the latest last; `None` if it was given up meanwhile.
    #[must_use]
    pub fn lines(&self, most: usize, reader: &dyn ReadLog, given_up: &AtomicBool) -> Option<Answer<RawLine>> {
        let rank = |source: SourceId| self.logs.get(&source).map(|log| log.rank);
        // The greatest that a row of a block can be in the order of rows.
        let greatest = |source: SourceId, b: &Block| (b.to.min(self.times.end.plus(999)).plus(-1000), rank(source), b.end);
        let mut blocks: Vec<&(SourceId, Block)> = self.blocks.iter().collect();
        blocks.sort_by_cached_key(|(source, block)| std::cmp::Reverse(greatest(*source, block)));
        let mut rows: Vec<RawLine> = Vec::new();
        let (mut missing, mut cut) = (BTreeSet::new(), self.cut);
        for (source, block) in blocks {
            let rank_here = rank(*source);
            let least = rows.first().filter(|_| rows.len() >= most);
            let least = least.map(|row| (row.time, rank(row.origin.source), row.origin.position.offset));
            // What comes before everything that is kept need not be read.
            if least.is_some_and(|least| greatest(*source, block) < least) {
                cut = true;
                break;
            }
            if given_up.load(Ordering::Relaxed) {
                return None;
            }
            let unread = self.read(*source, block, (reader, given_up), &mut |hit, record| {
                // A row that is only in flight in the window is no line of it.
                if !self.times.contains(&record.time) {
                    return;
                }
                if least.is_some_and(|least| (record.time, rank_here, record.position.offset) < least) {
                    cut = true;
                } else {
                    rows.push(raw_line(*source, &hit, record));
                }
            });
            missing.extend(unread);
            rows.sort_by_key(|row| (row.time, rank(row.origin.source), row.origin));
            if rows.len() > most {
                cut = true;
                rows.drain(..rows.len() - most);
            }
        }
        Some(Answer { rows, missing, cut })
    }

    /// Decodes one block; gives what is missing if it cannot be read.
    fn read(
        &self,
        id: SourceId,
        block: &Block,
        (reader, given_up): (&dyn ReadLog, &AtomicBool),
        take: &mut dyn FnMut(Hit, &Record<'_>),
    ) -> Option<String> {
        let log = self.logs.get(&id)?;
        let bytes = match reader.read_unless(id, block.offset, block.end - block.offset, given_up) {
            Ok(bytes) => bytes,
            Err(why) => return Some(why),
        };
        let mut stream = Stream::resume(block.kind, log.hints.clone(), &block.preamble, block.offset, block.line, block.utf16);
        let mut picker = Picker { plan: self, site: Site::of_path(&log.path), take };
        stream.feed(&bytes, &mut picker);
        stream.finish(&mut picker);
        let is_short = (bytes.len() as u64) < block.end - block.offset;
        is_short.then(|| format!("{}: cut off since it was read: some of its lines are gone", log.path.display()))
    }
}

fn raw_line(source: SourceId, hit: &Hit, record: &Record<'_>) -> RawLine {
    RawLine {
        time: record.time,
        origin: Origin { source, position: record.position },
        kind: hit.kind,
        text: record.raw.to_vec(),
        turned_away: hit.turned_away > 0,
    }
}

/// Picks the rows that a plan asks for.
struct Picker<'a> {
    plan: &'a Plan,
    site: Site,
    take: &'a mut dyn FnMut(Hit, &Record<'_>),
}

impl Sink for Picker<'_> {
    fn record(&mut self, record: Record<'_>) {
        let plan = self.plan;
        let Some(hit) = plan.about.hit(&record, &plan.applications, &mut self.site) else { return };
        let begin = record.time.plus(-i64::try_from(hit.taken.unwrap_or(0)).unwrap_or(i64::MAX));
        if record.time < plan.times.start || begin >= plan.times.end {
            return;
        }
        if let Some((by, key)) = &plan.only
            && *hit.key(*by, &record) != **key
        {
            return;
        }
        (self.take)(hit, &record);
    }

    fn malformed(&mut self, _: Line<'_>, _: &'static str) {}
}
