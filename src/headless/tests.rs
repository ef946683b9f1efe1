//! Runs without a screen, against real files.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};

use super::Headless;
use crate::engine::{Envelope, Opened, Payload};
use crate::formats::Hints;
use crate::record::SourceId;
use crate::sources::Watched;
use crate::time::{Time, Zone};

const HEADER: &str = "#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time cs-method sc-status\r\n";

/// A folder with logs, a state and a dump.
struct Rig {
    dir: tempfile::TempDir,
    from_start: bool,
}

impl Rig {
    fn new(from_start: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("logs")).unwrap();
        Self { dir, from_start }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, text: &str) {
        let old = fs::read_to_string(self.at("logs/u_ex.log")).unwrap_or_default();
        fs::write(self.at("logs/u_ex.log"), old + text).unwrap();
    }

    /// Reads what is there and ends.
    fn run(&self) -> Value {
        let headless = Headless {
            watched: Watched { roots: vec![self.at("logs")], ..Watched::default() },
            from_start: self.from_start,
            for_seconds: Some(0.0),
            state: Some(self.at("state")),
            dump: Some(self.at("dump")),
            json: true,
            zone: Zone::Utc,
            recorder: None,
        };
        let mut out = Vec::new();
        headless.run(&AtomicBool::new(false), &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn dump(&self) -> String {
        fs::read_to_string(self.at("dump")).unwrap()
    }
}

#[test]
fn whole_records_are_counted_and_half_a_line_is_pending() {
    let rig = Rig::new(true);
    rig.write(&format!("{HEADER}2026-11-21 06:55:00 GET 503\r\nrubbish\r\n2026-11-21 06:55:01 GE"));
    let got = rig.run();
    let path = rig.at("logs").join("u_ex.log");
    let source =
        json!({"path": path, "kind": "w3c", "lines": 1, "malformed": 1, "lost_bytes": 0, "torn_bytes": 0, "pending_bytes": 22});
    assert_eq!((&got["lines"], &got["malformed"], &got["sources"]), (&json!(1), &json!(1), &json!([source])));
    // FNV-1a of "2026-11-21 06:55:00 GET 503", worked out elsewhere.
    assert_eq!(got["digest"], json!("118f5054eacfdd4c"));
    assert_eq!(rig.dump(), "2026-11-21 06:55:00 GET 503\n");
}

#[test]
fn a_run_goes_on_where_the_last_one_stopped_and_the_fields_are_still_known() {
    let rig = Rig::new(true);
    rig.write(&format!("{HEADER}2026-11-21 06:55:00 GET 503\r\n"));
    rig.run();
    rig.write("2026-11-21 06:55:01 GET 200\r\n2026-11-21 06:5");
    assert_eq!(rig.run()["lines"], json!(2));
    rig.write("5:02 GET 200\r\n");
    assert_eq!(rig.run()["lines"], json!(3));
    assert_eq!(rig.dump().lines().count(), 3);
}

#[test]
fn a_header_without_records_is_known_again() {
    let rig = Rig::new(true);
    rig.write(HEADER.split_inclusive('\n').next().unwrap());
    rig.run();
    rig.write(HEADER.split_inclusive('\n').nth(1).unwrap());
    rig.run();
    rig.write("2026-11-21 06:55:01 GET 200\r\n");
    assert_eq!((rig.run()["lines"].clone(), rig.run()["malformed"].clone()), (json!(1), json!(0)));
}

#[test]
fn without_from_start_only_what_comes_later_counts() {
    let rig = Rig::new(false);
    rig.write(&format!("{HEADER}2026-11-21 06:55:00 GET 503\r\n"));
    assert_eq!(rig.run()["lines"], json!(0));
    rig.write("2026-11-21 06:55:01 GET 200\r\n");
    fs::write(rig.at("logs/new.log"), format!("{HEADER}2026-11-21 06:55:02 GET 200\r\n")).unwrap();
    assert_eq!(rig.run()["lines"], json!(2));
}

#[test]
fn a_dump_that_is_ahead_of_its_snapshot_is_cut_back_and_an_older_snapshot_serves_for_a_damaged_one() {
    let rig = Rig::new(true);
    rig.write(&format!("{HEADER}2026-11-21 06:55:00 GET 503\r\n"));
    rig.run();
    rig.write("2026-11-21 06:55:01 GET 200\r\n");
    rig.run();
    let state = rig.at("state/headless.json");
    fs::copy(&state, rig.at("state/headless.json.old")).unwrap();
    rig.write("2026-11-21 06:55:02 GET 200\r\n");
    fs::write(&state, "{\"version\":1,").unwrap();
    fs::write(rig.at("dump"), rig.dump() + "2026-11-21 06:55:02 GET 200\n2026-11-21 half a").unwrap();
    assert_eq!(rig.run()["lines"], json!(3));
    assert_eq!(rig.dump().lines().count(), 3);
}

#[test]
fn a_log_cut_off_under_its_writer_goes_on_without_a_header() {
    let rig = Rig::new(true);
    rig.write(&format!("{HEADER}2026-11-21 06:55:00 GET 503\r\n"));
    rig.run();
    fs::write(rig.at("logs/u_ex.log"), "2026-11-21 06:55:01 GET 200\r\n").unwrap();
    let got = rig.run();
    assert_eq!((&got["lines"], &got["malformed"], got["sources"].as_array().unwrap().len()), (&json!(2), &json!(0), 1));
}

#[test]
fn two_runs_do_not_share_a_state() {
    let rig = Rig::new(true);
    let _first = super::state::Store::open(&rig.at("state")).unwrap();
    let error = super::state::Store::open(&rig.at("state")).unwrap_err();
    assert!(error.to_string().contains("another why503"), "{error}");
}

#[test]
fn a_record_that_may_go_on_is_counted_at_the_end_and_not_again_by_the_run_that_goes_on() {
    let rig = Rig::new(true);
    let write = |text: &str| {
        let path = rig.at("logs/scm-server-0.log");
        fs::write(&path, fs::read_to_string(&path).unwrap_or_default() + text).unwrap();
    };
    write("2009-10-09 10:31:05.123 INFO: one\n2009-10-09 10:31:06.123 SEVERE: two\n");
    assert_eq!((rig.run()["lines"].clone(), rig.dump().lines().count()), (json!(2), 2));
    assert_eq!((rig.run()["lines"].clone(), rig.dump().lines().count()), (json!(2), 2));
    write("\tat a.b(C.java:1)\n2009-10-09 10:31:07.123 INFO: three\n");
    assert_eq!((rig.run()["lines"].clone(), rig.dump().lines().count()), (json!(3), 4));
}

#[cfg(unix)]
#[test]
fn a_state_folder_is_its_owners_alone_and_one_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let rig = Rig::new(true);
    rig.run();
    let mode = || fs::metadata(rig.at("state")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o700);
    fs::set_permissions(rig.at("state"), fs::Permissions::from_mode(0o770)).unwrap();
    let error = super::state::Store::open(&rig.at("state")).unwrap_err();
    assert!(error.to_string().contains("chmod 700"), "{error}");
    assert_eq!(mode(), 0o770);
}

#[test]
fn logs_that_are_gone_are_kept_as_totals_and_their_number_is_bounded() {
    let mut tally = super::tally::Tally::new(Zone::Utc, None).unwrap();
    let take = |tally: &mut super::tally::Tally, n: u32, path: String, text: &str| {
        let hints = Hints::default();
        let opened =
            Payload::Opened(Opened { path: path.into(), hints, size: 0, generation: 0, first_look: true, has_file: true });
        for payload in [opened, Payload::Bytes(text.as_bytes().to_vec()), Payload::Closed] {
            tally.take(Envelope { heard: Time::default(), source: SourceId(n), payload });
        }
    };
    let text = format!("{HEADER}2026-11-21 06:55:00 GET 503\r\n");
    for n in 0..5000 {
        take(&mut tally, n, format!("u_ex{n:04}.log"), &text);
        take(&mut tally, n, format!("u_ex{n:04}.log"), &text);
    }
    let past = tally.past();
    assert_eq!((tally.source_states().len(), past.len(), tally.lines), (0, 4096, 10_000));
    assert_eq!((past[0].path.as_str(), past[0].lines), (" older logs", 2 * 905));
    assert_eq!((past[1].path.as_str(), past[1].lines, past[1].kind.as_str()), ("u_ex0905.log", 2, "w3c"));
}

#[test]
fn a_hole_that_is_filled_late_is_counted_with_the_fields_in_force() {
    let mut tally = super::tally::Tally::new(Zone::Utc, None).unwrap();
    let row = "2026-11-21 06:55:00 GET 503\r\n";
    let hole = "\0".repeat(row.len() * 2);
    let opened =
        Opened { path: "u_ex.log".into(), hints: Hints::default(), size: 0, generation: 0, first_look: true, has_file: true };
    let read = Payload::Bytes(format!("{HEADER}{hole}{row}").into_bytes());
    let filled = Payload::Filled { offset: HEADER.len() as u64, bytes: row.repeat(2).into_bytes() };
    for payload in [Payload::Opened(opened), read, filled, Payload::Bytes(row.as_bytes().to_vec())] {
        tally.take(Envelope { heard: Time::default(), source: SourceId(1), payload });
    }
    assert_eq!((tally.lines, tally.malformed), (4, 0));
}

#[test]
fn what_could_not_be_counted_is_named_with_the_reason() {
    let rig = Rig::new(true);
    fs::create_dir_all(rig.at("empty")).unwrap();
    let headless = Headless {
        watched: Watched { roots: vec![rig.at("empty"), rig.at("nowhere.log"), rig.at("nix*.log")], ..Watched::default() },
        from_start: true,
        for_seconds: Some(0.0),
        state: None,
        dump: None,
        json: true,
        zone: Zone::Utc,
        recorder: None,
    };
    let mut out = Vec::new();
    headless.run(&AtomicBool::new(false), &mut out).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let problems: Vec<&str> = told["sources"].as_array().unwrap().iter().filter_map(|row| row["problem"].as_str()).collect();
    assert_eq!(problems.len(), 3, "{told}");
    assert!(problems.contains(&"not there") && problems.contains(&"nothing matches"), "{told}");
}
