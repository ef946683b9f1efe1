//! What differs between operating systems: who a file is, reading at a position, what an error means.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

#[cfg(unix)]
use unix as os;
#[cfg(windows)]
use windows as os;

/// Who a file is, as the file system tells it. A hint that is quick to compare: numbers are used again after a file is deleted,
/// and change when a share returns. The content is the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId {
    /// The device, or the volume's serial number.
    pub volume: u64,
    /// The inode, or the file's index on its volume.
    pub index: u64,
    /// When it was created, in nanoseconds since some epoch; 0 where that is not told.
    pub born: u64,
}

/// Who the file behind an open handle is.
///
/// # Errors
/// When the system does not tell.
pub fn id_of(file: &File) -> io::Result<FileId> {
    os::id_of(file)
}

/// Who the file at a path is; `metadata` is the path's, links followed. `None` where that cannot be told without opening a file
/// that may not be opened.
#[must_use]
pub fn id_at(path: &Path, metadata: &Metadata) -> Option<FileId> {
    os::id_at(path, metadata)
}

/// Reads at a position without moving the handle's own, until `buffer` is full or the file ends.
///
/// # Errors
/// When the system cannot read.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..)
        && !rest.is_empty()
    {
        match os::read_at(file, rest, offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// How many files may be held open for following: at most 512, and 64 fewer than the process may have.
#[must_use]
pub fn handle_budget() -> usize {
    os::handle_limit().map_or(512, |limit| limit.saturating_sub(64).clamp(8, 512))
}

/// Whether a path lies on a network share.
#[must_use]
pub fn is_remote(path: &Path) -> bool {
    os::is_remote(path)
}

/// Whether an error in writing means that whoever read has gone.
#[must_use]
pub fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe || os::is_broken_pipe(error)
}

/// What an error in looking at a file means for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is nothing at this path.
    Absent,
    /// It is there and may not be read.
    Denied,
    /// The program has too many files open: it says nothing about the file.
    NoHandles,
    /// The device or share does not answer: it says nothing about the file.
    Unreachable,
}

/// What `error` means. What is not known counts as not knowing: an error is never proof that a file is gone.
#[must_use]
pub fn trouble(error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Trouble::Absent,
        io::ErrorKind::PermissionDenied => Trouble::Denied,
        _ => error.raw_os_error().and_then(os::trouble).unwrap_or(Trouble::Unreachable),
    }
}
