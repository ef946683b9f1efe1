//! What was in flight, and what a change of it is made of.

/// What some requests were in a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    /// Arrivals a second.
    pub rate: f64,
    /// Of these, those that were let in, and whose rows tell how long they took.
    pub let_in: f64,
    /// How many were in flight on average.
    pub in_flight: f64,
    /// How many ended.
    pub ended: u64,
    /// How many of these were turned away.
    pub turned_away: u64,
}

impl Load {
    /// Nothing arrived, ended or was in flight.
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The share turned away of those that ended; `None` if none did.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of requests, far below 2^52")]
    pub fn refused(&self) -> Option<f64> {
        (self.ended > 0).then(|| self.turned_away as f64 / self.ended as f64)
    }

    /// Seconds in flight, within the stretch, for each that was let in; `None` if none was.
    #[must_use]
    pub fn seconds_each(&self) -> Option<f64> {
        (self.let_in > 0.0).then(|| self.in_flight / self.let_in)
    }
}

/// A change of what was in flight, and what it is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Parts {
    /// Since more are let in, or fewer: each as long as in the mean of both.
    pub more: f64,
    /// Since each takes longer, or shorter: so many as in the mean of both.
    pub longer: f64,
}

impl Parts {
    /// What both did together is halved between them: whichever were said to come first would get it all, and nothing tells which
    /// did (L. S. Shapley's value, 1953, of two). Where none was let in in one of the stretches, all is since more or fewer are.
    #[must_use]
    pub fn of(before: &Load, during: &Load) -> Self {
        let change = during.in_flight - before.in_flight;
        let more = match (before.seconds_each(), during.seconds_each()) {
            (Some(was), Some(is)) => (during.let_in - before.let_in) * f64::midpoint(was, is),
            _ => change,
        };
        Self { more, longer: change - more }
    }

    /// The change itself.
    #[must_use]
    pub fn change(&self) -> f64 {
        self.more + self.longer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_more_and_longer_did_together_is_halved_whichever_stretch_is_called_the_first() {
        let load = |let_in: f64, each: f64| Load { let_in, in_flight: let_in * each, ..Load::default() };
        // Twenty times as many, each five times as long: 99 more in flight.
        let (calm, busy) = (load(1.0, 1.0), load(20.0, 5.0));
        let (there, back) = (Parts::of(&calm, &busy), Parts::of(&busy, &calm));
        assert!((there.more - 57.0).abs() < 1e-9 && (there.longer - 42.0).abs() < 1e-9, "{there:?}");
        assert!((there.more + back.more).abs() < 1e-9 && (there.longer + back.longer).abs() < 1e-9, "{back:?}");
    }
}
