//! `http-conn-limit`: a site has as many connections as it may (KB 820729).

use super::excluded::{Cause, ruled_out};
use super::finding::{Finding, Remedy, Seen, Severity, evidence, of_clients, plural};
use super::platform::{Iis, typeperf};
use super::refusals::{by_place, of_place, site_name, subject};
use super::{Rule, Verdict};
use crate::engine::Moment;
use crate::timeline::tally::{Place, Tally};

pub(super) const RULE: Rule = Rule {
    name: "http-conn-limit",
    watches: "ConnLimit in HTTPERR: a site has as many connections as limits@maxConnections lets it have",
    check,
};

fn check(moment: &Moment<'_>) -> Verdict {
    let places = by_place(moment, &["ConnLimit"]);
    Verdict::of(places.into_iter().filter_map(|(place, tallies)| finding(moment, place, &tallies)))
}

fn finding(moment: &Moment<'_>, place: &Place, tallies: &[(&str, &Tally)]) -> Option<Finding> {
    let all: Vec<&Tally> = tallies.iter().map(|(_, tally)| *tally).collect();
    let seen = Seen::of(&all, moment.at)?;
    let of = of_place(moment, place);
    let id = match place {
        Place::Site(id) => Some(&**id),
        _ => None,
    };
    let site = id.and_then(|id| moment.limits.settings.sites.iter().find(|site| site.id.to_string() == *id));
    let limit = site.and_then(|site| site.max_connections);
    let known = limit.map_or_else(
        || String::from("limits@maxConnections of the site is not known here (its default, 4294967295, nobody reaches)"),
        |limit| format!("limits@maxConnections of the site is {limit} (applicationHost.config)"),
    );
    let name = id.and_then(|id| site_name(moment, id));
    // A limit that nobody knows might be lowered.
    let raise = id.zip(limit).and_then(|(id, limit)| Iis::of(moment).connections(name, id, limit.saturating_mul(2)));
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Critical,
        title: format!("{} turned away by the connection limit{of}", plural(seen.count, "request", "requests")),
        detail: format!(
            "HTTP.sys answered {}{} with 503 (503.5) and the reason ConnLimit. {known}. A connection counts as long as it is kept alive, whether or not it has a request.",
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
            Remedy::new("See who holds the connections: one client or a balancer with hundreds, or many clients.")
                .by("netstat -ano -p tcp"),
            Remedy { command: raise, ..Remedy::new("Raise the limit, or take it away, if nothing needs it:") },
            Remedy::new("Shorten connectionTimeout of the site (2 minutes by default), so that idle connections go sooner.")
                .mind("Too short, and every page costs clients new connections."),
        ],
        verify: Some(Remedy {
            command: typeperf(&format!("\\Web Service({})\\Current Connections", name.unwrap_or("*"))),
            ..Remedy::new("The connections must stay under the limit:")
        }),
        sources: &["KB 820729", "IIS configuration reference: site/limits"],
        subject: subject(moment, place),
    })
}
