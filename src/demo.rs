//! The built-in incidents: recordings in Windows' own formats, embedded in the program. `demo/generate.rs` makes them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A built-in recording.
#[derive(Debug, Clone, Copy)]
pub struct Incident {
    /// What `why503 demo` calls it.
    pub name: &'static str,
    /// What it shows, in one line.
    pub about: &'static str,
    /// The recording, as a zip archive.
    pub archive: &'static [u8],
}

/// All of them; the first is played when no name is given.
pub static INCIDENTS: &[Incident] = &[
    Incident {
        name: "all",
        about: "one morning on which the three follow one another, ten minutes long",
        archive: include_bytes!("../demo/all.zip"),
    },
    Incident {
        name: "sepm-push-storm",
        about: "5,000 Symantec clients in push mode reach appConcurrentRequestLimit: 503.2",
        archive: include_bytes!("../demo/sepm-push-storm.zip"),
    },
    Incident {
        name: "pool-leak",
        about: "a virus scanner's driver eats the non-paged pool of a /3GB server: connections refused",
        archive: include_bytes!("../demo/pool-leak.zip"),
    },
    Incident {
        name: "ns-busy",
        about: "15,000 agents ask a Notification Server in 90 minutes instead of 4 hours: slots full",
        archive: include_bytes!("../demo/ns-busy.zip"),
    },
];

/// A built-in recording by name.
///
/// # Errors
/// When there is none of that name; the message lists them.
pub fn find(name: Option<&str>) -> anyhow::Result<&'static Incident> {
    let found = match name {
        None => INCIDENTS.first(),
        Some(name) => INCIDENTS.iter().find(|i| i.name == name),
    };
    found.with_context(|| {
        let names: Vec<&str> = INCIDENTS.iter().map(|i| i.name).collect();
        format!("no incident is called {:?}: there are {}", name.unwrap_or_default(), names.join(", "))
    })
}

impl Incident {
    /// Writes its files into a folder, which is made if need be. Gives what was written.
    ///
    /// # Errors
    /// When a file cannot be written, or is there already.
    pub fn extract(&self, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(self.archive))?;
        let mut written = Vec::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index)?;
            let Some(name) = entry.enclosed_name() else { continue };
            let path = folder.join(name);
            if path.exists() {
                bail!("{} is there already: name an empty folder", path.display());
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
            }
            fs::write(&path, bytes).with_context(|| path.display().to_string())?;
            written.push(path);
        }
        Ok(written)
    }
}
