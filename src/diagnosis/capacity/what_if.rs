//! What if: other limits, loads and times taken, beside those that were measured.

use std::ops::Range;

use super::{CONFIG_INTERVAL, Capacity, HEARTBEAT, Load, NS_ADVISED, Stretch, Target};

/// What is known of the SEP clients of an application, for what they would be in pull mode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pull {
    /// Seconds that requests took which no SEP client held open, in the mean; `None` where too few are known.
    pub seconds: Option<f64>,
    /// At least so many clients: those that held a request open, or were turned away; `None` where no row names any.
    pub clients: Option<u64>,
    /// They were counted one by one: else more than 1023 are an estimate.
    pub is_counted: bool,
    /// Most of the time in flight of the window is of requests that they held open: push mode.
    pub is_push: bool,
}

/// Numbers that somebody chose in the place of those measured, or of the default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Chosen {
    /// Slots.
    pub limit: Option<u64>,
    /// So many times the arrivals.
    pub arrivals: Option<f64>,
    /// Seconds that a request takes.
    pub seconds: Option<f64>,
    /// SEP clients in pull mode.
    pub clients: Option<u64>,
    /// Seconds that a request of theirs takes then.
    pub pull_seconds: Option<f64>,
    /// Minutes from one configuration request, or heartbeat, of a client to its next.
    pub minutes: Option<u64>,
}

/// What would be different.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Nothing: the formula, to stand beside what was observed.
    Now,
    /// The load is that of the busiest stretch.
    Busiest(Range<i64>),
    /// Another limit.
    Limit,
    /// All requests known come evenly over the interval of so many minutes.
    Spread(u64),
    /// Requests take as long as in the quiet stretch: with throttling off.
    Quick(Range<i64>),
    /// Twice as many clients.
    Twice,
    /// So many SEP clients in pull mode, with so many minutes between heartbeats.
    Pull(Option<u64>, u64),
    /// Limit, arrivals and time taken as chosen.
    Chosen,
}

/// A load against a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIf {
    /// What is different from the window as it was.
    pub what: What,
    /// The load; where it is not known, why.
    pub load: Result<Load, &'static str>,
    /// The limit.
    pub limit: u64,
    /// So many are in flight where all are let in, and never more: in push mode each client holds one request open (KB 177969).
    /// `None` where nothing says so.
    pub held: Option<u64>,
}

impl WhatIf {
    /// The share turned away, from 0 to 1; `None` where the load is not known.
    #[must_use]
    pub fn share_turned_away(&self) -> Option<f64> {
        self.curve(&[self.limit]).pop()
    }

    /// Whether there is a slot for the request that each client holds: nobody is turned away then.
    #[must_use]
    pub fn fits_held(&self) -> bool {
        self.fits(self.limit)
    }

    fn fits(&self, limit: u64) -> bool {
        self.held.is_some_and(|held| limit >= held)
    }

    /// How many would be in flight in the mean if all were let in: where each client has its slot, no more than there are clients. Who
    /// is let in does not come again at once, as those did that were counted.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of clients")]
    pub fn erlangs(&self) -> Option<f64> {
        let erlangs = self.load.ok()?.erlangs()?;
        Some(self.held.filter(|_| self.fits_held()).map_or(erlangs, |held| erlangs.min(held as f64)))
    }

    /// How many are in flight in the mean.
    #[must_use]
    pub fn in_flight(&self) -> Option<f64> {
        if self.fits_held() { self.erlangs() } else { self.load.ok()?.in_flight(self.limit) }
    }

    /// The smallest limit that is [`super::ENOUGH`].
    #[must_use]
    pub fn enough(&self) -> Option<u64> {
        let load = self.load.ok()?;
        self.held.or_else(|| load.enough())
    }

    /// The shares that some limits turn away; none where the load is not known.
    #[must_use]
    pub fn curve(&self, limits: &[u64]) -> Vec<f64> {
        let Ok(load) = self.load else { return Vec::new() };
        load.curve(limits).into_iter().zip(limits).map(|(share, limit)| if self.fits(*limit) { 0.0 } else { share }).collect()
    }
}

impl Capacity {
    /// The limit that the vendor of the target advises, where it is another than the one in force.
    #[must_use]
    pub fn advised(&self, target: &Target) -> Option<u64> {
        (matches!(target, Target::Ns(_)) && self.limit.value > NS_ADVISED).then_some(NS_ADVISED)
    }

    /// The window as it was, and what would be if something were different. The first is the window as it was.
    #[must_use]
    pub fn what_ifs(&self, target: &Target, chosen: &Chosen) -> Vec<WhatIf> {
        let limit = self.limit.value;
        let now = self.load().ok_or_else(|| self.unknown());
        let of = |what, load, limit, times| WhatIf { what, load, limit, held: self.held(times) };
        let mut all = vec![of(What::Now, now, limit, 1.0)];
        if let Some(busiest) = &self.busiest {
            let load = now.map(|load| Load { per_second: busiest.per_second(), ..load });
            all.push(of(What::Busiest(busiest.seconds.clone()), load, limit, 1.0));
        }
        if let Some(advised) = self.advised(target) {
            all.push(of(What::Limit, now, advised, 1.0));
        }
        all.push(of(What::Limit, now, limit.saturating_mul(2), 1.0));
        all.extend(self.of_product(target, chosen, now));
        all.push(of(What::Twice, now.map(|load| load.times(2.0)), limit, 2.0));
        let times = chosen.arrivals.unwrap_or(1.0);
        let load = now.map(|load| Load { seconds: chosen.seconds.unwrap_or(load.seconds), ..load.times(times) });
        all.push(of(What::Chosen, load, chosen.limit.unwrap_or(limit), times));
        all
    }

    /// What only makes sense for an application that is not SEPM's, for SEPM's, or for a Notification Server.
    fn of_product(&self, target: &Target, chosen: &Chosen, now: Result<Load, &'static str>) -> Vec<WhatIf> {
        let of = |what, load| WhatIf { what, load, limit: self.limit.value, held: None };
        let mut all = Vec::new();
        if matches!(target, Target::Ns(_)) {
            let minutes = chosen.minutes.unwrap_or(CONFIG_INTERVAL);
            let load = now.and_then(|load| Ok(Load { per_second: spread(&self.known, minutes)?, ..load }));
            all.push(of(What::Spread(minutes), load));
        }
        if let Some(pull) = self.pull {
            let minutes = chosen.minutes.unwrap_or(HEARTBEAT);
            let clients = chosen.clients.or(pull.clients);
            let load = pulling(clients, chosen.pull_seconds.or(pull.seconds), minutes);
            all.push(of(What::Pull(clients, minutes), load));
        // Requests that are held open on purpose are not slow: of them there is no such row.
        } else if let Some((quiet, seconds)) = self.quiet.as_ref().and_then(|quiet| Some((quiet, quiet.mean_seconds?))) {
            all.push(of(What::Quick(quiet.seconds.clone()), now.map(|load| Load { seconds, ..load })));
        }
        all
    }

    /// Whether the requests known reach less far back than an interval of so many minutes: to spread them makes them fewer then.
    #[must_use]
    pub fn is_shorter_than(&self, minutes: u64) -> bool {
        let seconds = self.known.seconds.end - self.known.seconds.start;
        u64::try_from(seconds).is_ok_and(|seconds| seconds / 60 < minutes)
    }

    /// How many requests so many times the clients hold open; `None` where it is not known. If some were turned away though all
    /// clients seen would have fitted, there are more clients than were seen.
    #[expect(clippy::cast_precision_loss, reason = "counts of clients")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    fn held(&self, times: f64) -> Option<u64> {
        let clients = self.pull.filter(|pull| pull.is_push)?.clients?;
        if self.turned_away > 0 && clients <= self.limit.value {
            return None;
        }
        Some((clients as f64 * times).ceil().clamp(1.0, 1e15) as u64)
    }
}

/// Requests a second where all that are known come evenly over the interval, or over the time that is known if that is longer: a
/// client asks once an interval. Those that came again after they had been turned away are counted each time, so it is at most that.
fn spread(known: &Stretch, minutes: u64) -> Result<f64, &'static str> {
    let interval = i64::try_from(minutes).unwrap_or(i64::MAX).saturating_mul(60).min(1 << 40);
    let seconds = known.seconds.end - known.seconds.start;
    if seconds < interval / 4 {
        return Err("logs are too short");
    }
    let over = known.seconds.start..known.seconds.start + interval.max(seconds);
    Ok(super::per_second(known.arrivals, &over))
}

/// Each client comes once a heartbeat: clients × seconds ÷ heartbeat are in flight.
#[expect(clippy::cast_precision_loss, reason = "counts of clients and minutes")]
fn pulling(clients: Option<u64>, seconds: Option<f64>, minutes: u64) -> Result<Load, &'static str> {
    let clients = clients.ok_or("clients not known")?;
    let seconds = seconds.ok_or("seconds not known")?;
    Ok(Load { per_second: clients as f64 / (minutes.max(1) as f64 * 60.0), seconds })
}
