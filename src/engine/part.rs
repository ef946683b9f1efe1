//! Parts of one log that several engines take in: each row is understood by itself, so that whoever has a part need not know the others.

use std::collections::BTreeMap;
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
    /// Where the log was begun, ahead of what stands before: lines from there on are counted from there.
    pub ahead: Option<u64>,
}

/// What the end of a log tells, or of a part of it.
#[derive(Debug, Clone)]
pub struct End {
    /// The version of IIS that its last `#Software` names.
    pub iis: Option<(u8, u8)>,
    /// What a decoder must be given first that goes on there.
    pub preamble: Vec<u8>,
    /// Where it is: bytes from the log's beginning.
    pub offset: u64,
    /// The number of the line that would come next.
    pub line: u64,
    /// How many lines stand before each byte at which the log was begun.
    pub before: BTreeMap<u64, u64>,
}

impl End {
    /// The end of what holds nothing.
    #[must_use]
    pub fn at(offset: u64) -> Self {
        Self { iis: None, preamble: Vec::new(), offset, line: 1, before: BTreeMap::new() }
    }

    /// The end of a stretch, told with what the stretches before it told; the log was begun at `offset`, too, where it ends.
    #[must_use]
    pub fn after(self, before: Option<Self>, offset: Option<u64>) -> Self {
        let (iis, lines, mut counted) = before.map_or((None, 0, BTreeMap::new()), |end| (end.iis, end.line - 1, end.before));
        let line = lines + self.line;
        counted.extend(offset.map(|offset| (offset, line - 1)));
        Self { iis: self.iis.or(iis), line, before: counted, ..self }
    }
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
        self.change(id, |source| source.begun.extend(part.ahead.map(|offset| (offset, None))));
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
    pub fn end_part(&mut self, id: SourceId) -> End {
        self.decode(id, |stream, sink| stream.finish(sink));
        let stream = self.streams.get(&id).map(|reading| &reading.stream);
        End {
            offset: self.streams.get(&id).map_or(0, |reading| reading.taken),
            iis: self.sources.get(&id).and_then(|source| source.iis),
            preamble: stream.map(Stream::preamble).unwrap_or_default(),
            line: stream.map_or(1, |stream| stream.position().1),
            before: BTreeMap::new(),
        }
    }

    /// An engine that goes on with none of the parts it took in, to be merged into another one.
    #[must_use]
    pub fn as_part(mut self) -> Self {
        self.timeline.settle();
        self.streams.clear();
        self
    }

    /// All parts of a log have been taken in, and all engines that did it are one. A log that is being followed goes on.
    pub fn end_parts(&mut self, id: SourceId, end: &End) {
        let goes_on = self.streams.contains_key(&id);
        self.timeline.settle();
        self.change(id, |source| {
            match source.health {
                Health::Loading if goes_on => source.health = Health::Following,
                Health::Denied(_) => {}
                _ if goes_on => {}
                _ => source.health = Health::Finished,
            }
            source.iis = if goes_on { source.iis.or(end.iis) } else { end.iis };
            source.begun.extend(end.before.iter().map(|(offset, lines)| (*offset, Some(*lines))));
        });
        self.limits.logs_of_iis6 = super::logs_of_iis6(&self.sources);
    }

    /// Begins a log ahead of what stands before, and goes on with it from there.
    pub(super) fn open_ahead(&mut self, id: SourceId, opened: &Opened, part: &Part) {
        self.open(id, opened.clone());
        self.streams.remove(&id);
        self.begin_part(id, opened, part);
    }

    /// What makes engines that know the same limits and applications, and no logs.
    pub fn maker(&self) -> impl Fn() -> Self + Send + Sync + use<> {
        let (limits, applications, heard) = (self.limits.clone(), Arc::clone(&self.applications), self.heard);
        move || Self { limits: limits.clone(), applications: Arc::clone(&applications), heard, ..Self::default() }
    }

    /// Forgets all logs that can be read again, but not what other files said, nor what was sampled.
    pub fn forget_logs(&mut self) {
        let fresh = self.maker()();
        let before = std::mem::replace(self, fresh);
        self.sources = before
            .sources
            .into_iter()
            .filter(|(_, source)| !source.has_file || source.health == Health::Finished && !source.kind.is_log())
            .collect();
        self.streams = before.streams.into_iter().filter(|(id, _)| self.sources.contains_key(id)).collect();
        (self.gaps, self.inventory) = (before.gaps, before.inventory);
        let spans = self.sources.values().filter(|source| !source.is_beside()).filter_map(|source| source.span);
        let span = spans.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        self.timeline = before.timeline.sampled(|source| self.sources.contains_key(&source), span);
        for (id, reading) in &self.streams {
            self.timeline.blocks.begin(*id, next_block(&reading.stream, None));
        }
    }
}
