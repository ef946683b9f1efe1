//! Samples the pool tags: a listing every ten seconds, as a log without a file.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::listing::{self, Choice, GREATEST, Table};
use super::query::{self, Ask, Refusal};
use crate::engine::{Envelope, Opened, Payload};
use crate::formats::Hints;
use crate::formats::pool_tag_names::{TagNames, owner};
use crate::inventory::{Item, Topic};
use crate::record::SourceId;
use crate::sources::clock::Tick;

/// Between two listings.
const EVERY: Duration = Duration::from_secs(10);
/// There will be no other listing.
pub const NEVER: Duration = Duration::MAX;

/// Samples the pool tags.
pub struct Sampler {
    ask: Ask,
    named: TagNames,
    source: SourceId,
    is_open: bool,
    choice: Choice,
    due: Duration,
    /// What came of the last call, and of the search for drivers; told when it changes.
    outcome: Option<Result<(), Refusal>>,
    search: Option<Item>,
    told: Vec<Item>,
    /// Tags that were handed out to be searched for.
    unnamed: BTreeSet<[u8; 4]>,
}

impl Sampler {
    /// A sampler that asks `ask`. `named` are the tags that need not be searched for, besides those of the built-in table.
    #[must_use]
    pub fn new(ask: Ask, named: TagNames, ids: &Arc<AtomicU32>) -> Self {
        Self {
            ask,
            named,
            source: SourceId(ids.fetch_add(1, Ordering::Relaxed)),
            is_open: false,
            choice: Choice::default(),
            due: Duration::ZERO,
            outcome: None,
            search: None,
            told: Vec::new(),
            unnamed: BTreeSet::new(),
        }
    }

    /// Takes a listing if one is due. Gives how long to wait for the next one; [`NEVER`] where this system has no pool tags.
    pub fn poll(&mut self, tick: Tick, out: &mut dyn FnMut(Envelope)) -> Duration {
        let mut out = |payload| out(Envelope { heard: tick.time, source: self.source, payload });
        if tick.steady >= self.due {
            self.due = tick.steady + EVERY;
            let answer = query::pool_tags(&mut self.ask);
            self.outcome = Some(answer.as_ref().map(|_| ()).map_err(|refusal| *refusal));
            if let Ok(tags) = answer {
                // A tag that is there twice would be two rows of one moment.
                let mut table = Table::new();
                for (tag, held) in tags {
                    let sum = table.entry(tag).or_default();
                    sum.frees = sum.frees.saturating_add(held.frees);
                    sum.outstanding = sum.outstanding.saturating_add(held.outstanding);
                    sum.bytes = sum.bytes.saturating_add(held.bytes);
                }
                let rows = self.choice.rows(&table);
                if !std::mem::replace(&mut self.is_open, true) {
                    out(Payload::Opened(opened("pool-tags.txt")));
                }
                out(Payload::Bytes(listing::text(tick.time, &rows, query::memory(&mut self.ask))));
                let names = [&self.named];
                let greatest = listing::greatest(&table).take(GREATEST).map(|(tag, _)| tag);
                self.unnamed.extend(greatest.filter(|tag| owner(&names, *tag, "").is_none()));
            }
        }
        let items = self.items();
        if self.told != items {
            self.told.clone_from(&items);
            out(Payload::Inventory(items));
        }
        if matches!(self.outcome, Some(Err(refusal)) if refusal.is_final()) {
            return NEVER;
        }
        self.due.saturating_sub(tick.steady)
    }

    /// What is known of pool tags on this machine.
    fn items(&self) -> Vec<Item> {
        let sampled = self.outcome.map(|outcome| match outcome {
            Ok(()) => Item::found(
                Topic::PoolTags,
                "pool tags",
                format!("the {GREATEST} greatest and those that grow, every {} s", EVERY.as_secs()),
                "NtQuerySystemInformation",
            ),
            Err(refusal) => refusal.told(),
        });
        sampled.into_iter().chain(self.search.clone()).collect()
    }

    /// The tags among the greatest that nothing names, as far as the last listings showed.
    #[must_use]
    pub fn unnamed(&self) -> &BTreeSet<[u8; 4]> {
        &self.unnamed
    }

    /// What the search for drivers came to; told with the next poll.
    pub fn searched(&mut self, item: Item) {
        self.search = Some(item);
    }
}

/// A log without a file.
pub(super) fn opened(name: &str) -> Opened {
    let hints = Hints { name: name.to_owned(), ..Hints::default() };
    Opened { path: name.into(), hints, size: 0, generation: 0, first_look: false, has_file: false }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::testing::{Row, buffer, performance};
    use super::*;
    use crate::engine::Engine;
    use crate::inventory::Outcome;
    use crate::sources::pool_tags::buffer::Layout;
    use crate::time::Time;

    /// What the system would answer now: pool tags, or a status.
    type Now = Arc<Mutex<Result<Vec<Row>, u32>>>;

    struct Rig {
        now: Now,
        sampler: Sampler,
        engine: Engine,
        tick: Tick,
        inventories: Vec<Vec<Item>>,
    }

    impl Rig {
        fn new(named: &[[u8; 4]]) -> Self {
            let now: Now = Arc::new(Mutex::new(Ok(Vec::new())));
            let answers = Arc::clone(&now);
            let ask: Ask = Box::new(move |class, into| {
                let bytes = match (class, &*answers.lock().unwrap()) {
                    (2, _) => performance(27_904, 6805),
                    (22, Ok(rows)) => buffer(rows, Layout::NATIVE),
                    (_, Ok(_)) => return (0xC000_0003, 0),
                    (_, Err(status)) => return (*status, 0),
                };
                for (eight, chunk) in into.iter_mut().zip(bytes.chunks(8)) {
                    let mut whole = [0; 8];
                    whole[..chunk.len()].copy_from_slice(chunk);
                    *eight = u64::from_le_bytes(whole);
                }
                (0, u32::try_from(bytes.len()).unwrap())
            });
            let mut known = TagNames::default();
            for tag in named {
                known.add(*tag, "known.sys", "");
            }
            let tick = Tick { time: Time::from_ymd_hms(2026, 11, 21, 8, 0, 0).unwrap(), steady: Duration::from_secs(100) };
            let sampler = Sampler::new(ask, known, &Arc::new(AtomicU32::new(7)));
            Self { now, sampler, engine: Engine::default(), tick, inventories: Vec::new() }
        }

        /// The system answers so from now on; `seconds` pass.
        fn after(&mut self, seconds: u32, answer: Result<&[Row], u32>) -> Duration {
            *self.now.lock().unwrap() = answer.map(<[Row]>::to_vec);
            self.tick.steady += Duration::from_secs(u64::from(seconds));
            self.tick.time = self.tick.time.plus(i64::from(seconds) * 1000);
            let (engine, inventories) = (&mut self.engine, &mut self.inventories);
            self.sampler.poll(self.tick, &mut |envelope| {
                assert_eq!((envelope.source, envelope.heard), (SourceId(7), self.tick.time));
                if let Payload::Inventory(items) = &envelope.payload {
                    inventories.push(items.clone());
                }
                engine.take(envelope);
            })
        }

        /// Seconds since eight o'clock, bytes, and allocations less frees.
        fn history(&self, tag: [u8; 4]) -> Vec<(i64, f64, f64)> {
            let Some(history) = self.engine.timeline().tag(tag) else { return Vec::new() };
            let eight = Time::from_ymd_hms(2026, 11, 21, 8, 0, 0).unwrap();
            let of = |(time, bytes): &(Time, f64)| {
                (time.since(eight) / 1000, *bytes, history.outstanding.at(*time).map_or(0.0, |(_, n)| n))
            };
            history.bytes.upto(Time::MAX).iter().map(of).collect()
        }
    }

    const XYZ: Row = (*b"Xyz ", 397, 390, 8456);

    #[test]
    fn listings_come_every_ten_seconds_and_are_records() {
        let mut rig = Rig::new(&[]);
        assert_eq!(rig.after(0, Ok(&[XYZ])), EVERY);
        assert_eq!(rig.after(4, Ok(&[XYZ])), Duration::from_secs(6));
        // A tag appears, and a count wraps around 32 bits.
        assert_eq!(rig.after(6, Ok(&[(*b"Xyz ", 5, 0xFFFF_FFF0, 8500), (*b"Late", 4, 2, 64)])), EVERY);
        assert_eq!(rig.history(*b"Xyz "), [(0, 8456.0, 7.0), (10, 8500.0, 21.0)]);
        assert_eq!(rig.history(*b"Late"), [(10, 64.0, 2.0)]);
        let source = &rig.engine.sources()[&SourceId(7)];
        assert_eq!((source.records, source.malformed, source.has_file, source.name().as_str()), (3, 0, false, "pool-tags.txt"));
        let used = rig.engine.timeline().counter(crate::timeline::POOL_USED).unwrap().at(Time::MAX).unwrap();
        assert!((used.1 - 114_294_784.0).abs() < 1.0);
        assert_eq!(rig.inventories.len(), 1, "told once: {:?}", rig.inventories);
    }

    #[test]
    fn a_call_that_fails_is_told_and_its_return_too() {
        let mut rig = Rig::new(&[]);
        rig.after(0, Ok(&[XYZ]));
        assert_eq!(rig.after(10, Err(0xC000_009A)), EVERY);
        rig.after(10, Err(0xC000_009A));
        rig.after(10, Ok(&[(*b"Xyz ", 400, 390, 9000)]));
        assert_eq!(rig.history(*b"Xyz "), [(0, 8456.0, 7.0), (30, 9000.0, 10.0)]);
        let told: Vec<bool> = rig.inventories.iter().map(|items| matches!(items[0].outcome, Outcome::Found { .. })).collect();
        assert_eq!(told, [true, false, true]);
    }

    #[test]
    fn a_system_without_pool_tags_is_asked_once_and_has_no_log() {
        let mut rig = Rig::new(&[]);
        assert_eq!(rig.after(0, Err(0xC000_0003)), NEVER);
        assert!(rig.engine.sources().is_empty());
        assert!(matches!(rig.inventories[..], [ref items] if matches!(items[0].outcome, Outcome::Missing { .. })));
    }

    #[test]
    fn a_tag_twice_in_the_table_is_one_row() {
        let mut rig = Rig::new(&[]);
        rig.after(0, Ok(&[XYZ, XYZ]));
        assert_eq!(rig.history(*b"Xyz "), [(0, 16_912.0, 14.0)]);
    }

    #[test]
    fn what_nothing_names_and_is_great_is_to_be_searched_for() {
        let mut rig = Rig::new(&[*b"Mine"]);
        let tags: [Row; 4] = [XYZ, (*b"Mine", 2, 1, 64), (*b"UlHC", 2, 1, 64), (*b"None", 2, 2, 0)];
        rig.after(0, Ok(&tags));
        assert_eq!(rig.sampler.unnamed().iter().collect::<Vec<_>>(), [b"Xyz "]);
        rig.sampler.searched(Item::found(Topic::PoolTags, "drivers of pool tags", "1 of 1", "drivers"));
        rig.after(1, Ok(&tags));
        assert_eq!(rig.engine.moment(Time::MAX).inventory.len(), 2);
    }
}
