//! Counting: envelopes in, totals out.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::source::{Count, Source, SourceState};
use super::state::{Snapshot, create};
use super::summary::{SourceSummary, Summary};
use crate::engine::{Envelope, Payload};
use crate::formats::stream::Stream;
use crate::formats::{Ability, Kind, Sink, format};
use crate::record::SourceId;
use crate::sources::clock::Tick;
use crate::sources::follow::{Checkpoint, Follower};
use crate::sources::recording::Recorder;
use crate::time::Zone;

/// The file that records are copied to.
pub(super) struct Dump {
    pub file: BufWriter<File>,
    pub len: u64,
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
    /// Envelopes taken.
    pub taken: u64,
    dump: Option<Dump>,
    dump_error: Option<io::Error>,
    skipping: bool,
    /// Writes down what is counted.
    pub recorder: Option<Recorder>,
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
            taken: 0,
            dump: dump.transpose()?,
            dump_error: None,
            skipping: false,
            recorder: None,
        })
    }

    /// Logs that are met while this is on are counted from their present end.
    pub fn skip_what_is_there(&mut self, skip: bool) {
        self.skipping = skip;
    }

    pub fn take(&mut self, envelope: Envelope) {
        let id = envelope.source;
        self.taken += 1;
        if let Some(recorder) = &mut self.recorder {
            recorder.take(&envelope, Tick::now());
        }
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
            Payload::Health(_) | Payload::Settings(_) | Payload::Damaged(_) | Payload::Gap(_) => {}
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
            recording: None,
        }
    }
}
