//! The one small file of a recording that is none of Windows' own: title, zone, the limits with their origins, and what was recorded
//! when, by whom, with its gaps. The recorder writes it, [`super::load`] reads it.

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::engine::Gap;
use crate::inventory::Item;
use crate::limits::{Given, Limit, parse_size};
use crate::time::{Time, When, Zone};

/// The manifest's name in the folder or archive.
pub const MANIFEST: &str = "manifest.toml";
/// The layout that this program writes and reads.
const SCHEMA: &str = "why503/recording/1";
/// What all layouts begin with.
const KIND: &str = "why503/recording/";

/// What a manifest says.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// What the recording shows.
    pub title: String,
    /// What happens in it.
    pub story: String,
    /// The zone of its logs in local time.
    pub zone: Option<Zone>,
    /// The first moment that it tells of in full.
    pub from: Option<Time>,
    /// The last moment.
    pub to: Option<Time>,
    /// Limits, with where they came from.
    pub limits: Given,
    /// Paths of applications that were given.
    pub apps: Vec<String>,
    /// What was looked for on the machine that was recorded.
    pub machine: Vec<Item>,
    /// The moments that somebody marked, with their notes: anybody's words.
    pub bookmarks: Vec<Bookmark>,
    /// What a recorder wrote down of its work; empty in a folder of logs that somebody put together by hand.
    pub work: Work,
}

/// A moment that somebody marked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// The moment.
    pub at: Stamp,
    /// What was noted.
    #[serde(default)]
    pub note: String,
}

/// What a recorder did: as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// When it recorded. One that was ended by force has a last run without an end.
    #[serde(default, rename = "run", skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    /// The files that it wrote.
    #[serde(default, rename = "file", skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Written>,
    /// When it could not.
    #[serde(default, rename = "gap", skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Hole>,
}

/// A stretch of time in which a recorder was at work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it began.
    pub from: Stamp,
    /// When it ended; nothing while it goes on, or if it was ended by force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Stamp>,
    /// The machine.
    pub host: String,
    /// The process.
    pub process: u32,
    /// The program's version.
    pub version: String,
    /// Client addresses, user names and query values are pseudonyms.
    #[serde(default)]
    pub redacted: bool,
}

/// A file of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Where it lies in the folder, with `/`.
    pub path: String,
    /// The log whose lines it holds.
    pub origin: String,
    /// The log's kind.
    #[serde(default)]
    pub kind: String,
    /// The first `bytes` bytes of the file were there when this was written, and `crc32` is theirs.
    pub bytes: u64,
    /// See `bytes`; hexadecimal.
    pub crc32: String,
    /// When the first of it was heard.
    pub from: Stamp,
    /// When the last of it was heard.
    pub to: Stamp,
    /// The time of its earliest row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_from: Option<Stamp>,
    /// The time of its latest row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_to: Option<Stamp>,
    /// Bytes of a line that had no end when the recording ended: they are not in the file.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub half: u64,
    /// When the log was last written as it was met: a listing has no other time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Stamp>,
}

/// A stretch of time of which something is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// When it begins.
    pub from: Stamp,
    /// When it ends.
    pub to: Stamp,
    /// Bytes of logs that are missing, as far as anyone knows.
    pub bytes: u64,
    /// The reason.
    pub why: String,
}

impl Written {
    /// Takes note of the times of rows.
    pub fn saw(&mut self, rows: Rows) {
        let Some((from, to)) = rows else { return };
        self.rows_from = Some(self.rows_from.map_or(Stamp(from), |before| before.min(Stamp(from))));
        self.rows_to = self.rows_to.max(Some(Stamp(to)));
    }

    /// The time that it tells of: that of its rows, else of when it was written.
    #[must_use]
    pub fn span(&self) -> (Stamp, Stamp) {
        self.rows_from.zip(self.rows_to).unwrap_or((self.from, self.to))
    }
}

/// The times of the earliest and the latest of some rows.
pub type Rows = Option<(Time, Time)>;

/// The times of the rows of both.
#[must_use]
pub fn hull(a: Rows, b: Rows) -> Rows {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A moment, written to the second as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Stamp(pub Time);

impl From<Stamp> for String {
    fn from(stamp: Stamp) -> Self {
        stamp.0.rfc3339()
    }
}

impl TryFrom<String> for Stamp {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match When::parse(&text) {
            Ok(When::At(time)) => Ok(Self(time)),
            Ok(When::Clock(_)) => Err(format!("{text:?} needs a date, as in 2009-10-09T09:25:00Z")),
            Err(why) => Err(why),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Raw {
    recording: RawRecording,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    machine: Vec<Item>,
    #[serde(default, rename = "bookmark", skip_serializing_if = "Vec::is_empty")]
    bookmarks: Vec<Bookmark>,
    #[serde(flatten)]
    work: Work,
}

#[derive(Serialize, Deserialize, Default)]
struct RawRecording {
    schema: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    story: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Stamp>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct RawLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    app_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_limit_origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_slots: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_slots_origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_slots: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_slots_origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool_max: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool_max_origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool_cutoff: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool_cutoff_origin: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    apps: Vec<String>,
}

/// The schema alone, to tell a newer layout before anything else is wrong with it.
#[derive(Deserialize)]
struct Head {
    recording: HeadRecording,
}

#[derive(Deserialize)]
struct HeadRecording {
    schema: String,
}

/// A manifest of a layout that came after this program.
#[derive(Debug, thiserror::Error)]
#[error("{MANIFEST}: {0} is of a newer why503: this one reads {SCHEMA}")]
pub struct Newer(String);

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is no TOML, of a newer kind ([`Newer`]), or a value cannot be.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let head: Head = toml::from_str(text).context(MANIFEST)?;
        let schema = head.recording.schema;
        if schema != SCHEMA {
            let number = schema.strip_prefix(KIND).and_then(|number| number.parse::<u32>().ok());
            if number.is_some_and(|number| number > 1) {
                return Err(Newer(schema).into());
            }
            anyhow::bail!("{MANIFEST}: {schema:?} is no schema that this program knows: it reads {SCHEMA}");
        }
        let raw: Raw = toml::from_str(text).context(MANIFEST)?;
        let size = |text: Option<String>| -> anyhow::Result<Option<u64>> {
            text.map(|t| parse_size(&t).with_context(|| format!("{MANIFEST}: {t:?} is no size: write 128MB"))).transpose()
        };
        let limit = |value: Option<u64>, origin: Option<String>| {
            value.map(|value| Limit::new(value, origin.unwrap_or_else(|| String::from(MANIFEST))))
        };
        let limits = raw.limits;
        Ok(Self {
            title: raw.recording.title,
            story: raw.recording.story,
            zone: raw.recording.zone.map(|z| Zone::parse(&z)).transpose().context(MANIFEST)?,
            from: raw.recording.from.map(|s| s.0),
            to: raw.recording.to.map(|s| s.0),
            limits: Given {
                app_limit: limit(limits.app_limit, limits.app_limit_origin),
                config_slots: limit(limits.config_slots, limits.config_slots_origin),
                package_slots: limit(limits.package_slots, limits.package_slots_origin),
                pool_max: limit(size(limits.pool_max)?, limits.pool_max_origin),
                pool_cutoff: limit(size(limits.pool_cutoff)?, limits.pool_cutoff_origin),
            },
            apps: limits.apps,
            machine: raw.machine,
            bookmarks: raw.bookmarks,
            work: raw.work,
        })
    }

    /// The manifest of a recording's folder; `None` where there is none, or one that cannot be read.
    #[must_use]
    pub fn of_folder(folder: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(folder.join(MANIFEST)).ok()?).ok()
    }

    /// The manifest as text.
    ///
    /// # Errors
    /// When a value cannot be written as TOML.
    pub fn render(&self) -> anyhow::Result<String> {
        let split = |limit: &Option<Limit>| limit.clone().map(|l| (l.value, l.origin)).unzip();
        let sizes = |limit: &Option<Limit>| limit.clone().map(|l| (format!("{} B", l.value), l.origin)).unzip();
        let given = &self.limits;
        let (app_limit, app_limit_origin) = split(&given.app_limit);
        let (config_slots, config_slots_origin) = split(&given.config_slots);
        let (package_slots, package_slots_origin) = split(&given.package_slots);
        let (pool_max, pool_max_origin) = sizes(&given.pool_max);
        let (pool_cutoff, pool_cutoff_origin) = sizes(&given.pool_cutoff);
        let raw = Raw {
            recording: RawRecording {
                schema: String::from(SCHEMA),
                title: self.title.clone(),
                story: self.story.clone(),
                zone: self.zone.map(|zone| zone.to_string()),
                from: self.from.map(Stamp),
                to: self.to.map(Stamp),
            },
            limits: RawLimits {
                app_limit,
                app_limit_origin,
                config_slots,
                config_slots_origin,
                package_slots,
                package_slots_origin,
                pool_max,
                pool_max_origin,
                pool_cutoff,
                pool_cutoff_origin,
                apps: self.apps.clone(),
            },
            machine: self.machine.clone(),
            bookmarks: self.bookmarks.clone(),
            work: self.work.clone(),
        };
        Ok(toml::to_string(&raw)?)
    }
}

impl Work {
    /// What is missing, by time: what the recorder could not write, and when none was at work between two runs.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = self
            .gaps
            .iter()
            .map(|hole| Gap { from: hole.from.0, to: Some(hole.to.0), bytes: hole.bytes, why: hole.why.clone() })
            .collect();
        for pair in self.runs.windows(2) {
            let [before, after] = pair else { continue };
            let from = before.to.map_or_else(|| self.last_heard(before.from.0, after.from.0), |to| to.0);
            if after.from.0.since(from) >= 1000 {
                gaps.push(Gap { from, to: Some(after.from.0), bytes: 0, why: String::from("nothing was recorded") });
            }
        }
        if let Some(last) = self.runs.last().filter(|run| run.to.is_none()) {
            let from = self.last_heard(last.from.0, Time::MAX);
            let why = "the recorder was ended by force, or is still at work: up to the last 2 s are missing";
            gaps.push(Gap { from, to: None, bytes: 0, why: String::from(why) });
        }
        gaps.sort_by_key(|gap| gap.from);
        gaps
    }

    /// When a run that has no end last heard something, as far as the files tell.
    fn last_heard(&self, from: Time, until: Time) -> Time {
        self.files.iter().map(|file| file.to.0).filter(|to| (from..until).contains(to)).max().unwrap_or(from)
    }
}

#[cfg(test)]
mod tests;
