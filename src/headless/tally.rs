//! Counting: envelopes in, totals out.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::state::{Snapshot, create};
use crate::engine::{Envelope, Payload};
use crate::formats::lines::Line;
use crate::formats::stream::Stream;
use crate::formats::{Ability, FORMATS, Hints, Kind, Sink, format};
use crate::record::{Fact, Position, Record, SourceId};
use crate::sources::follow::{Checkpoint, Follower};
use crate::sources::hex;
use crate::time::Zone;

/// Bytes kept of a log that no record has come of yet. They are decoded again after a restart.
const MAX_TAIL: usize = 1 << 20;

/// A log as it is counted.
struct Source {
    /// Where it was met.
    path: PathBuf,
    hints: Hints,
    /// `None` until its first byte comes, and after its last.
    stream: Option<Stream>,
    /// Records that begin before this are not counted.
    floor: u64,
    lines: u64,
    malformed: u64,
    lost: u64,
    kind: Kind,
    /// Bytes taken in.
    offset: u64,
    /// The last bytes taken in that nothing has come of yet.
    tail: Vec<u8>,
}

/// A log in a snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SourceState {
    source: u32,
    path: PathBuf,
    kind: String,
    floor: u64,
    lines: u64,
    malformed: u64,
    lost: u64,
    offset: u64,
    utf16: Option<bool>,
    /// It is of no kind that can be read.
    refused: bool,
    #[serde(with = "hex")]
    preamble: Vec<u8>,
    #[serde(with = "hex")]
    tail: Vec<u8>,
}

struct Dump {
    file: BufWriter<File>,
    len: u64,
}

/// All that is counted.
pub(super) struct Tally {
    zone: Zone,
    sources: BTreeMap<SourceId, Source>,
    /// The log that lies at a path now.
    at: HashMap<PathBuf, SourceId>,
    pub lines: u64,
    pub malformed: u64,
    pub digest: u64,
    dump: Option<Dump>,
    dump_error: Option<io::Error>,
    skipping: bool,
}

impl Tally {
    pub fn new(zone: Zone, dump: Option<&Path>) -> anyhow::Result<Self> {
        let open = |path: &Path| -> io::Result<Dump> {
            let mut file = create(path, false)?;
            let len = file.seek(SeekFrom::End(0))?;
            Ok(Dump { file: BufWriter::new(file), len })
        };
        let dump = dump.map(|path| open(path).with_context(|| format!("the dump {} cannot be written", path.display())));
        Ok(Self {
            zone,
            sources: BTreeMap::new(),
            at: HashMap::new(),
            lines: 0,
            malformed: 0,
            digest: 0,
            dump: dump.transpose()?,
            dump_error: None,
            skipping: false,
        })
    }

    /// Logs that are met while this is on are counted from their present end.
    pub fn skip_what_is_there(&mut self, skip: bool) {
        self.skipping = skip;
    }

    pub fn take(&mut self, envelope: Envelope) {
        let id = envelope.source;
        match envelope.payload {
            Payload::Opened(opened) => {
                let floor = if self.skipping { opened.size } else { 0 };
                let mut source = Source::new(opened.path.clone(), opened.hints, floor);
                source.stream = self.at.get(&opened.path).and_then(|old| self.sources.get(old)).and_then(|old| old.heir(&source));
                self.sources.insert(id, source);
                self.at.insert(opened.path, id);
            }
            Payload::Renamed(path) => {
                self.at.retain(|_, source| *source != id);
                self.at.insert(path, id);
            }
            Payload::Bytes(bytes) => self.decode(id, &bytes, |stream, sink| stream.feed(&bytes, sink)),
            Payload::Quiet => self.decode(id, &[], |stream, sink| stream.idle(sink)),
            Payload::Closed => {
                self.decode(id, &[], |stream, sink| stream.finish(sink));
                if let Some(source) = self.sources.get_mut(&id) {
                    (source.stream, source.tail) = (None, Vec::new());
                }
            }
            Payload::Lost(bytes) => {
                if let Some(source) = self.sources.get_mut(&id) {
                    source.lost += bytes;
                }
            }
            Payload::Health(_) | Payload::Settings(_) => {}
        }
    }

    fn decode(&mut self, id: SourceId, bytes: &[u8], feed: impl FnOnce(&mut Stream, &mut dyn Sink)) {
        let Some(source) = self.sources.get_mut(&id) else { return };
        if source.offset == 0 && !bytes.is_empty() {
            source.begin(bytes);
        }
        let Some(stream) = source.stream.as_mut() else { return };
        let mut count = Count { floor: source.floor, dump: self.dump.as_mut(), ..Count::default() };
        feed(stream, &mut count);
        let Count { lines, mut malformed, digest, done, error, .. } = count;
        source.kind = stream.kind();
        if !matches!(format(source.kind).map(|f| f.ability), Some(Ability::Read(_))) {
            // Lines of a file that is no log of ours are no records, and so none that are malformed.
            malformed = 0;
        }
        source.lines += lines;
        source.malformed += malformed;
        self.lines += lines;
        self.malformed += malformed;
        self.digest = self.digest.wrapping_add(digest);
        self.dump_error = self.dump_error.take().or(error);
        source.keep_tail(bytes, done);
    }

    /// Hands the dump's bytes to the system.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        if let Some(error) = self.dump_error.take() {
            return Err(error).context("the dump could not be written");
        }
        self.dump.as_mut().map_or(Ok(()), |dump| dump.file.flush()).context("the dump could not be written")
    }

    pub fn sync_dump(&mut self) -> io::Result<()> {
        let Some(dump) = &mut self.dump else { return Ok(()) };
        dump.file.flush()?;
        dump.file.get_ref().sync_data()
    }

    pub fn dump_len(&self) -> u64 {
        self.dump.as_ref().map_or(0, |dump| dump.len)
    }

    /// Goes on from a snapshot: totals, decoders, and a dump cut back to what it then was.
    pub fn restore(&mut self, snapshot: Snapshot) -> anyhow::Result<Checkpoint> {
        (self.lines, self.malformed, self.digest) = (snapshot.lines, snapshot.malformed, snapshot.digest);
        if let Some(dump) = self.dump.as_mut().filter(|dump| dump.len > snapshot.dump) {
            dump.file.get_ref().set_len(snapshot.dump).context("the dump cannot be cut back")?;
            dump.len = dump.file.seek(SeekFrom::End(0)).context("the dump cannot be cut back")?;
        }
        for log in &snapshot.checkpoint.logs {
            self.at.insert(log.path.clone(), SourceId(log.source));
        }
        for state in snapshot.sources {
            self.sources.insert(SourceId(state.source), Source::restore(state, self.zone));
        }
        Ok(snapshot.checkpoint)
    }

    pub fn source_states(&self) -> Vec<SourceState> {
        self.sources.iter().map(|(id, source)| source.state(*id)).collect()
    }

    /// What was counted, by the paths at which logs were met.
    pub fn summary(&self, follower: &Follower) -> Summary {
        let pending: HashMap<SourceId, u64> = follower.pending().collect();
        let mut by_path: BTreeMap<String, SourceSummary> = BTreeMap::new();
        for (id, source) in self.sources.iter().filter(|(_, s)| s.offset > 0 || s.path.is_file()) {
            let path = source.path.to_string_lossy().into_owned();
            let entry = by_path.entry(path.clone()).or_insert_with(|| SourceSummary { path, ..SourceSummary::default() });
            if source.kind != Kind::Unknown || entry.kind.is_empty() {
                entry.kind = source.kind.name();
            }
            entry.lines += source.lines;
            entry.malformed += source.malformed;
            entry.lost_bytes += source.lost;
            entry.pending_bytes += pending.get(id).copied().unwrap_or(0);
        }
        Summary {
            lines: self.lines,
            malformed: self.malformed,
            digest: format!("{:016x}", self.digest),
            sources: by_path.into_values().collect(),
        }
    }
}

impl Source {
    fn new(path: PathBuf, hints: Hints, floor: u64) -> Self {
        Self {
            path,
            hints,
            stream: None,
            floor,
            lines: 0,
            malformed: 0,
            lost: 0,
            kind: Kind::Unknown,
            offset: 0,
            tail: Vec::new(),
        }
    }

    /// A decoder for the log that comes after this one at the same path, which may go on without a header: a log that was cut off
    /// while its writer went on.
    fn heir(&self, next: &Self) -> Option<Stream> {
        let stream = self.stream.as_ref()?;
        matches!(self.kind, Kind::W3c | Kind::HttpErr)
            .then(|| Stream::resume(self.kind, next.hints.clone(), &stream.preamble(), 0, 1, None))
    }

    /// The first bytes tell whether the log stands for itself.
    fn begin(&mut self, bytes: &[u8]) {
        let goes_on = !matches!(bytes.first(), Some(b'#' | 0xEF | 0xFE | 0xFF));
        if self.stream.is_none() || !goes_on {
            self.stream = Some(Stream::new(self.hints.clone()));
        }
    }

    /// Keeps what has been taken in since the end of the last record, `done`.
    fn keep_tail(&mut self, bytes: &[u8], done: u64) {
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

    fn state(&self, id: SourceId) -> SourceState {
        let stream = self.stream.as_ref();
        SourceState {
            source: id.0,
            path: PathBuf::from(self.path.to_string_lossy().into_owned()),
            kind: self.kind.name().to_owned(),
            floor: self.floor,
            lines: self.lines,
            malformed: self.malformed,
            lost: self.lost,
            offset: self.offset,
            utf16: stream.and_then(Stream::utf16),
            refused: self.kind == Kind::Unknown && stream.is_some_and(|s| s.remark().is_some()),
            preamble: stream.map(Stream::preamble).unwrap_or_default(),
            tail: self.tail.clone(),
        }
    }

    fn restore(state: SourceState, zone: Zone) -> Self {
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
            kind,
            offset: state.offset,
            tail: state.tail,
            ..Self::new(state.path, hints, state.floor)
        }
    }
}

/// Counts what one piece of a log gives.
#[derive(Default)]
struct Count<'a> {
    floor: u64,
    lines: u64,
    malformed: u64,
    digest: u64,
    /// The end of the last record or malformed line.
    done: u64,
    dump: Option<&'a mut Dump>,
    error: Option<io::Error>,
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

/// What was counted.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    lines: u64,
    malformed: u64,
    digest: String,
    sources: Vec<SourceSummary>,
}

/// What was counted of the logs that lay at one path.
#[derive(Debug, Default, Serialize)]
struct SourceSummary {
    path: String,
    kind: &'static str,
    lines: u64,
    malformed: u64,
    /// Cut off before it could be read.
    lost_bytes: u64,
    /// A line without its end.
    pending_bytes: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} records, {} malformed lines, digest {}", self.lines, self.malformed, self.digest)?;
        self.sources
            .iter()
            .try_for_each(|s| writeln!(f, "{}: {}, {} records, {} malformed", s.path, s.kind, s.lines, s.malformed))
    }
}
