//! The real program in a real terminal: it starts, draws, resizes, follows, and gives the terminal back, however it ends.
//!
//! Every wait is for something to be seen; the bound on it only keeps a broken program from hanging the tests.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, NativePtySystem, PtySize, PtySystem};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::termios::LocalModes;

struct Seat {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    reading: Arc<AtomicU8>,
    reader: JoinHandle<()>,
}

/// What the terminal does: it reads, it stands still, or it goes.
const READS: u8 = 0;
const STUCK: u8 = 1;
const GOES: u8 = 2;

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Seat {
    fn new(args: &[&str], folder: Option<&Path>) -> Self {
        Self::started(&[&[env!("CARGO_BIN_EXE_why503")], args].concat(), folder, (24, 80))
    }

    /// Started by a shell that sees to something first.
    fn through_shell(script: &str, args: &[&str]) -> Self {
        Self::started(&[&["sh", "-c", script, env!("CARGO_BIN_EXE_why503")], args].concat(), None, (24, 80))
    }

    fn started(command_line: &[&str], folder: Option<&Path>, (rows, cols): (u16, u16)) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = NativePtySystem::default().openpty(size).unwrap();
        let mut command = CommandBuilder::new(command_line[0]);
        command.args(&command_line[1..]);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        command.env_remove("NO_COLOR");
        command.cwd(folder.unwrap_or(Path::new(".")));
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        // A terminal that says 0 does not know its size.
        let (rows, cols) = if rows == 0 { (24, 80) } else { (rows, cols) };
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(cols), 0)));
        let (raw, reading) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU8::new(READS)));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (to_screen, to_raw, how) = (Arc::clone(&screen), Arc::clone(&raw), Arc::clone(&reading));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                match how.load(Ordering::SeqCst) {
                    GOES => return,
                    STUCK => std::thread::sleep(Duration::from_millis(5)),
                    _ => {
                        let Ok(read @ 1..) = reader.read(&mut buffer) else { return };
                        to_screen.lock().unwrap().process(&buffer[..read]);
                        to_raw.lock().unwrap().extend_from_slice(&buffer[..read]);
                    }
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, keys, screen, raw, reading, reader }
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
        let code = exit_code(&mut self.child);
        self.until_given_back();
        code
    }

    #[track_caller]
    fn until_given_back(&self) {
        self.until_raw("the alternate screen left, the cursor shown again", |raw| {
            let last = |sequence| raw.rfind(sequence);
            last("\u{1b}[?1049l") > last("\u{1b}[?1049h") && last("\u{1b}[?25h") > last("\u{1b}[?25l")
        });
    }

    #[track_caller]
    fn until_raw(&self, what: &str, seen: impl Fn(&str) -> bool) {
        for _ in 0..600 {
            if seen(&String::from_utf8_lossy(&self.raw.lock().unwrap())) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("never seen: {what}");
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// The terminal goes away, as when a connection drops.
    fn hang_up(self) -> Box<dyn Child + Send + Sync> {
        self.reading.store(GOES, Ordering::SeqCst);
        // It is in the middle of reading; the next frame ends that.
        self.reader.join().unwrap();
        self.child
    }

    /// The terminal reads nothing, and what it was sent fills all the buffers on the way. That the program is not held up is seen
    /// by what it writes elsewhere.
    #[track_caller]
    fn gets_stuck(&mut self, exports: &Path) {
        self.press(" ");
        self.until_text("paused");
        self.reading.store(STUCK, Ordering::SeqCst);
        for count in 1..=12 {
            // Another theme changes every cell, and another second has a report of its own.
            self.press("t\u{1b}[Ce");
            until(&format!("report {count}"), || std::fs::read_dir(exports).unwrap().count() == count);
        }
    }

    /// Whether the terminal is as a shell needs it: line by line, with echo.
    fn is_cooked(&self) -> bool {
        let device = std::fs::File::open(self.master.tty_name().unwrap()).unwrap();
        rustix::termios::tcgetattr(&device).unwrap().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }
}

#[track_caller]
fn until(what: &str, mut seen: impl FnMut() -> bool) {
    for _ in 0..600 {
        if seen() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never: {what}");
}

/// Waits for the end.
#[track_caller]
fn exit_code(child: &mut Box<dyn Child + Send + Sync>) -> u32 {
    let mut code = None;
    until("the end of the program", || {
        code = child.try_wait().unwrap().map(|status| status.exit_code());
        code.is_some()
    });
    code.unwrap()
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
fn a_large_log_is_shown_from_its_end_and_told_of_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("httperr1.log");
    let mut rows = String::from(
        "#Software: Microsoft HTTP API 2.0\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n",
    );
    rows.push_str("2007-11-13 06:00:00 - - - - - - - - - 7_Connections_Refused -\r\n");
    for n in 0..210_000 {
        let (hour, minute, second) = (6 + n / 18_000, n / 300 % 60, n / 5 % 60);
        rows.push_str(&format!(
            "2007-11-13 {hour:02}:{minute:02}:{second:02} 10.0.{}.{} 49152 10.0.0.5 443 - - - - - Timer_ConnectionIdle -\r\n",
            n % 7,
            n % 251
        ));
    }
    assert!(rows.len() > 16 << 20, "{}", rows.len());
    std::fs::write(&log, &rows).unwrap();
    let mut seat = Seat::new(&["watch", folder.path().to_str().unwrap()], None);
    seat.until_text("2007-11-13 17:39:59");
    seat.press("5\r");
    seat.until("all is loaded", |s| s.contains("210001") && !s.contains("loading"));
    let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
    file.write_all(b"2007-11-13 17:40:09 - - - - - - - - - 4_Connections_Refused -\r\n").unwrap();
    seat.press("2");
    seat.until_text("11 connections refused");
    // Lines behind the place where it was begun are counted from its beginning.
    seat.press("6G\r");
    seat.until("one of the last lines", |s| s.contains("httperr1.log:210003") || s.contains("httperr1.log:210004"));
    seat.press("q");
    assert_eq!(seat.ends(), 0);
}

#[test]
fn a_large_log_whose_fields_changed_long_ago_is_read_again_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("u_ex261120.log");
    let fields = |last: &str| format!("#Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) {last}\r\n");
    let software = "#Software: Microsoft Internet Information Services 10.0\r\n";
    let mut rows = [software, &fields("sc-status sc-substatus time-taken")].concat();
    for n in 0..210_000 {
        let (minute, second) = (n / 3500, n / 60 % 60);
        if n == 5000 {
            rows.push_str(&fields("time-taken sc-substatus sc-status"));
        }
        // Whoever takes the one for the other sees nothing wrong.
        let status = if n < 5000 { "200 0 503" } else { "200 2 503" };
        rows.push_str(&format!(
            "2026-11-20 09:{minute:02}:{second:02} GET /shop/cart.aspx 10.0.{}.{} Mozilla/5.0+(Windows+NT+10.0) {status}\r\n",
            n % 7,
            n % 251
        ));
    }
    assert!(rows.len() > 17 << 20, "{}", rows.len());
    std::fs::write(&log, &rows).unwrap();
    let mut seat = Seat::new(&["watch", folder.path().to_str().unwrap()], None);
    seat.until_text("2026-11-20 09:59:");
    seat.press("5\r");
    seat.until("all of it, read once more", |s| s.contains("210000") && !s.contains("loading"));
    // From where they changed on, all were refused.
    seat.press("1\r\rbbb");
    seat.until("how rows of the last minutes are read", |s| s.contains("503.2") && !s.contains("200.2"));
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
    seat.signal(Signal::TERM);
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
    assert_eq!(run.status.code(), Some(2), "{told}");
    assert!(told.contains("report") && told.contains("--headless"), "{told}");
}

#[test]
fn without_a_keyboard_it_says_what_to_use_instead() {
    for script in ["exec \"$0\" \"$@\" </dev/null", "exec \"$0\" \"$@\" <&-"] {
        let mut seat = Seat::through_shell(script, &["demo"]);
        assert_eq!(exit_code(&mut seat.child), 2);
        seat.until_text("no terminal input: use report, or watch --headless");
        let raw = String::from_utf8_lossy(&seat.raw.lock().unwrap()).into_owned();
        assert!(!raw.contains('\u{1b}'), "something was taken over: {raw:?}");
    }
}

#[test]
fn a_terminal_that_stops_reading_holds_nothing_up_and_one_frame_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut seat = Seat::started(&[env!("CARGO_BIN_EXE_why503"), "demo", "pool-leak"], Some(folder.path()), (50, 180));
    seat.gets_stuck(folder.path());
    let before = seat.raw.lock().unwrap().len();
    // All keys that are pressed meanwhile have been heeded when it reads again.
    seat.press("?");
    seat.reading.store(READS, Ordering::SeqCst);
    seat.until_text("Leave; the terminal is given back");
    let frames = String::from_utf8_lossy(&seat.raw.lock().unwrap()[before..]).matches("\u{1b}[?2026l").count();
    assert!((1..=5).contains(&frames), "{frames} frames were kept for it");
    seat.press("q");
    assert_eq!(seat.ends(), 0);
}

#[test]
fn it_ends_although_the_terminal_does_not_read_and_gives_it_back_when_it_does() {
    for ask in ["q", "\u{3}", "SIGTERM", "SIGHUP"] {
        let folder = tempfile::tempdir().unwrap();
        let mut seat = Seat::started(&[env!("CARGO_BIN_EXE_why503"), "demo", "pool-leak"], Some(folder.path()), (50, 180));
        seat.gets_stuck(folder.path());
        match ask {
            "SIGTERM" => seat.signal(Signal::TERM),
            "SIGHUP" => seat.signal(Signal::HUP),
            key => seat.press(key),
        }
        assert_eq!(exit_code(&mut seat.child), if ask == "SIGHUP" { 129 } else { 0 }, "{ask:?}");
        assert!(seat.is_cooked(), "{ask:?}");
        seat.reading.store(READS, Ordering::SeqCst);
        seat.until_given_back();
    }
}

#[test]
fn a_terminal_that_hangs_up_ends_it_with_129() {
    let seat = Seat::new(&["demo"], None);
    seat.until_text("1 Requests");
    assert_eq!(exit_code(&mut seat.hang_up()), 129);
}

#[test]
fn a_terminal_that_hangs_up_ends_it_although_the_signal_is_ignored() {
    let seat = Seat::through_shell("trap '' HUP; exec \"$0\" \"$@\"", &["demo"]);
    seat.until_text("1 Requests");
    seat.signal(Signal::HUP);
    // It is still there.
    seat.until_text("REFUSING");
    assert_eq!(exit_code(&mut seat.hang_up()), 129);
}

#[test]
fn a_hang_up_told_by_a_signal_alone_ends_it_with_129() {
    let seat = Seat::new(&["demo"], None);
    seat.until_text("1 Requests");
    seat.signal(Signal::HUP);
    assert_eq!(seat.ends(), 129);
}

#[test]
fn it_stands_still_for_the_shell_and_goes_on_with_what_was_written_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("httperr1.log");
    std::fs::write(&log, "#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Date: 2007-11-13 20:01:44\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n").unwrap();
    let mut seat = Seat::new(&["watch", folder.path().to_str().unwrap()], None);
    seat.until_text("2 Pool");
    let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
    // By the key, by a signal of somebody else, and by the key again while the filter is typed.
    for (turn, key) in [Some("\u{1a}"), None, Some("/\u{1a}")].into_iter().enumerate() {
        match key {
            Some(key) => seat.press(key),
            None => seat.signal(Signal::TSTP),
        }
        let stopped = || waitpid(Some(seat.pid()), WaitOptions::UNTRACED | WaitOptions::NOHANG).unwrap();
        until("the program stands still", || stopped().is_some_and(|(_, status)| status.stopped()));
        seat.until_given_back();
        assert!(seat.is_cooked());
        file.write_all(b"2007-11-13 20:01:44 - - - - - - - - - 3_Connections_Refused -\r\n").unwrap();
        seat.signal(Signal::CONT);
        let again = turn + 2;
        seat.until_raw("taken over again", |raw| raw.matches("\u{1b}[?1049h").count() == again);
        if turn < 2 {
            seat.until_text(&format!("{} connections refused", 3 * (turn + 1)));
        } else {
            seat.until_text("Filter:");
        }
        assert!(!seat.is_cooked());
    }
    seat.press("\u{1b}");
    seat.until("no filter", |s| !s.contains("Filter:"));
    seat.press("q");
    assert_eq!(seat.ends(), 0);
}

#[test]
fn a_terminal_that_does_not_know_its_size_has_80x24() {
    let mut seat = Seat::started(&[env!("CARGO_BIN_EXE_why503"), "demo"], None, (0, 0));
    seat.until("all panes", |s| s.contains("1 Requests") && s.contains("3 NS slots") && s.contains("6 Log"));
    seat.press("q");
    assert_eq!(seat.ends(), 0);
}

#[test]
fn a_slow_line_is_spared_24_bit_colours_and_its_keys_are_answered() {
    for (args, spared) in [(&["demo", "--low-bandwidth"][..], true), (&["demo", "--fps", "30"], false)] {
        let mut seat = Seat::new(args, None);
        seat.until_text("1 Requests");
        seat.press(" ");
        seat.until_text("paused");
        let raw = Arc::clone(&seat.raw);
        seat.press("q");
        assert_eq!(seat.ends(), 0);
        assert_eq!(!String::from_utf8_lossy(&raw.lock().unwrap()).contains("38;2;"), spared, "{args:?}");
    }
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
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    let [page] = &files[..] else { panic!("{files:?}") };
    assert!(page.extension().is_some_and(|e| e == "html"), "{files:?}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.ends_with("</html>\n") && page.contains("<h2>What happened</h2>"), "{page}");
    assert!(page.contains("why503 demo --extract incident pool-leak"), "{page}");
}

/// A log with its header, in a folder of its own; rows are appended to it.
fn busy_log(folder: &Path) -> std::fs::File {
    let logs = folder.join("logs/W3SVC1");
    std::fs::create_dir_all(&logs).unwrap();
    let mut log = std::fs::File::create(logs.join("u_ex261121.log")).unwrap();
    log.write_all(b"#Fields: date time cs-uri-stem sc-status sc-substatus time-taken\r\n").unwrap();
    log.write_all(b"2026-11-21 08:00:00 /before 200 0 15\r\n").unwrap();
    log
}

/// What a recording holds, and its manifest.
fn recorded(folder: &Path) -> (String, String) {
    let log = std::fs::read_to_string(folder.join("W3SVC1/u_ex261121.log")).unwrap();
    (log, std::fs::read_to_string(folder.join("manifest.toml")).unwrap())
}

#[test]
fn r_starts_and_stops_a_recording_of_what_is_written_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = busy_log(folder.path());
    let mut seat = Seat::new(&["watch", "logs"], Some(folder.path()));
    seat.until_text("W3SVC1/");
    seat.press("r");
    seat.until_text("recording into");
    log.write_all(b"2026-11-21 08:00:01 /during 503 2 15\r\n").unwrap();
    seat.until_text("1 turned away");
    seat.press("r");
    seat.until_text("recorded");
    log.write_all(b"2026-11-21 08:00:02 /after 503 2 15\r\n").unwrap();
    seat.until_text("2 turned away");
    seat.press("q");
    assert_eq!(seat.ends(), 0);
    let folders = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let recording = folders.into_iter().find(|path| path.to_string_lossy().contains("why503-recording-")).unwrap();
    let (log, manifest) = recorded(&recording);
    assert!(log.contains("#Fields") && log.contains("/during"), "{log}");
    assert!(!log.contains("/before") && !log.contains("/after"), "{log}");
    assert!(manifest.contains("\nto = "), "{manifest}");
}

#[test]
fn a_terminal_that_hangs_up_ends_a_recording_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = busy_log(folder.path());
    let seat = Seat::new(&["record", "-o", "rec", "logs"], Some(folder.path()));
    seat.until_text("W3SVC1/");
    log.write_all(b"2026-11-21 08:00:01 /during 503 2 15\r\n").unwrap();
    seat.until_text("1 turned away");
    assert_eq!(exit_code(&mut seat.hang_up()), 129);
    let (log, manifest) = recorded(&folder.path().join("rec"));
    assert!(log.ends_with("/during 503 2 15\r\n"), "{log}");
    assert!(manifest.contains("\nto = "), "{manifest}");
}
