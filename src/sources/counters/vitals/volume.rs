//! The volumes that folders lie on, and how much of them is free. Only those are asked: a list of all would ask shares, too.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::path::{Path, PathBuf};

#[cfg(unix)]
use unix as os;
#[cfg(windows)]
use windows as os;

use crate::sources::system::is_remote;

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Volume {
    mount: PathBuf,
}

impl Volume {
    /// The volume that a path lies on, or will when it is there; `None` for a share.
    pub(super) fn of(path: &Path) -> Option<Self> {
        if is_remote(path) {
            return None;
        }
        let there = path.ancestors().find(|path| path.exists())?;
        os::mount(there).map(|mount| Self { mount })
    }

    /// As Windows names it: `C:` of `C:\`; a mount point as it is.
    pub(super) fn instance(&self) -> String {
        let name = self.mount.to_string_lossy();
        name.strip_suffix('\\').unwrap_or(&name).to_owned()
    }

    /// Bytes that may be written to it.
    pub(super) fn free(&self) -> Option<u64> {
        os::free(&self.mount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_lies_on_the_volume_of_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let volume = Volume::of(folder.path()).unwrap();
        assert_eq!(Volume::of(&folder.path().join("W3SVC1/u_ex261121.log")), Some(volume.clone()));
        assert!(folder.path().canonicalize().unwrap().to_string_lossy().contains(&volume.instance()), "{volume:?}");
        assert!(volume.free().unwrap() > 0);
    }

    #[test]
    fn a_volume_is_named_as_windows_names_it() {
        let name = |mount: &str| Volume { mount: mount.into() }.instance();
        assert_eq!(["C:\\", "C:\\logs\\", "/", "/var/log"].map(name), ["C:", "C:\\logs", "/", "/var/log"]);
    }
}
