//! Numbers of a minute, on their way into a series: it takes in many at once for little more than one.

use super::super::series::{Number, Series};

/// Seconds of a window.
const HELD: u8 = 64;
/// The same as seconds.
const SECONDS: i64 = HELD as i64;
/// Where the second after them stands.
const AFTER: usize = HELD as usize;

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
        usize::try_from(second.checked_sub(self.begin)?).ok().filter(|at| *at <= AFTER)
    }
}

/// A number for each second of a window, and for the one after it.
#[derive(Debug, Clone, Copy)]
pub struct Held<N> {
    numbers: [N; AFTER + 1],
    /// A bit for each place that was added to; the last place shares that of the first.
    places: u64,
}

/// So many seconds are handed on one by one: a quiet site has no more in a window.
const FEW: u32 = 6;

impl<N: Number> Default for Held<N> {
    fn default() -> Self {
        Self { numbers: [N::default(); AFTER + 1], places: 0 }
    }
}

impl<N: Number> Held<N> {
    /// Adds to a number.
    #[inline]
    pub fn add(&mut self, at: usize, amount: N) {
        if let Some(to) = self.numbers.get_mut(at) {
            *to = to.plus(amount);
            self.places |= 1 << (at % AFTER);
        }
    }

    /// Whether anything was added.
    pub fn is_any(&self) -> bool {
        self.places != 0
    }

    /// Adds the numbers to a series, and begins anew.
    pub fn hand_on(&mut self, window: Window, series: &mut Series<N>) {
        if self.places.count_ones() > FEW {
            series.add_each(window.begin, &self.numbers);
            *self = Self::default();
            return;
        }
        let mut places = std::mem::take(&mut self.places);
        while places != 0 {
            let at = places.trailing_zeros();
            places &= places - 1;
            self.hand_on_one(i64::from(at), window, series);
            if at == 0 {
                self.hand_on_one(SECONDS, window, series);
            }
        }
    }

    fn hand_on_one(&mut self, at: i64, window: Window, series: &mut Series<N>) {
        let place = usize::try_from(at).ok().and_then(|at| self.numbers.get_mut(at));
        let amount = place.map(std::mem::take).unwrap_or_default();
        if amount != N::default() {
            series.add(window.begin + at, amount);
        }
    }
}
