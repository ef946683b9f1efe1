//! What a run prints at its end.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::formats::Kind;
use crate::sources::recording::Status;

/// What was counted.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub lines: u64,
    pub malformed: u64,
    pub digest: String,
    pub sources: Vec<SourceSummary>,
    /// How the recording fared, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<Status>,
}

/// What was counted of the logs that lay at one path.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct SourceSummary {
    pub path: String,
    pub kind: String,
    pub lines: u64,
    pub malformed: u64,
    /// Cut off before it could be read: at least so many.
    pub lost_bytes: u64,
    /// Of lines that never got their ends: their file is gone.
    pub torn_bytes: u64,
    /// A line without its end.
    pub pending_bytes: u64,
    /// Why it could not be counted to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl SourceSummary {
    /// Adds what was counted of another log at the same path.
    pub fn add(&mut self, other: &Self) {
        if other.kind != Kind::Unknown.name() || self.kind.is_empty() {
            self.kind.clone_from(&other.kind);
        }
        self.lines += other.lines;
        self.malformed += other.malformed;
        self.lost_bytes += other.lost_bytes;
        self.torn_bytes += other.torn_bytes;
        self.pending_bytes += other.pending_bytes;
        self.problem = other.problem.clone().or(self.problem.take());
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |n: u64, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
        let (records, malformed) = (counted(self.lines, "record"), counted(self.malformed, "malformed line"));
        writeln!(f, "{records}, {malformed}, digest {}", self.digest)?;
        for s in &self.sources {
            write!(f, "{}: {}, {}, {} malformed", s.path, s.kind, counted(s.lines, "record"), s.malformed)?;
            for (bytes, what) in [(s.lost_bytes, "lost"), (s.torn_bytes, "torn"), (s.pending_bytes, "pending")] {
                if bytes > 0 {
                    write!(f, ", {} {what}", counted(bytes, "byte"))?;
                }
            }
            writeln!(f, "{}", s.problem.as_ref().map_or_else(String::new, |why| format!(", {why}")))?;
        }
        self.recording.as_ref().map_or(Ok(()), |recording| writeln!(f, "{recording}"))
    }
}
