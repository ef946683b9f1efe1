//! Finished files on all processors: each worker folds what it gets into an engine of its own, small files whole, of a large one parts.
//!
//! A part ends where a line ends, and is understood by itself, with the `#Fields` in force where it begins. So whoever fetches a part
//! looks for lines that begin with `#`, and counts the lines, before the next worker may fetch the next part; then it decodes its own
//! while the others fetch theirs. That needs no thread that only reads, and no more memory than a buffer a worker.
//!
//! Where what happened from some moment on is wanted first, logs are begun ahead of what stands before: at a [`Joint`].

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ahead::Joint;
use super::buffer::Buffer;
use super::bytes::Bytes;
use super::large::Large;
use super::{Input, PIECE, Piece};
use crate::engine::part::{End, Part};
use crate::engine::{Engine, Envelope, Health, Opened, Payload};
use crate::record::SourceId;
use crate::time::{Time, Zone};

/// How the work is cut up.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// Bytes of a part.
    pub part: u64,
    /// Files of fewer bytes are read whole.
    pub whole: u64,
    /// Bytes after which a worker hands on what it found.
    pub piece: u64,
    /// Bytes that are read before those which stand before them, where what happened last is wanted first.
    pub back: u64,
}

impl Default for Cut {
    fn default() -> Self {
        Self { part: 2 << 20, whole: 4 << 20, piece: u64::MAX, back: 256 << 20 }
    }
}

/// A log, or a stretch of it.
#[derive(Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub source: SourceId,
    pub input: &'a Input,
    /// Where it is begun ahead of what stands before; `None` for the log's beginning.
    pub begin: Option<&'a Joint>,
    /// Where another stretch begins that goes on with it; `None` for the log's end.
    pub end: Option<&'a Joint>,
}

impl<'a> Stretch<'a> {
    /// The stretches of a log that is begun at some joints, the last stretch first.
    pub fn all(
        (source, input): (SourceId, &'a Input),
        joints: impl Iterator<Item = &'a Joint> + Clone,
        end: Option<&'a Joint>,
    ) -> impl Iterator<Item = Self> {
        let ends = std::iter::once(end).chain(joints.clone().map(Some));
        let begins = joints.map(Some).chain([None]);
        begins.zip(ends).map(move |(begin, end)| Self { source, input, begin, end })
    }

    fn from(&self) -> u64 {
        self.begin.map_or(0, |joint| joint.offset)
    }
}

/// Logs that are read.
pub(super) struct Work<'a> {
    stretches: &'a [Stretch<'a>],
    zone: Zone,
    cut: Cut,
    read: &'a AtomicU64,
    hand_on: &'a (dyn Fn(Piece) -> bool + Sync),
    /// Nobody wants any more of it.
    stop: AtomicBool,
    next: Mutex<Next>,
}

/// What has not been fetched.
#[derive(Default)]
struct Next {
    /// How many stretches have been.
    begun: usize,
    large: Option<Large>,
    /// Engines that know settings of their own.
    apart: Vec<(SourceId, Engine, u64)>,
    /// How the stretches end that were cut up, by where they begin.
    ends: BTreeMap<(SourceId, u64), End>,
    /// What stands before a joint is not such that the log can be begun there.
    wrong: bool,
}

/// What a worker has to do.
pub(super) enum Task<'a> {
    /// A file, from its beginning to its end.
    Whole(SourceId, &'a Input),
    /// A part whose bytes lie in the buffer, of a stretch that begins at `from`; the rest of the stretch, too, where it cannot be cut
    /// up.
    Part { source: SourceId, from: u64, opened: Opened, part: Part, rest: Option<Bytes> },
    /// A file that cannot be read any further.
    Broken(SourceId, Opened, io::Error),
}

impl<'a> Work<'a> {
    pub fn new(
        stretches: &'a [Stretch<'a>],
        zone: Zone,
        (cut, read): (Cut, &'a AtomicU64),
        hand_on: &'a (dyn Fn(Piece) -> bool + Sync),
    ) -> Self {
        Self { stretches, zone, cut, read, hand_on, stop: AtomicBool::new(false), next: Mutex::default() }
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_on(&self, engine: Engine, bytes: u64) {
        if !(self.hand_on)(Piece::Found(Box::new(engine.as_part()), bytes)) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// What a worker does, until nothing is left to do. A file that is a configuration, though its name does not say so, tells nothing
    /// of the logs that the worker happens to read after it: its engine waits until the end.
    pub fn share(&self, new_engine: &(dyn Fn() -> Engine + Sync)) {
        let mut engine = new_engine();
        let (mut buffer, mut bytes) = (Buffer::default(), 0);
        while let Some(task) = self.fetch(&mut buffer) {
            let len = buffer.held().len() as u64;
            self.read.fetch_add(len, Ordering::Relaxed);
            bytes += len;
            match task {
                Task::Whole(source, input) => {
                    let mut one = new_engine();
                    let taken = self.whole(source, input, &mut one);
                    if one.limits().settings == engine.limits().settings {
                        engine.merge(one);
                        bytes += taken;
                    } else {
                        self.next().apart.push((source, one, taken));
                    }
                }
                Task::Part { source, from, opened, part, rest } => {
                    engine.begin_part(source, &opened, &part);
                    engine.take_part(source, buffer.held());
                    let is_last = rest.is_some();
                    if let Some(rest) = rest {
                        bytes += self.rest(source, rest, &mut buffer, &mut engine);
                    }
                    let end = engine.end_part(source);
                    if is_last {
                        self.next().ends.insert((source, from), end);
                    }
                }
                Task::Broken(source, opened, error) => {
                    engine.meet(source, &opened);
                    fail(source, &error, &mut engine);
                }
            }
            if bytes >= self.cut.piece {
                self.hand_on(std::mem::replace(&mut engine, new_engine()), std::mem::take(&mut bytes));
            }
        }
        self.hand_on(engine, bytes);
    }

    /// How the logs end that were cut up; `None` if one was begun where it says otherwise how it is read.
    pub fn finish(self) -> Option<BTreeMap<SourceId, End>> {
        let mut next = std::mem::take(&mut *self.next());
        next.apart.sort_by_key(|(source, ..)| *source);
        next.apart.into_iter().for_each(|(_, engine, bytes)| self.hand_on(engine, bytes));
        let mut ends: BTreeMap<SourceId, End> = BTreeMap::new();
        // Where some bytes are missing, nobody knows how many lines stood there.
        let mut torn: BTreeSet<SourceId> = BTreeSet::new();
        for ((source, from), end) in next.ends {
            let stretch = self.stretches.iter().find(|stretch| stretch.source == source && stretch.from() == from)?;
            let missing = stretch.end.map_or(0, |joint| joint.offset.saturating_sub(end.offset));
            if missing == 0 && stretch.end.is_some_and(|joint| !joint.agrees(&end)) {
                return None;
            }
            let before = ends.remove(&source);
            if missing > 0 {
                torn.insert(source);
            }
            // What is left of a log that was cut off is met again by whoever follows it.
            let left = stretch.input.place.left_of(stretch.input.size).unwrap_or(0);
            let lost = missing.min(stretch.end.map_or(0, |joint| joint.offset.saturating_sub(left)));
            if lost > 0 && !self.stop.load(Ordering::Relaxed) {
                let payload = Payload::Lost(lost);
                _ = (self.hand_on)(Piece::Told(Envelope { heard: Time::MIN, source, payload }));
            }
            let counted = stretch.end.map(|joint| joint.offset).filter(|_| !torn.contains(&source));
            ends.insert(source, end.after(before, counted));
        }
        (!next.wrong).then_some(ends)
    }

    fn whole(&self, source: SourceId, input: &Input, engine: &mut Engine) -> u64 {
        let mut all = 0;
        input.play_into(source, self.zone, Time::MIN, &mut |envelope| {
            if let Payload::Bytes(bytes) = &envelope.payload {
                self.read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                all += bytes.len() as u64;
            }
            engine.take(envelope);
            !self.stop.load(Ordering::Relaxed)
        });
        all
    }

    fn rest(&self, source: SourceId, mut bytes: Bytes, buffer: &mut Buffer, engine: &mut Engine) -> u64 {
        let mut all = 0;
        while !self.stop.load(Ordering::Relaxed) {
            buffer.begin(&[]);
            match buffer.read(&mut bytes, PIECE as u64) {
                Ok(0) => break,
                Ok(read) => {
                    self.read.fetch_add(read as u64, Ordering::Relaxed);
                    all += read as u64;
                    engine.take_part(source, buffer.held());
                }
                Err(error) => {
                    fail(source, &error, engine);
                    break;
                }
            }
        }
        all
    }

    /// The next thing to do; the bytes of a part come into the buffer.
    fn fetch(&self, buffer: &mut Buffer) -> Option<Task<'a>> {
        let mut next = self.next();
        buffer.begin(&[]);
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
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
            let stretch = *self.stretches.get(next.begun)?;
            next.begun += 1;
            let is_last = next.begun == self.stretches.len();
            next.large = self.begin(&stretch, is_last);
            if next.large.is_none() && stretch.begin.or(stretch.end).is_none() {
                return Some(Task::Whole(stretch.source, stretch.input));
            }
            if next.large.is_none() && stretch.input.place.left_of(stretch.input.size).is_some() {
                next.ends.insert((stretch.source, stretch.from()), End::at(stretch.from()));
            } else {
                next.wrong |= next.large.is_none();
            }
        }
    }

    fn begin(&self, stretch: &Stretch<'_>, is_last: bool) -> Option<Large> {
        let Stretch { source, input, begin, end } = *stretch;
        let bytes = match (begin, end) {
            (None, None) => input.bytes_to_cut_up(self.cut, is_last)?,
            (_, None) => input.place.bytes_from(stretch.from(), input.size)?,
            (_, Some(end)) => Box::new(input.place.bytes_from(stretch.from(), input.size)?.take(end.offset - stretch.from())),
        };
        match begin {
            None => Large::begin(source, input, bytes, self.zone, self.cut),
            Some(joint) => Some(Large::begin_ahead(source, input, bytes, self.zone, joint)),
        }
    }
}

fn fail(source: SourceId, error: &io::Error, engine: &mut Engine) {
    engine.take(Envelope { heard: Time::MIN, source, payload: Payload::Health(Health::Denied(error.to_string())) });
}

impl Next {
    fn end_large(&mut self) {
        self.ends.extend(self.large.take().map(|large| ((large.source, large.from), large.end())));
    }
}
