//! The built-in incidents tell the stories that they are said to tell. That they are what `demo/generate.rs` makes is held there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/contract.rs"]
mod contract;

use std::io::{Cursor, Read};

use why503::demo::{self, INCIDENTS};
use why503::diagnosis::{Finding, Severity, Subject, findings};
use why503::engine::Engine;
use why503::forecast::Forecast;
use why503::limits::Limits;
use why503::pool::Pool;
use why503::report::Report;
use why503::slots::SlotUse;
use why503::sources::load::Recording;
use why503::sources::shelf::Shelf;
use why503::time::{Time, Zone};
use why503::timeline::POOL_USED;

const MEGABYTE: f64 = 1_048_576.0;

/// Reads an incident as `why503 demo` does, with what its manifest says.
fn load(name: &str) -> (Recording, Engine) {
    let (recording, engine, _) = load_on(name);
    (recording, engine)
}

fn load_on(name: &str) -> (Recording, Engine, Shelf) {
    let shelf = Shelf::default();
    let recording = Recording::unpack(demo::find(Some(name)).unwrap().archive, None).unwrap();
    let given = recording.manifest.as_ref().unwrap().limits.clone();
    let engine = recording.load(Zone::Utc, &shelf, &|| Engine::new(Limits { given: given.clone(), ..Limits::default() }, &[]));
    (recording, engine, shelf)
}

fn end(engine: &Engine) -> Time {
    engine.timeline().span().unwrap().1
}

fn critical(engine: &Engine) -> Vec<Finding> {
    findings(&engine.moment(end(engine))).into_iter().filter(|f| f.severity == Severity::Critical).collect()
}

fn rules(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|f| f.rule).collect()
}

fn at(year: i32, month: u32, day: u32, clock: (u32, u32, u32)) -> Time {
    Time::from_ymd_hms(year, month, day, clock.0, clock.1, clock.2).unwrap()
}

/// The rows of an incident's files whose path holds `part`.
fn rows(name: &str, part: &str) -> Vec<String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(demo::find(Some(name)).unwrap().archive)).unwrap();
    let mut rows = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        if entry.enclosed_name().unwrap().to_string_lossy().replace('\\', "/").contains(part) {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            rows.extend(text.lines().filter(|line| !line.starts_with('#')).map(String::from));
        }
    }
    rows
}

#[test]
fn clients_in_push_mode_reach_the_five_thousand_requests_of_secars() {
    let (_, engine) = load("sepm-push-storm");
    let found = critical(&engine);
    assert_eq!(rules(&found), ["iis-503-2", "sepm-server-503"]);
    let refused = &found[0];
    assert_eq!(refused.subject, Subject::App(String::from("Symantec Web Server/secars")));
    let rejected = rows("sepm-push-storm", "W3SVC1/").iter().filter(|row| row.contains(" 503 2 ")).count();
    assert_eq!(refused.count, rejected as u64);

    let moment = engine.moment(end(&engine));
    assert_eq!(moment.limits.app("Symantec Web Server/secars").value, 5000);
    let app = moment.timeline.app("Symantec Web Server/secars").unwrap();
    let peak = app.in_flight.peak(moment.at.second() + 1).unwrap();
    assert!((4900.0..5060.0).contains(&peak.point.mean), "{peak:?}");
    assert!(peak.point.low <= 5000, "more than the limit were in flight for certain: {peak:?}");
    // SEPM's own log tells of it, too, and the line of its document is there to the millisecond.
    assert!(found[1].detail.contains("0x10010000"), "{}", found[1].detail);
    assert!(rows("sepm-push-storm", "scm-server").iter().any(|row| row.starts_with("2009-10-09 09:32:05.078 SEVERE")));
}

#[test]
fn connections_are_refused_from_the_moment_at_which_less_than_20_mb_of_pool_are_left() {
    for name in ["pool-leak", "all"] {
        let (_, engine) = load(name);
        let found = critical(&engine);
        let refused = found.iter().find(|f| f.rule == "http-connections-refused").unwrap();
        assert_eq!(refused.subject, Subject::Pool);
        let moment = engine.moment(end(&engine));
        let max = 128.0 * MEGABYTE;
        #[expect(clippy::cast_precision_loss, reason = "a pool of 128 MB")]
        let told = moment.limits.pool_max().unwrap().value as f64;
        assert!((told - max).abs() < 1.0, "{name}: the manifest tells what the pool can grow to");
        let samples = moment.timeline.counter(POOL_USED).unwrap().upto(moment.at);
        let (short, _) = *samples.iter().find(|(_, used)| max - used < 20.0 * MEGABYTE).unwrap();
        assert!(short <= refused.first, "{name}: refused at {}, short of pool at {short}", refused.first);
        assert!(refused.first.since(short) <= 10_000, "{name}: refused at {}, short of pool at {short}", refused.first);
        let counted: u64 = rows(name, "HTTPERR/")
            .iter()
            .filter_map(|row| row.strip_suffix("_Connections_Refused -")?.rsplit(' ').next()?.parse::<u64>().ok())
            .sum();
        assert_eq!(refused.count, counted, "{name}");
        // The driver that leaks is the one that holds most.
        let moment = engine.moment(refused.first);
        let pool = Pool::of(&moment);
        assert!(pool.tags[0].bytes > 0.25 * pool.used.unwrap().1, "{name}: {:?}", pool.tags[0]);
        let growth = pool.tags[0].forecast(&moment);
        if name == "all" {
            assert_eq!(growth, Forecast::NotKnowable, "it has leaked for less than five minutes");
            continue;
        }
        let growth = growth.growth().unwrap();
        assert!(growth.mid > MEGABYTE && pool.part_of_growth(growth).unwrap() > 0.9, "{growth:?} of {:?}", pool.forecast);
    }
    assert_eq!(rules(&critical(&load("pool-leak").1)), ["http-connections-refused"]);
}

#[test]
fn the_pool_leak_holds_the_six_lines_that_were_posted_in_2007() {
    let refused: Vec<String> =
        rows("pool-leak", "HTTPERR/").into_iter().filter(|row| row.ends_with("_Connections_Refused -")).collect();
    let posted = [("20:01:44", 3), ("20:01:49", 4), ("20:01:54", 3), ("20:01:59", 4), ("20:02:04", 3), ("20:02:09", 4)];
    let first = refused.iter().position(|row| row.starts_with("2007-11-13 20:01:44")).unwrap();
    let told = &refused[first..first + posted.len()];
    let want: Vec<String> = posted
        .iter()
        .map(|(clock, count)| format!("2007-11-13 {clock} - - - - - - - - - {count}_Connections_Refused -"))
        .collect();
    assert_eq!(told, want);
}

#[test]
fn no_recording_has_a_line_of_no_refused_connection() {
    for incident in INCIDENTS {
        let none: Vec<String> =
            rows(incident.name, "HTTPERR/").into_iter().filter(|row| row.contains(" 0_Connections_Refused")).collect();
        assert!(none.is_empty(), "{}: {none:?}", incident.name);
    }
}

#[test]
fn the_notification_server_has_fifty_slots_and_all_are_taken() {
    let (_, engine) = load("ns-busy");
    let found = critical(&engine);
    assert_eq!(rules(&found), ["ns-slots-full"]);
    assert_eq!(found[0].subject, Subject::Ns);
    let moment = engine.moment(end(&engine));
    let slots = SlotUse::all(&moment);
    assert_eq!(slots.len(), 1, "up to SP2 both kinds of request share their slots");
    assert_eq!(slots[0].limit.value, 50);
    assert!(slots[0].turned_away() > 0);
    let peak = slots[0].peak(&moment).unwrap();
    assert!((45.0..=52.0).contains(&peak.point.mean), "{peak:?}");
    assert!(peak.point.low <= 50, "{peak:?}");
}

#[test]
fn one_morning_has_all_three_one_after_the_other() {
    let (_, engine) = load("all");
    let mut found = critical(&engine);
    found.sort_by_key(|finding| finding.first);
    assert_eq!(rules(&found), ["iis-503-2", "sepm-server-503", "http-connections-refused", "ns-slots-full"]);
    assert!(found.windows(2).all(|pair| pair[0].first < pair[1].first));
    assert_eq!(found[0].subject, Subject::App(String::from("Symantec Web Server/secars")));
    let (from, to) = engine.timeline().span().unwrap();
    assert!(to.since(from) <= 10 * 60_000, "{from} to {to} is more than ten minutes");
    assert!(from >= at(2009, 10, 12, (8, 0, 0)));
}

#[test]
fn every_row_of_every_recording_is_understood() {
    for incident in INCIDENTS {
        let (recording, engine) = load(incident.name);
        assert!(recording.manifest.is_some_and(|m| !m.title.is_empty() && m.from < m.to), "{}", incident.name);
        for source in engine.sources().values() {
            let name = format!("{}: {}", incident.name, source.name());
            assert!(source.records > 0, "{name} has no record");
            assert_eq!(source.malformed, 0, "{name}: {:?}", source.malformed_lines);
            assert_eq!(source.remark, None, "{name}");
        }
    }
}

#[test]
fn the_recordings_are_small() {
    let bytes: usize = INCIDENTS.iter().map(|incident| incident.archive.len()).sum();
    assert!(bytes < 3 << 20, "{bytes} bytes");
}

#[test]
fn the_reports_keep_the_contract_with_every_part_in_it() {
    for incident in INCIDENTS {
        let (_, engine, shelf) = load_on(incident.name);
        let report = Report::new(&engine.moment(end(&engine)), &shelf, Zone::Utc);
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        contract::check(&json);
        for finding in json["findings"].as_array().unwrap() {
            let evidence = finding["evidence"].as_array().unwrap();
            assert!(!evidence.is_empty(), "{}: {finding}", incident.name);
            assert!(evidence.iter().all(|line| !line["text"].as_str().unwrap().is_empty()), "{}: {evidence:?}", incident.name);
        }
        if incident.name != "all" {
            continue;
        }
        for part in ["/pool/max_bytes", "/pool/used", "/pool/least_available", "/requests/0/peak", "/ns_slots/0/peak"] {
            assert!(json.pointer(part).is_some_and(serde_json::Value::is_object), "{part} is unknown: {json}");
        }
        assert!(json["pool"]["tags"].as_array().unwrap().iter().any(|tag| tag["driver"].is_string()), "{}", json["pool"]);
        let reasons: Vec<&str> = json["turned_away"].as_array().unwrap().iter().map(|r| r["reason"].as_str().unwrap()).collect();
        assert!(reasons.contains(&"503.2") && reasons.contains(&"Connections_Refused"), "{reasons:?}");
    }
}
