//! Configurations: attributes are kept or replaced by their names, text and comments are left out.

use super::named;
use super::pseudonyms::{Pseudonyms, What};
use super::{address, sites, text};

/// What stands for text that is left out.
const LEFT_OUT: &[u8] = b"***";
/// A tag longer than this is left out.
const MAX_TAG: usize = 1 << 18;
/// Attributes besides those of sites that say what is meant: the decoders read them, and they hold no secret.
const KEPT: [&[u8]; 12] = [
    b"path",
    b"id",
    b"key",
    b"regkey",
    b"regvalue",
    b"logformat",
    b"type",
    b"xmlns",
    // Of MetaBase.xml.
    b"location",
    b"approot",
    b"logextfileflags",
    b"logpluginclsid",
];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum State {
    /// Between tags; whether text there has been marked as left out.
    #[default]
    Text,
    /// Text of which is known that it is left out.
    Said,
    /// In a tag; within a quoted value if there is a quote.
    Tag(Option<u8>),
    /// In a comment, a CDATA section, a declaration: until these bytes come.
    Skip(&'static [u8]),
}

/// One document. It may come in any pieces; a tag is written once it is whole.
#[derive(Clone, Default)]
pub struct Document {
    state: State,
    /// The tag so far, or the last bytes of what is skipped.
    held: Vec<u8>,
    /// How much of the tag has been written: its name, so that one that breaks off is still broken.
    written: usize,
}

impl Document {
    /// Takes the next bytes.
    pub fn write(&mut self, bytes: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        for &byte in bytes {
            self.byte(byte, pseudonyms, out);
        }
    }

    fn byte(&mut self, byte: u8, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        match self.state {
            State::Text | State::Said if byte == b'<' => {
                self.held.clear();
                self.held.push(byte);
                self.written = 0;
                self.state = State::Tag(None);
            }
            State::Text | State::Said => self.between(byte, out),
            State::Tag(quote) => self.tag(byte, quote, pseudonyms, out),
            State::Skip(end) => {
                // Line ends stay, so that lines keep their numbers.
                if byte == b'\n' || byte == b'\r' {
                    out.push(byte);
                }
                self.held.push(byte);
                if self.held.ends_with(end) {
                    self.state = State::Text;
                } else if self.held.len() > end.len() {
                    self.held.remove(0);
                }
                if self.state == State::Text && end == b"-->" {
                    out.extend_from_slice(end);
                }
            }
        }
    }

    /// Text between tags: no decoder reads it.
    fn between(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte.is_ascii_whitespace() {
            out.push(byte);
        } else if self.state == State::Text {
            out.extend_from_slice(LEFT_OUT);
            self.state = State::Said;
        }
    }

    fn tag(&mut self, byte: u8, quote: Option<u8>, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        if self.held.len() < MAX_TAG {
            self.held.push(byte);
        }
        match (quote, byte) {
            (Some(quote), _) if quote == byte => self.state = State::Tag(None),
            (Some(_), _) => {}
            (None, b'"' | b'\'') => self.state = State::Tag(Some(byte)),
            (None, b'>') => {
                self.state = State::Text;
                let held = std::mem::take(&mut self.held);
                if held.len() < MAX_TAG {
                    element(&held, self.written, pseudonyms, out);
                } else {
                    out.push(b'>');
                }
            }
            (None, _) if self.written == 0 && byte.is_ascii_whitespace() && !self.held.starts_with(b"<!") => {
                out.extend_from_slice(&self.held);
                self.written = self.held.len();
            }
            (None, _) => self.skip(out),
        }
    }

    /// Leaves the rest of what is no element out.
    fn skip(&mut self, out: &mut Vec<u8>) {
        let end: &[u8] = match self.held.as_slice() {
            b"<!--" => {
                out.extend_from_slice(b"<!--");
                b"-->"
            }
            b"<![CDATA[" => b"]]>",
            b"<!DOCTYPE" => b">",
            _ => return,
        };
        self.state = State::Skip(end);
        self.held.clear();
    }
}

/// Writes a whole tag from a place behind its name on, its attributes replaced by their names.
fn element(tag: &[u8], mut done: usize, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let label = attributes(tag).find(|a| [&b"key"[..], b"name"].iter().any(|l| l.eq_ignore_ascii_case(a.name)));
    let is_secret = label.is_some_and(|label| is_secret(label.value));
    for attribute in attributes(tag) {
        out.extend_from_slice(tag.get(done..attribute.start).unwrap_or_default());
        if !of_sites(tag, &attribute, pseudonyms, out) {
            value(&attribute, is_secret, pseudonyms, out);
        }
        done = attribute.start + attribute.value.len();
    }
    out.extend_from_slice(tag.get(done..).unwrap_or_default());
}

/// An attribute: its name, and its value with its place in the tag.
struct Attribute<'a> {
    name: &'a [u8],
    value: &'a [u8],
    start: usize,
}

fn attributes(tag: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let open = at + memchr::memchr2(b'"', b'\'', tag.get(at..)?)?;
        let len = memchr::memchr(*tag.get(open)?, tag.get(open + 1..)?)?;
        let before = tag.get(at..open)?.trim_ascii_end();
        let before = before.strip_suffix(b"=").unwrap_or(before).trim_ascii_end();
        let from = before.iter().rposition(u8::is_ascii_whitespace).map_or(0, |space| space + 1);
        at = open + len + 2;
        Some(Attribute { name: before.get(from..)?, value: tag.get(open + 1..open + 1 + len)?, start: open + 1 })
    })
}

/// Writes what tells of sites, pools and their folders; `false` if it is another attribute.
fn of_sites(tag: &[u8], attribute: &Attribute<'_>, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) -> bool {
    const POOLS: &[u8] = b"/apppools/";
    let value = attribute.value;
    let is_on_disk = matches!(value, [b'\\', b'\\', ..] | [_, b':', ..]);
    let is_location = tag.get(..9).is_some_and(|tag| tag.eq_ignore_ascii_case(b"<location"));
    match attribute.name.to_ascii_lowercase().as_slice() {
        b"name" | b"applicationpool" | b"servercomment" | b"apppoolid" => sites::name(value, pseudonyms, out),
        b"path" if is_location => sites::place(value, pseudonyms, out),
        b"physicalpath" => sites::folder(value, pseudonyms, out),
        // Of MetaBase.xml.
        b"path" if is_on_disk => sites::folder(value, pseudonyms, out),
        b"location" => {
            let pool = memchr::memmem::find(&value.to_ascii_lowercase(), POOLS).map_or(value.len(), |at| at + POOLS.len());
            let (before, pool) = value.split_at(pool);
            out.extend_from_slice(before);
            sites::name(pool, pseudonyms, out);
        }
        b"directory" | b"logfiledirectory" => text::write(value, pseudonyms, out),
        b"bindinginformation" | b"serverbindings" | b"securebindings" => sites::bindings(value, pseudonyms, out),
        _ => return false,
    }
    true
}

fn value(attribute: &Attribute<'_>, labelled: bool, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let (name, value) = (attribute.name.to_ascii_lowercase(), attribute.value);
    let is_value = name == b"value" || name == b"defaultvalue";
    let is_plain = value.is_empty() || value == b"*" || value == b"?";
    if is_plain || KEPT.contains(&name.as_slice()) || name.starts_with(b"xmlns:") {
        out.extend_from_slice(value);
    } else if labelled && is_value || is_secret(&name) {
        pseudonyms.name(What::Secret, value, out);
    } else if name.ends_with(b"users") {
        pseudonyms.name(What::User, value, out);
    } else if let Some(what) = named::what(&name, &[]) {
        named::write(what, value, pseudonyms, out);
    } else if address::whole(value).is_some() {
        address::column(value, pseudonyms, out);
    } else {
        text::write(value, pseudonyms, out);
    }
}

/// Whether a name tells of a secret.
fn is_secret(name: &[u8]) -> bool {
    let has_key = memchr::memmem::find(&name.to_ascii_lowercase(), b"key").is_some();
    // AnonymousUserPass, WAMUserPass and AdminACL of MetaBase.xml: encrypted, and nobody's business.
    let of_metabase = [&b"userpass"[..], b"adminacl"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    has_key || of_metabase || named::what(name, &[]) == Some(What::Secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let (mut document, pseudonyms, mut out) = (Document::default(), Pseudonyms::new([1; 16]), Vec::new());
        document.write(text.as_bytes(), &pseudonyms, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_the_decoders_read_stays_to_the_byte() {
        for text in [
            "<?xml version=\"1.0\" encoding='UTF-8'?>\r\n<configuration>\r\n",
            "<site name=\"A > B\" id='1'><application path=\"/x\"  applicationPool = \"P\" /></site>",
            "<customSetting key=\"MaxConcurrentConfigRequests\" type=\"registry\" regKey=\"Notification Server\" defaultValue=\"30\"/>",
            "<add users='*' roles=''/><serverRuntime appConcurrentRequestLimit='6000'></serverRuntime>",
            "<IIsWebServer\tLocation =\"/LM/W3SVC/1\"\r\n\t\tLogPluginClsid=\"{FF160663-DE82-11CF-BC0A-00AA006111E0}\"\r\n\t>",
            "<logFile directory=\"%SystemDrive%\\logs\" logFormat=\"W3C\"/><limits maxConnections=\"7\"/>",
        ] {
            assert_eq!(told(text), text);
        }
    }

    #[test]
    fn secrets_accounts_text_and_comments_go() {
        for text in [
            "<virtualDirectory userName=\"CORP\\seeded\" />",
            "<processModel password='[enc:seeded:enc]'/>",
            "<add key=\"ApiKey\" value=\"seeded\"/><add value='seeded' name='DbPassword'/>",
            "<add connectionString=\"Server=x;Password=seeded\"/>",
            "<IIsComputer Location='/LM' AdminACL='seeded' AnonymousUserPass='seeded' AnonymousUserName='IUSR_seeded'/>",
            "<machineKey validationKey='seeded'/><authorization><deny users='seeded'/></authorization>",
            "<password>seeded</password><!-- seeded\n-- seeded --><x><![CDATA[seeded]]></x>",
            "<!DOCTYPE a 'seeded'><add path=\"/\" physicalPath=\"C:\\Users\\seeded\\site\"/>",
        ] {
            assert!(!told(text).contains("seeded"), "{}", told(text));
        }
        assert_eq!(told("<a>\n text, text\n <!-- x\n -->\n</a>"), "<a>\n *** \n <!--\n-->\n</a>");
        assert_eq!(told("<add ipAddress='10.1.2.3'/>").matches("10.1.2.3").count(), 0);
    }
}
