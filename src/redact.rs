//! Takes out of a log what must not leave the company, and keeps everything else to the byte.
//!
//! The log stays a log of its kind: the same records with the same times, statuses, reasons, stems and byte counts. The same
//! address, name or value becomes the same pseudonym in all logs of a recording ([`Pseudonyms`]), so that what belongs together can
//! still be told.
//!
//! | | replaced | kept |
//! |---|---|---|
//! | addresses | wherever they stand | `s-ip`, and a client that shows it; loopback; ports and zones; versions in user agents |
//! | names of people | `cs-username`, `DOMAIN\name`, e-mail addresses, SIDs, values of `user=` and the like, `user ann`, folders in `/users/`, `/home/`, `/profiles/` and `/~ann` | |
//! | names of machines | `s-computername`, `cs-host`, hosts of counters, of bindings and of a `Referer`, values of `host=` and the like, `\\machine\…`; names of sites and pools that are a host's full name; in the text of SEPM and Altiris also `hostName`, `host pc1`, `Client 10.1.2.3 pc1`, `server pc1.corp.example` and `//pc1.corp.example` | other names of sites and pools |
//! | queries | every value, also of a query in a stem | names; numbers of SEPM's `action` and `l` |
//! | secrets | cookies, values of `password=` and the like, GUIDs, web tokens, long runs of mixed letters and digits | |
//! | columns of rows | those that are not known | |
//! | configurations | passwords, keys, accounts, connection strings, physical paths, text, comments | sites, pools, paths of URLs, folders of logs, limits |
//!
//! A machine's full name is replaced only where something marks it; the module `prose` says why. Its short name and its full name have
//! pseudonyms that have nothing in common.
//!
//! A line that cannot be read as its kind, and one that is too long, is withheld: [`WITHHELD`] stands there. A log whose kind is not
//! known is not redacted at all: [`Redactor::new`] gives none, and the log must not be passed on.
//!
//! What is **not** promised: a name that nothing marks as one (another folder of a path, a machine in the middle of a sentence, its
//! short name in a URL, a share's folders), one that is also a word (`user Will`), the second word of an unquoted `user=Ann lee` if it is
//! in small letters, a short secret in a path, the name of a query's parameter. And pseudonyms are not anonymity: how often and when
//! somebody came can still be read.

mod address;
mod document;
mod folders;
mod named;
mod prose;
mod pseudonyms;
mod query;
mod rows;
mod sites;
mod text;
mod words;

pub use pseudonyms::Pseudonyms;

use crate::formats::Kind;
use crate::formats::lines::{MAX_LINE, decode_utf16};
use document::Document;
use rows::Rows;

/// Stands where a line was that could not be made safe.
pub const WITHHELD: &[u8] = b"(withheld)";
/// So many zeros may belong to a line; more are a hole, and what follows it is another line.
const MAX_NULS: usize = 16;
/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// How a kind's lines are redacted.
#[derive(Clone)]
enum How {
    /// By their columns.
    Rows(Rows),
    /// As free text.
    Text,
    /// Rows of numbers stay, in other lines hosts are replaced.
    Counters,
    /// There is nothing of a client's in it.
    Whole,
    /// As XML, across lines.
    Document(Document),
}

/// One log being redacted, from a line's beginning on.
#[derive(Clone)]
pub struct Redactor {
    how: How,
    /// Big endian, if it is UTF-16.
    utf16: Option<bool>,
    /// No line has come.
    first: bool,
    /// The beginning of the current line has been dealt with, and its rest must not follow.
    skipping: bool,
}

impl Redactor {
    /// For a log of a known kind; `utf16` as of [`crate::formats::stream::Stream::utf16`]. `None` for a kind that cannot be made safe: a
    /// log that is unknown or refused must not be passed on in any form.
    #[must_use]
    pub fn new(kind: Kind, utf16: Option<bool>) -> Option<Self> {
        let how = match kind {
            Kind::W3c | Kind::HttpErr => How::Rows(Rows::new(kind)),
            Kind::Sepm | Kind::Altiris => How::Text,
            Kind::PdhCsv => How::Counters,
            Kind::Poolmon | Kind::PoolTagNames => How::Whole,
            Kind::ApplicationHost | Kind::MetaBase | Kind::CoreSettings => How::Document(Document::default()),
            Kind::IisNative | Kind::Ncsa | Kind::CentralBinary | Kind::Blg | Kind::Spreadsheet | Kind::Unknown => return None,
        };
        Some(Self { how, utf16, first: true, skipping: false })
    }

    /// Takes note of the lines that are in force where a log is entered in its middle: [`crate::formats::stream::Stream::preamble`], which
    /// is UTF-8 whatever the log is. They hold no secret.
    pub fn preamble(&mut self, preamble: &[u8], pseudonyms: &Pseudonyms) {
        let mut unwanted = Vec::new();
        if let How::Rows(rows) = &mut self.how {
            for line in preamble.split(|b| *b == b'\n') {
                rows.line(line, pseudonyms, &mut unwanted);
            }
        }
    }

    /// Adds the next lines to `out`, redacted. They are whole, but for the last one of a log and for those over [`MAX_LINE`]: what
    /// follows a line without an end is withheld up to that end.
    pub fn redact(&mut self, mut bytes: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            let end = self.line_end(bytes);
            let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.line(line, end.is_some(), pseudonyms, out);
            bytes = rest;
        }
    }

    /// The length of the first line, its end included, if it has one.
    fn line_end(&self, bytes: &[u8]) -> Option<usize> {
        let unit = match self.utf16 {
            None => return memchr::memchr(b'\n', bytes).map(|at| at + 1),
            Some(false) => [b'\n', 0],
            Some(true) => [0, b'\n'],
        };
        let at = bytes.as_chunks::<2>().0.iter().position(|u| *u == unit)?;
        Some((at + 1) * 2)
    }

    fn line(&mut self, line: &[u8], ended: bool, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        if let Some(big_endian) = self.utf16 {
            return self.wide(line, ended, big_endian, pseudonyms, out);
        }
        let (text, end) = split_end(line, if ended { &[b"\r\n", b"\n"] } else { &[] });
        // What stands before and behind a hole are two lines.
        let mut rest = text;
        while let Some((at, len)) = hole(rest) {
            let (before, after) = rest.split_at(at);
            self.part(before, is_long(before.len(), 0, true), false, pseudonyms, out);
            let (zeros, after) = after.split_at(len);
            out.extend_from_slice(zeros);
            self.skipping = false;
            rest = after;
        }
        self.part(rest, is_long(rest.len(), end.len(), ended), ended, pseudonyms, out);
        self.end(end, pseudonyms, out);
    }

    /// One line of UTF-16. A line in which nothing is replaced stays to the byte, even where it is no UTF-16.
    fn wide(&mut self, line: &[u8], ended: bool, big_endian: bool, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        let ends: [&[u8]; 2] = if big_endian { [b"\0\r\0\n", b"\0\n"] } else { [b"\r\0\n\0", b"\n\0"] };
        let (text, end) = split_end(line, if ended { &ends } else { &[] });
        let long = is_long(text.len() / 2, end.len() / 2, ended);
        let is_document = matches!(self.how, How::Document(_));
        let decoded = if long && !is_document { Vec::new() } else { decode_utf16(text, big_endian) };
        let mut redacted = Vec::new();
        self.part(&decoded, long, ended, pseudonyms, &mut redacted);
        if is_document {
            self.end(&decode_utf16(end, big_endian), pseudonyms, &mut redacted);
        }
        if redacted == decoded && !long && !is_document {
            out.extend_from_slice(text);
        } else {
            for unit in String::from_utf8_lossy(&redacted).encode_utf16() {
                out.extend_from_slice(&if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() });
            }
        }
        if !is_document {
            out.extend_from_slice(end);
        }
    }

    /// A line's end: in a document it may stand within a tag.
    fn end(&mut self, end: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        match &mut self.how {
            How::Document(document) => document.write(end, pseudonyms, out),
            _ => out.extend_from_slice(end),
        }
    }

    /// One line in UTF-8 or a code page, without its end.
    fn part(&mut self, mut text: &[u8], long: bool, ended: bool, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.first)
            && let Some(rest) = text.strip_prefix(MARK)
        {
            out.extend_from_slice(MARK);
            text = rest;
        }
        let skipped = self.skipping;
        self.skipping = !ended && (skipped || long || !text.is_empty());
        match &mut self.how {
            How::Document(document) => document.write(text, pseudonyms, out),
            _ if skipped => {}
            How::Rows(rows) if long => rows.withheld(out),
            How::Rows(rows) => rows.line(text, pseudonyms, out),
            _ if long => out.extend_from_slice(WITHHELD),
            How::Whole => out.extend_from_slice(text),
            How::Counters if is_numbers(text) => out.extend_from_slice(text),
            // Zeros would hide what the text says.
            How::Counters | How::Text if text.contains(&0) => out.extend_from_slice(WITHHELD),
            How::Counters => sites::counters(text, pseudonyms, out),
            How::Text => text::write(text, pseudonyms, out),
        }
    }
}

/// Whether a line is longer than a decoder takes. A piece of so many bytes without an end is the beginning of such a line: a follower
/// hands on no others.
fn is_long(text: usize, end: usize, ended: bool) -> bool {
    text + end > MAX_LINE + 2 || (!ended && text >= MAX_LINE)
}

/// A line's text and its end.
fn split_end<'a>(line: &'a [u8], ends: &[&[u8]]) -> (&'a [u8], &'a [u8]) {
    let len = ends.iter().find(|end| line.ends_with(end)).map_or(0, |end| end.len());
    line.split_at(line.len() - len)
}

/// The first run of zeros that is no part of a line: its place and length.
fn hole(text: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(0, text.get(from..)?)?;
        let len = text.get(at..)?.iter().take_while(|b| **b == 0).count();
        if len > MAX_NULS {
            return Some((at, len));
        }
        from = at + len;
    }
}

/// Whether a line of a PDH-CSV is a row: a date in quotes, then numbers.
fn is_numbers(text: &[u8]) -> bool {
    let is_number = |cell: &[u8]| {
        let dots = memchr::memchr_iter(b'.', cell).count();
        dots < 2 && cell.iter().all(|b| b.is_ascii_digit() || b" ./:+-eE".contains(b))
    };
    text.split(|b| b"\"',;\t".contains(b)).all(is_number)
}
