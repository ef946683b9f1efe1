//! Everything that happened, by the second in which it happened.
//!
//! A timeline is a fold: [`Timeline::apply`] and [`Timeline::merge`] do not depend on the order in which records come. It holds one
//! number a second per series and where the rows lie, never the rows themselves.

pub mod block_index;
mod burst;
mod counters;
pub mod distinct;
pub mod in_flight;
pub mod merge;
mod names;
mod parts;
pub mod samples;
pub mod series;
pub mod tally;
pub mod telling;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use block_index::BlockIndex;
use burst::{All, Burst, Whose};
use distinct::Distinct;
use names::Names;
pub use parts::{App, NsSeries, Served, TagHistory};
use samples::Samples;
use series::Series;
use tally::{LONG, NsRequest, Place, Tally, Trouble};

use crate::record::{
    AltirisMeaning, CONNECTIONS_REFUSED, End, Fact, HttpErr, Origin, ReasonClass, Record, Request, Slots, SourceId,
};
use crate::time::Time;

/// Counter path of the non-paged pool in use, without host, in lower case.
pub const POOL_USED: &str = r"\memory\pool nonpaged bytes";
/// Beyond so many kinds of trouble, rows of HTTPERR are not told apart by whose they are.
const MOST_TROUBLES: usize = 4096;

/// So many applications are kept apart: more are no server's, but somebody's names for sites.
const MOST_APPS: usize = 4096;
/// The name of all beyond them.
const OTHER_APPS: &str = "(others)/";

/// An application, by its place in a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppId(usize);

/// What a request is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The application that it is of.
    pub app: AppId,
    /// The kind of NS request that it is.
    pub ns: Option<NsRequest>,
}

/// Everything that happened. See the module's documentation.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    apps: Vec<(Arc<str>, App)>,
    app_ids: BTreeMap<Arc<str>, AppId>,
    /// Names in logs that stand in many rows.
    names: Names,
    ns: BTreeMap<NsRequest, NsSeries>,
    troubles: BTreeMap<Trouble, Tally>,
    counters: BTreeMap<Box<str>, Samples>,
    /// The first row of counters of every minute, by log and minute.
    counter_rows: BTreeMap<(SourceId, i64), Origin>,
    /// The row of every minute at which the non-paged pool was fullest, and how full, in bytes.
    pool_rows: BTreeMap<i64, (u64, Origin)>,
    /// Which logs have rows of a counter.
    counter_logs: BTreeMap<Box<str>, BTreeSet<SourceId>>,
    tags: BTreeMap<[u8; 4], TagHistory>,
    /// "(Max: N)" of the NS log.
    ns_max: BTreeMap<(Slots, Time), u32>,
    /// Records a second, by log.
    records: BTreeMap<SourceId, Series<u32>>,
    /// Which part of which log holds what.
    pub blocks: BlockIndex,
    span: Option<(Time, Time)>,
    /// What is not in the series yet.
    burst: Burst,
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
            && self.counter_rows == other.counter_rows
            && self.pool_rows == other.pool_rows
            && self.counter_logs == other.counter_logs
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
        let name: Arc<str> = name.into();
        self.apps.push((Arc::clone(&name), App::default()));
        self.app_ids.insert(name, id);
        id
    }

    /// Takes in a record; `asked` is what a request is counted under. It is seen when [`Timeline::settle`] was called.
    pub fn apply(&mut self, source: SourceId, asked: Option<Asked>, record: &Record<'_>) {
        self.apply_beside(source, asked, record);
        if record.fact.has_time() {
            self.widen(record.time, record.time);
        }
    }

    /// Whether a request may tell nothing but one more of its kind, if its row tells its substatus: nearly all rows of a busy log are such.
    #[inline]
    #[must_use]
    pub fn can_join(status: u16, taken: u64) -> bool {
        taken < telling::LEAST && status != 503
    }

    /// Takes in a request that can ([`Timeline::can_join`]), of the very moment and log of the record that was taken in last; `false` if it
    /// has more to tell. [`Timeline::count_joined`] counts its row before another record comes, and what it tells as one of the Notification
    /// Server, [`Timeline::join_ns`] takes in.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nearly all rows of a busy log are such")]
    pub fn join(&mut self, AppId(place): AppId, end: End, taken: u64) -> bool {
        self.burst.join(Whose::app(place), end, taken)
    }

    /// Counts rows that were taken in by [`Timeline::join`] since the last record.
    pub fn count_joined(&mut self, rows: u32) {
        self.burst.count(rows);
    }

    /// Takes in what a request of the second that has begun tells as one of the Notification Server.
    #[inline(never)]
    pub fn join_ns(&mut self, ns: NsRequest, end: End, client: &[u8]) {
        let whose = Whose::ns(ns);
        let taken = end.taken.filter(|_| end.status != 503);
        let (burst, mut all) = self.burst();
        if !taken.is_some_and(|taken| burst.join(whose, end, taken)) {
            burst.request(whose, end, &mut all);
        }
        burst.asked(whose, client, &mut all);
    }

    /// Adds to the series what has been taken in since the last call.
    pub fn settle(&mut self) {
        let (burst, mut all) = self.burst();
        burst.settle(&mut all);
        self.ns.values_mut().for_each(NsSeries::settle);
        self.troubles.values_mut().for_each(Tally::settle);
    }

    /// What is added up before it goes into the series, and these.
    fn burst(&mut self) -> (&mut Burst, All<'_>) {
        let Self { burst, apps, ns, records, .. } = self;
        (burst, All { apps, ns, records })
    }

    /// Takes in a record that happened beside what is looked at: the span of time does not follow it.
    pub fn apply_beside(&mut self, source: SourceId, asked: Option<Asked>, record: &Record<'_>) {
        let origin = Origin { source, position: record.position };
        let second = record.time.second();
        if !self.burst.is_of(second, source) {
            let (burst, mut all) = self.burst();
            burst.begin(second, source, &mut all);
        }
        if record.fact.is_row() && record.fact.has_time() {
            self.burst.count(1);
        }
        match &record.fact {
            Fact::Request(request) => self.request(asked, second, request, origin),
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
                        self.sample(path, record.time, *value, source);
                        if **path == *POOL_USED {
                            self.pool_row(record.time, *value, origin);
                        }
                    }
                }
                let row = self.counter_rows.entry((source, second.div_euclid(60))).or_insert(origin);
                *row = origin.min(*row);
            }
            Fact::PoolTotal(bytes) => {
                #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
                let bytes = *bytes as f64;
                self.sample(POOL_USED, record.time, bytes, source);
                self.pool_row(record.time, bytes, origin);
            }
            Fact::PoolTag(tag) => self.pool_tag(record.time, tag, origin),
            // What files without a time of their own say belongs to no moment.
            Fact::TagName { .. } | Fact::Settings(_) => {}
        }
    }

    fn request(&mut self, asked: Option<Asked>, second: i64, request: &Request<'_>, origin: Origin) {
        let (app, ns) = (asked.map(|asked| asked.app), asked.and_then(|asked| asked.ns));
        let held = request.taken.filter(|taken| *taken >= LONG && request.user_agent.eq_ignore_ascii_case(b"Smc"));
        if let Some(AppId(place)) = app {
            let (burst, mut all) = self.burst();
            burst.request(Whose::app(place), request.end(), &mut all);
        }
        let mut name = None;
        if let Some((known, app)) = app.and_then(|AppId(place)| self.apps.get_mut(place)) {
            app.timed |= request.taken.is_some();
            app.served.longest(second, request, origin);
            if let Some(held) = held {
                app.held_by_smc.add(second, parts::in_time(held));
            }
            name = (request.status == 503 || held.is_some()).then(|| known.clone());
        }
        if let Some(app) = name {
            if held.is_some() {
                self.trouble_of(Trouble::HeldBySmc { app: app.clone() }, second, origin, request.client);
            }
            if request.status == 503 {
                self.trouble_of(Trouble::Http503 { app, substatus: request.substatus }, second, origin, request.client);
            }
        }
        // A substatus names another cause than the product's own limit.
        if let Some(ns) = ns.filter(|_| request.status == 503 && matches!(request.substatus, None | Some(0))) {
            self.trouble_of(Trouble::NsRequest(ns), second, origin, request.client);
        }
        if request.substatus.is_none() {
            self.trouble(Trouble::LacksSubstatus(origin.source), second, 1, origin);
        }
        if request.taken.is_none() {
            self.trouble(Trouble::LacksTimeTaken(origin.source), second, 1, origin);
        }
        if let Some(ns) = ns {
            self.join_ns(ns, request.end(), request.client);
            self.ns.entry(ns).or_default().served.longest(second, request, origin);
        }
    }

    fn http_err(&mut self, second: i64, row: &HttpErr<'_>, origin: Origin) {
        let phrase = match row.reason.phrase {
            [] => self.names.of(b"(no reason)"),
            phrase => self.names.of(phrase),
        };
        let ns = NsRequest::of_url(row.uri).filter(|_| row.status == Some(503));
        if row.not_iis() {
            if row.turned_away() {
                self.trouble(Trouble::NotIis(phrase), second, row.reason.count, origin);
            }
            return;
        }
        let place = self.place(row);
        let trouble = Trouble::HttpErr { phrase, turned_away: row.turned_away(), place };
        let tally = self.troubles.entry(trouble).or_default();
        tally.add(second, row.reason.count, origin);
        tally.add_client(second, row.client);
        if let Some(ns) = ns {
            // And so does a reason that HTTP.sys knows.
            if matches!(row.reason.phrase, b"N/A" | b"") || row.reason.class == ReasonClass::Unknown {
                self.trouble_of(Trouble::NsRequest(ns), second, origin, row.client);
            }
            let clients = &mut self.ns.entry(ns).or_default().clients;
            if let Some(hash) = Distinct::hash(row.client) {
                NsSeries::asking(clients, second).keep(hash, second);
            }
        }
    }

    /// Whom a row of HTTPERR is about. The connections of a site are limited, all else befalls an application pool.
    fn place(&mut self, row: &HttpErr<'_>) -> Place {
        let mut text = |bytes: &[u8]| self.names.of(bytes);
        let place = match (row.queue, row.site_id) {
            _ if !row.turned_away() && row.reason.class != ReasonClass::Dropped => Place::Unknown,
            (_, site) if !site.is_empty() && row.reason.phrase == b"ConnLimit" => Place::Site(text(site)),
            // Nobody knows whom HTTP.sys did not even let connect.
            _ if row.reason.phrase == CONNECTIONS_REFUSED.as_bytes() => Place::Unknown,
            ([], []) => Place::Unknown,
            ([], site) => Place::Site(text(site)),
            (queue, _) => Place::AppPool(text(queue)),
        };
        // No server has so many pools: they are names that somebody makes up.
        if self.troubles.len() < MOST_TROUBLES { place } else { Place::Unknown }
    }

    fn trouble(&mut self, trouble: Trouble, second: i64, weight: u64, proof: Origin) {
        self.troubles.entry(trouble).or_default().add(second, weight, proof);
    }

    fn trouble_of(&mut self, trouble: Trouble, second: i64, proof: Origin, client: &[u8]) {
        let tally = self.troubles.entry(trouble).or_default();
        tally.add(second, 1, proof);
        tally.add_client(second, client);
    }

    fn widen(&mut self, from: Time, to: Time) {
        self.span = Some(self.span.map_or((from, to), |(a, b)| (a.min(from), b.max(to))));
    }

    /// What was sampled, and what `kept` logs say of it; their times are `span`.
    #[must_use]
    pub fn sampled(mut self, kept: impl Fn(SourceId) -> bool, span: Option<(Time, Time)>) -> Self {
        self.settle();
        self.counter_rows.retain(|(source, _), _| kept(*source));
        self.pool_rows.retain(|_, (_, origin)| kept(origin.source));
        self.counter_logs.values_mut().for_each(|logs| logs.retain(|source| kept(*source)));
        self.tags.values_mut().for_each(|tag| tag.proofs.retain(|_, proof| kept(proof.source)));
        self.records.retain(|source, _| kept(*source));
        self.blocks.retain(kept);
        let Self { counters, counter_rows, pool_rows, counter_logs, tags, records, blocks, .. } = self;
        Self { counters, counter_rows, pool_rows, counter_logs, tags, records, blocks, span, ..Self::default() }
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
