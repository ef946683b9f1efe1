//! The follower against real files, with the time made up.

mod ahead;
mod many;
mod model;
mod pieces;
mod places;
mod rewritten;
mod rotation;
mod zeros;

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
                if matches!(payload, Payload::Opened(_) | Payload::Ahead(..)) {
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

    /// Lets so much time pass that what is gone is given up.
    pub fn settle_long(&mut self) {
        for _ in 0..3 {
            self.poll(11 * 60_000);
            self.settle();
        }
    }

    /// Bytes that were told to be lost, and to be torn.
    pub fn lost(&self) -> (u64, u64) {
        self.said.iter().fold((0, 0), |(lost, torn), (_, payload)| match payload {
            Payload::Lost(bytes) => (lost + bytes, torn),
            Payload::Torn(bytes) => (lost, torn + bytes),
            _ => (lost, torn),
        })
    }

    /// Ends the follower and starts another from its checkpoint.
    pub fn restart(&mut self) {
        let text = serde_json::to_string(&self.follower.checkpoint()).unwrap();
        self.follower = follower(self.dir.path().to_owned());
        // The steady clock counts from the start of the program.
        self.now = Duration::from_secs(1);
        self.follower.restore(serde_json::from_str(&text).unwrap(), self.now);
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

    /// The lines in an order that does not depend on that of the folder.
    pub fn sorted(&self) -> Vec<String> {
        let mut lines = self.lines();
        lines.sort();
        lines
    }

    pub fn health(&self) -> Vec<&Health> {
        self.said.iter().filter_map(|(_, p)| if let Payload::Health(health) = p { Some(health) } else { None }).collect()
    }
}

/// A follower of one path.
pub(super) fn follower(root: PathBuf) -> Follower {
    Follower::new(vec![root], Zone::Utc, Arc::new(AtomicU32::new(0)))
}
