//! `http-app-offline`: an application pool was taken offline, by rapid-fail protection after its worker processes failed, or by its limit of
//! processor time (KB 820729).

use super::excluded::{Cause, ruled_out};
use super::finding::{Finding, Remedy, Seen, Subject, evidence, of_clients, plural};
use super::platform::Iis;
use super::refusals::{by_place, of_place, severity, subject};
use super::{Rule, Verdict};
use crate::engine::Moment;
use crate::timeline::tally::{Place, Tally};

pub(super) const RULE: Rule = Rule {
    name: "http-app-offline",
    watches: "AppOffline and AppShutdown in HTTPERR: a pool was taken offline by rapid-fail protection, or by its limit of processor time",
    check,
};

fn check(moment: &Moment<'_>) -> Verdict {
    let places = by_place(moment, &["AppOffline", "AppShutdown"]);
    Verdict::of(places.into_iter().filter_map(|(place, tallies)| finding(moment, place, &tallies)))
}

fn finding(moment: &Moment<'_>, place: &Place, tallies: &[(&str, &Tally)]) -> Option<Finding> {
    let all: Vec<&Tally> = tallies.iter().map(|(_, tally)| *tally).collect();
    let seen = Seen::of(&all, moment.at)?;
    let of = of_place(moment, place);
    let count = |wanted: &str| -> u64 {
        tallies.iter().filter(|(phrase, _)| *phrase == wanted).map(|(_, tally)| tally.sum(i64::MIN..moment.at.second() + 1)).sum()
    };
    let (offline, shutdown) = (count("AppOffline"), count("AppShutdown"));
    let mut detail =
        format!("HTTP.sys answered {}{} with 503.", plural(seen.count, "request", "requests"), of_clients(&all, moment.at));
    if offline > 0 {
        detail.push_str(&format!(
            " AppOffline ({offline}): application errors took the application{of} offline; by default five failures of its worker process within five minutes do."
        ));
    }
    if shutdown > 0 {
        detail.push_str(&format!(
            " AppShutdown ({shutdown}): it was shut down by policy, which is its limit of processor time (503.1)."
        ));
    }
    let severity = severity(&seen.spells, moment.at.second());
    Some(Finding {
        rule: RULE.name,
        severity,
        title: format!("{} turned away: the application{of} is offline", plural(seen.count, "request", "requests")),
        detail,
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets.clone(),
        evidence: evidence(&all, moment.at),
        rules_out: ruled_out(moment, &seen, &[Cause::AppLimit, Cause::QueueFull, Cause::Pool]),
        remedies: remedies(moment, &subject(moment, place), offline > 0, shutdown > 0),
        verify: Some(Remedy {
            command: Iis::of(moment).watch_pools(),
            ..Remedy::new("The pool must stay started under load (state 3 of the counter):")
        }),
        sources: &["KB 820729", "IIS configuration reference: applicationPools/add/failure", "WAS event 5002"],
        subject: subject(moment, place),
    })
}

fn remedies(moment: &Moment<'_>, subject: &Subject, is_offline: bool, is_shut_down: bool) -> Vec<Remedy> {
    let iis = Iis::of(moment);
    let start = match subject {
        Subject::AppPool(pool) => iis.start_pool(pool),
        _ => None,
    };
    let mut remedies = Vec::new();
    if is_shut_down {
        let text = "Find what takes the processor's time in the pool, or raise its limit: cpu.limit counts over resetInterval, and the pool starts again when that is over.";
        remedies.push(
            Remedy { command: iis.show_pools(), ..Remedy::new(text) }
                .mind("Without the limit this pool takes the processors from all others."),
        );
    }
    if !is_offline {
        return remedies;
    }
    remedies.extend([
        Remedy { command: start, ..Remedy::new("Start the pool again: rapid-fail protection never does.") },
        Remedy {
            command: iis.failures(),
            ..Remedy::new(format!("See why the worker process failed: the System log has the failures and the shutdown{}, the Application log the module at fault.", iis.events(" (WAS 5009, 5010, 5011; 5002)")))
        },
        Remedy::new("Undo what was changed last in the application, or have the crash looked at (a dump of w3wp.exe).")
            .mind("Turning rapidFailProtection off hides the failure: the worker process goes on failing, with the clients' requests in it."),
    ]);
    remedies
}
