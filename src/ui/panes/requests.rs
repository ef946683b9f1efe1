//! Requests in flight in one application, against its `appConcurrentRequestLimit`.

use std::ops::Range;

use super::{
    Bucket, LimitPane, Standing, as_of, columns_of, greatest, has, headroom, just_now, known_seconds, sum, turning_away,
};
use crate::engine::Moment;
use crate::formats::Kind;
use crate::timeline::App;
use crate::ui::cursor::Mode;
use crate::ui::level::Pane;
use crate::ui::state::Ui;
use crate::ui::theme::Role;
use crate::ui::views::View;

const TITLE: &str = "1 Requests";
/// The share of the limit from which on it is called near.
const NEAR: f64 = 0.8;

pub(super) fn pane(ui: &Ui, moment: &Moment<'_>, columns: usize) -> LimitPane {
    let Some((name, app)) = chosen(ui, moment) else {
        let why = if has(moment, Kind::W3c) { "no request by this moment" } else { "no W3C log is read" };
        return LimitPane::empty(TITLE, vec![(Role::Dim, why.into())], columns);
    };
    let limit = moment.limits.app(name);
    let known = known_seconds(moment);
    let buckets = buckets(moment, ui.window, columns, app, &known);
    let turned_away: u64 = buckets.iter().map(|b| b.turned_away).sum();
    #[expect(clippy::cast_precision_loss, reason = "a limit on requests is small")]
    let most = limit.value as f64;
    let now = app.in_flight.at(known.end - 1);
    let left = most - now.mean;
    let refused_now = app.by_status.get(&(503, Some(2))).map_or(0, |s| sum(s, &just_now(moment)));
    let standing = match () {
        () if let Some(standing) = turning_away(&buckets, refused_now) => standing,
        () if app.timed && now.mean >= most * NEAR => Standing::Near,
        () if app.timed => Standing::Fine,
        () => Standing::Empty,
    };
    let mut lines = vec![(Role::Accent, name.to_owned()), (Role::Limit, format!("limit {} ({})", limit.value, limit.origin))];
    if app.timed {
        lines.push((Role::Text, headroom(left, most)));
    } else {
        lines.push((Role::Warn, "the log lacks time-taken".into()));
    }
    if turned_away > 0 {
        lines.push((Role::Critical, format!("{turned_away} turned away (503.2)")));
    }
    if ui.cursor.mode == Mode::Live {
        lines.push((Role::Dim, "requests still running are in no log".into()));
    }
    lines.extend(as_of(ui, known.end - 1, moment).map(|text| (Role::Warn, text)));
    LimitPane {
        title: TITLE,
        standing,
        number: if app.timed { format!("{:.0}", now.mean) } else { String::from("?") },
        unit: if app.timed { format!("in flight {}-{}", now.low, now.high) } else { String::from("in flight") },
        lines,
        buckets,
        limit: Some(most),
        cutoff: None,
        turned_away,
        cells: Vec::new(),
    }
}

/// The application selected in the list behind the pane; without a choice the one nearest to its limit in the window.
fn chosen<'a>(ui: &Ui, moment: &Moment<'a>) -> Option<(&'a str, &'a App)> {
    if let Some(View::AppGroups { app, .. }) = ui.chosen(Pane::Requests, moment)
        && let Some((name, app)) = moment.timeline.apps().find(|(name, _)| *name == app)
    {
        return Some((name, app));
    }
    let seconds = moment.at.second() - ui.window..moment.at.second() + 1;
    let known = known_seconds(moment);
    #[expect(clippy::cast_precision_loss, reason = "only to compare")]
    let weight = |name: &str, app: &App| {
        let refused = app.by_status.get(&(503, Some(2))).map_or(0, |s| s.sum(seconds.clone()));
        let share = app.in_flight.at(known.end - 1).mean / moment.limits.app(name).value.max(1) as f64;
        (refused, share, app.ended.sum(i64::MIN..seconds.end))
    };
    let seen = moment.timeline.apps().filter(|(_, app)| app.ended.first().is_some_and(|f| f < seconds.end));
    seen.map(|(name, app)| (weight(name, app), (name, app)))
        .max_by(|(a, _), (b, _)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)))
        .map(|(_, chosen)| chosen)
}

fn buckets(moment: &Moment<'_>, window: i64, columns: usize, app: &App, known: &Range<i64>) -> Vec<Bucket> {
    let seconds = columns_of(moment, window, columns);
    let from = seconds.first().map_or(0, |r| r.start);
    let points = app.in_flight.window(from..moment.at.second() + 1);
    let refused = app.by_status.get(&(503, Some(2)));
    seconds
        .iter()
        .map(|column| Bucket {
            value: greatest(&points, from, column, known).filter(|_| app.timed),
            turned_away: refused.map_or(0, |s| sum(s, column)),
        })
        .collect()
}
