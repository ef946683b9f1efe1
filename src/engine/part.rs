//! Parts of one log that several engines take in: each row is understood by itself, so that whoever has a part need not know the others.

use std::sync::Arc;

use super::{Engine, Health, Opened, Reading, Site, Source, Stream, next_block};
use crate::formats::Kind;
use crate::record::SourceId;

/// Where a part of a log begins, and what its decoder must know there.
#[derive(Debug, Clone)]
pub struct Part {
    /// The log's kind.
    pub kind: Kind,
    /// Bytes from the start of the log; a line begins there.
    pub offset: u64,
    /// The number of that line.
    pub line: u64,
    /// What a decoder must be given first.
    pub preamble: Vec<u8>,
    /// The version of IIS that wrote what comes, as far as the log says it before.
    pub iis: Option<(u8, u8)>,
}

impl Engine {
    /// Meets a log of which other engines take in parts, or did.
    pub fn meet(&mut self, id: SourceId, opened: &Opened) {
        let heard = self.heard;
        self.sources.entry(id).or_insert_with(|| Source::new(opened.clone(), heard));
    }

    /// Begins a part of a log of which other engines take in other parts. What it tells is seen when the parts have ended, or when
    /// another engine has taken this one in.
    pub fn begin_part(&mut self, id: SourceId, opened: &Opened, part: &Part) {
        self.meet(id, opened);
        let site = self.streams.remove(&id).map_or_else(|| Site::of_path(&opened.path), |reading| reading.site);
        let stream = Stream::resume(part.kind, opened.hints.clone(), &part.preamble, part.offset, part.line, None);
        let last = self.timeline.blocks.last(id).map(|block| Arc::clone(&block.preamble));
        self.timeline.blocks.begin(id, next_block(&stream, last));
        let filled = self.sources.get(&id).map(|source| source.ledger).unwrap_or_default();
        self.streams.insert(id, Reading { stream, heir: None, site, from: part.offset, taken: part.offset, filled });
        self.change(id, |source| source.iis = part.iis);
    }

    /// Takes in the next bytes of the part.
    pub fn take_part(&mut self, id: SourceId, bytes: &[u8]) {
        self.bytes(id, bytes);
    }

    /// The part ends here: its last line is whole.
    pub fn end_part(&mut self, id: SourceId) {
        self.decode(id, |stream, sink| stream.finish(sink));
    }

    /// All parts of a log have been taken in, and all engines that did it are one; `iis` is the version that its last `#Software` names.
    pub fn end_parts(&mut self, id: SourceId, iis: Option<(u8, u8)>) {
        self.streams.remove(&id);
        self.timeline.settle();
        self.change(id, |source| {
            if !matches!(source.health, Health::Denied(_)) {
                source.health = Health::Finished;
            }
            source.iis = iis;
        });
        self.limits.logs_of_iis6 = super::logs_of_iis6(&self.sources);
    }
}
