//! Which logs there are: files, folders and globs, looked at again and again.
//!
//! An error in looking is not absence: what could not be looked at is told apart from what is not there.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::clock;
use super::system::{self, FileId, Trouble, trouble};
use crate::engine::LeftOut;
use crate::time::Time;

/// Files of a folder that may be logs, counters or settings; a file that is named is followed whatever its name.
const EXTENSIONS: [&str; 4] = ["log", "txt", "csv", "config"];
/// A folder with this file is being recorded into: it holds copies of what is followed.
const RECORDING: &str = "recording.lock";
/// Never followed live: they do not grow, and what is in them was followed before.
const COMPRESSED: [&str; 6] = ["gz", "zip", "bz2", "xz", "zst", "7z"];

/// A file that was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Where.
    pub path: PathBuf,
    /// The log that this one's name says it is an older generation of: `u_ex.log` for `u_ex.log.1`.
    pub base: Option<PathBuf>,
    /// Who it is; `None` where that was not told.
    pub id: Option<FileId>,
    /// Its size, which may be told late or not at all.
    pub size: u64,
    /// When it was last written, which may be wrong.
    pub modified: Option<Time>,
}

/// What a look around gave.
#[derive(Debug, Default)]
pub struct Look {
    /// The files, each path once.
    pub seen: Vec<Seen>,
    /// What could not be looked at, and the system's words. It and everything under it may be there.
    pub blind: Vec<(PathBuf, io::Error)>,
    /// Paths that were asked for and are not there.
    pub absent: Vec<PathBuf>,
    /// Folders and patterns that were asked for and hold no log.
    pub unmatched: Vec<PathBuf>,
    /// Packed files that a pattern names. Only what is finished reads them.
    pub packed: Vec<PathBuf>,
    /// Folders with files that are not to be read, and how many.
    pub left_out: BTreeMap<(PathBuf, LeftOut), u64>,
    met: HashSet<PathBuf>,
    /// Files and troubles found, also those met before.
    found: usize,
}

impl Look {
    /// The error that kept `path` from being looked at.
    #[must_use]
    pub fn blind_at(&self, path: &Path) -> Option<&io::Error> {
        self.blind.iter().find(|(at, _)| path.starts_with(at)).map(|(_, e)| e)
    }

    fn failed(&mut self, path: &Path, error: io::Error) {
        if trouble(&error) != Trouble::Absent {
            self.found += 1;
            self.blind.push((path.to_owned(), error));
        }
    }

    fn add_archive(&mut self, path: &Path) {
        if self.met.insert(path.to_owned()) {
            self.leave_out(path, LeftOut::Compressed);
        }
    }

    fn leave_out(&mut self, path: &Path, why: LeftOut) {
        if let Some(folder) = path.parent() {
            *self.left_out.entry((folder.to_owned(), why)).or_default() += 1;
        }
    }

    /// Leaves out what was last written before a time, unless it `is_known`.
    pub fn forget_older(&mut self, than: Time, is_known: impl Fn(&Path) -> bool) {
        let older: Vec<Seen> =
            self.seen.extract_if(.., |seen| seen.modified.is_some_and(|at| at < than) && !is_known(&seen.path)).collect();
        for seen in older {
            self.leave_out(&seen.path, LeftOut::Older);
        }
    }

    fn note_unmatched(&mut self, root: &Path, found_before: usize) {
        if self.found == found_before {
            self.unmatched.push(root.to_owned());
        }
    }

    fn add(&mut self, path: PathBuf, base: Option<PathBuf>, metadata: &Metadata) {
        self.found += 1;
        if !self.met.insert(path.clone()) {
            return;
        }
        let id = system::id_at(&path, metadata);
        let modified = metadata.modified().ok().map(clock::of);
        self.seen.push(Seen { path, base, id, size: metadata.len(), modified });
    }
}

/// Looks at each of `roots`: a file, a folder, or a path with `*` and `?`.
#[must_use]
pub fn look(roots: &[PathBuf]) -> Look {
    let mut look = Look::default();
    for root in roots {
        let before = look.found;
        match fs::metadata(root) {
            Ok(m) if m.is_dir() => {
                folder(root, &mut look);
                look.note_unmatched(root, before);
            }
            Ok(_) => beside(root, &mut look),
            // What is wrong with a pattern depends on the system: it may be no name at all.
            Err(_) if has_wildcard(root) => {
                glob(Path::new(""), &root.components().collect::<Vec<_>>(), &mut look);
                look.note_unmatched(root, before);
            }
            Err(e) if trouble(&e) != Trouble::Absent => {
                look.failed(root, e);
                beside(root, &mut look);
            }
            Err(_) => {
                look.absent.push(root.clone());
                beside(root, &mut look);
            }
        }
    }
    look
}

/// Whether a file's name says that it is packed, or an archive.
#[must_use]
pub fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|have| COMPRESSED.iter().any(|packed| have.eq_ignore_ascii_case(packed)))
}

/// Whether a path is a pattern rather than a name.
#[must_use]
pub fn has_wildcard(path: &Path) -> bool {
    // A prefix such as \\?\ is no pattern.
    let names = path.components().filter_map(|c| if let Component::Normal(name) = c { Some(name) } else { None });
    names.into_iter().any(is_pattern)
}

fn is_pattern(name: &OsStr) -> bool {
    name.as_encoded_bytes().iter().any(|b| matches!(b, b'*' | b'?'))
}

/// Takes the logs of a folder and of the folders under it. Folders behind links are left alone: they may lead in a circle.
fn folder(dir: &Path, look: &mut Look) {
    let wanted = |name: &OsStr| {
        let hidden = name.as_encoded_bytes().first() == Some(&b'.');
        !hidden && EXTENSIONS.iter().any(|e| extension(name).is_some_and(|have| have.eq_ignore_ascii_case(e.as_bytes())))
    };
    for entry in entries(dir, look) {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            if !is_recording(&entry.path()) {
                folder(&entry.path(), look);
            }
        } else {
            take(&entry, &wanted, look);
        }
    }
}

/// Whether a folder that was met holds a recording that is being made. One that is named is meant.
fn is_recording(dir: &Path) -> bool {
    dir.join(RECORDING).exists()
}

/// Takes one file and its older generations beside it.
fn beside(file: &Path, look: &mut Look) {
    let (Some(dir), Some(wanted)) = (file.parent(), file.file_name()) else { return };
    let named = |name: &OsStr| name == wanted;
    if let Ok(metadata) = fs::metadata(file)
        && metadata.is_file()
    {
        look.add(file.to_owned(), None, &metadata);
    }
    for entry in entries(dir, look) {
        if entry.file_name() != wanted {
            take(&entry, &named, look);
        }
    }
}

/// Takes what a pattern fits, component by component.
fn glob(dir: &Path, rest: &[Component<'_>], look: &mut Look) {
    let Some((first, rest)) = rest.split_first() else { return };
    let pattern = first.as_os_str();
    if !matches!(first, Component::Normal(name) if is_pattern(name)) {
        let next = dir.join(pattern);
        return if rest.is_empty() { beside(&next, look) } else { glob(&next, rest, look) };
    }
    let fits = |name: &OsStr| matches(pattern.as_encoded_bytes(), name.as_encoded_bytes());
    for entry in entries(dir, look) {
        let is_dir = fs::metadata(entry.path()).is_ok_and(|m| m.is_dir());
        if is_dir && is_recording(&entry.path()) {
            continue;
        }
        match (rest.is_empty(), is_dir) {
            (true, false) => take(&entry, &fits, look),
            (true, true) if fits(&entry.file_name()) => folder(&entry.path(), look),
            (false, true) if fits(&entry.file_name()) => glob(&entry.path(), rest, look),
            _ => {}
        }
    }
}

fn entries(dir: &Path, look: &mut Look) -> Vec<DirEntry> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let listing = match fs::read_dir(dir) {
        Ok(listing) => listing,
        Err(e) => {
            look.failed(dir, e);
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for entry in listing {
        match entry {
            Ok(entry) => found.push(entry),
            Err(e) => look.failed(dir, e),
        }
    }
    found
}

/// Takes a file whose name is wanted, or would be without its ending.
fn take(entry: &DirEntry, wanted: &dyn Fn(&OsStr) -> bool, look: &mut Look) {
    let name = entry.file_name();
    let path = entry.path();
    if is_packed(Path::new(&name)) {
        let unpacked = Path::new(&name).with_extension("");
        let is_log = |name: &OsStr| wanted(name) || base_name(name, wanted).is_some();
        // `u_ex.log.gz`, or `u_ex.zip`.
        if is_log(unpacked.as_os_str()) || wanted(unpacked.with_extension("log").as_os_str()) {
            look.add_archive(&path);
        }
        if wanted(&name) {
            look.packed.push(path);
        }
        return;
    }
    let base = if wanted(&name) {
        None
    } else {
        match base_name(&name, wanted) {
            Some(base) => Some(path.with_file_name(base)),
            None => return,
        }
    };
    match fs::metadata(&path) {
        Ok(m) if m.is_file() => look.add(path, base, &m),
        Ok(_) => {}
        Err(e) => look.failed(&path, e),
    }
}

/// The name of which `name` is a generation: `u_ex.log` of `u_ex.log.1` or `u_ex.log-20261121.old`.
fn base_name<'a>(name: &'a OsStr, wanted: &dyn Fn(&OsStr) -> bool) -> Option<&'a OsStr> {
    let text = name.to_str()?;
    let mut rest = text;
    while let Some(cut) = rest.rfind(['.', '-', '_', '~', ' ']) {
        rest = rest.get(..cut)?;
        if wanted(OsStr::new(rest)) {
            return Some(OsStr::new(rest));
        }
    }
    None
}

fn extension(name: &OsStr) -> Option<&[u8]> {
    Path::new(name).extension().map(OsStr::as_encoded_bytes)
}

/// Whether `name` fits a pattern in which `*` stands for any text and `?` for one character. Case counts only where file names
/// have case.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let same = |a: u8, b: u8| a == b || cfg!(windows) && a.eq_ignore_ascii_case(&b);
    let (mut p, mut n) = (0, 0);
    // Where to go on when the last star must take one more byte.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, n));
                p += 1;
                continue;
            }
            Some(&want) if want == b'?' || same(want, byte) => {
                (p, n) = (p + 1, n + 1);
                continue;
            }
            _ => {}
        }
        let Some((star, taken)) = retry else { return false };
        retry = Some((star, taken + 1));
        (p, n) = (star + 1, taken + 1);
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|b| *b == b'*'))
}
