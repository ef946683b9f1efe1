//! Searches the drivers' files for the four bytes of pool tags that nothing names, as administrators do with
//! `findstr /m /l <tag> %windir%\System32\drivers\*.sys`.
//!
//! A driver hands its tag to the kernel as a number in its code, so the four letters stand in its file. Others may stand there by
//! chance: all drivers that hold them are named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use memchr::memmem::Finder;

use super::sampler::opened;
use crate::engine::{Envelope, Payload};
use crate::formats::pool_tag_names::searched_line;
use crate::inventory::{Item, Topic};
use crate::record::SourceId;
use crate::sources::clock::Tick;

/// Between two passes over the drivers: a tag that comes up later waits so long.
const EVERY: Duration = Duration::from_mins(5);
/// Bytes of a file that are looked at together.
const PIECE: usize = 256 * 1024;
/// Bytes that two pieces share, so that no tag falls between them.
const OVERLAP: usize = 3;
/// Files that are looked at, at most: a server has some hundreds of drivers.
const MOST_FILES: usize = 5000;
/// Says what the lines are; and that they are of this format, where there is only one.
const COMMENT: &str =
    "// In the form of pooltag.txt: tags that no table names, and the drivers whose files hold these four bytes.\n";

/// What is known of a driver's file.
#[derive(Debug)]
struct Seen {
    size: u64,
    modified: Option<SystemTime>,
    /// The tags that it was searched for, and whether it holds them.
    tags: BTreeMap<[u8; 4], bool>,
}

/// Searches for tags, and remembers what each file holds.
pub struct Search {
    folder: PathBuf,
    ids: Arc<AtomicU32>,
    source: Option<SourceId>,
    wanted: BTreeSet<[u8; 4]>,
    /// Those of them that no pass has been made for.
    new: bool,
    due: Duration,
    seen: BTreeMap<String, Seen>,
    told: BTreeSet<[u8; 4]>,
}

impl Search {
    /// Searches the files `*.sys` of a folder.
    #[must_use]
    pub fn new(folder: PathBuf, ids: Arc<AtomicU32>) -> Self {
        Self {
            folder,
            ids,
            source: None,
            wanted: BTreeSet::new(),
            new: false,
            due: Duration::ZERO,
            seen: BTreeMap::new(),
            told: BTreeSet::new(),
        }
    }

    /// Has tags searched for. Those that would be found anywhere, or whose answer could not be written down, are passed over.
    pub fn want(&mut self, tags: impl IntoIterator<Item = [u8; 4]>) {
        let is_telling = |tag: &[u8; 4]| tag.iter().filter(|byte| **byte != b' ').count() > 2;
        for tag in tags.into_iter().filter(|tag| is_telling(tag) && searched_line(*tag, "x.sys").is_some()) {
            self.new |= self.wanted.insert(tag);
        }
    }

    /// Makes a pass over the drivers if one is due, as long as `go_on`. Gives what it came to.
    pub fn poll(&mut self, tick: Tick, go_on: &dyn Fn() -> bool, out: &mut dyn FnMut(Envelope)) -> Option<Item> {
        if !self.new || tick.steady < self.due {
            return None;
        }
        (self.new, self.due) = (false, tick.steady + EVERY);
        let files = match self.look(go_on) {
            Ok(files) => files?,
            Err(error) => {
                let why = format!("{}: {error}: the drivers of tags that nothing names stay unknown", self.folder.display());
                return Some(Item::remark(Topic::PoolTags, "drivers of pool tags", why));
            }
        };
        self.tell(tick, out);
        let (found, all) = (self.told.len(), self.wanted.len());
        let value = format!("{found} of {all} unnamed tags found in {files} drivers' files");
        Some(Item::found(Topic::PoolTags, "drivers of pool tags", value, self.folder.display().to_string()))
    }

    /// Looks into all files; gives how many there are, or `None` if it was not to go on.
    fn look(&mut self, go_on: &dyn Fn() -> bool) -> io::Result<Option<usize>> {
        let is_driver = |path: &PathBuf| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("sys"));
        let mut paths: Vec<PathBuf> =
            fs::read_dir(&self.folder)?.filter_map(|entry| Some(entry.ok()?.path())).filter(is_driver).collect();
        paths.sort();
        paths.truncate(MOST_FILES);
        let mut files = 0;
        for path in paths {
            let Ok(about) = fs::metadata(&path) else { continue };
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (size, modified) = (about.len(), about.modified().ok());
            let seen = self.seen.entry(name).or_insert_with(|| Seen { size, modified, tags: BTreeMap::new() });
            if (seen.size, seen.modified) != (size, modified) {
                *seen = Seen { size, modified, tags: BTreeMap::new() };
            }
            let tags: Vec<[u8; 4]> = self.wanted.iter().filter(|tag| !seen.tags.contains_key(*tag)).copied().collect();
            files += 1;
            if tags.is_empty() {
                continue;
            }
            match File::open(&path).and_then(|mut file| held(&mut file, &tags, go_on)) {
                Ok(Some(held)) => seen.tags.extend(tags.into_iter().zip(held)),
                Ok(None) => return Ok(None),
                // A file that cannot be read names no tag: the others do.
                Err(_) => files -= 1,
            }
        }
        Ok(Some(files))
    }

    /// Hands out the tags that were found and not told before.
    fn tell(&mut self, tick: Tick, out: &mut dyn FnMut(Envelope)) {
        let mut text = String::new();
        for tag in self.wanted.difference(&self.told.clone()) {
            let drivers: Vec<&str> =
                self.seen.iter().filter(|(_, seen)| seen.tags.get(tag) == Some(&true)).map(|(name, _)| name.as_str()).collect();
            if let Some(line) = searched_line(*tag, &drivers.join(" or ")) {
                text.push_str(&line);
                text.push('\n');
                self.told.insert(*tag);
            }
        }
        if text.is_empty() {
            return;
        }
        let is_new = self.source.is_none();
        let source = *self.source.get_or_insert_with(|| SourceId(self.ids.fetch_add(1, Ordering::Relaxed)));
        let mut out = |payload| out(Envelope { heard: tick.time, source, payload });
        if is_new {
            out(Payload::Opened(opened("drivers.txt")));
        }
        out(Payload::Bytes(format!("{COMMENT}{text}").into_bytes()));
    }
}

/// Which of `tags` are in a file; `None` if the search was not to go on.
fn held(file: &mut dyn Read, tags: &[[u8; 4]], go_on: &dyn Fn() -> bool) -> io::Result<Option<Vec<bool>>> {
    let finders: Vec<Finder<'_>> = tags.iter().map(Finder::new).collect();
    let mut held = vec![false; tags.len()];
    let mut buffer = vec![0; PIECE + OVERLAP];
    let mut kept = 0;
    while go_on() {
        let read = match file.read(buffer.get_mut(kept..).unwrap_or_default()) {
            Ok(0) => return Ok(Some(held)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = kept + read;
        let piece = buffer.get(..end).unwrap_or_default();
        for (held, finder) in held.iter_mut().zip(&finders).filter(|(held, _)| !**held) {
            *held = finder.find(piece).is_some();
        }
        kept = end.min(OVERLAP);
        buffer.copy_within(end - kept..end, 0);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::inventory::Outcome;
    use crate::time::Time;

    struct Rig {
        dir: tempfile::TempDir,
        search: Search,
        engine: Engine,
        tick: Tick,
    }

    impl Rig {
        fn new(files: &[(&str, &[u8])]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            for (name, bytes) in files {
                fs::write(dir.path().join(name), bytes).unwrap();
            }
            let search = Search::new(dir.path().to_owned(), Arc::new(AtomicU32::new(3)));
            Self { dir, search, engine: Engine::default(), tick: Tick::default() }
        }

        fn pass(&mut self) -> Option<String> {
            let engine = &mut self.engine;
            let item = self.search.poll(self.tick, &|| true, &mut |envelope| engine.take(envelope))?;
            self.tick.steady += EVERY;
            match item.outcome {
                Outcome::Found { value, .. } => Some(value),
                Outcome::Remark(why) => Some(why),
                other => panic!("{other:?}"),
            }
        }

        fn owner(&self, tag: [u8; 4]) -> String {
            let moment = self.engine.moment(Time::MAX);
            moment.tag_owner(tag, "").map_or_else(String::new, |owner| format!("{} ({})", owner.driver, owner.how.as_str()))
        }
    }

    #[test]
    fn the_drivers_that_hold_a_tag_are_named() {
        let mut rig =
            Rig::new(&[("b.sys", b"..Xyz ..Qrst"), ("A.SYS", b"Xyz "), ("c.sys", b"xyz Xyz"), ("note.txt", b"Xyz Nowh")]);
        assert_eq!(rig.pass(), None, "nothing is wanted");
        rig.search.want([*b"Xyz ", *b"Qrst", *b"Nowh"]);
        assert_eq!(rig.pass().as_deref(), Some("2 of 3 unnamed tags found in 3 drivers' files"));
        assert_eq!(rig.owner(*b"Xyz "), "A.SYS or b.sys (searched drivers)");
        assert_eq!(rig.owner(*b"Qrst"), "b.sys (searched drivers)");
        assert_eq!(rig.owner(*b"Nowh"), "");
        let source = &rig.engine.sources()[&SourceId(3)];
        assert_eq!((source.kind.name(), source.records, source.malformed, source.has_file), ("pooltag", 2, 0, false));
    }

    #[test]
    fn what_comes_up_later_is_searched_in_another_pass_and_only_what_changed_is_read_again() {
        let mut rig = Rig::new(&[("a.sys", b"Xyz Late"), ("b.sys", b"....")]);
        rig.search.want([*b"Xyz ", *b"Gone"]);
        rig.pass();
        rig.search.want([*b"Xyz "]);
        assert_eq!(rig.pass(), None, "nothing new is wanted");
        rig.search.want([*b"Late"]);
        rig.tick.steady -= Duration::from_secs(1);
        assert_eq!(rig.pass(), None, "too soon");
        rig.tick.steady += Duration::from_secs(1);
        fs::write(rig.dir.path().join("b.sys"), b"now it is Gone").unwrap();
        // Not changed as far as can be told: what it was searched for is not searched for again.
        let about = fs::metadata(rig.dir.path().join("a.sys")).unwrap();
        fs::write(rig.dir.path().join("a.sys"), b"Gone....").unwrap();
        let a = File::options().write(true).open(rig.dir.path().join("a.sys")).unwrap();
        a.set_modified(about.modified().unwrap()).unwrap();
        rig.pass();
        assert_eq!((rig.owner(*b"Gone"), rig.owner(*b"Late")), (String::from("b.sys (searched drivers)"), String::new()));
        assert_eq!(rig.owner(*b"Xyz "), "a.sys (searched drivers)");
        assert_eq!(rig.engine.sources()[&SourceId(3)].records, 2, "no tag is told twice");
    }

    #[test]
    fn what_cannot_be_read_as_a_file_hides_no_other() {
        let mut rig = Rig::new(&[("b.sys", b"Xyz ")]);
        fs::create_dir(rig.dir.path().join("a.sys")).unwrap();
        rig.search.want([*b"Xyz "]);
        assert_eq!(rig.pass().as_deref(), Some("1 of 1 unnamed tags found in 1 drivers' files"));
        assert_eq!(rig.owner(*b"Xyz "), "b.sys (searched drivers)");
    }

    #[test]
    fn tags_that_would_be_found_anywhere_are_not_searched_for() {
        let mut rig = Rig::new(&[("a.sys", b"x   \0\0\0\0A?cd")]);
        rig.search.want([*b"x   ", *b"\0\0\0\0", *b"A?cd", *b"Io  "]);
        assert_eq!(rig.pass(), None);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_and_a_search_stops_when_told() {
        let mut rig = Rig::new(&[("a.sys", b"Xyz ")]);
        rig.search.want([*b"Xyz "]);
        assert!(rig.search.poll(rig.tick, &|| false, &mut |envelope| panic!("{envelope:?}")).is_none());
        let folder = rig.dir.path().join("none");
        rig.search = Search::new(folder.clone(), Arc::default());
        rig.search.want([*b"Xyz "]);
        assert!(rig.pass().unwrap().starts_with(&folder.display().to_string()));
    }

    #[test]
    fn no_tag_falls_between_two_pieces() {
        /// Gives at most so many bytes at a time.
        struct Slow<'a>(&'a [u8], usize);
        impl Read for Slow<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let most = self.1.min(into.len());
                self.0.read(&mut into[..most])
            }
        }
        let all = |bytes: &[u8], step| held(&mut Slow(bytes, step), &[*b"Xyz ", *b"None"], &|| true).unwrap().unwrap();
        for at in PIECE - 5..PIECE + 5 {
            let mut bytes = vec![b'X'; PIECE + 100];
            bytes[at..at + 4].copy_from_slice(b"Xyz ");
            assert_eq!(all(&bytes, usize::MAX), [true, false], "{at}");
        }
        for step in 1..6 {
            assert_eq!(all(b"XXyzXyz Xyz", step), [true, false], "{step}");
            assert_eq!(all(b"Xyz", step), [false, false], "{step}");
        }
    }
}
