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
    /// Hashes, each with the first second in which it was seen; the least hash first.
    least: Vec<(u64, i64)>,
    /// What came since, in any order: it is sorted now and then.
    fresh: Vec<(u64, i64)>,
    /// Greater hashes are not kept.
    most: u64,
}

impl Default for Distinct {
    fn default() -> Self {
        Self { least: Vec::new(), fresh: Vec::new(), most: u64::MAX }
    }
}

impl PartialEq for Distinct {
    fn eq(&self, other: &Self) -> bool {
        self.kept() == other.kept()
    }
}

impl Distinct {
    /// A client was seen.
    pub fn add(&mut self, second: i64, client: &[u8]) {
        if !client.is_empty() {
            self.keep(XxHash3_64::oneshot(client), second);
        }
    }

    #[inline]
    fn keep(&mut self, hash: u64, second: i64) {
        if hash <= self.most {
            self.fresh.push((hash, second));
            if self.fresh.len() >= KEPT {
                self.settle();
            }
        }
    }

    /// Puts what came in order, so that a look at it takes no time.
    pub fn settle(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        self.fresh.sort_unstable();
        self.least.append(&mut self.fresh);
        #[expect(clippy::stable_sort_primitive, reason = "it only merges two runs that are in order")]
        self.least.sort();
        // Of equal hashes the one that was seen first stands first.
        self.least.dedup_by_key(|(hash, _)| *hash);
        self.least.truncate(KEPT);
        self.most = self.least.last().filter(|_| self.least.len() == KEPT).map_or(u64::MAX, |(last, _)| *last);
    }

    /// Nothing more comes, or little: what is kept takes no more memory than it must.
    pub fn pack(&mut self) {
        self.settle();
        self.least.shrink_to_fit();
        self.fresh.shrink_to_fit();
    }

    /// What is kept, the least hash first.
    fn kept(&self) -> Cow<'_, [(u64, i64)]> {
        if self.fresh.is_empty() {
            return Cow::Borrowed(&self.least);
        }
        let mut all = self.clone();
        all.settle();
        Cow::Owned(all.least)
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: &Self) {
        self.fresh.extend(other.kept().iter().filter(|(hash, _)| *hash <= self.most));
        self.pack();
    }

    /// Whether a hash is among those kept.
    #[must_use]
    pub fn keeps(&self, hash: u64) -> bool {
        self.kept().binary_search_by_key(&hash, |(hash, _)| *hash).is_ok()
    }

    /// The hashes that are kept of clients seen before `end`: a sample of all clients. Whatever is merged, the sample of the whole is in
    /// those of its parts.
    pub fn sample(&self, end: i64) -> impl Iterator<Item = u64> + use<> {
        let kept = self.kept().into_owned();
        kept.into_iter().filter(move |(_, first)| *first < end).map(|(hash, _)| hash)
    }

    /// How many different clients were seen before `end`; exact up to 1023 in all.
    #[must_use]
    pub fn count(&self, end: i64) -> u64 {
        let kept = self.kept();
        let seen = kept.iter().filter(|(_, first)| *first < end).count() as u64;
        let Some((last, _)) = kept.last().filter(|_| kept.len() >= KEPT) else { return seen };
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let all = (KEPT as f64 - 1.0) * (u64::MAX as f64 / (*last).max(1) as f64);
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
        let estimate = (all * (seen as f64 / KEPT as f64)).round() as u64;
        estimate.max(seen)
    }
}

#[cfg(test)]
mod tests {
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
}
