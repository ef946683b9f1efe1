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
    /// The latest moment.
    pub to: Time,
    /// How many records it holds.
    pub records: u64,
}

/// All blocks, by log and place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BlockIndex {
    blocks: BTreeMap<(SourceId, u64), Block>,
}

impl BlockIndex {
    /// Begins a block of a log.
    pub fn begin(&mut self, source: SourceId, block: Block) {
        self.blocks.entry((source, block.offset)).or_insert(block);
    }

    /// Widens the block that holds byte `offset` of a log by a record that ends at byte `end` and covers `times`.
    pub fn note(&mut self, source: SourceId, kind: Kind, offset: u64, end: u64, times: &Range<Time>) {
        let Some((_, block)) = self.blocks.range_mut((source, 0)..=(source, offset)).next_back() else { return };
        if block.records == 0 {
            (block.from, block.to) = (times.start, times.end);
        }
        block.kind = kind;
        block.from = block.from.min(times.start);
        block.to = block.to.max(times.end);
        block.end = block.end.max(end);
        block.records += 1;
    }

    /// Adds the blocks of another index. The same log is never indexed in both.
    pub fn merge(&mut self, other: Self) {
        self.blocks.extend(other.blocks);
    }

    /// Blocks with records that touch a stretch of time, in the order of the logs.
    #[must_use]
    pub fn touching(&self, times: Range<Time>) -> impl DoubleEndedIterator<Item = (SourceId, &Block)> {
        self.blocks
            .iter()
            .filter(move |(_, b)| b.records > 0 && b.from < times.end && times.start <= b.to)
            .map(|((source, _), block)| (*source, block))
    }

    /// The preamble of a log's last block.
    #[must_use]
    pub fn last_preamble(&self, source: SourceId) -> Option<Arc<[u8]>> {
        self.blocks.range((source, 0)..=(source, u64::MAX)).next_back().map(|(_, block)| Arc::clone(&block.preamble))
    }

    /// The block that holds a byte of a log.
    #[must_use]
    pub fn holding(&self, source: SourceId, offset: u64) -> Option<&Block> {
        self.blocks.range((source, 0)..=(source, offset)).next_back().map(|(_, block)| block)
    }
}
