//! The shape of `report --format json`: every field of the contract is there, with its type; unknown is null.

use serde_json::Value;

/// Panics, with the place, where a report is not what the contract says.
pub fn check(report: &Value) {
    let report = At { path: String::from("report"), value: report };
    report.field("schema").is("why503/report/1");
    if let Some(span) = report.field("span").known() {
        span.field("from").time();
        span.field("to").time();
    }
    for source in report.field("sources").rows() {
        source.field("path").text();
        source.field("kind").one_of(&[
            "w3c",
            "httperr",
            "sepm",
            "altiris",
            "pdh-csv",
            "poolmon",
            "pooltag",
            "application-host",
            "core-settings",
            "iis-native",
            "ncsa",
            "iis-binary",
            "blg",
            "spreadsheet",
            "unknown",
        ]);
        for count in ["records", "malformed", "bytes"] {
            source.field(count).count();
        }
        for time in ["from", "to"] {
            if let Some(time) = source.field(time).known() {
                time.time();
            }
        }
    }
    for app in report.field("requests").rows() {
        assert!(app.field("application").text().contains('/'), "{}: an application is <site>/<path>", app.path);
        app.field("limit").limit();
        app.field("ended").count();
        app.field("rejected_503_2").count();
        app.field("peak").peak();
    }
    pool(&report.field("pool"));
    for slots in report.field("ns_slots").rows() {
        slots.field("slots").one_of(&["config", "package-info"]);
        slots.field("limit").limit();
        slots.field("peak").peak();
        let (mut requests, mut turned_away) = (0, 0);
        for kind in slots.field("by_type").rows() {
            kind.field("type").text();
            requests += kind.field("requests").count();
            turned_away += kind.field("turned_away").count();
        }
        assert_eq!(slots.field("requests").count(), requests, "{}: the sum of its types", slots.path);
        assert_eq!(slots.field("turned_away").count(), turned_away, "{}: the sum of its types", slots.path);
    }
    for reason in report.field("turned_away").rows() {
        reason.field("reason").text();
        assert!(reason.field("count").count() > 0, "{}", reason.path);
    }
    for finding in report.field("findings").rows() {
        self::finding(&finding);
    }
}

fn pool(pool: &At<'_>) {
    if let Some(max) = pool.field("max_bytes").known() {
        max.limit();
    }
    pool.field("cutoff_bytes").limit();
    if let Some(used) = pool.field("used").known() {
        used.field("at").time();
        let (last, peak) = (used.field("last_bytes").count(), used.field("peak_bytes").count());
        assert!(last <= peak, "{}: last over peak", used.path);
    }
    if let Some(least) = pool.field("least_available").known() {
        least.field("at").time();
        assert!(least.field("bytes").value.is_i64(), "{}: bytes is no whole number", least.path);
    }
    pool.field("connections_refused").count();
    for tag in pool.field("tags").rows() {
        assert!((1..=4).contains(&tag.field("tag").text().chars().count()), "{}: a tag has four bytes", tag.path);
        tag.field("nonpaged_bytes").count();
        if let Some(growth) = tag.field("bytes_per_minute").known() {
            growth.number();
        }
        if let Some(driver) = tag.field("driver").known() {
            assert!(!driver.text().is_empty(), "{}: unknown is null", driver.path);
        }
    }
}

fn finding(finding: &At<'_>) {
    assert!(!finding.field("rule").text().is_empty());
    finding.field("severity").one_of(&["critical", "warning", "info"]);
    for sentence in ["title", "detail"] {
        assert!(!finding.field(sentence).text().is_empty(), "{}.{sentence} says nothing", finding.path);
    }
    let (first, last) = (finding.field("first").time(), finding.field("last").time());
    assert!(first <= last, "{}: it ends before it begins", finding.path);
    assert!(finding.field("count").count() > 0, "{}: found, but not once", finding.path);
    for line in finding.field("evidence").rows() {
        line.field("path").text();
        assert!(line.field("line").count() > 0, "{}: lines count from 1", line.path);
        line.field("text").text();
    }
    for remedy in finding.field("remedies").rows() {
        assert!(!remedy.field("text").text().is_empty(), "{}", remedy.path);
        for sentence in ["command", "caution"] {
            if let Some(sentence) = remedy.field(sentence).known() {
                assert!(!sentence.text().is_empty(), "{}: unknown is null", sentence.path);
            }
        }
    }
    let sources = finding.field("sources").rows();
    assert!(!sources.is_empty(), "{}: nobody says where this comes from", finding.path);
    for source in sources {
        source.text();
    }
}

/// A value and the way to it.
struct At<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> At<'a> {
    fn field(&self, name: &str) -> Self {
        let value = self.value.get(name);
        assert!(value.is_some(), "{} has no field {name}: {}", self.path, self.value);
        At { path: format!("{}.{name}", self.path), value: value.unwrap_or(&Value::Null) }
    }

    fn rows(&self) -> Vec<At<'a>> {
        assert!(self.value.is_array(), "{} is no list: {}", self.path, self.value);
        let rows = self.value.as_array().into_iter().flatten().enumerate();
        rows.map(|(i, value)| At { path: format!("{}[{i}]", self.path), value }).collect()
    }

    fn known(self) -> Option<Self> {
        (!self.value.is_null()).then_some(self)
    }

    fn text(&self) -> &'a str {
        assert!(self.value.is_string(), "{} is no text: {}", self.path, self.value);
        self.value.as_str().unwrap_or_default()
    }

    fn is(&self, text: &str) {
        assert_eq!(self.text(), text, "{}", self.path);
    }

    fn one_of(&self, texts: &[&str]) {
        assert!(texts.contains(&self.text()), "{} is {}: not one of {texts:?}", self.path, self.value);
    }

    fn count(&self) -> u64 {
        assert!(self.value.is_u64(), "{} is no count: {}", self.path, self.value);
        self.value.as_u64().unwrap_or_default()
    }

    fn number(&self) -> f64 {
        assert!(self.value.is_number(), "{} is no number: {}", self.path, self.value);
        self.value.as_f64().unwrap_or_default()
    }

    /// RFC 3339 in UTC: `2007-11-13T20:01:44Z`. These compare as text.
    fn time(&self) -> &'a str {
        let text = self.text();
        let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00Z", "{} is no time in UTC: {text}", self.path);
        text
    }

    fn limit(&self) {
        self.field("value").count();
        assert!(!self.field("origin").text().is_empty(), "{}: nobody says where it comes from", self.path);
    }

    fn peak(self) {
        let Some(peak) = self.known() else { return };
        peak.field("at").time();
        assert!(peak.field("mean").number() >= 0.0, "{}", peak.path);
        for bound in ["low", "high"] {
            assert!(peak.field(bound).value.is_i64() || peak.field(bound).value.is_u64(), "{}.{bound}", peak.path);
        }
    }
}
