//! Samples when it is time to, and hands on what is new.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::csv::Writer;
use super::{Sample, Sampler};
use crate::engine::{Envelope, Health, Opened, Payload};
use crate::formats::Hints;
use crate::inventory::{Item, Topic};
use crate::record::SourceId;
use crate::sources::clock::Tick;
use crate::time::{Time, Zone};

/// What all collectors found. What is told of a topic replaces all that was told of it, so each tells what all of them found.
#[derive(Debug, Default)]
pub struct Board(Mutex<BTreeMap<SourceId, Vec<Item>>>);

impl Board {
    /// Puts up what a source found; gives all if that is new.
    fn put(&self, id: SourceId, items: Vec<Item>) -> Option<Vec<Item>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(&id).map_or(items.is_empty(), |known| *known == items) {
            return None;
        }
        all.insert(id, items);
        Some(all.values().flatten().cloned().collect())
    }
}

/// One source of samples.
pub struct Collector {
    id: SourceId,
    name: String,
    every: Duration,
    sampler: Box<dyn Sampler>,
    board: Arc<Board>,
    writer: Writer,
    is_opened: bool,
    health: Health,
    /// Counters that no line could hold.
    left_out: usize,
    /// When the next sample is due, by the steady clock.
    due: Option<Duration>,
}

impl Collector {
    /// A source called `name` that samples every so often. `host` stands in its paths.
    #[must_use]
    pub fn new(name: &str, host: &str, every: Duration, sampler: Box<dyn Sampler>, ids: &AtomicU32, board: &Arc<Board>) -> Self {
        Self {
            id: SourceId(ids.fetch_add(1, Ordering::Relaxed)),
            name: name.to_owned(),
            every,
            sampler,
            board: Arc::clone(board),
            writer: Writer::new(host),
            is_opened: false,
            health: Health::Following,
            left_out: 0,
            due: None,
        }
    }

    /// Samples if it is time to; gives how long after `tick` it will be time again. What was missed because a sample took too long is
    /// not made up for.
    pub fn poll(&mut self, tick: Tick, out: &mut dyn FnMut(Envelope)) -> Duration {
        if !self.is_opened {
            self.is_opened = true;
            self.tell(tick.time, Payload::Opened(self.opened()), out);
        }
        let due = self.due.unwrap_or(tick.steady);
        let wait = due.saturating_sub(tick.steady);
        if !wait.is_zero() {
            return wait;
        }
        // The next of the moments that are due that has not passed.
        let missed = u32::try_from(tick.steady.saturating_sub(due).as_nanos() / self.every.as_nanos().max(1)).unwrap_or(0);
        let next = due + self.every * (missed + 1);
        self.due = Some(next);
        let sample = self.sampler.sample(tick);
        self.hand_on(sample, tick.time, out);
        next.saturating_sub(tick.steady)
    }

    fn hand_on(&mut self, sample: Sample, now: Time, out: &mut dyn FnMut(Envelope)) {
        let Sample { time, readings, mut items, health } = sample;
        let mut text = String::new();
        if let Some(time) = time {
            self.left_out = self.writer.row(time, &readings, &mut text);
        }
        // A sample that took long was collected after it was asked for.
        let now = time.map_or(now, |time| time.max(now));
        if self.left_out > 0 {
            let remark =
                format!("{} of {} counters are left out: no line may be longer than 64 KiB", self.left_out, readings.len());
            items.push(Item::remark(Topic::Counters, &self.name, remark));
        }
        if let Some(all) = self.board.put(self.id, items) {
            self.tell(now, Payload::Inventory(all), out);
        }
        if health != self.health {
            self.health = health.clone();
            self.tell(now, Payload::Health(health), out);
        }
        if !text.is_empty() {
            self.tell(now, Payload::Bytes(text.into_bytes()), out);
        }
    }

    fn opened(&self) -> Opened {
        Opened {
            path: PathBuf::from(&self.name),
            hints: Hints { zone: Zone::Utc, modified: None, name: self.name.clone() },
            size: 0,
            generation: 0,
            first_look: false,
            has_file: false,
        }
    }

    fn tell(&self, heard: Time, payload: Payload, out: &mut dyn FnMut(Envelope)) {
        out(Envelope { heard, source: self.id, payload });
    }
}

#[cfg(test)]
mod tests {
    use super::super::csv::Reading;
    use super::*;
    use crate::engine::Engine;

    /// Tells what it is given, and how often it was asked.
    struct Script(Vec<Sample>);

    impl Sampler for Script {
        fn sample(&mut self, tick: Tick) -> Sample {
            let mut sample = if self.0.len() > 1 { self.0.remove(0) } else { self.0[0].clone() };
            sample.time = sample.time.map(|_| tick.time);
            sample
        }
    }

    fn sample(readings: &[(&str, f64)]) -> Sample {
        let readings = readings.iter().map(|(path, value)| Reading::new(*path, Some(*value))).collect();
        Sample { time: Some(Time::MIN), readings, items: Vec::new(), health: Health::Following }
    }

    fn collector(name: &str, board: &Arc<Board>, script: Vec<Sample>) -> Collector {
        let ids = AtomicU32::new(u32::from(name != "a"));
        Collector::new(name, "WEB01", Duration::from_secs(1), Box::new(Script(script)), &ids, board)
    }

    fn tick(millis: i64) -> Tick {
        let steady = Duration::from_millis(u64::try_from(millis).unwrap());
        Tick { time: Time::from_millis(1_000_000_000_000 + millis), steady }
    }

    #[test]
    fn what_was_sampled_stands_in_the_timeline_and_what_was_missed_is_not_there() {
        let down = Sample { time: None, health: Health::Unreachable(String::from("away")), ..sample(&[]) };
        let script = vec![
            sample(&[(r"\Memory\X", 1.0)]),
            sample(&[(r"\Memory\X", 2.0), (r"\P(a)\Y", 3.0)]),
            down,
            sample(&[(r"\Memory\X", 4.0)]),
        ];
        let mut collector = collector("a", &Arc::default(), script);
        let mut engine = Engine::default();
        let mut poll = |millis| collector.poll(tick(millis), &mut |envelope| engine.take(envelope)).as_millis();
        // Asked too early, it waits; the third sample is late by two and a half seconds, and nothing is made up for them.
        assert_eq!([poll(0), poll(400), poll(1000), poll(4500), poll(5000), poll(5400)], [1000, 600, 1000, 500, 1000, 600]);
        let timeline = engine.timeline();
        let samples = |path| {
            timeline.counter(path).unwrap().upto(Time::MAX).iter().map(|(t, v)| (t.millis() % 100_000, *v)).collect::<Vec<_>>()
        };
        assert_eq!(samples(r"\memory\x"), [(0, 1.0), (1000, 2.0), (5000, 4.0)]);
        assert_eq!(samples(r"\p(a)\y"), [(1000, 3.0)]);
    }

    #[test]
    fn health_and_finds_are_told_when_they_change_and_finds_with_those_of_the_others() {
        let board = Arc::new(Board::default());
        let found = |what: &str| Sample { items: vec![Item::found(Topic::Counters, what, "1", "PDH")], ..sample(&[]) };
        let away = Sample { health: Health::Unreachable(String::from("away")), ..found("x") };
        let mut a = collector("a", &board, vec![found("x"), found("x"), away, found("x")]);
        let mut b = collector("b", &board, vec![found("y")]);
        let told = |collector: &mut Collector, millis| {
            let mut told = Vec::new();
            collector.poll(tick(millis), &mut |envelope| {
                told.push(match envelope.payload {
                    Payload::Opened(opened) => format!("opened {} {}", opened.path.display(), opened.has_file),
                    Payload::Inventory(items) => items.iter().map(|item| item.what.as_str()).collect::<Vec<_>>().join("+"),
                    Payload::Health(health) => format!("{health:?}"),
                    other => format!("{other:?}"),
                });
            });
            told
        };
        assert_eq!(told(&mut a, 0), ["opened a false", "x"]);
        assert_eq!(told(&mut b, 0), ["opened b false", "x+y"]);
        assert_eq!(told(&mut a, 1000), [""; 0]);
        assert_eq!(told(&mut a, 2000), [r#"Unreachable("away")"#]);
        assert_eq!(told(&mut a, 3000), ["Following"]);
    }
}
