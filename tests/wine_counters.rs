//! The collector of Windows counters as it is, built for Windows and run under Wine, on a pdh.dll that tells what a script says
//! (`wine/pdh.c`): the series must be what the script said.
//!
//! `WHY503_PROBE` names the built `counters-probe.exe`, `WHY503_WINE` the command that runs it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use why503::formats::stream::Stream;
use why503::formats::{Hints, Sink, lines::Line};
use why503::record::{Fact, Record};

/// What a row says, by path.
type Row = BTreeMap<String, Option<f64>>;

#[derive(Default)]
struct Rows(Vec<Row>);

impl Sink for Rows {
    fn record(&mut self, record: Record<'_>) {
        if let Fact::Samples { paths, values } = &record.fact {
            self.0.push(paths.iter().map(ToString::to_string).zip(values.iter().copied()).collect());
        }
    }

    fn malformed(&mut self, line: Line<'_>, why: &'static str) {
        panic!("{why}: {}", String::from_utf8_lossy(line.text));
    }
}

/// The collector at work, and what it said so far.
struct Probe {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
    stream: Stream,
    rows: Rows,
    /// Lines of text that are no CSV.
    remarks: Vec<String>,
    text: String,
    _folder: TempDir,
}

impl Probe {
    /// A folder with the program and the double of pdh.dll, and the program at work.
    fn start(script: &str, source: &str) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wine");
        let named = |name| PathBuf::from(std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set")));
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("counters-probe.exe");
        std::fs::copy(named("WHY503_PROBE"), &program).unwrap();
        let dll = folder.path().join("pdh.dll");
        let compiled = Command::new("x86_64-w64-mingw32-gcc")
            .args(["-shared", "-O1", "-Wall", "-Werror", "-o"])
            .arg(dll)
            .arg(here.join("pdh.c"))
            .status()
            .unwrap();
        assert!(compiled.success());
        let mut child = Command::new(named("WHY503_WINE"))
            .arg(program)
            .arg(source)
            .env("WINEDLLOVERRIDES", "pdh=n")
            .env("WHY503_PDH_SCRIPT", here.join(script))
            .env("USERDOMAIN", "CORP")
            .env("USERNAME", "ann")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let (stream, text) = (Stream::new(Hints::default()), String::new());
        Self { child, said, stream, rows: Rows::default(), remarks: Vec::new(), text, _folder: folder }
    }

    /// Listens until what was said is enough.
    fn until(&mut self, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            let mut line = String::new();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "it ended: {:?} {:?}", self.remarks, self.rows.0);
            // Standard output of Windows may end lines with CR LF.
            let line = line.trim_end();
            if let Some(remark) = line.strip_prefix("# ") {
                self.remarks.push(remark.to_owned());
            } else {
                let line = format!("{line}\n");
                self.stream.feed(line.as_bytes(), &mut self.rows);
                self.text.push_str(&line);
            }
        }
    }

    fn remarked(&self, part: &str) -> bool {
        self.remarks.iter().any(|remark| remark.contains(part))
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn row(values: &[(&str, Option<f64>)]) -> Row {
    values.iter().map(|(path, value)| ((*path).to_owned(), *value)).collect()
}

#[test]
#[ignore = "needs counters-probe.exe and Wine: .ci/run gives both"]
fn the_series_are_what_the_script_said_and_what_comes_later_is_found() {
    const POOL: &str = r"\memory\pool nonpaged bytes";
    const FREE: &str = r"\memory\available bytes";
    const RATE: &str = r"\http service request queues(defaultapppool)\arrivalrate";
    const ALL: &str = r"\w3svc_w3wp(_total)\active requests";
    const ONE: &str = r"\w3svc_w3wp(11_defaultapppool)\active requests";
    const TWO: &str = r#"\w3svc_w3wp(12_größe, "b" (c)\d)\active requests"#;
    const STATE: &str = r"\app_pool_was(defaultapppool)\current application pool state";
    let mut probe = Probe::start("here.txt", "pdh");
    probe.until(|probe| probe.rows.0.last().is_some_and(|row| row.contains_key(STATE)));
    let memory = |pool: u32, free: Option<f64>| [(POOL, Some(f64::from(104_857_600 + pool))), (FREE, free)];
    let and = |memory: [(&'static str, Option<f64>); 2], rest: &[(&'static str, Option<f64>)]| row(&[&memory[..], rest].concat());
    let failing = and(memory(2, None), &[(ONE, Some(120.0)), (RATE, Some(250.125))]);
    let wanted = [
        and(memory(0, Some(5000.0)), &[(ALL, Some(0.0)), (RATE, None)]),
        and(memory(1, Some(4000.0)), &[(ONE, Some(4.0)), (RATE, Some(2.5))]),
        failing.clone(),
        failing.clone(),
        failing,
        and(memory(3, Some(3000.0)), &[(ONE, Some(5000.0)), (TWO, Some(1.0)), (RATE, None)]),
        and(memory(4, Some(3000.0)), &[(TWO, Some(2.0)), (RATE, Some(0.0))]),
        // The eighth collection failed: it is not there.
        and(memory(5, Some(2000.0)), &[(RATE, Some(1e300))]),
    ];
    assert_eq!(probe.rows.0[..wanted.len()], wanted);
    assert_eq!(probe.rows.0.last().unwrap()[STATE], Some(3.0));
    for told in [
        r#"\ASP.NET\Requests Queued Denied { place: "\\ASP.NET\\Requests Queued", grant: "net localgroup \"Performance Monitor Users\""#,
        r#"\ASP.NET\Requests Current Missing { looked: ["\\ASP.NET\\Requests Current: ASP.NET"] }"#,
        r"\APP_POOL_WAS(*)\Current Application Pool State Missing",
        r#"\APP_POOL_WAS(*)\Current Application Pool State Found { value: "1 instance""#,
        r#"\W3SVC_W3WP(*)\Active Requests Found { value: "2 instances""#,
        r#"\W3SVC_W3WP(*)\Active Requests Found { value: "0 instances""#,
    ] {
        assert!(probe.remarked(told), "{told}: {:#?}", probe.remarks);
    }
}

#[test]
#[ignore = "needs counters-probe.exe and Wine: .ci/run gives both"]
fn a_machine_that_does_not_answer_is_told_and_asked_again() {
    let mut probe = Probe::start("elsewhere.txt", "pdh:WEB02");
    probe.until(|probe| probe.rows.0.len() == 2);
    assert_eq!(probe.rows.0, [7.0, 8.0].map(|value| row(&[(r"\memory\pool nonpaged bytes", Some(value))])));
    assert!(probe.text.starts_with("\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\WEB02\\Memory\\Pool Nonpaged Bytes\"\n"), "{}", probe.text);
    assert_eq!(probe.remarks[0], "opened counters-WEB02.csv");
    let health: Vec<&str> = ["Unreachable", "Following"]
        .into_iter()
        .filter(|health| probe.remarks.iter().any(|remark| remark.starts_with(health)))
        .collect();
    assert_eq!(health, ["Unreachable", "Following"], "{:#?}", probe.remarks);
}
