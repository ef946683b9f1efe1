//! The numbers of the level that can be changed.

use super::{When, clients_shown};
use crate::diagnosis::capacity::{CONFIG_INTERVAL, Capacity, Chosen, HEARTBEAT, NS_ADVISED, Target};
use crate::time::{Time, Zone};

/// A number that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Number {
    /// Slots.
    Limit,
    /// Requests a second.
    Arrivals,
    /// Seconds that one takes.
    Seconds,
    /// SEP clients in pull mode.
    Clients,
    /// Seconds that a request of theirs takes.
    PullSeconds,
    /// Minutes from one heartbeat of a client to the next.
    Heartbeat,
    /// Minutes from one configuration request of a client to the next.
    Interval,
    /// Which seconds it all is of: an incident's, or the window.
    Window,
}

/// Steps within a power of ten.
const STEPS: [f64; 10] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];
/// Steps of minutes.
const MINUTES: [f64; 18] =
    [1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 360.0, 480.0, 720.0, 1440.0];

impl Number {
    /// Those that matter for a target.
    pub fn all(capacity: &Capacity, target: &Target, when: &When) -> Vec<Self> {
        let mut all = vec![Self::Limit, Self::Arrivals, Self::Seconds];
        match target {
            Target::Ns(_) => all.push(Self::Interval),
            Target::App(_) if capacity.pull.is_some() => all.extend([Self::Clients, Self::PullSeconds, Self::Heartbeat]),
            Target::App(_) => {}
        }
        if when.is_choice() {
            all.push(Self::Window);
        }
        all
    }

    /// The one of a name.
    pub fn of(name: &str) -> Option<Self> {
        use Number as N;
        [N::Limit, N::Arrivals, N::Seconds, N::Clients, N::PullSeconds, N::Heartbeat, N::Interval, N::Window]
            .into_iter()
            .find(|number| number.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Arrivals => "arrivals a second",
            Self::Seconds => "seconds each",
            Self::Clients => "clients in pull",
            Self::PullSeconds => "seconds in pull",
            Self::Heartbeat => "heartbeat, minutes",
            Self::Interval => "interval, minutes",
            Self::Window => "seconds looked at",
        }
    }

    /// What was measured, or is the default; `None` where nobody knows.
    #[expect(clippy::cast_precision_loss, reason = "limits, clients and minutes")]
    pub fn measured(self, capacity: &Capacity) -> Option<f64> {
        match self {
            Self::Limit => Some(capacity.limit.value as f64),
            Self::Arrivals => capacity.per_second(),
            Self::Seconds => capacity.mean_seconds,
            Self::Clients => capacity.pull?.clients.map(|clients| clients as f64),
            Self::PullSeconds => capacity.pull?.seconds,
            Self::Heartbeat => Some(HEARTBEAT as f64),
            Self::Interval => Some(CONFIG_INTERVAL as f64),
            Self::Window => None,
        }
    }

    /// What was chosen, else what was measured.
    #[expect(clippy::cast_precision_loss, reason = "limits, clients and minutes")]
    pub fn value(self, capacity: &Capacity, chosen: &Chosen) -> Option<f64> {
        let measured = self.measured(capacity);
        match self {
            Self::Limit => chosen.limit.map(|limit| limit as f64),
            Self::Arrivals => chosen.arrivals.and_then(|times| Some(measured? * times)),
            Self::Seconds => chosen.seconds,
            Self::Clients => chosen.clients.map(|clients| clients as f64),
            Self::PullSeconds => chosen.pull_seconds,
            Self::Heartbeat | Self::Interval => chosen.minutes.map(|minutes| minutes as f64),
            Self::Window => None,
        }
        .or(measured)
    }

    /// The number for people.
    pub fn shown(self, capacity: &Capacity, value: f64) -> String {
        match self {
            Self::Clients => clients_shown(capacity, whole(value)),
            Self::Arrivals | Self::Seconds | Self::PullSeconds => figures(value),
            Self::Limit | Self::Heartbeat | Self::Interval | Self::Window => format!("{value:.0}"),
        }
    }

    /// Where what was measured comes from.
    pub fn origin(self, capacity: &Capacity, target: &Target, zone: Zone) -> String {
        let clock = |second: i64| zone.clock(Time::from_second(second));
        let seconds = &capacity.seconds;
        match self {
            Self::Limit if matches!(target, Target::Ns(_)) => {
                format!("{}; advised: {NS_ADVISED} or less", capacity.limit.origin)
            }
            Self::Limit => capacity.limit.origin.clone(),
            Self::Arrivals | Self::Seconds if self.measured(capacity).is_none() => format!("not known: {}", capacity.unknown()),
            Self::Arrivals => format!("{} in {}-{}", capacity.arrivals, clock(seconds.start), clock(seconds.end - 1)),
            Self::Seconds => String::from("mean of those let in"),
            Self::Clients => String::from("at least: those seen"),
            Self::PullSeconds => match self.measured(capacity) {
                Some(_) => String::from("mean of those under 30 s"),
                None => String::from("not known: too few short ones"),
            },
            Self::Heartbeat => String::from("the default (KB 177969)"),
            Self::Interval => format!("KB 176788; spread: all {} known", capacity.known.arrivals),
            Self::Window => String::new(),
        }
    }

    /// The next greater, or smaller, round number; what was measured is on the way.
    pub fn change(self, more: bool, capacity: &Capacity, chosen: &mut Chosen) {
        let measured = self.measured(capacity);
        let value = self.value(capacity, chosen);
        if self == Self::Arrivals {
            // Whatever they are, it is by how much they grow that matters.
            let times = chosen.arrivals.unwrap_or(1.0);
            chosen.arrivals = Some(step(times, more, &STEPS)).filter(|times| (0.01..=1000.0).contains(times)).or(chosen.arrivals);
            return;
        }
        let is_minutes = matches!(self, Self::Heartbeat | Self::Interval);
        let next = match value {
            None => 1.0,
            Some(value) if is_minutes => minutes(value, more),
            // Round numbers under ten are not whole.
            Some(value) if matches!(self, Self::Limit | Self::Clients) && more && value < 10.0 => value + 1.0,
            Some(value) if matches!(self, Self::Limit | Self::Clients) && !more && value <= 10.0 => value - 1.0,
            Some(value) => step(value, more, &STEPS),
        };
        let passes = |m: &f64| value.is_some_and(|v| if more { v < *m && *m < next } else { next < *m && *m < v });
        let next = measured.filter(passes).unwrap_or(next);
        let whole = || whole(next);
        match self {
            Self::Limit => chosen.limit = Some(whole()),
            Self::Seconds => chosen.seconds = Some(next.clamp(0.001, 1e6)),
            Self::Clients => chosen.clients = Some(whole()),
            Self::PullSeconds => chosen.pull_seconds = Some(next.clamp(0.001, 1e6)),
            Self::Heartbeat | Self::Interval => chosen.minutes = Some(whole()),
            Self::Arrivals | Self::Window => {}
        }
    }
}

/// A number of at least 1 that a limit, or a count, can be.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn whole(value: f64) -> u64 {
    value.round().clamp(1.0, 4_294_967_295.0) as u64
}

/// The next round number.
fn step(value: f64, more: bool, steps: &[f64]) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    // The powers beside its own: a number just under ten is followed by one in the next.
    let rounds = [power / 10.0, power, power * 10.0].into_iter().flat_map(|power| steps.iter().map(move |s| s * power));
    // A number and its round neighbour may differ in the last digit only.
    let near = value * 1e-9;
    let next = if more {
        rounds.filter(|r| *r > value + near).reduce(f64::min)
    } else {
        rounds.filter(|r| *r < value - near).reduce(f64::max)
    };
    next.unwrap_or(value)
}

fn minutes(value: f64, more: bool) -> f64 {
    let next = if more { MINUTES.iter().find(|m| **m > value) } else { MINUTES.iter().rev().find(|m| **m < value) };
    next.copied().unwrap_or(value)
}

/// Three figures: `0.023`, `3.30`, `495`.
fn figures(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 1.0 => format!("{v:.2}"),
        v => format!("{v:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_and_down_again_is_where_one_began() {
        for start in [1.0, 3.0, 50.0, 5000.0, 0.25] {
            let up = step(start, true, &STEPS);
            let down = step(up, false, &STEPS);
            assert!(up > start && (down - start).abs() < start * 1e-9, "{start}: {up}, {down}");
        }
        assert!((step(9.3, true, &STEPS) - 10.0).abs() < 1e-9);
        assert!((step(10.0, false, &STEPS) - 8.0).abs() < 1e-9);
        assert!((minutes(1440.0, true) - 1440.0).abs() < 1e-9);
        assert!((minutes(250.0, false) - 240.0).abs() < 1e-9);
    }
}
