//! Volumes of Windows: drives, and folders that volumes are mounted on.

use std::ffi::OsString;
use std::iter::once;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

use windows_sys::Win32::Storage::FileSystem::{GetDiskFreeSpaceExW, GetVolumePathNameW};

fn wide(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain(once(0)).collect()
}

/// The mount point, with a backslash at its end.
#[expect(unsafe_code, reason = "a call of the system")]
pub fn mount(path: &Path) -> Option<PathBuf> {
    let path = wide(path);
    // A mount point is no longer than the path, but for the root that a relative path does not have.
    let mut mount = vec![0; path.len().max(261)];
    let room = u32::try_from(mount.len()).ok()?;
    // SAFETY: the path ends with a zero, and `mount` has the room that is told.
    let is_told = unsafe { GetVolumePathNameW(path.as_ptr(), mount.as_mut_ptr(), room) } != 0;
    let text: Vec<u16> = mount.into_iter().take_while(|unit| *unit != 0).collect();
    is_told.then(|| PathBuf::from(OsString::from_wide(&text)))
}

/// Bytes that the user may write.
#[expect(unsafe_code, reason = "a call of the system")]
pub fn free(mount: &Path) -> Option<u64> {
    let (mount, mut free) = (wide(mount), 0);
    // SAFETY: the path ends with a zero; what is not asked for is null.
    let is_told = unsafe { GetDiskFreeSpaceExW(mount.as_ptr(), &raw mut free, null_mut(), null_mut()) } != 0;
    is_told.then_some(free)
}
