//! What the contract names: the rows of a report.

use serde::Serialize;

use crate::diagnosis::Severity;
use crate::drill::place::Spot;
use crate::time::Time;

#[derive(Debug, Clone, Serialize)]
pub(super) struct Span {
    pub from: String,
    pub to: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct BookmarkRow {
    pub at: String,
    pub note: String,
}

#[derive(Debug, Clone)]
pub(super) struct Reproduce {
    pub version: &'static str,
    pub commands: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct SourceRow {
    pub path: String,
    pub kind: &'static str,
    pub records: u64,
    pub malformed: u64,
    pub bytes: u64,
    pub lost_bytes: u64,
    pub from: Option<String>,
    pub to: Option<String>,
    pub remark: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct GapRow {
    pub from: String,
    /// Nothing comes after it.
    pub to: Option<String>,
    pub bytes: u64,
    pub why: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct LimitRow {
    pub value: u64,
    pub origin: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct PeakRow {
    pub at: String,
    pub mean: f64,
    pub low: i64,
    pub high: i64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct AppRow {
    pub application: String,
    pub limit: LimitRow,
    pub ended: u64,
    pub rejected_503_2: u64,
    pub peak: Option<PeakRow>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct PoolPart {
    pub max_bytes: Option<LimitRow>,
    pub cutoff_bytes: LimitRow,
    pub used: Option<UsedRow>,
    pub least_available: Option<AvailableRow>,
    pub connections_refused: u64,
    pub tags: Vec<TagRow>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct UsedRow {
    pub at: String,
    pub last_bytes: u64,
    pub peak_bytes: u64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct AvailableRow {
    pub at: String,
    pub bytes: i64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct TagRow {
    pub tag: String,
    pub nonpaged_bytes: u64,
    /// When it was listed.
    pub at: String,
    pub bytes_per_minute: Option<f64>,
    pub driver: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct SlotsRow {
    pub slots: &'static str,
    pub limit: LimitRow,
    pub requests: u64,
    pub turned_away: u64,
    pub peak: Option<PeakRow>,
    pub by_type: Vec<TypeRow>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct TypeRow {
    pub r#type: &'static str,
    pub requests: u64,
    pub turned_away: u64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct ReasonRow {
    pub reason: String,
    pub count: u64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct StoryRow {
    pub claim: String,
    pub severity: &'static str,
    /// The cause first.
    pub findings: Vec<usize>,
    #[serde(skip)]
    pub level: Severity,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct FindingRow {
    pub rule: &'static str,
    pub severity: &'static str,
    pub title: String,
    pub detail: String,
    pub first: String,
    pub last: String,
    /// When it set in: once after each quiet while.
    pub onsets: Vec<String>,
    pub count: u64,
    pub evidence: Vec<EvidenceRow>,
    pub rules_out: Vec<String>,
    pub remedies: Vec<RemedyRow>,
    pub verify: Option<RemedyRow>,
    pub sources: &'static [&'static str],
    #[serde(skip)]
    pub level: Severity,
    #[serde(skip)]
    pub when: (Time, Time),
    #[serde(skip)]
    pub onset_times: Vec<Time>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct EvidenceRow {
    pub path: String,
    /// 0 while a log that was begun ahead of what stands before has not been read to its beginning.
    pub line: u64,
    pub text: String,
    #[serde(skip)]
    pub spot: Spot,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct RemedyRow {
    pub text: String,
    pub command: Option<String>,
    pub caution: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct NotKnowableRow {
    pub rule: &'static str,
    pub why: &'static str,
}
