//! Large logs that are begun near their ends, while somebody else reads what stands before.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use super::super::ahead::Ahead;
use super::*;
use crate::engine::Engine;
use crate::engine::part::Part;
use crate::limits::Limits;
use crate::sources::load::parts::Cut;
use crate::sources::load::{How, Piece, Recording, load_before};
use crate::sources::shelf::Shelf;

const HEADER: &str = "#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time cs-method cs-uri-stem c-ip sc-status sc-substatus time-taken\r\n";
/// Rows enough for a log to be begun near its end.
const ROWS: u32 = 300_000;

fn row(n: u32) -> String {
    let (hour, minute, second) = (8 + n / 36_000, n / 600 % 60, n / 10 % 60);
    let status = if n.is_multiple_of(997) { "503 2" } else { "200 0" };
    format!(
        "2026-11-20 {hour:02}:{minute:02}:{second:02} GET /shop/cart.aspx 10.0.{}.{} {status} {}\r\n",
        n % 7,
        n % 251,
        n % 900
    )
}

/// A rig with such a log, whose follower begins near its end, and the log.
fn rig() -> (Rig, Shelf, String) {
    let mut rig = Rig::new();
    let log: String = std::iter::once(HEADER.to_owned()).chain((0..ROWS).map(row)).collect();
    rig.append("u_ex261120.log", &log);
    let ahead = Ahead { shelf: Shelf::default(), ids: Arc::default(), again: Arc::default() };
    let shelf = ahead.shelf.clone();
    rig.follower = follower(rig.dir.path().to_owned()).ahead(Some(ahead));
    (rig, shelf, log)
}

/// The log and the part that it is begun with.
fn begun(rig: &Rig) -> (SourceId, Opened, Part) {
    let begun = rig.said.iter().find_map(|(id, payload)| match payload {
        Payload::Ahead(opened, part) => Some((*id, opened.clone(), (**part).clone())),
        _ => None,
    });
    begun.expect("the log is begun near its end")
}

/// An engine that has heard what the follower said of the log.
fn heard(rig: &Rig) -> Engine {
    let mut engine = Engine::new(Limits::default(), &[]);
    let (source, opened, part) = begun(rig);
    let bytes = Payload::Bytes(rig.got[&source].clone());
    for payload in [Payload::Ahead(opened, Box::new(part)), bytes] {
        engine.take(Envelope { heard: Time::MIN, source, payload });
    }
    engine
}

/// Has an engine take in what stands before; answers whether that agrees with what it took in already.
fn load(engine: &mut Engine, rig: &Rig, shelf: &Shelf, last: i64) -> bool {
    let (source, opened, part) = begun(rig);
    let (file, pieces) = (shelf.fetch(source).unwrap(), Mutex::new(Vec::new()));
    let cut = Cut { part: 1 << 20, whole: 0, piece: 2 << 20, back: 3 << 20 };
    let how = How { new_engine: &engine.maker(), read: &AtomicU64::new(0), cut, first: None };
    load_before((source, &opened, &part), (&file, last), &how, &|piece| {
        pieces.lock().unwrap().push(piece);
        true
    });
    for piece in pieces.into_inner().unwrap() {
        match piece {
            Piece::Found(found, _) => engine.merge(*found),
            Piece::Ended(source, end) => engine.end_parts(source, &end),
            Piece::Told(envelope) => engine.take(envelope),
            Piece::Over => return false,
        }
    }
    true
}

#[test]
fn what_is_followed_and_what_stands_before_are_the_whole_log() {
    for last in [0, 600_000, i64::MAX / 2] {
        let (mut rig, shelf, mut log) = rig();
        rig.poll(0);
        let (source, _, part) = begun(&rig);
        assert!(part.offset + 100_000 > log.len() as u64 && part.offset < log.len() as u64);
        rig.append("u_ex261120.log", row(ROWS));
        log.push_str(&row(ROWS));
        rig.poll(1000);
        let mut engine = heard(&rig);
        assert!(load(&mut engine, &rig, &shelf, last));
        let mut whole = Engine::new(Limits::default(), &[]);
        fs::write(rig.at("u_ex261120.log"), &log).unwrap();
        whole.merge(
            Recording::open(&[rig.at("u_ex261120.log")])
                .unwrap()
                .load(Zone::Utc, &Shelf::default(), &|| Engine::new(Limits::default(), &[])),
        );
        let (mine, all) = (&engine.sources()[&source], whole.sources().values().next().unwrap());
        assert_eq!((mine.records, mine.bytes, mine.ledger, mine.span), (all.records, all.bytes, all.ledger, all.span));
        assert_eq!((mine.iis, mine.health.clone()), (all.iis, Health::Following));
        let count = |engine: &Engine| engine.timeline().apps().map(|(_, app)| app.by_status.clone()).collect::<Vec<_>>();
        assert!(count(&engine) == count(&whole));
    }
}

#[test]
fn a_hole_in_what_stands_before_costs_no_row() {
    let (mut rig, shelf, log) = rig();
    // Within the minutes that are loaded first: from there on that stretch goes on in one piece, beside the other one.
    let at = log.find(&row(ROWS - 4000)).unwrap();
    let holed = [&log.as_bytes()[..at], &[0; 40], &log.as_bytes()[at..]].concat();
    fs::write(rig.at("u_ex261120.log"), &holed).unwrap();
    rig.poll(0);
    let mut engine = heard(&rig);
    assert!(load(&mut engine, &rig, &shelf, 600_000));
    let source = engine.sources().values().next().unwrap();
    assert_eq!((source.records, source.malformed, source.ledger.nul), (u64::from(ROWS), 0, 40));
}

#[test]
fn of_a_log_that_was_cut_off_meanwhile_what_is_missing_is_told() {
    for rows in [0, 100_000] {
        let (mut rig, shelf, log) = rig();
        rig.poll(0);
        let (source, _, part) = begun(&rig);
        let left: usize = if rows == 0 { 0 } else { log.find(&row(rows)).unwrap() };
        OpenOptions::new().write(true).open(rig.at("u_ex261120.log")).unwrap().set_len(left as u64).unwrap();
        let mut engine = heard(&rig);
        assert!(load(&mut engine, &rig, &shelf, 600_000));
        let told = &engine.sources()[&source];
        assert_eq!(told.lost, part.offset - left as u64);
        // What is left is met again, as another log.
        let followed = log.bytes().skip(usize::try_from(part.offset).unwrap()).filter(|byte| *byte == b'\n').count();
        assert_eq!(told.records, followed as u64);
        let position = |offset| crate::record::Position { offset, len: 1, line: 7 };
        assert_eq!((told.line_number(position(part.offset)), told.line_number(position(10))), (None, Some(7)));
    }
}

#[test]
fn lines_are_numbered_when_those_before_them_have_been_counted() {
    let (mut rig, shelf, log) = rig();
    rig.poll(0);
    let mut engine = heard(&rig);
    let (source, _, part) = begun(&rig);
    let last = |engine: &Engine| {
        let block = engine.timeline().blocks.holding(source, part.offset).unwrap();
        let position = crate::record::Position { offset: part.offset, len: 1, line: block.line };
        engine.sources()[&source].line_number(position)
    };
    assert_eq!(last(&engine), None);
    assert!(load(&mut engine, &rig, &shelf, 600_000));
    let before = memchr::memchr_iter(b'\n', &log.as_bytes()[..usize::try_from(part.offset).unwrap()]).count();
    assert_eq!(last(&engine), Some(before as u64 + 1));
}

#[test]
fn fields_that_changed_far_from_the_end_are_found_out() {
    let (mut rig, shelf, _) = rig();
    rig.poll(0);
    let (source, opened, part) = begun(&rig);
    let mut engine = heard(&rig);
    let other = b"#Fields: date time cs-method cs-uri-stem c-ip sc-substatus sc-status time-taken\n".to_vec();
    rig.said = vec![(source, Payload::Ahead(opened, Box::new(Part { preamble: other, ..part })))];
    assert!(!load(&mut engine, &rig, &shelf, 600_000), "a log that was begun wrongly was taken for right");
}

#[test]
fn a_log_that_is_replaced_before_it_is_read_is_read_all_the_same() {
    let (mut rig, shelf, log) = rig();
    rig.poll(0);
    fs::rename(rig.at("u_ex261120.log"), rig.at("u_ex261120.old")).unwrap();
    rig.append("u_ex261120.log", [HEADER, &row(1)].concat());
    rig.settle();
    let mut engine = heard(&rig);
    let (source, ..) = begun(&rig);
    assert!(load(&mut engine, &rig, &shelf, 600_000));
    assert_eq!(engine.sources()[&source].records, u64::from(ROWS), "{} bytes", log.len());
    let second = rig.said.iter().filter(|(id, payload)| *id != source && matches!(payload, Payload::Opened(_)));
    assert_eq!(second.count(), 1);
}

#[test]
fn a_small_log_and_one_that_comes_later_are_read_from_their_beginnings() {
    let (mut rig, _, log) = rig();
    rig.append("small.log", [HEADER, &row(1)].concat());
    rig.poll(0);
    rig.append("later.log", &log);
    rig.settle();
    let ahead = rig.said.iter().filter(|(_, payload)| matches!(payload, Payload::Ahead(..))).count();
    let opened = rig.said.iter().filter(|(_, payload)| matches!(payload, Payload::Opened(_))).count();
    assert_eq!((ahead, opened), (1, 2));
}
