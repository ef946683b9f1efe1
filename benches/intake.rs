//! How fast logs are taken in: `cargo bench`. The bytes a second of each step, from cutting lines to everything computed.

use divan::Bencher;
use divan::counter::BytesCount;
use why503::engine::{Engine, Envelope, Opened, Payload};
use why503::formats::lines::{Framer, Line};
use why503::formats::stream::Stream;
use why503::formats::{Hints, Sink};
use why503::limits::Limits;
use why503::record::{Record, SourceId};
use why503::time::Time;

fn main() {
    divan::main();
}

/// An hour of a busy site: 100,000 rows in the fields of IIS 8 and later.
fn w3c() -> Vec<u8> {
    let mut log = String::from(
        "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-20 00:00:00\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n",
    );
    let stems = ["/secars/secars.dll", "/default.aspx", "/reporting/summary.php", "/content/update.zip", "/shop/cart.aspx"];
    for (row, stem) in (0..100_000_u32).zip(stems.iter().cycle()) {
        let second = row * 3600 / 100_000;
        let came = if row % 1000 == 0 { "503 2 0 1" } else { "200 0 0 " };
        let taken = if row % 1000 == 0 { String::new() } else { (row * 7919 % 30_000).to_string() };
        log.push_str(&format!(
            "2026-11-20 00:{:02}:{:02} 10.0.0.5 GET {stem} id={row:06} 443 - 10.1.{}.{} Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64) - {came}{taken}\r\n",
            second / 60,
            second % 60,
            row / 250 % 250,
            row % 250,
        ));
    }
    log.into_bytes()
}

/// Counts what a decoder finds.
struct Count(u64);

impl Sink for Count {
    fn record(&mut self, _: Record<'_>) {
        self.0 += 1;
    }

    fn malformed(&mut self, _: Line<'_>, _: &'static str) {}
}

#[divan::bench]
fn lines(bencher: Bencher<'_, '_>) {
    let log = w3c();
    bencher.counter(BytesCount::of_slice(&log)).bench(|| {
        let (mut framer, mut count) = (Framer::new(), 0_u64);
        framer.feed(divan::black_box(&log), &mut |_| count += 1);
        count
    });
}

#[divan::bench]
fn records(bencher: Bencher<'_, '_>) {
    let log = w3c();
    bencher.counter(BytesCount::of_slice(&log)).bench(|| {
        let (mut stream, mut count) = (Stream::new(Hints::default()), Count(0));
        stream.feed(divan::black_box(&log), &mut count);
        count.0
    });
}

#[divan::bench]
fn timeline(bencher: Bencher<'_, '_>) {
    let log = w3c();
    bencher.counter(BytesCount::of_slice(&log)).bench(|| {
        let mut engine = Engine::new(Limits::default(), &[]);
        let envelope = |payload| Envelope { heard: Time::MIN, source: SourceId(0), payload };
        let path = "W3SVC1/u_ex261120.log".into();
        engine.take(envelope(Payload::Opened(Opened {
            path,
            hints: Hints::default(),
            size: log.len() as u64,
            generation: 0,
            first_look: true,
            has_file: true,
        })));
        engine.take(envelope(Payload::Bytes(divan::black_box(&log).clone())));
        engine.timeline().span()
    });
}
