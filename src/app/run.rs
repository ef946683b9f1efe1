//! The loop behind a screen: input, envelopes, answers, time and signals come in; frames go out.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use crossterm::event::Event;
use tokio::sync::{Notify, mpsc};

use super::ending::{Asked, Ending, Pause, Stop};
use super::pace::Pace;
use super::record::Record;
use super::session::Session;
use super::{check_named_files, new_engine, setup, with_named_files};
use crate::cli::{self, Play};
use crate::config::{Config, color_depth, machine_zone};
use crate::drill::ReadLog;
use crate::engine::{Engine, Envelope};
use crate::report::Report;
use crate::sources::clock::{self, Tick};
use crate::sources::load::Recording;
use crate::sources::recording::{Recorder, Status};
use crate::sources::shelf::Shelf;
use crate::time::Time;
use crate::ui::cursor::{Cursor, Mode};
use crate::ui::state::{Effect, Ui};
use crate::ui::terminal::Screen;
use crate::ui::theme::{ColorDepth, Glyphs, THEMES, Theme};
use crate::ui::views::{Ask, Reply};

/// Envelopes are taken in for so long before anybody else has a turn.
const TURN: Duration = Duration::from_millis(15);

/// Between two offers of what the recorder had no room for.
const HELD: Duration = Duration::from_millis(10);

/// Plays a recording.
pub(super) fn replay(recording: Recording, title: &str, play: &Play, config: &Config) -> anyhow::Result<ExitCode> {
    let recording = with_named_files(config, recording)?;
    let zone = recording.zone(config.zone);
    let first = recording.manifest.as_ref().and_then(|m| m.from).unwrap_or(Time::MIN);
    let engine = new_engine(config, &recording);
    let ui = Ui::new(title, Cursor::replay(None, play.speed), zone, config.window);
    let mut session = session(engine, ui, config)?;
    session.range = (recording.manifest.as_ref().and_then(|m| m.from), recording.manifest.as_ref().and_then(|m| m.to));
    if let Some(from) = play.from {
        session.range.0 = Some(cli::moment(from, first));
    }
    if let Some(to) = play.to {
        session.range.1 = Some(cli::moment(to, first));
    }
    if let (Some(from), Some(to)) = session.range
        && from > to
    {
        anyhow::bail!("--from {from} is after the end, {to}: the recording has nothing there");
    }
    session.to_load = Some(recording.size().max(1));
    let shelf = session.shelf.clone();
    drive(session, Record::never(), config, move |send, stop| {
        std::thread::Builder::new().name(String::from("load")).spawn(move || {
            recording.play_into(zone, &shelf, Time::MIN, &mut |envelope| {
                !stop.load(Ordering::Relaxed) && send.blocking_send(envelope).is_ok()
            });
        })?;
        Ok(())
    })
}

/// Follows logs. A recorder is at work from the start, or when somebody asks for one.
pub(super) fn watch(paths: &[PathBuf], title: &str, config: &Config, recorder: Option<Recorder>) -> anyhow::Result<ExitCode> {
    let zone = config.zone.unwrap_or_else(machine_zone);
    let named = with_named_files(config, Recording::default())?;
    let shelf = Shelf::default();
    let engine = named.load(zone, &shelf, &|| new_engine(config, &named));
    check_named_files(config, &engine)?;
    let ui = Ui::new(title, Cursor::live(), zone, config.window);
    let mut session = session(engine, ui, config)?;
    session.shelf = shelf;
    session.wall = Some(clock::now());
    let first = u32::try_from(named.inputs.len()).unwrap_or(0);
    let paths = paths.to_vec();
    let record = Record::able(setup(config), recorder)?;
    drive(session, record, config, move |send, stop| {
        let (out, heard) = std::sync::mpsc::sync_channel::<Envelope>(64);
        crate::sources::spawn(paths, zone, &Arc::new(AtomicU32::new(first)), &out, &stop)?;
        std::thread::Builder::new().name(String::from("hand on")).spawn(move || {
            while let Ok(envelope) = heard.recv() {
                if send.blocking_send(envelope).is_err() {
                    return;
                }
            }
        })?;
        Ok(())
    })
}

/// A session with the looks that the configuration and the terminal ask for.
fn session(engine: Engine, ui: Ui, config: &Config) -> anyhow::Result<Session> {
    let depth = color_depth(config.color, &|name| std::env::var(name).ok());
    // A colour of 24 bits is twice as many bytes, and a frame has many.
    let depth = if config.low_bandwidth { depth.min(ColorDepth::Indexed256) } else { depth };
    let mut themes = Vec::new();
    if let Some(name) = &config.theme {
        themes.push(theme(name)?);
    }
    for file in THEMES {
        if config.theme.as_deref() != Some(file.name) {
            themes.push(Theme::load(file.name)?);
        }
    }
    let themes = themes.iter().map(|theme| theme.downgrade(depth)).collect();
    let glyphs = if config.ascii { Glyphs::ascii() } else { Glyphs::unicode() };
    Ok(Session::new(engine, ui, Shelf::default(), themes, glyphs))
}

/// A built-in theme, or a theme file.
fn theme(name: &str) -> anyhow::Result<Theme> {
    let path = std::path::Path::new(name);
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
        let text = std::fs::read_to_string(path).with_context(|| format!("--theme {name}"))?;
        return Ok(Theme::parse(name, &text)?);
    }
    Theme::load(name).context("--theme")
}

type Start = dyn FnOnce(mpsc::Sender<Envelope>, Arc<AtomicBool>) -> io::Result<()>;

/// Runs a session on the terminal until it ends.
fn drive(
    session: Session,
    record: Record,
    config: &Config,
    start: impl FnOnce(mpsc::Sender<Envelope>, Arc<AtomicBool>) -> io::Result<()> + 'static,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop = Arc::new(AtomicBool::new(false));
    let pace = Pace::new(config.fps, config.low_bandwidth);
    let result = runtime.block_on(go(session, record, pace, Box::new(start), Arc::clone(&stop)));
    stop.store(true, Ordering::Relaxed);
    // Threads that wait for input or for a share are not waited for.
    runtime.shutdown_background();
    let (code, recorded) = result?;
    if let Some(status) = recorded {
        writeln!(io::stdout(), "why503: {status}")?;
    }
    Ok(code)
}

async fn go(
    session: Session,
    record: Record,
    pace: Pace,
    start: Box<Start>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<(ExitCode, Option<Status>)> {
    let (send, envelopes) = mpsc::channel(64);
    let ending = Ending::new()?;
    let stopping = Stop::new()?;
    let free = Arc::new(Notify::new());
    let freed = Arc::clone(&free);
    let screen = Screen::open(move || freed.notify_one())?;
    ending.watch_terminal()?;
    start(send, stop)?;
    let mut stage = Stage { session, record, screen, pace, resized: false, stop: None };
    let code = play(&mut stage, envelopes, ending, stopping, &free).await;
    // However it ends: what was recorded is kept.
    let recorded = stage.record.stop();
    Ok((code?, recorded))
}

/// The loop: whoever has something to tell wakes it.
async fn play(
    stage: &mut Stage,
    mut envelopes: mpsc::Receiver<Envelope>,
    mut ending: Ending,
    mut stopping: Stop,
    free: &Notify,
) -> anyhow::Result<ExitCode> {
    let (answer, mut answers) = mpsc::channel::<(usize, Ask, Reply)>(4);
    let (press, mut events) = mpsc::channel(256);
    std::thread::Builder::new().name(String::from("input")).spawn(move || input(&press))?;
    let (mut coming, mut asking) = (true, false);
    loop {
        tokio::select! {
            biased;
            asked = ending.asked() => return Ok(asked.exit_code()),
            pause = stopping.asked() => match pause {
                Pause::Stop => stage.stop = Some(Whom::Me),
                Pause::GoOn if stage.come_back().is_err() => return Ok(Asked::HungUp.exit_code()),
                Pause::GoOn => {}
            },
            event = events.recv() => {
                // The terminal is gone when nothing can be read from it any more.
                let Some(event) = event else { return Ok(Asked::HungUp.exit_code()) };
                if stage.event(&event) {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            // Nor when nothing can be written to it.
            () = free.notified() => if stage.screen.is_gone() { return Ok(Asked::HungUp.exit_code()) },
            Some((slot, ask, reply)) = answers.recv() => {
                asking = false;
                stage.session.reply(slot, ask, reply);
            }
            envelope = envelopes.recv(), if coming && !stage.record.waits() => {
                if let Some(envelope) = envelope {
                    stage.take_in(envelope, &mut envelopes);
                } else {
                    coming = false;
                    stage.session.loaded();
                }
            }
            () = tokio::time::sleep(stage.left()) => {}
        }
        if let Some(whom) = stage.stop.take()
            && stopping.is_possible()
        {
            stage.screen.give_back();
            stopping.stop(whom == Whom::MyJob)?;
        }
        stage.tick();
        if !asking && stage.may_ask() {
            asking = ask(&stage.session, &answer);
        }
        stage.draw_if_due()?;
    }
}

/// Who is to stand still.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whom {
    /// This program: whoever asked sees to the others.
    Me,
    /// All that the shell started with it.
    MyJob,
}

/// A session and the screen that it is shown on.
struct Stage {
    session: Session,
    record: Record,
    screen: Screen,
    pace: Pace,
    resized: bool,
    stop: Option<Whom>,
}

impl Stage {
    /// An event of the terminal. Answers whether to leave.
    fn event(&mut self, event: &Event) -> bool {
        self.resized |= matches!(event, Event::Resize(..));
        self.pace.hurry();
        let effects = self.session.event(event);
        effects.into_iter().any(|effect| self.perform(effect))
    }

    /// Takes in what has come, for a short turn. What the recorder has no room for yet is held, and with it all that comes after.
    fn take_in(&mut self, first: Envelope, envelopes: &mut mpsc::Receiver<Envelope>) {
        let until = clock::steady() + TURN;
        let mut next = Some(first);
        while let Some(envelope) = next.and_then(|envelope| self.record.pass(envelope)) {
            self.session.take(envelope);
            next = if clock::steady() < until { envelopes.try_recv().ok() } else { None };
        }
    }

    /// Does what only the outside can do. Answers whether to leave.
    fn perform(&mut self, effect: Effect) -> bool {
        let message = match effect {
            Effect::Quit => return true,
            Effect::Stop if cfg!(unix) => {
                self.stop = Some(Whom::MyJob);
                return false;
            }
            Effect::Stop => String::from("nothing on Windows makes a program that stands still go on"),
            Effect::Copy(text) => {
                self.screen.copy(text);
                String::from("copied, if the terminal allows it")
            }
            Effect::Record => self.record.toggle(&self.session, Tick::now()),
            Effect::Export(at) => export(&self.session, at),
        };
        self.session.ui.message = Some(message);
        false
    }

    /// The program goes on after it stood still: somebody else had the terminal.
    fn come_back(&mut self) -> io::Result<()> {
        self.session.dirty = true;
        self.pace.hurry();
        self.screen.take_over()
    }

    /// Lets time pass.
    fn tick(&mut self) {
        if let Some(envelope) = self.record.release() {
            self.session.take(envelope);
        }
        let recording = self.record.told();
        if self.session.ui.recording != recording {
            self.session.ui.recording = recording;
            self.session.dirty = true;
        }
        let passed = self.pace.tick(clock::steady());
        self.session.tick(passed, clock::now());
    }

    /// How long nothing is due. A terminal that has not taken the last frame is heard of when it has.
    fn left(&self) -> Duration {
        if self.record.waits() {
            return HELD;
        }
        if self.screen.is_free() { self.pace.left(self.moves(), clock::steady()) } else { self.pace.calm() }
    }

    /// Whether something else than the clock moves.
    fn moves(&self) -> bool {
        self.session.dirty || self.session.ui.cursor.mode == Mode::Playing
    }

    /// Whether the logs may be asked what the screen needs: not for a screen that nobody sees.
    fn may_ask(&mut self) -> bool {
        self.screen.is_free() && self.pace.may_ask(clock::steady())
    }

    fn draw_if_due(&mut self) -> io::Result<()> {
        let now = clock::steady();
        if !self.session.dirty || !self.screen.is_free() || !self.pace.is_due(self.moves(), now) {
            return Ok(());
        }
        if std::mem::take(&mut self.resized) {
            self.screen.start_over()?;
        }
        self.session.draw(&mut self.screen.terminal)?;
        self.screen.show();
        self.pace.drawn(now);
        Ok(())
    }
}

/// Has the first open question answered on another thread.
fn ask(session: &Session, answer: &mpsc::Sender<(usize, Ask, Reply)>) -> bool {
    let Some((slot, ask)) = session.asks().into_iter().next() else { return false };
    let job = session.job(&ask);
    let reader: Arc<dyn ReadLog> = Arc::new(session.shelf.clone());
    let answer = answer.clone();
    tokio::task::spawn_blocking(move || {
        let reply = job.run(&reader);
        // Whoever asked may have left.
        let _ = answer.blocking_send((slot, ask, reply));
    });
    true
}

/// Writes a report of a moment into the current folder. Gives what to tell.
fn export(session: &Session, at: Time) -> String {
    let name = format!("why503-{}.json", at.rfc3339().replace(':', ""));
    let report = Report::new(&session.engine.moment(at), &session.shelf, session.ui.zone);
    match report.json().map(|json| std::fs::write(&name, json)) {
        Ok(Ok(())) => format!("written: {name}"),
        Ok(Err(error)) => format!("{name}: {error}"),
        Err(error) => format!("{name}: {error}"),
    }
}

/// Reads the terminal until it is gone.
fn input(press: &mpsc::Sender<Event>) {
    while let Ok(event) = crossterm::event::read() {
        if press.blocking_send(event).is_err() {
            return;
        }
    }
}
