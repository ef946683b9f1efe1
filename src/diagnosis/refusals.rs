//! What HTTPERR tells of requests that HTTP.sys ended, by whose they were.

use std::collections::BTreeMap;

use super::finding::{Severity, Subject};
use crate::engine::Moment;
use crate::timeline::tally::{Place, Tally, Trouble};

/// So many seconds of refusals are a restart, of which nobody need be woken.
const RESTART: i64 = 90;

/// The tallies of some reason phrases, by the pool or site that they are about.
pub(super) fn by_place<'m>(moment: &Moment<'m>, phrases: &[&str]) -> BTreeMap<&'m Place, Vec<(&'m str, &'m Tally)>> {
    let mut places: BTreeMap<&Place, Vec<(&str, &Tally)>> = BTreeMap::new();
    for (trouble, tally) in moment.timeline.troubles() {
        if let Trouble::HttpErr { phrase, place, .. } = trouble
            && phrases.contains(&&**phrase)
        {
            places.entry(place).or_default().push((phrase, tally));
        }
    }
    places
}

/// What a finding about a place is about.
pub(super) fn subject(moment: &Moment<'_>, place: &Place) -> Subject {
    match place {
        Place::AppPool(name) => Subject::AppPool(spelt(moment, name)),
        Place::Site(id) => Subject::Site(id.to_string()),
        Place::Unknown => Subject::HttpErr,
    }
}

/// The place for people: ` of pool X`, ` of site Y`; nothing where the rows do not tell.
pub(super) fn of_place(moment: &Moment<'_>, place: &Place) -> String {
    match place {
        Place::AppPool(name) => format!(" of pool {}", spelt(moment, name)),
        Place::Site(id) => match site_name(moment, id) {
            Some(name) => format!(" of site {name}"),
            None => format!(" of site {id}"),
        },
        Place::Unknown => String::new(),
    }
}

/// The name of a site by its id.
pub(super) fn site_name<'m>(moment: &Moment<'m>, id: &str) -> Option<&'m str> {
    let id: u32 = id.parse().ok()?;
    moment.limits.settings.sites.iter().find(|site| site.id == id).map(|site| site.name.as_str())
}

/// A pool's name as the configuration spells it.
fn spelt(moment: &Moment<'_>, name: &str) -> String {
    let settings = &moment.limits.settings;
    let used = settings.sites.iter().flat_map(|site| &site.applications).map(|application| &application.pool);
    let mut known = settings.pools.iter().map(|pool| &pool.name).chain(used);
    known.find(|known| known.eq_ignore_ascii_case(name)).cloned().unwrap_or_else(|| name.to_owned())
}

/// Restarts are so many seconds apart, at least: what comes more often is something else.
const APART: i64 = 3600;

/// Clients that are turned away are an alarm, unless it was over after a moment each time: restarts of a pool or of IIS, as at night.
pub(super) fn severity(spells: &[(i64, i64)], now: i64) -> Severity {
    let short = spells.iter().all(|(begin, end)| end - begin <= RESTART);
    let apart = spells.windows(2).all(|two| matches!(two, [(_, end), (begin, _)] if begin - end >= APART));
    // While it goes on nobody knows that it will be over.
    let over = spells.last().is_none_or(|(_, end)| now - end > RESTART);
    if short && apart && over { Severity::Info } else { Severity::Critical }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_no_alarm_once_it_is_over() {
        assert_eq!(severity(&[(1000, 1020)], 1600), Severity::Info);
        // It may go on.
        assert_eq!(severity(&[(1000, 1020)], 1050), Severity::Critical);
        assert_eq!(severity(&[(1000, 1000 + RESTART + 1)], 9000), Severity::Critical);
        assert_eq!(severity(&[(1000, 1000 + RESTART)], 1000 + 2 * RESTART + 1), Severity::Info);
        assert_eq!(severity(&[(1000, 1000 + RESTART)], 1000 + 2 * RESTART), Severity::Critical);
        // One a night, and one every quarter of an hour.
        assert_eq!(severity(&[(0, 9), (86_400, 86_410), (172_800, 172_805)], 200_000), Severity::Info);
        assert_eq!(severity(&[(0, 9), (900, 910), (1800, 1810)], 200_000), Severity::Critical);
    }
}
