//! What live counters say as of a moment: requests of each application pool, its kernel queue and state, and how the machine fares.
//!
//! No counter tells how many requests an *application* executes. `\W3SVC_W3WP(<pid>_<pool>)\Active Requests` tells it of a worker
//! process: the sum over a pool's processes is the most that any application of the pool can have. Sampled paths have no host and
//! are in lower case, so pools are found by their names in lower case.

mod silence;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::engine::Moment;
use crate::limits::{DEFAULT_QUEUE_LENGTH, Limit, Settings};
use crate::time::Time;
use crate::timeline::samples::Samples;
pub use silence::{first_after, pool_silent_since, silent_since};

/// Milliseconds that the machine's vital signs count as of now: they move slowly.
const FRESH_VITALS: i64 = 30_000;
/// All instances are sampled at once: what was sampled longer before the others (a second) is of a process that has ended.
const AT_ONCE: i64 = 1000;
/// Seconds before the moment that are just now, as the screen has it.
const JUST_NOW: i64 = 60;

/// What stands before and behind the instance, `<pid>_<pool>`, in the path of the requests that a worker process executes.
pub const EXECUTING: (&str, &str) = (r"\w3svc_w3wp(", r")\active requests");
/// The same of the requests that wait for a pool in HTTP.sys.
pub const QUEUED: (&str, &str) = (r"\http service request queues(", r")\currentqueuesize");
/// The same of the requests that HTTP.sys turned away since a pool's queue was full, counted since the queue was made.
pub const REJECTED: (&str, &str) = (r"\http service request queues(", r")\rejectedrequests");
/// The same of a pool's [`State`].
pub const STATE: (&str, &str) = (r"\app_pool_was(", r")\current application pool state");
const FREE_DISK: (&str, &str) = (r"\logicaldisk(", r")\free megabytes");
const CPU: &str = r"\processor(_total)\% processor time";
const AVAILABLE: &str = r"\memory\available bytes";

/// What the counters of an application pool say.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// The pool, as the configuration spells it; in lower case where it does not name it.
    pub pool: String,
    /// Requests that its worker processes execute.
    pub executing: Option<u64>,
    /// Requests that wait for it in HTTP.sys.
    pub queued: Option<u64>,
    /// The most that may wait there.
    pub queue_length: Limit,
    /// Requests that HTTP.sys answered with 503 in the last minute, since the queue was full.
    pub rejected: u64,
    /// What state it is in.
    pub state: Option<State>,
    /// Applications that share it, by their names `<site>/<path>`.
    pub apps: Vec<String>,
}

/// The state of an application pool, as `\APP_POOL_WAS(*)\Current Application Pool State` counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State(pub u64);

impl State {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            1 => "uninitialized",
            2 => "initialized",
            3 => "running",
            4 => "disabling",
            5 => "disabled",
            6 => "shutting down",
            7 => "being deleted",
            _ => "in an unknown state",
        }
    }

    /// It takes requests.
    #[must_use]
    pub fn is_running(self) -> bool {
        self.0 == 3
    }

    /// Whoever asks for its applications is answered with 503, or soon will be.
    #[must_use]
    pub fn is_stopped(self) -> bool {
        matches!(self.0, 4..=7)
    }
}

impl Load {
    /// Several applications share the pool: its counter is the most that each of them may have.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.apps.len() > 1
    }

    /// The kernel queue is nearly full (80 %).
    #[must_use]
    pub fn is_queue_near(&self) -> bool {
        self.queued.is_some_and(|queued| queued.saturating_mul(10) >= self.queue_length.value.saturating_mul(8))
    }
}

/// The load of all pools whose counters are of now, the busiest first.
#[must_use]
pub fn loads(moment: &Moment<'_>) -> Vec<Load> {
    let executing = instances(moment, EXECUTING).filter_map(|(name, _)| pool_of(name));
    let others = [QUEUED, STATE].into_iter().flat_map(|object| instances(moment, object).map(|(name, _)| name));
    // `_Total`, and queues that are no pool's.
    let names = executing.chain(others.filter(|name| *name != "_total" && !name.starts_with("---")));
    let names: BTreeMap<String, &str> = names.map(|name| (fold(name), name)).collect();
    let mut loads: Vec<Load> = names.into_iter().filter_map(|(folded, name)| load(moment, &folded, name)).collect();
    loads.sort_by(|a, b| (b.executing, b.queued).cmp(&(a.executing, a.queued)).then(a.pool.cmp(&b.pool)));
    loads
}

/// The load of the pool that serves an application, by its name `<site>/<path>`; `None` where the pool is not known, or has no
/// counter.
#[must_use]
pub fn serving<'l>(loads: &'l [Load], settings: &Settings, app: &str) -> Option<&'l Load> {
    let pool = fold(pool_of_app(settings, app)?);
    loads.iter().find(|load| fold(&load.pool) == pool)
}

/// The pool that serves an application: that of the longest application path of its site that encloses it.
#[must_use]
pub fn pool_of_app<'s>(settings: &'s Settings, app: &str) -> Option<&'s str> {
    let (name, path) = app.split_once('/')?;
    let path = path.trim_matches('/').to_lowercase();
    let site = settings.sites.iter().find(|site| site.name.eq_ignore_ascii_case(name))?;
    let encloses = |outer: &str| {
        let outer = outer.trim_matches('/').to_lowercase();
        outer.is_empty() || path.strip_prefix(&outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let applications = site.applications.iter().filter(|application| encloses(&application.path));
    let innermost = applications.max_by_key(|application| application.path.trim_matches('/').len())?;
    Some(innermost.pool.as_str()).filter(|pool| !pool.is_empty())
}

/// The most requests that a pool executed at a moment of some seconds.
#[must_use]
pub fn executing_within(moment: &Moment<'_>, pool: &str, seconds: &Range<i64>) -> Option<f64> {
    let most = executing_over(moment, pool, seconds).into_iter().map(|(_, sum)| sum).reduce(f64::max);
    // A column that is shorter than the time between two samples has the one before.
    let until = times(moment, seconds).end;
    most.or_else(|| executing(moment, &fold(pool), until.plus(-1)).map(|(_, sum)| sum))
}

/// The requests that a pool executed over some seconds, whenever it was sampled.
#[must_use]
pub fn executing_over(moment: &Moment<'_>, pool: &str, seconds: &Range<i64>) -> Vec<(Time, f64)> {
    let mut sums: BTreeMap<Time, f64> = BTreeMap::new();
    for (_, samples) in processes(moment, &fold(pool)) {
        for (time, value) in samples.within(times(moment, seconds)) {
            *sums.entry(time).or_default() += value;
        }
    }
    sums.into_iter().collect()
}

/// The requests that waited for a pool in HTTP.sys over some seconds, whenever that was sampled.
#[must_use]
pub fn queued_over(moment: &Moment<'_>, pool: &str, seconds: &Range<i64>) -> Vec<(Time, f64)> {
    counter(moment, QUEUED, &fold(pool)).map(|samples| samples.within(times(moment, seconds))).unwrap_or_default()
}

/// Some seconds, as far as the moment sees.
fn times(moment: &Moment<'_>, seconds: &Range<i64>) -> Range<Time> {
    Time::from_second(seconds.start)..Time::from_second(seconds.end).min(moment.at.plus(1))
}

/// Requests that HTTP.sys turned away over some seconds since a pool's queue was full.
#[must_use]
pub fn rejected_within(moment: &Moment<'_>, pool: &str, seconds: &Range<i64>) -> u64 {
    let Some(samples) = counter(moment, REJECTED, &fold(pool)) else { return 0 };
    whole(samples.grown(&times(moment, seconds)))
}

/// How the machine fares.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vitals {
    /// Per cent of the processors' time.
    pub cpu: Option<f64>,
    /// Bytes of memory that are free.
    pub available: Option<f64>,
    /// The volume with the least room, and its free megabytes.
    pub disk: Option<(String, f64)>,
}

/// How the machine fares at the moment.
#[must_use]
pub fn vitals(moment: &Moment<'_>) -> Vitals {
    let fresh = |samples: &Samples| samples.at(moment.at).filter(|(time, _)| moment.at.since(*time) <= FRESH_VITALS);
    let fresh = |samples: &Samples| fresh(samples).map(|(_, value)| value);
    let counter = |path: &str| moment.timeline.counter(path).and_then(fresh);
    let volumes = instances(moment, FREE_DISK).filter(|(name, _)| name.len() == 2 && name.ends_with(':'));
    let free = volumes.filter_map(|(name, samples)| Some((name.to_uppercase(), fresh(samples)?)));
    Vitals { cpu: counter(CPU), available: counter(AVAILABLE), disk: free.min_by(|a, b| a.1.total_cmp(&b.1)) }
}

/// The load of a pool by its folded name, and its name in the counters; `None` where no counter of it is of now.
fn load(moment: &Moment<'_>, folded: &str, name: &str) -> Option<Load> {
    let fresh = |object| silence::fresh(counter(moment, object, folded)?, moment.at).map(|(_, value)| whole(value));
    let executing = executing(moment, folded, moment.at);
    let (queued, state) = (fresh(QUEUED), fresh(STATE).map(State));
    if executing.is_none() && queued.is_none() && state.is_none() {
        return None;
    }
    let now = moment.at.second();
    let settings = &moment.limits.settings;
    let configured = settings.pools.iter().find(|pool| fold(&pool.name) == folded);
    let apps = apps_of(settings, folded);
    let spelt = settings.sites.iter().flat_map(|site| &site.applications).map(|application| &application.pool);
    let spelt = configured.map(|pool| &pool.name).or_else(|| spelt.into_iter().find(|pool| fold(pool) == folded));
    let length = configured.and_then(|pool| pool.queue_length).or(settings.default_queue_length);
    Some(Load {
        pool: spelt.cloned().unwrap_or_else(|| name.to_owned()),
        executing: executing.map(|(_, sum)| whole(sum)),
        queued,
        queue_length: length
            .map_or_else(|| Limit::default_of(DEFAULT_QUEUE_LENGTH), |value| Limit::new(value, "applicationHost.config")),
        rejected: rejected_within(moment, folded, &(now - JUST_NOW..now + 1)),
        state,
        apps,
    })
}

/// The applications that a pool serves.
fn apps_of(settings: &Settings, pool: &str) -> Vec<String> {
    let applications = settings.sites.iter().flat_map(|site| site.applications.iter().map(move |app| (site, app)));
    applications
        .filter(|(_, application)| fold(&application.pool) == pool)
        .map(|(site, application)| format!("{}/{}", site.name, application.path.trim_matches('/')))
        .collect()
}

/// What a pool's processes executed when they were last sampled by a moment; `None` where that is not of this moment.
fn executing(moment: &Moment<'_>, pool: &str, at: Time) -> Option<(Time, f64)> {
    let last: Vec<(Time, f64)> = processes(moment, pool).filter_map(|(_, samples)| silence::fresh(samples, at)).collect();
    let time = last.iter().map(|(time, _)| *time).max()?;
    Some((time, last.iter().filter(|(sampled, _)| time.since(*sampled) < AT_ONCE).map(|(_, value)| value).sum()))
}

/// The worker processes of a pool: more than one in a web garden, and while a pool is recycled.
fn processes<'a>(moment: &Moment<'a>, pool: &str) -> impl Iterator<Item = (&'a str, &'a Samples)> {
    instances(moment, EXECUTING).filter(move |(name, _)| pool_of(name).is_some_and(|name| fold(name) == pool))
}

/// `1234_defaultapppool`: the pool of a worker process.
fn pool_of(instance: &str) -> Option<&str> {
    let (process, pool) = instance.split_once('_')?;
    (!process.is_empty() && process.bytes().all(|b| b.is_ascii_digit())).then_some(pool)
}

/// The instances of a counter.
fn instances<'a>(moment: &Moment<'a>, counter: (&'static str, &'static str)) -> impl Iterator<Item = (&'a str, &'a Samples)> {
    let (before, after) = counter;
    let name = move |path: &'a str| path.strip_prefix(before)?.strip_suffix(after);
    moment.timeline.counters_under(before).filter_map(move |(path, samples)| Some((name(path)?, samples)))
}

/// A counter of a pool by its folded name.
fn counter<'a>(moment: &Moment<'a>, object: (&'static str, &'static str), folded: &str) -> Option<&'a Samples> {
    instances(moment, object).find(|(name, _)| fold(name) == folded).map(|(_, samples)| samples)
}

/// A pool's name to compare: PDH has no parentheses and no slashes in the names of instances (the names of `AppDomain` instances in
/// the documentation of .NET's performance counters tell what stands for them), and no case.
fn fold(name: &str) -> String {
    let stands_for = |c| match c {
        '(' => '[',
        ')' => ']',
        '/' | '\\' => '_',
        c => c,
    };
    name.to_lowercase().chars().map(stands_for).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, never negative")]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

#[cfg(test)]
mod tests;
