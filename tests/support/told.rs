//! What a log told, as text that a person can check: a line for each record, for each malformed line and for the log as a whole.

use std::fmt::Write as _;

use why503::formats::lines::Line;
use why503::formats::stream::Stream;
use why503::formats::{Hints, Sink};
use why503::limits::Settings;
use why503::record::{Fact, Record};
use why503::time::{Time, Zone};

/// What is known of every fixture besides its bytes: New York's clock, last written at the beginning of 2010.
pub fn hints(name: &str) -> Hints {
    let zone = Zone::parse("America/New_York").unwrap();
    Hints { zone, modified: Time::from_ymd_hms(2010, 1, 1, 5, 0, 0), name: name.to_owned() }
}

/// Everything that a log told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The kind's name.
    pub kind: &'static str,
    /// The remark on the whole log.
    pub remark: Option<&'static str>,
    /// Records and malformed lines in the order they were told.
    pub lines: Vec<String>,
    /// Each record's text.
    pub raws: Vec<Vec<u8>>,
    /// Each record's first byte and length.
    pub spans: Vec<(u64, u32)>,
    /// Malformed lines.
    pub malformed: usize,
}

impl Told {
    /// What the pieces of a log tell, in order.
    pub fn of<'a>(hints: &Hints, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut told = Self::default();
        let mut stream = Stream::new(hints.clone());
        for piece in pieces {
            stream.feed(piece, &mut told);
        }
        stream.finish(&mut told);
        (told.kind, told.remark) = (stream.kind().name(), stream.remark());
        told
    }

    /// The text that an `.expected` file holds.
    pub fn text(&self) -> String {
        let mut text = format!("kind {}, {} records, {} malformed\n", self.kind, self.raws.len(), self.malformed);
        for line in self.remark.iter().copied().chain(self.lines.iter().map(String::as_str)) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// The same without what differs between line ends and encodings.
    pub fn said(&self) -> (&'static str, &[String], &[Vec<u8>]) {
        (self.kind, &self.lines, &self.raws)
    }
}

impl Sink for Told {
    fn record(&mut self, record: Record<'_>) {
        let millis = record.time.millis().rem_euclid(1000);
        let lines = memchr::memchr_iter(b'\n', record.raw).count() + 1;
        let line = format!("{}+{lines} {}.{millis:03} {}", record.position.line, record.time, fact(&record.fact));
        self.lines.push(line);
        self.raws.push(record.raw.to_vec());
        self.spans.push((record.position.offset, record.position.len));
    }

    fn malformed(&mut self, line: Line<'_>, why: &'static str) {
        self.malformed += 1;
        self.lines.push(format!("{} malformed: {why}: {}", line.number, text(line.text)));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}

fn fact(fact: &Fact<'_>) -> String {
    match fact {
        Fact::Request(r) => format!(
            "request {} {} {} {} {}.{:?} {:?}",
            text(r.site),
            text(r.stem),
            text(r.client),
            text(r.user_agent),
            r.status,
            r.substatus,
            r.taken
        ),
        Fact::HttpErr(e) => format!(
            "{}x {} ({:?}) client={} port={:?} {} {} {:?} site={} queue={}",
            e.reason.count,
            text(e.reason.phrase),
            e.reason.class,
            text(e.client),
            e.server_port,
            text(e.method),
            text(e.uri),
            e.status,
            text(e.site_id),
            text(e.queue)
        ),
        Fact::Sepm(e) => {
            let flags = [(e.unavailable, " [503]"), (e.code_0x10010000, " [0x10010000]")];
            let flags: String = flags.into_iter().filter(|f| f.0).map(|f| f.1).collect();
            format!("{} {}{flags}", text(e.level), text(e.message))
        }
        Fact::Altiris(e) => format!(
            "severity {:?} host={} source={} module={} process={} {:?}: {}",
            e.severity,
            text(e.host),
            text(e.source),
            text(e.module),
            text(e.process),
            e.meaning,
            text(e.message)
        ),
        Fact::Samples { paths, values } => {
            let samples: Vec<String> = paths.iter().zip(*values).map(|(path, value)| format!("{path} = {value:?}")).collect();
            samples.join("; ")
        }
        Fact::PoolTotal(bytes) => format!("nonpaged pool {bytes} bytes"),
        Fact::PoolTag(t) => {
            let pool = if t.nonpaged { "nonpaged" } else { "paged" };
            format!("\"{}\" {pool} {} - {}, {} bytes, driver={}", text(&t.tag), t.allocs, t.frees, t.bytes, text(t.driver))
        }
        Fact::TagName { tag, driver, description } => format!("\"{}\" driver={driver} {description}", text(tag)),
        Fact::Settings(settings) => settings_text(settings),
    }
}

fn settings_text(settings: &Settings) -> String {
    let mut out = String::from("settings");
    for site in &settings.sites {
        let _ = write!(out, "\n  site {:?} id {} logs {:?} {:?}", site.name, site.id, site.log_directory, site.log_format);
        let _ = write!(out, " connections {:?}", site.max_connections);
        for application in &site.applications {
            let _ = write!(out, "\n    {} in {:?}", application.path, application.pool);
        }
    }
    for pool in &settings.pools {
        let _ = write!(out, "\n  pool {:?} queue {:?}", pool.name, pool.queue_length);
    }
    for limit in &settings.app_limits {
        let _ = write!(out, "\n  limit {:?} {}", limit.path, limit.limit);
    }
    let Settings { default_queue_length, config_slots, package_slots, .. } = settings;
    let _ = write!(out, "\n  queue {default_queue_length:?} config {config_slots:?} package {package_slots:?}");
    out
}
