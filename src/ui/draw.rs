//! The screen: a function of the moment and of what the screen remembers.

mod capacity;
mod chrome;
mod list;
mod vitals;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::level::Pane;
use super::panes::limit::{self, Draw, chart_columns};
use super::panes::{LimitPane, Standing, limit_pane, tag_pane};
use super::replies::Slot;
use super::state::Ui;
use super::theme::{Glyphs, Role, Theme};
use super::views::{View, changed_summary, executing_summary};
use crate::diagnosis::Diagnosis;
use crate::engine::Moment;
use crate::time::Time;

/// Under this only one pane is shown.
const ALL_PANES: (u16, u16) = (76, 20);
/// Under this nothing but a line is shown.
const LEAST: (u16, u16) = (40, 10);

/// What the screen is drawn with.
#[derive(Clone, Copy)]
pub struct Looks<'a> {
    /// The colours.
    pub theme: &'a Theme,
    /// The characters.
    pub glyphs: &'a Glyphs,
    /// What is wrong as of the moment drawn, or of a frame shortly before: the rules look at all that happened.
    pub diagnosis: &'a Diagnosis,
}

/// The three panes of a value against a limit.
const LIMITS: [Pane; 3] = [Pane::Requests, Pane::Pool, Pane::Ns];

/// Draws everything, and notes how many rows a page has.
pub fn screen(frame: &mut Frame<'_>, ui: &mut Ui, moment: &Moment<'_>, looks: Looks<'_>) {
    let area = frame.area();
    frame.buffer_mut().set_style(area, looks.theme.screen());
    ui.width = area.width;
    if area.width < LEAST.0 || area.height < LEAST.1 {
        chrome::too_small(frame, area, looks);
        return;
    }
    let (header, body) = cut(area, 1);
    let (body, footer) = cut(body, body.height - 1);
    chrome::header(frame, header, ui, moment, looks);
    if let Some(row) = ui.help {
        chrome::help(frame, body, row, looks);
        ui.page = usize::from(body.height.saturating_sub(2));
    } else if let Some(level) = ui.path.last() {
        let body = match level.view {
            View::Tag(tag) => above_tag(frame, body, tag, ui, moment, looks),
            View::Executing => above(frame, body, &executing_summary(&ui.executing, ui.zone), looks),
            View::Changed(ref changed) => {
                let look = ui.look(moment, Slot::Level, Some(looks.diagnosis));
                above(frame, body, &changed_summary(&look, changed), looks)
            }
            View::Capacity { .. } => capacity::above(frame, body, ui, moment, looks),
            _ => body,
        };
        ui.page = list::level(frame, body, ui, moment, looks);
    } else if ui.zoomed || area.width < ALL_PANES.0 || area.height < ALL_PANES.1 {
        one_pane(frame, body, ui, moment, looks);
    } else {
        all_panes(frame, body, ui, moment, looks);
    }
    chrome::footer(frame, footer, ui, looks);
}

/// An area's first rows, and the others. A solver of constraints would take a tenth of the time of a frame.
fn cut(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

/// The focused pane alone; on a small screen, as long as nobody chose, the one that turns clients away.
fn one_pane(frame: &mut Frame<'_>, area: Rect, ui: &mut Ui, moment: &Moment<'_>, looks: Looks<'_>) {
    let pane = if ui.zoomed || ui.chose { ui.focus } else { worst(ui, moment) };
    if LIMITS.contains(&pane) {
        limit(frame, area, pane, ui, moment, looks);
    } else {
        ui.page = list::root(frame, area, pane, ui, moment, looks);
    }
}

fn worst(ui: &Ui, moment: &Moment<'_>) -> Pane {
    let standing = |pane: Pane| limit_pane(pane, ui, moment, 1).map_or(Standing::Empty, |p| p.standing);
    // The first of those that stand equally.
    LIMITS.into_iter().rev().max_by_key(|pane| standing(*pane)).unwrap_or(ui.focus)
}

fn all_panes(frame: &mut Frame<'_>, area: Rect, ui: &mut Ui, moment: &Moment<'_>, looks: Looks<'_>) {
    let limits = (area.height / 2 + 2).clamp(12, 26);
    let rest = area.height - limits;
    let findings = (rest * 2 / 5).clamp(3, 10);
    let (top, rest) = cut(area, limits);
    let (middle, bottom) = cut(rest, findings);
    let thirds = [0, 1, 2].map(|third| {
        let at = |third: u16| (area.width * third * 2 + 3) / 6;
        Rect { x: area.x + at(third), width: at(third + 1) - at(third), ..top }
    });
    for (pane, area) in LIMITS.into_iter().zip(thirds) {
        limit(frame, area, pane, ui, moment, looks);
    }
    let page = list::root(frame, middle, Pane::Findings, ui, moment, looks);
    let below = if ui.focus == Pane::Sources { Pane::Sources } else { Pane::Log };
    let page_below = list::root(frame, bottom, below, ui, moment, looks);
    ui.page = if ui.focus == Pane::Findings { page } else { page_below };
}

/// A tag's chart above its history; gives what is left below.
fn above_tag(frame: &mut Frame<'_>, area: Rect, tag: [u8; 4], ui: &Ui, moment: &Moment<'_>, looks: Looks<'_>) -> Rect {
    let (top, rest) = cut(area, area.height / 2);
    let pane = tag_pane(tag, ui, moment, chart_columns(top));
    let Looks { theme, glyphs, .. } = looks;
    let draw = Draw { theme, glyphs, focused: false, times: ("", "") };
    limit::draw(&pane, top, frame.buffer_mut(), draw);
    rest
}

/// What a list comes to, above it; gives what is left below.
fn above(frame: &mut Frame<'_>, area: Rect, lines: &[(Role, String)], looks: Looks<'_>) -> Rect {
    let (top, rest) = cut(area, u16::try_from(lines.len()).unwrap_or(0).min(area.height / 2));
    let Looks { theme, glyphs, .. } = looks;
    for ((role, text), at) in lines.iter().zip(top.rows()) {
        limit::line(frame.buffer_mut(), at, text, *role, Draw { theme, glyphs, focused: false, times: ("", "") });
    }
    rest
}

fn limit(frame: &mut Frame<'_>, area: Rect, pane: Pane, ui: &Ui, moment: &Moment<'_>, looks: Looks<'_>) {
    let Some(shown): Option<LimitPane> = limit_pane(pane, ui, moment, chart_columns(area)) else { return };
    let clock = |time: Time| ui.zone.clock(time);
    let (from, to) = (clock(moment.at.plus(-ui.window * 1000)), clock(moment.at));
    let Looks { theme, glyphs, .. } = looks;
    let draw = Draw { theme, glyphs, focused: ui.focus == pane && ui.path.is_empty(), times: (&from, &to) };
    limit::draw(&shown, area, frame.buffer_mut(), draw);
}
