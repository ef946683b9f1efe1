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
}
