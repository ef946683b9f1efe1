//! What was seen live is seen again: a run is followed and recorded while its logs grow, then the recording is replayed, in other
//! pieces, and asked for the same screens and the same report.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::Value;
use why503::app::session::Session;
use why503::demo;
use why503::engine::Engine;
use why503::limits::{Given, Limits};
use why503::report::Report;
use why503::sources::clock::Tick;
use why503::sources::follow::{Follower, Next};
use why503::sources::load::{Piece, Recording};
use why503::sources::recording::{Recorder, Setup};
use why503::sources::shelf::{Place, Shelf};
use why503::time::{Time, Zone};
use why503::ui::cursor::Cursor;
use why503::ui::state::Ui;
use why503::ui::theme::{Glyphs, Theme};

fn session(given: &Given) -> Session {
    let limits = Limits { given: given.clone(), ..Limits::default() };
    let ui = Ui::new("a run", Cursor::replay(None, 10.0), Zone::Utc, 300);
    Session::new(Engine::new(limits, &[]), ui, Shelf::default(), vec![Theme::default()], Glyphs::unicode())
}

/// A server whose logs are written again, piece by piece, while they are followed and recorded.
struct Server {
    dir: tempfile::TempDir,
    /// The logs as they will be: the path, and its bytes.
    logs: Vec<(PathBuf, Vec<u8>)>,
    given: Given,
    live: Session,
}

impl Server {
    fn new(incident: &str) -> Self {
        let recording = Recording::unpack(demo::find(Some(incident)).unwrap().archive, None).unwrap();
        let given = recording.manifest.clone().unwrap().limits;
        let logs = recording.inputs.into_iter().map(|input| match input.place {
            Place::Memory(bytes) => (input.name, bytes.to_vec()),
            place => panic!("{place:?}"),
        });
        let live = session(&given);
        Self { dir: tempfile::tempdir().unwrap(), logs: logs.collect(), given, live }
    }

    /// Writes, follows and records everything in `steps` steps.
    fn run(&mut self, steps: usize, redact: Option<[u8; 16]>) -> Recording {
        let root = self.dir.path().join("LOGS");
        fs::create_dir_all(&root).unwrap();
        let mut tick = Tick { time: Time::from_millis(1_795_248_000_000), steady: Duration::from_secs(1) };
        let setup = Setup {
            folder: self.dir.path().join("KEPT"),
            from_start: true,
            max_size: 1 << 30,
            redact,
            zone: Zone::Utc,
            limits: self.given.clone(),
            apps: Vec::new(),
        };
        let mut recorder = Recorder::open(setup, tick).unwrap();
        let mut follower = Follower::new(vec![root.clone()], Zone::Utc, Arc::new(AtomicU32::new(0)));
        let settings = |name: &Path| name.extension().is_some_and(|e| e == "config");
        // Settings are there before the first request, as on a server.
        self.logs.iter().filter(|(name, _)| settings(name)).for_each(|(name, bytes)| append(&root.join(name), bytes, 0, 1));
        for step in 0..steps + 16 {
            if let Some(step) = step.checked_sub(8).filter(|step| *step < steps) {
                let logs = self.logs.iter().filter(|(name, _)| !settings(name));
                logs.for_each(|(name, bytes)| append(&root.join(name), bytes, step, steps));
            }
            tick.steady += Duration::from_secs(1);
            tick.time = tick.time.plus(1000);
            let live = &mut self.live;
            while follower.poll(tick, &mut |envelope| {
                recorder.take(&envelope, tick);
                live.take(envelope);
            }) == Next::Now
            {}
        }
        assert_eq!(recorder.finish(tick).missed, 0);
        Recording::open(&[self.dir.path().join("KEPT")]).unwrap()
    }
}

/// Appends the part of a log that belongs to a step; the parts end anywhere in a line.
fn append(path: &Path, bytes: &[u8], step: usize, steps: usize) {
    // A listing is written at once.
    let steps = if path.extension().is_some_and(|e| e == "log" || e == "csv") { steps } else { 1 };
    let Some(part) = bytes.get(bytes.len() * step / steps..(bytes.len() * (step + 1) / steps).min(bytes.len())) else { return };
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(part).unwrap();
}

fn replay(recording: &Recording) -> Session {
    let mut session = session(&recording.manifest.clone().unwrap().limits);
    let shelf = session.shelf.clone();
    session.begin_loading(recording.size());
    session.take_piece(Piece::Found(Box::new(recording.load(Zone::Utc, &shelf, &session.engine.maker())), recording.size()));
    session.loaded();
    session
}

fn screen(session: &mut Session, at: Time, keys: &[KeyCode]) -> String {
    session.ui = Ui::new("a run", Cursor::replay(None, 10.0), Zone::Utc, 300);
    let bounds = session.bounds();
    session.ui.cursor.pause(bounds);
    session.ui.cursor.go(at, bounds);
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    for key in keys {
        session.answer_now();
        session.draw(&mut terminal).unwrap();
        session.event(&Event::Key(KeyEvent::new(*key, KeyModifiers::NONE)));
    }
    session.answer_now();
    session.draw(&mut terminal).unwrap();
    // Both folders' names are equally long.
    terminal.backend().to_string().replace("KEPT", "LOGS")
}

/// A report without what tells where its files lie.
fn report(session: &Session) -> Value {
    let at = session.bounds().1;
    let json = Report::new(&session.engine.moment(at), &session.shelf, Zone::Utc).json().unwrap();
    let mut report: Value = serde_json::from_str(&json.replace("KEPT", "LOGS")).unwrap();
    strip_paths(&mut report);
    report
}

/// Clients beyond a thousand are estimated, and under pseudonyms others are in the sample.
fn without_estimates(report: &mut Value) {
    for finding in report["findings"].as_array_mut().unwrap() {
        let finding = finding.as_object_mut().unwrap();
        finding.remove("detail");
        if finding["rule"] == "ns-burst" {
            finding.retain(|field, _| matches!(field.as_str(), "rule" | "severity"));
        }
    }
    report.as_object_mut().unwrap().remove("stories");
}

fn strip_paths(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(path)) = fields.get_mut("path") {
                *path = path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
            }
            fields.values_mut().for_each(strip_paths);
        }
        Value::Array(rows) => rows.iter_mut().for_each(strip_paths),
        _ => {}
    }
}

/// Rows of one list in an order that does not depend on where files lie.
fn sorted(mut report: Value) -> Value {
    if let Some(Value::Array(sources)) = report.get_mut("sources") {
        sources.sort_by_key(|row| format!("{} {}", row["path"], row["bytes"]));
    }
    report
}

/// What a redacted report tells in other words, or in other lengths.
fn without_texts(mut report: Value) -> Value {
    for list in ["sources", "findings"] {
        for row in report[list].as_array_mut().unwrap() {
            for field in ["bytes", "evidence", "detail"] {
                row.as_object_mut().unwrap().remove(field);
            }
        }
    }
    sorted(report)
}

/// The client addresses of a W3C or HTTPERR log, by its `#Fields`.
fn clients(log: &str) -> impl Iterator<Item = &str> {
    let mut column = None;
    log.lines().filter_map(move |line| {
        if let Some(fields) = line.strip_prefix("#Fields: ") {
            column = fields.split(' ').position(|field| field == "c-ip");
        }
        line.split(' ').nth(column?).filter(|cell| cell.contains('.') && !line.starts_with('#'))
    })
}

#[test]
fn a_redacted_recording_tells_the_same_story_of_other_clients() {
    for incident in ["sepm-push-storm", "pool-leak", "ns-busy"] {
        let mut server = Server::new(incident);
        let again = replay(&server.run(7, Some(*b"nobody knows it!")));
        let told = |mut report: Value| {
            without_estimates(&mut report);
            without_texts(report).to_string()
        };
        assert_eq!(told(report(&server.live)), told(report(&again)), "{incident}");
        let kept = read_all(&server.dir.path().join("KEPT"));
        let kept: HashSet<&str> = kept.split(|c: char| !c.is_ascii_digit() && c != '.').collect();
        let mut seen = 0;
        for (name, bytes) in &server.logs {
            let log = String::from_utf8_lossy(bytes);
            for client in clients(&log).filter(|client| *client != "127.0.0.1").collect::<BTreeSet<_>>() {
                assert!(!kept.contains(client), "{incident}: {client} of {}", name.display());
                seen += 1;
            }
        }
        assert!(seen > 10, "{incident}: {seen} clients");
    }
}

fn read_all(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&read_all(&path));
        } else {
            text.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
    text
}

#[test]
fn a_replay_of_a_live_run_shows_what_the_run_showed() {
    for incident in ["sepm-push-storm", "pool-leak", "ns-busy"] {
        let mut server = Server::new(incident);
        let mut again = replay(&server.run(7, None));
        assert_eq!(sorted(report(&server.live)).to_string(), sorted(report(&again)).to_string(), "{incident}");
        let (from, to) = server.live.bounds();
        assert_eq!((from, to), again.bounds());
        let keys: [&[KeyCode]; 4] = [
            &[],
            &[KeyCode::Char('1'), KeyCode::Enter, KeyCode::Enter],
            &[KeyCode::Char('4'), KeyCode::Enter, KeyCode::Enter],
            &[KeyCode::Char('3'), KeyCode::Enter],
        ];
        for share in [3, 8] {
            let at = from.plus(to.since(from) * share / 8);
            for keys in keys {
                let (live, again) = (screen(&mut server.live, at, keys), screen(&mut again, at, keys));
                for (live, again) in live.lines().zip(again.lines()) {
                    // A recording keeps the last folder of a log's path.
                    let words = |line: &str| {
                        let text = line.replace('\\', "/").replace("LOGS/LOGS/", "LOGS/");
                        text.split_whitespace().collect::<Vec<_>>().join(" ")
                    };
                    assert_eq!(words(live), words(again), "{incident} at {at} after {keys:?}");
                }
            }
        }
    }
}
