//! Rules: what is wrong, since when, how often, the lines that prove it, and what to do.
//!
//! A rule is a pure function of a moment. It is one row of [`RULES`] and one file. It may answer that something is *not yet
//! knowable*, which is not *fine*.

mod http_connections_refused;
mod iis_503_2;
mod log_cannot_tell;
mod not_iis;
mod ns_slots_full;

use crate::counters::{self, REJECTED};
use crate::engine::Moment;
use crate::record::{Origin, SourceId};
use crate::time::Time;
use crate::timeline::tally::{SEPM_503, Tally, Trouble};

/// Seconds without a kind of trouble after which it counts as having set in anew.
pub const QUIET: i64 = 300;
/// Lines that a finding brings as its proof, at most.
const MOST_EVIDENCE: usize = 5;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Clients are being turned away.
    Critical,
    /// Near a limit, or blind: a log that cannot answer.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// `critical`, `warning` or `info`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What a finding is about: where to look next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An application, by name.
    App(String),
    /// The non-paged pool.
    Pool,
    /// The Notification Server's slots.
    Ns,
    /// A log.
    Source(SourceId),
    /// The HTTPERR log as a whole.
    HttpErr,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What to do.
    pub text: String,
    /// A command that does it.
    pub command: Option<String>,
    /// What to mind.
    pub caution: Option<&'static str>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name, which scripts know.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// What was measured against what.
    pub detail: String,
    /// When it was first seen.
    pub first: Time,
    /// When it was last seen.
    pub last: Time,
    /// How often.
    pub count: u64,
    /// When it set in: once after each quiet while.
    pub onsets: Vec<Time>,
    /// Lines that prove it.
    pub evidence: Vec<Origin>,
    /// What to do.
    pub remedies: Vec<Remedy>,
    /// Where the knowledge comes from.
    pub sources: &'static [&'static str],
    /// What it is about.
    pub subject: Subject,
}

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
pub static RULES: &[Rule] =
    &[iis_503_2::RULE, http_connections_refused::RULE, ns_slots_full::RULE, log_cannot_tell::RULE, not_iis::RULE];

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
    pub findings: Vec<Finding>,
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
        findings.sort_by(|a, b| (a.severity, b.last, a.first, a.rule).cmp(&(b.severity, a.last, b.first, b.rule)));
        let untold = untold(moment, &findings);
        Self { findings, untold, not_knowable }
    }
}

/// Everything that is wrong as of a moment: the worst first, then what was seen last.
#[must_use]
pub fn findings(moment: &Moment<'_>) -> Vec<Finding> {
    Diagnosis::of(moment).findings
}

/// Clients turned away as of a moment, by reason, the most frequent first, whether a rule knows the reason or not. Other users of
/// HTTP.sys are not counted. What HTTP.sys counts and what HTTPERR tells of full queues are the same requests: the greater counts.
#[must_use]
pub fn turned_away(moment: &Moment<'_>) -> Vec<(String, u64)> {
    let end = moment.at.second() + 1;
    let mut reasons = std::collections::BTreeMap::<String, u64>::new();
    for (trouble, tally) in moment.timeline.troubles() {
        let reason = match trouble {
            Trouble::Http503 { substatus: Some(substatus), .. } => format!("503.{substatus}"),
            Trouble::Http503 { substatus: None, .. } => String::from("503"),
            Trouble::HttpErr { phrase, turned_away: true } => phrase.to_string(),
            _ => continue,
        };
        *reasons.entry(reason).or_default() += tally.sum(i64::MIN..end);
    }
    let full = reasons.entry(String::from("QueueFull")).or_default();
    *full = rejected(moment).max(*full);
    let mut rows: Vec<(String, u64)> = reasons.into_iter().filter(|(_, count)| *count > 0).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    rows
}

/// Requests that HTTP.sys counted as turned away since the queues of application pools were full.
fn rejected(moment: &Moment<'_>) -> u64 {
    let Some((from, _)) = moment.timeline.span() else { return 0 };
    let seconds = from.second()..moment.at.second() + 1;
    let (before, behind) = REJECTED;
    let queues = moment.timeline.counters_under(before).filter_map(|(path, _)| path.strip_prefix(before)?.strip_suffix(behind));
    let of_pools = queues.filter(|queue| *queue != "_total" && !queue.starts_with("---"));
    of_pools.map(|queue| counters::rejected_within(moment, queue, &seconds)).sum()
}

fn untold(moment: &Moment<'_>, findings: &[Finding]) -> Option<Untold> {
    // What the three rules of turned-away clients tell of themselves.
    let ns = findings.iter().any(|finding| finding.rule == ns_slots_full::RULE.name);
    let is_told = |reason: &str| match reason {
        "503.2" | crate::formats::httperr::CONNECTIONS_REFUSED => true,
        "N/A" | "503" | "503.0" => ns,
        _ => false,
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

/// How often a kind of trouble was seen by a moment, and when; `None` if never.
struct Seen {
    count: u64,
    first: Time,
    last: Time,
    onsets: Vec<Time>,
}

impl Seen {
    fn of(tallies: &[&Tally], at: Time) -> Option<Self> {
        let end = at.second() + 1;
        let count = tallies.iter().map(|t| t.sum(i64::MIN..end)).sum();
        let first = tallies.iter().filter_map(|t| t.counts().first()).min().filter(|first| *first < end)?;
        let last = tallies.iter().filter_map(|t| t.counts().last_before(end)).max()?;
        let mut onsets: Vec<i64> = tallies.iter().flat_map(|t| t.onsets(end, QUIET)).collect();
        onsets.sort_unstable();
        onsets.dedup_by(|b, a| *b - *a <= QUIET);
        let onsets = onsets.into_iter().map(Time::from_second).collect();
        Some(Self { count, first: Time::from_second(first), last: Time::from_second(last), onsets })
    }
}

fn evidence(tallies: &[&Tally], at: Time) -> Vec<Origin> {
    let share = (MOST_EVIDENCE / tallies.len().max(1)).max(2);
    let mut origins: Vec<Origin> = tallies.iter().flat_map(|t| t.proofs(at.second() + 1, share)).collect();
    // One record may prove two kinds of trouble.
    let mut seen = std::collections::BTreeSet::new();
    origins.retain(|origin| seen.insert(*origin));
    origins
}

/// `1 client` or `812 clients`.
fn plural(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// Megabytes of 2^20 bytes with one decimal: `109.3 MB`.
#[must_use]
pub fn megabytes(bytes: f64) -> String {
    let megabytes = bytes / 1_048_576.0;
    // The pool of a 64-bit server may have many gigabytes.
    if megabytes.abs() < 10_240.0 { format!("{megabytes:.1} MB") } else { format!("{:.1} GB", megabytes / 1024.0) }
}
