//! The slots of an Altiris Notification Server.

use std::ops::Range;

use super::edge::{Known, Requests};
use super::{Bucket, Cells, LimitPane, Standing, columns_of, greatest, headroom, just_now, turning_away};
use crate::engine::Moment;
use crate::inventory::Topic;
use crate::slots::{self, SlotUse, turned_away};
use crate::time::Time;
use crate::timeline::tally::NsRequest;
use crate::ui::level::Pane;
use crate::ui::state::Ui;
use crate::ui::theme::Role;
use crate::ui::views::View;

const TITLE: &str = "3 NS slots";
const NEAR: f64 = 0.8;
/// Columns of a pane on a screen of 80x24, and some more.
const NARROW: usize = 30;

pub(super) fn pane(ui: &Ui, moment: &Moment<'_>, columns: usize) -> LimitPane {
    let series: Vec<_> = NsRequest::ALL.iter().filter_map(|request| moment.timeline.ns(*request)).collect();
    let ended: Vec<_> = series.iter().map(|series| |seconds: &Range<i64>| series.ended.sum(seconds.clone())).collect();
    let kinds: Vec<Requests<'_>> = series.iter().zip(&ended).map(|(series, ended)| (&series.in_flight, ended as _)).collect();
    let known = Known::of(moment, ui.window, &kinds);
    let kinds = SlotUse::known(moment, known.shown());
    // Two kinds of slots: the number is of the fuller one.
    let Some(fullest) = kinds.iter().max_by(|a, b| share(a).total_cmp(&share(b))) else {
        let lines = vec![(Role::Dim, String::from("no Altiris NS is seen"))];
        return LimitPane::because(TITLE, lines, moment, (&[Topic::Ns], &[]), columns);
    };
    let requests: Vec<NsRequest> = fullest.types.iter().map(|t| t.request).collect();
    let buckets = buckets(moment, ui.window, columns, &requests, &known.seconds);
    let refused: u64 = buckets.iter().map(|b| b.turned_away).sum();
    #[expect(clippy::cast_precision_loss, reason = "counts of slots are small")]
    let slots = fullest.limit.value as f64;
    let now = fullest.now();
    let left = (slots - now.mean).max(0.0);
    let standing = match () {
        () if let Some(standing) = turning_away(&buckets, turned_away_in(moment, &requests, &just_now(moment))) => standing,
        () if now.mean >= slots * NEAR => Standing::Near,
        () => Standing::Fine,
    };
    let mut lines = vec![
        (Role::Limit, format!("limit {} ({})", fullest.limit.value, fullest.limit.origin)),
        (Role::Text, headroom(left, slots)),
    ];
    if refused > 0 {
        lines.push((Role::Critical, format!("{refused} turned away")));
    }
    for kind in &kinds {
        for t in &kind.types {
            lines.push((Role::Dim, format!("{} {:.0}", t.request.name(), t.now.mean)));
        }
    }
    if kinds.len() == 1 && fullest.types.len() > 1 {
        lines.push((Role::Dim, String::from("shared by both types")));
    }
    let as_of = known.as_of(ui, moment, columns);
    // On a small screen the cells and the chart leave no room for that line: the time stands beside the number.
    let is_narrow = as_of.is_some() && columns < NARROW;
    lines.extend(as_of);
    let as_of = if is_narrow { format!(" as of {}", ui.zone.clock(Time::from_second(known.shown()))) } else { String::new() };
    LimitPane {
        title: TITLE,
        standing,
        number: format!("{:.0}", now.mean),
        unit: format!("taken {}-{}{as_of}", now.low, now.high),
        lines,
        buckets,
        limit: Some(slots),
        cutoff: None,
        turned_away: refused,
        cells: kinds.iter().map(cells).collect(),
        weighty: 0,
    }
}

/// A type of request whose slots the pane shows: the one selected in the list behind it, else the first of the fullest kind.
pub(super) fn shown(ui: &Ui, moment: &Moment<'_>) -> Option<NsRequest> {
    if let Some(View::NsGroups { request, .. }) = ui.chosen(Pane::Ns, moment) {
        return Some(request);
    }
    let kinds = SlotUse::all(moment);
    let fullest = kinds.iter().max_by(|a, b| share(a).total_cmp(&share(b)))?;
    fullest.types.first().map(|t| t.request)
}

#[expect(clippy::cast_precision_loss, reason = "counts of slots are small")]
fn share(slots: &SlotUse) -> f64 {
    slots.now().mean / slots.limit.value.max(1) as f64
}

fn cells(slots: &SlotUse) -> Cells {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests in flight")]
    let taken =
        |request: NsRequest| slots.types.iter().find(|t| t.request == request).map_or(0, |t| t.now.mean.round().max(0.0) as u64);
    Cells { config: taken(NsRequest::GetClientPolicies), package: taken(NsRequest::GetPackageInfo), slots: slots.limit.value }
}

fn buckets(moment: &Moment<'_>, window: i64, columns: usize, requests: &[NsRequest], known: &Range<i64>) -> Vec<Bucket> {
    let seconds = columns_of(moment, window, columns);
    let from = seconds.first().map_or(0, |r| r.start);
    let points = slots::window(moment, requests, &(from..moment.at.second() + 1));
    seconds
        .iter()
        .map(|column| Bucket {
            value: greatest(&points, from, column, known),
            turned_away: turned_away_in(moment, requests, column),
            is_marked: false,
        })
        .collect()
}

fn turned_away_in(moment: &Moment<'_>, requests: &[NsRequest], seconds: &Range<i64>) -> u64 {
    requests.iter().map(|request| turned_away(moment, *request, seconds)).sum()
}
