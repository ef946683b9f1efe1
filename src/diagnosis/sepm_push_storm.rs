//! `sepm-push-storm`: SEP clients in push mode hold so many requests open that SEPM's application is at its limit (KB 177969).

use super::excluded::{Cause, ruled_out};
use super::finding::{Finding, Remedy, Seen, Severity, Subject, evidence, of_clients};
use super::iis_503_2::{is_secars, raise};
use super::platform::Iis;
use super::{Rule, Verdict, iis_near_limit::is_near};
use crate::engine::Moment;
use crate::timeline::App;
use crate::timeline::tally::{LONG, Trouble};

pub(super) const RULE: Rule = Rule {
    name: "sepm-push-storm",
    watches: "secars at or near its limit, most of its time in flight being requests that SEP clients (Smc) hold open: push mode",
    check,
};

/// Clients of SEPM in pull mode come so often, in seconds (KB 177969: 5 minutes by default).
const HEARTBEAT: f64 = 300.0;
/// Fewer requests that were held open are no storm.
const FEWEST: u64 = 20;

fn check(moment: &Moment<'_>) -> Verdict {
    Verdict::of(moment.timeline.apps().filter(|(name, _)| is_secars(name)).filter_map(|(name, app)| finding(moment, name, app)))
}

fn finding(moment: &Moment<'_>, name: &str, app: &App) -> Option<Finding> {
    let (end, limit) = (moment.at.second() + 1, moment.limits.app(name));
    let tally = |wanted: Trouble| moment.timeline.troubles().find(|(trouble, _)| **trouble == wanted).map(|(_, tally)| tally);
    let held = tally(Trouble::HeldBySmc { app: name.into() })?;
    let refused = tally(Trouble::Http503 { app: name.into(), substatus: Some(2) });
    let seen_refused = refused.and_then(|refused| Seen::of(&[refused], moment.at));
    let share = share_held(app, end)?;
    if share <= 0.5 || held.sum(i64::MIN..end) < FEWEST {
        return None;
    }
    let peak = app.in_flight.peak(end)?;
    if seen_refused.is_none() && !is_near(peak.point.mean, limit.value) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a mean to show with one decimal")]
    let mean = app.held_by_smc.sum(i64::MIN..end) as f64 / 1000.0 / held.sum(i64::MIN..end) as f64;
    #[expect(clippy::cast_precision_loss, reason = "counts of clients")]
    let come_and_go = held.clients(end) as f64 > 1.5 * peak.point.mean;
    // In pull mode, however slow, many more clients take turns than are in flight, and each is done before its next heartbeat.
    if come_and_go && mean < HEARTBEAT / 2.0 {
        return None;
    }
    let at = crate::time::Time::from_second(peak.second);
    let seen = seen_refused.unwrap_or_else(|| Seen::at(at));
    let of = if is_near(peak.point.mean, limit.value) { format!(" of {}", limit.value) } else { String::new() };
    let detail = format!(
        "{:.0} % of the time in flight at {name} is {} requests of user agent Smc that were held open for {} s or more, {mean:.0} s on average{}. \
         In push mode each client keeps one open all the time, so as many are in flight as clients are connected: {:.0} at the peak of {at}, \
         against a limit of {} ({}).",
        share * 100.0,
        held.sum(i64::MIN..end),
        LONG / 1000,
        of_clients(&[held], moment.at),
        peak.point.mean,
        limit.value,
        limit.origin
    );
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: format!("SEP clients in push mode hold {:.0}{of} requests open at {name}", peak.point.mean),
        detail,
        first: seen.first,
        last: seen.last.max(Seen::of(&[held], moment.at)?.last),
        count: held.sum(i64::MIN..end),
        onsets: seen.onsets.clone(),
        evidence: evidence(&[held], moment.at),
        rules_out: ruled_out(moment, &seen, &[Cause::QueueFull, Cause::Pool]),
        remedies: remedies(moment, name, limit.value, peak.point.mean),
        verify: Some(
            Remedy::new("In pull mode requests of Smc take seconds, not minutes, and in flight falls to a few; no row may end in Smc 503 2:")
                .by(Iis::of(moment).find_rows("Smc .*503 2 ")),
        ),
        sources: &["KB 177969"],
        subject: Subject::App(name.to_owned()),
    })
}

/// The share of the time in flight that requests held open by SEP clients had; `None` where no row tells how long it took.
fn share_held(app: &App, end: i64) -> Option<f64> {
    let all = app.served.taken.sum(i64::MIN..end);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds, far below 2^52")]
    let share = (app.held_by_smc.sum(i64::MIN..end) as f64 / all as f64).min(1.0);
    (all > 0).then_some(share)
}

fn remedies(moment: &Moment<'_>, name: &str, limit: u64, in_flight: f64) -> Vec<Remedy> {
    let pull = format!(
        "Change the client groups from push to pull mode (SEPM: Clients, Policies, Communications Settings, Download). With N clients, S seconds a \
         request and a heartbeat of H seconds, N × S ÷ H are in flight: {in_flight:.0} clients at 1 s and {HEARTBEAT:.0} s are {:.0}.",
        (in_flight / HEARTBEAT).ceil()
    );
    vec![
        Remedy::new(pull)
            .mind("In pull mode clients get policies and content at their heartbeat only, every 5 minutes by default."),
        raise(moment, name, limit),
    ]
}
