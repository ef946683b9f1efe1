//! Values of flags: what cannot be is refused with a right example.

use crate::check::{Bounds, Metric};
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

/// A measure with its range, or a range of clients turned away.
pub(super) fn threshold(text: &str) -> Result<(Metric, Bounds), String> {
    if Metric::of(text).is_some() {
        return Err(format!("{text} has no range: write {text}=80"));
    }
    let (name, range) = text.split_once('=').unwrap_or(("turned_away", text));
    let metric = Metric::of(name).ok_or_else(|| {
        let names = Metric::ALL.map(Metric::name).join(", ");
        format!("{name:?} is no measure: write one of {names}, such as in_flight=90")
    })?;
    let bounds = Bounds::parse(range).ok_or_else(|| {
        format!("{range:?} is no range: write 100 for 0 to 100, 20: for 20 or more, or @10:20, which alarms from 10 to 20")
    })?;
    Ok((metric, bounds))
}

/// Seconds of `90s`, `15m`, `2h` or `90`, 1 or more.
pub(super) fn duration(text: &str) -> Result<i64, String> {
    let (number, unit) = match text.trim_end_matches(['s', 'm', 'h', 'd']) {
        number if number.len() + 1 >= text.len() => (number, text.get(number.len()..).unwrap_or_default()),
        _ => ("", ""),
    };
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 86_400,
    };
    let seconds = number.parse::<i64>().ok().filter(|n| (1..=1_000_000).contains(n)).map(|n| n * unit);
    seconds.ok_or_else(|| format!("{text:?} is no length of time: write 90s, 15m or 2h"))
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
        assert_eq!((duration("90s"), duration("15m"), duration("2h"), duration("7")), (Ok(90), Ok(900), Ok(7200), Ok(7)));
        assert!(["", "m", "1ms", "-5m", "0s", "fortnight"].iter().all(|text| duration(text).unwrap_err().contains("15m")));
        assert!(threshold("speed=1").unwrap_err().contains("in_flight=90") && threshold("10:5").unwrap_err().contains("@10:20"));
        assert!(threshold("ns_slots").unwrap_err().contains("write ns_slots=80"));
        assert!(threshold("ten").unwrap_err().contains("@10:20, which alarms from 10 to 20"));
        assert_eq!(threshold("5").unwrap().0, Metric::TurnedAway);
        assert!(app_path("shop").unwrap_err().contains("/shop"));
    }
}
