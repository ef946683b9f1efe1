//! `log-cannot-tell`: a log that cannot answer the question, and how to make it answer.

use std::collections::BTreeMap;

use super::finding::{Finding, Remedy, Seen, Severity, Subject, evidence, evidence_within, plural};
use super::platform::Iis;
use super::{Rule, Verdict};
use crate::engine::Moment;
use crate::engine::source::VITALS;
use crate::formats::Kind;
use crate::record::{Origin, SourceId};
use crate::time::Time;
use crate::timeline::series::Series;
use crate::timeline::tally::{Tally, Trouble};

pub(super) const RULE: Rule = Rule {
    name: "log-cannot-tell",
    watches: "a W3C log without time-taken or sc-substatus, or one that is silent while HTTPERR is not; and counters of several machines that are read together",
    check,
};

/// A site's log is called silent after so many seconds without a row.
const SILENT: i64 = 120;

fn check(moment: &Moment<'_>) -> Verdict {
    let mut found: Vec<Finding> = Vec::new();
    for (trouble, tally) in moment.timeline.troubles() {
        found.extend(match trouble {
            Trouble::LacksTimeTaken(source) => {
                lacks(moment, *source, tally, "time-taken", "nobody can tell from it how many requests were in flight")
            }
            Trouble::LacksSubstatus(source) => {
                lacks(moment, *source, tally, "sc-substatus", "a 503.2 in it looks like any other 503")
            }
            _ => None,
        });
    }
    found.extend(silent(moment));
    found.extend(mixed(moment));
    if found.is_empty() { Verdict::Fine } else { Verdict::Found(found) }
}

fn lacks(moment: &Moment<'_>, source: SourceId, tally: &Tally, field: &str, so: &str) -> Option<Finding> {
    let seen = Seen::of(&[tally], moment.at)?;
    let name = moment.sources.get(&source).map(super::super::engine::source::Source::name).unwrap_or_default();
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: format!("{name} lacks {field}"),
        detail: format!("{} in {name} come without {field}: {so}.", plural(seen.count, "row", "rows")),
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets.into_iter().take(1).collect(),
        evidence: evidence(&[tally], moment.at).into_iter().take(1).collect(),
        rules_out: Vec::new(),
        remedies: turn_on(moment, field),
        verify: Some(Remedy::new(format!(
            "A new #Fields line of the log must name {field}; IIS writes one when the fields change."
        ))),
        sources: &["IIS configuration reference: logFile", "KB 944884"],
        subject: Subject::Source(source),
    })
}

/// Counters of several machines are read together: their paths are the same.
fn mixed(moment: &Moment<'_>) -> Option<Finding> {
    // The vital signs are of the machine that watches.
    let counters = moment.sources.iter().filter(|(_, source)| source.kind == Kind::PdhCsv && source.name() != VITALS);
    let mut hosts: BTreeMap<&str, (i64, Origin)> = BTreeMap::new();
    for (id, source) in counters {
        let first = moment.timeline.records(*id).and_then(Series::first).zip(moment.timeline.first_counter_row(*id));
        if let Some((host, first)) = source.host.as_deref().zip(first) {
            let known = hosts.entry(host).or_insert(first);
            *known = first.min(*known);
        }
    }
    hosts.retain(|_, (second, _)| *second <= moment.at.second());
    // From the second machine on they are mixed.
    let mut begins: Vec<i64> = hosts.values().map(|(second, _)| *second).collect();
    begins.sort_unstable();
    let first = Time::from_second(*begins.get(1)?);
    let names = hosts.keys().copied().collect::<Vec<_>>().join(", ");
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: format!("Counters of {} machines are read as if they were of one: {names}", hosts.len()),
        detail: String::from(
            "The paths of counters are the same on every machine, so what is told of the non-paged pool, of queues and of worker processes mixes them: \
             sums, growth and forecasts are of none of them.",
        ),
        first,
        last: first,
        count: hosts.len() as u64,
        onsets: vec![first],
        evidence: hosts.values().map(|(_, row)| *row).take(10).collect(),
        rules_out: Vec::new(),
        remedies: vec![Remedy::new("Read the files of one machine at a time.")],
        verify: None,
        sources: &["Performance counters: PDH-CSV names the machine in each path"],
        subject: Subject::Pool,
    })
}

/// How a field of the log is turned on.
fn turn_on(moment: &Moment<'_>, field: &str) -> Vec<Remedy> {
    let dialog =
        Remedy::new(format!("IIS 6: the site's properties, Web Site, Enable logging, Properties, Advanced, tick {field}."));
    let command = Remedy::new(format!("Turn {field} on (IIS 7 and later; put the site's name in)."))
        .by(
            r#"%windir%\System32\inetsrv\appcmd set config -section:system.applicationHost/sites "/[name='Default Web Site'].logFile.logExtFileFlags:Date,Time,ClientIP,UserName,ServerIP,Method,UriStem,UriQuery,HttpStatus,HttpSubStatus,Win32Status,TimeTaken,ServerPort,UserAgent" /commit:apphost"#,
        )
        .mind("The value replaces all fields that the site logs: add those that others rely on.");
    match Iis::of(moment) {
        Iis::Six => vec![dialog],
        Iis::SevenOn if Iis::is_known(moment) => vec![command],
        Iis::SevenOn => vec![command, dialog],
    }
}

/// The W3C logs fell silent while HTTPERR goes on to tell of clients turned away.
fn silent(moment: &Moment<'_>) -> Option<Finding> {
    let end = moment.at.second() + 1;
    let last = |kind: Kind| {
        let series = moment.sources.iter().filter(|(_, s)| s.kind == kind).filter_map(|(id, _)| moment.timeline.records(*id));
        series.filter_map(|s| s.last_before(end)).max()
    };
    let spoke = last(Kind::W3c)?;
    let refusing: Vec<&Tally> = moment
        .timeline
        .troubles()
        .filter(|(t, tally)| matches!(t, Trouble::HttpErr { turned_away: true, .. }) && tally.sum(spoke + SILENT..end) > 0)
        .map(|(_, tally)| tally)
        .collect();
    let since = Time::from_second(spoke);
    let count: u64 = refusing.iter().map(|t| t.sum(spoke + 1..end)).sum();
    let last = refusing.iter().filter_map(|t| t.counts().last_before(end)).max()?;
    // A restart while nobody comes is no silence.
    let first = refusing.iter().filter_map(|t| t.counts().nonzero(spoke + 1..end).next()).map(|(second, _)| second).min()?;
    if last - first < SILENT {
        return None;
    }
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: String::from("The sites' logs are silent, HTTPERR is not"),
        detail: format!(
            "No W3C row after {since}, while HTTPERR tells of {} turned away since then: they do not reach IIS, so its own logs look calm.",
            plural(count, "client", "clients")
        ),
        first: since,
        last: Time::from_second(last),
        count,
        onsets: vec![since],
        evidence: evidence_within(&refusing, &(spoke + 1..end))
            .into_iter()
            .filter(|o| moment.sources.contains_key(&o.source))
            .collect(),
        remedies: vec![Remedy {
            command: Iis::of(moment).flush_log(),
            ..Remedy::new(
                "Look at HTTPERR and at the non-paged pool rather than at the sites. If IIS only holds its rows back, this writes them out:",
            )
        }],
        rules_out: Vec::new(),
        verify: None,
        sources: &["KB 820729"],
        subject: Subject::HttpErr,
    })
}
