//! The log of the manager itself, scm-server-0.log: what its own calls to secars came to.

use std::ops::Range;

use crate::push::{Caller, Outcome};
use crate::random::Random;
use crate::recording::crlf;
use crate::time::{MINUTE, Ms, java};

/// When the manager calls: once a minute at five seconds past, by a timer that drifts a little. The drift is nothing at `anchor`.
pub fn probes(window: &Range<Ms>, anchor: Ms) -> Vec<Ms> {
    let first = (window.start - anchor) / MINUTE;
    let last = (window.end - anchor) / MINUTE;
    (first..=last).map(|minute| anchor + minute * (MINUTE + 13)).filter(|at| window.contains(at)).collect()
}

/// The whole log. The manager needs two milliseconds to write down what it was told.
pub fn log(random: &mut Random, outcome: &Outcome, window: &Range<Ms>) -> String {
    let mut records = chatter(random, window);
    records.extend(outcome.requests.iter().filter_map(|request| {
        let logged = request.ended - request.taken + 2;
        Some((logged, verdict(request.caller, request.refused)?.to_owned()))
    }));
    records.sort_by_key(|(at, _)| *at);
    crlf(records.iter().flat_map(|(at, record)| {
        let stamped = format!("{} {record}", java(*at));
        stamped.lines().map(str::to_owned).collect::<Vec<_>>()
    }))
}

fn chatter(random: &mut Random, window: &Range<Ms>) -> Vec<(Ms, String)> {
    let sayings = [
        "INFO: AgentLogTask: # client logs taken from the inbox",
        "INFO: ContentTask: nothing newer than revision 91008036",
        "INFO: ReplicationTask: no partner is due, next look in # s",
        "INFO: NotificationTask: # conditions checked, none fired",
        "INFO: DatabasePool: # connections idle of 512",
        "WARNING: AgentLogTask: a client log waited # s in the inbox",
    ];
    let mut records = Vec::new();
    let mut at = window.start + random.between(&(100..4000));
    while at < window.end {
        let number = random.between(&(2..310)).to_string();
        records.push((at, random.pick(&sayings).replace('#', &number)));
        at += random.between(&(1500..12_000));
    }
    records
}

fn verdict(caller: Caller, refused: bool) -> Option<&'static str> {
    match (caller, refused) {
        (Caller::Client(_), _) => None,
        (Caller::TransportInfo, true) => Some(TRACE),
        (Caller::TransportInfo, false) => Some("INFO: ClientTransportInfoTask: transport settings read from secars"),
        (Caller::Cache, true) => Some("SEVERE: IISCacheTask connect to secars failed: Service Unavailable"),
        (Caller::Cache, false) => Some("INFO: IISCacheTask: secars answered, cache is up to date"),
    }
}

const TRACE: &str = "\
SEVERE: Unknown Exception in: com.sygate.scm.server.task.ClientTransportInfoTask
java.lang.Exception: HTTP 503 Service Unavailable, URL: http://localhost/secars/secars.dll?action=36
\tat com.sygate.scm.common.communicate.Communicator.checkStatus(Communicator.java:318)
\tat com.sygate.scm.common.communicate.Communicator.sendRequest(Communicator.java:204)
\tat com.sygate.scm.server.task.ClientTransportInfoTask.run(ClientTransportInfoTask.java:71)
\tat java.util.TimerThread.mainLoop(Timer.java:512)
\tat java.util.TimerThread.run(Timer.java:462)
com.sygate.scm.common.communicate.CommunicationException: Unexpected server error. ErrorCode: 0x10010000
\tat com.sygate.scm.common.communicate.Communicator.sendRequest(Communicator.java:221)
\tat com.sygate.scm.server.task.ClientTransportInfoTask.run(ClientTransportInfoTask.java:71)
\tat java.util.TimerThread.mainLoop(Timer.java:512)
\tat java.util.TimerThread.run(Timer.java:462)";
