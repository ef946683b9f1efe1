//! What a decoder finds, on its way into the timeline.

use super::applications::{Applications, Site};
use super::source::Source;
use crate::formats::lines::Line;
use crate::formats::{Briefly, Kind, Sink};
use crate::limits::Settings;
use crate::record::{Brief, End, Fact, Record, SourceId};
use crate::time::Time;
use crate::timeline::block_index::Told;
use crate::timeline::tally::NsRequest;
use crate::timeline::{Asked, Timeline};

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
    /// The moment of the last record, if more of the same can join it, and what joined.
    pub last: Option<Time>,
    pub joined: Joined,
    /// The NS request that was told in brief, as long as nobody said who asked.
    pub asking: Option<(NsRequest, End)>,
}

/// Requests that were told in brief, all of one second: the log's books are kept when they are all told.
#[derive(Default)]
pub(super) struct Joined {
    rows: u32,
    /// One past the last byte of the last.
    end: u64,
    /// The longest, in milliseconds.
    taken: u64,
}

impl Fold<'_> {
    /// Hands on what was held back; gives the settings that were found.
    pub fn settle(&mut self) -> Option<Settings> {
        self.count_joined();
        if let Some(told) = self.told.take() {
            self.timeline.blocks.note(self.id, self.begin, &told);
        }
        self.settings.take()
    }

    /// Counts what joined the last record.
    fn count_joined(&mut self) {
        let Joined { rows, end, taken } = std::mem::take(&mut self.joined);
        debug_assert!(rows == 0 || self.told.is_some() && self.last.is_some(), "rows joined none");
        if let (Some(told), Some(time)) = (&mut self.told, self.last)
            && rows > 0
        {
            told.join(rows, end, time.plus(-millis(taken)));
            self.source.count_more(rows);
            self.timeline.count_joined(rows);
        }
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
        self.count_joined();
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
        self.last = (asked.is_some() && offset >= self.begin).then_some(record.time);
    }
}

impl Sink for Fold<'_> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nearly all rows of a busy log come through here")]
    fn joins(&self, time: Time) -> bool {
        self.last == Some(time)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn brief(&mut self, Brief { end, site, stem, status, substatus, taken, .. }: Brief<'_>) -> Briefly {
        if !Timeline::can_join(status, taken) {
            return Briefly::Refused;
        }
        let Asked { app, ns } = self.applications.of(self.site, site, stem, self.timeline);
        let ended = End { status, substatus: Some(substatus), taken: Some(taken) };
        if !self.timeline.join(app, ended, taken) {
            return Briefly::Refused;
        }
        self.joined.rows += 1;
        self.joined.end = end;
        self.joined.taken = self.joined.taken.max(taken);
        let Some(ns) = ns else { return Briefly::Taken };
        self.asking = Some((ns, ended));
        Briefly::WhoAsked
    }

    fn asked(&mut self, client: &[u8]) {
        if let Some((ns, end)) = self.asking.take() {
            self.timeline.join_ns(ns, end, client);
        }
    }

    fn record(&mut self, record: Record<'_>) {
        let Fact::Request(request) = &record.fact else { return self.take(&record, None, record.time) };
        let asked = self.applications.of(self.site, request.site, request.stem, self.timeline);
        self.take(&record, Some(asked), record.time.plus(-millis(request.taken.unwrap_or(0))));
    }

    fn malformed(&mut self, line: Line<'_>, why: &'static str) {
        self.source.malformed(line, why);
    }
}

/// Milliseconds as a time can be moved by; a log may claim any number.
fn millis(taken: u64) -> i64 {
    i64::try_from(taken).unwrap_or(i64::MAX)
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
