//! Reports in their forms: whatever logs say, a page keeps its elements and Markdown obeys nothing; what is redacted stays redacted.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "support/logs.rs"]
mod logs;
#[path = "support/seeded.rs"]
#[expect(dead_code, reason = "what each kind keeps is looked at elsewhere")]
mod seeded;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use logs::Logs;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser};
use why503::demo;
use why503::engine::{Engine, Envelope, Gap, Payload};
use why503::limits::{Given, Limit, Limits};
use why503::record::SourceId;
use why503::report::Report;
use why503::sources::load::Recording;
use why503::sources::shelf::Shelf;
use why503::time::{Time, Zone};

/// What the program prints when all is well.
fn printed(home: &Path, args: &[&str]) -> String {
    let mut command = Command::new(cargo_bin!("why503"));
    for name in ["XDG_CONFIG_HOME", "HOME", "APPDATA"] {
        command.env(name, home);
    }
    let output = command.current_dir(home).args(args).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && error.is_empty(), "{args:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// A report on a built-in incident.
fn report(name: &str) -> Report {
    let recording = Recording::unpack(demo::find(Some(name)).unwrap().archive, None).unwrap();
    let given = recording.manifest.as_ref().unwrap().limits.clone();
    let shelf = Shelf::default();
    let engine = recording.load(Zone::Utc, &shelf, &|| Engine::new(Limits { given: given.clone(), ..Limits::default() }, &[]));
    let end = engine.timeline().span().unwrap().1;
    Report::new(&engine.moment(end), &shelf, Zone::Utc)
}

/// The start tags of a page with the names of their attributes, in order. It must be well-formed.
fn elements(html: &str) -> Vec<String> {
    let body = html.strip_prefix("<!doctype html>\n").expect("a page begins with its type");
    let mut reader = quick_xml::Reader::from_str(body);
    let mut found = Vec::new();
    loop {
        let tag = match reader.read_event().expect("a page is well-formed") {
            quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => tag,
            quick_xml::events::Event::Eof => return found,
            other => {
                let is_hidden = matches!(other, quick_xml::events::Event::Comment(_) | quick_xml::events::Event::PI(_));
                assert!(!is_hidden, "a page has no comments and no instructions");
                continue;
            }
        };
        let names = tag.attributes().map(|attribute| attribute.unwrap().key.as_ref().to_owned());
        let names: Vec<String> = names.collect();
        found.push(format!("{} {}", tag.name().as_ref(), names.join(" ")));
    }
}

#[test]
fn the_forms_of_an_incident_have_everything_in_its_order() {
    let report = report("pool-leak").reproduced_by(vec![String::from("why503 report pool-leak")]);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("report-pool-leak.txt", report.text(true));
        insta::assert_snapshot!("report-pool-leak.md", report.markdown());
    });
    let html = report.html();
    let mut from = 0;
    for part in [
        "<h1>why503 report</h1>",
        "<h2>What happened</h2>",
        "<h2>Requests in flight, by application</h2>",
        "<h2>Non-paged pool</h2>",
        "<h2>Turned away, by reason</h2>",
        "<h2>Findings, in full</h2>",
        "<h4>What to do, the best first</h4>",
        "<h4>Lines that prove it</h4>",
        "<h4>Where the knowledge is from</h4>",
        "<h2>Files</h2>",
        "<h2>How to reproduce it</h2>",
        "<code>why503 report pool-leak</code>",
    ] {
        from += html.get(from..).unwrap().find(part).unwrap_or_else(|| panic!("{part} is not there, or not in its place"));
    }
}

#[test]
fn a_page_needs_no_script_no_network_and_tells_its_charts_in_words() {
    for name in ["sepm-push-storm", "pool-leak", "ns-busy", "all"] {
        let html = report(name).html();
        let elements = elements(&html);
        let count = |wanted: &str| elements.iter().filter(|element| element.split(' ').next() == Some(wanted)).count();
        for forbidden in ["script", "link", "img", "iframe", "object", "form", "base"] {
            assert_eq!(count(forbidden), 0, "{name}: {forbidden}");
        }
        assert_eq!((count("html"), count("h1"), count("main"), count("style")), (1, 1, 1, 1));
        assert!(count("svg") > 0 && count("figure") == count("svg") && count("figcaption") == count("svg"), "{name}");
        assert!(elements.iter().filter(|e| e.starts_with("svg")).all(|e| e.contains("role") && e.contains("aria-labelledby")));
        // A chart's own title, and the page's.
        assert_eq!(count("title"), count("svg") + 1);
        assert!(elements.iter().all(|element| !element.starts_with("a ") || *element == "a href"), "{name}");
        assert!(html.matches("href=\"").count() == html.matches("href=\"#finding").count(), "{name}");
        for part in
            ["<html lang=\"en\">", "default-src 'none'; style-src 'unsafe-inline'", "prefers-color-scheme:dark", "@media print"]
        {
            assert!(html.contains(part), "{name}: {part}");
        }
        let mut attributes = elements.iter().flat_map(|element| element.split(' ').skip(1));
        assert!(attributes.all(|name| !name.starts_with("on") && !["style", "src"].contains(&name)), "{name}");
    }
}

#[test]
fn bookmarks_come_after_the_stories_and_are_not_there_without_any() {
    let marks = vec![(Time::from_second(1_255_334_400), String::from("<restarted> `W3SVC` | all"))];
    let report = report("pool-leak");
    assert!(!report.json().unwrap().contains("bookmarks") && !report.html().contains("Bookmarks"));
    let report = report.with_bookmarks(marks);
    let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    assert_eq!(json["bookmarks"][0]["note"], "<restarted> `W3SVC` | all");
    assert_eq!(json["bookmarks"][0]["at"], "2009-10-12T08:00:00Z");
    let (html, text) = (report.html(), report.text(true));
    let at = |whole: &str, part: &str| whole.find(part).unwrap_or_else(|| panic!("{part}: {whole}"));
    assert!(at(&html, "What happened") < at(&html, "&lt;restarted&gt; `W3SVC` | all"));
    assert!(at(&html, "&lt;restarted&gt;") < at(&html, "<h2>Non-paged pool"));
    assert!(at(&text, "2009-10-12T08:00:00Z: <restarted>") < at(&text, "Non-paged pool\n---"));
    assert!(report.markdown().contains(r"| 2009-10-12T08:00:00Z | ``<restarted> `W3SVC` \x7c`` all |"), "{}", report.markdown());
}

#[test]
fn reasons_slots_and_findings_agree_on_how_many_were_turned_away() {
    for (name, of_ns) in [("all", 553), ("ns-busy", 8521)] {
        let report: serde_json::Value = serde_json::from_str(&report(name).json().unwrap()).unwrap();
        let sum = |rows: &serde_json::Value, is_it: &dyn Fn(&serde_json::Value) -> bool| -> u64 {
            rows.as_array().unwrap().iter().filter(|row| is_it(row)).map(|row| row["count"].as_u64().unwrap()).sum()
        };
        let told_by_ns =
            sum(&report["turned_away"], &|row| ["N/A", "Notification Server"].contains(&row["reason"].as_str().unwrap()));
        assert_eq!(told_by_ns, of_ns, "{name}");
        assert_eq!(sum(&report["findings"], &|row| row["rule"] == "ns-slots-full"), of_ns, "{name}");
        assert_eq!(report["ns_slots"][0]["turned_away"], of_ns, "{name}");
    }
}

#[test]
fn a_story_has_the_rule_and_the_count_of_what_is_worst_in_it() {
    let text = report("all").text(true);
    let (_, story) = text.split_once("!! 204 connections refused").unwrap();
    let words: Vec<&str> = story.split_whitespace().take(40).collect();
    let told = words.join(" ");
    // The tag that holds the pool is the cause, and no more than a warning, seen eleven times.
    assert!(told.contains("[critical, http-connections-refused]") && told.contains("2009-10-12 08:06:00, 204 times"), "{told}");
    // The listing is of the end, when the tag of the story no longer holds much.
    assert!(text.contains("Tags as of 2009-10-12T08:10:00Z, the last listing:"), "{text}");
    assert_eq!(text.matches("Commands are for cmd.exe").count(), 1);
}

#[test]
fn a_gap_is_hatched_and_said() {
    let mut logs = Logs::new(Limits::default(), &[]);
    logs.read(1, "W3SVC1/u_ex.log", [&LOG.replace("{}", "x").into_bytes()[..]]);
    let gap = Gap {
        from: Time::from_second(1_255_334_430),
        to: Some(Time::from_second(1_255_334_460)),
        bytes: 7,
        why: "disk full".into(),
    };
    assert!(!report_of(&logs).html().contains("url(#hatch"));
    logs.engine.take(Envelope { heard: Time::MIN, source: SourceId(0), payload: Payload::Gap(gap) });
    let html = report_of(&logs).html();
    assert!(html.contains("fill=\"url(#hatch1)\"") && html.contains("hatched: missing in the recording"), "{html}");
    assert!(html.contains("2009-10-12T08:00:30Z to 2009-10-12T08:01:00Z: disk full (7 bytes of logs)"), "{html}");
}

fn report_of(logs: &Logs) -> Report {
    Report::new(&logs.engine.moment(logs.end()), &logs.shelf, Zone::Utc)
}

/// Rows over two minutes with a place for something hostile in each column.
const LOG: &str = "#Fields: date time s-sitename cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status sc-substatus time-taken\n\
    2009-10-12 08:00:00 {} /secars/{} {} {} {} 503 2 40\n2009-10-12 08:02:00 {} /GetClientPolicies.aspx {} {} {} 503 0 9000\n";
const HTTPERR: &str = "#Software: Microsoft HTTP API 2.0\n#Fields: date time c-ip s-port cs-uri sc-status s-reason s-queuename\n\
    2009-10-12 08:01:00 {} 80 /{} 503 {} {}\n2009-10-12 08:01:02 - - - - 7_Connections_Refused {}\n";
const SEPM: &str =
    "2009-10-12 08:00:03.000 SEVERE: {} HTTP 503 Service Unavailable, URL: http://localhost/secars/secars.dll?{}\n{}\n";

/// Logs with something in all places that take it, and their report.
fn filled(with: &str) -> Report {
    let given = Given { app_limit: Some(Limit::new(10, with)), ..Given::default() };
    let mut logs = Logs::new(Limits { given, ..Limits::default() }, &[]);
    // A column has no space in it, and a line no end.
    let word: String = with.chars().map(|c| if c.is_whitespace() { '+' } else { c }).collect();
    let word = if word.is_empty() { "x" } else { &word };
    for (id, name, text) in [(1, "W3SVC1/{}.log", LOG), (2, "{}/err.log", HTTPERR), (3, "scm-{}.log", SEPM)] {
        let name = name.replace("{}", &with.replace('/', "_"));
        logs.read(id, &name, [text.replace("{}", word).as_bytes()]);
    }
    let marks = [(Time::MIN, with.to_owned())];
    report_of(&logs).with_bookmarks(marks).reproduced_by(vec![format!("why503 report {with}")])
}

/// Pieces that a browser, a reader of Markdown or a terminal would obey.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<script>",
        "</pre>",
        "</code></li>",
        "<img src=x onerror=y>",
        "\"",
        "'",
        "&lt;",
        "&#60;",
        "<!--",
        "]]>",
        "`",
        "```",
        "~~~",
        "|",
        "\\|",
        "\\",
        "*",
        "_",
        "[a](b)",
        "![a](b)",
        "<b>",
        "https://evil.example/",
        "www.evil.example",
        "a@evil.example",
        "<http://e.example>",
        "# ",
        "- ",
        "1. ",
        "> ",
        "---",
        "===",
        "$x$",
        "\n",
        "\r",
        "\u{202e}",
        "\u{200b}",
        "\u{1b}[2J",
        "é",
        "x",
        " ",
        "    ",
        "\t",
        "{",
        "^",
    ]);
    prop_oneof![proptest::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat()), any::<String>()]
}

/// What Markdown is made of, without the texts: blocks, and no more than the inline parts that are text or code.
fn blocks(markdown: &str) -> Vec<String> {
    let all = Options::all();
    let mut found: Vec<String> = Vec::new();
    for event in Parser::new_ext(markdown, all) {
        match event {
            Event::Text(_) | Event::Code(_) | Event::End(_) => {}
            Event::Start(tag) => found.push(format!("{tag:?}")),
            other => found.push(format!("{other:?}")),
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_logs_say_a_page_has_the_same_elements(text in hostile()) {
        let (plain, page) = (elements(&filled("x").html()), filled(&text).html());
        // Applications and logs may be sorted otherwise, and a site's name may hide an application: charts come and go with it.
        let kinds = |elements: &[String]| elements.iter().cloned().collect::<std::collections::BTreeSet<_>>();
        let found = elements(&page);
        prop_assert!(kinds(&found).is_subset(&kinds(&plain)), "{:?}\n{page}", kinds(&found).difference(&kinds(&plain)).collect::<Vec<_>>());
        // What is no part of an element is no angle bracket.
        let tags = page.matches('<').count();
        let ends = page.matches("</").count();
        let alone = page.matches("/>").count();
        prop_assert_eq!(tags, 1 + found.len() + ends, "{}", page);
        prop_assert_eq!(found.len(), ends + alone, "{}", page);
    }

    #[test]
    fn whatever_logs_say_markdown_has_no_link_no_html_and_no_block_of_theirs(text in hostile()) {
        let (plain, markdown) = (blocks(&filled("x").markdown()), filled(&text).markdown());
        let kinds = |blocks: &[String]| blocks.iter().cloned().collect::<std::collections::BTreeSet<_>>();
        let found = blocks(&markdown);
        prop_assert!(kinds(&found).is_subset(&kinds(&plain)), "{:?}\n{markdown}", kinds(&found).difference(&kinds(&plain)).collect::<Vec<_>>());
        // Rows have as many cells as their table has columns: none was split, and none swallowed.
        for table in markdown.split("\n\n").filter(|part| part.starts_with("| ") || part.contains("\n| ---")) {
            let columns = table.lines().find(|line| line.starts_with("| ---")).map(|line| line.matches("---").count());
            for row in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
                prop_assert_eq!(Some(row.matches('|').count() - 1), columns, "{}", row);
            }
        }
        // Readers that make links of bare addresses leave code alone.
        let mut in_code = false;
        for event in Parser::new_ext(&markdown, Options::all()) {
            match event {
                Event::Start(pulldown_cmark::Tag::CodeBlock(_)) => in_code = true,
                Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code = false,
                Event::Text(text) => {
                    let is_link = text.contains("www.") || text.contains("://") || text.contains('@');
                    prop_assert!(in_code || !is_link, "{}", text);
                }
                _ => {}
            }
        }
    }
}

#[test]
fn no_seeded_secret_is_in_any_form_of_a_redacted_report() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("seedlogin").join("seed-sql01.seedcorp.example");
    fs::create_dir_all(folder.join("W3SVC7")).unwrap();
    for (place, (kind, log)) in seeded::LOGS.iter().enumerate() {
        let name = match kind.name() {
            "w3c" => String::from("W3SVC7/u_ex091012.log"),
            "application-host" => String::from("applicationHost.config"),
            "core-settings" => String::from("CoreSettings.config"),
            "pdh-csv" => String::from("counters.csv"),
            _ => format!("{place}.log"),
        };
        // Enough lines for evidence of every log.
        fs::write(folder.join(name), seeded::filled(log)).unwrap();
    }
    fs::write(folder.join("diary.txt"), "Seed Frida was here\n").unwrap();
    let folder = folder.to_str().unwrap();
    let mut told = String::new();
    for format in ["text", "json", "markdown", "html"] {
        let plain = printed(home.path(), &["report", "--format", format, folder]);
        let redacted = printed(home.path(), &["report", "--redact", "--format", format, folder]);
        assert!(plain.contains("10.66.77.88") && plain.to_lowercase().contains("seedcorp"), "{format}: the test has no teeth");
        for secret in seeded::secrets() {
            assert!(!redacted.to_lowercase().contains(&secret.to_lowercase()), "{format} tells {secret}:\n{redacted}");
        }
        assert!(!redacted.contains(home.path().file_name().unwrap().to_str().unwrap()), "{format} tells where it lay");
        assert!(redacted.contains("pseudonyms") || format == "json" && redacted.contains("\"redacted\": true"), "{redacted}");
        assert!(
            redacted.contains("W3SVC7") && redacted.contains("u_ex091012.log") && redacted.contains("left out"),
            "{redacted}"
        );
        told = redacted;
    }
    assert!(told.contains("240.") || told.contains("user-") || told.contains("host-"), "{told}");
}

#[test]
fn one_client_is_one_pseudonym_all_through_a_report_and_the_counts_stay() {
    let home = tempfile::tempdir().unwrap();
    let log = |stem: &str| {
        format!(
            "#Fields: date time c-ip cs-uri-stem sc-status sc-substatus time-taken\n2009-10-12 08:00:01 10.66.77.88 {stem} 503 2 15\n"
        )
    };
    for site in ["W3SVC1", "W3SVC2"] {
        fs::create_dir_all(home.path().join("logs").join(site)).unwrap();
        fs::write(home.path().join("logs").join(site).join("u_ex.log"), log("/secars/x")).unwrap();
    }
    let json = |args: &[&str]| -> serde_json::Value { serde_json::from_str(&printed(home.path(), args)).unwrap() };
    let plain = json(&["report", "--format", "json", "logs"]);
    let redacted = json(&["report", "--format", "json", "--redact", "logs"]);
    assert_eq!(plain["requests"], redacted["requests"]);
    assert_eq!(plain["turned_away"], redacted["turned_away"]);
    let lines: Vec<String> = redacted["findings"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|f| f["evidence"].as_array().unwrap())
        .map(|line| line["text"].as_str().unwrap().to_owned())
        .collect();
    let clients: std::collections::BTreeSet<&str> = lines.iter().filter_map(|line| line.split(' ').nth(2)).collect();
    assert!(lines.len() >= 2 && clients.len() == 1 && !clients.contains("10.66.77.88"), "{lines:?}");
}

#[test]
fn what_came_later_is_not_in_a_report_of_an_earlier_moment() {
    let home = tempfile::tempdir().unwrap();
    let row = |clock: &str| format!("2009-10-12 {clock} /secars/x 503 2 15\n");
    let log = format!("#Fields: date time cs-uri-stem sc-status sc-substatus time-taken\n{}{}", row("08:00:01"), row("09:30:00"));
    fs::write(home.path().join("u_ex.log"), log).unwrap();
    let json = |to: &str| -> serde_json::Value {
        serde_json::from_str(&printed(home.path(), &["report", "--format", "json", "--to", to, "u_ex.log"])).unwrap()
    };
    let before = json("09:00");
    assert_eq!((&before["turned_away"][0]["count"], &before["span"]["to"]), (&1.into(), &"2009-10-12T09:00:00Z".into()));
    let file = &before["sources"][0];
    assert_eq!((&file["records"], &file["to"]), (&1.into(), &"2009-10-12T08:00:01Z".into()));
    assert_eq!(file["remark"], "1 later record is not counted");
    let whole = json("2009-10-13T00:00:00Z");
    assert_eq!((&whole["turned_away"][0]["count"], &whole["sources"][0]["records"]), (&2.into(), &2.into()));
    assert_eq!(whole["sources"][0]["remark"], serde_json::Value::Null);
    let mut command = Command::new(cargo_bin!("why503"));
    let output =
        command.current_dir(home.path()).args(["report", "--to", "07:00", "u_ex.log"]).env("HOME", home.path()).output().unwrap();
    assert!(output.status.code() == Some(0) || String::from_utf8_lossy(&output.stderr).contains("--to"), "{output:?}");
}

/// Whoever waits too long gives up: at once, with the code that a shell has for it, and without half a file.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_a_report_at_once_and_leaves_the_file_that_was_there() {
    use std::process::{Command, Stdio};

    let home = tempfile::tempdir().unwrap();
    // A log whose writer never comes holds the report up for good.
    assert!(Command::new("mkfifo").arg(home.path().join("u_ex.log")).status().unwrap().success());
    fs::write(home.path().join("report.html"), "of yesterday").unwrap();
    let mut child = Command::new(cargo_bin!("why503"))
        .args(["report", "--format", "html", "-o", "report.html", "u_ex.log"])
        .current_dir(home.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    // It listens once the signal is caught.
    let catches = || {
        let status = fs::read_to_string(&status).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim().to_owned();
        u64::from_str_radix(&mask, 16).unwrap() & (1 << 1) != 0
    };
    while !catches() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut error = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut error).unwrap();
    assert_eq!(error, "", "nothing is drawn where nobody looks");
    assert_eq!(fs::read_to_string(home.path().join("report.html")).unwrap(), "of yesterday");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
}
