//! One line whose place is known: proof of a finding, a record, or a malformed line.

use std::borrow::Cow;

use super::{RawLine, ReadLog};
use crate::engine::Moment;
use crate::formats::stream::Stream;
use crate::formats::{Hints, Ignore, Kind};
use crate::record::Origin;
use crate::time::Time;
use crate::timeline::block_index::Block;

/// A giant line is shown by its beginning.
const MOST: u64 = 64 * 1024;

/// A place, with what must be known to read what stands there. Nothing is read to make it.
#[derive(Debug, Clone)]
pub struct Spot {
    /// Where it is.
    pub origin: Origin,
    /// When what stands there happened.
    pub time: Time,
    kind: Kind,
    /// The piece of the log that it lies in, and what is known of the log.
    block: Option<(Block, Hints)>,
}

impl Spot {
    /// A place as of a moment.
    #[must_use]
    pub fn new(moment: &Moment<'_>, origin: Origin, time: Time) -> Self {
        let source = moment.sources.get(&origin.source);
        let block = moment.timeline.blocks.holding(origin.source, origin.position.offset);
        let block = block.zip(source).map(|(block, source)| (block.clone(), source.hints.clone()));
        Self { origin, time, kind: source.map_or(Kind::Unknown, |s| s.kind), block }
    }

    /// The text that stands there.
    ///
    /// # Errors
    /// A sentence for people, when the log is gone.
    pub fn text(&self, reader: &dyn ReadLog) -> Result<Vec<u8>, String> {
        let Origin { source, position } = self.origin;
        let bytes = reader.read(source, position.offset, u64::from(position.len).min(MOST))?;
        let text: Cow<'_, [u8]> = match self.block.as_ref().and_then(|(block, _)| block.utf16) {
            None => Cow::Borrowed(&bytes),
            Some(big_endian) => Cow::Owned(crate::formats::lines::decode_utf16(&bytes, big_endian)),
        };
        // A record of several lines has their line ends in it.
        let lines: Vec<&[u8]> =
            text.trim_ascii_end().split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)).collect();
        Ok(lines.join(&b'\n'))
    }

    /// The same as a line of a list.
    ///
    /// # Errors
    /// A sentence for people, when the log is gone.
    pub fn line(&self, reader: &dyn ReadLog) -> Result<RawLine, String> {
        let Self { origin, time, kind, .. } = *self;
        self.text(reader).map(|text| RawLine { time, origin, kind, text, turned_away: false })
    }

    /// The header lines in force there, such as the `#Fields`; empty if they cannot be read.
    #[must_use]
    pub fn header(&self, reader: &dyn ReadLog) -> Vec<u8> {
        let Some((block, hints)) = &self.block else { return Vec::new() };
        let Origin { source, position } = self.origin;
        let Ok(before) = reader.read(source, block.offset, position.offset - block.offset) else { return Vec::new() };
        let mut stream = Stream::resume(block.kind, hints.clone(), &block.preamble, block.offset, block.line, block.utf16);
        stream.feed(&before, &mut Ignore);
        stream.preamble()
    }
}
