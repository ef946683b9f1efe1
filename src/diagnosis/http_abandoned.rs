//! `http-abandoned`: worker processes end with requests in their hands, again and again (KB 820729).

use super::finding::{Finding, QUIET, Remedy, Seen, Severity, evidence, of_clients, plural, spells};
use super::platform::Iis;
use super::refusals::{by_place, of_place, severity, subject};
use super::{Rule, Verdict};
use crate::engine::Moment;
use crate::timeline::tally::{Place, Tally};

pub(super) const RULE: Rule = Rule {
    name: "http-abandoned",
    watches: "Connection_Abandoned_By_AppPool (or _By_ReqQueue) in HTTPERR again and again: worker processes end with requests in their hands. One restart is none of that",
    check,
};

/// A restart of IIS or of a pool abandons connections once; what comes so often within a day is something else.
const OFTEN: usize = 3;
/// Or it goes on for so many seconds.
const LONG: i64 = 180;
const DAY: i64 = 24 * 3600;
/// Seconds without one after which another process ended.
const BURST: i64 = 20;
/// Seconds after which nobody connects it with the pool being taken offline.
const SOON: i64 = 600;

fn check(moment: &Moment<'_>) -> Verdict {
    let places = by_place(moment, &["Connection_Abandoned_By_AppPool", "Connection_Abandoned_By_ReqQueue"]);
    Verdict::of(places.into_iter().filter_map(|(place, tallies)| finding(moment, place, &tallies)))
}

fn finding(moment: &Moment<'_>, place: &Place, tallies: &[(&str, &Tally)]) -> Option<Finding> {
    let all: Vec<&Tally> = tallies.iter().map(|(_, tally)| *tally).collect();
    let seen = Seen::of(&all, moment.at)?;
    let is_often = seen.onsets.windows(OFTEN).any(|some| match some {
        [first, .., last] => last.second() - first.second() <= DAY,
        _ => false,
    });
    // Of one spell only its length tells a crash from a restart, or that the pool was taken offline for it.
    let is_long = seen.spells.iter().any(|(begin, end)| end - begin > LONG);
    if !is_often && !is_long && !takes_offline(moment, place, &seen) {
        return None;
    }
    // Each worker process that ends does so within seconds.
    let (of, times) = (of_place(moment, place), spells(&all, moment.at.second() + 1, BURST).len());
    let iis = Iis::of(moment);
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: format!("{} abandoned by worker processes{of}, in {}", plural(seen.count, "request", "requests"), plural(times as u64, "burst", "bursts")),
        detail: format!(
            "{}{} were in the hands of a worker process, or waited for it, when it ended: their connections were closed without an answer. A recycling \
             lets requests finish first; this is a process that failed, hung, or was killed.",
            plural(seen.count, "request", "requests"),
            of_clients(&all, moment.at)
        ),
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets,
        evidence: evidence(&all, moment.at),
        rules_out: vec![String::from("Not a single restart of IIS or of the pool: that abandons connections once.")],
        remedies: vec![
            Remedy { command: iis.failures(), ..Remedy::new(format!("See what Windows noted of it at those times (System log{}; Application log: the module at fault):", iis.events(": WAS 5009, 5010, 5011"))) },
            Remedy::new("If a recycling is forced while requests take long: lengthen shutdownTimeLimit of the pool (90 s by default), or recycle at night.")
                .mind("As long, a hung process is not replaced."),
        ],
        verify: Some(
            Remedy::new("Afterwards no such row may come; as of later than that:").by("findstr Connection_Abandoned %windir%\\System32\\LogFiles\\HTTPERR\\httperr*.log"),
        ),
        sources: &["KB 820729"],
        subject: subject(moment, place),
    })
}

/// Whether the pool was taken offline soon after.
fn takes_offline(moment: &Moment<'_>, place: &Place, seen: &Seen) -> bool {
    let offline = by_place(moment, &["AppOffline"]).remove(place).unwrap_or_default();
    let tallies: Vec<&Tally> = offline.iter().map(|(_, tally)| *tally).collect();
    let now = moment.at.second();
    let lasts = severity(&spells(&tallies, now + 1, QUIET), now) == Severity::Critical;
    let after = |(_, end): &(i64, i64)| tallies.iter().any(|tally| tally.sum(*end..(end + SOON).min(now + 1)) > 0);
    // A restart takes a pool offline for seconds, too.
    lasts && seen.spells.iter().any(after)
}
