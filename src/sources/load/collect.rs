//! Which files there are: at paths, in folders, and in archives.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::bail;

use super::{Input, Recording};
use crate::sources::manifest::{MANIFEST, Manifest, Newer};
use crate::sources::packed::{Packed, Store, entries};
use crate::sources::recording::LOCK;
use crate::sources::shelf::Place;
use crate::time::Time;

/// Entries of an archive stay in memory as long as they are not more than this altogether: they need not be unpacked again.
const IN_MEMORY: u64 = 4 << 20;
/// Folders within folders.
const DEEPEST: usize = 16;

impl Recording {
    /// Adds a file, a folder with all that is in it, or an archive.
    pub(super) fn add(&mut self, path: &Path, depth: usize) -> anyhow::Result<()> {
        let about = fs::metadata(path)?;
        if about.is_dir() {
            // What somebody recorded beside the logs is in the logs.
            if depth > 0 && path.join(LOCK).exists() {
                self.nested.push(path.to_owned());
                return Ok(());
            }
            return if depth > DEEPEST { Ok(()) } else { self.add_folder(path, depth) };
        }
        let modified = modified(&about);
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip")) {
            return self.add_archive(&Store::File(path.to_owned()), IN_MEMORY, path, modified);
        }
        match path.file_name() {
            Some(name) if name == MANIFEST => return self.add_manifest(path, &fs::read(path)?),
            Some(name) if name == LOCK => return Ok(()),
            _ => {}
        }
        // Of a pipe nothing may be read before its time.
        let packed = if about.is_file() { Packed::of_file(path, &self.kept)? } else { None };
        let (size, place) = match packed {
            Some(packed) => (packed.size(), Place::Packed(packed.into())),
            None => (about.len(), Place::File(path.to_owned())),
        };
        self.inputs.push(Input::new(path.to_owned(), place, size, modified));
        Ok(())
    }

    fn add_folder(&mut self, path: &Path, depth: usize) -> anyhow::Result<()> {
        let mut entries: Vec<PathBuf> = fs::read_dir(path)?.filter_map(|e| e.ok().map(|e| e.path())).collect();
        entries.sort();
        for entry in entries {
            // One unreadable file in a folder does not hide the others.
            match self.add(&entry, depth + 1) {
                Err(error) if error.is::<Newer>() => return Err(error),
                Err(error) => self.unreadable(&entry, fs::metadata(&entry).ok().as_ref().and_then(modified), &error),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn unreadable(&mut self, path: &Path, modified: Option<Time>, error: &anyhow::Error) {
        self.inputs.push(Input::unreadable(path.to_owned(), modified, format!("{error:#}")));
    }

    /// Adds what is in an archive; up to `in_memory` bytes of it are unpacked at once.
    pub(super) fn add_archive(
        &mut self,
        store: &Store,
        mut in_memory: u64,
        path: &Path,
        modified: Option<Time>,
    ) -> anyhow::Result<()> {
        let before = self.inputs.len();
        for entry in entries(store, &self.kept)? {
            // As archives write it, on every system.
            let parts: Vec<_> = entry.name.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            let label = inside(path, &parts.join("/"));
            let packed = match entry.packed {
                Ok(packed) => packed,
                Err(error) => {
                    self.unreadable(&label, modified, &error);
                    continue;
                }
            };
            let is_manifest = entry.name.file_name().is_some_and(|name| name == MANIFEST);
            let unpacked = at_once(&packed, if is_manifest { in_memory.max(IN_MEMORY) } else { in_memory })?;
            match (entry.name.file_name(), unpacked) {
                (_, Some(text)) if is_manifest => self.add_manifest(&label, &text)?,
                (_, None) if is_manifest => self.damaged_manifest(&label, packed.damage().unwrap_or("it is too large")),
                (Some(name), _) if name == LOCK => {}
                (_, Some(bytes)) => {
                    let size = bytes.len() as u64;
                    in_memory -= size;
                    self.inputs.push(Input::new(label, Place::Memory(bytes.into()), size, modified));
                }
                (_, None) => {
                    let size = packed.size();
                    self.inputs.push(Input::new(label, Place::Packed(packed.into()), size, modified));
                }
            }
        }
        let mut added = self.inputs.get(before..).unwrap_or_default().iter().peekable();
        if let Some(first) = added.peek().and_then(|input| Some((&input.name, input.trouble()?)))
            && added.clone().all(|input| input.trouble().is_some())
        {
            bail!("nothing in it can be read; {}: {}", first.0.display(), first.1);
        }
        Ok(())
    }

    /// A manifest that is damaged costs what it says, not the logs beside it; one of a newer kind may mean them otherwise.
    fn add_manifest(&mut self, path: &Path, text: &[u8]) -> anyhow::Result<()> {
        match Manifest::parse(&String::from_utf8_lossy(text)) {
            Ok(manifest) => {
                self.works.push((path.parent().unwrap_or(Path::new("")).to_owned(), manifest.work.clone()));
                self.manifest = Some(manifest);
            }
            Err(error) if error.is::<Newer>() => return Err(error),
            Err(error) => {
                self.damaged_manifest(path, error.root_cause().to_string().lines().next().unwrap_or_default());
            }
        }
        Ok(())
    }

    fn damaged_manifest(&mut self, path: &Path, why: &str) {
        self.unreadable(path, None, &anyhow::anyhow!("damaged, so limits and gaps are not known: {why}"));
    }
}

fn modified(about: &fs::Metadata) -> Option<Time> {
    let since = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Time::from_millis)
}

/// What a log unpacks to, if that is sound, and not more than `most` bytes.
fn at_once(packed: &Packed, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut unpacked = Vec::new();
    if packed.size() <= most {
        packed.open()?.take(most.saturating_add(1)).read_to_end(&mut unpacked)?;
        if unpacked.len() as u64 <= most && packed.damage().is_none() {
            return Ok(Some(unpacked));
        }
    }
    Ok(None)
}

/// The name of an archive's entry: the same on every system.
fn inside(archive: &Path, entry: &str) -> PathBuf {
    if archive.as_os_str().is_empty() {
        return PathBuf::from(entry);
    }
    let mut label = archive.as_os_str().to_owned();
    label.push("/");
    label.push(entry);
    PathBuf::from(label)
}
