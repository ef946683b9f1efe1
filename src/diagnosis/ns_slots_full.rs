//! `ns-slots-full`: an Altiris Notification Server turns requests away because all slots are taken (KB 176788).

use super::{Finding, Remedy, Rule, Seen, Severity, Subject, Verdict, evidence, plural};
use crate::engine::Moment;
use crate::record::Slots;
use crate::slots::SlotUse;
use crate::timeline::tally::{NsRequest, Tally, Trouble};

pub(super) const RULE: Rule = Rule {
    name: "ns-slots-full",
    watches: "requests that a Notification Server turns away because MaxConcurrentConfigRequests of them are in work",
    check,
};

fn check(moment: &Moment<'_>) -> Verdict {
    let tallies: Vec<(&Trouble, &Tally)> = moment
        .timeline
        .troubles()
        .filter(|(t, _)| {
            matches!(t, Trouble::NsRequest(_) | Trouble::NsSlotsFull(_) | Trouble::AgentBackingOff | Trouble::NsUnableToProcess)
        })
        .collect();
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
            "{}. MaxConcurrentConfigRequests is {} ({}){}.",
            told.join("; "),
            limit.value,
            limit.origin,
            if moment.limits.slots_apart() { "" } else { ", shared by config and package-info requests (NS 6.0 SP2 and before)" }
        ),
        first: seen.first,
        last: seen.last,
        // "Unable to process" alone is no slot that was full.
        count: if turned_away > 0 { turned_away } else { seen.count },
        onsets: seen.onsets,
        evidence: evidence(&all, moment.at),
        remedies: remedies(),
        rules_out: Vec::new(),
        verify: None,
        sources: &["KB 176788"],
        subject: Subject::Ns,
    })
}

fn remedies() -> Vec<Remedy> {
    let remedy = |text: &str, command: Option<&str>, caution: Option<&'static str>| Remedy {
        text: text.to_owned(),
        command: command.map(str::to_owned),
        caution,
    };
    vec![
        remedy(
            "For a short time: raise the defaultValue of MaxConcurrentConfigRequests in CoreSettings.config (Notification Server\\Config), and put it back to 50 or below when the package servers have their downloads.",
            None,
            Some(
                "Altiris advises against more than 30 in NS 6.0 SP2 unless measured: a high value for long can end in database deadlocks and failing connections.",
            ),
        ),
        remedy(
            "Spread the config requests: look for scripts that force them, and for bandwidth throttling, which makes each of them hold its slot longer.",
            None,
            None,
        ),
        remedy(
            "NS 6.0 SP3 gives package-info requests slots of their own (MaxConcurrentPackageInfoRequests, 10 and 10).",
            None,
            Some("Raise these, too, only where measurements show that it helps."),
        ),
        remedy(
            "To have the NS log say it: severity=15, and LogPackageInfoEvents = 1.",
            Some("reg add \"HKLM\\SOFTWARE\\Altiris\\eXpress\\Notification Server\" /v LogPackageInfoEvents /t REG_DWORD /d 1"),
            None,
        ),
    ]
}
