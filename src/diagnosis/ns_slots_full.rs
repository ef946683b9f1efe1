//! `ns-slots-full`: an Altiris Notification Server turns requests away because all slots are taken (KB 176788).

use super::excluded::{Cause, ruled_out};
use super::finding::{Finding, Remedy, Seen, Severity, Subject, evidence, of_clients, plural};
use super::iis_near_limit::is_near;
use super::{Rule, Verdict};
use crate::engine::Moment;
use crate::record::Slots;
use crate::slots::SlotUse;
use crate::time::Time;
use crate::timeline::tally::{NsRequest, Tally, Trouble};

pub(super) const RULE: Rule = Rule {
    name: "ns-slots-full",
    watches: "requests that a Notification Server turns away because MaxConcurrentConfigRequests of them are in work",
    check,
};

/// When slots were short: requests were turned away for want of one, or 80 % of them were taken. `None` if they never were.
pub(super) fn troubled(moment: &Moment<'_>) -> Option<Seen> {
    let all: Vec<&Tally> = tallies(moment).into_iter().map(|(_, tally)| tally).collect();
    Seen::of(&all, moment.at).or_else(|| {
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
    let limit = moment.limits.config_slots(
        moment.timeline.ns_max(Slots::Config, moment.at).or_else(|| moment.timeline.ns_max(Slots::PackageInfo, moment.at)),
    );
    let turned_away: u64 = SlotUse::all(moment).iter().map(SlotUse::turned_away).sum();
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
        severity: Severity::Critical,
        title: match turned_away {
            0 => String::from("The Notification Server says that it cannot process requests"),
            requests => format!("{} turned away by the Notification Server", plural(requests, "request", "requests")),
        },
        detail: format!(
            "{}. {}MaxConcurrentConfigRequests is {} ({}){}.{}",
            told.join("; "),
            from_clients(&all, moment.at),
            limit.value,
            limit.origin,
            if moment.limits.slots_apart() { "" } else { ", shared by config and package-info requests (NS 6.0 SP2 and before)" },
            most_taken(moment)
        ),
        first: seen.first,
        last: seen.last,
        // "Unable to process" alone is no slot that was full.
        count: if turned_away > 0 { turned_away } else { seen.count },
        onsets: seen.onsets.clone(),
        evidence: evidence(&all, moment.at),
        remedies: remedies(),
        rules_out: ruled_out(moment, &seen, &[Cause::AppLimit, Cause::QueueFull, Cause::Stopped, Cause::Pool]),
        verify: Some(Remedy::new("No new 503 of GetClientPolicies may come, and package servers may not back off any more; in the newest HTTPERR log:").by("findstr /i GetClientPolicies %windir%\\System32\\LogFiles\\HTTPERR\\httperr*.log")),
        sources: &["KB 176788"],
        subject: Subject::Ns,
    })
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

fn remedies() -> Vec<Remedy> {
    vec![
        Remedy::new(
            "Take the cause away first: what makes the clients ask together (scripts that force configuration requests), and what makes each request last \
             (bandwidth throttling).",
        ),
        Remedy::new(
            "For a short time, so that package servers get their downloads: raise the defaultValue of MaxConcurrentConfigRequests in CoreSettings.config, and put \
             it back to 50 or below when they have them.",
        )
        .by(r#"notepad "%ProgramFiles%\Altiris\Notification Server\Config\CoreSettings.config""#)
        .mind(
            "Altiris does not recommend more than 30 in NS 6.0 SP2 unless measurements show that it helps; a high value for long can end in database deadlocks \
             and failing database connections.",
        ),
        Remedy::new("NS 6.0 SP3 gives package-info requests slots of their own (MaxConcurrentPackageInfoRequests; 10 and 10).")
            .mind("Raise these, too, only where measurements show that it helps."),
        Remedy::new("To have the NS log say it: severity=15, and LogPackageInfoEvents = 1.")
            .by(r#"reg add "HKLM\SOFTWARE\Altiris\eXpress\Notification Server" /v LogPackageInfoEvents /t REG_DWORD /d 1"#),
    ]
}
