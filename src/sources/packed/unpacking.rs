//! Whole lines of a packed log, from its beginning to its end, or to where it is damaged.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::formats::text::{last_line_end, utf16_mark};

/// A log may unpack to so many times its packed size…
const MOST_RATIO: u64 = 200;
/// …once it is larger than this.
const ALWAYS: u64 = 1 << 20;
/// Unpacked bytes held: a line that is longer is handed on in pieces.
const ROOM: usize = 256 * 1024;
/// Bytes unpacked at a time. As many may be lost where packed data is damaged.
const STEP: usize = 16 * 1024;

/// Bytes that so many packed ones may unpack to.
pub(super) fn most(packed: u64) -> u64 {
    ALWAYS.max(packed.saturating_mul(MOST_RATIO))
}

/// Counts what is read of packed bytes.
pub(super) struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    pub fn new(inner: R, read: Arc<AtomicU64>) -> Self {
        Self { inner, read }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Reads what a log unpacks to. It ends where the log is damaged, with the last line that is whole before that: half a line could be
/// taken for one. What is wrong is told to whoever has the log.
pub struct Unpacking {
    inner: Box<dyn Read + Send>,
    /// Packed bytes that were read.
    packed: Arc<AtomicU64>,
    unpacked: u64,
    damage: Arc<OnceLock<String>>,
    /// Of the bytes held, those between `begin` and `whole` may be handed on.
    held: Box<[u8]>,
    begin: usize,
    whole: usize,
    end: usize,
    utf16: Option<bool>,
    over: bool,
}

impl Unpacking {
    pub(super) fn new(inner: Box<dyn Read + Send>, packed: Arc<AtomicU64>, damage: Arc<OnceLock<String>>) -> Self {
        let held = vec![0; ROOM].into_boxed_slice();
        Self { inner, packed, unpacked: 0, damage, held, begin: 0, whole: 0, end: 0, utf16: None, over: false }
    }

    /// Unpacks until there is no room, or nothing more.
    fn fill(&mut self) {
        self.held.copy_within(self.whole..self.end, 0);
        (self.begin, self.end) = (0, self.end - self.whole);
        let is_first = self.unpacked == 0;
        // Who only looks what it is needs no more.
        let room = if is_first { STEP } else { ROOM };
        let mut wrong = None;
        while self.end < room && !self.over {
            let upto = (self.end + STEP).min(room);
            match self.inner.read(self.held.get_mut(self.end..upto).unwrap_or_default()) {
                Ok(read) => {
                    self.over = read == 0;
                    self.end += read;
                    self.unpacked += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => wrong = Some(self.sentence(&error)),
            }
            if wrong.is_none() && self.unpacked > most(self.packed.load(Ordering::Relaxed)) {
                wrong =
                    Some(format!("more than {MOST_RATIO} times as large as it is packed, which no log is: the rest is not read"));
            }
            self.over |= wrong.is_some();
        }
        let held = self.held.get(..self.end).unwrap_or_default();
        if is_first {
            self.utf16 = utf16_mark(held);
        }
        self.whole = match last_line_end(held, self.utf16) {
            _ if self.over && wrong.is_none() => self.end,
            0 if !self.over => self.end & !1,
            whole => whole,
        };
        if let Some(why) = wrong {
            let torn = self.end - self.whole;
            let torn = if torn > 0 { format!("; its last line is torn: {torn} bytes are left out") } else { String::new() };
            // What reads it again meets the same.
            let _ = self.damage.set(why + &torn);
        }
    }

    fn sentence(&self, error: &io::Error) -> String {
        let after = self.unpacked;
        if error.kind() == io::ErrorKind::UnexpectedEof {
            format!("cut off: the packed data ends after {after} bytes of the log, and what came then is lost")
        } else {
            format!("damaged after {after} bytes of the log, and what came then is lost: {error}")
        }
    }
}

impl Read for Unpacking {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.begin == self.whole && !self.over {
            self.fill();
        }
        let ready = self.held.get(self.begin..self.whole).unwrap_or_default();
        let (Some(from), Some(to)) = (ready.get(..ready.len().min(into.len())), into.get_mut(..ready.len().min(into.len())))
        else {
            return Ok(0);
        };
        to.copy_from_slice(from);
        self.begin += from.len();
        Ok(from.len())
    }
}
