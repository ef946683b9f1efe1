//! A finished log that is redacted on its way in, and again when its lines are read: nothing of it is kept but where it was.
//!
//! Whoever reads sees a log that has only the redacted lines, with their own places. To find a place, redaction goes on from the last
//! [`Mark`] before it.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use super::shelf::{Place, read_place};
use crate::formats::lines::MAX_LINE;
use crate::formats::stream::Stream;
use crate::formats::text::{last_line_end, utf16_mark};
use crate::formats::{Hints, Ignore};
use crate::redact::{Pseudonyms, Redactor};

/// Bytes of a log that wait for its kind to be known.
const UNDECIDED: usize = 64 * 1024;
/// Bytes of the log between two marks, at least.
const APART: u64 = 1 << 20;
/// Bytes read at a time.
const PIECE: u64 = 256 * 1024;

/// A log under pseudonyms.
pub struct Redacted {
    place: Place,
    pseudonyms: Arc<Pseudonyms>,
    marks: Mutex<Vec<Mark>>,
}

/// A line's beginning, with what redacts the log from there on.
#[derive(Clone)]
struct Mark {
    original: u64,
    redacted: u64,
    utf16: Option<bool>,
    redactor: Redactor,
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redacted").finish_non_exhaustive()
    }
}

impl Redacted {
    /// The log that lies at a place.
    #[must_use]
    pub fn new(place: Place, pseudonyms: Arc<Pseudonyms>) -> Self {
        Self { place, pseudonyms, marks: Mutex::default() }
    }

    /// Reads of the redacted log.
    ///
    /// # Errors
    /// When the log cannot be read, or was not read through before; when `given_up` is set meanwhile.
    pub fn read(&self, offset: u64, len: u64, given_up: &AtomicBool) -> Result<Vec<u8>, String> {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = marks.partition_point(|mark| mark.redacted <= offset).checked_sub(1).and_then(|at| marks.get(at));
        let Mark { mut original, redacted, utf16, redactor } = mark.cloned().ok_or("nothing of it was read")?;
        drop(marks);
        let skip = usize::try_from(offset - redacted).unwrap_or(usize::MAX);
        let wanted = skip.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        let (mut lines, mut out) = (Lines { utf16, held: Vec::new(), redactor }, Vec::new());
        while out.len() < wanted {
            // The reason names the path, and that is not told.
            let piece = read_place(&self.place, original, PIECE, given_up);
            let piece = piece.map_err(|_| String::from("its lines cannot be read again"))?;
            original += piece.len() as u64;
            let ended = piece.is_empty();
            lines.take(&piece, ended, &self.pseudonyms, &mut out);
            if ended {
                break;
            }
        }
        Ok(out.into_iter().skip(skip).take(wanted - skip).collect())
    }
}

/// Whole lines of a log, redacted.
struct Lines {
    utf16: Option<bool>,
    held: Vec<u8>,
    redactor: Redactor,
}

impl Lines {
    /// Takes the next bytes; gives how many bytes it has redacted.
    fn take(&mut self, piece: &[u8], ended: bool, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) -> usize {
        self.held.extend_from_slice(piece);
        let whole = last_line_end(&self.held, self.utf16);
        let end = match whole {
            _ if ended => self.held.len(),
            // Longer than any line may be: the redactor withholds it, and what follows it.
            0 if self.held.len() > 2 * MAX_LINE + 4 => self.held.len() & !1,
            whole => whole,
        };
        let rest = self.held.split_off(end);
        let lines = std::mem::replace(&mut self.held, rest);
        self.redactor.redact(&lines, pseudonyms, out);
        lines.len()
    }
}

/// Redacts a log while it is read from its beginning.
pub(super) struct Filter<'a> {
    log: &'a Redacted,
    /// Until its kind is known: what has come, and what tells the kind.
    waiting: Option<(Vec<u8>, Stream)>,
    /// `None` for a log of which nobody can tell what must not leave.
    lines: Option<Lines>,
    original: u64,
    redacted: u64,
}

impl<'a> Filter<'a> {
    pub fn new(log: &'a Redacted, hints: Hints) -> Self {
        log.marks.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Self { log, waiting: Some((Vec::new(), Stream::new(hints))), lines: None, original: 0, redacted: 0 }
    }

    /// Takes the next bytes, and gives redacted lines.
    pub fn take(&mut self, piece: &[u8], ended: bool) -> Vec<u8> {
        let Some((mut held, mut stream)) = self.waiting.take() else { return self.redact(piece, ended) };
        held.extend_from_slice(piece);
        stream.feed(piece, &mut Ignore);
        if ended {
            stream.finish(&mut Ignore);
        }
        if stream.kind() == crate::formats::Kind::Unknown && !ended && held.len() < UNDECIDED {
            self.waiting = Some((held, stream));
            return Vec::new();
        }
        let utf16 = stream.utf16().or_else(|| utf16_mark(&held));
        self.lines = Redactor::new(stream.kind(), utf16).map(|redactor| Lines { utf16, held: Vec::new(), redactor });
        self.redact(&held, ended)
    }

    /// Nobody can tell what in it must not leave.
    pub fn is_left_out(&self) -> bool {
        self.waiting.is_none() && self.lines.is_none()
    }

    fn redact(&mut self, piece: &[u8], ended: bool) -> Vec<u8> {
        let Some(lines) = &mut self.lines else { return Vec::new() };
        let mut marks = self.log.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.last().is_none_or(|mark| self.original - mark.original >= APART) {
            let (utf16, redactor) = (lines.utf16, lines.redactor.clone());
            marks.push(Mark { original: self.original, redacted: self.redacted, utf16, redactor });
        }
        drop(marks);
        let mut out = Vec::with_capacity(piece.len() + piece.len() / 8);
        self.original += lines.take(piece, ended, &self.log.pseudonyms, &mut out) as u64;
        self.redacted += out.len() as u64;
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_read_again_at_its_place_wherever_that_is() {
        let mut log = String::from("#Fields: date time c-ip cs-uri-stem sc-status\r\n");
        for row in 0..60_000 {
            let (minute, second) = (row / 60 % 60, row % 60);
            log.push_str(&format!(
                "2009-10-12 08:{minute:02}:{second:02} 10.66.{}.{} /a/{row} 503\r\n",
                row / 250 % 250,
                row % 250
            ));
        }
        let place = Place::Memory(log.into_bytes().into());
        let redacted = Redacted::new(place.clone(), Arc::new(Pseudonyms::new(*b"a key of one run")));
        let Place::Memory(bytes) = &place else { panic!() };
        let (mut filter, mut all) = (Filter::new(&redacted, Hints::default()), Vec::new());
        for piece in bytes.chunks(10_007) {
            all.extend(filter.take(piece, false));
        }
        all.extend(filter.take(&[], true));
        assert!(!filter.is_left_out() && redacted.marks.lock().unwrap().len() > 1);
        assert!(memchr::memmem::find(&all, b" 10.66.").is_none());
        for offset in [0, 1, 46, 999_999, 1_100_007, all.len() - 5] {
            let read = redacted.read(offset as u64, 300, &AtomicBool::new(false)).unwrap();
            assert!(read == all[offset..(offset + 300).min(all.len())], "{offset}");
        }
    }

    #[test]
    fn what_is_no_known_log_is_left_out() {
        let redacted = Redacted::new(Place::Memory(Arc::from([])), Arc::new(Pseudonyms::new([1; 16])));
        let mut filter = Filter::new(&redacted, Hints::default());
        assert!(filter.take(b"Ann's diary\n", false).is_empty() && filter.take(&[], true).is_empty());
        assert!(filter.is_left_out());
    }
}
