//! `sepm-push-storm`: 5,400 clients in push mode meet the 5,000 requests that IIS 7 takes at once in one application.

use std::ops::Range;

use anyhow::{Result, ensure};

use crate::counters::{Counter, csv};
use crate::pool::MEGABYTE;
use crate::push::{self, Caller, Outcome, Plan};
use crate::random::Random;
use crate::recording::{Recording, Story};
use crate::time::{MINUTE, Ms, SECOND, instant};
use crate::w3c::{self, Layout, Page, Site, browse};
use crate::{http_error, manager, settings};

const SITE: Site = Site { layout: Layout::Iis7, name: "", address: "10.21.0.10", port: 8014 };

const STORY: &str = "A shift logs on and the last of 5,400 clients in push mode connect, each holding a request of several minutes. \
At 5,000 requests in /secars IIS 7 answers 503.2, to clients and to the manager's own tasks alike, and clients come and go at random. \
At 09:37 the administrator changes the groups to pull mode and the requests drain away.";

pub fn recording() -> Result<Recording> {
    let mut random = Random::new(20_091_009);
    let start = instant("2009-10-09 09:27:00")?;
    let window = start..start + 13 * MINUTE;
    let outcome = push::simulate(&mut random, &plan(&window, instant("2009-10-09 09:32:05")? + 76));
    prove(&outcome, instant("2009-10-09 09:32:05")?)?;
    let mut rows = outcome.rows(SITE, client);
    rows.extend(browse(&mut random, SITE, window.clone(), PAGES, anyone, |_| 300..1700));

    let mut recording = Recording::new(
        "sepm-push-storm",
        &Story {
            title: "Push mode meets the limit of 5,000 requests",
            host: "SEPM01",
            window: window.clone(),
            text: STORY,
            limits: "pool_max = \"6144MB\"\npool_max_origin = \"75 % of 8 GB of RAM (Windows Server 2008 x64)\"\n",
        },
    );
    recording.add("applicationHost.config", settings::application_host(&[settings::SEPM]));
    recording.add("counters.csv", csv("SEPM01", window.clone(), 15 * SECOND, &counters(&outcome)));
    recording.add("W3SVC1/u_ex091009.log", w3c::log(SITE, rows));
    http_error::add(&mut recording, "2.0", idle(&mut random, &window));
    recording.add("scm-server-0.log", manager::log(&mut random, &outcome, &window));
    Ok(recording)
}

fn plan(window: &Range<Ms>, anchor: Ms) -> Plan {
    let start = window.start;
    Plan {
        window: window.clone(),
        clients: 5400,
        connected: 2600,
        logon: start + 10 * SECOND..start + 5 * MINUTE,
        limit: 5000,
        hold: 6 * MINUTE..12 * MINUTE,
        retry: 12 * SECOND..30 * SECOND,
        pull: start + 10 * MINUTE..start + 690 * SECOND,
        heartbeat: 30 * SECOND..30 * MINUTE,
        deaf: 0..0,
        probes: manager::probes(window, anchor),
    }
}

/// The incident's own lines, at 09:32:05.078 and 09:32:08.683, must come out of the simulation.
fn prove(outcome: &Outcome, second: Ms) -> Result<()> {
    for (caller, offset) in [(Caller::TransportInfo, 76), (Caller::Cache, 3681)] {
        let refused = outcome.requests.iter().any(|r| r.caller == caller && r.refused && r.ended - r.taken == second + offset);
        ensure!(refused, "the manager's own call was not turned away at 09:32; choose another seed");
    }
    Ok(())
}

/// Each held request costs some pool and, of course, a connection.
fn counters(outcome: &Outcome) -> Vec<Counter<'_>> {
    vec![
        (r"Memory\Pool Nonpaged Bytes", Box::new(|at| 118 * MEGABYTE + outcome.level(at) * 6144 / 4096 * 4096)),
        (r"Memory\Available Bytes", Box::new(|at| 3100 * MEGABYTE - outcome.level(at) * 40_960)),
        (r"Web Service(Symantec Web Server)\Current Connections", Box::new(|at| outcome.level(at) + 31 + at / SECOND % 9)),
    ]
}

/// HTTP.sys has nothing to complain of: the limit is not one of its own.
fn idle(random: &mut Random, window: &Range<Ms>) -> Vec<http_error::Row> {
    let mut rows = Vec::new();
    let mut at = window.start + 7 * SECOND;
    while at < window.end {
        let address = anyone(random);
        rows.push(http_error::idle(random, at, &address, SITE.address, SITE.port));
        at += random.between(&(8 * SECOND..40 * SECOND));
    }
    rows
}

/// Two hundred clients a subnet.
pub fn client(number: usize) -> String {
    format!("10.21.{}.{}", 1 + number / 200, 20 + number % 200)
}

pub fn anyone(random: &mut Random) -> String {
    client(usize::try_from(random.between(&(0..5400))).unwrap_or(0))
}

const BROWSER: &str = "Mozilla/4.0+(compatible;+MSIE+7.0;+Windows+NT+5.1)";

/// What else the site answers: reports for people, content and registration for clients.
pub const PAGES: &[Page] = &[
    page("GET", "/reporting/Inventory/inventory.php", "view=#", BROWSER, "200 0 0", 120..1900),
    page("GET", "/reporting/Reports/summary.php", "last=24", BROWSER, "200 0 0", 300..2800),
    page("GET", "/reporting/common/style.css", "-", BROWSER, "304 0 0", 1..16),
    page("GET", "/content/{0A7C42D1-31E5-4C6B-9D20-7F5B8E1A6C03}/91008036/delta91007020.zip", "-", "Smc", "200 0 0", 400..9000),
    page("GET", "/content/{0A7C42D1-31E5-4C6B-9D20-7F5B8E1A6C03}/91008036/full.zip", "-", "Smc", "200 0 0", 6000..21_000),
    page("POST", "/secreg/secreg.dll", "action=register", "Smc", "200 0 0", 40..400),
    page("GET", "/clientpackages/index.dax", "-", "Smc", "404 0 2", 1..5),
];

const fn page(
    method: &'static str,
    stem: &'static str,
    query: &'static str,
    agent: &'static str,
    status: &'static str,
    taken: Range<Ms>,
) -> Page {
    Page { method, stem, query, agent, status, taken }
}
