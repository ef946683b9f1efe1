//! `http-abandoned`: worker processes end with requests in their hands, again and again (KB 820729).

use super::finding::{Finding, Remedy, Seen, Severity, evidence, of_clients, plural};
use super::platform::Iis;
use super::refusals::{by_place, of_place, subject};
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
    // Of one spell only its length tells a crash from a restart.
    if !is_often && longest_spell(&all, moment) <= LONG {
        return None;
    }
    let (of, times) = (of_place(moment, place), seen.onsets.len());
    let iis = Iis::of(moment);
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: format!("{} abandoned by worker processes{of}, in {}", plural(seen.count, "request", "requests"), plural(times as u64, "spell", "spells")),
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
            Remedy { command: iis.failures(), ..Remedy::new("See what Windows noted of it at those times (WAS 5009, 5010, 5011; Application log: the module at fault):") },
            Remedy::new("If a recycling is forced while requests take long: lengthen shutdownTimeLimit of the pool (90 s by default), or recycle at night.")
                .mind("As long, a hung process is not replaced."),
        ],
        verify: Some(
            Remedy::new("Afterwards no such row may come; in the newest log:").by("findstr Connection_Abandoned %windir%\\System32\\LogFiles\\HTTPERR\\httperr*.log"),
        ),
        sources: &["KB 820729"],
        subject: subject(moment, place),
    })
}

/// How long the longest spell went on, in seconds.
fn longest_spell(tallies: &[&Tally], moment: &Moment<'_>) -> i64 {
    let end = moment.at.second() + 1;
    let mut seconds: Vec<i64> =
        tallies.iter().flat_map(|t| t.counts().nonzero(i64::MIN..end).map(|(second, _)| second)).collect();
    seconds.sort_unstable();
    let (mut longest, mut begin, mut last) = (0, None, None);
    for second in seconds {
        if last.is_none_or(|last| second - last > super::finding::QUIET) {
            begin = Some(second);
        }
        last = Some(second);
        longest = longest.max(begin.map_or(0, |begin| second - begin));
    }
    longest
}
