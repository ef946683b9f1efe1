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
    words: Words,
    path: [u8; LONGEST],
    len: usize,
    asked: Option<Asked>,
}

/// The first three words of a path, and the last: what a short path has is there twice, so that all are compared alike. No processor
/// can foretell how long the next one is.
type Words = [u64; 4];

/// Bytes that are all in the words of a path.
const IN_WORDS: usize = 32;

impl Default for Memo {
    fn default() -> Self {
        Self { places: Box::new([const { Place { words: [0; 4], path: [0; LONGEST], len: 0, asked: None } }; PLACES]) }
    }
}

impl Memo {
    /// What is remembered of a path.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "each row of a busy log asks for one")]
    pub fn get(&self, path: &[u8]) -> Option<Asked> {
        let words = words(path);
        let place = self.places.get(place(&words, path.len()))?;
        let differ = words.iter().zip(&place.words).fold(0, |differ, (word, known)| differ | (word ^ known));
        let is_it =
            differ == 0 && place.len == path.len() && (path.len() <= IN_WORDS || place.path.get(..place.len) == Some(path));
        place.asked.filter(|_| is_it)
    }

    /// Remembers it.
    pub fn keep(&mut self, path: &[u8], asked: Asked) {
        let words = words(path);
        let Some(place) = self.places.get_mut(place(&words, path.len())) else { return };
        if let Some(to) = place.path.get_mut(..path.len()) {
            to.copy_from_slice(path);
            (place.words, place.len, place.asked) = (words, path.len(), Some(asked));
        }
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn words(path: &[u8]) -> Words {
    let Some(last) = path.last_chunk() else { return short(path) };
    let before_last = path.len() - last.len();
    let word = |at: usize| {
        let at = at.min(before_last);
        path.get(at..at + last.len()).and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes)
    };
    [word(0), word(8), word(16), u64::from_le_bytes(*last)]
}

#[cold]
#[inline(never)]
fn short(path: &[u8]) -> Words {
    let mut word = [0; 8];
    word.iter_mut().zip(path).for_each(|(to, byte)| *to = *byte);
    [u64::from_le_bytes(word); 4]
}

/// The place of a path, told from its length and its first and last bytes.
#[inline]
fn place([first, .., last]: &Words, len: usize) -> usize {
    let mixed = first ^ last.rotate_left(29) ^ len as u64;
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
        let paths: [&[u8]; 12] = [
            b"",
            b"/",
            b"/a",
            b"/a\0",
            b"/eight88",
            b"/eight88/eight88",
            b"/secars/secars.dll",
            b"/secars/secars.exe",
            b"/Altiris/NS/Agent/GetClientPolicies.aspx",
            b"/Altiris/NS/Agent/GetClientPolicy.aspx",
            b"/Altiris/NS/Agent/GetClient1olicies.aspx",
            &long,
        ];
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
