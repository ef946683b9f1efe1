//! Where the logs lie, to read parts of them again.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::packed::Packed;
use super::redacted::Redacted;
use crate::drill::ReadLog;
use crate::record::SourceId;

/// The bytes of a log.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a file.
    File(PathBuf),
    /// In a file that is open, and whose path others may have by now. It is read once.
    Open(Arc<File>),
    /// In memory: a small entry of an archive.
    Memory(Arc<[u8]>),
    /// Packed: they are unpacked again.
    Packed(Arc<Packed>),
    /// Nowhere any more: the file was rewritten.
    Gone(PathBuf),
    /// Nowhere but here: the last that was said.
    Said(Tail),
    /// Elsewhere, and read under pseudonyms.
    Redacted(Arc<Redacted>),
}

const NOT_AT_HAND: &str = "a log that is not at hand: its lines cannot be shown";

/// Room made for what is read at one go, in bytes.
const ROOM: u64 = 1 << 20;
/// Bytes kept of what has no file.
const SAID: usize = 4 << 20;

/// The last bytes of a log that has no file.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    /// Where `bytes` begins in the log.
    from: u64,
    bytes: VecDeque<u8>,
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let over = self.bytes.len().saturating_sub(SAID);
        self.bytes.drain(..over);
        self.from += over as u64;
    }

    fn read(&self, offset: u64, len: u64) -> Option<Vec<u8>> {
        let skip = usize::try_from(offset.checked_sub(self.from)?).ok()?;
        Some(self.bytes.iter().skip(skip).take(usize::try_from(len).unwrap_or(usize::MAX)).copied().collect())
    }
}

/// The places of all logs. Shared by whoever reads them again.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    places: Arc<RwLock<HashMap<SourceId, Place>>>,
    begun: Arc<Mutex<HashMap<SourceId, Arc<File>>>>,
}

impl Shelf {
    /// Puts a log on the shelf. What lay at the same path before is gone.
    pub fn put(&self, id: SourceId, place: Place) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        if let Place::File(path) = &place {
            for other in places.values_mut() {
                if matches!(other, Place::File(same) if same == path) {
                    *other = Place::Gone(path.clone());
                }
            }
        }
        places.insert(id, place);
    }

    /// Leaves a handle of a log that was begun ahead, for whoever reads what stands before: its path may be another's by then.
    pub fn leave(&self, id: SourceId, file: File) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(file));
    }

    /// Takes the handle that was left.
    #[must_use]
    pub fn fetch(&self, id: SourceId) -> Option<Arc<File>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }

    /// A log has another name now.
    pub fn rename(&self, id: SourceId, path: &Path) {
        self.places.write().unwrap_or_else(PoisonError::into_inner).insert(id, Place::File(path.to_owned()));
    }

    /// A log without a file says more.
    pub fn say(&self, id: SourceId, bytes: &[u8]) {
        if let Some(Place::Said(tail)) = self.places.write().unwrap_or_else(PoisonError::into_inner).get_mut(&id) {
            tail.push(bytes);
        }
    }

    /// Reads of a log without a file; `None` for any other.
    fn said(&self, id: SourceId, offset: u64, len: u64) -> Option<Result<Vec<u8>, String>> {
        match self.places.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            Some(Place::Said(tail)) => Some(
                tail.read(offset, len)
                    .ok_or_else(|| String::from("sampled too long ago to be kept: why503 record keeps all of it")),
            ),
            _ => None,
        }
    }

    fn place(&self, id: SourceId) -> Option<Place> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }
}

impl ReadLog for Shelf {
    fn read(&self, source: SourceId, offset: u64, len: u64) -> Result<Vec<u8>, String> {
        self.read_unless(source, offset, len, &AtomicBool::new(false))
    }

    fn each(&self, logs: &BTreeSet<SourceId>, count: usize, step: &(dyn Fn(usize) + Sync)) {
        // What is packed is unpacked from the front.
        let is_file = |log: &SourceId| matches!(self.place(*log), Some(Place::File(_) | Place::Memory(_)));
        let threads = if logs.iter().all(is_file) { std::thread::available_parallelism().map_or(1, usize::from) } else { 1 };
        let next = AtomicUsize::new(0);
        let work = || {
            while let number = next.fetch_add(1, Ordering::Relaxed)
                && number < count
            {
                step(number);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads.min(count) {
                // Without another thread it only takes longer.
                let _ = std::thread::Builder::new().name(String::from("drill")).spawn_scoped(scope, work);
            }
            work();
        });
    }

    fn read_unless(&self, source: SourceId, offset: u64, len: u64, given_up: &AtomicBool) -> Result<Vec<u8>, String> {
        if let Some(said) = self.said(source, offset, len) {
            return said;
        }
        match self.place(source) {
            Some(Place::Redacted(log)) => log.read(offset, len, given_up),
            Some(place) => read_place(&place, offset, len, given_up),
            None => Err(String::from(NOT_AT_HAND)),
        }
    }
}

/// Reads of what lies in a file, packed or not, or in memory.
pub(super) fn read_place(place: &Place, offset: u64, len: u64, given_up: &AtomicBool) -> Result<Vec<u8>, String> {
    match place {
        Place::Memory(bytes) => {
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let to = usize::try_from(offset.saturating_add(len)).unwrap_or(usize::MAX).min(bytes.len());
            Ok(bytes.get(from..to).unwrap_or_default().to_vec())
        }
        Place::File(path) => {
            read_part(path, offset, len).map_err(|error| format!("{}: {error}: its lines cannot be shown", path.display()))
        }
        Place::Packed(packed) => packed.read(offset, len, given_up),
        Place::Gone(path) => Err(format!("{}: rewritten since it was read: its lines are gone", path.display())),
        Place::Open(_) | Place::Said(_) | Place::Redacted(_) => Err(String::from(NOT_AT_HAND)),
    }
}

fn read_part(path: &Path, offset: u64, len: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    // Room for all of it: on a share each read is a question. What was asked for is a block, or a little more.
    let mut bytes = Vec::with_capacity(usize::try_from(len.min(ROOM)).unwrap_or(0));
    file.take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_has_no_file_the_last_is_kept() {
        let shelf = Shelf::default();
        shelf.put(SourceId(1), Place::Said(Tail::default()));
        shelf.say(SourceId(1), &vec![b'a'; SAID]);
        shelf.say(SourceId(1), b"the end");
        assert_eq!(shelf.read(SourceId(1), SAID as u64, 100).unwrap(), b"the end");
        assert!(shelf.read(SourceId(1), 0, 10).unwrap_err().contains("record"));
    }
}
