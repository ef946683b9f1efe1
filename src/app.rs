//! Wiring: which command starts what, and the effects that only the outside can have.

mod again;
mod asking;
mod check;
mod ending;
mod live;
mod loading;
mod pace;
mod progress;
mod record;
mod report;
mod run;
pub mod session;
mod stage;
mod work;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};

pub use check::wrong_usage;
use live::Live;

use crate::cli::{self, Cli, Command};
use crate::config::{Config, machine_zone};
use crate::demo;
use crate::engine::Engine;
use crate::formats::Kind;
use crate::headless::Headless;
use crate::limits::Limits;
use crate::sources::clock::Tick;
use crate::sources::counters::Source;
use crate::sources::discover;
use crate::sources::load::Recording;
use crate::sources::manifest::Manifest;
use crate::sources::recording::{Recorder, Setup};
use crate::ui::terminal::{self, NoTerminal};

/// Does what the command line asks for.
///
/// # Errors
/// When it cannot; the message names what, and what to do.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let common = &cli.common;
    if let (Some(Command::Report(_) | Command::Replay(_) | Command::Demo(_)), Some(source @ Source::Pdh { .. })) =
        (&cli.command, &common.counters)
    {
        bail!(
            "--counters {source}: a running machine's counters belong to no finished file; one of logman or typeperf: csv:FILE"
        );
    }
    match cli.command {
        Some(Command::Completions { shell }) => cli::completions(shell, &mut io::stdout()),
        Some(Command::Man) => cli::man(&mut io::stdout())?,
        Some(Command::Report(args)) => report::report(&args, &Config::load(common)?)?,
        Some(Command::Check(args)) => return Ok(check::check(&args, common)),
        Some(Command::Demo(args)) => return demo(&args, &Config::load(common)?),
        Some(Command::Replay(args)) => {
            let recording = Recording::open(&args.paths)?;
            let title = args.paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" ");
            let beside = report::beside(&args.paths);
            return run::replay(recording, (&title, beside), &args.play, &Config::load(common)?);
        }
        Some(Command::Watch(args)) if args.headless => headless(args, &Config::load(common)?)?,
        Some(Command::Watch(args)) => {
            present(&args.paths)?;
            let config = Config::load(common)?;
            let live = Live::named(&args.paths, &config).with_vitals();
            let setup = Setup { redact: args.redact.then(record::key), ..setup(&config, &live) };
            return run::watch(live, "watch", &config, (setup, None));
        }
        Some(Command::Record(args)) => return record(args, &Config::load(common)?),
        None => {
            let config = Config::load(common)?;
            let Some(live) = Live::found(&config)? else { return Ok(ExitCode::FAILURE) };
            let (live, setup) = (live.clone().with_vitals(), setup(&config, &live));
            return run::watch(live, "live", &config, (setup, None));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether an error only says that whoever read the output has gone.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(crate::sources::is_broken_pipe)
}

/// The exit code of what could not be done.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        // Whoever read the output has seen enough.
        ExitCode::SUCCESS
    } else if error.is::<NoTerminal>() {
        // A screen was asked for where there is none.
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

/// An engine with what was given: limits of flags, then those of the recording.
fn new_engine(config: &Config, recording: &Recording) -> Engine {
    let manifest = recording.manifest.as_ref().map(|m| m.limits.clone()).unwrap_or_default();
    let limits = Limits { given: config.limits.clone().or(manifest), ..Limits::default() };
    let recorded = recording.manifest.iter().flat_map(|manifest| manifest.apps.iter().cloned());
    let apps: Vec<String> = config.apps.iter().cloned().chain(recorded).collect();
    Engine::new(limits, &apps)
}

/// A recording with the files that flags name. What these say of limits counts, whatever the recording's own files say.
fn with_named_files(config: &Config, mut recording: Recording) -> anyhow::Result<Recording> {
    let named = named_files(config, &[])?;
    let counters = config.counters.as_ref().and_then(Source::file).map(PathBuf::from);
    let counters = counters.map(|path| Recording::open(&[path]).context("--counters")).transpose()?;
    recording.join(named);
    recording.join(counters.unwrap_or_default());
    Ok(recording)
}

/// The files named by flags for what they say of limits, and those that were found where no flag names one of their kind.
fn named_files(config: &Config, found: &[PathBuf]) -> anyhow::Result<Recording> {
    let mut all = Recording::default();
    // What is read last counts.
    for path in found {
        // What cannot be read was told when it was found.
        all.inputs.extend(Recording::open(std::slice::from_ref(path)).map(|found| found.inputs).unwrap_or_default());
    }
    for (flag, path) in config.named_files() {
        all.inputs.extend(Recording::open(std::slice::from_ref(path)).context(flag)?.inputs);
    }
    Ok(all)
}

/// A file that was named for its limits, and has none, would leave its reader with wrong ones.
fn check_named_files(config: &Config, engine: &Engine, files: &Recording) -> anyhow::Result<()> {
    let counters = config.counters.as_ref().and_then(Source::file).map(|path| ("--counters", path));
    for (flag, path) in config.named_files().map(|(flag, path)| (flag, path.as_path())).chain(counters) {
        let kinds: &[Kind] = match flag {
            // IIS 6 keeps the same in another file.
            "--application-host" => &[Kind::ApplicationHost, Kind::MetaBase],
            "--core-settings" => &[Kind::CoreSettings],
            "--counters" => &[Kind::PdhCsv],
            _ => &[Kind::PoolTagNames],
        };
        let found = files.source_at(path).and_then(|id| engine.sources().get(&id)).map(|source| source.kind);
        // Counters that are followed have not been read yet.
        let is_awaited = flag == "--counters" && found.is_none();
        if let Some(kind) = kinds.first()
            && !is_awaited
            && !found.is_some_and(|found| kinds.contains(&found))
        {
            bail!("{flag} {}: it is no {kind} file", path.display());
        }
    }
    Ok(())
}

fn demo(args: &cli::Demo, config: &Config) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout();
    if args.list {
        for incident in demo::INCIDENTS {
            writeln!(out, "{:<16} {}", incident.name, incident.about)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let incident = demo::find(args.name.as_deref())?;
    if let Some(folder) = &args.extract {
        for path in incident.extract(folder)? {
            writeln!(out, "{}", path.display())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let recording = Recording::unpack(incident.archive, None)?;
    run::replay(recording, (&format!("demo {}", incident.name), PathBuf::new()), &args.play, config)
}

fn headless(args: cli::Watch, config: &Config) -> anyhow::Result<()> {
    growing(&args.paths)?;
    follow(Headless {
        watched: Live::named(&args.paths, config).watched,
        from_start: args.from_start,
        for_seconds: args.for_seconds,
        state: args.state,
        dump: args.dump,
        json: args.json,
        zone: config.zone.unwrap_or_else(machine_zone),
        recorder: None,
    })
}

fn follow(headless: Headless) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(&stop)?;
    headless.run(&stop, &mut io::stdout())
}

fn record(args: cli::Record, config: &Config) -> anyhow::Result<ExitCode> {
    let live = if args.paths.is_empty() {
        let Some(found) = Live::found(config)? else { return Ok(ExitCode::FAILURE) };
        found.with_vitals()
    } else {
        present(&args.paths)?;
        Live::named(&args.paths, config)
    };
    // Of a recording that is recorded again, as to redact it, limits, zone and gaps are taken over.
    let before: Vec<Manifest> = args.paths.iter().filter_map(|path| Manifest::of_folder(path)).collect();
    let zone = config.zone.or_else(|| before.iter().find_map(|manifest| manifest.zone)).unwrap_or_else(machine_zone);
    let apps = config.apps.iter().chain(before.iter().flat_map(|manifest| &manifest.apps)).cloned().collect();
    let setup = setup(config, &live);
    let limits = before.iter().fold(setup.limits, |limits, manifest| limits.or(manifest.limits.clone()));
    let setup = Setup {
        zone,
        limits,
        apps,
        folder: args.output,
        from_start: args.from_start,
        max_size: args.max_size,
        redact: args.redact.then(record::key),
    };
    if !args.headless {
        terminal::check().context("record --headless records without one")?;
    }
    let mut recorder = Recorder::open(setup.clone(), Tick::now()).context("-o")?;
    for manifest in &before {
        recorder.inherit(manifest.work.gaps());
    }
    recorder.copy(&named_files(config, &live.files)?, Tick::now());
    let (from_start, for_seconds, json) = (args.from_start, args.for_seconds, args.json);
    if !args.headless {
        // What r records later is recorded in the same way.
        return run::watch(live, "record", config, (Setup { from_start: false, ..setup }, Some(recorder)));
    }
    let watched = live.watched;
    follow(Headless { watched, from_start, for_seconds, state: None, dump: None, json, zone, recorder: Some(recorder) })?;
    Ok(ExitCode::SUCCESS)
}

/// How a recording is made when nobody says otherwise.
fn setup(config: &Config, live: &Live) -> Setup {
    Setup {
        folder: PathBuf::new(),
        from_start: false,
        max_size: 1 << 30,
        redact: None,
        apps: config.apps.clone(),
        zone: config.zone.unwrap_or_else(machine_zone),
        limits: config.limits.clone().or(live.found.clone()),
    }
}

/// Sets a flag when the program is asked to end.
fn stop_on_signal(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let stop = Arc::clone(stop);
    on_signal(move || stop.store(true, Ordering::Relaxed))
}

/// Does something, once, when the program is asked to end.
fn on_signal(act: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(String::from("signals")).spawn(move || {
        runtime.block_on(async {
            if let Ok(mut asked) = ending::Ending::new() {
                asked.asked().await;
                act();
            }
        });
    })?;
    Ok(())
}

/// What is packed does not grow: who has it followed means something else.
fn growing(paths: &[PathBuf]) -> anyhow::Result<()> {
    if let Some(path) = paths.iter().find(|path| path.is_file() && discover::is_packed(path)) {
        bail!(
            "{0}: is packed, so it does not grow: why503 replay {0} plays it, why503 report {0} tells what is in it",
            path.display()
        );
    }
    Ok(())
}

/// Paths that are not there, and are no globs, are mistakes more often than logs to come.
fn present(paths: &[PathBuf]) -> anyhow::Result<()> {
    growing(paths)?;
    for path in paths {
        if !discover::has_wildcard(path) && !path.exists() {
            let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
            if parent.is_some_and(|p| !p.exists()) {
                bail!("{}: not there, nor its folder", path.display());
            }
        }
    }
    Ok(())
}
