//! Bookmarks: moments that somebody marked, each with a note.

use super::{Effect, Ui};
use crate::engine::Moment;
use crate::time::Time;
use crate::ui::views::View;

/// Bookmarks that are kept: those of a recording may be anybody's.
const MOST: usize = 500;
/// Characters of a note: a line.
const LONGEST: usize = 200;

/// A moment that somebody marked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bookmark {
    /// The moment.
    pub at: Time,
    /// What was noted; may be empty. It may come from a recording: it is shown like text of a log.
    pub note: String,
}

impl Ui {
    /// Takes over bookmarks of a recording, as many and as long as there is room for.
    pub fn remember(&mut self, bookmarks: impl IntoIterator<Item = (Time, String)>) {
        for (at, note) in bookmarks.into_iter().take(MOST) {
            self.mark(Bookmark { at, note: note.chars().take(LONGEST).collect() });
        }
    }

    /// Sets a bookmark, in the place of one that the moment has. Answers whether there is room for it.
    fn mark(&mut self, bookmark: Bookmark) -> bool {
        match self.bookmarks.binary_search_by_key(&bookmark.at, |mark| mark.at) {
            Ok(known) => {
                if let Some(known) = self.bookmarks.get_mut(known) {
                    *known = bookmark;
                }
            }
            Err(_) if self.bookmarks.len() >= MOST => return false,
            Err(place) => self.bookmarks.insert(place, bookmark),
        }
        true
    }

    /// The note of a moment is being typed from now on; one that it has is gone on with.
    pub(super) fn begin_note(&mut self, at: Time) {
        let known = self.bookmarks.iter().find(|mark| mark.at == at).cloned();
        self.noting = Some(known.unwrap_or_else(|| Bookmark { at, note: String::new() }));
    }

    /// A key while a note is typed: a character, `None` for the one before taken back.
    pub fn type_note(&mut self, c: Option<char>) {
        let Some(Bookmark { note, .. }) = &mut self.noting else { return };
        match c {
            Some(c) if !c.is_control() && note.chars().count() < LONGEST => note.push(c),
            Some(_) => {}
            None => {
                note.pop();
            }
        }
    }

    /// The note that is typed is whole.
    pub fn keep_note(&mut self) -> Vec<Effect> {
        let Some(bookmark) = self.noting.take() else { return Vec::new() };
        let clock = self.zone.clock(bookmark.at);
        if self.mark(bookmark) {
            self.message = Some(format!("marked: {clock}; ' lists the bookmarks"));
            return vec![Effect::Bookmarks];
        }
        self.message = Some(format!("no more than {MOST} bookmarks are kept"));
        Vec::new()
    }

    /// The moment of the selected bookmark, and what was looked at before.
    pub(super) fn go_to_bookmark(&mut self, moment: &Moment<'_>, bounds: (Time, Time)) {
        let Some(at) = self.selected_bookmark(moment) else { return };
        self.cursor.go(at, bounds);
        let note = self.bookmarks.iter().find(|mark| mark.at == at).map(|mark| format!(" {}", mark.note));
        let beside = if self.cursor.at(bounds) == at { "" } else { " (beside these logs)" };
        self.message = Some(format!("{}{beside}:{}", self.zone.clock(at), note.unwrap_or_default()));
        self.path.pop();
        self.replies.leave_level();
    }

    /// Takes the selected bookmark away.
    pub(super) fn forget(&mut self, moment: &Moment<'_>) -> Vec<Effect> {
        let selected = Some(&self.level().view).filter(|view| **view == View::Bookmarks);
        let Some(at) = selected.and_then(|_| self.selected_bookmark(moment)) else {
            self.message = Some(String::from("Del takes away a bookmark: ' lists them"));
            return Vec::new();
        };
        self.bookmarks.retain(|mark| mark.at != at);
        vec![Effect::Bookmarks]
    }

    fn selected_bookmark(&self, moment: &Moment<'_>) -> Option<Time> {
        let listing = self.listing(moment, None);
        listing.rows.get(self.level().selection(&listing))?.moment
    }
}
