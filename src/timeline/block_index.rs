//! Which part of which log holds the records of a stretch of time.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::formats::Kind;
use crate::record::SourceId;
use crate::time::Time;

/// Logs are indexed in pieces of this many bytes.
pub const BLOCK: u64 = 256 * 1024;

/// A piece of a log, and the times that its records tell of.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The log's kind.
    pub kind: Kind,
    /// The first byte of its first line.
    pub offset: u64,
    /// One past the last byte of its last record.
    pub end: u64,
    /// Number of its first line.
    pub line: u64,
    /// What a decoder must be given before its first line.
    pub preamble: Arc<[u8]>,
    /// `Some(big endian)` if the log is UTF-16.
    pub utf16: Option<bool>,
    /// The earliest moment: the start of the request that began first.
    pub from: Time,
    /// The end of the second that its earliest record tells of: records stand there when requests have ended.
    pub first_end: Time,
    /// The latest moment: the end of the second that its latest record tells of.
    pub to: Time,
    /// How many records it holds.
    pub records: u64,
}

/// What some records of a block told: the fields are those of [`Block`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// The log's kind.
    pub kind: Kind,
    /// One past the last byte of the last.
    pub end: u64,
    /// The earliest moment.
    pub from: Time,
    /// The end of the second that the earliest tells of.
    pub first_end: Time,
    /// The latest moment.
    pub to: Time,
    /// How many they are.
    pub records: u64,
}

impl Told {
    /// What one record told that ends at byte `end` and covers `times`, which end with the second that it tells of.
    #[must_use]
    pub fn one(kind: Kind, end: u64, times: &Range<Time>) -> Self {
        Self { kind, end, from: times.start, first_end: times.end, to: times.end, records: 1 }
    }

    /// Adds records of the same kind and second, the last of which ends at byte `end`; the first of them began to happen at `from`.
    pub fn join(&mut self, records: u32, end: u64, from: Time) {
        self.end = self.end.max(end);
        self.from = self.from.min(from);
        self.records += u64::from(records);
    }

    /// Adds what another record told.
    #[inline]
    pub fn add(&mut self, other: &Self) {
        self.kind = other.kind;
        self.end = self.end.max(other.end);
        self.from = self.from.min(other.from);
        self.first_end = self.first_end.min(other.first_end);
        self.to = self.to.max(other.to);
        self.records += other.records;
    }
}

/// A block, and the latest moment of it and of all blocks before it: where to begin to look is found without a look at each.
#[derive(Debug, Clone, PartialEq)]
struct Indexed {
    block: Block,
    reach: Time,
}

/// All blocks, by log and place. A log's blocks stand one after the other: they are a good part of the memory of a long run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BlockIndex {
    logs: BTreeMap<SourceId, Vec<Indexed>>,
}

impl BlockIndex {
    /// Begins a block of a log.
    pub fn begin(&mut self, source: SourceId, block: Block) {
        let log = self.logs.entry(source).or_default();
        let at = log.partition_point(|known| known.block.offset < block.offset);
        if log.get(at).is_some_and(|known| known.block.offset == block.offset) {
            return;
        }
        let before = at.checked_sub(1).and_then(|before| log.get(before)).map_or(block.to, |known| known.reach);
        let reach = before.max(block.to);
        log.insert(at, Indexed { block, reach });
    }

    /// Widens the block that holds byte `offset` of a log by what records there told.
    pub fn note(&mut self, source: SourceId, offset: u64, told: &Told) {
        let Some(log) = self.logs.get_mut(&source) else { return };
        let Some(at) = place(log, offset) else { return };
        let mut later = log.iter_mut().skip(at);
        let Some(Indexed { block, reach }) = later.next() else { return };
        if block.records == 0 {
            (block.from, block.first_end, block.to) = (told.from, told.first_end, told.to);
        }
        block.kind = told.kind;
        block.from = block.from.min(told.from);
        block.first_end = block.first_end.min(told.first_end);
        block.to = block.to.max(told.to);
        block.end = block.end.max(told.end);
        block.records += told.records;
        *reach = told.to.max(*reach);
        // A record may come late, when the next block has begun.
        for Indexed { reach, .. } in later {
            *reach = told.to.max(*reach);
        }
    }

    /// Forgets all but some logs.
    pub fn retain(&mut self, kept: impl Fn(SourceId) -> bool) {
        self.logs.retain(|source, _| kept(*source));
    }

    /// Adds the blocks of another index: of other logs, or other blocks of the same ones.
    pub fn merge(&mut self, other: Self) {
        for (source, blocks) in other.logs {
            let log = self.logs.entry(source).or_default();
            if log.is_empty() {
                *log = blocks;
                continue;
            }
            // Most of them stand behind all that are known: those before the first of them stay as they are.
            let first = blocks.iter().map(|known| known.block.offset).min().unwrap_or(u64::MAX);
            let from = log.partition_point(|known| known.block.offset < first);
            let mut reach = from.checked_sub(1).and_then(|before| log.get(before)).map_or(Time::MIN, |known| known.reach);
            log.extend(blocks);
            let later = log.get_mut(from..).unwrap_or_default();
            later.sort_by_key(|known| known.block.offset);
            for Indexed { block, reach: upto } in later {
                reach = reach.max(block.to);
                *upto = reach;
            }
        }
    }

    /// Blocks with records that touch a stretch of time, in the order of the logs.
    #[must_use]
    pub fn touching(&self, times: Range<Time>) -> impl DoubleEndedIterator<Item = (SourceId, &Block)> {
        self.logs.iter().flat_map(move |(source, log)| {
            let begin = log.partition_point(|known| known.reach < times.start);
            let times = times.clone();
            let late = log.get(begin..).unwrap_or_default();
            late.iter().map(|known| &known.block).filter(move |b| b.touches(&times)).map(|block| (*source, block))
        })
    }

    /// Of the blocks of a kind that is `wanted`, those that hold the last `most` records of a stretch of time, and whether others
    /// hold records of it, too. Each log gives those with its own last records: whatever the other logs turn out to hold, no block
    /// is missing.
    #[must_use]
    pub fn latest(&self, times: &Range<Time>, most: u64, wanted: impl Fn(Kind) -> bool) -> (Vec<(SourceId, &Block)>, bool) {
        let (mut chosen, mut others) = (Vec::new(), false);
        for (source, log) in &self.logs {
            let (mut sure, mut least) = (0, Time::MAX);
            for Indexed { block, reach } in log.iter().rev() {
                if *reach < times.start {
                    break;
                }
                if sure >= most && *reach <= least {
                    others = true;
                    break;
                }
                if !block.touches(times) || !wanted(block.kind) {
                    continue;
                }
                chosen.push((*source, block));
                // Only of a block that lies whole in the time it is certain how many of its records do.
                if block.first_end >= times.start.plus(1000) && block.to < times.end.plus(1000) {
                    sure += block.records;
                    least = least.min(block.first_end);
                }
            }
        }
        (chosen, others)
    }

    /// A log's last block.
    #[must_use]
    pub fn last(&self, source: SourceId) -> Option<&Block> {
        self.logs.get(&source)?.last().map(|known| &known.block)
    }

    /// The block that holds a byte of a log.
    #[must_use]
    pub fn holding(&self, source: SourceId, offset: u64) -> Option<&Block> {
        let log = self.logs.get(&source)?;
        place(log, offset).and_then(|at| log.get(at)).map(|known| &known.block)
    }
}

impl Block {
    fn touches(&self, times: &Range<Time>) -> bool {
        self.records > 0 && self.from < times.end && times.start <= self.to
    }
}

/// Which block of a log holds a byte: nearly always one of the last.
fn place(log: &[Indexed], offset: u64) -> Option<usize> {
    if log.last().is_some_and(|last| last.block.offset <= offset) {
        return log.len().checked_sub(1);
    }
    log.partition_point(|known| known.block.offset <= offset).checked_sub(1)
}

#[cfg(test)]
mod tests;
