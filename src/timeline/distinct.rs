//! How many different clients there were, in little memory.

use std::borrow::Cow;

use twox_hash::XxHash3_64;

/// Clients kept: so many are counted exactly, more are estimated.
const KEPT: usize = 1024;

/// A count as exactly as it is known: of an estimate two digits.
#[must_use]
pub fn rounded(count: u64) -> u64 {
    if count < KEPT as u64 {
        return count;
    }
    let scale = 10_u64.pow(count.ilog10().saturating_sub(1));
    count / scale * scale
}

/// The same for people: `812`, `about 5400`.
#[must_use]
pub fn shown(count: u64) -> String {
    if count < KEPT as u64 { count.to_string() } else { format!("about {}", rounded(count)) }
}

/// How many different clients there were. Of their hashes the least are kept: with `k` of them kept, the greatest of these tells how
/// close together all lie (Bar-Yossef et al., "Counting distinct elements in a data stream", 2002). It is the same in any order.
#[derive(Debug, Clone)]
pub struct Distinct {
    /// Hashes, each with the first second in which it was seen.
    kept: Kept,
    /// Greater hashes are not kept.
    most: u64,
}

#[derive(Debug, Clone)]
enum Kept {
    /// The least hash first: it takes no more memory than it must.
    InOrder(Vec<(u64, i64)>),
    /// Where they are found at once, while clients come; up to half as many more than are kept.
    AtHand(Table),
}

/// Hashes by their last bits, each in the first free place from there on. At least a quarter of the places is free.
#[derive(Debug, Clone)]
struct Table {
    /// As many as a power of two; [`FREE`] where nothing is.
    places: Vec<(u64, i64)>,
    held: usize,
}

/// A second in which nobody was seen.
const FREE: i64 = i64::MAX;

impl Table {
    /// One with so many places, a power of two.
    fn with(places: usize) -> Self {
        Self { places: vec![(0, FREE); places], held: 0 }
    }

    /// One of some hashes, with room for more.
    fn of(hashes: &[(u64, i64)]) -> Self {
        let mut table = Self::with((hashes.len() * 4 / 3 + 1).next_power_of_two().max(16));
        for (hash, second) in hashes {
            table.put(*hash, *second);
        }
        table
    }

    #[expect(clippy::cast_possible_truncation, reason = "its last bits count")]
    #[inline]
    fn place(&self, hash: u64) -> usize {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        while self.places.get(at).is_some_and(|(known, first)| *first != FREE && *known != hash) {
            at = (at + 1) & mask;
        }
        at
    }

    #[inline]
    fn put(&mut self, hash: u64, second: i64) {
        let at = self.place(hash);
        if let Some((known, first)) = self.places.get_mut(at) {
            self.held += usize::from(*first == FREE);
            (*known, *first) = (hash, second.min(*first));
        }
    }

    fn holds(&self, hash: u64) -> bool {
        self.places.get(self.place(hash)).is_some_and(|(_, first)| *first != FREE)
    }

    fn is_full(&self) -> bool {
        self.held * 4 >= self.places.len() * 3
    }

    fn all(&self) -> Vec<(u64, i64)> {
        self.places.iter().filter(|(_, second)| *second != FREE).copied().collect()
    }
}

impl Default for Distinct {
    fn default() -> Self {
        Self { kept: Kept::InOrder(Vec::new()), most: u64::MAX }
    }
}

impl PartialEq for Distinct {
    fn eq(&self, other: &Self) -> bool {
        self.in_order() == other.in_order()
    }
}

impl Distinct {
    /// Another one, of no client yet, with as much room.
    #[must_use]
    pub fn like(&self) -> Self {
        match &self.kept {
            Kept::AtHand(table) => Self { kept: Kept::AtHand(Table::with(table.places.len())), ..Self::default() },
            Kept::InOrder(_) => Self::default(),
        }
    }

    /// A client was seen.
    pub fn add(&mut self, second: i64, client: &[u8]) {
        if let Some(hash) = Self::hash(client) {
            self.keep(hash, second);
        }
    }

    /// What a client is known by; `None` if the row names none.
    #[must_use]
    pub fn hash(client: &[u8]) -> Option<u64> {
        (!client.is_empty()).then(|| XxHash3_64::oneshot(client))
    }

    /// The client of a hash was seen.
    #[inline]
    pub fn keep(&mut self, hash: u64, second: i64) {
        if hash > self.most {
            return;
        }
        match &mut self.kept {
            Kept::AtHand(table) => {
                table.put(hash, second);
                if table.is_full() {
                    self.make_room();
                }
            }
            Kept::InOrder(kept) => {
                let mut table = Table::of(kept);
                table.put(hash, second);
                self.kept = Kept::AtHand(table);
            }
        }
    }

    /// Forgets the greatest hashes where there are more than are kept, else takes more room.
    #[inline(never)]
    fn make_room(&mut self) {
        let Kept::AtHand(table) = &self.kept else { return };
        let mut all = table.all();
        self.most = cut_off(&mut all).unwrap_or(self.most);
        self.kept = Kept::AtHand(Table::of(&all));
    }

    /// Nothing more comes for a while: to count them takes no time.
    pub fn settle(&mut self) {
        if matches!(&self.kept, Kept::AtHand(table) if table.held > KEPT) {
            self.make_room();
        }
    }

    /// Nothing more comes, or little: what is kept takes no more memory than it must.
    pub fn pack(&mut self) {
        if let Cow::Owned(kept) = self.in_order() {
            self.keep_only(kept);
        }
    }

    /// Keeps the least of some hashes that are in order.
    fn keep_only(&mut self, mut kept: Vec<(u64, i64)>) {
        kept.truncate(KEPT);
        kept.shrink_to_fit();
        self.most = kept.last().filter(|_| kept.len() == KEPT).map_or(u64::MAX, |(last, _)| *last);
        self.kept = Kept::InOrder(kept);
    }

    /// What is kept, the least hash first.
    fn in_order(&self) -> Cow<'_, [(u64, i64)]> {
        match &self.kept {
            Kept::InOrder(kept) => Cow::Borrowed(kept),
            Kept::AtHand(table) => {
                let mut all = table.all();
                _ = cut_off(&mut all);
                all.sort_unstable();
                Cow::Owned(all)
            }
        }
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: &Self) {
        let (mine, others) = (self.in_order(), other.in_order());
        if others.is_empty() {
            return;
        }
        let mut all = Vec::with_capacity(KEPT.min(mine.len() + others.len()));
        let (mut at, mut others_at) = (0, 0);
        while let (Some(one), Some(other)) = (mine.get(at), others.get(others_at))
            && all.len() < KEPT
        {
            // Of a client that both met, the second in which it was seen first.
            all.push(*one.min(other));
            at += usize::from(one.0 <= other.0);
            others_at += usize::from(other.0 <= one.0);
        }
        let rest = mine.iter().skip(at).chain(others.iter().skip(others_at));
        all.extend(rest.take(KEPT - all.len()));
        self.keep_only(all);
    }

    /// What is kept, in any order, and places that are [`FREE`].
    fn least(&self) -> Cow<'_, [(u64, i64)]> {
        match &self.kept {
            Kept::AtHand(table) if table.held <= KEPT => Cow::Borrowed(&table.places),
            _ => self.in_order(),
        }
    }

    /// Whether a hash is among those kept.
    #[must_use]
    pub fn keeps(&self, hash: u64) -> bool {
        match &self.kept {
            Kept::AtHand(table) if table.held <= KEPT => table.holds(hash),
            _ => self.in_order().binary_search_by_key(&hash, |(hash, _)| *hash).is_ok(),
        }
    }

    /// The hashes that are kept of clients seen before `end`: a sample of all clients. Whatever is merged, the sample of the whole is in
    /// those of its parts.
    pub fn sample(&self, end: i64) -> impl Iterator<Item = u64> + use<> {
        let kept = self.least().into_owned();
        kept.into_iter().filter(move |(_, first)| *first < end).map(|(hash, _)| hash)
    }

    /// How many different clients were seen before `end`; exact up to 1023 in all.
    #[must_use]
    pub fn count(&self, end: i64) -> u64 {
        let places = self.least();
        let seen = places.iter().filter(|(_, first)| *first < end).count() as u64;
        let kept = || places.iter().filter(|(_, first)| *first != FREE).map(|(hash, _)| *hash);
        let Some(last) = kept().max().filter(|_| kept().count() >= KEPT) else { return seen };
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let all = (KEPT as f64 - 1.0) * (u64::MAX as f64 / last.max(1) as f64);
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
        let estimate = (all * (seen as f64 / KEPT as f64)).round() as u64;
        estimate.max(seen)
    }
}

/// Of more hashes than are kept, leaves the least, in any order; gives the greatest of these.
fn cut_off(hashes: &mut Vec<(u64, i64)>) -> Option<u64> {
    let (_, (last, _), _) = (hashes.len() > KEPT).then(|| hashes.select_nth_unstable(KEPT - 1))?;
    let last = *last;
    hashes.truncate(KEPT);
    Some(last)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn of(clients: std::ops::Range<u32>) -> Distinct {
        let mut distinct = Distinct::default();
        for n in clients {
            distinct.add(i64::from(n), std::net::Ipv4Addr::from(0x0a00_0000 + n).to_string().as_bytes());
        }
        distinct
    }

    #[test]
    fn few_are_counted_exactly_and_as_of_a_second() {
        let few = of(0..1000);
        assert_eq!((few.count(i64::MAX), few.count(10), few.count(0)), (1000, 10, 0));
        assert_eq!(Distinct::default().count(i64::MAX), 0);
    }

    #[test]
    fn many_are_estimated_within_a_tenth_and_come_together_in_any_order() {
        for many in [3000, 20_000, 60_000] {
            let count = of(0..many).count(i64::MAX);
            let (low, high) = (u64::from(many) * 9 / 10, u64::from(many) * 11 / 10);
            assert!((low..=high).contains(&count), "{count} of {many}");
        }
        let (mut one, mut other) = (of(0..2000), of(1000..4000));
        one.merge(&of(1000..4000));
        other.merge(&of(0..2000));
        assert_eq!((&one, one.count(i64::MAX)), (&other, of(0..4000).count(i64::MAX)));
    }

    #[test]
    fn an_estimate_does_not_look_exact() {
        assert_eq!(
            [0, 812, 1023, 1024, 5148, 12_999].map(shown),
            ["0", "812", "1023", "about 1000", "about 5100", "about 12000"]
        );
    }

    proptest! {
        #[test]
        fn the_least_hashes_are_kept_with_the_first_second_of_each_whatever_is_done_between(
            seeds in proptest::collection::vec((0u64..6000, 0i64..100, 0u32..2000), 0..6000),
            end in 0i64..101,
        ) {
            let mut all: BTreeMap<u64, i64> = BTreeMap::new();
            let mut parts = [const { None }; 3].map(|part: Option<Distinct>| part.unwrap_or_default());
            for (seed, second, act) in seeds {
                let hash = XxHash3_64::oneshot(&seed.to_le_bytes());
                all.entry(hash).and_modify(|first| *first = second.min(*first)).or_insert(second);
                let part = &mut parts[act as usize % 3];
                part.keep(hash, second);
                match act {
                    0..3 => part.settle(),
                    3..6 => part.pack(),
                    _ => {}
                }
            }
            let [mut one, two, three] = parts;
            prop_assert!(all.keys().take(9).all(|hash| one.keeps(*hash) || two.keeps(*hash) || three.keeps(*hash)));
            one.merge(&two);
            one.merge(&three);
            // Going on with what was merged is the same as never having stopped.
            for more in [None, Some((u64::MAX / 2, 7))] {
                if let Some((hash, second)) = more {
                    one.keep(hash, second);
                    all.entry(hash).and_modify(|first| *first = second.min(*first)).or_insert(second);
                }
                let want: Vec<(u64, i64)> = all.iter().take(KEPT).map(|(hash, first)| (*hash, *first)).collect();
                prop_assert_eq!(&*one.in_order(), &want[..]);
                let (counted, seen) = (one.count(end), want.iter().filter(|(_, first)| *first < end).count());
                prop_assert!(counted == seen as u64 || want.len() == KEPT && counted > seen as u64);
                prop_assert_eq!(one.sample(end).count(), seen);
            }
        }
    }
}
