//! Ranges, as the Monitoring Plugins' development guidelines write them.

use std::fmt;

/// The values that are fine, or with `@` those that are not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    start: f64,
    end: f64,
    /// Alarm within, not outside.
    inside: bool,
}

impl Bounds {
    /// Reads `[@]start:end`: `10` is 0 to 10, `10:` is 10 or more, `~:10` is 10 or less, `@10:20` alarms from 10 to 20. Both ends
    /// belong to the range. `None` for what is no range.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (inside, text) = text.strip_prefix('@').map_or((false, text), |rest| (true, rest));
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        let (start, end) = match text.split_once(':') {
            None => (0.0, number(text)?),
            Some((start, end)) => {
                let start = if start == "~" { f64::NEG_INFINITY } else { number(start)? };
                (start, if end.is_empty() { f64::INFINITY } else { number(end)? })
            }
        };
        (start <= end).then_some(Self { start, end, inside })
    }

    /// `start` or more.
    #[must_use]
    pub const fn at_least(start: f64) -> Self {
        Self { start, end: f64::INFINITY, inside: false }
    }

    /// From 0 to `end`.
    #[must_use]
    pub const fn upto(end: f64) -> Self {
        Self { start: 0.0, end, inside: false }
    }

    /// Whether a value is a reason for an alarm.
    #[must_use]
    pub fn alarms(&self, value: f64) -> bool {
        (self.start..=self.end).contains(&value) == self.inside
    }

    /// The same range in another unit.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { start: self.start * factor, end: self.end * factor, ..self }
    }

    /// As CheckMK writes levels: the upper one, or `lower:upper`; empty where it has no words for it.
    #[must_use]
    pub fn levels(&self) -> String {
        match (self.inside, self.start, self.end) {
            (true, ..) => String::new(),
            (false, start, end) if start <= 0.0 && end.is_finite() => number(end),
            (false, start, end) if start.is_finite() && !end.is_finite() => format!("{}:", number(start)),
            (false, start, end) => format!("{}:{}", number(start), number(end)),
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.inside { "@" } else { "" };
        match (self.start, self.end) {
            (0.0, end) if end.is_finite() => write!(f, "{at}{}", number(end)),
            (start, end) => {
                let start = if start.is_finite() { number(start) } else { String::from("~") };
                let end = if end.is_finite() { number(end) } else { String::new() };
                write!(f, "{at}{start}:{end}")
            }
        }
    }
}

/// A number with at most one decimal: never an exponent, which not every reader of performance data knows.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_alarm_as_the_guidelines_say() {
        for (range, fine, alarms) in [
            ("10", &[0.0, 10.0][..], &[-1.0, 11.0][..]),
            ("10:", &[10.0, 1e9], &[9.9]),
            ("~:10", &[-1e9, 10.0], &[10.1]),
            ("10:20", &[10.0, 20.0], &[9.0, 21.0]),
            ("@10:20", &[9.0, 21.0], &[10.0, 20.0]),
            ("0", &[0.0], &[1.0]),
        ] {
            let bounds = Bounds::parse(range).unwrap();
            assert!(
                fine.iter().all(|value| !bounds.alarms(*value)) && alarms.iter().all(|value| bounds.alarms(*value)),
                "{range}"
            );
            assert_eq!(bounds.to_string(), range);
        }
        for wrong in ["", ":", ":10", "20:10", "ten", "1:2:3", "@", "nan", "inf:"] {
            assert_eq!(Bounds::parse(wrong), None, "{wrong}");
        }
    }
}
