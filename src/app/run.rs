//! The loop behind a screen: input, envelopes, answers, time and signals come in; frames go out.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use crossterm::event::Event;
use tokio::sync::mpsc;

use super::session::Session;
use super::{check_named_files, new_engine, with_named_files};
use crate::cli::{self, Play};
use crate::config::{Config, color_depth, machine_zone};
use crate::drill::ReadLog;
use crate::engine::{Engine, Envelope};
use crate::report::Report;
use crate::sources::clock;
use crate::sources::load::Recording;
use crate::sources::shelf::Shelf;
use crate::time::Time;
use crate::ui::cursor::{Cursor, Mode};
use crate::ui::state::{Effect, Ui};
use crate::ui::terminal::Screen;
use crate::ui::theme::{Glyphs, THEMES, Theme};
use crate::ui::views::{Ask, Reply};

/// Between two frames while something moves.
const FRAME: Duration = Duration::from_millis(100);
/// Between two frames while only the clock moves.
const CALM: Duration = Duration::from_secs(1);
/// After a key the screen answers at once, but not faster than this.
const SOON: Duration = Duration::from_millis(20);
/// Envelopes are taken in for so long before anybody else has a turn.
const TURN: Duration = Duration::from_millis(15);
/// A question whose answer only follows the moving cursor is asked again after this.
const ASK_AGAIN: Duration = Duration::from_millis(400);

/// Plays a recording.
pub(super) fn replay(recording: Recording, title: &str, play: &Play, config: &Config) -> anyhow::Result<()> {
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
    drive(session, move |send, stop| {
        std::thread::Builder::new().name(String::from("load")).spawn(move || {
            recording.play_into(zone, &shelf, Time::MIN, &mut |envelope| {
                !stop.load(Ordering::Relaxed) && send.blocking_send(envelope).is_ok()
            });
        })?;
        Ok(())
    })
}

/// Follows logs.
pub(super) fn watch(paths: &[PathBuf], title: &str, config: &Config) -> anyhow::Result<()> {
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
    drive(session, move |send, stop| {
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
    start: impl FnOnce(mpsc::Sender<Envelope>, Arc<AtomicBool>) -> io::Result<()> + 'static,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let screen = Screen::open()?;
    let stop = Arc::new(AtomicBool::new(false));
    let result = runtime.block_on(go(session, screen, Box::new(start), Arc::clone(&stop)));
    stop.store(true, Ordering::Relaxed);
    // Threads that wait for input or for a share are not waited for.
    runtime.shutdown_background();
    result
}

async fn go(mut session: Session, mut screen: Screen, start: Box<Start>, stop: Arc<AtomicBool>) -> anyhow::Result<()> {
    let (send, mut envelopes) = mpsc::channel(64);
    let (answer, mut answers) = mpsc::channel::<(usize, Ask, Reply)>(4);
    let (press, mut events) = mpsc::channel(256);
    let mut ending = Ending::new()?;
    start(send, stop)?;
    std::thread::Builder::new().name(String::from("input")).spawn(move || input(&press))?;
    let mut coming = true;
    let mut timer = Timer::default();
    let (mut asking, mut resized) = (false, false);
    loop {
        tokio::select! {
            biased;
            () = ending.asked() => return Ok(()),
            event = events.recv() => {
                // The terminal is gone when nothing can be read from it any more.
                let Some(event) = event else { return Ok(()) };
                resized |= matches!(event, Event::Resize(..));
                for effect in session.event(&event) {
                    if perform(effect, &mut session, &mut screen)? {
                        return Ok(());
                    }
                }
                timer.hurry();
            }
            Some((slot, ask, reply)) = answers.recv() => {
                asking = false;
                session.reply(slot, ask, reply);
            }
            envelope = envelopes.recv(), if coming => {
                if let Some(envelope) = envelope {
                    take_in(&mut session, envelope, &mut envelopes);
                } else {
                    coming = false;
                    session.loaded();
                }
            }
            () = tokio::time::sleep(timer.left(&session)) => {}
        }
        let passed = timer.tick();
        session.tick(passed, clock::now());
        if !asking && timer.may_ask() {
            asking = ask(&session, &answer);
        }
        if session.dirty && timer.is_due(&session) {
            if std::mem::take(&mut resized) {
                screen.start_over()?;
            }
            session.draw(&mut screen.terminal)?;
            timer.drawn();
        }
    }
}

/// Takes in what has come, for a short turn.
fn take_in(session: &mut Session, first: Envelope, envelopes: &mut mpsc::Receiver<Envelope>) {
    let until = clock::steady() + TURN;
    session.take(first);
    while clock::steady() < until {
        let Ok(next) = envelopes.try_recv() else { return };
        session.take(next);
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

/// Does what only the outside can do. Answers whether to leave.
fn perform(effect: Effect, session: &mut Session, screen: &mut Screen) -> anyhow::Result<bool> {
    match effect {
        Effect::Quit => return Ok(true),
        Effect::Copy(text) => {
            screen.copy(&text)?;
            session.ui.message = Some(String::from("copied, if the terminal allows it"));
        }
        Effect::Export(at) => {
            let name = format!("why503-{}.json", at.rfc3339().replace(':', ""));
            let report = Report::new(&session.engine.moment(at), &session.shelf, session.ui.zone);
            session.ui.message = Some(match report.json().map(|json| std::fs::write(&name, json)) {
                Ok(Ok(())) => format!("written: {name}"),
                Ok(Err(error)) => format!("{name}: {error}"),
                Err(error) => format!("{name}: {error}"),
            });
        }
    }
    Ok(false)
}

/// Reads the terminal until it is gone.
fn input(press: &mpsc::Sender<Event>) {
    while let Ok(event) = crossterm::event::read() {
        if press.blocking_send(event).is_err() {
            return;
        }
    }
}

/// When to draw, and when to ask again.
#[derive(Default)]
struct Timer {
    last: Duration,
    drawn: Option<Duration>,
    asked: Option<Duration>,
    hurried: bool,
}

impl Timer {
    /// Milliseconds since it was last asked.
    fn tick(&mut self) -> i64 {
        let now = clock::steady();
        let passed = now.saturating_sub(self.last);
        if self.last.is_zero() || passed > Duration::from_millis(1) {
            self.last = now;
        } else {
            return 0;
        }
        i64::try_from(passed.as_millis()).unwrap_or(0).min(1000)
    }

    fn hurry(&mut self) {
        self.hurried = true;
    }

    fn pace(&self, session: &Session) -> Duration {
        match session.ui.cursor.mode {
            _ if self.hurried => SOON,
            Mode::Playing => FRAME,
            Mode::Live | Mode::Paused if session.dirty => FRAME,
            Mode::Live | Mode::Paused => CALM,
        }
    }

    fn left(&self, session: &Session) -> Duration {
        let due = self.drawn.map_or(Duration::ZERO, |drawn| drawn + self.pace(session));
        due.saturating_sub(clock::steady()).max(Duration::from_millis(1))
    }

    fn is_due(&self, session: &Session) -> bool {
        self.drawn.is_none_or(|drawn| clock::steady() >= drawn + self.pace(session))
    }

    fn drawn(&mut self) {
        self.drawn = Some(clock::steady());
        self.hurried = false;
    }

    fn may_ask(&mut self) -> bool {
        let now = clock::steady();
        if !self.hurried && self.asked.is_some_and(|asked| now < asked + ASK_AGAIN) {
            return false;
        }
        self.asked = Some(now);
        true
    }
}

/// The ways in which the system asks the program to end.
pub(super) struct Ending {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(windows)]
    close: tokio::signal::windows::CtrlClose,
    #[cfg(windows)]
    shutdown: tokio::signal::windows::CtrlShutdown,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
    #[cfg(windows)]
    interrupt_break: tokio::signal::windows::CtrlBreak,
}

impl Ending {
    /// Listens from now on.
    #[cfg(unix)]
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Listens from now on.
    #[cfg(windows)]
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Self { close: ctrl_close()?, shutdown: ctrl_shutdown()?, interrupt: ctrl_c()?, interrupt_break: ctrl_break()? })
    }

    /// Waits until the program is asked to end.
    #[cfg(unix)]
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Waits until the program is asked to end.
    #[cfg(windows)]
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.interrupt_break.recv() => {}
        }
    }
}
