//! Agents at a Notification Server that works on so many configuration and package-info requests at once: a simulation.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use crate::altiris;
use crate::http_error::{self, Failed};
use crate::random::Random;
use crate::time::{Ms, ticks};
use crate::w3c::{Row, Site};

pub const POLICIES: &str = "/Altiris/NS/Agent/GetClientPolicies.aspx";
pub const PACKAGES: &str = "/Altiris/NS/Agent/GetPackageInfo.aspx";
pub const EVENTS: &str = "/Altiris/NS/Agent/PostEvent.asp";
pub const AGENT: &str = "Altiris+Agent/6.0";
const PACKAGE_SERVER: &str = "Altiris+Package+Server/6.0";

/// How the agents, the package servers and the server behave.
pub struct Plan {
    pub end: Ms,
    pub slots: usize,
    /// When each client first asks for its configuration.
    pub clients: Vec<Ms>,
    /// How long a configuration request takes, before and after bandwidth throttling.
    pub brisk: Range<Ms>,
    pub slow: Range<Ms>,
    /// While this lasts ever more clients are throttled, after it all of them.
    pub throttling: Range<Ms>,
    /// How long a client that was turned away waits; it tries so many times.
    pub retry: Range<Ms>,
    pub tries: u8,
    /// Package servers ask for one package after another from the first moment on.
    pub package_servers: usize,
    pub package_window: Range<Ms>,
    pub package_pause: Range<Ms>,
    pub package_taken: Range<Ms>,
    pub back_off: Range<Ms>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    Client(usize),
    PackageServer(usize),
}

pub struct Request {
    pub caller: Caller,
    pub ended: Ms,
    pub taken: Ms,
    pub refused: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Arrive(Caller, u8),
    Leave(Caller),
}

struct Simulation<'a> {
    plan: &'a Plan,
    random: &'a mut Random,
    steps: BinaryHeap<Reverse<(Ms, u64, Step)>>,
    planned: u64,
    taken: usize,
    requests: Vec<Request>,
}

pub fn simulate(random: &mut Random, plan: &Plan) -> Vec<Request> {
    let mut simulation = Simulation { plan, random, steps: BinaryHeap::new(), planned: 0, taken: 0, requests: Vec::new() };
    for (number, at) in plan.clients.iter().enumerate() {
        simulation.plan(*at, Step::Arrive(Caller::Client(number), 1));
    }
    for number in 0..plan.package_servers {
        let at = plan.package_window.start + simulation.random.between(&plan.package_pause);
        simulation.plan(at, Step::Arrive(Caller::PackageServer(number), 1));
    }
    while let Some(Reverse((now, _, step))) = simulation.steps.pop() {
        if now >= plan.end {
            break;
        }
        simulation.take(now, step);
    }
    simulation.requests
}

impl Simulation<'_> {
    fn plan(&mut self, at: Ms, step: Step) {
        self.planned += 1;
        self.steps.push(Reverse((at, self.planned, step)));
    }

    fn take(&mut self, now: Ms, step: Step) {
        match step {
            Step::Arrive(caller, turn) if self.taken >= self.plan.slots => self.refuse(now, caller, turn),
            Step::Arrive(caller, _) => self.admit(now, caller),
            Step::Leave(caller) => {
                self.taken -= 1;
                self.next_package(now, caller, self.plan.package_pause.clone());
            }
        }
    }

    fn refuse(&mut self, now: Ms, caller: Caller, turn: u8) {
        let taken = ticks(self.random.between(&(16..70)));
        self.requests.push(Request { caller, ended: now + taken, taken, refused: true });
        if matches!(caller, Caller::Client(_)) && turn < self.plan.tries {
            let next = now + self.random.between(&self.plan.retry);
            self.plan(next, Step::Arrive(caller, turn + 1));
        }
        self.next_package(now, caller, self.plan.back_off.clone());
    }

    fn admit(&mut self, now: Ms, caller: Caller) {
        self.taken += 1;
        let duration = match caller {
            Caller::PackageServer(_) => &self.plan.package_taken,
            Caller::Client(_) if self.random.between(&self.plan.throttling) < now => &self.plan.slow,
            Caller::Client(_) => &self.plan.brisk,
        };
        let taken = ticks(self.random.between(duration));
        self.plan(now + taken, Step::Leave(caller));
        if now + taken < self.plan.end {
            self.requests.push(Request { caller, ended: now + taken, taken, refused: false });
        }
    }

    fn next_package(&mut self, now: Ms, caller: Caller, pause: Range<Ms>) {
        let at = now + self.random.between(&pause);
        if matches!(caller, Caller::PackageServer(_)) && at < self.plan.package_window.end {
            self.plan(at, Step::Arrive(caller, 1));
        }
    }
}

/// The addresses of the agents: of a client, and of a package server.
#[derive(Clone, Copy)]
pub struct Addresses {
    pub client: fn(usize) -> String,
    pub package_server: fn(usize) -> String,
}

/// What IIS logs. A client that is turned away is not in it; a package server that is turned away gets an answer that
/// says so, in a page that counts as a success: there are no errors to be seen here.
pub fn rows(random: &mut Random, requests: &[Request], site: Site, addresses: Addresses) -> Vec<Row> {
    let mut rows = Vec::new();
    for request in requests {
        let (stem, query, client, agent) = match request.caller {
            Caller::Client(_) if request.refused => continue,
            Caller::Client(number) => (POLICIES, format!("id={number:04x}"), (addresses.client)(number), AGENT),
            Caller::PackageServer(number) => {
                let package = random.between(&(0..312));
                (PACKAGES, format!("package=PKG{package:05}"), (addresses.package_server)(number), PACKAGE_SERVER)
            }
        };
        rows.push(Row {
            ended: request.ended,
            taken: request.taken,
            address: site.address,
            port: site.port,
            method: "GET",
            stem: stem.into(),
            query,
            client,
            agent,
            status: "200 0 0",
        });
    }
    rows
}

/// What HTTP.sys logs of clients that were turned away.
pub fn refusals(random: &mut Random, requests: &[Request], site: Site, number: u8, addresses: Addresses) -> Vec<http_error::Row> {
    let mut rows = Vec::new();
    for request in requests.iter().filter(|request| request.refused) {
        let Caller::Client(client) = request.caller else { continue };
        let failed = Failed {
            client: (addresses.client)(client),
            server: site.address,
            request: format!("GET {POLICIES}?id={client:04x}"),
            status: "503",
            site: number,
            reason: "N/A",
        };
        rows.push(http_error::failed(random, request.ended, &failed));
    }
    rows
}

/// Slow clients whose connections broke: while the request waited, or in the midst of an event they posted.
pub fn broken(
    random: &mut Random,
    site: Site,
    number: u8,
    window: Range<Ms>,
    gap: &Range<Ms>,
    addresses: Addresses,
) -> Vec<http_error::Row> {
    let kinds =
        [("GET", POLICIES, "Connection_Dropped"), ("POST", EVENTS, "Connection_Dropped"), ("POST", EVENTS, "BadConnection")];
    let mut rows = Vec::new();
    let mut at = window.start;
    while at < window.end {
        let (method, page, reason) = *random.pick(&kinds);
        let client = usize::try_from(random.between(&(0..5000))).unwrap_or(0);
        let request = format!("{method} {page}?id={client:04x}");
        let failed =
            Failed { client: (addresses.client)(client), server: site.address, request, status: "-", site: number, reason };
        rows.push(http_error::failed(random, at, &failed));
        at += random.between(gap);
    }
    rows
}

/// The server's own word on each package server that it turned away.
pub fn server_log(requests: &[Request], host: &str, chatter: Vec<altiris::Event>) -> String {
    let mut events = chatter;
    let full = "The maximum number of package info requests has been reached. Tune the core setting \
                \"MaxConcurrentConfigRequests\" for optimal performance. (Max: 50)";
    for request in requests.iter().filter(|request| request.refused) {
        if let Caller::PackageServer(_) = request.caller {
            events.push(altiris::Event {
                at: request.ended,
                severity: 8,
                source: "Altiris.NS.Agent.GetPackageInfo",
                text: full.to_owned(),
            });
        }
    }
    altiris::server_log(host, events)
}

/// One package server's own log: the refusals, and a word when things go well.
pub fn agent_log(requests: &[Request], server: usize, host: &str) -> String {
    let busy = "Error while downloading package: Server is busy. Package sources request is backing off (-2147467259).";
    let mut events = Vec::new();
    for (index, request) in requests.iter().filter(|request| request.caller == Caller::PackageServer(server)).enumerate() {
        let event = |severity, text: String| altiris::Event { at: request.ended, severity, source: "PackageDownload", text };
        if request.refused {
            events.push(event(1, busy.to_owned()));
        } else if index % 12 == 0 {
            events.push(event(4, format!("Package sources received in {} ms, {} packages checked", request.taken, index + 1)));
        }
    }
    altiris::agent_log(host, events)
}
