//! Which seconds are looked at: an incident's, where the window has none, and whose limit a finding is about.

use std::ops::Range;

use super::super::changed_about;
use super::{Cell, ListRow, Look};
use crate::diagnosis::capacity::{Capacity, Target};
use crate::diagnosis::{Finding, Subject};
use crate::drill::matching::About;
use crate::slots::SlotUse;
use crate::time::{Time, Zone};
use crate::ui::theme::Role;

/// An incident is looked at for an hour at most, and a minute at least.
const HOUR: i64 = 3600;
const MINUTE: i64 = 60;

/// Which seconds are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// Those of an incident, with the rule that found it, if one was proposed.
    proposed: Option<(Range<i64>, &'static str)>,
    /// The window all the same.
    is_window: bool,
}

impl When {
    /// The incident of a finding, by its rule and its subject. Without a finding: the newest incident of a target if nobody was turned
    /// away in the window.
    pub(in crate::ui) fn propose(look: &Look<'_>, target: &Target, finding: Option<(&str, &Subject)>) -> Self {
        let diagnosis = look.diagnosis();
        let found = if let Some((rule, subject)) = finding {
            diagnosis.findings().find(|f| f.rule == rule && f.subject == *subject)
        } else {
            let is_calm = Capacity::of(look.moment, target, look.window).is_none_or(|window| window.turned_away == 0);
            let ours = diagnosis.findings().filter(|finding| is_calm && is_of(target, &finding.subject));
            // The worst first; of these the newest.
            ours.min_by_key(|finding| (finding.severity, std::cmp::Reverse(finding.last)))
        };
        Self { proposed: found.map(|finding| (seconds(look, finding), finding.rule)), is_window: false }
    }

    /// The incident's seconds, if these are looked at.
    #[must_use]
    pub fn incident(&self) -> Option<&Range<i64>> {
        self.proposed.as_ref().filter(|_| !self.is_window).map(|(seconds, _)| seconds)
    }

    /// Whether there are an incident and the window to choose from.
    pub(super) fn is_choice(&self) -> bool {
        self.proposed.is_some()
    }

    /// The other of the two.
    pub(in crate::ui) fn change(&mut self) {
        self.is_window = !self.is_window;
    }

    /// What was measured in these seconds.
    pub(super) fn capacity(&self, look: &Look<'_>, target: &Target) -> Option<Capacity> {
        match self.incident() {
            Some(seconds) => Capacity::within(look.moment, target, seconds.clone()),
            None => Capacity::of(look.moment, target, look.window),
        }
    }

    /// The row that tells, and on which it is changed.
    pub(super) fn row(&self, name: &str, zone: Zone) -> ListRow {
        let (incident, window) = ("incident", "window");
        let told = self.proposed.as_ref().map(|(seconds, rule)| {
            let clock = |second: i64| zone.clock(Time::from_second(second));
            format!("{rule}, {}-{}", clock(seconds.start), clock(seconds.end - 1))
        });
        let texts = [if self.is_window { window } else { incident }, window].map(Cell::text);
        let cells = std::iter::once(Cell::text(name)).chain(texts).chain([Cell::text(told.unwrap_or_default())]);
        ListRow::new(cells.collect(), None).role(Role::Accent)
    }
}

/// From the last time it set in, at most an hour.
fn seconds(look: &Look<'_>, finding: &Finding) -> Range<i64> {
    let end = look.moment.at.second() + 1;
    let from = finding.onsets.last().copied().unwrap_or(finding.first).second().min(end);
    from..(finding.last.second() + 1).clamp(from + MINUTE, from + HOUR).min(end)
}

fn is_of(target: &Target, subject: &Subject) -> bool {
    match target {
        Target::App(app) => matches!(subject, Subject::App(name) if name == app),
        Target::Ns(_) => *subject == Subject::Ns,
    }
}

/// Whose limit a finding is about; `None` where it is about none. Of several kinds of slots it is the one that turned away most.
pub(in crate::ui) fn of_subject(look: &Look<'_>, subject: &Subject) -> Option<Target> {
    if let Subject::AppPool(pool) = subject {
        return of_pool(look, pool);
    }
    match changed_about(look, subject)? {
        About::App(app) => look.moment.timeline.app(&app).map(|_| Target::App(app)),
        About::NsSlots => {
            let kinds = SlotUse::all(look.moment);
            let most = kinds.iter().max_by_key(|slots| slots.turned_away())?;
            most.types.first().map(|kind| Target::Ns(kind.request))
        }
        _ => None,
    }
}

/// Of the applications that run in a pool the one with the most requests.
fn of_pool(look: &Look<'_>, pool: &str) -> Option<Target> {
    let end = look.moment.at.second() + 1;
    let settings = &look.moment.limits.settings;
    let is_in = |name: &str| {
        let (site, path) = settings.split(name);
        settings.pool_of(site, path).is_some_and(|other| other.eq_ignore_ascii_case(pool))
    };
    let apps = look.moment.timeline.apps().filter(|(name, _)| is_in(name));
    apps.max_by_key(|(_, app)| app.ended(&(i64::MIN..end))).map(|(name, _)| Target::App(name.to_owned()))
}
