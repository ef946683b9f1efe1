//! Parts of packed logs, read again.
//!
//! Who reads goes forwards mostly, and back a little: a reader stays open where it was, with the last that it unpacked. Several who read
//! at once have readers of their own, so that nobody waits for another.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Packed, Unpacking};

/// Readers that stay open.
const MOST_OPEN: usize = 4;
/// Bytes that a reader keeps of what it has unpacked.
const KEPT: usize = 4 << 20;
/// Bytes unpacked between two looks at whether somebody still waits.
const STEP: u64 = 256 * 1024;

/// The readers that are open. Those that were used last are kept.
#[derive(Default)]
pub struct Kept(Mutex<Vec<Reader>>);

/// A log that is unpacked up to some byte.
struct Reader {
    /// What tells one log from another.
    of: Arc<OnceLock<String>>,
    unpacking: Unpacking,
    /// Bytes unpacked.
    at: u64,
    /// The last of them.
    last: VecDeque<u8>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl Kept {
    pub(super) fn read(&self, log: &Packed, offset: u64, len: u64, given_up: &AtomicBool) -> Result<Vec<u8>, String> {
        let mut reader = match self.take(log, offset) {
            Some(reader) => reader,
            None => Reader::begin(log).map_err(|error| gone(log, &error))?,
        };
        let read = reader.read(offset, len, given_up);
        self.put(reader);
        read.map_err(|error| gone(log, &error))
    }

    /// Whoever of the log's readers has the least way to go.
    fn take(&self, log: &Packed, offset: u64) -> Option<Reader> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let able =
            open.iter().enumerate().filter(|(_, reader)| Arc::ptr_eq(&reader.of, &log.damage) && reader.kept_from() <= offset);
        let (at, _) = able.max_by_key(|(_, reader)| reader.at)?;
        Some(open.remove(at))
    }

    fn put(&self, reader: Reader) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.push(reader);
        let over = open.len().saturating_sub(MOST_OPEN);
        open.drain(..over);
    }
}

impl Reader {
    fn begin(log: &Packed) -> io::Result<Self> {
        Ok(Self { of: Arc::clone(&log.damage), unpacking: log.open()?, at: 0, last: VecDeque::new() })
    }

    /// Where what is kept begins.
    fn kept_from(&self) -> u64 {
        self.at - self.last.len() as u64
    }

    fn read(&mut self, offset: u64, len: u64, given_up: &AtomicBool) -> io::Result<Vec<u8>> {
        let upto = offset.saturating_add(len);
        let mut piece = Vec::new();
        while self.at < upto {
            if given_up.load(Ordering::Relaxed) {
                return Err(io::Error::other("given up"));
            }
            piece.clear();
            (&mut self.unpacking).take(STEP).read_to_end(&mut piece)?;
            if piece.is_empty() {
                break;
            }
            self.at += piece.len() as u64;
            self.last.extend(&piece);
            // What was asked for is kept, however much it is.
            let wanted = usize::try_from(self.at.saturating_sub(offset)).unwrap_or(usize::MAX);
            self.last.drain(..self.last.len().saturating_sub(wanted.max(KEPT)));
        }
        let skip = usize::try_from(offset.saturating_sub(self.kept_from())).unwrap_or(usize::MAX).min(self.last.len());
        let take = usize::try_from(len).unwrap_or(usize::MAX).min(self.last.len() - skip);
        Ok(self.last.range(skip..skip + take).copied().collect())
    }
}

fn gone(log: &Packed, error: &io::Error) -> String {
    let path = log.place().map_or_else(String::new, |(path, _)| format!("{}: ", path.display()));
    format!("{path}{error}: its lines cannot be shown")
}
