//! `http-timers`: many slow clients, whose connections HTTP.sys ends because they take too long to send or to read (KB 820729).

use super::finding::{Finding, Remedy, Seen, Severity, evidence, plural};
use super::platform::Iis;
use super::refusals::by_place;
use super::{Rule, Subject, Verdict};
use crate::engine::Moment;
use crate::timeline::tally::Tally;

pub(super) const RULE: Rule = Rule {
    name: "http-timers",
    watches: "Timer_MinBytesPerSecond, Timer_EntityBody, Timer_HeaderWait in HTTPERR of many clients at once; idle connections that end are none of that",
    check,
};

const PHRASES: [&str; 3] = ["Timer_MinBytesPerSecond", "Timer_EntityBody", "Timer_HeaderWait"];
/// Different clients that there must be: one slow client is its own affair.
const CLIENTS: u64 = 20;
/// Rows within [`WINDOW`] seconds that there must be.
const ROWS: u64 = 60;
const WINDOW: i64 = 900;

fn check(moment: &Moment<'_>) -> Verdict {
    let all: Vec<(&str, &Tally)> = by_place(moment, &PHRASES).into_values().flatten().collect();
    Verdict::of(finding(moment, &all))
}

fn finding(moment: &Moment<'_>, tallies: &[(&str, &Tally)]) -> Option<Finding> {
    let end = moment.at.second() + 1;
    let all: Vec<&Tally> = tallies.iter().map(|(_, tally)| *tally).collect();
    let clients = all.iter().map(|tally| tally.clients(end)).max()?;
    if clients < CLIENTS || busiest(&all, end) < ROWS {
        return None;
    }
    let seen = Seen::of(&all, moment.at)?;
    let told: Vec<String> = tallies
        .iter()
        .map(|(phrase, tally)| (phrase, tally.sum(i64::MIN..end)))
        .filter(|(_, count)| *count > 0)
        .map(|(phrase, count)| format!("{phrase} {count}"))
        .collect();
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: format!("{} of slow clients ended by HTTP.sys", plural(seen.count, "connection", "connections")),
        detail: format!(
            "{}, of {clients} clients or more. They send or read more slowly than HTTP.sys waits for: a slow or lossy line, bandwidth throttling, or an attack \
             that keeps connections open. Their requests are in flight for long, and add to what counts against the limits.",
            told.join(", ")
        ),
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets,
        evidence: evidence(&all, moment.at),
        rules_out: vec![String::from("Not the end of idle connections: Timer_ConnectionIdle is not counted.")],
        remedies: vec![
            Remedy::new(
                "See which networks the clients are in: one branch office points to its line, all of them to a balancer, a proxy or throttling.",
            ),
            Remedy::new(
                "If only large answers are concerned: lower the least bytes per second that a client must take (240 by default).",
            )
            .by(Iis::of(moment).least_bytes(150))
            .mind("Slow connections are then kept longer, and so are those of an attacker."),
        ],
        verify: Some(
            Remedy::new("Afterwards such rows are few again:")
                .by("findstr Timer_ %windir%\\System32\\LogFiles\\HTTPERR\\httperr*.log"),
        ),
        sources: &["KB 820729", "IIS configuration reference: webLimits"],
        subject: Subject::HttpErr,
    })
}

/// The most rows within [`WINDOW`] seconds.
fn busiest(tallies: &[&Tally], end: i64) -> u64 {
    let mut rows: Vec<(i64, u64)> = tallies
        .iter()
        .flat_map(|t| t.counts().nonzero(i64::MIN..end).map(|(second, count)| (second, u64::from(count))))
        .collect();
    rows.sort_unstable();
    let (mut most, mut sum, mut oldest) = (0, 0, 0);
    for (second, count) in &rows {
        sum += count;
        while let Some((old, gone)) = rows.get(oldest).filter(|(old, _)| second - old >= WINDOW) {
            debug_assert!(old <= second);
            sum -= gone;
            oldest += 1;
        }
        most = sum.max(most);
    }
    most
}
