//! `not-iis`: 503s in HTTPERR that belong to other users of HTTP.sys, and alarm nobody.

use super::{Finding, Rule, Seen, Severity, Subject, Verdict, evidence, plural};
use crate::engine::Moment;
use crate::timeline::tally::{Tally, Trouble};

pub(super) const RULE: Rule = Rule {
    name: "not-iis",
    watches: "HTTPERR rows of UPnP (port 2869) and Web Services for Devices (port 5357): counted apart, never an alarm",
    check,
};

fn check(moment: &Moment<'_>) -> Verdict {
    let tallies: Vec<&Tally> =
        moment.timeline.troubles().filter(|(t, _)| matches!(t, Trouble::NotIis(_))).map(|(_, tally)| tally).collect();
    let Some(seen) = Seen::of(&tallies, moment.at) else { return Verdict::Fine };
    Verdict::Found(vec![Finding {
        rule: RULE.name,
        severity: Severity::Info,
        title: format!("{} in HTTPERR that no web site gave", plural(seen.count, "503", "503s")),
        detail: String::from(
            "They came to port 2869 (UPnP) or 5357 (Web Services for Devices), which Windows itself listens on. No web site turned them away.",
        ),
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: Vec::new(),
        evidence: evidence(&tallies, moment.at),
        remedies: Vec::new(),
        rules_out: Vec::new(),
        verify: None,
        sources: &["KB 820729"],
        subject: Subject::HttpErr,
    }])
}
