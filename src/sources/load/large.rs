//! A large log of which parts are fetched one after the other, to be decoded at the same time.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

use memchr::{memchr, memrchr};

use super::ahead::Joint;
use super::buffer::Buffer;
use super::bytes::Bytes;
use super::parts::{Cut, Task};
use super::{Input, PIECE};
use crate::engine::Opened;
use crate::engine::part::{End, Part};
use crate::formats::glance::Glance;
use crate::formats::stream::Stream;
use crate::formats::{Hints, Ignore};
use crate::record::SourceId;
use crate::time::Zone;

/// A log of which parts are fetched.
pub(super) struct Large {
    pub source: SourceId,
    pub opened: Opened,
    bytes: Bytes,
    /// Knows what stands in lines that begin with `#`.
    guide: Stream,
    /// Where the next part begins, and the number of its first line.
    offset: u64,
    line: u64,
    /// Where it is begun; if that is not its beginning, ahead of what stands before.
    pub from: u64,
    /// The beginning of its first line.
    carry: Vec<u8>,
}

/// The decoder of a log that begins with `head`; `None` if its rows are not understood one by one, or that is not sure.
pub(super) fn decoder_of(head: &[u8], hints: Hints) -> Option<Stream> {
    let mut stream = Stream::new(hints);
    let end = memrchr(b'\n', head)? + 1;
    stream.feed(head.get(..end)?, &mut Ignore);
    let starts_with_text = !matches!(head.first(), Some(0xEF..));
    (stream.is_by_row() && stream.remark().is_none() && starts_with_text).then_some(stream)
}

impl Large {
    /// Looks at the head of a file; `None` if its rows are not understood one by one.
    pub fn begin(source: SourceId, input: &Input, mut bytes: Bytes, zone: Zone, cut: Cut) -> Option<Self> {
        let opened = input.opened(zone);
        let mut head = Vec::new();
        (&mut bytes).take(cut.part.min(PIECE as u64)).read_to_end(&mut head).ok()?;
        let kind = decoder_of(&head, opened.hints.clone())?.kind();
        let guide = Stream::resume(kind, opened.hints.clone(), &[], 0, 1, None);
        Some(Self { source, opened, bytes, guide, offset: 0, line: 1, from: 0, carry: head })
    }

    /// Begins a file ahead of what stands before; `bytes` are those from there on.
    pub fn begin_ahead(source: SourceId, input: &Input, bytes: Bytes, zone: Zone, joint: &Joint) -> Self {
        let opened = input.opened(zone);
        let guide = Stream::resume(joint.kind, opened.hints.clone(), &joint.preamble, joint.offset, 1, None);
        let from = joint.offset;
        Self { source, opened, bytes, guide, offset: from, line: 1, from, carry: Vec::new() }
    }

    /// What is known where the parts end that were fetched.
    pub fn end(&self) -> End {
        End {
            iis: self.guide.iis(),
            preamble: self.guide.preamble(),
            offset: self.offset,
            line: self.line,
            before: BTreeMap::new(),
        }
    }

    /// The next part; its bytes come into the buffer.
    pub fn fetch(&mut self, cut: Cut, buffer: &mut Buffer) -> io::Result<Option<Task<'static>>> {
        buffer.begin(&self.carry);
        // To a multiple of a part's size, whatever was read of it before.
        let read = self.offset + self.carry.len() as u64;
        let upto = (self.offset / cut.part + 1) * cut.part;
        let wanted = upto.saturating_sub(read).max(if read.is_multiple_of(cut.part) { cut.part } else { 0 });
        self.carry.clear();
        let is_end = buffer.read(&mut self.bytes, wanted)? as u64 != wanted;
        let text = buffer.held();
        if text.is_empty() {
            return Ok(None);
        }
        let part = Part {
            kind: self.guide.kind(),
            offset: self.offset,
            line: self.line,
            preamble: self.guide.preamble(),
            iis: self.guide.iis(),
            ahead: (self.from > 0).then_some(self.from),
        };
        let end = if is_end { Some(text.len()) } else { memrchr(b'\n', text).map(|end| end + 1) };
        // Holes of NULs end lines, too, and a line over all bounds has no end here: such a file goes on in one piece.
        let whole = end.and_then(|end| Some((end, Glance::at(text.get(..end)?)?)));
        let rest = match whole {
            Some((end, glance)) => {
                self.carry.extend_from_slice(buffer.cut(end));
                self.line += glance.feeds;
                heed(&mut self.guide, buffer.held(), &glance);
                if self.guide.is_by_row() { None } else { Some(self.back()) }
            }
            None => Some(self.back()),
        };
        self.offset += buffer.held().len() as u64;
        Ok(Some(Task::Part { source: self.source, from: self.from, opened: self.opened.clone(), part, rest }))
    }

    /// The bytes from where the lines end that have been fetched.
    fn back(&mut self) -> Bytes {
        let rest = std::mem::replace(&mut self.bytes, Box::new(io::empty()));
        Box::new(Cursor::new(std::mem::take(&mut self.carry)).chain(rest))
    }
}

/// Has a decoder read those of some lines that begin with `#`.
pub(super) fn heed(guide: &mut Stream, lines: &[u8], Glance { directives, .. }: &Glance) {
    for line in directives.iter().filter_map(|begin| lines.get(*begin..)) {
        let end = memchr(b'\n', line).map_or(line.len(), |end| end + 1);
        guide.feed(line.get(..end).unwrap_or_default(), &mut Ignore);
    }
}
