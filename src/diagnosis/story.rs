//! Findings that tell of one thing are one story: its cause first, and under it what follows from it.

use super::finding::{Finding, Severity};

/// What happened, in one sentence, with the findings that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// One sentence, with its numbers.
    pub claim: String,
    /// That of the worst of its findings.
    pub severity: Severity,
    /// The cause first, then what follows from it, or adds to it; never empty.
    pub findings: Vec<Finding>,
}

impl Story {
    fn of(findings: Vec<Finding>) -> Option<Self> {
        let claim = findings.first()?.title.clone();
        let severity = findings.iter().map(|finding| finding.severity).min()?;
        Some(Self { claim, severity, findings })
    }
}

/// Puts findings together: the worst story first, then the one that was seen last.
pub(super) fn gather(findings: Vec<Finding>) -> Vec<Story> {
    let mut stories: Vec<Story> = findings.into_iter().filter_map(|finding| Story::of(vec![finding])).collect();
    let key = |story: &Story| {
        let (first, last) = (story.findings.iter().map(|f| f.first).min(), story.findings.iter().map(|f| f.last).max());
        (story.severity, std::cmp::Reverse(last), first, story.findings.first().map(|f| f.rule))
    };
    stories.sort_by_key(key);
    stories
}
