//! Every rule, held to incidents. A folder in `incidents/` holds logs, as they lie on a server, and `expect.toml`: what must be found in
//! them. `<name>-quiet/` is its quiet twin: logs that look much the same, in which the same rules must find nothing. A folder
//! `quiet-<name>/` has no twin: nothing at all may alarm anybody in it.
//!
//! An incident names each finding of the rules that it is about; what other rules find in it is theirs. `count`, `first`, `last`
//! and the rest are asserted where they stand in the file. A `[[story]]` says which rules tell it, the cause first; then all stories
//! are named. `[numbers]` are parts of the JSON report by their pointers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/logs.rs"]
mod logs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use logs::Logs;
use serde::Deserialize;
use why503::diagnosis::capacity::{Capacity, Chosen, Target};
use why503::diagnosis::change::Change;
use why503::diagnosis::{Diagnosis, Finding, RULES, Severity, Subject, findings};
use why503::drill::place::Spot;
use why503::engine::{Envelope, Moment, Payload};
use why503::inventory::Item;
use why503::limits::{Given, Limit, Limits, parse_size};
use why503::record::{Origin, SourceId};
use why503::report::Report;
use why503::time::{Time, When, Zone};
use why503::timeline::tally::NsRequest;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incident {
    /// What happens in it.
    title: String,
    #[serde(default)]
    flags: Flags,
    /// By name: the bytes of each file.
    #[serde(skip)]
    files: BTreeMap<String, Vec<u8>>,
    #[serde(default, rename = "finding")]
    findings: Vec<Expected>,
    #[serde(default, rename = "story")]
    stories: Vec<Told>,
    /// What is known of the machine.
    #[serde(default)]
    machine: Vec<Item>,
    #[serde(default)]
    numbers: BTreeMap<String, toml::Value>,
    /// Rules that must say that they cannot know.
    #[serde(default)]
    not_knowable: BTreeSet<String>,
    /// A part of what is said of clients that were turned away for reasons that no rule explains.
    untold: Option<String>,
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
    /// Where the maximum comes from, in a recording.
    pool_max_origin: Option<String>,
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
    /// Parts of what it is not, each of one sentence; all sentences are named.
    rules_out: Option<Vec<String>>,
    /// Parts of how to see that it helped.
    #[serde(default)]
    verify: Vec<String>,
    /// Lines that prove it, each as it stands in its log.
    evidence: Option<Vec<String>>,
    /// How many lines prove it.
    lines: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    /// Its rules, the cause first.
    rules: Vec<String>,
    severity: String,
    /// Parts of the sentence that tells it.
    #[serde(default)]
    claim: Vec<String>,
}

impl Incident {
    fn load(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("expect.toml")).unwrap();
        let mut incident: Self = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        incident.name = folder.file_name().unwrap().to_string_lossy().into_owned();
        incident.files = files_in(folder, folder);
        incident.files.remove("expect.toml");
        assert!(!incident.files.is_empty(), "{}: no log lies in it", incident.name);
        incident
    }

    fn limits(&self) -> Limits {
        let size = |text: &Option<String>| text.as_ref().map(|text| parse_size(text).unwrap());
        let limit = |value: Option<u64>, flag: &str| value.map(|value| Limit::new(value, flag));
        let given = Given {
            app_limit: limit(self.flags.app_limit, "--app-limit"),
            config_slots: limit(self.flags.config_slots, "--config-slots"),
            package_slots: limit(self.flags.package_slots, "--package-slots"),
            pool_max: limit(size(&self.flags.pool_max), self.flags.pool_max_origin.as_deref().unwrap_or("--pool-max")),
            pool_cutoff: limit(size(&self.flags.pool_cutoff), "--pool-cutoff"),
        };
        Limits { given, ..Limits::default() }
    }

    /// Reads the files in pieces of `piece` bytes: configurations first, then the logs in the order of their names, or backwards.
    fn read(&self, piece: usize, backwards: bool) -> Logs {
        let mut logs = Logs::new(self.limits(), &self.flags.apps);
        let payload = Payload::Inventory(self.machine.clone());
        logs.engine.take(Envelope { heard: Time::MIN, source: SourceId(u32::MAX), payload });
        let mut files: Vec<(u32, &String, &Vec<u8>)> =
            (0..).zip(&self.files).map(|(id, (name, text))| (id, name, text)).collect();
        if backwards {
            files.reverse();
        }
        files.sort_by_key(|(_, name, _)| Path::new(name).extension().is_none_or(|e| e != "config"));
        for (id, name, text) in files {
            logs.read(id, name, text.chunks(piece));
        }
        logs
    }

    /// What the rules that it is about find in it.
    fn found(&self, logs: &Logs, at: Time) -> Vec<Finding> {
        let rules: BTreeSet<&str> = self.findings.iter().map(|f| f.rule.as_str()).collect();
        findings(&logs.engine.moment(at)).into_iter().filter(|f| rules.contains(f.rule)).collect()
    }
}

/// The files under a folder by their names in it.
fn files_in(top: &Path, folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_in(top, &path));
        } else {
            let parts: Vec<_> = path.strip_prefix(top).unwrap().iter().map(|part| part.to_string_lossy()).collect();
            files.insert(parts.join("/"), fs::read(&path).unwrap());
        }
    }
    files
}

/// The names of all folders of incidents.
fn names() -> BTreeSet<String> {
    fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/incidents")
}

/// Incidents with their twins, by the order of their names.
fn incidents() -> Vec<(Incident, Incident)> {
    let (twins, names): (BTreeSet<String>, BTreeSet<String>) =
        names().into_iter().filter(|name| !name.starts_with("quiet-")).partition(|name| name.ends_with("-quiet"));
    let expected: BTreeSet<String> = names.iter().map(|name| format!("{name}-quiet")).collect();
    assert_eq!(twins, expected, "every incident has a quiet twin, and every twin an incident");
    let load = |name: &str| Incident::load(&folder().join(name));
    names.iter().map(|name| (load(name), load(&format!("{name}-quiet")))).collect()
}

/// Folders in which nothing may alarm anybody.
fn quiet() -> Vec<Incident> {
    names().into_iter().filter(|name| name.starts_with("quiet-")).map(|name| Incident::load(&folder().join(name))).collect()
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
        if let Some(parts) = &self.rules_out {
            let told = &finding.rules_out;
            let all = parts.len() == told.len() && parts.iter().zip(told).all(|(part, told)| told.contains(part));
            assert!(all, "{name}: {parts:?} are not in {told:?}");
        }
        for part in &self.verify {
            let told = finding.verify.as_ref().map(|r| format!("{} {}", r.text, r.command.as_deref().unwrap_or_default()));
            assert!(told.as_ref().is_some_and(|told| told.contains(part)), "{name}: {part:?} is not in {told:?}");
        }
        if let Some(lines) = self.lines {
            assert_eq!(finding.evidence.len(), lines, "{name}: lines of evidence");
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
        for expected in &incident.findings {
            let is_it = |f: &&Finding| f.rule == expected.rule && subject(&f.subject, &incident) == expected.subject;
            let finding =
                found.iter().find(is_it).unwrap_or_else(|| panic!("{}: no {}: {titles:?}", incident.name, expected.rule));
            expected.check(finding, &incident, &logs);
        }
        let diagnosis = Diagnosis::of(&logs.engine.moment(logs.end()));
        assert!(
            found.iter().all(|finding| diagnosis.findings().any(|told| told == finding)),
            "{}: a finding is in no story",
            incident.name
        );
        if let Some(part) = &incident.untold {
            let untold = diagnosis.untold.map(|untold| untold.sentence);
            assert!(untold.as_ref().is_some_and(|untold| untold.contains(part)), "{}: {untold:?}", incident.name);
        }
        let cannot: BTreeSet<&str> = diagnosis.not_knowable.into_iter().map(|(rule, _)| rule).collect();
        for rule in &incident.not_knowable {
            assert!(cannot.contains(rule.as_str()), "{}: {rule} knows, or claims to", incident.name);
        }
    }
}

#[test]
fn every_story_is_told_as_one() {
    for (incident, twin) in incidents() {
        for incident in [incident, twin].iter().filter(|incident| !incident.stories.is_empty()) {
            let logs = incident.read(usize::MAX, false);
            let told = Diagnosis::of(&logs.engine.moment(logs.end())).stories;
            let rules: Vec<Vec<&str>> = told.iter().map(|story| story.findings.iter().map(|f| f.rule).collect()).collect();
            let wanted: Vec<Vec<&str>> =
                incident.stories.iter().map(|story| story.rules.iter().map(String::as_str).collect()).collect();
            assert_eq!(rules, wanted, "{}", incident.name);
            for (story, wanted) in told.iter().zip(&incident.stories) {
                assert_eq!(story.severity.name(), wanted.severity, "{}: {}", incident.name, story.claim);
                for part in &wanted.claim {
                    assert!(story.claim.contains(part), "{}: {part:?} is not in {:?}", incident.name, story.claim);
                }
            }
        }
    }
}

/// Every word that an administrator reads of every folder: what the rules say changes only where somebody has looked at it.
#[test]
fn what_is_said_of_every_folder_has_been_read() {
    insta::with_settings!({ snapshot_path => "snapshots/incidents", prepend_module_to_snapshot => false, omit_expression => true }, {
        for incident in incidents().into_iter().flat_map(|(incident, twin)| [incident, twin]).chain(quiet()) {
            let logs = incident.read(usize::MAX, false);
            let moment = logs.engine.moment(logs.end());
            let mut told = Report::new(&moment, &logs.shelf, Zone::Utc).text(true);
            for finding in findings(&moment) {
                told += &format!("{}\n", compared(&Change::of_finding(&moment, &finding), &finding));
            }
            told += &capacities(&moment);
            insta::assert_snapshot!(incident.name.as_str(), told);
        }
    });
}

/// The stretches of time that are compared to tell what changed, and why these.
fn compared(change: &Change, finding: &Finding) -> String {
    let stretch = |times: &std::ops::Range<Time>| format!("{} to {}", times.start, times.end);
    let at = change.at.map_or_else(|| String::from("no change can be told"), |at| format!("it changed at {at}"));
    let shortened = if change.shortened { ", which the logs cut short" } else { "" };
    let (series, before, during) = (change.series, stretch(&change.before), stretch(&change.during));
    format!("{}, by {series}: {at}; {before}{shortened}, compared with {during}", finding.rule)
}

/// What an hour's load asks of the limits, and what others would turn away: of the busiest applications, and of the Notification Server.
fn capacities(moment: &Moment<'_>) -> String {
    let mut apps: Vec<(i64, &str)> = moment.timeline.apps().map(|(name, app)| (app.ended(&(i64::MIN..i64::MAX)), name)).collect();
    apps.sort_unstable_by(|a, b| b.cmp(a));
    let apps = apps.into_iter().take(2).map(|(_, name)| Target::App(name.to_owned()));
    let mut told = String::new();
    for target in apps.chain([Target::Ns(NsRequest::GetClientPolicies)]) {
        let Some(capacity) = Capacity::of(moment, &target, 3600).filter(|capacity| capacity.known.arrivals > 0) else { continue };
        told += &format!("{target:?}, enough: {:?}\n  {capacity:.4?}\n", capacity.advised(&target));
        for what_if in capacity.what_ifs(&target, &Chosen::default()) {
            let (share, fits) = (what_if.share_turned_away(), what_if.fits_held());
            told += &format!("  {:.4?}, {share:.4?} turned away{}\n", what_if.what, if fits { "" } else { ", held open" });
        }
    }
    told
}

#[test]
fn the_numbers_of_every_folder_are_those_of_the_report() {
    for incident in incidents().into_iter().flat_map(|(incident, twin)| [incident, twin]).chain(quiet()) {
        let logs = incident.read(usize::MAX, false);
        let report = Report::new(&logs.engine.moment(logs.end()), &logs.shelf, Zone::Utc).json().unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        for (pointer, wanted) in &incident.numbers {
            let wanted = serde_json::to_value(wanted).unwrap();
            assert_eq!(report.pointer(pointer), Some(&wanted), "{}: {pointer}", incident.name);
        }
    }
}

#[test]
fn nothing_alarms_anybody_in_a_quiet_folder() {
    for incident in quiet() {
        let logs = incident.read(usize::MAX, false);
        let diagnosis = Diagnosis::of(&logs.engine.moment(logs.end()));
        let alarms: Vec<&str> = diagnosis.findings().filter(|f| f.severity != Severity::Info).map(|f| f.title.as_str()).collect();
        assert!(alarms.is_empty(), "{} ({}): {alarms:?}", incident.name, incident.title);
        assert_eq!(diagnosis.untold, None, "{}", incident.name);
        all_is_read(&incident, &logs);
    }
}

/// Silence of a file that nobody could read proves nothing.
fn all_is_read(incident: &Incident, logs: &Logs) {
    for source in logs.engine.sources().values() {
        assert!(source.records > 0, "{}: nothing was read in {}", incident.name, source.name());
        assert_eq!(source.malformed, 0, "{}: {}: {:?}", incident.name, source.name(), source.malformed_lines);
    }
}

#[test]
fn every_quiet_twin_stays_silent() {
    for (incident, twin) in incidents() {
        let logs = twin.read(usize::MAX, false);
        let found = incident.found(&logs, logs.end());
        let titles: Vec<&str> = found.iter().map(|f| f.title.as_str()).collect();
        assert!(found.is_empty(), "{}: {titles:?}", twin.name);
        all_is_read(&twin, &logs);
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
            // What is compared with hours is known only when these have come.
            if matches!(finding.rule, "ns-burst" | "ns-slow-clients") {
                continue;
            }
            let after = incident.found(&logs, finding.last);
            assert!(after.iter().any(|f| same(f) && f.count == finding.count), "{}: {}", incident.name, finding.title);
        }
    }
}

#[test]
fn what_the_notification_server_says_later_does_not_count_before() {
    let incident = Incident::load(&folder().join("pool-is-recycled-while-agents-ask"));
    let mut logs = incident.read(usize::MAX, false);
    let (end, before) = (logs.end(), incident.found(&logs, logs.end()));
    // Slots were free then. An hour later they are not.
    let log = "<event date=\"05/19/2008 15:20:00.0000000 +00:00\" severity=\"8\" hostName=\"NS01\" source=\"Altiris.NS.GetClientPolicies\" \
               module=\"w3wp.exe\" process=\"w3wp\" pid=\"1200\" tickCount=\"1234567\"><![CDATA[The maximum number of client config requests has been \
               reached. Tune the core setting \"MaxConcurrentConfigRequests\" for optimal performance. (Max: 10)]]></event>\r\n";
    logs.read(9, "a.log", [log.as_bytes()]);
    assert_eq!(incident.found(&logs, end), before);
    let later = incident.found(&logs, logs.end());
    assert_eq!((before[0].severity, later[0].severity), (Severity::Info, Severity::Critical), "{}", later[0].title);
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
                let log = String::from_utf8_lossy(log);
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
