//! What a run prints at its end.

use std::fmt;

use serde::Serialize;

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
#[derive(Debug, Default, Serialize)]
pub(super) struct SourceSummary {
    pub path: String,
    pub kind: &'static str,
    pub lines: u64,
    pub malformed: u64,
    /// Cut off before it could be read.
    pub lost_bytes: u64,
    /// A line without its end.
    pub pending_bytes: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} records, {} malformed lines, digest {}", self.lines, self.malformed, self.digest)?;
        self.sources
            .iter()
            .try_for_each(|s| writeln!(f, "{}: {}, {} records, {} malformed", s.path, s.kind, s.lines, s.malformed))?;
        self.recording.as_ref().map_or(Ok(()), |recording| writeln!(f, "{recording}"))
    }
}
