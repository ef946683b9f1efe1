//! Holes that are filled after they were passed.
//!
//! A hole is passed when there is data after it and it has not been filled for a while. A share, or a system that writes its buffers
//! in any order, may fill it yet: what then stands there is handed on by itself.

use std::fs::File;
use std::io;
use std::time::Duration;

use memchr::{memchr, memrchr};

use super::Turn;
use super::cut::MAX_NULS;
use super::log::{CHUNK, Log};
use crate::engine::Payload;
use crate::formats::lines::MAX_LINE;
use crate::sources::system::read_at;

/// A hole is watched for this long after it was passed.
const WATCHED: Duration = Duration::from_mins(1);
/// Between two looks at a hole.
const LOOK: Duration = Duration::from_secs(1);
/// Larger holes are not watched: they would be read again and again.
const MAX_HOLE: u64 = CHUNK as u64;
/// Of one log so many are.
const MAX_HOLES: usize = 16;

/// A hole that was passed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passed {
    at: u64,
    until: u64,
    since: Duration,
}

/// The holes of a log that may yet be filled.
#[derive(Debug, Default)]
pub(super) struct Holes {
    passed: Vec<Passed>,
    looked: Duration,
}

impl Holes {
    pub fn pass(&mut self, at: u64, until: u64, now: Duration) {
        if until - at <= MAX_HOLE && self.passed.len() < MAX_HOLES {
            self.passed.push(Passed { at, until, since: now });
            self.looked = now;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.passed.is_empty()
    }
}

impl Log {
    /// Looks at the holes that were passed, and hands on what has been written into one: all of it when it is full, what there is
    /// when it has been watched long enough.
    pub fn look_at_holes(&mut self, file: &File, turn: &mut Turn<'_>) -> io::Result<()> {
        let now = turn.tick.steady;
        if self.holes.is_empty() || now.saturating_sub(self.holes.looked) < LOOK {
            return Ok(());
        }
        self.holes.looked = now;
        for hole in std::mem::take(&mut self.holes.passed) {
            let bytes = read(file, hole.at, hole.until - hole.at)?;
            let is_over = now.saturating_sub(hole.since) >= WATCHED;
            let is_full =
                bytes.chunk_by(|a, b| (*a == 0) == (*b == 0)).all(|run| run.first() != Some(&0) || run.len() <= MAX_NULS);
            if is_full || is_over && bytes.iter().any(|b| *b != 0) {
                let (offset, bytes) = whole_lines(file, hole, bytes)?;
                turn.send(self.source, Payload::Filled { offset, bytes });
            } else if !is_over {
                self.holes.passed.push(hole);
            }
        }
        Ok(())
    }
}

/// What stands in a hole, with the line that it tore and the rest of its last line: neither could be understood without it.
fn whole_lines(file: &File, hole: Passed, filled: Vec<u8>) -> io::Result<(u64, Vec<u8>)> {
    let reach = MAX_LINE as u64;
    let mut before = read(file, hole.at.saturating_sub(reach), hole.at.min(reach))?;
    match memrchr(b'\n', &before) {
        Some(end) => drop(before.drain(..=end)),
        None if hole.at > reach => before.clear(),
        None => {}
    }
    let offset = hole.at - before.len() as u64;
    let is_whole = filled.ends_with(b"\n");
    let mut bytes = [before, filled].concat();
    if !is_whole {
        let after = read(file, hole.until, reach)?;
        bytes.extend_from_slice(memchr(b'\n', &after).and_then(|end| after.get(..=end)).unwrap_or_default());
    }
    Ok((offset, bytes))
}

fn read(file: &File, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(CHUNK)];
    let got = read_at(file, &mut bytes, offset)?;
    bytes.truncate(got);
    Ok(bytes)
}
