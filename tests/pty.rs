//! The real program in a real terminal: it starts, draws, resizes, follows, and gives the terminal back, however it ends.
//!
//! Every wait is for something to be seen; the bound on it only keeps a broken program from hanging the tests.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, NativePtySystem, PtySize, PtySystem};

struct Seat {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Seat {
    fn new(args: &[&str], folder: Option<&Path>) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = NativePtySystem::default().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_why503"));
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        command.env_remove("NO_COLOR");
        command.cwd(folder.unwrap_or(Path::new(".")));
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let (screen, raw) = (Arc::new(Mutex::new(vt100::Parser::new(cells(24), cells(80), 0))), Arc::new(Mutex::new(Vec::new())));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (to_screen, to_raw) = (Arc::clone(&screen), Arc::clone(&raw));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                to_screen.lock().unwrap().process(&buffer[..read]);
                to_raw.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, keys, screen, raw }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    #[track_caller]
    fn until(&self, what: &str, seen: impl Fn(&str) -> bool) {
        for _ in 0..600 {
            if seen(&self.text()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("never seen: {what}\n{}", self.text());
    }

    #[track_caller]
    fn until_text(&self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// Waits for the end, and asks that the terminal was given back.
    #[track_caller]
    fn ends(mut self) -> u32 {
        let code = self.child.wait().unwrap().exit_code();
        for _ in 0..100 {
            let raw = String::from_utf8_lossy(&self.raw.lock().unwrap()).into_owned();
            if raw.contains("\u{1b}[?1049l") && raw.contains("\u{1b}[?25h") {
                return code;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the alternate screen was never left, or the cursor never shown again");
    }

    fn terminate(&self) {
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), rustix::process::Signal::TERM).unwrap();
    }
}

#[test]
fn the_demo_plays_drills_in_and_quits() {
    let mut seat = Seat::new(&["demo"], None);
    seat.until_text("REFUSING");
    seat.press(" ");
    seat.until_text("paused");
    seat.press("1\r");
    seat.until_text("Requests by application");
    seat.press("\r");
    seat.until_text("/secars/secars.dll");
    seat.press("\u{1b}");
    seat.until("one level back", |s| s.contains("limit") && !s.contains("by URL"));
    seat.press("?");
    seat.until_text("Leave; the terminal is given back");
    seat.press("?");
    seat.press("q");
    assert_eq!(seat.ends(), 0);
}

#[test]
fn it_follows_a_log_as_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("httperr1.log");
    std::fs::write(&log, "#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Date: 2007-11-13 20:01:44\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n").unwrap();
    let mut seat = Seat::new(&["watch", folder.path().to_str().unwrap()], None);
    seat.until_text("2 Pool");
    let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
    file.write_all(
        b"2007-11-13 20:01:44 - - - - - - - - - 3_Connections_Refused -\r\n2007-11-13 20:01:49 - - - - - - - - - 4_Connec",
    )
    .unwrap();
    seat.until_text("3 connections refused");
    file.write_all(b"tions_Refused -\r\n").unwrap();
    seat.until_text("7 connections refused");
    seat.press("q");
    assert_eq!(seat.ends(), 0);
}

#[test]
fn resizing_redraws_and_breaks_nothing() {
    let mut seat = Seat::new(&["demo", "pool-leak"], None);
    seat.until_text("2 Pool");
    for (rows, cols) in [(5, 20), (1, 1), (50, 180), (15, 60), (24, 80)] {
        seat.screen.lock().unwrap().screen_mut().set_size(cells(rows), cells(cols));
        seat.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }
    seat.until("all panes again", |s| s.contains("1 Requests") && s.contains("3 NS slots") && s.contains("6 Log"));
    seat.press("q");
    assert_eq!(seat.ends(), 0);
}

#[test]
fn the_terminal_is_given_back_on_sigterm() {
    let seat = Seat::new(&["demo"], None);
    seat.until_text("1 Requests");
    seat.terminate();
    assert_eq!(seat.ends(), 0);
}

#[test]
fn the_terminal_is_given_back_on_ctrl_c() {
    let mut seat = Seat::new(&["demo"], None);
    seat.until_text("1 Requests");
    seat.press("\u{3}");
    assert_eq!(seat.ends(), 0);
}

#[test]
fn nothing_of_a_log_reaches_the_terminal_unescaped() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = b"#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n".to_vec();
    for hostile in [
        &b"\x1b]0;owned\x07"[..],
        b"\x1b[2J\x1b[31m",
        b"\x9b31m",
        "\u{202e}txt.exe\u{2066}".as_bytes(),
        b"\x1b]52;c;b3duZWQ=\x07",
    ] {
        text.extend_from_slice(b"2026-11-21 10:00:00 10.0.0.5 GET /");
        text.extend_from_slice(hostile);
        text.extend_from_slice(b" - 443 - 10.1.1.1 Mozilla/5.0 - 503 2 0 1\r\n");
    }
    std::fs::write(folder.path().join("u_ex261121.log"), text).unwrap();
    let mut seat = Seat::new(&["watch", folder.path().to_str().unwrap()], None);
    seat.until_text("5 turned away");
    seat.press("1\r\r");
    seat.until_text("\\x1b]0;owned\\x07");
    seat.press("q");
    let raw = Arc::clone(&seat.raw);
    assert_eq!(seat.ends(), 0);
    let raw = String::from_utf8_lossy(&raw.lock().unwrap()).into_owned();
    for attack in ["\u{1b}]0;owned", "\u{1b}]52;c;b3du", "\u{9b}31m", "\u{202e}", "\u{2066}"] {
        assert!(!raw.contains(attack), "{attack:?} reached the terminal");
    }
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let run =
        std::process::Command::new(env!("CARGO_BIN_EXE_why503")).arg("demo").stdin(std::process::Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(told.contains("report") && told.contains("--headless"), "{told}");
}

#[test]
fn an_export_is_written_beside_the_administrator() {
    let folder = tempfile::tempdir().unwrap();
    let mut seat = Seat::new(&["demo", "pool-leak"], Some(folder.path()));
    seat.until_text("2 Pool");
    seat.press(" e");
    seat.until_text("written: why503-");
    seat.press("q");
    assert_eq!(seat.ends(), 0);
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
    assert_eq!(report["schema"], "why503/report/1");
}
