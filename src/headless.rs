//! `watch --headless --json`: follows and counts, without a screen. `record --headless` writes down what is counted.
//!
//! Follower and counting share one thread, so that a snapshot holds offsets and totals of the same moment: a run that goes on from
//! it neither loses a record nor counts one twice, even after it was killed.

mod sampling;
mod source;
mod state;
mod summary;
mod tally;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::sources::clock::{self, Tick};
use crate::sources::follow::{Follower, Next};
use crate::sources::notice::{self, Bell};
use crate::sources::recording::Recorder;
use crate::sources::{Watched, sleep};
use crate::time::Zone;
use sampling::Sampling;
use state::Store;
use summary::Summary;
use tally::Tally;

/// Between two snapshots.
const SNAPSHOT: Duration = Duration::from_secs(2);
/// For so long at most what is there is still read when the end has been asked for.
const LAST_READ: Duration = Duration::from_secs(1);

/// What to follow and count, and how.
pub struct Headless {
    /// What is followed and sampled.
    pub watched: Watched,
    /// Counts what is already there, too.
    pub from_start: bool,
    /// Ends after so many seconds; 0 reads what is there and ends.
    pub for_seconds: Option<f64>,
    /// Where snapshots are kept, to go on from.
    pub state: Option<PathBuf>,
    /// Where the bytes of each counted record are appended.
    pub dump: Option<PathBuf>,
    /// Prints the result as JSON rather than as text.
    pub json: bool,
    /// The zone of logs in local time.
    pub zone: Zone,
    /// Writes down what is followed.
    pub recorder: Option<Recorder>,
}

impl Headless {
    /// Follows until `stop` is set or the time is up, then prints what was counted as the last line of `out`.
    ///
    /// # Errors
    /// When the state or the dump cannot be opened, the dump cannot be written, or the result cannot be printed.
    pub fn run(mut self, stop: &AtomicBool, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut store = self.state.as_deref().map(Store::open).transpose()?;
        let mut tally = Tally::new(self.zone, self.dump.as_deref())?;
        let ids = Arc::new(AtomicU32::new(0));
        let mut follower = Follower::new(self.watched.roots.clone(), self.zone, Arc::clone(&ids)).since(self.watched.since);
        let checkpoint = store.as_mut().and_then(Store::load).map(|snapshot| tally.restore(snapshot)).transpose()?;
        tally.skip_what_is_there(!self.from_start && checkpoint.as_ref().is_none_or(|c| !c.looked));
        if let Some(checkpoint) = checkpoint {
            follower.restore(checkpoint, clock::steady());
        }
        // A run that is killed before its first snapshot has written to the dump already.
        if let Some(store) = &mut store {
            store.save(&mut tally, &follower);
        }
        tally.recorder = self.recorder.take();
        let sampling = Sampling::start(&self.watched, &ids, &mut tally)?;
        let result = self.follow(&mut follower, &mut tally, store.as_mut(), (&sampling, stop));
        if let Some(recorder) = &mut tally.recorder {
            follower.pending().for_each(|(id, bytes)| recorder.half(id, bytes));
        }
        let recording = tally.recorder.take().map(|recorder| recorder.finish(Tick::now()));
        result?;
        let summary = Summary { recording, ..tally.summary(&follower) };
        if self.json {
            let line = serde_json::to_string(&summary)?;
            writeln!(out, "{line}")
        } else {
            write!(out, "{summary}")
        }
        .and_then(|()| out.flush())
        .context("the result could not be printed")?;
        match summary.recording.and_then(|recording| recording.paused) {
            Some(why) => bail!("the recording could not go on: {why}"),
            None => Ok(()),
        }
    }

    fn follow(
        &self,
        follower: &mut Follower,
        tally: &mut Tally,
        mut store: Option<&mut Store>,
        (sampling, stop): (&Sampling, &AtomicBool),
    ) -> anyhow::Result<()> {
        let bell = Arc::new(Bell::default());
        let end = self.end();
        let once = self.for_seconds.is_some_and(|s| s <= 0.0);
        let _watcher = if once { None } else { notice::watch(&self.watched.roots, Arc::clone(&bell)) };
        let mut saved = (clock::steady(), tally.taken);
        loop {
            let next = follower.poll(Tick::now(), &mut |envelope| tally.take(envelope));
            tally.skip_what_is_there(false);
            sampling.hand_on(tally);
            tally.flush()?;
            let now = clock::steady();
            let due = now.saturating_sub(saved.0) >= SNAPSHOT && tally.taken != saved.1;
            if let Some(store) = store.as_deref_mut().filter(|_| due) {
                store.save(tally, follower);
                saved = (now, tally.taken);
            }
            let over = if once { next != Next::Now && follower.is_settled() } else { end.is_some_and(|end| now >= end) };
            if over || stop.load(Ordering::Relaxed) {
                break;
            }
            if let Some(recorder) = &mut tally.recorder {
                recorder.tick(Tick::now());
            }
            if let Next::After(pause) = next {
                let pause = sampling.pause(pause);
                let pause = tally.recorder.as_ref().map_or(pause, |recorder| pause.min(recorder.until_due(now)));
                let left = end.filter(|_| !once).map_or(pause, |end| end.saturating_sub(now));
                sleep(follower, &bell, pause.min(left), stop);
            }
        }
        self.finish(follower, tally, store)
    }

    /// Reads what is there once more, for a bounded time, and takes the last snapshot.
    fn finish(&self, follower: &mut Follower, tally: &mut Tally, store: Option<&mut Store>) -> anyhow::Result<()> {
        let start = clock::steady();
        follower.look_everywhere();
        while follower.poll(Tick::now(), &mut |envelope| tally.take(envelope)) == Next::Now
            && (clock::steady().saturating_sub(start) < LAST_READ || self.for_seconds == Some(0.0))
        {}
        tally.flush()?;
        if let Some(store) = store {
            store.save(tally, follower);
        }
        tally.conclude();
        tally.flush()
    }

    fn end(&self) -> Option<Duration> {
        let length = Duration::try_from_secs_f64(self.for_seconds?).ok()?;
        clock::steady().checked_add(length)
    }
}
