//! Zeros where data may come yet.

use super::*;

#[test]
fn zeros_wait_to_be_filled_and_a_hole_is_passed_after_a_second() {
    let mut rig = Rig::new();
    rig.append("a.log", [b"one\n", &[0; 5000][..]].concat());
    rig.poll(0);
    rig.settle();
    assert_eq!(rig.lines(), ["one"]);
    rig.append("a.log", "two\n");
    rig.poll(1000);
    assert_eq!(rig.lines(), ["one"]);
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two"]);
    assert_eq!(rig.got[&SourceId(0)].len(), 5008);
}

#[test]
fn a_large_block_of_zeros_is_filled_in_any_order() {
    let mut rig = Rig::new();
    rig.append("a.log", [b"one\n", vec![0; 900_000].as_slice()].concat());
    rig.poll(0);
    let mut file = File::options().write(true).open(rig.at("a.log")).unwrap();
    file.seek(SeekFrom::Start(500_000)).unwrap();
    file.write_all(b"three\n").unwrap();
    rig.poll(300);
    file.seek(SeekFrom::Start(4)).unwrap();
    file.write_all(b"two\n").unwrap();
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two", "three"]);
    assert_eq!(rig.got[&SourceId(0)].len(), 500_006);
}

/// `one`, a hole that is passed, `five`.
fn with_a_hole(torn: &str, rest: &str) -> (Rig, u64) {
    let mut rig = Rig::new();
    rig.append("a.log", [b"one\n", torn.as_bytes(), &[0; 5000][..], rest.as_bytes(), b"five\n"].concat());
    rig.settle();
    assert_eq!(rig.lines().last().unwrap(), "five");
    (rig, 4 + torn.len() as u64)
}

fn fill(rig: &Rig, at: u64, text: &str) {
    let mut file = File::options().write(true).open(rig.at("a.log")).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn filled(rig: &Rig) -> Vec<(u64, String)> {
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
    rig.said
        .iter()
        .filter_map(|(_, p)| if let Payload::Filled { offset, bytes } = p { Some((*offset, text(bytes))) } else { None })
        .collect()
}

#[test]
fn a_hole_that_is_filled_late_is_read_once_and_is_no_other_log() {
    let (mut rig, at) = with_a_hole("", "");
    let text = "two\n".repeat(1250);
    fill(&rig, at, &"two\n".repeat(625));
    rig.settle();
    assert!(filled(&rig).is_empty(), "it may be filled on");
    fill(&rig, at, &text);
    rig.append("a.log", "six\n");
    rig.settle();
    rig.settle_long();
    assert_eq!(filled(&rig), [(4, text)]);
    assert_eq!((rig.lines(), rig.got.len(), rig.lost()), (["one", "five", "six"].map(String::from).to_vec(), 1, (0, 0)));
}

#[test]
fn a_hole_that_tore_lines_is_read_with_them() {
    let (mut rig, at) = with_a_hole("tw", "ur\n");
    let text = format!("o\n{}\nfo", "x".repeat(4995));
    fill(&rig, at, &text);
    rig.settle();
    assert_eq!(filled(&rig), [(4, format!("tw{text}ur\n"))]);
}

#[test]
fn of_a_hole_that_is_filled_in_part_the_part_is_read_when_a_minute_is_over() {
    let (mut rig, at) = with_a_hole("", "");
    fill(&rig, at + 100, "two\n");
    for _ in 0..5 {
        rig.settle();
    }
    assert_eq!(
        filled(&rig).iter().map(|(at, text)| (*at, text.len(), text.matches("two\n").count())).collect::<Vec<_>>(),
        [(4, 5005, 1)]
    );
    fill(&rig, at + 200, "three\n");
    rig.append("a.log", "six\n");
    rig.settle_long();
    assert_eq!((filled(&rig).len(), rig.got.len(), rig.lines().last().unwrap().as_str()), (1, 1, "six"));
}

#[test]
fn a_log_in_a_file_made_larger_than_it_is_has_lost_nothing_when_the_file_is_trimmed() {
    let mut rig = Rig::new();
    let rows = "a row of some length\n".repeat(20_000);
    rig.append("a.log", [rows.as_bytes(), &vec![0; 2 << 20]].concat());
    rig.settle();
    assert_eq!(rig.follower.pending().count(), 0);
    File::options().write(true).open(rig.at("a.log")).unwrap().set_len(rows.len() as u64).unwrap();
    rig.settle();
    fs::write(rig.at("a.log"), "new\n").unwrap();
    rig.settle_long();
    assert_eq!((rig.lost(), rig.lines().len()), ((0, 0), 20_001));
}
