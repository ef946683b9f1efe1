//! One log from its first byte: tells its kind, then decodes it.

use super::ledger::{Account, Counted, Ledger};
use super::lines::{Framed, Framer, Line};
use super::rows::Index;
use super::{Ability, Decoder, FORMATS, Hints, Ignore, Kind, Sink, Sniff, refused};
use crate::record::Position;

/// Lines looked at before the kind must be decided.
const HEAD_LINES: usize = 40;
/// Bytes looked at before the kind must be decided.
const HEAD_BYTES: usize = 4096;

/// A line kept until the kind is known: its text, offset, length, number, and whether it was a giant.
struct Kept {
    text: Vec<u8>,
    offset: u64,
    len: u32,
    number: u64,
    oversize: bool,
}

impl Kept {
    fn line(&self) -> Line<'_> {
        Line { text: &self.text, offset: self.offset, len: self.len, number: self.number }
    }
}

enum State {
    /// The kind is not known yet.
    Head(Vec<Kept>),
    /// Lines go to this decoder.
    Decoding(Box<dyn Decoder>),
    /// The format cannot answer, or is unknown: lines are only counted.
    Refused,
}

/// What the first bytes are kept for.
enum Raw {
    /// The first byte has not come.
    Start,
    /// The first byte is one that binary files begin with: these bytes wait until there are enough to tell.
    Waiting(Vec<u8>),
    /// It is text, or was told.
    Told,
}

/// A log being decoded. Feed it the log's bytes in any pieces; the records are the same.
pub struct Stream {
    raw: Raw,
    framer: Framer,
    index: Index,
    kind: Kind,
    state: State,
    hints: Hints,
    account: Account,
    /// Bytes taken in.
    fed: u64,
}

impl Stream {
    /// A log at its first byte.
    #[must_use]
    pub fn new(hints: Hints) -> Self {
        let state = State::Head(Vec::new());
        Self {
            raw: Raw::Start,
            framer: Framer::new(),
            index: Index::default(),
            kind: Kind::Unknown,
            state,
            hints,
            account: Account::default(),
            fed: 0,
        }
    }

    /// A log of known kind that goes on at `offset`, before line `line`: `preamble` is what [`Decoder::preamble`] gave there.
    #[must_use]
    pub fn resume(kind: Kind, hints: Hints, preamble: &[u8], offset: u64, line: u64, utf16: Option<bool>) -> Self {
        let framer = Framer::resume(offset, line, utf16);
        let mut stream = Self { raw: Raw::Told, framer, kind, state: State::Refused, ..Self::new(hints) };
        if let Some(Ability::Read(new)) = super::format(kind).map(|f| f.ability) {
            let mut decoder = new(&stream.hints);
            Framer::new().feed(preamble, &mut |framed| {
                if let Framed::Line(line) = framed {
                    decoder.line(line, &mut Ignore);
                }
            });
            stream.state = State::Decoding(decoder);
        }
        stream
    }

    /// The log's kind as far as it is known.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// `Some(big endian)` if the log is UTF-16.
    #[must_use]
    pub fn utf16(&self) -> Option<bool> {
        self.framer.utf16()
    }

    /// Where the next line begins: its offset and its number.
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        self.framer.position()
    }

    /// NUL bytes skipped because they were a hole.
    #[must_use]
    pub fn nul_bytes(&self) -> u64 {
        self.framer.nul_bytes()
    }

    /// Bytes of a line that has no end yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        let waiting = if let Raw::Waiting(bytes) = &self.raw { bytes.len() as u64 } else { 0 };
        self.framer.pending() + waiting
    }

    /// Where the bytes that were taken in went.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let told = self.account.ledger();
        let head = if let State::Head(kept) = &self.state { kept.iter().map(|k| u64::from(k.len)).sum() } else { 0 };
        Ledger {
            headers: told.headers + self.framer.mark(),
            nul: self.framer.nul_bytes(),
            pending: told.pending + head + self.pending(),
            ..told
        }
    }

    fn check(&self) {
        // A line's length has 32 bits.
        let is_conserved = self.ledger().total() == self.fed || self.fed > u64::from(u32::MAX);
        debug_assert!(is_conserved, "of {} bytes came {:?}", self.fed, self.ledger());
    }

    /// A record that has begun but was not handed out; who goes on later must go back to it.
    #[must_use]
    pub fn unfinished(&self) -> Option<Position> {
        match &self.state {
            State::Head(kept) => kept.first().map(|k| Position { offset: k.offset, len: k.len, line: k.number }),
            State::Decoding(decoder) => decoder.unfinished(),
            State::Refused => None,
        }
    }

    /// Whether every row from here on is understood by itself, with the preamble.
    #[must_use]
    pub fn is_by_row(&self) -> bool {
        matches!(&self.state, State::Decoding(decoder) if decoder.is_by_row()) && self.framer.is_bytes()
    }

    /// The version of IIS that the log says wrote it.
    #[must_use]
    pub fn iis(&self) -> Option<(u8, u8)> {
        match &self.state {
            State::Decoding(decoder) => decoder.iis(),
            State::Head(_) | State::Refused => None,
        }
    }

    /// The machine that the log says it is of, in lower case.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match &self.state {
            State::Decoding(decoder) => decoder.host(),
            State::Head(_) | State::Refused => None,
        }
    }

    /// What the reader of the log should know about it as a whole: why it was refused, or the decoder's remark.
    #[must_use]
    pub fn remark(&self) -> Option<&'static str> {
        match &self.state {
            State::Head(_) => None,
            State::Decoding(decoder) => decoder.remark(),
            State::Refused => match super::format(self.kind).map(|f| f.ability) {
                Some(Ability::Refuse(why)) => Some(why),
                _ => Some("no known log format: why503 reads W3C, HTTPERR, SEPM, Altiris, PDH-CSV and poolmon files"),
            },
        }
    }

    /// What a decoder that goes on here must be given first.
    #[must_use]
    pub fn preamble(&self) -> Vec<u8> {
        match &self.state {
            State::Decoding(decoder) => decoder.preamble(),
            State::Head(_) | State::Refused => Vec::new(),
        }
    }

    /// Takes the log's next bytes.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        self.fed += bytes.len() as u64;
        self.feed_raw(bytes, sink);
        self.check();
    }

    fn feed_raw(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        match &mut self.raw {
            Raw::Told => self.feed_framer(bytes, sink),
            Raw::Start => match bytes.first() {
                None => {}
                Some(&first) if refused::may_be_binary(first) => {
                    self.raw = Raw::Waiting(Vec::new());
                    self.feed_raw(bytes, sink);
                }
                Some(_) => {
                    self.raw = Raw::Told;
                    self.feed_framer(bytes, sink);
                }
            },
            Raw::Waiting(waiting) => {
                let (more, rest) = bytes.split_at(bytes.len().min(refused::RAW_HEAD - waiting.len()));
                waiting.extend_from_slice(more);
                if waiting.len() == refused::RAW_HEAD {
                    self.look_at_bytes(sink);
                    self.feed_framer(rest, sink);
                }
            }
        }
    }

    /// Tells a binary file from its first bytes, then passes them on.
    fn look_at_bytes(&mut self, sink: &mut dyn Sink) {
        if let Raw::Waiting(bytes) = std::mem::replace(&mut self.raw, Raw::Told) {
            if let Some(kind) = refused::of_bytes(&bytes) {
                (self.kind, self.state) = (kind, State::Refused);
            }
            self.feed_framer(&bytes, sink);
        }
    }

    fn feed_framer(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        let Self { framer, index, kind, state, hints, account, .. } = self;
        let mut bytes = bytes;
        while !bytes.is_empty() {
            // The line that has begun, or the lines that tell the kind, one by one.
            let is_head = matches!(state, State::Head(_));
            let (line, rest) = bytes.split_at(framer.rest_of_line(bytes, is_head));
            framer.feed(line, &mut |framed| take(state, kind, hints, account, framed, sink));
            bytes = rest;
            if is_head {
                continue;
            }
            if let State::Decoding(decoder) = state
                && decoder.is_by_row()
                && let Some(mut lines) = framer.whole_lines(bytes, index)
            {
                account.add(decoder.lines(&mut lines, sink));
                let (passed, next) = lines.passed();
                framer.pass(passed, next);
                bytes = bytes.get(passed..).unwrap_or_default();
            }
            framer.feed(bytes, &mut |framed| take(state, kind, hints, account, framed, sink));
            return;
        }
    }

    /// Nothing has come for a while: hands out what is complete as far as anyone can tell.
    pub fn idle(&mut self, sink: &mut dyn Sink) {
        if let State::Decoding(decoder) = &mut self.state {
            let account = &mut self.account;
            decoder.idle(&mut Counted { account, sink });
            account.end(decoder.unfinished().map(|position| position.offset));
        }
    }

    /// Nothing more is waited for, though more may come: takes the kind that the lines so far tell, and hands out what is complete.
    /// A line without its end is none.
    pub fn settle(&mut self, sink: &mut dyn Sink) {
        let Self { kind, state, hints, account, .. } = self;
        if matches!(state, State::Head(kept) if !kept.is_empty()) {
            decide(state, kind, hints, account, true, sink);
        }
        self.idle(sink);
    }

    /// The log ends here.
    pub fn finish(&mut self, sink: &mut dyn Sink) {
        self.look_at_bytes(sink);
        let Self { framer, kind, state, hints, account, .. } = self;
        framer.finish(&mut |framed| take(state, kind, hints, account, framed, sink));
        if matches!(state, State::Head(kept) if !kept.is_empty()) {
            decide(state, kind, hints, account, true, sink);
        }
        if let State::Decoding(decoder) = state {
            decoder.finish(&mut Counted { account, sink });
        }
        account.end(None);
        self.check();
    }
}

fn take(state: &mut State, kind: &mut Kind, hints: &Hints, account: &mut Account, framed: Framed<'_>, sink: &mut dyn Sink) {
    match state {
        State::Head(kept) => {
            let (line, oversize) = match framed {
                Framed::Line(line) => (line, false),
                Framed::Oversize(line) => (line, true),
            };
            let (offset, len, number) = (line.offset, line.len, line.number);
            kept.push(Kept { text: line.text.to_vec(), offset, len, number, oversize });
            decide(state, kind, hints, account, false, sink);
        }
        State::Decoding(decoder) => pass(decoder.as_mut(), account, framed, sink),
        State::Refused => {
            let (Framed::Line(line) | Framed::Oversize(line)) = framed;
            account.begin(&line);
            if !line.text.trim_ascii().is_empty() {
                Counted { account, sink }.malformed(line, "the file is of no format that can be read");
            }
            account.end(None);
        }
    }
}

fn pass(decoder: &mut dyn Decoder, account: &mut Account, framed: Framed<'_>, sink: &mut dyn Sink) {
    match framed {
        Framed::Line(line) => {
            account.begin(&line);
            decoder.line(line, &mut Counted { account, sink });
            if account.is_open() {
                account.end(decoder.unfinished().map(|position| position.offset));
            }
        }
        Framed::Oversize(line) => {
            account.oversize(&line);
            sink.malformed(line, "the line is longer than 64 KiB");
        }
    }
}

/// Tells the kind from the lines kept so far, if they tell it; `force` takes the best guess.
fn decide(state: &mut State, kind: &mut Kind, hints: &Hints, account: &mut Account, force: bool, sink: &mut dyn Sink) {
    let State::Head(kept) = state else { return };
    let head: Vec<&[u8]> = kept.iter().map(|k| k.text.as_slice()).collect();
    let full = force || kept.len() >= HEAD_LINES || head.iter().map(|l| l.len()).sum::<usize>() >= HEAD_BYTES;
    let mut format = None;
    for candidate in FORMATS {
        match (candidate.sniff)(&head) {
            Sniff::Yes => format = Some(candidate),
            Sniff::Maybe if full => format = Some(candidate),
            // A surer format may still turn out to be the one: wait for more lines.
            Sniff::Maybe => return,
            Sniff::No => continue,
        }
        break;
    }
    if format.is_none() && !full {
        return;
    }
    *kind = format.map(|f| f.kind).or_else(|| refused::of_name(&hints.name, &head)).unwrap_or(Kind::Unknown);
    let mut next = match format.map(|f| f.ability) {
        Some(Ability::Read(new)) => State::Decoding(new(hints)),
        Some(Ability::Refuse(_)) | None => State::Refused,
    };
    for kept in std::mem::take(kept) {
        let framed = if kept.oversize { Framed::Oversize(kept.line()) } else { Framed::Line(kept.line()) };
        match &mut next {
            State::Decoding(decoder) => pass(decoder.as_mut(), account, framed, sink),
            _ => take(&mut next, kind, hints, account, framed, sink),
        }
    }
    *state = next;
}
