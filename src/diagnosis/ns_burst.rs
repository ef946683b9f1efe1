//! `ns-burst`: configuration requests come bunched, where the clients' interval would spread them evenly (KB 176788).

use std::ops::RangeInclusive;

use super::finding::{Finding, Remedy, Seen, Severity, Subject};
use super::ns_slots_full::troubled;
use super::{Rule, Verdict, plural};
use crate::engine::Moment;
use crate::time::Time;
use crate::timeline::NsSeries;
use crate::timeline::distinct::{Distinct, rounded};
use crate::timeline::tally::NsRequest;

pub(super) const RULE: Rule = Rule {
    name: "ns-burst",
    watches: "configuration requests bunched, while slots are short: the busiest quarter of the 4-hour interval has more than twice its share of the clients",
    check,
};

/// Each client asks once within so many stretches of [`NsSeries::STRETCH`] (KB 176788: every 4 hours).
const INTERVAL: i64 = 4 * 3600 / NsSeries::STRETCH;
/// The busiest part of them.
const QUARTER: i64 = INTERVAL / 4;
/// Of the other stretches so many must be known: from none nobody can tell what is usual.
const OTHERS: usize = 3;
/// Fewer clients are bunched by chance.
const FEWEST: f64 = 200.0;
/// Rows of the burst to show.
const MOST_ROWS: usize = 5;

fn check(moment: &Moment<'_>) -> Verdict {
    let Some(series) = moment.timeline.ns(NsRequest::GetClientPolicies) else { return Verdict::Fine };
    let Some(trouble) = troubled(moment) else { return Verdict::Fine };
    Verdict::of(finding(moment, series, &trouble))
}

fn finding(moment: &Moment<'_>, series: &NsSeries, trouble: &Seen) -> Option<Finding> {
    let end = moment.at.second() + 1;
    let interval = interval(moment, series, trouble)?;
    let known: Vec<(i64, &Distinct)> = series.clients.range(interval).map(|(stretch, clients)| (*stretch, clients)).collect();
    let whole = union(&known);
    // Clients that come again, since they were turned away, count once: of a sample of all clients, those in the busiest quarter.
    let in_window = |from: i64| known.iter().filter(move |(stretch, _)| (from..from + QUARTER).contains(stretch));
    let met = |from: i64| whole.sample(end).filter(|hash| in_window(from).any(|(_, clients)| clients.keeps(*hash))).count();
    let from = known.iter().map(|(stretch, _)| *stretch).rev().max_by_key(|from| met(*from))?;
    let others: Vec<&Distinct> =
        known.iter().filter(|(stretch, _)| !(from..from + QUARTER).contains(stretch)).map(|(_, clients)| *clients).collect();
    // The last stretch may not be over.
    let over = |stretch: i64| (stretch + 1) * NsSeries::STRETCH <= end;
    let usual = known.iter().filter(|(stretch, _)| over(*stretch)).map(|(_, clients)| clients.count(end)).min()?;
    let mut rest: Vec<u64> = others.iter().map(|clients| clients.count(end)).collect();
    rest.sort_unstable();
    let inside: u64 = in_window(from).map(|(_, clients)| clients.count(end)).sum();
    // Clients that ask more often than once an interval are all met within any part of it: the quieter stretches must have fewer.
    let quieter = rest.get(rest.len() / 4).copied()?;
    if others.len() < OTHERS || quieter * 2 * QUARTER.unsigned_abs() > inside {
        return None;
    }
    let unknown = u64::try_from(INTERVAL).ok()?.saturating_sub(known.len() as u64);
    #[expect(clippy::cast_precision_loss, reason = "counts of clients")]
    let (asked, all, extra) = (
        met(from) as f64 / whole.sample(end).count().max(1) as f64 * whole.count(end) as f64,
        whole.count(end) as f64,
        (usual * unknown) as f64,
    );
    let share = asked / (all + extra);
    if share <= 0.5 || asked < FEWEST {
        return None;
    }
    let burst = extent(&known, from, end);
    let seconds = burst.start() * NsSeries::STRETCH..((burst.end() + 1) * NsSeries::STRETCH).min(end);
    let (first, last) = (Time::from_second(seconds.start), Time::from_second(seconds.end - 1));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of clients")]
    let (asked, all) = (rounded(asked.round() as u64), rounded(all.round() as u64));
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: format!(
            "{:.0} % of the clients of four hours asked within {} minutes",
            share * 100.0,
            QUARTER * NsSeries::STRETCH / 60
        ),
        detail: format!(
            "From {first} to {last} clients came bunched: about {asked} different ones asked for their configuration within {} minutes, about {all} in all that the logs hold of the 4 hours around it; what they \
             do not hold is reckoned like their quietest {} minutes, with {}. Each client asks once in 4 hours: evenly spread, a quarter of them \
             would have come. Something makes them ask together: a script that forces the request, a policy that is applied to all at once, the start of work.",
            QUARTER * NsSeries::STRETCH / 60,
            NsSeries::STRETCH / 60,
            plural(usual, "client", "clients"),
        ),
        first,
        last,
        count: asked,
        onsets: vec![first],
        evidence: series.served.longest.within(&seconds, MOST_ROWS),
        rules_out: vec![String::from("Not clients that come again since they were turned away: each client is counted once.")],
        remedies: vec![
            Remedy::new(
                "Find what makes them ask together, and stop it: a script or a task that forces configuration requests (in KB 176788 it was a VBScript).",
            ),
            Remedy::new("Let the clients' own interval spread the requests: far fewer slots are enough then."),
        ],
        verify: Some(Remedy::new(
            "No quarter of the interval may bring more than half of the clients: the hours of a day must look alike.",
        )),
        sources: &["KB 176788"],
        subject: Subject::Ns,
    })
}

/// The stretches around the busiest quarter that have at least half as many clients as its own on average.
fn extent(known: &[(i64, &Distinct)], from: i64, end: i64) -> RangeInclusive<i64> {
    let count = |stretch: i64| known.iter().find(|(at, _)| *at == stretch).map_or(0, |(_, clients)| clients.count(end));
    let usual = (from..from + QUARTER).map(count).sum::<u64>() / u64::try_from(QUARTER).unwrap_or(1);
    let is_busy = |stretch: &i64| count(*stretch) * 2 >= usual.max(1);
    let first = (0..from).rev().take_while(is_busy).last().unwrap_or(from);
    let last = (from + QUARTER..from + INTERVAL).take_while(is_busy).last().unwrap_or(from + QUARTER - 1);
    first..=last
}

fn union(stretches: &[(i64, &Distinct)]) -> Distinct {
    stretches.iter().fold(Distinct::default(), |mut all, (_, clients)| {
        all.merge(clients);
        all
    })
}

/// The stretches of the interval around the trouble, as far as the logs go.
fn interval(moment: &Moment<'_>, series: &NsSeries, trouble: &Seen) -> Option<RangeInclusive<i64>> {
    let last =
        series.clients.range(..=moment.at.second().div_euclid(NsSeries::STRETCH)).next_back().map(|(stretch, _)| *stretch)?;
    let first = series.clients.keys().next().copied()?;
    let middle = trouble.first.second().midpoint(trouble.last.second()).div_euclid(NsSeries::STRETCH);
    let from = (middle - INTERVAL / 2).min(last - INTERVAL + 1).max(first);
    Some(from..=(from + INTERVAL - 1).min(last))
}
