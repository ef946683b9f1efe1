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

use crate::diagnosis::{Diagnosis, Finding, Severity, Story, Subject};
use crate::engine::source::Source;
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
    /// Of which moment it is, where that is not now.
    as_of: Option<String>,
    /// Why, the weightiest first; texts of logs may be in it.
    reasons: Vec<String>,
    measures: Vec<Measure>,
    at: Option<Time>,
}

impl Check {
    /// Nobody can tell, and why.
    #[must_use]
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { state: State::Unknown, as_of: None, reasons: vec![why.into()], measures: Vec::new(), at: None }
    }

    /// How the server stands at a moment.
    #[must_use]
    pub fn of(moment: &Moment<'_>, asked: &Asked) -> Self {
        let seconds = moment.at.second() - asked.last..moment.at.second() + 1;
        let records = moment.sources.keys().filter_map(|source| moment.timeline.records(*source));
        let Some(newest) = records.filter_map(|series| series.last_before(seconds.end)).max() else {
            return Self { at: Some(moment.at), ..Self::unknown(no_record(moment)) };
        };
        let age = asked.now.unwrap_or(moment.at).second() - newest;
        if asked.stale.is_some_and(|stale| age > stale) {
            let newest = Time::from_second(newest);
            let why =
                format!("the newest record is of {newest}, {} ago: are the logs still written, and the paths right?", span(age));
            return Self { at: Some(moment.at), ..Self::unknown(why) };
        }
        let away = measure::turned_away(moment, asked, &seconds);
        let mut measures = vec![away.measure];
        measures.extend(measure::others(moment, asked, &seconds));
        measures.push(measure::age(asked, age));
        let mut verdicts: Vec<(State, String)> = measures.iter().filter_map(Measure::verdict).collect();
        verdicts.extend(happened(moment, asked, seconds.start, &measures));
        verdicts.extend(unreadable(moment));
        // What is said first is the worst; of equals, what was found first.
        verdicts.sort_by_key(|(state, _)| std::cmp::Reverse(*state));
        let state = verdicts.first().map_or(State::Ok, |(state, _)| *state);
        let mut reasons: Vec<String> = verdicts.into_iter().map(|(_, reason)| reason).collect();
        if reasons.is_empty() {
            reasons.push(match away.count {
                0 => format!("nobody turned away in {}, newest record {} old", span(asked.last), span(age)),
                count => format!("{count} turned away in {}, within thresholds", span(asked.last)),
            });
        }
        // A log of long ago tells nothing of now: that is never cut off.
        let told = asked.now.filter(|now| *now > moment.at);
        let as_of = told.map(|_| format!("as of {}, the newest record, {} ago", moment.at, span(age)));
        Self { state, as_of, reasons, measures, at: Some(moment.at) }
    }
}

/// Why there is nothing to tell from.
fn no_record(moment: &Moment<'_>) -> String {
    if let Some((first, _)) = moment.timeline.span().filter(|(first, _)| *first > moment.at) {
        return format!("no record is as old as {}: the first one is of {first}", moment.at);
    }
    let mut told = moment.sources.values().filter(|source| !source.is_sign());
    let problem = told.find_map(|source| Some(format!("{}: {}", file_name(source), source.problem(moment.heard)?)));
    problem.unwrap_or_else(|| String::from("no record with a time was read from these files: are they logs of this server?"))
}

/// What happened in the window: each story in a sentence, the worst first.
fn happened(moment: &Moment<'_>, asked: &Asked, from: i64, measures: &[Measure]) -> Vec<(State, String)> {
    let own = asked.given(Metric::TurnedAway).is_some();
    // The measure of clients turned away says it with the counts of the window.
    let counted = measures.first().and_then(Measure::verdict).is_some_and(|(state, _)| state == State::Critical);
    let counts = |finding: &&Finding| match finding.severity {
        Severity::Critical => !own && !counted,
        Severity::Warning => !is_measured(finding, asked, measures),
        Severity::Info => false,
    };
    let told = |story: Story| {
        let seen: Vec<&Finding> = story.findings.iter().filter(|finding| finding.last.second() >= from).collect();
        let worst = seen.iter().copied().filter(counts).min_by_key(|finding| finding.severity)?;
        let state = if worst.severity == Severity::Critical { State::Critical } else { State::Warning };
        // The claim counts the clients of the whole story: beside a count of the window, the cause alone says enough.
        let is_claimed = worst.severity == story.severity;
        Some((state, if is_claimed { story.claim.clone() } else { worst.title.clone() }))
    };
    Diagnosis::of(moment).stories.into_iter().filter_map(told).collect()
}

/// Whether a measure tells the same as a warning. Whoever set the thresholds of a measure is not told of it by a rule with others.
fn is_measured(finding: &Finding, asked: &Asked, measures: &[Measure]) -> bool {
    let metric = match finding.rule {
        "iis-near-limit" | "sepm-push-storm" => Metric::InFlight,
        "ns-burst" | "ns-slow-clients" => Metric::NsSlots,
        "pool-low" | "pool-tag-hog" => Metric::PoolAvailable,
        _ => return false,
    };
    let of = if let Subject::App(app) = &finding.subject { &**app } else { "" };
    // That much is in flight, and that little is left: the measure has said it. Who holds it has not been said.
    let said = |measure: &Measure| measure.metric == metric && measure.of == *of && measure.is_alarm();
    asked.given(metric).is_some() || ["iis-near-limit", "pool-low"].contains(&finding.rule) && measures.iter().any(said)
}

/// Logs that may not be read: whatever happens in them is not seen.
fn unreadable(moment: &Moment<'_>) -> Option<(State, String)> {
    let is_denied = |source: &&Source| matches!(source.health, Health::Denied(_) | Health::Unreachable(_));
    let is_refused = |source: &&Source| matches!(source.kind, Kind::Blg | Kind::CentralBinary | Kind::IisNative);
    let unread: Vec<&Source> = moment.sources.values().filter(|source| is_denied(source) || is_refused(source)).collect();
    let first = unread.first()?;
    let why = first.problem(moment.heard).map_or_else(String::new, |why| format!(", {}: {why}", file_name(first)));
    Some((State::Warning, format!("{} of {} files cannot be read{why}", unread.len(), moment.sources.len())))
}

/// Its name without the folder: the line has little room.
fn file_name(source: &Source) -> String {
    source.path.file_name().map_or_else(|| source.name(), |name| name.to_string_lossy().into_owned())
}

/// `45 s`, `15 min`, `3 h`, `5 days` or `17 years`
fn span(seconds: i64) -> String {
    const DAY: i64 = 86_400;
    match seconds {
        i64::MIN..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        172_800..63_072_000 => format!("{} days", seconds / DAY),
        _ => format!("{} years", seconds / (365 * DAY)),
    }
}
