//! `#Fields` directives and what columns hold, shared by W3C and HTTPERR logs.

use std::ops::Range;

use crate::time::{Time, parse_clock, parse_date};

/// Milliseconds of a day.
pub const MILLIS_PER_DAY: i64 = 86_400_000;

/// Reads dates and times, which the rows of one second repeat.
#[derive(Debug, Default)]
pub struct Days {
    day: Option<([u8; 10], i64)>,
    second: Option<([u8; 8], Time)>,
}

impl Days {
    /// Days since the epoch of `YYYY-MM-DD`; what is wrong with it otherwise.
    ///
    /// # Errors
    /// When it is no date.
    pub fn read(&mut self, text: &[u8]) -> Result<i64, &'static str> {
        if let Some((last, day)) = &self.day
            && text == last
        {
            return Ok(*day);
        }
        let day = parse_date(text).ok_or("the date is no date")?;
        self.day = text.try_into().ok().map(|text| (text, day));
        self.second = None;
        Ok(day)
    }

    /// The moment of a date and a time of day; what is wrong with them otherwise.
    ///
    /// # Errors
    /// When they are none.
    pub fn moment(&mut self, date: &[u8], clock: &[u8]) -> Result<Time, &'static str> {
        if let (Some((day, _)), Some((second, time))) = (&self.day, &self.second)
            && clock == second
            && date == day
        {
            return Ok(*time);
        }
        let millis = parse_clock(clock).ok_or("the time is no time")?;
        let time = Time::from_millis(self.read(date)? * MILLIS_PER_DAY + millis);
        self.second = clock.try_into().ok().map(|clock| (clock, time));
        Ok(time)
    }
}

/// The value of a directive: `directive(b"#Fields: date", b"#fields:")` is `date`. The name compares without case.
#[must_use]
pub fn directive<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let head = line.get(..name.len())?;
    head.eq_ignore_ascii_case(name).then(|| line.get(name.len()..).unwrap_or_default().trim_ascii())
}

/// The names in a `#Fields` value.
pub fn names(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty())
}

/// The position of a field by any of its names, without case.
#[must_use]
pub fn find(names: &[&[u8]], wanted: &[&str]) -> Option<usize> {
    names.iter().position(|name| wanted.iter().any(|w| name.eq_ignore_ascii_case(w.as_bytes())))
}

/// A decimal number; `None` for anything else. Saturates instead of overflowing.
#[must_use]
pub fn number(text: &[u8]) -> Option<u64> {
    match text {
        [] => return None,
        [digit @ b'0'..=b'9'] => return Some(u64::from(digit - b'0')),
        _ => {}
    }
    // Nineteen digits fit without a look.
    let is_short = text.len() <= 19;
    let mut value: u64 = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        let digit = u64::from(digit);
        value =
            if is_short { value.wrapping_mul(10).wrapping_add(digit) } else { value.saturating_mul(10).saturating_add(digit) };
    }
    Some(value)
}

/// [`number`] of a place in a text. Up to eight digits are read together, with what stands before them: how many a number has, no
/// processor can foretell.
#[must_use]
#[inline(always)] // A row has several.
pub fn number_within(text: &[u8], Range { start, end }: Range<usize>) -> Option<u64> {
    const EACH: u64 = u64::MAX / 0xFF;
    let len = end.wrapping_sub(start);
    let (Some(eight), 1..=8) = (text.get(..end).and_then(<[u8]>::last_chunk), len) else {
        return text.get(start..end).and_then(number);
    };
    // What stands before the number becomes zeros. The last byte is the highest.
    let before = 64 - 8 * len;
    let digits = (u64::from_le_bytes(*eight) ^ (EACH * u64::from(b'0'))) >> before << before;
    if (digits | digits.wrapping_add(EACH * (0x7F - 9))) & (EACH * 0x80) != 0 {
        return None;
    }
    // Neighbours are put together: to numbers of two digits, of four, and of eight.
    let twos = digits.wrapping_mul(10 << 8 | 1) >> 8 & (u64::MAX / 0xFFFF * 0xFF);
    let fours = twos.wrapping_mul(100 << 16 | 1) >> 16 & (u64::MAX / 0xFFFF_FFFF * 0xFFFF);
    Some(fours.wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// An HTTP status: three digits.
#[must_use]
pub fn status(text: &[u8]) -> Option<u16> {
    match text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_saturate_and_refuse_what_is_none() {
        assert_eq!(number(b"214784354254"), Some(214_784_354_254));
        assert_eq!(number(b"99999999999999999999999"), Some(u64::MAX));
        assert_eq!(number(b"-1"), None);
        assert_eq!(status(b"503"), Some(503));
        assert_eq!(status(b"0"), None);
    }

    proptest! {
        #[test]
        fn a_number_is_the_same_however_it_is_read(before in "[ -~\u{80}-\u{ff}]{0,9}", text in "[0-9]{0,21}|[ -:\u{ff}]{0,9}", after in "[ 0-9]{0,2}") {
            let all = [&before, &text, &after].map(String::as_str).concat();
            let place = before.len()..before.len() + text.len();
            prop_assert_eq!(number_within(all.as_bytes(), place), number(text.as_bytes()));
        }
    }
}
