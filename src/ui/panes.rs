//! The three panes of a value against its limit: what each of them shows of a moment.
//!
//! A pane is a function from a moment to a [`LimitPane`]; drawing knows no difference between them but the slots' cells.

mod edge;
pub mod limit;
mod ns;
mod pool;
mod reasons;
mod requests;

use std::ops::Range;

use super::level::Pane;
use super::state::Ui;
use super::theme::Role;
use crate::diagnosis::capacity::Target;
use crate::engine::Moment;
use crate::formats::Kind;
use crate::inventory::Topic;
use crate::timeline::in_flight::Point;
use crate::timeline::series::Series;

/// How a pane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing was seen that it could show.
    Empty,
    /// Far from the limit.
    Fine,
    /// Near the limit.
    Near,
    /// Clients were turned away in the window, but not just now.
    TurnedAway,
    /// The application pool takes no requests.
    Stopped,
    /// Clients are turned away.
    TurningAway,
}

impl Standing {
    /// The look of its number.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Empty => Role::Dim,
            Self::Fine => Role::Ok,
            Self::Near | Self::TurnedAway => Role::Warn,
            Self::Stopped | Self::TurningAway => Role::Critical,
        }
    }

    /// The same in a word, since colour is never the only sign.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "no data",
            Self::Fine => "OK",
            Self::Near => "HIGH",
            Self::TurnedAway => "REFUSED",
            Self::Stopped => "STOPPED",
            Self::TurningAway => "REFUSING",
        }
    }
}

/// One column of a chart: what was so in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bucket {
    /// The greatest value; `None` where it is not known, or not yet.
    pub value: Option<Point>,
    /// Clients turned away.
    pub turned_away: u64,
    /// Somebody set a bookmark in it.
    pub is_marked: bool,
}

/// Clients turned away within so many seconds before the moment are turned away now.
const NOW: i64 = 60;

/// How a pane stands whose clients were turned away in the window, going by when; `None` if none were.
fn turning_away(buckets: &[Bucket], now: u64) -> Option<Standing> {
    match (now > 0, buckets.iter().any(|b| b.turned_away > 0)) {
        (true, _) => Some(Standing::TurningAway),
        (false, true) => Some(Standing::TurnedAway),
        (false, false) => None,
    }
}

/// The seconds that are now.
fn just_now(moment: &Moment<'_>) -> Range<i64> {
    moment.at.second() - NOW..moment.at.second() + 1
}

/// Cells for slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cells {
    /// Taken by configuration requests.
    pub config: u64,
    /// Taken by package-info requests.
    pub package: u64,
    /// How many there are.
    pub slots: u64,
}

/// What a pane of a value against a limit shows.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitPane {
    /// Its title.
    pub title: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// The value, to be read from across a desk.
    pub number: String,
    /// Its unit, and what is uncertain about it.
    pub unit: String,
    /// What the value is of, and lines to say beside it: limit with origin, headroom, what was turned away. The weightiest first.
    pub lines: Vec<(Role, String)>,
    /// The chart, the oldest first.
    pub buckets: Vec<Bucket>,
    /// The chart's line.
    pub limit: Option<f64>,
    /// Its second line.
    pub cutoff: Option<f64>,
    /// Clients turned away in the window.
    pub turned_away: u64,
    /// Slots to draw as cells, one row a kind.
    pub cells: Vec<Cells>,
    /// So many of the lines, the first ones, are worth more than the chart's height.
    pub weighty: usize,
}

impl LimitPane {
    fn empty(title: &'static str, lines: Vec<(Role, String)>, columns: usize) -> Self {
        Self {
            title,
            standing: Standing::Empty,
            number: String::from("?"),
            unit: String::new(),
            lines,
            buckets: vec![Bucket::default(); columns],
            limit: None,
            cutoff: None,
            turned_away: 0,
            cells: Vec::new(),
            weighty: 0,
        }
    }

    /// An empty pane with the reasons that the inventory tells: of counters, those that the pane is made of.
    fn because(
        title: &'static str,
        mut lines: Vec<(Role, String)>,
        moment: &Moment<'_>,
        (topics, counters): (&[Topic], &[&str]),
        columns: usize,
    ) -> Self {
        lines.extend(reasons::of(moment, topics, counters, columns));
        let weighty = lines.len();
        Self { weighty, ..Self::empty(title, lines, columns) }
    }
}

/// What a pane shows; `columns` is how wide its chart is. `None` for panes that are lists.
#[must_use]
pub fn limit_pane(pane: Pane, ui: &Ui, moment: &Moment<'_>, columns: usize) -> Option<LimitPane> {
    let mut pane = match pane {
        Pane::Requests => requests::pane(ui, moment, columns),
        Pane::Pool => pool::pane(ui, moment, columns),
        Pane::Ns => ns::pane(ui, moment, columns),
        Pane::Findings | Pane::Sources | Pane::Log => return None,
    };
    mark_gaps(&mut pane, moment, ui.window);
    mark_bookmarks(&mut pane, moment, ui);
    Some(pane)
}

fn mark_bookmarks(pane: &mut LimitPane, moment: &Moment<'_>, ui: &Ui) {
    let columns = columns_of(moment, ui.window, pane.buckets.len());
    for (bucket, seconds) in pane.buckets.iter_mut().zip(&columns) {
        bucket.is_marked = ui.bookmarks.iter().any(|mark| seconds.contains(&mark.at.second()));
    }
}

/// Whose limit a pane shows; `None` where it shows none.
#[must_use]
pub fn target(pane: Pane, ui: &Ui, moment: &Moment<'_>) -> Option<Target> {
    match pane {
        Pane::Requests => requests::shown(ui, moment).map(Target::App),
        Pane::Ns => ns::shown(ui, moment).map(Target::Ns),
        Pane::Pool | Pane::Findings | Pane::Sources | Pane::Log => None,
    }
}

/// Of a stretch of time that a recording has a gap in, nothing is known: it must not look like calm.
fn mark_gaps(pane: &mut LimitPane, moment: &Moment<'_>, window: i64) {
    let columns = columns_of(moment, window, pane.buckets.len());
    let covered = |seconds: &Range<i64>| moment.gaps.iter().any(|gap| gap.covers(seconds));
    let mut any = false;
    for (bucket, seconds) in pane.buckets.iter_mut().zip(&columns) {
        if covered(seconds) {
            bucket.value = None;
            any = true;
        }
    }
    if any && pane.standing != Standing::Empty {
        let at = moment.at.second();
        let text = if covered(&(at..at + 1)) { "the recording has a gap here" } else { "the recording has a gap in this window" };
        pane.lines.push((Role::Warn, text.into()));
    }
}

/// What is shown above the history of a pool tag.
#[must_use]
pub fn tag_pane(tag: [u8; 4], ui: &Ui, moment: &Moment<'_>, columns: usize) -> LimitPane {
    pool::tag_pane(tag, ui, moment, columns)
}

/// The seconds of each column of a chart over the window.
fn columns_of(moment: &Moment<'_>, window: i64, columns: usize) -> Vec<Range<i64>> {
    let end = moment.at.second() + 1;
    let count = i64::try_from(columns).unwrap_or(1).max(1);
    (0..count)
        .map(|i| (end - window + i * window / count)..(end - window + (i + 1) * window / count).min(end))
        .map(|r| r.start..r.end.max(r.start + 1))
        .collect()
}

/// The greatest value of a column from a value a second, as far as its seconds are known.
fn greatest(points: &[Point], from: i64, seconds: &Range<i64>, known: &Range<i64>) -> Option<Point> {
    (seconds.start.max(known.start)..seconds.end.min(known.end))
        .filter_map(|s| points.get(usize::try_from(s - from).ok()?))
        .copied()
        .max_by(|a, b| a.mean.total_cmp(&b.mean))
}

fn sum(series: &Series<u32>, seconds: &Range<i64>) -> u64 {
    u64::try_from(series.sum(seconds.clone())).unwrap_or(0)
}

/// The seconds that the W3C logs tell of, up to the moment: rows come when requests end, and may be held back; what ended before the
/// first row, or has not ended, is in no log.
fn known_seconds(moment: &Moment<'_>) -> Range<i64> {
    let spans = || moment.sources.values().filter(|s| s.kind == Kind::W3c).filter_map(|s| s.span);
    let (first, last) = (spans().map(|(from, _)| from).min(), spans().map(|(_, to)| to).max());
    match first.zip(last) {
        Some((first, last)) => first.second()..last.second().min(moment.at.second()) + 1,
        None => 0..0,
    }
}

/// Whether any log of a kind was read.
fn has(moment: &Moment<'_>, kind: Kind) -> bool {
    moment.sources.values().any(|s| s.kind == kind)
}

/// The first of some texts that fits; the last where none does.
fn fitting(columns: usize, texts: impl IntoIterator<Item = String>) -> String {
    let mut last = String::new();
    for text in texts {
        last = text;
        if last.chars().count() <= columns {
            break;
        }
    }
    last
}

/// A percentage of headroom with one decimal.
fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole * 100.0 } else { 0.0 }
}

/// More than the limit, by one at least.
fn is_over(left: f64) -> bool {
    rounded(left, 0).starts_with('-')
}

/// `850 left, 17.0 %`, or `302 over the limit`
fn headroom(left: f64, most: f64) -> String {
    if is_over(left) {
        return format!("{} over the limit", rounded(-left, 0));
    }
    format!("{} left, {} %", rounded(left, 0), rounded(percent(left, most), 1))
}

/// A number with so many decimals; a nothing has no sign.
fn rounded(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(nothing) if nothing.bytes().all(|b| matches!(b, b'0' | b'.')) => nothing.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_little_over_the_limit_is_not_minus_nothing_left() {
        assert_eq!(headroom(-0.2, 5000.0), "0 left, 0.0 %");
        assert_eq!(headroom(-0.0, 5000.0), "0 left, 0.0 %");
        assert_eq!(headroom(-1.0, 5000.0), "1 over the limit");
        assert_eq!(headroom(-3.0, 10.0), "3 over the limit");
        assert_eq!(headroom(850.0, 5000.0), "850 left, 17.0 %");
    }
}
