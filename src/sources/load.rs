//! Finished files: files, folders and archives that are read to their end.

pub mod ahead;
mod buffer;
mod bytes;
mod check;
mod collect;
mod input;
mod large;
pub mod parts;
mod reading;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
pub use input::Input;
pub use reading::{How, Piece, load_before};

use super::discover;
use super::manifest::{self, MANIFEST, Manifest};
use super::packed::{Kept, Store};
use super::shelf::Place;
use crate::engine::Gap;
use crate::record::SourceId;
use crate::redact::Pseudonyms;
use crate::time::{Time, Zone};

/// Bytes handed on at a time.
const PIECE: usize = 256 * 1024;
/// Finished files that belong together.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// Its files, in the order they are read.
    pub inputs: Vec<Input>,
    /// What its manifest says, if it has one.
    pub manifest: Option<Manifest>,
    /// What is missing in it.
    pub gaps: Vec<Gap>,
    /// Recordings in folders below.
    nested: Vec<PathBuf>,
    /// The folders of recorders' manifests, with what these say.
    works: Vec<(PathBuf, manifest::Work)>,
    /// Readers of packed logs that stay open.
    kept: Arc<Kept>,
}

impl Recording {
    /// Everything at some paths: files, folders with all that is in them, and archives.
    ///
    /// # Errors
    /// When a path is not there or cannot be read; the message names it.
    pub fn open(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let mut recording = Self::default();
        for path in paths {
            // Windows' shells leave globs to the program.
            if discover::has_wildcard(path) && !path.exists() {
                let found = discover::look(std::slice::from_ref(path));
                for path in found.seen.into_iter().map(|seen| seen.path).chain(found.packed) {
                    recording.add(&path, 0).with_context(|| path.display().to_string())?;
                }
                continue;
            }
            recording.add(path, 0).with_context(|| path.display().to_string())?;
        }
        if recording.inputs.is_empty() {
            for path in std::mem::take(&mut recording.nested) {
                recording.add(&path, 0).with_context(|| path.display().to_string())?;
            }
        }
        let written: usize = recording.works.iter().map(|(_, work)| work.files.len()).sum();
        if recording.inputs.is_empty() && written > 0 {
            bail!("all {written} files that {MANIFEST} names are missing: only the manifest is there");
        }
        if recording.inputs.is_empty() {
            bail!("no file to read in {}", paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "));
        }
        recording.sort();
        recording.compare();
        Ok(recording)
    }

    /// The files of an archive in memory. Nothing is ever written to disk.
    ///
    /// # Errors
    /// When it is no archive, or one that means harm: too large, too many entries, names that lead out of it.
    pub fn unpack(archive: &[u8], modified: Option<Time>) -> anyhow::Result<Self> {
        let mut recording = Self::default();
        // It is in memory anyway, and so may be what is in it.
        recording.add_archive(&Store::Memory(Arc::from(archive)), u64::MAX, Path::new(""), modified)?;
        recording.sort();
        recording.compare();
        Ok(recording)
    }

    /// Adds files that are read along with it.
    pub fn join(&mut self, files: Self) {
        self.inputs.extend(files.inputs);
        self.sort();
    }

    /// Holds the files against what their recorders wrote down.
    fn compare(&mut self) {
        for (folder, work) in std::mem::take(&mut self.works) {
            self.gaps.extend(check::compare(&mut self.inputs, &folder, &work));
        }
    }

    /// Configurations first, since they tell what the logs are about; then the small files, which are soon done. Of configurations
    /// the last counts: they stay in order.
    fn sort(&mut self) {
        // A file that was named twice is one; of configurations, the last time counts.
        let mut met = HashSet::new();
        self.inputs.reverse();
        self.inputs.retain(|input| input.identity().is_none_or(|identity| met.insert(identity)));
        self.inputs.reverse();
        // Who packs a log and keeps it has it twice, too.
        let is_plain = |input: &&Input| matches!(input.place, Place::File(_));
        let plain: HashSet<(PathBuf, u64)> = self.inputs.iter().filter(is_plain).map(Input::plain).collect();
        self.inputs.retain(|input| is_plain(&input) || !plain.contains(&input.plain()));
        self.inputs.sort_by_key(|input| if input.is_settings() { (false, 0) } else { (true, input.size) });
    }

    /// Leaves out files that were last written so many milliseconds before the newest one.
    pub fn leave_out_older(&mut self, than: i64) {
        let logs = self.inputs.iter().filter(|input| !input.is_settings() && input.trouble().is_none());
        let newest = logs.filter_map(|input| input.modified).max();
        let is_new = |modified: Time| newest.is_none_or(|newest| newest.since(modified) <= than);
        self.inputs.retain(|input| input.is_settings() || input.modified.is_none_or(is_new));
    }

    /// The number that the file at a path has when it is read.
    #[must_use]
    pub fn source_at(&self, path: &Path) -> Option<SourceId> {
        let at = self.inputs.iter().position(|input| input.identity().is_some_and(|(at, _)| at == path))?;
        Some(SourceId(u32::try_from(at).unwrap_or(u32::MAX)))
    }

    /// Has all that is read of it from now on under pseudonyms. Logs of which nobody can tell what must not leave are left out, and
    /// so is what was found on the machine; of the paths stay the files' names, and the folders that name a site.
    pub fn redact(&mut self, key: [u8; 16]) {
        let pseudonyms = Arc::new(Pseudonyms::new(key));
        let mut met = HashSet::new();
        for input in &mut self.inputs {
            input.redact(&pseudonyms);
            let name = input::bare_name(&input.name);
            let mut free = name.clone();
            for number in 2.. {
                if met.insert(free.clone()) {
                    break;
                }
                free = Path::new(&number.to_string()).join(&name);
            }
            input.name = free;
        }
        if let Some(manifest) = &mut self.manifest {
            manifest.machine.clear();
        }
    }

    /// Whether names and addresses in it are pseudonyms.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.manifest.iter().flat_map(|manifest| &manifest.work.runs).any(|run| run.redacted)
    }

    /// Bytes in all.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.inputs.iter().fold(0, |all, input| all.saturating_add(input.size))
    }

    /// The zone for logs in local time: what was asked for, else what the manifest says, else UTC.
    #[must_use]
    pub fn zone(&self, asked: Option<Zone>) -> Zone {
        asked.or_else(|| self.manifest.as_ref().and_then(|m| m.zone)).unwrap_or(Zone::Utc)
    }
}
