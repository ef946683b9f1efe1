//! What counters say of application pools over the whole time: measured, where logs only let estimate.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{LimitRow, limit_row};
use crate::counters::{self, EXECUTING, Load, QUEUED, REJECTED, STATE, State};
use crate::engine::Moment;
use crate::time::Time;
use crate::timeline::samples::Samples;

/// What the counters of an application pool say.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PoolRow {
    /// The pool, as the configuration spells it.
    pub pool: String,
    /// The most requests that its worker processes executed at once.
    pub executing: Option<MostRow>,
    /// The most requests that waited for it in HTTP.sys.
    pub queued: Option<QueuedRow>,
    /// Requests that HTTP.sys turned away in all since its queue was full.
    pub rejected: Option<u64>,
    /// Its last state.
    pub state: Option<&'static str>,
    #[serde(skip)]
    pub was: Option<State>,
}

/// The greatest value, and when it was first seen.
#[derive(Debug, Clone, Serialize)]
pub(super) struct MostRow {
    pub at: String,
    pub peak: u64,
}

/// The same of a queue.
#[derive(Debug, Clone, Serialize)]
pub(super) struct QueuedRow {
    pub at: String,
    pub peak: u64,
    /// How many may wait.
    pub limit: Option<LimitRow>,
}

/// All pools that have a counter, the busiest first.
pub(super) fn of(moment: &Moment<'_>) -> Vec<PoolRow> {
    let executing = executing(moment);
    let names: BTreeSet<&str> =
        [QUEUED, REJECTED, STATE].into_iter().flat_map(|counter| instances(moment, counter).map(|(name, _)| name)).collect();
    // `_total`, and queues that are no pool's.
    let names = names.into_iter().filter(|name| *name != "_total" && !name.starts_with("---"));
    let names: BTreeSet<&str> = names.chain(executing.keys().copied()).collect();
    let mut known = BTreeMap::new();
    let mut rows: Vec<PoolRow> = names
        .into_iter()
        .filter_map(|name| row(moment, name, executing.get(name).unwrap_or(&BTreeMap::new()), &mut known))
        .collect();
    let busy = |row: &PoolRow| (row.executing.as_ref().map(|most| most.peak), row.queued.as_ref().map(|most| most.peak));
    rows.sort_by(|a, b| busy(b).cmp(&busy(a)).then(a.pool.cmp(&b.pool)));
    rows
}

/// How many requests the worker processes of each pool executed together, by the pool's name in lower case.
pub(super) fn executing<'a>(moment: &Moment<'a>) -> BTreeMap<&'a str, BTreeMap<Time, f64>> {
    let mut executing: BTreeMap<&str, BTreeMap<Time, f64>> = BTreeMap::new();
    for (instance, samples) in instances(moment, EXECUTING) {
        // `1234_secars`: the pool has as many instances as worker processes.
        let Some((_, pool)) = instance.split_once('_').filter(|(id, _)| id.bytes().all(|b| b.is_ascii_digit())) else { continue };
        for (time, value) in samples.upto(moment.at) {
            *executing.entry(pool).or_default().entry(time).or_default() += value;
        }
    }
    executing
}

/// What is known of a pool by its name in lower case; `known` are the loads at the moments that have been asked for.
fn row(
    moment: &Moment<'_>,
    name: &str,
    executing: &BTreeMap<Time, f64>,
    known: &mut BTreeMap<Time, Vec<Load>>,
) -> Option<PoolRow> {
    let counter = |(before, after): (&str, &str)| moment.timeline.counter(&format!("{before}{name}{after}"));
    let last = |counter: &Samples| counter.at(moment.at);
    let queued = counter(QUEUED).map(|samples| samples.upto(moment.at)).unwrap_or_default();
    let rejected = counter(REJECTED).filter(|samples| last(samples).is_some());
    let was = counter(STATE).and_then(last);
    let times = [executing.keys().next_back(), queued.last().map(|(time, _)| time), was.as_ref().map(|(time, _)| time)];
    let until = times.into_iter().flatten().max().copied();
    // Its name and its queue as they were when its counters ended.
    let loads = until.map(|at| &*known.entry(at).or_insert_with(|| counters::loads(&Moment { at, ..*moment })));
    let load = loads.and_then(|loads| loads.iter().find(|load| load.pool.to_lowercase() == name));
    let limit = load.map(|load| limit_row(load.queue_length.clone()));
    let from = moment.timeline.span().map_or(i64::MIN, |(from, _)| from.second());
    let row = PoolRow {
        pool: load.map_or_else(|| name.to_owned(), |load| load.pool.clone()),
        executing: most(executing.iter().map(|(time, value)| (*time, *value))),
        queued: most(queued.into_iter()).map(|MostRow { at, peak }| QueuedRow { at, peak, limit }),
        rejected: rejected.map(|_| counters::rejected_within(moment, name, &(from..moment.at.second() + 1))),
        state: was.map(|(_, state)| state_of(state).name()),
        was: was.map(|(_, state)| state_of(state)),
    };
    (row.executing.is_some() || row.queued.is_some() || row.rejected.is_some() || row.state.is_some()).then_some(row)
}

fn most(samples: impl Iterator<Item = (Time, f64)>) -> Option<MostRow> {
    let (at, peak) = samples.reduce(|most, next| if next.1 > most.1 { next } else { most })?;
    Some(MostRow { at: at.rfc3339(), peak: whole(peak) })
}

fn state_of(value: f64) -> State {
    State(whole(value))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, never negative")]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

/// The instances of a counter.
fn instances<'a>(moment: &Moment<'a>, counter: (&'static str, &'static str)) -> impl Iterator<Item = (&'a str, &'a Samples)> {
    let (before, after) = counter;
    let name = move |path: &'a str| path.strip_prefix(before)?.strip_suffix(after);
    moment.timeline.counters_under(before).filter_map(move |(path, samples)| Some((name(path)?, samples)))
}
