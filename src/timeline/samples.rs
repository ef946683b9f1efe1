//! Values that were sampled now and then: counters, pool tags.

use std::ops::Range;

use crate::time::Time;

/// Samples in the order of their times, whatever order they came in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    samples: Vec<(Time, f64)>,
}

impl Samples {
    /// Adds a sample. Two at the same moment: the greater stays, so that order does not matter.
    pub fn add(&mut self, time: Time, value: f64) {
        if self.samples.last().is_none_or(|(last, _)| *last < time) {
            self.samples.push((time, value));
            return;
        }
        let at = self.samples.partition_point(|(t, _)| *t < time);
        match self.samples.get_mut(at) {
            Some((t, v)) if *t == time => *v = v.max(value),
            _ => self.samples.insert(at, (time, value)),
        }
    }

    /// Adds all samples of another.
    pub fn merge(&mut self, other: &Self) {
        for (time, value) in &other.samples {
            self.add(*time, *value);
        }
    }

    /// The last sample at or before a moment.
    #[must_use]
    pub fn at(&self, time: Time) -> Option<(Time, f64)> {
        let after = self.samples.partition_point(|(t, _)| *t <= time);
        self.samples.get(after.checked_sub(1)?).copied()
    }

    /// The samples of a stretch of time.
    #[must_use]
    pub fn within(&self, times: Range<Time>) -> &[(Time, f64)] {
        let from = self.samples.partition_point(|(t, _)| *t < times.start);
        let to = self.samples.partition_point(|(t, _)| *t < times.end);
        self.samples.get(from..to).unwrap_or_default()
    }

    /// All samples at or before a moment.
    #[must_use]
    pub fn upto(&self, time: Time) -> &[(Time, f64)] {
        self.within(Time::MIN..time.plus(1))
    }

    /// The mean change per minute over a stretch of time (least squares); `None` with fewer than three samples.
    #[must_use]
    pub fn per_minute(&self, times: Range<Time>) -> Option<f64> {
        let samples = self.within(times);
        let origin = samples.first()?.0;
        if samples.len() < 3 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "minutes of a recording and a count of samples are small")]
        let (n, minutes): (f64, Vec<f64>) =
            (samples.len() as f64, samples.iter().map(|(t, _)| t.since(origin) as f64 / 60_000.0).collect());
        let mean_x = minutes.iter().sum::<f64>() / n;
        let mean_y = samples.iter().map(|(_, v)| v).sum::<f64>() / n;
        let spread: f64 = minutes.iter().map(|x| (x - mean_x).powi(2)).sum();
        let common: f64 = minutes.iter().zip(samples).map(|(x, (_, y))| (x - mean_x) * (y - mean_y)).sum();
        (spread > 0.0).then(|| common / spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_the_slope_is_the_slope() {
        let mut samples = Samples::default();
        for (t, v) in [(120, 30.0), (0, 10.0), (60, 20.0), (60, 5.0)] {
            samples.add(Time::from_second(t), v);
        }
        assert_eq!(samples.at(Time::from_second(119)), Some((Time::from_second(60), 20.0)));
        assert_eq!(samples.at(Time::from_second(-1)), None);
        assert_eq!(samples.per_minute(Time::MIN..Time::MAX), Some(10.0));
    }
}
