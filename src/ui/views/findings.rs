//! What is wrong, and one finding in full.

use super::{Cell, Column, ListRow, Listing, Look, Page, Reply, View, Width, lines, wrapped};
use crate::diagnosis::{Finding, Remedy, Severity, Story, Subject};
use crate::drill::matching::About;
use crate::record::Origin;
use crate::time::Time;
use crate::ui::theme::Role;

/// The look of a severity.
pub(in crate::ui) fn role(severity: Severity) -> Role {
    match severity {
        Severity::Critical => Role::Critical,
        Severity::Warning => Role::Warn,
        Severity::Info => Role::Info,
    }
}

/// A word for a severity that needs no colour.
pub(in crate::ui) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRIT",
        Severity::Warning => "warn",
        Severity::Info => "info",
    }
}

/// The column of when something was seen last, and the width under which there is no room for it.
const LAST: usize = 2;
const NARROW: u16 = 100;

pub(super) fn all(look: &Look<'_>) -> Listing {
    let mut columns = vec![
        Column::text("", Width::Fixed(4)),
        Column::text("since", Width::Fixed(8)),
        Column::text("last", Width::Fixed(8)),
        Column::number("count", 7),
        Column::text("finding", Width::Fill),
    ];
    let diagnosis = look.diagnosis();
    let mut rows: Vec<ListRow> = diagnosis.stories.iter().flat_map(|story| of_story(look, story)).collect();
    if let Some(untold) = &diagnosis.untold {
        let cells = vec![Cell::text("!"), Cell::text(""), Cell::text(""), Cell::text(""), Cell::text(untold.sentence.clone())];
        let lines = View::Lines { about: About::TurnedAway(untold.reasons.clone()), only: None };
        // Beside what else turns clients away.
        let critical = diagnosis.stories.iter().filter(|story| story.severity == Severity::Critical);
        let at = critical.map(|story| story.findings.len()).sum::<usize>().min(rows.len());
        rows.insert(at, ListRow::new(cells, Some(lines)).role(Role::Critical));
    }
    if rows.is_empty() && look.moment.timeline.span().is_some() {
        let cells = vec![
            Cell::text("ok"),
            Cell::text(""),
            Cell::text(""),
            Cell::text(""),
            Cell::text("no client is turned away, as far as these logs can tell"),
        ];
        rows.push(ListRow::new(cells, None).role(Role::Ok));
    }
    for (rule, why) in &diagnosis.not_knowable {
        let cells = vec![Cell::text("?"), Cell::text(""), Cell::text(""), Cell::text(""), Cell::text(format!("{rule}: {why}"))];
        rows.push(ListRow::new(cells, None).role(Role::Unknown));
    }
    if look.width < NARROW {
        // What it is is worth more than when it was seen last.
        columns.remove(LAST);
        for row in &mut rows {
            row.cells.remove(LAST);
        }
    }
    Listing { columns, rows, note: None, is_text: false }
}

/// A story in one row, and under it what follows from its cause, or adds to it.
fn of_story(look: &Look<'_>, story: &Story) -> Vec<ListRow> {
    let since = story.findings.iter().map(|f| f.first).min();
    let last = story.findings.iter().map(|f| f.last).max();
    let clock = |time: Option<Time>| Cell::text(time.map_or_else(String::new, |time| look.zone.clock(time)));
    // Of the story as a whole, what is worst counts.
    let most = story.findings.iter().filter(|f| f.severity == story.severity).map(|f| f.count).max();
    let row = |at: usize, f: &Finding| {
        let head = at == 0;
        let cells = vec![
            Cell::text(word(if head { story.severity } else { f.severity })),
            clock(if head { since } else { Some(f.first) }),
            clock(if head { last } else { Some(f.last) }),
            Cell::count(if head { most.unwrap_or(f.count) } else { f.count }),
            Cell::text(if head { story.claim.clone() } else { format!("  {}", f.title) }),
        ];
        let row = ListRow::new(cells, Some(View::Finding { rule: f.rule, subject: f.subject.clone() }));
        row.role(role(if head { story.severity } else { f.severity }))
    };
    story.findings.iter().enumerate().map(|(at, finding)| row(at, finding)).collect()
}

fn find(look: &Look<'_>, rule: &str, subject: &Subject) -> Option<Finding> {
    look.diagnosis().findings().find(|f| f.rule == rule && f.subject == *subject).cloned()
}

/// The places of a finding's evidence.
pub(super) fn evidence(look: &Look<'_>, rule: &str, subject: &Subject) -> Option<Vec<(Origin, Time)>> {
    let finding = find(look, rule, subject)?;
    Some(finding.evidence.into_iter().map(|origin| (origin, finding.first)).collect())
}

pub(super) fn one(look: &Look<'_>, rule: &str, subject: &Subject) -> Listing {
    let columns = vec![Column::raw("")];
    let diagnosis = look.diagnosis();
    let is_it = |f: &&Finding| f.rule == rule && f.subject == *subject;
    let told = diagnosis.stories.iter().find_map(|story| Some((story, story.findings.iter().find(is_it)?)));
    let Some((story, finding)) = told else {
        let note = Some(String::from("not found at this moment: the cursor is before it"));
        return Listing { columns, note, is_text: true, ..Listing::default() };
    };
    let mut page = Page::new(look);
    if story.claim != finding.title {
        page.text(&story.claim, role(story.severity));
    }
    page.text(&finding.title, role(finding.severity));
    let (first, last) = (look.zone.date_clock(finding.first), look.zone.date_clock(finding.last));
    page.text(&format!("{}, {}: {first} to {last}, {} times", finding.severity.name(), finding.rule, finding.count), Role::Dim);
    page.text(&finding.detail, Role::Text);
    page.proof(look);
    if !finding.rules_out.is_empty() {
        page.heading("What it is not");
        finding.rules_out.iter().for_each(|what| page.text(&format!("* {what}"), Role::Text));
    }
    if !finding.remedies.is_empty() {
        page.heading("What to do (y copies a command)");
    }
    finding.remedies.iter().for_each(|remedy| page.remedy(remedy));
    if let Some(verify) = &finding.verify {
        page.heading("How to see that it helped");
        page.remedy(verify);
    }
    page.rest_of(story, finding);
    page.text(&format!("Sources: {}", finding.sources.join("; ")), Role::Dim);
    Listing { columns, rows: page.rows, note: None, is_text: true }
}

impl Page {
    /// The lines that prove it, as far as they have been read.
    fn proof(&mut self, look: &Look<'_>) {
        self.heading("Evidence (Enter shows the record)");
        let Some(Reply::Lines(answer)) = look.reply else { return };
        for line in &answer.rows {
            let text = format!("{}: {}", lines::place(look.moment, line.origin), lines::first_line(&line.text));
            self.line(text, View::Record { origin: line.origin, time: line.time });
        }
        for missing in &answer.missing {
            self.text(missing, Role::Warn);
        }
    }

    /// A remedy; each of its lines copies its command whole, or what it says where it has none.
    fn remedy(&mut self, remedy: &Remedy) {
        let from = self.rows.len();
        self.text(&format!("* {}", remedy.text), Role::Text);
        if let Some(command) = &remedy.command {
            for part in wrapped(command, self.width.saturating_sub(2)) {
                self.rows.push(ListRow::new(vec![Cell::text(format!("  {part}"))], None).role(Role::Accent));
            }
        }
        if let Some(caution) = remedy.caution {
            self.text(&format!("Mind: {caution}"), Role::Warn);
        }
        for row in self.rows.iter_mut().skip(from) {
            row.copy = Some(remedy.command.clone().unwrap_or_else(|| remedy.text.clone()));
        }
    }

    /// The other findings of its story: what it follows from, and what follows from it.
    fn rest_of(&mut self, story: &Story, finding: &Finding) {
        if story.findings.len() < 2 {
            return;
        }
        self.heading("The same story (Enter shows it)");
        for other in story.findings.iter().filter(|other| *other != finding) {
            let target = View::Finding { rule: other.rule, subject: other.subject.clone() };
            self.line(format!("{} {}", word(other.severity), other.title), target);
        }
    }
}
