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
    by_key: HashMap<Vec<u8>, Group>,
    window: Range<Time>,
    /// Its length in milliseconds.
    span: u64,
}

impl Groups {
    pub fn new(window: Range<Time>) -> Self {
        let span = u64::try_from(window.end.since(window.start)).unwrap_or(0).max(1);
        Self { by_key: HashMap::new(), window, span }
    }

    pub fn add(&mut self, key: &[u8], hit: &Hit, time: Time) {
        let Self { by_key: groups, window, span } = self;
        let key = if groups.len() >= MOST_GROUPS && !groups.contains_key(key) { OTHERS } else { key };
        if !groups.contains_key(key) {
            groups.insert(key.to_vec(), Group::empty(key));
        }
        if let Some(group) = groups.get_mut(key) {
            group.add(hit, time, window, *span);
        }
    }

    /// The greatest first.
    pub fn sorted(self) -> Vec<Group> {
        let mut rows: Vec<Group> = self.by_key.into_values().collect();
        rows.sort_by(|a, b| b.total.cmp(&a.total).then(b.count.cmp(&a.count)).then(a.key.cmp(&b.key)));
        rows
    }
}

impl Group {
    fn empty(key: &[u8]) -> Self {
        Self { key: key.to_vec(), count: 0, turned_away: 0, in_flight: 0.0, longest: None, total: 0 }
    }

    fn add(&mut self, hit: &Hit, time: Time, window: &Range<Time>, span: u64) {
        let taken = hit.taken.unwrap_or(0);
        let end = time.plus(500);
        let begin = end.plus(-i64::try_from(taken).unwrap_or(i64::MAX));
        let overlap = end.min(window.end).since(begin.max(window.start)).max(0);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a window, far below 2^52")]
        let share = overlap as f64 / span as f64;
        self.in_flight += share;
        if window.contains(&time) {
            self.count += 1;
            self.turned_away += hit.turned_away;
            self.total = self.total.saturating_add(taken);
            self.longest = self.longest.max(hit.taken);
        }
    }
}
