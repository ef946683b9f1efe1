//! The report as text, for a person at a console.

use std::fmt::Write as _;

use super::pools::PoolRow;
use super::{AppRow, FindingRow, PeakRow, Report, SlotsRow, StoryRow};
use crate::diagnosis::{Severity, megabytes};
use crate::time::Zone;
use crate::ui::text::{Charset, Shown};

/// Columns to wrap at.
const WIDTH: usize = 100;

pub(super) fn render(report: &Report, ascii: bool) -> String {
    let charset = if ascii { Charset::Ascii } else { Charset::Unicode };
    let mut page = Page { out: String::new(), charset, zone: report.zone };
    page.head(report);
    page.findings(report);
    page.requests(report);
    page.pools(report);
    page.pool(report);
    page.slots(report);
    page.turned_away(report);
    page.gaps(report);
    page.sources(report);
    page.machine(report);
    page.out
}

struct Page {
    out: String,
    charset: Charset,
    zone: Zone,
}

impl Page {
    /// A line of the page. Everything passes here, so nothing of a log reaches the terminal as it stands.
    fn line(&mut self, text: &str) {
        let shown = Shown::from_str(text).in_charset(self.charset);
        self.out.push_str(shown.as_str());
        self.out.push('\n');
    }

    fn title(&mut self, text: &str) {
        self.out.push('\n');
        self.line(text);
        self.line(&"-".repeat(text.chars().count()));
    }

    /// Wraps a text; `mark` stands before its first line, and its width before the others.
    fn wrapped(&mut self, mark: &str, text: &str) {
        let rest = " ".repeat(mark.chars().count());
        let mut indent = mark;
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && line.chars().count() + word.chars().count() + 1 > WIDTH - indent.len() {
                self.line(&format!("{indent}{line}"));
                line.clear();
                indent = &rest;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(&format!("{indent}{line}"));
    }

    fn head(&mut self, report: &Report) {
        match &report.span {
            Some(span) => {
                self.line(&format!("why503: {} to {} (times in UTC; local logs read as {})", span.from, span.to, self.zone));
            }
            None => self.line("why503: no record with a time was found"),
        }
        if report.redacted {
            self.line("redacted: names, addresses and query values are pseudonyms");
        }
    }

    /// What the recording does not hold: nothing can be said of these times.
    fn gaps(&mut self, report: &Report) {
        if report.gaps.is_empty() {
            return;
        }
        self.title("Missing in the recording");
        for gap in &report.gaps {
            let to = gap.to.as_deref().unwrap_or("its end");
            let bytes = if gap.bytes > 0 { format!(" ({} bytes of logs)", gap.bytes) } else { String::new() };
            let when = if gap.to.as_ref() == Some(&gap.from) { gap.from.clone() } else { format!("{} to {to}", gap.from) };
            self.wrapped("  ", &format!("{when}: {}{bytes}", gap.why));
        }
    }

    fn findings(&mut self, report: &Report) {
        self.title("Findings");
        let stopped: Vec<&PoolRow> =
            report.pools.iter().filter(|row| row.was.is_some_and(crate::counters::State::is_stopped)).collect();
        let is_quiet = report.untold.is_none() && report.findings.is_empty();
        if is_quiet && report.span.is_none() {
            self.line("Nothing can be said: no record was read from these files.");
        } else if is_quiet && stopped.is_empty() {
            self.line("Nothing is wrong as far as these files can tell.");
        }
        let critical = report.stories.partition_point(|story| story.level == Severity::Critical);
        let (critical, others) = report.stories.split_at_checked(critical).unwrap_or_default();
        for story in critical {
            self.story(report, story);
        }
        if let Some(untold) = &report.untold {
            self.wrapped("!! ", untold);
        }
        for row in stopped {
            let state = row.state.unwrap_or_default();
            self.wrapped("!  ", &format!("application pool {} is {state}: its applications are answered with 503", row.pool));
        }
        for story in others {
            self.story(report, story);
        }
        for row in &report.not_knowable {
            self.line(&format!("?  {}: cannot tell: {}", row.rule, row.why));
        }
    }

    fn story(&mut self, report: &Report, story: &StoryRow) {
        for finding in story.findings.iter().filter_map(|at| report.findings.get(*at)) {
            self.finding(finding);
        }
    }

    fn finding(&mut self, finding: &FindingRow) {
        let mark = match finding.level {
            Severity::Critical => "!!",
            Severity::Warning => "! ",
            Severity::Info => "i ",
        };
        self.line(&format!("{mark} {} [{}, {}]", finding.title, finding.severity, finding.rule));
        let (first, last) = finding.when;
        self.line(&format!("   {} to {}, {} times", self.zone.date_clock(first), self.zone.date_clock(last), finding.count));
        self.wrapped("   ", &finding.detail);
        for line in &finding.evidence {
            let text = line.text.lines().next().unwrap_or_default();
            self.line(&format!("   > {}:{}: {}", line.path, line.line, text));
        }
        for remedy in &finding.remedies {
            self.wrapped("   * ", &remedy.text);
            if let Some(command) = &remedy.command {
                self.line(&format!("       {command}"));
            }
            if let Some(caution) = remedy.caution {
                self.wrapped("     Mind: ", caution);
            }
        }
        self.out.push('\n');
    }

    fn requests(&mut self, report: &Report) {
        if report.requests.is_empty() {
            return;
        }
        self.title("Requests in flight, by application");
        for AppRow { application, limit, ended, rejected_503_2, peak } in &report.requests {
            self.line(&format!(
                "{application}: peak {}, limit {} ({}); {ended} ended, {rejected_503_2} refused with 503.2",
                peak_text(peak.as_ref()),
                limit.value,
                limit.origin
            ));
        }
    }

    /// What was measured of the pools: what stands above it is estimated from the rows of logs.
    fn pools(&mut self, report: &Report) {
        if report.pools.is_empty() {
            return;
        }
        self.title("Application pools, by their counters");
        for PoolRow { pool, executing, queued, rejected, state, was } in &report.pools {
            let mut parts = vec![executing.as_ref().map_or_else(
                || String::from("executing unknown"),
                |most| format!("executing {} at most, at {}", most.peak, most.at),
            )];
            parts.extend(queued.as_ref().map(|most| {
                let of = most.limit.as_ref().map_or_else(String::new, |limit| format!(" of {} ({})", limit.value, limit.origin));
                format!("queued {}{of} at most, at {}", most.peak, most.at)
            }));
            parts.extend(rejected.map(|count| format!("{count} rejected by HTTP.sys")));
            parts.extend(state.filter(|_| !was.is_some_and(crate::counters::State::is_running)).map(String::from));
            self.line(&format!("{pool}: {}", parts.join("; ")));
        }
    }

    fn pool(&mut self, report: &Report) {
        let pool = &report.pool;
        if pool.used.is_none() && pool.connections_refused == 0 && pool.max_bytes.is_none() && pool.tags.is_empty() {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
        let mb = |bytes: u64| megabytes(bytes as f64);
        self.title("Non-paged pool");
        let max = pool
            .max_bytes
            .as_ref()
            .map_or_else(|| String::from("unknown (give --pool-max)"), |max| format!("{} ({})", mb(max.value), max.origin));
        self.line(&format!(
            "maximum {max}; HTTP.sys refuses connections under {} ({})",
            mb(pool.cutoff_bytes.value),
            pool.cutoff_bytes.origin
        ));
        if let Some(used) = &pool.used {
            self.line(&format!("used {} at the end, {} at most", mb(used.last_bytes), mb(used.peak_bytes)));
        }
        if let Some(least) = &pool.least_available {
            #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
            let least_bytes = least.bytes as f64;
            self.line(&format!("least available: {} at {}", megabytes(least_bytes), least.at));
        }
        self.line(&format!("connections refused: {}", pool.connections_refused));
        for tag in &pool.tags {
            let growth = tag
                .bytes_per_minute
                .map_or_else(String::new, |g| format!(", {}{} a minute", if g >= 0.0 { "+" } else { "" }, megabytes(g)));
            let driver = tag.driver.as_deref().unwrap_or("driver unknown");
            self.line(&format!("  {}  {}{growth}  {driver}", tag.tag, mb(tag.nonpaged_bytes)));
        }
    }

    fn slots(&mut self, report: &Report) {
        if report.ns_slots.is_empty() {
            return;
        }
        self.title("Notification Server slots");
        for SlotsRow { slots, limit, requests, turned_away, peak, by_type } in &report.ns_slots {
            self.line(&format!(
                "{slots}: peak {}, limit {} ({}); {requests} logged by IIS, {turned_away} turned away",
                peak_text(peak.as_ref()),
                limit.value,
                limit.origin
            ));
            for row in by_type {
                self.line(&format!("  {}: {} logged by IIS, {} turned away", row.r#type, row.requests, row.turned_away));
            }
        }
    }

    fn turned_away(&mut self, report: &Report) {
        if report.turned_away.is_empty() {
            return;
        }
        self.title("Turned away, by reason");
        for row in &report.turned_away {
            self.line(&format!("{:>8}  {}", row.count, row.reason));
        }
    }

    fn machine(&mut self, report: &Report) {
        if report.machine.is_empty() {
            return;
        }
        self.title("This machine");
        for row in &report.machine {
            let (value, origin) = (row.value.as_deref().unwrap_or_default(), row.origin.as_deref().unwrap_or_default());
            let told = match row.state {
                "found" => format!("{value} ({origin})"),
                "denied" => format!("access denied: {origin}; to grant it: {value}"),
                "missing" if row.looked.is_empty() => String::from("not found"),
                "missing" => format!("not found, looked in {}", row.looked.join(", ")),
                _ => value.to_owned(),
            };
            self.wrapped("  ", &format!("{}: {told}", row.what));
        }
    }

    fn sources(&mut self, report: &Report) {
        self.title("Files");
        for source in &report.sources {
            let mut line = format!("{}: {}, {} records", source.path, source.kind, source.records);
            if source.malformed > 0 {
                let _ = write!(line, ", {} malformed lines", source.malformed);
            }
            if source.lost_bytes > 0 {
                let _ = write!(line, ", {} bytes lost", source.lost_bytes);
            }
            if let (Some(from), Some(to)) = (&source.from, &source.to) {
                let _ = write!(line, ", {from} to {to}");
            }
            self.line(&line);
            if let Some(remark) = &source.remark {
                self.wrapped("  ", remark);
            }
        }
    }
}

fn peak_text(peak: Option<&PeakRow>) -> String {
    peak.map_or_else(|| String::from("unknown"), |p| format!("{:.1} (between {} and {}) at {}", p.mean, p.low, p.high, p.at))
}
