//! What the rows of one application add up to, or of one type of request.

use super::super::distinct::Distinct;
use super::super::in_flight::{Differences, InFlight, Short};
use super::super::parts::{ByStatus, Clients, NsSeries, Served, in_time};
use super::super::series::Series;
use super::held::{Held, Window};
use super::statuses::Statuses;
use super::{All, Whose};

/// Clients that are held before they are handed on.
const MOST_CLIENTS: usize = 1024;

/// The series of one application or type of request.
pub struct One<'a> {
    pub in_flight: &'a mut InFlight,
    pub ended: Ended<'a>,
    pub served: &'a mut Served,
}

/// Where those that ended are counted, and who asked.
pub enum Ended<'a> {
    ByStatus(&'a mut ByStatus),
    Together(&'a mut Series<u32>, &'a mut Clients),
}

/// What rows add up to.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// Whether any request ever told how long it took.
    pub is_timed: bool,
    /// Whether something of the second is added up, and something of the window held.
    is_now: bool,
    pub is_held: bool,
    /// Of the second: those that took a second at most.
    pub short: Short,
    /// Those that took longer and were let in, and those of the short ones that were not.
    pub long: Taken,
    pub refused: Taken,
    /// The hashes of the clients that asked in the second.
    clients: Vec<u64>,
    /// Of the window.
    pub by_status: Statuses,
    count: Held<u32>,
    taken: Held<i64>,
    mean: Held<i64>,
    low: Held<i32>,
    high: Held<i32>,
}

/// Requests, and how many milliseconds they took together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    requests: u32,
    millis: i64,
}

impl Taken {
    pub fn add(&mut self, taken: u64) {
        self.requests = self.requests.saturating_add(1);
        self.millis = self.millis.saturating_add(in_time(taken));
    }
}

impl Sums {
    #[inline]
    pub fn touch(&mut self, whose: Whose, now: &mut Vec<Whose>) {
        if !self.is_now {
            self.touch_first(whose, now);
        }
    }

    #[cold]
    #[inline(never)]
    fn touch_first(&mut self, whose: Whose, now: &mut Vec<Whose>) {
        self.is_now = true;
        now.push(whose);
    }

    /// Adds a request that took longer than a second.
    pub fn long_request(&mut self, second: i64, taken: u64, window: Window, (whose, all): (Whose, &mut All<'_>)) {
        Around { window, sums: self, whose, all }.long(second, taken);
    }

    /// Adds who asked in the second; whether there are so many that they should be handed on. A log may tell as many as it likes.
    pub fn ask(&mut self, client: &[u8]) -> bool {
        self.clients.extend(Distinct::hash(client));
        self.clients.len() >= MOST_CLIENTS
    }

    /// Hands on who asked in a second.
    pub fn meet(&mut self, second: i64, clients: &mut Clients) {
        if !self.clients.is_empty() {
            let asking = NsSeries::asking(clients, second);
            self.clients.drain(..).for_each(|hash| asking.keep(hash, second));
        }
    }

    /// Ends a second: what it adds up to is held.
    pub fn end_second(&mut self, second: i64, window: Window, (whose, all): (Whose, &mut All<'_>)) {
        self.is_now = false;
        if !self.clients.is_empty()
            && let Some(One { ended: Ended::Together(_, clients), .. }) = all.of(whose)
        {
            self.meet(second, clients);
        }
        let short = std::mem::take(&mut self.short);
        let (long, refused) = (std::mem::take(&mut self.long), std::mem::take(&mut self.refused));
        let served = short.requests().saturating_add(long.requests) - refused.requests;
        if served > 0
            && let Some(at) = window.place(second)
        {
            self.count.add(at, served);
            self.taken.add(at, (short.millis() - refused.millis).saturating_add(long.millis));
        }
        if short.requests() > 0 {
            Around { window, sums: self, whose, all }.short(second, short);
        }
    }

    /// Adds what is held of the window to its series.
    pub fn hand_on(&mut self, window: Window, one: One<'_>) {
        self.is_held = false;
        match one.ended {
            Ended::ByStatus(by_status) => {
                self.by_status.hand_on(|status, held| held.hand_on(window, by_status.entry(status).or_default()));
            }
            Ended::Together(ended, _) => self.by_status.hand_on(|_, held| held.hand_on(window, ended)),
        }
        self.count.hand_on(window, &mut one.served.count);
        self.taken.hand_on(window, &mut one.served.taken);
        let (mean, low, high) = one.in_flight.series();
        self.mean.hand_on(window, mean);
        self.low.hand_on(window, low);
        self.high.hand_on(window, high);
    }
}

/// Adds differences to those that are held; such as lie before the window, to the series.
struct Around<'a, 'b> {
    window: Window,
    sums: &'a mut Sums,
    whose: Whose,
    all: &'a mut All<'b>,
}

impl Differences for Around<'_, '_> {
    #[inline]
    fn differ(&mut self, at: i64, mean: i64, low: i32, high: i32) {
        if let Some(at) = self.window.place(at) {
            self.sums.mean.add(at, mean);
            self.sums.low.add(at, low);
            self.sums.high.add(at, high);
        } else if let Some(one) = self.all.of(self.whose) {
            one.in_flight.differ(at, mean, low, high);
        }
    }
}
