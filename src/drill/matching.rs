//! Which rows a drilldown is about, and what each of them says for it.

use std::borrow::Cow;

use crate::engine::applications::{Applications, Site};
use crate::formats::Kind;
use crate::formats::httperr::CONNECTIONS_REFUSED;
use crate::record::{AltirisMeaning, Fact, Record};
use crate::timeline::tally::NsRequest;

/// What the rows are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Requests of an application, by its name.
    App(String),
    /// Requests that take a slot of a Notification Server, and what its log and the agents say of them.
    Ns(NsRequest),
    /// Connections that HTTP.sys refused.
    Refused,
    /// The listings of a pool tag.
    Tag([u8; 4]),
    /// Every row of every log.
    Everything,
}

/// What rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The URL without its query.
    Url,
    /// The client's address, or the agent's host.
    Client,
    /// The user agent.
    UserAgent,
    /// Status and substatus, or the reason phrase.
    Status,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Url, Self::Client, Self::UserAgent, Self::Status];

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Url => "URL",
            Self::Client => "client",
            Self::UserAgent => "user agent",
            Self::Status => "status",
        }
    }
}

/// A row that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// The kind of its log.
    pub kind: Kind,
    /// Milliseconds it took; `None` where the log does not tell.
    pub taken: Option<u64>,
    /// Clients that it tells were turned away.
    pub turned_away: u64,
}

impl About {
    /// Whether logs of a kind can hold such rows.
    #[must_use]
    pub fn may_be_in(&self, kind: Kind) -> bool {
        match self {
            Self::App(_) => kind == Kind::W3c,
            Self::Ns(_) => matches!(kind, Kind::W3c | Kind::HttpErr | Kind::Altiris),
            Self::Refused => kind == Kind::HttpErr,
            Self::Tag(_) => kind == Kind::Poolmon,
            Self::Everything => kind.is_log(),
        }
    }

    /// What a row says, if it is asked for.
    pub fn hit(&self, record: &Record<'_>, applications: &Applications, site: &mut Site) -> Option<Hit> {
        let (kind, taken, turned_away) = match &record.fact {
            Fact::Request(request) => {
                let asked = match self {
                    Self::App(name) => applications.name_of(site, request.site, request.stem) == name,
                    Self::Ns(ns) => NsRequest::of_url(request.stem) == Some(*ns),
                    Self::Everything => true,
                    Self::Refused | Self::Tag(_) => false,
                };
                asked.then(|| (Kind::W3c, request.taken, u64::from(request.status == 503)))?
            }
            Fact::HttpErr(row) => {
                let asked = match self {
                    Self::Ns(ns) => NsRequest::of_url(row.uri) == Some(*ns),
                    Self::Refused => row.reason.phrase == CONNECTIONS_REFUSED.as_bytes(),
                    Self::Everything => true,
                    Self::App(_) | Self::Tag(_) => false,
                };
                let turned_away = if row.turned_away() && !row.not_iis() { row.reason.count } else { 0 };
                asked.then_some((Kind::HttpErr, None, turned_away))?
            }
            Fact::Sepm(entry) => (*self == Self::Everything).then_some((Kind::Sepm, None, u64::from(entry.unavailable)))?,
            Fact::Altiris(event) => {
                let asked = match (self, event.meaning) {
                    (Self::Ns(ns), AltirisMeaning::SlotsFull { slots, .. }) => ns.slots() == slots,
                    (Self::Everything, _) | (Self::Ns(NsRequest::GetPackageInfo), AltirisMeaning::BackingOff) => true,
                    _ => false,
                };
                asked.then_some((Kind::Altiris, None, u64::from(event.meaning != AltirisMeaning::Other)))?
            }
            Fact::PoolTag(tag) => {
                (matches!(self, Self::Tag(wanted) if *wanted == tag.tag)).then_some((Kind::Poolmon, None, 0))?
            }
            Fact::Samples { .. } | Fact::PoolTotal(_) | Fact::TagName { .. } | Fact::Settings(_) => return None,
        };
        Some(Hit { kind, taken, turned_away })
    }
}

impl Hit {
    /// What a row is grouped by.
    #[must_use]
    pub fn key<'r>(&self, by: By, record: &Record<'r>) -> Cow<'r, [u8]> {
        let text: Cow<'r, [u8]> = match (&record.fact, by) {
            (Fact::Request(r), By::Url) => r.stem.into(),
            (Fact::Request(r), By::Client) => r.client.into(),
            (Fact::Request(r), By::UserAgent) => r.user_agent.into(),
            (Fact::Request(r), By::Status) => match r.substatus {
                Some(substatus) => format!("{}.{substatus}", r.status).into_bytes().into(),
                None => r.status.to_string().into_bytes().into(),
            },
            (Fact::HttpErr(r), By::Url) => r.uri.split(|b| *b == b'?').next().unwrap_or_default().into(),
            (Fact::HttpErr(r), By::Client) => r.client.into(),
            (Fact::HttpErr(r), By::Status) => match r.status {
                Some(status) => [status.to_string().as_bytes(), b" ", r.reason.phrase].concat().into(),
                None => r.reason.phrase.into(),
            },
            (Fact::Altiris(e), By::Client) => e.host.into(),
            (Fact::Altiris(e), By::UserAgent) => e.process.into(),
            (Fact::Altiris(e), By::Url) => e.module.into(),
            (Fact::Altiris(e), By::Status) => e.severity.map_or_else(Vec::new, |s| format!("severity {s}").into_bytes()).into(),
            _ => Cow::Borrowed(&[]),
        };
        if text.is_empty() { Cow::Borrowed(b"-") } else { text }
    }
}
