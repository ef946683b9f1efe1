//! Configuration files: whole documents, gathered line by line and read once they are complete.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::formats::lines::Line;
use crate::formats::{Decoder, Hints, Sink};
use crate::limits::Settings;
use crate::record::{Fact, Position, Record};
use crate::time::Time;

/// A document larger than this is not read further: a large applicationHost.config has a few hundred KiB.
const MAX_DOCUMENT: usize = 16 << 20;
/// Elements nested deeper than this are no configuration.
const MAX_DEPTH: usize = 64;

/// An element's start, with its attributes.
pub struct Element<'a> {
    start: &'a BytesStart<'a>,
}

impl Element<'_> {
    /// An attribute's value with entities replaced; its name compares without case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let mut attributes = self.start.attributes();
        let attribute = attributes.with_checks(false).flatten().find(|a| a.key.as_ref().eq_ignore_ascii_case(name))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        Some(value.map_or_else(|_| attribute.value.to_string(), std::borrow::Cow::into_owned))
    }

    /// An attribute that says yes or no: `true` or `1`, and anything else.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value.trim().eq_ignore_ascii_case("true") || value.trim() == "1")
    }

    /// An attribute that is a number.
    #[must_use]
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.trim().parse().ok()
    }
}

/// Fills settings from a document's elements.
pub trait Reading: Default + Send {
    /// An element begins. `path` has the names of the elements that it lies in and its own, the root first.
    fn element(&mut self, path: &[&str], element: &Element<'_>);
    /// An element ends; `path` is as for its beginning.
    fn end(&mut self, _path: &[&str]) {}
    /// The document has ended, or cannot be read further.
    fn settings(self) -> Settings;
}

/// What is wrong with a document, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// A sentence for people.
    pub why: &'static str,
    /// Bytes from the document's beginning.
    pub at: usize,
}

/// Walks through a document. What was read before an error stands.
///
/// # Errors
/// Says what is wrong with the document, and where.
pub fn walk(text: &str, reading: &mut impl Reading) -> Result<(), Fault> {
    let mut reader = Reader::from_str(text);
    let mut names: Vec<String> = Vec::new();
    let mut rooted = false;
    loop {
        let event = reader.read_event();
        let fault = |why, at| Err(Fault { why, at: usize::try_from(at).unwrap_or(usize::MAX) });
        let Ok(event) = event else { return fault("the document is no well-formed XML", reader.error_position()) };
        let (start, empty) = match event {
            Event::Start(start) => (start, false),
            Event::Empty(start) => (start, true),
            Event::End(_) => {
                reading.end(&paths(&names));
                names.pop();
                continue;
            }
            Event::Eof if rooted && names.is_empty() => return Ok(()),
            Event::Eof => return fault("the document ends too early", u64::MAX),
            _ => continue,
        };
        if names.len() >= MAX_DEPTH {
            return fault("the document's elements are nested too deeply", reader.buffer_position());
        }
        rooted = true;
        names.push(start.name().as_ref().to_owned());
        reading.element(&paths(&names), &Element { start: &start });
        if empty {
            reading.end(&paths(&names));
            names.pop();
        }
    }
}

fn paths(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Gathers a document and hands out its settings as one record: when the log is quiet and the document complete, or at its end.
/// The record carries the time at which the file was last written, as settings have no time of their own.
pub struct Document<R> {
    text: Vec<u8>,
    /// The place of each line of the text, so that a fault is told where it is.
    lines: Vec<Position>,
    len: u64,
    start: Option<(u64, u64)>,
    time: Time,
    /// How much of the text was there when it was last found incomplete.
    tried: usize,
    told: bool,
    too_large: bool,
    reading: std::marker::PhantomData<fn() -> R>,
}

impl<R: Reading> Document<R> {
    /// A document of which nothing has come.
    #[must_use]
    pub fn new(hints: &Hints) -> Self {
        Self {
            text: Vec::new(),
            lines: Vec::new(),
            len: 0,
            start: None,
            time: hints.modified.unwrap_or_default(),
            tried: 0,
            told: false,
            too_large: false,
            reading: std::marker::PhantomData,
        }
    }

    /// Reads what has come. An error is only told if the document has ended.
    fn tell(&mut self, ended: bool, sink: &mut dyn Sink) {
        let Some((offset, number)) = self.start else { return };
        let text = String::from_utf8_lossy(&self.text);
        let mut reading = R::default();
        let walked = walk(&text, &mut reading);
        let position = Position { offset, len: u32::try_from(self.len).unwrap_or(u32::MAX), line: number };
        if let Err(fault) = walked {
            if !ended {
                return;
            }
            let why = if self.too_large { "the document is larger than 16 MiB" } else { fault.why };
            sink.malformed(self.line_at(&text, fault.at), why);
        }
        let settings = reading.settings();
        if walked.is_ok() || !settings.is_empty() {
            sink.record(Record { time: self.time, position, raw: self.text.trim_ascii_end(), fact: Fact::Settings(&settings) });
        }
        self.told = true;
    }
}

impl<R> Document<R> {
    /// The line that holds a byte of the text, or its last one with anything on it.
    fn line_at(&self, text: &str, at: usize) -> Line<'_> {
        let before = text.as_bytes().get(..at).unwrap_or(text.trim_ascii_end().as_bytes());
        let index = memchr::memchr_iter(b'\n', before).count().min(self.lines.len().saturating_sub(1));
        let text = self.text.split(|b| *b == b'\n').nth(index).unwrap_or_default();
        let (offset, len, number) = self.lines.get(index).map_or((0, 0, 1), |at| (at.offset, at.len, at.line));
        Line { text, offset, len, number }
    }
}

impl<R: Reading> Decoder for Document<R> {
    fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        let blank = line.text.trim_ascii().is_empty();
        if self.told {
            if !blank {
                sink.malformed(line, "the line stands behind the end of the document");
            }
            return;
        }
        if self.start.is_none() && blank {
            return;
        }
        self.start.get_or_insert((line.offset, line.number));
        self.len += u64::from(line.len);
        self.too_large |= self.text.len() + line.text.len() >= MAX_DOCUMENT;
        if !self.too_large {
            self.lines.push(line.position());
            self.text.extend_from_slice(line.text);
            self.text.push(b'\n');
        }
    }

    fn idle(&mut self, sink: &mut dyn Sink) {
        let grown = self.text.len() > self.tried;
        if !self.told && !self.too_large && grown && self.text.trim_ascii_end().ends_with(b">") {
            self.tried = self.text.len();
            self.tell(false, sink);
        }
    }

    fn finish(&mut self, sink: &mut dyn Sink) {
        if !self.told {
            self.tell(true, sink);
        }
    }

    fn unfinished(&self) -> Option<Position> {
        let (offset, line) = self.start.filter(|_| !self.told)?;
        Some(Position { offset, len: u32::try_from(self.len).unwrap_or(u32::MAX), line })
    }
}
