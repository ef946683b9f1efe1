//! Any sequence of what can happen to a log, against a plain list of the lines written.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;

use proptest::prelude::*;

use super::Rig;

const LOG: &str = "a.log";

#[derive(Debug, Clone)]
enum Act {
    /// Writes lines; the last may lack its end until more is written.
    Write { lines: usize, half: bool },
    /// Writes some bytes of the line that lacks its end, but not the end.
    Flush { bytes: usize },
    /// Writes a line through the handle of a log that was renamed.
    WriteLate,
    /// Renames the log and its older generations, and begins a new one.
    Rotate { header: bool },
    /// Copies the log beside itself and cuts it off.
    CopyTruncate { header: bool },
    /// Cuts the log off.
    Truncate { header: bool },
    /// Puts a copy with more lines in its place.
    Replace { lines: usize },
    /// Deletes it and begins a new one.
    Delete { header: bool },
    /// Lets time pass and looks.
    Poll { millis: u64 },
    /// Ends the follower and starts another.
    Restart,
    /// The folder goes away for a while.
    Vanish { millis: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    let header = any::<bool>;
    prop_oneof![
        4 => (1usize..5, any::<bool>()).prop_map(|(lines, half)| Act::Write { lines, half }),
        2 => (1usize..12).prop_map(|bytes| Act::Flush { bytes }),
        2 => Just(Act::WriteLate),
        2 => header().prop_map(|header| Act::Rotate { header }),
        1 => header().prop_map(|header| Act::CopyTruncate { header }),
        1 => header().prop_map(|header| Act::Truncate { header }),
        1 => (0usize..3).prop_map(|lines| Act::Replace { lines }),
        1 => header().prop_map(|header| Act::Delete { header }),
        5 => (0u64..3000).prop_map(|millis| Act::Poll { millis }),
        1 => Just(Act::Restart),
        1 => (0u64..3000).prop_map(|millis| Act::Vanish { millis }),
    ]
}

/// What was written, and what became of it.
struct World {
    rig: Rig,
    writer: File,
    late: Option<File>,
    /// Ids of whole lines in the log.
    here: Vec<usize>,
    /// The line without an end: its id, and what of it is written.
    half: Option<(usize, usize)>,
    /// How much of it was there when it was last looked.
    seen: u64,
    /// Bytes of lines without ends that were cut off after they had been seen, and all that ever were without an end.
    gone: (u64, u64),
    next: usize,
    /// Lines that nobody can be sure to have read: they were removed before a look.
    may: HashSet<usize>,
    generations: usize,
}

impl World {
    fn new() -> Self {
        let rig = Rig::new();
        rig.append(LOG, "");
        let writer = OpenOptions::new().append(true).open(rig.at(LOG)).unwrap();
        Self {
            rig,
            writer,
            late: None,
            here: Vec::new(),
            half: None,
            seen: 0,
            gone: (0, 0),
            next: 0,
            may: HashSet::new(),
            generations: 0,
        }
    }

    fn line(&mut self) -> (usize, String) {
        self.next += 1;
        (self.next, text(self.next))
    }

    fn write(&mut self, lines: usize, half: bool) {
        if let Some((id, written)) = self.half.take() {
            self.writer.write_all(&text(id).as_bytes()[written..]).unwrap();
            self.here.push(id);
            self.seen = 0;
        }
        for _ in 0..lines {
            let (id, text) = self.line();
            self.writer.write_all(text.as_bytes()).unwrap();
            self.here.push(id);
        }
        if half {
            let (id, text) = self.line();
            self.writer.write_all(text.strip_suffix("of the log\r\n").unwrap().as_bytes()).unwrap();
            self.half = Some((id, 10));
            self.gone.1 += 10;
        }
    }

    fn flush(&mut self, bytes: usize) {
        if let Some((id, written)) = &mut self.half {
            let text = text(*id);
            // All but its line feed.
            let until = (*written + bytes).min(text.len() - 1);
            self.writer.write_all(&text.as_bytes()[*written..until]).unwrap();
            self.gone.1 += (until - *written) as u64;
            *written = until;
        }
    }

    fn look(&mut self, millis: u64) {
        // What is sure to be seen is what is there in a look at everything, when it is decided whose every file is.
        if millis < 1000 {
            return self.rig.poll(millis);
        }
        // A file that turns out to be rewritten is read in the next round.
        for millis in [millis, 10] {
            self.rig.follower.look_everywhere();
            self.rig.poll(millis);
        }
        if self.rig.follower.is_settled() {
            self.seen = self.half.map_or(0, |(_, written)| written as u64);
        }
    }

    /// The line without an end will never get it; `kept` if what there is of it stays.
    fn leave_half(&mut self, kept: bool) {
        let seen = std::mem::take(&mut self.seen);
        if let Some((id, _)) = self.half.take() {
            self.may.insert(id);
            self.gone.0 += if kept { 0 } else { seen };
        }
    }

    fn write_late(&mut self) {
        let (id, text) = self.line();
        match &mut self.late {
            Some(late) => late.write_all(text.as_bytes()).unwrap(),
            None => _ = self.may.insert(id),
        }
    }

    /// What is in the log now may never be read.
    fn give_up(&mut self) {
        let read = self.read();
        let unread = self.here.drain(..).filter(|id| !read.contains_key(id));
        self.may.extend(unread);
        self.leave_half(false);
    }

    fn begin(&mut self, header: bool) {
        if header {
            self.writer.write_all(b"#Software: the same\r\n#Fields: in every log\r\n").unwrap();
        }
    }

    fn shift(&mut self) {
        for n in (1..=self.generations).rev() {
            fs::rename(self.rig.at(&format!("{LOG}.{n}")), self.rig.at(&format!("{LOG}.{}", n + 1))).unwrap();
        }
        self.generations += 1;
    }

    fn reopen(&mut self) -> File {
        self.rig.append(LOG, "");
        std::mem::replace(&mut self.writer, OpenOptions::new().append(true).open(self.rig.at(LOG)).unwrap())
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Write { lines, half } => self.write(lines, half),
            Act::WriteLate => self.write_late(),
            Act::Flush { bytes } => self.flush(bytes),
            Act::Poll { millis } => self.look(millis),
            Act::Restart => self.rig.restart(),
            // Windows moves no folder in which a file is open.
            Act::Vanish { millis } if cfg!(windows) => self.look(millis),
            Act::Vanish { millis } => {
                let (here, away) = (self.rig.at(""), self.rig.dir.path().with_extension("away"));
                fs::rename(&here, &away).unwrap();
                self.rig.poll(millis);
                fs::rename(&away, &here).unwrap();
            }
            Act::Rotate { header } => {
                self.shift();
                fs::rename(self.rig.at(LOG), self.rig.at(&format!("{LOG}.1"))).unwrap();
                // A half line stays half, and further late lines do not complete it.
                let old = self.reopen();
                self.late = self.half.is_none().then_some(old);
                self.leave_half(true);
                self.here.clear();
                self.begin(header);
            }
            Act::CopyTruncate { header } => {
                self.shift();
                fs::copy(self.rig.at(LOG), self.rig.at(&format!("{LOG}.1"))).unwrap();
                self.writer.set_len(0).unwrap();
                self.leave_half(true);
                self.here.clear();
                self.begin(header);
            }
            Act::Truncate { header } => {
                self.give_up();
                self.writer.set_len(0).unwrap();
                self.begin(header);
            }
            Act::Replace { lines } => {
                fs::copy(self.rig.at(LOG), self.rig.at("new")).unwrap();
                self.rig.replace("new", LOG);
                self.reopen();
                self.write(lines, false);
            }
            Act::Delete { header } => {
                self.give_up();
                self.rig.remove(LOG);
                self.reopen();
                self.begin(header);
            }
        }
    }

    /// How often each line was handed on.
    fn read(&self) -> HashMap<usize, usize> {
        let mut read = HashMap::new();
        for line in self.rig.lines().iter().filter(|line| !line.starts_with('#')) {
            let id = line.strip_prefix("line ").and_then(|rest| rest.strip_suffix(" of the log")).and_then(|id| id.parse().ok());
            *read.entry(id.unwrap_or_else(|| panic!("no line was ever written like {line:?}"))).or_default() += 1;
        }
        read
    }
}

fn text(id: usize) -> String {
    format!("line {id:04} of the log\r\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn every_line_is_handed_on_exactly_once_or_could_not_be(acts in proptest::collection::vec(act(), 1..40), few in any::<bool>()) {
        let mut world = World::new();
        // Without handles every log is opened by its name each time.
        world.rig.follower.budget = if few { 0 } else { 512 };
        // The first look leaves older generations alone; what happens later is what is tested.
        world.rig.poll(0);
        for act in &acts {
            world.act(act);
        }
        world.rig.settle();
        let open = world.rig.follower.logs.iter().filter(|log| log.file.is_some()).count();
        prop_assert_eq!(world.rig.follower.handles, open);
        world.rig.settle_long();
        let (lost, torn) = world.rig.lost();
        // What was seen and cut off is told; nothing is told that was not there.
        prop_assert!((world.gone.0..=world.gone.1).contains(&(lost + torn)), "{lost} and {torn} bytes of {:?}", world.gone);
        let read = world.read();
        for id in 1..=world.next {
            let times = read.get(&id).copied().unwrap_or(0);
            let sure = !world.may.contains(&id) && world.half.is_none_or(|(half, _)| half != id);
            prop_assert!(times == 1 || times == 0 && !sure, "line {} was handed on {} times", id, times);
        }
    }
}

#[test]
fn handles_are_counted_right_when_a_log_goes_on_in_a_copy() {
    let mut world = World::new();
    world.rig.follower.budget = 0;
    world.rig.poll(0);
    for _ in 0..2 {
        world.act(&Act::CopyTruncate { header: false });
        world.act(&Act::Write { lines: 1, half: false });
        world.rig.settle();
        world.act(&Act::Replace { lines: 0 });
    }
    world.rig.settle();
    let open = world.rig.follower.logs.iter().filter(|log| log.file.is_some()).count();
    assert_eq!(world.rig.follower.handles, open);
    assert_eq!(world.read().len(), 2);
}
