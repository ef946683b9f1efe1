//! Envelopes in, moments out.
//!
//! The engine owns a decoder per log, the timeline that all of them are folded into, the limits, and what each log is like. It has
//! no clock: every envelope says when it was heard.

pub mod applications;
pub mod arrivals;
pub mod envelope;
mod fold;
pub mod part;
pub mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use applications::{Applications, Site};
pub use envelope::{Envelope, Gap, Health, LeftOut, Opened, Payload};
use fold::{Fold, Joined};
use source::Source;

use crate::formats::ledger::Ledger;
use crate::formats::pool_tag_names::{TagNames, TagOwner, owner};
use crate::formats::stream::Stream;
use crate::formats::{Kind, Sink};
use crate::inventory::{self, Item};
use crate::limits::{Limits, Settings};
use crate::record::SourceId;
use crate::time::Time;
use crate::timeline::Timeline;
use crate::timeline::block_index::{BLOCK, Block};
use crate::timeline::merge::{Workers, in_turn};

/// Everything that is known, and what it is folded from.
#[derive(Default)]
pub struct Engine {
    timeline: Timeline,
    limits: Limits,
    applications: Arc<Applications>,
    sources: BTreeMap<SourceId, Source>,
    streams: BTreeMap<SourceId, Reading>,
    gaps: Vec<Gap>,
    inventory: Vec<Item>,
    heard: Time,
}

/// A log that is being decoded.
struct Reading {
    stream: Stream,
    /// A decoder that goes on where the log before it at the same path ended: a log that was cut off while its writer went on has no
    /// header of its own.
    heir: Option<Stream>,
    site: Site,
    /// Where it began.
    from: u64,
    /// Up to where bytes were taken in.
    taken: u64,
    /// Where the bytes went that other streams took in: of holes that were filled late, and of parts before.
    filled: Ledger,
}

impl Reading {
    /// Where all bytes went, and how many they are.
    fn account(&self) -> (Ledger, u64) {
        let ledger = self.stream.ledger().plus(self.filled);
        let bytes = self.taken - self.from + self.filled.total();
        (ledger, bytes)
    }
}

/// Where to go on with a log.
pub struct Joint {
    /// The log.
    pub source: SourceId,
    /// As if it were met now.
    pub opened: Opened,
    /// What decodes it from here; `None` while its kind is not known.
    pub stream: Option<Stream>,
    /// Bytes taken in.
    pub taken: u64,
}

/// A moment of what is known: how far has been taken in, and the time looked at.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// When the last envelope was heard.
    pub heard: Time,
    /// The time looked at. What happened later is not seen.
    pub at: Time,
    /// Everything that happened.
    pub timeline: &'a Timeline,
    /// The limits.
    pub limits: &'a Limits,
    /// The logs.
    pub sources: &'a BTreeMap<SourceId, Source>,
    /// The stretches of time of which something is missing.
    pub gaps: &'a [Gap],
    /// The applications, to tell a row's again.
    pub applications: &'a Arc<Applications>,
    /// What was looked for on the machine.
    pub inventory: &'a [Item],
}

impl<'m> Moment<'m> {
    /// The driver that a pool tag belongs to, what it is used for, and how that was found; `None` where nobody knows. `listed` is
    /// what poolmon said.
    #[must_use]
    pub fn tag_owner(&self, tag: [u8; 4], listed: &'m str) -> Option<TagOwner<'m>> {
        self.tag_owners()(tag, listed)
    }

    /// [`Moment::tag_owner`] for many tags: the logs are gone through once.
    pub fn tag_owners(&self) -> impl Fn([u8; 4], &'m str) -> Option<TagOwner<'m>> + use<'m> {
        let names = self.sources.values().map(|source| &source.tag_names).filter(|names| !names.is_empty());
        let names: Vec<&'m TagNames> = names.collect();
        move |tag, listed| owner(&names, tag, listed)
    }
}

impl Engine {
    /// An engine that knows some limits, and paths of applications besides those of known products.
    #[must_use]
    pub fn new(limits: Limits, app_paths: &[String]) -> Self {
        let applications = Arc::new(Applications::new(&limits.settings, app_paths));
        Self { limits, applications, heard: Time::MIN, ..Self::default() }
    }

    /// Takes in an envelope.
    pub fn take(&mut self, envelope: Envelope) {
        let Envelope { heard, source: id, payload } = envelope;
        self.heard = self.heard.max(heard);
        if let Some(source) = self.sources.get_mut(&id) {
            source.heard = heard;
        }
        match payload {
            Payload::Opened(opened) => self.open(id, opened),
            Payload::Ahead(opened, part) => self.open_ahead(id, &opened, &part),
            Payload::Bytes(bytes) => {
                let taken = self.streams.get(&id).map_or(0, |reading| reading.taken);
                let was_there = self.sources.get(&id).is_some_and(|source| taken < source.size);
                self.bytes(id, &bytes);
                self.change(id, |source| source.arrived(heard, was_there));
            }
            Payload::Filled { offset, bytes } => self.fill(id, offset, &bytes),
            Payload::Quiet => {
                self.decode(id, |stream, sink| stream.idle(sink));
                self.change(id, |source| source.arrived(heard, false));
            }
            Payload::Closed => self.close(id),
            Payload::Lost(bytes) => self.change(id, |source| source.lost += bytes),
            Payload::Torn(bytes) => self.change(id, |source| source.torn += bytes),
            Payload::Half(bytes) => self.change(id, |source| source.half = bytes),
            Payload::Renamed(path) => self.change(id, |source| source.path = path),
            Payload::Health(health) => self.change(id, |source| source.fares(health)),
            Payload::Settings(settings) => self.settings(&settings),
            Payload::Damaged(why) => self.change(id, |source| source.damage = Some(why)),
            Payload::Gap(gap) => self.gaps.push(gap),
            Payload::Inventory(found) => inventory::absorb(&mut self.inventory, found),
        }
        self.timeline.settle();
    }

    /// What is known as of a moment.
    #[must_use]
    pub fn moment(&self, at: Time) -> Moment<'_> {
        Moment {
            heard: self.heard,
            at,
            timeline: &self.timeline,
            limits: &self.limits,
            sources: &self.sources,
            gaps: &self.gaps,
            applications: &self.applications,
            inventory: &self.inventory,
        }
    }

    /// Everything that happened.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The logs.
    #[must_use]
    pub fn sources(&self) -> &BTreeMap<SourceId, Source> {
        &self.sources
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Adds what an engine knows that read other logs, or other parts of the same ones.
    pub fn merge(&mut self, other: Self) {
        self.merge_by(other, &in_turn);
    }

    /// The same, with the work done by whom one likes.
    pub fn merge_by(&mut self, other: Self, workers: Workers<'_>) {
        let mut timeline = other.timeline;
        timeline.settle();
        // What is larger stays where it is.
        if self.timeline.span().is_none() {
            std::mem::swap(&mut self.timeline, &mut timeline);
        }
        self.timeline.merge_by(timeline, workers);
        for (id, source) in other.sources {
            match self.sources.entry(id) {
                Entry::Vacant(place) => _ = place.insert(source),
                Entry::Occupied(mut mine) => {
                    if let Some(reading) = self.streams.get_mut(&id) {
                        reading.filled = reading.filled.plus(source.ledger);
                    }
                    mine.get_mut().merge(source);
                }
            }
        }
        self.streams.extend(other.streams);
        self.gaps.extend(other.gaps);
        inventory::absorb(&mut self.inventory, other.inventory);
        self.heard = self.heard.max(other.heard);
        self.limits.logs_of_iis6 = logs_of_iis6(&self.sources);
        self.settings(&other.limits.settings);
    }

    /// Takes over settings that were found. They count for what is read from now on.
    pub fn settings(&mut self, settings: &Settings) {
        if settings.is_empty() {
            return;
        }
        self.limits.settings.absorb(settings);
        Arc::make_mut(&mut self.applications).learn(&self.limits.settings);
    }

    /// Where whoever goes on with each log that may still grow has to begin.
    pub fn joints(&self) -> impl Iterator<Item = Joint> {
        self.sources.iter().filter_map(|(id, source)| {
            let reading = self.streams.get(id)?;
            let hints = source.hints.clone();
            let opened = Opened {
                path: source.path.clone(),
                hints: hints.clone(),
                size: reading.taken,
                generation: source.generation,
                first_look: true,
                has_file: source.has_file,
            };
            let (kind, stream) = (reading.stream.kind(), &reading.stream);
            let goes_on = || Stream::resume(kind, hints, &stream.preamble(), reading.taken, 1, stream.utf16());
            Some(Joint { source: *id, opened, stream: (kind != Kind::Unknown).then(goes_on), taken: reading.taken })
        })
    }

    fn change(&mut self, id: SourceId, change: impl FnOnce(&mut Source)) {
        if let Some(source) = self.sources.get_mut(&id) {
            change(source);
        }
    }

    fn open(&mut self, id: SourceId, opened: Opened) {
        let site = Site::of_path(&opened.path);
        let before = self.sources.iter().rev().find(|(_, s)| opened.generation > 0 && s.path == opened.path);
        let heir = before
            .and_then(|(id, _)| self.streams.get(id))
            .filter(|r| r.stream.kind().is_log())
            .map(|r| Stream::resume(r.stream.kind(), opened.hints.clone(), &r.stream.preamble(), 0, 1, None));
        self.streams.insert(
            id,
            Reading { stream: Stream::new(opened.hints.clone()), heir, site, from: 0, taken: 0, filled: Ledger::default() },
        );
        self.sources.insert(id, Source::new(opened, self.heard));
    }

    fn close(&mut self, id: SourceId) {
        self.decode(id, |stream, sink| stream.finish(sink));
        self.streams.remove(&id);
        // What never was there, and is no longer waited for, was no log.
        if self.sources.get(&id).is_some_and(|s| s.is_sign() || s.health == Health::Waiting && s.size == 0 && s.bytes == 0) {
            self.sources.remove(&id);
        }
        self.change(id, |source| source.health = Health::Finished);
    }

    /// Takes in what stands where a hole was. It is decoded by itself: the stream is past it.
    fn fill(&mut self, id: SourceId, offset: u64, bytes: &[u8]) {
        let (Some(reading), Some(line)) = (self.streams.get_mut(&id), self.timeline.blocks.holding(id, offset).map(|b| b.line))
        else {
            return;
        };
        // How many lines there are before it is not known: they count from the beginning of its block.
        let hints = self.sources.get(&id).map(|source| source.hints.clone()).unwrap_or_default();
        let stream = Stream::resume(reading.stream.kind(), hints, &reading.stream.preamble(), offset, line, None);
        let now = std::mem::replace(&mut reading.stream, stream);
        self.decode(id, |stream, sink| {
            stream.feed(bytes, sink);
            stream.finish(sink);
        });
        if let (Some(reading), Some(source)) = (self.streams.get_mut(&id), self.sources.get_mut(&id)) {
            let filled = std::mem::replace(&mut reading.stream, now).ledger();
            reading.filled = reading.filled.plus(filled);
            (source.ledger, source.bytes) = reading.account();
            source.remark = reading.stream.remark();
        }
    }

    /// Feeds a log piece by piece, so that each block of the index begins at a fixed place of the log.
    fn bytes(&mut self, id: SourceId, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some(reading) = self.streams.get_mut(&id) else { return };
            if let Some(heir) = reading.heir.take()
                && !matches!(bytes.first(), Some(b'#' | 0xEF | 0xFE | 0xFF))
            {
                reading.stream = heir;
            }
            let room = BLOCK - reading.taken % BLOCK;
            if room == BLOCK {
                let before = self.timeline.blocks.last(id).map(|block| Arc::clone(&block.preamble));
                let block = next_block(&reading.stream, before);
                self.timeline.blocks.begin(id, block);
            }
            let (piece, rest) = bytes.split_at(bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            reading.taken += piece.len() as u64;
            bytes = rest;
            self.decode(id, |stream, sink| stream.feed(piece, sink));
        }
    }

    fn decode(&mut self, id: SourceId, step: impl FnOnce(&mut Stream, &mut dyn Sink)) {
        let (Some(reading), Some(source)) = (self.streams.get_mut(&id), self.sources.get_mut(&id)) else { return };
        let mut fold = Fold {
            id,
            begin: self.timeline.blocks.last(id).map_or(u64::MAX, |block| block.offset),
            told: None,
            timeline: &mut self.timeline,
            applications: &self.applications,
            site: &mut reading.site,
            source,
            settings: None,
            last: None,
            joined: Joined::default(),
            asking: None,
        };
        step(&mut reading.stream, &mut fold);
        let found = fold.settle();
        (source.ledger, source.bytes) = reading.account();
        if source.health == Health::Loading && source.bytes >= source.size {
            source.health = Health::Following;
        }
        source.kind = reading.stream.kind();
        source.remark = reading.stream.remark();
        if source.host.as_deref() != reading.stream.host() {
            source.host = reading.stream.host().map(Into::into).or(source.host.take());
        }
        let iis = reading.stream.iis().or(source.iis);
        let is_news = std::mem::replace(&mut source.iis, iis) != iis;
        if let Some(found) = found {
            self.settings(&found);
        }
        if is_news {
            self.limits.logs_of_iis6 = logs_of_iis6(&self.sources);
        }
    }
}

/// Whether the logs say that IIS 6 wrote them, and none that another version did.
fn logs_of_iis6(sources: &BTreeMap<SourceId, Source>) -> bool {
    let mut versions = sources.values().filter_map(|source| source.iis).peekable();
    versions.peek().is_some() && versions.all(|(major, _)| major == 6)
}

/// The block that begins at the stream's next line.
fn next_block(stream: &Stream, before: Option<Arc<[u8]>>) -> Block {
    let (offset, line) = stream.position();
    let preamble = stream.preamble();
    // Nearly every block has the preamble of the one before it: they share it.
    let preamble = before.filter(|p| **p == *preamble).unwrap_or_else(|| preamble.into());
    let (kind, utf16) = (stream.kind(), stream.utf16());
    let (from, first_end, to) = (Time::MIN, Time::MIN, Time::MIN);
    Block { kind, offset, end: offset, line, preamble, utf16, from, first_end, to, records: 0 }
}
