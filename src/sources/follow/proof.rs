//! The proof that a file is the log that was read so far: its first bytes and those just before the offset.

use std::fs::File;
use std::io;

use serde::{Deserialize, Serialize};

use super::cut::MAX_NULS;
use crate::sources::hex;
use crate::sources::system::read_at;

/// First bytes kept. An IIS header alone has some 330.
const HEAD: usize = 1024;
/// Bytes before the offset kept.
const ANCHOR: usize = 256;

/// What is known of a log's content up to the offset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Bytes handed on.
    pub offset: u64,
    #[serde(with = "hex")]
    head: Vec<u8>,
    #[serde(with = "hex")]
    anchor: Vec<u8>,
    /// There is a line among them that is no `#` directive. Two logs may well have the same header; the same record at the same
    /// place only a copy has.
    data: bool,
}

/// How a file compares with a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// It holds what was read, up to the offset; `data` if that proves anything between files.
    Same {
        /// The proof has a record in it.
        data: bool,
    },
    /// It holds the beginning of what was read: perhaps it is still being copied.
    Prefix {
        /// The part that is there has a record in it, as far as the kept bytes tell.
        data: bool,
    },
    /// It holds something else.
    Other,
}

impl Proof {
    /// The bytes that must stand before the offset.
    #[must_use]
    pub fn anchor(&self) -> &[u8] {
        &self.anchor
    }

    /// Takes the bytes found before the offset for those that must stand there: a hole among them was filled.
    pub fn heal(&mut self, found: &[u8]) {
        self.anchor = found.to_vec();
    }

    /// The proof of a file whose first `offset` bytes somebody else reads, from what they are now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn ahead(file: &File, offset: u64) -> io::Result<Self> {
        let mut proof = Self::default();
        proof.commit(&read(file, 0, HEAD)?);
        let anchor = usize::try_from(offset).unwrap_or(usize::MAX).min(ANCHOR);
        proof.offset = offset - anchor as u64;
        proof.commit(&read(file, proof.offset, anchor)?);
        Ok(proof)
    }

    /// Takes in bytes that were handed on.
    pub fn commit(&mut self, bytes: &[u8]) {
        if !self.data {
            self.data = has_record(bytes);
        }
        if self.head.len() < HEAD && self.head.len() as u64 == self.offset {
            let room = HEAD - self.head.len();
            self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        self.offset += bytes.len() as u64;
        let spare = (self.anchor.len() + bytes.len()).saturating_sub(ANCHOR);
        if spare >= self.anchor.len() {
            self.anchor.clear();
        } else {
            self.anchor.drain(..spare);
        }
        self.anchor.extend_from_slice(bytes.get(bytes.len().saturating_sub(ANCHOR)..).unwrap_or(bytes));
    }

    /// Compares a file with the proof. With `hopeful`, zeros where there should be text may be a copy that is being made: Windows
    /// sets a copy's size before it fills it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn compare(&self, file: &File, hopeful: bool) -> io::Result<Likeness> {
        let size = file.metadata()?.len();
        let head = read(file, 0, self.head.len())?;
        let filled = if hopeful { trim_zeros(&head) } else { &head };
        if !self.head.get(..filled.len()).is_some_and(|kept| agrees(kept, filled)) {
            return Ok(Likeness::Other);
        }
        let data = self.data && has_record(filled);
        if filled.len() < self.head.len() || size < self.offset {
            return Ok(Likeness::Prefix { data });
        }
        let anchor = read(file, self.offset - self.anchor.len() as u64, self.anchor.len())?;
        let begun = trim_zeros(&anchor);
        if agrees(&self.anchor, &anchor) {
            Ok(Likeness::Same { data: self.data })
        } else if hopeful && self.anchor.get(..begun.len()).is_some_and(|kept| agrees(kept, begun)) {
            Ok(Likeness::Prefix { data })
        } else {
            Ok(Likeness::Other)
        }
    }
}

fn read(file: &File, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let got = read_at(file, &mut bytes, offset)?;
    bytes.truncate(got);
    Ok(bytes)
}

/// Whether the bytes found are those that were kept. Zeros of a hole say nothing: it may have been filled since.
pub(super) fn agrees(kept: &[u8], found: &[u8]) -> bool {
    if kept == found || kept.len() != found.len() {
        return kept == found;
    }
    let mut at = 0;
    for run in kept.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
        // A run at the beginning may be the end of a hole.
        let is_hole = run.first() == Some(&0) && (run.len() > MAX_NULS || at == 0);
        if !is_hole && found.get(at..at + run.len()) != Some(run) {
            return false;
        }
        at += run.len();
    }
    true
}

/// The bytes without the zeros at their end.
pub(super) fn trim_zeros(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or(bytes)
}

/// Whether a line among `bytes` is more than a directive. In UTF-16 a line's first byte may be a zero.
fn has_record(bytes: &[u8]) -> bool {
    let marks: &[u8] = b"\xEF\xBB\xBF\xFF\xFE\0\r";
    bytes.split_inclusive(|b| *b == b'\n').filter(|line| line.ends_with(b"\n")).any(|line| {
        let first = line.iter().find(|b| !marks.contains(b));
        first.is_some_and(|b| !matches!(b, b'#' | b'\n'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> File {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), bytes).unwrap();
        path.reopen().unwrap()
    }

    fn likeness(proof: &Proof, bytes: &[u8]) -> Likeness {
        proof.compare(&file(bytes), true).unwrap()
    }

    #[test]
    fn a_copy_is_known_at_every_stage_and_another_log_is_not() {
        let mut proof = Proof::default();
        proof.commit(b"#Fields: a\r\n");
        assert_eq!(likeness(&proof, b"#Fields: a\r\nb\r\n"), Likeness::Same { data: false });
        proof.commit(b"row 1\r\n");
        proof.commit("x".repeat(3000).as_bytes());
        let whole = format!("#Fields: a\r\nrow 1\r\n{}", "x".repeat(3000));
        assert_eq!(likeness(&proof, format!("{whole}more").as_bytes()), Likeness::Same { data: true });
        assert_eq!(likeness(&proof, b""), Likeness::Prefix { data: false });
        assert_eq!(likeness(&proof, b"#Fields"), Likeness::Prefix { data: false });
        assert_eq!(likeness(&proof, &whole.as_bytes()[..2000]), Likeness::Prefix { data: true });
        let filling = [&whole.as_bytes()[..2000], &[0; 2000]].concat();
        assert_eq!(likeness(&proof, &filling), Likeness::Prefix { data: true });
        assert_eq!(likeness(&proof, b"#Fields: a\r\nrow 2\r\n"), Likeness::Other);
        assert_eq!(likeness(&proof, whole.replace("xxxx", "yyyy").as_bytes()), Likeness::Other);
    }

    #[test]
    fn a_hole_that_was_filled_since_is_no_other_log() {
        let mut proof = Proof::default();
        let hole = [b"one\n", &[0; 100][..], b"two\n"].concat();
        proof.commit(&hole);
        let filled = [b"one\n", "x".repeat(100).as_bytes(), b"two\n"].concat();
        assert_eq!(likeness(&proof, &filled), Likeness::Same { data: true });
        assert_eq!(likeness(&proof, &[b"one\n", "x".repeat(100).as_bytes(), b"too\n"].concat()), Likeness::Other);
        // A few zeros are text.
        assert!(!agrees(b"a\0\0b", b"axxb") && agrees(b"\0\0b", b"xxb") && !agrees(b"ab", b"a"));
    }

    #[test]
    fn the_anchor_is_the_last_bytes_however_they_came() {
        let bytes: Vec<u8> = (0u32..3000).flat_map(u32::to_le_bytes).collect();
        for step in [1, 100, 255, 256, 257, 5000] {
            let mut proof = Proof::default();
            bytes.chunks(step).for_each(|chunk| proof.commit(chunk));
            assert_eq!((proof.offset, proof.anchor()), (12_000, &bytes[12_000 - ANCHOR..]), "{step}");
            assert_eq!(proof.head, bytes[..HEAD]);
        }
    }
}
