//! What there is to watch on a machine, found without being told: logs, configurations and limits, and what is missing, kept from us
//! or good to know. Nothing is changed, and nothing but files and the registry is read.
//!
//! Each part looks for one product and fills the same [`Discovery`]. They ask a [`Machine`], so that all of it runs on machines that
//! tests make up.

mod configuration;
mod http_sys;
mod iis;
mod logging;
mod ns;
mod places;
mod pool;
mod sepm;
mod system;

use std::io;
use std::path::PathBuf;

use super::machine::{Machine, Registered, System};
use super::system::{Trouble, trouble};
use crate::inventory::{Item, Outcome, Topic};
use crate::limits::{Given, Limit};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Folders, files and patterns of logs to follow. Those of sites that have not been asked anything yet may not be there.
    pub roots: Vec<PathBuf>,
    /// Files with sites, limits and names of pool tags, to be read like those that flags name.
    pub files: Vec<PathBuf>,
    /// Limits that were computed or read from the registry.
    pub found: Given,
    /// What the settings of IIS come from, where that is not the file in force but a copy of it: [`crate::limits::Limits::copy`].
    pub copy: Option<String>,
    /// What was looked for, and what came of it.
    pub inventory: Vec<Item>,
}

/// Looks for everything on a machine. It waits for the machine: a share that does not answer may hold it up for a while.
#[must_use]
pub fn discover(machine: &dyn Machine) -> Discovery {
    let mut search = Search { machine, system: machine.system(), out: Discovery::default() };
    system::find(&mut search);
    iis::find(&mut search);
    http_sys::find(&mut search);
    sepm::find(&mut search);
    ns::find(&mut search);
    search.out.inventory.sort_by_key(|item| item.topic);
    search.out
}

/// A machine, and what was found on it so far.
struct Search<'m> {
    machine: &'m dyn Machine,
    system: System,
    out: Discovery,
}

/// What came of opening a file or a folder.
enum Got<T> {
    There(T),
    Absent,
    Denied,
    /// It may be there: why it could not be read.
    Failed(String),
}

impl<T> From<io::Result<T>> for Got<T> {
    fn from(result: io::Result<T>) -> Self {
        match result {
            Ok(found) => Self::There(found),
            Err(error) => match trouble(&error) {
                Trouble::Absent => Self::Absent,
                Trouble::Denied => Self::Denied,
                Trouble::NoHandles | Trouble::Unreachable => Self::Failed(error.to_string()),
            },
        }
    }
}

impl Search<'_> {
    fn read(&self, path: &str) -> Got<Vec<u8>> {
        self.machine.read(&self.native(path)).into()
    }

    fn list(&self, path: &str) -> Got<Vec<String>> {
        self.machine.list(&self.native(path)).into()
    }

    /// A value of the registry. One that may not be read is told, once for each.
    fn registry(&mut self, topic: Topic, key: &str, value: &str) -> Option<Registered> {
        match self.machine.registry(key, value) {
            Ok(found) => found,
            Err(error) => {
                self.remark(
                    topic,
                    value,
                    format!(r"HKLM\{key}\{value} cannot be read ({error}): start why503 as an administrator"),
                );
                None
            }
        }
    }

    /// A value of the registry that is a number.
    fn number(&mut self, topic: Topic, key: &str, value: &str) -> Option<(u64, String)> {
        let found = self.registry(topic, key, value)?;
        Some((found.value.number()?, found.place))
    }

    /// A value of the registry that is the path of a folder, without a backslash at its end.
    fn folder(&mut self, topic: Topic, key: &str, value: &str) -> Option<(String, String)> {
        let found = self.registry(topic, key, value)?;
        let text = self.expand(found.value.text()?);
        Some((text.trim_end_matches('\\').to_owned(), found.place))
    }

    /// Something that was found, and where.
    fn found(&mut self, topic: Topic, what: &str, value: impl Into<String>, origin: impl Into<String>) {
        self.out.inventory.push(Item::found(topic, what, value, origin));
    }

    fn missing(&mut self, topic: Topic, what: &str, looked: impl IntoIterator<Item = impl Into<String>>) {
        self.out.inventory.push(Item::missing(topic, what, looked));
    }

    fn remark(&mut self, topic: Topic, what: &str, remark: impl Into<String>) {
        self.out.inventory.push(Item::remark(topic, what, remark));
    }

    /// A file or folder that is there and may not be read, with the command that lets this user read it and no more.
    fn denied(&mut self, topic: Topic, what: &str, path: &str, is_folder: bool) {
        // Where the environment does not tell who this is, the command line that runs the command fills it in.
        let or_itself = |name: &str| self.machine.env(name).unwrap_or_else(|| format!("%{name}%"));
        let user = format!(r"{}\{}", or_itself("USERDOMAIN"), or_itself("USERNAME"));
        let rights = if is_folder { "(OI)(CI)RX" } else { "R" };
        let grant = format!("icacls \"{path}\" /grant \"{user}:{rights}\"");
        let outcome = Outcome::Denied { place: path.to_owned(), grant };
        self.out.inventory.push(Item { topic, what: what.to_owned(), outcome });
    }

    /// A folder of logs: it is told as it is, and followed unless it is missing. One that may not be read may be opened later. Gives
    /// whether it is there.
    fn logs(&mut self, topic: Topic, what: &str, folder: &str, pattern: &str, origin: &str) -> bool {
        let path = format!("{folder}{pattern}");
        match self.list(folder) {
            Got::There(_) => self.found(topic, what, &path, origin),
            Got::Absent => {
                self.missing(topic, what, [format!("{folder} ({origin})")]);
                return false;
            }
            Got::Denied => self.denied(topic, what, folder, true),
            Got::Failed(why) => self.remark(topic, what, format!("{folder} cannot be read: {why}")),
        }
        self.root(&path);
        true
    }

    /// The same for a folder that is made once there is something to write: it is followed even before.
    fn logs_to_come(&mut self, topic: Topic, what: &str, folder: &str, origin: &str) {
        if !self.logs(topic, what, folder, "", origin) {
            self.root(folder);
        }
    }

    fn root(&mut self, path: &str) {
        if !self.follows(path) {
            self.out.roots.push(PathBuf::from(self.native(path)));
        }
    }

    /// Whether a path is one of those that are followed. Windows' paths have no case.
    fn follows(&self, path: &str) -> bool {
        let path = self.native(path);
        self.out.roots.iter().filter_map(|root| root.to_str()).any(|root| root.eq_ignore_ascii_case(&path))
    }

    fn file(&mut self, path: &str) {
        self.out.files.push(PathBuf::from(self.native(path)));
    }
}

/// Bytes as people say them: `16 GB`, `1.5 GB`, `512 MB`.
fn bytes(count: u64) -> String {
    let (unit, name) = if count >= 1 << 30 { (1_u64 << 30, "GB") } else { (1 << 20, "MB") };
    // Tenths, rounded.
    let tenths = (u128::from(count) * 10 + u128::from(unit) / 2) / u128::from(unit);
    match tenths % 10 {
        0 => format!("{} {name}", tenths / 10),
        tenth => format!("{}.{tenth} {name}", tenths / 10),
    }
}

/// A limit that the registry sets.
fn registered(found: &Registered) -> Option<Limit> {
    found.value.number().map(|value| Limit::new(value, found.place.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_with_a_tenth_at_most() {
        assert_eq!(bytes(16 << 30), "16 GB");
        assert_eq!(bytes((16 << 30) - 4_194_304), "16 GB");
        assert_eq!(bytes(3 << 29), "1.5 GB");
        assert_eq!(bytes(128 << 20), "128 MB");
        assert_eq!(bytes(u64::MAX), "17179869184 GB");
    }
}
