//! Triage without a screen: what a moment says, as text, JSON, Markdown or HTML.
//!
//! [`Report`] is the contract: fields may be added, never renamed. Unknown is `null`, never a made-up number.

mod charts;
mod files;
mod findings;
mod html;
mod json;
mod machine;
mod markdown;
mod outline;
mod pools;
mod rows;
mod svg;
mod text;

use charts::Charts;
use machine::MachineRow;
use pools::PoolRow;
use rows::{
    AppRow, AvailableRow, BookmarkRow, EvidenceRow, FindingRow, GapRow, LimitRow, NotKnowableRow, PeakRow, PoolPart, ReasonRow,
    RemedyRow, Reproduce, SlotsRow, SourceRow, Span, StoryRow, TagRow, TypeRow, UsedRow,
};
use serde::Serialize;

use crate::diagnosis::{self, Diagnosis, Remedy, Story};
use crate::drill::ReadLog;
use crate::drill::place::Spot;
use crate::engine::source::Source;
use crate::engine::{Gap, Moment};
use crate::limits::Limit;
use crate::pool::Pool;
use crate::record::{Origin, Slots};
use crate::slots::SlotUse;
use crate::time::{Time, Zone};
use crate::timeline::in_flight::Peak;
use crate::timeline::{App, POOL_USED};

/// Pool tags that a report lists.
const MOST_TAGS: usize = 10;

/// Everything a moment says.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    schema: &'static str,
    /// Names and addresses in it are pseudonyms.
    redacted: bool,
    span: Option<Span>,
    sources: Vec<SourceRow>,
    /// Stretches of time of which something is missing.
    gaps: Vec<GapRow>,
    requests: Vec<AppRow>,
    /// Application pools, as their counters say; not there if there are no such counters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pools: Vec<PoolRow>,
    pool: PoolPart,
    ns_slots: Vec<SlotsRow>,
    turned_away: Vec<ReasonRow>,
    /// What happened: the worst first, each with its findings by their places in the list that follows.
    stories: Vec<StoryRow>,
    findings: Vec<FindingRow>,
    not_knowable: Vec<NotKnowableRow>,
    /// What was looked for on the machine; not there if nothing was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    machine: Vec<MachineRow>,
    /// Clients turned away that no finding tells of.
    untold: Option<String>,
    /// Moments that somebody marked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bookmarks: Vec<BookmarkRow>,
    /// How it was made.
    #[serde(skip)]
    reproduce: Option<Reproduce>,
    #[serde(skip)]
    zone: Zone,
    #[serde(skip)]
    charts: Charts,
}

impl Report {
    /// What a moment says. Lines of evidence are read again through `reader`; `zone` is for the text form only.
    #[must_use]
    pub fn new(moment: &Moment<'_>, reader: &dyn ReadLog, zone: Zone) -> Self {
        Self::without_texts(moment, zone).with_texts(reader)
    }

    /// What a moment says, but for the lines of evidence: nothing is read.
    #[must_use]
    pub fn without_texts(moment: &Moment<'_>, zone: Zone) -> Self {
        let diagnosis = Diagnosis::of(moment);
        Self {
            schema: "why503/report/1",
            redacted: false,
            span: moment
                .timeline
                .span()
                .map(|(from, to)| Span { from: from.rfc3339(), to: to.min(moment.at).max(from).rfc3339() }),
            sources: files::of(moment),
            gaps: moment.gaps.iter().map(gap_row).collect(),
            requests: moment.timeline.apps().map(|(name, app)| app_row(moment, name, app)).collect(),
            pools: pools::of(moment),
            pool: pool(moment),
            ns_slots: SlotUse::all(moment).iter().map(|slots| slots_row(moment, slots)).collect(),
            turned_away: diagnosis::turned_away(moment).into_iter().map(|(reason, count)| ReasonRow { reason, count }).collect(),
            stories: story_rows(&diagnosis.stories),
            findings: diagnosis.stories.into_iter().flat_map(|story| story.findings).map(|f| finding(moment, f)).collect(),
            not_knowable: diagnosis.not_knowable.into_iter().map(|(rule, why)| NotKnowableRow { rule, why }).collect(),
            machine: moment.inventory.iter().map(MachineRow::of).collect(),
            untold: diagnosis.untold.map(|untold| untold.sentence),
            bookmarks: Vec::new(),
            reproduce: None,
            zone,
            charts: Charts::of(moment),
        }
    }

    /// The same with the lines of evidence, read on any thread.
    #[must_use]
    pub fn with_texts(mut self, reader: &dyn ReadLog) -> Self {
        for row in self.findings.iter_mut().flat_map(|finding| &mut finding.evidence) {
            row.text = match row.spot.text(reader) {
                Ok(text) => String::from_utf8_lossy(&text).into_owned(),
                Err(why) => why,
            };
        }
        self
    }

    /// Says of what it tells whether names and addresses are pseudonyms.
    #[must_use]
    pub fn of_redacted(self, redacted: bool) -> Self {
        Self { redacted, ..self }
    }

    /// With moments that somebody marked.
    #[must_use]
    pub fn with_bookmarks(self, bookmarks: impl IntoIterator<Item = (Time, String)>) -> Self {
        let row = |(at, note): (Time, String)| BookmarkRow { at: at.rfc3339(), note };
        Self { bookmarks: bookmarks.into_iter().map(row).collect(), ..self }
    }

    /// With the commands that make it again.
    #[must_use]
    pub fn reproduced_by(self, commands: Vec<String>) -> Self {
        Self { reproduce: Some(Reproduce { version: env!("CARGO_PKG_VERSION"), commands }), ..self }
    }

    /// As one JSON object, with a line feed. Control and direction characters of a log are escaped.
    ///
    /// # Errors
    /// Never for what [`Report::new`] makes.
    pub fn json(&self) -> serde_json::Result<String> {
        json::render(self)
    }

    /// As text for people; `ascii` keeps it to ASCII.
    #[must_use]
    pub fn text(&self, ascii: bool) -> String {
        text::render(self, ascii)
    }

    /// As Markdown. Nothing of a log is obeyed as such: what might be stands in code, or behind a backslash.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::render(self)
    }

    /// As one HTML page that needs no script, no network and no other file.
    #[must_use]
    pub fn html(&self) -> String {
        html::render(self)
    }
}

fn gap_row(gap: &Gap) -> GapRow {
    GapRow { from: gap.from.rfc3339(), to: gap.to.map(Time::rfc3339), bytes: gap.bytes, why: gap.why.clone() }
}

fn limit_row(limit: Limit) -> LimitRow {
    LimitRow { value: limit.value, origin: limit.origin }
}

fn peak_row(peak: Peak) -> PeakRow {
    let at = Time::from_second(peak.second).rfc3339();
    PeakRow { at, mean: peak.point.mean, low: peak.point.low, high: peak.point.high }
}

fn app_row(moment: &Moment<'_>, name: &str, app: &App) -> AppRow {
    let end = moment.at.second() + 1;
    AppRow {
        application: name.to_owned(),
        limit: limit_row(moment.limits.app(name)),
        ended: count(app.ended(&(i64::MIN..end))),
        rejected_503_2: app.by_status.get(&(503, Some(2))).map_or(0, |s| count(s.sum(i64::MIN..end))),
        peak: if app.timed { app.in_flight.peak(end).map(peak_row) } else { None },
    }
}

fn count(sum: i64) -> u64 {
    u64::try_from(sum).unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of a pool, never negative")]
fn bytes(value: f64) -> u64 {
    value as u64
}

fn pool(moment: &Moment<'_>) -> PoolPart {
    let pool = Pool::of(moment);
    let samples = moment.timeline.counter(POOL_USED).map(|s| s.upto(moment.at)).unwrap_or_default();
    let most = samples.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    PoolPart {
        used: pool.used.zip(most).map(|((at, last), (_, most))| UsedRow {
            at: at.rfc3339(),
            last_bytes: bytes(last),
            peak_bytes: bytes(most),
        }),
        least_available: most.zip(pool.max.as_ref()).map(|((at, most), max)| AvailableRow {
            at: at.rfc3339(),
            bytes: i64::try_from(max.value).unwrap_or(i64::MAX) - i64::try_from(bytes(most)).unwrap_or(i64::MAX),
        }),
        connections_refused: diagnosis::refused_within(moment, &(i64::MIN..moment.at.second() + 1)),
        tags: pool
            .tags
            .iter()
            .take(MOST_TAGS)
            .map(|tag| TagRow {
                tag: String::from_utf8_lossy(&tag.tag).into_owned(),
                nonpaged_bytes: bytes(tag.bytes),
                at: tag.at.rfc3339(),
                bytes_per_minute: tag.forecast(moment).trend().map(|trend| trend.mid),
                driver: Some(tag.driver.clone()).filter(|d| !d.is_empty()),
            })
            .collect(),
        max_bytes: pool.max.map(limit_row),
        cutoff_bytes: limit_row(pool.cutoff),
    }
}

fn slots_row(moment: &Moment<'_>, slots: &SlotUse) -> SlotsRow {
    SlotsRow {
        slots: match slots.slots {
            Slots::Config => "config",
            Slots::PackageInfo => "package-info",
        },
        limit: limit_row(slots.limit.clone()),
        requests: slots.types.iter().map(|t| t.requests).sum(),
        turned_away: slots.turned_away(),
        peak: slots.peak(moment).map(peak_row),
        by_type: slots
            .types
            .iter()
            .map(|t| TypeRow { r#type: t.request.name(), requests: t.requests, turned_away: t.turned_away })
            .collect(),
    }
}

fn story_rows(stories: &[Story]) -> Vec<StoryRow> {
    let mut next = 0;
    let row = |story: &Story| {
        let from = next;
        next += story.findings.len();
        StoryRow {
            claim: story.claim.clone(),
            severity: story.severity.name(),
            findings: (from..next).collect(),
            level: story.severity,
        }
    };
    stories.iter().map(row).collect()
}

fn remedy_row(remedy: Remedy) -> RemedyRow {
    RemedyRow { text: remedy.text, command: remedy.command, caution: remedy.caution }
}

fn finding(moment: &Moment<'_>, finding: diagnosis::Finding) -> FindingRow {
    FindingRow {
        rule: finding.rule,
        severity: finding.severity.name(),
        title: finding.title,
        detail: finding.detail,
        first: finding.first.rfc3339(),
        last: finding.last.rfc3339(),
        onsets: finding.onsets.iter().map(|time| time.rfc3339()).collect(),
        onset_times: finding.onsets,
        count: finding.count,
        evidence: finding.evidence.iter().map(|origin| evidence(moment, *origin, finding.first)).collect(),
        rules_out: finding.rules_out,
        remedies: finding.remedies.into_iter().map(remedy_row).collect(),
        verify: finding.verify.map(remedy_row),
        sources: finding.sources,
        level: finding.severity,
        when: (finding.first, finding.last),
    }
}

fn evidence(moment: &Moment<'_>, origin: Origin, time: Time) -> EvidenceRow {
    let source = moment.sources.get(&origin.source);
    let path = source.map(Source::name).unwrap_or_default();
    let line = source.map_or(Some(origin.position.line), |source| source.line_number(origin.position)).unwrap_or(0);
    EvidenceRow { path, line, text: String::new(), spot: Spot::new(moment, origin, time) }
}
