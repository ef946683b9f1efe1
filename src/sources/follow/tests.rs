//! The follower against real files, with the time made up.

mod model;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::engine::Health;
use crate::formats::lines::{Framed, Framer};

/// A folder, a follower of it, and what the follower said.
pub(super) struct Rig {
    pub dir: tempfile::TempDir,
    away: tempfile::TempDir,
    pub follower: Follower,
    pub now: Duration,
    pub got: BTreeMap<SourceId, Vec<u8>>,
    pub said: Vec<(SourceId, Payload)>,
}

impl Rig {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let follower = follower(dir.path().to_owned());
        let away = tempfile::tempdir().unwrap();
        Self { dir, away, follower, now: Duration::from_secs(1), got: BTreeMap::new(), said: Vec::new() }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.at(name)).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    /// Takes a file away for good.
    pub fn remove(&self, name: &str) {
        if cfg!(windows) {
            // Wine gives the index of a deleted file to the next one, which NTFS does not: so it is kept somewhere else.
            let count = fs::read_dir(self.away.path()).unwrap().count();
            fs::rename(self.at(name), self.away.path().join(count.to_string())).unwrap();
        } else {
            fs::remove_file(self.at(name)).unwrap();
        }
    }

    /// Puts one file in the place of another.
    pub fn replace(&self, from: &str, to: &str) {
        if cfg!(windows) {
            // An open file cannot be renamed over there.
            self.remove(to);
        }
        fs::rename(self.at(from), self.at(to)).unwrap();
    }

    /// Lets `millis` pass, then polls until there is no more.
    pub fn poll(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        let tick = Tick { time: Time::default(), steady: self.now };
        let (got, said) = (&mut self.got, &mut self.said);
        let mut out = |envelope: Envelope| match envelope.payload {
            Payload::Bytes(bytes) => got.get_mut(&envelope.source).expect("bytes before opened").extend(bytes),
            payload => {
                if matches!(payload, Payload::Opened(_)) {
                    assert!(got.insert(envelope.source, Vec::new()).is_none(), "opened twice");
                }
                said.push((envelope.source, payload));
            }
        };
        while self.follower.poll(tick, &mut out) == Next::Now {}
    }

    /// Lets enough time pass for everything that is waited for.
    pub fn settle(&mut self) {
        for _ in 0..12 {
            self.poll(1000);
        }
    }

    /// Ends the follower and starts another from its checkpoint.
    pub fn restart(&mut self) {
        let text = serde_json::to_string(&self.follower.checkpoint()).unwrap();
        self.follower = follower(self.dir.path().to_owned());
        self.follower.restore(serde_json::from_str(&text).unwrap());
    }

    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for bytes in self.got.values() {
            Framer::new().feed(bytes, &mut |framed| {
                if let Framed::Line(line) = framed {
                    lines.push(String::from_utf8_lossy(line.text).into_owned());
                }
            });
        }
        lines
    }

    fn health(&self) -> Vec<&Health> {
        self.said.iter().filter_map(|(_, p)| if let Payload::Health(health) = p { Some(health) } else { None }).collect()
    }
}

fn follower(root: PathBuf) -> Follower {
    Follower::new(vec![root], Zone::Utc, Arc::new(AtomicU32::new(0)))
}

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
fn a_log_cut_off_and_grown_past_its_old_size_is_a_new_generation() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\ntwo\nhalf");
    rig.poll(0);
    fs::write(rig.at("a.log"), "1\n2\n3\n4\n5\n6\n7\n8\n").unwrap();
    rig.settle();
    assert_eq!(rig.lines(), ["one", "two", "1", "2", "3", "4", "5", "6", "7", "8"]);
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
fn more_logs_than_handles_are_all_followed() {
    let mut rig = Rig::new();
    rig.follower.budget = 4;
    for round in 0..3 {
        for n in 0..20 {
            rig.append(&format!("{n}.log"), format!("{n} {round}\n"));
        }
        rig.poll(1000);
        rig.poll(1000);
        assert!(rig.follower.handles <= 4 && rig.follower.logs.iter().filter(|log| log.file.is_some()).count() <= 4);
    }
    assert_eq!(rig.lines().len(), 60);
}

#[test]
fn a_path_that_is_not_there_is_waited_for() {
    let mut rig = Rig::new();
    rig.follower = follower(rig.at("later.log"));
    rig.poll(0);
    assert_eq!(rig.health(), [&Health::Waiting]);
    rig.append("later.log", "one\n");
    rig.settle();
    assert_eq!((rig.lines(), rig.health()), (vec![String::from("one")], vec![&Health::Waiting, &Health::Following]));
    assert_eq!(rig.got.len(), 1);
}

#[test]
fn giant_lines_are_handed_on_in_pieces_and_cost_no_memory() {
    let mut rig = Rig::new();
    rig.append("a.log", [b"one\n", vec![b'x'; 3 << 20].as_slice()].concat());
    rig.poll(0);
    rig.append("a.log", "\ntwo\n");
    rig.poll(1000);
    assert_eq!(rig.lines(), ["one", "two"]);
    assert_eq!(rig.got[&SourceId(0)].len(), (3 << 20) + 9);
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
fn of_logs_that_are_far_behind_the_newest_is_read_first_and_all_are_read() {
    let mut rig = Rig::new();
    rig.follower.pace.behind = 1 << 20;
    let rows = "a row of some length\n".repeat(150_000);
    for (name, days) in [("c.log", 1), ("a.log", 3), ("b.log", 2)] {
        rig.append(name, &rows);
        let time = UNIX_EPOCH + Duration::from_secs(days * 86_400);
        File::options().write(true).open(rig.at(name)).unwrap().set_modified(time).unwrap();
    }
    rig.append("small.log", "one\n");
    let mut order = Vec::new();
    let tick = Tick { time: Time::default(), steady: rig.now };
    while rig.follower.poll(tick, &mut |e| {
        if let Payload::Bytes(bytes) = e.payload {
            order.push((e.source, bytes.len()));
        }
    }) == Next::Now
    {}
    let first: Vec<SourceId> = order.iter().map(|(id, _)| *id).take(3).collect();
    let newest = rig.follower.logs.iter().find(|log| log.path.ends_with("a.log")).map(|log| log.source).unwrap();
    assert!(first.contains(&newest), "{first:?}");
    assert_eq!(order.iter().map(|(_, n)| n).sum::<usize>(), rows.len() * 3 + 4);
    let last_newest = order.iter().rposition(|(id, _)| *id == newest).unwrap();
    assert!(last_newest < order.len() / 2 + 2, "{order:?}");
}
