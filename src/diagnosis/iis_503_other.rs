//! `iis-503-other`: 503s in a W3C log with another substatus than 2, each with the setting that governs it (KB 943891; the substatus
//! codes .1 and .5 are in `iiscnfg.h`).

use super::excluded::{Cause, ruled_out};
use super::finding::{Finding, Remedy, Seen, Severity, Subject, evidence, plural};
use super::platform::Iis;
use super::{Rule, Verdict};
use crate::counters::pool_of_app;
use crate::engine::Moment;
use crate::timeline::tally::{Tally, Trouble};

pub(super) const RULE: Rule = Rule {
    name: "iis-503-other",
    watches: "W3C rows with 503.0, .1, .3, .4, .5 and others, each with the setting that governs it",
    check,
};

/// A substatus, what it means, and the setting that governs it with its default.
const CODES: [(u16, &str, &str); 5] = [
    (
        0,
        "the application answered 503 itself, as a maintenance page or a product's own limit does: a stopped pool is logged in HTTPERR",
        "the application's own settings",
    ),
    (1, "the pool used more processor time than it may", "cpu@limit and cpu@action of the application pool"),
    (3, "the queue of ASP.NET is full", "requestQueueLimit in aspnet.config (5000)"),
    (4, "the queue of FastCGI is full", "queueLength of the fastCgi application (1000)"),
    (5, "the site has as many connections as it may", "limits@maxConnections of the site (4294967295)"),
];

fn check(moment: &Moment<'_>) -> Verdict {
    let ns_answers = moment.timeline.troubles().any(|(trouble, _)| matches!(trouble, Trouble::NsRequest(_)));
    let mut by_app: std::collections::BTreeMap<&str, Vec<(u16, &Tally)>> = std::collections::BTreeMap::new();
    for (trouble, tally) in moment.timeline.troubles() {
        if let Trouble::Http503 { app, substatus: Some(substatus) } = trouble
            && *substatus != 2
            // A Notification Server answers so itself when its slots are taken: another rule tells of that.
            && !(*substatus == 0 && ns_answers && is_ns(app))
        {
            by_app.entry(app).or_default().push((*substatus, tally));
        }
    }
    Verdict::of(by_app.into_iter().filter_map(|(app, tallies)| finding(moment, app, &tallies)))
}

/// The application is a Notification Server.
pub(super) fn is_ns(app: &str) -> bool {
    app.to_ascii_lowercase().ends_with("/altiris/ns")
}

fn finding(moment: &Moment<'_>, app: &str, of_app: &[(u16, &Tally)]) -> Option<Finding> {
    let all: Vec<&Tally> = of_app.iter().map(|(_, tally)| *tally).collect();
    let seen = Seen::of(&all, moment.at)?;
    let mut told: Vec<(u16, u64)> =
        of_app.iter().map(|(code, tally)| (*code, tally.sum(i64::MIN..moment.at.second() + 1))).collect();
    told.retain(|(_, count)| *count > 0);
    told.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), *code));
    let codes: Vec<String> = told.iter().map(|(code, count)| format!("{count} × 503.{code}")).collect();
    let meanings: Vec<String> = told.iter().map(|(code, count)| sentence(*code, *count)).collect();
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Critical,
        title: format!("{} turned away at {app}: {}", plural(seen.count, "request", "requests"), codes.join(", ")),
        detail: meanings.join(" "),
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets.clone(),
        evidence: evidence(&all, moment.at),
        rules_out: ruled_out(moment, &seen, &[Cause::AppLimit, Cause::Stopped, Cause::Pool]),
        remedies: told.iter().map(|(code, _)| remedy(moment, app, *code)).collect(),
        verify: Some(
            Remedy::new("No row of the application later than that may have status 503:").by(Iis::of(moment).find_rows(" 503 ")),
        ),
        sources: &["KB 943891", "iiscnfg.h: MD_ERROR_SUB503_*"],
        subject: Subject::App(app.to_owned()),
    })
}

fn sentence(code: u16, count: u64) -> String {
    match CODES.iter().find(|(known, ..)| *known == code) {
        Some((_, meaning, setting)) => format!("503.{code} ({count}): {meaning}; governed by {setting}."),
        None => format!("503.{code} ({count}): no table of Microsoft's has this substatus; ask whoever made the application."),
    }
}

fn remedy(moment: &Moment<'_>, app: &str, code: u16) -> Remedy {
    let appcmd = |rest: String| (Iis::of(moment) == Iis::SevenOn).then(|| format!("%windir%\\System32\\inetsrv\\appcmd {rest}"));
    match code {
        1 => {
            let pool = pool_of_app(&moment.limits.settings, app).and_then(super::platform::safe);
            let command = pool.and_then(|pool| appcmd(format!("list apppool \"{pool}\" /text:cpu.limit")));
            let text = "503.1: see what uses the processors before the limit is raised; the limit is in 1/1000 of a per cent.";
            Remedy { command, ..Remedy::new(text).mind("cpu@action KillW3wp ends the worker process for the rest of the interval.") }
        }
        3 => Remedy::new("503.3: find what ASP.NET's requests wait for (database, web service); raise requestQueueLimit only if they are many and short.")
            .mind("A longer queue lets clients wait longer; those that have given up are served all the same."),
        4 => Remedy {
            command: appcmd(String::from("list config -section:system.webServer/fastCgi")),
            ..Remedy::new("503.4: raise maxInstances of the FastCGI application if processors and memory have room, then its queueLength.")
        },
        5 => Remedy::new("503.5: raise limits@maxConnections of the site, or find who holds its connections (rule http-conn-limit)."),
        _ => Remedy::new("Look for what the application says itself: its own log, a file app_offline.htm, a maintenance mode, its own limits."),
    }
}
