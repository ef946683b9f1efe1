//! From a pane down to the raw line: a window's blocks are read again, and their rows grouped or listed.
//!
//! The timeline holds no rows. A [`Plan`] is made from a moment on the main thread and costs little; [`Plan::groups`] and
//! [`Plan::lines`] read and decode, on any thread, through a [`ReadLog`].

pub mod matching;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use matching::{About, By, Hit};

use crate::engine::Moment;
use crate::engine::applications::{Applications, Site};
use crate::formats::lines::Line;
use crate::formats::stream::Stream;
use crate::formats::{Hints, Kind, Sink};
use crate::record::{Origin, Record, SourceId};
use crate::time::Time;
use crate::timeline::block_index::Block;

/// Groups kept apart; what comes after them is counted together. Random URLs must not eat memory.
const MOST_GROUPS: usize = 20_000;
/// The group of everything beyond [`MOST_GROUPS`].
const OTHERS: &[u8] = b"(others)";

/// Reads a part of a log again.
pub trait ReadLog: Send + Sync {
    /// The bytes of a log from `offset` on, at most `len` of them.
    ///
    /// # Errors
    /// A sentence for people, when the log is gone or cannot be read.
    fn read(&self, source: SourceId, offset: u64, len: u64) -> Result<Vec<u8>, String>;
}

/// What is asked, and where the answer lies.
#[derive(Clone)]
pub struct Plan {
    about: About,
    times: Range<Time>,
    /// Only rows of this group.
    only: Option<(By, Vec<u8>)>,
    blocks: Vec<(SourceId, Block)>,
    logs: HashMap<SourceId, Log>,
    applications: Arc<Applications>,
}

/// What must be known of a log to decode a part of it.
#[derive(Debug, Clone)]
struct Log {
    path: std::path::PathBuf,
    hints: Hints,
}

/// Rows with the same URL, client, user agent or status.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they have in common: bytes of the log.
    pub key: Vec<u8>,
    /// How many ended in the window.
    pub count: u64,
    /// How many of them were turned away.
    pub turned_away: u64,
    /// How many were in flight, on average over the window.
    pub in_flight: f64,
    /// The longest, in milliseconds; `None` where the log does not tell.
    pub longest: Option<u64>,
    /// The sum of their times, in milliseconds.
    pub total: u64,
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
    /// Asks for rows about something, in a stretch of time.
    #[must_use]
    pub fn new(moment: &Moment<'_>, about: About, times: Range<Time>, only: Option<(By, Vec<u8>)>) -> Self {
        let blocks: Vec<(SourceId, Block)> = moment
            .timeline
            .blocks
            .touching(times.clone())
            .filter(|(_, b)| about.may_be_in(b.kind))
            .map(|(source, block)| (source, block.clone()))
            .collect();
        // A log has many blocks.
        let ids: BTreeSet<SourceId> = blocks.iter().map(|(id, _)| *id).collect();
        let logs = ids
            .into_iter()
            .filter_map(|id| moment.sources.get(&id).map(|source| (id, source)))
            .map(|(id, source)| (id, Log { path: source.path.clone(), hints: source.hints.clone() }))
            .collect();
        Self { about, times, only, blocks, logs, applications: Arc::clone(moment.applications) }
    }

    /// The rows grouped, the greatest first.
    #[must_use]
    pub fn groups(&self, by: By, reader: &dyn ReadLog) -> Answer<Group> {
        let mut groups: HashMap<Vec<u8>, Group> = HashMap::new();
        let span = u64::try_from(self.times.end.since(self.times.start)).unwrap_or(0).max(1);
        let missing = self.each(reader, &mut |_, hit, record| {
            let key = hit.key(by, record);
            let key: &[u8] = if groups.len() >= MOST_GROUPS && !groups.contains_key(&*key) { OTHERS } else { &key };
            if !groups.contains_key(key) {
                groups.insert(key.to_vec(), Group::empty(key));
            }
            if let Some(group) = groups.get_mut(key) {
                group.add(&hit, record.time, &self.times, span);
            }
        });
        let mut rows: Vec<Group> = groups.into_values().collect();
        rows.sort_by(|a, b| b.total.cmp(&a.total).then(b.count.cmp(&a.count)).then(a.key.cmp(&b.key)));
        Answer { rows, missing, cut: false }
    }

    /// The last `most` rows of the stretch of time, the latest last.
    #[must_use]
    pub fn lines(&self, most: usize, reader: &dyn ReadLog) -> Answer<RawLine> {
        let mut rows: Vec<RawLine> = Vec::new();
        let mut missing = BTreeSet::new();
        let mut blocks: Vec<&(SourceId, Block)> = self.blocks.iter().collect();
        blocks.sort_by_key(|(source, b)| std::cmp::Reverse((b.to.min(self.times.end), *source, b.offset)));
        let mut cut = false;
        for (source, block) in blocks {
            // What is older than everything that is kept need not be read.
            if rows.len() >= most && rows.first().is_some_and(|oldest| block.to < oldest.time) {
                cut = true;
                break;
            }
            missing.extend(self.read(*source, block, reader, &mut |id, hit, record| {
                // A row that is only in flight in the window is no line of it.
                if self.times.contains(&record.time) {
                    rows.push(raw_line(id, &hit, record));
                }
            }));
            rows.sort_by_key(|row| (row.time, row.origin));
            if rows.len() > most {
                cut = true;
                rows.drain(..rows.len() - most);
            }
        }
        Answer { rows, missing, cut }
    }

    fn each(&self, reader: &dyn ReadLog, take: &mut dyn FnMut(SourceId, Hit, &Record<'_>)) -> BTreeSet<String> {
        self.blocks.iter().filter_map(|(source, block)| self.read(*source, block, reader, take)).collect()
    }

    /// Decodes one block; gives what is missing if it cannot be read.
    fn read(
        &self,
        id: SourceId,
        block: &Block,
        reader: &dyn ReadLog,
        take: &mut dyn FnMut(SourceId, Hit, &Record<'_>),
    ) -> Option<String> {
        let log = self.logs.get(&id)?;
        let bytes = match reader.read(id, block.offset, block.end - block.offset) {
            Ok(bytes) => bytes,
            Err(why) => return Some(why),
        };
        let mut stream = Stream::resume(block.kind, log.hints.clone(), &block.preamble, block.offset, block.line, block.utf16);
        let mut picker = Picker { plan: self, id, site: Site::of_path(&log.path), take };
        stream.feed(&bytes, &mut picker);
        stream.finish(&mut picker);
        None
    }
}

impl Group {
    fn empty(key: &[u8]) -> Self {
        Self { key: key.to_vec(), count: 0, turned_away: 0, in_flight: 0.0, longest: None, total: 0 }
    }

    fn add(&mut self, hit: &Hit, time: Time, window: &Range<Time>, span: u64) {
        let taken = hit.taken.unwrap_or(0);
        let end = time.plus(500);
        let begin = end.plus(-i64::try_from(taken).unwrap_or(i64::MAX));
        let overlap = end.min(window.end).since(begin.max(window.start)).max(0);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a window, far below 2^52")]
        let share = overlap as f64 / span as f64;
        self.in_flight += share;
        if window.contains(&time) {
            self.count += 1;
            self.turned_away += hit.turned_away;
            self.total = self.total.saturating_add(taken);
            self.longest = self.longest.max(hit.taken);
        }
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
    id: SourceId,
    site: Site,
    take: &'a mut dyn FnMut(SourceId, Hit, &Record<'_>),
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
        (self.take)(self.id, hit, &record);
    }

    fn malformed(&mut self, _: Line<'_>, _: &'static str) {}
}

/// The text of a line whose place is known: proof of a finding, or a malformed line.
///
/// # Errors
/// A sentence for people, when the log is gone.
pub fn text_at(moment: &Moment<'_>, origin: Origin, reader: &dyn ReadLog) -> Result<Vec<u8>, String> {
    // A giant line is shown by its beginning.
    let len = u64::from(origin.position.len).min(64 * 1024);
    let bytes = reader.read(origin.source, origin.position.offset, len)?;
    let utf16 = moment.timeline.blocks.holding(origin.source, origin.position.offset).and_then(|b| b.utf16);
    let text: Cow<'_, [u8]> = match utf16 {
        None => Cow::Borrowed(&bytes),
        Some(big_endian) => Cow::Owned(crate::formats::lines::decode_utf16(&bytes, big_endian)),
    };
    // A record of several lines has their line ends in it.
    let lines: Vec<&[u8]> = text.trim_ascii_end().split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)).collect();
    Ok(lines.join(&b'\n'))
}

/// The header lines in force where a record stands, such as its `#Fields`; empty if they cannot be read.
#[must_use]
pub fn header_at(moment: &Moment<'_>, origin: Origin, reader: &dyn ReadLog) -> Vec<u8> {
    let (Some(block), Some(source)) =
        (moment.timeline.blocks.holding(origin.source, origin.position.offset), moment.sources.get(&origin.source))
    else {
        return Vec::new();
    };
    let Ok(before) = reader.read(origin.source, block.offset, origin.position.offset - block.offset) else { return Vec::new() };
    let hints = source.hints.clone();
    let mut stream = Stream::resume(block.kind, hints, &block.preamble, block.offset, block.line, block.utf16);
    stream.feed(&before, &mut crate::formats::Ignore);
    stream.preamble()
}
