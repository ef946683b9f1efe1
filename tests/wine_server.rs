//! The Windows build without a path, under Wine, on a server of the tests' own making: what it finds, shows and records. Counters come
//! from a pdh.dll that tells what a script says (`wine_support/pdh.c`); the collector is the program's own.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "wine_support/seat.rs"]
#[expect(dead_code, reason = "others use the rest")]
mod seat;
#[path = "wine_support/server.rs"]
mod server;
#[path = "wine_support/tools.rs"]
#[expect(dead_code, reason = "others use the rest")]
mod tools;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use assert_cmd::cargo::cargo_bin;
use seat::{Seat, until};
use serde_json::Value;
use server::Server;
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

/// A recording that is being made.
struct Recording<'s> {
    server: &'s Server,
    child: Child,
}

impl<'s> Recording<'s> {
    fn of(server: &'s Server, script: &str, args: &[&str]) -> Self {
        let args = [&["record", "--headless", "-o", "rec"], args].concat();
        let mut program = server.runs(&tools::file(script), &args);
        Self { server, child: program.env("USERDOMAIN", "CORP").env("USERNAME", "ann").spawn().unwrap() }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.server.beside("rec").join(name)).unwrap_or_default()
    }

    /// The rows of counters so far.
    fn rows(&self, name: &str) -> Vec<Row> {
        let (text, mut rows) = (self.text(name), Rows::default());
        let whole = text.rfind('\n').and_then(|end| text.get(..=end)).unwrap_or_default();
        Stream::new(Hints::default()).feed(whole.as_bytes(), &mut rows);
        rows.0
    }

    /// Waits until the manifest has something.
    #[track_caller]
    fn until_told(&self, what: &str) {
        until(&|| format!("{what} in {}", self.text("manifest.toml")), || self.text("manifest.toml").contains(what));
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        // What was seen is on the disk: the end needs no grace.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn row(values: &[(&str, Option<f64>)]) -> Row {
    values.iter().map(|(path, value)| ((*path).to_owned(), *value)).collect()
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn the_series_are_what_the_script_said_and_what_comes_later_is_found() {
    const POOL: &str = r"\memory\pool nonpaged bytes";
    const FREE: &str = r"\memory\available bytes";
    const RATE: &str = r"\http service request queues(defaultapppool)\arrivalrate";
    const ALL: &str = r"\w3svc_w3wp(_total)\active requests";
    const ONE: &str = r"\w3svc_w3wp(11_defaultapppool)\active requests";
    const TWO: &str = r#"\w3svc_w3wp(12_größe, "b" (c)\d)\active requests"#;
    const STATE: &str = r"\app_pool_was(defaultapppool)\current application pool state";
    let server = Server::new();
    let recording = Recording::of(&server, "counters-here.txt", &["--counters", "pdh", "."]);
    let rows = || recording.rows("logs/counters.csv");
    until(&|| format!("{:#?}", rows()), || rows().last().is_some_and(|row| row.contains_key(STATE)));
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
    assert_eq!(rows()[..wanted.len()], wanted);
    assert_eq!(rows().last().unwrap()[STATE], Some(3.0));
    for told in [
        r#"net localgroup "Performance Monitor Users""#,
        r"looked = ['\ASP.NET\Requests Current: ASP.NET']",
        "what = '\\APP_POOL_WAS(*)\\Current Application Pool State'\n\n[machine.found]\nvalue = \"1 instance\"",
        "what = '\\W3SVC_W3WP(*)\\Active Requests'\n\n[machine.found]\nvalue = \"0 instances\"",
    ] {
        recording.until_told(told);
    }
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn another_machine_that_does_not_answer_is_asked_again() {
    let server = Server::new();
    let recording = Recording::of(&server, "counters-elsewhere.txt", &["--counters", "pdh:WEB02", "."]);
    let rows = || recording.rows("logs/counters-WEB02.csv");
    until(&|| recording.text("manifest.toml"), || rows().len() >= 2);
    assert_eq!(rows()[..2], [7.0, 8.0].map(|value| row(&[(r"\memory\pool nonpaged bytes", Some(value))])));
    let text = recording.text("logs/counters-WEB02.csv");
    assert!(text.starts_with("\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\WEB02\\Memory\\Pool Nonpaged Bytes\"\n"), "{text}");
}

const CONFIGURATION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <system.applicationHost>
    <applicationPools><add name="ShopPool" queueLength="1000" /><add name="NsPool" /></applicationPools>
    <sites>
      <site name="Shop" id="3">
        <application path="/" applicationPool="NsPool" />
        <application path="/api" applicationPool="ShopPool" />
      </site>
      <siteDefaults><logFile logFormat="W3C" directory="%SystemDrive%\logs" /></siteDefaults>
    </sites>
  </system.applicationHost>
  <location path="Shop/api"><system.webServer><serverRuntime appConcurrentRequestLimit="6000" /></system.webServer></location>
</configuration>
"#;
const REQUESTS: &str = "#Software: Microsoft Internet Information Services 8.5\r\n#Fields: date time cs-method cs-uri-stem c-ip \
    sc-status sc-substatus time-taken\r\n2026-11-21 10:00:05 GET /api/stock 10.1.2.3 200 0 4000\r\n\
    2026-11-21 10:00:06 POST /Altiris/NS/Agent/GetClientPolicies.aspx 10.1.2.4 200 0 3000\r\n";
const ERRORS: &str = "#Software: Microsoft HTTP API 2.0\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri \
    sc-status s-siteid s-reason s-queuename\r\n\
    2026-11-21 10:00:06 10.1.2.3 50000 10.0.0.5 80 HTTP/1.1 GET /api/stock 503 3 QueueFull ShopPool\r\n";

/// A server with IIS, its logs and a setting of HTTP.sys.
fn shop() -> Server {
    let server = Server::new();
    fs::write(server.at("windows/system32/inetsrv/config/applicationHost.config"), CONFIGURATION).unwrap();
    fs::write(server.at("logs/W3SVC3/u_ex261121.log"), REQUESTS).unwrap();
    fs::write(server.at("windows/system32/LogFiles/HTTPERR/httperr1.log"), ERRORS).unwrap();
    server.registers(r"System\CurrentControlSet\Services\HTTP\Parameters", "EnableAggressiveMemoryUsage", 1);
    server
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn without_a_path_the_three_panes_of_a_server_are_filled() {
    let server = shop();
    let program = server.program();
    let script = tools::file("counters-server.txt");
    let overrides = Path::new("pdh=n");
    let (prefix, variables) = (server.prefix(), ["WINEPREFIX", "WINEDLLOVERRIDES", "WHY503_PDH_SCRIPT"]);
    let values = [prefix.as_path(), overrides, script.as_path()];
    let variables: Vec<(&str, &Path)> = variables.into_iter().zip(values).collect();
    let mut seat = Seat::within(&program, &[], &variables);
    let shown = ["Shop/api", "limit 6000", "executing 5700 (counter", "(computed)", "cutoff 8.0 MB", "taken"];
    seat.until("all three panes", |screen| shown.iter().all(|text| screen.contains(text)));
    seat.press("M");
    seat.until_text("applicationHost.config");
    seat.press("q");
    assert_eq!(seat.ends(), 0);
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn what_is_found_on_a_server_is_recorded_and_reported_elsewhere() {
    let server = shop();
    let recording = Recording::of(&server, "counters-server.txt", &["--from-start"]);
    for (name, what) in
        [("logs/counters.csv", "5700"), ("W3SVC3/u_ex261121.log", "/api/stock"), ("HTTPERR/httperr1.log", "QueueFull")]
    {
        until(&|| format!("{what} in {name}: {}", recording.text("manifest.toml")), || recording.text(name).contains(what));
    }
    recording.until_told("httperr1.log");
    drop(recording);
    let told = Command::new(cargo_bin("why503")).args(["report", "--format", "json"]).arg(server.beside("rec")).output().unwrap();
    let report: Value = serde_json::from_slice(&told.stdout).unwrap();
    let pool = &report["pool"];
    assert!(pool["max_bytes"]["origin"].as_str().unwrap().starts_with("computed: "), "{pool}");
    assert_eq!(pool["cutoff_bytes"], serde_json::json!({"value": 8 << 20, "origin": "EnableAggressiveMemoryUsage"}));
    assert_eq!(pool["used"]["last_bytes"], 912_680_960);
    let requests = report["requests"].as_array().unwrap();
    let shop = requests.iter().find(|row| row["application"] == "Shop/api").unwrap();
    assert_eq!(shop["limit"], serde_json::json!({"value": 6000, "origin": "applicationHost.config"}));
    assert_eq!(report["turned_away"], serde_json::json!([{"reason": "QueueFull", "count": 1}]));
    let machine = report["machine"].as_array().unwrap();
    assert!(machine.iter().any(|item| item["value"] == r"C:\logs\W3SVC3"), "{machine:#?}");
}
