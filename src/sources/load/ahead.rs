//! Where a large log is begun when what happened from some moment on is wanted first: found by bisection, without reading the rest.
//!
//! Rows stand in the order in which they were written, which is nearly that of their times: good enough to choose where to begin, since
//! all that stands before is read afterwards. What is assumed of it, the `#Fields` in force, is compared when it has been read.

use std::fs::File;

use memchr::{memchr, memmem};

use super::large::{decoder_of, heed};
use super::parts::Cut;
use super::{Input, PIECE, Place};
use crate::engine::part::{End, Part};
use crate::formats::glance::Glance;
use crate::formats::lines::Line;
use crate::formats::stream::Stream;
use crate::formats::{Hints, Kind, Sink};
use crate::record::Record;
use crate::sources::system::read_at;
use crate::time::{Time, Zone};

/// So many bytes are looked at, at one place of a log.
const LOOK: u64 = 64 * 1024;
/// Lines that tell how rows are read are looked for so many times as far before a joint (16 MiB: a share may be slow). If there are
/// none, they are taken to be those at the log's beginning, until that has been read.
const BACK: u64 = 256;
/// A log is not begun ahead of fewer bytes than these.
pub const FEW: u64 = 16 << 20;
/// What stands before a joint is begun at so many places at most.
const MOST_BACK: u64 = 8;
/// Bytes before a line with `#` that may hold lines which belong to it.
const HEADER: u64 = 4096;

/// What is wanted first of a log.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// What happened from a moment on.
    Since(Time),
    /// What happened in so many milliseconds before its last row.
    Last(i64),
    /// What is written from now on.
    End,
}

/// A place in a log at which it can be begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joint {
    /// The first byte of a line.
    pub offset: u64,
    /// The log's kind.
    pub kind: Kind,
    /// What a decoder must be given first.
    pub preamble: Vec<u8>,
}

impl Joint {
    /// Where a file is begun, the last such place first; `None` if it is small, or something else matters.
    pub(super) fn all(input: &Input, zone: Zone, cut: Cut, wanted: Wanted) -> Option<Vec<Self>> {
        if input.size < cut.whole || input.written.is_some() || input.redacted.is_some() {
            return None;
        }
        let Place::File(path) = &input.place else { return None };
        let (file, hints, look) = (&File::open(path).ok()?, input.opened(zone).hints, cut.part.min(LOOK));
        let log = Log { file, size: input.size, hints: hints.clone(), look };
        let last = log.joint(wanted, cut.whole.min(FEW))?;
        let back = last.back(file, hints, cut);
        Some(std::iter::once(last).chain(back).collect())
    }

    /// Where a file of some size is begun.
    #[must_use]
    pub fn find(file: &File, size: u64, hints: Hints, wanted: Wanted) -> Option<Self> {
        Log { file, size, hints, look: LOOK }.joint(wanted, FEW)
    }

    /// Where what stands before this one is begun, so that what was written last comes first: the last such place first.
    pub(super) fn back(&self, file: &File, hints: Hints, cut: Cut) -> Vec<Self> {
        let log = Log { file, size: self.offset, hints, look: cut.part.min(LOOK) };
        // Where the log's beginning is read otherwise, nobody knows up to where.
        let is_alike = || Some(fields(&log.first()?.preamble()) == fields(&self.preamble));
        let step = cut.back.max(self.offset / MOST_BACK);
        let mut found = Vec::new();
        if self.offset / 2 < step || is_alike() != Some(true) {
            return found;
        }
        let mut near = self.offset;
        while let Some(before) = near.checked_sub(step).filter(|before| *before >= step) {
            near = before;
            // What cannot be read like that comes with what stands before.
            let joint = log.line_begin(near).map(|offset| Self { offset, ..self.clone() });
            let can_be_read = |joint: &Self| log.seen(joint).is_some_and(|seen| seen.malformed == 0 && seen.times.is_some());
            found.extend(joint.filter(can_be_read));
        }
        found
    }

    /// The same as a part.
    #[must_use]
    pub fn part(&self) -> Part {
        let Self { offset, kind, preamble } = self.clone();
        Part { kind, offset, line: 1, preamble, iis: None, ahead: Some(offset) }
    }

    /// Whether rows at the joint are read as was assumed, where what stands before ends like this. Dates of headers do not matter: the
    /// rows have their own.
    #[must_use]
    pub fn agrees(&self, end: &End) -> bool {
        fields(&self.preamble) == fields(&end.preamble)
    }
}

fn fields(preamble: &[u8]) -> Option<&[u8]> {
    preamble.split(|b| *b == b'\n').rfind(|line| line.starts_with(b"#Fields:"))
}

/// A log that is searched.
struct Log<'a> {
    file: &'a File,
    size: u64,
    hints: Hints,
    look: u64,
}

impl Log<'_> {
    fn joint(&self, wanted: Wanted, few: u64) -> Option<Joint> {
        let first = self.first()?;
        let near = match wanted {
            // All of it is older, and comes afterwards.
            Wanted::Since(time) if self.last_time(&first)? < time => return None,
            Wanted::Since(time) => self.search(&first, time),
            Wanted::Last(millis) => self.search(&first, self.last_time(&first)?.plus(-millis)),
            Wanted::End => self.size.saturating_sub(self.look),
        };
        let offset = self.line_begin(near)?;
        if offset < few.max(1) {
            return None;
        }
        let joint = Joint { offset, kind: first.kind(), preamble: self.preamble(&first, offset)? };
        // Rows that cannot be read tell that something else is in force.
        (self.seen(&joint)?.malformed == 0).then_some(joint)
    }

    /// The decoder of its beginning.
    fn first(&self) -> Option<Stream> {
        decoder_of(&self.read(0, PIECE as u64)?, self.hints.clone())
    }

    fn read(&self, offset: u64, len: u64) -> Option<Vec<u8>> {
        let len = len.min(self.size.saturating_sub(offset));
        let mut bytes = vec![0; usize::try_from(len).ok()?];
        let got = read_at(self.file, &mut bytes, offset).ok()?;
        bytes.truncate(got);
        Some(bytes)
    }

    /// Where the first line begins that begins at or behind an offset.
    fn line_begin(&self, offset: u64) -> Option<u64> {
        let Some(before) = offset.checked_sub(1) else { return Some(0) };
        let end = memchr(b'\n', &self.read(before, self.look)?)?;
        Some(before + end as u64 + 1)
    }

    /// Bytes before which all rows are earlier, as far as rows stand in the order of their times.
    fn search(&self, first: &Stream, since: Time) -> u64 {
        let (mut from, mut to) = (0, self.size);
        while to - from > 2 * self.look {
            let middle = from + (to - from) / 2;
            // Where there is no row, something else is: it is read along.
            if self.times(first, middle).is_some_and(|(time, _)| time < since) {
                from = middle;
            } else {
                to = middle;
            }
        }
        from
    }

    /// The times of the first and the last row in some bytes from an offset on.
    fn times(&self, first: &Stream, offset: u64) -> Option<(Time, Time)> {
        let joint = Joint { offset: self.line_begin(offset)?, kind: first.kind(), preamble: first.preamble() };
        self.seen(&joint)?.times
    }

    /// What is seen from a joint on.
    fn seen(&self, joint: &Joint) -> Option<Seen> {
        let mut seen = Seen::default();
        let mut stream = Stream::resume(joint.kind, self.hints.clone(), &joint.preamble, joint.offset, 1, None);
        stream.feed(&self.read(joint.offset, self.look)?, &mut seen);
        Some(seen)
    }

    fn last_time(&self, first: &Stream) -> Option<Time> {
        self.times(first, self.size.saturating_sub(self.look)).map(|(_, last)| last)
    }

    /// What a decoder must be given at an offset, by the last lines with `#` before it.
    fn preamble(&self, first: &Stream, offset: u64) -> Option<Vec<u8>> {
        let mut guide = Stream::resume(first.kind(), self.hints.clone(), &first.preamble(), offset, 1, None);
        let finder = memmem::FinderRev::new(b"\n#Fields:");
        let mut end = offset;
        while end > offset.saturating_sub(BACK * self.look) {
            let begin = end.saturating_sub(1 << 20);
            // A line may stand across two stretches.
            let bytes = self.read(begin, (end + HEADER).min(offset) - begin)?;
            if let Some(found) = finder.rfind(&bytes) {
                let header = (begin + found as u64).saturating_sub(HEADER);
                let from = self.line_begin(header)?;
                let lines = self.read(from, (end + HEADER).min(offset) - from)?;
                heed(&mut guide, &lines, &Glance::at(&lines)?);
                break;
            }
            end = begin;
        }
        guide.is_by_row().then(|| guide.preamble())
    }
}

/// Some rows: the times of the first and the last, and how many cannot be read.
#[derive(Default)]
struct Seen {
    times: Option<(Time, Time)>,
    malformed: usize,
}

impl Sink for Seen {
    fn record(&mut self, record: Record<'_>) {
        if record.fact.has_time() {
            let (_, last) = self.times.get_or_insert((record.time, record.time));
            *last = record.time;
        }
    }

    fn malformed(&mut self, _: Line<'_>, _: &'static str) {
        self.malformed += 1;
    }
}
