//! Memory is asked for as time goes on, never for a row: a server in trouble writes many.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use why503::engine::{Engine, Envelope, Opened, Payload};
use why503::formats::Hints;
use why503::limits::Limits;
use why503::record::SourceId;
use why503::time::Time;

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

/// Two minutes of a site with so many rows a second: some are refused, some are those of SEP and Altiris clients.
fn w3c(rows: u32) -> String {
    let mut log = String::from(
        "#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n",
    );
    let stems = ["/secars/secars.dll", "/default.aspx", "/Altiris/NS/Agent/GetClientPolicies.aspx", "/shop/cart.aspx"];
    for second in 0..120 {
        for row in 0..rows {
            let stem = stems[row as usize % stems.len()];
            let came = if row % 10 == 0 { "503 2 0 1" } else { "200 0 0 " };
            let taken = if row % 10 == 0 { String::new() } else { (row * 7919 % 45_000).to_string() };
            log += &format!(
                "2026-11-20 08:{:02}:{:02} 10.0.0.5 GET {stem} id={row:06} 443 - 10.1.0.{} Smc - {came}{taken}\r\n",
                second / 60,
                second % 60,
                row % 40,
            );
        }
    }
    log
}

fn http_err(rows: u32) -> String {
    let mut log = String::from(
        "#Software: Microsoft HTTP API 2.0\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n",
    );
    for second in 0..120 {
        for row in 0..rows {
            let tail = [
                "- - - - - Timer_ConnectionIdle -",
                "HTTP/1.1 GET /a 503 1 QueueFull Portal",
                "- - - - - 3_Connections_Refused -",
            ][row as usize % 3];
            let (minute, s) = (second / 60, second % 60);
            log += &format!("2026-11-20 08:{minute:02}:{s:02} 10.1.0.{} 50000 10.0.0.5 80 {tail}\r\n", row % 40);
        }
    }
    log
}

/// How often memory is asked for while a log is taken in, in the pieces that it is read in.
fn asked(log: &str) -> u64 {
    let mut engine = Engine::new(Limits::default(), &[]);
    let envelope = |payload| Envelope { heard: Time::MIN, source: SourceId(0), payload };
    let opened = Opened {
        path: "W3SVC1/u_ex261120.log".into(),
        hints: Hints::default(),
        size: log.len() as u64,
        generation: 0,
        first_look: true,
        has_file: true,
    };
    engine.take(envelope(Payload::Opened(opened)));
    let pieces: Vec<Payload> = log.as_bytes().chunks(256 * 1024).map(|piece| Payload::Bytes(piece.to_vec())).collect();
    let before = dhat::HeapStats::get().total_blocks;
    for piece in pieces {
        engine.take(envelope(piece));
    }
    let asked = dhat::HeapStats::get().total_blocks - before;
    let source = engine.sources().values().next().unwrap();
    assert_eq!((source.malformed, source.records), (0, log.lines().count() as u64 - 2));
    asked
}

#[test]
fn a_row_asks_for_no_memory() {
    let _profiler = dhat::Profiler::builder().testing().build();
    for (name, log) in [("w3c", w3c as fn(u32) -> String), ("httperr", http_err)] {
        let (few, many) = (log(100), log(1000));
        let (few, many, rows, pieces) = (asked(&few), asked(&many), 120 * 900, many.len() as u64 / (256 * 1024) + 1);
        let more = many.saturating_sub(few);
        println!("{name}: {few} times for 12,000 rows, {many} times for 120,000 of the same two minutes");
        // A piece of the log asks for a few: its place in the index.
        assert!(more <= pieces * 20, "{name}: {more} times more for {rows} rows more in {pieces} pieces");
    }
}
