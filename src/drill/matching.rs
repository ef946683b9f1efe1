//! Which rows a drilldown is about, and what each of them says for it.

use std::borrow::Cow;

use crate::engine::applications::{Applications, Site};
use crate::formats::Kind;
use crate::record::{AltirisMeaning, Fact, Record, SourceId};
use crate::time::Time;
use crate::timeline::tally::{NsRequest, SEPM_503, Trouble};
use crate::timeline::{POOL_USED, Timeline};

/// What the rows are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Requests of an application, by its name.
    App(String),
    /// Requests that take a slot of a Notification Server, and what its log and the agents say of them.
    Ns(NsRequest),
    /// The same of both kinds of slots.
    NsSlots,
    /// Clients turned away for one of these reasons, named as [`crate::diagnosis::turned_away`] names them, or [`SEPM_503`].
    TurnedAway(Vec<String>),
    /// Samples of a counter, by its path without host, in lower case.
    Counter(Box<str>),
    /// Every row of one source.
    Source(SourceId),
    /// Every row of every log.
    Everything,
}

/// What rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// Whether a log, of this kind, can hold such rows.
    #[must_use]
    pub fn may_be_in(&self, source: SourceId, kind: Kind) -> bool {
        match self {
            Self::App(_) => kind == Kind::W3c,
            Self::Ns(_) | Self::NsSlots => matches!(kind, Kind::W3c | Kind::HttpErr | Kind::Altiris),
            Self::TurnedAway(reasons) => match kind {
                Kind::W3c => reasons.iter().any(|reason| reason == "503" || reason.starts_with("503.")),
                Kind::Sepm => reasons.iter().any(|reason| reason == SEPM_503),
                // A reason phrase may be any text.
                _ => kind == Kind::HttpErr,
            },
            Self::Counter(path) => kind == Kind::PdhCsv || kind == Kind::Poolmon && **path == *POOL_USED,
            Self::Source(wanted) => *wanted == source,
            Self::Everything => kind.is_log(),
        }
    }

    /// When such clients were first turned away; `None` for anything else, and where none were.
    #[must_use]
    pub fn first_turned_away(&self, timeline: &Timeline) -> Option<Time> {
        let Self::TurnedAway(reasons) = self else { return None };
        let is_asked = |trouble: &Trouble| match trouble {
            Trouble::Http503 { substatus, .. } => reasons.contains(&reason_of_503(*substatus)),
            Trouble::HttpErr { phrase, turned_away: true, .. } => reasons.iter().any(|reason| **reason == **phrase),
            Trouble::Sepm503 => reasons.iter().any(|reason| reason == SEPM_503),
            _ => false,
        };
        let tallies = timeline.troubles().filter(|(trouble, _)| is_asked(trouble));
        tallies.filter_map(|(_, tally)| tally.counts().first()).min().map(Time::from_second)
    }

    /// What a row says, if it is asked for. Of [`Self::Source`] all rows are: whose they are was seen before.
    pub fn hit(&self, record: &Record<'_>, applications: &Applications, site: &mut Site) -> Option<Hit> {
        let is_any = matches!(self, Self::Source(_));
        let is_log = is_any || *self == Self::Everything;
        let (kind, taken, turned_away) = match &record.fact {
            Fact::Request(request) => {
                let asked = match self {
                    Self::App(name) => applications.name_of(site, request.site, request.stem) == name,
                    Self::Ns(ns) => NsRequest::of_url(request.stem) == Some(*ns),
                    Self::NsSlots => NsRequest::of_url(request.stem).is_some(),
                    Self::TurnedAway(reasons) => request.status == 503 && reasons.contains(&reason_of_503(request.substatus)),
                    _ => is_log,
                };
                asked.then(|| (Kind::W3c, request.taken, u64::from(request.status == 503)))?
            }
            Fact::HttpErr(row) => {
                let turned_away = if row.turned_away() && !row.not_iis() { row.reason.count } else { 0 };
                let asked = match self {
                    Self::Ns(ns) => NsRequest::of_url(row.uri) == Some(*ns),
                    Self::NsSlots => NsRequest::of_url(row.uri).is_some(),
                    Self::TurnedAway(reasons) => {
                        // As the timeline names it.
                        let phrase = if row.reason.phrase.is_empty() { b"(no reason)" } else { row.reason.phrase };
                        turned_away > 0 && reasons.contains(&String::from_utf8_lossy(phrase).into_owned())
                    }
                    _ => is_log,
                };
                asked.then_some((Kind::HttpErr, None, turned_away))?
            }
            Fact::Sepm(entry) => {
                let asked = match self {
                    Self::TurnedAway(reasons) => entry.unavailable && reasons.iter().any(|reason| reason == SEPM_503),
                    _ => is_log,
                };
                asked.then_some((Kind::Sepm, None, u64::from(entry.unavailable)))?
            }
            Fact::Altiris(event) => {
                let asked = match (self, event.meaning) {
                    (Self::Ns(ns), AltirisMeaning::SlotsFull { slots, .. }) => ns.slots() == slots,
                    (Self::Ns(NsRequest::GetPackageInfo) | Self::NsSlots, AltirisMeaning::BackingOff)
                    | (Self::NsSlots, AltirisMeaning::SlotsFull { .. }) => true,
                    _ => is_log,
                };
                asked.then_some((Kind::Altiris, None, u64::from(event.meaning != AltirisMeaning::Other)))?
            }
            Fact::Samples { paths, values } => {
                let told = |path: &str| paths.iter().zip(*values).any(|(told, value)| **told == *path && value.is_some());
                let asked = matches!(self, Self::Counter(path) if told(path));
                (is_any || asked).then_some((Kind::PdhCsv, None, 0))?
            }
            Fact::PoolTotal(_) => {
                let asked = matches!(self, Self::Counter(path) if **path == *POOL_USED);
                (is_any || asked).then_some((Kind::Poolmon, None, 0))?
            }
            Fact::PoolTag(_) => is_any.then_some((Kind::Poolmon, None, 0))?,
            Fact::TagName { .. } => is_any.then_some((Kind::PoolTagNames, None, 0))?,
            Fact::Settings(_) => is_any.then_some((Kind::ApplicationHost, None, 0))?,
        };
        Some(Hit { kind, taken, turned_away })
    }
}

/// A 503 of IIS as people name it: `503.2`.
fn reason_of_503(substatus: Option<u16>) -> String {
    substatus.map_or_else(|| String::from("503"), |substatus| format!("503.{substatus}"))
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
