//! `pool-leak`: a virus scanner's driver leaks until HTTP.sys, left with less than 20 MB of pool, refuses connections.

use std::ops::Range;

use anyhow::Result;

use crate::counters::csv;
use crate::http_error;
use crate::pool::{self, Curve, MEGABYTE};
use crate::random::Random;
use crate::recording::{Recording, Story};
use crate::time::{MINUTE, Ms, SECOND, instant, stamp, ticks};
use crate::w3c::{self, Layout, Page, Row, Site, browse};

const SITE: Site = Site { layout: Layout::Iis6, name: "W3SVC1", address: "10.12.0.23", port: 80 };

const STORY: &str = "A web server with /3GB in boot.ini has 128 MB of non-paged pool, and the file filter of its virus scanner leaks \
2.5 MB a minute under load. At 108 MB less than 20 MB are left, HTTP.sys refuses every new connection, and once the last keep-alive \
connections are gone the IIS log falls silent: nothing is wrong that IIS could see.";

/// The two ways in which this pool is spent: quickly while pages are served, slowly when nobody gets in.
fn curve(start: Ms) -> Curve {
    let at = |minute: Ms, second: Ms| start + minute * MINUTE + second * SECOND;
    Curve(vec![
        (start, 86 * MEGABYTE),
        (at(8, 39), 108 * MEGABYTE),
        (at(8, 46), 108 * MEGABYTE + 310_000),
        (at(11, 44), 109 * MEGABYTE + 290_000),
        (at(15, 0), 109 * MEGABYTE + 620_000),
    ])
}

pub fn recording() -> Result<Recording> {
    let mut random = Random::new(20_071_113);
    let start = instant("2007-11-13 19:50:00")?;
    let window = start..start + 15 * MINUTE;
    let refusing = instant("2007-11-13 19:58:44")?..window.end;
    let curve = curve(start);
    let mut recording = Recording::new(
        "pool-leak",
        &Story {
            title: "A driver leaks the non-paged pool away",
            host: "WEB03",
            window: window.clone(),
            text: STORY,
            limits: "pool_max = \"128MB\"\npool_max_origin = \"/3GB in boot.ini (Windows Server 2003 x86)\"\n",
        },
    );
    recording.add("counters.csv", csv("WEB03", start + 2 * SECOND..window.end, 5 * SECOND, &curve.counters(14_210)));
    recording.add("pooltag.txt", pool::tag_names());
    for at in pool::moments(&window, MINUTE) {
        recording.add(format!("poolmon-{}.txt", stamp(at)), curve.snapshot(start, at));
    }
    recording.add("W3SVC1/ex071113.log", w3c::log(SITE, visits(&mut random, &window, refusing.start)));
    let mut errors = http_error::refused(refusing.clone(), swell);
    errors.extend(expired(&mut random, window.start..refusing.start + 2 * MINUTE));
    http_error::add(&mut recording, "1.0", errors);
    Ok(recording)
}

/// Callers give up and come back; from the third minute on it is three and four in turn.
fn swell(index: i64) -> i64 {
    match index {
        0 => 1,
        1..36 => 2 + index * 5 % 7 - index / 12,
        _ => 3 + index % 2,
    }
}

/// Pages as usual; then only what arrives on connections that were open before, less and less.
fn visits(random: &mut Random, window: &Range<Ms>, refused: Ms) -> Vec<Row> {
    let ever_rarer = |at: Ms| {
        let gap = if at < refused { 90 } else { 90 + (at - refused) / 40 };
        gap..gap * 2
    };
    let mut rows = browse(random, SITE, window.start..refused + 165 * SECOND, PAGES, visitor, ever_rarer);
    for row in &mut rows {
        row.taken = ticks(row.taken);
    }
    rows
}

fn expired(random: &mut Random, window: Range<Ms>) -> Vec<http_error::Row> {
    let mut rows = Vec::new();
    let mut at = window.start;
    while at < window.end {
        let client = visitor(random);
        rows.push(http_error::idle(random, at, &client, SITE.address, SITE.port));
        at += random.between(&(2 * SECOND..11 * SECOND));
    }
    rows
}

fn visitor(random: &mut Random) -> String {
    format!("192.0.2.{}", random.between(&(1..254)))
}

const BROWSER: &str = "Mozilla/4.0+(compatible;+MSIE+6.0;+Windows+NT+5.1;+SV1)";

const PAGES: &[Page] = &[
    page("GET", "/orders/list.aspx", "page=#", "200 0 0"),
    page("GET", "/orders/order.aspx", "id=70#", "200 0 0"),
    page("POST", "/orders/order.aspx", "id=70#", "302 0 0"),
    page("GET", "/default.aspx", "-", "200 0 0"),
    page("GET", "/images/logo.gif", "-", "304 0 0"),
    page("GET", "/styles/site.css", "-", "304 0 0"),
    page("GET", "/stock/search.aspx", "part=#", "200 0 0"),
];

const fn page(method: &'static str, stem: &'static str, query: &'static str, status: &'static str) -> Page {
    Page { method, stem, query, agent: BROWSER, status, taken: 15..600 }
}
