//! Reading in turns, handles, waiting and forgetting.

use std::fs::File;
use std::io;
use std::time::Duration;

use super::log::{Log, Place, Step};
use super::{Follower, Turn};
use crate::engine::{Health, Payload};
use crate::sources::system::{self, Trouble, trouble};

/// Chunks read in one poll: a bounded amount, so that a poll ends soon.
const CHUNKS: usize = 64;
/// A log that has had nothing new for this long is told to be quiet.
const QUIET: Duration = Duration::from_secs(1);
/// A log that has lost its path is read on until nothing has come for this long.
const DRAINED: Duration = Duration::from_mins(1);
/// The handle of a log that does not grow is given back after this long.
const IDLE_HANDLE: Duration = Duration::from_mins(10);
/// A file that may not be read is tried again after this long.
const RETRY: Duration = Duration::from_secs(1);
/// What was lost with a log that was cut off is told when no copy of it has been found for this long.
const LATE_COPY: Duration = Duration::from_secs(10);
/// Half a line of a log that is gone is told to be torn when it has not come back for this long: its share may only be away.
const LATE_END: Duration = Duration::from_mins(10);
/// What is known of a log that is gone is kept this long.
const REMEMBER: Duration = Duration::from_hours(24);
/// Of so many logs that are gone at most.
const MAX_RETIRED: usize = 4096;

/// The state of a log that an error stands in the way of.
pub(super) fn health_of(error: &io::Error) -> Health {
    match trouble(error) {
        Trouble::Absent => Health::Waiting,
        Trouble::Denied => Health::Denied(error.to_string()),
        Trouble::NoHandles | Trouble::Unreachable => Health::Unreachable(error.to_string()),
    }
}

impl Follower {
    /// Reads what is due, a chunk of each log in turn. True if there is more.
    pub(super) fn read_all(&mut self, turn: &mut Turn<'_>) -> bool {
        let now = turn.tick.steady;
        let retired = |log: &Log| matches!(log.place, Place::Retired(_));
        let mut due: Vec<usize> = self
            .logs
            .iter()
            .enumerate()
            .filter(|(_, log)| !retired(log) && !log.ended && log.due <= now)
            .map(|(k, _)| k)
            .collect();
        // What the settings say holds for the rows that come after them.
        let document = |k: &usize| self.logs.get(*k).is_some_and(|log| log.document);
        let documents: Vec<usize> = due.extract_if(.., |k| document(k)).collect();
        for k in documents {
            let whole = (0..DOCUMENT).all(|_| self.read_one(k, turn));
            self.rest(k, whole, now);
        }
        let wanted = due.len();
        self.newest_first(&mut due);
        let held_back = due.len() < wanted;
        let mut grown = Vec::new();
        let rounds = (CHUNKS / due.len().max(1)).clamp(1, 16);
        for round in 0..rounds {
            let mut more = Vec::new();
            for k in due {
                if self.read_one(k, turn) {
                    more.push(k);
                } else {
                    self.rest(k, round > 0, now);
                }
            }
            if round == 0 {
                grown.clone_from(&more);
            }
            due = more;
            if due.is_empty() {
                break;
            }
        }
        if !grown.is_empty() {
            self.stirred = now;
        }
        held_back || !due.is_empty()
    }

    /// Of several logs that are far behind only the newest has its turn: what happens now is what people wait for.
    fn newest_first(&self, due: &mut Vec<usize>) {
        let far = |k: &usize| {
            self.logs.get(*k).filter(|log| log.grows() && log.size.saturating_sub(log.proof.offset) > self.pace.behind)
        };
        let newest = due.iter().filter_map(far).max_by_key(|log| (log.modified, &log.path)).map(|log| log.source);
        due.retain(|k| far(k).is_none_or(|log| Some(log.source) == newest));
    }

    /// Says when a log that has been read to its end is due again.
    fn rest(&mut self, k: usize, grew: bool, now: Duration) {
        let Some(log) = self.logs.get_mut(k) else { return };
        let far = match log.place {
            _ if log.is_waiting() || log.doubt.is_some() => self.pace.busy,
            _ if !log.holes.is_empty() => self.pace.look,
            _ if matches!(log.health, Health::Denied(_) | Health::Unreachable(_)) => RETRY,
            // No look at the folders tells that these have grown.
            Place::Draining(_) | Place::Missing(_) => self.pace.look,
            Place::Named | Place::Retired(_) => self.pace.idle,
        };
        log.pause = if grew { self.pace.busy } else { (log.pause * 3 / 2).clamp(self.pace.busy, far) };
        log.due = now + log.pause;
    }

    /// Reads a chunk of one log. True if something came of it.
    pub(super) fn read_one(&mut self, k: usize, turn: &mut Turn<'_>) -> bool {
        let Some(log) = self.logs.get_mut(k) else { return false };
        let file = match log.file.take() {
            Some(file) => file,
            None if log.place != Place::Named => return false,
            None => match open(log) {
                Ok(Some(file)) => {
                    self.handles += 1;
                    file
                }
                Ok(None) => return false,
                Err(e) => {
                    self.failed(k, &e, turn);
                    return false;
                }
            },
        };
        let pace = self.pace;
        let step = log.step(&file, &mut self.buffer, &pace, turn);
        log.file = Some(file);
        let read = match step {
            Step::Read | Step::Nothing => {
                let read = matches!(step, Step::Read);
                if log.place == Place::Named {
                    log.set_health(
                        if read && log.filled > log.proof.offset + LOADING { Health::Loading } else { Health::Following },
                        turn,
                    );
                }
                read
            }
            Step::Rewritten => {
                self.rewritten(k, turn);
                false
            }
            Step::Failed(e) => {
                self.failed(k, &e, turn);
                false
            }
        };
        self.keep_within_budget(k);
        read
    }

    /// A log could not be opened or read: nothing is concluded from that.
    fn failed(&mut self, k: usize, error: &io::Error, turn: &mut Turn<'_>) {
        let Some(log) = self.logs.get_mut(k) else { return };
        match trouble(error) {
            Trouble::NoHandles => self.budget = (self.handles * 3 / 4).max(4),
            Trouble::Absent => {}
            Trouble::Denied | Trouble::Unreachable => {
                if log.place == Place::Named {
                    // A handle into a share that has gone stays stale: a new one is tried.
                    if log.file.take().is_some() {
                        self.handles -= 1;
                    }
                    log.set_health(health_of(error), turn);
                }
            }
        }
    }

    /// Gives a handle back when there are too many: that of the log which has not grown for the longest, but never one that could
    /// not be opened again by its path.
    fn keep_within_budget(&mut self, just_read: usize) {
        if self.handles <= self.budget {
            return;
        }
        let spare = |log: &Log| log.file.is_some() && log.place == Place::Named;
        // Most often it is the one just read, which had nothing new.
        if let Some(log) = self.logs.get_mut(just_read).filter(|log| spare(log) && !log.grows()) {
            log.file = None;
            self.handles -= 1;
            return;
        }
        let coldest = self.logs.iter_mut().filter(|log| spare(log)).min_by_key(|log| log.grew);
        if let Some(log) = coldest {
            log.file = None;
            self.handles -= 1;
        }
    }

    /// Tells what is quiet, gives back what is done with, forgets what is long gone.
    pub(super) fn tend(&mut self, turn: &mut Turn<'_>) {
        let now = turn.tick.steady;
        let mut closed = 0;
        for log in &mut self.logs {
            let idle = now.saturating_sub(log.grew);
            if idle >= QUIET && !log.quiet && !log.ended {
                log.quiet = true;
                turn.send(log.source, Payload::Quiet);
            }
            if log.quiet && log.pending() != log.told_half && !matches!(log.place, Place::Retired(_)) {
                log.tell_half(log.pending(), turn);
            }
            let given_back = match log.place {
                _ if log.ended => true,
                Place::Named => idle >= IDLE_HANDLE,
                Place::Missing(since) => idle.min(now.saturating_sub(since)) >= IDLE_HANDLE,
                Place::Draining(since) => idle.min(now.saturating_sub(since)) >= DRAINED,
                Place::Retired(_) => false,
            };
            if given_back && log.file.take().is_some() {
                closed += 1;
            }
            if log.file.is_none() && !log.is_awaited() && matches!(log.place, Place::Missing(_) | Place::Draining(_)) {
                log.place = Place::Retired(now);
                log.set_health(Health::Waiting, turn);
            }
        }
        self.handles -= closed;
        self.forget(turn);
    }

    fn forget(&mut self, turn: &mut Turn<'_>) {
        let now = turn.tick.steady;
        let retired = self.logs.iter().filter(|log| matches!(log.place, Place::Retired(_))).count();
        let mut surplus = retired.saturating_sub(MAX_RETIRED);
        self.logs.retain_mut(|log| {
            let Place::Retired(since) = log.place else { return true };
            let gone = now.saturating_sub(since);
            let patience = if log.half.cut_off { LATE_COPY } else { LATE_END };
            if gone >= patience && log.pending() > 0 {
                let bytes = log.pending();
                turn.send(log.source, if log.half.cut_off { Payload::Lost(bytes) } else { Payload::Torn(bytes) });
                log.filled = log.proof.offset;
                log.tell_half(0, turn);
            }
            if gone < REMEMBER && surplus == 0 {
                return true;
            }
            surplus = surplus.saturating_sub(1);
            if !log.ended {
                turn.send(log.source, Payload::Closed);
            }
            false
        });
    }
}

/// Chunks of a document that are read in one turn.
const DOCUMENT: usize = 64;
/// Bytes still to be read from which on a log counts as being loaded.
const LOADING: u64 = 1 << 20;

/// Opens a log by its path. `None` if another file has the path by now: the next look at the folders tells which.
fn open(log: &mut Log) -> io::Result<Option<File>> {
    let file = File::open(&log.path)?;
    let id = system::id_of(&file).ok();
    if log.id.is_some() && id.is_some() && id != log.id {
        return Ok(None);
    }
    log.id = log.id.or(id);
    Ok(Some(file))
}
