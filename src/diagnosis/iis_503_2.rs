//! `iis-503-2`: an application's requests are refused because `appConcurrentRequestLimit` of them are in flight (KB 177969).

use super::excluded::{Cause, ruled_out};
use super::finding::{Finding, Remedy, Seen, Severity, Subject, evidence, of_clients, plural};
use super::platform::Iis;
use super::{Rule, Verdict, iis_near_limit};
use crate::engine::Moment;
use crate::time::Time;
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
    let mut detail = format!(
        "{requests}{} on {app} got 503.2 (concurrent request limit exceeded). The limit is {} ({}).",
        of_clients(&[tally], moment.at),
        limit.value,
        limit.origin
    );
    if let Some(peak) = moment.timeline.app(app).and_then(|a| a.in_flight.peak(moment.at.second() + 1)) {
        let (point, at) = (peak.point, Time::from_second(peak.second));
        detail.push_str(&format!(
            " Most in flight by the log: {:.0} on average in the second of {at} (between {} and {}).",
            point.mean, point.low, point.high
        ));
    }
    if let Some(counted) = iis_near_limit::counted(moment, app) {
        detail.push_str(&counted.sentence());
    }
    let rules_out = ruled_out(moment, &seen, &[Cause::QueueFull, Cause::Stopped, Cause::Pool]);
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Critical,
        title: format!("{requests} turned away with 503.2 at {app}: the limit is {}", limit.value),
        detail,
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets,
        evidence: evidence(&[tally], moment.at),
        rules_out,
        remedies: remedies(moment, app, limit.value),
        verify: Some(
            Remedy::new(
                "Afterwards no new row may end in 503 2, and in flight must stay under the new limit; in the newest log:",
            )
            .by("findstr /c:\" 503 2 \" u_ex*.log"),
        ),
        sources: &["KB 177969", "IIS configuration reference: serverRuntime"],
        subject: Subject::App(app.to_owned()),
    })
}

/// The application is SEPM's, which its clients talk to.
pub(super) fn is_secars(app: &str) -> bool {
    app.rsplit('/').next().is_some_and(|path| path.eq_ignore_ascii_case("secars"))
}

/// Lets in more.
pub(super) fn raise(moment: &Moment<'_>, app: &str, limit: u64) -> Remedy {
    let command = Iis::of(moment).limit_requests(app, limit.saturating_mul(2));
    Remedy {
        command,
        ..Remedy::new("Raise appConcurrentRequestLimit of the serverRuntime element; there is no dialog for it. c tells which limit is enough.")
            .mind("Whatever is let in must be borne by threads, memory and the database behind: ask who runs them first.")
    }
}

fn remedies(moment: &Moment<'_>, app: &str, limit: u64) -> Vec<Remedy> {
    let longest = Remedy::new(
        "See which requests hold the places: group the application's requests by URL and user agent (Enter, b), and those that execute now (x), or:",
    );
    let longest = Remedy { command: Iis::of(moment).list_requests(), ..longest };
    vec![longest, raise(moment, app, limit)]
}
