//! Logs that are cut off, copied and replaced.

use super::*;

#[test]
fn a_log_cut_off_and_grown_past_its_old_size_is_a_new_generation() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\ntwo\nhalf");
    rig.poll(0);
    fs::write(rig.at("a.log"), "1\n2\n3\n4\n5\n6\n7\n8\n").unwrap();
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two", "1", "2", "3", "4", "5", "6", "7", "8"]);
    assert!(rig.health().contains(&&Health::Waiting), "the old generation is followed no more");
    let second = rig.said.iter().find(|(id, p)| *id == SourceId(1) && matches!(p, Payload::Opened(o) if o.generation == 1));
    assert!(second.is_some());
    assert!(rig.said.iter().any(|(id, p)| *id == SourceId(0) && matches!(p, Payload::Lost(4))), "{:?}", rig.said);
}

#[test]
fn the_rest_of_a_log_that_was_copied_and_cut_off_is_read_from_the_copy() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\n");
    rig.poll(0);
    rig.append("a.log", "two\n");
    fs::copy(rig.at("a.log"), rig.at("a.log.1")).unwrap();
    fs::write(rig.at("a.log"), "three\n").unwrap();
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two", "three"]);
    rig.append("a.log", "four\n");
    rig.restart();
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two", "three", "four"]);
}

#[test]
fn a_backup_beside_a_log_is_not_counted_then_or_after_the_log_was_cut_off() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\ntwo\n");
    rig.poll(0);
    fs::copy(rig.at("a.log"), rig.at("a.log.bak")).unwrap();
    rig.settle();
    rig.append("a.log", "three\n");
    rig.settle();
    fs::copy(rig.at("a.log"), rig.at("a.log.1")).unwrap();
    fs::write(rig.at("a.log"), "four\n").unwrap();
    rig.settle();
    rig.restart();
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two", "three", "four"]);
}

#[test]
fn a_copy_put_in_the_place_of_a_log_goes_on_where_it_was() {
    let mut rig = Rig::new();
    rig.append("a.log", "#Fields: x\none\n");
    rig.poll(0);
    // A slow copy: first nothing, then a part, then all and more.
    fs::remove_file(rig.at("a.log")).unwrap();
    for text in ["", "#Fields: x\non", "#Fields: x\none\n", "#Fields: x\none\ntwo\n"] {
        rig.append("copying", "");
        fs::write(rig.at("a.log"), text).unwrap();
        rig.poll(500);
    }
    rig.settle();
    assert_eq!(rig.lines(), ["#Fields: x", "one", "two"]);
}

#[test]
fn a_log_replaced_before_it_was_read_is_read_once() {
    let mut rig = Rig::new();
    rig.append("a.log", "");
    rig.poll(0);
    rig.append("a.log", "one\n");
    fs::copy(rig.at("a.log"), rig.at("new")).unwrap();
    rig.replace("new", "a.log");
    rig.settle();
    assert_eq!(rig.lines(), ["one"]);
}

#[test]
fn a_document_is_read_as_a_whole_and_again_when_it_changes() {
    let mut rig = Rig::new();
    rig.append("web.config", "<a>\n5000</a>");
    rig.settle();
    assert_eq!(rig.lines(), ["<a>"]);
    assert_eq!(rig.got[&SourceId(0)], b"<a>\n5000</a>");
    assert!(matches!(rig.said.last(), Some((SourceId(0), Payload::Closed))));
    fs::write(rig.at("web.config"), "<a>\n6000</a>").unwrap();
    File::options().write(true).open(rig.at("web.config")).unwrap().set_modified(UNIX_EPOCH).unwrap();
    rig.settle();
    assert_eq!(rig.got[&SourceId(1)], b"<a>\n6000</a>");
    let closed = rig.said.iter().filter(|(_, p)| matches!(p, Payload::Closed)).count();
    assert_eq!((rig.got.len(), closed), (2, 2));
}

#[test]
fn a_log_cut_off_and_grown_again_before_a_look_is_noticed_whatever_its_size() {
    let before = "#Fields: x\none\ntwo\nthree\n";
    for after in ["#Fields: x\n1\n", "#Fields: x\nONE\nTWO\nTHREE\n", "#Fields: x\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"] {
        let mut rig = Rig::new();
        rig.append("a.log", before);
        rig.poll(0);
        fs::write(rig.at("a.log"), after).unwrap();
        rig.settle();
        let want: Vec<_> = before.lines().chain(after.lines()).collect();
        assert_eq!((rig.lines(), rig.got.len()), (want.iter().map(ToString::to_string).collect(), 2));
    }
}

#[test]
fn a_log_replaced_by_one_with_the_same_beginning_is_another() {
    let header = "#Software: the same\n#Version: 1.0\n#Fields: in every log of the server\n".repeat(5);
    let mut rig = Rig::new();
    rig.append("a.log", format!("{header}one\n"));
    rig.poll(0);
    rig.append("new", format!("{header}two\nthree\n"));
    rig.replace("new", "a.log");
    rig.settle();
    let rows: Vec<_> = rig.lines().into_iter().filter(|line| !line.starts_with('#')).collect();
    assert_eq!((rows, rig.got.len()), (["one", "two", "three"].map(String::from).to_vec(), 2));
}

#[test]
fn half_a_line_that_went_when_the_log_was_begun_anew_with_the_same_header_is_lost() {
    for (after, lost) in [("", 4), ("ha", 2), ("new\n", 4), ("half, and its rest\n", 0)] {
        let mut rig = Rig::new();
        rig.append("a.log", "#Fields: x\nhalf");
        rig.poll(0);
        fs::write(rig.at("a.log"), format!("#Fields: x\n{after}")).unwrap();
        rig.settle();
        assert_eq!((rig.lost(), rig.got.len()), ((lost, 0), 1), "{after:?}");
    }
}

#[test]
fn half_a_line_of_a_log_that_is_deleted_is_torn() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\nhalf");
    rig.settle();
    assert!(matches!(rig.said.last(), Some((_, Payload::Half(4)))), "{:?}", rig.said);
    rig.remove("a.log");
    rig.settle_long();
    assert_eq!((rig.lost(), rig.follower.pending().count()), ((0, 4), 0));
    assert!(rig.said.iter().any(|(_, p)| matches!(p, Payload::Half(0))));
}
