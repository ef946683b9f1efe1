//! Every rule, held to incidents: `incidents/<name>.toml` holds logs and what must be found in them; `<name>.quiet.toml` holds
//! logs that look much the same, in which the same rules must find nothing.
//!
//! An incident names each finding of the rules that it is about; what other rules find in it is theirs. `count`, `first`, `last`
//! and the rest are asserted where they stand in the file.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/logs.rs"]
mod logs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use logs::Logs;
use serde::Deserialize;
use why503::diagnosis::{Diagnosis, Finding, RULES, Subject, findings};
use why503::drill::place::Spot;
use why503::limits::{Given, Limit, Limits, parse_size};
use why503::record::Origin;
use why503::time::{Time, When};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incident {
    /// What happens in it.
    title: String,
    #[serde(default)]
    flags: Flags,
    /// By name: the text of each file.
    files: BTreeMap<String, String>,
    #[serde(default, rename = "finding")]
    findings: Vec<Expected>,
    /// Rules that must say that they cannot know.
    #[serde(default)]
    not_knowable: BTreeSet<String>,
    #[serde(skip)]
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Flags {
    app_limit: Option<u64>,
    config_slots: Option<u64>,
    package_slots: Option<u64>,
    pool_max: Option<String>,
    pool_cutoff: Option<String>,
    #[serde(default)]
    apps: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    rule: String,
    severity: String,
    /// `app Symantec Web Server/secars`, `pool`, `ns`, `httperr`, `log W3SVC1/ex071113.log`.
    subject: String,
    count: Option<u64>,
    first: Option<String>,
    last: Option<String>,
    onsets: Option<Vec<String>>,
    /// Parts of the title.
    #[serde(default)]
    title: Vec<String>,
    /// Parts of the detail.
    #[serde(default)]
    detail: Vec<String>,
    /// Parts of remedies, of their commands and of their cautions.
    #[serde(default)]
    remedies: Vec<String>,
    /// Lines that prove it, each as it stands in its log.
    evidence: Option<Vec<String>>,
}

impl Incident {
    fn load(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut incident: Self = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        incident.name = path.file_name().unwrap().to_string_lossy().into_owned();
        incident
    }

    fn limits(&self) -> Limits {
        let size = |text: &Option<String>| text.as_ref().map(|text| parse_size(text).unwrap());
        let limit = |value: Option<u64>, flag: &str| value.map(|value| Limit::new(value, flag));
        let given = Given {
            app_limit: limit(self.flags.app_limit, "--app-limit"),
            config_slots: limit(self.flags.config_slots, "--config-slots"),
            package_slots: limit(self.flags.package_slots, "--package-slots"),
            pool_max: limit(size(&self.flags.pool_max), "--pool-max"),
            pool_cutoff: limit(size(&self.flags.pool_cutoff), "--pool-cutoff"),
        };
        Limits { given, ..Limits::default() }
    }

    /// Reads the files in pieces of `piece` bytes: configurations first, then the logs in the order of their names, or backwards.
    fn read(&self, piece: usize, backwards: bool) -> Logs {
        let mut logs = Logs::new(self.limits(), &self.flags.apps);
        let mut files: Vec<(u32, &String, &String)> = (0..).zip(&self.files).map(|(id, (name, text))| (id, name, text)).collect();
        if backwards {
            files.reverse();
        }
        files.sort_by_key(|(_, name, _)| Path::new(name).extension().is_none_or(|e| e != "config"));
        for (id, name, text) in files {
            logs.read(id, name, text.as_bytes().chunks(piece));
        }
        logs
    }

    /// What the rules that it is about find in it.
    fn found(&self, logs: &Logs, at: Time) -> Vec<Finding> {
        let rules: BTreeSet<&str> = self.findings.iter().map(|f| f.rule.as_str()).collect();
        findings(&logs.engine.moment(at)).into_iter().filter(|f| rules.contains(f.rule)).collect()
    }
}

/// Incidents with their twins, by the order of their names.
fn incidents() -> Vec<(Incident, Incident)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/incidents");
    let mut names: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let (twins, names): (BTreeSet<String>, Vec<String>) = {
        let (twins, names): (Vec<String>, Vec<String>) = names.into_iter().partition(|name| name.ends_with(".quiet.toml"));
        (twins.into_iter().collect(), names)
    };
    let twin_of = |name: &String| format!("{}.quiet.toml", name.trim_end_matches(".toml"));
    let expected: BTreeSet<String> = names.iter().map(twin_of).collect();
    assert_eq!(twins, expected, "every incident has a quiet twin, and every twin an incident");
    names.iter().map(|name| (Incident::load(&folder.join(name)), Incident::load(&folder.join(twin_of(name))))).collect()
}

fn subject(subject: &Subject, incident: &Incident) -> String {
    match subject {
        Subject::App(name) => format!("app {name}"),
        Subject::Pool => String::from("pool"),
        Subject::Tag(tag) => format!("tag {}", String::from_utf8_lossy(tag).trim_end()),
        Subject::AppPool(name) => format!("pool {name}"),
        Subject::Site(id) => format!("site {id}"),
        Subject::Sepm => String::from("sepm"),
        Subject::Ns => String::from("ns"),
        Subject::HttpErr => String::from("httperr"),
        Subject::Source(id) => format!("log {}", incident.files.keys().nth(id.0 as usize).unwrap()),
    }
}

fn time(text: &str) -> Time {
    match When::parse(text) {
        Ok(When::At(time)) => time,
        other => panic!("{text} is no moment with a date: {other:?}"),
    }
}

fn text_of(logs: &Logs, origin: Origin) -> String {
    let moment = logs.engine.moment(logs.end());
    String::from_utf8_lossy(&Spot::new(&moment, origin, Time::MIN).text(&logs.shelf).unwrap()).into_owned()
}

impl Expected {
    fn check(&self, finding: &Finding, incident: &Incident, logs: &Logs) {
        let name = format!("{} ({}), {}", incident.name, incident.title, self.rule);
        assert_eq!(finding.rule, self.rule, "{name}");
        assert_eq!(finding.severity.name(), self.severity, "{name}");
        assert_eq!(subject(&finding.subject, incident), self.subject, "{name}");
        if let Some(count) = self.count {
            assert_eq!(finding.count, count, "{name}: count");
        }
        if let Some(first) = &self.first {
            assert_eq!(finding.first, time(first), "{name}: first");
        }
        if let Some(last) = &self.last {
            assert_eq!(finding.last, time(last), "{name}: last");
        }
        if let Some(onsets) = &self.onsets {
            assert_eq!(finding.onsets, onsets.iter().map(|at| time(at)).collect::<Vec<_>>(), "{name}: onsets");
        }
        for part in &self.title {
            assert!(finding.title.contains(part), "{name}: {part:?} is not in {:?}", finding.title);
        }
        for part in &self.detail {
            assert!(finding.detail.contains(part), "{name}: {part:?} is not in {:?}", finding.detail);
        }
        for part in &self.remedies {
            let told = finding.remedies.iter().any(|r| {
                r.text.contains(part)
                    || r.command.as_ref().is_some_and(|c| c.contains(part))
                    || r.caution.is_some_and(|c| c.contains(part))
            });
            assert!(told, "{name}: no remedy says {part:?}: {:?}", finding.remedies);
        }
        if let Some(evidence) = &self.evidence {
            let told: Vec<String> = finding.evidence.iter().map(|origin| text_of(logs, *origin)).collect();
            assert_eq!(&told, evidence, "{name}: evidence");
        }
    }
}

#[test]
fn every_incident_is_found_as_its_file_tells() {
    for (incident, _) in incidents() {
        assert!(!incident.findings.is_empty(), "{} expects nothing", incident.name);
        let logs = incident.read(usize::MAX, false);
        let found = incident.found(&logs, logs.end());
        let titles: Vec<&str> = found.iter().map(|f| f.title.as_str()).collect();
        assert_eq!(found.len(), incident.findings.len(), "{}: {titles:?}", incident.name);
        for (finding, expected) in found.iter().zip(&incident.findings) {
            expected.check(finding, &incident, &logs);
        }
        let cannot: BTreeSet<&str> =
            Diagnosis::of(&logs.engine.moment(logs.end())).not_knowable.into_iter().map(|(rule, _)| rule).collect();
        for rule in &incident.not_knowable {
            assert!(cannot.contains(rule.as_str()), "{}: {rule} knows, or claims to", incident.name);
        }
    }
}

#[test]
fn every_quiet_twin_stays_silent() {
    for (incident, twin) in incidents() {
        let logs = twin.read(usize::MAX, false);
        let found = incident.found(&logs, logs.end());
        let titles: Vec<&str> = found.iter().map(|f| f.title.as_str()).collect();
        assert!(found.is_empty(), "{}: {titles:?}", twin.name);
        // Silence of a file that nobody could read proves nothing.
        for source in logs.engine.sources().values() {
            assert!(source.records > 0, "{}: nothing was read in {}", twin.name, source.name());
            assert_eq!(source.malformed, 0, "{}: {}: {:?}", twin.name, source.name(), source.malformed_lines);
        }
    }
}

#[test]
fn every_rule_has_an_incident_with_a_quiet_twin() {
    let incidents = incidents();
    for rule in RULES {
        let shown = incidents.iter().any(|(incident, _)| incident.findings.iter().any(|f| f.rule == rule.name));
        assert!(shown, "no incident shows {}", rule.name);
    }
    for (incident, _) in &incidents {
        for expected in &incident.findings {
            assert!(RULES.iter().any(|r| r.name == expected.rule), "{}: there is no rule {}", incident.name, expected.rule);
        }
    }
}

#[test]
fn nothing_is_found_before_it_happens_and_all_of_it_when_it_has() {
    for (incident, _) in incidents() {
        let logs = incident.read(usize::MAX, false);
        for finding in incident.found(&logs, logs.end()) {
            let same = |f: &Finding| f.rule == finding.rule && f.subject == finding.subject && f.first == finding.first;
            let before = incident.found(&logs, finding.first.plus(-1));
            assert!(!before.iter().any(same), "{}: {} is found before it happens", incident.name, finding.title);
            let after = incident.found(&logs, finding.last);
            assert!(after.iter().any(|f| same(f) && f.count == finding.count), "{}: {}", incident.name, finding.title);
        }
    }
}

#[test]
fn pieces_and_the_order_of_the_logs_change_no_finding() {
    for (incident, twin) in incidents() {
        for incident in [&incident, &twin] {
            let logs = incident.read(usize::MAX, false);
            let whole = findings(&logs.engine.moment(logs.end()));
            for (piece, backwards) in [(1, false), (7, true), (usize::MAX, true)] {
                let other = incident.read(piece, backwards);
                let found = findings(&other.engine.moment(other.end()));
                assert_eq!(found, whole, "{} in pieces of {piece}, backwards: {backwards}", incident.name);
            }
        }
    }
}

#[test]
fn evidence_is_lines_that_stand_in_the_logs() {
    for (incident, _) in incidents() {
        let logs = incident.read(usize::MAX, false);
        for finding in incident.found(&logs, logs.end()) {
            assert!(!finding.evidence.is_empty(), "{}: {} brings no proof", incident.name, finding.title);
            for origin in &finding.evidence {
                let text = text_of(&logs, *origin);
                let (name, log) = incident.files.iter().nth(origin.source.0 as usize).unwrap();
                let first_line = usize::try_from(origin.position.line - 1).unwrap();
                let line = log.lines().nth(first_line).unwrap();
                assert!(
                    text.starts_with(line),
                    "{}: line {} of {name} is {line:?}, not {text:?}",
                    incident.name,
                    origin.position.line
                );
            }
        }
    }
}
