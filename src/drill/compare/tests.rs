use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::drill::matching::About;
use crate::engine::{Engine, Envelope, Opened, Payload};
use crate::formats::Hints;
use crate::record::SourceId;

/// 2009-10-09T09:00:00Z.
const BASE: i64 = 1_255_078_800;

/// A log that lies in memory.
struct Memory(Vec<u8>);

impl ReadLog for Memory {
    fn read(&self, _: SourceId, offset: u64, len: u64) -> Result<Vec<u8>, String> {
        let from = usize::try_from(offset).unwrap();
        Ok(self.0[from..(from + usize::try_from(len).unwrap()).min(self.0.len())].to_vec())
    }
}

/// A request: the second it ended in, its page, client, status, and milliseconds it took.
type Row = (i64, &'static str, u8, u16, u64);

fn server(rows: &[Row], is_timed: bool) -> (Engine, Memory) {
    let mut log = String::from("#Fields: date time cs-uri-stem c-ip cs(User-Agent) sc-status sc-substatus");
    log.push_str(if is_timed { " time-taken\n" } else { "\n" });
    for (second, page, client, status, taken) in rows {
        let stamp = Time::from_second(BASE + second).rfc3339().replace('T', " ").replace('Z', "");
        let _ = write!(log, "{stamp} {page} 10.0.0.{client} Agent{} {status} 0", client % 3);
        let _ = if is_timed { writeln!(log, " {taken}") } else { writeln!(log) };
    }
    let mut engine = Engine::new(crate::limits::Limits::default(), &[]);
    let opened = Opened {
        path: "W3SVC1/u_ex.log".into(),
        hints: Hints::default(),
        size: 0,
        generation: 0,
        first_look: true,
        has_file: true,
    };
    for payload in [Payload::Opened(opened), Payload::Bytes(log.clone().into_bytes()), Payload::Closed] {
        engine.take(Envelope { heard: Time::MIN, source: SourceId(1), payload });
    }
    (engine, Memory(log.into_bytes()))
}

fn seconds(from: i64, to: i64) -> Range<Time> {
    Time::from_second(BASE + from)..Time::from_second(BASE + to)
}

fn compare(rows: &[Row], before: Range<Time>, during: Range<Time>) -> Comparison {
    compare_logged(rows, true, before, during)
}

fn compare_logged(rows: &[Row], is_timed: bool, before: Range<Time>, during: Range<Time>) -> Comparison {
    let (engine, log) = server(rows, is_timed);
    let moment = engine.moment(Time::from_second(BASE + 10_000));
    let [before, during] = [before, during].map(|times| Plan::new(&moment, About::Everything, times, None));
    Comparison::read(&before, &during, &log, &AtomicBool::new(false)).unwrap()
}

/// The definitions, word by word.
#[expect(clippy::cast_precision_loss, reason = "a test's numbers are small")]
fn brute_force(rows: &[Row], window: &Range<Time>, is_mine: impl Fn(&Row) -> bool) -> Load {
    let span = window.end.since(window.start) as f64;
    let mut load = Load::default();
    for row in rows.iter().filter(|row| is_mine(row)) {
        let logged = Time::from_second(BASE + row.0);
        let (begin, end) = (logged.plus(500 - i64::try_from(row.4).unwrap()), logged.plus(500));
        load.rate += if window.contains(&begin) { 1000.0 / span } else { 0.0 };
        load.let_in += if window.contains(&begin) && row.3 != 503 { 1000.0 / span } else { 0.0 };
        load.in_flight += end.min(window.end).since(begin.max(window.start)).max(0) as f64 / span;
        load.ended += u64::from(window.contains(&logged));
        load.turned_away += u64::from(window.contains(&logged) && row.3 == 503);
    }
    load
}

fn is_near(told: &Load, want: &Load) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
    near(told.rate, want.rate)
        && near(told.let_in, want.let_in)
        && near(told.in_flight, want.in_flight)
        && (told.ended, told.turned_away) == (want.ended, want.turned_away)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_told_of_every_group_is_what_a_count_by_hand_gives_and_the_parts_add_up(
        rows in proptest::collection::vec(
            (0i64..600, prop_oneof![Just("/a"), Just("/b"), Just("/c")], 0u8..8, prop_oneof![Just(200u16), Just(503)],
             prop_oneof![0u64..2000, 0u64..400_000]),
            0..120,
        ),
        (from, change, to) in (0i64..200, 200i64..400, 400i64..700),
    ) {
        let (before, during) = (seconds(from, change), seconds(change, to));
        let told = compare(&rows, before.clone(), during.clone());
        let all = |window: &Range<Time>| brute_force(&rows, window, |_| true);
        prop_assert!(is_near(&told.before.load, &all(&before)) && is_near(&told.during.load, &all(&during)), "{:?}", told);
        let mut explained: BTreeMap<&str, f64> = BTreeMap::new();
        for group in &told.groups {
            let is_mine = |row: &Row| match group.by {
                By::Url => row.1.as_bytes() == group.key,
                By::Client => format!("10.0.0.{}", row.2).into_bytes() == group.key,
                By::UserAgent => format!("Agent{}", row.2 % 3).into_bytes() == group.key,
                By::Status => format!("{}.0", row.3).into_bytes() == group.key,
            };
            prop_assert!(is_near(&group.before, &brute_force(&rows, &before, is_mine)), "{:?}", group);
            prop_assert!(is_near(&group.during, &brute_force(&rows, &during, is_mine)), "{:?}", group);
            let parts = Parts::of(&group.before, &group.during);
            prop_assert!((parts.more + parts.longer - (group.during.in_flight - group.before.in_flight)).abs() < 1e-9);
            *explained.entry(group.by.name()).or_default() += told.share(group).unwrap_or(0.0);
        }
        let parts = told.parts();
        prop_assert!((parts.change() - (told.during.load.in_flight - told.before.load.in_flight)).abs() < 1e-9);
        // Each kind of group explains all of it, and what explains most stands first.
        if told.groups.first().is_some_and(|group| told.share(group).is_some()) {
            prop_assert!(explained.values().all(|sum| (sum - 1.0).abs() < 1e-6), "{:?}", explained);
            prop_assert!(told.groups.windows(2).all(|two| told.share(&two[0]) >= told.share(&two[1])));
        }
    }
}

#[test]
fn a_client_that_holds_its_requests_longer_explains_the_change_and_by_what() {
    // Each second one request of half a second, and one of client 7: of 1 s before, of 20 s from 09:10 on.
    let rows: Vec<Row> = (0..1200)
        .flat_map(|second| [(second, "/a", 1, 200, 500), (second, "/b", 7, 200, if second < 620 { 1000 } else { 20_000 })])
        .collect();
    let told = compare(&rows, seconds(0, 600), seconds(600, 1170));
    let first = &told.groups[0];
    assert!(first.key == b"10.0.0.7" || first.key == b"/b" || first.key == b"Agent1", "{first:?}");
    let (share, parts) = (told.share(first).unwrap(), told.parts());
    assert!((0.99..=1.01).contains(&share), "{share}");
    assert!(parts.longer / parts.change() > 0.95 && told.before.load.in_flight < 1.6, "{told:?}");
    assert_eq!((told.before.clients, told.during.clients), (2, 2));
    // Half a second, within a part of the histogram.
    assert_eq!((told.before.taken.permille(500), told.during.taken.max), (Some(501), Some(20_000)));
}

#[test]
fn who_was_not_there_before_is_more_and_not_longer() {
    let rows: Vec<Row> = (0..100).map(|second| (second + 100, "/a", 1, 503, 1000)).collect();
    let told = compare(&rows, seconds(0, 90), seconds(90, 210));
    let parts = told.parts();
    assert!(parts.longer == 0.0 && parts.more > 0.7, "{parts:?}");
    assert_eq!((told.during.load.turned_away, told.during.load.ended, told.before.load.seconds_each()), (100, 100, None));
    // Who was turned away was not served, fast or slow.
    assert_eq!(told.during.taken, Taken::default());
}

#[test]
fn a_comparison_that_nobody_waits_for_is_given_up() {
    let (engine, log) = server(&[(5, "/a", 1, 200, 10)], true);
    let moment = engine.moment(Time::from_second(BASE + 10));
    let plan = Plan::new(&moment, About::Everything, seconds(0, 10), None);
    assert!(Comparison::read(&plan, &plan, &log, &AtomicBool::new(true)).is_none());
}

#[test]
fn of_a_log_without_time_taken_what_came_more_often_explains_the_change() {
    // One request of /a a second all the time; from 600 on two more of /b.
    let both = [(0, "/b", 7, 200, 0), (0, "/b", 8, 200, 0)];
    let rows: Vec<Row> = (0..1200)
        .flat_map(|second| {
            let more = both.into_iter().filter(move |_| second >= 600).map(move |row| (second, row.1, row.2, row.3, row.4));
            std::iter::once((second, "/a", 1, 200, 0)).chain(more)
        })
        .collect();
    let told = compare_logged(&rows, false, seconds(0, 600), seconds(600, 1200));
    assert!(!told.is_timed() && told.before.untimed == 600, "{:?}", told.before);
    let first = told.groups.iter().find(|group| group.by == By::Url).unwrap();
    assert_eq!((first.key.as_slice(), told.share(first)), (&b"/b"[..], Some(1.0)));
    assert!((told.change(first) - 2.0).abs() < 1e-9, "{first:?}");
    // Where nobody was there, none was in flight: that is known.
    assert!(compare_logged(&[], false, seconds(0, 600), seconds(600, 1200)).is_timed());
}
