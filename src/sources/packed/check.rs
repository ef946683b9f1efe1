//! Holds what an entry of a zip archive unpacks to against what the archive's directory says.

use std::io::{self, Read};

/// What the directory says of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// Bytes that it unpacks to.
    pub size: u64,
    /// Their checksum.
    pub crc32: u32,
}

/// Reads along, and ends with an error where something is wrong.
pub(super) struct Checked<R> {
    inner: R,
    told: Told,
    read: u64,
    sum: crc32fast::Hasher,
}

impl<R> Checked<R> {
    pub fn new(inner: R, told: Told) -> Self {
        Self { inner, told, read: 0, sum: crc32fast::Hasher::new() }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read += read as u64;
        self.sum.update(into.get(..read).unwrap_or_default());
        let is_end = read == 0 && !into.is_empty();
        if is_end && self.read < self.told.size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let wrong = |what| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        if self.read > self.told.size {
            return wrong("it is larger than the archive says");
        }
        if is_end && self.sum.clone().finalize() != self.told.crc32 {
            return wrong("the checksum does not match: a line may be wrong");
        }
        Ok(read)
    }
}
