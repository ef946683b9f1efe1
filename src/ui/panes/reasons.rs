//! Why a pane is empty, as far as the inventory tells.

use crate::engine::Moment;
use crate::inventory::{Item, Outcome, Topic};
use crate::ui::theme::Role;
use crate::ui::views::wrapped;

/// Of what was looked for, so much is said in an empty pane.
const MOST_REASONS: usize = 2;

/// The reasons in lines that fit: what must be known, what may not be read, what is missing.
pub(super) fn of(moment: &Moment<'_>, topics: &[Topic], counters: &[&str], columns: usize) -> Vec<(Role, String)> {
    let rank = |item: &Item| match item.outcome {
        Outcome::Remark(_) => 0,
        Outcome::Denied { .. } => 1,
        Outcome::Missing { .. } => 2,
        Outcome::Found { .. } => 3,
    };
    // A counter of another pane is no reason for this one to be empty.
    let is_used = |item: &Item| {
        item.topic != Topic::Counters
            || item.what.starts_with("counters")
            || counters.iter().any(|counter| item.what.ends_with(counter))
    };
    let items = moment.inventory.iter().filter(|item| topics.contains(&item.topic) && rank(item) < 3 && is_used(item));
    let mut items: Vec<&Item> = items.collect();
    items.sort_by_key(|item| rank(item));
    let mut lines = Vec::new();
    for item in items.into_iter().take(MOST_REASONS) {
        let (role, text) = match &item.outcome {
            Outcome::Remark(text) if text.starts_with(&item.what) => (Role::Info, text.clone()),
            Outcome::Remark(text) => (Role::Info, format!("{}: {text}", item.what)),
            Outcome::Denied { place, .. } => (Role::Warn, format!("{}: access denied ({place})", item.what)),
            Outcome::Missing { looked } => (Role::Dim, format!("{}: not found{}", item.what, looked_in(looked))),
            Outcome::Found { .. } => continue,
        };
        lines.extend(wrapped(&text, columns).into_iter().map(|line| (role, line)));
    }
    if !lines.is_empty() {
        lines.push((Role::Dim, String::from("m tells more")));
    }
    lines
}

/// ` (looked in C:\Windows and 2 more)`
fn looked_in(places: &[String]) -> String {
    match places {
        [] => String::new(),
        [one] => format!(" (looked in {one})"),
        [first, more @ ..] => format!(" (looked in {first} and {} more)", more.len()),
    }
}
