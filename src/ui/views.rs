//! The levels of the drilldown: what each shows, what it must have read for it, and what is behind its rows.

mod apps;
pub mod ask;
mod bookmarks;
pub(in crate::ui) mod capacity;
mod changed;
mod executing;
mod findings;
mod lines;
mod machine;
mod ns;
mod pool;
mod source;
pub(in crate::ui) mod sources;

use std::borrow::Cow;
use std::ops::Range;

pub use ask::{Ask, Job, Reply};
pub use capacity::When;
pub use changed::Changed;
use changed::about as changed_about;
pub(in crate::ui) use changed::{propose as propose_change, summary as changed_summary};
pub use executing::Executing;
pub(in crate::ui) use executing::summary as executing_summary;

use super::listing::{Cell, Column, ListRow, Listing, Width};
use super::state::Bookmark;
use super::theme::Role;
use crate::diagnosis::capacity::{Chosen, Target};
use crate::diagnosis::{Diagnosis, Subject};
use crate::drill::Answer;
use crate::drill::group::Group;
use crate::drill::matching::{About, By};
use crate::engine::Moment;
use crate::record::{Origin, SourceId};
use crate::time::{Time, Zone};
use crate::timeline::tally::NsRequest;

/// Lines that a list of lines reads at most.
const MOST_LINES: usize = 2000;
/// Rows that a list shows at most.
pub(super) const MOST_ROWS: usize = 20_001;

/// A level of the drilldown.
#[derive(Debug, Clone, PartialEq)]
pub enum View {
    /// All applications.
    Apps,
    /// An application's requests, grouped.
    AppGroups {
        /// Its name.
        app: String,
        /// What they are grouped by.
        by: By,
    },
    /// All pool tags.
    Tags,
    /// One pool tag: its driver and its history.
    Tag([u8; 4]),
    /// The types of request that take slots.
    NsTypes,
    /// One type's requests, grouped.
    NsGroups {
        /// The type.
        request: NsRequest,
        /// What they are grouped by.
        by: By,
    },
    /// Everything that is wrong.
    Findings,
    /// One finding with its evidence and remedies.
    Finding {
        /// Its rule.
        rule: &'static str,
        /// What it is about.
        subject: Subject,
    },
    /// The lines of all logs.
    Log,
    /// Raw lines of a group.
    Lines {
        /// What they are about.
        about: About,
        /// The group.
        only: Option<(By, Vec<u8>)>,
    },
    /// Raw lines of a group in a stretch of time of its own.
    LinesWithin {
        /// What they are about.
        about: About,
        /// The group.
        only: Option<(By, Vec<u8>)>,
        /// When.
        times: Range<Time>,
    },
    /// Two stretches of time side by side.
    Changed(Box<Changed>),
    /// The moments that somebody marked.
    Bookmarks,
    /// One record, whole.
    Record {
        /// Where it stands.
        origin: Origin,
        /// When it happened.
        time: Time,
    },
    /// All files.
    Sources,
    /// Everything about one file, with its malformed lines.
    Source(SourceId),
    /// What was looked for on the machine.
    Machine,
    /// The requests that IIS executes.
    Executing,
    /// Whether a limit is enough, and which would be.
    Capacity {
        /// Whose limit.
        target: Target,
        /// Numbers in the place of those measured.
        chosen: Chosen,
        /// Of which seconds.
        when: When,
    },
}

/// What a level is drawn from.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The moment looked at.
    pub moment: &'a Moment<'a>,
    /// Seconds before the moment that are looked at.
    pub window: i64,
    /// The zone that times are shown in.
    pub zone: Zone,
    /// Cells from left to right.
    pub width: u16,
    /// What was read again for it.
    pub reply: Option<&'a Reply>,
    /// The requests that IIS executes.
    pub executing: &'a Executing,
    /// The moments that somebody marked.
    pub bookmarks: &'a [Bookmark],
    /// Of a list that is read from its end, so many rows are enough.
    pub rows: usize,
    /// What is wrong, where it is known already: it is looked for once a frame at most.
    pub diagnosis: Option<&'a Diagnosis>,
}

impl Look<'_> {
    /// What is wrong.
    fn diagnosis(&self) -> Cow<'_, Diagnosis> {
        self.diagnosis.map_or_else(|| Cow::Owned(Diagnosis::of(self.moment)), Cow::Borrowed)
    }

    /// The stretch of time that is looked at.
    #[must_use]
    pub fn times(&self) -> Range<Time> {
        self.moment.at.plus(-self.window * 1000)..self.moment.at.plus(1)
    }
}

impl View {
    /// Its name in the path at the top of the screen.
    #[must_use]
    pub fn title(&self, moment: &Moment<'_>) -> String {
        match self {
            Self::Apps => String::from("Requests by application"),
            Self::AppGroups { app, by } => format!("{app} by {}", by.name()),
            Self::Tags => String::from("Pool tags"),
            Self::Tag(tag) => format!("Tag {}", String::from_utf8_lossy(tag).trim_end()),
            Self::NsTypes => String::from("NS slots by request type"),
            Self::NsGroups { request, by } => format!("{} by {}", request.name(), by.name()),
            Self::Findings => String::from("Findings"),
            Self::Finding { rule, .. } => format!("Finding {rule}"),
            Self::Log => String::from("Log"),
            Self::Lines { only: Some((by, key)), .. } | Self::LinesWithin { only: Some((by, key)), .. } => {
                format!("{} {}", by.name(), String::from_utf8_lossy(key))
            }
            Self::Lines { about: About::Counter(path), .. } => format!("Lines with {path}"),
            Self::Lines { about: About::TurnedAway(_), .. } => String::from("Turned away for other reasons"),
            Self::Lines { .. } | Self::LinesWithin { .. } => String::from("Lines"),
            Self::Changed(_) => String::from("What changed"),
            Self::Bookmarks => String::from("Bookmarks"),
            Self::Record { origin, .. } => lines::place(moment, *origin),
            Self::Sources => String::from("Sources"),
            Self::Source(id) => {
                let name = moment.sources.get(id).map(crate::engine::source::Source::name).unwrap_or_default();
                format!("File {name}")
            }
            Self::Machine => String::from("This machine"),
            Self::Executing => String::from("Executing on this server"),
            Self::Capacity { target, .. } => capacity::title(moment, target),
        }
    }

    /// What must be read again to show it.
    #[must_use]
    pub fn ask(&self, look: &Look<'_>) -> Option<Ask> {
        let times = look.times();
        match self {
            Self::AppGroups { app, by } => Some(Ask::Groups { about: About::App(app.clone()), by: *by, times }),
            Self::NsGroups { request, by } => Some(Ask::Groups { about: About::Ns(*request), by: *by, times }),
            // All that was logged by the moment: the latest lines are the interesting ones, however old.
            Self::Log => Some(Ask::Latest { until: times.end, most: MOST_LINES }),
            Self::Lines { about, only } => {
                Some(Ask::Lines { about: about.clone(), only: only.clone(), times: lines::times(look, about) })
            }
            Self::LinesWithin { .. } | Self::Changed(_) => self.fixed_ask(),
            Self::Record { origin, time } => Some(Ask::Record(*origin, *time)),
            Self::Finding { rule, subject } => findings::evidence(look, rule, subject).map(Ask::Texts),
            Self::Source(id) => Some(Ask::Texts(source::malformed_places(look.moment, *id))),
            Self::Capacity { target, when, .. } => capacity::ask(look, target, when),
            Self::Apps
            | Self::Tags
            | Self::Tag(_)
            | Self::NsTypes
            | Self::Findings
            | Self::Sources
            | Self::Machine
            | Self::Bookmarks
            | Self::Executing => None,
        }
    }

    /// The same for levels that do not follow the moment looked at; `None` for all others.
    fn fixed_ask(&self) -> Option<Ask> {
        match self {
            Self::LinesWithin { about, only, times } => {
                Some(Ask::Lines { about: about.clone(), only: only.clone(), times: times.clone() })
            }
            Self::Changed(changed) => changed.ask(),
            _ => None,
        }
    }

    /// The list that it shows.
    #[must_use]
    pub fn listing(&self, look: &Look<'_>) -> Listing {
        match self {
            Self::Apps => apps::all(look),
            Self::AppGroups { .. } | Self::NsGroups { .. } => self.groups(look),
            Self::Tags => pool::tags(look),
            Self::Tag(tag) => pool::history(look, *tag),
            Self::NsTypes => ns::types(look),
            Self::Findings => findings::all(look),
            Self::Finding { rule, subject } => findings::one(look, rule, subject),
            Self::Log | Self::Lines { .. } | Self::LinesWithin { .. } => lines::lines(look),
            Self::Changed(changed) => changed::listing(look, changed),
            Self::Bookmarks => bookmarks::all(look),
            Self::Record { origin, .. } => lines::record(look, *origin),
            Self::Sources => sources::all(look),
            Self::Source(id) => source::one(look, *id),
            Self::Machine => machine::all(look),
            Self::Executing => executing::all(look),
            Self::Capacity { target, chosen, when } => capacity::parameters(look, target, chosen, when),
        }
    }

    /// The grouping that follows, where the level has one.
    #[must_use]
    pub fn regrouped(&self) -> Option<Self> {
        let next = |by: By| {
            let at = By::ALL.iter().position(|b| *b == by).unwrap_or(0);
            By::ALL.get((at + 1) % By::ALL.len()).copied().unwrap_or(by)
        };
        match self {
            Self::AppGroups { app, by } => Some(Self::AppGroups { app: app.clone(), by: next(*by) }),
            Self::NsGroups { request, by } => Some(Self::NsGroups { request: *request, by: next(*by) }),
            _ => None,
        }
    }

    fn by(&self) -> Option<By> {
        match self {
            Self::AppGroups { by, .. } | Self::NsGroups { by, .. } => Some(*by),
            _ => None,
        }
    }

    /// The level behind a group of this one.
    fn lines_of(&self, key: &[u8]) -> Option<Self> {
        let about = match self {
            Self::AppGroups { app, .. } => About::App(app.clone()),
            Self::NsGroups { request, .. } => About::Ns(*request),
            _ => return None,
        };
        Some(Self::Lines { about, only: self.by().map(|by| (by, key.to_vec())) })
    }

    /// Rows grouped: the same list for an application and for a type of NS request.
    fn groups(&self, look: &Look<'_>) -> Listing {
        let columns = vec![
            Column::text(self.by().map_or("", By::name), Width::Fill),
            // Over the window, not in the second of the list before.
            Column::number("avg in flight", 13),
            Column::number("ended", 7),
            Column::number("503", 8),
            Column::number("mean s", 8),
            Column::number("max s", 8),
        ];
        let Some(Reply::Groups(answer)) = look.reply else { return waiting(columns) };
        let rows = answer.rows.iter().take(MOST_ROWS).map(|group| group_row(group, self.lines_of(&group.key))).collect();
        Listing { columns, rows, note: note(answer, MOST_ROWS), is_text: false }
    }
}

fn group_row(group: &Group, behind: Option<View>) -> ListRow {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds, to show with one decimal")]
    let seconds = |millis: u64| millis as f64 / 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "a mean to show with one decimal")]
    let mean = group.longest.filter(|_| group.count > 0).map(|_| seconds(group.total) / group.count as f64);
    let secs = |value: Option<f64>| {
        value.map_or_else(|| Cell { number: Some(-1.0), ..Cell::text("-") }, |v| Cell::number(v, format!("{v:.1}")))
    };
    let cells = vec![
        Cell::bytes(&group.key),
        Cell::number(group.in_flight, format!("{:.1}", group.in_flight)),
        Cell::count(group.count),
        Cell::count(group.turned_away),
        secs(mean),
        secs(group.longest.map(seconds)),
    ];
    let row = ListRow::new(cells, behind);
    if group.turned_away > 0 { row.role(Role::Critical) } else { row }
}

fn waiting(columns: Vec<Column>) -> Listing {
    Listing { columns, note: Some(String::from("reading the logs")), ..Listing::default() }
}

fn note<T>(answer: &Answer<T>, most: usize) -> Option<String> {
    if let Some(missing) = answer.missing.first() {
        return Some(missing.clone());
    }
    let cut = (answer.cut && answer.rows.len() >= MOST_LINES) || answer.rows.len() > most;
    cut.then(|| format!("only {} of them are shown", answer.rows.len().min(most)))
}

/// A page of text to read, wrapped to the width of the screen.
struct Page {
    rows: Vec<ListRow>,
    width: usize,
}

impl Page {
    fn new(look: &Look<'_>) -> Self {
        Self { rows: Vec::new(), width: usize::from(look.width).saturating_sub(4) }
    }

    fn text(&mut self, text: &str, role: Role) {
        for line in wrapped(text, self.width) {
            self.rows.push(ListRow::new(vec![Cell::text(line)], None).role(role));
        }
    }

    fn heading(&mut self, text: &str) {
        self.rows.push(ListRow::new(vec![Cell::text("")], None));
        self.text(text, Role::Title);
    }

    /// A line of a log, with what is behind it.
    fn line(&mut self, text: String, target: View) {
        self.rows.push(ListRow::new(vec![Cell::text(text)], Some(target)).role(Role::Accent));
    }
}

/// Cuts a text into lines of at most `width` cells, at spaces where there are any.
pub(in crate::ui) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(20);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        while word.len() > width {
            lines.push(word.drain(..width).collect());
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        used += word.len();
        line.extend(word);
    }
    lines.push(line);
    lines
}
