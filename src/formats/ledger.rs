//! Where the bytes of a log went: every byte taken in is counted once, whatever the log holds.

use std::collections::VecDeque;

use super::Sink;
use super::lines::Line;
use crate::record::Record;

/// Where the bytes of a log went. Their sum is what was taken in: a difference is a fault of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ledger {
    /// Of lines that became records.
    pub records: u64,
    /// Of lines that are none: directives, headings, empty lines, a byte order mark, lines between records.
    pub headers: u64,
    /// Of lines that should have been records and are none.
    pub malformed: u64,
    /// Of lines over 64 KiB.
    pub oversize: u64,
    /// NULs of holes.
    pub nul: u64,
    /// Of lines without an end, and of records that may go on.
    pub pending: u64,
}

impl Ledger {
    /// The bytes taken in.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.records + self.headers + self.malformed + self.oversize + self.nul + self.pending
    }

    /// Counts the bytes of a line.
    #[inline]
    pub fn count(&mut self, what: What, len: u32) {
        let sum = match what {
            What::Record => &mut self.records,
            What::Header => &mut self.headers,
            What::Malformed => &mut self.malformed,
        };
        *sum += u64::from(len);
    }

    /// Adds another part of the same log.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            records: self.records + other.records,
            headers: self.headers + other.headers,
            malformed: self.malformed + other.malformed,
            oversize: self.oversize + other.oversize,
            nul: self.nul + other.nul,
            pending: self.pending + other.pending,
        }
    }
}

/// What a line is to its decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A record.
    Record,
    /// None, and none that should have been one.
    Header,
    /// None, though it should have been one.
    Malformed,
}

impl What {
    /// What a row is whose record was told, or what is wrong with it: that is told, too.
    #[inline]
    pub fn told(told: Result<(), &'static str>, line: Line<'_>, sink: &mut (impl Sink + ?Sized)) -> Self {
        match told {
            Ok(()) => Self::Record,
            Err(why) => {
                sink.malformed(line, why);
                Self::Malformed
            }
        }
    }
}

/// Keeps a [`Ledger`] while a decoder works: each line counts as what the decoder says of it.
#[derive(Debug, Default)]
pub(super) struct Account {
    told: Ledger,
    /// The line that the decoder has now, as long as it has said nothing of it.
    line: Option<(u64, u32)>,
    /// Lines of a record that has begun: what they are is told with the record.
    open: VecDeque<(u64, u32)>,
}

impl Account {
    /// What was told, with the bytes of lines that are not decided about.
    pub fn ledger(&self) -> Ledger {
        let open = self.open.iter().chain(&self.line).map(|(_, len)| u64::from(*len)).sum::<u64>();
        Ledger { pending: open, ..self.told }
    }

    /// Adds what became of lines that a decoder counted by itself.
    pub fn add(&mut self, told: Ledger) {
        self.told = self.told.plus(told);
    }

    pub fn oversize(&mut self, line: &Line<'_>) {
        self.told.oversize += u64::from(line.len);
    }

    /// The decoder is given a line.
    pub fn begin(&mut self, line: &Line<'_>) {
        self.line = Some((line.offset, line.len));
    }

    /// The decoder is done with it; a record that begins at `open` has not been handed out.
    pub fn end(&mut self, open: Option<u64>) {
        self.open.extend(self.line.take());
        let open = open.unwrap_or(u64::MAX);
        while let Some((_, len)) = self.open.pop_front_if(|(offset, _)| *offset < open) {
            self.told.headers += u64::from(len);
        }
    }

    /// Whether [`Account::end`] has something to decide.
    pub fn is_open(&self) -> bool {
        self.line.is_some() || !self.open.is_empty()
    }

    fn tell(&mut self, offset: u64, len: u32, what: What) {
        let reach = offset..offset + u64::from(len);
        if let Some((_, len)) = self.line.take_if(|(at, _)| reach.contains(at)) {
            self.told.count(what, len);
        }
        self.open.retain(|(at, len)| {
            let is_it = reach.contains(at);
            if is_it {
                self.told.count(what, *len);
            }
            !is_it
        });
    }
}

/// Passes on what a decoder finds, and counts its bytes.
pub(super) struct Counted<'a> {
    pub account: &'a mut Account,
    pub sink: &'a mut dyn Sink,
}

impl Sink for Counted<'_> {
    fn record(&mut self, record: Record<'_>) {
        self.account.tell(record.position.offset, record.position.len, What::Record);
        self.sink.record(record);
    }

    fn malformed(&mut self, line: Line<'_>, why: &'static str) {
        self.account.tell(line.offset, line.len, What::Malformed);
        self.sink.malformed(line, why);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formats::stream::Stream;
    use crate::formats::{Hints, Ignore};

    fn ledger(bytes: &[u8]) -> Ledger {
        let mut stream = Stream::new(Hints::default());
        stream.feed(bytes, &mut Ignore);
        stream.ledger()
    }

    #[test]
    fn each_byte_of_a_log_is_counted_as_what_it_is() {
        let header = "\u{FEFF}#Fields: date time cs-method sc-status\r\n";
        let row = "2026-11-21 06:55:00 GET 503\r\n";
        let giant = "x".repeat(70_000) + "\n";
        let text = [header, row, row, "rubbish\r\n", &giant, &"\0".repeat(100), row, "2026-11-21 06:5"].concat();
        let [header, row, giant] = [header, row, giant.as_str()].map(|part| part.len() as u64);
        let want = Ledger { records: 3 * row, headers: header, malformed: 9, oversize: giant, nul: 100, pending: 15 };
        assert_eq!((ledger(text.as_bytes()), want.total()), (want, text.len() as u64));
    }

    #[test]
    fn lines_of_a_record_that_may_go_on_are_pending_until_it_is_told() {
        let text = "2009-10-09 10:31:05.123 INFO: one\n2009-10-09 10:31:06.123 SEVERE: two\n\tat a.b(C.java:1)\n";
        let mut stream = Stream::new(Hints { name: String::from("scm-server-0.log"), ..Hints::default() });
        stream.feed(text.as_bytes(), &mut Ignore);
        let before = stream.ledger();
        stream.idle(&mut Ignore);
        let after = stream.ledger();
        assert_eq!((before.total(), after.total()), (text.len() as u64, text.len() as u64));
        assert!(before.pending > 0 && after.pending < before.pending, "{before:?} {after:?}");
    }

    /// What logs are made of, and what makes them hostile.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            Just(b"#Software: Microsoft Internet Information Services 10.0\r\n".to_vec()),
            Just(b"#Fields: date time cs-method sc-status\r\n".to_vec()),
            Just(b"2026-11-21 06:55:00 GET 503\r\n".to_vec()),
            Just(b"2026-11-21 06:55:00 GE".to_vec()),
            Just(b"2009-10-09 10:31:05.123 SEVERE: message\n\tat a.b(C.java:1)\n".to_vec()),
            Just(b"<event date=\"10/9/2009 10:31:05 AM\" severity=\"1\"><![CDATA[a\nb]]></event>\n".to_vec()),
            Just(
                b"\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\S\\Memory\\Pool Nonpaged Bytes\"\r\n\"11/21/2026 06:55:00.000\",\"1\"\r\n"
                    .to_vec()
            ),
            Just(b"\xEF\xBB\xBF".to_vec()),
            Just(b"\xFF\xFE".to_vec()),
            Just(b"\xFE\xFF".to_vec()),
            Just(b"\n\r\n".to_vec()),
            (1usize..40).prop_map(|n| vec![0; n]),
            Just(vec![b'x'; 70_000]),
            proptest::collection::vec(any::<u8>(), 0..60),
        ]
    }

    proptest! {
        #[test]
        fn bytes_are_conserved_whatever_comes_in_whatever_pieces(
            pieces in proptest::collection::vec(piece(), 0..20),
            cut in 1usize..100_000,
            pauses in any::<bool>(),
        ) {
            let bytes = pieces.concat();
            let mut stream = Stream::new(Hints::default());
            let mut fed = 0;
            for part in bytes.chunks(cut.max(bytes.len() / 50)) {
                stream.feed(part, &mut Ignore);
                fed += part.len() as u64;
                prop_assert_eq!(stream.ledger().total(), fed);
                if pauses {
                    stream.idle(&mut Ignore);
                    prop_assert_eq!(stream.ledger().total(), fed);
                }
            }
            stream.finish(&mut Ignore);
            prop_assert_eq!(stream.ledger().total(), fed);
        }
    }
}
