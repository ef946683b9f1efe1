//! Files that no log claims: copies, older generations, logs not met before — and what becomes of a log that was written anew.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::log::{Log, Place};
use super::proof::Likeness;
use super::reconcile::{is_retired, stay};
use super::{Follower, Turn};
use crate::engine::{Health, Payload};
use crate::record::SourceId;
use crate::sources::discover::Seen;
use crate::sources::system::{FileId, Trouble, trouble};

/// A file that looks like the beginning of a log may be a copy being made; when it has not grown for this long it is not.
const COPYING: Duration = Duration::from_secs(2);

/// Chunks read at most of a log before a file is compared with it.
const MOST_READ: usize = 256;

/// Where in the list of logs to look for a path.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The logs that are, or last were, at a path.
    at: HashMap<PathBuf, Vec<usize>>,
    /// The logs that were first met at a path and are elsewhere now.
    from: HashMap<PathBuf, Vec<usize>>,
}

impl Known {
    pub(super) fn of(logs: &[Log]) -> Self {
        let mut known = Self::default();
        for (k, log) in logs.iter().enumerate() {
            known.at.entry(log.path.clone()).or_default().push(k);
            if log.origin != log.path {
                known.from.entry(log.origin.clone()).or_default().push(k);
            }
        }
        known
    }

    /// Logs that a file may be the rest, or a copy, of: those at its path, and all that were at the path that its name is made of.
    fn candidates(&self, seen: &Seen) -> impl Iterator<Item = usize> {
        let older = seen.base.as_ref().into_iter().flat_map(|base| [self.at.get(base), self.from.get(base)]);
        let copied = kin(&seen.path).and_then(|path| self.at.get(&path));
        [self.at.get(&seen.path), copied].into_iter().chain(older).flatten().flatten().copied()
    }
}

/// The log that a copy may be named after: `u_ex.log` for `u_ex-20261121.log`. Only what is in both tells whether it is one.
fn kin(path: &Path) -> Option<PathBuf> {
    let stem = path.file_stem()?.to_str()?;
    let (base, suffix) = stem.rsplit_once(['-', '_', '.', ' '])?;
    if base.is_empty() || suffix.is_empty() {
        return None;
    }
    let name = path.extension().map_or_else(|| base.to_owned(), |e| format!("{base}.{}", e.to_string_lossy()));
    Some(path.with_file_name(name))
}

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
    /// Reads the logs that `met` may be copies of to their ends: the more of a log is known, the surer a copy is told.
    pub(super) fn read_before_judging(&mut self, met: &[&Seen], turn: &mut Turn<'_>) -> Known {
        let mut from = 0;
        loop {
            let known = Known::of(&self.logs);
            let candidates: BTreeSet<usize> = met.iter().flat_map(|seen| known.candidates(seen)).filter(|k| *k >= from).collect();
            // A log that turns out to be rewritten becomes another, which is read in turn.
            from = self.logs.len();
            for k in candidates {
                self.read_to_end(k, turn);
            }
            if self.logs.len() == from {
                return known;
            }
        }
    }

    pub(super) fn read_to_end(&mut self, k: usize, turn: &mut Turn<'_>) {
        let is_read = |log: &Log| !is_retired(log) && (log.file.is_some() || log.place == Place::Named);
        let mut chunks = 0;
        while self.logs.get(k).is_some_and(is_read) && self.read_one(k, turn) && chunks < MOST_READ {
            chunks += 1;
        }
    }

    /// Decides about a file that no log claims.
    pub(super) fn meet(&mut self, seen: &Seen, known: &Known, turn: &mut Turn<'_>) {
        let now = turn.tick.steady;
        if seen.base.is_some() && seen.id.is_some_and(|id| self.ignored.contains(&id)) {
            return;
        }
        let before = self.strangers.get(&seen.path).filter(|s| s.id == seen.id && s.size == seen.size).copied();
        let settled = before.is_some_and(|s| match s.verdict {
            Verdict::Part => true,
            Verdict::CopyOf(source) => self.logs.iter().any(|log| log.source == source && log.confirmed == Some(now)),
            _ => false,
        });
        if settled {
            return;
        }
        let since = before.map_or(now, |s| s.since);
        let verdict = match self.judge(seen, known, now) {
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
    fn judge(&self, seen: &Seen, known: &Known, now: Duration) -> Option<(Verdict, bool)> {
        let mut file = None;
        let mut prefix = None;
        for log in known.candidates(seen).filter_map(|k| self.logs.get(k)).filter(|log| log.proof.offset > 0) {
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
                    let stays = log.confirmed == Some(now) && log.path != seen.path;
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
        for k in known.at.get(path).into_iter().flatten() {
            let Some(log) = self.logs.get_mut(*k).filter(|log| log.path == path && !is_retired(log)) else { continue };
            if log.file.is_some() {
                log.place = Place::Draining(now);
                log.set_health(Health::Draining, turn);
                log.wake(now);
            } else {
                log.place = Place::Retired(now);
                log.set_health(Health::Waiting, turn);
            }
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
            // A copy may still be found; what is in none by then was lost.
            (log.place, log.half.cut_off) = (Place::Retired(now), true);
            log.set_health(Health::Waiting, turn);
        }
        next.source = SourceId(self.ids.fetch_add(1, Ordering::SeqCst));
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
