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

    /// Seconds in flight, within the stretch, for each that was let in; `None` if none was.
    #[must_use]
    pub fn seconds_each(&self) -> Option<f64> {
        (self.let_in > 0.0).then(|| self.in_flight / self.let_in)
    }
}

/// A change of what was in flight, and what it is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Parts {
    /// Since more are let in, or fewer: each as long as before.
    pub more: f64,
    /// Since each takes longer, or shorter: so many as during it.
    pub longer: f64,
}

impl Parts {
    /// Where none was let in in one of the stretches, all is since more or fewer are.
    #[must_use]
    pub fn of(before: &Load, during: &Load) -> Self {
        let change = during.in_flight - before.in_flight;
        let more = match (before.seconds_each(), during.seconds_each()) {
            (Some(each), Some(_)) => (during.let_in - before.let_in) * each,
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
