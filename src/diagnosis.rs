//! Rules: what is wrong, since when, how often, the lines that prove it, and what to do.
//!
//! A rule is a pure function of a moment. It is one row of [`RULES`] and one file. It may answer that something is *not yet
//! knowable*, which is not *fine*.

pub mod capacity;
pub mod change;
mod excluded;
mod finding;
mod http_abandoned;
mod http_app_offline;
mod http_conn_limit;
mod http_connections_refused;
mod http_disabled;
mod http_queue_full;
mod http_timers;
mod iis_503_2;
mod iis_503_other;
mod iis_near_limit;
mod log_cannot_tell;
mod not_iis;
mod ns_burst;
mod ns_slots_full;
mod ns_slow_clients;
mod platform;
mod pool_low;
mod pool_remedies;
mod pool_tag_hog;
mod refusals;
mod sepm_push_storm;
mod sepm_server_503;
mod story;
mod windows;

use std::ops::Range;

use crate::counters::{self, REJECTED};
use crate::engine::Moment;
use crate::slots;
use crate::timeline::tally::{NsRequest, SEPM_503, Trouble};
pub use finding::{Finding, QUIET, Remedy, Severity, Subject, megabytes};
use finding::{Seen, evidence, plural};
pub use story::Story;

/// What a rule says of a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Looked, and nothing is wrong.
    Fine,
    /// Nobody can tell; the sentence says what is missing.
    NotKnowable(&'static str),
    /// Something is wrong.
    Found(Vec<Finding>),
}

impl Verdict {
    /// Fine, if there are no findings.
    fn of(findings: impl IntoIterator<Item = Finding>) -> Self {
        let findings: Vec<Finding> = findings.into_iter().collect();
        if findings.is_empty() { Self::Fine } else { Self::Found(findings) }
    }
}

/// A row of [`RULES`].
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name, which scripts know.
    pub name: &'static str,
    /// What it watches for, in one sentence.
    pub watches: &'static str,
    /// Looks at a moment.
    pub check: fn(&Moment<'_>) -> Verdict,
}

/// All rules.
pub static RULES: &[Rule] = &[
    iis_503_2::RULE,
    iis_near_limit::RULE,
    iis_503_other::RULE,
    sepm_push_storm::RULE,
    sepm_server_503::RULE,
    http_connections_refused::RULE,
    http_queue_full::RULE,
    http_app_offline::RULE,
    http_conn_limit::RULE,
    http_disabled::RULE,
    http_abandoned::RULE,
    http_timers::RULE,
    ns_slots_full::RULE,
    ns_burst::RULE,
    ns_slow_clients::RULE,
    pool_low::RULE,
    pool_tag_hog::RULE,
    log_cannot_tell::RULE,
    not_iis::RULE,
];

/// Clients turned away that no finding tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// How many, and for which reasons.
    pub sentence: String,
    /// The reasons, as [`turned_away`] names them, or [`SEPM_503`].
    pub reasons: Vec<String>,
}

/// What all rules say of a moment. Each of them is asked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Everything that is wrong: the worst first, then what was seen last.
    pub stories: Vec<Story>,
    /// Clients turned away that no finding tells of; `None` if all are told of, or there are none.
    pub untold: Option<Untold>,
    /// What cannot be known: each rule with what it misses.
    pub not_knowable: Vec<(&'static str, &'static str)>,
}

impl Diagnosis {
    /// Asks all rules.
    #[must_use]
    pub fn of(moment: &Moment<'_>) -> Self {
        let (mut findings, mut not_knowable) = (Vec::new(), Vec::new());
        for rule in RULES {
            match (rule.check)(moment) {
                Verdict::Found(found) => findings.extend(found),
                Verdict::NotKnowable(why) => not_knowable.push((rule.name, why)),
                Verdict::Fine => {}
            }
        }
        findings.iter_mut().flat_map(|finding| finding.remedies.iter_mut().chain(&mut finding.verify)).for_each(Remedy::end);
        let untold = untold(moment, &findings);
        Self { stories: story::gather(moment, findings), untold, not_knowable }
    }

    /// All findings: those of a story together, the cause first.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.stories.iter().flat_map(|story| &story.findings)
    }
}

/// All findings of a moment: those of a story together, the cause first.
#[must_use]
pub fn findings(moment: &Moment<'_>) -> Vec<Finding> {
    Diagnosis::of(moment).stories.into_iter().flat_map(|story| story.findings).collect()
}

/// The reason of requests that only the Notification Server's log, or agents, tell were turned away: no HTTP log has their 503.
pub const NOTIFICATION_SERVER: &str = "Notification Server";

/// Clients turned away as of a moment, by reason, the most frequent first, whether a rule knows the reason or not. Other users of
/// HTTP.sys are not counted. What HTTP.sys counts and what HTTPERR tells of full queues are the same requests: the greater counts.
/// What the Notification Server and agents tell beyond the HTTP logs is [`NOTIFICATION_SERVER`].
#[must_use]
pub fn turned_away(moment: &Moment<'_>) -> Vec<(String, u64)> {
    turned_away_within(moment, &(i64::MIN..moment.at.second() + 1))
}

/// The same over some seconds.
#[must_use]
pub fn turned_away_within(moment: &Moment<'_>, seconds: &Range<i64>) -> Vec<(String, u64)> {
    let mut reasons = std::collections::BTreeMap::<String, u64>::new();
    for (trouble, tally) in moment.timeline.troubles() {
        let reason = match trouble {
            Trouble::Http503 { substatus: Some(substatus), .. } => format!("503.{substatus}"),
            Trouble::Http503 { substatus: None, .. } => String::from("503"),
            Trouble::HttpErr { phrase, turned_away: true, .. } => phrase.to_string(),
            _ => continue,
        };
        *reasons.entry(reason).or_default() += tally.sum(seconds.clone());
    }
    let full = reasons.entry(String::from("QueueFull")).or_default();
    *full = rejected(moment, seconds).max(*full);
    let in_http = |request| moment.timeline.count(&Trouble::NsRequest(request), seconds.clone());
    let beyond = |request: NsRequest| slots::turned_away(moment, request, seconds).saturating_sub(in_http(request));
    reasons.insert(String::from(NOTIFICATION_SERVER), NsRequest::ALL.into_iter().map(beyond).sum());
    let mut rows: Vec<(String, u64)> = reasons.into_iter().filter(|(_, count)| *count > 0).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    rows
}

/// Connections that HTTP.sys refused in some seconds, since it had too little non-paged pool.
#[must_use]
pub fn refused_within(moment: &Moment<'_>, seconds: &Range<i64>) -> u64 {
    let is_refused = |trouble: &Trouble| matches!(trouble, Trouble::HttpErr { phrase, .. } if **phrase == *crate::formats::httperr::CONNECTIONS_REFUSED);
    moment.timeline.troubles().filter(|(t, _)| is_refused(t)).map(|(_, tally)| tally.sum(seconds.clone())).sum()
}

/// Requests that HTTP.sys counted as turned away since the queues of application pools were full.
fn rejected(moment: &Moment<'_>, seconds: &Range<i64>) -> u64 {
    let Some((from, _)) = moment.timeline.span() else { return 0 };
    let seconds = from.second().max(seconds.start)..seconds.end;
    let (before, behind) = REJECTED;
    let queues = moment.timeline.counters_under(before).filter_map(|(path, _)| path.strip_prefix(before)?.strip_suffix(behind));
    let of_pools = queues.filter(|queue| *queue != "_total" && !queue.starts_with("---"));
    of_pools.map(|queue| counters::rejected_within(moment, queue, &seconds)).sum()
}

fn untold(moment: &Moment<'_>, findings: &[Finding]) -> Option<Untold> {
    let told_by = |rule: &Rule| findings.iter().any(|finding| finding.rule == rule.name);
    let is_told = |reason: &str| match reason {
        "503.2" => told_by(&iis_503_2::RULE),
        crate::record::CONNECTIONS_REFUSED => told_by(&http_connections_refused::RULE),
        "QueueFull" | "AppPoolTimer" | "Timer_AppPool" | "Timer_ReqQueue" => told_by(&http_queue_full::RULE),
        "AppOffline" | "AppShutdown" => told_by(&http_app_offline::RULE),
        "ConnLimit" => told_by(&http_conn_limit::RULE),
        "Disabled" => told_by(&http_disabled::RULE),
        "N/A" | NOTIFICATION_SERVER => told_by(&ns_slots_full::RULE),
        "503" => told_by(&ns_slots_full::RULE) || told_by(&iis_near_limit::RULE),
        "503.0" => told_by(&ns_slots_full::RULE) || told_by(&iis_503_other::RULE),
        other => other.starts_with("503.") && told_by(&iis_503_other::RULE),
    };
    let untold = turned_away(moment).into_iter().filter(|(reason, _)| !is_told(reason));
    let (mut parts, mut reasons): (Vec<String>, Vec<String>) =
        untold.map(|(reason, count)| (format!("{count} {reason}"), reason)).unzip();
    let seconds = i64::MIN..moment.at.second() + 1;
    let sepm = moment.timeline.count(&Trouble::Sepm503, seconds.clone());
    if sepm > 0 && moment.timeline.apps().next().is_none() {
        parts.push(format!("{sepm} {SEPM_503} in SEPM's own log (add the W3C log of its site)"));
        reasons.push(String::from(SEPM_503));
    }
    (!reasons.is_empty()).then(|| Untold { sentence: format!("turned away for other reasons: {}", parts.join(", ")), reasons })
}
