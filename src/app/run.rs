//! The loop behind a screen: input, envelopes, answers, time and signals come in; frames go out.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::Context;
use crossterm::event::Event;
use tokio::sync::{Notify, mpsc};

use super::asking::Asking;
use super::ending::{Asked, Ending, Pause, Stop};
use super::live::Live;
use super::loading::Load;
use super::pace::Pace;
use super::record::Record;
use super::session::Session;
use super::stage::{Stage, Whom};
use super::work::{Done, Work};
use super::{check_named_files, named_files, new_engine, with_named_files};
use crate::cli::{self, Color, Play};
use crate::config::{Config, color_depth, machine_zone};
use crate::engine::{Engine, Envelope};
use crate::limits::Limits;
use crate::sources::clock;
use crate::sources::load::Recording;
use crate::sources::recording::{Recorder, Setup, Status};
use crate::sources::shelf::Shelf;
use crate::time::Time;
use crate::ui::cursor::Cursor;
use crate::ui::state::Ui;
use crate::ui::terminal::{self, Screen};
use crate::ui::theme::{ColorDepth, Glyphs, THEMES, Theme};

/// Plays a recording; reports on it are written into the folder `beside` it.
pub(super) fn replay(
    recording: Recording,
    (title, beside): (&str, PathBuf),
    play: &Play,
    config: &Config,
) -> anyhow::Result<ExitCode> {
    let recording = with_named_files(config, recording)?;
    let zone = recording.zone(config.zone);
    let first = recording.manifest.as_ref().and_then(|m| m.from).unwrap_or(Time::MIN);
    let engine = new_engine(config, &recording);
    let title = if recording.is_redacted() { format!("{title} (redacted)") } else { title.to_owned() };
    let ui = Ui::new(title, Cursor::replay(None, play.speed), zone, config.window);
    let mut session = session(engine, ui, config)?;
    let bookmarks = recording.manifest.iter().flat_map(|manifest| &manifest.bookmarks);
    session.ui.remember(bookmarks.map(|mark| (mark.at.0, mark.note.clone())));
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
    session.redacted = recording.is_redacted();
    let first = play.from.and(session.range.0).map(|from| from.plus(-session.on_screen()));
    drive(session, (Record::never(), beside), config, Feed::Load(Load::All(Box::new(recording), zone, first)))
}

/// Follows logs. A recorder is at work from the start, or when somebody asks for one.
pub(super) fn watch(live: Live, title: &str, config: &Config, record: (Setup, Option<Recorder>)) -> anyhow::Result<ExitCode> {
    let zone = config.zone.unwrap_or_else(machine_zone);
    let named = named_files(config, &live.files)?;
    let shelf = Shelf::default();
    let limits = Limits { given: config.limits.clone(), found: live.found, copy: live.copy, ..Limits::default() };
    let engine = named.load(zone, &shelf, &|| Engine::new(limits.clone(), &config.apps));
    check_named_files(config, &engine, &named)?;
    let ui = Ui::new(title, Cursor::live(), zone, config.window);
    let mut session = session(engine, ui, config)?;
    session.shelf = shelf;
    session.wall = Some(clock::now());
    let first = u32::try_from(named.inputs.len()).unwrap_or(0);
    let mut watched = live.watched;
    let tags = session.engine.sources().values().map(|source| &source.tag_names).find(|names| !names.is_empty());
    watched.named = tags.cloned().unwrap_or_default();
    let record = Record::able(record.0, record.1)?;
    // Whoever records all of a log needs it from its beginning on.
    let ids = Arc::new(AtomicU32::new(first));
    watched.ahead = (!record.is_at_work()).then(|| session.ahead(&ids));
    let feed = move |send: mpsc::Sender<Envelope>, stop: Arc<AtomicBool>| {
        let (out, heard) = std::sync::mpsc::sync_channel::<Envelope>(64);
        crate::sources::spawn(&watched, zone, &ids, &out, &stop)?;
        std::thread::Builder::new().name(String::from("hand on")).spawn(move || {
            while let Ok(envelope) = heard.recv() {
                if send.blocking_send(envelope).is_err() {
                    return;
                }
            }
        })?;
        Ok(())
    };
    drive(session, (record, PathBuf::new()), config, Feed::Follow(Box::new(feed)))
}

/// A session with the looks that the configuration and the terminal ask for.
fn session(engine: Engine, ui: Ui, config: &Config) -> anyhow::Result<Session> {
    let depth = color_depth(config.color, &|name| std::env::var(name).ok());
    let able = terminal::able(depth);
    // Whoever says always gets at least what the environment tells of.
    let depth = if config.color == Color::Always { depth.max(able.depth) } else { able.depth };
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
    let glyphs = if config.ascii { Glyphs::ascii() } else { able.glyphs };
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

/// Where what is shown comes from.
enum Feed {
    /// From what is loaded.
    Load(Load),
    /// From what sends envelopes, until the flag is set.
    Follow(Box<Start>),
}

type Start = dyn FnOnce(mpsc::Sender<Envelope>, Arc<AtomicBool>) -> io::Result<()>;

/// Runs a session on the terminal until it ends.
fn drive(session: Session, record: (Record, PathBuf), config: &Config, origin: Feed) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop = Arc::new(AtomicBool::new(false));
    let pace = Pace::new(config.fps, config.low_bandwidth);
    let result = runtime.block_on(go(session, record, pace, origin, Arc::clone(&stop)));
    stop.store(true, Ordering::Relaxed);
    // Threads that wait for input or for a share are not waited for.
    runtime.shutdown_background();
    let (code, recorded) = result?;
    if let Some(status) = recorded {
        // Whoever was to read it may have gone with the terminal.
        let _ = writeln!(io::stdout(), "why503: {status}");
    }
    Ok(code)
}

async fn go(
    session: Session,
    (record, beside): (Record, PathBuf),
    pace: Pace,
    origin: Feed,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<(ExitCode, Option<Status>)> {
    let (send, envelopes) = mpsc::channel(64);
    let ending = Ending::new()?;
    let stopping = Stop::new()?;
    let free = Arc::new(Notify::new());
    let freed = Arc::clone(&free);
    let screen = Screen::open(move || freed.notify_one())?;
    ending.watch_terminal()?;
    let (mut work, mut done) = Work::new(Asking::new(pace.moving()));
    work.beside = beside;
    let mut stage = Stage::new(session, record, screen, pace, work);
    match origin {
        Feed::Load(load) => stage.work.load(load, &mut stage.session),
        Feed::Follow(start) => start(send, stop)?,
    }
    let code = play(&mut stage, envelopes, &mut done, ending, stopping, &free).await;
    stage.work.finish(&mut done).await;
    // However it ends: what was recorded is kept.
    let recorded = stage.record.stop();
    Ok((code?, recorded))
}

/// The loop: whoever has something to tell wakes it.
async fn play(
    stage: &mut Stage,
    mut envelopes: mpsc::Receiver<Envelope>,
    done: &mut mpsc::Receiver<Done>,
    mut ending: Ending,
    mut stopping: Stop,
    free: &Notify,
) -> anyhow::Result<ExitCode> {
    let (press, mut events) = mpsc::channel(256);
    std::thread::Builder::new().name(String::from("input")).spawn(move || input(&press))?;
    let mut coming = true;
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
            Some(done) = done.recv() => {
                stage.take_done(done);
                // Whatever is loaded, what happens now has its turn.
                if coming && !stage.record.waits() && let Ok(envelope) = envelopes.try_recv() {
                    stage.take_in(envelope, &mut envelopes);
                }
            }
            envelope = envelopes.recv(), if coming && !stage.record.waits() => {
                if let Some(envelope) = envelope {
                    stage.take_in(envelope, &mut envelopes);
                } else {
                    coming = false;
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
        stage.ask();
        // Only a terminal that is gone does not tell its size.
        if stage.draw_if_due().is_err() {
            return Ok(Asked::HungUp.exit_code());
        }
    }
}

/// Reads the terminal until it is gone.
fn input(press: &mpsc::Sender<Event>) {
    while let Ok(event) = terminal::read() {
        if press.blocking_send(event).is_err() {
            return;
        }
    }
}
