//! `iis-near-limit`: an application has nearly as many requests in flight as are let in, and none was refused yet.

use super::finding::{Finding, Remedy, Seen, Severity, Subject};
use super::iis_503_2::raise;
use super::platform::{Iis, typeperf};
use super::{Rule, Verdict};
use crate::counters;
use crate::engine::Moment;
use crate::time::Time;
use crate::timeline::App;
use crate::timeline::in_flight::Point;
use crate::timeline::tally::Trouble;

pub(super) const RULE: Rule = Rule {
    name: "iis-near-limit",
    watches: "80 % or more of an application's limit in flight, while nobody is refused: by the log, or by the counter of a pool that the application has for itself",
    check,
};

/// Of ten parts of the limit, so many are near it.
const NEAR: u64 = 8;
/// Seconds that counters are looked back at: they are there once a second.
const COUNTERS: i64 = 24 * 3600;
/// Nobody looks further from the peak than this, in seconds.
const AROUND: i64 = 6 * 3600;
/// Rows that tell of the peak.
const MOST_ROWS: usize = 10;

fn check(moment: &Moment<'_>) -> Verdict {
    if moment.timeline.apps().next().is_none() {
        return Verdict::NotKnowable("no W3C log has been read: requests in flight are reckoned from it");
    }
    Verdict::of(moment.timeline.apps().filter_map(|(name, app)| finding(moment, name, app)))
}

/// The most that the counter of an application's pool showed.
pub(super) struct Counted {
    /// How many.
    pub most: u64,
    /// When, for the first time.
    at: Time,
    /// The pool.
    pub pool: String,
    /// Other applications have a part of it.
    pub shared: bool,
}

impl Counted {
    /// What to say of it, after what the log says.
    pub fn sentence(&self) -> String {
        let Self { most, pool, shared, .. } = self;
        let whose = if *shared { ", which other applications share," } else { "" };
        format!(" By the counter, the worker processes of pool {pool}{whose} executed {most} at most.")
    }
}

/// What the counter of an application's pool says, where there is one.
pub(super) fn counted(moment: &Moment<'_>, app: &str) -> Option<Counted> {
    let settings = &moment.limits.settings;
    let pool = counters::pool_of_app(settings, app)?;
    let known = counters::executing_over(moment, pool, &(moment.at.second() - COUNTERS..moment.at.second() + 1));
    let (at, most) = known.into_iter().rev().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let users = settings.sites.iter().flat_map(|site| &site.applications).filter(|a| a.pool.eq_ignore_ascii_case(pool)).count();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, never negative")]
    Some(Counted { most: most.max(0.0).round() as u64, at, pool: pool.to_owned(), shared: users > 1 })
}

/// 80 % of a limit or more.
pub(super) fn is_near(value: f64, limit: u64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let near = limit.saturating_mul(NEAR) as f64;
    limit > 0 && value * 10.0 >= near
}

fn finding(moment: &Moment<'_>, name: &str, app: &App) -> Option<Finding> {
    let (limit, end) = (moment.limits.app(name), moment.at.second() + 1);
    let refused = |substatus| moment.timeline.count(&Trouble::Http503 { app: name.into(), substatus }, i64::MIN..end);
    if refused(Some(2)) > 0 {
        return None;
    }
    // Of these the log does not tell which they are.
    let blind = refused(None);
    let counted = counted(moment, name).filter(|counted| !counted.shared);
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let by_counter = counted.as_ref().map_or(0.0, |counted| counted.most as f64);
    // Fewer rows than that cannot have been near it: most applications are told by their number alone.
    let rows = u64::try_from(app.ended(&(i64::MIN..i64::MAX))).unwrap_or(0);
    let peak = (rows.saturating_mul(10) >= limit.value.saturating_mul(NEAR)).then(|| app.in_flight.peak(end)).flatten();
    let by_log = peak.as_ref().map_or(0.0, |peak| peak.point.mean);
    // More than the limit for certain, and nobody refused: whatever the limit is, it is not this.
    let is_beyond =
        blind == 0 && peak.as_ref().is_some_and(|peak| peak.point.low > i64::try_from(limit.value).unwrap_or(i64::MAX));
    if !is_near(by_counter.max(by_log), limit.value) || is_beyond {
        return None;
    }
    let at = match (&peak, &counted) {
        (Some(peak), _) if by_log >= by_counter => peak.second,
        (_, counted) => counted.as_ref()?.at.second(),
    };
    let (first, last) = around(app, at, end, limit.value);
    let seen = Seen::at(Time::from_second(first));
    let mut detail = match &peak {
        Some(peak) => format!(
            "In flight by the log: {:.0} on average in the second of {} (between {} and {}).",
            peak.point.mean,
            Time::from_second(peak.second),
            peak.point.low,
            peak.point.high
        ),
        None => String::from("The log does not show it: rows are written when requests end."),
    };
    if let Some(counted) = &counted {
        detail.push_str(&counted.sentence());
    }
    let beyond = match Iis::of(moment) {
        Iis::Six => "beyond it HTTP.sys answers 503",
        Iis::SevenOn => "beyond it IIS answers 503.2",
    };
    detail.push_str(&format!(" The limit is {} ({}); {beyond}.", limit.value, limit.origin));
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let share = by_counter.max(by_log) / limit.value as f64 * 100.0;
    Some(Finding {
        rule: RULE.name,
        severity: if blind > 0 { Severity::Critical } else { Severity::Warning },
        title: format!(
            "{name} had {:.0} of {} requests in flight ({share:.0} %), {}",
            by_counter.max(by_log),
            limit.value,
            if blind > 0 {
                format!("and {blind} got 503, of which the log does not tell why")
            } else {
                String::from("none refused yet")
            }
        ),
        detail,
        first: seen.first,
        last: Time::from_second(last),
        count: blind.max(1),
        onsets: seen.onsets,
        evidence: app.served.longest.in_flight_at(at, (last + 600).min(end), MOST_ROWS),
        rules_out: (blind == 0)
            .then(|| String::from("Nobody was refused by this limit: no row of the application has 503.2."))
            .into_iter()
            .collect(),
        remedies: vec![
            Remedy {
                command: Iis::of(moment).list_requests(),
                ..Remedy::new("See what holds the places, and whether it should take so long:")
            },
            raise(moment, name, limit.value),
        ],
        verify: verify(counted.as_ref()),
        sources: &["KB 177969", "IIS configuration reference: serverRuntime"],
        subject: Subject::App(name.to_owned()),
    })
}

/// The first and the last second around the peak from which on, and up to which, as many were in flight.
fn around(app: &App, peak: i64, end: i64, limit: u64) -> (i64, i64) {
    let is_near = |point: &Point| is_near(point.mean, limit);
    let before = app.in_flight.window(peak - AROUND..peak);
    let after = app.in_flight.window(peak + 1..(peak + AROUND).min(end));
    let count =
        |points: &mut dyn Iterator<Item = &Point>| i64::try_from(points.take_while(|point| is_near(point)).count()).unwrap_or(0);
    (peak - count(&mut before.iter().rev()), peak + count(&mut after.iter()))
}

fn verify(counted: Option<&Counted>) -> Option<Remedy> {
    let command = counted.and_then(|counted| typeperf(&format!("\\W3SVC_W3WP(*_{})\\Active Requests", counted.pool)));
    Some(Remedy { command, ..Remedy::new("In flight must stay under 80 % of the limit at the busiest time of day:") })
        .filter(|remedy| remedy.command.is_some())
}
