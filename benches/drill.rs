//! From a window down to its rows: `cargo bench --bench drill`. An hour of a busy site, 500,000 rows, is asked for the last minutes of it
//! and for all. Items and bytes are rows and bytes that are read again.

#[path = "support/made.rs"]
mod made;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use memchr::memchr_iter;
use why503::drill::compare::Comparison;
use why503::drill::matching::{About, By};
use why503::drill::{Plan, ReadLog};
use why503::engine::{Engine, Moment};
use why503::record::SourceId;
use why503::sources::shelf::{Place, Shelf};
use why503::time::Time;

fn main() {
    divan::main();
}

/// The last minutes that are asked for.
const MINUTES: [i64; 2] = [5, 60];
/// Rows that a list shows at most.
const MOST: usize = 2000;

/// A log that was read, and lies where its rows can be read again.
struct Site {
    engine: Engine,
    shelf: Shelf,
}

/// Counts what is read again.
struct Counting<'a> {
    shelf: &'a Shelf,
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl<'a> Counting<'a> {
    fn of(shelf: &'a Shelf) -> Self {
        Self { shelf, rows: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }
}

impl ReadLog for Counting<'_> {
    fn read(&self, source: SourceId, offset: u64, len: u64) -> Result<Vec<u8>, String> {
        let read = self.shelf.read(source, offset, len)?;
        self.bytes.fetch_add(read.len() as u64, Ordering::Relaxed);
        self.rows.fetch_add(memchr_iter(b'\n', &read).count() as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Site {
    fn busy() -> Self {
        let log = made::w3c(500_000).into_bytes();
        let shelf = Shelf::default();
        let engine = made::read(made::heard(&log));
        shelf.put(SourceId(0), Place::Memory(Arc::from(log)));
        Self { engine, shelf }
    }

    fn moment(&self) -> Moment<'_> {
        self.engine.moment(self.end())
    }

    fn end(&self) -> Time {
        self.engine.timeline().span().map_or(Time::MIN, |(_, end)| end.plus(1000))
    }

    /// The last minutes of the log.
    fn last(&self, minutes: i64) -> Range<Time> {
        self.end().plus(-60_000 * minutes)..self.end()
    }

    /// The site's requests in a stretch of time.
    fn requests(&self, times: Range<Time>) -> Plan {
        Plan::new(&self.moment(), About::App(String::from("W3SVC1/")), times, None)
    }

    /// Measures what reads the log again. What counts the bytes is not in the way when it is measured.
    fn measure<T>(&self, bencher: Bencher<'_, '_>, answer: impl Fn(&dyn ReadLog, &AtomicBool) -> Option<T>) {
        let (given_up, counting) = (AtomicBool::new(false), Counting::of(&self.shelf));
        assert!(answer(&counting, &given_up).is_some(), "nobody gave it up");
        let (rows, bytes) = (counting.rows.into_inner(), counting.bytes.into_inner());
        assert!(rows > 0, "the rows lie where they are asked for");
        let counted = bencher.counter(ItemsCount::new(rows)).counter(BytesCount::new(bytes));
        counted.bench_local(|| answer(&self.shelf, &given_up));
    }
}

/// What is to be read is looked up; nothing is read.
#[divan::bench(args = MINUTES, max_time = 0.5)]
fn plan(bencher: Bencher<'_, '_>, minutes: i64) {
    let site = Site::busy();
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| site.requests(site.last(minutes)));
}

/// The site's requests by what they have in common.
mod groups_of_5_minutes {
    use super::{By, Site};

    #[divan::bench(args = By::ALL, max_time = 1)]
    fn by(bencher: divan::Bencher<'_, '_>, by: By) {
        let site = Site::busy();
        let plan = site.requests(site.last(5));
        site.measure(bencher, |reader, given_up| plan.groups(by, reader, given_up));
    }
}

/// The site's requests of an hour by URL.
#[divan::bench(max_time = 3)]
fn groups_of_an_hour(bencher: Bencher<'_, '_>) {
    let site = Site::busy();
    let plan = site.requests(site.last(60));
    site.measure(bencher, |reader, given_up| plan.groups(By::Url, reader, given_up));
}

/// The raw lines of one status, of which there are few.
#[divan::bench(args = MINUTES, max_time = 2)]
fn lines_of_a_status(bencher: Bencher<'_, '_>, minutes: i64) {
    let site = Site::busy();
    let only = Some((By::Status, b"503.2".to_vec()));
    let plan = Plan::new(&site.moment(), About::Everything, site.last(minutes), only);
    site.measure(bencher, |reader, given_up| plan.lines(MOST, reader, given_up));
}

/// The last raw lines, whatever they are, as the log pane shows them.
#[divan::bench(args = MINUTES, max_time = 1)]
fn latest_lines(bencher: Bencher<'_, '_>, minutes: i64) {
    let site = Site::busy();
    let plan = Plan::latest(&site.moment(), site.last(minutes), MOST);
    site.measure(bencher, |reader, given_up| plan.lines(MOST, reader, given_up));
}

/// What changed from five minutes to the next five.
#[divan::bench(max_time = 2)]
fn compare(bencher: Bencher<'_, '_>) {
    let site = Site::busy();
    let during = site.last(5);
    let before = site.requests(site.last(10).start..during.start);
    let during = site.requests(during);
    site.measure(bencher, |reader, given_up| Comparison::read(&before, &during, reader, given_up));
}
