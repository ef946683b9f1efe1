//! What the rows of the last minute add up to before it goes into the series: a busy log has a hundred rows a second, and a row then
//! costs a few additions.

mod statuses;

use std::collections::BTreeMap;
use std::sync::Arc;

use statuses::Statuses;

use super::distinct::Distinct;
use super::in_flight::{Differences, InFlight, Short};
use super::parts::{App, ByStatus, Clients, NsSeries, Served, in_time};
use super::series::Series;
use super::tally::NsRequest;
use crate::record::{End, SourceId};

/// Seconds whose differences are held, as many as a mask has bits: most requests take less.
const SECONDS: i64 = 64;
/// The same as a number of places.
const WINDOW: usize = 64;
/// Clients that are held before they are handed on.
const MOST_CLIENTS: usize = 1024;

/// Whose rows are added up: a type of NS request, or an application, by its place in the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whose(usize);

impl Whose {
    pub fn ns(request: NsRequest) -> Self {
        Self(usize::from(request != NsRequest::ALL[0]))
    }

    pub fn app(place: usize) -> Self {
        Self(NsRequest::ALL.len() + place)
    }
}

/// The rows that are not in the series yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Burst {
    /// The second and log of the rows that are added up by the second, and how many these are.
    second: i64,
    rows: Option<(SourceId, u32)>,
    /// The first second whose differences are held.
    begin: i64,
    /// By [`Whose`].
    sums: Vec<Sums>,
    /// Those that hold something.
    touched: Vec<Whose>,
}

/// The series that rows are added to.
pub(super) struct All<'a> {
    pub apps: &'a mut [(Arc<str>, App)],
    pub ns: &'a mut BTreeMap<NsRequest, NsSeries>,
}

/// Those of one application or type of request.
struct One<'a> {
    in_flight: &'a mut InFlight,
    ended: Ended<'a>,
    served: &'a mut Served,
}

/// Where those that ended are counted, and who asked.
enum Ended<'a> {
    ByStatus(&'a mut ByStatus),
    Together(&'a mut Series<u32>, &'a mut Clients),
}

impl All<'_> {
    fn of(&mut self, Whose(place): Whose) -> Option<One<'_>> {
        if let Some(request) = NsRequest::ALL.get(place) {
            let NsSeries { in_flight, ended, served, clients } = self.ns.entry(*request).or_default();
            return Some(One { in_flight, ended: Ended::Together(ended, clients), served });
        }
        let (_, App { in_flight, served, by_status, .. }) = self.apps.get_mut(place - NsRequest::ALL.len())?;
        Some(One { in_flight, ended: Ended::ByStatus(by_status), served })
    }
}

/// What rows add up to.
#[derive(Debug, Clone)]
struct Sums {
    is_touched: bool,
    /// Whether any request ever told how long it took.
    is_timed: bool,
    /// Of the one second.
    by_status: Statuses,
    short: Short,
    /// Those that took longer and were let in, and those of the short ones that were not.
    long: Taken,
    refused: Taken,
    /// The hashes of the clients that asked.
    clients: Vec<u64>,
    /// A bit for each second of the window that has differences; a second stands at its remainder.
    held: u64,
    mean: [i64; WINDOW],
    low: [i32; WINDOW],
    high: [i32; WINDOW],
}

/// Requests, and how many milliseconds they took together.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    requests: u32,
    millis: i64,
}

impl Taken {
    fn add(&mut self, taken: u64) {
        self.requests = self.requests.saturating_add(1);
        self.millis = self.millis.saturating_add(in_time(taken));
    }
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            is_touched: false,
            is_timed: false,
            by_status: Statuses::default(),
            short: Short::default(),
            long: Taken::default(),
            refused: Taken::default(),
            clients: Vec::new(),
            held: 0,
            mean: [0; WINDOW],
            low: [0; WINDOW],
            high: [0; WINDOW],
        }
    }
}

impl Burst {
    /// Whether rows of that second and log can join those that are added up.
    #[inline]
    pub fn is_of(&self, second: i64, source: SourceId) -> bool {
        self.second == second && self.rows.is_none_or(|(of, _)| of == source)
    }

    /// Counts a row of a log.
    #[inline]
    pub fn row(&mut self, source: SourceId) {
        let rows = self.rows.map_or(0, |(_, rows)| rows);
        self.rows = Some((source, rows.saturating_add(1)));
    }

    /// Counts a row of the log that the one before it is of.
    #[inline]
    pub fn another_row(&mut self) {
        if let Some((_, rows)) = &mut self.rows {
            *rows = rows.saturating_add(1);
        }
    }

    /// Adds a request of the second that has begun, which was let in; `false` if it took more than a second, or is the first of its kind
    /// that tells how long it took.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nearly all rows of a busy log are such")]
    pub fn join(&mut self, whose: Whose, end: End, taken: u64) -> bool {
        let Some(sums) = self.sums.get_mut(whose.0).filter(|sums| sums.is_timed) else { return false };
        if !sums.short.take(taken) {
            return false;
        }
        sums.touch(whose, &mut self.touched);
        sums.by_status.count((end.status, end.substatus));
        true
    }

    /// Adds a request of the second that has begun.
    pub fn request(&mut self, whose: Whose, end: End, all: &mut All<'_>) {
        if self.sums.len() <= whose.0 {
            self.sums.resize_with(whose.0 + 1, Sums::default);
        }
        let (second, Some(sums)) = (self.second, self.sums.get_mut(whose.0)) else { return };
        sums.touch(whose, &mut self.touched);
        sums.by_status.count((end.status, end.substatus));
        let Some(taken) = end.taken else { return };
        sums.is_timed = true;
        match (sums.short.take(taken), end.status) {
            (true, 503) => sums.refused.add(taken),
            (true, _) => {}
            (false, status) => {
                if status != 503 {
                    sums.long.add(taken);
                }
                Around { begin: self.begin, sums, whose, all }.long(second, taken);
            }
        }
    }

    /// Tells who asked, of a request that was added.
    pub fn asked(&mut self, whose: Whose, client: &[u8], all: &mut All<'_>) {
        let (second, Some(sums)) = (self.second, self.sums.get_mut(whose.0)) else { return };
        sums.clients.extend(Distinct::hash(client));
        // A log may tell as many of one second as it likes.
        if sums.clients.len() >= MOST_CLIENTS
            && let Some(One { ended: Ended::Together(_, clients), .. }) = all.of(whose)
        {
            sums.meet(second, clients);
        }
    }

    /// Ends the second whose rows were added up, and begins another one. Gives the rows of the one that ends.
    pub fn begin(&mut self, second: i64, all: &mut All<'_>) -> Option<(SourceId, i64, u32)> {
        // A request changes what is in flight up to the second after its last.
        let begin = second + 2 - SECONDS;
        let passed = match begin.saturating_sub(self.begin) {
            // Rows may be out of order: it lies in the window as it is.
            ..0 if second >= self.begin => 0,
            ..0 => SECONDS,
            ahead => ahead.min(SECONDS),
        };
        let leaving = u32::try_from(SECONDS - passed).ok().and_then(|stay| u64::MAX.checked_shr(stay)).unwrap_or(0);
        let leaving = leaving.rotate_left(slot(self.begin));
        for Whose(place) in &self.touched {
            let Some(sums) = self.sums.get_mut(*place) else { continue };
            let short = std::mem::take(&mut sums.short);
            if short.requests() > 0 {
                Around { begin: self.begin, sums, whose: Whose(*place), all }.short(self.second, short);
            }
            if let Some(mut one) = all.of(Whose(*place)) {
                sums.end_second(self.second, short, &mut one);
                sums.let_go(leaving, self.begin, one.in_flight);
            }
        }
        self.touched.retain(|Whose(place)| {
            self.sums.get_mut(*place).is_some_and(|sums| {
                sums.is_touched = sums.held != 0;
                sums.is_touched
            })
        });
        if passed > 0 {
            self.begin = begin;
        }
        let rows = self.rows.take().map(|(source, rows)| (source, self.second, rows));
        self.second = second;
        rows
    }

    /// Adds everything that is held to its series. Gives the rows of the second that ends.
    pub fn settle(&mut self, all: &mut All<'_>) -> Option<(SourceId, i64, u32)> {
        self.begin(i64::MAX / 2, all)
    }
}

/// Where a second stands in the window.
fn slot(second: i64) -> u32 {
    u32::try_from(second.rem_euclid(SECONDS)).unwrap_or(0)
}

impl Sums {
    #[inline]
    fn touch(&mut self, whose: Whose, touched: &mut Vec<Whose>) {
        if !self.is_touched {
            self.touch_first(whose, touched);
        }
    }

    #[cold]
    #[inline(never)]
    fn touch_first(&mut self, whose: Whose, touched: &mut Vec<Whose>) {
        self.is_touched = true;
        touched.push(whose);
    }

    /// Hands on who asked in a second.
    fn meet(&mut self, second: i64, clients: &mut Clients) {
        if !self.clients.is_empty() {
            let asking = NsSeries::asking(clients, second);
            self.clients.drain(..).for_each(|hash| asking.keep(hash, second));
        }
    }

    /// Adds to the series what belongs to one second.
    fn end_second(&mut self, second: i64, short: Short, one: &mut One<'_>) {
        self.by_status.drain(|status, count| match &mut one.ended {
            Ended::ByStatus(by_status) => by_status.entry(status).or_default().add(second, count),
            Ended::Together(ended, _) => ended.add(second, count),
        });
        if let Ended::Together(_, clients) = &mut one.ended {
            self.meet(second, clients);
        }
        let (long, refused) = (std::mem::take(&mut self.long), std::mem::take(&mut self.refused));
        let served = short.requests().saturating_add(long.requests) - refused.requests;
        if served > 0 {
            one.served.count.add(second, served);
            one.served.taken.add(second, (short.millis() - refused.millis).saturating_add(long.millis));
        }
    }

    /// Adds the differences of some seconds of the window to the series.
    fn let_go(&mut self, leaving: u64, begin: i64, in_flight: &mut InFlight) {
        let mut bits = self.held & leaving;
        self.held &= !leaving;
        while bits != 0 {
            let at = bits.trailing_zeros();
            bits &= bits - 1;
            let second = begin + (i64::from(at) - begin).rem_euclid(SECONDS);
            let at = at as usize;
            let held = (self.mean.get_mut(at), self.low.get_mut(at), self.high.get_mut(at));
            if let (Some(mean), Some(low), Some(high)) = held {
                in_flight.differ(second, std::mem::take(mean), std::mem::take(low), std::mem::take(high));
            }
        }
    }
}

/// Adds differences to those that are held; such as lie before the window, to the series.
struct Around<'a, 'b> {
    begin: i64,
    sums: &'a mut Sums,
    whose: Whose,
    all: &'a mut All<'b>,
}

impl Differences for Around<'_, '_> {
    #[inline]
    fn differ(&mut self, at: i64, mean: i64, low: i32, high: i32) {
        if at < self.begin {
            if let Some(one) = self.all.of(self.whose) {
                one.in_flight.differ(at, mean, low, high);
            }
            return;
        }
        let slot = slot(at);
        let Sums { held, mean: means, low: lows, high: highs, .. } = self.sums;
        *held |= 1 << slot;
        let slot = slot as usize;
        if let (Some(to_mean), Some(to_low), Some(to_high)) = (means.get_mut(slot), lows.get_mut(slot), highs.get_mut(slot)) {
            *to_mean += mean;
            *to_low += low;
            *to_high += high;
        }
    }
}
