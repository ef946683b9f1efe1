//! Two stretches of time side by side: what arrived, how long it took, and how much each client, user agent, URL and status explains
//! of the change of what was in flight.
//!
//! In flight on average = those let in a second * seconds in flight of each (Little's law); both are counted in the stretch itself,
//! so that the two parts of a change, more of them and each longer, add up to it exactly. In a stretch that is shorter than requests
//! take, neither part means much: [`Comparison::is_settled`] tells.

mod load;
mod taken;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

pub use load::{Load, Parts};
pub use taken::Taken;

use super::matching::{By, Hit};
use super::{Plan, ReadLog};
use crate::formats::Kind;
use crate::record::Record;
use crate::time::Time;

/// Groups of a kind that are kept apart; what comes after them is counted together. Random URLs must not eat memory.
const MOST_GROUPS: usize = 20_000;
/// The group of everything beyond [`MOST_GROUPS`].
const OTHERS: &[u8] = b"(others)";
/// Groups of a kind that are told of.
const MOST_TOLD: usize = 500;

/// All requests of a stretch of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Side {
    /// How many.
    pub load: Load,
    /// How long it is, in seconds.
    pub seconds: f64,
    /// How long those took that ended in it.
    pub taken: Taken,
    /// Of those that were let in and ended in it, rows of a log that does not tell how long they took.
    pub untimed: u64,
    /// Different clients; at least so many if they are [`Comparison::MOST_CLIENTS`] or more.
    pub clients: usize,
}

impl Side {
    /// Whether anything tells how many were in flight: else nobody knows, and 0 would be a lie.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.taken.max.is_some() || self.untimed == 0
    }
}

/// Requests with something in common, in both stretches.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they have in common.
    pub by: By,
    /// Its value: bytes of the log.
    pub key: Vec<u8>,
    /// Before.
    pub before: Load,
    /// And during it.
    pub during: Load,
}

/// Two stretches of time side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Before.
    pub before: Side,
    /// And during it.
    pub during: Side,
    /// What explains most of the change first, whatever kind it is of; where nothing tells how long requests took, what changed most.
    pub groups: Vec<Group>,
    /// There were more groups than are told of.
    pub cut: bool,
    /// Sentences about parts of logs that are gone.
    pub missing: BTreeSet<String>,
}

impl Comparison {
    /// Beyond so many, clients are not told apart.
    pub const MOST_CLIENTS: usize = MOST_GROUPS;

    /// Reads both stretches, each in one pass; `None` if it was given up meanwhile.
    #[must_use]
    pub fn read(before: &Plan, during: &Plan, reader: &dyn ReadLog, given_up: &AtomicBool) -> Option<Self> {
        let mut reading = Reading::default();
        reading.side(0, before, reader, given_up)?;
        reading.side(1, during, reader, given_up)?;
        let span = |plan: &Plan| u64::try_from(plan.times.end.since(plan.times.start)).unwrap_or(0);
        Some(reading.told([span(before), span(during)]))
    }

    /// What the whole change is made of.
    #[must_use]
    pub fn parts(&self) -> Parts {
        Parts::of(&self.before.load, &self.during.load)
    }

    /// Whether both stretches are longer than the requests that ended in them took on average.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let outlasts = |side: &Side| side.taken.mean().is_some_and(|millis| millis / 1000.0 > side.seconds);
        !outlasts(&self.before) && !outlasts(&self.during)
    }

    /// Whether it is known how many were in flight in both.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.before.is_timed() && self.during.is_timed()
    }

    /// What is compared: how many were in flight, or arrivals a second where no row tells how long it took.
    #[must_use]
    pub fn amount(&self, load: &Load) -> f64 {
        amount(load, self.is_timed())
    }

    /// By how much more of a group there is of [`Self::amount`].
    #[must_use]
    pub fn change(&self, group: &Group) -> f64 {
        self.amount(&group.during) - self.amount(&group.before)
    }

    /// How much of the change a group explains: 1 for all of it. `None` where there is no change to explain.
    #[must_use]
    pub fn share(&self, group: &Group) -> Option<f64> {
        let change = self.amount(&self.during.load) - self.amount(&self.before.load);
        is_change(change).then(|| self.change(group) / change)
    }
}

/// What is counted of some requests.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    arrived: u64,
    let_in: u64,
    ended: u64,
    turned_away: u64,
    untimed: u64,
    /// Milliseconds in flight within the stretch, of all together.
    held: u64,
}

impl Counted {
    fn add(&mut self, other: Self) {
        self.arrived += other.arrived;
        self.let_in += other.let_in;
        self.ended += other.ended;
        self.turned_away += other.turned_away;
        self.untimed += other.untimed;
        self.held = self.held.saturating_add(other.held);
    }

    /// `span` is the length of the stretch in milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "counts and milliseconds of a window, far below 2^52")]
    fn load(self, span: u64) -> Load {
        let span = span.max(1) as f64;
        Load {
            rate: self.arrived as f64 * 1000.0 / span,
            let_in: self.let_in as f64 * 1000.0 / span,
            in_flight: self.held as f64 / span,
            ended: self.ended,
            turned_away: self.turned_away,
        }
    }
}

/// Both stretches while they are read: what is counted before stands first.
#[derive(Default)]
struct Reading {
    all: [Counted; 2],
    taken: [Taken; 2],
    groups: HashMap<(By, Vec<u8>), [Counted; 2]>,
    /// How many groups of a kind there are.
    kinds: HashMap<By, usize>,
    missing: BTreeSet<String>,
}

impl Reading {
    /// Reads one stretch; `None` if it was given up meanwhile.
    fn side(&mut self, which: usize, plan: &Plan, reader: &dyn ReadLog, given_up: &AtomicBool) -> Option<()> {
        for (source, block) in &plan.blocks {
            if given_up.load(Ordering::Relaxed) {
                return None;
            }
            let unread = plan.read(*source, block, (reader, given_up), &mut |hit, record| {
                self.add(which, &plan.times, &hit, record);
            });
            self.missing.extend(unread);
        }
        Some(())
    }

    fn add(&mut self, which: usize, window: &Range<Time>, hit: &Hit, record: &Record<'_>) {
        // What the logs of products say of requests is no request.
        if !matches!(hit.kind, Kind::W3c | Kind::HttpErr) {
            return;
        }
        let is_untimed = hit.kind == Kind::W3c && hit.taken.is_none() && hit.turned_away == 0;
        let taken = i64::try_from(hit.taken.unwrap_or(0)).unwrap_or(i64::MAX);
        let end = record.time.plus(500);
        let begin = end.plus(taken.saturating_neg());
        let one = Counted {
            arrived: u64::from(window.contains(&begin)),
            let_in: u64::from(window.contains(&begin) && hit.turned_away == 0 && hit.taken.is_some()),
            ended: u64::from(window.contains(&record.time)),
            turned_away: u64::from(window.contains(&record.time) && hit.turned_away > 0),
            untimed: u64::from(window.contains(&record.time) && is_untimed),
            held: u64::try_from(end.min(window.end).since(begin.max(window.start))).unwrap_or(0),
        };
        if let (Some(taken), true) = (hit.taken.filter(|_| hit.turned_away == 0), one.ended > 0)
            && let Some(all) = self.taken.get_mut(which)
        {
            all.add(taken);
        }
        if let Some(all) = self.all.get_mut(which) {
            all.add(one);
        }
        for by in By::ALL {
            if let Some(group) = self.group(by, &hit.key(by, record)).get_mut(which) {
                group.add(one);
            }
        }
    }

    fn group(&mut self, by: By, key: &[u8]) -> &mut [Counted; 2] {
        let mut place = (by, key.to_vec());
        let known = self.kinds.entry(by).or_default();
        if !self.groups.contains_key(&place) {
            if *known >= MOST_GROUPS {
                place.1 = OTHERS.to_vec();
            }
            *known += 1;
        }
        self.groups.entry(place).or_default()
    }

    fn told(mut self, spans: [u64; 2]) -> Comparison {
        let groups = self.groups.iter().map(|((by, key), [before, during])| Group {
            by: *by,
            key: key.clone(),
            before: before.load(spans[0]),
            during: during.load(spans[1]),
        });
        let groups: Vec<Group> = groups.collect();
        let clients = |of: fn(&Group) -> &Load| {
            let is_there = |group: &&Group| group.by == By::Client && group.key != b"-" && !of(group).is_none();
            groups.iter().filter(is_there).count()
        };
        let clients = [clients(|group| &group.before), clients(|group| &group.during)];
        let mut side = |at: usize| Side {
            load: self.all[at].load(spans[at]),
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a window, far below 2^52")]
            seconds: spans[at] as f64 / 1000.0,
            taken: std::mem::take(&mut self.taken[at]),
            untimed: self.all[at].untimed,
            clients: clients[at],
        };
        let (before, during) = (side(0), side(1));
        let mut told = Comparison { before, during, groups: Vec::new(), cut: false, missing: self.missing };
        (told.groups, told.cut) =
            ranked(groups, told.amount(&told.during.load) - told.amount(&told.before.load), told.is_timed());
        told
    }
}

/// What explains most first; of each kind those with the greatest changes. Tells whether there were more.
fn ranked(groups: Vec<Group>, change: f64, is_timed: bool) -> (Vec<Group>, bool) {
    let by = |group: &Group| amount(&group.during, is_timed) - amount(&group.before, is_timed);
    let steps = |group: &Group| (by(group).abs(), (group.during.rate - group.before.rate).abs());
    let mut all = groups;
    all.sort_by(|a, b| {
        let ((a_held, a_rate), (b_held, b_rate)) = (steps(a), steps(b));
        b_held.total_cmp(&a_held).then(b_rate.total_cmp(&a_rate)).then_with(|| a.key.cmp(&b.key))
    });
    let many = all.len();
    let mut told: Vec<Group> = Vec::new();
    for kind in By::ALL {
        told.extend(all.iter().filter(|group| group.by == kind).take(MOST_TOLD).cloned());
    }
    let explains = |group: &Group| if is_change(change) { by(group) * change.signum() } else { by(group).abs() };
    // The sort is stable: of those that explain as much, those whose rates changed more come first.
    told.sort_by(|a, b| explains(b).total_cmp(&explains(a)).then(steps(b).1.total_cmp(&steps(a).1)));
    let cut = told.len() < many;
    (told, cut)
}

fn amount(load: &Load, is_timed: bool) -> f64 {
    if is_timed { load.in_flight } else { load.rate }
}

/// A hundredth of a request is no change.
fn is_change(change: f64) -> bool {
    change.abs() >= 0.01
}

#[cfg(test)]
mod tests;
