//! What a log tells apart from what is replaced in it when it is redacted.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use why503::formats::lines::Line;
use why503::formats::stream::Stream;
use why503::formats::{Hints, Kind, Sink};
use why503::record::{Fact, Record};
use why503::time::{Time, Zone};

/// What a log tells without names, addresses, queries and text.
#[derive(Debug)]
pub struct Plain {
    /// Its kind.
    pub kind: Kind,
    /// Big endian, if it is UTF-16.
    pub utf16: Option<bool>,
    /// The remark on the whole log.
    remark: Option<&'static str>,
    /// Records.
    pub records: usize,
    /// Records and malformed lines in order.
    lines: Vec<String>,
    /// Clients' addresses.
    pub clients: BTreeSet<Vec<u8>>,
    /// Addresses that stand in other columns of rows with an address of their own.
    pub servers: BTreeSet<Vec<u8>>,
}

/// Holds two logs to telling the same.
pub fn assert_same(after: &Plain, before: &Plain, name: &str) {
    for (after, before) in after.lines.iter().zip(&before.lines) {
        assert_eq!(after, before, "{name}");
    }
    let all = |p: &Plain| (p.kind, p.utf16, p.remark, p.records, p.lines.len(), p.clients.len());
    assert_eq!(all(after), all(before), "{name}");
}

impl Plain {
    /// What a file of some name tells.
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        let modified = Time::from_ymd_hms(2010, 1, 1, 5, 0, 0);
        let mut stream = Stream::new(Hints { zone: Zone::Utc, modified, name: name.to_owned() });
        let mut plain = Self {
            kind: Kind::Unknown,
            utf16: None,
            remark: None,
            records: 0,
            lines: Vec::new(),
            clients: BTreeSet::new(),
            servers: BTreeSet::new(),
        };
        stream.feed(bytes, &mut plain);
        stream.finish(&mut plain);
        (plain.kind, plain.utf16, plain.remark) = (stream.kind(), stream.utf16(), stream.remark());
        plain
    }

    fn client(&mut self, client: &[u8], raw: &[u8]) {
        self.clients.insert(client.to_vec());
        // A server that asks itself stands there twice, and is known by its own column.
        if raw.split(|b| matches!(b, b' ' | b'"')).filter(|column| *column == client).count() > 1 {
            self.servers.insert(client.to_vec());
        }
    }
}

impl Sink for Plain {
    fn record(&mut self, record: Record<'_>) {
        self.records += 1;
        match &record.fact {
            Fact::Request(r) => self.client(r.client, record.raw),
            Fact::HttpErr(e) => self.client(e.client, record.raw),
            _ => {}
        }
        let lines = memchr::memchr_iter(b'\n', record.raw).count();
        self.lines.push(format!("{}+{lines} {} {}", record.position.line, record.time.millis(), fact(&record)));
    }

    fn malformed(&mut self, line: Line<'_>, why: &'static str) {
        self.lines.push(format!("{} malformed: {why}", line.number));
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A path without its query and its parts that are, or have been, GUIDs, tokens or names.
fn path(path: &[u8]) -> String {
    let path = lossy(path.split(|b| *b == b'?').next().unwrap_or_default());
    let is_replaced = |part: &str| {
        part.len() > 20 || part.starts_with('~') || ["secret-", "user-", "@", "\\\\"].iter().any(|name| part.contains(name))
    };
    let mut is_home = false;
    let told = path.split('/').map(|part| {
        let was_home = std::mem::replace(&mut is_home, ["users", "home"].iter().any(|home| home.eq_ignore_ascii_case(part)));
        if was_home || is_replaced(part) { "_" } else { part }
    });
    told.collect::<Vec<_>>().join("/")
}

fn fact(record: &Record<'_>) -> String {
    match &record.fact {
        Fact::Request(r) => {
            let columns = || record.raw.split(|b| *b == b' ');
            let there = (r.client.is_empty(), r.user_agent.is_empty(), columns().filter(|column| *column == b"-").count());
            // FTP has the name and the password there.
            let is_login = columns().any(|column| column.ends_with(b"USER") || column.ends_with(b"PASS"));
            let numbers = (r.status, r.substatus, r.taken);
            format!("{} {} {numbers:?} {there:?}", lossy(r.site), if is_login { String::from("_") } else { path(r.stem) })
        }
        Fact::HttpErr(e) => {
            let names = [e.method, e.site_id, e.queue].map(lossy);
            format!("{:?} {:?} {:?} {names:?} {} {}", e.reason, e.status, e.server_port, path(e.uri), e.client.is_empty())
        }
        Fact::Sepm(e) => format!("{} {} {}", lossy(e.level), e.unavailable, e.code_0x10010000),
        Fact::Altiris(e) => {
            format!("{:?} {:?} {:?} {}", e.severity, e.meaning, [e.source, e.module, e.process].map(lossy), e.host.is_empty())
        }
        other => format!("{other:?}"),
    }
}

/// All files in a folder and its folders.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Text in UTF-16 with a byte order mark.
pub fn wide(text: &str, big_endian: bool) -> Vec<u8> {
    let units = [0xFEFF].into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

/// A log's bytes as text.
pub fn text(bytes: &[u8], utf16: Option<bool>) -> String {
    let Some(big_endian) = utf16 else { return String::from_utf8(bytes.to_vec()).unwrap() };
    let unit = |pair: &[u8; 2]| if big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
    String::from_utf16(&bytes.as_chunks::<2>().0.iter().map(unit).collect::<Vec<_>>()).unwrap()
}
