//! How fast logs are taken in: `cargo bench --bench intake`. Lines and bytes a second of every format, in three steps, each of which does
//! what the one before it does and more; and the arrays of what is in flight.

#[path = "support/formats.rs"]
mod formats;
#[path = "support/made.rs"]
mod made;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use formats::{Count, KINDS};
use why503::formats::lines::Framer;
use why503::formats::stream::Stream;
use why503::formats::{Hints, Kind};

fn main() {
    divan::main();
}

/// Counts lines and bytes of a log.
fn counting<'a, 'b>(bencher: Bencher<'a, 'b>, log: &[u8]) -> Bencher<'a, 'b> {
    let lines = memchr::memchr_iter(b'\n', log).count();
    bencher.counter(ItemsCount::new(lines)).counter(BytesCount::of_slice(log))
}

/// The bytes are cut into lines.
#[divan::bench(args = KINDS, max_time = 0.5)]
fn lines(bencher: Bencher<'_, '_>, kind: Kind) {
    let log = formats::log(kind);
    counting(bencher, &log).bench(|| {
        let (mut framer, mut count) = (Framer::new(), 0_u64);
        framer.feed(black_box(&log), &mut |_| count += 1);
        count
    });
}

/// The lines are decoded into records.
#[divan::bench(args = KINDS, max_time = 0.5)]
fn records(bencher: Bencher<'_, '_>, kind: Kind) {
    let log = formats::log(kind);
    let decoded = || {
        let (mut stream, mut count) = (Stream::new(Hints::default()), Count::default());
        stream.feed(black_box(&log), &mut count);
        stream.finish(&mut count);
        (stream.kind(), count)
    };
    let (told, count) = decoded();
    assert!(told == kind && count.records > 0 && count.malformed == 0, "{kind}: {} malformed lines", count.malformed);
    counting(bencher, &log).bench(|| decoded().1.records);
}

/// The records are folded into the timeline, and the places of the rows are indexed.
#[divan::bench(args = KINDS, max_time = 0.5)]
fn timeline(bencher: Bencher<'_, '_>, kind: Kind) {
    let log = formats::log(kind);
    counting(bencher, &log).with_inputs(|| made::heard(&log)).bench_values(made::read);
}

/// Requests in flight: what is added, and what is asked.
mod in_flight {
    use std::ops::Range;

    use divan::counter::ItemsCount;
    use divan::{Bencher, black_box};
    use why503::timeline::in_flight::InFlight;

    use super::made::Dice;

    const DAY: i64 = 86_400;

    /// Requests of a day: the second they end in, and their milliseconds.
    fn requests() -> Vec<(i64, u64)> {
        let mut dice = Dice::new(7);
        (0..1_000_000).map(|request| (request * DAY / 1_000_000, dice.taken())).collect()
    }

    fn of(requests: &[(i64, u64)]) -> InFlight {
        let mut in_flight = InFlight::default();
        for (second, taken) in requests {
            in_flight.add(*second, *taken);
        }
        in_flight
    }

    /// A million requests of a day; an item is a request.
    #[divan::bench(max_time = 1)]
    fn add(bencher: Bencher<'_, '_>) {
        let requests = requests();
        bencher.counter(ItemsCount::new(requests.len())).bench(|| of(black_box(&requests)));
    }

    /// Two halves of a day's requests become one; an item is a second.
    #[divan::bench(max_time = 1)]
    fn merge(bencher: Bencher<'_, '_>) {
        let requests = requests();
        let half = |rest| requests.iter().skip(rest).step_by(2).copied().collect::<Vec<_>>();
        let (one, other) = (of(&half(0)), of(&half(1)));
        let both = bencher.counter(ItemsCount::new(DAY.unsigned_abs())).with_inputs(|| one.clone());
        both.bench_refs(|one| one.merge(black_box(&other)));
    }

    fn asked<T>(bencher: Bencher<'_, '_>, seconds: i64, ask: impl Fn(&InFlight, Range<i64>) -> T + Sync) {
        let in_flight = of(&requests());
        let window = DAY - seconds..DAY;
        bencher.counter(ItemsCount::new(seconds.unsigned_abs())).bench(|| ask(black_box(&in_flight), window.clone()));
    }

    /// Each second of the last ones, as the chart has them; an item is a second.
    #[divan::bench(args = [300, 3600, DAY], max_time = 0.5)]
    fn window(bencher: Bencher<'_, '_>, seconds: i64) {
        asked(bencher, seconds, InFlight::window);
    }

    /// The highest second of the last ones.
    #[divan::bench(args = [300, 3600, DAY], max_time = 0.5)]
    fn peak(bencher: Bencher<'_, '_>, seconds: i64) {
        asked(bencher, seconds, InFlight::peak_within);
    }

    /// The mean over the last seconds.
    #[divan::bench(args = [300, 3600, DAY], max_time = 0.5)]
    fn mean(bencher: Bencher<'_, '_>, seconds: i64) {
        asked(bencher, seconds, InFlight::mean);
    }
}
