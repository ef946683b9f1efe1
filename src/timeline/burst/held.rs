//! Numbers of a minute, on their way into a series: it takes in many at once for little more than one.

use super::super::series::{Number, Series};

/// Seconds of a window.
const SECONDS: i64 = 64;
/// The same as a number of places.
const HELD: usize = 64;

/// Seconds whose numbers are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    begin: i64,
}

impl Window {
    /// The window that a second lies in.
    pub fn of(second: i64) -> Self {
        Self { begin: second.div_euclid(SECONDS) * SECONDS }
    }

    /// Where a second stands in it, or the one that comes after it: what is in flight changes up to there.
    #[inline]
    pub fn place(self, second: i64) -> Option<usize> {
        usize::try_from(second.checked_sub(self.begin)?).ok().filter(|at| *at <= HELD)
    }
}

/// A number for each second of a window, and for the one after it.
#[derive(Debug, Clone, Copy)]
pub struct Held<N>([N; HELD + 1]);

impl<N: Number> Default for Held<N> {
    fn default() -> Self {
        Self([N::default(); HELD + 1])
    }
}

impl<N: Number> Held<N> {
    /// Adds to a number.
    #[inline]
    pub fn add(&mut self, at: usize, amount: N) {
        if let Some(to) = self.0.get_mut(at) {
            *to = to.plus(amount);
        }
    }

    /// Whether a number is not zero.
    pub fn is_any(&self) -> bool {
        self.0.iter().fold(0, |any, number| any | (*number).into()) != 0
    }

    /// Adds the numbers to a series, and begins anew.
    pub fn hand_on(&mut self, window: Window, series: &mut Series<N>) {
        if self.is_any() {
            series.add_each(window.begin, &self.0);
            *self = Self::default();
        }
    }
}
