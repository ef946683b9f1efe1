//! Where envelopes come from: finished files, and logs that are followed as they grow.
//!
//! [`spawn`] follows on threads of its own, one for what is local and one for each share, so that a share that does not answer holds
//! up nobody else. [`follow::Follower`] does the work and can be driven by hand.

pub mod appcmd;
pub mod clock;
pub mod counters;
pub mod discover;
pub mod discovery;
pub mod follow;
pub(crate) mod hex;
pub mod load;
pub mod machine;
pub mod manifest;
pub mod notice;
pub mod packed;
pub mod pool_tags;
pub mod recording;
pub mod redacted;
pub mod shelf;
mod system;

pub use system::is_broken_pipe;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::engine::{Envelope, Payload};
use crate::formats::pool_tag_names::TagNames;
use crate::inventory::Item;
use crate::record::SourceId;
use crate::time::{Time, Zone};
use clock::Tick;
use counters::Counters;
use follow::ahead::Ahead;
use follow::{Follower, Next};
use notice::Bell;

/// No two polls of what is local are closer together than this, however many notifications come.
const BREATH: Duration = Duration::from_millis(25);
/// A thread that follows looks at least this often whether it is to stop: as often as it reads what grows.
const HEED: Duration = Duration::from_millis(250);

/// What is followed and sampled.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// Files, folders and globs.
    pub roots: Vec<PathBuf>,
    /// Logs that were last written before are left out.
    pub since: Option<Time>,
    /// Counters that are sampled.
    pub counters: Counters,
    /// The folder of this machine's drivers, if its pool tags are sampled.
    pub drivers: Option<PathBuf>,
    /// Pool tags whose drivers need not be searched for.
    pub named: TagNames,
    /// What was looked for on this machine.
    pub inventory: Vec<Item>,
    /// Large logs are begun ahead of what stands before, which somebody else reads.
    pub ahead: Option<Ahead>,
}

impl Watched {
    /// What was looked for, to be told before anything else.
    #[must_use]
    pub fn told(&self, heard: Time) -> Option<Envelope> {
        let payload = Payload::Inventory(self.inventory.clone());
        (!self.inventory.is_empty()).then_some(Envelope { heard, source: SourceId(0), payload })
    }

    /// Starts what samples, without the logs.
    ///
    /// # Errors
    /// When no thread can be started, or there are no such counters on this system.
    pub fn sample(
        &self,
        ids: &Arc<AtomicU32>,
        out: &SyncSender<Envelope>,
        stop: &Arc<AtomicBool>,
    ) -> io::Result<Vec<JoinHandle<()>>> {
        let mut threads = counters::spawn(self.counters.clone(), ids, out, stop)?;
        if let Some(drivers) = &self.drivers {
            threads.extend(pool_tags::spawn(drivers.clone(), self.named.clone(), ids, out, stop)?);
        }
        Ok(threads)
    }
}

/// Follows and samples until `stop` is set or the receiver is gone. A full channel makes the follower wait: the bytes stay in the
/// files. Logs get their numbers from `ids`.
///
/// # Errors
/// When no thread can be started, or there are no such counters on this system.
pub fn spawn(
    watched: &Watched,
    zone: Zone,
    ids: &Arc<AtomicU32>,
    out: &SyncSender<Envelope>,
    stop: &Arc<AtomicBool>,
) -> io::Result<Vec<JoinHandle<()>>> {
    watched.told(clock::now()).into_iter().for_each(|told| deliver(told, out, stop));
    let mut groups: BTreeMap<Option<OsString>, Vec<PathBuf>> = BTreeMap::new();
    for root in &watched.roots {
        groups.entry(share(root)).or_default().push(root.clone());
    }
    // Counters tell of now, and are few: the logs may take a while to get there.
    let mut threads = watched.sample(ids, out, stop)?;
    for roots in groups.into_values() {
        let (ids, out, stop) = (Arc::clone(ids), out.clone(), Arc::clone(stop));
        let (since, ahead) = (watched.since, watched.ahead.clone());
        let follow = std::thread::Builder::new().name(String::from("follow"));
        threads.push(follow.spawn(move || run(&roots, (zone, since, ahead), &ids, &out, &stop))?);
    }
    Ok(threads)
}

/// The share that a path lies on; `None` if it is local. Paths of one share have the same first two components.
fn share(path: &Path) -> Option<OsString> {
    system::is_remote(path).then(|| path.components().take(2).collect::<PathBuf>().into_os_string())
}

fn run(
    roots: &[PathBuf],
    (zone, since, ahead): (Zone, Option<Time>, Option<Ahead>),
    ids: &Arc<AtomicU32>,
    out: &SyncSender<Envelope>,
    stop: &AtomicBool,
) {
    let bell = Arc::new(Bell::default());
    let _watcher = notice::watch(roots, Arc::clone(&bell));
    let new = || Follower::new(roots.to_vec(), zone, Arc::clone(ids)).since(since);
    let again = ahead.as_ref().map(|ahead| Arc::clone(&ahead.again));
    let mut follower = new().ahead(ahead);
    let asked = || again.as_ref().map_or(0, |again| again.load(Ordering::SeqCst));
    let mut rounds = 0;
    while !stop.load(Ordering::Relaxed) {
        let now = asked();
        if now > std::mem::replace(&mut rounds, now) {
            follower = new();
        }
        // What is to be met again is not told of any more.
        let mut deliver = |envelope| {
            if asked() == rounds {
                deliver(envelope, out, stop);
            }
        };
        match catch_unwind(AssertUnwindSafe(|| follower.poll(Tick::now(), &mut deliver))) {
            Ok(Next::Now) => {}
            Ok(Next::After(pause)) => sleep(&mut follower, &bell, pause, stop),
            // A fault of the program's own is no reason to stop watching: another follower goes on where this one was.
            Err(_) => {
                let checkpoint = follower.checkpoint();
                follower = new();
                follower.restore(checkpoint, clock::steady());
                sleep(&mut follower, &bell, Duration::from_secs(1), stop);
            }
        }
    }
}

/// Waits for room in the channel, as long as anyone is there to make some.
fn deliver(mut envelope: Envelope, out: &SyncSender<Envelope>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        match out.try_send(envelope) {
            Ok(()) => return,
            Err(TrySendError::Disconnected(_)) => stop.store(true, Ordering::Relaxed),
            Err(TrySendError::Full(back)) => {
                envelope = back;
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
        }
        return;
    }
}

/// Sleeps for `pause`, or until something is heard or `stop` is set. A bell that keeps ringing is heeded every [`BREATH`].
pub(crate) fn sleep(follower: &mut Follower, bell: &Bell, pause: Duration, stop: &AtomicBool) {
    let begin = clock::steady();
    loop {
        let left = pause.saturating_sub(clock::steady().saturating_sub(begin));
        if left.is_zero() || stop.load(Ordering::Relaxed) {
            return;
        }
        if bell.sleep(left.min(HEED)) {
            std::thread::sleep(BREATH.min(pause).saturating_sub(clock::steady().saturating_sub(begin)));
            // What rang meanwhile is heeded, too.
            _ = bell.sleep(Duration::ZERO);
            return follower.hint(clock::steady());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn a_thread_follows_through_a_full_channel_and_stops_when_told() {
        let dir = tempfile::tempdir().unwrap();
        let rows = "a row of some length\n".repeat(100_000);
        std::fs::write(dir.path().join("a.log"), &rows).unwrap();
        let (out, into) = sync_channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let watched = Watched { roots: vec![dir.path().to_owned()], ..Watched::default() };
        let threads = spawn(&watched, Zone::Utc, &Arc::default(), &out, &stop).unwrap();
        let mut got = Vec::new();
        while got.len() < rows.len() {
            if let Payload::Bytes(bytes) = into.recv_timeout(Duration::from_secs(20)).unwrap().payload {
                got.extend(bytes);
            }
        }
        assert!(got == rows.as_bytes());
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().unwrap();
        }
    }

    #[test]
    fn a_bell_rung_before_the_sleep_is_not_missed() {
        let bell = Bell::default();
        bell.ring();
        assert!(bell.sleep(Duration::from_mins(1)));
        assert!(!bell.sleep(Duration::ZERO));
    }
}
