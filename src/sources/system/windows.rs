//! Windows: volume serial number and file index.
//!
//! The index comes from `GetFileInformationByHandle`. On NTFS a file that takes a deleted one's place has another, since it counts
//! how often its entry was used; elsewhere it may be used again, and on `ReFS` its 64 bits are not unique. The creation time is no
//! help: the system gives a new file of the same name the old one's for 15 seconds, anybody may set it, and some file systems
//! have it move as the file is written. All is a hint only: the bytes before the offset decide.
//!
//! Files are opened with the default of the standard library, `FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE`: whoever
//! writes, renames or deletes a log is not hindered. Paths may be verbatim (`\\?\C:\...`, `\\?\UNC\...`): they have no length limit.

use std::fs::{File, Metadata};
use std::io;
use std::os::windows::fs::FileExt;
use std::path::{Component, Path, Prefix};

use winapi_util::file::information;

use super::{FileId, Trouble};

pub(super) fn id_of(file: &File) -> io::Result<FileId> {
    let info = information(file)?;
    Ok(FileId { volume: info.volume_serial_number(), index: info.file_index(), born: 0 })
}

pub(super) fn id_at(path: &Path, _: &Metadata) -> Option<FileId> {
    File::open(path).and_then(|file| id_of(&file)).ok()
}

pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    match file.seek_read(buffer, offset) {
        // ERROR_HANDLE_EOF
        Err(e) if e.raw_os_error() == Some(38) => Ok(0),
        other => other,
    }
}

pub(super) fn handle_limit() -> Option<usize> {
    None
}

pub(super) fn is_remote(path: &Path) -> bool {
    match path.components().next() {
        Some(Component::Prefix(prefix)) => matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)),
        _ => false,
    }
}

pub(super) fn is_broken_pipe(error: &io::Error) -> bool {
    // ERROR_PIPE_NOT_CONNECTED, which the standard library has no kind for.
    error.raw_os_error() == Some(233)
}

pub(super) fn trouble(code: i32) -> Option<Trouble> {
    match code {
        // ERROR_TOO_MANY_OPEN_FILES
        4 => Some(Trouble::NoHandles),
        // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION, ERROR_DELETE_PENDING
        5 | 32 | 33 | 303 => Some(Trouble::Denied),
        // ERROR_BAD_NETPATH (53), ERROR_UNEXP_NET_ERR (59), ERROR_NETNAME_DELETED (64), ERROR_SEM_TIMEOUT (121),
        // ERROR_NETWORK_UNREACHABLE (1231) and all others: not knowing.
        _ => None,
    }
}
