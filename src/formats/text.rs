//! Small readers that several formats share: finding, trimming and numbers in text that is not known to be UTF-8.

use std::str::FromStr;

use crate::time::{Time, Zone};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Where `needle` (in lower case) begins in `text`, without regard to ASCII case.
#[must_use]
pub fn find_ignoring_case(text: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let starts = memchr::memchr2_iter(first, first.to_ascii_uppercase(), text);
    starts.into_iter().find(|&at| text.get(at..at + needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(needle)))
}

/// Whether `text` holds `needle` (in lower case), without regard to ASCII case.
#[must_use]
pub fn holds(text: &[u8], needle: &[u8]) -> bool {
    find_ignoring_case(text, needle).is_some()
}

/// Whether `text` begins with `prefix`, without regard to ASCII case.
#[must_use]
pub fn begins_with(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// `text` up to `separator`, and what follows it.
#[must_use]
pub fn split_once<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find(text, separator)?;
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

/// The first lines that are not blank, without leading and trailing white space.
pub fn spoken<'a>(head: &'a [&'a [u8]]) -> impl Iterator<Item = &'a [u8]> {
    head.iter().map(|line| line.trim_ascii()).filter(|line| !line.is_empty())
}

/// A number, white space around it allowed.
#[must_use]
pub fn number<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// The digits at the beginning as a number of at most `most` digits, and what follows them.
#[must_use]
pub fn digits(text: &[u8], most: usize) -> Option<(u32, &[u8])> {
    let count = text.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    let (head, rest) = text.split_at_checked(count)?;
    Some((number(head)?, rest))
}

/// The moment at which clocks in `zone` show `millis` after midnight of day `day` since the epoch.
#[must_use]
pub fn moment(zone: Zone, day: i64, millis: i64) -> Option<Time> {
    let as_utc = Time::from_millis(day.checked_mul(DAY)?.checked_add(millis)?);
    if zone == Zone::Utc {
        return Some(as_utc);
    }
    Zone::Utc.local(as_utc).map(|local| zone.to_utc(local))
}

/// Where the last whole line of `bytes` ends; 0 if none does. `bytes` begin at a character's first byte; `utf16` is as
/// [`super::lines::Framer::utf16`] tells it.
#[must_use]
pub fn last_line_end(bytes: &[u8], utf16: Option<bool>) -> usize {
    let mut feeds = memchr::memrchr_iter(b'\n', bytes);
    let end = match utf16 {
        None => feeds.next().map(|at| at + 1),
        Some(false) => feeds.find(|at| at % 2 == 0 && bytes.get(at + 1) == Some(&0)).map(|at| at + 2),
        Some(true) => feeds.find(|at| at % 2 == 1 && bytes.get(at - 1) == Some(&0)).map(|at| at + 1),
    };
    end.unwrap_or(0)
}

/// What a log's first bytes say of its characters, as [`super::lines::Framer::utf16`] tells it.
#[must_use]
pub fn utf16_mark(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0xFF, 0xFE, ..] => Some(false),
        [0xFE, 0xFF, ..] => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_without_case_and_never_beyond_the_end() {
        assert_eq!(find_ignoring_case(b"a Server IS busy", b"server is"), Some(2));
        assert!(!holds(b"a Serve", b"server"));
        assert!(!holds(b"", b"x"));
        assert!(begins_with(b"REM note", b"rem"));
    }

    #[test]
    fn digits_stop_where_they_are_told() {
        assert_eq!(digits(b"20071113T", 4), Some((2007, &b"1113T"[..])));
        assert_eq!(digits(b"x", 4), None);
    }

    #[test]
    fn the_end_of_the_last_line_is_a_line_feed_and_no_half_of_another_character() {
        let le: Vec<u8> = "a\nb\u{10a}\u{a0a}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "a\nb\u{10a}\u{a0a}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((last_line_end(&le, Some(false)), last_line_end(&be, Some(true))), (4, 4));
        assert_eq!((last_line_end(b"a\nb", None), last_line_end(b"ab", None)), (2, 0));
    }
}
