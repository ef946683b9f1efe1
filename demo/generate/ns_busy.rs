//! `ns-busy`: four hours' worth of configuration requests come within ninety minutes, and then the clients are slowed down.

use std::ops::Range;

use anyhow::Result;

use crate::altiris::chatter;
use crate::random::Random;
use crate::recording::{Recording, Story};
use crate::slots::{self, Addresses, Plan};
use crate::time::{MINUTE, Ms, SECOND, instant, ticks};
use crate::w3c::{self, Layout, Page, Row, Site, browse};
use crate::{http_error, settings};

const SITE: Site = Site { layout: Layout::Iis6Timed, name: "W3SVC1", address: "10.40.0.10", port: 80 };
const CLIENTS: usize = 15_000;
pub const PACKAGE_SERVERS: usize = 7;
pub const ADDRESSES: Addresses = Addresses { client, package_server };

const STORY: &str = "A script makes 15,000 clients ask for their configuration within 90 minutes instead of four hours, which \
Notification Server 6.0 SP2 bears well until bandwidth throttling is turned on at 07:06. Each request then holds its slot for 17 to 27 \
seconds instead of 3, all 50 slots are taken, and clients and package servers are turned away while the server has little to do.";

pub fn recording() -> Result<Recording> {
    let mut random = Random::new(20_080_506);
    let start = instant("2008-05-06 06:55:00")?;
    let window = start..start + 125 * MINUTE;
    let plan = plan(&mut random, &window);
    let requests = slots::simulate(&mut random, &plan);
    let slow = plan.throttling.start..window.start + 100 * MINUTE;

    let mut rows = slots::rows(&mut random, &requests, SITE, ADDRESSES);
    rows.extend(events(&mut random, &window, &plan));
    let mut errors = slots::refusals(&mut random, &requests, SITE, 1, ADDRESSES);
    errors.extend(slots::broken(&mut random, SITE, 1, slow, &(4 * SECOND..14 * SECOND), ADDRESSES));

    let mut recording = Recording::new(
        "ns-busy",
        &Story {
            title: "Throttled clients fill the slots of a Notification Server",
            host: "NS01",
            window: window.clone(),
            text: STORY,
            limits: "config_slots = 50\nconfig_slots_origin = \"NS 6.0 SP2\"\n",
        },
    );
    recording.add("CoreSettings.config", settings::core_settings());
    recording.add("W3SVC1/ex080506.log", w3c::log(SITE, rows));
    http_error::add(&mut recording, "1.0", errors);
    let said = chatter(&mut random, window, &(3 * SECOND..14 * SECOND));
    recording.add("a.log", slots::server_log(&requests, "NS01", said));
    for server in 0..PACKAGE_SERVERS {
        let host = format!("PS{:02}", server + 1);
        recording.add(format!("{host}/agent.log"), slots::agent_log(&requests, server, &host));
    }
    Ok(recording)
}

/// Nine of ten clients ask within the ninety minutes from 07:00 on.
fn plan(random: &mut Random, window: &Range<Ms>) -> Plan {
    let start = window.start;
    let burst = start + 5 * MINUTE..start + 95 * MINUTE;
    let whole = start..window.end - 2 * MINUTE;
    let clients = (0..CLIENTS).map(|_| if random.one_in(10) { random.between(&whole) } else { random.between(&burst) });
    Plan {
        end: window.end,
        slots: 50,
        clients: clients.collect(),
        brisk: 1800..4200,
        slow: 17 * SECOND..27 * SECOND,
        throttling: start + 11 * MINUTE..start + 13 * MINUTE,
        retry: 12 * MINUTE..22 * MINUTE,
        tries: 5,
        package_servers: PACKAGE_SERVERS,
        package_window: whole,
        package_pause: 8 * SECOND..34 * SECOND,
        package_taken: 1500..6000,
        back_off: 45 * SECOND..100 * SECOND,
    }
}

/// Events that agents post: stretched by throttling like everything else, but in need of no slot.
fn events(random: &mut Random, window: &Range<Ms>, plan: &Plan) -> Vec<Row> {
    let mut rows = browse(random, SITE, window.clone(), PAGES, anyone, |_| 1200..5200);
    for row in &mut rows {
        let factor = if row.ended < plan.throttling.end { 1 } else { 7 };
        row.taken = ticks(row.taken * factor);
    }
    rows
}

/// Two hundred clients a subnet.
fn client(number: usize) -> String {
    format!("10.40.{}.{}", 1 + number / 200, 20 + number % 200)
}

fn package_server(number: usize) -> String {
    format!("10.40.0.{}", 31 + number)
}

pub fn anyone(random: &mut Random) -> String {
    client(usize::try_from(random.between(&(0..15_000))).unwrap_or(0))
}

pub const PAGES: &[Page] = &[
    page("POST", slots::EVENTS, "-", 200..1400),
    page("POST", slots::EVENTS, "-", 200..1400),
    page("POST", slots::EVENTS, "-", 200..1400),
    page("GET", "/Altiris/NS/Agent/ConnectionTest.asp", "-", 15..90),
    page("GET", "/Altiris/NS/NSCap/package.xml", "item=#", 30..400),
];

const fn page(method: &'static str, stem: &'static str, query: &'static str, taken: Range<Ms>) -> Page {
    Page { method, stem, query, agent: slots::AGENT, status: "200 0 0", taken }
}
