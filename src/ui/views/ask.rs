//! What must be read again for a level, as a question, as work for another thread, and as an answer.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{MOST_LINES, View};
use crate::diagnosis::capacity::Target;
use crate::drill::compare::Comparison;
use crate::drill::group::Group;
use crate::drill::matching::{About, By};
use crate::drill::place::Spot;
use crate::drill::{Answer, Plan, RawLine, ReadLog};
use crate::engine::Moment;
use crate::record::Origin;
use crate::time::Time;

/// What must be read again for a level.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Rows grouped.
    Groups {
        /// What they are about.
        about: About,
        /// What they are grouped by.
        by: By,
        /// When.
        times: Range<Time>,
    },
    /// Rows as they stand.
    Lines {
        /// What they are about.
        about: About,
        /// The group.
        only: Option<(By, Vec<u8>)>,
        /// When.
        times: Range<Time>,
    },
    /// Two stretches of time side by side.
    Compare {
        /// What they are about.
        about: About,
        /// How it was.
        before: Range<Time>,
        /// How it is since.
        during: Range<Time>,
    },
    /// The last lines of all logs.
    Latest {
        /// Only lines before this moment.
        until: Time,
        /// How many at most.
        most: usize,
    },
    /// Lines whose places are known.
    Texts(Vec<(Origin, Time)>),
    /// One record with the header in force.
    Record(Origin, Time),
}

/// What was read again.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Rows grouped.
    Groups(Answer<Group>),
    /// Rows as they stand.
    Lines(Answer<RawLine>),
    /// Two stretches of time side by side.
    Compared(Box<Comparison>),
    /// One record, and the header lines in force where it stands.
    Record(Answer<RawLine>, Vec<u8>),
}

/// A question with everything that is needed to answer it elsewhere. Nothing was read to make it.
pub struct Job {
    work: Work,
    /// Set when nobody wants the answer any more.
    pub given_up: Arc<AtomicBool>,
}

enum Work {
    Groups(Plan, By),
    Lines(Plan, usize),
    Compare(Plan, Plan),
    Texts(Vec<Spot>),
    Record(Spot),
}

impl Reply {
    /// Whether nothing was missing that it was to be read from.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Groups(answer) => answer.missing.is_empty(),
            Self::Lines(answer) | Self::Record(answer, _) => answer.missing.is_empty(),
            Self::Compared(told) => told.missing.is_empty(),
        }
    }
}

impl Ask {
    /// What must be done to answer.
    #[must_use]
    pub fn job(&self, moment: &Moment<'_>) -> Job {
        let spot = |(origin, time): &(Origin, Time)| Spot::new(moment, *origin, *time);
        let work = match self {
            Self::Groups { about, by, times } => Work::Groups(Plan::new(moment, about.clone(), times.clone(), None), *by),
            Self::Lines { about, only, times } => {
                Work::Lines(Plan::new(moment, about.clone(), times.clone(), only.clone()), MOST_LINES)
            }
            Self::Compare { about, before, during } => {
                let plan = |times: &Range<Time>| Plan::new(moment, about.clone(), times.clone(), None);
                Work::Compare(plan(before), plan(during))
            }
            Self::Latest { until, most } => Work::Lines(Plan::latest(moment, Time::MIN..*until, *most), *most),
            Self::Texts(places) => Work::Texts(places.iter().map(spot).collect()),
            Self::Record(origin, time) => Work::Record(spot(&(*origin, *time))),
        };
        Job { work, given_up: Arc::default() }
    }

    /// Whether only time has moved on since another question was asked.
    #[must_use]
    pub fn follows(&self, before: &Self) -> bool {
        let long = |times: &Range<Time>| times.end.since(times.start);
        match (self, before) {
            (Self::Groups { about, by, times }, Self::Groups { about: about_before, by: by_before, times: then }) => {
                about == about_before && by == by_before && long(times) == long(then)
            }
            (Self::Lines { about, only, times }, Self::Lines { about: about_before, only: only_before, times: then }) => {
                // What is told from its beginning on only gets longer.
                let goes_on = long(times) == long(then) || times.start == then.start;
                about == about_before && only == only_before && goes_on
            }
            (Self::Latest { most, .. }, Self::Latest { most: before, .. }) => most == before,
            (Self::Texts(_), Self::Texts(_)) => true,
            _ => self == before,
        }
    }

    /// Whether it is one that a level asks. The window may have moved on since; what it is about may not.
    #[must_use]
    pub fn is_of(&self, view: &View) -> bool {
        match (view, self) {
            (View::AppGroups { app, by }, Self::Groups { about, by: asked, .. }) => {
                *about == About::App(app.clone()) && by == asked
            }
            (View::NsGroups { request, by }, Self::Groups { about, by: asked, .. }) => {
                *about == About::Ns(*request) && by == asked
            }
            (View::Capacity { target: Target::App(app), .. }, Self::Groups { about, by, .. }) => {
                *about == About::App(app.clone()) && *by == By::Client
            }
            (View::Lines { about, only }, Self::Lines { about: asked, only: group, .. }) => about == asked && only == group,
            (View::LinesWithin { .. } | View::Changed(_), _) => view.fixed_ask().as_ref() == Some(self),
            (View::Record { origin, .. }, Self::Record(asked, _)) => origin == asked,
            (View::Log, Self::Latest { .. }) | (View::Finding { .. } | View::Source(_), Self::Texts(_)) => true,
            _ => false,
        }
    }

    /// The moment that its answer is of; `None` where the answer is the same at any.
    #[must_use]
    pub fn at(&self) -> Option<Time> {
        match self {
            Self::Groups { times, .. } | Self::Lines { times, .. } => Some(times.end.plus(-1)),
            Self::Latest { until, .. } => Some(until.plus(-1)),
            Self::Compare { .. } | Self::Texts(_) | Self::Record(..) => None,
        }
    }
}

impl Job {
    /// Whether lines are asked for as they stand.
    #[must_use]
    pub fn is_of_lines(&self) -> bool {
        matches!(self.work, Work::Lines(..))
    }

    /// Whether its answer is that of another job, as far as that is known before anything is read.
    #[must_use]
    pub fn is_answered_by(&self, other: &Self) -> bool {
        match (&self.work, &other.work) {
            (Work::Lines(plan, most), Work::Lines(known, before)) => most == before && plan.has_the_lines_of(known),
            _ => false,
        }
    }

    /// Reads and decodes, on any thread; `None` if it was given up meanwhile.
    #[must_use]
    pub fn run(&self, reader: &dyn ReadLog) -> Option<Reply> {
        match &self.work {
            Work::Groups(plan, by) => plan.groups(*by, reader, &self.given_up).map(Reply::Groups),
            Work::Lines(plan, most) => plan.lines(*most, reader, &self.given_up).map(Reply::Lines),
            Work::Compare(before, during) => {
                let told = Comparison::read(before, during, reader, &self.given_up);
                told.map(Box::new).map(Reply::Compared)
            }
            Work::Texts(spots) => self.texts(spots, reader).map(Reply::Lines),
            Work::Record(spot) => {
                let line = self.texts(std::slice::from_ref(spot), reader)?;
                Some(Reply::Record(line, spot.header(reader)))
            }
        }
    }

    fn texts(&self, spots: &[Spot], reader: &dyn ReadLog) -> Option<Answer<RawLine>> {
        let (mut rows, mut missing) = (Vec::new(), BTreeSet::new());
        for spot in spots {
            if self.given_up.load(Ordering::Relaxed) {
                return None;
            }
            match spot.line(reader) {
                Ok(line) => rows.push(line),
                Err(why) => _ = missing.insert(why),
            }
        }
        Some(Answer { rows, missing, cut: false })
    }
}

#[cfg(test)]
mod tests;
