//! The folder of a recording: one recorder at a time, a manifest that is replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::private;
use crate::sources::manifest::{MANIFEST, Manifest};

/// Whoever holds a lock on this file writes the recording. Its being there tells a recording from logs: a follower passes it by.
pub const LOCK: &str = "recording.lock";
/// The manifest before it takes the place of the last one.
const NEXT: &str = "manifest.toml.new";

/// A folder that this recorder alone writes to.
pub(super) struct Folder {
    path: PathBuf,
    /// Held as long as this is.
    _lock: File,
}

impl Folder {
    /// Makes the folder or takes it over, with the manifest of the recording that lies there.
    pub fn open(path: &Path, from_start: bool, redact: bool) -> anyhow::Result<(Self, Option<Manifest>)> {
        let at = path.display();
        if path.is_file() {
            anyhow::bail!("{at}: is a file: name a folder");
        }
        private::folder(path).with_context(|| format!("{at}: the folder cannot be made"))?;
        let before = match fs::read_to_string(path.join(MANIFEST)) {
            Ok(text) => Some(Manifest::parse(&text).with_context(|| format!("{at}: what lies there cannot be gone on with"))?),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e).with_context(|| format!("{at}: {MANIFEST} cannot be read")),
        };
        let is_ours = path.join(LOCK).exists();
        if !is_ours && fs::read_dir(path).with_context(|| format!("{at}"))?.next().is_some() && !is_mount(path) {
            anyhow::bail!("{at}: the folder is not empty and holds no recording of why503: name a new one");
        }
        let lock = private::options().create(true).write(true).truncate(false).open(path.join(LOCK));
        let lock = lock.with_context(|| format!("{at}: the folder cannot be written"))?;
        // Some shares have no locks. Then nothing keeps two recorders apart, but one records.
        if let Err(fs::TryLockError::WouldBlock) = lock.try_lock() {
            let holder = before.as_ref().and_then(|manifest| manifest.work.runs.last());
            let holder = holder.map_or_else(String::new, |run| format!(" (process {} on {})", run.process, run.host));
            anyhow::bail!("{at}: another why503{holder} records there: name another folder");
        }
        if from_start && before.as_ref().is_some_and(|manifest| !manifest.work.files.is_empty()) {
            anyhow::bail!("{at}: it holds a recording: with --from-start its lines would be there twice: name a new folder");
        }
        // Its key was never written down: the same client would have another pseudonym from here on, or none.
        let was_redacted = before.as_ref().and_then(|manifest| manifest.work.runs.last()).map(|run| run.redacted);
        match (was_redacted, redact) {
            (Some(true), _) => anyhow::bail!("{at}: a redacted recording cannot be gone on with: name a new folder"),
            (Some(false), true) => anyhow::bail!("{at}: what it holds is not redacted: with --redact, name a new folder"),
            _ => Ok((Self { path: path.to_owned(), _lock: lock }, before)),
        }
    }

    /// Makes the folder again if somebody took it away.
    pub fn reach(&self) -> io::Result<()> {
        private::folder(&self.path)
    }

    pub fn write_manifest(&self, text: &str) -> io::Result<()> {
        let (name, next) = (self.path.join(MANIFEST), self.path.join(NEXT));
        // A leftover of a run that was killed.
        match fs::remove_file(&next) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = private::options().create_new(true).write(true).open(&next)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        drop(file);
        fs::rename(&next, &name)
    }
}

/// Whether nothing but what a file system itself puts into its root lies in a folder.
fn is_mount(path: &Path) -> bool {
    let Ok(entries) = fs::read_dir(path) else { return false };
    entries.flatten().all(|entry| entry.file_name() == "lost+found" || entry.file_name() == "System Volume Information")
}

/// The machine's name.
#[cfg(unix)]
pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The machine's name.
#[cfg(windows)]
pub(super) fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}
