//! What a log is like: its kind, how much of it was understood, and how it fares.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::arrivals::Arrivals;
use super::{Health, LeftOut, Opened};
use crate::formats::ledger::Ledger;
use crate::formats::lines::Line;
use crate::formats::pool_tag_names::TagNames;
use crate::formats::{Hints, Kind};
use crate::record::{Position, Record};
use crate::time::Time;

/// The name that the vital signs of the machine that watches have among the logs.
pub const VITALS: &str = "vitals.csv";

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
    /// Its bytes lie in a file, or an archive.
    pub has_file: bool,
    /// Its size when it was met.
    pub size: u64,
    /// Bytes taken in. What was read again, since a hole was filled late, counts again.
    pub bytes: u64,
    /// Where the bytes taken in went.
    pub ledger: Ledger,
    /// Records found.
    pub records: u64,
    /// Lines that should have been records and are none.
    pub malformed: u64,
    /// The first of these lines, and what is wrong with each.
    pub malformed_lines: Vec<(Position, &'static str)>,
    /// Bytes that were cut off before anyone could read them: at least so many, since more may have been written unseen.
    pub lost: u64,
    /// Bytes of lines that never got their ends: their file was deleted.
    pub torn: u64,
    /// Where it was begun ahead of what stands before, and how many lines stand before each, as far as they have been counted. From there
    /// on, lines are counted from there.
    pub begun: BTreeMap<u64, Option<u64>>,
    /// Bytes of a line that has no end yet, besides those taken in.
    pub half: u64,
    /// How often it was there again after it had gone, or could not be read.
    pub reopened: u32,
    /// How its rows come in.
    pub arrivals: Arrivals,
    /// Rows of the arrival that is being taken in, and the times of the oldest and the newest.
    arriving: (u64, Option<(Time, Time)>),
    /// The version of IIS that it says wrote it.
    pub iis: Option<(u8, u8)>,
    /// The machine that it says it is of, in lower case.
    pub host: Option<Box<str>>,
    /// A sentence about the log as a whole.
    pub remark: Option<&'static str>,
    /// What is wrong with the file itself: it is not what was recorded.
    pub damage: Option<String>,
    /// The times of its first and last record.
    pub span: Option<(Time, Time)>,
    /// When something was last heard of it.
    pub heard: Time,
    /// Drivers of pool tags that it names.
    pub tag_names: TagNames,
    /// What was known besides its bytes, such as the zone of its local times.
    pub hints: Hints,
}

/// Has a span reach a moment.
#[inline]
fn widen(span: &mut Option<(Time, Time)>, time: Time) {
    let (first, last) = span.get_or_insert((time, time));
    if time < *first {
        *first = time;
    } else if time > *last {
        *last = time;
    }
}

impl Source {
    pub(super) fn new(opened: Opened, heard: Time) -> Self {
        Self {
            path: opened.path,
            kind: Kind::Unknown,
            health: Health::Loading,
            generation: opened.generation,
            has_file: opened.has_file,
            size: opened.size,
            bytes: 0,
            records: 0,
            malformed: 0,
            malformed_lines: Vec::new(),
            ledger: Ledger::default(),
            lost: 0,
            torn: 0,
            begun: BTreeMap::new(),
            half: 0,
            reopened: 0,
            arrivals: Arrivals::default(),
            arriving: (0, None),
            iis: None,
            host: None,
            remark: None,
            damage: None,
            span: None,
            heard,
            tag_names: TagNames::default(),
            hints: opened.hints,
        }
    }

    /// Adds what another engine knows of other parts of the same log.
    pub(super) fn merge(&mut self, other: Self) {
        self.kind = if self.kind == Kind::Unknown { other.kind } else { self.kind };
        if matches!(other.health, Health::Denied(_)) {
            self.health = other.health;
        }
        self.bytes += other.bytes;
        self.ledger = self.ledger.plus(other.ledger);
        self.records += other.records;
        self.malformed += other.malformed;
        self.malformed_lines.extend(other.malformed_lines);
        self.malformed_lines.sort_unstable();
        self.malformed_lines.truncate(MOST_MALFORMED);
        self.iis = self.iis.or(other.iis);
        for (offset, lines) in other.begun {
            let mine = self.begun.entry(offset).or_default();
            *mine = mine.or(lines);
        }
        self.remark = self.remark.or(other.remark);
        self.span = match (self.span, other.span) {
            (Some((from, to)), Some((first, last))) => Some((from.min(first), to.max(last))),
            (one, another) => one.or(another),
        };
    }

    #[inline]
    pub(super) fn count(&mut self, record: &Record<'_>) {
        let rows = u64::from(record.fact.is_row());
        self.records += rows;
        self.arriving.0 += rows;
        if record.fact.has_time() {
            widen(&mut self.arriving.1, record.time);
            widen(&mut self.span, record.time);
        }
    }

    /// Counts records that happened when the one before them did.
    pub(super) fn count_more(&mut self, records: u32) {
        self.records += u64::from(records);
        self.arriving.0 += u64::from(records);
    }

    /// What was counted since the last call came in, unless it was there when the log was met.
    pub(super) fn arrived(&mut self, heard: Time, was_there: bool) {
        let (records, times) = std::mem::take(&mut self.arriving);
        if records > 0 && !was_there {
            self.arrivals.came(heard, records, times);
        }
    }

    pub(super) fn fares(&mut self, health: Health) {
        let was_away = matches!(self.health, Health::Waiting | Health::Denied(_) | Health::Unreachable(_) | Health::Draining);
        if was_away && self.bytes > 0 && matches!(health, Health::Following | Health::Loading) {
            self.reopened += 1;
        }
        self.health = health;
    }

    /// Whether it only says that something is there, or is not: no bytes ever come of it.
    #[must_use]
    pub fn is_sign(&self) -> bool {
        matches!(self.health, Health::Unmatched | Health::LeftOut(..))
    }

    /// Whether it tells of the machine that watches, and not of what is watched: logs that ended long ago are looked at where they
    /// end, however the machine fares now.
    #[must_use]
    pub fn is_beside(&self) -> bool {
        !self.has_file && self.path.as_os_str() == VITALS
    }

    pub(super) fn malformed(&mut self, line: Line<'_>, why: &'static str) {
        self.malformed += 1;
        if self.malformed_lines.len() < MOST_MALFORMED {
            self.malformed_lines.push((line.position(), why));
        }
    }

    pub(super) fn tag_name(&mut self, tag: [u8; 4], driver: &str, description: &str) {
        self.tag_names.add(tag, driver, description);
    }

    /// What its reader should know: why it cannot be read, what is odd about it, or how its rows come sooner. `now` is the time
    /// on the wall.
    #[must_use]
    pub fn problem(&self, now: Time) -> Option<String> {
        match &self.health {
            Health::Denied(why) | Health::Unreachable(why) => Some(why.clone()),
            Health::Unmatched => Some(String::from("nothing matches yet: it is looked for again and again")),
            Health::LeftOut(why, n) => {
                let (what, because) = match why {
                    LeftOut::Compressed => ("compressed", "what was followed was counted before"),
                    LeftOut::Older => ("older", "why503 watch PATH reads them"),
                };
                let (files, are) = if *n == 1 { ("file", "is") } else { ("files", "are") };
                Some(format!("{n} {what} {files} {are} not read: {because}"))
            }
            _ => self.damage.clone().or_else(|| self.remark.map(str::to_owned)).or_else(|| self.delay(now)),
        }
    }

    /// A sentence about rows that come late, or too soon.
    fn delay(&self, now: Time) -> Option<String> {
        if self.arrivals.ahead() > 300_000 {
            let minutes = self.arrivals.ahead() / 60_000;
            return Some(format!("its rows are {minutes} min ahead of the clock: is the zone right (--tz)?"));
        }
        let late = self.arrivals.late(now).filter(|late| (10_000..900_000).contains(late))? / 1000;
        match self.kind {
            Kind::W3c => Some(format!(
                "rows come up to {late} s late: netsh http flush logbuffer writes those that HTTP.sys keeps back; \
                 flushByEntryCountW3CLog=\"1\" on logFile writes each at once (IIS 8.5 and later)"
            )),
            Kind::HttpErr => {
                Some(format!("rows come up to {late} s late: netsh http flush logbuffer writes those that HTTP.sys keeps back"))
            }
            _ => None,
        }
    }

    /// The number of the line that stands at a place; `None` while those before it have not been counted.
    #[must_use]
    pub fn line_number(&self, position: Position) -> Option<u64> {
        match self.begun.range(..=position.offset).next_back() {
            Some((_, before)) => Some((*before)? + position.line),
            None => Some(position.line),
        }
    }

    /// Its path for people, with `/` or `\\` as the system has it.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}
