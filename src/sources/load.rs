//! Finished files: files, folders and archives that are read to their end.

mod check;
pub mod parts;

use std::collections::HashSet;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::UNIX_EPOCH;

use anyhow::{Context, bail};
use check::Check;
use parts::{Cut, Work};

use super::discover;
use super::manifest::{self, MANIFEST, Manifest, Newer, Written};
use super::recording::LOCK;
use super::redacted::{Filter, Redacted};
use super::shelf::{Place, Shelf};
use crate::engine::{Engine, Envelope, Gap, Payload};
use crate::record::SourceId;
use crate::redact::Pseudonyms;
use crate::time::{Time, Zone};

/// Bytes handed on at a time.
const PIECE: usize = 256 * 1024;
/// An archive may unpack to so many bytes.
const MOST_UNPACKED: u64 = 2 << 30;
/// An archive may have so many entries.
const MOST_ENTRIES: usize = 10_000;
/// What is said of a file that is not redacted.
const LEFT_OUT: &str = "left out of what is redacted: nobody can tell what in it must not leave";
/// An entry may unpack to so many times its packed size, once it is over a megabyte.
const MOST_RATIO: u64 = 200;

/// One file of a recording.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its path, or its name in the archive.
    pub name: PathBuf,
    /// Where its bytes are.
    pub place: Place,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: Option<Time>,
    /// What its recorder wrote down of it.
    pub written: Option<Written>,
    /// Under pseudonyms, if it must be.
    redacted: Option<Arc<Redacted>>,
}

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
                for seen in discover::look(std::slice::from_ref(path)).seen {
                    recording.add(&seen.path, 0).with_context(|| seen.path.display().to_string())?;
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
        recording.add_archive(archive, Path::new(""), modified)?;
        recording.sort();
        recording.compare();
        Ok(recording)
    }

    /// Adds files that are read along with it.
    pub fn join(&mut self, files: Self) {
        self.inputs.extend(files.inputs);
        self.sort();
    }

    fn add(&mut self, path: &Path, depth: usize) -> anyhow::Result<()> {
        let about = fs::metadata(path)?;
        if about.is_dir() {
            // What somebody recorded beside the logs is in the logs.
            if depth > 0 && path.join(LOCK).exists() {
                self.nested.push(path.to_owned());
                return Ok(());
            }
            if depth > 16 {
                return Ok(());
            }
            let mut entries: Vec<PathBuf> = fs::read_dir(path)?.filter_map(|e| e.ok().map(|e| e.path())).collect();
            entries.sort();
            for entry in entries {
                // One unreadable file in a folder does not hide the others.
                match self.add(&entry, depth + 1) {
                    Err(error) if error.is::<Newer>() => return Err(error),
                    Err(error) => self.unreadable(&entry, &error),
                    Ok(()) => {}
                }
            }
            return Ok(());
        }
        let modified = about.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        let modified = modified.and_then(|d| i64::try_from(d.as_millis()).ok()).map(Time::from_millis);
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip")) {
            return self.add_archive(&fs::read(path)?, path, modified);
        }
        if path.file_name().is_some_and(|name| name == MANIFEST) {
            return self.add_manifest(path, &fs::read(path)?);
        }
        if path.file_name().is_some_and(|name| name == LOCK) {
            return Ok(());
        }
        fs::File::open(path)?;
        let place = Place::File(path.to_owned());
        self.inputs.push(Input { name: path.to_owned(), place, size: about.len(), modified, written: None, redacted: None });
        Ok(())
    }

    fn unreadable(&mut self, path: &Path, error: &anyhow::Error) {
        self.inputs.push(Input {
            name: PathBuf::from(format!("{} ({error:#})", path.display())),
            place: Place::Memory(Arc::from([])),
            size: 0,
            modified: None,
            written: None,
            redacted: None,
        });
    }

    fn add_archive(&mut self, bytes: &[u8], path: &Path, modified: Option<Time>) -> anyhow::Result<()> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).context("it is no zip archive")?;
        if archive.len() > MOST_ENTRIES {
            bail!("the archive has more than {MOST_ENTRIES} entries");
        }
        let mut left = MOST_UNPACKED;
        for index in 0..archive.len() {
            let entry = archive.by_index(index)?;
            if !entry.is_file() {
                continue;
            }
            let Some(name) = entry.enclosed_name() else { bail!("the archive has an entry whose name leads out of it") };
            let bound = entry.compressed_size().saturating_mul(MOST_RATIO).max(1 << 20).min(left);
            let mut unpacked = Vec::new();
            entry.take(bound + 1).read_to_end(&mut unpacked).with_context(|| format!("entry {}", name.display()))?;
            if unpacked.len() as u64 > bound {
                bail!("entry {} unpacks to more than can be meant well", name.display());
            }
            left -= unpacked.len() as u64;
            // As archives write it, on every system.
            let parts: Vec<_> = name.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            let (label, size) = (inside(path, &parts.join("/")), unpacked.len() as u64);
            match name.file_name() {
                Some(name) if name == MANIFEST => self.add_manifest(&label, &unpacked)?,
                Some(name) if name == LOCK => {}
                _ => {
                    let place = Place::Memory(unpacked.into());
                    self.inputs.push(Input { name: label, place, size, modified, written: None, redacted: None });
                }
            }
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
                let first = error.root_cause().to_string().lines().next().unwrap_or_default().to_owned();
                let error = anyhow::anyhow!("damaged, so limits and gaps are not known: {first}");
                self.unreadable(path, &error);
            }
        }
        Ok(())
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
        self.inputs.retain(|input| match &input.place {
            Place::File(path) => met.insert(path.clone()),
            _ => true,
        });
        self.inputs.reverse();
        self.inputs.sort_by_key(|input| if is_settings(input) { (false, 0) } else { (true, input.size) });
    }

    /// Leaves out files that were last written so many milliseconds before the newest one.
    pub fn leave_out_older(&mut self, than: i64) {
        let newest = self.inputs.iter().filter(|input| !is_settings(input)).filter_map(|input| input.modified).max();
        let is_new = |modified: Time| newest.is_none_or(|newest| newest.since(modified) <= than);
        self.inputs.retain(|input| is_settings(input) || input.modified.is_none_or(is_new));
    }

    /// The number that the file at a path has when it is read.
    #[must_use]
    pub fn source_at(&self, path: &Path) -> Option<SourceId> {
        let at = self.inputs.iter().position(|input| matches!(&input.place, Place::File(at) if at == path))?;
        Some(SourceId(u32::try_from(at).unwrap_or(u32::MAX)))
    }

    /// Has all that is read of it from now on under pseudonyms. Logs of which nobody can tell what must not leave are left out, and
    /// so is what was found on the machine; of the paths stay the files' names, and the folders that name a site.
    pub fn redact(&mut self, key: [u8; 16]) {
        let pseudonyms = Arc::new(Pseudonyms::new(key));
        let mut met = HashSet::new();
        for input in &mut self.inputs {
            input.redacted = Some(Arc::new(Redacted::new(input.place.clone(), Arc::clone(&pseudonyms))));
            let name = bare_name(&input.name);
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
        self.inputs.iter().map(|i| i.size).sum()
    }

    /// The zone for logs in local time: what was asked for, else what the manifest says, else UTC.
    #[must_use]
    pub fn zone(&self, asked: Option<Zone>) -> Zone {
        asked.or_else(|| self.manifest.as_ref().and_then(|m| m.zone)).unwrap_or(Zone::Utc)
    }

    /// Hands on everything as envelopes, one file after the other, and puts the files on the shelf. `send` answers whether to go on.
    pub fn play_into(&self, zone: Zone, places: &Shelf, heard: Time, send: &mut dyn FnMut(Envelope) -> bool) {
        for envelope in self.told(heard) {
            if !send(envelope) {
                return;
            }
        }
        for (index, input) in self.inputs.iter().enumerate() {
            let source = SourceId(u32::try_from(index).unwrap_or(u32::MAX));
            places.put(source, input.shelved());
            if !input.play_into(source, zone, heard, send) {
                return;
            }
        }
    }

    /// What manifests tell beside the logs.
    fn told(&self, heard: Time) -> impl Iterator<Item = Envelope> {
        let machine = self.manifest.iter().map(|manifest| Payload::Inventory(manifest.machine.clone()));
        let gaps = self.gaps.iter().cloned().map(Payload::Gap);
        machine.chain(gaps).map(move |payload| Envelope { heard, source: SourceId(0), payload })
    }

    /// Reads everything at once, on all processors.
    pub fn load(&self, zone: Zone, places: &Shelf, new_engine: &(dyn Fn() -> Engine + Sync)) -> Engine {
        self.load_cut(zone, places, new_engine, &AtomicU64::new(0), Cut::default())
    }

    /// The same; `read` counts the bytes that have been read so far.
    pub fn load_counting(
        &self,
        zone: Zone,
        places: &Shelf,
        new_engine: &(dyn Fn() -> Engine + Sync),
        read: &AtomicU64,
    ) -> Engine {
        self.load_cut(zone, places, new_engine, read, Cut::default())
    }

    /// The same; the work is cut up as told.
    pub fn load_cut(
        &self,
        zone: Zone,
        places: &Shelf,
        new_engine: &(dyn Fn() -> Engine + Sync),
        read: &AtomicU64,
        cut: Cut,
    ) -> Engine {
        let mut engine = new_engine();
        self.told(Time::MIN).for_each(|envelope| engine.take(envelope));
        let ids = || self.inputs.iter().enumerate().map(|(i, input)| (SourceId(u32::try_from(i).unwrap_or(u32::MAX)), input));
        for (source, input) in ids() {
            places.put(source, input.shelved());
        }
        for (source, input) in ids().filter(|(_, input)| is_settings(input)) {
            input.play_into(source, zone, Time::MIN, &mut |envelope| {
                engine.take(envelope);
                true
            });
        }
        let settings = engine.limits().settings.clone();
        let logs: Vec<(SourceId, &Input)> = ids().filter(|(_, input)| !is_settings(input)).collect();
        let work = Work::new(&logs, zone, cut, read);
        let shares = rayon::broadcast(|_| {
            work.share(|| {
                let mut engine = new_engine();
                engine.settings(&settings);
                engine
            })
        });
        let (engines, apart): (Vec<_>, Vec<_>) = shares.into_iter().unzip();
        let mut apart: Vec<_> = apart.into_iter().flatten().collect();
        apart.sort_by_key(|(source, _)| *source);
        for other in engines.into_iter().chain(apart.into_iter().map(|(_, engine)| engine)) {
            engine.merge(other);
        }
        work.finish(&mut engine);
        engine
    }
}

impl Input {
    /// Where its lines are read again.
    fn shelved(&self) -> Place {
        self.redacted.as_ref().map_or_else(|| self.place.clone(), |log| Place::Redacted(Arc::clone(log)))
    }

    fn play_into(&self, source: SourceId, zone: Zone, heard: Time, send: &mut dyn FnMut(Envelope) -> bool) -> bool {
        let opened = self.opened(zone);
        let mut filter = self.redacted.as_ref().map(|log| Filter::new(log, opened.hints.clone()));
        let mut send = |payload| send(Envelope { heard, source, payload });
        if !send(Payload::Opened(opened)) {
            return false;
        }
        let mut check = self.written.as_ref().map(|written| Check::new(self, written));
        let mut go_on = true;
        let mut pass = |piece: Vec<u8>| {
            let lines = match &mut check {
                Some(check) => check.take(piece),
                None => piece,
            };
            let lines = match &mut filter {
                Some(filter) => filter.take(&lines, false),
                None => lines,
            };
            go_on = lines.is_empty() || send(Payload::Bytes(lines));
            go_on
        };
        match &self.place {
            Place::Memory(bytes) => _ = bytes.chunks(PIECE).all(|piece| pass(piece.to_vec())),
            Place::File(path) => {
                if let Err(error) = read_pieces(path, &mut pass) {
                    return send(Payload::Health(crate::engine::Health::Denied(error.to_string())));
                }
            }
            Place::Gone(_) | Place::Said(_) | Place::Redacted(_) => {}
        }
        if let Some(filter) = &mut filter {
            let rest = filter.take(&[], true);
            go_on = go_on && (rest.is_empty() || send(Payload::Bytes(rest)));
            if filter.is_left_out() && self.size > 0 {
                return send(Payload::Health(crate::engine::Health::Denied(String::from(LEFT_OUT))));
            }
        }
        let damage = check.and_then(Check::verdict);
        go_on && damage.is_none_or(|why| send(Payload::Damaged(why))) && send(Payload::Closed)
    }
}

/// The name of a file without the folders that it lies in, but for the one that names its site.
fn bare_name(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    let mut parts = text.rsplit(['/', '\\']);
    let name = PathBuf::from(parts.next().unwrap_or_default());
    let is_site = |part: &&str| {
        let (head, id) = part.split_at_checked(5).unwrap_or_default();
        head.eq_ignore_ascii_case("W3SVC") && !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())
    };
    parts.find(is_site).map_or(name.clone(), |site| Path::new(site).join(&name))
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

/// Settings tell what the logs are about.
fn is_settings(input: &Input) -> bool {
    let is_metabase = input.name.file_name().is_some_and(|name| name.eq_ignore_ascii_case("MetaBase.xml"));
    is_metabase || input.name.extension().is_some_and(|e| e.eq_ignore_ascii_case("config"))
}

fn read_pieces(path: &Path, take: &mut dyn FnMut(Vec<u8>) -> bool) -> std::io::Result<()> {
    let mut file = fs::File::open(path)?;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
        if read == 0 || !take(piece) {
            return Ok(());
        }
    }
}
