//! `http-disabled`: an administrator, or a program that acts as one, stopped an application pool (KB 820729).

use super::excluded::{Cause, ruled_out};
use super::finding::{Finding, Remedy, Seen, Subject, evidence, of_clients, plural};
use super::platform::{Iis, typeperf};
use super::refusals::{by_place, of_place, severity, subject};
use super::{Rule, Verdict};
use crate::engine::Moment;
use crate::timeline::tally::{Place, Tally};

pub(super) const RULE: Rule = Rule {
    name: "http-disabled",
    watches: "Disabled in HTTPERR: somebody stopped an application pool that clients still ask for",
    check,
};

fn check(moment: &Moment<'_>) -> Verdict {
    let places = by_place(moment, &["Disabled"]);
    Verdict::of(places.into_iter().filter_map(|(place, tallies)| finding(moment, place, &tallies)))
}

fn finding(moment: &Moment<'_>, place: &Place, tallies: &[(&str, &Tally)]) -> Option<Finding> {
    let all: Vec<&Tally> = tallies.iter().map(|(_, tally)| *tally).collect();
    let seen = Seen::of(&all, moment.at)?;
    let (of, subject) = (of_place(moment, place), subject(moment, place));
    let start = match &subject {
        Subject::AppPool(pool) => Iis::of(moment).start_pool(pool),
        _ => None,
    };
    Some(Finding {
        rule: RULE.name,
        severity: severity(&seen.spells, moment.at.second()),
        title: format!(
            "{} turned away: the application pool{} is stopped",
            plural(seen.count, "request", "requests"),
            of.replace(" of pool", "")
        ),
        detail: format!(
            "HTTP.sys answered {}{} with 503 and the reason Disabled: the pool was stopped by an administrator, an installation or a script, not by failures.",
            plural(seen.count, "request", "requests"),
            of_clients(&all, moment.at)
        ),
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets.clone(),
        evidence: evidence(&all, moment.at),
        rules_out: ruled_out(moment, &seen, &[Cause::AppLimit, Cause::QueueFull, Cause::Pool]),
        remedies: vec![
            Remedy { command: start, ..Remedy::new("Ask who stopped it and why; then start it:") },
            Remedy::new(
                "See whether its identity can still log on: a pool whose password has expired is stopped, too (System log, WAS 5021, 5057, 5059).",
            ),
        ],
        verify: Some(Remedy {
            command: typeperf(r"\APP_POOL_WAS(*)\Current Application Pool State"),
            ..Remedy::new("The pool must be in state 3 (running):")
        }),
        sources: &["KB 820729"],
        subject,
    })
}
