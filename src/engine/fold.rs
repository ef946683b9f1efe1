//! What a decoder finds, on its way into the timeline.

use super::applications::{Applications, Site};
use super::source::Source;
use crate::formats::lines::Line;
use crate::formats::{Kind, Sink};
use crate::limits::Settings;
use crate::record::{Brief, End, Fact, Position, Record, SourceId};
use crate::time::Time;
use crate::timeline::block_index::Told;
use crate::timeline::{AppId, Asked, Timeline};

/// Folds what a decoder finds into the timeline.
pub(super) struct Fold<'a> {
    pub id: SourceId,
    /// Where the last block of the log begins.
    pub begin: u64,
    /// What the records in it told that the index does not have yet.
    pub told: Option<Told>,
    pub timeline: &'a mut Timeline,
    pub applications: &'a Applications,
    pub site: &'a mut Site,
    pub source: &'a mut Source,
    pub settings: Option<Settings>,
    /// What the request is counted under that was told in brief, if its record comes next.
    pub asked: Option<Asked>,
}

impl Fold<'_> {
    /// Hands on what was held back; gives the settings that were found.
    pub fn settle(&mut self) -> Option<Settings> {
        if let Some(told) = self.told.take() {
            self.timeline.blocks.note(self.id, self.begin, &told);
        }
        self.settings.take()
    }

    /// Counts a request that happened when the one before it did, if it tells nothing else.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nearly all rows of a busy log are such")]
    fn join(&mut self, position: Position, time: Time, app: AppId, end: End) -> bool {
        let Some(told) = &mut self.told else { return false };
        if position.offset < self.begin || !self.timeline.join(self.id, app, time, end) {
            return false;
        }
        told.join(position.offset + u64::from(position.len), time, taken(end));
        self.source.count_another();
        true
    }

    /// Widens the block of the log that a record begins in.
    #[inline]
    fn note(&mut self, offset: u64, told: Told) {
        match &mut self.told {
            _ if offset < self.begin => self.timeline.blocks.note(self.id, offset, &told),
            Some(before) => before.add(&told),
            None => self.told = Some(told),
        }
    }
}

impl Fold<'_> {
    /// Takes in a record that tells more than one request more; `asked` is what a request is counted under, and it began at `from`.
    #[inline(never)]
    fn take(&mut self, record: &Record<'_>, asked: Option<Asked>, from: Time) {
        match &record.fact {
            Fact::Settings(settings) => self.settings.get_or_insert_default().absorb(settings),
            Fact::TagName { tag, driver, description } => self.source.tag_name(*tag, driver, description),
            _ => {}
        }
        self.source.count(record);
        let times = from..record.time.plus(1000);
        let (offset, len) = (record.position.offset, u64::from(record.position.len));
        self.note(offset, Told::one(kind_of(&record.fact), offset + len, &times));
        if self.source.is_beside() {
            self.timeline.apply_beside(self.id, asked, record);
        } else {
            self.timeline.apply(self.id, asked, record);
        }
    }
}

impl Sink for Fold<'_> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn brief<'b>(&mut self, Brief { time, position, site, stem, end }: Brief<'_>, client: &dyn Fn() -> &'b [u8]) -> bool {
        let asked = self.applications.of(self.site, site, stem, self.timeline);
        if !self.join(position, time, asked.app, end) {
            self.asked = Some(asked);
            return false;
        }
        if let Some(ns) = asked.ns {
            self.timeline.join_ns(ns, end, client());
        }
        true
    }

    fn record(&mut self, record: Record<'_>) {
        let Fact::Request(request) = &record.fact else { return self.take(&record, None, record.time) };
        // What was told in brief before was looked up then.
        let asked = self.asked.take();
        let asked = asked.unwrap_or_else(|| self.applications.of(self.site, request.site, request.stem, self.timeline));
        self.take(&record, Some(asked), record.time.plus(-taken(request.end())));
    }

    fn malformed(&mut self, line: Line<'_>, why: &'static str) {
        self.source.malformed(line, why);
    }
}

/// The milliseconds that a request took, as far as it is told.
#[inline]
fn taken(end: End) -> i64 {
    i64::try_from(end.taken.unwrap_or(0)).unwrap_or(i64::MAX)
}

fn kind_of(fact: &Fact<'_>) -> Kind {
    match fact {
        Fact::Request(_) => Kind::W3c,
        Fact::HttpErr(_) => Kind::HttpErr,
        Fact::Sepm(_) => Kind::Sepm,
        Fact::Altiris(_) => Kind::Altiris,
        Fact::Samples { .. } => Kind::PdhCsv,
        Fact::PoolTag(_) | Fact::PoolTotal(_) => Kind::Poolmon,
        Fact::TagName { .. } => Kind::PoolTagNames,
        Fact::Settings(_) => Kind::ApplicationHost,
    }
}
