//! Makes the recordings that `why503 demo` plays: three incidents, and a morning on which all three happen.
//!
//! - `cargo run --release --example generate-demo` writes `demo/*.zip`;
//! - `… -- --check` says whether they are what this program would write, and exits 1 if not;
//! - `… -- --extract DIR` writes their files into `DIR`, for looking.
//!
//! Nothing is copied from anybody's logs. Clients, servers and agents are simulated, one event after another, from fixed seeds,
//! and what happens to them is written down in the formats of the programs that would have seen it:
//!
//! | recording | what is simulated | module |
//! |---|---|---|
//! | `sepm-push-storm` | clients that hold requests, a server that takes 5,000 | `push`, `manager` |
//! | `pool-leak` | a curve of pool in use, and what HTTP.sys does under 20 MB | `pool` |
//! | `ns-busy` | agents and package servers that share 50 slots | `slots`, `altiris` |
//! | `all` | one after the other | |
//!
//! Arithmetic is on whole numbers throughout, so that no two machines round differently.

#[path = "generate/all.rs"]
mod all;
#[path = "generate/altiris.rs"]
mod altiris;
#[path = "generate/counters.rs"]
mod counters;
#[path = "generate/http_error.rs"]
mod http_error;
#[path = "generate/manager.rs"]
mod manager;
#[path = "generate/ns_busy.rs"]
mod ns_busy;
#[path = "generate/pool.rs"]
mod pool;
#[path = "generate/pool_leak.rs"]
mod pool_leak;
#[path = "generate/push.rs"]
mod push;
#[path = "generate/random.rs"]
mod random;
#[path = "generate/recording.rs"]
mod recording;
#[path = "generate/sepm_push_storm.rs"]
mod sepm_push_storm;
#[path = "generate/settings.rs"]
mod settings;
#[path = "generate/slots.rs"]
mod slots;
#[path = "generate/time.rs"]
mod time;
#[path = "generate/w3c.rs"]
mod w3c;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use recording::Recording;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => write(),
        ["--check"] => check(),
        ["--extract", folder] => extract(Path::new(folder)),
        _ => bail!("usage: generate-demo [--check | --extract DIR]"),
    }
}

fn recordings() -> Result<[Recording; 4]> {
    Ok([sepm_push_storm::recording()?, pool_leak::recording()?, ns_busy::recording()?, all::recording()?])
}

fn archive(recording: &Recording) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo").join(recording.file_name())
}

fn write() -> Result<ExitCode> {
    for recording in recordings()? {
        let path = archive(&recording);
        let bytes = recording.pack()?;
        fs::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("{}: {} bytes", path.display(), bytes.len());
    }
    Ok(ExitCode::SUCCESS)
}

fn check() -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for recording in recordings()? {
        let path = archive(&recording);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if !recording.same_as(&bytes)? {
            eprintln!("{} is out of date: run `cargo run --release --example generate-demo`", path.display());
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn extract(folder: &Path) -> Result<ExitCode> {
    for recording in recordings()? {
        recording.extract(folder)?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_archives_are_what_this_makes() {
        for recording in recordings().unwrap() {
            let bytes = fs::read(archive(&recording)).unwrap();
            assert!(
                recording.same_as(&bytes).unwrap(),
                "{} is out of date: run `cargo run --release --example generate-demo`",
                recording.file_name()
            );
        }
    }

    #[test]
    fn making_them_again_makes_the_same() {
        for (one, other) in recordings().unwrap().iter().zip(recordings().unwrap()) {
            assert!(one.same_as(&other.pack().unwrap()).unwrap(), "{}", one.file_name());
        }
    }

    #[test]
    fn http_sys_writes_no_line_for_five_seconds_in_which_it_refused_nobody() {
        let rows = http_error::refused(0..20 * time::SECOND, |index| [2, 0, 1, 0][usize::try_from(index).unwrap()]);
        let counted = |n: i64, at: time::Ms| (at, format!("- - - - - - - - - {n}_Connections_Refused -"));
        assert_eq!(rows, [counted(2, 0), counted(1, 10 * time::SECOND)]);
    }
}
