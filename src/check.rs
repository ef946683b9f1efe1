//! `check`: how a server stands now, in one line for a monitoring system.
//!
//! | measure | unit | warning, unless given | critical, unless given |
//! |---|---|---|---|
//! | `turned_away` | clients in the window, for any reason | | more than 0 |
//! | `in_flight` | % of an application's limit, at most in the window | over 80 | over 100 |
//! | `ns_slots` | % of the Notification Server's slots, at most in the window | over 80 | over 100 |
//! | `pool_available` | MB of non-paged pool, at least in the window | under twice the cutoff | under the cutoff |
//! | `age` | seconds since the newest record | | |
//!
//! Findings that were last seen in the window count, too: a warning as WARNING, and a critical one, which is of clients turned away,
//! as CRITICAL unless thresholds for `turned_away` were given. Who gives one threshold of a measure has taken both into his hands.

mod line;
mod measure;
mod range;

pub use range::Bounds;

use crate::diagnosis::{Diagnosis, Severity};
use crate::engine::{Health, Moment};
use crate::formats::Kind;
use crate::time::Time;
use measure::Measure;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Clients turned away in the window.
    TurnedAway,
    /// Requests in flight, in % of the limit.
    InFlight,
    /// Slots taken, in %.
    NsSlots,
    /// Non-paged pool left, in MB.
    PoolAvailable,
    /// Seconds since the newest record.
    Age,
}

impl Metric {
    /// All.
    pub const ALL: [Self; 5] = [Self::TurnedAway, Self::InFlight, Self::NsSlots, Self::PoolAvailable, Self::Age];

    /// Its name for people and scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TurnedAway => "turned_away",
            Self::InFlight => "in_flight",
            Self::NsSlots => "ns_slots",
            Self::PoolAvailable => "pool_available",
            Self::Age => "age",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }
}

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Seconds to look back.
    pub last: i64,
    /// The clock's moment, where what is looked at is an earlier one: logs that are not written any more.
    pub now: Option<Time>,
    /// Seconds without a record after which nobody can tell.
    pub stale: Option<i64>,
    /// Thresholds that were given; of a measure, the last one counts.
    pub warning: Vec<(Metric, Bounds)>,
    /// The same for critical.
    pub critical: Vec<(Metric, Bounds)>,
}

impl Asked {
    fn given(&self, metric: Metric) -> Option<(Option<Bounds>, Option<Bounds>)> {
        let last = |given: &[(Metric, Bounds)]| given.iter().rev().find(|(of, _)| *of == metric).map(|(_, bounds)| *bounds);
        let (warning, critical) = (last(&self.warning), last(&self.critical));
        (warning.is_some() || critical.is_some()).then_some((warning, critical))
    }

    /// The thresholds of a measure.
    fn bounds(&self, metric: Metric, usual: (Option<Bounds>, Option<Bounds>)) -> (Option<Bounds>, Option<Bounds>) {
        self.given(metric).unwrap_or(usual)
    }
}

/// How a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing is wrong.
    Ok,
    /// Near a limit, or blind.
    Warning,
    /// Clients are turned away, or are about to be.
    Critical,
    /// Nobody can tell.
    Unknown,
}

impl State {
    /// As monitoring systems call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Check {
    /// How the server stands.
    pub state: State,
    /// Why, the weightiest first; texts of logs may be in it.
    reasons: Vec<String>,
    measures: Vec<Measure>,
    at: Option<Time>,
}

impl Check {
    /// Nobody can tell, and why.
    #[must_use]
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { state: State::Unknown, reasons: vec![why.into()], measures: Vec::new(), at: None }
    }

    /// How the server stands at a moment.
    #[must_use]
    pub fn of(moment: &Moment<'_>, asked: &Asked) -> Self {
        let seconds = moment.at.second() - asked.last..moment.at.second() + 1;
        let records = moment.sources.keys().filter_map(|source| moment.timeline.records(*source));
        let Some(newest) = records.filter_map(|series| series.last_before(seconds.end)).max() else {
            return Self { at: Some(moment.at), ..Self::unknown("no record of a log that can be read is older than now") };
        };
        let age = asked.now.unwrap_or(moment.at).second() - newest;
        if asked.stale.is_some_and(|stale| age > stale) {
            let newest = Time::from_second(newest);
            let why =
                format!("the newest record is of {newest}, {} ago: are the logs still written, and the paths right?", span(age));
            return Self { at: Some(moment.at), ..Self::unknown(why) };
        }
        let mut measures = measure::all(moment, asked, &seconds);
        measures.push(measure::age(asked, age));
        let mut verdicts: Vec<(State, String)> = measures.iter().filter_map(Measure::verdict).collect();
        // The measure of clients turned away says it with the counts of the window.
        let told = verdicts.iter().any(|(state, _)| *state == State::Critical) && measures.first().is_some_and(Measure::is_alarm);
        let found = findings(moment, asked, seconds.start);
        verdicts.extend(found.into_iter().filter(|(state, _)| !(told && *state == State::Critical)));
        verdicts.extend(unreadable(moment));
        // What is said first is the worst; of equals, what was found first.
        verdicts.sort_by_key(|(state, _)| std::cmp::Reverse(*state));
        let state = verdicts.first().map_or(State::Ok, |(state, _)| *state);
        let mut reasons: Vec<String> = verdicts.into_iter().map(|(_, reason)| reason).collect();
        if reasons.is_empty() {
            reasons.push(format!("nobody turned away in {}, newest record {} old", span(asked.last), span(age)));
        }
        if asked.now.is_some_and(|now| now > moment.at) {
            reasons.push(format!("as of {}, the newest record", moment.at));
        }
        Self { state, reasons, measures, at: Some(moment.at) }
    }
}

/// Findings that were last seen in the window.
fn findings(moment: &Moment<'_>, asked: &Asked, from: i64) -> Vec<(State, String)> {
    let own = asked.given(Metric::TurnedAway).is_some();
    // Whoever set the thresholds of a measure is not told of the same by a rule with others.
    let is_measured = |rule: &str| {
        let metric = match rule {
            "iis-near-limit" | "sepm-push-storm" => Metric::InFlight,
            "ns-burst" | "ns-slow-clients" => Metric::NsSlots,
            "pool-low" | "pool-tag-hog" => Metric::PoolAvailable,
            _ => return false,
        };
        asked.given(metric).is_some()
    };
    let stories = Diagnosis::of(moment).stories;
    let all = stories.iter().flat_map(|story| &story.findings).filter(|finding| finding.last.second() >= from);
    all.filter_map(|finding| match finding.severity {
        Severity::Critical if !own => Some((State::Critical, finding.title.clone())),
        Severity::Warning if !is_measured(finding.rule) => Some((State::Warning, finding.title.clone())),
        Severity::Critical | Severity::Warning | Severity::Info => None,
    })
    .collect()
}

/// Logs that may not be read: whatever happens in them is not seen.
fn unreadable(moment: &Moment<'_>) -> Option<(State, String)> {
    let denied = moment.sources.values().filter(|source| matches!(source.health, Health::Denied(_) | Health::Unreachable(_)));
    let refused =
        moment.sources.values().filter(|source| matches!(source.kind, Kind::Blg | Kind::CentralBinary | Kind::IisNative));
    let count = denied.chain(refused).count();
    (count > 0).then(|| (State::Warning, format!("{count} of {} files cannot be read", moment.sources.len())))
}

/// `45 s`, `15 min` or `3 h`
fn span(seconds: i64) -> String {
    match seconds {
        i64::MIN..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}
