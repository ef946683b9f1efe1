//! What a format's own tests need: a sink that keeps what it is told.

use super::lines::{Framed, Framer, Line};
use super::{Ability, Decoder, Format, Hints, Sink};
use crate::record::Record;

/// What a decoder told.
pub struct Told<T> {
    /// Its records, as the test wants to see them.
    pub records: Vec<T>,
    /// Its malformed lines: number and reason.
    pub malformed: Vec<(u64, &'static str)>,
    show: fn(&Record<'_>) -> T,
}

impl<T> Told<T> {
    /// What `format` reads in `bytes`.
    pub fn of(format: &Format, hints: &Hints, bytes: &[u8], show: fn(&Record<'_>) -> T) -> Self {
        let mut told = Self::new(show);
        let mut decoder = decoder(format, hints);
        told.feed(decoder.as_mut(), bytes);
        decoder.finish(&mut told);
        told
    }

    /// Nothing told yet.
    pub fn new(show: fn(&Record<'_>) -> T) -> Self {
        Self { records: Vec::new(), malformed: Vec::new(), show }
    }

    /// Hands whole lines to the decoder, without ending the log.
    pub fn feed(&mut self, decoder: &mut dyn Decoder, bytes: &[u8]) {
        let mut framer = Framer::new();
        let mut take = |framed: Framed<'_>| match framed {
            Framed::Line(line) => decoder.line(line, self),
            Framed::Oversize(line) => self.malformed(line, "oversize"),
        };
        framer.feed(bytes, &mut take);
        framer.finish(&mut take);
    }
}

/// The format's decoder.
pub fn decoder(format: &Format, hints: &Hints) -> Box<dyn Decoder> {
    match format.ability {
        Ability::Read(new) => new(hints),
        Ability::Refuse(why) => panic!("{why}"),
    }
}

impl<T> Sink for Told<T> {
    fn record(&mut self, record: Record<'_>) {
        self.records.push((self.show)(&record));
    }

    fn malformed(&mut self, line: Line<'_>, why: &'static str) {
        self.malformed.push((line.number, why));
    }
}
