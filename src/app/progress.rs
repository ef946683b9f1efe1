//! How far something long has come, on a terminal's last line, and how it is given up.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;

use crate::sources::clock;

/// Between two lines.
const STEP: Duration = Duration::from_millis(100);
/// What is done sooner than this needs no line.
const PATIENCE: Duration = Duration::from_millis(300);
/// The exit code of what was given up: 128 and the number of SIGINT, as a shell has it.
const GIVEN_UP: i32 = 130;
/// As wide as the longest line.
const BLANK: &str = "\r                                                                        \r";

/// Tells how many bytes have been read, until it is dropped; nothing where stderr is no terminal.
pub(super) struct Progress {
    /// Bytes read so far.
    pub read: Arc<AtomicU64>,
    teller: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Of so many bytes.
    pub fn of(total: u64) -> Self {
        let read = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&read);
        let (done, over) = channel::<()>();
        let tell = move || {
            let (begin, mut said) = (clock::steady(), false);
            while over.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                let passed = clock::steady().saturating_sub(begin);
                if passed >= PATIENCE {
                    let _ = write!(io::stderr(), "\r{}", line(counted.load(Ordering::Relaxed), total, passed));
                    said = true;
                }
            }
            if said {
                let _ = write!(io::stderr(), "{BLANK}");
            }
        };
        let is_seen = io::stderr().is_terminal();
        let thread = is_seen.then(|| std::thread::Builder::new().name(String::from("progress")).spawn(tell));
        let teller = thread.and_then(Result::ok).map(|thread| (done, thread));
        Self { read, teller }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.teller.take() {
            drop(done);
            let _ = thread.join();
        }
    }
}

/// Takes away the line of whoever ends the program in the midst of it.
pub(super) fn clear() {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "{BLANK}");
    }
}

/// `why503: 123 of 1024 MB read, 12 %, 512 MB/s`
fn line(read: u64, total: u64, passed: Duration) -> String {
    let mb = |bytes: u64| bytes >> 20;
    let share = (read.min(total) * 100).checked_div(total).unwrap_or(100);
    let speed = (u128::from(read) * 1000 / passed.as_millis().max(1)) >> 20;
    format!("why503: {} of {} MB read, {share} %, {speed} MB/s; Ctrl-C gives up   ", mb(read), mb(total))
}

/// A file that is written as a whole, or not at all: also by somebody who gives up.
#[derive(Clone, Default)]
pub(super) struct Output {
    part: Arc<Mutex<Option<PathBuf>>>,
}

impl Output {
    /// Listens from now on: whoever is asked to end gives up at once, and leaves no half of a file.
    ///
    /// # Errors
    /// When nothing can be listened for.
    pub fn unless_given_up() -> anyhow::Result<Self> {
        let output = Self::default();
        let part = Arc::clone(&output.part);
        super::on_signal(move || {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(part) = &*part {
                let _ = std::fs::remove_file(part);
            }
            clear();
            // The lock is held to the end: nobody begins another file.
            std::process::exit(GIVEN_UP);
        })?;
        Ok(output)
    }

    /// Writes a file under another name first. What is no regular file, such as a pipe, is written as it is.
    ///
    /// # Errors
    /// When it cannot be written; the message names it.
    pub fn write(&self, path: &Path, text: &[u8]) -> anyhow::Result<()> {
        // What a link leads to is replaced, not the link.
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let named = || path.display().to_string();
        let before = std::fs::metadata(path).ok();
        if before.as_ref().is_some_and(|about| !about.is_file()) {
            return std::fs::write(path, text).with_context(named);
        }
        let mut part = path.clone().into_os_string();
        part.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(part);
        let mut file = {
            let mut known = self.part.lock().unwrap_or_else(PoisonError::into_inner);
            let file = std::fs::File::create_new(&part).with_context(named)?;
            *known = Some(part.clone());
            file
        };
        let mut written = file.write_all(text);
        drop(file);
        let mut known = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Ok(()), Some(before)) = (&written, before) {
            written = std::fs::set_permissions(&part, before.permissions());
        }
        let result = written.and_then(|()| std::fs::rename(&part, path));
        if result.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        *known = None;
        result.with_context(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_how_far_and_how_fast() {
        let told = line(512 << 20, 1024 << 20, Duration::from_secs(2));
        assert_eq!(told.trim_end(), "why503: 512 of 1024 MB read, 50 %, 256 MB/s; Ctrl-C gives up");
        assert!(told.len() < BLANK.len());
        assert!(line(0, 0, Duration::ZERO).contains("100 %"));
    }

    #[test]
    fn a_file_is_there_as_a_whole_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        for text in ["first", "second"] {
            Output::default().write(&path, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = folder.path().join("gone").join("report.html");
        assert!(format!("{:#}", Output::default().write(&nowhere, b"x").unwrap_err()).contains("report.html"));
    }
}
