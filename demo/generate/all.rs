//! `all`: one bad morning of one server, on which the three incidents follow one another within ten minutes.

use std::ops::Range;

use anyhow::Result;

use crate::altiris::chatter;
use crate::counters::csv;
use crate::pool::{self, Curve, MEGABYTE};
use crate::push::{self, Plan};
use crate::random::Random;
use crate::recording::{Recording, Story};
use crate::slots;
use crate::time::{MINUTE, Ms, SECOND, instant, stamp};
use crate::w3c::{self, Layout, Row, Site, browse};
use crate::{http_error, manager, ns_busy, sepm_push_storm, settings};

const SEPM: Site = Site { layout: Layout::Iis7, name: "", address: "10.21.0.10", port: 8014 };
const NS: Site = Site { layout: Layout::Iis7, name: "", address: "10.21.0.10", port: 80 };
const HOST: &str = "SRV01";
const PACKAGE_SERVERS: usize = 3;

const STORY: &str = "First 5,400 clients in push mode fill the 5,000 requests of /secars, until they are changed to pull mode. Then a \
driver leaks the non-paged pool away and HTTP.sys refuses connections, until the virus scanner is restarted. Then configuration \
requests, slowed by bandwidth throttling, take all 50 slots of the Notification Server.";

/// The moments on which the morning turns.
struct Morning {
    window: Range<Ms>,
    /// HTTP.sys refuses connections.
    deaf: Range<Ms>,
    /// Clients ask for configurations.
    burst: Range<Ms>,
}

pub fn recording() -> Result<Recording> {
    let mut random = Random::new(20_091_012);
    let start = instant("2009-10-12 08:00:00")?;
    let after = |seconds: Ms| start + seconds * SECOND;
    let morning = Morning { window: start..after(600), deaf: after(210)..after(360), burst: after(385)..after(565) };
    let mut recording = Recording::new(
        "all",
        &Story {
            title: "Three limits in ten minutes",
            host: HOST,
            window: morning.window.clone(),
            text: STORY,
            limits: "pool_max = \"128MB\"\npool_max_origin = \"NonPagedPoolLimit in the registry (Windows Server 2008 x86)\"\n\
                     config_slots = 50\nconfig_slots_origin = \"NS 6.0 SP2\"\n",
        },
    );
    recording.add("applicationHost.config", settings::application_host(&[settings::SEPM, DEFAULT_SITE]));
    recording.add("CoreSettings.config", settings::core_settings());
    add_push(&mut recording, &mut random, &morning);
    add_pool(&mut recording, &morning);
    add_slots(&mut recording, &mut random, &morning);
    Ok(recording)
}

const DEFAULT_SITE: settings::Site = settings::Site {
    name: "Default Web Site",
    id: 2,
    bindings: &["10.21.0.10:80:"],
    applications: &[
        ("/", r"%SystemDrive%\inetpub\wwwroot"),
        ("/Altiris/NS", r"D:\Altiris\Notification Server\Web"),
        ("/Altiris/Console", r"D:\Altiris\Console\Web"),
    ],
};

fn add_push(recording: &mut Recording, random: &mut Random, morning: &Morning) {
    let start = morning.window.start;
    let plan = Plan {
        window: morning.window.clone(),
        clients: 5400,
        connected: 4500,
        logon: start + SECOND..start + 50 * SECOND,
        limit: 5000,
        hold: 6 * MINUTE..12 * MINUTE,
        retry: 8 * SECOND..20 * SECOND,
        pull: start + 130 * SECOND..start + 170 * SECOND,
        heartbeat: 20 * SECOND..30 * MINUTE,
        deaf: morning.deaf.clone(),
        probes: manager::probes(&morning.window, start + 5076).into_iter().filter(|at| !morning.deaf.contains(at)).collect(),
    };
    let outcome = push::simulate(random, &plan);
    let mut rows = outcome.rows(SEPM, sepm_push_storm::client);
    rows.extend(visits(random, SEPM, morning, sepm_push_storm::PAGES, sepm_push_storm::anyone));
    recording.add("W3SVC1/u_ex091012.log", w3c::log(SEPM, rows));
    recording.add("scm-server-0.log", manager::log(random, &outcome, &morning.window));
}

/// Eight megabytes a minute until nobody gets in; back to normal when the scanner's driver is started afresh.
fn add_pool(recording: &mut Recording, morning: &Morning) {
    let Range { start, end } = morning.window;
    let deaf = &morning.deaf;
    let curve = Curve(vec![
        (start, 80 * MEGABYTE),
        (deaf.start + 500, 108 * MEGABYTE),
        (deaf.start + 6 * SECOND, 108 * MEGABYTE + 700_000),
        (deaf.end, 109 * MEGABYTE + 400_000),
        (deaf.end + 4 * SECOND, 41 * MEGABYTE),
        (end, 42 * MEGABYTE),
    ]);
    recording.add("counters.csv", csv(HOST, start + 2 * SECOND..end, 5 * SECOND, &curve.counters(15_630)));
    recording.add("pooltag.txt", pool::tag_names());
    for at in pool::moments(&morning.window, 30 * SECOND) {
        recording.add(format!("poolmon-{}.txt", stamp(at)), curve.snapshot(start, at));
    }
}

fn add_slots(recording: &mut Recording, random: &mut Random, morning: &Morning) {
    let plan = slots_plan(random, morning);
    let requests = slots::simulate(random, &plan);
    let mut rows = slots::rows(random, &requests, NS, ns_busy::ADDRESSES);
    rows.extend(visits(random, NS, morning, ns_busy::PAGES, ns_busy::anyone));
    recording.add("W3SVC2/u_ex091012.log", w3c::log(NS, rows));

    // HTTP.sys counts on its own grid of five seconds.
    let mut errors = http_error::refused(morning.deaf.start + 4 * SECOND..morning.deaf.end, |index| 3 + index * 5 % 9);
    errors.extend(slots::refusals(random, &requests, NS, 2, ns_busy::ADDRESSES));
    let slow = plan.throttling.start..morning.burst.end;
    errors.extend(slots::broken(random, NS, 2, slow, &(2 * SECOND..8 * SECOND), ns_busy::ADDRESSES));
    http_error::add(recording, "2.0", errors);

    let said = chatter(random, morning.window.clone(), &(2 * SECOND..9 * SECOND));
    recording.add("a.log", slots::server_log(&requests, HOST, said));
    for server in 0..PACKAGE_SERVERS {
        let host = format!("PS{:02}", server + 1);
        recording.add(format!("{host}/agent.log"), slots::agent_log(&requests, server, &host));
    }
}

/// Few clients ask before the pool is gone; then four a second for three minutes, and after half a minute all are slowed down.
fn slots_plan(random: &mut Random, morning: &Morning) -> slots::Plan {
    let early = morning.window.start..morning.deaf.start;
    let clients = (0..870).map(|number| random.between(if number < 150 { &early } else { &morning.burst }));
    slots::Plan {
        end: morning.window.end,
        slots: 50,
        clients: clients.collect(),
        brisk: 1800..4200,
        slow: 14 * SECOND..22 * SECOND,
        throttling: morning.burst.start + 20 * SECOND..morning.burst.start + 30 * SECOND,
        retry: 20 * SECOND..60 * SECOND,
        tries: 4,
        package_servers: PACKAGE_SERVERS,
        package_window: morning.burst.clone(),
        package_pause: 2 * SECOND..6 * SECOND,
        package_taken: 1500..4000,
        back_off: 6 * SECOND..14 * SECOND,
    }
}

/// Ordinary traffic: it thins out when new connections are refused, stops, and comes back with the pool.
fn visits(
    random: &mut Random,
    site: Site,
    morning: &Morning,
    pages: &[w3c::Page],
    client: impl Fn(&mut Random) -> String,
) -> Vec<Row> {
    let deaf = morning.deaf.clone();
    let rarer = |at: Ms| {
        let gap = if at < deaf.start { 300 } else { 300 + (at - deaf.start) / 12 };
        gap..gap * 3
    };
    let mut rows = browse(random, site, morning.window.start..deaf.start + 50 * SECOND, pages, &client, rarer);
    rows.extend(browse(random, site, deaf.end + SECOND..morning.window.end, pages, &client, |_| 300..1000));
    rows
}
