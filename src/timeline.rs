//! Everything that happened, by the second in which it happened.
//!
//! A timeline is a fold: [`Timeline::apply`] and [`Timeline::merge`] do not depend on the order in which records come. It holds one
//! number a second per series and where the rows lie, never the rows themselves.

pub mod block_index;
pub mod in_flight;
pub mod samples;
pub mod series;
pub mod tally;

use std::collections::BTreeMap;
use std::ops::Range;

use block_index::BlockIndex;
use in_flight::InFlight;
use samples::Samples;
use series::Series;
use tally::{NsRequest, Tally, Trouble};

use crate::record::{AltirisMeaning, Fact, HttpErr, Origin, PoolTag, Record, Request, Slots, SourceId};
use crate::time::Time;

/// Counter path of the non-paged pool in use, without host, in lower case.
pub const POOL_USED: &str = r"\memory\pool nonpaged bytes";
/// Memory is bounded: counters beyond so many are not kept.
const MOST_COUNTERS: usize = 4096;

/// So many applications are kept apart: more are no server's, but somebody's names for sites.
const MOST_APPS: usize = 4096;
/// The name of all beyond them.
const OTHER_APPS: &str = "(others)/";

/// An application, by its place in a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppId(usize);

/// What happened in one application.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct App {
    /// Requests in flight; only those whose rows tell how long they took.
    pub in_flight: InFlight,
    /// Requests that ended.
    pub ended: Series<u32>,
    /// The same by status and substatus.
    pub by_status: BTreeMap<(u16, Option<u16>), Series<u32>>,
    /// Whether any row told how long it took.
    pub timed: bool,
}

/// What happened to one kind of request that takes a slot of a Notification Server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NsSeries {
    /// Requests in flight.
    pub in_flight: InFlight,
    /// Requests that ended.
    pub ended: Series<u32>,
}

/// What one pool tag held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TagHistory {
    /// Non-paged bytes.
    pub bytes: Samples,
    /// Allocations less frees.
    pub outstanding: Samples,
    /// The driver that poolmon named, if any.
    pub driver: Box<str>,
    /// The lines of the listings.
    pub proofs: BTreeMap<Time, Origin>,
}

/// Everything that happened. See the module's documentation.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    apps: Vec<(Box<str>, App)>,
    app_ids: BTreeMap<Box<str>, AppId>,
    ns: BTreeMap<NsRequest, NsSeries>,
    troubles: BTreeMap<Trouble, Tally>,
    counters: BTreeMap<Box<str>, Samples>,
    tags: BTreeMap<[u8; 4], TagHistory>,
    /// "(Max: N)" of the NS log.
    ns_max: BTreeMap<(Slots, Time), u32>,
    /// Records a second, by log.
    records: BTreeMap<SourceId, Series<u32>>,
    /// Which part of which log holds what.
    pub blocks: BlockIndex,
    span: Option<(Time, Time)>,
}

impl PartialEq for Timeline {
    fn eq(&self, other: &Self) -> bool {
        fn apps(timeline: &Timeline) -> BTreeMap<&str, &App> {
            timeline.apps().collect()
        }
        apps(self) == apps(other)
            && self.ns == other.ns
            && self.troubles == other.troubles
            && self.counters == other.counters
            && self.tags == other.tags
            && self.ns_max == other.ns_max
            && self.records == other.records
            && self.span == other.span
    }
}

impl Timeline {
    /// The id of an application, which is met for the first time if need be.
    pub fn app_id(&mut self, name: &str) -> AppId {
        if let Some(id) = self.app_ids.get(name) {
            return *id;
        }
        if self.apps.len() >= MOST_APPS && name != OTHER_APPS {
            return self.app_id(OTHER_APPS);
        }
        let id = AppId(self.apps.len());
        self.apps.push((name.into(), App::default()));
        self.app_ids.insert(name.into(), id);
        id
    }

    /// Takes in a record. `app` is the application of a request.
    pub fn apply(&mut self, source: SourceId, app: Option<AppId>, record: &Record<'_>) {
        self.apply_beside(source, app, record);
        if record.fact.has_time() {
            self.widen(record.time, record.time);
        }
    }

    /// Takes in a record that happened beside what is looked at: the span of time does not follow it.
    pub fn apply_beside(&mut self, source: SourceId, app: Option<AppId>, record: &Record<'_>) {
        let origin = Origin { source, position: record.position };
        let second = record.time.second();
        match &record.fact {
            Fact::Request(request) => self.request(app, second, request, origin),
            Fact::HttpErr(row) => self.http_err(second, row, origin),
            Fact::Sepm(entry) => {
                for (told, trouble) in [(entry.unavailable, Trouble::Sepm503), (entry.code_0x10010000, Trouble::Sepm0x10010000)] {
                    if told {
                        self.trouble(trouble, second, 1, origin);
                    }
                }
            }
            Fact::Altiris(event) => match event.meaning {
                AltirisMeaning::SlotsFull { slots, max } => {
                    self.trouble(Trouble::NsSlotsFull(slots), second, 1, origin);
                    if let Some(max) = max {
                        let value = self.ns_max.entry((slots, record.time)).or_insert(max);
                        *value = max.max(*value);
                    }
                }
                AltirisMeaning::BackingOff => self.trouble(Trouble::AgentBackingOff, second, 1, origin),
                AltirisMeaning::UnableToProcess => self.trouble(Trouble::NsUnableToProcess, second, 1, origin),
                AltirisMeaning::Other => {}
            },
            Fact::Samples { paths, values } => {
                for (path, value) in paths.iter().zip(*values) {
                    if let Some(value) = value {
                        self.sample(path, record.time, *value);
                    }
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
            Fact::PoolTotal(bytes) => self.sample(POOL_USED, record.time, *bytes as f64),
            Fact::PoolTag(tag) => self.pool_tag(record.time, tag, origin),
            // What files without a time of their own say belongs to no moment.
            Fact::TagName { .. } | Fact::Settings(_) => return,
        }
        if record.fact.is_row() {
            self.records.entry(source).or_default().add(second, 1);
        }
    }

    fn request(&mut self, app: Option<AppId>, second: i64, request: &Request<'_>, origin: Origin) {
        let ns = NsRequest::of_url(request.stem);
        let mut name = None;
        if let Some((known, app)) = app.and_then(|id| self.apps.get_mut(id.0)) {
            app.ended.add(second, 1);
            app.by_status.entry((request.status, request.substatus)).or_default().add(second, 1);
            if let Some(taken) = request.taken {
                app.in_flight.add(second, taken);
                app.timed = true;
            }
            name = (request.status == 503).then(|| known.clone());
        }
        let trouble = name.map(|app| Trouble::Http503 { app, substatus: request.substatus });
        if let Some(trouble) = trouble {
            self.trouble(trouble, second, 1, origin);
            if let Some(ns) = ns {
                self.trouble(Trouble::NsRequest(ns), second, 1, origin);
            }
        }
        if request.substatus.is_none() {
            self.trouble(Trouble::LacksSubstatus(origin.source), second, 1, origin);
        }
        if request.taken.is_none() {
            self.trouble(Trouble::LacksTimeTaken(origin.source), second, 1, origin);
        }
        if let Some(ns) = ns {
            let series = self.ns.entry(ns).or_default();
            series.ended.add(second, 1);
            if let Some(taken) = request.taken {
                series.in_flight.add(second, taken);
            }
        }
    }

    fn http_err(&mut self, second: i64, row: &HttpErr<'_>, origin: Origin) {
        let phrase: Box<str> = match row.reason.phrase {
            [] => "(no reason)".into(),
            phrase => String::from_utf8_lossy(phrase).into(),
        };
        let ns = NsRequest::of_url(row.uri).filter(|_| row.status == Some(503));
        if row.not_iis() {
            if row.turned_away() {
                self.trouble(Trouble::NotIis(phrase), second, row.reason.count, origin);
            }
            return;
        }
        self.trouble(Trouble::HttpErr { phrase, turned_away: row.turned_away() }, second, row.reason.count, origin);
        if let Some(ns) = ns {
            self.trouble(Trouble::NsRequest(ns), second, 1, origin);
        }
    }

    fn sample(&mut self, path: &str, time: Time, value: f64) {
        if let Some(samples) = self.counters.get_mut(path) {
            samples.add(time, value);
        } else if self.counters.len() < MOST_COUNTERS {
            self.counters.entry(path.into()).or_default().add(time, value);
        }
    }

    fn pool_tag(&mut self, time: Time, tag: &PoolTag<'_>, origin: Origin) {
        if !tag.nonpaged {
            return;
        }
        let history = self.tags.entry(tag.tag).or_default();
        #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
        let (bytes, outstanding) = (tag.bytes as f64, tag.allocs.wrapping_sub(tag.frees) as f64);
        history.bytes.add(time, bytes);
        history.outstanding.add(time, outstanding);
        if !tag.driver.is_empty() {
            let driver: Box<str> = String::from_utf8_lossy(tag.driver).into();
            history.driver = driver.max(std::mem::take(&mut history.driver));
        }
        history.proofs.entry(time).and_modify(|p| *p = origin.min(*p)).or_insert(origin);
    }

    fn trouble(&mut self, trouble: Trouble, second: i64, weight: u64, proof: Origin) {
        self.troubles.entry(trouble).or_default().add(second, weight, proof);
    }

    fn widen(&mut self, from: Time, to: Time) {
        self.span = Some(self.span.map_or((from, to), |(a, b)| (a.min(from), b.max(to))));
    }

    /// Adds what another timeline of other logs holds.
    pub fn merge(&mut self, other: Self) {
        for (name, app) in other.apps {
            let AppId(id) = self.app_id(&name);
            let Some((_, mine)) = self.apps.get_mut(id) else { continue };
            mine.in_flight.merge(&app.in_flight);
            mine.ended.merge(&app.ended);
            mine.timed |= app.timed;
            for (status, series) in &app.by_status {
                mine.by_status.entry(*status).or_default().merge(series);
            }
        }
        for (request, series) in other.ns {
            let mine = self.ns.entry(request).or_default();
            mine.in_flight.merge(&series.in_flight);
            mine.ended.merge(&series.ended);
        }
        for (trouble, tally) in other.troubles {
            self.troubles.entry(trouble).or_default().merge(&tally);
        }
        for (path, samples) in other.counters {
            self.counters.entry(path).or_default().merge(&samples);
        }
        for (tag, history) in other.tags {
            let mine = self.tags.entry(tag).or_default();
            mine.bytes.merge(&history.bytes);
            mine.outstanding.merge(&history.outstanding);
            mine.driver = history.driver.max(std::mem::take(&mut mine.driver));
            for (time, proof) in history.proofs {
                mine.proofs.entry(time).and_modify(|p| *p = proof.min(*p)).or_insert(proof);
            }
        }
        for (key, max) in other.ns_max {
            let mine = self.ns_max.entry(key).or_insert(max);
            *mine = max.max(*mine);
        }
        for (source, series) in other.records {
            self.records.entry(source).or_default().merge(&series);
        }
        self.blocks.merge(other.blocks);
        if let Some((from, to)) = other.span {
            self.widen(from, to);
        }
    }

    /// The first and last moment that any record tells of.
    #[must_use]
    pub fn span(&self) -> Option<(Time, Time)> {
        self.span
    }

    /// The applications with their names.
    pub fn apps(&self) -> impl Iterator<Item = (&str, &App)> {
        self.app_ids.iter().filter_map(|(name, id)| self.apps.get(id.0).map(|(_, app)| (&**name, app)))
    }

    /// An application by name.
    #[must_use]
    pub fn app(&self, name: &str) -> Option<&App> {
        self.app_ids.get(name).and_then(|id| self.apps.get(id.0)).map(|(_, app)| app)
    }

    /// A kind of NS request; `None` if none was seen.
    #[must_use]
    pub fn ns(&self, request: NsRequest) -> Option<&NsSeries> {
        self.ns.get(&request)
    }

    /// All kinds of trouble that were seen, with their tallies.
    pub fn troubles(&self) -> impl Iterator<Item = (&Trouble, &Tally)> {
        self.troubles.iter()
    }

    /// How often one kind of trouble was seen over some seconds.
    #[must_use]
    pub fn count(&self, trouble: &Trouble, seconds: Range<i64>) -> u64 {
        self.troubles.get(trouble).map_or(0, |tally| tally.sum(seconds))
    }

    /// The samples of a counter, by its path without host, in lower case.
    #[must_use]
    pub fn counter(&self, path: &str) -> Option<&Samples> {
        self.counters.get(path)
    }

    /// All counters.
    pub fn counters(&self) -> impl Iterator<Item = (&str, &Samples)> {
        self.counters.iter().map(|(path, samples)| (&**path, samples))
    }

    /// The counters whose paths begin so: those of one object, whatever its instances.
    pub fn counters_under(&self, object: &str) -> impl Iterator<Item = (&str, &Samples)> {
        let from = (std::ops::Bound::Included(object), std::ops::Bound::Unbounded);
        let all = self.counters.range::<str, _>(from).map(|(path, samples)| (&**path, samples));
        all.take_while(move |(path, _)| path.starts_with(object))
    }

    /// All pool tags.
    pub fn tags(&self) -> impl Iterator<Item = ([u8; 4], &TagHistory)> {
        self.tags.iter().map(|(tag, history)| (*tag, history))
    }

    /// One pool tag.
    #[must_use]
    pub fn tag(&self, tag: [u8; 4]) -> Option<&TagHistory> {
        self.tags.get(&tag)
    }

    /// The N of the last "(Max: N)" that the NS log told by a moment.
    #[must_use]
    pub fn ns_max(&self, slots: Slots, at: Time) -> Option<u32> {
        self.ns_max.range((slots, Time::MIN)..=(slots, at)).next_back().map(|(_, max)| *max)
    }

    /// Records a second of one log.
    #[must_use]
    pub fn records(&self, source: SourceId) -> Option<&Series<u32>> {
        self.records.get(&source)
    }
}
