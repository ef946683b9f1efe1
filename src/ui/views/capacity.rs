//! Whether a limit is enough: the numbers that can be changed, what was measured beside them, and what to mind.

mod number;
mod when;

pub(in crate::ui) use number::Number;
pub use when::When;
pub(in crate::ui) use when::of_subject;

use super::{Ask, Cell, Column, ListRow, Listing, Look, Reply, Width};
use crate::diagnosis::capacity::{Capacity, Chosen, NS_ADVISED, Target, WhatIf};
use crate::drill::matching::{About, By};
use crate::engine::Moment;
use crate::slots::SlotUse;
use crate::time::Time;
use crate::timeline::distinct;
use crate::ui::theme::Role;

/// Where observed and computed shares are so far apart, the formula's assumptions do not hold.
const APART: f64 = 0.05;
/// What the formula assumes.
const ASSUMED: &str = "Erlang's loss formula assumes independent arrivals, a steady load and no retries";
/// A load that changes by this share from the first quarter of a window to its last is not steady.
const UNSTEADY: f64 = 0.25;

pub(super) fn title(moment: &Moment<'_>, target: &Target) -> String {
    match target {
        Target::App(name) => format!("Capacity of {name}"),
        Target::Ns(request) => {
            let is_shared = SlotUse::all(moment).iter().any(|kind| kind.types.len() > 1);
            if is_shared {
                String::from("Capacity of the shared NS slots")
            } else {
                format!("Capacity of the slots of {}", request.name())
            }
        }
    }
}

/// How many clients there are is read again, where it matters.
pub(super) fn ask(look: &Look<'_>, target: &Target, when: &When) -> Option<Ask> {
    let Target::App(app) = target else { return None };
    when.capacity(look, target)?.pull?;
    let of = |seconds: &std::ops::Range<i64>| Time::from_second(seconds.start)..Time::from_second(seconds.end);
    let times = when.incident().map_or_else(|| look.times(), of);
    Some(Ask::Groups { about: About::App(app.clone()), by: By::Client, times })
}

/// What was measured, with the clients that were read again.
pub(in crate::ui) fn measured(look: &Look<'_>, target: &Target, when: &When) -> Option<Capacity> {
    let mut capacity = when.capacity(look, target)?;
    if let (Some(Reply::Groups(answer)), Some(pull)) = (look.reply, &mut capacity.pull) {
        let seen = u64::try_from(answer.rows.len()).unwrap_or(0);
        // These are counted one by one.
        pull.is_counted = seen > 0 && Some(seen) >= pull.clients;
        pull.clients = pull.clients.max(Some(seen).filter(|seen| *seen > 0));
    }
    Some(capacity)
}

/// The numbers that can be changed.
pub(super) fn parameters(look: &Look<'_>, target: &Target, chosen: &Chosen, when: &When) -> Listing {
    let columns = vec![
        Column::text("< > changes", Width::Fixed(19)),
        Column::number("chosen", 10),
        Column::number("as it is", 10),
        Column::text("from", Width::Fill),
    ];
    let Some(capacity) = measured(look, target, when) else {
        let note = Some(String::from("not known: no request of it by this moment"));
        return Listing { columns, note, ..Listing::default() };
    };
    let rows = Number::all(&capacity, target, when).into_iter().map(|number| {
        if number == Number::Window {
            return when.row(number.name(), look.zone);
        }
        let (value, measured) = (number.value(&capacity, chosen), number.measured(&capacity));
        let cell = |value: Option<f64>| value.map_or_else(|| Cell::text("?"), |v| Cell::number(v, number.shown(&capacity, v)));
        let cells =
            vec![Cell::text(number.name()), cell(value), cell(measured), Cell::text(number.origin(&capacity, target, look.zone))];
        let row = ListRow::new(cells, None);
        if value == measured { row } else { row.role(Role::Accent) }
    });
    let rows = rows.collect();
    Listing { columns, rows, note: Some(weightiest(look, notes(look, &capacity, target))), is_text: false }
}

/// What to mind in one line: the first, and what else there is room for.
fn weightiest(look: &Look<'_>, notes: Vec<Note>) -> String {
    let mut shorts = notes.into_iter().filter_map(|note| note.short);
    let Some(first) = shorts.next() else { return String::from(ASSUMED) };
    let rest = shorts
        .next_back()
        .map_or_else(|| String::from(" (assumed: independent, steady, no retries)"), |last| format!("; {last}"));
    if first.len() + rest.len() <= usize::from(look.width) { first + &rest } else { first }
}

/// Something to mind.
pub(in crate::ui) struct Note {
    /// How it looks.
    pub role: Role,
    /// The whole of it.
    pub text: String,
    /// What of the assumptions does not hold, or holds in their place, in half a line.
    short: Option<String>,
}

/// What to mind, the weightiest first. The last says what the formula assumes.
pub(in crate::ui) fn notes(look: &Look<'_>, capacity: &Capacity, target: &Target) -> Vec<Note> {
    let now = capacity.what_ifs(target, &Chosen::default()).into_iter().next();
    let mut notes = broken(look, capacity, now.as_ref());
    if let Some(clients) = now.as_ref().and_then(|now| now.held) {
        let clients = clients_shown(capacity, clients);
        let text = format!("push mode: each of {clients} clients seen holds one request, so as many slots are enough (1 each)");
        notes.push(Note { role: Role::Limit, text, short: Some(String::from("push: each client holds 1 slot")) });
    }
    let mut tell = |role, text| notes.push(Note { role, text, short: None });
    if capacity.limit.origin.contains("IIS 6") {
        tell(Role::Warn, String::from("IIS 6 limits the queue, not what is in work: the formula is too strict"));
    }
    if matches!(target, Target::Ns(_)) && now.and_then(|now| now.enough()).is_some_and(|enough| enough > NS_ADVISED) {
        tell(
            Role::Limit,
            format!("more than {NS_ADVISED} slots only where measured to help: else database deadlocks (KB 176788)"),
        );
    }
    tell(Role::Dim, String::from("enough: the smallest limit that turns away less than 0.1 %"));
    tell(Role::Dim, String::from(ASSUMED));
    notes
}

/// Which of the assumptions do not hold, as far as anybody can tell.
fn broken(look: &Look<'_>, capacity: &Capacity, now: Option<&WhatIf>) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut warn = |short: String, rest: &str| {
        notes.push(Note { role: Role::Warn, text: format!("{short}{rest}"), short: Some(short) });
    };
    if look.moment.gaps.iter().any(|gap| gap.covers(&capacity.seconds)) {
        warn(String::from("the recording has a gap here"), ": requests are missing");
    }
    let computed = now.and_then(WhatIf::share_turned_away);
    if let Some((computed, observed)) = computed.zip(capacity.observed()).filter(|(c, o)| (c - o).abs() > APART) {
        let short = format!("observed {}, computed {}", percent(observed), percent(computed));
        warn(short, ": what is computed tells the direction, not the number");
    }
    if let (Some(mean), Some((first, last))) = (capacity.in_flight, capacity.drift)
        && (first - last).abs() > mean * UNSTEADY
    {
        warn(format!("from {first:.0} to {last:.0} in flight"), ": not steady; another window may be (+ -)");
    }
    // Of all the logs: it says nothing of seconds in which nobody was turned away.
    let returning = capacity.returning.filter(|(refusals, clients)| refusals > clients && capacity.turned_away > 0);
    if let Some((refusals, clients)) = returning {
        let clients = distinct::shown(clients);
        warn(format!("since the logs begin {refusals} refusals of {clients} clients: they try again"), ", and count again");
    }
    notes
}

/// How many clients, for people: beyond 1023 about so many, unless they were counted or chosen.
pub(in crate::ui) fn clients_shown(capacity: &Capacity, clients: u64) -> String {
    let is_estimate = capacity.pull.is_some_and(|pull| pull.clients == Some(clients) && !pull.is_counted);
    if is_estimate { distinct::shown(clients) } else { clients.to_string() }
}

/// A share for people: `23.1 %`. What is next to nothing is not nothing.
pub(in crate::ui) fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => String::from("0 %"),
        percent if percent < 0.01 => String::from("<0.01 %"),
        percent if percent < 1.0 => format!("{percent:.2} %"),
        percent => format!("{percent:.1} %"),
    }
}
