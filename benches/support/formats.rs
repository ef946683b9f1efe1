//! Logs of every format that is read, made from a seed.

use std::fmt::Write;

use why503::formats::lines::Line;
use why503::formats::{Kind, Sink};
use why503::record::Record;

use crate::made::{Dice, clock, w3c};

/// The formats that can be read.
pub const KINDS: [Kind; 10] = [
    Kind::W3c,
    Kind::HttpErr,
    Kind::PdhCsv,
    Kind::Poolmon,
    Kind::Altiris,
    Kind::Sepm,
    Kind::PoolTagNames,
    Kind::ApplicationHost,
    Kind::MetaBase,
    Kind::CoreSettings,
];

/// A log of a kind: some thousand records, of an hour where they have times.
pub fn log(kind: Kind) -> Vec<u8> {
    let mut dice = Dice::new(503);
    match kind {
        Kind::W3c => w3c(20_000),
        Kind::HttpErr => http_err(&mut dice),
        Kind::PdhCsv => pdh_csv(&mut dice),
        Kind::Poolmon => poolmon(&mut dice),
        Kind::Altiris => altiris(&mut dice),
        Kind::Sepm => sepm(&mut dice),
        Kind::PoolTagNames => pool_tag_names(),
        Kind::ApplicationHost => application_host(),
        Kind::MetaBase => metabase(),
        Kind::CoreSettings => core_settings(),
        _ => String::new(),
    }
    .into_bytes()
}

fn http_err(dice: &mut Dice) -> String {
    let mut log = String::from(
        "#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Date: 2026-11-20 08:00:00\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n",
    );
    let tails = [
        "HTTP/1.1 GET /shop/cart.aspx?id=7 503 1 QueueFull ShopPool",
        "HTTP/1.1 GET /secars/secars.dll 503 2 AppOffline SepmPool",
        "- - - - - Timer_ConnectionIdle -",
        "HTTP/1.1 POST /api/v2/orders - 1 Connection_Abandoned_By_AppPool ShopPool",
    ];
    for row in 0..20_000 {
        let (client, port) = (dice.below(250), 1024 + dice.below(60_000));
        let row = (clock(row, 20_000), dice.of(&tails));
        _ = write!(log, "2026-11-20 {} 10.1.0.{client} {port} 10.0.0.5 80 {}\r\n", row.0, row.1);
    }
    log
}

fn pdh_csv(dice: &mut Dice) -> String {
    let counters = [r"Memory\Pool Nonpaged Bytes", r"Web Service(_Total)\Current Connections", r"Process(w3wp)\Private Bytes"];
    let mut log = String::from("\"(PDH-CSV 4.0) (Coordinated Universal Time)(0)\"");
    for (counter, instance) in counters.iter().zip(0..).cycle().take(30).zip(0..).map(|((c, _), n)| (*c, n)) {
        _ = write!(log, r#","\\WEB01\{}""#, counter.replace("w3wp", &format!("w3wp#{instance}")));
    }
    for row in 0..3600 {
        _ = write!(log, "\r\n\"11/20/2026 {}.015\"", clock(row, 3600));
        for _ in 0..30 {
            _ = write!(log, ",\"{}.000000\"", 100_000_000 + dice.below(1_000_000));
        }
    }
    log + "\r\n"
}

fn poolmon(dice: &mut Dice) -> String {
    let mut log = String::new();
    for row in 0..120 {
        _ = write!(log, "# 2026-11-20T{}Z\r\n", clock(row, 120));
        log += " Memory: 1048044K Avail:  201364K  PageFlts:   123   InRam Krnl: 1916K P:17856K\r\n";
        log += " Commit: 903500K Limit:2521916K Peak: 960632K            Pool N:111616K P:27220K\r\n System pool information\r\n";
        log += " Tag  Type     Allocs            Frees            Diff   Bytes       Per Alloc\r\n\r\n";
        for tag in 0..200 {
            let (frees, held) = (dice.below(4_000_000), dice.below(80_000) + 1);
            let (allocs, bytes) = (frees + held, held * 1024);
            _ = write!(log, " T{tag:03} Nonp {allocs:>10} (   0) {frees:>10} (   0) {held:>8} {bytes:>9} (     0)   1024\r\n");
        }
        log += "\r\n";
    }
    log
}

fn altiris(dice: &mut Dice) -> String {
    let said = [
        "The maximum number of config requests has been reached. (Max: 10)",
        "The maximum number of package info requests has been reached. (Max: 50)",
        r"Package delivery: nothing to do in C:\Packages\",
        "Unable to process client request from: 10.1.2.3/HEAD/8.6.2184.0 (Unable to process request, 0x80056007)",
    ];
    let mut log = String::new();
    for row in 0..10_000 {
        _ = write!(
            log,
            "<event date=\"11/20/2026 {}.2500000 +00:00\" severity=\"8\" hostName=\"NS01\" source=\"Altiris.NS.GetClientPolicies\" module=\"w3wp.exe\" process=\"w3wp\" pid=\"1200\" thread=\"{}\" tickCount=\"{row}\"><![CDATA[{}]]></event>\r\n",
            clock(row, 10_000),
            dice.below(99),
            dice.of(&said),
        );
    }
    log
}

fn sepm(dice: &mut Dice) -> String {
    let traces = [
        "INFO: A client group was read",
        "WARNING: The database is slow: 4 s",
        "SEVERE: Unknown Exception in: ClientTransportInfoTask\r\njava.lang.Exception: HTTP 503 Service Unavailable, URL: http://localhost/secars/secars.dll?action=36\r\n\tat com.example.Communicator.send(Communicator.java:120)",
        "SEVERE: Unknown Exception in: Replication\r\ncom.example.CommunicationException: Unexpected server error. ErrorCode: 0x10010000\r\n\tat com.example.Timer.run(Timer.java:7)",
    ];
    let mut log = String::new();
    for row in 0..10_000 {
        _ = write!(log, "2026-11-20 {}.{:03} {}\r\n", clock(row, 10_000), dice.below(1000), dice.of(&traces));
    }
    log
}

fn pool_tag_names() -> String {
    let mut file = String::from("rem  Our own pooltag.txt\r\n");
    for tag in 0..3000 {
        _ = write!(file, "{tag:04} - driver{tag}.sys - Buffers of a driver of our own, the {tag}th\r\n");
    }
    file
}

fn application_host() -> String {
    let mut file = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<configuration>\r\n<configSections><sectionGroup name=\"system.applicationHost\" /></configSections>\r\n<system.applicationHost>\r\n<applicationPools>\r\n",
    );
    for site in 1..=1000 {
        _ = write!(file, "<add name=\"Pool {site}\" queueLength=\"2000\" />\r\n");
    }
    file += "</applicationPools>\r\n<sites>\r\n";
    for site in 1..=1000 {
        _ = write!(
            file,
            "<site name=\"Site {site}\" id=\"{site}\">\r\n<application path=\"/\" applicationPool=\"Pool {site}\" />\r\n<application path=\"/shop\" applicationPool=\"Pool {site}\" />\r\n<bindings><binding protocol=\"http\" bindingInformation=\"*:80:s{site}\" /></bindings>\r\n</site>\r\n",
        );
    }
    file + "</sites>\r\n</system.applicationHost>\r\n</configuration>\r\n"
}

fn metabase() -> String {
    let mut file = String::from(
        "<?xml version =\"1.0\"?>\r\n<configuration xmlns=\"urn:microsoft-catalog:XML_Metabase_V64_0\">\r\n<MBProperty>\r\n<IIsWebService\tLocation =\"/LM/W3SVC\"\r\n\t\tAppPoolId=\"DefaultAppPool\"\r\n\t>\r\n</IIsWebService>\r\n",
    );
    for site in 1..=1000 {
        _ = write!(
            file,
            "<IIsWebServer\tLocation =\"/LM/W3SVC/{site}\"\r\n\t\tServerComment=\"Site {site}\"\r\n\t>\r\n</IIsWebServer>\r\n<IIsWebVirtualDir\tLocation =\"/LM/W3SVC/{site}/ROOT\"\r\n\t\tAppIsolated=\"2\"\r\n\t\tAppPoolId=\"Pool {site}\"\r\n\t>\r\n</IIsWebVirtualDir>\r\n",
        );
    }
    file + "</MBProperty>\r\n</configuration>\r\n"
}

fn core_settings() -> String {
    let mut file = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<configuration>\r\n  <coreSettings>\r\n");
    file += "    <customSetting key=\"MaxConcurrentConfigRequests\" type=\"local\" value=\"10\" />\r\n";
    for setting in 0..1000 {
        _ = write!(file, "    <customSetting key=\"OurOwn{setting}\" type=\"local\" value=\"{setting}\" />\r\n");
    }
    file + "  </coreSettings>\r\n</configuration>\r\n"
}

/// Counts what a decoder finds.
#[derive(Default)]
pub struct Count {
    /// Records.
    pub records: u64,
    /// Lines that should have been records.
    pub malformed: u64,
}

impl Sink for Count {
    fn record(&mut self, _: Record<'_>) {
        self.records += 1;
    }

    fn malformed(&mut self, _: Line<'_>, _: &'static str) {
        self.malformed += 1;
    }
}
