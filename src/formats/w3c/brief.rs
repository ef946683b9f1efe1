//! What nearly all rows of a busy log are told by: a few columns, and most rows say in them what another one said before.

use super::Layout;
use crate::formats::fields::{number, status};
use crate::formats::rows::MAX_COLUMNS;

/// Where these columns stand, of a log that has all of them; all are less than [`MAX_COLUMNS`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// How many a row has.
    pub count: usize,
    pub site: Option<usize>,
    pub stem: usize,
    pub client: Option<usize>,
    /// `sc-status`; `sc-substatus` comes next.
    pub status: usize,
    pub taken: usize,
}

impl Columns {
    /// Fits no row.
    pub const NONE: Self = Self { count: usize::MAX, site: None, stem: 0, client: None, status: 0, taken: 0 };

    /// That of a log, if it begins its rows with date and time.
    pub fn of(layout: &Layout) -> Option<Self> {
        let Layout { columns, site, client, .. } = *layout;
        let (stem, status, taken) = (layout.stem?, layout.status?, layout.taken?);
        let fits = (layout.date, layout.time) == (Some(0), Some(1)) && layout.substatus == Some(status + 1);
        (fits && columns <= MAX_COLUMNS).then_some(Self { count: columns, site, stem, client, status, taken })
    }
}

/// Statuses with their substatus as they stand in rows. Each text has one place, which it shares with others: the last one has it.
#[derive(Debug)]
pub(super) struct Codes([Code; Self::PLACES]);

/// A text of up to seven bytes, and what it says.
#[derive(Debug, Clone, Copy)]
struct Code {
    /// The text and, in its last byte, how long it is.
    key: u64,
    status: u16,
    substatus: u16,
}

impl Default for Codes {
    fn default() -> Self {
        // No text has no length.
        Self([Code { key: 0, status: 0, substatus: 0 }; Self::PLACES])
    }
}

impl Codes {
    const PLACES: usize = 64;

    /// The status and the substatus that stand between two places of a text; `None` where they are none, or longer than most are.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "each row has one")]
    pub fn read(&mut self, text: &[u8], begin: usize, end: usize) -> Option<(u16, u16)> {
        let len = end.wrapping_sub(begin);
        let eight = text.get(begin..)?.first_chunk().filter(|_| (1..=7).contains(&len))?;
        // The last byte is the highest: what stands behind the text goes.
        let key = u64::from_le_bytes(*eight) << (64 - 8 * len) | len as u64;
        // The golden ratio spreads neighbours (Knuth, multiplicative hashing).
        let place = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize % Self::PLACES;
        let known = self.0.get(place)?;
        if known.key == key {
            return Some((known.status, known.substatus));
        }
        let code = Code::read(key, text.get(begin..end)?)?;
        *self.0.get_mut(place)? = code;
        Some((code.status, code.substatus))
    }
}

impl Code {
    #[cold]
    #[inline(never)]
    fn read(key: u64, text: &[u8]) -> Option<Self> {
        let (first, second) = text.split_at_checked(3)?;
        let substatus = u16::try_from(number(second.strip_prefix(b" ")?)?).ok()?;
        Some(Self { key, status: status(first)?, substatus })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn codes_say_what_they_say_whatever_was_read_before(
            texts in proptest::collection::vec("\u{0}?[1-9][0-9]{2} [0-9]{1,7}|[0-9 x\u{0}-]{0,9}", 1..200),
            before in "[ -~]{0,9}",
        ) {
            let mut codes = Codes::default();
            for text in texts.iter().chain(&texts) {
                let all = format!("{before}{text} 0 123");
                let want = text.split_once(' ').and_then(|(first, second)| Some((status(first.as_bytes())?, number(second.as_bytes())?)));
                let want = want.filter(|_| text.len() <= 7).map(|(first, second)| (first, u16::try_from(second).unwrap()));
                prop_assert_eq!(codes.read(all.as_bytes(), before.len(), before.len() + text.len()), want);
            }
        }
    }
}
