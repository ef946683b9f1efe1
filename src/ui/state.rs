//! What the screen remembers: focus, drill path, selection, filter, sort, window and cursor. Everything else it shows is a function
//! of the moment.

mod changed;
mod copy;
mod filter;
mod marks;

pub use marks::Bookmark;
mod capacity;

use super::action::Action;
use super::cursor::Cursor;
use super::level::{Level, Pane};
use super::listing::Listing;
use super::replies::{Replies, Slot};
use super::views::{Ask, Executing, Look, MOST_ROWS, Reply, View};
use crate::diagnosis::{self, Diagnosis};
use crate::engine::Moment;
use crate::time::{Time, Zone};

/// Windows that `+` and `-` step through, in seconds.
const WINDOWS: [i64; 9] = [60, 120, 300, 600, 1800, 3600, 2 * 3600, 6 * 3600, 24 * 3600];

/// Lines that the log pane reads: no screen shows more of it.
const PANE_LINES: usize = 100;

/// What must be done outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Stand still until a shell says to go on.
    Stop,
    /// Write a report of this moment, with [`Ui::bookmarks`].
    Export(Time),
    /// Start or stop recording.
    Record,
    /// Copy a text to the clipboard.
    Copy(String),
    /// The bookmarks are others: a recording takes them along.
    Bookmarks,
    /// Ask IIS which requests it executes, and show them with [`Ui::show_executing`].
    Executing,
}

/// How a recording fares, in a few words for the status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It goes on: how much it holds.
    Going(String),
    /// Nothing can be written: why.
    Paused(String),
}

/// What the screen remembers.
#[derive(Debug, Clone)]
pub struct Ui {
    /// The pane that has the keys.
    pub focus: Pane,
    /// The lists behind the panes, by [`Pane::ALL`].
    roots: Vec<Level>,
    /// The levels drilled into; none while the panes are shown.
    pub path: Vec<Level>,
    /// A pane was chosen by hand: on a small screen it is the one shown.
    pub chose: bool,
    /// The focused pane fills the screen.
    pub zoomed: bool,
    /// Seconds before the moment that are looked at.
    pub window: i64,
    /// The moment looked at.
    pub cursor: Cursor,
    /// The filter is being typed.
    pub typing: bool,
    /// The moments that were marked, by time: one bookmark a moment.
    pub bookmarks: Vec<Bookmark>,
    /// The bookmark whose note is being typed.
    pub noting: Option<Bookmark>,
    /// The help is shown, from this row on.
    pub help: Option<usize>,
    /// The theme, by its place among the themes.
    pub theme: usize,
    /// Something to tell in the status line.
    pub message: Option<String>,
    /// What was wrong when the screen was drawn that a key is pressed at.
    pub said: Option<Diagnosis>,
    /// How the recording fares, if one is made.
    pub recording: Option<Recorded>,
    /// The zone that times are shown in.
    pub zone: Zone,
    /// What is shown, in two or three words: `demo: pool-leak`.
    pub title: String,
    /// What was read again for the levels on the screen.
    replies: Replies,
    /// The requests that IIS executes, as it told when it was last asked.
    pub executing: Executing,
    /// Rows that a page has on the screen.
    pub page: usize,
    /// Cells from left to right.
    pub width: u16,
    /// How much of a recording is loaded, from 0 to 1.
    pub loading: Option<f64>,
}

impl Ui {
    /// A screen that shows the panes.
    #[must_use]
    pub fn new(title: impl Into<String>, cursor: Cursor, zone: Zone, window: i64) -> Self {
        Self {
            focus: Pane::Requests,
            roots: Pane::ALL.iter().map(|pane| Level::new(pane.root())).collect(),
            path: Vec::new(),
            chose: false,
            zoomed: false,
            window,
            cursor,
            typing: false,
            bookmarks: Vec::new(),
            noting: None,
            help: None,
            theme: 0,
            message: None,
            said: None,
            recording: None,
            zone,
            title: title.into(),
            replies: Replies::default(),
            executing: Executing::Asked,
            page: 10,
            width: 80,
            loading: None,
        }
    }

    /// The level that has the keys.
    #[must_use]
    pub fn level(&self) -> &Level {
        match self.path.last() {
            Some(level) => level,
            None => self.root(self.focus),
        }
    }

    fn level_mut(&mut self) -> &mut Level {
        let root = self.focus.index();
        match self.path.last_mut() {
            Some(level) => level,
            // The roots are one a pane.
            None => &mut self.roots[root],
        }
    }

    /// The list behind a pane.
    #[must_use]
    pub fn root(&self, pane: Pane) -> &Level {
        &self.roots[pane.index()]
    }

    /// What a level is drawn from.
    #[must_use]
    pub fn look<'a>(&'a self, moment: &'a Moment<'a>, slot: Slot, diagnosis: Option<&'a Diagnosis>) -> Look<'a> {
        let diagnosis = diagnosis.or(self.said.as_ref());
        let reply = self.replies.reply(slot);
        Look {
            moment,
            window: self.window,
            zone: self.zone,
            width: self.width,
            reply,
            executing: &self.executing,
            bookmarks: &self.bookmarks,
            rows: MOST_ROWS,
            diagnosis,
        }
    }

    /// The rows of the level that has the keys, narrowed and ordered.
    #[must_use]
    pub fn listing(&self, moment: &Moment<'_>, diagnosis: Option<&Diagnosis>) -> Listing {
        let slot = if self.path.is_empty() { Slot::Pane } else { Slot::Level };
        self.level().view.listing(&self.look(moment, slot, diagnosis)).ordered(&self.level().order)
    }

    /// The rows of a pane's list. Of one that nobody looks into, only as many as there is room for.
    #[must_use]
    pub fn root_listing(&self, pane: Pane, moment: &Moment<'_>, diagnosis: Option<&Diagnosis>, room: usize) -> Listing {
        let (level, look) = (self.root(pane), self.look(moment, Slot::Pane, diagnosis));
        let rows = if pane != self.focus && level.is_untouched() { room } else { look.rows };
        level.view.listing(&Look { rows, ..look }).ordered(&level.order)
    }

    /// What was chosen in the list behind a pane, if anybody moved in it.
    #[must_use]
    pub fn chosen(&self, pane: Pane, moment: &Moment<'_>) -> Option<View> {
        let root = self.root(pane);
        root.anchor.as_ref()?;
        let listing = self.root_listing(pane, moment, None, MOST_ROWS);
        listing.rows.get(root.selection(&listing)).and_then(|row| row.target.clone())
    }

    /// What must be read again for the screen.
    #[must_use]
    pub fn ask(&self, moment: &Moment<'_>) -> Option<(Slot, Ask)> {
        match self.path.last() {
            Some(level) => level.view.ask(&self.look(moment, Slot::Level, None)).map(|ask| (Slot::Level, ask)),
            // The log is not on the screen.
            None if self.focus == Pane::Sources || self.zoomed && self.focus != Pane::Log => None,
            None => Some((Slot::Pane, Ask::Latest { until: moment.at.plus(1), most: PANE_LINES })),
        }
    }

    /// The question whose answer is on the screen.
    #[must_use]
    pub fn asked(&self, slot: Slot) -> Option<&Ask> {
        self.replies.asked(slot)
    }

    /// What was read again for the screen is not all of it any more.
    pub fn forget_answers(&mut self) {
        self.replies.grow_old();
    }

    /// The moment that an answer on the screen is of, where it lags behind the one looked at.
    #[must_use]
    pub fn as_of(&self, slot: Slot, moment: &Moment<'_>) -> Option<Time> {
        self.replies.as_of(slot, moment.at, &self.cursor)
    }

    /// What is on the screen answers a later question, too.
    pub fn renew(&mut self, slot: Slot, asked: Ask) {
        self.replies.renew(slot, asked);
    }

    /// Takes an answer, and tells whether it is news.
    pub fn reply(&mut self, slot: Slot, ask: Ask, reply: Reply) -> bool {
        self.replies.take(slot, self.path.last().map(|level| &level.view), ask, reply)
    }

    /// Does what a key asks for.
    pub fn update(&mut self, action: Action, moment: &Moment<'_>, bounds: (Time, Time)) -> Vec<Effect> {
        self.message = None;
        if self.help.is_some() {
            return self.update_help(action);
        }
        match action {
            Action::Quit => return vec![Effect::Quit],
            Action::Export => return vec![Effect::Export(moment.at)],
            Action::Record => return vec![Effect::Record],
            Action::Copy => return self.copy(moment),
            Action::Executing if self.focus == Pane::Requests => return vec![Effect::Executing],
            Action::Executing => {
                self.message = Some(String::from("x lists what IIS executes from pane 1 and the lists behind it"));
            }
            Action::Machine => self.toggle(View::Machine),
            Action::Changed => self.show_changed(moment),
            Action::Bookmark => self.begin_note(moment.at),
            Action::Bookmarks => self.toggle(View::Bookmarks),
            Action::Forget => return self.forget(moment),
            Action::Drill if self.level().view == View::Bookmarks => self.go_to_bookmark(moment, bounds),
            Action::Capacity => self.show_capacity(moment),
            Action::Slower | Action::Faster if matches!(self.level().view, View::Capacity { .. }) => {
                self.change_number(action == Action::Faster, moment);
            }
            Action::Help => self.help = Some(0),
            Action::Theme => self.theme += 1,
            Action::Pane(number) => self.show_pane(usize::from(number).saturating_sub(1)),
            Action::NextPane => self.show_pane((self.focus.index() + 1) % Pane::ALL.len()),
            Action::PreviousPane => self.show_pane((self.focus.index() + Pane::ALL.len() - 1) % Pane::ALL.len()),
            Action::Zoom => self.zoomed = self.path.is_empty() && !self.zoomed,
            Action::Drill => self.drill(moment),
            Action::Back => self.back(),
            Action::Group => self.regroup(),
            Action::Filter => self.begin_filter(),
            Action::Sort => self.sort(moment),
            Action::Reverse => {
                let order = &mut self.level_mut().order;
                order.reverse = !order.reverse;
            }
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::Top | Action::Bottom => {
                self.move_in_list(action, moment);
            }
            Action::Wider | Action::Narrower => self.change_window(action == Action::Wider),
            _ => self.move_cursor(action, moment, bounds),
        }
        Vec::new()
    }

    fn update_help(&mut self, action: Action) -> Vec<Effect> {
        let row = self.help.unwrap_or(0);
        self.help = match action {
            Action::Quit => return vec![Effect::Quit],
            Action::Down => Some(row + 1),
            Action::PageDown => Some(row + self.page),
            Action::Up => Some(row.saturating_sub(1)),
            Action::PageUp => Some(row.saturating_sub(self.page)),
            _ => None,
        };
        Vec::new()
    }

    fn move_cursor(&mut self, action: Action, moment: &Moment<'_>, bounds: (Time, Time)) {
        match action {
            Action::Pause => self.cursor.pause(bounds),
            Action::Slower | Action::Faster => self.cursor.change_speed(action == Action::Faster),
            Action::Step(seconds) => self.cursor.step(i64::from(seconds) * 1000, bounds),
            Action::Start => self.cursor.go(bounds.0, bounds),
            Action::End => self.cursor.end(bounds),
            Action::NextFinding | Action::PreviousFinding => self.seek_finding(action == Action::NextFinding, moment, bounds),
            _ => {}
        }
    }

    /// Goes to the next, or the previous, moment at which a finding sets in.
    fn seek_finding(&mut self, next: bool, moment: &Moment<'_>, bounds: (Time, Time)) {
        let all = diagnosis::findings(&Moment { at: bounds.1, ..*moment });
        let mut onsets: Vec<(Time, &str)> = all.iter().flat_map(|f| f.onsets.iter().map(|t| (*t, f.rule))).collect();
        onsets.sort_unstable();
        let found =
            if next { onsets.iter().find(|(t, _)| *t > moment.at) } else { onsets.iter().rev().find(|(t, _)| *t < moment.at) };
        match found {
            Some((time, rule)) => {
                self.cursor.go(*time, bounds);
                self.message = Some(format!("{}: {rule} sets in", self.zone.clock(*time)));
            }
            None => {
                self.message =
                    Some(String::from(if next { "no finding sets in after this" } else { "no finding set in before this" }));
            }
        }
    }

    /// A level that is of no pane: its key once more goes back.
    fn toggle(&mut self, view: View) {
        if self.level().view == view {
            self.back();
        } else {
            self.enter(view);
        }
    }

    /// IIS is asked for the requests that it executes: the level that will show them is entered.
    pub fn show_executing(&mut self) {
        self.executing = Executing::Asked;
        if self.level().view != View::Executing {
            self.enter(View::Executing);
        }
    }

    /// Whether anybody waits for the requests that IIS executes.
    #[must_use]
    pub fn awaits_executing(&self) -> bool {
        self.executing == Executing::Asked && self.path.iter().any(|level| level.view == View::Executing)
    }

    fn show_pane(&mut self, index: usize) {
        self.focus = Pane::ALL.get(index).copied().unwrap_or(self.focus);
        self.chose = true;
        self.path.clear();
        self.replies.leave_level();
    }

    fn enter(&mut self, view: View) {
        self.path.push(Level::new(view));
        self.replies.leave_level();
    }

    fn drill(&mut self, moment: &Moment<'_>) {
        let listing = self.listing(moment, None);
        let target = listing.rows.get(self.level().selection(&listing)).and_then(|row| row.target.clone());
        // From a pane to its list; a finding or a line of the log is chosen in the pane already.
        if self.path.is_empty() && !matches!(self.focus, Pane::Findings | Pane::Log) {
            let root = self.root(self.focus).clone();
            self.enter(self.focus.root());
            *self.level_mut() = root;
            return;
        }
        match target {
            Some(view) => self.enter(view),
            None if self.path.is_empty() => self.enter(self.focus.root()),
            None => self.message = Some(String::from("nothing lies behind this row")),
        }
    }

    fn back(&mut self) {
        if !self.level().order.filter.is_empty() {
            self.level_mut().order.filter.clear();
        } else if self.path.pop().is_some() {
            self.replies.leave_level();
        } else {
            self.zoomed = false;
        }
    }

    fn regroup(&mut self) {
        if let Some(view) = self.level().view.regrouped() {
            *self.level_mut() = Level::new(view);
            self.replies.leave_level();
        } else {
            self.message = Some(String::from("b groups the rows of an application or of an NS request"));
        }
    }

    fn move_in_list(&mut self, action: Action, moment: &Moment<'_>) {
        let listing = self.listing(moment, None);
        let row = self.level().selection(&listing);
        let page = self.page.max(1);
        let to = match action {
            Action::Up => row.saturating_sub(1),
            Action::Down => row + 1,
            Action::PageUp => row.saturating_sub(page),
            Action::PageDown => row + page,
            Action::Top => 0,
            _ => listing.rows.len(),
        };
        self.level_mut().select(to, &listing);
    }

    fn change_window(&mut self, wider: bool) {
        let next =
            if wider { WINDOWS.iter().find(|w| **w > self.window) } else { WINDOWS.iter().rev().find(|w| **w < self.window) };
        self.window = next.copied().unwrap_or(self.window);
    }
}
