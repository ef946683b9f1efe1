//! Finished files on all processors: each worker folds what it gets into an engine of its own, small files whole, of a large one parts.
//!
//! A part ends where a line ends, and is understood by itself, with the `#Fields` in force where it begins. So whoever fetches a part
//! looks for lines that begin with `#`, and counts the lines, before the next worker may fetch the next part; then it decodes its own
//! while the others fetch theirs. That needs no thread that only reads, and no more memory than a buffer a worker.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use memchr::{memchr, memrchr};

use super::{Input, PIECE, Place};
use crate::engine::part::Part;
use crate::engine::{Engine, Envelope, Health, Opened, Payload};
use crate::formats::glance::Glance;
use crate::formats::stream::Stream;
use crate::formats::{Hints, Ignore};
use crate::record::SourceId;
use crate::time::{Time, Zone};

/// How the work is cut up.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// Bytes of a part.
    pub part: u64,
    /// Files of fewer bytes are read whole.
    pub whole: u64,
}

impl Default for Cut {
    fn default() -> Self {
        Self { part: 1 << 20, whole: 4 << 20 }
    }
}

/// The bytes of a log, as they stand in its file or as they are unpacked.
type Bytes = Box<dyn Read + Send>;

/// Logs that are read.
pub(super) struct Work<'a> {
    logs: &'a [(SourceId, &'a Input)],
    zone: Zone,
    cut: Cut,
    read: &'a AtomicU64,
    next: Mutex<Next>,
}

/// What has not been fetched.
#[derive(Default)]
struct Next {
    /// How many logs have been.
    begun: usize,
    large: Option<Large>,
    /// Logs that were cut up, each with the version of IIS that its last `#Software` names.
    cut_up: Vec<(SourceId, Option<(u8, u8)>)>,
}

/// A log of which parts are fetched.
struct Large {
    source: SourceId,
    opened: Opened,
    bytes: Bytes,
    /// Knows what stands in lines that begin with `#`.
    guide: Stream,
    /// Where the next part begins, and the number of its first line.
    offset: u64,
    line: u64,
    /// The beginning of its first line.
    carry: Vec<u8>,
}

/// What a worker has to do.
enum Task<'a> {
    /// A file, from its beginning to its end.
    Whole(SourceId, &'a Input),
    /// A part whose bytes lie in the buffer; the rest of the file, too, where it cannot be cut up.
    Part { source: SourceId, opened: Opened, part: Part, rest: Option<Bytes> },
    /// A file that cannot be read any further.
    Broken(SourceId, Opened, io::Error),
}

impl<'a> Work<'a> {
    pub fn new(logs: &'a [(SourceId, &'a Input)], zone: Zone, cut: Cut, read: &'a AtomicU64) -> Self {
        Self { logs, zone, cut, read, next: Mutex::default() }
    }

    /// What a worker does, until nothing is left to do: gives its engine. A file that is a configuration, though its name does not say
    /// so, tells nothing of the logs that the worker happens to read after it: its engine comes by itself.
    pub fn share(&self, new_engine: impl Fn() -> Engine) -> (Engine, Vec<(SourceId, Engine)>) {
        let (mut engine, mut apart) = (new_engine(), Vec::new());
        let mut buffer = Vec::new();
        while let Some(task) = self.fetch(&mut buffer) {
            self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
            match task {
                Task::Whole(source, input) => {
                    let mut one = new_engine();
                    self.whole(source, input, &mut one);
                    if one.limits().settings == engine.limits().settings {
                        engine.merge(one);
                    } else {
                        apart.push((source, one));
                    }
                }
                Task::Part { source, opened, part, rest } => {
                    engine.begin_part(source, &opened, &part);
                    engine.take_part(source, &buffer);
                    let is_last = rest.is_some();
                    if let Some(bytes) = rest
                        && let Err(error) = self.rest(source, bytes, &mut buffer, &mut engine)
                    {
                        fail(source, &error, &mut engine);
                    }
                    engine.end_part(source);
                    if is_last {
                        let iis = engine.sources().get(&source).and_then(|source| source.iis);
                        self.next.lock().unwrap_or_else(PoisonError::into_inner).cut_up.push((source, iis));
                    }
                }
                Task::Broken(source, opened, error) => {
                    engine.meet(source, &opened);
                    fail(source, &error, &mut engine);
                }
            }
        }
        (engine, apart)
    }

    /// Tells the engine that all have become of the logs that were cut up.
    pub fn finish(self, engine: &mut Engine) {
        let next = self.next.into_inner().unwrap_or_else(PoisonError::into_inner);
        next.cut_up.into_iter().for_each(|(source, iis)| engine.end_parts(source, iis));
    }

    fn whole(&self, source: SourceId, input: &Input, engine: &mut Engine) {
        input.play_into(source, self.zone, Time::MIN, &mut |envelope| {
            if let Payload::Bytes(bytes) = &envelope.payload {
                self.read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            }
            engine.take(envelope);
            true
        });
    }

    fn rest(&self, source: SourceId, mut bytes: Bytes, buffer: &mut Vec<u8>, engine: &mut Engine) -> io::Result<()> {
        loop {
            buffer.clear();
            (&mut bytes).take(PIECE as u64).read_to_end(buffer)?;
            if buffer.is_empty() {
                return Ok(());
            }
            self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
            engine.take_part(source, buffer);
        }
    }

    /// The next thing to do; the bytes of a part come into the buffer.
    fn fetch(&self, buffer: &mut Vec<u8>) -> Option<Task<'a>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.clear();
        loop {
            if let Some(large) = &mut next.large {
                match large.fetch(self.cut, buffer) {
                    Ok(Some(task)) => {
                        if matches!(task, Task::Part { rest: Some(_), .. }) {
                            // Who has the rest tells how the log ended.
                            next.large = None;
                        }
                        return Some(task);
                    }
                    Ok(None) => next.end_large(),
                    Err(error) => {
                        let broken = Task::Broken(large.source, large.opened.clone(), error);
                        next.end_large();
                        return Some(broken);
                    }
                }
            }
            let (source, input) = *self.logs.get(next.begun)?;
            next.begun += 1;
            let is_last = next.begun == self.logs.len();
            let bytes = input.bytes_to_cut_up(self.cut, is_last);
            next.large = bytes.and_then(|bytes| Large::begin(source, input, bytes, self.zone, self.cut));
            if next.large.is_none() {
                return Some(Task::Whole(source, input));
            }
        }
    }
}

fn fail(source: SourceId, error: &io::Error, engine: &mut Engine) {
    engine.take(Envelope { heard: Time::MIN, source, payload: Payload::Health(Health::Denied(error.to_string())) });
}

impl Next {
    fn end_large(&mut self) {
        self.cut_up.extend(self.large.take().map(|large| (large.source, large.guide.iis())));
    }
}

impl Input {
    /// The bytes, if they are many enough and nothing else matters. Of several packed logs each keeps one worker busy with unpacking:
    /// only for the last one others have time.
    fn bytes_to_cut_up(&self, cut: Cut, is_last: bool) -> Option<Bytes> {
        if self.size < cut.whole || self.written.is_some() || self.redacted.is_some() {
            return None;
        }
        match &self.place {
            Place::File(path) => Some(Box::new(File::open(path).ok()?)),
            Place::Packed(packed) if is_last => Some(Box::new(packed.open().ok()?)),
            _ => None,
        }
    }

    pub(super) fn opened(&self, zone: Zone) -> Opened {
        let name = self.plain_name().file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let hints = Hints { zone, modified: self.modified, name };
        Opened { path: self.name.clone(), hints, size: self.most(), generation: 0, first_look: true, has_file: true }
    }
}

impl Large {
    /// Looks at the head of a file; `None` if its rows are not understood one by one.
    fn begin(source: SourceId, input: &Input, mut bytes: Bytes, zone: Zone, cut: Cut) -> Option<Self> {
        let opened = input.opened(zone);
        let mut first = Stream::new(opened.hints.clone());
        let mut head = Vec::new();
        (&mut bytes).take(cut.part.min(PIECE as u64)).read_to_end(&mut head).ok()?;
        let end = memrchr(b'\n', &head)? + 1;
        first.feed(head.get(..end)?, &mut Ignore);
        let starts_with_text = !matches!(head.first(), Some(0xEF..));
        let is_sure = first.is_by_row() && first.remark().is_none() && starts_with_text;
        let guide = Stream::resume(first.kind(), opened.hints.clone(), &[], 0, 1, None);
        is_sure.then_some(Self { source, opened, bytes, guide, offset: 0, line: 1, carry: head })
    }

    fn fetch(&mut self, cut: Cut, buffer: &mut Vec<u8>) -> io::Result<Option<Task<'static>>> {
        buffer.append(&mut self.carry);
        // To a multiple of a part's size, whatever was read of it before.
        let read = self.offset + buffer.len() as u64;
        let upto = (self.offset / cut.part + 1) * cut.part;
        let wanted = upto.saturating_sub(read).max(if read.is_multiple_of(cut.part) { cut.part } else { 0 });
        let got = (&mut self.bytes).take(wanted).read_to_end(buffer)?;
        let is_end = got as u64 != wanted;
        if buffer.is_empty() {
            return Ok(None);
        }
        let part = Part {
            kind: self.guide.kind(),
            offset: self.offset,
            line: self.line,
            preamble: self.guide.preamble(),
            iis: self.guide.iis(),
        };
        let end = if is_end { Some(buffer.len()) } else { memrchr(b'\n', buffer).map(|end| end + 1) };
        // Holes of NULs end lines, too, and a line over all bounds has no end here: such a file goes on in one piece.
        let whole = end.and_then(|end| Some((end, Glance::at(buffer.get(..end)?)?)));
        let rest = match whole {
            Some((end, glance)) => {
                self.carry.extend_from_slice(buffer.get(end..).unwrap_or_default());
                buffer.truncate(end);
                self.learn(buffer, &glance);
                if self.guide.is_by_row() { None } else { Some(self.back()) }
            }
            None => Some(self.back()),
        };
        self.offset += buffer.len() as u64;
        Ok(Some(Task::Part { source: self.source, opened: self.opened.clone(), part, rest }))
    }

    /// The bytes from where the lines end that have been fetched.
    fn back(&mut self) -> Bytes {
        let rest = std::mem::replace(&mut self.bytes, Box::new(io::empty()));
        Box::new(Cursor::new(std::mem::take(&mut self.carry)).chain(rest))
    }

    /// Counts the lines, and has the guide read those that begin with `#`.
    fn learn(&mut self, lines: &[u8], Glance { feeds, directives }: &Glance) {
        self.line += feeds;
        for line in directives.iter().filter_map(|begin| lines.get(*begin..)) {
            let end = memchr(b'\n', line).map_or(line.len(), |end| end + 1);
            self.guide.feed(line.get(..end).unwrap_or_default(), &mut Ignore);
        }
    }
}
