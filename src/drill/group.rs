//! Rows with something in common, and their sums.

use std::collections::HashMap;
use std::ops::Range;

use super::matching::Hit;
use crate::time::Time;

/// Groups kept apart; what comes after them is counted together. Random URLs must not eat memory.
const MOST_GROUPS: usize = 20_000;
/// The group of everything beyond [`MOST_GROUPS`].
const OTHERS: &[u8] = b"(others)";

/// Rows with the same URL, client, user agent or status.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they have in common: bytes of the log.
    pub key: Vec<u8>,
    /// How many ended in the window.
    pub count: u64,
    /// How many of them were turned away.
    pub turned_away: u64,
    /// How many were in flight, on average over the window.
    pub in_flight: f64,
    /// The longest, in milliseconds; `None` where the log does not tell.
    pub longest: Option<u64>,
    /// The sum of their times, in milliseconds.
    pub total: u64,
}

/// Groups that rows are added to.
pub(super) struct Groups {
    by_key: HashMap<Vec<u8>, Sums>,
    window: Range<Time>,
}

/// What the rows of a group come to; the fields are those of [`Group`].
#[derive(Default)]
struct Sums {
    count: u64,
    turned_away: u64,
    /// Milliseconds of the window in which they were in flight.
    held: i64,
    longest: Option<u64>,
    total: u64,
}

impl Groups {
    pub fn new(window: Range<Time>) -> Self {
        Self { by_key: HashMap::new(), window }
    }

    pub fn add(&mut self, key: &[u8], hit: &Hit, time: Time) {
        let taken = hit.taken.unwrap_or(0);
        let end = time.plus(500);
        let begin = end.plus(-i64::try_from(taken).unwrap_or(i64::MAX));
        let held = end.min(self.window.end).since(begin.max(self.window.start)).max(0);
        let sums = if self.window.contains(&time) {
            Sums { count: 1, turned_away: hit.turned_away, held, longest: hit.taken, total: taken }
        } else {
            Sums { held, ..Sums::default() }
        };
        self.put(key, &sums);
    }

    /// Adds the groups of other rows of the same window.
    pub fn merge(&mut self, other: Self) {
        let mut keys: Vec<_> = other.by_key.into_iter().collect();
        // Which are kept apart must not depend on chance.
        keys.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (key, sums) in &keys {
            self.put(key, sums);
        }
    }

    fn put(&mut self, key: &[u8], sums: &Sums) {
        if let Some(group) = self.by_key.get_mut(key) {
            return group.add(sums);
        }
        let key = if self.by_key.len() >= MOST_GROUPS { OTHERS } else { key };
        self.by_key.entry(key.to_vec()).or_default().add(sums);
    }

    /// The greatest first.
    pub fn sorted(self) -> Vec<Group> {
        let span = self.window.end.since(self.window.start).max(1);
        let mut rows: Vec<Group> = self.by_key.into_iter().map(|(key, sums)| sums.told(key, span)).collect();
        rows.sort_by(|a, b| b.total.cmp(&a.total).then(b.count.cmp(&a.count)).then(a.key.cmp(&b.key)));
        rows
    }
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.turned_away += other.turned_away;
        self.held += other.held;
        self.longest = self.longest.max(other.longest);
        self.total = self.total.saturating_add(other.total);
    }

    fn told(self, key: Vec<u8>, span: i64) -> Group {
        let Self { count, turned_away, held, longest, total } = self;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a window, far below 2^52")]
        let in_flight = held as f64 / span as f64;
        Group { key, count, turned_away, in_flight, longest, total }
    }
}
