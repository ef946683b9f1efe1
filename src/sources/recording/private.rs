//! Files and folders that nobody but their owner may look into: they hold logs.

#[cfg(unix)]
#[path = "private/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "private/windows.rs"]
mod os;

pub(super) use os::{folder, options};
