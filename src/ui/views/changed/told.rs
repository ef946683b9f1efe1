//! The comparison in a few lines of words and numbers, to stand above the list.

use super::{Changed, pool};
use crate::diagnosis::Subject;
use crate::diagnosis::change::Change;
use crate::drill::compare::{Comparison, Group, Load, Side};
use crate::drill::matching::By;
use crate::time::Time;
use crate::ui::theme::Role;
use crate::ui::views::{Look, Reply, wrapped};

/// What explains less of a change is not worth a word.
pub(super) const WORTH: f64 = 0.1;

/// What changed, in words, the two stretches in numbers, and why these.
pub(in crate::ui) fn summary(look: &Look<'_>, changed: &Changed) -> Vec<(Role, String)> {
    let change = &changed.change;
    let mut lines = Vec::new();
    let mut text = |role, text: &str| {
        lines.extend(wrapped(text, usize::from(look.width).saturating_sub(2)).into_iter().map(|line| (role, format!(" {line}"))));
    };
    match (&changed.about, look.reply) {
        (None, _) => text(Role::Accent, &pool::sentence(look.moment, change)),
        (_, Some(Reply::Compared(told))) => text(Role::Accent, &of_requests(told)),
        _ => {}
    }
    text(Role::Dim, &why(look, changed));
    let span = |times: &std::ops::Range<Time>| {
        let (from, to) = (look.zone.clock(times.start), look.zone.clock(times.end));
        format!("{from}-{to}")
    };
    let (before, during) = (span(&change.before), span(&change.during));
    match look.reply {
        Some(Reply::Compared(told)) if changed.about.is_some() => {
            let head = ["in flight", "/s", "503", "p50 s", "p90 s", "p99 s", "max s", "clients"];
            lines.push((Role::Dim, row("", "", &head.map(String::from))));
            lines.push((Role::Text, row("before", &before, &cells(&told.before))));
            lines.push((Role::Text, row("during", &during, &cells(&told.during))));
        }
        _ => lines.push((Role::Text, format!(" before {before}, during {during}"))),
    }
    lines
}

/// 77 cells: there is room for them on the smallest screen.
fn row(name: &str, span: &str, cells: &[String; 8]) -> String {
    let [in_flight, rate, refused, p50, p90, p99, max, clients] = cells;
    format!(" {name:<6} {span:<17}{in_flight:>10}{rate:>6}{refused:>6}{p50:>6}{p90:>6}{p99:>6}{max:>6}{clients:>8}")
}

fn cells(side: &Side) -> [String; 8] {
    let Load { rate, in_flight, .. } = side.load;
    let refused = side.load.refused().map_or_else(|| String::from("-"), percent);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds, to show with a few digits")]
    let seconds = |millis: Option<u64>| millis.map_or_else(|| String::from("-"), |millis| short(millis as f64 / 1000.0));
    let [p50, p90, p99] = [500, 900, 990].map(|permille| seconds(side.taken.permille(permille)));
    let at_least = if side.clients >= Comparison::MOST_CLIENTS { ">=" } else { "" };
    // Nobody knows is not none.
    let in_flight = if side.is_timed() { short(in_flight) } else { String::from("?") };
    [in_flight, short(rate), refused, p50, p90, p99, seconds(side.taken.max), format!("{at_least}{}", side.clients)]
}

/// `In flight: from 32.0 to 4870 (+4838). 0.2/s came, then 25.0/s, of which 74 % were turned away. Of that change: user agent Smc 97 %. …`
fn of_requests(told: &Comparison) -> String {
    let (before, during) = (&told.before.load, &told.during.load);
    let parts = told.parts();
    let change = parts.change();
    let by = told.amount(during) - told.amount(before);
    let step = format!("from {} to {} ({}{})", short(told.amount(before)), short(told.amount(during)), plus(by), short(by));
    let mut text = if told.is_timed() {
        format!("In flight: {step}.")
    } else {
        format!("In flight: not known, the log lacks time-taken. Requests a second: {step}.")
    };
    text.push_str(&came(told));
    if told.groups.first().is_none_or(|group| told.share(group).is_none()) {
        return text;
    }
    let named = [By::UserAgent, By::Url, By::Client, By::Status].into_iter().filter_map(|by| {
        // The list is in the order of what they explain.
        let best: &Group = told.groups.iter().find(|group| group.by == by)?;
        let share = told.share(best).filter(|share| *share >= WORTH && best.key != b"-")?;
        Some(format!("{} {} {}", by.name(), String::from_utf8_lossy(&best.key), percent(share)))
    });
    let named: Vec<String> = named.collect();
    if !named.is_empty() {
        text.push_str(&format!(" Of that change: {}.", named.join(", ")));
    }
    if !told.is_timed() {
        return text;
    }
    if !told.is_settled() {
        text.push_str(" Requests outlast the time compared: whether more came or each takes longer cannot be told.");
        return text;
    }
    let more = if during.let_in >= before.let_in { "more" } else { "fewer" };
    let (rates, since) = ((short(before.let_in), short(during.let_in)), percent(parts.more / change));
    text.push_str(&format!(" {since} since {more} are let in ({}/s, then {}/s)", rates.0, rates.1));
    // What was never let in took no time.
    if let (Some(was), Some(is)) = (before.seconds_each(), during.seconds_each()) {
        let (longer, since) = (if is >= was { "longer" } else { "less long" }, percent(parts.longer / change));
        text.push_str(&format!(", {since} since each takes {longer} ({} s, then {} s)", short(was), short(is)));
    }
    text.push('.');
    text
}

/// What came, where not all of it was let in: beside a limit, those let in do not tell by how much demand grew.
fn came(told: &Comparison) -> String {
    let (before, during) = (&told.before.load, &told.during.load);
    let turned_away = |share: Option<f64>| share.filter(|share| *share > 0.0).map(percent);
    let (rates, shares) = ((short(before.rate), short(during.rate)), [before, during].map(|load| turned_away(load.refused())));
    match shares {
        [None, None] => String::new(),
        [None, Some(is)] => format!(" {}/s came, then {}/s, of which {is} were turned away.", rates.0, rates.1),
        [was, is] => {
            let [was, is] = [was, is].map(|share| share.unwrap_or_else(|| percent(0.0)));
            format!(" {}/s came, then {}/s, of which {was}, then {is} were turned away.", rates.0, rates.1)
        }
    }
}

/// What is compared, and why these stretches.
fn why(look: &Look<'_>, changed: &Changed) -> String {
    let Change { at, onset, series, shortened, during, .. } = &changed.change;
    let clock = |time: &Time| look.zone.clock(*time);
    let is_pool = changed.about.is_none();
    let mut text = match (at, onset) {
        (Some(at), Some(onset)) => {
            format!("{}: {series} changed at {}; the finding set in at {}.", name(changed), clock(at), clock(onset))
        }
        (None, Some(onset)) => {
            let since = if is_pool { ": compared with the beginning." } else { "." };
            let name = name(changed);
            format!("{name}: {series} did not change by more than noise before {}, when the finding set in{since}", clock(onset))
        }
        _ => format!(
            "{}: {}; the last {} s, and what was before.",
            name(changed),
            match changed.of_logs.as_slice() {
                [] => String::from("no finding is about it"),
                rules => format!("only its log has a finding ({})", rules.join(", ")),
            },
            during.end.since(during.start) / 1000
        ),
    };
    if *shortened && !is_pool {
        text.push_str(" Before is shorter: the logs begin there.");
    }
    text
}

fn name(changed: &Changed) -> String {
    use crate::drill::matching::About;
    match (&changed.about, &changed.subject) {
        (Some(About::App(app)), _) => app.clone(),
        (Some(About::Ns(request)), _) => request.name().to_owned(),
        (Some(About::NsSlots), _) => String::from("Notification Server"),
        (_, Subject::Tag(tag)) => format!("Tag {}", String::from_utf8_lossy(tag).trim_end()),
        (None, _) => String::from("Pool"),
        _ => String::from("All requests"),
    }
}

/// The sign of what grew; what is next to nothing has none.
pub(super) fn plus(value: f64) -> &'static str {
    if value >= 0.0005 { "+" } else { "" }
}

/// A number in five cells, as far as it can be: `0.015`, `1.42`, `32.0`, `4870`.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        0.0 => String::from("0"),
        v if v < 0.0005 => String::from("~0"),
        v if v < 0.0995 => format!("{value:.3}"),
        v if v < 9.995 => format!("{value:.2}"),
        v if v < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

pub(super) fn percent(share: f64) -> String {
    // No minus before a zero.
    format!("{:.0} %", share * 100.0 + 0.0).replace("-0 %", "0 %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_their_cells_and_a_zero_has_no_sign() {
        assert_eq!(
            [0.0, -0.0001, 0.015, 1.42, 9.996, 31.96, 99.96, 4870.4].map(short),
            ["0", "~0", "0.015", "1.42", "10.0", "32.0", "100", "4870"]
        );
        assert_eq!([-0.001, 0.004, 1.0, -0.2].map(percent), ["0 %", "0 %", "100 %", "-20 %"]);
    }

    #[test]
    fn what_came_is_told_where_not_all_of_it_was_let_in() {
        let side = |rate: f64, ended: u64, turned_away: u64| Side {
            load: Load { rate, let_in: rate, in_flight: 40.0, ended, turned_away },
            ..Side::default()
        };
        let told = |before: Side, during: Side| {
            came(&Comparison { before, during, groups: Vec::new(), cut: false, missing: std::collections::BTreeSet::new() })
        };
        assert_eq!(told(side(2.0, 100, 0), side(3.59, 100, 43)), " 2.00/s came, then 3.59/s, of which 43 % were turned away.");
        let both = told(side(2.0, 100, 5), side(3.59, 100, 43));
        assert_eq!(both, " 2.00/s came, then 3.59/s, of which 5 %, then 43 % were turned away.");
        assert_eq!(told(side(2.0, 100, 0), side(3.59, 100, 0)), "");
    }
}
