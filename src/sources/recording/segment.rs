//! One file of a recording: lines are gathered, then appended in one write. No handle is kept open.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::private;
use crate::sources::manifest::{Stamp, Written};
use crate::time::Time;

/// Bytes gathered from which on they are written.
const GATHER: usize = 256 * 1024;

/// A file that is appended to.
pub(super) struct Segment {
    /// What the manifest says of it: `bytes` are those written.
    pub about: Written,
    file: PathBuf,
    gathered: Vec<u8>,
    sum: crc32fast::Hasher,
    unsynced: bool,
    /// The hour in which it was begun, since the epoch.
    pub hour: i64,
}

impl Segment {
    /// A file that is not there yet.
    pub fn new(file: PathBuf, about: Written, now: Time) -> Self {
        Self { about, file, gathered: Vec::new(), sum: crc32fast::Hasher::new(), unsynced: false, hour: hour(now) }
    }

    pub fn push(&mut self, bytes: &[u8], now: Time) {
        self.gathered.extend_from_slice(bytes);
        self.about.to = Stamp(now);
    }

    /// Bytes, written or not.
    pub fn len(&self) -> u64 {
        self.about.bytes + self.gathered.len() as u64
    }

    pub fn is_full(&self) -> bool {
        self.gathered.len() >= GATHER
    }

    /// Appends what was gathered. When that fails, the file is cut back to whole lines.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let mut file = self.open()?;
        if let Err(error) = file.write_all(&self.gathered) {
            // What is behind the lines that the manifest tells of is torn: whoever reads leaves it out.
            let _ = file.set_len(self.about.bytes);
            return Err(error);
        }
        self.sum.update(&self.gathered);
        self.about.bytes += self.gathered.len() as u64;
        self.about.crc32 = format!("{:08x}", self.sum.clone().finalize());
        self.gathered.clear();
        self.gathered.shrink_to(GATHER);
        self.unsynced = true;
        Ok(())
    }

    /// Opens the file at its end; if somebody changed it meanwhile it is not gone on with.
    fn open(&self) -> io::Result<File> {
        if self.about.bytes == 0 {
            if let Some(folder) = self.file.parent() {
                private::folder(folder)?;
            }
            return private::options().create_new(true).write(true).open(&self.file);
        }
        let mut file = private::options().write(true).open(&self.file)?;
        if file.metadata()?.len() != self.about.bytes {
            return Err(io::Error::other(format!("{} was changed by somebody else", self.about.path)));
        }
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }

    /// Has the system write the file to the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.unsynced) {
            private::options().write(true).open(&self.file)?.sync_data()?;
        }
        Ok(())
    }

    /// Gives up what was gathered; answers how many bytes that was.
    pub fn abandon(&mut self) -> u64 {
        let bytes = self.gathered.len() as u64;
        self.gathered = Vec::new();
        bytes
    }
}

/// Takes a file of the recording away. One that is gone already is gone.
pub(super) fn remove(file: &std::path::Path) -> bool {
    match fs::remove_file(file) {
        Ok(()) => true,
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    }
}

/// The hour of a moment, counted from the epoch.
pub(super) fn hour(time: Time) -> i64 {
    time.millis().div_euclid(3_600_000)
}
