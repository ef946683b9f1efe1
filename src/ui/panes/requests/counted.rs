//! The requests that counters tell of, with the log's estimate beside them. Each is named: nobody may take one for the other.

use super::refusals::Refusals;
use super::{Measured, NEAR, TITLE, heading, limit_line, rejected};
use crate::counters::{self, Load};
use crate::engine::Moment;
use crate::limits::Limit;
use crate::timeline::in_flight::Point;
use crate::ui::cursor::Mode;
use crate::ui::panes::{Bucket, LimitPane, Standing, columns_of, fitting, headroom, is_over};
use crate::ui::state::Ui;
use crate::ui::theme::Role;

/// Lines that are worth more than the height of the chart: what is executed, by which count, against what, and what was turned away.
const WEIGHTY: usize = 5;

/// A pool of which no log tells, against the least limit of its applications.
pub(super) fn pool(ui: &Ui, moment: &Moment<'_>, columns: usize, load: &Load, loads: &[Load], refusals: Refusals) -> LimitPane {
    let least = load.apps.iter().map(|app| moment.limits.app(app)).min_by_key(|limit| limit.value);
    let name = match &load.apps[..] {
        [app] => app.clone(),
        _ => format!("pool {}", load.pool),
    };
    let limit = least.unwrap_or_else(|| moment.limits.app(""));
    let measured = Measured {
        name,
        limit_line: limit_line(moment, &limit, columns),
        limit,
        log: None,
        refused_now: 0,
        buckets: vec![Bucket::default(); columns],
        refusals,
        heading: None,
        as_of: Some((Role::Dim, String::from("no request in a log yet"))),
    };
    pane(ui, moment, measured, load, loads)
}

/// An application whose pool has counters.
pub(super) fn pane(ui: &Ui, moment: &Moment<'_>, measured: Measured, load: &Load, loads: &[Load]) -> LimitPane {
    let Measured { name, limit, limit_line, log, refused_now, mut buckets, refusals, as_of, .. } = measured;
    let columns = buckets.len();
    let executing = load.executing.unwrap_or(0);
    let refused: u64 = buckets.iter().map(|b| b.turned_away).sum();
    let rejected = rejected(moment, ui.window, columns, load);
    refusals.add_to(&mut buckets, &rejected);
    let rejected: u64 = rejected.iter().sum();
    let chart = fill(ui, moment, &mut buckets, load);
    let standing = standing(&buckets, &limit, load, refused_now, &refusals);
    let mut lines = vec![(Role::Accent, name), limit_line];
    if refused > 0 {
        let texts = ["turned away", "refused"].map(|what| format!("{refused} {what} (503.2)"));
        lines.push((Role::Critical, fitting(columns, texts)));
    }
    lines.extend(refusals.lines(rejected, columns));
    if let Some(state) = load.state.filter(|state| !state.is_running()) {
        let role = if state.is_stopped() { Role::Critical } else { Role::Warn };
        lines.push((role, format!("pool {}: {}", load.pool, state.name())));
    }
    let queue = load.queued.map(|queued| queue(queued, load, columns));
    lines.push((Role::Text, counter(executing, load, columns)));
    if load.is_queue_near() {
        lines.extend(queue.clone());
    }
    if let Some(Point { mean, low, high }) = log {
        let texts = [format!("log estimate {mean:.0}, {low}-{high}"), format!("log {mean:.0} ({low}-{high})")];
        lines.push((Role::Text, fitting(columns, texts)));
    }
    if load.is_shared() {
        let shared = format!("pool shared by {} applications: at most", load.apps.len());
        lines.push((Role::Warn, fitting(columns, [shared, format!("pool of {} applications", load.apps.len())])));
    }
    if !load.is_queue_near() && load.queued > Some(0) {
        lines.extend(queue.clone());
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are small")]
    let (now, most) = (executing as f64, limit.value as f64);
    let bound = match (load.is_shared(), is_over(most - now)) {
        (true, false) => "at least ",
        (true, true) => "at most ",
        (false, _) => "",
    };
    lines.push((Role::Text, format!("{bound}{}", headroom(most - now, most))));
    lines.extend(heading::executing(moment, &load.pool, most, columns));
    #[expect(clippy::cast_precision_loss, reason = "the length of a queue is small")]
    lines.extend(heading::queued(moment, &load.pool, load.queue_length.value as f64, columns));
    if load.queued == Some(0) {
        lines.extend(queue);
    }
    lines.extend(others(load, loads));
    lines.extend(chart.map(|texts| (Role::Dim, fitting(columns, texts))));
    lines.extend(as_of.map(|(_, text)| (Role::Dim, text)));
    if log.is_some() && ui.cursor.mode == Mode::Live {
        lines.push((Role::Dim, String::from("requests still running are in no log")));
    }
    let mut seen = Vec::new();
    lines.retain(|(_, line)| {
        !seen.contains(line) && {
            seen.push(line.clone());
            true
        }
    });
    LimitPane {
        title: TITLE,
        standing,
        number: executing.to_string(),
        unit: String::from(if load.is_shared() { "executing at most (counter)" } else { "executing (counter)" }),
        lines,
        buckets,
        limit: Some(most),
        cutoff: None,
        turned_away: refused + rejected.max(refusals.sum()),
        cells: Vec::new(),
        weighty: WEIGHTY,
    }
}

/// Draws what the counter tells wherever it tells something: it is the number above the chart. Answers what is to be said where the
/// log's estimate stands beside it.
fn fill(ui: &Ui, moment: &Moment<'_>, buckets: &mut [Bucket], load: &Load) -> Option<[String; 2]> {
    let (mut is_counted, mut is_logged) = (false, false);
    let columns = columns_of(moment, ui.window, buckets.len());
    for (bucket, seconds) in buckets.iter_mut().zip(columns) {
        match counters::executing_within(moment, &load.pool, &seconds) {
            Some(mean) => {
                bucket.value = Some(Point { mean, ..Point::default() });
                is_counted = true;
            }
            None => is_logged |= bucket.value.is_some(),
        }
    }
    let at_most = if load.is_shared() { " (at most)" } else { "" };
    let texts = || [format!("chart: the counter{at_most}, else the log"), String::from("chart: counter, else log")];
    (is_counted && is_logged).then(texts)
}

fn standing(buckets: &[Bucket], limit: &Limit, load: &Load, refused_now: u64, refusals: &Refusals) -> Standing {
    let turned_away = refusals.standing(buckets, refused_now, load.rejected);
    let is_stopped = load.state.is_some_and(counters::State::is_stopped);
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are small")]
    let is_near = load.executing.is_some_and(|now| now as f64 >= limit.value as f64 * NEAR);
    let calm = match (is_stopped, is_near || load.is_queue_near()) {
        (true, _) => Standing::Stopped,
        (false, true) => Standing::Near,
        (false, false) => Standing::Fine,
    };
    turned_away.map_or(calm, |turned_away| turned_away.max(calm))
}

/// `executing 4812 (counter, pool SepmPool)`
fn counter(executing: u64, load: &Load, columns: usize) -> String {
    let at_most = if load.is_shared() { "at most " } else { "" };
    let short = if load.is_shared() { "at most" } else { "executing" };
    let texts = [
        format!("executing {at_most}{executing} (counter, pool {})", load.pool),
        format!("executing {at_most}{executing} (counter)"),
        format!("{short} {executing} (counter)"),
    ];
    fitting(columns, texts)
}

/// `queued 120 of 1000 (kernel queue)`
fn queue(queued: u64, load: &Load, columns: usize) -> (Role, String) {
    let length = load.queue_length.value;
    let texts = [
        format!("queued {queued} of {length} (kernel queue, {})", load.queue_length.origin),
        format!("queued {queued} of {length} (kernel queue)"),
        format!("kernel queue {queued} of {length}"),
        format!("queue {queued} of {length}"),
    ];
    (if load.is_queue_near() { Role::Warn } else { Role::Text }, fitting(columns, texts))
}

/// Other pools that do not run, or whose queues turn requests away or fill up.
fn others(load: &Load, loads: &[Load]) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    for other in loads.iter().filter(|other| other.pool != load.pool) {
        let name = &other.pool;
        if other.rejected > 0 {
            lines.push((Role::Critical, format!("pool {name}: {} turned away (QueueFull)", other.rejected)));
        } else if other.is_queue_near() {
            lines.push((Role::Warn, format!("pool {name}: kernel queue {}", other.queued.unwrap_or(0))));
        } else if let Some(state) = other.state.filter(|state| !state.is_running()) {
            lines.push((Role::Dim, format!("pool {name}: {}", state.name())));
        }
    }
    lines.sort_by_key(|(role, _)| match role {
        Role::Critical => 0,
        Role::Warn => 1,
        _ => 2,
    });
    lines
}
