//! `check`: reads what is there, answers in one line, and is done in time.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::progress::Progress;
use super::{check_named_files, new_engine, with_named_files};
use crate::check::{Asked, Check};
use crate::cli::{self, CheckFormat, Common};
use crate::config::Config;
use crate::sources::clock;
use crate::sources::counters::Source;
use crate::sources::load::Recording;
use crate::sources::shelf::Shelf;
use crate::time::Time;

/// Seconds without a record up to which logs are of a server that is idle, and are asked of the clock's moment. Older ones are asked of
/// their newest record.
const IDLE: i64 = 24 * 3600;

/// Answers on stdout. Whatever goes wrong is UNKNOWN.
pub(super) fn check(args: &cli::Check, common: &Common) -> ExitCode {
    let said = Arc::new(AtomicBool::new(false));
    let timeout = Duration::try_from_secs_f64(args.timeout).unwrap_or(Duration::MAX);
    if !timeout.is_zero() {
        let (said, format) = (Arc::clone(&said), args.format);
        let late = move || {
            std::thread::sleep(timeout);
            let why = format!("not done after {} s: --timeout 60 gives it more", timeout.as_secs_f64());
            super::progress::clear();
            if let Some(code) = say(&Check::unknown(why), format, &said) {
                std::process::exit(code.into());
            }
        };
        // A system that starts no thread has other troubles: the answer just has no end in time.
        let _ = std::thread::Builder::new().name(String::from("timeout")).spawn(late);
    }
    let check = answer(args, common).unwrap_or_else(|error| Check::unknown(format!("{error:#}")));
    match say(&check, args.format, &said) {
        Some(code) => ExitCode::from(code),
        // Somebody else is saying it, and ends the program.
        None => loop {
            std::thread::park();
        },
    }
}

/// Says it, unless something was said already. Gives the exit code.
fn say(check: &Check, format: CheckFormat, said: &AtomicBool) -> Option<u8> {
    if said.swap(true, Ordering::SeqCst) {
        return None;
    }
    Some(print(check, format))
}

/// Prints the line, and gives the exit code.
fn print(check: &Check, format: CheckFormat) -> u8 {
    let (line, code) = match format {
        CheckFormat::Nagios => (check.nagios(), check.state.code()),
        // For these the state is in the line, and another code would be a failure of the program.
        CheckFormat::Checkmk => (check.checkmk(), 0),
        CheckFormat::Json => (check.json(), 0),
    };
    // Whoever was to read it has gone.
    let _ = io::stdout().write_all(line.as_bytes());
    code
}

/// Wrong usage, which a monitoring system must not take for an alarm: what is wrong in one line, in the form that was asked for.
#[must_use]
pub fn wrong_usage(usage: &str, format: CheckFormat) -> ExitCode {
    // What is wrong ends where the tips and the usage begin.
    let told: Vec<&str> = usage.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    ExitCode::from(print(&Check::unknown(told.join(" ")), format))
}

fn answer(args: &cli::Check, common: &Common) -> anyhow::Result<Check> {
    if let Some(source @ Source::Pdh { .. }) = &common.counters {
        anyhow::bail!("--counters {source}: check reads files; one of logman or typeperf: csv:FILE");
    }
    let config = &Config::load(common)?;
    let mut recording = Recording::open(&args.paths)?;
    let now = clock::now();
    if args.at.is_none() {
        recording.leave_out_older(1000 * (args.last + args.stale.unwrap_or(IDLE).max(IDLE)));
    }
    let recording = with_named_files(config, recording)?;
    let zone = recording.zone(config.zone);
    let (shelf, progress) = (Shelf::default(), Progress::of(recording.size()));
    let engine = recording.load_counting(zone, &shelf, &|| new_engine(config, &recording), &progress.read);
    drop(progress);
    check_named_files(config, &engine, &recording)?;
    let first = recording.manifest.as_ref().and_then(|m| m.from).or_else(|| engine.timeline().span().map(|(first, _)| first));
    let newest = engine.timeline().span().map_or(now, |(_, newest)| newest);
    let (at, now) = match args.at {
        Some(at) => (cli::moment(at, first.unwrap_or(Time::MIN)), None),
        // A server may be idle for a night; what is older is a log that was kept.
        None if now.since(newest) > IDLE * 1000 => (newest, Some(now)),
        None => (now, None),
    };
    let asked = Asked { last: args.last, now, stale: args.stale, warning: args.warning.clone(), critical: args.critical.clone() };
    Ok(Check::of(&engine.moment(at), &asked))
}
