//! Counters of Windows through PDH: which are there, which come later, and what to make of those that have no value. The calls
//! themselves are in `system`; everything here can be tested on any system.
//!
//! One query holds all counters of a machine. A counter with a star is asked for the instances that are there at each collection
//! (Microsoft, `PdhGetFormattedCounterArrayW`), so pools come and go by themselves.

mod counter;
#[cfg(windows)]
pub mod system;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::array::Instance;
use super::status::{Class, Status, status};
use super::wanted::{WANTED, Wanted};
use super::{Sample, Sampler};
use crate::engine::Health;
use crate::inventory::{Item, Outcome, Topic};
use crate::sources::clock::Tick;
use crate::time::Time;
use counter::Counter;

/// Counters that are not there are looked for again so often.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// The system's list of objects is read anew at every such look only: for that, all that provide counters are asked.
const REFRESH: u32 = 20;
/// A machine that does not answer is asked again after so long, then after twice as long …
const RETRY: Duration = Duration::from_secs(5);
/// … but at least so often.
const MOST_RETRY: Duration = Duration::from_mins(1);

/// The calls to PDH. An error is a status of PDH or of the system.
pub trait Calls: Send {
    /// Opens the query.
    ///
    /// # Errors
    /// With a status.
    fn open(&mut self) -> Result<(), u32>;
    /// Closes the query and all its counters.
    fn close(&mut self);
    /// Adds a counter by its English path.
    ///
    /// # Errors
    /// With a status.
    fn add(&mut self, path: &str) -> Result<usize, u32>;
    /// Takes a counter out of the query.
    fn remove(&mut self, counter: usize);
    /// Reads the list of objects anew: a role may have been installed.
    fn refresh(&mut self, machine: Option<&str>);
    /// Collects all counters; when it was done.
    ///
    /// # Errors
    /// With a status.
    fn collect(&mut self) -> Result<Time, u32>;
    /// The status and the value of a counter of one object.
    ///
    /// # Errors
    /// With a status.
    fn value(&mut self, counter: usize) -> Result<(u32, f64), u32>;
    /// The instances of a counter with a star.
    ///
    /// # Errors
    /// With a status.
    fn instances(&mut self, counter: usize) -> Result<Vec<Instance>, u32>;
}

/// What must be waited for before the machine is asked anything.
struct Pause {
    until: Duration,
    length: Duration,
    health: Health,
}

/// Samples the counters of a machine.
pub struct Pdh<C> {
    calls: C,
    /// `\\HOST`, if it is another machine.
    machine: Option<String>,
    /// `CORP\ann`, who needs the right to read counters.
    user: String,
    counters: Vec<Counter>,
    is_open: bool,
    /// When what is not there is looked for again; `None` before the first time.
    look: Option<Duration>,
    looks: u32,
    pause: Option<Pause>,
}

impl<C: Calls> Pdh<C> {
    /// Samples `host`, or this machine. `user` is who runs the program.
    #[must_use]
    pub fn new(calls: C, host: Option<&str>, user: &str) -> Self {
        Self {
            calls,
            machine: host.map(|host| format!("\\\\{host}")),
            user: user.to_owned(),
            counters: WANTED.iter().map(Counter::new).collect(),
            is_open: false,
            look: None,
            looks: 0,
            pause: None,
        }
    }

    /// The command that gives the right to read counters, and just that (Microsoft, "Limited User Access Support").
    fn grant(&self) -> String {
        let on = self.machine.as_ref().map_or_else(String::new, |machine| format!(" (on {machine})"));
        format!("net localgroup \"Performance Monitor Users\" {} /add{on}, then sign in again", self.user)
    }

    /// Nothing is asked for a while: twice as long each time.
    fn pause(&mut self, now: Duration, status: Status) -> Pause {
        let whom = self.whom();
        let told = status.told();
        let health = match status.class {
            Class::Denied => Health::Denied(format!("{whom}: {told}: {}", self.grant())),
            _ => Health::Unreachable(format!("{whom}: {told}; it is asked again and again")),
        };
        let length = self.pause.as_ref().map_or(RETRY, |pause| (pause.length * 2).min(MOST_RETRY));
        self.close();
        Pause { until: now + length, length, health }
    }

    fn whom(&self) -> &str {
        self.machine.as_deref().unwrap_or("this machine")
    }

    /// What is told while the machine is not asked.
    fn waiting(&self, pause: &Pause) -> Sample {
        let outcome = match &pause.health {
            Health::Denied(_) => Outcome::Denied { place: self.whom().to_owned(), grant: self.grant() },
            Health::Unreachable(why) => Outcome::Remark(why.clone()),
            _ => Outcome::Missing { looked: vec![self.whom().to_owned()] },
        };
        let what = format!("counters of {}", self.whom());
        let items = vec![Item { topic: Topic::Counters, what, outcome }];
        Sample { time: None, readings: Vec::new(), items, health: pause.health.clone() }
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.calls.close();
        }
        self.look = None;
        self.counters.iter_mut().for_each(Counter::forget);
    }

    /// Looks for all counters that are not in the query.
    fn look(&mut self, now: Duration) -> Result<(), Status> {
        self.look = Some(now + LOOK_AGAIN);
        self.looks += 1;
        let is_missing = self.counters.iter().any(|counter| counter.handle.is_none());
        if is_missing && self.looks.is_multiple_of(REFRESH) {
            self.calls.refresh(self.machine.as_deref());
        }
        for counter in self.counters.iter_mut().filter(|counter| counter.handle.is_none()) {
            let path = format!("{}{}", self.machine.as_deref().unwrap_or_default(), counter.wanted.path());
            match self.calls.add(&path) {
                Ok(handle) => counter.handle = Some(handle),
                Err(code) => {
                    let status = status(code);
                    if status.class == Class::Unreachable {
                        return Err(status);
                    }
                    counter.fails(status, now);
                }
            }
        }
        Ok(())
    }

    /// Collects and reads all counters. `None` if there was nothing to be had this time.
    fn collect(&mut self, now: Duration) -> Result<Option<Time>, Status> {
        if !self.is_open {
            self.calls.open().map_err(status)?;
            self.is_open = true;
        }
        if self.look.is_none_or(|look| now >= look) {
            self.look(now)?;
        }
        if self.counters.iter().all(|counter| counter.handle.is_none()) {
            return Ok(None);
        }
        let collected = self.calls.collect();
        if let Err(code) = collected {
            let status = status(code);
            // The query as a whole says the same as its counters where one of them is not there.
            if !matches!(status.class, Class::Absent | Class::NoInstance | Class::Later) {
                return Err(status);
            }
        }
        for counter in &mut self.counters {
            counter.read(&mut self.calls, now);
        }
        Ok(collected.ok())
    }

    /// What is there, and what is not.
    fn items(&self) -> Vec<Item> {
        let machine = self.machine.as_deref().unwrap_or_default();
        let what = |wanted: &Wanted| format!("{machine}{}", wanted.path());
        let told = |counter: &Counter| {
            let outcome = match &counter.state {
                counter::State::Unknown => return None,
                counter::State::There => Outcome::Found { value: counter.told(), origin: String::from("PDH") },
                counter::State::Missing => {
                    Outcome::Missing { looked: vec![format!("{}: {}", what(&counter.wanted), counter.wanted.of)] }
                }
                counter::State::Denied => Outcome::Denied { place: what(&counter.wanted), grant: self.grant() },
                counter::State::Failing(words) => Outcome::Remark(words.clone()),
            };
            Some(Item { topic: Topic::Counters, what: what(&counter.wanted), outcome })
        };
        self.counters.iter().filter_map(told).collect()
    }

    /// All that may be read may not be: that is said of the source, too.
    fn health(&self) -> Health {
        let is_denied = |counter: &Counter| counter.state == counter::State::Denied;
        if self.counters.iter().any(is_denied) && self.counters.iter().all(|c| is_denied(c) || c.state == counter::State::Missing)
        {
            return Health::Denied(format!("counters may not be read: {}", self.grant()));
        }
        Health::Following
    }
}

impl<C: Calls> Sampler for Pdh<C> {
    fn sample(&mut self, tick: Tick) -> Sample {
        if let Some(waiting) = self.pause.as_ref().filter(|pause| tick.steady < pause.until).map(|pause| self.waiting(pause)) {
            return waiting;
        }
        match self.collect(tick.steady) {
            Ok(time) => {
                self.pause = None;
                let readings: Vec<_> = self.counters.iter().flat_map(Counter::readings).collect();
                // A row of blanks tells nothing.
                let time = time.filter(|_| readings.iter().any(|reading| reading.value.is_some()));
                Sample { time, readings, items: self.items(), health: self.health() }
            }
            Err(status) => {
                let pause = self.pause(tick.steady, status);
                let sample = self.waiting(&pause);
                self.pause = Some(pause);
                sample
            }
        }
    }
}
