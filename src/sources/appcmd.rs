//! Runs IIS's `appcmd list requests`: the only one who can tell which requests are being executed.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use crate::sources::clock;

/// Bytes of its output that are read at most.
const MOST: u64 = 1 << 20;
/// Bytes of its complaints that are read at most.
const MOST_COMPLAINTS: u64 = 1 << 12;
/// Between two looks whether it has ended, or is wanted no more.
const LOOK: Duration = Duration::from_millis(20);
/// A server in distress may need long for its answer; then it is let alone.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The output, and what it complained about where there is none.
    pub text: Vec<u8>,
    /// It printed more than was read.
    pub cut: bool,
}

/// Where appcmd lies. A program of 32 bits sees the folder of a 64-bit Windows under another name.
#[must_use]
pub fn program() -> PathBuf {
    let windows = PathBuf::from(std::env::var_os("windir").unwrap_or_else(|| r"C:\Windows".into()));
    let in_folder = |folder: &str| windows.join(folder).join("inetsrv").join("appcmd.exe");
    let native = in_folder("Sysnative");
    if cfg!(target_pointer_width = "32") && native.is_file() { native } else { in_folder("System32") }
}

/// Has it list the requests. It is killed when `given_up` is set, when `patience` is over, or when it prints more than is read.
///
/// # Errors
/// When it cannot be started or does not end in time; the message says what to do.
pub fn list_requests(program: &Path, patience: Duration, given_up: &AtomicBool) -> Result<Printed, String> {
    let mut child = Command::new(program)
        .args(["list", "requests", "/xml"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(program, &error))?;
    let heard = listen(&mut child).and_then(|streams| wait(&mut child, &streams, patience, given_up));
    // Whatever came of it: nothing is left behind.
    let _ = child.kill();
    let _ = child.wait();
    heard
}

fn not_started(program: &Path, error: &io::Error) -> String {
    let place = program.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!("{place} is not there: IIS is not installed here, or without its management scripts and tools")
        }
        io::ErrorKind::PermissionDenied => format!("{place} may not be run: run why503 from an elevated prompt"),
        _ => format!("{place}: {error}"),
    }
}

/// Reads both of its streams elsewhere: it must not stand still because nobody reads one of them. What it has started itself may
/// hold them open for longer than it lives, so nobody waits for the threads.
fn listen(child: &mut Child) -> Result<[Receiver<Vec<u8>>; 2], String> {
    let told = |error: io::Error| format!("appcmd cannot be heard: {error}");
    let (out, err) = (child.stdout.take(), child.stderr.take());
    Ok([reader(out, MOST + 1).map_err(told)?, reader(err, MOST_COMPLAINTS).map_err(told)?])
}

fn reader(stream: Option<impl Read + Send + 'static>, most: u64) -> io::Result<Receiver<Vec<u8>>> {
    let (tell, heard) = channel();
    std::thread::Builder::new().name(String::from("appcmd")).spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            let _ = stream.take(most).read_to_end(&mut bytes);
        }
        // Whoever asked may have given up.
        let _ = tell.send(bytes);
    })?;
    Ok(heard)
}

fn wait(
    child: &mut Child,
    [said, complained]: &[Receiver<Vec<u8>>; 2],
    patience: Duration,
    given_up: &AtomicBool,
) -> Result<Printed, String> {
    let until = clock::steady() + patience;
    let mut text = loop {
        match said.try_recv() {
            Ok(text) => break text,
            Err(TryRecvError::Disconnected) => break Vec::new(),
            Err(TryRecvError::Empty) => {}
        }
        if given_up.load(Ordering::Relaxed) {
            return Err(String::from("given up"));
        }
        if clock::steady() >= until {
            let seconds = patience.as_secs();
            return Err(format!(
                "appcmd has not answered within {seconds} s and was ended: the server may be too busy; x tries again"
            ));
        }
        std::thread::sleep(LOOK);
    };
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let cut = text.len() > most;
    text.truncate(most);
    if text.trim_ascii().is_empty() {
        let _ = child.wait();
        text = complained.recv_timeout(LOOK).unwrap_or_default();
    }
    Ok(Printed { text, cut })
}

/// A program that stands in the place of appcmd.
#[cfg(unix)]
#[cfg(test)]
pub(crate) fn stand_in(folder: &Path, body: &str) -> PathBuf {
    let path = folder.join("appcmd");
    // Another process writes it: a file that this one has open for writing, or a child that it just starts, cannot be run.
    let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$0\" && chmod +x \"$0\"";
    let written = Command::new("sh").arg("-c").arg(write).arg(&path).arg(body).status();
    assert!(written.is_ok_and(|status| status.success()), "{}", path.display());
    path
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn run(body: &str, patience: Duration, given_up: bool) -> Result<Printed, String> {
        let folder = tempfile::tempdir().unwrap();
        list_requests(&stand_in(folder.path(), body), patience, &AtomicBool::new(given_up))
    }

    #[test]
    fn it_is_asked_for_its_requests_and_what_it_prints_is_read() {
        let printed = run("echo \"$@\"; echo noise >&2; exit 1", PATIENCE, false).unwrap();
        assert_eq!((printed.text.as_slice(), printed.cut), (&b"list requests /xml\n"[..], false));
        let complained = run("echo no rights >&2; exit 5", PATIENCE, false).unwrap();
        assert_eq!(complained.text, b"no rights\n");
    }

    #[test]
    fn it_is_ended_when_nobody_wants_it_or_it_takes_too_long() {
        assert_eq!(run("exec sleep 100", PATIENCE, true), Err(String::from("given up")));
        let told = run("exec sleep 100", Duration::from_millis(50), false).unwrap_err();
        assert!(told.contains("has not answered"), "{told}");
    }

    #[test]
    fn no_more_than_a_megabyte_is_read_of_one_who_never_stops() {
        let printed = run("while :; do echo 0123456789012345678901234567890123456789; done", PATIENCE, false).unwrap();
        assert_eq!((printed.text.len(), printed.cut), (1 << 20, true));
    }

    #[test]
    fn where_it_is_not_there_its_place_and_what_to_do_are_told() {
        let told = list_requests(Path::new("/nonexistent/appcmd.exe"), PATIENCE, &AtomicBool::new(false)).unwrap_err();
        assert!(told.starts_with("/nonexistent/appcmd.exe is not there: IIS is not installed"), "{told}");
    }
}
