//! Clients in push mode at a server that takes so many requests at once and no more: a simulation, one event after another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use crate::random::Random;
use crate::time::{Ms, SECOND};
use crate::w3c::{Row, Site};

/// How the clients and the server behave.
pub struct Plan {
    pub window: Range<Ms>,
    pub clients: usize,
    /// So many are connected when the window opens; the others log on during `logon`.
    pub connected: usize,
    pub logon: Range<Ms>,
    /// What IIS takes at once in one application.
    pub limit: usize,
    /// How long a client's request is held before the server ends it and the client asks again.
    pub hold: Range<Ms>,
    /// How long a client that was turned away waits.
    pub retry: Range<Ms>,
    /// While this lasts the server tells its clients, one after another, to change from push to pull.
    pub pull: Range<Ms>,
    /// How long a client in pull mode waits between heartbeats.
    pub heartbeat: Range<Ms>,
    /// While this lasts HTTP.sys takes no connection, and nobody gets as far as a log.
    pub deaf: Range<Ms>,
    /// When the manager's own tasks call the server, twice each time.
    pub probes: Vec<Ms>,
}

/// Who asks: a client, or one of two tasks of the manager itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    Client(usize),
    TransportInfo,
    Cache,
}

pub struct Request {
    pub caller: Caller,
    pub ended: Ms,
    pub taken: Ms,
    pub refused: bool,
}

pub struct Outcome {
    pub requests: Vec<Request>,
    /// In flight, every fifteen seconds.
    pub levels: Vec<(Ms, i64)>,
}

impl Outcome {
    /// In flight at the last sample before a moment.
    pub fn level(&self, at: Ms) -> i64 {
        let after = self.levels.partition_point(|(moment, _)| *moment <= at);
        after.checked_sub(1).and_then(|before| self.levels.get(before)).map_or(0, |(_, level)| *level)
    }

    pub fn rows(&self, site: Site, address: impl Fn(usize) -> String) -> Vec<Row> {
        self.requests.iter().map(|request| request.row(site, &address)).collect()
    }
}

impl Request {
    /// A client's query is its number over and over: the real one is a blob that hides what is asked.
    fn row(&self, site: Site, address: impl Fn(usize) -> String) -> Row {
        let itself = |query: &str| ("127.0.0.1", 80, query.to_owned(), "127.0.0.1".to_owned(), "Java/1.5.0_15");
        let (server, port, query, client, agent) = match self.caller {
            Caller::Client(number) => {
                (site.address, site.port, format!("h={}", format!("{number:04x}").repeat(3)), address(number), "Smc")
            }
            Caller::TransportInfo => itself("action=36"),
            Caller::Cache => itself("hello,secars"),
        };
        Row {
            ended: self.ended,
            taken: self.taken,
            address: server,
            port,
            method: "GET",
            stem: "/secars/secars.dll".into(),
            query,
            client,
            agent,
            status: if self.refused { "503 2 0" } else { "200 0 0" },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Arrive(Caller),
    Leave(Caller),
    Sample,
}

struct Simulation<'a> {
    plan: &'a Plan,
    random: &'a mut Random,
    /// When the server tells each client to change to pull.
    told: Vec<Ms>,
    /// The count in the middle keeps steps of the same millisecond in the order in which they were planned.
    steps: BinaryHeap<Reverse<(Ms, u64, Step)>>,
    planned: u64,
    in_flight: usize,
    outcome: Outcome,
}

pub fn simulate(random: &mut Random, plan: &Plan) -> Outcome {
    let told = (0..plan.clients).map(|_| random.between(&plan.pull)).collect();
    let outcome = Outcome { requests: Vec::new(), levels: Vec::new() };
    let mut simulation = Simulation { plan, random, told, steps: BinaryHeap::new(), planned: 0, in_flight: 0, outcome };
    simulation.begin();
    while let Some(Reverse((now, _, step))) = simulation.steps.pop() {
        if now >= plan.window.end {
            break;
        }
        simulation.take(now, step);
    }
    simulation.outcome
}

impl Simulation<'_> {
    fn plan(&mut self, at: Ms, step: Step) {
        self.planned += 1;
        self.steps.push(Reverse((at, self.planned, step)));
    }

    fn begin(&mut self) {
        let Range { start, end } = self.plan.window;
        for number in 0..self.plan.connected {
            // Connected some time ago, as if this had gone on for hours.
            let held = self.random.between(&self.plan.hold);
            let age = self.random.between(&(0..held));
            self.in_flight += 1;
            self.hold(Caller::Client(number), start - age, start - age + held);
        }
        for number in self.plan.connected..self.plan.clients {
            let at = self.random.between(&self.plan.logon);
            self.plan(at, Step::Arrive(Caller::Client(number)));
        }
        for &at in &self.plan.probes {
            self.plan(at, Step::Arrive(Caller::TransportInfo));
            self.plan(at + 3605, Step::Arrive(Caller::Cache));
        }
        let mut at = start;
        while at < end {
            self.plan(at, Step::Sample);
            at += 15 * SECOND;
        }
    }

    fn take(&mut self, now: Ms, step: Step) {
        match step {
            Step::Arrive(Caller::Client(number)) if self.plan.deaf.contains(&now) => {
                let next = now + self.random.between(&self.plan.heartbeat);
                self.plan(next, Step::Arrive(Caller::Client(number)));
            }
            Step::Arrive(caller) if self.in_flight >= self.plan.limit => self.refuse(now, caller),
            Step::Arrive(caller) => self.admit(now, caller),
            Step::Leave(caller) => {
                self.in_flight -= 1;
                if let Caller::Client(number) = caller {
                    let pause = if now < self.told[number] { 300..2500 } else { self.plan.heartbeat.clone() };
                    let next = now + self.random.between(&pause);
                    self.plan(next, Step::Arrive(caller));
                }
            }
            Step::Sample => {
                let level = i64::try_from(self.in_flight).unwrap_or(i64::MAX);
                self.outcome.levels.push((now, level));
            }
        }
    }

    fn refuse(&mut self, now: Ms, caller: Caller) {
        let taken = self.random.between(&(0..3));
        self.outcome.requests.push(Request { caller, ended: now + taken, taken, refused: true });
        if matches!(caller, Caller::Client(_)) {
            let next = now + self.random.between(&self.plan.retry);
            self.plan(next, Step::Arrive(caller));
        }
    }

    fn admit(&mut self, now: Ms, caller: Caller) {
        self.in_flight += 1;
        let answer = now + self.random.between(&(16..260));
        let ended = match caller {
            // In push mode the request is held; the order to change mode is the one thing that ends it early.
            Caller::Client(number) if now < self.told[number] => now + self.random.between(&self.plan.hold),
            _ => answer,
        };
        self.hold(caller, now, ended);
    }

    fn hold(&mut self, caller: Caller, started: Ms, ended: Ms) {
        let ended = match caller {
            Caller::Client(number) if started < self.told[number] => ended.min(self.told[number]),
            _ => ended,
        };
        self.plan(ended, Step::Leave(caller));
        if ended < self.plan.window.end {
            self.outcome.requests.push(Request { caller, ended, taken: ended - started, refused: false });
        }
    }
}
