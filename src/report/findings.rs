//! Stories first, then each finding in full.

use super::outline::{Block, Item, Mark};
use super::pools::PoolRow;
use super::{FindingRow, RemedyRow, Report, StoryRow};
use crate::diagnosis::Severity;
use crate::time::Time;
use crate::time::Zone;

/// A record of a log may be long, and its first line of this many characters tells what it is.
const MOST_SHOWN: usize = 1000;
/// Moments at which a story set in that are named.
const MOST_ONSETS: usize = 8;

/// What happened: the claims first.
pub(super) fn stories(report: &Report, parts: &mut Vec<Block<'_>>) {
    parts.push(Block::Title("What happened"));
    let is_stopped = |row: &&PoolRow| row.was.is_some_and(crate::counters::State::is_stopped);
    let stopped: Vec<&PoolRow> = report.pools.iter().filter(is_stopped).collect();
    let is_quiet = report.untold.is_none() && report.findings.is_empty();
    if is_quiet && report.span.is_none() {
        parts.push(Block::Text(Mark::Plain, String::from("Nothing can be said: no record was read from these files.")));
    } else if is_quiet && stopped.is_empty() {
        parts.push(Block::Text(Mark::Plain, String::from("Nothing is wrong as far as these files can tell.")));
    }
    let critical = report.stories.partition_point(|story| story.level == Severity::Critical);
    let (critical, others) = report.stories.split_at_checked(critical).unwrap_or_default();
    for told in critical {
        story(report, told, parts);
    }
    if let Some(untold) = &report.untold {
        parts.push(Block::Text(Mark::Is(Severity::Critical), untold.clone()));
    }
    for row in stopped {
        let state = row.state.unwrap_or_default();
        let text = format!("application pool {} is {state}: its applications are answered with 503", row.pool);
        parts.push(Block::Text(Mark::Is(Severity::Warning), text));
    }
    for told in others {
        story(report, told, parts);
    }
}

fn story(report: &Report, story: &StoryRow, parts: &mut Vec<Block<'_>>) {
    let findings: Vec<(usize, &FindingRow)> =
        story.findings.iter().filter_map(|at| Some((at + 1, report.findings.get(*at)?))).collect();
    // What is worst stands for the whole: a cause may be no more than a warning, and counts something else.
    let of_level = findings.iter().map(|(_, finding)| *finding).filter(|finding| finding.level == story.level);
    let Some(worst) = of_level.reduce(|most, next| if next.count > most.count { next } else { most }) else { return };
    parts.push(Block::Text(Mark::Is(story.level), format!("{} [{}, {}]", story.claim, story.severity, worst.rule)));
    let spans = findings.iter().map(|(_, finding)| finding.when);
    let (from, to) = spans.fold((Time::MAX, Time::MIN), |(a, b), (first, last)| (a.min(first), b.max(last)));
    let mut items = vec![Item::of(format!(
        "{} to {}, {}{}",
        Zone::Utc.date_clock(from),
        Zone::Utc.date_clock(to),
        times(worst.count),
        onsets(worst)
    ))];
    for (place, (number, finding)) in findings.iter().enumerate() {
        let what = match (place, findings.len()) {
            (0, 1) => format!("in full: finding {number}"),
            (0, _) => format!("cause: {} (finding {number})", finding.title),
            _ => format!("what follows from it: {} (finding {number})", finding.title),
        };
        items.push(Item { to: Some(*number), ..Item::of(what) });
    }
    parts.push(Block::List(items));
}

/// `once` or `812 times`
fn times(count: u64) -> String {
    if count == 1 { String::from("once") } else { format!("{count} times") }
}

/// `; it set in 3 times: 09:25:00, 10:00:00 and 11:30:00`; nothing of what set in once.
fn onsets(finding: &FindingRow) -> String {
    let count = finding.onset_times.len();
    if count < 2 {
        return String::new();
    }
    let clocks = finding.onset_times.iter().take(MOST_ONSETS).map(|time| Zone::Utc.date_clock(*time));
    let named = clocks.collect::<Vec<_>>().join(", ");
    let more = if count > MOST_ONSETS { ", …" } else { "" };
    format!("; it set in {count} times: {named}{more}")
}

/// Each finding with its proof, what to do, and where the knowledge is from.
pub(super) fn in_full<'a>(report: &'a Report, parts: &mut Vec<Block<'a>>) {
    if report.findings.is_empty() {
        return;
    }
    parts.push(Block::Title("Findings, in full"));
    for (number, finding) in (1..).zip(&report.findings) {
        one(number, finding, parts);
    }
}

fn one<'a>(number: usize, finding: &'a FindingRow, parts: &mut Vec<Block<'a>>) {
    let title = format!("{} [{}, {}]", finding.title, finding.severity, finding.rule);
    parts.push(Block::Finding(number, Mark::Is(finding.level), title));
    let (first, last) = (Zone::Utc.date_clock(finding.when.0), Zone::Utc.date_clock(finding.when.1));
    let when = format!("{first} to {last}, {}{}", times(finding.count), onsets(finding));
    parts.push(Block::Text(Mark::Plain, when));
    parts.push(Block::Text(Mark::Plain, finding.detail.clone()));
    let mut add = |label: &'static str, items: Vec<Item>| {
        if !items.is_empty() {
            parts.push(Block::Label(label));
            parts.push(Block::List(items));
        }
    };
    add("What it was not", finding.rules_out.iter().map(Item::of).collect());
    add("What to do, the best first", finding.remedies.iter().map(remedy).collect());
    add("How to see that it helped", finding.verify.iter().map(remedy).collect());
    if !finding.evidence.is_empty() {
        parts.push(Block::Label("Lines that prove it"));
        parts.push(Block::Lines(finding.evidence.iter().map(proof).collect()));
    }
    if !finding.sources.is_empty() {
        parts.push(Block::Label("Where the knowledge is from"));
        parts.push(Block::List(finding.sources.iter().map(|source| Item::of(*source)).collect()));
    }
}

fn remedy(row: &RemedyRow) -> Item {
    Item { command: row.command.clone(), caution: row.caution, ..Item::of(&row.text) }
}

fn proof(line: &super::EvidenceRow) -> String {
    let text = line.text.lines().next().unwrap_or_default();
    let shown: String = text.chars().take(MOST_SHOWN).collect();
    let more = if shown.len() < text.len() { " …" } else { "" };
    match line.line {
        0 => format!("{}: {shown}{more}", line.path),
        number => format!("{}:{number}: {shown}{more}", line.path),
    }
}

/// What no rule can tell.
pub(super) fn not_knowable(report: &Report, parts: &mut Vec<Block<'_>>) {
    if report.not_knowable.is_empty() {
        return;
    }
    parts.push(Block::Title("What could not be known"));
    for row in &report.not_knowable {
        parts.push(Block::Text(Mark::Unknown, format!("{}: cannot tell: {}", row.rule, row.why)));
    }
}
