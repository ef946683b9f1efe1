//! Will it be enough? How many slots the load of a window needs, and what another limit, load or time taken would change.
//!
//! From a window's own arrivals and times taken: Little's law (J. D. C. Little, 1961) for how many are in flight in the mean, and
//! Erlang's loss formula ([`share_turned_away`], with its sources) for the share that N slots turn away. What the formula assumes:
//!
//! - requests come independently of each other: clients that come in a burst, all at the same minute, make it worse;
//! - the load is steady for as long as is looked at;
//! - what was turned away does not come back: clients that try again make it worse.
//!
//! How the times taken are distributed makes no difference. Whether the assumptions hold can be judged: the share that was observed
//! stands beside the share that was computed.

mod erlang;
mod measure;
mod what_if;

use std::ops::Range;

pub use erlang::{share_turned_away, smallest_limit};
pub use measure::Target;
pub use what_if::{Chosen, Pull, What, WhatIf};

use crate::limits::Limit;

/// A limit is enough where less than this share is turned away: one in a thousand.
pub const ENOUGH: f64 = 0.001;
/// More slots than so many of a Notification Server the vendor advises against, unless measured (KB 176788).
pub const NS_ADVISED: u64 = 30;
/// Minutes between two configuration requests of a client (the incident of KB 176788).
pub const CONFIG_INTERVAL: u64 = 240;
/// Minutes between two heartbeats of a SEP client in pull mode, by default (KB 177969).
pub const HEARTBEAT: u64 = 5;

/// Requests that come, and how long each takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Requests a second, those that are turned away with them.
    pub per_second: f64,
    /// Seconds that one takes which is let in, in the mean.
    pub seconds: f64,
}

impl Load {
    /// So many times the requests.
    #[must_use]
    pub fn times(self, times: f64) -> Self {
        Self { per_second: self.per_second * times, ..self }
    }

    /// How many would be in flight in the mean if all were let in (Little's law); `None` where nothing comes.
    #[must_use]
    pub fn erlangs(&self) -> Option<f64> {
        erlang::erlangs(self.per_second, self.seconds)
    }

    /// The share that a limit turns away, from 0 to 1; `None` where nothing comes.
    #[must_use]
    pub fn share_turned_away(&self, limit: u64) -> Option<f64> {
        share_turned_away(self.per_second, self.seconds, limit)
    }

    /// How many are in flight in the mean under a limit.
    #[must_use]
    pub fn in_flight(&self, limit: u64) -> Option<f64> {
        Some(self.erlangs()? * (1.0 - self.share_turned_away(limit)?))
    }

    /// The smallest limit that is [`ENOUGH`].
    #[must_use]
    pub fn enough(&self) -> Option<u64> {
        smallest_limit(self.per_second, self.seconds, ENOUGH)
    }

    /// The shares that some limits turn away; none where nothing comes.
    #[must_use]
    pub fn curve(&self, limits: &[u64]) -> Vec<f64> {
        limits.iter().filter_map(|limit| self.share_turned_away(*limit)).collect()
    }
}

/// What a window tells of a limit, as it was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    /// The limit in force.
    pub limit: Limit,
    /// The seconds looked at: those of the window that the web logs tell of.
    pub seconds: Range<i64>,
    /// Requests that ended in them, those turned away with them.
    pub arrivals: u64,
    /// How many of these were turned away by the limit.
    pub turned_away: u64,
    /// Seconds that those let in took, in the mean; `None` where no row tells.
    pub mean_seconds: Option<f64>,
    /// How many were in flight in the mean; `None` where no row tells how long it took.
    pub in_flight: Option<f64>,
    /// The same of the first and of the last quarter of the seconds: a steady load has two alike.
    pub drift: Option<(f64, f64)>,
    /// The busiest minute of the window, of a window of two hours or more the busiest quarter of an hour.
    pub busiest: Option<Stretch>,
    /// Of the day before the moment the hour, of shorter logs the quarter of an hour, with the least in flight that still has
    /// [`measure::FEWEST`] requests.
    pub quiet: Option<Stretch>,
    /// All that the logs tell of, up to the moment.
    pub known: Stretch,
    /// Requests turned away from the beginning of the logs to the moment, and how many different clients they are of, where any row
    /// names them: when a client came first is known, not whether it came in the seconds looked at.
    pub returning: Option<(u64, u64)>,
    /// What is known of SEP clients, where the application is theirs.
    pub pull: Option<Pull>,
}

/// What was so in a stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// When.
    pub seconds: Range<i64>,
    /// Requests that ended, those turned away with them.
    pub arrivals: u64,
    /// Seconds that those let in took, in the mean.
    pub mean_seconds: Option<f64>,
}

impl Stretch {
    /// Requests a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        per_second(self.arrivals, &self.seconds)
    }
}

impl Capacity {
    /// Requests a second in the window; `None` where none came.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        (self.arrivals > 0).then(|| per_second(self.arrivals, &self.seconds))
    }

    /// The load of the window; `None` where none came, or no row tells how long it took.
    #[must_use]
    pub fn load(&self) -> Option<Load> {
        let load = Load { per_second: self.per_second()?, seconds: self.mean_seconds? };
        load.erlangs().map(|_| load)
    }

    /// The share that was turned away; `None` where no request came.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of requests, far below 2^52")]
    pub fn observed(&self) -> Option<f64> {
        (self.arrivals > 0).then(|| self.turned_away as f64 / self.arrivals as f64)
    }

    /// Why there is no load, where there is none.
    #[must_use]
    pub fn unknown(&self) -> &'static str {
        match (self.arrivals, self.in_flight) {
            (0, _) => "no request ended in the window",
            (_, None) => "the log lacks time-taken",
            _ => "no request that was let in ended in the window",
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests and seconds, far below 2^52")]
fn per_second(arrivals: u64, seconds: &Range<i64>) -> f64 {
    arrivals as f64 / (seconds.end - seconds.start).max(1) as f64
}
