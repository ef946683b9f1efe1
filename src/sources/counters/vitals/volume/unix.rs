//! Volumes of Unix: a path lies on the device of its mount point.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The farthest parent on the same device.
pub fn mount(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let device = |path: &Path| path.metadata().map(|metadata| metadata.dev()).ok();
    let own = device(&path)?;
    path.ancestors().take_while(|parent| device(parent) == Some(own)).last().map(Path::to_owned)
}

/// Bytes that anyone may write.
pub fn free(mount: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(mount).ok()?;
    told.f_bavail.checked_mul(told.f_frsize)
}
