//! Log formats: bytes in, records out.
//!
//! A [`Format`] is one row of [`FORMATS`]: what it is called, how it is told from a head of lines, and the [`Decoder`] that turns
//! its lines into records. A format that is known but cannot be used has a sentence instead, which says what to turn on.
//!
//! Bytes pass through [`lines::Framer`] (encodings, line ends, NULs, giant lines) and [`stream::Stream`] (which kind is it?) before
//! they reach a decoder, so a decoder sees whole lines in UTF-8 or a code page, and any split of the bytes gives the same records.

pub mod altiris;
pub mod application_host;
pub mod cells;
pub mod core_settings;
pub mod fields;
pub mod glance;
pub mod httperr;
pub mod ledger;
pub mod lines;
pub mod metabase;
pub mod pdh_csv;
pub mod pool_tag_names;
pub mod poolmon;
pub mod refused;
pub mod rows;
pub mod sepm;
pub mod stream;
#[cfg(test)]
mod testing;
pub mod text;
pub mod w3c;
pub mod xml;

use std::fmt;

use crate::record::{Brief, Position, Record};
use crate::time::{Time, Zone};
use ledger::{Account, Counted, Ledger};
use lines::Line;
use rows::Lines;

/// Takes what a decoder finds.
pub trait Sink {
    /// A record. Called in the order of the log.
    fn record(&mut self, record: Record<'_>);
    /// A line that should have been a record and is none. `why` is a short sentence for people.
    fn malformed(&mut self, line: Line<'_>, why: &'static str);
    /// Whether a request of that moment may be told in brief: the row before it is of the same, and was taken.
    fn joins(&self, _time: Time) -> bool {
        false
    }
    /// Takes a request that may be told in brief.
    fn brief(&mut self, _brief: Brief<'_>) -> Briefly {
        Briefly::Refused
    }
    /// Who asked, of the request that [`Sink::brief`] just took; empty if nobody knows.
    fn asked(&mut self, _client: &[u8]) {}
    /// The rows of a busy log come through here: what takes them and what decodes them are compiled together for each kind of sink.
    fn rows(&mut self, decoder: &mut w3c::W3c, lines: &mut Lines<'_, '_>) -> Ledger {
        decoder.hand_out(lines, self)
    }
}

/// What becomes of a request that is told in brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Briefly {
    /// It was taken.
    Taken,
    /// It was taken, but who asked is wanted: [`Sink::asked`] comes next.
    WhoAsked,
    /// It was not: its record is wanted.
    Refused,
}

/// A sink that wants nothing: for decoding up to a place only to know the state there.
#[derive(Debug, Clone, Copy)]
pub struct Ignore;

impl Sink for Ignore {
    fn record(&mut self, _: Record<'_>) {}
    fn malformed(&mut self, _: Line<'_>, _: &'static str) {}
}

/// Turns the lines of one log into records.
pub trait Decoder: Send {
    /// Takes one whole line.
    fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink);
    /// Takes whole lines at once, and tells what became of their bytes. Only such a decoder is asked as understands every row by itself
    /// ([`Decoder::is_by_row`]). Lines over all bounds are left.
    fn lines(&mut self, lines: &mut Lines<'_, '_>, sink: &mut dyn Sink) -> Ledger {
        let mut account = Account::default();
        while let Some((line, _)) = lines.next() {
            account.begin(&line);
            self.line(line, &mut Counted { account: &mut account, sink });
            account.end(None);
        }
        account.ledger()
    }
    /// The log has been quiet for a while: hands out a record that is complete as far as anyone can tell.
    fn idle(&mut self, _sink: &mut dyn Sink) {}
    /// The log ends here.
    fn finish(&mut self, _sink: &mut dyn Sink) {}
    /// A record that has begun but was not handed out: who goes on later with a new decoder must go back to it.
    fn unfinished(&self) -> Option<Position> {
        None
    }
    /// Lines that a new decoder must be given first to go on from here, such as the `#Fields` in force; with line feeds.
    fn preamble(&self) -> Vec<u8> {
        Vec::new()
    }
    /// Whether every row from here on is understood by itself, by whoever is given the preamble: no row needs those before it.
    fn is_by_row(&self) -> bool {
        false
    }
    /// The version of IIS that the log says wrote it.
    fn iis(&self) -> Option<(u8, u8)> {
        None
    }
    /// The machine that the log says it is of, in lower case.
    fn host(&self) -> Option<&str> {
        None
    }
    /// A sentence about the whole log that its reader should know, such as a missing header; empty if there is none.
    fn remark(&self) -> Option<&'static str> {
        None
    }
}

/// What is known about a log besides its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Hints {
    /// Zone of logs in local time.
    pub zone: Zone,
    /// When the file was last written, for formats that carry no date (poolmon) or no year (old Altiris agents).
    pub modified: Option<Time>,
    /// The file's name without folders; poolmon snapshots may carry their time in it.
    pub name: String,
}

impl Default for Hints {
    fn default() -> Self {
        Self { zone: Zone::Utc, modified: None, name: String::new() }
    }
}

/// The kinds of files that the program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// IIS W3C extended log.
    W3c,
    /// HTTP.sys error log.
    HttpErr,
    /// SEPM `scm-server-0.log`.
    Sepm,
    /// Altiris agent or Notification Server log.
    Altiris,
    /// Counters as PDH-CSV.
    PdhCsv,
    /// poolmon listing or snapshot.
    Poolmon,
    /// pooltag.txt.
    PoolTagNames,
    /// applicationHost.config.
    ApplicationHost,
    /// MetaBase.xml of IIS 6.
    MetaBase,
    /// CoreSettings.config.
    CoreSettings,
    /// IIS native log: refused.
    IisNative,
    /// NCSA common log: refused.
    Ncsa,
    /// Centralised binary log: refused.
    CentralBinary,
    /// Binary performance log: refused.
    Blg,
    /// Counters that a spreadsheet has saved: refused.
    Spreadsheet,
    /// None of these.
    Unknown,
}

impl Kind {
    /// The name used in reports: `w3c`, `httperr`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::W3c => "w3c",
            Self::HttpErr => "httperr",
            Self::Sepm => "sepm",
            Self::Altiris => "altiris",
            Self::PdhCsv => "pdh-csv",
            Self::Poolmon => "poolmon",
            Self::PoolTagNames => "pooltag",
            Self::ApplicationHost => "application-host",
            Self::MetaBase => "metabase",
            Self::CoreSettings => "core-settings",
            Self::IisNative => "iis-native",
            Self::Ncsa => "ncsa",
            Self::CentralBinary => "iis-binary",
            Self::Blg => "blg",
            Self::Spreadsheet => "spreadsheet",
            Self::Unknown => "unknown",
        }
    }

    /// Whether its records are lines that an administrator reads (rather than counters, listings and settings).
    #[must_use]
    pub fn is_log(self) -> bool {
        matches!(self, Self::W3c | Self::HttpErr | Self::Sepm | Self::Altiris)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a format says of the first lines of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniff {
    /// It is of this kind.
    Yes,
    /// It may be; more lines would tell. At the end of the head this counts as yes.
    Maybe,
    /// It is not.
    No,
}

/// The first lines of a file, each without its line end, in UTF-8 or a code page.
pub type Head<'a> = &'a [&'a [u8]];

/// What a known format can do.
#[derive(Debug, Clone, Copy)]
pub enum Ability {
    /// It is read by this decoder.
    Read(fn(&Hints) -> Box<dyn Decoder>),
    /// It cannot answer the question; this says what to turn on instead.
    Refuse(&'static str),
}

/// A row of [`FORMATS`].
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its kind.
    pub kind: Kind,
    /// What people call it.
    pub title: &'static str,
    /// Tells whether the head of a file is of this kind.
    pub sniff: fn(Head<'_>) -> Sniff,
    /// What can be done with it.
    pub ability: Ability,
}

/// All formats, the surest to be told first: the first that says yes is it, and one that says maybe makes those after it wait.
pub static FORMATS: &[Format] = &[
    httperr::FORMAT,
    w3c::FORMAT,
    pdh_csv::FORMAT,
    sepm::FORMAT,
    altiris::FORMAT,
    refused::IIS_NATIVE,
    refused::NCSA,
    poolmon::FORMAT,
    core_settings::FORMAT,
    refused::SPREADSHEET,
    pool_tag_names::FORMAT,
    metabase::FORMAT,
    application_host::FORMAT,
    refused::CENTRAL_BINARY,
    refused::BLG,
];

/// The format's row; `None` for [`Kind::Unknown`].
#[must_use]
pub fn format(kind: Kind) -> Option<&'static Format> {
    FORMATS.iter().find(|f| f.kind == kind)
}
