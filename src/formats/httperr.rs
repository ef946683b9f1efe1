//! HTTPERR, the error log of HTTP.sys: connections and requests that no worker process ever saw the end of.
//!
//! Times are UTC. Reason phrases are those of KB 820729; newer Windows versions add more, which are shown as they are.

use super::fields::{self, Days, directive, find, number, status};
use super::ledger::{Ledger, What};
use super::lines::Line;
use super::rows::{Cuts, Lines, MAX_COLUMNS, Row};
use super::{Ability, Decoder, Format, Head, Hints, Kind, Sink, Sniff};
pub use crate::record::CONNECTIONS_REFUSED;
use crate::record::{Fact, HttpErr, Reason, ReasonClass, Record};
use crate::time::{parse_clock, parse_date};

/// The format's row.
pub const FORMAT: Format =
    Format { kind: Kind::HttpErr, title: "HTTPERR log", sniff, ability: Ability::Read(|hints| Box::new(Decode::new(hints))) };

/// Layouts of files that begin without a header: 2003 SP1 to 2012 R2, 2016 and later, 2022 and later.
const DEFAULT_SETS: [&str; 3] = [
    "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename",
    "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename",
    "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid streamid_ex sc-status s-siteid s-reason s-queuename transport",
];

/// Reason phrases and what they mean for the client.
const REASONS: &[(&str, ReasonClass)] = {
    use ReasonClass::{ClientFault, Dropped, Idle, TurnedAway};
    &[
        ("AppOffline", TurnedAway),
        ("AppPoolTimer", TurnedAway),
        ("AppShutdown", TurnedAway),
        ("ConnLimit", TurnedAway),
        ("Disabled", TurnedAway),
        ("N/A", TurnedAway),
        ("N/I", TurnedAway),
        ("QueueFull", TurnedAway),
        (CONNECTIONS_REFUSED, TurnedAway),
        ("Connection_Dropped_List_Full", TurnedAway),
        ("Timer_AppPool", TurnedAway),
        ("Timer_ReqQueue", TurnedAway),
        ("Connection_Abandoned_By_AppPool", Dropped),
        ("Connection_Abandoned_By_ReqQueue", Dropped),
        ("Connection_Dropped", Dropped),
        ("Client_Reset", Dropped),
        ("Request_Cancelled", Dropped),
        ("BadConnection", Dropped),
        ("Internal", Dropped),
        ("Timer_ConnectionIdle", Idle),
        ("Timer_EntityBody", Idle),
        ("Timer_HeaderWait", Idle),
        ("Timer_MinBytesPerSecond", Idle),
        ("Timer_Response", Idle),
        ("Timer_SslRenegotiation", Idle),
        ("BadRequest", ClientFault),
        ("EntityTooLarge", ClientFault),
        ("FieldLength", ClientFault),
        ("Forbidden", ClientFault),
        ("Header", ClientFault),
        ("Hostname", ClientFault),
        ("Invalid_CR/LF", ClientFault),
        ("LengthRequired", ClientFault),
        ("NotFound", ClientFault),
        ("Number", ClientFault),
        ("Precondition", ClientFault),
        ("RequestLength", ClientFault),
        ("URL", ClientFault),
        ("URL_Length", ClientFault),
        ("Verb", ClientFault),
        ("Version_N/S", ClientFault),
    ]
};

impl<'a> Reason<'a> {
    /// Reads a reason phrase; `3_Connections_Refused` counts three, in any case.
    #[must_use]
    pub fn parse(phrase: &'a [u8]) -> Self {
        let (count, bare) = counted(phrase).unwrap_or((1, phrase));
        match REASONS.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(bare)) {
            Some((known, class)) => Self { phrase: known.as_bytes(), class: *class, count },
            None => Self { phrase, class: ReasonClass::Unknown, count: 1 },
        }
    }
}

/// Splits `3_Connections_Refused` into 3 and the phrase.
fn counted(phrase: &[u8]) -> Option<(u64, &[u8])> {
    let at = phrase.len().checked_sub(CONNECTIONS_REFUSED.len() + 1)?;
    let (count, rest) = phrase.split_at_checked(at)?;
    let bare = rest.strip_prefix(b"_")?;
    bare.eq_ignore_ascii_case(CONNECTIONS_REFUSED.as_bytes()).then(|| number(count).map(|n| (n, bare)))?
}

impl HttpErr<'_> {
    /// Whether a client was turned away: a 503, or a reason of that class without a status; `N/I` comes with 501, too.
    #[must_use]
    pub fn turned_away(&self) -> bool {
        self.status.map_or(self.reason.class == ReasonClass::TurnedAway, |status| status == 503)
    }

    /// Whether it concerns another user of HTTP.sys than a web site: UPnP (port 2869) or WSD (port 5357).
    #[must_use]
    pub fn not_iis(&self) -> bool {
        matches!(self.server_port, Some(2869 | 5357))
    }
}

#[derive(Debug, Clone, Default)]
struct Layout {
    text: Vec<u8>,
    columns: usize,
    date: Option<usize>,
    time: Option<usize>,
    client: Option<usize>,
    server_port: Option<usize>,
    method: Option<usize>,
    uri: Option<usize>,
    status: Option<usize>,
    site_id: Option<usize>,
    reason: Option<usize>,
    queue: Option<usize>,
}

impl Layout {
    fn parse(value: &[u8]) -> Self {
        let names: Vec<&[u8]> = fields::names(value).collect();
        let at = |wanted: &[&str]| find(&names, wanted);
        Self {
            text: value.to_vec(),
            columns: names.len(),
            date: at(&["date"]),
            time: at(&["time"]),
            client: at(&["c-ip"]),
            server_port: at(&["s-port"]),
            method: at(&["cs-method"]),
            uri: at(&["cs-uri"]),
            status: at(&["sc-status"]),
            site_id: at(&["s-siteid"]),
            reason: at(&["s-reason"]),
            queue: at(&["s-queuename"]),
        }
    }

    /// The default layout that a row without a header fits.
    fn guess(row: &Row<'_, '_>) -> Option<Self> {
        DEFAULT_SETS.iter().map(|set| Self::parse(set.as_bytes())).find(|layout| {
            layout.columns == row.len()
                && parse_date(row.text(layout.date)).is_some()
                && parse_clock(row.text(layout.time)).is_some()
                && (row.text(layout.status).is_empty() || status(row.text(layout.status)).is_some())
                && row.text(layout.reason).first().is_some_and(u8::is_ascii_alphanumeric)
        })
    }

    /// Whether a row without a header is surely HTTPERR: its reason is one that is known.
    fn surely(&self, row: &Row<'_, '_>) -> bool {
        Reason::parse(row.text(self.reason)).class != ReasonClass::Unknown
    }
}

/// The `#Fields` value that a row without a header is read by, if it fits a default layout.
#[must_use]
pub fn guess_fields(row: &[u8]) -> Option<Vec<u8>> {
    Layout::guess(&Cuts::default().split(row)).map(|layout| layout.text)
}

fn sniff(head: Head<'_>) -> Sniff {
    for line in head.iter().filter(|l| !l.is_empty()) {
        if let Some(software) = directive(line, b"#software:") {
            if software.starts_with(b"Microsoft HTTP API") {
                return Sniff::Yes;
            }
        } else if let Some(value) = directive(line, b"#fields:") {
            let names: Vec<&[u8]> = fields::names(value).collect();
            return if find(&names, &["s-reason"]).is_some() { Sniff::Yes } else { Sniff::No };
        } else if line.first() != Some(&b'#') {
            let mut cuts = Cuts::default();
            let row = cuts.split(line);
            return if Layout::guess(&row).is_some_and(|layout| layout.surely(&row)) { Sniff::Yes } else { Sniff::No };
        }
    }
    // Directives alone are left to the W3C format, unless a later line tells.
    Sniff::No
}

struct Decode {
    header: Option<Layout>,
    days: Days,
    cuts: Cuts,
    /// Of rows that do not fit as they are cut.
    spare: Cuts,
}

impl Decode {
    fn new(_: &Hints) -> Self {
        Self { header: None, days: Days::default(), cuts: Cuts::default(), spare: Cuts::default() }
    }

    /// Takes a line that has been cut at its spaces.
    fn cut_line(&mut self, line: Line<'_>, row: Row<'_, '_>, sink: &mut dyn Sink) -> What {
        if line.text.trim_ascii_start().is_empty() {
            return What::Header;
        }
        if line.text.first() == Some(&b'#') {
            if let Some(value) = directive(line.text, b"#fields:") {
                self.header = Some(Layout::parse(value));
            }
            return What::Header;
        }
        // Without a header each row is looked at by itself: the three default layouts differ in their number of columns.
        let guess = if self.header.is_none() { Layout::guess(&row) } else { None };
        let told = match self.header.as_ref().or(guess.as_ref()) {
            Some(layout) if row.len() == layout.columns => tell(&mut self.days, layout, &row, line, sink),
            Some(layout) => tell(&mut self.days, layout, &self.spare.cut(line.text, layout.columns), line, sink),
            None => Err("no #Fields before it, and it fits no layout of HTTPERR"),
        };
        What::told(told, line, sink)
    }
}

/// Tells the record of a row.
///
/// # Errors
/// What is wrong with it, if it is none.
fn tell(days: &mut Days, layout: &Layout, row: &Row<'_, '_>, line: Line<'_>, sink: &mut dyn Sink) -> Result<(), &'static str> {
    if row.len() != layout.columns || row.len() > MAX_COLUMNS {
        return Err("the row has another number of columns than #Fields");
    }
    let time = days.moment(row.text(layout.date), row.text(layout.time))?;
    let reason = row.text(layout.reason);
    if reason.is_empty() && row.text(layout.status).is_empty() {
        return Err("the row has neither a status nor a reason");
    }
    sink.record(Record {
        time,
        position: line.position(),
        raw: line.text,
        fact: Fact::HttpErr(HttpErr {
            client: row.text(layout.client),
            server_port: number(row.text(layout.server_port)).and_then(|n| u16::try_from(n).ok()),
            method: row.text(layout.method),
            uri: row.text(layout.uri),
            status: status(row.text(layout.status)),
            site_id: row.text(layout.site_id),
            reason: Reason::parse(reason),
            queue: row.text(layout.queue),
        }),
    });
    Ok(())
}

impl Decoder for Decode {
    fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        let mut cuts = std::mem::take(&mut self.cuts);
        _ = self.cut_line(line, cuts.split(line.text), sink);
        self.cuts = cuts;
    }

    fn lines(&mut self, lines: &mut Lines<'_, '_>, sink: &mut dyn Sink) -> Ledger {
        lines.count(|line, row| self.cut_line(line, row, sink))
    }

    fn is_by_row(&self) -> bool {
        true
    }

    fn preamble(&self) -> Vec<u8> {
        self.header.as_ref().map_or_else(Vec::new, |layout| [b"#Fields: ", layout.text.as_slice(), b"\n"].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counted_form_counts_in_any_case() {
        let reason = Reason::parse(b"3_Connections_Refused");
        assert_eq!((reason.phrase, reason.class, reason.count), (&b"Connections_Refused"[..], ReasonClass::TurnedAway, 3));
        assert_eq!(Reason::parse(b"14_connections_refused").count, 14);
        assert_eq!(Reason::parse(b"Connections_Refused").count, 1);
        let odd = Reason::parse(b"many_Connections_Refused");
        assert_eq!((odd.phrase, odd.class), (&b"many_Connections_Refused"[..], ReasonClass::Unknown));
    }

    #[test]
    fn unknown_phrases_are_kept_as_they_are() {
        let reason = Reason::parse(b"Quota_Exceeded");
        assert_eq!((reason.phrase, reason.class), (&b"Quota_Exceeded"[..], ReasonClass::Unknown));
    }
}
