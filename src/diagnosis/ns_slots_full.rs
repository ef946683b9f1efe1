//! `ns-slots-full`: an Altiris Notification Server turns requests away because all slots are taken (KB 176788).

use std::ops::Range;

use super::excluded::{Cause, ruled_out};
use super::finding::{Finding, Remedy, Seen, Severity, Subject, evidence, of_clients, plural};
use super::iis_near_limit::is_near;
use super::platform::Iis;
use super::refusals::severity;
use super::{Rule, Verdict};
use crate::engine::Moment;
use crate::record::Slots;
use crate::slots::{SlotUse, window};
use crate::time::Time;
use crate::timeline::tally::{NsRequest, Tally, Trouble};

pub(super) const RULE: Rule = Rule {
    name: "ns-slots-full",
    watches: "requests that a Notification Server turns away because MaxConcurrentConfigRequests of them are in work",
    check,
};

/// Seconds around what was seen in which slots are looked at.
const AROUND: i64 = 300;
/// Requests that a web log must have of slots before it tells that they were free: a part of a log tells nothing.
const TRUSTED: i64 = 200;
/// Spells that are looked at, and seconds of each.
const MOST_SPELLS: usize = 32;
const LONGEST: i64 = 3600;

/// When slots were short: requests were turned away for want of one, or 80 % of them were taken. `None` if they never were.
pub(super) fn troubled(moment: &Moment<'_>) -> Option<Seen> {
    let all: Vec<&Tally> = tallies(moment).into_iter().map(|(_, tally)| tally).collect();
    let seen = Seen::of(&all, moment.at).filter(|seen| free(moment, seen).is_none());
    seen.or_else(|| {
        let peaks = SlotUse::all(moment).into_iter().filter_map(|slots| Some((slots.peak(moment)?, slots.limit)));
        let near = peaks.filter(|(peak, limit)| is_near(peak.point.mean, limit.value)).map(|(peak, _)| peak.second).max()?;
        Some(Seen::at(Time::from_second(near)))
    })
}

fn tallies<'m>(moment: &Moment<'m>) -> Vec<(&'m Trouble, &'m Tally)> {
    let is_ns = |trouble: &Trouble| {
        matches!(trouble, Trouble::NsRequest(_) | Trouble::NsSlotsFull(_) | Trouble::AgentBackingOff | Trouble::NsUnableToProcess)
    };
    moment.timeline.troubles().filter(|(trouble, _)| is_ns(trouble)).collect()
}

fn check(moment: &Moment<'_>) -> Verdict {
    let tallies = tallies(moment);
    match finding(moment, &tallies) {
        Some(finding) => Verdict::Found(vec![finding]),
        None => Verdict::Fine,
    }
}

fn finding(moment: &Moment<'_>, tallies: &[(&Trouble, &Tally)]) -> Option<Finding> {
    let all: Vec<&Tally> = tallies.iter().map(|(_, tally)| *tally).collect();
    let seen = Seen::of(&all, moment.at)?;
    let count = |wanted: &Trouble| moment.timeline.count(wanted, i64::MIN..moment.at.second() + 1);
    let config = count(&Trouble::NsRequest(NsRequest::GetClientPolicies));
    let package = count(&Trouble::NsRequest(NsRequest::GetPackageInfo));
    let logged = count(&Trouble::NsSlotsFull(Slots::Config)) + count(&Trouble::NsSlotsFull(Slots::PackageInfo));
    let backing_off = count(&Trouble::AgentBackingOff);
    let slots = SlotUse::all(moment);
    let turned_away: u64 = slots.iter().map(SlotUse::turned_away).sum();
    let free = free(moment, &seen);
    let mut told = Vec::new();
    for (count, what) in [
        (config, "GetClientPolicies answered with 503"),
        (package, "GetPackageInfo answered with 503"),
        (logged, "\"maximum number of requests has been reached\" in the NS log"),
        (backing_off, "\"Server is busy ... backing off\" at package servers and agents"),
        (count(&Trouble::NsUnableToProcess), "\"Unable to process client request\" in the NS log"),
    ] {
        if count > 0 {
            told.push(format!("{what}: {count}"));
        }
    }
    Some(Finding {
        rule: RULE.name,
        severity: if free.is_some() { severity(&seen.spells, moment.at.second()) } else { Severity::Critical },
        title: match (turned_away, free) {
            (requests, Some((most, limit))) => format!(
                "{} turned away at the Notification Server, though at most {most:.0} of {limit:.0} slots were taken",
                plural(requests, "request", "requests")
            ),
            (0, None) => String::from("The Notification Server says that it cannot process requests"),
            (requests, None) => format!("{} turned away by the Notification Server", plural(requests, "request", "requests")),
        },
        detail: format!("{}. {}{}{}", told.join("; "), from_clients(&all, moment.at), limits(moment, &slots), most_taken(moment)),
        first: seen.first,
        last: seen.last,
        // "Unable to process" alone is no slot that was full.
        count: if turned_away > 0 { turned_away } else { seen.count },
        onsets: seen.onsets.clone(),
        evidence: evidence(&all, moment.at),
        remedies: if free.is_some() { idle_remedies(moment) } else { remedies(&slots) },
        rules_out: ruled_out(moment, &seen, &[Cause::AppLimit, Cause::QueueFull, Cause::Stopped, Cause::Pool]),
        verify: Some(
            Remedy::new("No 503 of these requests later than that may come, and package servers may not back off any more:")
                .by("findstr /i \"GetClientPolicies GetPackageInfo\" %windir%\\System32\\LogFiles\\HTTPERR\\httperr*.log"),
        ),
        sources: &["KB 176788"],
        subject: Subject::Ns,
    })
}

/// Where only the HTTP logs tell of requests that were turned away, and the web log tells that slots were free: how many of how many
/// were taken.
fn free(moment: &Moment<'_>, seen: &Seen) -> Option<(f64, f64)> {
    let said =
        |trouble: &Trouble| matches!(trouble, Trouble::NsSlotsFull(_) | Trouble::AgentBackingOff | Trouble::NsUnableToProcess);
    let end = moment.at.second() + 1;
    if moment.timeline.troubles().any(|(trouble, tally)| said(trouble) && tally.sum(i64::MIN..end) > 0) {
        return None;
    }
    most_at(moment, &SlotUse::all(moment), seen).filter(|(most, limit)| most * 2.0 < *limit)
}

/// The limits by the names of their settings.
fn limits(moment: &Moment<'_>, slots: &[SlotUse]) -> String {
    let shared =
        if moment.limits.slots_apart() { "" } else { ", shared by config and package-info requests (NS 6.0 SP2 and before)" };
    let told: Vec<String> = slots
        .iter()
        .map(|kind| format!("{} is {} ({}){shared}", setting(kind.slots), kind.limit.value, kind.limit.origin))
        .collect();
    format!("{}.", told.join(", "))
}

fn setting(slots: Slots) -> &'static str {
    match slots {
        Slots::Config => "MaxConcurrentConfigRequests",
        Slots::PackageInfo => "MaxConcurrentPackageInfoRequests",
    }
}

/// The most slots that were taken around what was seen, by the web log, of as many; `None` where it does not tell.
fn most_at(moment: &Moment<'_>, slots: &[SlotUse], seen: &Seen) -> Option<(f64, f64)> {
    let now = moment.at.second();
    // The latest spells, each as far as it says something: logs may span years.
    let is_cut = seen.spells.len() > MOST_SPELLS || seen.spells.iter().any(|(begin, end)| end - begin > LONGEST);
    let spells = seen.spells.iter().rev().take(MOST_SPELLS);
    let spells: Vec<Range<i64>> =
        spells.map(|(begin, end)| begin - AROUND..(*end.min(&(begin + LONGEST)) + AROUND).min(now) + 1).collect();
    let of = |kind: &SlotUse| {
        let requests: Vec<NsRequest> = kind.types.iter().map(|of| of.request).collect();
        let served = requests.iter().filter_map(|request| moment.timeline.ns(*request));
        let served: i64 = served.map(|ns| ns.served.count.sum(i64::MIN..moment.at.second() + 1)).sum();
        let points = spells.iter().flat_map(|seconds| window(moment, &requests, seconds));
        // What was not looked at may have been more: then the peak of all that happened counts.
        let peak = if is_cut { kind.peak(moment).map(|peak| peak.point.mean) } else { None };
        let most = points.map(|point| point.mean).chain(peak).fold(0.0, f64::max);
        #[expect(clippy::cast_precision_loss, reason = "a count of slots")]
        (served >= TRUSTED).then_some((most, kind.limit.value as f64))
    };
    slots.iter().filter_map(of).max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)))
}

/// What to do where slots are free.
fn idle_remedies(moment: &Moment<'_>) -> Vec<Remedy> {
    let text = "It is not for want of slots: see whether the application pool was restarted or failed then (System log, WAS), and what HTTPERR has beside it.";
    vec![Remedy { command: Iis::of(moment).failures(), ..Remedy::new(text) }]
}

fn from_clients(tallies: &[&Tally], at: Time) -> String {
    match of_clients(tallies, at).strip_prefix(" of ") {
        Some(clients) => format!("They came from {clients}. "),
        None => String::new(),
    }
}

/// How many slots were taken at most, by the web log.
fn most_taken(moment: &Moment<'_>) -> String {
    let peaks = SlotUse::all(moment).into_iter().filter_map(|slots| Some((slots.peak(moment)?, slots)));
    peaks.fold(String::new(), |told, (peak, slots)| {
        let kind = if slots.slots == Slots::Config { "config" } else { "package-info" };
        let (at, most) = (Time::from_second(peak.second), peak.point.mean);
        format!("{told} By the web log, {most:.0} of {} {kind} slots were taken at most, at {at}.", slots.limit.value)
    })
}

fn remedies(slots: &[SlotUse]) -> Vec<Remedy> {
    // Where each kind has slots of its own, those that turned somebody away count.
    let short: Vec<Slots> = slots.iter().filter(|kind| kind.turned_away() > 0).map(|kind| kind.slots).collect();
    let apart = slots.len() > 1;
    let name = setting(short.first().copied().unwrap_or(Slots::Config));
    let raise = format!(
        "For a short time, so that package servers get their downloads: raise the defaultValue of {name} in CoreSettings.config, and put it back {} when they have them.",
        if apart { "to 10" } else { "to 50 or below" }
    );
    let mut remedies = vec![
        Remedy::new(
            "Take the cause away first: what makes the clients ask together (scripts that force configuration requests), and what makes each request last \
             (bandwidth throttling).",
        ),
        Remedy::new(raise).by(r#"notepad "%ProgramFiles%\Altiris\Notification Server\Config\CoreSettings.config""#).mind(if apart {
            "Raise it only where measurements show that it helps: a high value for long can end in database deadlocks and failing database connections."
        } else {
            "Altiris does not recommend more than 30 in NS 6.0 SP2 unless measurements show that it helps; a high value for long can end in database deadlocks \
             and failing database connections."
        }),
    ];
    if !apart {
        remedies.push(
            Remedy::new(
                "NS 6.0 SP3 gives package-info requests slots of their own (MaxConcurrentPackageInfoRequests; 10 and 10).",
            )
            .mind("Raise these, too, only where measurements show that it helps."),
        );
    }
    remedies.push(
        Remedy::new("To have the NS log say it: severity=15, and LogPackageInfoEvents = 1.")
            .by(r#"reg add "HKLM\SOFTWARE\Altiris\eXpress\Notification Server" /v LogPackageInfoEvents /t REG_DWORD /d 1"#),
    );
    remedies
}
