//! `check`, as a monitoring system meets it: one line, an exit code, and nothing that a log could smuggle into either.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use tempfile::TempDir;

const FIELDS: &str = "#Fields: date time cs-uri-stem sc-status sc-substatus time-taken\n";

/// What it did: exit code and stdout, which is one line.
fn check(home: &TempDir, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(cargo_bin!("why503"));
    for name in ["XDG_CONFIG_HOME", "HOME", "APPDATA"] {
        command.env(name, home.path());
    }
    let output = command.current_dir(home.path()).arg("check").args(args).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(!err.contains("panicked") && out.lines().count() == 1 && out.ends_with('\n'), "{args:?}: {out}{err}");
    (output.status.code().unwrap(), out.trim_end().to_owned())
}

/// A log of requests that ended a second after another from 08:00:00 on, each with its status and the milliseconds it took.
fn log(rows: &[(u16, u16, u32)]) -> (TempDir, &'static str) {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), rows);
    (home, "u_ex091012.log")
}

fn write(folder: &Path, rows: &[(u16, u16, u32)]) {
    let row = |(second, (status, substatus, taken)): (usize, &(u16, u16, u32))| {
        format!("2009-10-12 08:{:02}:{:02} /secars/secars.dll {status} {substatus} {taken}\n", second / 60, second % 60)
    };
    let rows: String = rows.iter().enumerate().map(row).collect();
    fs::write(folder.join("u_ex091012.log"), format!("{FIELDS}{rows}")).unwrap();
}

#[test]
fn a_quiet_server_is_ok() {
    let (home, log) = log(&[(200, 0, 15); 30]);
    let (code, line) = check(&home, &["--at", "2009-10-12T08:05:00Z", log]);
    assert_eq!(code, 0);
    assert_eq!(
        line,
        "WHY503 OK - nobody turned away in 15 min, newest record 271 s old | turned_away=0;;0;0; \
         'in_flight -/secars'=0;4000;5000;0;5000 age=271s;;;0;"
            .replace("271 s old", "4 min old")
    );
}

#[test]
fn whoever_turns_clients_away_now_is_critical_and_one_that_did_yesterday_is_not() {
    let (home, log) = log(&[(503, 2, 15); 30]);
    let (code, line) = check(&home, &["--at", "2009-10-12T08:00:29Z", log]);
    assert_eq!(code, 2, "{line}");
    assert!(
        line.starts_with("WHY503 CRITICAL - 30 turned away in 15 min: 30 503.2 at -/secars | turned_away=30;;0;0; "),
        "{line}"
    );
    let (code, line) = check(&home, &["--at", "2009-10-12T08:30:00Z", log]);
    assert_eq!((code, line.contains("turned_away=0")), (0, true), "{line}");
    // The window is as long as it is said to be.
    assert_eq!(check(&home, &["--at", "2009-10-12T08:30:00Z", "--last", "1h", log]).0, 2);
    assert_eq!(check(&home, &["--at", "2009-10-12T08:01:00Z", "--last", "20s", log]).0, 0);
}

#[test]
fn whoever_is_near_a_limit_is_a_warning_and_a_blind_log_is_one() {
    // Ten requests of ten seconds each are in flight together, of twelve.
    let (home, log_) = log(&[(200, 0, 10_000); 60]);
    let at = ["--at", "2009-10-12T08:00:59Z", "--app-limit", "12", log_];
    let (code, line) = check(&home, &at);
    assert_eq!(code, 1, "{line}");
    assert!(line.contains("WARNING - 10 in flight at -/secars, limit 12 (--app-limit)"), "{line}");
    assert!(line.contains("'in_flight -/secars'=10;9.6;12;0;12"), "{line}");
    assert_eq!(check(&home, &[&at[..], &["-w", "in_flight=90"]].concat()).0, 0);
    assert_eq!(check(&home, &[&at[..], &["-c", "in_flight=70"]].concat()).0, 2);
    fs::write(home.path().join("blind.log"), "#Fields: date time cs-uri-stem sc-status\n2009-10-12 08:00:00 /x 200\n").unwrap();
    let (code, line) = check(&home, &["--at", "2009-10-12T08:00:59Z", "blind.log"]);
    assert_eq!(code, 1, "{line}");
}

#[test]
fn thresholds_of_clients_turned_away_are_in_the_hands_of_whoever_gives_them() {
    let (home, log) = log(&[(503, 2, 15); 30]);
    let at = |more: &[&str]| check(&home, &[&["--at", "2009-10-12T08:00:29Z", log], more].concat());
    let (_, line) = at(&["-c", "100", "-c", "in_flight=101"]);
    assert!(line.starts_with("WHY503 OK - 30 turned away in 15 min, within thresholds | turned_away=30;;100;0;"), "{line}");
    for (given, code) in [
        (&["-c", "100"][..], 0),
        (&["-w", "0", "-c", "100"], 1),
        (&["-c", "29"], 2),
        (&["-c", "turned_away=@10:40"], 2),
        (&["-w", "5:40"], 0),
    ] {
        let (found, line) = at(given);
        assert_eq!(found, code, "{given:?}: {line}");
    }
    assert!(at(&["-w", "0", "-c", "100"]).1.contains("turned_away=30;0;100;0;"));
    // The age has no threshold unless one is given.
    let (code, line) = check(&home, &["--at", "2009-10-12T09:00:00Z", "-w", "age=600", "-c", "age=7200", log]);
    assert!(code == 1 && line.contains("the newest record is 59 min old") && line.contains("age=3571s;600;7200;0;"), "{line}");
}

#[test]
fn what_nobody_can_tell_is_unknown_and_never_ok() {
    let (home, log) = log(&[(200, 0, 15); 3]);
    fs::write(home.path().join("empty.log"), "").unwrap();
    fs::write(home.path().join("no.log"), "a letter to Ann\n").unwrap();
    let mut lines = Vec::new();
    for args in [
        &["gone.log"][..],
        // Written just now, but told of long ago, where that must not be.
        &["--stale", "24h", log],
        &["--at", "2009-10-12T07:00:00Z", log],
        &["--at", "2009-10-12T08:00:00Z", "empty.log"],
        &["--at", "2009-10-12T08:00:00Z", "no.log"],
        &["--config", "gone.toml", log],
        &["-c", "ten", log],
        &["--last", "soon", log],
        &["-w", "speed=3", log],
        &["--bogus", log],
        &[],
    ] {
        let (code, line) = check(&home, args);
        assert!(code == 3 && line.starts_with("WHY503 UNKNOWN - ") && !line.contains('|'), "{args:?}: {code} {line}");
        lines.push(line);
    }
    assert!(
        lines[2].contains("no record is as old as 2009-10-12T07:00:00Z: the first one is of 2009-10-12T08:00:00Z"),
        "{lines:?}"
    );
    assert!(lines[0].contains("gone.log") && lines[1].contains("2009-10-12T08:00:02Z"), "{lines:?}");
    assert!(lines[6].contains("100 for 0 to 100") && lines[7].contains("15m") && lines[8].contains("in_flight=90"), "{lines:?}");
    // A day is not too long for an idle server, unless somebody says so.
    assert_eq!(check(&home, &["--at", "2009-10-13T07:00:00Z", log]).0, 0);
    assert_eq!(check(&home, &["--at", "2009-10-13T07:00:00Z", "--stale", "1h", log]).0, 3);
}

#[test]
fn logs_that_are_not_written_any_more_are_asked_of_their_newest_record() {
    for (rows, wanted) in [(&[(200, 0, 15); 3], 0), (&[(200, 0, 15), (503, 2, 1), (200, 0, 15)], 2)] {
        let (home, log) = log(rows);
        let (code, line) = check(&home, &[log]);
        assert!(code == wanted && line.contains("as of 2009-10-12T08:00:02Z, the newest record"), "{code} {line}");
        let old = fs::File::options().write(true).open(home.path().join(log)).unwrap();
        old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(check(&home, &[log]).0, wanted);
    }
}

#[test]
fn checkmk_and_zabbix_have_the_state_in_what_is_printed() {
    let (home, log) = log(&[(503, 2, 15); 30]);
    let at =
        |format: &str, more: &[&str]| check(&home, &[&["--format", format, "--at", "2009-10-12T08:00:29Z", log], more].concat());
    let (code, line) = at("checkmk", &[]);
    let parts: Vec<&str> = line.splitn(4, ' ').collect();
    assert_eq!((code, &parts[..2]), (0, &["2", "why503"][..]), "{line}");
    assert_eq!(parts[2], "turned_away=30;;0;0;|in_flight___secars=0;4000;5000;0;5000|age=0;;;0;");
    assert!(parts[3].starts_with("30 turned away"), "{line}");
    let (code, line) = at("json", &[]);
    let object: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (code, &object["schema"], &object["state"], &object["code"]),
        (0, &"why503/check/1".into(), &"CRITICAL".into(), &2.into())
    );
    assert_eq!((&object["measures"][0]["metric"], &object["measures"][0]["value"]), (&"turned_away".into(), &30.0.into()));
    let (code, line) = check(&home, &["--format", "checkmk", "gone.log"]);
    assert!(code == 0 && line.starts_with("3 why503 - "), "{line}");
    // Wrong usage is said in the same form, and what is missing in the line itself.
    let (code, line) = check(&home, &["--format", "checkmk"]);
    assert!(code == 0 && line.starts_with("3 why503 - ") && line.contains("<PATH>"), "{line}");
    let (code, line) = check(&home, &["--format=json", "-c", "ns_slots", log]);
    let object: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((code, &object["state"], &object["code"]), (0, &"UNKNOWN".into(), &3.into()));
    assert!(object["text"].as_str().unwrap().contains("write ns_slots=80"), "{line}");
}

#[test]
fn the_pool_is_measured_in_bytes_and_its_thresholds_in_megabytes() {
    let home = tempfile::tempdir().unwrap();
    let row = |second: u32, used: u64| format!("\"10/12/2009 08:00:{second:02}.000\",\"{used}\"\r\n");
    let csv = |used: u64| {
        let rows = (0..30).map(|second| row(second, used)).collect::<String>();
        let csv = format!("\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\SRV\\Memory\\Pool Nonpaged Bytes\"\r\n{rows}");
        fs::write(home.path().join("counters.csv"), csv).unwrap();
    };
    let at =
        |more: &[&str]| check(&home, &[&["--at", "2009-10-12T08:00:29Z", "--pool-max", "128MB", "counters.csv"], more].concat());
    for (used, code) in [(80, 0), (100, 1), (110, 2)] {
        csv(used << 20);
        let (found, line) = at(&[]);
        assert_eq!(found, code, "{line}");
        let left = (128 - used) << 20;
        assert!(line.contains(&format!("pool_available={left}B;41943040:;20971520:;0;134217728")), "{line}");
    }
    assert_eq!(at(&["-c", "pool_available=10:"]).0, 0);
}

#[test]
fn a_log_cannot_end_the_line_or_begin_performance_data_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let site = "a|b='1'\u{1b}[2J;x";
    let log = format!(
        "#Fields: date time s-sitename cs-uri-stem sc-status sc-substatus time-taken\n2009-10-12 08:00:00 {site} /x 503 2 15\n"
    );
    fs::write(home.path().join("u_ex.log"), log).unwrap();
    let (code, line) = check(&home, &["--at", "2009-10-12T08:00:00Z", "u_ex.log"]);
    assert_eq!((code, line.matches('|').count(), line.contains('\u{1b}')), (2, 1, false), "{line}");
    let (_, data) = line.split_once(" | ").unwrap();
    // As readers of performance data split it: labels in quotes, then a value.
    assert!(data.contains("'in_flight a_b__1_\\x1b[2J_x/'=0;4000;5000;0;5000"), "{data}");
    assert_eq!(data.matches('\'').count(), 2, "{data}");
}

#[test]
fn a_log_that_is_still_written_is_read_as_far_as_it_goes() {
    let (home, log) = log(&[(200, 0, 15); 30]);
    let path = home.path().join(log);
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("2009-10-12 08:00:30 /secars/secars.dll 5");
    fs::write(&path, text).unwrap();
    let (code, line) = check(&home, &["--at", "2009-10-12T08:00:31Z", log]);
    assert!(code == 0 && line.contains("age=2s"), "{line}");
}

#[test]
fn a_line_that_is_too_long_keeps_its_moment_and_counts_what_it_leaves_out() {
    let (_, line) = check(&incident("all"), &["all"]);
    let (text, _) = line.split_once(" | ").unwrap();
    assert!(text.starts_with("WHY503 CRITICAL - as of 2009-10-12T08:10:00Z, the newest record, "), "{text}");
    assert!(text.contains(" years ago: 3454 turned away in 15 min: ") && text.ends_with(" more") && text.len() < 330, "{text}");
    // One application is told of by its measure and by who fills it, not a third time.
    let (_, line) = check(&incident("sepm-push-storm"), &["sepm-push-storm", "--at", "09:33"]);
    let (text, _) = line.split_once(" | ").unwrap();
    assert_eq!(text.matches("in flight at").count() + text.matches("requests open at").count(), 2, "{text}");
    assert_eq!(text.matches("1730").count(), 2, "once in all, and once by its reason: {text}");
}

#[test]
fn a_log_that_cannot_tell_names_its_remedy() {
    let home = tempfile::tempdir().unwrap();
    let row = "10.1.2.3, -, 10/12/09, 7:55:20, W3SVC1, SRV01, 10.1.2.4, 4502, 163, 3223, 200, 0, GET, /secars/x, -,\n";
    fs::write(home.path().join("in091012.log"), row).unwrap();
    let (code, line) = check(&home, &["in091012.log"]);
    assert!(code == 3 && line.contains("in091012.log: ") && line.contains("choose the format W3C"), "{line}");
    write(home.path(), &[(200, 0, 15); 3]);
    let (code, line) = check(&home, &["--at", "2009-10-12T08:00:02Z", "in091012.log", "u_ex091012.log"]);
    assert!(code == 1 && line.contains("1 of 2 files cannot be read, in091012.log: ") && line.contains("choose"), "{line}");
}

/// A built-in incident, in a folder of its name.
fn incident(name: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for path in why503::demo::find(Some(name)).unwrap().extract(&home.path().join(name)).unwrap() {
        assert!(path.exists());
    }
    home
}

#[test]
fn refusals_that_only_the_notification_server_tells_of_count_besides_all_others() {
    let (_, line) = check(&incident("all"), &["all"]);
    let counts = "2697 503.2 at Symantec Web Server/secars, 526 N/A, 204 Connections_Refused, 27 Notification Server";
    assert!(line.contains(&format!("3454 turned away in 15 min: {counts};")) && line.contains("turned_away=3454;"), "{line}");
    // Whoever adds the parts up has the whole.
    let (_, line) = check(&incident("ns-busy"), &["ns-busy", "--at", "08:00"]);
    assert!(line.contains("1570 turned away in 15 min: 1514 N/A, 56 Notification Server;"), "{line}");
}
