//! The error log of HTTP.sys, in its thirteen columns.

use std::ops::Range;

use crate::random::Random;
use crate::recording::{Recording, crlf};
use crate::time::{Ms, SECOND, w3c};

/// A record: when, and the eleven columns after date and time.
pub type Row = (Ms, String);

/// HTTP.sys goes on to the next file when one has grown to a megabyte.
const TRUNCATE: usize = 0x10_0000;

/// Adds the log's files; `api` is 1.0 on Windows Server 2003, 2.0 from Vista on.
pub fn add(recording: &mut Recording, api: &str, mut rows: Vec<Row>) {
    rows.sort_by_key(|(at, _)| *at);
    let mut text = String::new();
    let mut number = 1;
    for (at, row) in rows {
        let line = crlf([format!("{} {row}", w3c(at))]);
        if text.len() + line.len() > TRUNCATE {
            recording.add(format!("HTTPERR/httperr{number}.log"), std::mem::take(&mut text));
            number += 1;
        }
        if text.is_empty() {
            text = header(api, at);
        }
        text.push_str(&line);
    }
    recording.add(format!("HTTPERR/httperr{number}.log"), text);
}

fn header(api: &str, at: Ms) -> String {
    crlf([
        format!("#Software: Microsoft HTTP API {api}"),
        "#Version: 1.0".to_owned(),
        format!("#Date: {}", w3c(at)),
        "#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename"
            .to_owned(),
    ])
}

/// A request that HTTP.sys knew by its URL when it gave up on it.
pub struct Failed<'a> {
    pub client: String,
    pub server: &'a str,
    pub request: String,
    pub status: &'a str,
    pub site: u8,
    pub reason: &'a str,
}

/// The client's port is drawn from the ephemeral ports of Windows XP.
pub fn failed(random: &mut Random, at: Ms, failed: &Failed) -> Row {
    let Failed { client, server, request, status, site, reason } = failed;
    let port = random.between(&(1025..5000));
    (at, format!("{client} {port} {server} 80 HTTP/1.1 {request} {status} {site} {reason} DefaultAppPool"))
}

/// Keep-alive connections that ran out: the normal chatter of this log.
pub fn idle(random: &mut Random, at: Ms, client: &str, server: &str, port: u16) -> Row {
    let from = random.between(&(1025..5000));
    (at, format!("{client} {from} {server} {port} - - - - - Timer_ConnectionIdle -"))
}

/// Connections refused for want of non-paged pool: counted by HTTP.sys over five seconds, without client or URL.
/// `count` tells how many, given the number of the five seconds; of none it writes nothing.
pub fn refused(window: Range<Ms>, count: impl Fn(i64) -> i64) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut at = window.start;
    while at < window.end {
        let refused = count((at - window.start) / (5 * SECOND));
        if refused > 0 {
            rows.push((at, format!("- - - - - - - - - {refused}_Connections_Refused -")));
        }
        at += 5 * SECOND;
    }
    rows
}
