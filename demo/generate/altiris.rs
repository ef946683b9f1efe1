//! Logs of the Altiris Notification Server and its agents: `<event>` records, two habits of writing them.

use std::ops::Range;

use crate::random::Random;
use crate::recording::crlf;
use crate::time::{Ms, altiris};

pub struct Event {
    pub at: Ms,
    pub severity: u8,
    pub source: &'static str,
    pub text: String,
}

/// The server writes a record on one line, its date first, with the milliseconds since the last start of Windows.
pub fn server_log(host: &str, mut events: Vec<Event>) -> String {
    events.sort_by_key(|event| event.at);
    let threads = [2284, 3120, 3764, 4412, 5016];
    crlf(events.iter().zip(threads.iter().cycle()).map(|(event, thread)| {
        let Event { at, severity, source, text } = event;
        let uptime = (at - 1_199_145_600_000).rem_euclid(1 << 32) / 16 * 16;
        format!(
            "<event date=\"{}\" severity=\"{severity}\" hostName=\"{host}\" source=\"{source}\" module=\"w3wp.exe\" process=\"w3wp\" \
             pid=\"3184\" thread=\"{thread}\" tickCount=\"{uptime}\" ><![CDATA[{text}]]></event>",
            altiris(*at)
        )
    }))
}

/// The agent writes three lines a record, its process first.
pub fn agent_log(host: &str, mut events: Vec<Event>) -> String {
    events.sort_by_key(|event| event.at);
    crlf(events.iter().flat_map(|event| {
        let Event { at, severity, source, text } = event;
        let head = format!(
            "<event process=\"AeXNSAgent\" source=\"{source}\" date=\"{}\" severity=\"{severity}\" thread=\"1832\" hostName=\"{host}\" \
             module=\"AeXPackageServer.dll\" pid=\"1480\" >",
            altiris(*at)
        );
        [head, format!("<![CDATA[{text}]]>"), "</event>".to_owned()]
    }))
}

/// What a server that is not asked anything special says of itself.
pub fn chatter(random: &mut Random, window: Range<Ms>, gap: &Range<Ms>) -> Vec<Event> {
    let sayings = [
        (4, "Altiris.NS.Scheduling", "Schedule 'Delta Resource Update' finished, # resources looked at."),
        (4, "Altiris.NS.EventQueue", "Event queue is empty, # events taken since the last report."),
        (4, "Altiris.NS.Policies", "Policy cache holds # entries, none out of date."),
        (4, "Altiris.NS.Collections", "Collection 'Windows Computers without Package Server' updated in # ms."),
        (8, "Altiris.NS.Database", "Connection pool: # of 400 connections idle."),
        (2, "Altiris.NS.Inventory", "Inventory of resource # came without a data class and was set aside."),
    ];
    let mut events = Vec::new();
    let mut at = window.start;
    while at < window.end {
        let (severity, source, text) = *random.pick(&sayings);
        let number = random.between(&(3..390)).to_string();
        events.push(Event { at, severity, source, text: text.replace('#', &number) });
        at += random.between(gap);
    }
    events
}
