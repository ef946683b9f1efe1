//! Snapshots: totals and offsets of one moment, in one file that is replaced as a whole and kept twice.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::source::SourceState;
use super::summary::SourceSummary;
use super::tally::Tally;
use crate::sources::follow::{Checkpoint, Follower};

const NAME: &str = "headless.json";
const OLDER: &str = "headless.json.old";
const NEXT: &str = "headless.json.new";
const LOCK: &str = "headless.lock";
/// Of the layout below. A snapshot of another version is not read.
const VERSION: u32 = 1;

/// What is known at one moment.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Snapshot {
    version: u32,
    pub lines: u64,
    pub malformed: u64,
    pub digest: u64,
    /// The dump's length.
    pub dump: u64,
    pub sources: Vec<SourceState>,
    /// What was counted of logs that will not grow any more.
    #[serde(default)]
    pub past: Vec<SourceSummary>,
    pub checkpoint: Checkpoint,
}

/// The folder that snapshots are kept in.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    /// Held as long as the store is, so that a second run does not count into the same state.
    _lock: File,
    /// A snapshot failed and this was said.
    complained: bool,
}

impl Store {
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let at = folder.display();
        make(folder).with_context(|| format!("the state folder {at} cannot be made"))?;
        if may_others_write(folder)? {
            anyhow::bail!("the state folder {at} may be written by others, who could change what is counted: chmod 700 {at}");
        }
        let lock = create(&folder.join(LOCK), false).with_context(|| format!("the state folder {at} cannot be written"))?;
        // Some shares have no locks. Then nothing keeps two runs apart, but one runs.
        if let Err(fs::TryLockError::WouldBlock) = lock.try_lock() {
            anyhow::bail!("another why503 uses the state folder {at}: give this one a folder of its own");
        }
        Ok(Self { folder: folder.to_owned(), _lock: lock, complained: false })
    }

    /// The last snapshot, or the one before it if the last is damaged.
    pub fn load(&mut self) -> Option<Snapshot> {
        let read = |name: &str| {
            let text = fs::read(self.folder.join(name)).ok()?;
            serde_json::from_slice::<Snapshot>(&text).ok().filter(|s| s.version == VERSION)
        };
        read(NAME).or_else(|| read(OLDER))
    }

    /// Keeps a snapshot. A full disk does not end the run: it is said once, and tried again.
    pub fn save(&mut self, tally: &mut Tally, follower: &Follower) {
        if let Err(e) = self.write(tally, follower)
            && !self.complained
        {
            self.complained = true;
            let folder = self.folder.display();
            let _ = writeln!(io::stderr(), "why503: the state could not be saved in {folder}: {e}; it is tried again");
        }
    }

    fn write(&self, tally: &mut Tally, follower: &Follower) -> io::Result<()> {
        // What the snapshot says of the dump must be on the disk before the snapshot is.
        tally.sync_dump()?;
        let snapshot = Snapshot {
            version: VERSION,
            lines: tally.lines,
            malformed: tally.malformed,
            digest: tally.digest,
            dump: tally.dump_len(),
            sources: tally.source_states(),
            past: tally.past(),
            checkpoint: follower.checkpoint(),
        };
        let [name, older, next] = [NAME, OLDER, NEXT].map(|name| self.folder.join(name));
        let mut file = create(&next, true)?;
        file.write_all(&serde_json::to_vec(&snapshot)?)?;
        file.sync_all()?;
        drop(file);
        match fs::rename(&name, &older) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        fs::rename(&next, &name)
    }
}

/// Makes a folder that only its owner may look into.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn may_others_write(folder: &Path) -> io::Result<bool> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(folder)?.permissions());
    Ok(mode & 0o022 != 0)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may not be told")]
fn may_others_write(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Opens a file for writing that only its owner may read: it holds parts of logs.
pub(super) fn create(path: &Path, empty: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(empty);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
