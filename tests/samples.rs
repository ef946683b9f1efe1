//! Real files that lie beside the project on some machines, from the bytes to the report. Nothing of them is in the project.
//!
//! The numbers were counted by hand or with a script that knows nothing of this program: rows whose number of columns is that of
//! the `#Fields` above them (or of a default set), whole `<event>` elements, entries of pooltag.txt, and so on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/contract.rs"]
mod contract;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use why503::engine::Engine;
use why503::limits::Limits;
use why503::report::Report;
use why503::sources::load::Recording;
use why503::sources::shelf::Shelf;
use why503::time::{Time, Zone};

/// Path, kind, records, malformed lines.
const SAMPLES: &[(&str, &str, u64, u64)] = &[
    // The last `</event>` has no line end, and counts.
    ("altiris/pastebin_JLNNXtip_agent_event.log", "altiris", 4, 0),
    ("appcmd/list_requests.txt", "unknown", 0, 3),
    // No header; thirteen columns each.
    ("davidwang-httperr/connections_refused_2005.log", "httperr", 16, 0),
    ("elastic-iis/httperr_test-iis-error-72.log", "httperr", 4, 0),
    ("elastic-iis/httperr_test-iis-error.log", "httperr", 8, 0),
    // No header; fourteen columns.
    ("elastic-iis/httperr_test-ipv6-zone-id_streamid.log", "httperr", 1, 0),
    // No header; all 22 fields of IIS 8.
    ("elastic-iis/w3c_test-iis-8_allfields_nohostheader.log", "w3c", 6, 0),
    ("ground-truth/W3SVC1/u_ex261121.log", "w3c", 6306, 0),
    ("ground-truth/truth.json", "unknown", 0, 1),
    ("lnav-w3c/logfile_w3c.0", "w3c", 1, 0),
    // Oracle's web cache: padded with spaces, quoted columns.
    ("lnav-w3c/logfile_w3c.1", "w3c", 1, 0),
    // FTP of IIS 4: no date column; eleven rows, then another header and three more.
    ("lnav-w3c/logfile_w3c.2", "w3c", 14, 0),
    // Advanced Logging: local time, quoted columns.
    ("lnav-w3c/logfile_w3c.3", "w3c", 3, 0),
    ("lnav-w3c/logfile_w3c.4", "w3c", 2, 0),
    // Seventeen columns under a header of six.
    ("lnav-w3c/logfile_w3c.5", "w3c", 0, 1),
    ("lnav-w3c/logfile_w3c.6", "w3c", 1, 0),
    ("lnav-w3c/logfile_w3c_big.0", "w3c", 210, 0),
    ("logjoint-tests/iis_native_format.log", "iis-native", 0, 10),
    ("mizosk-pdhcsv/test_data_small.csv", "pdh-csv", 30, 0),
    // typeperf's farewell is no row, and no damage.
    ("pdhcsv-misc/typeperf_stdout_windows-latest.txt", "pdh-csv", 1, 0),
    // Rows without the header that says what they count.
    ("pdhcsv-misc/typeperf_w3svc_w3wp_2014.txt", "pdh-csv", 0, 8),
    ("plaso-iis/iis10.log", "w3c", 1, 0),
    ("plaso-iis/iis10_cookies.log", "w3c", 3, 0),
    // Six rows with two spaces where one belongs.
    ("plaso-iis/iis10_edge_cases.log", "w3c", 15, 0),
    ("plaso-iis/iis6.log", "w3c", 12, 0),
    ("plaso-iis/iis7_owa.log", "w3c", 3, 0),
    ("plaso-iis/iis7_sqli.log", "w3c", 2, 0),
    ("plaso-iis/iis_without_date.log", "w3c", 11, 0),
    // Pages about poolmon: listings in the middle of prose are no listings. Lines that are not blank.
    ("poolmon/poolmon-display.md", "unknown", 0, 48),
    ("poolmon/poolmon-examples.md", "unknown", 0, 342),
    ("poolmon/serverfault_52125_no_delta_columns.txt", "poolmon", 4, 0),
    ("poolmon/using-poolmon-to-find-a-kernel-mode-memory-leak.md", "unknown", 0, 71),
    // 4968 lines: 22 of comment, 373 blank (with the Ctrl-Z), and two that are no entries.
    ("pooltag/pooltag.txt", "pooltag", 4571, 2),
    ("prometheus/windows_exporter_e2e-output.txt", "unknown", 0, 427),
    ("prometheus/worker_current_requests_sample.prom", "unknown", 0, 10),
    ("seed/httperr_zachbonham_2007.log", "httperr", 6, 0),
    // Two entries, one with its stack trace.
    ("seed/scm-server-0_excerpt.log", "sepm", 2, 0),
    ("theodorejb-iis/u_ex230505.log", "w3c", 78, 0),
];

/// Where the samples lie, if they are here.
fn samples() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    let root = std::env::var_os("WHY503_SAMPLES").map_or(beside, PathBuf::from);
    if !root.is_dir() {
        eprintln!("skipped: {} is not here", root.display());
        return None;
    }
    Some(root)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Both forms of the report on some paths, as the program makes them.
fn report(paths: &[PathBuf]) -> (Value, String) {
    let recording = Recording::open(paths).unwrap();
    let shelf = Shelf::default();
    let engine = recording.load(Zone::Utc, &shelf, &|| Engine::new(Limits::default(), &[]));
    let at = engine.timeline().span().map_or(Time::MIN, |(_, to)| to);
    let report = Report::new(&engine.moment(at), &shelf, Zone::Utc);
    (serde_json::from_str(&report.json().unwrap()).unwrap(), report.text(false))
}

#[test]
fn every_sample_is_told_and_counted_and_reported() {
    let Some(root) = samples() else { return };
    let table: BTreeMap<&str, (&str, u64, u64)> =
        SAMPLES.iter().map(|(path, kind, records, malformed)| (*path, (*kind, *records, *malformed))).collect();
    let mut unknown = Vec::new();
    for path in files(&root) {
        let (json, text) = report(std::slice::from_ref(&path));
        contract::check(&json);
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let Some(&(kind, records, malformed)) = table.get(name.as_str()) else {
            unknown.push(name);
            continue;
        };
        let source = &json["sources"][0];
        let told = (source["kind"].as_str().unwrap(), source["records"].as_u64().unwrap(), source["malformed"].as_u64().unwrap());
        assert_eq!(told, (kind, records, malformed), "{name}: kind, records, malformed lines");
        assert_eq!(source["bytes"].as_u64().unwrap(), fs::metadata(&path).unwrap().len(), "{name}: bytes");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("kind {kind}; records {records}")), "{name}: {text}");
    }
    assert!(unknown.is_empty(), "nobody has counted {unknown:?}");
}

#[test]
fn a_folder_of_samples_is_the_sum_of_its_files() {
    let Some(root) = samples() else { return };
    let (json, _) = report(&[root]);
    contract::check(&json);
    let sources = json["sources"].as_array().unwrap();
    let sum = |name: &str| sources.iter().map(|s| s[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("records"), SAMPLES.iter().map(|(_, _, records, _)| records).sum::<u64>());
    assert_eq!(sum("malformed"), SAMPLES.iter().map(|(_, _, _, malformed)| malformed).sum::<u64>());
    // 37 in 2005 and 21 in 2007: the counts that the lines tell, not the lines.
    let refused = json["turned_away"].as_array().unwrap().iter().find(|r| r["reason"] == "Connections_Refused").unwrap();
    assert_eq!(refused["count"], 37 + 21);
}

#[test]
fn the_2007_sample_tells_of_21_refused_connections() {
    let Some(root) = samples() else { return };
    let log = root.join("seed/httperr_zachbonham_2007.log");
    let ran = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("why503"))
        .args(["report", "--format", "json", "--pool-max", "128MB"])
        .arg(&log)
        .assert()
        .success();
    let json: Value = serde_json::from_slice(&ran.get_output().stdout).unwrap_or_else(|error| panic!("no JSON: {error}"));
    contract::check(&json);
    assert_eq!(json["schema"], "why503/report/1");
    assert_eq!(json["span"]["from"], "2007-11-13T20:01:44Z");
    assert_eq!(json["span"]["to"], "2007-11-13T20:02:09Z");
    assert_eq!(json["pool"]["connections_refused"], 21);
    assert_eq!(json["pool"]["max_bytes"]["value"], 134_217_728);
    assert_eq!(json["pool"]["max_bytes"]["origin"], "--pool-max");
    assert_eq!(json["pool"]["cutoff_bytes"]["value"], 20_971_520);
    assert_eq!(json["pool"]["cutoff_bytes"]["origin"], "default");
    // No counter was read: what is in use is unknown, and no number is made up for it.
    assert_eq!(json["pool"]["used"], Value::Null);
    assert_eq!(json["pool"]["least_available"], Value::Null);
    let found = json["findings"].as_array().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["rule"], "http-connections-refused");
    assert_eq!(found[0]["severity"], "critical");
    assert_eq!(found[0]["count"], 21);
    assert_eq!(found[0]["first"], "2007-11-13T20:01:44Z");
    assert_eq!(found[0]["last"], "2007-11-13T20:02:09Z");
    assert_eq!(found[0]["evidence"][0]["line"], 1);
    assert_eq!(found[0]["evidence"][0]["text"], "2007-11-13 20:01:44 - - - - - - - - - 3_Connections_Refused -");
    assert_eq!(json["turned_away"], serde_json::json!([{"reason": "Connections_Refused", "count": 21}]));
    assert_eq!(json["requests"], serde_json::json!([]));
    assert_eq!(json["ns_slots"], serde_json::json!([]));
}
