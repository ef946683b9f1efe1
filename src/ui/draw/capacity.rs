//! Above the numbers that can be changed: what would be, as a table and as a curve.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::{Looks, cut};
use crate::diagnosis::capacity::{Capacity, Target, What, WhatIf};
use crate::engine::Moment;
use crate::time::{Time, Zone};
use crate::ui::panes::limit::{Draw, line};
use crate::ui::replies::Slot;
use crate::ui::state::Ui;
use crate::ui::text::Shown;
use crate::ui::theme::Role;
use crate::ui::views::View;
use crate::ui::views::capacity::{Number, clients_shown, measured, notes, percent};
use crate::ui::widgets::{Cell, Column, ColumnWidth, LimitChart, Point, Row, Table};

/// Rows around the numbers below: border, heading, note.
const AROUND: u16 = 3;
/// Rows that a curve takes at most, its title and its axis with them.
const TALLEST: u16 = 28;
/// Cells that the table takes at most: numbers far from their names are hard to read.
const WIDEST: u16 = 110;
/// Rows that it is worth having.
const LEAST: u16 = 3;

/// The table, the curve and, where there is room, what to mind; gives what is left below.
pub(super) fn above(frame: &mut Frame<'_>, area: Rect, ui: &Ui, moment: &Moment<'_>, looks: Looks<'_>) -> Rect {
    let View::Capacity { target, chosen, when } = &ui.level().view else { return area };
    let look = ui.look(moment, Slot::Level, None);
    let Some(capacity) = measured(&look, target, when) else { return area };
    let numbers = Number::all(&capacity, target, when);
    let below = AROUND + u16::try_from(numbers.len()).unwrap_or(0);
    let (top, rest) = cut(area, area.height.saturating_sub(below));
    if top.height < LEAST {
        return area;
    }
    let listing = ui.listing(moment, None);
    let selected = listing.rows.get(ui.level().selection(&listing)).and_then(|row| Number::of(&row.id()));
    let all = capacity.what_ifs(target, chosen);
    let shown = all.iter().position(|what_if| is_of(&what_if.what, selected)).unwrap_or(0);
    let is_incident = when.incident().is_some();
    let screen = Screen { capacity: &capacity, target, is_incident, all: &all, shown, zone: ui.zone, looks };

    let buffer = frame.buffer_mut();
    let rows = u16::try_from(all.len()).unwrap_or(0) + 2;
    let (table, left) = cut(top, rows);
    screen.table(table, buffer);
    let notes = notes(&look, &capacity, target);
    let room = left.height.saturating_sub(u16::try_from(notes.len()).unwrap_or(0)).clamp(left.height.min(8), TALLEST);
    let (curve, left) = cut(left, room.min(left.height));
    screen.curve(curve, buffer);
    // Only as far as the curve leaves room: the weightiest stands below the numbers, too.
    for (note, at) in notes.iter().zip(left.rows()) {
        line(buffer, at, &format!(" {}", note.text), note.role, screen.draw());
    }
    rest
}

/// Whether a change of the number selected changes this.
fn is_of(what: &What, selected: Option<Number>) -> bool {
    match selected {
        Some(Number::Clients | Number::PullSeconds | Number::Heartbeat) => matches!(what, What::Pull(..)),
        Some(Number::Interval) => matches!(what, What::Spread(_)),
        _ => *what == What::Chosen,
    }
}

struct Screen<'a> {
    capacity: &'a Capacity,
    target: &'a Target,
    /// The seconds are not the window's.
    is_incident: bool,
    all: &'a [WhatIf],
    /// The one that the curve is of.
    shown: usize,
    zone: Zone,
    looks: Looks<'a>,
}

impl Screen<'_> {
    fn draw(&self) -> Draw<'_> {
        Draw { theme: self.looks.theme, glyphs: self.looks.glyphs, focused: false, times: ("", "") }
    }

    fn table(&self, area: Rect, buffer: &mut Buffer) {
        let number = |title, width| Column::new(title, ColumnWidth::Fixed(width)).right();
        let columns = [
            Column::new("what if", ColumnWidth::Fill(1)),
            number("erlangs", 8),
            number("in flight", 9),
            number("limit", 8),
            number("turned away", 11),
            number("enough", 8),
        ];
        let mut rows = vec![self.observed()];
        rows.extend(self.all.iter().enumerate().map(|(at, what_if)| self.row(what_if, at == self.shown)));
        let area = Rect { width: area.width.min(WIDEST), ..area };
        Table::new(&columns, &rows, self.looks.theme, self.looks.glyphs).render(area, buffer);
    }

    fn observed(&self) -> Row<'static> {
        let Capacity { seconds, in_flight, limit, .. } = self.capacity;
        let clock = |second: i64| self.zone.clock(Time::from_second(second));
        let when =
            if seconds.is_empty() { String::new() } else { format!(", {}-{}", clock(seconds.start), clock(seconds.end - 1)) };
        let texts = [
            format!("{}{when}", if self.is_incident { "incident" } else { "observed" }),
            String::new(),
            in_flight.map_or_else(|| String::from("?"), figure),
            limit.value.to_string(),
            self.capacity.observed().map_or_else(|| String::from("?"), percent),
            String::new(),
        ];
        row(texts).role(Role::Title)
    }

    fn row(&self, what_if: &WhatIf, is_shown: bool) -> Row<'static> {
        let number = |value: Option<f64>| value.map_or_else(|| String::from("?"), figure);
        let name = match what_if.load {
            // What the formula says of so many erlangs does not hold.
            Ok(_) if what_if.fits_held() => format!("{}, 1 each", self.name(what_if)),
            Ok(_) => self.name(what_if),
            Err(why) => match what_if.what {
                What::Pull(..) => format!("pull mode: {why}"),
                What::Spread(_) => format!("spread: {why}"),
                // What all of them lack is said where the curve would be.
                _ => self.name(what_if),
            },
        };
        let texts = [
            name,
            number(what_if.erlangs()),
            number(what_if.in_flight()),
            what_if.limit.to_string(),
            what_if.share_turned_away().map_or_else(|| String::from("?"), percent),
            what_if.enough().map_or_else(|| String::from("?"), |limit| limit.to_string()),
        ];
        if is_shown { row(texts).role(Role::Accent) } else { row(texts) }
    }

    fn name(&self, what_if: &WhatIf) -> String {
        let clock = |second: i64| {
            let text = self.zone.clock(Time::from_second(second));
            text.get(..5).map(str::to_owned).unwrap_or(text)
        };
        match &what_if.what {
            What::Now => String::from("computed for the same"),
            What::Busiest(seconds) if seconds.end - seconds.start > 60 => format!("busiest quarter, {}", clock(seconds.start)),
            What::Busiest(seconds) => format!("busiest minute, {}", clock(seconds.start)),
            What::Limit if self.capacity.advised(self.target) == Some(what_if.limit) => String::from("limit as advised"),
            What::Limit => String::from("twice the limit"),
            What::Spread(minutes) => {
                let since = self.since();
                let is_shorter = self.capacity.is_shorter_than(*minutes);
                if is_shorter { format!("all {since} in {minutes} min") } else { format!("all {since}, evenly") }
            }
            What::Quick(seconds) => format!("as quick as {}-{}", clock(seconds.start), clock(seconds.end)),
            What::Twice => String::from("twice the clients"),
            What::Pull(clients, _) => {
                let told = |clients| clients_shown(self.capacity, clients);
                format!("pull, {} clients", clients.map_or_else(|| String::from("?"), told))
            }
            What::Chosen => String::from("as chosen below"),
        }
    }

    /// `since 06:55`, or with the day: the beginning of the logs.
    fn since(&self) -> String {
        let told = |second: i64| self.zone.date_clock(Time::from_second(second));
        let (first, last) = (told(self.capacity.known.seconds.start), told(self.capacity.known.seconds.end - 1));
        let is_of_a_day = first.get(..10) == last.get(..10);
        let from = if is_of_a_day { first.get(11..16) } else { first.get(5..16) };
        format!("since {}", from.unwrap_or(&first))
    }

    /// The share turned away by limit, of the load that is changed, with a mark at its limit; the load of the window behind it.
    fn curve(&self, area: Rect, buffer: &mut Buffer) {
        let Some(what_if) = self.all.get(self.shown).filter(|_| area.height > LEAST) else { return };
        let (title, plot) = cut(area, 1);
        let name = self.name(what_if);
        let Some(share) = what_if.share_turned_away() else {
            line(buffer, title, &format!(" not known: {}", what_if.load.err().unwrap_or_default()), Role::Warn, self.draw());
            return;
        };
        let now = self.all.first().filter(|now| now.load.is_ok());
        let widest = [Some(what_if.limit), Some(self.capacity.limit.value), what_if.enough(), now.and_then(WhatIf::enough)];
        let most = widest.into_iter().flatten().max().unwrap_or(1).saturating_mul(9) / 8;
        let labels = [(1.0, Shown::from_str("100 %")), (0.5, Shown::from_str("50 %")), (0.0, Shown::from_str("0 %"))];
        let Looks { theme, glyphs, .. } = self.looks;
        let chart = LimitChart::new(&[], 1.0, theme, glyphs).y_labels(&labels);
        let limits = limits(most.max(2), chart.plot_area(plot).width);
        let shares = what_if.curve(&limits);
        let before = now.map(|now| now.curve(&limits)).filter(|before| *before != shares);
        let points: Vec<Option<Point>> = shares
            .iter()
            .enumerate()
            .map(|(at, share)| {
                let before = before.as_ref().and_then(|before| before.get(at)).copied().unwrap_or(*share);
                Some(Point { mean: *share, low: share.min(before), high: share.max(before) })
            })
            .collect();
        let shaded = if before.is_some() { "; shaded: as it is" } else { "" };
        let share = percent(share);
        let sign = self.looks.glyphs.cursor;
        let text = format!(" Turned away by limit, {name}; {sign} {}: {share}{shaded}", what_if.limit);
        line(buffer, title, &text, Role::Dim, self.draw());
        let mark = limits.iter().rposition(|limit| *limit <= what_if.limit);
        let last = limits.last().map(u64::to_string).unwrap_or_default();
        LimitChart::new(&points, 1.0, theme, glyphs)
            .y_labels(&labels)
            .times(limits.first().map(u64::to_string).unwrap_or_default(), last)
            .cursor(mark)
            .render(plot, buffer);
    }
}

/// A limit for each column.
fn limits(most: u64, columns: u16) -> Vec<u64> {
    let columns = u64::from(columns).max(1);
    (1..=columns)
        .map(|column| u64::try_from(u128::from(most) * u128::from(column) / u128::from(columns)).unwrap_or(most))
        .map(|limit| limit.max(1))
        .collect()
}

fn row(texts: [String; 6]) -> Row<'static> {
    Row::new(texts.into_iter().map(|text| Cell::new(Shown::from(text))))
}

/// `0.84`, `59.4`, `4999`
fn figure(value: f64) -> String {
    match value {
        v if v >= 1000.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}
