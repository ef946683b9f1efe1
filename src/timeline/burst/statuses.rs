//! What the requests of a minute ended with.

use std::collections::BTreeMap;

use super::held::Held;

/// A status and its substatus.
pub type Status = (u16, Option<u16>);

/// How often each status was seen in each second of a window. Each has one place, which the last of those that share it has: to look
/// there is foreseen, to search is not.
#[derive(Debug, Clone)]
pub struct Statuses {
    /// A status, and where its counts stand.
    places: [(Key, usize); Self::PLACES],
    counts: Vec<(Status, Held<u32>)>,
    /// Those of statuses beyond [`Statuses::MOST`], by status and place.
    rare: BTreeMap<(Status, usize), u32>,
}

/// A status and its substatus in one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key(u64);

impl Key {
    /// That of no status.
    const NONE: Self = Self(u64::MAX);

    #[inline]
    fn of((status, substatus): Status) -> Self {
        Self(u64::from(status) | substatus.map_or(0, |substatus| u64::from(substatus) + 1) << 16)
    }

    /// Those that IIS gives often do not meet.
    #[expect(clippy::cast_possible_truncation, reason = "its last bits count")]
    #[inline]
    fn place(self) -> usize {
        (self.0 ^ (self.0 >> 16).wrapping_mul(37)) as usize % Statuses::PLACES
    }
}

impl Default for Statuses {
    fn default() -> Self {
        Self { places: [(Key::NONE, 0); Self::PLACES], counts: Vec::new(), rare: BTreeMap::new() }
    }
}

impl Statuses {
    const PLACES: usize = 64;
    /// An application has no more in a minute: where a log makes them up, the others take less memory, and more time.
    const MOST: usize = 32;

    /// One more of a status, in the second of the window that stands at `at`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nearly all rows of a busy log are such")]
    pub fn count(&mut self, status: Status, at: usize) {
        let key = Key::of(status);
        if let Some((known, index)) = self.places.get(key.place())
            && *known == key
            && let Some((_, held)) = self.counts.get_mut(*index)
        {
            held.add(at, 1);
        } else {
            self.count_other(status, at);
        }
    }

    /// The same of a status that has not its place.
    #[cold]
    #[inline(never)]
    fn count_other(&mut self, status: Status, at: usize) {
        let index = self.counts.iter().position(|(known, _)| *known == status).unwrap_or(self.counts.len());
        if index == Self::MOST {
            let count = self.rare.entry((status, at)).or_default();
            *count = count.saturating_add(1);
            return;
        }
        if index == self.counts.len() {
            self.counts.push((status, Held::default()));
        }
        if let Some((_, held)) = self.counts.get_mut(index) {
            held.add(at, 1);
        }
        let key = Key::of(status);
        if let Some(place) = self.places.get_mut(key.place()) {
            *place = (key, index);
        }
    }

    /// Hands out the counts of each status that was seen; who takes them leaves none.
    pub fn hand_on(&mut self, mut each: impl FnMut(Status, &mut Held<u32>)) {
        for (status, held) in self.counts.iter_mut().filter(|(_, held)| held.is_any()) {
            each(*status, held);
        }
        if !self.rare.is_empty() {
            for ((status, at), count) in &self.rare {
                let mut held = Held::default();
                held.add(*at, *count);
                each(*status, &mut held);
            }
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::series::Series;
    use super::super::held::Window;
    use super::*;

    proptest! {
        #[test]
        fn each_status_is_counted_whichever_share_a_place(
            windows in proptest::collection::vec(proptest::collection::vec((0u16..6, 0u16..30, proptest::option::of(0u16..3), 0usize..64), 0..200), 1..4),
        ) {
            let mut statuses = Statuses::default();
            let (mut want, mut got) = (BTreeMap::<Status, Series<u32>>::new(), BTreeMap::<Status, Series<u32>>::new());
            for (begin, rows) in (0..).step_by(64).zip(windows) {
                for (place, round, substatus, at) in rows {
                    // Statuses that lie one round of places apart meet.
                    let status = (200 + place + round * 64, substatus);
                    statuses.count(status, at);
                    want.entry(status).or_default().add(begin + i64::try_from(at).unwrap(), 1);
                }
                statuses.hand_on(|status, held| held.hand_on(Window::of(begin), got.entry(status).or_default()));
            }
            prop_assert_eq!(got, want);
        }
    }
}
