//! What the rows of the last minute add up to before it goes into the series: a busy log has a hundred rows a second, and a row then
//! costs a few additions.

mod held;
mod statuses;
mod sums;

use std::collections::BTreeMap;
use std::sync::Arc;

use held::{Held, Window};
use sums::{Ended, One, Sums};

use super::parts::{App, NsSeries};
use super::series::Series;
use super::tally::NsRequest;
use crate::record::{End, SourceId};

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
    /// The second and log of the rows that are added up by the second.
    second: i64,
    source: Option<SourceId>,
    window: Window,
    /// Where the second stands in the window.
    at: usize,
    /// Rows of the log.
    rows: Held<u32>,
    /// By [`Whose`].
    sums: Vec<Sums>,
    /// Those that hold something of the second, and of the window.
    now: Vec<Whose>,
    held: Vec<Whose>,
}

/// The series that rows are added to.
pub(super) struct All<'a> {
    pub apps: &'a mut [(Arc<str>, App)],
    pub ns: &'a mut BTreeMap<NsRequest, NsSeries>,
    pub records: &'a mut BTreeMap<SourceId, Series<u32>>,
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

impl Burst {
    /// Whether rows of that second and log can join those that are added up.
    #[inline]
    pub fn is_of(&self, second: i64, source: SourceId) -> bool {
        self.second == second && self.source == Some(source)
    }

    /// Counts rows of the second and log that have begun.
    pub fn count(&mut self, rows: u32) {
        debug_assert!(self.source.is_some(), "rows of no log");
        self.rows.add(self.at, rows);
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
        sums.touch(whose, &mut self.now);
        sums.by_status.count((end.status, end.substatus), self.at);
        true
    }

    /// Adds a request of the second that has begun.
    pub fn request(&mut self, whose: Whose, end: End, all: &mut All<'_>) {
        if self.sums.len() <= whose.0 {
            self.sums.resize_with(whose.0 + 1, Sums::default);
        }
        let Some(sums) = self.sums.get_mut(whose.0) else { return };
        sums.touch(whose, &mut self.now);
        sums.by_status.count((end.status, end.substatus), self.at);
        let Some(taken) = end.taken else { return };
        sums.is_timed = true;
        match (sums.short.take(taken), end.status) {
            (true, 503) => sums.refused.add(taken),
            (true, _) => {}
            (false, status) => {
                if status != 503 {
                    sums.long.add(taken);
                }
                sums.long_request(self.second, taken, self.window, (whose, all));
            }
        }
    }

    /// Tells who asked, of a request that was added.
    pub fn asked(&mut self, whose: Whose, client: &[u8], all: &mut All<'_>) {
        let Some(sums) = self.sums.get_mut(whose.0) else { return };
        if sums.ask(client)
            && let Some(One { ended: Ended::Together(_, clients), .. }) = all.of(whose)
        {
            sums.meet(self.second, clients);
        }
    }

    /// Ends the second whose rows were added up, and begins another one of a log.
    pub fn begin(&mut self, second: i64, source: SourceId, all: &mut All<'_>) {
        self.end_second(all);
        let window = Window::of(second);
        if window != self.window {
            self.hand_on(all);
        } else if self.source != Some(source) {
            self.hand_on_rows(all);
        }
        (self.second, self.source) = (second, Some(source));
        (self.window, self.at) = (window, window.place(second).unwrap_or(0));
    }

    /// Adds everything that is held to its series.
    pub fn settle(&mut self, all: &mut All<'_>) {
        self.end_second(all);
        self.hand_on(all);
        self.source = None;
    }

    fn end_second(&mut self, all: &mut All<'_>) {
        for whose in self.now.drain(..) {
            let Some(sums) = self.sums.get_mut(whose.0) else { continue };
            sums.end_second(self.second, self.window, (whose, all));
            if !sums.is_held {
                sums.is_held = true;
                self.held.push(whose);
            }
        }
    }

    /// Adds to the series what is held of the window.
    fn hand_on(&mut self, all: &mut All<'_>) {
        for whose in self.held.drain(..) {
            if let (Some(sums), Some(one)) = (self.sums.get_mut(whose.0), all.of(whose)) {
                sums.hand_on(self.window, one);
            }
        }
        self.hand_on_rows(all);
    }

    fn hand_on_rows(&mut self, all: &mut All<'_>) {
        if let Some(source) = self.source
            && self.rows.is_any()
        {
            self.rows.hand_on(self.window, all.records.entry(source).or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::in_flight::InFlight;
    use super::super::parts::ByStatus;
    use super::*;

    proptest! {
        #[test]
        fn what_is_added_up_by_the_minute_is_what_each_row_says(
            rows in proptest::collection::vec(
                (
                    // Around the edges of windows and chunks, in any order.
                    prop_oneof![62i64..67, 1021i64..1027, -66i64..-62, 0i64..5000],
                    0usize..3,
                    proptest::option::of(prop_oneof![Just(0u64), Just(1), Just(501), Just(1000), Just(1001), Just(70_000), 0u64..200_000]),
                    prop_oneof![3 => Just((200, Some(0))), 1 => Just((503, Some(2))), 1 => (200u16..280).prop_map(|status| (status, None))],
                    1usize..4,
                    0u32..2,
                ),
                0..120,
            ),
        ) {
            let mut apps: Vec<(Arc<str>, App)> = (0..3).map(|_| (Arc::from("app"), App::default())).collect();
            let (mut ns, mut records) = (BTreeMap::new(), BTreeMap::new());
            let mut burst = Burst::default();
            let mut plain: Vec<(InFlight, ByStatus, Series<u32>, Series<i64>)> = vec![Default::default(); 3];
            let mut logs: BTreeMap<SourceId, Series<u32>> = BTreeMap::new();
            for (second, place, taken, (status, substatus), times, log) in rows {
                let mut all = All { apps: &mut apps, ns: &mut ns, records: &mut records };
                let source = SourceId(log);
                for _ in 0..times {
                    if !burst.is_of(second, source) {
                        burst.begin(second, source, &mut all);
                    }
                    let end = End { status, substatus, taken };
                    let whose = Whose::app(place);
                    if !taken.filter(|_| status != 503).is_some_and(|taken| burst.join(whose, end, taken)) {
                        burst.request(whose, end, &mut all);
                    }
                    burst.count(1);
                    let (in_flight, by_status, served, served_taken) = &mut plain[place];
                    by_status.entry((status, substatus)).or_default().add(second, 1);
                    logs.entry(source).or_default().add(second, 1);
                    if let Some(taken) = taken {
                        in_flight.add(second, taken);
                        if status != 503 {
                            served.add(second, 1);
                            served_taken.add(second, i64::try_from(taken).unwrap());
                        }
                    }
                }
            }
            burst.settle(&mut All { apps: &mut apps, ns: &mut ns, records: &mut records });
            prop_assert_eq!(records, logs);
            for ((_, app), (in_flight, by_status, served, taken)) in apps.into_iter().zip(plain) {
                prop_assert_eq!(app.in_flight, in_flight);
                prop_assert_eq!(app.by_status, by_status);
                prop_assert_eq!((app.served.count, app.served.taken), (served, taken));
            }
        }
    }
}
