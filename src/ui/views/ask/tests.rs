use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;
use std::thread::{self, ThreadId};

use super::*;
use crate::engine::{Engine, Envelope, Opened, Payload};
use crate::formats::Hints;
use crate::record::{Position, SourceId};
use crate::sources::shelf::{Place, Shelf};

/// A log that must not be read on the thread that asks, and may be given up after some parts.
struct Disk {
    bytes: Vec<u8>,
    asking: ThreadId,
    reads: AtomicUsize,
    give_up: Option<(usize, Arc<AtomicBool>)>,
}

impl ReadLog for Disk {
    fn read(&self, _: SourceId, offset: u64, len: u64) -> Result<Vec<u8>, String> {
        assert_ne!(thread::current().id(), self.asking, "a log is read on the thread that draws");
        let reads = self.reads.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some((after, given_up)) = &self.give_up {
            given_up.store(reads >= *after, Ordering::Relaxed);
        }
        let from = usize::try_from(offset).unwrap();
        let to = (from + usize::try_from(len).unwrap()).min(self.bytes.len());
        Ok(self.bytes[from..to].to_vec())
    }
}

/// A log of 20,000 requests over 200 seconds, some 1.5 MB.
fn server() -> (Engine, Disk) {
    server_with(20_000)
}

fn server_with(requests: u32) -> (Engine, Disk) {
    let mut log = String::from("#Fields: date time cs-uri-stem c-ip sc-status sc-substatus time-taken\n");
    for n in 0..requests {
        let (minute, second) = (n / 6000, n / 100 % 60);
        log += &format!("2026-11-21 08:{minute:02}:{second:02} /shop/page{}.aspx 10.0.0.{} 503 2 40000\n", n % 7, n % 200);
    }
    let mut engine = Engine::new(crate::limits::Limits::default(), &[]);
    let (heard, source) = (Time::MIN, SourceId(1));
    let opened = Opened {
        path: "W3SVC1/u_ex.log".into(),
        hints: Hints::default(),
        size: 0,
        generation: 0,
        first_look: true,
        has_file: true,
    };
    for payload in [Payload::Opened(opened), Payload::Bytes(log.clone().into_bytes()), Payload::Closed] {
        engine.take(Envelope { heard, source, payload });
    }
    let bytes = log.into_bytes();
    (engine, Disk { bytes, asking: thread::current().id(), reads: AtomicUsize::new(0), give_up: None })
}

/// All kinds of questions about the server's log.
fn questions(moment: &Moment<'_>) -> Vec<Ask> {
    let (app, _) = moment.timeline.apps().next().unwrap();
    let about = About::App(app.to_owned());
    let times = moment.at.plus(-300_000)..moment.at.plus(1);
    let origin = Origin { source: SourceId(1), position: Position { offset: 70, len: 60, line: 2 } };
    vec![
        Ask::Groups { about: about.clone(), by: By::Client, times: times.clone() },
        Ask::Lines { about: about.clone(), only: Some((By::Client, b"10.0.0.7".to_vec())), times: times.clone() },
        Ask::Latest { until: times.end, most: 100 },
        Ask::Texts(vec![(origin, moment.at); 5]),
        Ask::Compare { about, before: times.start.plus(-300_000)..times.start, during: times.clone() },
        Ask::Record(origin, moment.at),
    ]
}

#[test]
fn no_file_is_touched_while_asking() {
    let (engine, disk) = server();
    let moment = engine.moment(engine.timeline().span().unwrap().1);
    for ask in questions(&moment) {
        let job = ask.job(&moment);
        let before = disk.reads.load(Ordering::Relaxed);
        let reply = thread::scope(|scope| scope.spawn(|| job.run(&disk)).join().unwrap()).unwrap();
        assert!(disk.reads.load(Ordering::Relaxed) > before, "{ask:?}");
        let (rows, missing) = match &reply {
            Reply::Groups(answer) => (answer.rows.len(), &answer.missing),
            Reply::Lines(answer) | Reply::Record(answer, _) => (answer.rows.len(), &answer.missing),
            Reply::Compared(told) => (told.groups.len(), &told.missing),
        };
        assert!(rows > 0 && missing.is_empty(), "{ask:?}");
    }
}

#[test]
fn an_answer_that_nobody_wants_any_more_is_given_up_at_the_next_block() {
    let (engine, mut disk) = server();
    let moment = engine.moment(engine.timeline().span().unwrap().1);
    for ask in questions(&moment).into_iter().filter(|ask| !matches!(ask, Ask::Latest { .. } | Ask::Record(..))) {
        let job = ask.job(&moment);
        (disk.reads, disk.give_up) = (AtomicUsize::new(0), Some((2, Arc::clone(&job.given_up))));
        let reply = thread::scope(|scope| scope.spawn(|| job.run(&disk)).join().unwrap());
        assert_eq!((reply.is_some(), disk.reads.load(Ordering::Relaxed)), (false, 2), "{ask:?}");
    }
}

#[test]
fn groups_are_the_same_however_many_threads_read_the_log() {
    /// Does what comes last first.
    struct Backwards(Shelf);
    impl ReadLog for Backwards {
        fn read(&self, source: SourceId, offset: u64, len: u64) -> Result<Vec<u8>, String> {
            self.0.read(source, offset, len)
        }
        fn each(&self, _: &BTreeSet<SourceId>, count: usize, step: &(dyn Fn(usize) + Sync)) {
            assert!(count > 2, "{count}");
            (0..count).rev().for_each(step);
        }
    }
    let (engine, disk) = server_with(90_000);
    let moment = engine.moment(engine.timeline().span().unwrap().1);
    let shelf = Shelf::default();
    shelf.put(SourceId(1), Place::Memory(disk.bytes.clone().into()));
    let (app, _) = moment.timeline.apps().next().unwrap();
    for by in By::ALL {
        let times = moment.at.plus(-900_000)..moment.at.plus(1);
        let ask = Ask::Groups { about: About::App(app.to_owned()), by, times };
        let one = thread::scope(|scope| scope.spawn(|| ask.job(&moment).run(&disk)).join().unwrap());
        let Some(Reply::Groups(answer)) = &one else { panic!() };
        assert_eq!(answer.rows.iter().map(|group| group.count).sum::<u64>(), 90_000);
        assert_eq!(ask.job(&moment).run(&Backwards(shelf.clone())), one);
        assert_eq!(ask.job(&moment).run(&shelf), one);
    }
}

#[test]
fn the_log_pane_reads_only_the_end_of_a_log() {
    let (engine, disk) = server();
    let moment = engine.moment(engine.timeline().span().unwrap().1);
    let job = Ask::Latest { until: moment.at.plus(1), most: 100 }.job(&moment);
    let reply = thread::scope(|scope| scope.spawn(|| job.run(&disk)).join().unwrap());
    let Some(Reply::Lines(answer)) = reply else { panic!() };
    assert_eq!((answer.rows.len(), answer.cut, disk.reads.load(Ordering::Relaxed)), (100, true, 1));
    assert_eq!(answer.rows.last().unwrap().origin.position.line, 20_001);
}

#[test]
fn only_a_window_that_moves_on_follows() {
    let (engine, _) = server();
    let (first, last) = engine.timeline().span().unwrap();
    let [early, late] = [first, last].map(|at| questions(&engine.moment(at)));
    for (n, ask) in late.iter().enumerate() {
        for (m, before) in early.iter().enumerate() {
            // A record is the same at any moment, but this one was asked for as of another; what is compared stays where it is.
            assert_eq!(
                ask.follows(before),
                n == m && !matches!(ask, Ask::Record(..) | Ask::Compare { .. }),
                "{ask:?} {before:?}"
            );
        }
    }
    let Ask::Groups { about, by, times } = late[0].clone() else { panic!() };
    let wider = Ask::Groups { about: about.clone(), by, times: times.start.plus(-300_000)..times.end };
    let by_url = Ask::Groups { about, by: By::Url, times };
    assert!(!wider.follows(&late[0]) && !by_url.follows(&late[0]));
}

#[test]
fn lines_of_a_log_that_was_cut_off_since_are_missing() {
    let (engine, disk) = server();
    let moment = engine.moment(engine.timeline().span().unwrap().1);
    let ask = Ask::Latest { until: moment.at.plus(1), most: 100 };
    let told = |bytes: &[u8]| {
        let shelf = Shelf::default();
        shelf.put(SourceId(1), Place::Memory(bytes.into()));
        let Some(Reply::Lines(answer)) = ask.job(&moment).run(&shelf) else { panic!() };
        answer
    };
    let (whole, cut) = (told(&disk.bytes), told(&disk.bytes[..disk.bytes.len() - 1000]));
    assert!(whole.missing.is_empty() && cut.rows.len() == 100, "{:?}", whole.missing);
    assert_eq!(
        cut.missing.iter().collect::<Vec<_>>(),
        ["W3SVC1/u_ex.log: cut off since it was read: some of its lines are gone"]
    );
}
