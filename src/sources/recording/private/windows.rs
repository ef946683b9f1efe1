//! Windows: the folder's access list is for its owner, the administrators and the system; what is made in it inherits that.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// OWNER RIGHTS, Administrators and SYSTEM, by the identifiers that are the same in every language ("Well-known SIDs").
const GRANTED: [&str; 3] = ["*S-1-3-4:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F", "*S-1-5-18:(OI)(CI)F"];

/// Makes a folder, and those above it that are missing. One that is there already stays as it is.
pub fn folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    // By its full path: a program of that name in the current folder is not what is meant.
    let windows = std::env::var_os("SystemRoot").map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from);
    let mut icacls = Command::new(windows.join("System32").join("icacls.exe"));
    icacls.arg(path).arg("/inheritance:r").arg("/grant:r").args(GRANTED);
    let done = icacls.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if done.success() {
        return Ok(());
    }
    fs::remove_dir(path)?;
    Err(io::Error::other("icacls could not keep others out of it"))
}

/// How files are opened that may have to be made: they inherit who may look into them.
pub fn options() -> OpenOptions {
    OpenOptions::new()
}
