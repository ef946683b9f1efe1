//! The requests that counters tell of, with the log's estimate beside them. Each is named: nobody may take one for the other.

use super::{Measured, NEAR, TITLE};
use crate::counters::{self, Load};
use crate::engine::Moment;
use crate::limits::Limit;
use crate::timeline::in_flight::Point;
use crate::ui::cursor::Mode;
use crate::ui::panes::{Bucket, LimitPane, Standing, columns_of, fitting, headroom, turning_away};
use crate::ui::state::Ui;
use crate::ui::theme::Role;

/// Lines that are worth more than the height of the chart: what is executed, by which count, against what, and what was turned away.
const WEIGHTY: usize = 5;

/// A pool of which no log tells, against the least limit of its applications.
pub(super) fn pool(ui: &Ui, moment: &Moment<'_>, columns: usize, load: &Load, loads: &[Load]) -> LimitPane {
    let least = load.apps.iter().map(|app| moment.limits.app(app)).min_by_key(|limit| limit.value);
    let name = match &load.apps[..] {
        [app] => app.clone(),
        _ => format!("pool {}", load.pool),
    };
    let measured = Measured {
        name,
        limit: least.unwrap_or_else(|| moment.limits.app("")),
        log: None,
        refused_now: 0,
        buckets: vec![Bucket::default(); columns],
        as_of: Some(String::from("no request in a log yet")),
    };
    pane(ui, moment, measured, load, loads)
}

/// An application whose pool has counters.
pub(super) fn pane(ui: &Ui, moment: &Moment<'_>, measured: Measured, load: &Load, loads: &[Load]) -> LimitPane {
    let Measured { name, limit, log, refused_now, mut buckets, as_of } = measured;
    let columns = buckets.len();
    let executing = load.executing.unwrap_or(0);
    let refused: u64 = buckets.iter().map(|b| b.turned_away).sum();
    let (rejected, is_filled) = fill(ui, moment, &mut buckets, load, log.is_some());
    let standing = standing(&buckets, &limit, load, refused_now);
    let mut lines = vec![(Role::Accent, name), (Role::Limit, format!("limit {limit}"))];
    for (count, why) in [(refused, "503.2"), (rejected, "QueueFull")] {
        if count > 0 {
            let texts = ["turned away", "refused"].map(|what| format!("{count} {what} ({why})"));
            lines.push((Role::Critical, fitting(columns, texts)));
        }
    }
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
    let at_least = if load.is_shared() { "at least " } else { "" };
    lines.push((Role::Text, format!("{at_least}{}", headroom(most - now, most))));
    if load.queued == Some(0) {
        lines.extend(queue);
    }
    lines.extend(others(load, loads));
    if is_filled {
        lines.push((Role::Dim, String::from("chart: the log, then the counter")));
    }
    lines.extend(as_of.map(|text| (Role::Dim, text)));
    if log.is_some() && ui.cursor.mode == Mode::Live {
        lines.push((Role::Dim, String::from("requests still running are in no log")));
    }
    LimitPane {
        title: TITLE,
        standing,
        number: executing.to_string(),
        unit: String::from(if load.is_shared() { "executing at most (counter)" } else { "executing (counter)" }),
        lines,
        buckets,
        limit: Some(most),
        cutoff: None,
        turned_away: refused + rejected,
        cells: Vec::new(),
        weighty: WEIGHTY,
    }
}

/// Adds what the counters tell to the chart: what the queue turned away, and what was executed where the log is silent. That of a
/// shared pool is another thing than what the log tells of one application: both do not go on one chart. Answers how many were
/// turned away, and whether the chart shows both.
fn fill(ui: &Ui, moment: &Moment<'_>, buckets: &mut [Bucket], load: &Load, is_logged: bool) -> (u64, bool) {
    let mut rejected = 0;
    let is_known = is_logged && buckets.iter().any(|bucket| bucket.value.is_some());
    let mut is_filled = false;
    let columns = columns_of(moment, ui.window, buckets.len());
    for (bucket, seconds) in buckets.iter_mut().zip(columns) {
        let full = counters::rejected_within(moment, &load.pool, &seconds);
        bucket.turned_away += full;
        rejected += full;
        if bucket.value.is_none() && !(is_known && load.is_shared()) {
            let value = counters::executing_within(moment, &load.pool, &seconds);
            bucket.value = value.map(|mean| Point { mean, ..Point::default() });
            is_filled |= bucket.value.is_some();
        }
    }
    (rejected, is_filled && is_known)
}

fn standing(buckets: &[Bucket], limit: &Limit, load: &Load, refused_now: u64) -> Standing {
    let turned_away = turning_away(buckets, refused_now + load.rejected);
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
