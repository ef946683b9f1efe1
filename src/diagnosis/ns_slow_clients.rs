//! `ns-slow-clients`: requests take longer than they did under the same load, so each holds its slot longer (KB 176788: bandwidth
//! throttling).

use std::ops::Range;

use super::finding::{Finding, Remedy, Severity, Subject};
use super::ns_slots_full::troubled;
use super::{Rule, Verdict};
use crate::engine::Moment;
use crate::time::Time;
use crate::timeline::NsSeries;
use crate::timeline::tally::NsRequest;

pub(super) const RULE: Rule = Rule {
    name: "ns-slow-clients",
    watches: "requests of a Notification Server that take twice as long as they did while no fewer came, while slots are short: throttled or slow clients",
    check,
};

/// Lengths of the spells that are compared, in seconds: the shortest that tells.
const SPELLS: [i64; 4] = [60, 120, 300, 900];
/// Requests that a spell must have: of fewer, one slow client moves the mean.
const FEWEST: u64 = 20;
/// Spells that must be slow, and as many that must have been fast under the same load.
const SPELLS_AT_LEAST: usize = 3;
/// Twice as long.
const SLOWER: f64 = 2.0;
/// A load is the same if it was at least so much.
const SAME: f64 = 0.8;
/// Nobody looks further back than this, in seconds.
const BACK: i64 = 24 * 3600;

/// What was let in over a spell.
struct Spell {
    from: i64,
    count: u64,
    /// Mean seconds, without the longest of each minute: one client that hangs is no slow clients.
    mean: f64,
}

fn check(moment: &Moment<'_>) -> Verdict {
    if troubled(moment).is_none() {
        return Verdict::Fine;
    }
    let kinds = NsRequest::ALL.into_iter().filter_map(|kind| Some((kind, moment.timeline.ns(kind)?)));
    Verdict::of(kinds.filter_map(|(kind, series)| finding(moment, kind, series)).take(1))
}

fn finding(moment: &Moment<'_>, kind: NsRequest, series: &NsSeries) -> Option<Finding> {
    let end = moment.at.second() + 1;
    let from = series.ended.first()?.max(end - BACK);
    let told = SPELLS.into_iter().find_map(|length| {
        let spells = spells(series, from, end, length);
        let (slow, fast) = parted(&spells);
        let (now, before) = (mean(&slow), mean(&fast));
        let from = slow.first()?.from..slow.last()?.from + length;
        let count = slow.iter().map(|spell| spell.count).sum();
        (slow.len() >= SPELLS_AT_LEAST).then_some(Told { length, slow: slow.len(), fast: fast.len(), now, before, from, count })
    });
    told.map(|told| told.finding(kind, series, end))
}

/// What the spells tell.
struct Told {
    length: i64,
    slow: usize,
    fast: usize,
    /// Mean seconds of the slow ones, and of the fast ones.
    now: f64,
    before: f64,
    /// The seconds of the slow ones.
    from: Range<i64>,
    /// Requests of the slow ones.
    count: u64,
}

/// The spells that are slow, and those that were fast under the same load.
fn parted(spells: &[Spell]) -> (Vec<&Spell>, Vec<&Spell>) {
    let beats = |fast: &Spell, slow: &Spell| as_busy(fast.count, slow.count) && fast.mean * SLOWER <= slow.mean;
    let slow: Vec<&Spell> =
        spells.iter().filter(|slow| spells.iter().filter(|fast| beats(fast, slow)).count() >= SPELLS_AT_LEAST).collect();
    let fast = spells.iter().filter(|fast| slow.iter().any(|slow| beats(fast, slow))).collect();
    (slow, fast)
}

impl Told {
    fn finding(self, kind: NsRequest, series: &NsSeries, end: i64) -> Finding {
        let Self { length, slow, fast, now, before, from: seconds, count } = self;
        let (first, last) = (Time::from_second(seconds.start), Time::from_second(seconds.end.min(end) - 1));
        Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: format!("{} takes {now:.1} s, where {before:.1} s were enough under the same load", kind.name()),
        detail: format!(
            "In {} spells of {length} s from {first} to {last}, {} requests took {now:.1} s on average (without the longest of each minute), in {} others with about as \
             many requests or more {before:.1} s. Each holds its slot {:.1} times as long, so as many slots bear that much less. time-taken ends when the client has the answer: \
             bandwidth throttling and slow lines lengthen it while the server is idle; a slow database does, too.",
            slow,
            kind.name(),
            fast,
            now / before
        ),
        first,
        last,
        count,
        onsets: vec![first],
        evidence: series.served.longest.within(&seconds, 5),
        rules_out: vec![String::from("Not more requests alone: about as many took less time before.")],
        remedies: vec![
            Remedy::new("Turn bandwidth throttling of the agents off, or let it begin at larger downloads only: throttled requests hold their slots for as long as they last.")
                .mind("Where throttling protects a thin line, spread the requests instead."),
            Remedy::new("If the server's processors, disks or database are busy meanwhile, look there first: a slow database looks the same from here.")
                .by(r#"typeperf "\Processor(_Total)\% Processor Time" "\PhysicalDisk(_Total)\Avg. Disk sec/Transfer" -si 5"#),
        ],
        verify: Some(Remedy::new(format!("time-taken of {} must be back at about {before:.1} s.", kind.name()))),
        sources: &["KB 176788", "KB 944884"],
        subject: Subject::Ns,
    }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests")]
fn as_busy(other: u64, spell: u64) -> bool {
    other as f64 >= spell as f64 * SAME
}

/// The spells of a length that have enough requests.
fn spells(series: &NsSeries, from: i64, end: i64, length: i64) -> Vec<Spell> {
    let starts = (from..end).step_by(usize::try_from(length).unwrap_or(60));
    let spell = |at: i64| {
        let seconds = at..(at + length).min(end);
        let count = u64::try_from(series.served.count.sum(seconds.clone())).unwrap_or(0);
        let (longest, of) = series.served.longest.sum(&seconds);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds, far below 2^52")]
        let mean = (series.served.taken.sum(seconds) - longest).max(0) as f64 / 1000.0 / count.saturating_sub(of).max(1) as f64;
        (count >= FEWEST + of).then_some(Spell { from: at, count, mean })
    };
    starts.filter_map(spell).collect()
}

fn mean(spells: &[&Spell]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
    let (sum, count) = spells.iter().fold((0.0, 0.0), |(sum, count), s| (sum + s.mean * s.count as f64, count + s.count as f64));
    sum / f64::max(count, 1.0)
}
