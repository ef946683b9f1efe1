//! What a window tells of the load of an application or of a kind of slot.

use std::ops::Range;

use super::{Capacity, Pull, Stretch, per_second};
use crate::engine::Moment;
use crate::formats::Kind;
use crate::limits::Limit;
use crate::slots::{self, SlotUse};
use crate::timeline::tally::{NsRequest, Trouble};
use crate::timeline::{App, distinct};

/// A stretch of fewer requests tells no mean worth building on.
pub const FEWEST: i64 = 30;
const MINUTE: i64 = 60;
const QUARTER: i64 = 900;
const HOUR: i64 = 3600;

/// Whose limit is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An application's, by its name.
    App(String),
    /// The slots of a Notification Server that this type of request takes.
    Ns(NsRequest),
}

/// How many requests ended in some seconds, and how long those took that were let in.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    arrivals: u64,
    turned_away: u64,
    /// Rows of those let in that tell how long they took.
    timed: i64,
    /// Milliseconds that these took together.
    taken: i64,
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            arrivals: self.arrivals + other.arrivals,
            turned_away: self.turned_away + other.turned_away,
            timed: self.timed + other.timed,
            taken: self.taken.saturating_add(other.taken),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds and counts, far below 2^52")]
    fn mean_seconds(self) -> Option<f64> {
        (self.timed > 0).then(|| self.taken as f64 / 1000.0 / self.timed as f64)
    }

    fn stretch(self, seconds: Range<i64>) -> Stretch {
        Stretch { seconds, arrivals: self.arrivals, mean_seconds: self.mean_seconds() }
    }
}

/// The series behind a target.
enum Series<'a> {
    App(&'a str, &'a App),
    Ns(Vec<NsRequest>),
}

impl Capacity {
    /// What the `window` seconds before a moment tell; `None` where the moment knows no such application or slots.
    #[must_use]
    pub fn of(moment: &Moment<'_>, target: &Target, window: i64) -> Option<Self> {
        let end = moment.at.second() + 1;
        Self::within(moment, target, end - window..end)
    }

    /// What some seconds tell, as far as they are before a moment; `None` where the moment knows no such application or slots.
    #[must_use]
    pub fn within(moment: &Moment<'_>, target: &Target, seconds: Range<i64>) -> Option<Self> {
        let (limit, series) = found(moment, target)?;
        let known = known(moment);
        let end = seconds.end.clamp(known.start, known.end);
        let seconds = seconds.start.clamp(known.start, end)..end;
        let counts = series.counts(moment, &seconds);
        let in_flight = |seconds: Range<i64>| series.in_flight(moment, seconds);
        let quarter = (seconds.end - seconds.start) / 4;
        Some(Self {
            arrivals: counts.arrivals,
            turned_away: counts.turned_away,
            mean_seconds: counts.mean_seconds(),
            in_flight: in_flight(seconds.clone()),
            drift: in_flight(seconds.start..seconds.start + quarter).zip(in_flight(seconds.end - quarter..seconds.end)),
            busiest: series.busiest(moment, &seconds),
            quiet: series.quiet(moment, &known),
            known: series.counts(moment, &known).stretch(known.clone()),
            returning: series.returning(moment),
            pull: series.pull(moment, &seconds),
            limit,
            seconds,
        })
    }
}

fn found<'a>(moment: &'a Moment<'_>, target: &'a Target) -> Option<(Limit, Series<'a>)> {
    match target {
        Target::App(name) => Some((moment.limits.app(name), Series::App(name, moment.timeline.app(name)?))),
        Target::Ns(request) => {
            let mut kinds = SlotUse::all(moment).into_iter();
            let slots = kinds.find(|slots| slots.types.iter().any(|t| t.request == *request))?;
            Some((slots.limit, Series::Ns(slots.types.iter().map(|t| t.request).collect())))
        }
    }
}

/// The seconds that the web logs tell of, up to the moment.
fn known(moment: &Moment<'_>) -> Range<i64> {
    let spans = || moment.sources.values().filter(|s| s.kind == Kind::W3c).filter_map(|s| s.span);
    let ends = spans().map(|(from, _)| from).min().zip(spans().map(|(_, to)| to).max());
    let at = moment.at.second() + 1;
    ends.map_or(at..at, |(from, to)| from.second().min(at)..(to.second() + 1).min(at))
}

fn count(sum: i64) -> u64 {
    u64::try_from(sum).unwrap_or(0)
}

impl Series<'_> {
    fn counts(&self, moment: &Moment<'_>, seconds: &Range<i64>) -> Counts {
        match self {
            Self::App(_, app) => {
                let refused = [Some(2), None].into_iter().filter_map(|substatus| app.by_status.get(&(503, substatus)));
                Counts {
                    arrivals: count(app.ended(seconds)),
                    turned_away: refused.map(|series| count(series.sum(seconds.clone()))).sum(),
                    timed: app.served.count.sum(seconds.clone()),
                    taken: app.served.taken.sum(seconds.clone()),
                }
            }
            Self::Ns(requests) => {
                requests.iter().map(|request| of_ns(moment, *request, seconds)).fold(Counts::default(), Counts::plus)
            }
        }
    }

    /// How many were in flight in the mean; `None` of no time, and where no row tells how long it took.
    fn in_flight(&self, moment: &Moment<'_>, seconds: Range<i64>) -> Option<f64> {
        if seconds.is_empty() {
            return None;
        }
        match self {
            Self::App(_, app) => app.timed.then(|| app.in_flight.mean(seconds)),
            Self::Ns(requests) => {
                let ns = || requests.iter().filter_map(|request| moment.timeline.ns(*request));
                let is_timed = ns().any(|series| series.served.count.first().is_some());
                is_timed.then(|| ns().map(|series| series.in_flight.mean(seconds.clone())).sum())
            }
        }
    }

    fn busiest(&self, moment: &Moment<'_>, seconds: &Range<i64>) -> Option<Stretch> {
        let step = if seconds.end - seconds.start >= 2 * HOUR { QUARTER } else { MINUTE };
        let whole = stretches(seconds, step, seconds.start).filter(|stretch| stretch.end - stretch.start == step);
        let all: Vec<Stretch> = whole.map(|stretch| self.counts(moment, &stretch).stretch(stretch)).collect();
        // One alone is the window.
        let several = all.len() > 1;
        all.into_iter().rev().max_by_key(|stretch| stretch.arrivals).filter(|stretch| several && stretch.arrivals > 0)
    }

    fn quiet(&self, moment: &Moment<'_>, known: &Range<i64>) -> Option<Stretch> {
        let step = if known.end - known.start >= 4 * HOUR { HOUR } else { QUARTER };
        let day = known.start.max(known.end - 24 * HOUR)..known.end;
        let of = |stretch: Range<i64>| {
            let counts = self.counts(moment, &stretch);
            (counts.timed >= FEWEST).then(|| (per_second(count(counts.taken), &stretch), counts.stretch(stretch)))
        };
        let least = stretches(&day, step, 0).filter_map(of).min_by(|a, b| a.0.total_cmp(&b.0));
        least.map(|(_, stretch)| stretch)
    }

    fn returning(&self, moment: &Moment<'_>) -> Option<(u64, u64)> {
        let end = moment.at.second() + 1;
        let is_ours = |trouble: &Trouble| match (self, trouble) {
            (Self::App(name, _), Trouble::Http503 { app, substatus: Some(2) | None }) => **app == **name,
            (Self::Ns(requests), Trouble::NsRequest(request)) => requests.contains(request),
            _ => false,
        };
        let ours = moment.timeline.troubles().filter(|(trouble, _)| is_ours(trouble));
        let clients: u64 = ours.map(|(_, tally)| tally.clients(end)).sum();
        (clients > 0).then(|| (self.counts(moment, &(i64::MIN..end)).turned_away, clients))
    }

    /// Requests that SEP clients did not hold open are as long as those of pull mode.
    fn pull(&self, moment: &Moment<'_>, seconds: &Range<i64>) -> Option<Pull> {
        let Self::App(name, app) = self else { return None };
        let all = i64::MIN..moment.at.second() + 1;
        let held = moment.timeline.troubles().find_map(|(trouble, tally)| match trouble {
            Trouble::HeldBySmc { app } if **app == **name => Some(tally),
            _ => None,
        });
        if held.is_none() && !name.to_ascii_lowercase().ends_with("/secars") {
            return None;
        }
        let short = Counts {
            timed: app.served.count.sum(all.clone()) - held.map_or(0, |tally| tally.sum(all.clone()).cast_signed()),
            taken: app.served.taken.sum(all.clone()).saturating_sub(app.held_by_smc.sum(all.clone())),
            ..Counts::default()
        };
        let turned_away = self.returning(moment).map_or(0, |(_, clients)| clients);
        let is_push = app.held_by_smc.sum(seconds.clone()) > app.served.taken.sum(seconds.clone()) / 2;
        let seen = distinct::rounded(held.map_or(0, |tally| tally.clients(all.end)).max(turned_away));
        // Each holds one: there are no fewer than are in flight.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "requests in flight, never below 0")]
        let holding = self.in_flight(moment, seconds.clone()).filter(|_| is_push).map_or(0, |mean| mean.ceil() as u64);
        let clients = seen.max(holding);
        let seconds = short.mean_seconds().filter(|mean| short.timed >= FEWEST && *mean > 0.0);
        Some(Pull { seconds, clients: Some(clients).filter(|clients| *clients > 0), is_counted: false, is_push })
    }
}

/// Requests of a type at a Notification Server. Those turned away with 503 may stand in HTTPERR only. Others were told so in a page
/// that counts as a success (KB 176788: there are no errors to be seen in IIS's log): they are among the rows of those let in, and
/// took next to no time.
fn of_ns(moment: &Moment<'_>, request: NsRequest, seconds: &Range<i64>) -> Counts {
    let with_503 = moment.timeline.count(&Trouble::NsRequest(request), seconds.clone());
    let turned_away = slots::turned_away(moment, request, seconds);
    let Some(series) = moment.timeline.ns(request) else {
        return Counts { arrivals: turned_away, turned_away, ..Counts::default() };
    };
    let (ended, timed) = (count(series.ended.sum(seconds.clone())), series.served.count.sum(seconds.clone()));
    let told = turned_away.saturating_sub(with_503).cast_signed();
    Counts {
        arrivals: (count(timed).max(ended.saturating_sub(with_503)) + with_503).max(turned_away),
        turned_away,
        timed: timed - told.min(timed),
        taken: series.served.taken.sum(seconds.clone()),
    }
}

/// Some seconds cut into stretches that are `step` long, counted from `origin` on; the first and the last may be shorter.
fn stretches(seconds: &Range<i64>, step: i64, origin: i64) -> impl Iterator<Item = Range<i64>> + use<> {
    let Range { start, end } = *seconds;
    let mut from = start;
    std::iter::from_fn(move || {
        let to = (origin + ((from - origin).div_euclid(step) + 1) * step).min(end);
        let stretch = (from < end).then_some(from..to);
        from = to;
        stretch
    })
}
