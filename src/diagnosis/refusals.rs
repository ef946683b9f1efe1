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

/// Clients that are turned away are an alarm, unless it was over after a moment: a restart of a pool or of IIS.
pub(super) fn severity(onsets: usize, lasted: i64, ago: i64) -> Severity {
    // While it goes on nobody knows that it will be over.
    if onsets == 1 && lasted <= RESTART && ago > RESTART { Severity::Info } else { Severity::Critical }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_no_alarm_once_it_is_over() {
        assert_eq!(severity(1, 20, 600), Severity::Info);
        // It may go on.
        assert_eq!(severity(1, 20, 30), Severity::Critical);
        assert_eq!(severity(1, RESTART + 1, 600), Severity::Critical);
        assert_eq!(severity(2, 20, 600), Severity::Critical);
        assert_eq!(severity(1, RESTART, RESTART + 1), Severity::Info);
        assert_eq!(severity(1, RESTART, RESTART), Severity::Critical);
    }
}
