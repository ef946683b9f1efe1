//! One counter that is wanted: its instances, and whether it is there.

use std::time::Duration;

use super::Calls;
use crate::sources::counters::array::Instance;
use crate::sources::counters::csv::Reading;
use crate::sources::counters::status::{Class, Status, status};
use crate::sources::counters::wanted::Wanted;

/// A counter without a value for so long is told, and its instances are forgotten: they may be gone.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whether a counter is there, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// It has told nothing yet.
    Unknown,
    /// It is there.
    There,
    /// It is not there.
    Missing,
    /// It may not be read.
    Denied,
    /// It has no value for some time: why.
    Failing(String),
}

pub(super) struct Counter {
    pub(super) wanted: Wanted,
    /// Its place in the query, if it is in there.
    pub(super) handle: Option<usize>,
    pub(super) state: State,
    /// The instances by name, or the only value under an empty name, as they were last.
    values: Vec<(String, Option<f64>)>,
    failing: Option<Duration>,
}

impl Counter {
    pub(super) fn new(wanted: &Wanted) -> Self {
        Self { wanted: *wanted, handle: None, state: State::Unknown, values: Vec::new(), failing: None }
    }

    /// The query is closed.
    pub(super) fn forget(&mut self) {
        *self = Self::new(&self.wanted);
    }

    /// How many are there, in words.
    pub(super) fn told(&self) -> String {
        match self.values.len() {
            _ if !self.wanted.instances => String::from("sampled"),
            1 => String::from("1 instance"),
            n => format!("{n} instances"),
        }
    }

    /// The values as they go into a row.
    pub(super) fn readings(&self) -> impl Iterator<Item = Reading> + '_ {
        self.values.iter().map(|(name, value)| {
            let path = if self.wanted.instances { self.wanted.path_of(name) } else { self.wanted.path() };
            Reading::new(path, *value)
        })
    }

    /// Reads what was collected.
    pub(super) fn read(&mut self, calls: &mut impl Calls, now: Duration) {
        let Some(handle) = self.handle else { return };
        let result = if self.wanted.instances {
            calls.instances(handle).map(|instances| self.take(instances))
        } else {
            calls.value(handle).and_then(|(code, value)| match status(code).class {
                Class::Value => {
                    self.values = vec![(String::new(), Some(value))];
                    Ok(())
                }
                _ => Err(code),
            })
        };
        match result {
            Ok(()) => (self.state, self.failing) = (State::There, None),
            Err(code) => {
                let status = status(code);
                if status.class == Class::Absent {
                    // It is added anew when it is looked for again.
                    self.handle = None;
                    calls.remove(handle);
                }
                self.fails(status, now);
            }
        }
    }

    /// There is no value of it this time.
    pub(super) fn fails(&mut self, status: Status, now: Duration) {
        self.values.iter_mut().for_each(|(_, value)| *value = None);
        let since = *self.failing.get_or_insert(now);
        match status.class {
            Class::Absent => (self.state, self.values) = (State::Missing, Vec::new()),
            Class::Denied => (self.state, self.values) = (State::Denied, Vec::new()),
            Class::NoInstance if self.wanted.instances => {
                (self.state, self.failing) = (State::There, None);
                self.values.clear();
            }
            _ if now.saturating_sub(since) >= PATIENCE => {
                self.state = State::Failing(status.told());
                self.values.clear();
            }
            _ => {}
        }
    }

    /// The instances of this collection, in the order of their names. Names that PDH gives twice are numbered, as it numbers them in
    /// paths (Microsoft, "Handling Duplicate Instance Names").
    fn take(&mut self, instances: Vec<Instance>) {
        let is_part = |name: &str| !name.starts_with("---") && !name.eq_ignore_ascii_case("_Total");
        let has_parts = instances.iter().any(|instance| is_part(&instance.name));
        let kept = instances.into_iter().filter(|instance| {
            let is_there = !matches!(status(instance.status).class, Class::NoInstance | Class::Absent);
            is_there && !instance.name.starts_with("---") && (is_part(&instance.name) || !has_parts)
        });
        let value = |i: Instance| (i.name, Some(i.value).filter(|_| status(i.status).class == Class::Value));
        self.values = kept.map(value).collect();
        self.values.sort_by(|a, b| a.0.cmp(&b.0));
        let mut same = 0;
        for at in 1..self.values.len() {
            let (before, rest) = self.values.split_at_mut(at);
            let (Some(first), Some((name, _))) = (before.get(at - 1 - same), rest.first_mut()) else { return };
            same = if first.0 == *name { same + 1 } else { 0 };
            if same > 0 {
                *name = format!("{name}#{same}");
            }
        }
    }
}
