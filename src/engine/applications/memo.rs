//! The paths that were asked for last, and what they are counted under: most rows of a log ask for what a row before asked for.

use crate::timeline::Asked;

/// Paths that are remembered, and the bytes that each may have.
const PLACES: usize = 128;
const LONGEST: usize = 56;

/// Remembers what paths are counted under. Each path has one place, which it shares with others: the last one has it.
#[derive(Debug)]
pub struct Memo {
    places: Box<[Place; PLACES]>,
}

#[derive(Debug, Clone)]
struct Place {
    path: [u8; LONGEST],
    len: usize,
    asked: Option<Asked>,
}

impl Default for Memo {
    fn default() -> Self {
        Self { places: Box::new([const { Place { path: [0; LONGEST], len: 0, asked: None } }; PLACES]) }
    }
}

impl Memo {
    /// What is remembered of a path.
    #[inline]
    pub fn get(&self, path: &[u8]) -> Option<Asked> {
        let place = self.places.get(place(path))?;
        place.asked.filter(|_| place.path.get(..place.len).is_some_and(|known| is_same(known, path)))
    }

    /// Remembers it.
    pub fn keep(&mut self, path: &[u8], asked: Asked) {
        let Some(place) = self.places.get_mut(place(path)) else { return };
        if let Some(to) = place.path.get_mut(..path.len()) {
            to.copy_from_slice(path);
            (place.len, place.asked) = (path.len(), Some(asked));
        }
    }
}

/// Whether two paths are the same: most are so short that a call would take longer than to look. No processor can foretell how long
/// the next one is, so that short ones are compared as if they had the same length: what they have is looked at again.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let (Some(last), true) = (one.len().checked_sub(8), one.len() == other.len()) else { return one == other };
    let differ = |at: usize| word(one, at.min(last)) ^ word(other, at.min(last));
    differ(0) | differ(8) | differ(16) | differ(last) == 0 && (last <= 24 || one.get(24..) == other.get(24..))
}

#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The place of a path, told from its length and its first and last bytes.
#[inline]
fn place(path: &[u8]) -> usize {
    let last = path.len().checked_sub(8).map_or(0, |last| word(path, last));
    let mixed = word(path, 0) ^ last.rotate_left(29) ^ path.len() as u64;
    // The golden ratio spreads neighbours (Knuth, multiplicative hashing).
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 57) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Timeline;

    #[test]
    fn what_is_remembered_is_of_that_very_path() {
        let mut timeline = Timeline::default();
        let asked =
            |timeline: &mut Timeline, path: &[u8]| Asked { app: timeline.app_id(&String::from_utf8_lossy(path)), ns: None };
        let long = [b'x'; LONGEST + 1];
        let paths: [&[u8]; 6] = [b"", b"/", b"/a", b"/secars/secars.dll", b"/secars/secars.exe", &long];
        let mut memo = Memo::default();
        for path in paths {
            assert!(memo.get(path).is_none());
            let asked = asked(&mut timeline, path);
            memo.keep(path, asked);
            assert!(paths.iter().all(|other| memo.get(other).is_none_or(|found| (found == asked) == (*other == path))));
            assert_eq!(memo.get(path), (path.len() <= LONGEST).then_some(asked));
        }
    }
}
