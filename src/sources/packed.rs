//! Logs that are packed: with gzip, with Zstandard, or as an entry of a zip archive.
//!
//! They are unpacked as they are read, piece by piece, and never to disk: what is in memory is what is being worked on, however large
//! the log is. What means harm is stopped by what it unpacks to for each packed byte ([`unpacking`]), not by its size: a log of many
//! gigabytes is a log. A line's place is its place in what is unpacked; to read it again, what comes before it is unpacked again
//! ([`again`]).

mod again;
mod check;
mod entries;
mod unpacking;
mod zstd;

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

pub use again::Kept;
use check::Checked;
pub use entries::{Entry, entries};
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use unpacking::Counted;
pub use unpacking::Unpacking;
use zstd::Frames;

/// Endings of files that hold one packed log.
const PACKED: [&str; 3] = ["gz", "zst", "zstd"];
/// Endings of files that nobody here unpacks.
const OTHERS: [&str; 8] = ["7z", "bz2", "lz4", "rar", "tar", "tgz", "txz", "xz"];
/// Bytes that tell an archive; the mark of tar is at byte 257.
const HEAD: u64 = 512;
/// Packed bytes read at a time.
const BUFFER: usize = 64 * 1024;

/// A packed log.
pub struct Packed {
    store: Store,
    /// Where its packed bytes lie in the store, and how many there are.
    from: u64,
    len: u64,
    how: How,
    damage: Arc<OnceLock<String>>,
    kept: Arc<Kept>,
}

/// What packed bytes lie in.
#[derive(Debug, Clone)]
pub enum Store {
    /// A file.
    File(PathBuf),
    /// Memory: an archive that is part of the program.
    Memory(Arc<[u8]>),
}

/// How a log is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// One member of gzip or more, one after the other.
    Gzip,
    /// One frame of Zstandard or more, and frames that are skipped.
    Zstd,
    /// An entry of a zip archive, with what its directory says it unpacks to.
    Entry(Method, check::Told),
}

/// How an entry of a zip archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Stored,
    Deflated,
    /// What Windows makes of files over 2 GiB.
    Deflated64,
    Zstd,
}

/// The name that a log had before it was packed.
#[must_use]
pub fn plain_name(path: &Path) -> PathBuf {
    let is_packed = path.extension().is_some_and(|e| PACKED.iter().any(|packed| e.eq_ignore_ascii_case(packed)));
    if is_packed { path.with_extension("") } else { path.to_owned() }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packed")
            .field("store", &self.store)
            .field("from", &self.from)
            .field("how", &self.how)
            .finish_non_exhaustive()
    }
}

impl Packed {
    /// The packed log in a file, if it is one: its first bytes tell, whatever its name is.
    ///
    /// # Errors
    /// When the file cannot be read; when its name says that it is packed, and it is not, or is so in a way that is not read here.
    pub fn of_file(path: &Path, kept: &Arc<Kept>) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        (&mut file).take(HEAD).read_to_end(&mut head)?;
        let is_named =
            |endings: &[&str]| path.extension().is_some_and(|e| endings.iter().any(|name| e.eq_ignore_ascii_case(name)));
        let how = match head.as_slice() {
            [0x1F, 0x8B, ..] => How::Gzip,
            // A frame, or one that is skipped.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => How::Zstd,
            _ if is_named(&OTHERS) => return Err(io::Error::other("packed in a way that is not read here: unpack it first")),
            [] if is_named(&PACKED) => return Err(io::Error::other("empty: nothing was packed into it")),
            _ if is_named(&PACKED) => return Err(io::Error::other("not packed, though its name says so")),
            _ => return Ok(None),
        };
        let packed = Self::new(Store::File(path.to_owned()), (0, len), how, kept);
        packed.must_be_a_log()?;
        Ok(Some(packed))
    }

    fn new(store: Store, (from, len): (u64, u64), how: How, kept: &Arc<Kept>) -> Self {
        Self { store, from, len, how, damage: Arc::default(), kept: Arc::clone(kept) }
    }

    /// The file that it lies in, and where in it.
    #[must_use]
    pub fn place(&self) -> Option<(&Path, u64)> {
        match &self.store {
            Store::File(path) => Some((path, self.from)),
            Store::Memory(_) => None,
        }
    }

    /// Bytes that it unpacks to, as far as that is told before it is unpacked and can be so; at least its packed size. A member of
    /// gzip tells it modulo 4 GiB, and only its own.
    #[must_use]
    pub fn size(&self) -> u64 {
        let told = match self.how {
            How::Entry(_, told) => Some(told.size),
            How::Gzip => self.last_four_bytes().map(u64::from),
            How::Zstd => self.source().ok().and_then(zstd::told_size),
        };
        told.filter(|size| *size <= unpacking::most(self.len)).unwrap_or(0).max(self.len)
    }

    /// Bytes that it unpacks to, at most.
    #[must_use]
    pub fn most(&self) -> u64 {
        match self.how {
            How::Entry(_, told) => told.size,
            How::Gzip | How::Zstd => unpacking::most(self.len),
        }
    }

    fn last_four_bytes(&self) -> Option<u32> {
        let Store::File(path) = &self.store else { return None };
        let (mut file, mut last) = (File::open(path).ok()?, [0; 4]);
        file.seek(SeekFrom::Start((self.from + self.len).checked_sub(4)?)).ok()?;
        file.read_exact(&mut last).ok()?;
        Some(u32::from_le_bytes(last))
    }

    /// Unpacks it from its beginning.
    ///
    /// # Errors
    /// When its file cannot be opened. What is damaged in it is told by [`Packed::damage`], once it was met.
    pub fn open(&self) -> io::Result<Unpacking> {
        let read = Arc::new(AtomicU64::new(0));
        let source = BufReader::with_capacity(BUFFER, Counted::new(self.source()?, Arc::clone(&read)));
        let unpacked: Box<dyn Read + Send> = match self.how {
            How::Gzip => Box::new(MultiGzDecoder::new(source)),
            How::Zstd => Box::new(Frames::new(source)),
            How::Entry(Method::Stored, told) => Box::new(Checked::new(source, told)),
            How::Entry(Method::Deflated, told) => Box::new(Checked::new(DeflateDecoder::new(source), told)),
            How::Entry(Method::Deflated64, told) => {
                Box::new(Checked::new(deflate64::Deflate64Decoder::with_buffer(source), told))
            }
            How::Entry(Method::Zstd, told) => Box::new(Checked::new(Frames::new(source), told)),
        };
        Ok(Unpacking::new(unpacked, read, Arc::clone(&self.damage)))
    }

    /// What is wrong with it, in a sentence that does not name it, as far as it was unpacked.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// Reads of what it unpacks to. Sets out from a reader that is still open where that is nearer than its beginning.
    ///
    /// # Errors
    /// A sentence for people, when it cannot be read, or `given_up` is set meanwhile.
    pub fn read(&self, offset: u64, len: u64, given_up: &AtomicBool) -> Result<Vec<u8>, String> {
        self.kept.read(self, offset, len, given_up)
    }

    /// Refuses archives in archives, and what has no whole line.
    fn must_be_a_log(&self) -> io::Result<()> {
        let mut head = Vec::new();
        self.open()?.take(HEAD).read_to_end(&mut head)?;
        if let Some(what) = archive(&head) {
            return Err(io::Error::other(format!("it holds {what}, and archives in archives are not read: unpack it first")));
        }
        match self.damage() {
            Some(why) if head.is_empty() => Err(io::Error::other(why.to_owned())),
            _ => Ok(()),
        }
    }

    fn source(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match &self.store {
            Store::File(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(self.from))?;
                Box::new(file.take(self.len))
            }
            Store::Memory(bytes) => {
                let mut bytes = Cursor::new(Arc::clone(bytes));
                bytes.set_position(self.from);
                Box::new(bytes.take(self.len))
            }
        })
    }
}

/// What an archive's first bytes say that it is.
fn archive(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some("a zip archive"),
        [0x1F, 0x8B, ..] => Some("a gzip file"),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some("a Zstandard file"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some("a bzip2 file"),
        [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Some("an xz file"),
        [b'7', b'z', 0xBC, 0xAF, ..] => Some("a 7z archive"),
        [b'R', b'a', b'r', b'!', ..] => Some("a rar archive"),
        _ if head.get(257..262) == Some(b"ustar") => Some("a tar archive"),
        _ => None,
    }
}
