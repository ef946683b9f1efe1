//! Laws: the order of what is read, the pieces that it comes in and the engines that it is spread over change nothing; and no byte
//! of a log reaches a report as something that a terminal obeys or a reader overlooks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/contract.rs"]
mod contract;
#[path = "support/logs.rs"]
mod logs;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::AtomicBool;

use logs::Logs;
use proptest::prelude::*;
use proptest::sample::Index;
use why503::diagnosis::findings;
use why503::drill::Plan;
use why503::drill::matching::{About, By};
use why503::limits::{Given, Limit, Limits};
use why503::record::Slots;
use why503::report::Report;
use why503::time::{Time, Zone};
use why503::timeline::block_index::BLOCK;
use why503::timeline::tally::{NsRequest, Trouble};
use why503::timeline::telling::Longest;
use why503::timeline::{App, NsSeries, Served, Timeline, merge};

/// 2009-10-12T08:00:00Z.
const BASE: i64 = 1_255_334_400;

/// So many cases, unless `PROPTEST_CASES` asks for another number.
fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    // A failure prints its seed; the case that it shows becomes a test of its own.
    ProptestConfig { failure_persistence: None, cases, ..default }
}

fn limits() -> Limits {
    let pool_max = Some(Limit::new(128 << 20, "--pool-max"));
    Limits { given: Given { pool_max, ..Given::default() }, ..Limits::default() }
}

/// A moment as W3C and HTTPERR logs write it.
fn stamp(second: i64) -> String {
    Time::from_second(BASE + second).rfc3339().replace('T', " ").replace('Z', "")
}

// ---------------------------------------------------------------- order

/// A log's name and header, and what one of its rows may say. Each header makes rows of any order readable.
const KINDS: [(&str, &str); 5] = [
    (
        "W3SVC1/u_ex091012.log",
        "#Software: Microsoft Internet Information Services 7.5\n#Fields: date time cs-uri-stem c-ip sc-status sc-substatus time-taken\n",
    ),
    ("W3SVC2/ex091012.log", "#Software: Microsoft Internet Information Services 6.0\n#Fields: date time cs-uri-stem sc-status\n"),
    (
        "HTTPERR/httperr1.log",
        "#Software: Microsoft HTTP API 2.0\n#Fields: date time s-port cs-uri sc-status s-reason s-queuename\n",
    ),
    (
        "counters.csv",
        "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\WEB\\Memory\\Pool Nonpaged Bytes\",\"\\\\WEB\\W3SVC_W3WP(1_P)\\Active Requests\"\n",
    ),
    ("a.log", "<event date=\"10/12/2009 07:59:59.0000000 +00:00\" severity=\"4\"><![CDATA[started]]></event>\n"),
];

/// A row of one of [`KINDS`].
fn row() -> impl Strategy<Value = (usize, String)> {
    let second = prop_oneof![0i64..60, 0i64..7200, Just(-40_000_000)];
    let stem =
        prop::sample::select(vec!["/secars/secars.dll", "/", "/Altiris/NS/Agent/GetClientPolicies.aspx", "/GETPACKAGEINFO.aspx"]);
    let status = prop::sample::select(vec![(200, 0), (503, 2), (503, 0), (404, 0)]);
    let taken = prop_oneof![Just(0u64), 1u64..3000, 1u64..4_000_000, Just(u64::MAX)];
    let reason = prop_oneof![
        prop::sample::select(vec!["QueueFull", "Timer_ConnectionIdle", "N/A", "Brand_New", "0_Connections_Refused"])
            .prop_map(String::from),
        (0u32..20).prop_map(|n| format!("{n}_Connections_Refused")),
        Just(String::from("4294967295_Connections_Refused")),
        Just(String::from("99999999999999999999999_connections_refused")),
    ];
    (0..KINDS.len(), second, stem, status, taken, reason, 0u32..200_000_000).prop_map(
        |(kind, second, stem, (status, substatus), taken, reason, value)| {
            let at = stamp(second);
            let text = match kind {
                0 => format!("{at} {stem} 10.0.0.{} {status} {substatus} {taken}", value % 200),
                1 => format!("{at} {stem} {status}"),
                2 => format!(
                    "{at} {} {stem} {} {reason} -",
                    [80, 2869][value as usize % 2],
                    if status == 503 { "503" } else { "-" }
                ),
                3 => {
                    let (date, clock) = at.split_once(' ').unwrap();
                    let (year, day) = date.split_once('-').unwrap();
                    format!("\"{}/{year} {clock}.5\",\"{value}\",\" \"", day.replace('-', "/"))
                }
                _ => {
                    let (date, clock) = at.split_once(' ').unwrap();
                    let told = [
                        "The maximum number of config requests has been reached. (Max: 50)",
                        "Server is busy. It is backing off",
                        "Ready",
                    ];
                    let told = told[value as usize % told.len()];
                    format!("<event date=\"{date} {clock} +00:00\" severity=\"8\"><![CDATA[{told}]]></event>")
                }
            };
            (kind, text)
        },
    )
}

/// Reads logs, by their numbers.
fn read(logs: &[(u32, &str, String)]) -> Logs {
    let mut read = Logs::new(limits(), &[]);
    for (id, name, text) in logs {
        read.read(*id, name, [text.as_bytes()]);
    }
    read
}

/// Without the rows that it shows.
fn served(served: &Served) -> Served {
    Served { longest: Longest::default(), ..served.clone() }
}

/// Compares what timelines say, but for the lines that prove it: those stand elsewhere when rows change places in a log.
fn same_but_for_proofs(one: &Timeline, other: &Timeline) -> Result<(), TestCaseError> {
    let apps = |timeline: &Timeline| -> Vec<(String, App)> {
        let app = |app: &App| App { served: served(&app.served), ..app.clone() };
        timeline.apps().map(|(name, of)| (name.to_owned(), app(of))).collect()
    };
    prop_assert!(apps(one) == apps(other), "applications");
    let of_ns =
        |timeline: &Timeline, request| timeline.ns(request).map(|ns| NsSeries { served: served(&ns.served), ..ns.clone() });
    prop_assert!(NsRequest::ALL.iter().all(|r| of_ns(one, *r) == of_ns(other, *r)), "requests of a Notification Server");
    let counts = |timeline: &Timeline| -> Vec<(Trouble, Vec<(i64, u32)>)> {
        timeline.troubles().map(|(t, tally)| (t.clone(), tally.counts().nonzero(i64::MIN..i64::MAX).collect())).collect()
    };
    prop_assert_eq!(counts(one), counts(other));
    prop_assert!(one.counters().eq(other.counters()), "counters");
    prop_assert_eq!(one.span(), other.span());
    let slots = [Slots::Config, Slots::PackageInfo];
    prop_assert!(
        slots.iter().all(|slots| one.ns_max(*slots, Time::MAX) == other.ns_max(*slots, Time::MAX)),
        "limits of the NS log"
    );
    Ok(())
}

proptest! {
    #![proptest_config(cases(96))]

    /// Each row in a log of its own, so that it stands at the same place in any order.
    #[test]
    fn logs_in_any_order_and_over_any_engines_give_the_same_timeline(
        (rows, shuffled) in prop::collection::vec(row(), 1..40).prop_flat_map(|rows| {
            let numbers: Vec<usize> = (0..rows.len()).collect();
            (Just(rows), Just(numbers).prop_shuffle())
        }),
        split in any::<u64>(),
    ) {
        let logs: Vec<(u32, &str, String)> = (0..)
            .zip(&rows)
            .map(|(id, (kind, row))| (id, KINDS[*kind].0, format!("{}{row}\n", KINDS[*kind].1)))
            .collect();
        let whole = read(&logs);
        for source in whole.engine.sources().values() {
            prop_assert_eq!(source.malformed, 0, "{}: {:?}", source.name(), &source.malformed_lines);
        }
        let told = findings(&whole.engine.moment(whole.end()));

        let again: Vec<_> = shuffled.iter().map(|at| logs[*at].clone()).collect();
        let again = read(&again);
        prop_assert!(again.engine.timeline() == whole.engine.timeline());
        prop_assert!(again.engine.timeline().blocks == whole.engine.timeline().blocks);
        prop_assert_eq!(findings(&again.engine.moment(again.end())), told.clone());

        let half = |odd: bool| {
            let mine = |(i, _): &(usize, &usize)| (split >> (i % 64) & 1 == 1) == odd;
            let logs: Vec<_> = shuffled.iter().enumerate().filter(mine).map(|(_, at)| logs[*at].clone()).collect();
            read(&logs)
        };
        for odd in [false, true] {
            let (mut one, other) = (half(odd), half(!odd));
            // Whoever does it, in whatever order.
            one.engine.merge_by(other.engine, &|mut shares| {
                if odd {
                    shares.reverse();
                }
                merge::in_turn(shares);
            });
            prop_assert!(one.engine.timeline() == whole.engine.timeline());
            prop_assert!(one.engine.timeline().blocks == whole.engine.timeline().blocks);
            prop_assert_eq!(findings(&one.engine.moment(one.end())), told.clone());
        }
    }

    #[test]
    fn rows_in_any_order_give_the_same_numbers(
        (rows, shuffled) in prop::collection::vec(row(), 1..60)
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
    ) {
        let logs = |rows: &[(usize, String)]| -> Vec<(u32, &str, String)> {
            let of_kind = |kind: usize| rows.iter().filter(move |(k, _)| *k == kind).map(|(_, row)| format!("{row}\n"));
            (0..).zip(KINDS).enumerate().map(|(kind, (id, (name, header)))| {
                (id, name, format!("{header}{}", of_kind(kind).collect::<String>()))
            }).collect()
        };
        let (one, other) = (read(&logs(&rows)), read(&logs(&shuffled)));
        same_but_for_proofs(one.engine.timeline(), other.engine.timeline())?;
    }
}

// ---------------------------------------------------------------- pieces

/// A request of a generated log, as the drilldown must count it.
struct Request {
    second: i64,
    stem: &'static str,
    client: u64,
    status: &'static str,
    text: String,
}

/// A log of several blocks whose fields change in the middle, and its requests. Everything follows from `seed`.
fn large_log(seed: u64, rows: i64) -> (Vec<u8>, Vec<Request>) {
    const IIS7: &str = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken";
    const SHORT: &str = "date time c-ip cs-uri-stem sc-status sc-substatus";
    const STEMS: [&str; 4] = ["/secars/secars.dll", "/reporting/login.php", "/Altiris/NS/Agent/GetClientPolicies.aspx", "/"];
    const STATUSES: [&str; 4] = ["200.0", "503.2", "503.0", "304.0"];
    let mut state = seed | 1;
    let mut draw = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut log = String::from("#Software: Microsoft Internet Information Services 7.5\n#Version: 1.0\n");
    let mut requests = Vec::new();
    let change = rows / 3 + i64::try_from(draw(100)).unwrap();
    for number in 0..rows {
        let short = number >= change && number < 2 * change;
        if number == 0 || number == change || number == 2 * change {
            let _ = writeln!(log, "#Fields: {}", if short { SHORT } else { IIS7 });
        }
        // Mostly in order, as rows of a log are.
        let second = number / 7 + i64::try_from(draw(3)).unwrap();
        let (stem, status) = (STEMS[usize::try_from(draw(4)).unwrap()], STATUSES[usize::try_from(draw(4)).unwrap()]);
        let (client, taken) = (draw(5), draw(90_000));
        let (code, substatus) = status.split_once('.').unwrap();
        let at = stamp(second);
        let text = if short {
            format!("{at} 10.2.1.{client} {stem} {code} {substatus}")
        } else {
            format!(
                "{at} 10.2.0.5 GET {stem} h={number:08X} 8014 - 10.2.1.{client} Smc/11.0+(a+name+of+some+length) {code} {substatus} 0 {taken}"
            )
        };
        let _ = writeln!(log, "{text}");
        requests.push(Request { second, stem, client, status, text });
    }
    (log.into_bytes(), requests)
}

fn pieces<'a>(log: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| *cut.min(&log.len())).chain([0, log.len()]).collect();
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &log[pair[0]..pair[1]]).collect()
}

fn read_pieces(log: &[u8], cuts: &[usize]) -> Logs {
    let mut logs = Logs::new(limits(), &[]);
    logs.read(1, "W3SVC1/u_ex091012.log", pieces(log, cuts));
    logs
}

fn window(from: i64, to: i64) -> std::ops::Range<Time> {
    Time::from_second(BASE + from)..Time::from_second(BASE + to)
}

/// The drilldown into every group of a window: what has it in common, how many, how many turned away.
fn groups(logs: &Logs, about: &About, by: By, window: std::ops::Range<Time>) -> Vec<(String, u64, u64)> {
    let plan = Plan::new(&logs.engine.moment(logs.end()), about.clone(), window, None);
    let answer = plan.groups(by, &logs.shelf, &AtomicBool::new(false)).unwrap();
    assert!(answer.missing.is_empty(), "{:?}", answer.missing);
    let row = |g: why503::drill::group::Group| (String::from_utf8_lossy(&g.key).into_owned(), g.count, g.turned_away);
    // What was only in flight in the window did not end in it.
    let mut rows: Vec<_> = answer.rows.into_iter().filter(|g| g.count > 0).map(row).collect();
    rows.sort();
    rows
}

fn lines(logs: &Logs, most: usize, window: std::ops::Range<Time>) -> Vec<String> {
    let moment = logs.engine.moment(logs.end());
    let [all, latest] = [Plan::new(&moment, About::Everything, window.clone(), None), Plan::latest(&moment, window, most)]
        .map(|plan| plan.lines(most, &logs.shelf, &AtomicBool::new(false)).unwrap().rows);
    assert_eq!(all, latest);
    latest.into_iter().map(|row| String::from_utf8(row.text).unwrap()).collect()
}

/// The same counted by hand.
fn counted(requests: &[Request], key: impl Fn(&Request) -> String, seconds: &std::ops::Range<i64>) -> Vec<(String, u64, u64)> {
    let mut groups: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for request in requests.iter().filter(|r| seconds.contains(&r.second)) {
        let (count, turned_away) = groups.entry(key(request)).or_default();
        *count += 1;
        *turned_away += u64::from(request.status.starts_with("503"));
    }
    groups.into_iter().map(|(key, (count, turned_away))| (key, count, turned_away)).collect()
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn any_pieces_of_a_log_give_the_same_timeline_index_and_drilldown(
        seed in any::<u64>(),
        rows in 4000i64..6000,
        cuts in prop::collection::vec(any::<Index>(), 0..8),
        near in prop::collection::vec((1u64..3, 0u64..5), 0..3),
        (from, length) in (0i64..700, 1i64..200),
    ) {
        let (log, requests) = large_log(seed, rows);
        prop_assert!(log.len() as u64 > BLOCK, "{} bytes are one block", log.len());
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(log.len())).collect();
        // Where the blocks of the index begin.
        cuts.extend(near.iter().map(|(block, off)| usize::try_from(block * BLOCK + off - 2).unwrap()));

        let (whole, cut) = (read_pieces(&log, &[]), read_pieces(&log, &cuts));
        prop_assert!(cut.engine.timeline() == whole.engine.timeline());
        prop_assert!(cut.engine.timeline().blocks == whole.engine.timeline().blocks);

        let seconds = from..from + length;
        for by in By::ALL {
            let told = groups(&cut, &About::Everything, by, window(from, from + length));
            let want = match by {
                By::Url => counted(&requests, |r| r.stem.to_owned(), &seconds),
                By::Client => counted(&requests, |r| format!("10.2.1.{}", r.client), &seconds),
                By::Status => counted(&requests, |r| r.status.to_owned(), &seconds),
                By::UserAgent => groups(&whole, &About::Everything, by, window(from, from + length)),
            };
            prop_assert_eq!(told, want, "by {}", by.name());
        }
        let secars = About::App(String::from("W3SVC1/secars"));
        let in_secars: Vec<_> = counted(&requests, |r| r.stem.to_owned(), &seconds)
            .into_iter()
            .filter(|(stem, ..)| stem.starts_with("/secars"))
            .collect();
        prop_assert_eq!(groups(&cut, &secars, By::Url, window(from, from + length)), in_secars);

        let mut want: Vec<(i64, usize)> =
            requests.iter().enumerate().filter(|(_, r)| seconds.contains(&r.second)).map(|(at, r)| (r.second, at)).collect();
        want.sort_unstable();
        let want: Vec<&str> = want.iter().map(|(_, at)| requests[*at].text.as_str()).collect();
        prop_assert_eq!(lines(&cut, usize::MAX, window(from, from + length)), want.clone());
        let last = &want[want.len().saturating_sub(100)..];
        prop_assert_eq!(lines(&cut, 100, window(from, from + length)), last);
    }
}

// ---------------------------------------------------------------- hostile bytes

/// What a terminal obeys or a reader overlooks, besides any byte.
const HOSTILE: &[&[u8]] = &[
    b"\x1b[2J\x1b[H",
    b"\x1b]0;owned\x07",
    b"\x1b]52;c;ZWNobw==\x1b\\",
    b"\x9b31m",
    "\u{9b}31m".as_bytes(),
    "\u{85}".as_bytes(),
    "\u{202e}gpj.exe".as_bytes(),
    "\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}".as_bytes(),
    "\u{200b}\u{200d}\u{2060}\u{feff}".as_bytes(),
    "\u{2028}\u{2029}".as_bytes(),
    "a\u{34f}b\u{ad}c\u{115f}\u{3164}\u{ffa0}".as_bytes(),
    "\u{17b4}\u{180e}\u{180b}\u{fe0f}".as_bytes(),
    "\u{1d173}\u{e0041}\u{e0100}\u{fff9}".as_bytes(),
    b"\r",
    b"\0",
    b"\x7f\x08\x08",
    b"\\u001b[2J",
    b"</script><!--]]",
    b"\xff\xfe\xc3",
    "\u{e9}\u{4e2d}\u{1f600}".as_bytes(),
];

/// Bytes without a line feed or a space: they stay in their column.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let any = any::<u8>().prop_filter("it ends the column", |b| !matches!(b, b'\n' | b' ')).prop_map(|b| vec![b]);
    let piece = prop_oneof![prop::sample::select(HOSTILE).prop_map(<[u8]>::to_vec), any];
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

/// Bytes with `{}` replaced by hostile ones, in turn.
fn fill(text: &str, hostile: &[Vec<u8>], next: &mut usize) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, part) in text.split("{}").enumerate() {
        if i > 0 {
            out.extend(&hostile[*next % hostile.len()]);
            *next += 1;
        }
        out.extend(part.as_bytes());
    }
    out
}

/// Controls but the line feed, and everything that Unicode calls bidirectional control or default ignorable.
fn is_obeyed_or_overlooked(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn no_report_holds_what_a_terminal_obeys_or_a_reader_overlooks(hostile in prop::collection::vec(hostile(), 1..30)) {
        let next = &mut 0;
        let mut fill = |text: &str| fill(text, &hostile, next);
        let mut logs = Logs::new(limits(), &[]);
        let names: Vec<String> =
            ["W3SVC1/u_ex{}.log", "HTTPERR/{}.log", "{}/a.log", "scm-{}.log", "poolmon-20091012T080000Z{}.txt", "tags{}.txt"]
                .iter()
                .map(|name| String::from_utf8_lossy(&fill(name)).into_owned())
                .collect();
        let texts = [
            fill("#Software: Microsoft Internet Information Services 7.5\n#Fields: date time s-sitename cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status sc-substatus\n\
                  2009-10-12 08:00:00 {} /secars/{} {} {} {} 503 2\n2009-10-12 08:00:01 {} /GetClientPolicies.aspx {} {} {} 503 0\n{}\n"),
            fill("#Software: Microsoft HTTP API 2.0\n#Fields: date time c-ip s-port cs-uri sc-status s-reason s-queuename\n\
                  2009-10-12 08:05:00 {} 80 /{} 503 {} {}\n2009-10-12 08:05:01 {} 2869 /{} 503 {} {}\n2009-10-12 08:05:02 - - - - 7_Connections_Refused {}\n"),
            fill("<event date=\"10/12/2009 08:00:02.0000000 +00:00\" severity=\"8\" hostName=\"{}\"><![CDATA[The maximum number of config requests has been reached. {} (Max: 50) {}]]></event>\n"),
            fill("2009-10-12 08:00:03.000 SEVERE: {} HTTP 503 Service Unavailable, URL: http://localhost/secars/secars.dll?{}\n{}\n"),
            fill(" Tag  Type     Allocs            Frees            Diff   Bytes       Per Alloc\n Abcd Nonp 9 1 8 72351744 16 [{}]\n \u{202e}x Nonp 9 1 8 4096 16 [{}]\n"),
            fill("rem Pooltag.txt\nAbcd - {}.sys - {}\n"),
        ];
        for ((id, name), text) in (0..).zip(&names).zip(&texts) {
            logs.read(id, name, [&text[..]]);
        }
        let report = Report::new(&logs.engine.moment(logs.end()), &logs.shelf, Zone::Utc);
        let json = report.json().unwrap();
        let (text, markdown, html) = (report.text(false), report.markdown(), report.html());
        for (form, shown) in [("JSON", &json), ("text", &text), ("Markdown", &markdown), ("HTML", &html)] {
            let found: Vec<char> = shown.chars().filter(|c| is_obeyed_or_overlooked(*c)).collect();
            prop_assert!(found.is_empty(), "{form} holds {found:?}:\n{shown}");
        }
        let ascii = report.text(true);
        prop_assert!(ascii.bytes().all(|b| matches!(b, b'\n' | b' '..=b'~')), "{ascii}");

        // It is all there, and escaping has not damaged it.
        let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
        contract::check(&parsed);
        prop_assert_eq!(&parsed["pool"]["connections_refused"], 7);
        let rules: Vec<&str> = parsed["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
        for rule in ["iis-503-2", "http-connections-refused", "ns-slots-full", "log-cannot-tell", "not-iis"] {
            prop_assert!(rules.contains(&rule), "{rule} is not in {rules:?}");
        }
        let found = parsed["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "iis-503-2").unwrap();
        let line = texts[0].split(|b| *b == b'\n').nth(2).unwrap();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        prop_assert_eq!(found["evidence"][0]["text"].as_str().unwrap(), String::from_utf8_lossy(line.trim_ascii_end()));
    }
}
