//! Logs that are renamed, linked and begun anew.

use super::*;

#[test]
fn a_renamed_log_is_read_on_and_its_successor_from_the_start() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\n");
    rig.poll(0);
    let mut late = OpenOptions::new().append(true).open(rig.at("a.log")).unwrap();
    fs::rename(rig.at("a.log"), rig.at("a.log.1")).unwrap();
    rig.append("a.log", "new\n");
    late.write_all(b"two\n").unwrap();
    rig.poll(1000);
    fs::rename(rig.at("a.log.1"), rig.dir.path().parent().unwrap().join("gone.why503-test")).unwrap();
    rig.poll(1000);
    late.write_all(b"three\n").unwrap();
    rig.poll(1000);
    fs::remove_file(rig.dir.path().parent().unwrap().join("gone.why503-test")).unwrap();
    assert_eq!(rig.lines(), ["one", "two", "three", "new"]);
    assert!(rig.said.iter().any(|(id, p)| *id == SourceId(0) && matches!(p, Payload::Renamed(to) if *to == rig.at("a.log.1"))));
}

#[test]
fn older_generations_that_were_there_first_are_left_alone_and_later_ones_are_not() {
    let mut rig = Rig::new();
    rig.append("a.log", "new\n");
    rig.append("a.log.1", "old\n");
    rig.settle();
    rig.restart();
    fs::rename(rig.at("a.log.1"), rig.at("a.log.2")).unwrap();
    rig.append("a.log.1", "born and rotated while nobody looked\n");
    rig.settle();
    assert_eq!(rig.lines(), ["new", "born and rotated while nobody looked"]);
}

#[test]
fn a_log_replaced_and_renamed_between_two_looks_is_read_on() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\n");
    rig.poll(0);
    fs::copy(rig.at("a.log"), rig.at("new")).unwrap();
    rig.append("new", "two\n");
    rig.replace("new", "a.log");
    fs::rename(rig.at("a.log"), rig.at("a.log.1")).unwrap();
    rig.append("a.log", "");
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two"]);
}

#[test]
fn two_names_of_one_file_are_one_log() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\n");
    fs::hard_link(rig.at("a.log"), rig.at("b.log")).unwrap();
    rig.settle();
    fs::hard_link(rig.at("a.log"), rig.at("c.log")).unwrap();
    rig.append("c.log", "two\n");
    rig.settle();
    fs::remove_file(rig.at("a.log")).unwrap();
    rig.append("c.log", "three\n");
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two", "three"]);
}

#[test]
fn the_old_day_is_read_on_after_the_new_one_has_begun() {
    let mut rig = Rig::new();
    rig.append("u_ex261120.log", "#Fields: x\n23:59:58\n");
    rig.poll(0);
    for n in 0..20 {
        rig.append("u_ex261121.log", if n == 0 { String::from("#Fields: x\n00:00:00\n") } else { format!("00:0{n}:00\n") });
        rig.append("u_ex261120.log", format!("23:59:59, written {n} minutes late\n"));
        rig.poll(60_000);
        rig.poll(5_000);
    }
    rig.settle();
    let late = rig.lines().iter().filter(|line| line.contains("late")).count();
    assert_eq!((late, rig.lines().len()), (20, 43));
}

#[test]
fn several_logs_that_come_within_a_second_are_each_read_from_their_start() {
    let mut rig = Rig::new();
    rig.append("httperr1.log", "one\n");
    rig.poll(0);
    for n in 2..30 {
        rig.append(&format!("httperr{n}.log"), "#Software: the same\none\n");
        if n % 7 == 0 {
            rig.poll(100);
        }
    }
    rig.settle();
    assert_eq!((rig.got.len(), rig.lines().iter().filter(|line| *line == "one").count()), (29, 29));
}

#[test]
fn a_log_that_was_given_the_number_of_a_deleted_one_is_another() {
    let mut rig = Rig::new();
    rig.append("a.log", "#Fields: x\none\n");
    rig.poll(0);
    rig.remove("a.log");
    rig.settle();
    rig.append("b.log", "#Fields: x\ntwo\n");
    // What a file system does when it feels like it.
    let path = rig.at("b.log");
    rig.follower.logs[0].id = system::id_at(&path, &fs::metadata(&path).unwrap());
    let same_number = &mut rig.follower.logs[0];
    same_number.file = None;
    same_number.place = log::Place::Retired(rig.now);
    rig.follower.handles -= 1;
    rig.settle();
    assert_eq!(rig.lines(), ["#Fields: x", "one", "#Fields: x", "two"]);
}

#[test]
fn a_compressed_generation_is_told_and_neither_read_nor_taken_for_a_log() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\n");
    rig.poll(0);
    fs::rename(rig.at("a.log"), rig.at("a.log.1")).unwrap();
    rig.append("a.log", "two\n");
    rig.settle();
    rig.append("a.log.1.gz", b"\x1f\x8b\x08 what gzip makes of it\n");
    rig.remove("a.log.1");
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two"]);
    assert_eq!(rig.health().iter().filter(|h| matches!(h, Health::LeftOut(LeftOut::Compressed, 1))).count(), 1);
    rig.remove("a.log.1.gz");
    rig.settle();
    assert!(matches!(rig.said.last(), Some((SourceId(2), Payload::Closed))), "{:?}", rig.said);
}

/// The folder is watched under its verbatim name, as Windows gives it to programs that ask for it.
#[cfg(windows)]
#[test]
fn a_followed_log_may_be_renamed_and_deleted_and_paths_may_be_verbatim() {
    let mut rig = Rig::new();
    let verbatim = fs::canonicalize(rig.at("")).unwrap();
    assert!(verbatim.to_str().unwrap().starts_with(r"\\?\"), "{}", verbatim.display());
    rig.follower = follower(verbatim.clone());
    rig.append("a.log", "one\n");
    rig.poll(0);
    assert!(rig.follower.logs[0].file.is_some());
    fs::rename(rig.at("a.log"), rig.at("b.log")).unwrap();
    rig.append("b.log", "two\n");
    rig.settle();
    assert!(rig.follower.logs[0].file.is_some());
    assert_eq!((rig.lines(), &rig.follower.logs[0].path), (vec!["one".into(), "two".into()], &verbatim.join("b.log")));
    fs::remove_file(rig.at("b.log")).unwrap();
    rig.settle();
}

#[test]
fn a_copy_under_a_name_of_its_own_is_not_counted_again() {
    let mut rig = Rig::new();
    rig.append("a.log", "#Fields: x\none\ntwo\n");
    rig.poll(0);
    rig.append("a.log", "three\n");
    fs::copy(rig.at("a.log"), rig.at("a-20261121.log")).unwrap();
    fs::write(rig.at("a.log"), "#Fields: x\nfour\n").unwrap();
    rig.settle();
    assert_eq!(rig.lines(), ["#Fields: x", "one", "two", "three", "#Fields: x", "four"]);
    // One that only begins alike is a log of its own.
    rig.append("a-2.log", "#Fields: x\nfour\nfive\n");
    rig.append("a.log", "six\n");
    rig.settle();
    rig.append("a-2.log", "seven\n");
    rig.settle();
    let mut lines = rig.lines();
    lines.sort();
    assert_eq!(lines.iter().filter(|line| *line == "seven").count(), 1, "{lines:?}");
}
