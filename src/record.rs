//! What a log says: one [`Record`] for each thing that was written down, and where it stands.
//!
//! Records borrow from the line they were read from. Text fields are the bytes of the log, unchecked: whatever shows them must
//! escape them first.

use crate::limits::Settings;
use crate::time::Time;

/// One log that is read: a file, or one generation of a file that was rewritten. Given out by whoever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// Where a record stands in its log: the road back to the raw line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Bytes from the start of the log to the record's first byte.
    pub offset: u64,
    /// Bytes from the record's first byte to the end of its last line, line end included.
    pub len: u32,
    /// Number of its first line, counted from 1.
    pub line: u64,
}

/// A position in a particular log. Ordered by log, then by offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The log.
    pub source: SourceId,
    /// The place in it.
    pub position: Position,
}

/// One thing that a log says.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// When it happened (for a W3C row: when the request ended, in whole seconds).
    pub time: Time,
    /// Where it stands.
    pub position: Position,
    /// Its text without the line end; several lines for formats whose records have several.
    pub raw: &'a [u8],
    /// What it says.
    pub fact: Fact<'a>,
}

/// What a record says.
#[derive(Debug, Clone)]
pub enum Fact<'a> {
    /// A request that ended (IIS W3C).
    Request(Request<'a>),
    /// A connection or request that HTTP.sys ended by itself (HTTPERR).
    HttpErr(HttpErr<'a>),
    /// An entry of the SEPM server's own log.
    Sepm(SepmEntry<'a>),
    /// An event of an Altiris agent or Notification Server.
    Altiris(AltirisEvent<'a>),
    /// A row of counter samples (PDH-CSV): the same length as the paths, `None` where the cell is blank.
    Samples {
        /// Counter paths without the host, in lower case: `\memory\pool nonpaged bytes`.
        paths: &'a [Box<str>],
        /// One value a path.
        values: &'a [Option<f64>],
    },
    /// What one pool tag holds (poolmon).
    PoolTag(PoolTag<'a>),
    /// The bytes of the whole non-paged pool that a poolmon listing has in its head; no row of it.
    PoolTotal(u64),
    /// Which driver a pool tag belongs to (pooltag.txt). The tag may hold `?` for any one character.
    TagName {
        /// Four bytes, space padded.
        tag: [u8; 4],
        /// The driver's file, or empty.
        driver: &'a str,
        /// What it is used for.
        description: &'a str,
    },
    /// Limits and sites of a configuration file.
    Settings(&'a Settings),
}

impl Fact<'_> {
    /// Whether it counts as a record of its log.
    #[must_use]
    pub fn is_row(&self) -> bool {
        !matches!(self, Self::PoolTotal(_))
    }

    /// Whether it happened at a moment. Configurations and lists of names hold at all times.
    #[must_use]
    pub fn has_time(&self) -> bool {
        !matches!(self, Self::Settings(_) | Self::TagName { .. })
    }
}

/// A request of an IIS W3C log. Absent fields are `None`, or empty for text (a `-` in the log is empty, too).
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    /// `s-sitename`.
    pub site: &'a [u8],
    /// `cs-uri-stem`.
    pub stem: &'a [u8],
    /// `c-ip`.
    pub client: &'a [u8],
    /// `cs(User-Agent)`.
    pub user_agent: &'a [u8],
    /// `sc-status`.
    pub status: u16,
    /// `sc-substatus`; `None` where the log has no such column.
    pub substatus: Option<u16>,
    /// `time-taken` in milliseconds; `None` where the log has no such column.
    pub taken: Option<u64>,
}

impl Request<'_> {
    /// What it ended with.
    #[must_use]
    #[inline]
    pub fn end(&self) -> End {
        End { status: self.status, substatus: self.substatus, taken: self.taken }
    }
}

/// A request of the second of the one before it, as far as such a one tells anything new.
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a> {
    /// When it was logged.
    pub time: Time,
    /// One past the last byte of its row.
    pub end: u64,
    /// As in [`Request`].
    pub site: &'a [u8],
    /// As in [`Request`].
    pub stem: &'a [u8],
    /// As in [`Request`].
    pub status: u16,
    /// As in [`Request`]; its log has it.
    pub substatus: u16,
    /// As in [`Request`]; its log has it.
    pub taken: u64,
}

/// What a request ended with: the fields are those of [`Request`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    /// `sc-status`.
    pub status: u16,
    /// `sc-substatus`.
    pub substatus: Option<u16>,
    /// `time-taken` in milliseconds.
    pub taken: Option<u64>,
}

/// A row of HTTPERR. Empty text where the log has `-`.
#[derive(Debug, Clone)]
pub struct HttpErr<'a> {
    /// `c-ip`.
    pub client: &'a [u8],
    /// `s-port`.
    pub server_port: Option<u16>,
    /// `cs-method`.
    pub method: &'a [u8],
    /// `cs-uri`, as the client sent it.
    pub uri: &'a [u8],
    /// `sc-status`.
    pub status: Option<u16>,
    /// `s-siteid`.
    pub site_id: &'a [u8],
    /// `s-reason`.
    pub reason: Reason<'a>,
    /// `s-queuename`: the application pool.
    pub queue: &'a [u8],
}

/// The phrase of the counted form `N_Connections_Refused` without its count.
pub const CONNECTIONS_REFUSED: &str = "Connections_Refused";

/// Why HTTP.sys ended it: the reason phrase, its class, and how many connections the line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason<'a> {
    /// The phrase in Microsoft's spelling, without a count in front; unknown phrases as they stand.
    pub phrase: &'a [u8],
    /// What it means for the client.
    pub class: ReasonClass,
    /// 1, or N of `N_Connections_Refused`.
    pub count: u64,
}

/// What a reason phrase means for the client (KB 820729).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonClass {
    /// Turned away by capacity or by the state of the application pool.
    TurnedAway,
    /// Accepted, then dropped.
    Dropped,
    /// The client's own fault.
    ClientFault,
    /// Normal end of an idle or slow connection.
    Idle,
    /// A phrase that is in no table.
    Unknown,
}

/// An entry of `scm-server-0.log` with its stack trace.
#[derive(Debug, Clone)]
pub struct SepmEntry<'a> {
    /// `SEVERE`, `WARNING`, `INFO`, …
    pub level: &'a [u8],
    /// The text after the level, first line only.
    pub message: &'a [u8],
    /// It tells of a 503 from secars.
    pub unavailable: bool,
    /// It tells of error code 0x10010000.
    pub code_0x10010000: bool,
}

/// An `<event>` of an Altiris agent or Notification Server log.
#[derive(Debug, Clone)]
pub struct AltirisEvent<'a> {
    /// 1 error, 2 warning, 4 information, 8 trace; `None` where unreadable.
    pub severity: Option<u32>,
    /// `hostName`.
    pub host: &'a [u8],
    /// `source`.
    pub source: &'a [u8],
    /// `module`.
    pub module: &'a [u8],
    /// `process`.
    pub process: &'a [u8],
    /// The text, which may hold line feeds.
    pub message: &'a [u8],
    /// What the text tells, as far as the program knows it.
    pub meaning: AltirisMeaning,
}

/// The texts of an Altiris log that tell of clients turned away (KB 176788, KB 179877).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AltirisMeaning {
    /// "The maximum number of … requests has been reached … (Max: N)".
    SlotsFull {
        /// Which kind of request met the limit.
        slots: Slots,
        /// N of "(Max: N)".
        max: Option<u32>,
    },
    /// The agent's "Server is busy. … backing off".
    BackingOff,
    /// "Unable to process client request from: …".
    UnableToProcess,
    /// Anything else.
    Other,
}

/// The two kinds of slots of a Notification Server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slots {
    /// `MaxConcurrentConfigRequests`.
    Config,
    /// `MaxConcurrentPackageInfoRequests`.
    PackageInfo,
}

/// One row of a poolmon listing.
#[derive(Debug, Clone)]
pub struct PoolTag<'a> {
    /// Four bytes, space padded.
    pub tag: [u8; 4],
    /// `Nonp` rather than `Paged`.
    pub nonpaged: bool,
    /// Allocations since Windows started.
    pub allocs: u64,
    /// Frees since Windows started.
    pub frees: u64,
    /// Bytes held.
    pub bytes: u64,
    /// The `Mapped_Driver` column of `poolmon /g`, or empty.
    pub driver: &'a [u8],
}
