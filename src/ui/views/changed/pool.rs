//! The pool's tags in two stretches of time: who explains how much of its growth.

use super::told::{WORTH, percent, plus};
use super::{Cell, Column, ListRow, Listing, Look, View, Width, share};
use crate::diagnosis::change::Change;
use crate::diagnosis::megabytes;
use crate::engine::Moment;
use crate::time::Time;
use crate::timeline::POOL_USED;

/// What one pool tag held.
struct Held {
    tag: [u8; 4],
    /// Bytes before.
    before: f64,
    /// Bytes since.
    during: f64,
}

impl Held {
    fn change(&self) -> f64 {
        self.during - self.before
    }
}

/// The pool's tags: what they held by the end of each stretch.
pub(super) fn listing(look: &Look<'_>, change: &Change) -> Listing {
    let columns = vec![
        Column::text("pool tag", Width::Fixed(8)),
        Column::number("before", 10),
        Column::number("during", 10),
        Column::number("change", 10),
        Column::number("explains", 8),
        Column::text("driver", Width::Fill),
    ];
    let rows = tags(look.moment, change);
    let whole = used(look.moment, change).map(|(before, during)| during - before);
    let owner_of = look.moment.tag_owners();
    let row = |tag: &Held| {
        let explains = whole.filter(|whole| whole.abs() >= 1.0).map(|whole| tag.change() / whole);
        let listed = look.moment.timeline.tag(tag.tag).map_or("", |history| &history.driver);
        let driver = owner_of(tag.tag, listed).map(|owner| owner.driver.to_string()).unwrap_or_default();
        let bytes = |value: f64| Cell::number(value, megabytes(value));
        let cells = vec![
            Cell::bytes(tag.tag.trim_ascii_end()),
            bytes(tag.before),
            bytes(tag.during),
            Cell::number(tag.change(), format!("{}{}", plus(tag.change()), megabytes(tag.change()))),
            share(explains),
            Cell::text(if driver.is_empty() { String::from("unknown") } else { driver }),
        ];
        ListRow::new(cells, Some(View::Tag(tag.tag)))
    };
    let note = rows.is_empty().then(|| String::from("no poolmon listing tells of both: which tag it is cannot be told"));
    Listing { columns, rows: rows.iter().map(row).collect(), note, is_text: false }
}

/// The change of the pool in words.
pub(super) fn sentence(moment: &Moment<'_>, change: &Change) -> String {
    let Some((before, during)) = used(moment, change) else {
        return String::from("Nothing tells how much of the non-paged pool was in use in both.");
    };
    let whole = during - before;
    let mut text =
        format!("Non-paged pool: from {} to {} ({}{}).", megabytes(before), megabytes(during), plus(whole), megabytes(whole));
    if let Some(tag) = tags(moment, change).first().filter(|tag| whole.abs() >= 1.0 && tag.change() / whole >= WORTH) {
        let name = String::from_utf8_lossy(tag.tag.trim_ascii_end()).into_owned();
        text.push_str(&format!(" {} of that is pool tag {name}.", percent(tag.change() / whole)));
    }
    text
}

/// The last listing of tags in each stretch, else its end: the pool is told of at the same moments as its tags.
fn moments(moment: &Moment<'_>, change: &Change) -> [Time; 2] {
    [&change.before, &change.during].map(|times| {
        let end = times.end.plus(-1);
        let listed = moment.timeline.tags().filter_map(|(_, history)| history.bytes.at(end)).map(|(time, _)| time);
        listed.max().filter(|listed| times.contains(listed)).unwrap_or(end)
    })
}

/// Bytes of the pool in both stretches.
fn used(moment: &Moment<'_>, change: &Change) -> Option<(f64, f64)> {
    let samples = moment.timeline.counter(POOL_USED)?;
    let [before, during] = moments(moment, change).map(|at| samples.at(at).map(|(_, bytes)| bytes));
    before.zip(during)
}

/// The tags that a listing tells of in both stretches, those that explain most of the change first.
fn tags(moment: &Moment<'_>, change: &Change) -> Vec<Held> {
    let [before, during] = moments(moment, change);
    let tags = moment.timeline.tags().filter_map(|(tag, history)| {
        let (_, during) = history.bytes.at(during)?;
        // A tag that no listing before has, though there was one, held nothing.
        let before = history.bytes.at(before).map_or(0.0, |(_, bytes)| bytes);
        Some(Held { tag, before, during })
    });
    let mut tags: Vec<Held> = tags.collect();
    if !tags.iter().any(|tag| tag.before > 0.0) {
        return Vec::new();
    }
    let up = used(moment, change).map_or(1.0, |(before, during)| (during - before).signum());
    tags.sort_by(|a, b| (b.change() * up).total_cmp(&(a.change() * up)).then(a.tag.cmp(&b.tag)));
    tags
}
