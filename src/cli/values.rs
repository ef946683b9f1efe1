//! Values of flags: what cannot be is refused with a right example.

use crate::limits;
use crate::sources::counters::{Source, SourceError};
use crate::time::{When, Zone};

/// A size in bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    match limits::parse_size(text) {
        Some(bytes) if bytes >= 1 << 20 => Ok(bytes),
        Some(bytes) => Err(format!("{text:?} is {bytes} bytes, which is no size of a pool: write 128MB")),
        None => Err(format!("{text:?} is no size: write 128MB")),
    }
}

/// A size that a recording may grow to.
pub(super) fn size_on_disk(text: &str) -> Result<u64, String> {
    match limits::parse_size(text) {
        Some(bytes) if bytes >= 1 << 20 => Ok(bytes),
        Some(_) => Err(format!("{text:?} is too small for a recording: write 1MB or more")),
        None => Err(format!("{text:?} is no size: write 1GB")),
    }
}

/// A moment.
pub(super) fn when(text: &str) -> Result<When, String> {
    When::parse(text)
}

/// A count of at least 1.
pub(super) fn count(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| format!("{text:?} is no count: write a whole number, such as 5000 requests or 50 slots"))
}

/// A speed: `10`, `x10` or `0.5`.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    let number = text.trim_start_matches(['x', 'X']).trim_end_matches(['x', 'X']);
    number
        .parse::<f64>()
        .ok()
        .filter(|s| s.is_finite() && (0.01..=100_000.0).contains(s))
        .ok_or_else(|| format!("{text:?} is no speed: write 10 for ten seconds of the recording in a second"))
}

/// Frames a second.
pub(super) fn fps(text: &str) -> Result<u32, String> {
    text.parse::<u32>()
        .ok()
        .filter(|n| (1..=30).contains(n))
        .ok_or_else(|| format!("{text:?} is no number of frames a second: write a whole number from 1 to 30, such as 10"))
}

/// Where counters come from.
pub(super) fn counters(text: &str) -> Result<Source, String> {
    text.parse().map_err(|error: SourceError| error.to_string())
}

/// Seconds, 0 or more.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|s| s.is_finite() && *s >= 0.0)
        .ok_or_else(|| format!("{text:?} is no number of seconds: write 60"))
}

/// A zone.
pub(super) fn zone(text: &str) -> Result<Zone, String> {
    Zone::parse(text).map_err(|error| error.to_string())
}

/// A path of an application.
pub(super) fn app_path(text: &str) -> Result<String, String> {
    if text.starts_with('/') && !text.contains(char::is_whitespace) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is no application's path: write /shop"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_with_an_example() {
        assert!(size("12 bananas").unwrap_err().contains("128MB"));
        assert!(speed("0").is_err());
        assert_eq!(speed("x10"), Ok(10.0));
        assert!(app_path("shop").unwrap_err().contains("/shop"));
    }
}
