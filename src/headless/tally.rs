//! Counting: envelopes in, totals out.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::source::{Count, Source, SourceState};
use super::state::{Snapshot, create};
use super::summary::{SourceSummary, Summary};
use crate::engine::{Envelope, Health, Payload};
use crate::formats::stream::Stream;
use crate::formats::{Ability, Sink, format};
use crate::record::SourceId;
use crate::sources::clock::Tick;
use crate::sources::follow::{Checkpoint, Follower};
use crate::sources::recording::Recorder;
use crate::time::Zone;

/// Paths whose logs are gone that are told apart; more are added up.
const MAX_PAST: usize = 4096;
/// What they are added up under. No path begins so.
const OLDER: &str = " older logs";

/// The file that records are copied to.
pub(super) struct Dump {
    pub file: BufWriter<File>,
    pub len: u64,
}

/// All that is counted.
pub(super) struct Tally {
    zone: Zone,
    sources: BTreeMap<SourceId, Source>,
    /// What was counted of logs that will not grow any more, by their paths.
    past: BTreeMap<String, SourceSummary>,
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

/// Why nothing can be counted of a log at the moment.
fn problem(health: Health) -> Option<String> {
    match health {
        Health::Denied(why) | Health::Unreachable(why) => Some(why),
        Health::Unmatched => Some(String::from("nothing matches")),
        Health::Waiting => Some(String::from("not there")),
        _ => None,
    }
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
            past: BTreeMap::new(),
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
            Payload::Opened(opened) | Payload::Ahead(opened, _) => {
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
            Payload::Closed => self.close(id),
            Payload::Lost(bytes) => self.change(id, |source| source.lost += bytes),
            Payload::Torn(bytes) => self.change(id, |source| source.torn += bytes),
            Payload::Filled { offset, bytes } => self.fill(id, offset, &bytes),
            // They only say what is there, or is not.
            Payload::Health(Health::LeftOut(..)) => drop(self.sources.remove(&id)),
            Payload::Health(health) => self.change(id, |source| source.problem = problem(health)),
            Payload::Half(_) | Payload::Settings(_) | Payload::Damaged(_) | Payload::Gap(_) | Payload::Inventory(_) => {}
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
        source.kind = stream.kind();
        source.keep_tail(bytes, count.done);
        let Count { lines, malformed, digest, error, .. } = count;
        self.add(id, lines, malformed, digest, error);
    }

    fn add(&mut self, id: SourceId, lines: u64, malformed: u64, digest: u64, error: Option<io::Error>) {
        self.dump_error = self.dump_error.take().or(error);
        let Some(source) = self.sources.get_mut(&id) else { return };
        let is_read = matches!(format(source.kind).map(|f| f.ability), Some(Ability::Read(_)));
        // Lines of a file that is no log of ours are no records, and so none that are malformed.
        let malformed = if is_read { malformed } else { 0 };
        source.lines += lines;
        source.malformed += malformed;
        self.lines += lines;
        self.malformed += malformed;
        self.digest = self.digest.wrapping_add(digest);
    }

    /// Counts what stands where a hole was. The log's own decoder is past it.
    fn fill(&mut self, id: SourceId, offset: u64, bytes: &[u8]) {
        let Some(source) = self.sources.get(&id) else { return };
        let Some(now) = source.stream.as_ref() else { return };
        let mut stream = Stream::resume(source.kind, source.hints.clone(), &now.preamble(), offset, 1, None);
        let mut count = Count { floor: source.floor, dump: self.dump.as_mut(), ..Count::default() };
        stream.feed(bytes, &mut count);
        stream.finish(&mut count);
        let Count { lines, malformed, digest, error, .. } = count;
        self.add(id, lines, malformed, digest, error);
    }

    /// Counts what is complete as far as anyone can tell. What a snapshot says must be said before: a run that goes on from it reads
    /// these lines again.
    pub fn conclude(&mut self) {
        for id in self.sources.keys().copied().collect::<Vec<_>>() {
            self.decode(id, &[], |stream, sink| stream.settle(sink));
        }
    }

    fn change(&mut self, id: SourceId, change: impl FnOnce(&mut Source)) {
        if let Some(source) = self.sources.get_mut(&id) {
            change(source);
        }
    }

    /// A log that will not grow: of it only what was counted is kept.
    fn close(&mut self, id: SourceId) {
        self.decode(id, &[], |stream, sink| stream.finish(sink));
        self.at.retain(|_, source| *source != id);
        let Some(source) = self.sources.remove(&id) else { return };
        if source.offset > 0 || source.lost > 0 {
            let counted = source.summary(0);
            self.past.entry(counted.path.clone()).or_default().add(&counted);
        }
        while self.past.len() > MAX_PAST {
            // With dates in their names the oldest stand first.
            let first = self.past.keys().find(|path| *path != OLDER).cloned();
            let Some(summary) = first.and_then(|path| self.past.remove(&path)) else { return };
            self.past.entry(OLDER.to_owned()).or_default().add(&summary);
        }
    }

    pub fn past(&self) -> Vec<SourceSummary> {
        let named = self.past.iter().map(|(path, summary)| SourceSummary { path: path.clone(), ..summary.clone() });
        named.collect()
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
        self.past = snapshot.past.into_iter().map(|summary| (summary.path.clone(), summary)).collect();
        Ok(snapshot.checkpoint)
    }

    pub fn source_states(&self) -> Vec<SourceState> {
        self.sources.iter().map(|(id, source)| source.state(*id)).collect()
    }

    /// What was counted, by the paths at which logs were met.
    pub fn summary(&self, follower: &Follower) -> Summary {
        let pending: HashMap<SourceId, u64> = follower.pending().collect();
        let mut by_path = self.past.clone();
        for (id, source) in self.sources.iter().filter(|(_, s)| s.offset > 0 || s.problem.is_some() || s.path.is_file()) {
            let counted = source.summary(pending.get(id).copied().unwrap_or(0));
            by_path.entry(counted.path.clone()).or_default().add(&counted);
        }
        let named = by_path.into_iter().map(|(path, summary)| SourceSummary { path, ..summary });
        Summary {
            lines: self.lines,
            malformed: self.malformed,
            digest: format!("{:016x}", self.digest),
            sources: named.collect(),
            recording: None,
        }
    }
}
