//! IIS access logs in the W3C extended format.

use std::borrow::Cow;
use std::ops::Range;

use crate::random::Random;
use crate::recording::crlf;
use crate::time::{Ms, w3c};

/// Which columns a site logs: the defaults of a release, or those of IIS 6 with time-taken ticked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Iis6,
    Iis6Timed,
    Iis7,
}

/// The server's end of a request, and the name IIS 6 gives the site.
#[derive(Clone, Copy)]
pub struct Site {
    pub layout: Layout,
    pub name: &'static str,
    pub address: &'static str,
    pub port: u16,
}

/// One request, known when it ends.
pub struct Row {
    pub ended: Ms,
    pub taken: Ms,
    pub address: &'static str,
    pub port: u16,
    pub method: &'static str,
    pub stem: Cow<'static, str>,
    pub query: String,
    pub client: String,
    pub agent: &'static str,
    /// Status, substatus and Win32 status, as they stand in the log.
    pub status: &'static str,
}

/// The whole log file. Rows come in the order in which the requests ended.
pub fn log(site: Site, mut rows: Vec<Row>) -> String {
    rows.sort_by_key(|row| row.ended);
    let (software, fields) = match site.layout {
        // IIS 6 leaves a space after the last field.
        Layout::Iis6 => ("6.0", "s-sitename s-ip {} "),
        Layout::Iis6Timed => ("6.0", "s-sitename s-ip {} time-taken "),
        Layout::Iis7 => ("7.0", "s-ip {} time-taken"),
    };
    let common =
        "cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status";
    let header = [
        format!("#Software: Microsoft Internet Information Services {software}"),
        "#Version: 1.0".to_owned(),
        format!("#Date: {}", w3c(rows.first().map_or(0, |row| row.ended))),
        format!("#Fields: date time {}", fields.replace("{}", common)),
    ];
    crlf(header.into_iter().chain(rows.iter().map(|row| line(site, row))))
}

fn line(site: Site, row: &Row) -> String {
    let Row { ended, taken, address, port, method, stem, query, client, agent, status } = row;
    let time = w3c(*ended);
    let request = format!("{address} {method} {stem} {query} {port} - {client} {agent} {status}");
    match site.layout {
        Layout::Iis6 => format!("{time} {} {request}", site.name),
        Layout::Iis6Timed => format!("{time} {} {request} {taken}", site.name),
        Layout::Iis7 => format!("{time} {request} {taken}"),
    }
}

/// A page that people or agents ask for now and then.
pub struct Page {
    pub method: &'static str,
    pub stem: &'static str,
    /// `#` stands for a number that differs from request to request.
    pub query: &'static str,
    pub agent: &'static str,
    pub status: &'static str,
    pub taken: Range<Ms>,
}

/// Ordinary traffic over a window; `gap` says how long until the next request, given the present moment.
pub fn browse(
    random: &mut Random,
    site: Site,
    window: Range<Ms>,
    pages: &[Page],
    client: impl Fn(&mut Random) -> String,
    gap: impl Fn(Ms) -> Range<Ms>,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut at = window.start;
    while at < window.end {
        let page = random.pick(pages);
        let number = random.between(&(1..400)).to_string();
        let taken = random.between(&page.taken);
        rows.push(Row {
            ended: at + taken,
            taken,
            address: site.address,
            port: site.port,
            method: page.method,
            stem: page.stem.into(),
            query: page.query.replace('#', &number),
            client: client(random),
            agent: page.agent,
            status: page.status,
        });
        at += random.between(&gap(at));
    }
    rows.retain(|row| row.ended < window.end);
    rows
}
