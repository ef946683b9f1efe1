//! What a log is like: its kind, how much of it was understood, and how it fares.

use std::path::PathBuf;

use super::{Health, Opened};
use crate::formats::lines::Line;
use crate::formats::{Hints, Kind};
use crate::record::{Position, Record};
use crate::time::Time;

/// Malformed lines of a log that are remembered to be looked at; the count goes on.
const MOST_MALFORMED: usize = 1000;

/// A log that was met.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it lies, or its name in an archive.
    pub path: PathBuf,
    /// Its kind as far as it is known.
    pub kind: Kind,
    /// How it fares.
    pub health: Health,
    /// How many logs lay at its path before it.
    pub generation: u32,
    /// Its size when it was met.
    pub size: u64,
    /// Bytes taken in.
    pub bytes: u64,
    /// Records found.
    pub records: u64,
    /// Lines that should have been records and are none.
    pub malformed: u64,
    /// The first of these lines, and what is wrong with each.
    pub malformed_lines: Vec<(Position, &'static str)>,
    /// Bytes that were cut off before anyone could read them.
    pub lost: u64,
    /// Bytes of a line that has no end yet.
    pub pending: u64,
    /// NUL bytes that were skipped.
    pub nul_bytes: u64,
    /// A sentence about the log as a whole.
    pub remark: Option<&'static str>,
    /// What is wrong with the file itself: it is not what was recorded.
    pub damage: Option<String>,
    /// The times of its first and last record.
    pub span: Option<(Time, Time)>,
    /// When something was last heard of it.
    pub heard: Time,
    /// Drivers of pool tags that it names.
    pub tag_names: Vec<([u8; 4], Box<str>, Box<str>)>,
    /// What was known besides its bytes, such as the zone of its local times.
    pub hints: Hints,
}

impl Source {
    pub(super) fn new(opened: Opened, heard: Time) -> Self {
        Self {
            path: opened.path,
            kind: Kind::Unknown,
            health: Health::Loading,
            generation: opened.generation,
            size: opened.size,
            bytes: 0,
            records: 0,
            malformed: 0,
            malformed_lines: Vec::new(),
            lost: 0,
            pending: 0,
            nul_bytes: 0,
            remark: None,
            damage: None,
            span: None,
            heard,
            tag_names: Vec::new(),
            hints: opened.hints,
        }
    }

    pub(super) fn count(&mut self, record: &Record<'_>) {
        self.records += u64::from(record.fact.is_row());
        if record.fact.has_time() {
            let time = record.time;
            self.span = Some(self.span.map_or((time, time), |(a, b)| (a.min(time), b.max(time))));
        }
    }

    pub(super) fn malformed(&mut self, line: Line<'_>, why: &'static str) {
        self.malformed += 1;
        if self.malformed_lines.len() < MOST_MALFORMED {
            self.malformed_lines.push((Position { offset: line.offset, len: line.len, line: line.number }, why));
        }
    }

    pub(super) fn tag_name(&mut self, tag: [u8; 4], driver: &str, description: &str) {
        self.tag_names.push((tag, driver.into(), description.into()));
    }

    /// What its reader should know: why it cannot be read, or what is odd about it.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        match &self.health {
            Health::Denied(why) | Health::Unreachable(why) => Some(why.clone()),
            _ => self.damage.clone().or_else(|| self.remark.map(str::to_owned)),
        }
    }

    /// Its path for people, with `/` or `\\` as the system has it.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}
