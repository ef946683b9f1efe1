//! What is found on machines of our own making: a folder of `machines/` each, with what must be found in `expected.txt`.
//!
//! `UPDATE_EXPECTED=1 cargo test --test discovery` writes what is found now; read the difference before you commit it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/made_up.rs"]
mod made_up;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use made_up::MadeUp;
use why503::formats::lines::Line;
use why503::formats::stream::Stream;
use why503::formats::{Hints, Sink};
use why503::inventory::{Item, Outcome};
use why503::limits::{Limit, Limits, Settings};
use why503::record::{Fact, Record};
use why503::sources::discovery::{Discovery, discover};
use why503::sources::machine::{Machine, ThisMachine};

fn machines() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// What the engine learns from a file.
#[derive(Default)]
struct Learnt(Settings);

impl Sink for Learnt {
    fn record(&mut self, record: Record<'_>) {
        if let Fact::Settings(settings) = &record.fact {
            self.0.absorb(settings);
        }
    }

    fn malformed(&mut self, _: Line<'_>, _: &'static str) {}
}

/// The limits that are in force when the program does with what was found what it does with files that flags name.
fn limits(machine: &MadeUp, discovery: &Discovery) -> Limits {
    let mut learnt = Learnt::default();
    for file in &discovery.files {
        let mut stream = Stream::new(Hints::default());
        stream.feed(&machine.read(file.to_str().unwrap()).unwrap(), &mut learnt);
        stream.finish(&mut learnt);
    }
    Limits { found: discovery.found.clone(), settings: learnt.0, copy: discovery.copy.clone(), ..Limits::default() }
}

fn told(machine: &MadeUp) -> String {
    let discovery = discover(machine);
    let limits = limits(machine, &discovery);
    let mut out = String::from("roots\n");
    let mut paths = |head: &str, paths: &[PathBuf]| {
        let _ = write!(out, "{head}");
        for path in paths {
            let _ = writeln!(out, "  {}", path.display());
        }
    };
    paths("", &discovery.roots);
    paths("files\n", &discovery.files);
    let _ = writeln!(out, "limits");
    let unknown = |limit: Option<Limit>| limit.map_or_else(|| String::from("unknown"), |limit| limit.to_string());
    let _ = writeln!(out, "  pool max {}", unknown(limits.pool_max()));
    let _ = writeln!(out, "  pool cutoff {}", limits.pool_cutoff());
    let _ = writeln!(out, "  config slots {}", limits.config_slots(None));
    let _ = writeln!(out, "  package slots {}", unknown(limits.package_slots(None)));
    for app in &machine.told.ask {
        let _ = writeln!(out, "  {app} {}", limits.app(app));
    }
    let _ = writeln!(out, "inventory");
    for item in &discovery.inventory {
        out += &line(item);
    }
    out
}

fn line(Item { topic, what, outcome }: &Item) -> String {
    let outcome = match outcome {
        Outcome::Found { value, origin } => format!("= {value}  [{origin}]"),
        Outcome::Missing { looked } => format!("is missing\n      {}", looked.join("\n      ")),
        Outcome::Denied { place, grant } => format!("is denied: {place}\n      {grant}"),
        Outcome::Remark(remark) => format!(": {remark}"),
    };
    format!("  {topic:?} {what} {outcome}\n")
}

#[test]
fn every_machine_is_found_as_it_is() {
    let machines = machines();
    assert!(machines.len() >= 11);
    for folder in machines {
        let told = told(&MadeUp::of(&folder));
        let expected = folder.join("expected.txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&expected, &told).unwrap();
        }
        let want = fs::read_to_string(&expected).unwrap_or_default().replace("\r\n", "\n");
        assert_eq!(told, want, "{}", folder.display());
    }
}

#[test]
fn the_machine_that_the_tests_run_on_is_looked_at_without_harm() {
    let discovery = discover(&ThisMachine);
    assert!(!discovery.inventory.is_empty());
    if !cfg!(windows) {
        assert_eq!((discovery.roots.len(), discovery.files.len()), (0, 0));
    }
}
