//! What a rule finds: what happened, since when and how often, the lines that prove it, and what to do.

use crate::record::{Origin, SourceId};
use crate::time::Time;
use crate::timeline::distinct;
use crate::timeline::tally::Tally;

/// Seconds without a kind of trouble after which it counts as having set in anew.
pub const QUIET: i64 = 300;
/// Lines that a finding brings as its proof, at most.
const MOST_EVIDENCE: usize = 10;

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
    /// A pool tag.
    Tag([u8; 4]),
    /// An application pool, by name.
    AppPool(String),
    /// A site, by its id.
    Site(String),
    /// Symantec Endpoint Protection Manager.
    Sepm,
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

impl Remedy {
    /// Something to do.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), command: None, caution: None }
    }

    /// With the command that does it.
    #[must_use]
    pub fn by(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }

    /// A sentence that announced a command which is not there ends as one that does not.
    pub(super) fn end(&mut self) {
        if self.command.is_none() && self.text.ends_with(':') {
            self.text.pop();
            self.text.push('.');
        }
    }

    /// With what to mind.
    #[must_use]
    pub fn mind(self, caution: &'static str) -> Self {
        Self { caution: Some(caution), ..self }
    }
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
    /// The lines that prove it: the most telling ones, ten at most.
    pub evidence: Vec<Origin>,
    /// What it cannot have been, going by the same logs.
    pub rules_out: Vec<String>,
    /// What to do, the best first.
    pub remedies: Vec<Remedy>,
    /// How to see that it helped.
    pub verify: Option<Remedy>,
    /// Where the knowledge comes from.
    pub sources: &'static [&'static str],
    /// What it is about.
    pub subject: Subject,
}

/// How often a kind of trouble was seen by a moment, and when; `None` if never.
pub(super) struct Seen {
    pub count: u64,
    pub first: Time,
    pub last: Time,
    pub onsets: Vec<Time>,
    /// The spells of it, each with its first and last second.
    pub spells: Vec<(i64, i64)>,
}

impl Seen {
    pub fn of(tallies: &[&Tally], at: Time) -> Option<Self> {
        let end = at.second() + 1;
        let count = tallies.iter().map(|t| t.sum(i64::MIN..end)).sum();
        let first = tallies.iter().filter_map(|t| t.counts().first()).min().filter(|first| *first < end)?;
        let last = tallies.iter().filter_map(|t| t.counts().last_before(end)).max()?;
        let spells = spells(tallies, end, QUIET);
        let onsets = spells.iter().map(|(begin, _)| Time::from_second(*begin)).collect();
        Some(Self { count, first: Time::from_second(first), last: Time::from_second(last), onsets, spells })
    }

    /// What a counter counted: when, and by how much it grew.
    pub fn counted(grew: &[(Time, f64)]) -> Option<Self> {
        let spells = joined(grew.iter().map(|(time, _)| (time.second(), time.second())), QUIET);
        let begins = |time: &Time| spells.iter().any(|(begin, _)| *begin == time.second());
        let onsets = grew.iter().map(|(time, _)| *time).filter(begins).collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that grew")]
        let count = grew.iter().map(|(_, by)| by).sum::<f64>().round() as u64;
        Some(Self { count, first: grew.first()?.0, last: grew.last()?.0, onsets, spells })
    }

    /// Something that was so once.
    pub fn at(time: Time) -> Self {
        Self { count: 1, first: time, last: time, onsets: vec![time], spells: vec![(time.second(), time.second())] }
    }
}

/// The spells of some tallies together.
pub(super) fn spells(tallies: &[&Tally], end: i64, quiet: i64) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = tallies.iter().flat_map(|tally| tally.spells(end, quiet)).collect();
    all.sort_unstable();
    joined(all, quiet)
}

/// Spells in the order of their beginnings, those that are near each other taken together.
fn joined(all: impl IntoIterator<Item = (i64, i64)>, quiet: i64) -> Vec<(i64, i64)> {
    let mut spells: Vec<(i64, i64)> = Vec::new();
    for (begin, end) in all {
        match spells.last_mut() {
            Some((_, last)) if begin - *last <= quiet => *last = end.max(*last),
            _ => spells.push((begin, end)),
        }
    }
    spells
}

/// ` of 640 clients`, as far as their rows name them; nothing where they do not.
pub(super) fn of_clients(tallies: &[&Tally], at: Time) -> String {
    let count = |tally: &&Tally| tally.clients(at.second() + 1);
    match tallies.iter().map(count).max() {
        None | Some(0) => String::new(),
        Some(1) => String::from(" of 1 client"),
        Some(many) => format!(" of {} clients", distinct::shown(many)),
    }
}

/// The most telling lines of some tallies, ten at most.
pub(super) fn evidence(tallies: &[&Tally], at: Time) -> Vec<Origin> {
    evidence_within(tallies, &(i64::MIN..at.second() + 1))
}

/// The same of some seconds.
pub(super) fn evidence_within(tallies: &[&Tally], seconds: &std::ops::Range<i64>) -> Vec<Origin> {
    let share = (MOST_EVIDENCE / tallies.len().max(1)).max(2);
    let mut origins: Vec<Origin> = tallies.iter().flat_map(|t| t.proofs(seconds, share)).collect();
    // One record may prove two kinds of trouble.
    let mut seen = std::collections::BTreeSet::new();
    origins.retain(|origin| seen.insert(*origin));
    origins
}

/// `1 client` or `812 clients`.
pub(super) fn plural(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// Megabytes of 2^20 bytes with one decimal: `109.3 MB`.
#[must_use]
pub fn megabytes(bytes: f64) -> String {
    let megabytes = bytes / 1_048_576.0;
    // The pool of a 64-bit server may have many gigabytes.
    if megabytes.abs() < 10_240.0 { format!("{megabytes:.1} MB") } else { format!("{:.1} GB", megabytes / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(clients: u32) -> Tally {
        let mut tally = Tally::default();
        for client in 0..clients {
            tally.add_client(i64::from(client), format!("192.0.2.{client}").as_bytes());
        }
        tally
    }

    #[test]
    fn clients_are_counted_as_exactly_as_they_are_known() {
        let told = |clients: u32, second: i64| of_clients(&[&tally(clients)], Time::from_second(second));
        assert_eq!(
            (told(0, 9).as_str(), told(3, 0).as_str(), told(1000, 1100).as_str()),
            ("", " of 1 client", " of 1000 clients")
        );
        let many = told(5000, 9999);
        let count: u64 = many.trim_start_matches(" of about ").trim_end_matches(" clients").parse().unwrap();
        assert!((4500..5500).contains(&count) && count.is_multiple_of(100), "{many}");
    }

    #[test]
    fn what_a_counter_counted_sets_in_anew_after_a_quiet_while() {
        let at = Time::from_second;
        let grew = [(at(100), 3.0), (at(160), 4.0), (at(100 + QUIET + 61), 1.0)];
        let seen = Seen::counted(&grew).unwrap();
        assert_eq!((seen.count, seen.first, seen.last), (8, at(100), at(461)));
        assert_eq!(seen.spells, [(100, 160), (461, 461)]);
        assert_eq!(seen.onsets, [at(100), at(461)]);
        assert!(Seen::counted(&[]).is_none());
    }
}
