//! The bytes of a log that is cut up.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::parts::Cut;
use super::{Input, Place};
use crate::engine::Opened;
use crate::formats::Hints;
use crate::sources::system::read_at;
use crate::time::Zone;

/// The bytes of a log, as they stand in its file or as they are unpacked.
pub(super) type Bytes = Box<dyn Read + Send>;

/// The length of a file that is shorter than it was.
fn shorter(file: &File, size: u64) -> Option<u64> {
    file.metadata().ok().map(|about| about.len()).filter(|len| *len < size)
}

impl Place {
    /// How much is left of a log that is written meanwhile, and was longer; `None` if all of it is there.
    pub(super) fn left_of(&self, size: u64) -> Option<u64> {
        if let Self::Open(file) = self { shorter(file, size) } else { None }
    }

    /// The bytes of a file from an offset on; `None` for what lies elsewhere, and for what cannot be opened. One that is written
    /// meanwhile, and was so long before, ends where it turns out to be shorter: what stands there then is something else.
    pub(super) fn bytes_from(&self, offset: u64, size: u64) -> Option<Bytes> {
        match self {
            Self::File(path) => {
                let mut file = File::open(path).ok()?;
                file.seek(SeekFrom::Start(offset)).ok()?;
                Some(Box::new(file))
            }
            Self::Open(file) => Some(Box::new(At { file: Arc::clone(file), offset, size })),
            _ => None,
        }
    }
}

/// A file that others read, too, each at its own place.
struct At {
    file: Arc<File>,
    offset: u64,
    size: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = if shorter(&self.file, self.size).is_some() { 0 } else { read_at(&self.file, buffer, self.offset)? };
        self.offset += read as u64;
        Ok(read)
    }
}

impl Input {
    /// The bytes, if they are many enough and nothing else matters. Of several packed logs each keeps one worker busy with unpacking:
    /// only for the last one others have time.
    pub(super) fn bytes_to_cut_up(&self, cut: Cut, is_last: bool) -> Option<Bytes> {
        if self.size < cut.whole || self.written.is_some() || self.redacted.is_some() {
            return None;
        }
        match &self.place {
            Place::Packed(packed) if is_last => Some(Box::new(packed.open().ok()?)),
            place => place.bytes_from(0, self.size),
        }
    }

    pub(super) fn opened(&self, zone: Zone) -> Opened {
        let name = self.plain_name().file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let hints = Hints { zone, modified: self.modified, name };
        Opened { path: self.name.clone(), hints, size: self.most(), generation: 0, first_look: true, has_file: true }
    }
}
