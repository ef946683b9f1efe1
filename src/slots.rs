//! The slots of an Altiris Notification Server as of a moment: which kinds there are, how many are taken, who was turned away.

use std::ops::Range;

use crate::engine::Moment;
use crate::limits::Limit;
use crate::record::Slots;
use crate::timeline::in_flight::{InFlight, Peak, Point};
use crate::timeline::tally::{NsRequest, Trouble};

/// One kind of slot, with the requests that take it.
#[derive(Debug, Clone)]
pub struct SlotUse {
    /// The kind.
    pub slots: Slots,
    /// How many there are.
    pub limit: Limit,
    /// The requests that take them.
    pub types: Vec<TypeUse>,
}

/// One type of request that takes slots.
#[derive(Debug, Clone)]
pub struct TypeUse {
    /// The type.
    pub request: NsRequest,
    /// Rows of the W3C logs.
    pub requests: u64,
    /// Turned away: see [`turned_away`].
    pub turned_away: u64,
    /// How many are in flight.
    pub now: Point,
}

impl SlotUse {
    /// All kinds of slots; none while no Notification Server has been seen. Up to NS 6.0 SP2 there is one kind, which both types of
    /// request share.
    #[must_use]
    pub fn all(moment: &Moment<'_>) -> Vec<Self> {
        Self::known(moment, moment.at.second())
    }

    /// The same, with what was in flight in an earlier second: the last one that the web logs tell of.
    #[must_use]
    pub fn known(moment: &Moment<'_>, second: i64) -> Vec<Self> {
        let seen = NsRequest::ALL.iter().any(|r| moment.timeline.ns(*r).is_some())
            || moment.timeline.troubles().any(|(t, _)| {
                matches!(
                    t,
                    Trouble::NsRequest(_) | Trouble::NsSlotsFull(_) | Trouble::AgentBackingOff | Trouble::NsUnableToProcess
                )
            });
        if !seen {
            return Vec::new();
        }
        let logged = |slots| moment.timeline.ns_max(slots, moment.at);
        if let Some(package) = moment.limits.package_slots(logged(Slots::PackageInfo)) {
            let config = moment.limits.config_slots(logged(Slots::Config));
            return vec![
                Self::new(moment, second, Slots::Config, config, &[NsRequest::GetClientPolicies]),
                Self::new(moment, second, Slots::PackageInfo, package, &[NsRequest::GetPackageInfo]),
            ];
        }
        // Sharing, either message tells the one limit.
        let logged = logged(Slots::Config).or_else(|| logged(Slots::PackageInfo));
        vec![Self::new(moment, second, Slots::Config, moment.limits.config_slots(logged), &NsRequest::ALL)]
    }

    fn new(moment: &Moment<'_>, second: i64, slots: Slots, limit: Limit, requests: &[NsRequest]) -> Self {
        let types = requests.iter().map(|r| TypeUse::new(moment, second, *r)).collect();
        Self { slots, limit, types }
    }

    /// When most were taken by the moment. It goes through all that happened: not for every frame.
    #[must_use]
    pub fn peak(&self, moment: &Moment<'_>) -> Option<Peak> {
        let mut sum = InFlight::default();
        for series in self.types.iter().filter_map(|t| moment.timeline.ns(t.request)) {
            sum.merge(&series.in_flight);
        }
        sum.peak(moment.at.second() + 1)
    }

    /// How many slots are taken.
    #[must_use]
    pub fn now(&self) -> Point {
        self.types.iter().fold(Point::default(), |sum, t| plus(sum, t.now))
    }

    /// How many requests were turned away.
    #[must_use]
    pub fn turned_away(&self) -> u64 {
        self.types.iter().map(|t| t.turned_away).sum()
    }
}

impl TypeUse {
    fn new(moment: &Moment<'_>, second: i64, request: NsRequest) -> Self {
        let seconds = i64::MIN..moment.at.second() + 1;
        let series = moment.timeline.ns(request);
        Self {
            request,
            requests: series.map_or(0, |s| u64::try_from(s.ended.sum(seconds.clone())).unwrap_or(0)),
            turned_away: turned_away(moment, request, &seconds),
            now: series.map(|s| s.in_flight.at(second)).unwrap_or_default(),
        }
    }
}

/// Requests of a type turned away in some seconds. The HTTP logs (503), the NS log (slots full) and, for package info, the agents (backing
/// off) may each tell of the same request, or be the only one at hand: the greatest count is taken, never their sum.
#[must_use]
pub fn turned_away(moment: &Moment<'_>, request: NsRequest, seconds: &Range<i64>) -> u64 {
    let count = |trouble: &Trouble| moment.timeline.count(trouble, seconds.clone());
    let agents = if request == NsRequest::GetPackageInfo { count(&Trouble::AgentBackingOff) } else { 0 };
    count(&Trouble::NsRequest(request)).max(count(&Trouble::NsSlotsFull(request.slots()))).max(agents)
}

/// What several types of request have in flight together in each of some seconds.
#[must_use]
pub fn window(moment: &Moment<'_>, requests: &[NsRequest], seconds: &Range<i64>) -> Vec<Point> {
    let mut sum = vec![Point::default(); usize::try_from(seconds.end - seconds.start).unwrap_or(0)];
    for series in requests.iter().filter_map(|r| moment.timeline.ns(*r)) {
        for (sum, point) in sum.iter_mut().zip(series.in_flight.window(seconds.clone())) {
            *sum = plus(*sum, point);
        }
    }
    sum
}

fn plus(a: Point, b: Point) -> Point {
    Point { mean: a.mean + b.mean, low: a.low + b.low, high: a.high + b.high }
}
