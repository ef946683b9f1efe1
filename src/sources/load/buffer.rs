//! The bytes of a part: whoever reads many parts keeps one buffer, which is written over, not made anew.

use std::io::{self, ErrorKind, Read};

/// Processors with "fast short" moves (AMD EPYC 9004 was measured) copy up to five times as slowly to where an address lies a few bytes
/// beyond that of what is copied, as to their last bits. The system copies whole pages: they come to where a multiple of this is.
const APART: usize = 64;

/// Bytes that are read behind others.
#[derive(Default)]
pub(super) struct Buffer {
    /// Those from `begin` to `end` count.
    bytes: Vec<u8>,
    begin: usize,
    end: usize,
}

impl Buffer {
    /// Holds nothing but these bytes, behind which more can be read.
    pub fn begin(&mut self, with: &[u8]) {
        self.reserve(with.len());
        (self.begin, self.end) = (0, with.len());
        if let Some(to) = self.bytes.get_mut(..self.end) {
            to.copy_from_slice(with);
        }
    }

    /// Reads so many bytes behind those that are held, as far as there are so many; gives how many came.
    ///
    /// # Errors
    /// As the bytes cannot be read.
    pub fn read(&mut self, from: &mut dyn Read, wanted: u64) -> io::Result<usize> {
        let wanted = usize::try_from(wanted).map_err(|_| ErrorKind::OutOfMemory)?;
        self.reserve(wanted.checked_add(self.end + APART).ok_or(ErrorKind::OutOfMemory)?);
        self.align();
        let begin = self.end;
        while let Some(room) = self.bytes.get_mut(self.end..begin + wanted).filter(|room| !room.is_empty()) {
            match from.read(room) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.end - begin)
    }

    /// What it holds.
    pub fn held(&self) -> &[u8] {
        self.bytes.get(self.begin..self.end).unwrap_or_default()
    }

    /// Keeps the first bytes, and gives the others.
    pub fn cut(&mut self, len: usize) -> &[u8] {
        let end = std::mem::replace(&mut self.end, self.begin + len);
        self.bytes.get(self.end..end).unwrap_or_default()
    }

    /// Moves what is held so that what is read behind it comes to where copying is fast.
    fn align(&mut self) {
        let by = self.bytes.get(self.end..).map_or(0, |room| room.as_ptr().align_offset(APART));
        if (1..APART).contains(&by) {
            self.bytes.copy_within(self.begin..self.end, self.begin + by);
            (self.begin, self.end) = (self.begin + by, self.end + by);
        }
    }

    fn reserve(&mut self, len: usize) {
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives few bytes at a time, and is interrupted.
    struct Slow<'a>(&'a [u8], bool);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            let few = buffer.len().min(7);
            if self.1 { Err(ErrorKind::Interrupted.into()) } else { self.0.read(&mut buffer[..few]) }
        }
    }

    proptest! {
        #[test]
        fn what_is_read_stands_behind_what_was_held_and_where_copying_is_fast(
            rounds in proptest::collection::vec((0usize..200, 1usize..300), 1..9),
            bytes in proptest::collection::vec(any::<u8>(), 0..1500),
        ) {
            let (mut buffer, mut from, mut carry) = (Buffer::default(), Slow(&bytes, false), Vec::new());
            let mut all = Vec::new();
            for (keep, wanted) in rounds {
                buffer.begin(&carry);
                let left = from.0.len();
                prop_assert_eq!(buffer.read(&mut from, wanted as u64).unwrap(), wanted.min(left));
                prop_assert_eq!(buffer.held()[carry.len()..].as_ptr().align_offset(APART), 0);
                carry = buffer.cut(keep.min(buffer.held().len())).to_vec();
                all.extend_from_slice(buffer.held());
            }
            all.extend_from_slice(&carry);
            prop_assert_eq!(&all, &bytes[..all.len()]);
            prop_assert_eq!(all.len() + from.0.len(), bytes.len());
        }
    }

    #[test]
    fn what_came_before_a_reader_failed_is_held_and_no_more_is_asked_for_than_there_is_room() {
        struct Failing(u8);
        impl Read for Failing {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 -= 1;
                if self.0 == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                buffer[0] = self.0;
                Ok(1)
            }
        }
        let mut buffer = Buffer::default();
        buffer.begin(b"ab");
        assert_eq!(buffer.read(&mut Failing(4), 99).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(buffer.held(), b"ab\x03\x02\x01");
        assert_eq!(buffer.read(&mut Failing(9), u64::MAX).unwrap_err().kind(), ErrorKind::OutOfMemory);
        assert_eq!(buffer.read(&mut Failing(9), 2).unwrap(), 2);
        assert_eq!(buffer.held(), b"ab\x03\x02\x01\x08\x07");
    }
}
