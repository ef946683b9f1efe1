//! One whole `<event …>…</event>`: its attributes, its text, and what the text means.

use crate::formats::text;
use crate::record::{AltirisMeaning, Slots};

/// How a CDATA section begins.
pub const CDATA: &[u8] = b"<![CDATA[";
/// How a CDATA section ends.
pub const CDATA_END: &[u8] = b"]]>";

/// The parts of an event. Kept and filled anew for each, so that reading a log does not allocate for every record.
#[derive(Debug, Default)]
pub struct Event {
    /// `date`.
    pub date: Vec<u8>,
    /// `severity`.
    pub severity: Vec<u8>,
    /// `hostName`.
    pub host: Vec<u8>,
    /// `source`.
    pub source: Vec<u8>,
    /// `module`.
    pub module: Vec<u8>,
    /// `process`.
    pub process: Vec<u8>,
    /// The text: CDATA as it stands, other text with its entities replaced.
    pub message: Vec<u8>,
}

impl Event {
    /// Reads an event from its `<event` to its `</event>`.
    pub fn read(&mut self, text: &[u8]) {
        let Self { date, severity, host, source, module, process, message } = self;
        for part in [&mut *date, severity, host, source, module, process, message] {
            part.clear();
        }
        let mut rest = text.get(b"<event".len()..).unwrap_or_default();
        while let Some((name, value, after)) = attribute(rest) {
            if let Some(part) = self.part(name) {
                part.clear();
                unescape(value, part);
            }
            rest = after;
        }
        let body = memchr::memchr(b'>', rest).and_then(|at| rest.get(at + 1..)).unwrap_or_default();
        self.read_body(body.strip_suffix(b"</event>").unwrap_or(body));
    }

    fn part(&mut self, name: &[u8]) -> Option<&mut Vec<u8>> {
        let names: [(&[u8], &mut Vec<u8>); 6] = [
            (b"date", &mut self.date),
            (b"severity", &mut self.severity),
            (b"hostname", &mut self.host),
            (b"source", &mut self.source),
            (b"module", &mut self.module),
            (b"process", &mut self.process),
        ];
        names.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, part)| part)
    }

    fn read_body(&mut self, mut body: &[u8]) {
        while let Some((plain, section)) = text::split_once(body, CDATA) {
            // White space around a CDATA section is layout, not text.
            unescape(plain.trim_ascii(), &mut self.message);
            let (inside, after) = text::split_once(section, CDATA_END).unwrap_or((section, b""));
            self.message.extend_from_slice(inside);
            body = after;
        }
        unescape(body.trim_ascii(), &mut self.message);
    }
}

/// The next attribute's name and raw value, and what follows it; `None` where the start tag ends.
fn attribute(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut text = text.trim_ascii_start();
    loop {
        let end = text.iter().position(|b| matches!(b, b'=' | b'>' | b'/') || b.is_ascii_whitespace())?;
        let (name, after) = text.split_at_checked(end)?;
        let after = after.trim_ascii_start();
        match after.split_first()? {
            (b'=', value) => {
                let (&quote, value) = value.trim_ascii_start().split_first()?;
                let (value, after) = match quote {
                    b'"' | b'\'' => text::split_once(value, &[quote])?,
                    // No quotes at all: not seen, but easily told.
                    _ => return None,
                };
                return Some((name, value, after));
            }
            (b'>', _) => return None,
            // A name without a value, or a stray slash: go on behind it.
            (b'/', rest) => text = rest.trim_ascii_start(),
            _ if end == 0 => return None,
            _ => text = after,
        }
    }
}

/// Adds `text` to `out` with the five entities of XML and numeric ones replaced; anything else stays as it stands.
fn unescape(mut text: &[u8], out: &mut Vec<u8>) {
    while let Some((plain, after)) = text::split_once(text, b"&") {
        out.extend_from_slice(plain);
        let known = memchr::memchr(b';', after.get(..after.len().min(10)).unwrap_or_default());
        let character = known.and_then(|end| entity(after.get(..end)?).map(|c| (c, end)));
        if let Some((character, end)) = character {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            text = after.get(end + 1..).unwrap_or_default();
        } else {
            out.push(b'&');
            text = after;
        }
    }
    out.extend_from_slice(text);
}

fn entity(name: &[u8]) -> Option<char> {
    match name {
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"amp" => Some('&'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', hex @ ..] => char::from_u32(u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?),
        [b'#', decimal @ ..] => char::from_u32(text::number(decimal)?),
        _ => None,
    }
}

/// What an event's text tells (KB 176788 for the first two, KB 179877 for the third).
#[must_use]
pub fn meaning(message: &[u8]) -> AltirisMeaning {
    if let Some(slots) = full(message) {
        return slots;
    }
    if text::holds(message, b"server is busy") && text::holds(message, b"backing off") {
        AltirisMeaning::BackingOff
    } else if text::holds(message, b"unable to process client request from") {
        AltirisMeaning::UnableToProcess
    } else {
        AltirisMeaning::Other
    }
}

/// "The maximum number of package info requests has been reached. … (Max: 50)". The text names `MaxConcurrentConfigRequests` for both
/// kinds, so only the words between "number of" and "requests" tell which slots are full.
fn full(message: &[u8]) -> Option<AltirisMeaning> {
    const OPENING: &[u8] = b"maximum number of ";
    let start = text::find_ignoring_case(message, OPENING)? + OPENING.len();
    let after = message.get(start..)?;
    let end = text::find_ignoring_case(after, b"requests has been reached")?;
    let slots = if text::holds(after.get(..end)?, b"package") { Slots::PackageInfo } else { Slots::Config };
    let max = text::find_ignoring_case(after, b"(max:").and_then(|at| after.get(at + b"(max:".len()..));
    let max = max.and_then(|rest| text::digits(rest.trim_ascii_start(), 9)).map(|(max, _)| max);
    Some(AltirisMeaning::SlotsFull { slots, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Event {
        let mut event = Event::default();
        event.read(text.as_bytes());
        event
    }

    #[test]
    fn attributes_stand_in_any_order_and_either_quotes() {
        let event = read("<event hostName='NS \"1\"' severity = \"1\" odd HOSTname='A&amp;B&#x21;' date='x'  >t</event>");
        assert_eq!(
            (event.host.as_slice(), event.severity.as_slice(), event.date.as_slice()),
            (&b"A&B!"[..], &b"1"[..], &b"x"[..])
        );
    }

    #[test]
    fn text_keeps_what_is_no_entity_and_cdata_keeps_everything() {
        assert_eq!(read("<event a='>'> 1 &lt; 2 &amp; &nbsp; R&D </event>").message, b"1 < 2 & &nbsp; R&D");
        assert_eq!(read("<event>\n<![CDATA[a &lt; ]] >\nb]]>\n</event>").message, b"a &lt; ]] >\nb");
        assert_eq!(read("<event/>").message, b"");
        assert_eq!(read("<event>&#xFFFFFFFF; &#1114112;</event>").message, b"&#xFFFFFFFF; &#1114112;");
    }

    #[test]
    fn the_three_messages_are_known() {
        let told = b"The maximum number of package info requests has been reached. Tune the core setting (Max: 50)";
        assert_eq!(meaning(told), AltirisMeaning::SlotsFull { slots: Slots::PackageInfo, max: Some(50) });
        let told = b"THE MAXIMUM NUMBER OF config requests has been reached.";
        assert_eq!(meaning(told), AltirisMeaning::SlotsFull { slots: Slots::Config, max: None });
        assert_eq!(meaning(b"Server is busy. Request is backing off (-1)."), AltirisMeaning::BackingOff);
        assert_eq!(meaning(b"Unable to process client request from: 10.0.0.7/HEAD"), AltirisMeaning::UnableToProcess);
        assert_eq!(meaning(b"maximum number of"), AltirisMeaning::Other);
    }
}
