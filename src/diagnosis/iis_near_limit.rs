//! `iis-near-limit`: an application has nearly as many requests in flight as are let in, and none was refused yet.

use super::finding::{Finding, Remedy, Seen, Severity, Subject};
use super::iis_503_2::raise;
use super::platform::{Iis, typeperf};
use super::{Rule, Verdict};
use crate::counters;
use crate::engine::Moment;
use crate::time::Time;
use crate::timeline::App;
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
    /// The pool.
    pub pool: String,
    /// Other applications have a part of it.
    pub shared: bool,
}

impl Counted {
    /// What to say of it, after what the log says.
    pub fn sentence(&self) -> String {
        let Self { most, pool, shared } = self;
        let whose = if *shared { ", which other applications share" } else { "" };
        format!(" By the counter, the worker processes of pool {pool}{whose} executed {most} at most.")
    }
}

/// What the counter of an application's pool says, where there is one.
pub(super) fn counted(moment: &Moment<'_>, app: &str) -> Option<Counted> {
    let settings = &moment.limits.settings;
    let pool = counters::pool_of_app(settings, app)?;
    let most = counters::executing_within(moment, pool, &(moment.at.second() - COUNTERS..moment.at.second() + 1))?;
    let users = settings.sites.iter().flat_map(|site| &site.applications).filter(|a| a.pool.eq_ignore_ascii_case(pool)).count();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, never negative")]
    Some(Counted { most: most.max(0.0).round() as u64, pool: pool.to_owned(), shared: users > 1 })
}

/// 80 % of a limit or more.
pub(super) fn is_near(value: f64, limit: u64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let near = limit.saturating_mul(NEAR) as f64;
    limit > 0 && value * 10.0 >= near
}

fn finding(moment: &Moment<'_>, name: &str, app: &App) -> Option<Finding> {
    let (limit, end) = (moment.limits.app(name), moment.at.second() + 1);
    let refused = Trouble::Http503 { app: name.into(), substatus: Some(2) };
    if moment.timeline.count(&refused, i64::MIN..end) > 0 {
        return None;
    }
    let counted = counted(moment, name).filter(|counted| !counted.shared);
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let by_counter = counted.as_ref().map_or(0.0, |counted| counted.most as f64);
    // Fewer rows than that cannot have been near it: most applications are told by their number alone.
    let rows = u64::try_from(app.ended.sum(i64::MIN..i64::MAX)).unwrap_or(0);
    let peak = (rows.saturating_mul(10) >= limit.value.saturating_mul(NEAR)).then(|| app.in_flight.peak(end)).flatten();
    let by_log = peak.as_ref().map_or(0.0, |peak| peak.point.mean);
    if !is_near(by_counter.max(by_log), limit.value) {
        return None;
    }
    let at = match &peak {
        Some(peak) if by_log >= by_counter => peak.second,
        _ => moment.at.second(),
    };
    let seen = Seen::at(Time::from_second(at));
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
    detail.push_str(&format!(" The limit is {} ({}); beyond it IIS answers 503.2.", limit.value, limit.origin));
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let share = by_counter.max(by_log) / limit.value as f64 * 100.0;
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: format!(
            "{name} had {:.0} of {} requests in flight ({share:.0} %), none refused yet",
            by_counter.max(by_log),
            limit.value
        ),
        detail,
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets,
        // Those that ended within minutes of the peak were in flight at it if they took long.
        evidence: app.served.longest.within(&(at..(at + 600).min(end)), MOST_ROWS),
        rules_out: vec![String::from("Nobody was refused by this limit: no row of the application has 503.2.")],
        remedies: vec![
            Remedy {
                command: Iis::of(moment).list_requests(),
                ..Remedy::new("See what holds the places, and whether it should take so long (Enter, b; x on the server):")
            },
            raise(moment, name, limit.value),
        ],
        verify: verify(counted.as_ref()),
        sources: &["KB 177969", "IIS configuration reference: serverRuntime"],
        subject: Subject::App(name.to_owned()),
    })
}

fn verify(counted: Option<&Counted>) -> Option<Remedy> {
    let command = counted.and_then(|counted| typeperf(&format!("\\W3SVC_W3WP(*_{})\\Active Requests", counted.pool)));
    Some(Remedy {
        command,
        ..Remedy::new("In flight must stay under 80 % of the limit at the busiest time of day; pane 1 shows it, and:")
    })
    .filter(|remedy| remedy.command.is_some())
}
