//! What discovery asks of a machine: its environment, files, registry and system. Tests have machines of their own.
//!
//! Paths are Windows paths, as text: they are put together and taken apart in the same way wherever the program is built.

#[cfg(not(windows))]
#[path = "machine/other.rs"]
mod os;
#[cfg(windows)]
#[path = "machine/windows.rs"]
mod os;

use std::fs::{self, File};
use std::io::{self, Read};

/// No file that is read here is larger: a large applicationHost.config has a few hundred KiB.
const MAX_FILE: u64 = 32 << 20;

/// A machine that can be asked.
pub trait Machine {
    /// A variable of the environment.
    fn env(&self, name: &str) -> Option<String>;

    /// What is in a file.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;

    /// The names of what is in a folder, in no order.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    fn list(&self, path: &str) -> io::Result<Vec<String>>;

    /// A value under `HKEY_LOCAL_MACHINE` as programs of some width see it; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    fn registry_of(&self, view: View, key: &str, value: &str) -> io::Result<Option<RegistryValue>>;

    /// The system.
    fn system(&self) -> System;

    /// A value under `HKEY_LOCAL_MACHINE`, and where it was found: 32-bit programs on 64-bit Windows have a part of their own.
    ///
    /// # Errors
    /// When it cannot be read.
    fn registry(&self, key: &str, value: &str) -> io::Result<Option<Registered>> {
        let at = |view| {
            Ok(self.registry_of(view, key, value)?.map(|found| Registered { value: found, place: place(view, key, value) }))
        };
        let first = at(View::Bits64);
        match first {
            Ok(Some(found)) => Ok(Some(found)),
            // The other view may be there even where this one may not be read.
            first => at(View::Bits32)?.map_or(first, |found| Ok(Some(found))),
        }
    }
}

/// Whose registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// That of 64-bit programs; on 32-bit Windows the only one.
    Bits64,
    /// That of 32-bit programs.
    Bits32,
}

/// A value of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryValue {
    /// A `DWORD` or `QWORD`.
    Number(u64),
    /// Text, with variables as they stand.
    Text(String),
}

impl RegistryValue {
    /// As a number; text may hold one.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }

    /// As text, if it is some.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Self::Number(_) => None,
        }
    }
}

/// A value that was found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The value.
    pub value: RegistryValue,
    /// `HKLM\SOFTWARE\WOW6432Node\...`, with the value's name at its end.
    pub place: String,
}

/// Where a value is, as people write it.
#[must_use]
pub fn place(view: View, key: &str, value: &str) -> String {
    match (view, key.split_once('\\')) {
        (View::Bits32, Some((root, rest))) if root.eq_ignore_ascii_case("SOFTWARE") => {
            format!(r"HKLM\{root}\WOW6432Node\{rest}\{value}")
        }
        _ => format!(r"HKLM\{key}\{value}"),
    }
}

/// What the system tells of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct System {
    /// Windows' version: major, minor, build. `None` where it is no Windows.
    pub windows: Option<(u32, u32, u32)>,
    /// A server rather than a workstation.
    pub server: bool,
    /// Whether Windows is a 64-bit one.
    pub system_64: bool,
    /// Whether this program is a 64-bit one.
    pub process_64: bool,
    /// Bytes of memory; 0 where that is not told.
    pub memory: u64,
    /// Bytes of addresses that a program has: over 2 GB on 32-bit Windows that was started with /3GB. 0 where that is not told.
    pub user_range: u64,
}

/// The machine that the program runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisMachine;

impl Machine for ThisMachine {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn registry_of(&self, view: View, key: &str, value: &str) -> io::Result<Option<RegistryValue>> {
        os::registry(view, key, value)
    }

    fn system(&self) -> System {
        os::system()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_32_bit_programs_has_its_name() {
        assert_eq!(place(View::Bits64, r"SOFTWARE\Altiris", "A"), r"HKLM\SOFTWARE\Altiris\A");
        assert_eq!(place(View::Bits32, r"SOFTWARE\Altiris", "A"), r"HKLM\SOFTWARE\WOW6432Node\Altiris\A");
        assert_eq!(place(View::Bits32, r"SYSTEM\Setup", "A"), r"HKLM\SYSTEM\Setup\A");
    }

    #[test]
    fn this_machine_answers_without_error() {
        let machine = ThisMachine;
        let system = machine.system();
        assert_eq!(system.windows.is_some(), cfg!(windows));
        assert!(system.process_64 <= system.system_64 || !cfg!(windows));
        assert_eq!(machine.registry(r"SOFTWARE\why503 is not there", "x").unwrap(), None);
        assert_eq!(machine.list(r"C:\why503 is not there").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(machine.read(r"C:\why503 is not there").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[cfg(windows)]
    #[test]
    fn windows_tells_its_folder_and_memory() {
        let machine = ThisMachine;
        assert!(machine.system().memory > 0 && machine.system().user_range > 0);
        let found = machine.registry(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CurrentVersion").unwrap().unwrap();
        assert!(found.value.text().is_some(), "{found:?}");
        let windows = machine.env("SystemRoot").unwrap();
        assert!(machine.list(&windows).unwrap().iter().any(|name| name.eq_ignore_ascii_case("System32")));
    }
}
