//! `http-queue-full`: HTTP.sys answers 503 by itself since the request queue of an application pool is full, or a request waited too long
//! in it (KB 820729).

use super::excluded::{Cause, ruled_out};
use super::finding::{Finding, Remedy, Seen, Severity, Subject, evidence, plural};
use super::platform::{Iis, typeperf};
use super::refusals::{by_place, of_place, subject};
use super::{Rule, Verdict};
use crate::counters::{self, QUEUED, REJECTED};
use crate::engine::Moment;
use crate::limits::{DEFAULT_QUEUE_LENGTH, Limit};
use crate::record::Origin;
use crate::time::Time;
use crate::timeline::tally::{Place, Tally};

pub(super) const RULE: Rule = Rule {
    name: "http-queue-full",
    watches: "QueueFull in HTTPERR, or the counter RejectedRequests: the kernel queue of an application pool is full; and requests that waited in it too long",
    check,
};

/// The queue is full; the others are of requests that waited in it until HTTP.sys gave up.
const PHRASES: [&str; 4] = ["QueueFull", "AppPoolTimer", "Timer_AppPool", "Timer_ReqQueue"];

fn check(moment: &Moment<'_>) -> Verdict {
    let mut found: Vec<Finding> = by_place(moment, &PHRASES)
        .into_iter()
        .filter_map(|(place, tallies)| {
            let all: Vec<&Tally> = tallies.iter().map(|(_, tally)| *tally).collect();
            let seen = Seen::of(&all, moment.at)?;
            let is_full = tallies.iter().any(|(phrase, _)| *phrase == "QueueFull");
            Some(finding(moment, place, &seen, evidence(&all, moment.at), is_full))
        })
        .collect();
    for (pool, seen, rows) in counted(moment) {
        let place = Place::AppPool(pool.as_str().into());
        let is_same = |subject: &Subject| matches!(subject, Subject::AppPool(known) if known.eq_ignore_ascii_case(&pool));
        let told = |finding: &&mut Finding| is_same(&finding.subject) || finding.subject == Subject::HttpErr;
        match found.iter_mut().find(told) {
            // The same requests: whoever counts more is right.
            Some(finding) if finding.count < seen.count => {
                let rows = [rows, std::mem::take(&mut finding.evidence)].concat();
                let place = match &finding.subject {
                    Subject::AppPool(name) => Place::AppPool(name.as_str().into()),
                    _ => place,
                };
                let first = finding.first.min(seen.first);
                *finding = self::finding(moment, &place, &seen, rows.into_iter().take(10).collect(), true);
                finding.first = first;
            }
            Some(_) => {}
            None => found.push(finding(moment, &place, &seen, rows, true)),
        }
    }
    Verdict::of(found)
}

/// Pools whose counter of rejected requests grew: how often, and rows of counters at which it did.
fn counted(moment: &Moment<'_>) -> Vec<(String, Seen, Vec<Origin>)> {
    let (before, behind) = REJECTED;
    let queues = moment.timeline.counters_under(before);
    let pools = queues.filter_map(|(path, samples)| {
        let queue = path.strip_prefix(before)?.strip_suffix(behind)?;
        let from = moment.timeline.span()?.0;
        let times = from..moment.at.plus(1);
        if queue == "_total" || queue.starts_with("---") || samples.grown(&times) <= 0.0 {
            return None;
        }
        let all = samples.within(times);
        // A count that is less than before was begun anew, with the queue.
        let step = |before: f64, value: f64| if value < before { value } else { value - before };
        let steps = all.windows(2).filter_map(|two| Some((two.get(1)?.0, step(two.first()?.1, two.get(1)?.1))));
        let grew: Vec<(Time, f64)> = steps.filter(|(_, by)| *by > 0.0).collect();
        let seen = Seen::counted(&grew)?;
        let rows = seen.onsets.iter().chain([&seen.last]).filter_map(|time| moment.timeline.counter_row(path, time.second()));
        let mut rows: Vec<Origin> = rows.take(10).collect();
        rows.dedup();
        Some((queue.to_owned(), seen, rows))
    });
    pools.collect()
}

fn finding(moment: &Moment<'_>, place: &Place, seen: &Seen, evidence: Vec<Origin>, is_full: bool) -> Finding {
    let subject = subject(moment, place);
    let pool = match &subject {
        Subject::AppPool(pool) => Some(pool.clone()),
        _ => None,
    };
    let of = of_place(moment, place);
    let limit = queue_length(moment, pool.as_deref());
    let mut detail = format!(
        "HTTP.sys turned {} away before any worker process saw them: {}.",
        plural(seen.count, "request", "requests"),
        if is_full {
            format!("the kernel queue{of} holds {} ({}) that wait, and was full", limit.value, limit.origin)
        } else {
            format!("they waited too long in the kernel queue{of}, which was not full")
        }
    );
    let seconds = seen.first.second() - 60..seen.last.second() + 60;
    if let Some(pool) = &pool {
        if let Some(most) = most_queued(moment, pool, &seconds) {
            detail.push_str(&format!(" By the counter, {most:.0} waited at most."));
        }
        if let Some(most) = counters::executing_within(moment, pool, &seconds) {
            detail.push_str(&format!(" Its worker processes executed {most:.0} at most then."));
        }
    }
    detail.push_str(
        " Requests come faster than the worker processes take them: they hang, they are too slow, or there are too many.",
    );
    Finding {
        rule: RULE.name,
        severity: Severity::Critical,
        title: if is_full {
            format!("{} turned away by the full kernel queue{of}", plural(seen.count, "request", "requests"))
        } else {
            format!(
                "{} turned away after they waited too long in the kernel queue{of}",
                plural(seen.count, "request", "requests")
            )
        },
        detail,
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets.clone(),
        evidence,
        rules_out: ruled_out(moment, seen, &[Cause::AppLimit, Cause::Stopped, Cause::Pool]),
        remedies: remedies(moment, pool.as_deref(), is_full.then_some(&limit)),
        verify: Some(Remedy {
            command: pool.as_deref().and_then(|pool| typeperf(&format!("{}{pool}{}", QUEUE.0, QUEUE.1))),
            ..Remedy::new("Afterwards RejectedRequests must not grow, and CurrentQueueSize be near 0:")
        }),
        sources: &["KB 820729", "IIS configuration reference: applicationPools/add@queueLength"],
        subject,
    }
}

/// The counter's path as Windows spells it.
const QUEUE: (&str, &str) = (r"\HTTP Service Request Queues(", r")\RejectedRequests");

fn queue_length(moment: &Moment<'_>, pool: Option<&str>) -> Limit {
    let length = pool.and_then(|pool| moment.limits.settings.queue_length(pool));
    length.map_or_else(|| Limit::default_of(DEFAULT_QUEUE_LENGTH), |length| Limit::new(length, "applicationHost.config"))
}

/// The most that waited for a pool in some seconds, where a counter tells.
fn most_queued(moment: &Moment<'_>, pool: &str, seconds: &std::ops::Range<i64>) -> Option<f64> {
    let samples = moment.timeline.counter(&format!("{}{}{}", QUEUED.0, pool.to_lowercase(), QUEUED.1))?;
    let times = Time::from_second(seconds.start)..Time::from_second(seconds.end).min(moment.at.plus(1));
    samples.within(times).into_iter().map(|(_, waiting)| waiting).reduce(f64::max)
}

fn remedies(moment: &Moment<'_>, pool: Option<&str>, full: Option<&Limit>) -> Vec<Remedy> {
    let iis = Iis::of(moment);
    let hang =
        Remedy::new("Find out what the worker processes wait for: what executes longest, a database, a lock, a web service:");
    let mut remedies = vec![Remedy { command: iis.list_requests(), ..hang }];
    // A longer queue helps nobody who waited too long.
    if let Some(limit) = full {
        let raise = Remedy::new("Raise queueLength of the pool only against short bursts.");
        let command = pool.and_then(|pool| iis.queue_length(pool, limit.value.saturating_mul(2).min(65_535)));
        remedies.push(Remedy { command, ..raise }.mind(
            "A longer queue lets clients wait longer; whoever has given up is served all the same, and comes again. 65535 is the most.",
        ));
    }
    remedies
}
