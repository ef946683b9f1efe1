//! The command line as scripts and people meet it: what it prints, where, and with which exit code.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A record of an application that answers 503.2.
const LOG: &str = "#Software: Microsoft Internet Information Services 7.5\r\n#Version: 1.0\r\n#Date: 2009-10-09 09:25:00\r\n\
    #Fields: date time s-sitename cs-method cs-uri-stem sc-status sc-substatus time-taken\r\n\
    2009-10-09 09:25:01 W3SVC1 GET /secars/secars.dll 503 2 15\r\n";

/// The program, with nothing of the machine's own settings.
fn why503(home: &Path) -> Command {
    let mut command = Command::new(cargo_bin!("why503"));
    for name in ["XDG_CONFIG_HOME", "HOME", "APPDATA"] {
        command.env(name, home);
    }
    for name in ["SystemDrive", "SystemRoot", "ProgramFiles", "ProgramFiles(x86)", "ProgramData", "NO_COLOR", "COLUMNS"] {
        // Windows programs do not start without some of these.
        if cfg!(unix) {
            command.env_remove(name);
        }
    }
    command.current_dir(home);
    command
}

/// What it did: exit code, stdout, stderr.
fn run(home: &TempDir, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = why503(home.path()).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    let (out, err) = (text(stdout), text(stderr));
    assert!(!err.contains("panicked"), "{args:?}: {err}");
    (status.code(), out, err)
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// What it prints when all is well.
fn printed(home: &TempDir, args: &[&str]) -> String {
    let (code, out, err) = run(home, args);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{args:?}");
    out
}

/// What it says when it cannot.
fn refused(home: &TempDir, args: &[&str]) -> String {
    let (code, out, err) = run(home, args);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{args:?}: {err}");
    err
}

/// A log in a folder of its own.
fn logs(home: &TempDir) -> PathBuf {
    let folder = home.path().join("logs").join("W3SVC1");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("u_ex091009.log"), LOG).unwrap();
    home.path().join("logs")
}

/// A zip archive of one entry.
fn archive(home: &TempDir, entry: &str) -> PathBuf {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(entry, SimpleFileOptions::default()).unwrap();
    zip.write_all(LOG.as_bytes()).unwrap();
    let path = home.path().join("incident.zip");
    fs::write(&path, zip.finish().unwrap().into_inner()).unwrap();
    path
}

const COMMANDS: [&str; 8] = ["watch", "record", "replay", "demo", "report", "check", "completions", "man"];

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let home = home();
    let help = printed(&home, &["--help"]);
    for wanted in COMMANDS.into_iter().chain(["Exit codes", "0  done", "1  it could not do it", "2  wrong usage"]) {
        assert!(help.contains(wanted), "{wanted:?} is not in:\n{help}");
    }
    for command in COMMANDS {
        assert!(printed(&home, &[command, "--help"]).contains("Usage: why503"), "{command}");
    }
    assert_eq!(printed(&home, &["--version"]), concat!("why503 ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_value_that_cannot_be_names_its_flag_and_a_right_one() {
    let home = home();
    for (args, flag, right) in [
        (&["report", "--pool-max", "12 bananas", "x"][..], "--pool-max", "128MB"),
        (&["report", "--pool-cutoff", "0", "x"], "--pool-cutoff", "128MB"),
        (&["report", "--tz", "Middle/Earth", "x"], "--tz", "Europe/Berlin"),
        (&["replay", "--speed", "0", "x"], "--speed", "10"),
        (&["demo", "--speed", "-2"], "--speed", "10"),
        (&["demo", "--fps", "60"], "--fps", "30"),
        (&["watch", "--fps", "-1", "x"], "--fps", "10"),
        (&["replay", "--from", "yesterday", "x"], "--from", "2009-10-09T09:25:00Z"),
        (&["report", "--app", "shop", "x"], "--app", "/shop"),
        (&["report", "--app-limit", "0", "x"], "--app-limit", "5000"),
        (&["report", "--format", "pdf", "x"], "--format", "json"),
        (&["watch", "--headless", "--for", "-1", "x"], "--for", "60"),
        (&["report", "--color", "sometimes", "x"], "--color", "auto"),
        (&["completions", "tcsh"], "SHELL", "powershell"),
    ] {
        let (code, out, err) = run(&home, args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}: {err}");
        assert!(err.contains(flag) && err.contains(right), "{args:?}: {err}");
    }
}

#[test]
fn zones_west_of_greenwich_are_no_flags() {
    let home = home();
    let logs = logs(&home);
    for zone in ["-05:00", "+02:00", "UTC", "Europe/Berlin"] {
        assert!(!printed(&home, &["report", "--tz", zone, logs.to_str().unwrap()]).is_empty());
    }
}

#[test]
fn wrong_usage_says_how_it_is_right() {
    let home = home();
    for (args, wanted) in [
        (&["watch"][..], "<PATH>"),
        (&["report"], "<PATH>"),
        (&["watch", "--json", "x"], "--headless"),
        (&["watch", "--for", "3", "x"], "--headless"),
        (&["reprot", "x"], "report"),
        (&["report", "--aplication-host", "x"], "--application-host"),
    ] {
        let (code, _, err) = run(&home, args);
        assert!(code == Some(2) && err.contains(wanted), "{args:?}: {code:?} {err}");
    }
}

#[test]
fn a_demo_that_is_not_there_lists_those_that_are() {
    let home = home();
    let list = printed(&home, &["demo", "--list"]);
    let error = refused(&home, &["demo", "kraken"]);
    assert!(error.contains("kraken"), "{error}");
    for name in ["all", "sepm-push-storm", "pool-leak", "ns-busy"] {
        assert!(error.contains(name), "{error}");
        assert!(list.lines().any(|line| line.starts_with(name) && line.len() > name.len() + 20), "{list}");
    }
    assert_eq!(list.lines().count(), why503::demo::INCIDENTS.len());
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let home = home();
    for command in ["report", "replay", "watch"] {
        let gone = home.path().join("gone").join("u_ex.log");
        let error = refused(&home, &[command, gone.to_str().unwrap()]);
        assert!(error.contains("u_ex.log"), "{command}: {error}");
    }
}

#[test]
fn every_shell_gets_completions() {
    let home = home();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&home, &["completions", shell]);
        assert!(script.contains("report") && script.contains("pool-max"), "{shell}");
    }
}

#[test]
fn the_man_page_has_every_command_and_key() {
    let page = printed(&home(), &["man"]).replace(r"\-", "-");
    assert!(page.contains(".SH NAME") && page.contains("Exit codes"));
    for command in COMMANDS {
        assert!(page.contains(&format!(".SH COMMAND: {}", command.to_uppercase())), "{command}");
    }
    let keys = page.split(".SH KEYS").nth(1).unwrap();
    for row in why503::ui::action::ACTIONS {
        let wanted = format!("\\fB{}\\fR\n{}\n", row.shown, row.help);
        assert!(keys.contains(&wanted), "{wanted:?} is not in:\n{keys}");
    }
}

#[cfg(unix)]
#[test]
fn where_there_is_nothing_to_watch_it_says_where_it_looked() {
    let error = refused(&home(), &[]);
    for wanted in ["IIS", "HTTPERR", "SEPM", "Notification Server", r"C:\inetpub\logs\LogFiles", "why503 demo", "why503 watch"] {
        assert!(error.contains(wanted), "{wanted:?} is not in:\n{error}");
    }
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let home = home();
    let logs = logs(&home);
    for args in [&["demo"][..], &["replay", logs.to_str().unwrap()], &["watch", logs.to_str().unwrap()]] {
        let (code, out, error) = run(&home, args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}: {error}");
        assert!(error.contains("report") && error.contains("--headless"), "{args:?}: {error}");
    }
}

#[test]
fn a_demo_is_extracted_and_reported_on() {
    let home = home();
    let to = home.path().join("incident");
    let to = to.to_str().unwrap();
    let written = printed(&home, &["demo", "pool-leak", "--extract", to]);
    assert!(written.lines().count() >= 3 && written.lines().all(|path| Path::new(path).is_file()), "{written}");
    let text = printed(&home, &["report", to]);
    assert!(text.contains("Connections_Refused"), "{text}");

    let report: serde_json::Value = serde_json::from_str(&printed(&home, &["report", "--format", "json", to])).unwrap();
    assert_eq!(report["schema"], "why503/report/1");
    let rules: Vec<&str> = report["findings"].as_array().unwrap().iter().filter_map(|f| f["rule"].as_str()).collect();
    assert!(rules.contains(&"http-connections-refused"), "{rules:?}");

    let again = refused(&home, &["demo", "pool-leak", "--extract", to]);
    assert!(again.contains("is there already"), "{again}");
}

#[test]
fn a_report_is_written_to_a_file() {
    let home = home();
    let (logs, file) = (logs(&home), home.path().join("report.json"));
    let (logs, path) = (logs.to_str().unwrap(), file.to_str().unwrap());
    assert_eq!(printed(&home, &["report", "--format", "json", "-o", path, logs]), "");
    assert_eq!(fs::read_to_string(&file).unwrap(), printed(&home, &["report", "--format", "json", logs]));

    let nowhere = home.path().join("gone").join("report.json");
    let error = refused(&home, &["report", "-o", nowhere.to_str().unwrap(), logs]);
    assert!(error.contains("report.json"), "{error}");
}

#[test]
fn a_zip_is_read_in_place_and_a_hostile_one_refused() {
    let home = home();
    let good = archive(&home, "W3SVC1/u_ex091009.log");
    let report = printed(&home, &["report", "--format", "json", good.to_str().unwrap()]);
    assert!(report.contains("iis-503-2"), "{report}");

    let evil = archive(&home, "../evil.log");
    let error = refused(&home, &["report", evil.to_str().unwrap()]);
    assert!(error.contains("incident.zip") && error.contains("leads out of it"), "{error}");
    assert!(!home.path().parent().unwrap().join("evil.log").exists());

    fs::write(&evil, "PK: not at all").unwrap();
    assert!(refused(&home, &["report", evil.to_str().unwrap()]).contains("no zip archive"));
}

#[test]
fn a_packed_log_is_reported_on_and_never_followed() {
    let home = home();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(LOG.as_bytes()).unwrap();
    let path = home.path().join("u_ex091009.log.gz");
    fs::write(&path, packer.finish().unwrap()).unwrap();
    let path = path.to_str().unwrap();
    assert!(printed(&home, &["report", path]).contains("503.2"));
    assert!(run(&home, &["check", "--at", "09:25:02", path]).1.contains("503.2"));
    let kept = home.path().join("kept");
    for args in [
        &["watch", path][..],
        &["watch", "--headless", "--for", "1", path],
        &["record", "--headless", "--for", "1", "-o", kept.to_str().unwrap(), path],
    ] {
        let error = refused(&home, args);
        assert!(error.contains("does not grow") && error.contains("why503 replay"), "{args:?}: {error}");
    }
    fs::write(home.path().join("logs.tar.gz"), fs::read(path).unwrap()).unwrap();
    assert!(printed(&home, &["report", "logs.tar.gz"]).contains("503.2"), "what is in it counts, not its name");
}

#[test]
fn whoever_stops_reading_has_seen_enough() {
    let home = home();
    let logs = logs(&home);
    let logs = logs.to_str().unwrap();
    for args in
        [&["report", "--format", "json", logs][..], &["report", logs], &["demo", "--list"], &["man"], &["completions", "zsh"]]
    {
        let mut child = std::process::Command::new(cargo_bin!("why503"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{args:?}");
    }
}

#[test]
fn a_configuration_names_what_it_does_not_know() {
    let home = home();
    let logs = logs(&home);
    let config = home.path().join("mine.toml");
    let (logs, path) = (logs.to_str().unwrap(), config.to_str().unwrap());
    for (text, wanted) in [("them = \"dark\"\n", "them"), ("pool_max = \"lots\"\n", "128MB"), ("theme = [\n", "TOML")] {
        fs::write(&config, text).unwrap();
        let error = refused(&home, &["report", "--config", path, logs]);
        assert!(error.contains("mine.toml") && error.contains(wanted), "{error}");
    }
    fs::write(&config, "app_limit = 7000\n").unwrap();
    let report = printed(&home, &["report", "--format", "json", "--config", path, logs]);
    assert!(report.contains("7000"), "{report}");

    fs::remove_file(&config).unwrap();
    assert!(refused(&home, &["report", "--config", path, logs]).contains("mine.toml"));
}

#[test]
fn folders_with_nothing_in_them_are_no_surprise() {
    let home = home();
    let empty = home.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let path = empty.to_str().unwrap();
    for command in ["report", "replay"] {
        let error = refused(&home, &[command, path]);
        assert!(error.contains("empty"), "{command}: {error}");
    }
    let counted = printed(&home, &["watch", "--headless", "--json", "--from-start", "--for", "0", path]);
    let counted: serde_json::Value = serde_json::from_str(counted.lines().last().unwrap()).unwrap();
    assert_eq!((&counted["lines"], &counted["malformed"]), (&0.into(), &0.into()));

    // A log without a byte, one with nothing but a header, and one that is no log.
    fs::write(empty.join("a.log"), "").unwrap();
    fs::write(empty.join("b.log"), LOG.lines().take(4).collect::<Vec<_>>().join("\r\n")).unwrap();
    fs::write(empty.join("c.log"), [0, 159, 146, 150, 10, 13, 0, 255]).unwrap();
    for format in ["text", "json"] {
        assert!(!printed(&home, &["report", "--format", format, path]).is_empty());
    }
}

#[test]
fn what_is_there_is_counted_without_a_screen() {
    let home = home();
    let logs = logs(&home);
    let counted = printed(&home, &["watch", "--headless", "--json", "--from-start", "--for", "0", logs.to_str().unwrap()]);
    let counted: serde_json::Value = serde_json::from_str(counted.lines().last().unwrap()).unwrap();
    assert_eq!((&counted["lines"], &counted["malformed"]), (&1.into(), &0.into()));
    let digest = LOG
        .lines()
        .next_back()
        .unwrap()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    assert_eq!(counted["digest"], format!("{digest:016x}"));
    assert_eq!((&counted["sources"][0]["kind"], &counted["sources"][0]["lines"]), (&"w3c".into(), &1.into()));
}

#[test]
fn what_is_turned_away_for_a_reason_without_a_rule_is_never_called_fine() {
    let folder = tempfile::tempdir().unwrap();
    let row = "2018-01-01 08:09:10 172.31.77.6 2094 172.31.77.6 80 HTTP/1.1 GET /a 503 1 N/A DefaultAppPool\r\n";
    std::fs::write(folder.path().join("httperr1.log"), row.repeat(5)).unwrap();
    let home = home();
    let (code, out, err) = run(&home, &["report", folder.path().to_str().unwrap()]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("turned away for other reasons: 5 N/A"), "{out}");
    assert!(!out.contains("Nothing is wrong"), "{out}");
    let glob = folder.path().join("http*.log");
    assert_eq!(run(&home, &["report", glob.to_str().unwrap()]).0, Some(0));
}

#[test]
fn a_file_named_for_its_limits_must_have_them() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("httperr1.log");
    std::fs::write(
        &log,
        "2018-01-01 08:09:10 172.31.77.6 2094 172.31.77.6 80 HTTP/1.1 GET /a 503 1 QueueFull DefaultAppPool\r\n",
    )
    .unwrap();
    let (home, log) = (home(), log.to_str().unwrap());
    for flag in ["--application-host", "--core-settings", "--pool-tags"] {
        let (code, _, err) = run(&home, &["report", flag, log, log]);
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains(flag) && err.contains("httperr1.log"), "{err}");
        let (code, _, err) = run(&home, &["report", flag, "/nowhere/at.all", log]);
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains(flag) && err.contains("at.all"), "{err}");
    }
}

#[test]
fn a_recording_is_replayed_and_only_goes_where_it_may() {
    let home = home();
    fs::create_dir_all(home.path().join("logs/W3SVC1")).unwrap();
    let log = "#Fields: date time c-ip cs-username cs-uri-stem cs-uri-query sc-status sc-substatus time-taken\n\
               2026-11-21 08:00:00 198.51.100.7 CORP\\ann /shop id=4711 503 2 15\n";
    fs::write(home.path().join("logs/W3SVC1/u_ex261121.log"), log).unwrap();
    let record =
        ["record", "--headless", "--json", "--from-start", "--redact", "--for", "0", "--app-limit", "77", "-o", "rec", "logs"];
    let told: Value = serde_json::from_str(&printed(&home, &record)).unwrap();
    assert_eq!((told["lines"].as_u64(), told["recording"]["missed"].as_u64()), (Some(1), Some(0)), "{told}");
    let kept = fs::read_to_string(home.path().join("rec/W3SVC1/u_ex261121.log")).unwrap();
    for secret in ["198.51.100.7", "ann", "4711"] {
        assert!(!kept.contains(secret), "{secret} is in {kept}");
    }
    let report: Value = serde_json::from_str(&printed(&home, &["report", "--format", "json", "rec"])).unwrap();
    assert_eq!(report["turned_away"][0]["count"], 1, "{report}");
    assert_eq!(report["gaps"].as_array().map(Vec::len), Some(0), "{report}");
    // A recording can be recorded again; its limits are still known.
    printed(&home, &["record", "--headless", "--from-start", "--for", "0", "-o", "again", "rec"]);
    let again: Value = serde_json::from_str(&printed(&home, &["report", "--format", "json", "again"])).unwrap();
    assert_eq!(again["requests"], report["requests"], "{again}");
    assert_eq!(again["requests"][0]["limit"]["value"], 77, "{again}");
    let error = refused(&home, &record);
    assert!(error.contains("would be there twice"), "{error}");
    let error = refused(&home, &["record", "--headless", "--for", "0", "-o", "logs", "logs"]);
    assert!(error.contains("holds no recording of why503"), "{error}");
}

#[test]
fn a_log_that_is_named_twice_is_counted_once() {
    let home = home();
    let logs = logs(&home);
    let log = logs.join("W3SVC1").join("u_ex091009.log");
    let told = printed(&home, &["report", "--format", "json", logs.to_str().unwrap(), log.to_str().unwrap()]);
    let report: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(report["turned_away"][0]["count"], 1);
    assert_eq!(report["sources"].as_array().unwrap().len(), 1);
}

/// Counters as typeperf writes them: three samples of the pool.
const COUNTERS: &str = "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\WEB01\\Memory\\Pool Nonpaged Bytes\"\r\n\
    \"10/09/2009 09:25:00.000\",\"100\"\r\n\"10/09/2009 09:25:01.000\",\"300\"\r\n\"10/09/2009 09:25:02.000\",\"200\"\r\n";

#[test]
fn counters_of_a_file_are_read_along_with_the_logs() {
    let home = home();
    let logs = logs(&home);
    fs::write(home.path().join("perf.csv"), COUNTERS).unwrap();
    let logs = logs.to_str().unwrap();
    let told = printed(&home, &["report", "--format", "json", "--counters", "csv:perf.csv", logs]);
    let report: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&report["pool"]["used"]["peak_bytes"], &report["pool"]["used"]["last_bytes"]), (&300.into(), &200.into()));
    let counted =
        printed(&home, &["watch", "--headless", "--json", "--from-start", "--for", "0", "--counters", "csv:perf.csv", logs]);
    let sum: Value = serde_json::from_str(counted.lines().last().unwrap()).unwrap();
    assert_eq!(sum["lines"], 4);
}

#[test]
fn what_is_no_source_of_counters_is_refused() {
    let home = home();
    let logs = logs(&home);
    let log = logs.join("W3SVC1").join("u_ex091009.log");
    let of_a_log = format!("csv:{}", log.display());
    let logs = logs.to_str().unwrap();
    assert!(refused(&home, &["report", "--counters", &of_a_log, logs]).contains("no pdh-csv file"));
    assert!(refused(&home, &["report", "--counters", "csv:nowhere.csv", logs]).contains("--counters"));
    // On other systems it is no value at all.
    let told = run(&home, &["report", "--counters", "pdh", logs]);
    assert!(told.0 == Some(if cfg!(windows) { 1 } else { 2 }) && told.2.contains("csv:FILE"), "{told:?}");
}

/// Counters of two pools, sampled four times; `states` are those of the second.
fn counters(states: [u8; 4]) -> String {
    let paths = [
        r"W3SVC_W3WP(7_SepmPool)\Active Requests",
        r"W3SVC_W3WP(8_SepmPool)\Active Requests",
        r"HTTP Service Request Queues(SepmPool)\CurrentQueueSize",
        r"HTTP Service Request Queues(SepmPool)\RejectedRequests",
        r"HTTP Service Request Queues(_Total)\RejectedRequests",
        r"APP_POOL_WAS(SepmPool)\Current Application Pool State",
        r"APP_POOL_WAS(Reports)\Current Application Pool State",
    ];
    let mut csv = String::from("\"(PDH-CSV 4.0) (UTC)(0)\"");
    csv.extend(paths.map(|path| format!(",\"\\\\SRV\\{path}\"")));
    // The queue begins anew, and its counter with it.
    let rows = ["4000 12 0 2 2 3", "4700 1012 920 13 13 3", "5700 12 3 13 13 3", "90 3 0 6 6 3"];
    for (second, (row, state)) in rows.iter().zip(states).enumerate() {
        csv.push_str(&format!("\r\n\"10/09/2009 09:25:{second:02}.000\",\"{}\",\"{state}\"", row.replace(' ', "\",\"")));
    }
    csv + "\r\n"
}

const POOLS: &str = "<configuration><system.applicationHost><applicationPools><add name=\"SepmPool\" queueLength=\"1000\" />\
    <add name=\"Reports\" /></applicationPools><sites><site name=\"Web\" id=\"1\"><application path=\"/\" applicationPool=\"SepmPool\" />\
    </site></sites></system.applicationHost></configuration>\r\n";

#[test]
fn counters_of_a_queue_that_overflowed_are_in_the_report_and_nothing_is_not_wrong() {
    let home = home();
    let folder = home.path().join("incident");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("counters.csv"), counters([3, 3, 3, 5])).unwrap();
    fs::write(folder.join("applicationHost.config"), POOLS).unwrap();
    let path = folder.to_str().unwrap();
    let report: Value = serde_json::from_str(&printed(&home, &["report", "--format", "json", path])).unwrap();
    let limit = serde_json::json!({"value": 1000, "origin": "applicationHost.config"});
    assert_eq!(
        report["pools"],
        serde_json::json!([
            {
                "pool": "SepmPool",
                "executing": {"at": "2009-10-09T09:25:01Z", "peak": 5712},
                "queued": {"at": "2009-10-09T09:25:01Z", "peak": 920, "limit": limit},
                "rejected": 17,
                "state": "running",
            },
            {"pool": "Reports", "executing": null, "queued": null, "rejected": null, "state": "disabled"},
        ])
    );
    assert_eq!(report["turned_away"], serde_json::json!([{"reason": "QueueFull", "count": 17}]));
    let finding = &report["findings"][0];
    assert_eq!((&finding["rule"], &finding["count"], &report["untold"]), (&"http-queue-full".into(), &17.into(), &Value::Null));
    let text = printed(&home, &["report", path]);
    let parts =
        ["920 of 1000 (applicationHost.config)", "rejected by HTTP.sys 17", "Reports: executing at most unknown; state disabled"];
    let text_of_one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(text_of_one_line.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Nothing is wrong") && !text.contains("SepmPool is"), "{text}");

    // HTTPERR tells of some of the same requests: they are counted once. What is critical stands first.
    let httperr = "#Software: Microsoft HTTP API 2.0\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n\
        2009-10-09 09:25:01 10.1.2.3 4010 10.2.0.5 443 HTTP/1.1 GET /secars 503 1 QueueFull SepmPool\r\n\
        2009-10-09 09:25:03 10.1.2.3 4011 10.2.0.5 443 HTTP/1.1 GET /reports 503 2 Disabled Reports\r\n";
    fs::write(folder.join("httperr1.log"), httperr).unwrap();
    fs::write(folder.join("u_ex091009.log"), LOG).unwrap();
    let text = printed(&home, &["report", path]);
    let at = |rule: &str| text.find(&format!("[critical, {rule}]")).unwrap();
    assert!(at("iis-503-2") > 0 && text.contains("17 requests turned away by the full kernel queue of pool SepmPool"), "{text}");
    assert!(text.contains("1 request turned away: the application pool Reports is stopped"), "{text}");
    assert!(!text.contains("turned away for other reasons"), "{text}");
}

#[test]
fn a_pool_that_is_stopped_is_not_nothing_and_one_that_runs_is() {
    let home = home();
    let file = home.path().join("counters.csv");
    let path = file.to_str().unwrap();
    let quiet = |states| {
        let rows = counters(states).replace("\"13\"", "\"0\"").replace("\"6\"", "\"0\"").replace("\"2\"", "\"0\"");
        fs::write(&file, rows).unwrap();
        printed(&home, &["report", path])
    };
    let text = quiet([3, 3, 3, 3]);
    assert!(text.contains("Nothing is wrong"), "{text}");
    let text = quiet([3, 3, 3, 5]);
    assert!(!text.contains("Nothing is wrong") && text.contains("application pool reports is disabled"), "{text}");
}
