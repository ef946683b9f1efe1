//! Lines that come in pieces, and in other encodings.

use super::*;

#[test]
fn half_a_line_waits_for_its_end() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\r\ntw");
    rig.poll(0);
    assert_eq!(rig.lines(), ["one"]);
    assert_eq!(rig.follower.pending().collect::<Vec<_>>(), [(SourceId(0), 2)]);
    rig.append("a.log", "o\r\n");
    rig.poll(1000);
    assert_eq!(rig.lines(), ["one", "two"]);
    rig.poll(1000);
    assert!(matches!(rig.said.last(), Some((SourceId(0), Payload::Quiet))));
}

#[test]
fn utf16_is_handed_on_line_by_line() {
    let mut rig = Rig::new();
    let bytes: Vec<u8> = "\u{FEFF}one\r\ntwo\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for piece in bytes.chunks(3) {
        rig.append("a.log", piece);
        rig.poll(1000);
        assert!(rig.got[&SourceId(0)].is_empty() || rig.got[&SourceId(0)].ends_with(b"\n\0"));
    }
    assert_eq!(rig.lines(), ["one", "two"]);
}

#[test]
fn a_line_of_10_mb_is_handed_on_in_pieces_and_costs_no_memory() {
    let mut rig = Rig::new();
    rig.append("a.log", [b"one\n", vec![b'x'; 10 << 20].as_slice()].concat());
    rig.poll(0);
    rig.append("a.log", "\ntwo\n");
    rig.poll(1000);
    assert_eq!(rig.lines(), ["one", "two"]);
    assert_eq!(rig.got[&SourceId(0)].len(), (10 << 20) + 9);
}

#[test]
fn half_a_line_may_rest_for_minutes_between_its_pieces() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\n");
    rig.poll(0);
    for piece in ["tw", "o, th", "ree\r"] {
        rig.append("a.log", piece);
        for _ in 0..5 {
            rig.poll(60_000);
        }
        assert_eq!(rig.lines(), ["one"]);
    }
    rig.append("a.log", "\nfour\n");
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two, three", "four"]);
    let halves: Vec<u64> = rig.said.iter().filter_map(|(_, p)| if let Payload::Half(n) = p { Some(*n) } else { None }).collect();
    assert_eq!(halves, [2, 7, 11, 0]);
}

#[test]
fn line_ends_may_be_torn_apart_and_mixed() {
    let mut rig = Rig::new();
    for piece in ["one\r", "\ntwo\n", "\r", "\n", "three\r\nfo", "ur\r", "\n"] {
        rig.append("a.log", piece);
        rig.poll(1000);
    }
    assert_eq!(rig.lines(), ["one", "two", "", "three", "four"]);
}

#[test]
fn byte_order_marks_in_the_middle_of_a_series_are_no_text() {
    let mut rig = Rig::new();
    let utf16: Vec<u8> = "\u{FEFF}#Fields: x\r\nthree\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let days: [&[u8]; 4] = [b"#Fields: x\none\n", b"\xEF\xBB\xBF#Fields: x\ntwo\n", &utf16, b"#Fields: x\nfour\n"];
    for (n, day) in days.iter().enumerate() {
        rig.append(&format!("{n}.log"), &day[..1]);
        rig.poll(1000);
        rig.append(&format!("{n}.log"), &day[1..]);
        rig.poll(1000);
    }
    let lines: Vec<_> = ["one", "two", "three", "four"].iter().flat_map(|row| ["#Fields: x", row]).collect();
    assert_eq!(rig.lines(), lines);
}
