//! What the rows of one second add up to before it goes into the series: a busy log has a hundred rows a second, and a row then costs
//! a few additions.

use std::sync::Arc;

use super::AppId;
use super::in_flight::{Differences, InFlight};
use super::parts::{App, in_time};
use crate::record::{Request, SourceId};

/// Seconds whose differences are held: most requests take less.
const WINDOW: usize = 8;

/// The rows of one second that are not in the series yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Burst {
    second: i64,
    /// Of the applications, by their places in the timeline.
    apps: Vec<Sums>,
    /// The places of those that have rows.
    touched: Vec<usize>,
    /// Rows of a log, whatever they are.
    rows: Option<(SourceId, u32)>,
}

/// What the rows of one application add up to.
#[derive(Debug, Clone, Default)]
struct Sums {
    by_status: Vec<((u16, Option<u16>), u32)>,
    served: u32,
    taken: i64,
    mean: [i64; WINDOW],
    low: [i32; WINDOW],
    high: [i32; WINDOW],
}

impl Burst {
    /// Whether rows of that second and log can join those that are held.
    pub fn is_of(&self, second: i64, source: SourceId) -> bool {
        self.rows.is_none_or(|(of, _)| of == source && self.second == second)
    }

    /// Counts a row of a log.
    pub fn row(&mut self, second: i64, source: SourceId) {
        self.second = second;
        let rows = self.rows.map_or(0, |(_, rows)| rows);
        self.rows = Some((source, rows.saturating_add(1)));
    }

    /// Adds a request to what is held of its application.
    pub fn request(&mut self, AppId(id): AppId, app: &mut App, request: &Request<'_>) {
        if self.apps.len() <= id {
            self.apps.resize_with(id + 1, Sums::default);
        }
        let (second, Some(sums)) = (self.second, self.apps.get_mut(id)) else { return };
        if sums.by_status.is_empty() {
            self.touched.push(id);
        }
        let status = (request.status, request.substatus);
        match sums.by_status.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => sums.by_status.push((status, 1)),
        }
        let Some(taken) = request.taken else { return };
        app.timed = true;
        if request.status != 503 {
            sums.served = sums.served.saturating_add(1);
            sums.taken = sums.taken.saturating_add(in_time(taken));
        }
        let mut around = Around { begin: begin(second), sums, beyond: &mut app.in_flight };
        around.request(second, taken);
    }

    /// Hands out the rows that are held, and adds the sums of each application to it.
    pub fn settle(&mut self, apps: &mut [(Arc<str>, App)]) -> Option<(SourceId, i64, u32)> {
        for id in self.touched.drain(..) {
            if let (Some(sums), Some((_, app))) = (self.apps.get_mut(id), apps.get_mut(id)) {
                sums.settle(self.second, app);
            }
        }
        let (source, rows) = self.rows.take()?;
        Some((source, self.second, rows))
    }
}

/// The first second whose differences are held: a request changes what is in flight up to the second after its last.
fn begin(second: i64) -> i64 {
    second + 2 - i64::try_from(WINDOW).unwrap_or(0)
}

impl Sums {
    fn settle(&mut self, second: i64, app: &mut App) {
        for (status, count) in self.by_status.drain(..) {
            app.ended.add(second, count);
            app.by_status.entry(status).or_default().add(second, count);
        }
        if self.served > 0 {
            app.served.count.add(second, std::mem::take(&mut self.served));
            app.served.taken.add(second, std::mem::take(&mut self.taken));
        }
        let held = self.mean.iter_mut().zip(&mut self.low).zip(&mut self.high);
        for (at, ((mean, low), high)) in (begin(second)..).zip(held) {
            app.in_flight.differ(at, std::mem::take(mean), std::mem::take(low), std::mem::take(high));
        }
    }
}

/// Adds differences to those that are held; such as are further back, to the series.
struct Around<'a> {
    begin: i64,
    sums: &'a mut Sums,
    beyond: &'a mut InFlight,
}

impl Around<'_> {
    #[inline]
    fn slot(&self, at: i64) -> usize {
        usize::try_from(at - self.begin).unwrap_or(WINDOW)
    }
}

impl Differences for Around<'_> {
    #[inline]
    fn mean(&mut self, at: i64, millis: i64) {
        let slot = self.slot(at);
        match self.sums.mean.get_mut(slot) {
            Some(held) => *held += millis,
            None => self.beyond.mean(at, millis),
        }
    }

    #[inline]
    fn low(&mut self, at: i64, requests: i32) {
        let slot = self.slot(at);
        match self.sums.low.get_mut(slot) {
            Some(held) => *held += requests,
            None => self.beyond.low(at, requests),
        }
    }

    #[inline]
    fn high(&mut self, at: i64, requests: i32) {
        let slot = self.slot(at);
        match self.sums.high.get_mut(slot) {
            Some(held) => *held += requests,
            None => self.beyond.high(at, requests),
        }
    }
}
