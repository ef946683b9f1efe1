//! Unix: device, inode and birth time.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::UNIX_EPOCH;

use rustix::io::Errno;

use super::{FileId, Trouble};

pub(super) fn id_of(file: &File) -> io::Result<FileId> {
    file.metadata().map(|m| id(&m))
}

#[expect(clippy::unnecessary_wraps, reason = "elsewhere the id is not always to be had")]
pub(super) fn id_at(_: &Path, metadata: &Metadata) -> Option<FileId> {
    Some(id(metadata))
}

/// The birth time tells a file from an earlier one whose inode it was given.
fn id(metadata: &Metadata) -> FileId {
    let born = metadata.created().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    let born = born.map_or(0, |d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX));
    FileId { volume: metadata.dev(), index: metadata.ino(), born }
}

pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

pub(super) fn handle_limit() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.map(|n| usize::try_from(n).unwrap_or(usize::MAX))
}

#[cfg(target_os = "linux")]
pub(super) fn is_remote(path: &Path) -> bool {
    // NFS, SMB, CIFS, SMB2, Ceph, 9p: the numbers of statfs(2).
    const REMOTE: [u32; 6] = [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x00C3_6400, 0x0102_1997];
    // A path that is not there yet lies where its nearest folder lies.
    let kind = path.ancestors().find_map(|p| rustix::fs::statfs(p).ok());
    // The field's width differs between machines; the numbers have 32 bits.
    kind.is_some_and(|s| REMOTE.iter().any(|r| u64::from(*r) == (s.f_type.cast_unsigned() & 0xFFFF_FFFF)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_remote(_: &Path) -> bool {
    false
}

pub(super) fn is_broken_pipe(_: &io::Error) -> bool {
    false
}

pub(super) fn trouble(code: i32) -> Option<Trouble> {
    match Errno::from_raw_os_error(code) {
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => Some(Trouble::NoHandles),
        Errno::LOOP | Errno::NAMETOOLONG => Some(Trouble::Denied),
        _ => None,
    }
}
