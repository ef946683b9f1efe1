//! Machines that tests make up: a folder with a tree of files (`C/Windows/…`, `UNC/server/share/…`) and `machine.toml`, which has
//! the environment, the registry and the system.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use why503::limits::parse_size;
use why503::sources::machine::{Machine, RegistryValue, System, View};

/// A machine in a folder.
pub struct MadeUp {
    folder: PathBuf,
    /// What it is, apart from its files.
    pub told: Told,
}

/// `machine.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Applications whose limits the test asks for.
    #[serde(default)]
    pub ask: Vec<String>,
    /// `6.1.7601`.
    version: Option<String>,
    #[serde(default)]
    workstation: bool,
    /// The width of Windows in bits.
    windows: u32,
    /// The width of this program in bits.
    program: u32,
    memory: String,
    #[serde(default)]
    user_range: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Keys of 64-bit programs, or of a 32-bit Windows.
    #[serde(default)]
    registry: BTreeMap<String, BTreeMap<String, toml::Value>>,
    /// Keys that 32-bit programs see.
    #[serde(default)]
    registry_32: BTreeMap<String, BTreeMap<String, toml::Value>>,
    /// Files, folders and registry keys that may not be read.
    #[serde(default)]
    denied: Vec<String>,
    /// Shares that do not answer.
    #[serde(default)]
    unreachable: Vec<String>,
}

impl MadeUp {
    /// The machine in a folder.
    pub fn of(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("machine.toml")).unwrap();
        let told = toml::from_str(&text).map_err(|e| format!("{}: {e}", folder.display())).unwrap();
        Self { folder: folder.to_owned(), told }
    }

    /// The file that stands for a path, whatever the case of its parts.
    fn real(&self, path: &str) -> io::Result<PathBuf> {
        let path = self.redirected(path);
        let under = |prefix: &String| {
            let (path, prefix) = (path.to_lowercase(), prefix.to_lowercase());
            path.strip_prefix(&prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
        };
        if self.told.unreachable.iter().any(under) {
            return Err(io::Error::other("The network path was not found."));
        }
        if self.told.denied.iter().any(under) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let tree = path.strip_prefix(r"\\").map_or_else(|| path.replacen(':', "", 1), |share| format!(r"UNC\{share}"));
        let mut real = self.folder.clone();
        for part in tree.split('\\') {
            assert!(!part.is_empty() && !part.contains('/'), "{path} is no path of Windows");
            let entries = fs::read_dir(&real).map_err(|_| io::ErrorKind::NotFound)?;
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let name = names.into_iter().find(|name| name.eq_ignore_ascii_case(part)).ok_or(io::ErrorKind::NotFound)?;
            real.push(name);
        }
        Ok(real)
    }

    /// Where Windows leads a 32-bit program.
    fn redirected(&self, path: &str) -> String {
        let rest = |folder: &str| {
            let (head, rest) = path.split_at_checked(folder.len())?;
            head.eq_ignore_ascii_case(folder).then_some(rest)
        };
        let is_led = self.told.windows == 64 && self.told.program == 32 && rest(r"C:\Windows\System32\LogFiles").is_none();
        match (is_led, rest(r"C:\Windows\Sysnative"), rest(r"C:\Windows\System32")) {
            (true, Some(rest), _) => format!(r"C:\Windows\System32{rest}"),
            (true, _, Some(rest)) => format!(r"C:\Windows\SysWOW64{rest}"),
            _ => path.to_owned(),
        }
    }
}

impl Machine for MadeUp {
    fn env(&self, name: &str) -> Option<String> {
        self.told.env.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let real = self.real(path)?;
        if real.is_dir() { Err(io::ErrorKind::PermissionDenied.into()) } else { fs::read(real) }
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let names = fs::read_dir(self.real(path)?)?.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        Ok(names.collect())
    }

    fn registry_of(&self, view: View, key: &str, value: &str) -> io::Result<Option<RegistryValue>> {
        if self.told.denied.iter().any(|denied| denied.eq_ignore_ascii_case(&format!(r"HKLM\{key}"))) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        // A 32-bit Windows has but one registry, and so has the part of it that is no software.
        let apart = self.told.windows == 64 && key.starts_with("SOFTWARE");
        let keys = if view == View::Bits32 && apart { &self.told.registry_32 } else { &self.told.registry };
        let found = keys.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).and_then(|(_, values)| values.get(value));
        Ok(found.map(|found| match found {
            toml::Value::Integer(number) => RegistryValue::Number(u64::try_from(*number).unwrap()),
            other => RegistryValue::Text(other.as_str().unwrap().to_owned()),
        }))
    }

    fn system(&self) -> System {
        let version = self.told.version.as_ref().map(|version| {
            let mut parts = version.split('.').map(|part| part.parse().unwrap());
            let mut next = || parts.next().unwrap();
            (next(), next(), next())
        });
        System {
            windows: version,
            server: !self.told.workstation,
            system_64: self.told.windows == 64,
            process_64: self.told.program == 64,
            memory: parse_size(&self.told.memory).unwrap(),
            user_range: parse_size(&self.told.user_range).unwrap_or_default(),
        }
    }
}
