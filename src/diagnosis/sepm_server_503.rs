//! `sepm-server-503`: SEPM's own log tells that secars turned it away (KB 177969).

use super::finding::{Finding, Remedy, Seen, Severity, Subject, evidence, plural};
use super::platform::Iis;
use super::{Rule, Verdict};
use crate::engine::Moment;
use crate::formats::Kind;
use crate::timeline::tally::{Tally, Trouble};

pub(super) const RULE: Rule =
    Rule { name: "sepm-server-503", watches: "SEPM's own log (scm-server-0.log) with HTTP 503 or 0x10010000 from secars", check };

fn check(moment: &Moment<'_>) -> Verdict {
    let tallies: Vec<&Tally> = moment
        .timeline
        .troubles()
        .filter(|(trouble, _)| matches!(trouble, Trouble::Sepm503 | Trouble::Sepm0x10010000))
        .map(|(_, tally)| tally)
        .collect();
    Verdict::of(finding(moment, &tallies))
}

fn finding(moment: &Moment<'_>, tallies: &[&Tally]) -> Option<Finding> {
    let seen = Seen::of(tallies, moment.at)?;
    let count = |trouble: &Trouble| moment.timeline.count(trouble, i64::MIN..moment.at.second() + 1);
    let (unavailable, code) = (count(&Trouble::Sepm503), count(&Trouble::Sepm0x10010000));
    // One entry may tell both.
    let entries = unavailable.max(code);
    let has_log = moment.sources.values().any(|source| source.kind == Kind::W3c);
    let remedies = if has_log {
        vec![Remedy::new(
            "SEPM asks the same application as its clients: what helps them helps here (see what the W3C log tells of it).",
        )]
    } else {
        vec![
            Remedy::new("Add the W3C log of SEPM's site (Symantec Web Server), which tells which 503 it was: 503.2 is appConcurrentRequestLimit.")
                .by(format!("why503 report {}", Iis::of(moment).logs())),
            Remedy::new("SEPM 12.1 and 14 bring their own Apache and need no IIS: there, look at apache\\logs in SEPM's folder."),
        ]
    };
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Critical,
        title: format!("SEPM was turned away by its own web server {}", plural(entries, "time", "times")),
        detail: format!(
            "SEPM's log tells of \"503 Service Unavailable\" from secars ({unavailable}), and of error 0x10010000 ({code}). Clients that ask at such a \
             moment are turned away, too, and their green dots come and go."
        ),
        first: seen.first,
        last: seen.last,
        count: entries,
        onsets: seen.onsets,
        evidence: evidence(tallies, moment.at),
        rules_out: Vec::new(),
        remedies,
        verify: Some(
            Remedy::new("Afterwards the log has no new entry of that kind:")
                .by("findstr /c:\"Service Unavailable\" scm-server-0.log"),
        ),
        sources: &["KB 177969"],
        subject: Subject::Sepm,
    })
}
