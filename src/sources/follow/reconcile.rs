//! What is seen in the folders against what is known: which file is which log.
//!
//! | path  | file  | bytes before the offset | meaning |
//! |-------|-------|-------------------------|---------|
//! | same  | same  | same                    | go on |
//! | same  | same  | other or fewer          | rewritten: a new generation from its start |
//! | other | same  | same                    | renamed |
//! | other | same  | other                   | the number was used again: another log |
//! | same  | other | same                    | replaced, or the share came back: the same log |
//! | same  | other | other                   | rotated: another log; the old handle is read on |
//! | older generation of it | other | same   | a copy: read on there when the log itself was cut off |
//! | older generation of it, new | other | other | came and was rotated unseen: from its start |
//! | gone  |       |                         | keep what is known, and the handle |

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::log::{Log, Place};
use super::proof::Likeness;
use super::tend::health_of;
use super::{Follower, Turn};
use crate::engine::{Health, LeftOut, Payload};
use crate::record::SourceId;
use crate::sources::discover::{Look, Seen};
use crate::sources::system::{self, FileId, Trouble, trouble};

impl Follower {
    pub(super) fn reconcile(&mut self, look: &Look, turn: &mut Turn<'_>) {
        let mut claimed = HashSet::new();
        let mut changed = Vec::new();
        let at: HashMap<&Path, usize> = look.seen.iter().enumerate().map(|(i, s)| (s.path.as_path(), i)).collect();
        for log in &mut self.logs {
            let seen = at.get(log.path.as_path()).and_then(|i| look.seen.get(*i).map(|s| (*i, s)));
            if let Some((i, seen)) = seen.filter(|(_, s)| is_still(log, s)) {
                claimed.insert(i);
                if log.ended && (log.size, log.modified) != (seen.size, seen.modified) {
                    log.place = Place::Retired(turn.tick.steady);
                    changed.push(seen);
                } else {
                    stay(log, seen, turn);
                }
            }
        }
        for seen in changed {
            self.open(seen, turn);
        }
        self.follow_renames(look, &mut claimed, turn);
        self.ignored_are_forgotten(look);
        let met: Vec<&Seen> = look.seen.iter().enumerate().filter(|(i, _)| !claimed.contains(i)).map(|(_, s)| s).collect();
        if !met.is_empty() {
            let known = self.read_before_judging(&met, turn);
            // Logs by their own names first: an older generation is judged by what its log turns out to be.
            let (logs, older): (Vec<&Seen>, Vec<&Seen>) = met.into_iter().partition(|s| s.base.is_none());
            let mut ids = HashSet::new();
            for seen in logs.into_iter().chain(older) {
                // Two names of one file are one log.
                if seen.id.is_none_or(|id| ids.insert(id)) {
                    self.meet(seen, &known, turn);
                }
            }
        }
        self.strangers.retain(|path, _| at.contains_key(path.as_path()) || look.blind_at(path).is_some());
        self.miss(look, &at, turn);
        self.wait_for(look, &at, turn);
        self.count_left_out(look, turn);
        self.fresh = false;
    }

    /// Finds logs that have another name now.
    fn follow_renames(&mut self, look: &Look, claimed: &mut HashSet<usize>, turn: &mut Turn<'_>) {
        let mut by_id: HashMap<FileId, Vec<usize>> = HashMap::new();
        for (k, log) in self.logs.iter().enumerate() {
            if let Some(id) = log.id {
                by_id.entry(id).or_default().push(k);
            }
        }
        for (i, seen) in look.seen.iter().enumerate().filter(|(_, s)| s.id.is_some()) {
            let Some(known) = seen.id.and_then(|id| by_id.get(&id)).filter(|_| !claimed.contains(&i)) else { continue };
            let known = known.iter().filter_map(|k| Some((*k, self.logs.get(*k)?)));
            let mut known: Vec<(usize, &Log)> = known.collect();
            // A number may have been used again: logs that are read come before those of which only the evidence is left.
            known.sort_by_key(|(_, log)| (is_retired(log), std::cmp::Reverse(log.proof.offset)));
            if known.iter().any(|(_, log)| log.place == Place::Named && at_own_path(log, look)) {
                // Another name of a file that is read already.
                claimed.insert(i);
                continue;
            }
            let found = known.iter().find(|(_, log)| log.file.is_some() || is_same(log, seen)).map(|(k, _)| *k);
            let Some(log) = found.and_then(|k| self.logs.get_mut(k)) else { continue };
            claimed.insert(i);
            if log.path != seen.path {
                log.path.clone_from(&seen.path);
                turn.send(log.source, Payload::Renamed(seen.path.clone()));
            }
            stay(log, seen, turn);
            log.wake(turn.tick.steady);
            self.strangers.remove(&seen.path);
            self.stirred = turn.tick.steady;
        }
    }

    /// Logs whose path is gone, or could not be looked at.
    fn miss(&mut self, look: &Look, at: &HashMap<&Path, usize>, turn: &mut Turn<'_>) {
        let now = turn.tick.steady;
        let mut stirred = false;
        let mut deleted = Vec::new();
        for (k, log) in self.logs.iter_mut().enumerate().filter(|(_, log)| !at.contains_key(log.path.as_path())) {
            if let Some(health) = look.blind_at(&log.path).map(health_of) {
                if matches!(log.place, Place::Named | Place::Missing(_)) {
                    // On Windows a file that is deleted while it is open lingers, and may not be opened, until the last handle
                    // goes; no other file can have its name until then.
                    if cfg!(windows) && log.file.is_some() && matches!(health, Health::Denied(_)) {
                        deleted.push(k);
                    }
                    log.set_health(health, turn);
                }
            } else if log.place == Place::Named {
                log.place = Place::Missing(now);
                log.set_health(if log.file.is_some() { Health::Draining } else { Health::Waiting }, turn);
                log.wake(now);
                stirred = true;
            }
        }
        for k in deleted {
            self.read_to_end(k, turn);
            if self.logs.get_mut(k).is_some_and(|log| log.file.take().is_some()) {
                self.handles -= 1;
            }
        }
        if stirred {
            self.stirred = now;
        }
    }

    /// A path that was asked for and is not there, or cannot be looked at, is shown as a log of its own, with its state.
    fn wait_for(&mut self, look: &Look, at: &HashMap<&Path, usize>, turn: &mut Turn<'_>) {
        let absent = look.absent.iter().map(|path| (path, Health::Waiting));
        let unmatched = look.unmatched.iter().map(|path| (path, Health::Unmatched));
        let blind = look.blind.iter().filter(|(_, e)| trouble(e) != Trouble::NoHandles).map(|(path, e)| (path, health_of(e)));
        let wanted: HashMap<&PathBuf, Health> = absent.chain(unmatched).chain(blind).collect();
        self.logs.retain(|log| {
            let over = log.is_awaited() && !wanted.contains_key(&log.path) && !at.contains_key(log.path.as_path());
            if over {
                turn.send(log.source, Payload::Closed);
            }
            !over
        });
        for (path, health) in wanted {
            let known = self.logs.iter().position(|log| log.path == *path);
            let k = known.unwrap_or_else(|| {
                self.open(&Seen { path: path.clone(), base: None, id: None, size: 0, modified: None }, turn);
                self.logs.len() - 1
            });
            if let Some(log) = self.logs.get_mut(k).filter(|log| known.is_none() || log.is_awaited()) {
                log.place = Place::Missing(turn.tick.steady);
                log.set_health(health, turn);
            }
        }
    }

    /// That there are files which are not read is told, a folder at a time.
    fn count_left_out(&mut self, look: &Look, turn: &mut Turn<'_>) {
        self.left_out.retain(|key, (source, _)| {
            let is_there = look.left_out.contains_key(key) || look.blind_at(&key.0).is_some();
            if !is_there {
                turn.send(*source, Payload::Closed);
            }
            is_there
        });
        for (key, count) in &look.left_out {
            if self.left_out.get(key).is_some_and(|(_, told)| told == count) {
                continue;
            }
            let (folder, why) = key;
            let source = self.left_out.get(key).map_or_else(
                || {
                    let source = SourceId(self.ids.fetch_add(1, Ordering::SeqCst));
                    let name = match why {
                        LeftOut::Compressed => "(compressed)",
                        LeftOut::Older => "(older)",
                    };
                    let sign = Log::new(source, folder.join(name), None, turn.tick.steady);
                    turn.send(source, Payload::Opened(self.opened(&sign, None)));
                    source
                },
                |(source, _)| *source,
            );
            self.left_out.insert(key.clone(), (source, *count));
            turn.send(source, Payload::Health(Health::LeftOut(*why, *count)));
        }
    }

    fn ignored_are_forgotten(&mut self, look: &Look) {
        if look.blind.is_empty() && !self.ignored.is_empty() {
            let there: HashSet<FileId> = look.seen.iter().filter_map(|s| s.id).collect();
            self.ignored.retain(|id| there.contains(id));
        }
    }
}

pub(super) fn is_retired(log: &Log) -> bool {
    matches!(log.place, Place::Retired(_))
}

/// Whether the file at a log's path is the one it was. What is retired must prove itself first.
fn is_still(log: &Log, seen: &Seen) -> bool {
    match log.place {
        Place::Named | Place::Missing(_) => seen.id.is_none() || log.id.is_none() || log.id == seen.id,
        Place::Draining(_) | Place::Retired(_) => false,
    }
}

/// Whether the log's own path still shows the log's own file.
fn at_own_path(log: &Log, look: &Look) -> bool {
    look.seen.iter().any(|s| s.path == log.path && s.id == log.id)
}

/// Whether the file that was seen holds what was read of the log.
fn is_same(log: &Log, seen: &Seen) -> bool {
    let likeness = File::open(&seen.path).and_then(|file| {
        let same = system::id_of(&file)? == log.id.unwrap_or(system::id_of(&file)?);
        Ok(if same { log.proof.compare(&file, true)? } else { Likeness::Other })
    });
    match likeness {
        Ok(Likeness::Same { .. }) => true,
        Ok(_) => false,
        // It cannot be looked into; the number is all there is to go by, and the read will tell.
        Err(e) => trouble(&e) != Trouble::Absent && !is_retired(log),
    }
}

/// The log is where it was, or where it was found.
pub(super) fn stay(log: &mut Log, seen: &Seen, turn: &mut Turn<'_>) {
    let back = log.place != Place::Named;
    (log.place, log.half.cut_off) = (Place::Named, false);
    log.confirmed = Some(turn.tick.steady);
    if log.id.is_none() {
        log.id = seen.id;
    }
    if back {
        log.set_health(Health::Following, turn);
    }
    if back || seen.size != log.size {
        log.wake(turn.tick.steady);
    }
    (log.size, log.modified) = (seen.size, seen.modified);
}
