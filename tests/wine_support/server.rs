//! A server of the tests' own making under Wine: an installation of Wine whose Windows folder has an IIS in it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::tools;

/// A folder with a drive `C:` that is a server's, and one with the program and a pdh.dll that tells what a script says.
pub struct Server {
    folder: tempfile::TempDir,
}

impl Server {
    /// Everything of Wine's own is shared with the installation that there is; what is written stays here.
    pub fn new() -> Self {
        let server = Self { folder: tempfile::tempdir().unwrap() };
        let (here, there) = (server.prefix(), prefix());
        let (from, to) = (there.join("drive_c/windows"), here.join("drive_c/windows"));
        fs::create_dir_all(to.join("system32")).unwrap();
        fs::create_dir_all(here.join("dosdevices")).unwrap();
        symlink("../drive_c", here.join("dosdevices/c:")).unwrap();
        symlink("/", here.join("dosdevices/z:")).unwrap();
        share(&from, &to, "system32");
        share(&from.join("system32"), &to.join("system32"), "LogFiles");
        for name in ["system.reg", "user.reg", "userdef.reg", ".update-timestamp"] {
            fs::copy(there.join(name), here.join(name)).unwrap();
        }
        fs::create_dir(server.folder.path().join("tools")).unwrap();
        server
    }

    /// Wine's installation.
    pub fn prefix(&self) -> PathBuf {
        self.folder.path().join("prefix")
    }

    /// A place on the drive `C:`; its folder is made.
    pub fn at(&self, path: &str) -> PathBuf {
        let path = self.prefix().join("drive_c").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// A place beside the drive, as Linux sees it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join("tools").join(name)
    }

    /// A `DWORD` under `HKEY_LOCAL_MACHINE`.
    pub fn registers(&self, key: &str, value: &str, number: u32) {
        let file = self.prefix().join("system.reg");
        let key = key.replace('\\', r"\\");
        let text = fs::read_to_string(&file).unwrap() + &format!("\n[{key}]\n\"{value}\"=dword:{number:08x}\n");
        fs::write(file, text).unwrap();
    }

    /// The program, beside its pdh.dll.
    pub fn program(&self) -> PathBuf {
        let program = self.beside("why503.exe");
        if !program.exists() {
            fs::copy(tools::build(), &program).unwrap();
            tools::library("pdh.c", &self.beside("pdh.dll"));
        }
        program
    }

    /// It with arguments, on counters that a script tells of.
    pub fn runs(&self, script: &Path, args: &[&str]) -> Command {
        let mut command = tools::under_wine(&self.program());
        command.args(args).current_dir(self.folder.path().join("tools")).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("WINEPREFIX", self.prefix()).env("WINEDLLOVERRIDES", "pdh=n").env("WHY503_PDH_SCRIPT", script);
        command
    }
}

/// Where Wine is installed, as it tells itself.
fn prefix() -> PathBuf {
    let told = Command::new(tools::wine()).args(["winepath", "-u", r"C:\"]).stderr(Stdio::null()).output().unwrap();
    let drive = PathBuf::from(String::from_utf8(told.stdout).unwrap().trim());
    fs::canonicalize(drive).unwrap().parent().unwrap().to_owned()
}

/// Has all that is in a folder in another one, too, but for `own`.
fn share(from: &Path, to: &Path, own: &str) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != own {
            symlink(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
