//! Counters that are sampled as time goes on: those of Windows through PDH, here or on another machine, and the vitals of this machine.
//!
//! What is sampled is handed on as PDH-CSV, in the same envelopes as the bytes of a log that grows, so it is decoded, recorded and
//! replayed like a log. Each source is a [`Collector`], which can be driven by hand; [`spawn`] gives each a thread of its own, so that
//! a machine that does not answer holds up nobody else.
//!
//! A thread can hang in a call of the system for as long as that takes: do not wait for it to end, unless the program can wait, too.

pub mod array;
pub mod collector;
pub mod csv;
pub mod pdh;
pub mod status;
pub mod vitals;
pub mod wanted;

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;

use self::csv::Reading;
use super::clock::Tick;
use super::{clock, deliver};
use crate::engine::source::VITALS;
use crate::engine::{Envelope, Health};
use crate::inventory::Item;
use crate::time::Time;
pub use collector::{Board, Collector};
use vitals::Vitals;

/// Between two samples of the counters of Windows.
const EVERY: Duration = Duration::from_secs(1);
/// Between two samples of the vitals.
const EVERY_VITAL: Duration = Duration::from_secs(2);

/// What one look at the counters gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When it was collected; `None` if there is nothing to tell of this time.
    pub time: Option<Time>,
    /// All counters that are there, in the same order each time.
    pub readings: Vec<Reading>,
    /// What was looked for, and what came of it.
    pub items: Vec<Item>,
    /// Whether the machine answers.
    pub health: Health,
}

/// Something that can be sampled.
pub trait Sampler: Send {
    /// Looks at the counters. It may take as long as the system takes.
    fn sample(&mut self, tick: Tick) -> Sample;
}

/// Where counters come from: the value of `--counters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The counters of Windows: of another machine, or of this one.
    Pdh {
        /// The machine's name or address.
        host: Option<String>,
    },
    /// A file of logman, typeperf or relog, which is followed like a log.
    Csv(PathBuf),
    /// Nowhere: no counters are sampled.
    None,
}

/// A value of `--counters` that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It is none of the forms.
    #[error("`{0}` is no source of counters: use pdh, pdh:HOST, csv:FILE or none, such as pdh:WEB02")]
    Unknown(String),
    /// What should be a host cannot be one.
    #[error("`{0}` is no name of a machine: use pdh:HOST, such as pdh:WEB02 or pdh:10.0.0.2")]
    Host(String),
    /// There is no PDH here.
    #[error("counters of Windows are read on Windows; a file of logman or typeperf is read anywhere: csv:FILE")]
    NotWindows,
}

impl Source {
    fn parse(text: &str, has_pdh: bool) -> Result<Self, SourceError> {
        let source = match text.split_once(':') {
            None if text.eq_ignore_ascii_case("none") => Self::None,
            None if text.eq_ignore_ascii_case("pdh") => Self::Pdh { host: None },
            Some((kind, host)) if kind.eq_ignore_ascii_case("pdh") => Self::Pdh { host: Some(parse_host(host)?) },
            Some((kind, file)) if kind.eq_ignore_ascii_case("csv") && !file.is_empty() => Self::Csv(PathBuf::from(file)),
            _ => return Err(SourceError::Unknown(text.to_owned())),
        };
        if matches!(source, Self::Pdh { .. }) && !has_pdh {
            return Err(SourceError::NotWindows);
        }
        Ok(source)
    }

    /// The file to follow, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        if let Self::Csv(path) = self { Some(path) } else { None }
    }

    /// The name that its text has among the logs.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Pdh { host: None } => Some(String::from("counters.csv")),
            // An address may have colons, which no file may have.
            Self::Pdh { host: Some(host) } => Some(format!("counters-{}.csv", host.replace(':', "_"))),
            Self::Csv(_) | Self::None => None,
        }
    }
}

/// A host as PDH and a file's name can hold it; the backslashes that people put before it go.
fn parse_host(text: &str) -> Result<String, SourceError> {
    let host = text.trim_start_matches('\\');
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || host.len() > 255 || !host.chars().all(is_part) {
        return Err(SourceError::Host(text.to_owned()));
    }
    Ok(host.to_owned())
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        Self::parse(text, cfg!(windows))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pdh { host: None } => f.write_str("pdh"),
            Self::Pdh { host: Some(host) } => write!(f, "pdh:{host}"),
            Self::Csv(path) => write!(f, "csv:{}", path.display()),
            Self::None => f.write_str("none"),
        }
    }
}

/// What to sample.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Counters of Windows. Files are left to the follower: [`Source::file`].
    pub sources: Vec<Source>,
    /// Samples the vitals of this machine, with the free space where these folders or files lie; `None` samples none.
    pub vitals: Option<Vec<PathBuf>>,
}

impl Counters {
    /// A collector for each source, which gets its number from `ids`.
    ///
    /// # Errors
    /// When counters of Windows are asked for on another system.
    pub fn collectors(self, ids: &AtomicU32) -> io::Result<Vec<Collector>> {
        let (board, host) = (Arc::new(Board::default()), here());
        let mut collectors = Vec::new();
        for source in &self.sources {
            let (Source::Pdh { host: other }, Some(name)) = (source, source.name()) else { continue };
            let sampler = sampler(other.as_deref())?;
            collectors.push(Collector::new(&name, other.as_ref().unwrap_or(&host), EVERY, sampler, ids, &board));
        }
        if let Some(volumes) = self.vitals {
            // PDH tells the available memory each second, of the machine that is asked about.
            let vitals = Vitals::new(&volumes, collectors.is_empty());
            collectors.push(Collector::new(VITALS, &host, EVERY_VITAL, Box::new(vitals), ids, &board));
        }
        Ok(collectors)
    }
}

/// The name of this machine.
fn here() -> String {
    sysinfo::System::host_name().unwrap_or_default()
}

#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "it fails on other systems")]
fn sampler(host: Option<&str>) -> io::Result<Box<dyn Sampler>> {
    let part = |name| std::env::var(name).unwrap_or_default();
    let user = format!("\"{}\\{}\"", part("USERDOMAIN"), part("USERNAME"));
    Ok(Box::new(pdh::Pdh::new(pdh::system::System::default(), host, &user)))
}

#[cfg(not(windows))]
fn sampler(_: Option<&str>) -> io::Result<Box<dyn Sampler>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, SourceError::NotWindows))
}

/// Samples until `stop` is set or the receiver is gone. Sources get their numbers from `ids`.
///
/// # Errors
/// When no thread can be started, or counters of Windows are asked for on another system.
pub fn spawn(
    what: Counters,
    ids: &Arc<AtomicU32>,
    out: &SyncSender<Envelope>,
    stop: &Arc<AtomicBool>,
) -> io::Result<Vec<JoinHandle<()>>> {
    let start = |collector: Collector| {
        let (out, stop) = (out.clone(), Arc::clone(stop));
        std::thread::Builder::new().name(String::from("counters")).spawn(move || run(collector, &out, &stop))
    };
    what.collectors(ids)?.into_iter().map(start).collect()
}

fn run(mut collector: Collector, out: &SyncSender<Envelope>, stop: &AtomicBool) {
    let mut deliver = |envelope| deliver(envelope, out, stop);
    while !stop.load(Ordering::Relaxed) {
        let tick = Tick::now();
        // A fault of the program's own is no reason to stop sampling.
        let pause = catch_unwind(AssertUnwindSafe(|| collector.poll(tick, &mut deliver))).unwrap_or(EVERY);
        let until = tick.steady + pause;
        while !stop.load(Ordering::Relaxed) {
            let left = until.saturating_sub(clock::steady());
            if left.is_zero() {
                break;
            }
            // Nobody waits for it to stop.
            std::thread::sleep(left.min(EVERY));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::engine::Payload;

    #[test]
    fn a_source_is_read_as_it_is_written() {
        for text in ["pdh", "pdh:WEB02", "pdh:10.0.0.2", "pdh:fe80::1", "csv:C:\\perf\\a.csv", "csv:/var/a b.csv", "none"] {
            assert_eq!(Source::parse(text, true).unwrap().to_string(), text);
        }
        assert_eq!(Source::parse("PDH:\\\\WEB02", true), Ok(Source::Pdh { host: Some(String::from("WEB02")) }));
        assert_eq!(Source::parse("csv:a.csv", false).unwrap().file(), Some(Path::new("a.csv")));
        assert_eq!(Source::parse("pdh:fe80::1", true).unwrap().name().as_deref(), Some("counters-fe80__1.csv"));
    }

    #[test]
    fn what_is_no_source_is_told_with_what_would_be_one() {
        let wrong = |text| Source::parse(text, true).unwrap_err().to_string();
        for text in ["", "perf", "csv:", "csv", "pdh:", "pdh:a b", "pdh:..\\x", "pdh:a/b", "none:x"] {
            assert!(wrong(text).contains("pdh:WEB02"), "{text}");
        }
        assert!(Source::parse("pdh", false).unwrap_err().to_string().contains("csv:FILE"));
    }

    #[test]
    fn threads_sample_the_vitals_and_stop_when_told() {
        let (out, into) = sync_channel(8);
        let stop = Arc::new(AtomicBool::new(false));
        let what = Counters { sources: vec![Source::None], vitals: Some(vec![std::env::temp_dir()]) };
        let threads = spawn(what, &Arc::default(), &out, &stop).unwrap();
        let mut text = String::new();
        while text.lines().count() < 3 {
            if let Payload::Bytes(bytes) = into.recv_timeout(Duration::from_mins(1)).unwrap().payload {
                text.push_str(std::str::from_utf8(&bytes).unwrap());
            }
        }
        assert!(text.contains("\\Memory\\Available Bytes") && text.contains("\\LogicalDisk("), "{text}");
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().unwrap();
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn counters_of_windows_are_refused_elsewhere() {
        let what = Counters { sources: vec![Source::Pdh { host: None }], vitals: None };
        let refused = what.collectors(&AtomicU32::new(0)).err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
    }
}
