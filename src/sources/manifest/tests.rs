use super::*;
use crate::inventory::Topic;

fn stamp(text: &str) -> Stamp {
    Stamp::try_from(text.to_owned()).unwrap()
}

#[test]
fn what_is_written_is_read_again() {
    let manifest = Manifest {
        title: "a \"quoted\"\nname".into(),
        zone: Some(Zone::parse("+02:00").unwrap()),
        machine: vec![
            Item::found(Topic::HttpSys, "HTTPERR", r"C:\Windows\System32\LogFiles\HTTPERR", "default"),
            Item::missing(Topic::Sepm, "SEPM", [r"C:\Program Files\Symantec"]),
            Item::remark(Topic::Iis, "site 2", "is logged in the IIS format"),
        ],
        limits: Given { pool_max: Some(Limit::new(134_217_728, "--pool-max")), ..Given::default() },
        bookmarks: vec![
            Bookmark { at: stamp("2026-11-21T08:00:01Z"), note: "\"here\" \\ \u{1b}[2J\n[limits]".into() },
            Bookmark { at: stamp("2026-11-21T08:00:02Z"), note: String::new() },
        ],
        work: Work {
            runs: vec![Run { from: stamp("2026-11-21T08:00:00Z"), host: "WEB01".into(), ..Run::default() }],
            files: vec![Written { path: "W3SVC1/a.log".into(), bytes: 5, crc32: "3610a686".into(), ..Written::default() }],
            gaps: vec![Hole { why: "disk full".into(), bytes: 7, ..Hole::default() }],
        },
        ..Manifest::default()
    };
    let text = manifest.render().unwrap();
    let again = Manifest::parse(&text).unwrap();
    assert_eq!((again.title, again.limits, again.work), (manifest.title, manifest.limits, manifest.work), "{text}");
    assert_eq!((again.zone, again.machine, again.bookmarks), (manifest.zone, manifest.machine, manifest.bookmarks), "{text}");
}

#[test]
fn a_newer_layout_is_refused_in_one_line_whatever_else_is_in_it() {
    let error = Manifest::parse("[recording]\nschema = \"why503/recording/2\"\nfrom = [1]\n").unwrap_err();
    let expected = "manifest.toml: why503/recording/2 is of a newer why503: this one reads why503/recording/1";
    assert!(error.is::<Newer>());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_time_between_two_runs_and_after_one_that_was_killed_is_missing() {
    let run = |from: &str, to: Option<&str>| Run { from: stamp(from), to: to.map(stamp), ..Run::default() };
    let file = |to: &str| Written { to: stamp(to), ..Written::default() };
    let work = Work {
        runs: vec![
            run("2026-11-21T08:00:00Z", Some("2026-11-21T09:00:00Z")),
            run("2026-11-21T10:00:00Z", None),
            run("2026-11-21T12:00:00Z", None),
        ],
        files: vec![file("2026-11-21T10:30:00Z"), file("2026-11-21T12:15:00Z")],
        gaps: Vec::new(),
    };
    let gaps: Vec<String> = work
        .gaps()
        .iter()
        .map(|gap| format!("{} {}", gap.from, gap.to.map_or_else(|| String::from("-"), Time::rfc3339)))
        .collect();
    assert_eq!(
        gaps,
        ["2026-11-21T09:00:00Z 2026-11-21T10:00:00Z", "2026-11-21T10:30:00Z 2026-11-21T12:00:00Z", "2026-11-21T12:15:00Z -"]
    );
}
