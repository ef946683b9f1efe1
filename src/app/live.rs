//! What is watched live: what somebody named, or what is found on this machine.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::config::Config;
use crate::inventory::{Item, Outcome, Topic};
use crate::limits::Given;
use crate::sources::counters::{Counters, Source};
use crate::sources::discovery::{Discovery, discover};
use crate::sources::machine::ThisMachine;
use crate::sources::{Watched, clock, discover as look};

/// Of the logs on a server those count that were written in the last day, in milliseconds: it may keep years of them.
const RECENT: i64 = 24 * 3_600_000;
/// Looking around may take so long before somebody wonders.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is watched, and what is known of it beforehand.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    /// What is followed and sampled.
    pub watched: Watched,
    /// Files with sites, limits and names of pool tags.
    pub files: Vec<PathBuf>,
    /// Limits that were found on this machine.
    pub found: Given,
    /// What the settings of IIS come from, if not from the file in force.
    pub copy: Option<String>,
}

impl Live {
    /// What somebody named, with the counters that were asked for.
    pub fn named(paths: &[PathBuf], config: &Config) -> Self {
        let mut watched = Watched { roots: paths.to_vec(), ..Watched::default() };
        sample(&mut watched, config.counters.clone());
        Self { watched, ..Self::default() }
    }

    /// What is found on this machine. Where there is nothing to watch, says what was looked for.
    pub fn found(config: &Config) -> anyhow::Result<Option<Self>> {
        let Discovery { roots, files, found, copy, inventory } = look_around()?;
        if roots.is_empty() {
            nothing(&inventory, &mut io::stderr())?;
            return Ok(None);
        }
        let mut watched = Watched { roots, since: Some(clock::now().plus(-RECENT)), inventory, ..Watched::default() };
        let here = cfg!(windows).then_some(Source::Pdh { host: None });
        sample(&mut watched, config.counters.clone().or(here));
        Ok(Some(Self { watched, files, found, copy }))
    }

    /// Samples the vital signs of this machine, too.
    pub fn with_vitals(mut self) -> Self {
        let folder = |root: &PathBuf| root.ancestors().find(|path| !look::has_wildcard(path)).map(PathBuf::from);
        self.watched.counters.vitals = Some(self.watched.roots.iter().filter_map(folder).collect());
        self
    }
}

/// Looks around on this machine, and says so if that takes long: a share may not answer for half a minute.
fn look_around() -> io::Result<Discovery> {
    let (tell, told) = channel();
    std::thread::Builder::new().name(String::from("discovery")).spawn(move || tell.send(discover(&ThisMachine)).is_ok())?;
    let found = told.recv_timeout(PATIENCE).or_else(|_| {
        let mut out = io::stderr();
        // Whoever does not hear it waits all the same.
        let _ = writeln!(out, "why503: still looking around: a share that IIS's configuration lies on may not answer");
        told.recv()
    });
    Ok(found.unwrap_or_default())
}

/// Has counters sampled, or a file of them followed. The pool tags are those of this machine.
fn sample(watched: &mut Watched, counters: Option<Source>) {
    let Some(source) = counters else { return };
    watched.roots.extend(source.file().map(PathBuf::from));
    if source == (Source::Pdh { host: None }) {
        watched.drivers = drivers();
    }
    watched.counters = Counters { sources: vec![source], vitals: None };
}

/// The folder of this machine's drivers. A 32-bit program is shown another folder in its place unless it asks for the true one.
fn drivers() -> Option<PathBuf> {
    let windows = PathBuf::from(std::env::var_os("SystemRoot")?);
    let folders = ["Sysnative", "System32"].map(|folder| windows.join(folder).join("drivers"));
    folders.into_iter().find(|folder| folder.is_dir())
}

/// Says what was looked for, and where.
fn nothing(inventory: &[Item], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "why503: nothing to watch on this machine. Looked for:")?;
    // Windows is here or not, and names of pool tags are nothing to watch.
    for item in inventory.iter().filter(|item| !matches!(item.topic, Topic::System | Topic::PoolTags)) {
        match &item.outcome {
            Outcome::Missing { looked } => {
                writeln!(out, "  {}", item.what)?;
                for place in looked {
                    writeln!(out, "    {place}")?;
                }
            }
            Outcome::Denied { place, grant } => {
                writeln!(out, "  {}: {place} may not be read; as an administrator: {grant}", item.what)?;
            }
            Outcome::Remark(text) => writeln!(out, "  {}: {text}", item.what)?,
            Outcome::Found { .. } => {}
        }
    }
    writeln!(out, "Name the logs (why503 watch PATH), or see an incident: why503 demo")
}
