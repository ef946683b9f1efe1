//! Rows of W3C and HTTPERR logs: each column by its name. A column that is not known is replaced, not passed on.

use super::pseudonyms::{Pseudonyms, What};
use super::{WITHHELD, address, query, sites, text, words};
use crate::formats::fields::{self, directive};
use crate::formats::rows::{Cuts, MAX_COLUMNS};
use crate::formats::{Kind, httperr, w3c};

/// A column that is kept holds no more than this; what is longer is looked through first.
const LONGEST_KEPT: usize = 64;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// Nothing of the client's.
    Keep,
    /// The client's address.
    Client,
    /// Addresses.
    Addresses,
    /// A path.
    Path,
    /// A query.
    Query,
    /// A URL.
    Url,
    /// A user agent.
    Agent,
    /// A site or a pool.
    Named,
    /// The server's own name.
    Host,
    /// Something to replace as a whole.
    Whole(What),
    /// Nobody knows: addresses if it begins with one, else something to replace as a whole.
    Unknown,
}

/// Columns that tell nothing of the client, in lower case. Other products have `s-` columns that do: no prefix is trusted.
const KEPT: [&[u8]; 21] = [
    b"date",
    b"time",
    b"date-local",
    b"time-local",
    b"time-taken",
    b"timetakenms",
    b"s-ip",
    b"s-port",
    b"s-siteid",
    b"s-reason",
    b"c-port",
    b"cs-method",
    b"cs-version",
    b"cs-bytes",
    b"sc-status",
    b"sc-substatus",
    b"sc-win32-status",
    b"sc-bytes",
    b"streamid",
    b"streamid_ex",
    b"transport",
];

/// Columns that are looked into, in lower case.
const COLUMNS: [(&[u8], Column); 14] = [
    (b"c-ip", Column::Client),
    (b"cs-uri-stem", Column::Path),
    (b"cs-uri", Column::Url),
    (b"cs-uri-query", Column::Query),
    (b"cs-username", Column::Whole(What::User)),
    (b"cs(user-agent)", Column::Agent),
    (b"cs(referer)", Column::Url),
    (b"cs(referrer)", Column::Url),
    (b"cs(cookie)", Column::Whole(What::Secret)),
    (b"s-sitename", Column::Named),
    (b"s-queuename", Column::Named),
    (b"s-computername", Column::Host),
    (b"cs-host", Column::Host),
    (b"cs(host)", Column::Host),
];

impl Column {
    fn of(name: &[u8]) -> Self {
        let name = name.to_ascii_lowercase();
        let has = |part: &[u8]| memchr::memmem::find(&name, part).is_some();
        if let Some((_, column)) = COLUMNS.iter().find(|(known, _)| *known == name) {
            *column
        } else if KEPT.contains(&name.as_slice()) {
            Self::Keep
        } else if [&b"forwarded"[..], b"client-ip", b"client_ip", b"clientip", b"real-ip", b"remote"].iter().any(|part| has(part))
        {
            Self::Addresses
        } else if [&b"cookie"[..], b"auth", b"token", b"secret", b"passw", b"key"].iter().any(|part| has(part)) {
            Self::Whole(What::Secret)
        } else if has(b"user") {
            Self::Whole(What::User)
        } else {
            Self::Unknown
        }
    }

    fn write(self, text: &[u8], ends: Ends<'_>, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        match self {
            _ if text.is_empty() || text == b"-" => out.extend_from_slice(text),
            Self::Keep if text.len() <= LONGEST_KEPT => out.extend_from_slice(text),
            // The server that asks itself shows the address that it shows as its own.
            Self::Client if text == ends.server => out.extend_from_slice(text),
            Self::Client | Self::Addresses => match address::whole(text) {
                Some((address, len)) => {
                    pseudonyms.address(address, out);
                    out.extend_from_slice(text.get(len..).unwrap_or_default());
                }
                None => address::column(text, pseudonyms, out),
            },
            Self::Path => query::stem(text, pseudonyms, out),
            Self::Query => query::query(text, pseudonyms, out),
            Self::Url => query::url(text, pseudonyms, out),
            Self::Agent => text::agent(text, ends.client, pseudonyms, out),
            Self::Named => sites::name(text, pseudonyms, out),
            Self::Host => sites::host(text, pseudonyms, out),
            Self::Keep => words::write(text, pseudonyms, out),
            Self::Whole(what) => pseudonyms.name(what, text, out),
            Self::Unknown => {
                let first = text.split(|b| *b == b',').next().unwrap_or_default();
                if address::whole(first).is_some() {
                    address::column(text, pseudonyms, out);
                } else {
                    pseudonyms.name(What::Value, text, out);
                }
            }
        }
    }
}

/// The addresses of a row's two ends.
#[derive(Clone, Copy)]
struct Ends<'a> {
    server: &'a [u8],
    client: &'a [u8],
}

/// The columns of a `#Fields` line.
#[derive(Clone)]
struct Layout {
    columns: Vec<Column>,
    server: Option<usize>,
    client: Option<usize>,
    method: Option<usize>,
}

impl Layout {
    fn parse(value: &[u8]) -> Self {
        let names: Vec<&[u8]> = fields::names(value).collect();
        Self {
            columns: names.iter().map(|name| Column::of(name)).collect(),
            server: fields::find(&names, &["s-ip"]),
            client: fields::find(&names, &["c-ip"]),
            method: fields::find(&names, &["cs-method"]),
        }
    }
}

/// One log of rows: follows its `#Fields` as its decoder does.
#[derive(Clone)]
pub struct Rows {
    kind: Kind,
    layout: Option<Layout>,
}

impl Rows {
    /// A log of which nothing has come.
    pub fn new(kind: Kind) -> Self {
        Self { kind, layout: None }
    }

    /// Writes a line without its end.
    pub fn line(&mut self, text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        if text.trim_ascii().is_empty() {
            out.extend_from_slice(text);
        } else if text.first() == Some(&b'#') {
            self.directive(text, pseudonyms, out);
        } else {
            self.row(text, pseudonyms, out);
        }
    }

    /// Writes something that no layout takes for a row.
    pub fn withheld(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(WITHHELD);
        if self.layout.as_ref().is_some_and(|layout| layout.columns.len() == 1) {
            out.push(b' ');
            out.extend_from_slice(WITHHELD);
        }
    }

    fn directive(&mut self, text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        if let Some(value) = directive(text, b"#fields:") {
            self.layout = Some(Layout::parse(value));
            out.extend_from_slice(text);
        } else {
            text::write(text, pseudonyms, out);
        }
    }

    fn row(&mut self, text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
        // As the decoders do it: a W3C log keeps the set that its first row fits, HTTPERR looks at each row anew.
        let mut guess = None;
        if self.layout.is_none() {
            match self.kind {
                Kind::W3c => self.layout = w3c::guess_fields(text).as_deref().map(Layout::parse),
                _ => guess = httperr::guess_fields(text).as_deref().map(Layout::parse),
            }
        }
        let layout = self.layout.as_ref().or(guess.as_ref());
        let mut cuts = Cuts::default();
        let row = layout.map(|layout| cuts.cut(text, layout.columns.len()));
        let (Some(layout), Some(row)) = (layout, row.filter(|row| row.len() <= MAX_COLUMNS)) else {
            return self.withheld(out);
        };
        if row.len() != layout.columns.len() {
            return self.withheld(out);
        }
        let ends = Ends { server: row.text(layout.server), client: row.text(layout.client) };
        let argument = argument(row.text(layout.method));
        let mut done = 0;
        for (index, column) in layout.columns.iter().enumerate() {
            let cell = row.get(index);
            let column = argument.filter(|_| *column == Column::Path).unwrap_or(*column);
            if column == Column::Keep && cell.len() <= LONGEST_KEPT {
                continue;
            }
            let start = place(text, cell, done);
            out.extend_from_slice(text.get(done..start).unwrap_or_default());
            let from = out.len();
            column.write(cell, ends, pseudonyms, out);
            // A quoted column keeps its spaces, so that the row is cut as it was.
            let lost = spaces(cell).saturating_sub(spaces(out.get(from..).unwrap_or_default()));
            out.extend(std::iter::repeat_n(b' ', lost));
            done = start + cell.len();
        }
        out.extend_from_slice(text.get(done..).unwrap_or_default());
    }
}

/// What stands where other rows have a path, if it is none: `[3]USER` and `[3]PASS` in the logs of IIS's FTP service.
fn argument(method: &[u8]) -> Option<Column> {
    match method.len().checked_sub(4).and_then(|at| method.get(at..))? {
        b"USER" => Some(Column::Whole(What::User)),
        b"PASS" => Some(Column::Whole(What::Secret)),
        _ => None,
    }
}

/// Where a column stands in its row, of which it is a part; `least` if it is empty and stands nowhere.
fn place(text: &[u8], column: &[u8], least: usize) -> usize {
    (column.as_ptr() as usize).checked_sub(text.as_ptr() as usize).filter(|at| (least..=text.len()).contains(at)).unwrap_or(least)
}

fn spaces(text: &[u8]) -> usize {
    memchr::memchr_iter(b' ', text).count()
}
