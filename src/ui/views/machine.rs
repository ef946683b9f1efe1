//! What was looked for on the machine: what was found and where, what is missing and where it was looked for, what may not be read
//! and the command that grants it.

use super::{Column, Listing, Look, Page};
use crate::engine::Moment;
use crate::inventory::{Item, Outcome, Topic};
use crate::ui::theme::Role;

/// Columns for the names of things.
const NAMES: usize = 24;

fn heading(topic: Topic) -> &'static str {
    match topic {
        Topic::System => "Windows",
        Topic::Iis => "IIS",
        Topic::HttpSys => "HTTP.sys",
        Topic::Sepm => "Symantec Endpoint Protection Manager",
        Topic::Ns => "Altiris Notification Server",
        Topic::Counters => "Performance counters",
        Topic::PoolTags => "Pool tags",
    }
}

pub(super) fn all(look: &Look<'_>) -> Listing {
    let columns = vec![Column::text("", super::Width::Fill)];
    let mut page = Page::new(look);
    let mut topic = None;
    for item in look.moment.inventory {
        if topic != Some(item.topic) {
            if topic.is_none() {
                page.text(heading(item.topic), Role::Title);
            } else {
                page.heading(heading(item.topic));
            }
            topic = Some(item.topic);
        }
        one(&mut page, item);
    }
    let inventory = look.moment.inventory;
    let is_denied = inventory.iter().any(|item| matches!(item.outcome, Outcome::Denied { .. }));
    let note = match () {
        () if inventory.is_empty() => Some("nothing was looked for: these are files, or a recording of them"),
        () if is_denied => Some("y on a row that is denied copies the command that grants it; run that as an administrator"),
        () => None,
    };
    Listing { columns, rows: page.rows, note: note.map(String::from), is_text: true }
}

/// The name, what came of it, and under that where from.
fn one(page: &mut Page, item: &Item) {
    let named = |text: &str| format!("{:<NAMES$} {text}", item.what);
    // In one line where there is room for it.
    let fits = |text: &String| text.chars().count() <= page.width;
    match &item.outcome {
        Outcome::Found { value, origin } => {
            let whole = Some(named(&format!("{value} ({origin})"))).filter(fits);
            page.text(whole.as_deref().unwrap_or(&named(value)), Role::Text);
            if whole.is_none() && !origin.is_empty() {
                indented(page, origin, Role::Dim);
            }
        }
        Outcome::Missing { looked } => {
            let whole = Some(named(&format!("not found, looked in {}", looked.join(", "))))
                .filter(|text| fits(text) && looked.len() == 1);
            page.text(whole.as_deref().unwrap_or(&named("not found, looked in")), Role::Dim);
            for place in looked.iter().filter(|_| whole.is_none()) {
                indented(page, place, Role::Dim);
            }
        }
        Outcome::Denied { place, grant } => {
            let from = page.rows.len();
            page.text(&named(&format!("access denied: {place}")), Role::Warn);
            indented(page, &format!("to grant it: {grant}"), Role::Accent);
            for row in page.rows.iter_mut().skip(from) {
                row.copy = Some(grant.clone());
            }
        }
        Outcome::Remark(remark) => page.text(&named(remark), Role::Info),
    }
}

/// Text under the name, wrapped at its own beginning.
fn indented(page: &mut Page, text: &str, role: Role) {
    const INDENT: usize = 4;
    for line in super::wrapped(text, page.width.saturating_sub(INDENT)) {
        let cell = super::Cell::text(format!("{:INDENT$}{line}", ""));
        page.rows.push(super::ListRow::new(vec![cell], None).role(role));
    }
}

/// `2 missing, 1 denied`, or that all was found; `None` if nothing was looked for.
pub(super) fn summary(moment: &Moment<'_>) -> Option<String> {
    let count = |is: fn(&Outcome) -> bool| moment.inventory.iter().filter(|item| is(&item.outcome)).count();
    let parts = [
        (count(|outcome| matches!(outcome, Outcome::Missing { .. })), "missing"),
        (count(|outcome| matches!(outcome, Outcome::Denied { .. })), "denied"),
    ];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let told = if parts.is_empty() { String::from("all found") } else { parts.join(", ") };
    (!moment.inventory.is_empty()).then_some(told)
}
