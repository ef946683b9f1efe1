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
use std::time::Duration;

use super::log::{Log, Place};
use super::proof::Likeness;
use super::tend::health_of;
use super::{Follower, Turn};
use crate::engine::{Health, Payload};
use crate::record::SourceId;
use crate::sources::discover::{Look, Seen};
use crate::sources::system::{self, FileId, Trouble, trouble};

/// A file that looks like the beginning of a log may be a copy being made; when it has not grown for this long it is not.
const COPYING: Duration = Duration::from_secs(2);

/// Logs by their paths, as places in the list of logs.
type Known = HashMap<PathBuf, Vec<usize>>;

/// A file that is seen and not read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stranger {
    id: Option<FileId>,
    size: u64,
    since: Duration,
    verdict: Verdict,
}

impl Stranger {
    pub(super) fn is_undecided(self) -> bool {
        self.verdict == Verdict::Wait
    }
}

/// What a file that no log claims is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// This log under a new name or number: read on there.
    Continues(SourceId),
    /// A copy of this log, which itself is where it was.
    CopyOf(SourceId),
    /// Perhaps a copy that is being made.
    Wait,
    /// A copy of the beginning of a log, and nothing else.
    Part,
    /// A log not met before.
    New,
}

impl Follower {
    pub(super) fn reconcile(&mut self, look: Look, turn: &mut Turn<'_>) {
        let mut claimed = HashSet::new();
        let at: HashMap<&Path, usize> = look.seen.iter().enumerate().map(|(i, s)| (s.path.as_path(), i)).collect();
        for log in &mut self.logs {
            let seen = at.get(log.path.as_path()).and_then(|i| look.seen.get(*i).map(|s| (*i, s)));
            if let Some((i, seen)) = seen.filter(|(_, s)| is_still(log, s)) {
                claimed.insert(i);
                stay(log, seen, turn);
            }
        }
        self.follow_renames(&look, &mut claimed, turn);
        self.ignored_are_forgotten(&look);
        let met: Vec<&Seen> = look.seen.iter().enumerate().filter(|(i, _)| !claimed.contains(i)).map(|(_, s)| s).collect();
        if !met.is_empty() {
            let known = self.by_path();
            // Logs by their own names first: an older generation is judged by what its log turns out to be.
            let (logs, older): (Vec<&Seen>, Vec<&Seen>) = met.into_iter().partition(|s| s.base.is_none());
            logs.into_iter().chain(older).for_each(|seen| self.meet(seen, &known, turn));
        }
        self.strangers.retain(|path, _| at.contains_key(path.as_path()) || look.blind_at(path).is_some());
        self.miss(&look, &at, turn);
        self.wait_for(&look, &at, turn);
        self.fresh = false;
    }

    fn by_path(&self) -> Known {
        let mut known = Known::new();
        for (k, log) in self.logs.iter().enumerate() {
            known.entry(log.path.clone()).or_default().push(k);
        }
        known
    }

    /// Finds logs that have another name now.
    fn follow_renames(&mut self, look: &Look, claimed: &mut HashSet<usize>, turn: &mut Turn<'_>) {
        let mut by_id: HashMap<FileId, usize> = HashMap::new();
        for (k, log) in self.logs.iter().enumerate() {
            if let Some(id) = log.id {
                // A log that is read comes before one of which only the evidence is left.
                let better = by_id.get(&id).and_then(|old| self.logs.get(*old)).is_none_or(|old| is_retired(old));
                if better {
                    by_id.insert(id, k);
                }
            }
        }
        for (i, seen) in look.seen.iter().enumerate() {
            let known = seen.id.and_then(|id| by_id.get(&id)).copied();
            let Some(log) = known.and_then(|k| self.logs.get_mut(k)).filter(|_| !claimed.contains(&i)) else { continue };
            if log.place == Place::Named && at_own_path(log, look) {
                // Another name of a file that is read already.
                claimed.insert(i);
                continue;
            }
            if log.file.is_none() && !is_same(log, seen) {
                continue;
            }
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

    /// Decides about a file that no log claims.
    fn meet(&mut self, seen: &Seen, known: &Known, turn: &mut Turn<'_>) {
        let now = turn.tick.steady;
        if seen.base.is_some() && seen.id.is_some_and(|id| self.ignored.contains(&id)) {
            return;
        }
        let before = self.strangers.get(&seen.path).filter(|s| s.id == seen.id && s.size == seen.size).copied();
        if before.is_some_and(|s| matches!(s.verdict, Verdict::CopyOf(_) | Verdict::Part)) {
            return;
        }
        let since = before.map_or(now, |s| s.since);
        let verdict = match self.judge(seen, known) {
            Some((Verdict::Wait, _)) if now.saturating_sub(since) < COPYING => Verdict::Wait,
            // It no longer grows: if it has records, they were all read from the log that it begins like.
            Some((Verdict::Wait, true)) => Verdict::Part,
            Some((Verdict::Wait, false)) => Verdict::New,
            Some((verdict, _)) => verdict,
            None => return,
        };
        match verdict {
            Verdict::Continues(source) => self.go_on_at(source, seen, known, turn),
            Verdict::New if seen.base.is_some() && self.fresh => {
                self.ignored.extend(seen.id);
            }
            Verdict::New => {
                self.strangers.remove(&seen.path);
                self.leave(&seen.path, known, turn);
                self.open(seen, turn);
            }
            Verdict::CopyOf(_) | Verdict::Wait | Verdict::Part => {
                self.strangers.insert(seen.path.clone(), Stranger { id: seen.id, size: seen.size, since, verdict });
            }
        }
    }

    /// What a file is, and whether it has records in it; `None` when it cannot be looked into now.
    fn judge(&self, seen: &Seen, known: &Known) -> Option<(Verdict, bool)> {
        let mut file = None;
        let mut prefix = None;
        let paths = [Some(&seen.path), seen.base.as_ref()];
        let candidates = paths.into_iter().flatten().filter_map(|path| known.get(path)).flatten();
        for log in candidates.filter_map(|k| self.logs.get(*k)).filter(|log| log.proof.offset > 0) {
            if file.is_none() {
                match File::open(&seen.path) {
                    Ok(opened) => file = Some(opened),
                    // It may not be read. That is its state, and nothing is lost by calling it a log of its own.
                    Err(e) if trouble(&e) == Trouble::Denied => break,
                    Err(_) => return None,
                }
            }
            let same_file = log.id.is_some() && log.id == seen.id;
            match log.proof.compare(file.as_ref()?, true).ok()? {
                Likeness::Same { data } if data || same_file => {
                    let stays = log.place == Place::Named && log.path != seen.path;
                    let verdict = if stays { Verdict::CopyOf } else { Verdict::Continues };
                    return Some((verdict(log.source), true));
                }
                Likeness::Same { data } | Likeness::Prefix { data } => prefix = Some(data || prefix == Some(true)),
                Likeness::Other => {}
            }
        }
        Some(prefix.map_or((Verdict::New, false), |data| (Verdict::Wait, data)))
    }

    /// A log goes on in another file than before.
    fn go_on_at(&mut self, source: SourceId, seen: &Seen, known: &Known, turn: &mut Turn<'_>) {
        self.strangers.remove(&seen.path);
        self.stirred = turn.tick.steady;
        if self.logs.iter().any(|log| log.source == source && log.path != seen.path) {
            self.leave(&seen.path, known, turn);
        }
        let Some(log) = self.logs.iter_mut().find(|log| log.source == source) else { return };
        if log.file.take().is_some() {
            self.handles -= 1;
        }
        log.id = seen.id;
        if log.path != seen.path {
            log.path.clone_from(&seen.path);
            turn.send(source, Payload::Renamed(seen.path.clone()));
        }
        stay(log, seen, turn);
        log.wake(turn.tick.steady);
    }

    /// Another log takes this path: what is there is rotated away.
    fn leave(&mut self, path: &Path, known: &Known, turn: &mut Turn<'_>) {
        let now = turn.tick.steady;
        for k in known.get(path).into_iter().flatten() {
            let Some(log) = self.logs.get_mut(*k).filter(|log| log.path == path && !is_retired(log)) else { continue };
            if log.file.is_some() {
                log.place = Place::Draining(now);
                log.set_health(Health::Draining, turn);
                log.wake(now);
            } else {
                log.place = Place::Retired(now);
            }
        }
    }

    /// Logs whose path is gone, or could not be looked at.
    fn miss(&mut self, look: &Look, at: &HashMap<&Path, usize>, turn: &mut Turn<'_>) {
        let now = turn.tick.steady;
        let mut stirred = false;
        for log in self.logs.iter_mut().filter(|log| !at.contains_key(log.path.as_path())) {
            if let Some(health) = look.blind_at(&log.path).map(health_of) {
                if matches!(log.place, Place::Named | Place::Missing(_)) {
                    log.set_health(health, turn);
                }
            } else if log.place == Place::Named {
                log.place = Place::Missing(now);
                log.set_health(if log.file.is_some() { Health::Draining } else { Health::Waiting }, turn);
                log.wake(now);
                stirred = true;
            }
        }
        if stirred {
            self.stirred = now;
        }
    }

    /// A path that was asked for and is not there, or cannot be looked at, is shown as a log of its own, with its state.
    fn wait_for(&mut self, look: &Look, at: &HashMap<&Path, usize>, turn: &mut Turn<'_>) {
        let absent = look.absent.iter().map(|path| (path, Health::Waiting));
        let blind = look.blind.iter().filter(|(_, e)| trouble(e) != Trouble::NoHandles).map(|(path, e)| (path, health_of(e)));
        let wanted: HashMap<&PathBuf, Health> = absent.chain(blind).collect();
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

    fn ignored_are_forgotten(&mut self, look: &Look) {
        if look.blind.is_empty() && !self.ignored.is_empty() {
            let there: HashSet<FileId> = look.seen.iter().filter_map(|s| s.id).collect();
            self.ignored.retain(|id| there.contains(id));
        }
    }

    /// The bytes before the offset are not those that were read: the file was cut off and written anew.
    pub(super) fn rewritten(&mut self, k: usize, turn: &mut Turn<'_>) {
        let now = turn.tick.steady;
        let Some(log) = self.logs.get_mut(k) else { return };
        if is_copied_anew(log, now) {
            return;
        }
        let mut next = Log::new(SourceId(0), log.path.clone(), log.id, now);
        (next.file, next.place) = (log.file.take(), log.place);
        next.size = next.file.as_ref().and_then(|f| f.metadata().ok()).map_or(0, |m| m.len());
        let (old, path) = (log.source, log.path.clone());
        let lost = log.pending();
        let holds = |path: &PathBuf| File::open(path).and_then(|file| log.proof.compare(&file, false));
        let is_copy = |(path, s): &(&PathBuf, &Stranger)| {
            s.verdict == Verdict::CopyOf(old) && matches!(holds(path), Ok(Likeness::Same { .. }))
        };
        let copy = self.strangers.iter().find(is_copy).map(|(p, s)| (p.clone(), *s));
        if let Some((copy, stranger)) = copy {
            self.strangers.remove(&copy);
            (log.path, log.id, log.place, log.doubt) = (copy.clone(), stranger.id, Place::Named, None);
            log.wake(now);
            turn.send(old, Payload::Renamed(copy));
        } else {
            log.place = Place::Retired(now);
            // A copy may still be found; what is in none by then was lost.
            log.filled = log.proof.offset + lost;
        }
        next.source = SourceId(self.ids.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        next.generation = self.count_generation(&path);
        let opened = self.opened(&next, None);
        turn.send(next.source, Payload::Opened(opened));
        self.stirred = now;
        self.logs.push(next);
    }
}

/// A file that is shorter but begins as before may be a copy that is being made in place: it is waited for.
fn is_copied_anew(log: &mut Log, now: Duration) -> bool {
    let likeness = log.file.as_ref().map(|file| (log.proof.compare(file, false), file.metadata().map_or(0, |m| m.len())));
    let Some((Ok(Likeness::Prefix { .. }), size)) = likeness else { return false };
    let doubt = log.doubt.get_or_insert((now, size));
    if doubt.1 != size {
        *doubt = (now, size);
    }
    now.saturating_sub(doubt.0) < COPYING
}

fn is_retired(log: &Log) -> bool {
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
fn stay(log: &mut Log, seen: &Seen, turn: &mut Turn<'_>) {
    let back = log.place != Place::Named;
    log.place = Place::Named;
    if log.id.is_none() {
        log.id = seen.id;
    }
    if back {
        log.set_health(Health::Following, turn);
    }
    if back || seen.size != log.size {
        log.wake(turn.tick.steady);
    }
    log.size = seen.size;
}
