//! `iis-503-2`: an application's requests are refused because `appConcurrentRequestLimit` of them are in flight (KB 177969).

use super::{Finding, Remedy, Rule, Seen, Severity, Subject, Verdict, evidence, plural};
use crate::engine::Moment;
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
    let found: Vec<Finding> = moment
        .timeline
        .troubles()
        .filter_map(|(trouble, tally)| match trouble {
            Trouble::Http503 { app, substatus: Some(2) } => finding(moment, app, tally),
            _ => None,
        })
        .collect();
    if found.is_empty() { Verdict::Fine } else { Verdict::Found(found) }
}

fn finding(moment: &Moment<'_>, app: &str, tally: &Tally) -> Option<Finding> {
    let seen = Seen::of(&[tally], moment.at)?;
    let limit = moment.limits.app(app);
    let mut detail = format!(
        "{} on {app} got 503.2 (concurrent request limit exceeded). The limit is {} ({}).",
        plural(seen.count, "request", "requests"),
        limit.value,
        limit.origin
    );
    if let Some(peak) = moment.timeline.app(app).and_then(|a| a.in_flight.peak(moment.at.second() + 1)) {
        let (point, at) = (peak.point, crate::time::Time::from_second(peak.second));
        detail.push_str(&format!(
            " Most in flight: {:.0} on average in the second of {at} (between {} and {}).",
            point.mean, point.low, point.high
        ));
    }
    // SEPM's own log tells the same story from the other side.
    let witnesses: Vec<&Tally> = if is_secars(app) {
        moment
            .timeline
            .troubles()
            .filter(|(t, _)| matches!(t, Trouble::Sepm503 | Trouble::Sepm0x10010000))
            .map(|(_, t)| t)
            .collect()
    } else {
        Vec::new()
    };
    if let Some(sepm) = Seen::of(&witnesses, moment.at) {
        detail.push_str(&format!(" SEPM's own log tells of the 503 and of 0x10010000 from {} on.", sepm.first));
    }
    let tallies: Vec<&Tally> = std::iter::once(tally).chain(witnesses).collect();
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Critical,
        title: format!("{} turned away with 503.2 at {app}", plural(seen.count, "request", "requests")),
        detail,
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets,
        evidence: evidence(&tallies, moment.at),
        remedies: remedies(app, limit.value),
        rules_out: Vec::new(),
        verify: None,
        sources: &["KB 177969", "IIS 7.0: serverRuntime element"],
        subject: Subject::App(app.to_owned()),
    })
}

fn is_secars(app: &str) -> bool {
    app.rsplit('/').next().is_some_and(|path| path.eq_ignore_ascii_case("secars"))
}

fn remedies(app: &str, limit: u64) -> Vec<Remedy> {
    let site = app.split('/').next().filter(|s| !s.is_empty() && *s != "-" && !s.starts_with("W3SVC"));
    let place = site.map_or_else(String::new, |site| format!("\"{site}\" "));
    let mut remedies = vec![Remedy {
        text: String::from("Raise appConcurrentRequestLimit of the serverRuntime element; there is no dialog for it."),
        command: Some(format!(
            "appcmd set config {place}-section:system.webServer/serverRuntime /appConcurrentRequestLimit:{} /commit:apphost",
            limit.saturating_mul(2)
        )),
        caution: Some(
            "Speak with the system's administrator or Microsoft first: whatever is let in must be borne by threads, memory and the database behind.",
        ),
    }];
    if is_secars(app) {
        remedies.push(Remedy {
            text: String::from(
                "Or change the SEP clients from push to pull mode: in push mode each client keeps a request open all the time.",
            ),
            command: None,
            caution: Some("In pull mode clients get policies and content at their heartbeat only, every 5 minutes by default."),
        });
    }
    remedies
}
