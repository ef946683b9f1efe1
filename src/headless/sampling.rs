//! Counters and pool tags beside the logs: sampled on threads of their own, counted by the one that follows.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use super::tally::Tally;
use crate::engine::Envelope;
use crate::sources::{Watched, clock};

/// What was sampled waits so long at most.
const PAUSE: Duration = Duration::from_millis(250);

/// What samples, until this is dropped.
pub(super) struct Sampling {
    /// `None` where nothing is sampled.
    heard: Option<Receiver<Envelope>>,
    stop: Arc<AtomicBool>,
}

impl Sampling {
    /// Starts what is to be sampled, after telling what was looked for.
    ///
    /// # Errors
    /// When no thread can be started, or there are no such counters on this system.
    pub fn start(watched: &Watched, ids: &Arc<AtomicU32>, tally: &mut Tally) -> io::Result<Self> {
        watched.told(clock::now()).into_iter().for_each(|told| tally.take(told));
        let (out, heard) = sync_channel(64);
        let stop = Arc::new(AtomicBool::new(false));
        let threads = watched.sample(ids, &out, &stop)?;
        Ok(Self { heard: (!threads.is_empty()).then_some(heard), stop })
    }

    /// Counts what has come.
    pub fn hand_on(&self, tally: &mut Tally) {
        self.heard.iter().flat_map(Receiver::try_iter).for_each(|envelope| tally.take(envelope));
    }

    /// How long to sleep at most.
    pub fn pause(&self, pause: Duration) -> Duration {
        if self.heard.is_some() { pause.min(PAUSE) } else { pause }
    }
}

impl Drop for Sampling {
    fn drop(&mut self) {
        // A thread may hang in a call of the system: none is waited for.
        self.stop.store(true, Ordering::Relaxed);
    }
}
