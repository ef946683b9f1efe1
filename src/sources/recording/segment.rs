//! One file of a recording: lines are gathered, then appended in one write. No handle is kept open.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::private;
use crate::formats::text::{last_line_end, utf16_mark};
use crate::sources::manifest::{Rows, Stamp, Written, hull};
use crate::time::Time;

/// Bytes gathered from which on they are written.
const GATHER: usize = 256 * 1024;

/// A file that is appended to.
pub(super) struct Segment {
    /// What the manifest says of it: `bytes` are those written.
    pub about: Written,
    file: PathBuf,
    gathered: Vec<u8>,
    /// The times of the rows gathered.
    rows: Rows,
    utf16: Option<bool>,
    sum: crc32fast::Hasher,
    unsynced: bool,
    /// The hour in which it was begun, since the epoch.
    pub hour: i64,
}

impl Segment {
    /// A file that is not there yet.
    pub fn new(file: PathBuf, about: Written, now: Time) -> Self {
        Self {
            about,
            file,
            gathered: Vec::new(),
            rows: None,
            utf16: None,
            sum: crc32fast::Hasher::new(),
            unsynced: false,
            hour: hour(now),
        }
    }

    pub fn push(&mut self, bytes: &[u8], now: Time) {
        if self.len() == 0 {
            self.utf16 = utf16_mark(bytes);
        }
        self.gathered.extend_from_slice(bytes);
        self.about.to = Stamp(now);
    }

    /// The times of rows that were pushed.
    pub fn saw(&mut self, rows: Rows) {
        self.rows = hull(self.rows, rows);
    }

    /// Bytes, written or not.
    pub fn len(&self) -> u64 {
        self.about.bytes + self.gathered.len() as u64
    }

    pub fn is_full(&self) -> bool {
        self.gathered.len() >= GATHER
    }

    /// Appends what was gathered. When that fails, the lines that were written whole are kept.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let mut file = self.open()?;
        let (done, result) = write(&mut file, &self.gathered);
        let kept = if result.is_ok() { done } else { last_line_end(self.gathered.get(..done).unwrap_or_default(), self.utf16) };
        if result.is_err() {
            // Where that fails, too, whoever reads leaves the torn line out.
            let _ = file.set_len(self.about.bytes + kept as u64);
        }
        let written: Vec<u8> = self.gathered.drain(..kept).collect();
        self.sum.update(&written);
        self.about.bytes += kept as u64;
        self.about.crc32 = format!("{:08x}", self.sum.clone().finalize());
        self.about.saw(self.rows);
        self.unsynced = kept > 0;
        result?;
        self.rows = None;
        self.gathered.shrink_to(GATHER);
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

    /// Gives up what was gathered; answers what is missing.
    pub fn abandon(&mut self) -> Missing {
        let bytes = std::mem::take(&mut self.gathered).len() as u64;
        Missing { bytes, rows: self.rows.take() }
    }
}

/// Bytes that are not in the recording, and the times of the rows in them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Missing {
    pub bytes: u64,
    pub rows: Rows,
}

impl Missing {
    pub fn and(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, rows: hull(self.rows, other.rows) }
    }
}

/// Writes as much as can be written, and answers how much that is.
fn write(file: &mut File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match file.write(rest) {
            Ok(0) => return (done, Err(io::ErrorKind::WriteZero.into())),
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (done, Err(e)),
        }
    }
    (done, Ok(()))
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
