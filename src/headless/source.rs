//! One log as it is counted, and as it is kept in a snapshot.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::summary::SourceSummary;
use super::tally::Dump;
use crate::formats::lines::Line;
use crate::formats::stream::Stream;
use crate::formats::{FORMATS, Hints, Kind, Sink};
use crate::record::{Fact, Position, Record, SourceId};
use crate::sources::hex;
use crate::time::Zone;

/// Bytes kept of a log that no record has come of yet. They are decoded again after a restart.
const MAX_TAIL: usize = 1 << 20;

/// A log as it is counted.
pub(super) struct Source {
    /// Where it was met.
    pub path: PathBuf,
    pub hints: Hints,
    /// `None` until its first byte comes, and after its last.
    pub stream: Option<Stream>,
    /// Records that begin before this are not counted.
    pub floor: u64,
    pub lines: u64,
    pub malformed: u64,
    pub lost: u64,
    pub torn: u64,
    /// Why nothing can be counted of it at the moment.
    pub problem: Option<String>,
    pub kind: Kind,
    /// Bytes taken in.
    pub offset: u64,
    /// The last bytes taken in that nothing has come of yet.
    pub tail: Vec<u8>,
}

/// A log in a snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SourceState {
    pub source: u32,
    path: PathBuf,
    kind: String,
    floor: u64,
    lines: u64,
    malformed: u64,
    lost: u64,
    #[serde(default)]
    torn: u64,
    offset: u64,
    utf16: Option<bool>,
    /// It is of no kind that can be read.
    refused: bool,
    #[serde(with = "hex")]
    preamble: Vec<u8>,
    #[serde(with = "hex")]
    tail: Vec<u8>,
}

impl Source {
    pub fn new(path: PathBuf, hints: Hints, floor: u64) -> Self {
        Self {
            path,
            hints,
            stream: None,
            floor,
            lines: 0,
            malformed: 0,
            lost: 0,
            torn: 0,
            problem: None,
            kind: Kind::Unknown,
            offset: 0,
            tail: Vec::new(),
        }
    }

    /// A decoder for the log that comes after this one at the same path, which may go on without a header: a log that was cut off
    /// while its writer went on.
    pub fn heir(&self, next: &Self) -> Option<Stream> {
        let stream = self.stream.as_ref()?;
        matches!(self.kind, Kind::W3c | Kind::HttpErr)
            .then(|| Stream::resume(self.kind, next.hints.clone(), &stream.preamble(), 0, 1, None))
    }

    /// The first bytes tell whether the log stands for itself.
    pub fn begin(&mut self, bytes: &[u8]) {
        let goes_on = !matches!(bytes.first(), Some(b'#' | 0xEF | 0xFE | 0xFF));
        if self.stream.is_none() || !goes_on {
            self.stream = Some(Stream::new(self.hints.clone()));
        }
    }

    /// Keeps what has been taken in since the end of the last record, `done`.
    pub fn keep_tail(&mut self, bytes: &[u8], done: u64) {
        let before = self.offset;
        self.offset += bytes.len() as u64;
        let start = before - self.tail.len() as u64;
        self.tail.extend_from_slice(if done >= before { &[] } else { bytes });
        let drop = usize::try_from(done.saturating_sub(start)).unwrap_or(usize::MAX);
        if done >= before {
            let rest = usize::try_from(done - before).ok().and_then(|from| bytes.get(from..));
            self.tail = rest.unwrap_or_default().to_vec();
        } else {
            self.tail.drain(..drop.min(self.tail.len()));
        }
        if self.tail.len() > MAX_TAIL {
            self.tail.clear();
        }
    }

    /// What was counted of it, with the bytes of a line without its end.
    pub fn summary(&self, pending_bytes: u64) -> SourceSummary {
        SourceSummary {
            path: self.path.to_string_lossy().into_owned(),
            kind: self.kind.name().to_owned(),
            lines: self.lines,
            malformed: self.malformed,
            lost_bytes: self.lost,
            torn_bytes: self.torn,
            pending_bytes,
            problem: self.problem.clone(),
        }
    }

    pub fn state(&self, id: SourceId) -> SourceState {
        let stream = self.stream.as_ref();
        SourceState {
            source: id.0,
            path: PathBuf::from(self.path.to_string_lossy().into_owned()),
            kind: self.kind.name().to_owned(),
            floor: self.floor,
            lines: self.lines,
            malformed: self.malformed,
            lost: self.lost,
            torn: self.torn,
            offset: self.offset,
            utf16: stream.and_then(Stream::utf16),
            refused: self.kind == Kind::Unknown && stream.is_some_and(|s| s.remark().is_some()),
            preamble: stream.map(Stream::preamble).unwrap_or_default(),
            tail: self.tail.clone(),
        }
    }

    pub fn restore(state: SourceState, zone: Zone) -> Self {
        let kind = FORMATS.iter().map(|f| f.kind).find(|k| k.name() == state.kind).unwrap_or(Kind::Unknown);
        let name = state.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let hints = Hints { zone, modified: None, name };
        let start = state.offset - state.tail.len() as u64;
        let mut stream = if start == 0 && kind == Kind::Unknown && !state.refused {
            Stream::new(hints.clone())
        } else {
            Stream::resume(kind, hints.clone(), &state.preamble, start, 1, state.utf16)
        };
        // Nothing had come of these bytes, so nothing comes of them now.
        stream.feed(&state.tail, &mut Count::default());
        Self {
            stream: Some(stream),
            lines: state.lines,
            malformed: state.malformed,
            lost: state.lost,
            torn: state.torn,
            kind,
            offset: state.offset,
            tail: state.tail,
            ..Self::new(state.path, hints, state.floor)
        }
    }
}

/// Counts what one piece of a log gives.
#[derive(Default)]
pub(super) struct Count<'a> {
    pub floor: u64,
    pub lines: u64,
    pub malformed: u64,
    pub digest: u64,
    /// The end of the last record or malformed line.
    pub done: u64,
    pub dump: Option<&'a mut Dump>,
    pub error: Option<io::Error>,
}

impl Count<'_> {
    fn counts(&mut self, offset: u64, len: u32) -> bool {
        self.done = self.done.max(offset + u64::from(len));
        offset >= self.floor
    }
}

impl Sink for Count<'_> {
    fn record(&mut self, record: Record<'_>) {
        let Position { offset, len, .. } = record.position;
        if !self.counts(offset, len) || matches!(record.fact, Fact::Settings(_)) {
            return;
        }
        self.lines += 1;
        self.digest = self.digest.wrapping_add(fnv1a(record.raw));
        if let Some(dump) = &mut self.dump {
            dump.len += record.raw.len() as u64 + 1;
            if let Err(e) = dump.file.write_all(record.raw).and_then(|()| dump.file.write_all(b"\n")) {
                self.error.get_or_insert(e);
            }
        }
    }

    fn malformed(&mut self, line: Line<'_>, _: &'static str) {
        if self.counts(line.offset, line.len) {
            self.malformed += 1;
        }
    }
}

/// FNV-1a with 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
