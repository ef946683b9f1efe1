//! `iis-503-2`: an application's requests are refused because `appConcurrentRequestLimit` of them are in flight (KB 177969).

use super::excluded::{Cause, ruled_out};
use super::finding::{Finding, Remedy, Seen, Severity, Subject, evidence, of_clients, plural};
use super::iis_near_limit::{self, is_near};
use super::platform::{Iis, names_site};
use super::{Rule, Verdict};
use crate::counters::pool_of_app;
use crate::engine::Moment;
use crate::limits::Limit;
use crate::time::Time;
use crate::timeline::in_flight::Peak;
use crate::timeline::tally::{Tally, Trouble};

pub(super) const RULE: Rule = Rule {
    name: "iis-503-2",
    watches: "W3C rows with status 503 and substatus 2: more requests at once than appConcurrentRequestLimit lets in",
    check,
};

fn check(moment: &Moment<'_>) -> Verdict {
    if moment.timeline.apps().next().is_none() {
        return Verdict::NotKnowable("no W3C log has been read: 503.2 is written there and nowhere else");
    }
    Verdict::of(moment.timeline.troubles().filter_map(|(trouble, tally)| match trouble {
        Trouble::Http503 { app, substatus: Some(2) } => finding(moment, app, tally),
        _ => None,
    }))
}

fn finding(moment: &Moment<'_>, app: &str, tally: &Tally) -> Option<Finding> {
    let seen = Seen::of(&[tally], moment.at)?;
    let limit = moment.limits.app(app);
    let requests = plural(seen.count, "request", "requests");
    let peak = moment.timeline.app(app).and_then(|a| a.in_flight.peak(moment.at.second() + 1));
    let is_doubtful = is_doubtful(&limit, peak.as_ref());
    let mut detail = format!(
        "{requests}{} on {app} got 503.2 (concurrent request limit exceeded). The limit is {}{} ({}).",
        of_clients(&[tally], moment.at),
        if is_doubtful { "taken to be " } else { "" },
        limit.value,
        limit.origin
    );
    if let Some(peak) = &peak {
        let (point, at) = (peak.point, Time::from_second(peak.second));
        detail.push_str(&format!(
            " Most in flight by the log: {:.0} on average in the second of {at} (between {} and {}, of those that have ended).",
            point.mean, point.low, point.high
        ));
    }
    if is_doubtful {
        detail.push_str(if peak.is_some() {
            " That is far less: either the limit is lower, or the requests that hold the places have not ended, and so are in no log yet."
        } else {
            " The log does not tell how many were in flight."
        });
    }
    if let Some(counted) = iis_near_limit::counted(moment, app) {
        detail.push_str(&counted.sentence());
    }
    let rules_out = ruled_out(moment, &seen, &[Cause::QueueFull, Cause::Stopped, Cause::Pool]);
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Critical,
        title: if is_doubtful {
            format!("{requests} turned away with 503.2 at {app}")
        } else {
            format!("{requests} turned away with 503.2 at {app}: the limit is {}", limit.value)
        },
        detail,
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets,
        evidence: evidence(&[tally], moment.at),
        rules_out,
        remedies: remedies(moment, app, &limit, is_doubtful),
        verify: Some(
            Remedy::new("Afterwards no row later than that may have 503 2, and in flight must stay under the new limit:")
                .by(Iis::of(moment).find_rows(" 503 2 ")),
        ),
        sources: &["KB 177969", "IIS configuration reference: serverRuntime"],
        subject: Subject::App(app.to_owned()),
    })
}

/// The application is SEPM's, which its clients talk to.
pub(super) fn is_secars(app: &str) -> bool {
    app.rsplit('/').next().is_some_and(|path| path.eq_ignore_ascii_case("secars"))
}

/// Whether the log speaks against a limit that nobody set: requests are refused, and far fewer are in flight.
pub(super) fn is_doubtful(limit: &Limit, peak: Option<&Peak>) -> bool {
    let fewer = |peak: &Peak| !is_near(peak.point.mean, limit.value);
    limit.origin.ends_with("default") && peak.is_none_or(fewer)
}

/// Lets in more.
pub(super) fn raise(moment: &Moment<'_>, app: &str, limit: u64) -> Remedy {
    let iis = Iis::of(moment);
    if iis == Iis::Six {
        let pool = pool_of_app(&moment.limits.settings, app).unwrap_or("DefaultAppPool");
        return Remedy {
            command: iis.queue_length(pool, limit.saturating_mul(2)),
            ..Remedy::new(
                "IIS 6 has no appConcurrentRequestLimit: all requests of the pool, waiting and running, count against its AppPoolQueueLength. Raise that:",
            )
        };
    }
    Remedy {
        command: iis.limit_requests(app, limit.saturating_mul(2)),
        ..Remedy::new("Raise appConcurrentRequestLimit of the serverRuntime element; there is no dialog for it.")
            .mind(if names_site(app) {
                "Whatever is let in must be borne by threads, memory and the database behind: ask who runs them first."
            } else {
                "Without the site's name this is for the whole server: put it in after config, in quotes. Whatever is let in must be borne by threads, memory and the database behind."
            })
    }
}

fn remedies(moment: &Moment<'_>, app: &str, limit: &Limit, is_doubtful: bool) -> Vec<Remedy> {
    let iis = Iis::of(moment);
    let mut remedies = Vec::new();
    if is_doubtful && iis == Iis::SevenOn {
        let text = "See which limit is in force, before anything is changed: the default is only assumed here.";
        remedies.push(Remedy { command: iis.show_limit(app), ..Remedy::new(text) });
    }
    let longest = Remedy::new("See which requests hold the places, by URL and user agent, and which execute now:");
    remedies.push(Remedy { command: iis.list_requests(), ..longest });
    if is_secars(app) {
        remedies.push(
            Remedy::new("SEP clients in push mode keep a request open all the time: change their groups to pull mode.")
                .mind("In pull mode clients get policies and content at their heartbeat only, every 5 minutes by default."),
        );
    }
    remedies.push(raise(moment, app, limit.value));
    remedies
}
