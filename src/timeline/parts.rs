//! What the timeline holds of one application, one type of request, one pool tag.

use std::collections::BTreeMap;
use std::ops::Range;

use super::distinct::Distinct;
use super::in_flight::InFlight;
use super::merge::{Share, in_turn};
use super::samples::Samples;
use super::series::Series;
use super::telling::Longest;
use crate::record::{Origin, Request};
use crate::time::Time;

/// Requests that ended, by status and substatus.
pub type ByStatus = BTreeMap<(u16, Option<u16>), Series<u32>>;

/// What happened in one application.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct App {
    /// Requests in flight; only those whose rows tell how long they took.
    pub in_flight: InFlight,
    /// Requests that ended, by status and substatus.
    pub by_status: ByStatus,
    /// Whether any row told how long it took.
    pub timed: bool,
    /// Requests that were let in, and how long they took.
    pub served: Served,
    /// Milliseconds that SEP clients held requests open which they held for [`super::tally::LONG`] or more, at the second they ended in.
    pub held_by_smc: Series<i64>,
}

impl App {
    /// How many requests ended in some seconds.
    #[must_use]
    pub fn ended(&self, seconds: &Range<i64>) -> i64 {
        self.by_status.values().map(|series| series.sum(seconds.clone())).sum()
    }

    /// The first second in which one ended.
    #[must_use]
    pub fn first_ended(&self) -> Option<i64> {
        self.by_status.values().filter_map(Series::first).min()
    }

    /// Adds what happened in the same application elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        let mut shares = Vec::new();
        self.share_out(other, &mut shares);
        in_turn(shares);
    }

    /// The same, as shares of the work.
    pub(super) fn share_out<'a>(&'a mut self, other: Self, shares: &mut Vec<Share<'a>>) {
        let Self { in_flight, by_status, timed, served, held_by_smc } = self;
        *timed |= other.timed;
        shares.push(Box::new(move || in_flight.merge(&other.in_flight)));
        shares.push(Box::new(move || {
            served.merge(&other.served);
            held_by_smc.merge(&other.held_by_smc);
        }));
        shares.push(Box::new(move || {
            for (status, series) in other.by_status {
                by_status.entry(status).or_default().merge(&series);
            }
        }));
    }
}

/// Requests that ended with another status than 503, and whose rows tell how long they took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Served {
    /// How many ended in each second.
    pub count: Series<u32>,
    /// How many milliseconds these took together.
    pub taken: Series<i64>,
    /// The row of every minute that took longest.
    pub longest: Longest,
}

/// Milliseconds as they may be added up: a log may claim any number, and no request lasted for longer than this (about 115 days).
pub(super) fn in_time(taken: u64) -> i64 {
    i64::try_from(taken).unwrap_or(i64::MAX).min(10_000_000_000)
}

impl Served {
    /// Keeps its row, if it took longest in its minute.
    pub(super) fn longest(&mut self, second: i64, request: &Request<'_>, origin: Origin) {
        if let Some(taken) = request.taken.filter(|_| request.status != 503) {
            self.longest.add(second, taken, origin);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count.merge(&other.count);
        self.taken.merge(&other.taken);
        self.longest.merge(&other.longest);
    }

    /// The mean of what those took that ended in some seconds, in seconds; `None` where none ended.
    #[must_use]
    pub fn mean_seconds(&self, seconds: &Range<i64>) -> Option<f64> {
        let count = self.count.sum(seconds.clone());
        #[expect(clippy::cast_precision_loss, reason = "milliseconds and counts, far below 2^52")]
        let mean = self.taken.sum(seconds.clone()) as f64 / 1000.0 / count as f64;
        (count > 0).then_some(mean)
    }
}

/// Clients by stretches of [`NsSeries::STRETCH`] seconds.
pub type Clients = BTreeMap<i64, Distinct>;

/// What happened to one kind of request that takes a slot of a Notification Server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NsSeries {
    /// Requests in flight.
    pub in_flight: InFlight,
    /// Requests that ended.
    pub ended: Series<u32>,
    /// Requests that were let in, and how long they took.
    pub served: Served,
    /// The clients that asked, let in or not.
    pub clients: Clients,
}

impl NsSeries {
    /// Seconds that clients are told apart over.
    pub const STRETCH: i64 = 600;

    /// The clients that asked in a second: whoever wants them has one, since a stretch of none would be one that is known.
    pub(super) fn asking(clients: &mut Clients, second: i64) -> &mut Distinct {
        let stretch = second.div_euclid(Self::STRETCH);
        if clients.contains_key(&stretch) {
            return clients.entry(stretch).or_default();
        }
        let like = clients.values().next_back().map_or_else(Distinct::default, Distinct::like);
        // Rows are in the order of time, but for a few: what came before is done with.
        clients.values_mut().for_each(Distinct::pack);
        clients.entry(stretch).or_insert(like)
    }

    /// Nothing more is told for a while.
    pub(super) fn settle(&mut self) {
        self.clients.values_mut().for_each(Distinct::settle);
    }

    /// Adds what happened to the same kind elsewhere, as shares of the work.
    pub(super) fn share_out<'a>(&'a mut self, other: Self, shares: &mut Vec<Share<'a>>) {
        let Self { in_flight, ended, served, clients } = self;
        shares.push(Box::new(move || {
            in_flight.merge(&other.in_flight);
            ended.merge(&other.ended);
            served.merge(&other.served);
        }));
        shares.push(Box::new(move || {
            for (stretch, others) in other.clients {
                clients.entry(stretch).or_default().merge(&others);
            }
        }));
    }
}

/// What one pool tag held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TagHistory {
    /// Non-paged bytes.
    pub bytes: Samples,
    /// Allocations less frees.
    pub outstanding: Samples,
    /// The driver that poolmon named, if any.
    pub driver: Box<str>,
    /// The lines of the listings.
    pub proofs: BTreeMap<Time, Origin>,
}
