//! The Windows builds under Wine: on a console in a real terminal, on logs that a Windows program writes, and beside the Linux build.
//!
//! Wine's console does not heed escape sequences and takes calls, as consoles before Windows 10 do; it says that it does heed them.
//! So what is drawn here is drawn as on Server 2008 R2, whichever build draws it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "wine_support/seat.rs"]
mod seat;
#[path = "wine_support/tools.rs"]
#[expect(dead_code, reason = "others use the rest")]
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::cargo_bin;
use seat::{Seat, until};
use serde_json::Value;
use tools::{Writer, build, builds, compiled, under_wine, windows};

/// What HTTP.sys begins a log with.
const HEADER: &str = "#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Date: 2026-11-21 10:00:00\r\n\
    #Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n";

/// A shell's place: the program is its child, and what it writes down afterwards is looked at.
struct Shell {
    folder: tempfile::TempDir,
    seat: Seat,
}

impl Shell {
    /// `event` is what can be asked for: c for Ctrl-C (Wine 8 knows no Ctrl-Break), size or none. `out` takes what it prints.
    fn starts(event: &str, out: Option<&str>, program: &Path, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = compiled("host.c", folder.path());
        let inside = |name: &str| windows(&folder.path().join(name));
        let (report, ask, program) = (inside("report"), inside("ask"), windows(program));
        let out = out.map_or_else(|| String::from("-"), inside);
        let seat = Seat::new(&host, &[&[report.as_str(), &ask, event, &out, &program], args].concat());
        Self { folder, seat }
    }

    /// Has the event happen.
    fn asks_to_act(&self) {
        fs::write(self.folder.path().join("ask"), "").unwrap();
    }

    /// Waits for the program's end, and asks that the console is as it was; gives the exit code.
    #[track_caller]
    fn gets_its_console_back(&mut self) -> u32 {
        self.seat.until("the screen from before", |s| s.contains("before the program") && s.contains("after the program"));
        let code = self.seat.ends();
        let report = fs::read_to_string(self.folder.path().join("report")).unwrap();
        let line = |name: &str| report.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        assert_eq!(line("before"), line("after"), "{report}");
        assert!(line("before").contains("cursor=1") && line("before").contains("before the program"), "{report}");
        assert_eq!(line("code="), code.to_string());
        assert!(self.seat.shows_cursor());
        assert!(!self.seat.text().contains("Requests"), "{}", self.seat.text());
        code
    }
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn the_demo_draws_answers_keys_and_leaves_the_console_as_it_was() {
    for program in builds() {
        let mut shell = Shell::starts("none", None, &program, &["demo"]);
        let seat = &mut shell.seat;
        seat.until_text("REFUSING");
        assert!(seat.has_colours() && !seat.shows_cursor());
        seat.press(" ");
        seat.until_text("paused");
        seat.press("?");
        seat.until_text("Leave; the terminal is given back");
        seat.press("?");
        seat.until("the panes again", |s| s.contains("2 Pool") && !s.contains("Leave; the terminal"));
        seat.press("\t");
        seat.until("the next pane", |s| !s.contains("►1 Requests") && s.contains("►2 Pool"));
        seat.press("1\r");
        seat.until_text("Requests by application");
        seat.press("\r");
        seat.until_text("/secars/secars.dll");
        seat.press("\u{1b}");
        seat.until("one level back", |s| s.contains("limit") && !s.contains("by URL"));
        seat.press("q");
        assert_eq!(shell.gets_its_console_back(), 0);
    }
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn a_window_that_was_resized_is_drawn_anew() {
    let mut shell = Shell::starts("size", None, &build(), &["demo", "pool-leak"]);
    let pane_of =
        |screen: &str, width: usize| screen.lines().any(|line| line.starts_with('└') && line.chars().nth(width - 1) == Some('┘'));
    shell.seat.until("three panes beside each other", |s| pane_of(s, 27) && !pane_of(s, 60));
    // The terminal around it stays as it is: Wine 8 takes no notice of that one's size.
    shell.asks_to_act();
    shell.seat.until("one pane of the window's 60 columns", |s| pane_of(s, 60) && !pane_of(s, 27));
    shell.seat.press("q");
    assert_eq!(shell.seat.ends(), 0);
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn ctrl_c_ends_it_and_the_console_is_given_back() {
    let mut shell = Shell::starts("c", None, &build(), &["demo"]);
    shell.seat.until_text("1 Requests");
    shell.asks_to_act();
    assert_eq!(shell.gets_its_console_back(), 0);
    // While the screen is up, the key is no event but a key.
    let mut shell = Shell::starts("none", None, &build(), &["demo"]);
    shell.seat.until_text("1 Requests");
    shell.seat.press("\u{3}");
    assert_eq!(shell.gets_its_console_back(), 0);
}

/// A row of HTTPERR.
fn refused(number: u32) -> String {
    format!(
        "2026-11-21 10:00:00 10.1.{}.{} 4711 10.0.0.5 80 HTTP/1.1 GET /n{number} 503 1 Disabled pool\r\n",
        number / 250,
        number % 250
    )
}

fn rows(numbers: std::ops::Range<u32>) -> String {
    numbers.map(refused).collect()
}

/// What the contract's digest is of these rows.
fn digest(numbers: std::ops::Range<u32>) -> u64 {
    let fnv = |row: String| {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        row.trim_end().as_bytes().iter().fold(0xCBF2_9CE4_8422_2325, step)
    };
    numbers.map(|number| fnv(refused(number))).fold(0, u64::wrapping_add)
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn what_a_windows_program_writes_rolls_over_and_deletes_is_counted_exactly() {
    for program in builds() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("HTTPERR");
        fs::create_dir(&logs).unwrap();
        let mut writer = Writer::start(&compiled("writer.c", folder.path()), &logs);
        let dump = folder.path().join("dump");
        let (to_dump, to_logs) = (windows(&dump), windows(&logs));
        let args = ["watch", "--headless", "--json", "--from-start", "--dump", &to_dump, &to_logs];
        let mut shell = Shell::starts("c", Some("counted"), &program, &args);
        let counted = |count: usize| {
            let read = || fs::read_to_string(&dump).unwrap_or_default().lines().count();
            until(&|| format!("{count} rows, there are {}", read()), || read() == count);
        };
        writer.does("open httperr1.log");
        writer.appends(HEADER);
        writer.appends(&rows(0..500));
        writer.does("flush");
        counted(500);
        // What is left in the buffer is half a line, until more comes.
        writer.appends(&rows(500..900));
        writer.does("close");
        // As HTTP.sys rolls over: another name. What is still being read is renamed away, then deleted.
        writer.does("rename httperr1.log httperr1.old.log");
        writer.does("open httperr2.log");
        writer.appends(&format!("{HEADER}{}", rows(900..1300)));
        writer.does("close");
        counted(1300);
        writer.does("delete httperr1.old.log");
        writer.does("open httperr1.log");
        writer.appends(&format!("{HEADER}{}", rows(1300..1800)));
        writer.does("close");
        counted(1800);
        shell.asks_to_act();
        assert_eq!(shell.seat.ends(), 0);
        let printed = fs::read_to_string(shell.folder.path().join("counted")).unwrap();
        let summary: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
        let told = summary["digest"].as_str().map(|text| u64::from_str_radix(text, 16).unwrap());
        assert_eq!((summary["lines"].as_u64(), summary["malformed"].as_u64()), (Some(1800), Some(0)), "{summary}");
        assert_eq!(told, Some(digest(0..1800)), "{summary}");
    }
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn the_screen_follows_what_a_windows_program_writes() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let mut writer = Writer::start(&compiled("writer.c", folder.path()), &logs);
    writer.does("open httperr1.log");
    writer.appends(HEADER);
    writer.does("flush");
    let mut shell = Shell::starts("none", None, &build(), &["watch", &windows(&logs)]);
    shell.seat.until_text("2 Pool");
    let row = |count| format!("2026-11-21 10:00:0{count} - - - - - - - - - {count}_Connections_Refused -\r\n");
    writer.appends(&row(3));
    writer.does("flush");
    shell.seat.until_text("3 connections refused");
    writer.does("close");
    writer.does("open httperr2.log");
    writer.appends(&format!("{HEADER}{}", row(4)));
    writer.does("close");
    shell.seat.until_text("7 connections refused");
    shell.seat.press("q");
    assert_eq!(shell.gets_its_console_back(), 0);
}

/// What a report says, with the names of its sources as another system writes them.
fn same(report: &[u8], labels: &[String], json: bool) -> String {
    let mut report = String::from_utf8(report.to_vec()).unwrap();
    for label in labels {
        let written = if json { label.replace('\\', "\\\\") } else { label.clone() };
        report = report.replace(&written, &label.replace('\\', "/"));
    }
    report
}

fn labels(json: &[u8]) -> Vec<String> {
    let report: Value = serde_json::from_slice(json).unwrap();
    report["sources"].as_array().unwrap().iter().map(|source| source["path"].as_str().unwrap().to_owned()).collect()
}

fn printed(mut command: Command) -> Vec<u8> {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    stdout
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn a_report_is_what_it_is_on_linux_byte_for_byte() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let linux = |at: &Path| {
        let mut command = Command::new(cargo_bin!("why503"));
        command.current_dir(at).env("XDG_CONFIG_HOME", "/nonexistent");
        command
    };
    let mut asked: Vec<(PathBuf, String)> = Vec::new();
    for incident in why503::demo::INCIDENTS {
        printed({
            let mut extract = linux(folder.path());
            extract.args(["demo", incident.name, "--extract", incident.name]);
            extract
        });
        asked.push((folder.path().to_owned(), incident.name.to_owned()));
        asked.push((project.join("demo"), format!("{}.zip", incident.name)));
    }
    asked.push((project.join("tests"), String::from("fixtures")));
    let [new, old] = builds();
    // What differs between the builds is what they ask of the system, not how they count.
    let for_both = asked.iter().filter(|(_, path)| path == "all" || path == "fixtures").map(|one| (&old, one));
    for (program, (at, path)) in asked.iter().map(|one| (&new, one)).chain(for_both) {
        let report = |mut command: Command, form: &str| {
            command.current_dir(at).args(["report", "--tz", "Europe/Berlin", "--format", form, path]);
            printed(command)
        };
        let (here, there) = (report(linux(at), "json"), report(under_wine(program), "json"));
        let names = labels(&there);
        assert_eq!(same(&there, &names, true), String::from_utf8(here).unwrap(), "{path}");
        let (here, there) = (report(linux(at), "text"), report(under_wine(program), "text"));
        assert_eq!(same(&there, &names, false), String::from_utf8(here).unwrap(), "{path}");
    }
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn a_report_that_is_redirected_or_piped_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("httperr1.log"), format!("{HEADER}{}", rows(0..50))).unwrap();
    let report = || {
        let mut command = under_wine(&build());
        command.current_dir(folder.path()).args(["report", "httperr1.log"]);
        command
    };
    let piped = printed(report());
    let to_file = folder.path().join("redirected");
    assert!(report().stdout(fs::File::create(&to_file).unwrap()).stderr(Stdio::null()).status().unwrap().success());
    assert_eq!(fs::read(&to_file).unwrap(), piped);
    let mut written = report();
    printed({
        written.args(["-o", "written.txt"]);
        written
    });
    assert_eq!(fs::read(folder.path().join("written.txt")).unwrap(), piped);
    // cmd's own: the console is there, stdout is a file.
    let mut shell = Shell::starts("none", Some("by-shell"), &build(), &["report", &windows(&folder.path().join("httperr1.log"))]);
    assert_eq!(shell.seat.ends(), 0);
    let by_shell = fs::read_to_string(shell.folder.path().join("by-shell")).unwrap();
    let label = windows(&folder.path().join("httperr1.log"));
    // Its lines are cut elsewhere: the path is longer.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words(&by_shell.replace(&label, "httperr1.log")), words(std::str::from_utf8(&piped).unwrap()));
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn without_anything_to_watch_it_says_what_it_looked_for_and_offers_the_demo() {
    for program in builds() {
        let Output { status, stdout, stderr } = under_wine(&program).output().unwrap();
        let told = String::from_utf8(stderr).unwrap();
        assert_eq!((status.code(), stdout.as_slice()), (Some(1), &b""[..]), "{told}");
        assert!(told.contains(r"C:\inetpub\logs\LogFiles") && told.contains("why503 demo"), "{told}");
    }
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn paths_beyond_260_characters_are_read_and_followed() {
    let folder = tempfile::tempdir().unwrap();
    let deep = (0..6).fold(folder.path().to_owned(), |path, level| path.join(format!("{level}{}", "x".repeat(60))));
    fs::create_dir_all(&deep).unwrap();
    let log = deep.join("httperr1.log");
    fs::write(&log, format!("{HEADER}{}", rows(0..50))).unwrap();
    assert!(windows(&log).len() > 300);
    for name in [windows(&log), format!(r"\\?\{}", windows(&log)), windows(folder.path())] {
        for program in builds() {
            let mut report = under_wine(&program);
            report.args(["report", "--format", "json", &name]);
            let report: Value = serde_json::from_slice(&printed(report)).unwrap();
            assert_eq!(report["sources"][0]["records"].as_u64(), Some(50), "{name}: {report}");
            let mut watch = under_wine(&program);
            watch.args(["watch", "--headless", "--json", "--from-start", "--for", "0", &name]);
            let summary: Value = serde_json::from_slice(&printed(watch)).unwrap();
            assert_eq!(summary["lines"].as_u64(), Some(50), "{name}: {summary}");
        }
    }
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn names_of_files_may_be_of_any_language() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["журнал.log", "ログ.log", "ÄÖÜ ß.log", "e\u{301}.log", "\u{1F600}.log"];
    for name in names {
        fs::write(folder.path().join(name), format!("{HEADER}{}", rows(0..10))).unwrap();
    }
    let mut report = under_wine(&build());
    report.args(["report", "--format", "json", &windows(folder.path())]);
    let found = labels(&printed(report));
    for name in names {
        assert!(found.iter().any(|label| label.ends_with(name)), "{name}: {found:?}");
    }
}
