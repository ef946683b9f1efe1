//! Pool tags of the running system: who holds the non-paged pool, every ten seconds, and which driver a tag belongs to.
//!
//! Listings come as a poolmon file that grows, `pool-tags.txt`, and what a search of the drivers' files found as a pooltag.txt,
//! `drivers.txt`: neither has a file, and both are decoded, recorded and replayed like any other. [`Sampler`] and [`Search`] do the
//! work and can be driven by hand; [`spawn`] drives them on Windows, the search on a thread that gives way to all others.

mod buffer;
mod listing;
mod query;
mod sampler;
mod search;
#[cfg(test)]
mod testing;
#[cfg(windows)]
mod windows;

pub use query::{Answer, Ask};
pub use sampler::{NEVER, Sampler};
pub use search::Search;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::thread::JoinHandle;

use super::clock::{self, Tick};
use super::{HEED, deliver};
use crate::engine::Envelope;
use crate::formats::pool_tag_names::TagNames;
use crate::inventory::Item;

/// Asks the system; `None` where there is none to ask.
#[cfg(windows)]
const SYSTEM: Option<fn(u32, &mut [u64]) -> Answer> = Some(windows::ask);
#[cfg(not(windows))]
const SYSTEM: Option<fn(u32, &mut [u64]) -> Answer> = None;

/// Samples the pool tags until `stop` is set or the receiver is gone; elsewhere than on Windows there is nothing to sample, and no
/// thread. `drivers` is the folder of the drivers' files. `named` are the tags that need not be searched for, besides those of the
/// built-in table. The logs get their numbers from `ids`.
///
/// # Errors
/// When no thread can be started.
pub fn spawn(
    drivers: PathBuf,
    named: TagNames,
    ids: &Arc<AtomicU32>,
    out: &SyncSender<Envelope>,
    stop: &Arc<AtomicBool>,
) -> io::Result<Vec<JoinHandle<()>>> {
    match SYSTEM {
        Some(ask) => start(Sampler::new(Box::new(ask), named, ids), Search::new(drivers, Arc::clone(ids)), out, stop),
        None => Ok(Vec::new()),
    }
}

fn start(
    sampler: Sampler,
    search: Search,
    out: &SyncSender<Envelope>,
    stop: &Arc<AtomicBool>,
) -> io::Result<Vec<JoinHandle<()>>> {
    let (wants, wanted) = channel();
    let (tells, told) = channel();
    let named = |name: &str| std::thread::Builder::new().name(String::from(name));
    let (to, stopped) = (out.clone(), Arc::clone(stop));
    let first = named("pool tags").spawn(move || sample(sampler, &wants, &told, &to, &stopped))?;
    let (to, stopped) = (out.clone(), Arc::clone(stop));
    let second = named("drivers").spawn(move || look(search, &wanted, &tells, &to, &stopped))?;
    Ok(vec![first, second])
}

fn sample(
    mut sampler: Sampler,
    wants: &Sender<Vec<[u8; 4]>>,
    told: &Receiver<Item>,
    out: &SyncSender<Envelope>,
    stop: &AtomicBool,
) {
    let mut asked = 0;
    while !stop.load(Ordering::Relaxed) {
        for item in told.try_iter() {
            sampler.searched(item);
        }
        let pause = sampler.poll(Tick::now(), &mut |envelope| deliver(envelope, out, stop));
        if sampler.unnamed().len() > asked {
            asked = sampler.unnamed().len();
            // Whoever searches may have ended; the listings go on.
            let _ = wants.send(sampler.unnamed().iter().copied().collect());
        }
        if pause == NEVER {
            return;
        }
        let until = clock::steady() + pause;
        while clock::steady() < until && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(until.saturating_sub(clock::steady()).min(HEED));
        }
    }
}

fn look(
    mut search: Search,
    wanted: &Receiver<Vec<[u8; 4]>>,
    tells: &Sender<Item>,
    out: &SyncSender<Envelope>,
    stop: &AtomicBool,
) {
    #[cfg(windows)]
    windows::in_background();
    let goes_on = || !stop.load(Ordering::Relaxed);
    while goes_on() {
        match wanted.recv_timeout(HEED) {
            Ok(tags) => search.want(tags),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let item = search.poll(Tick::now(), &goes_on, &mut |envelope| deliver(envelope, out, stop));
        if item.is_some_and(|item| tells.send(item).is_err()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;
    use std::time::Duration;

    use super::*;
    use crate::engine::{Engine, Payload};
    use crate::time::Time;

    #[test]
    fn a_tag_is_listed_its_driver_found_and_the_threads_end_when_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("wolf.sys"), b"MZ....Wolf....").unwrap();
        let ask: Ask = Box::new(|class, into| {
            let bytes = testing::buffer(&[(*b"Wolf", 9, 4, 640)], buffer::Layout::NATIVE);
            for (eight, chunk) in into.iter_mut().zip(bytes.chunks_exact(8)) {
                *eight = u64::from_le_bytes(chunk.try_into().unwrap());
            }
            if class == 22 { (0, u32::try_from(bytes.len()).unwrap()) } else { (0xC000_0003, 0) }
        });
        let (out, heard) = sync_channel(1);
        let (ids, stop) = (Arc::default(), Arc::default());
        let sampler = Sampler::new(ask, TagNames::default(), &ids);
        let threads = start(sampler, Search::new(dir.path().to_owned(), ids), &out, &stop).unwrap();
        let mut engine = Engine::default();
        while engine.moment(Time::MAX).tag_owner(*b"Wolf", "").is_none() || engine.timeline().tag(*b"Wolf").is_none() {
            let envelope = heard.recv_timeout(Duration::from_secs(20)).unwrap();
            assert!(!matches!(envelope.payload, Payload::Closed));
            engine.take(envelope);
        }
        assert_eq!(engine.moment(Time::MAX).tag_owner(*b"Wolf", "").unwrap().driver, "wolf.sys");
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().unwrap();
        }
    }

    #[test]
    fn a_system_that_has_none_ends_both_threads() {
        let (out, heard) = sync_channel(8);
        let sampler = Sampler::new(Box::new(|_, _| (0xC000_0002, 0)), TagNames::default(), &Arc::default());
        let search = Search::new(PathBuf::from("drivers"), Arc::default());
        for thread in start(sampler, search, &out, &Arc::default()).unwrap() {
            thread.join().unwrap();
        }
        drop(out);
        let payloads: Vec<Payload> = heard.iter().map(|envelope| envelope.payload).collect();
        assert!(matches!(payloads[..], [Payload::Inventory(_)]), "{payloads:?}");
    }

    #[cfg(not(windows))]
    #[test]
    fn elsewhere_than_on_windows_no_thread_is_started() {
        let (out, _heard) = sync_channel(1);
        let threads = spawn(PathBuf::new(), TagNames::default(), &Arc::default(), &out, &Arc::default()).unwrap();
        assert!(threads.is_empty());
    }
}
