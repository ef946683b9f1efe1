//! Reading finished files: one after the other as envelopes, or all at once, by as many threads as there are processors.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::ahead::{Joint, Wanted};
use super::parts::{Cut, Stretch, Work};
use super::{Input, Recording};
use crate::engine::part::{End, Part};
use crate::engine::{Engine, Envelope, Opened, Payload};
use crate::record::SourceId;
use crate::sources::shelf::{Place, Shelf};
use crate::time::{Time, Zone};

/// What comes of files that are loaded: in any order, but for what the settings say, which comes first.
pub enum Piece {
    /// What some parts of the logs hold, of so many bytes.
    Found(Box<Engine>, u64),
    /// All parts of a log have come: what its end tells.
    Ended(SourceId, End),
    /// What is said besides.
    Told(Envelope),
    /// What has come was read wrongly, since a log was begun ahead of where it says how to read it: everything comes again.
    Over,
}

/// How files are loaded.
pub struct How<'a> {
    /// Makes an engine that knows what was given.
    pub new_engine: &'a (dyn Fn() -> Engine + Sync),
    /// Bytes read so far.
    pub read: &'a AtomicU64,
    /// How the work is cut up.
    pub cut: Cut,
    /// What happened from then on comes first, and then what was written last: logs that end before are read onwards.
    pub first: Option<Time>,
}

impl Recording {
    /// Hands on everything as envelopes, one file after the other, and puts the files on the shelf. `send` answers whether to go on.
    pub fn play_into(&self, zone: Zone, places: &Shelf, heard: Time, send: &mut dyn FnMut(Envelope) -> bool) {
        for envelope in self.told(heard) {
            if !send(envelope) {
                return;
            }
        }
        for (source, input) in self.ids() {
            places.put(source, input.shelved());
            if !input.play_into(source, zone, heard, send) {
                return;
            }
        }
    }

    /// The files and their numbers.
    fn ids(&self) -> impl Iterator<Item = (SourceId, &Input)> {
        self.inputs.iter().enumerate().map(|(i, input)| (SourceId(u32::try_from(i).unwrap_or(u32::MAX)), input))
    }

    /// What manifests tell beside the logs.
    fn told(&self, heard: Time) -> impl Iterator<Item = Envelope> {
        let machine = self.manifest.iter().map(|manifest| Payload::Inventory(manifest.machine.clone()));
        let gaps = self.gaps.iter().cloned().map(Payload::Gap);
        machine.chain(gaps).map(move |payload| Envelope { heard, source: SourceId(0), payload })
    }

    /// Reads everything at once, on all processors.
    pub fn load(&self, zone: Zone, places: &Shelf, new_engine: &(dyn Fn() -> Engine + Sync)) -> Engine {
        self.load_counting(zone, places, new_engine, &AtomicU64::new(0))
    }

    /// The same; `read` counts the bytes that have been read so far.
    pub fn load_counting(
        &self,
        zone: Zone,
        places: &Shelf,
        new_engine: &(dyn Fn() -> Engine + Sync),
        read: &AtomicU64,
    ) -> Engine {
        self.load_as(zone, places, &How { new_engine, read, cut: Cut::default(), first: None })
    }

    /// The same; the work is done as told.
    pub fn load_as(&self, zone: Zone, places: &Shelf, how: &How<'_>) -> Engine {
        let pieces = Mutex::new(Vec::new());
        self.load_into(zone, places, how, &|piece| {
            let mut pieces = pieces.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(piece, Piece::Over) {
                pieces.clear();
            } else {
                pieces.push(piece);
            }
            true
        });
        let mut engine = (how.new_engine)();
        for piece in pieces.into_inner().unwrap_or_else(PoisonError::into_inner) {
            match piece {
                Piece::Found(found, _) => engine.merge_by(*found, &|shares| shares.into_par_iter().for_each(|share| share())),
                Piece::Ended(source, end) => engine.end_parts(source, &end),
                Piece::Told(envelope) => engine.take(envelope),
                Piece::Over => {}
            }
        }
        engine
    }

    /// Reads everything at once, on all processors, puts the files on the shelf, and hands on piece by piece what comes of it.
    /// `hand_on` is called by any thread, and answers whether to go on.
    pub fn load_into(&self, zone: Zone, places: &Shelf, how: &How<'_>, hand_on: &(dyn Fn(Piece) -> bool + Sync)) {
        for (source, input) in self.ids() {
            places.put(source, input.shelved());
        }
        let wanted = how.first.map(Wanted::Since);
        let joints: BTreeMap<SourceId, Vec<Joint>> =
            self.ids().filter_map(|(id, input)| Some((id, Joint::all(input, zone, how.cut, wanted?)?))).collect();
        if self.load_from(&joints, zone, how, hand_on) == Sure::No && hand_on(Piece::Over) {
            how.read.store(0, Ordering::Relaxed);
            self.load_from(&BTreeMap::new(), zone, how, hand_on);
        }
    }

    fn load_from(
        &self,
        joints: &BTreeMap<SourceId, Vec<Joint>>,
        zone: Zone,
        how: &How<'_>,
        hand_on: &(dyn Fn(Piece) -> bool + Sync),
    ) -> Sure {
        let mut engine = (how.new_engine)();
        self.told(Time::MIN).for_each(|envelope| engine.take(envelope));
        let mut bytes = 0;
        for (source, input) in self.ids().filter(|(_, input)| input.is_settings()) {
            bytes += input.size;
            input.play_into(source, zone, Time::MIN, &mut |envelope| {
                engine.take(envelope);
                true
            });
        }
        let settings = engine.limits().settings.clone();
        if !hand_on(Piece::Found(Box::new(engine), bytes)) {
            return Sure::Yes;
        }
        let new_engine = || {
            let mut engine = (how.new_engine)();
            engine.settings(&settings);
            engine
        };
        let logs = self.ids().filter(|(_, input)| !input.is_settings());
        let mut stretches: Vec<Stretch<'_>> =
            logs.flat_map(|log| Stretch::all(log, joints.get(&log.0).into_iter().flatten(), None)).collect();
        if how.first.is_some() {
            // Ends that are wanted come before all else, then what was written last.
            let is_wanted = |stretch: &Stretch<'_>| stretch.begin.is_some() && stretch.end.is_none();
            stretches.sort_by_key(|stretch| Reverse((is_wanted(stretch), stretch.input.modified)));
        }
        let work = Work::new(&stretches, zone, (how.cut, how.read), hand_on);
        rayon::broadcast(|_| work.share(&new_engine));
        let Some(ends) = work.finish() else { return Sure::No };
        let ended = ends.into_iter().map(|(source, end)| Piece::Ended(source, end));
        let damaged = self.ids().filter_map(|(source, input)| {
            let why = input.damage().filter(|_| input.written.is_none())?;
            Some(Piece::Told(Envelope { heard: Time::MIN, source, payload: Payload::Damaged(why.to_owned()) }))
        });
        _ = ended.chain(damaged).all(hand_on);
        Sure::Yes
    }
}

/// Reads what stands in a log before the place where it was begun, on all processors: first what happened in so many milliseconds
/// before, then what was written last. `file` is of the loader alone.
pub fn load_before(
    (source, opened, part): (SourceId, &Opened, &Part),
    (file, last): (&Arc<File>, i64),
    how: &How<'_>,
    hand_on: &(dyn Fn(Piece) -> bool + Sync),
) {
    let end = Joint { offset: part.offset, kind: part.kind, preamble: part.preamble.clone() };
    let input = &Input::new(opened.path.clone(), Place::Open(Arc::clone(file)), part.offset, opened.hints.modified);
    let middle = Joint::find(file, part.offset, opened.hints.clone(), Wanted::Last(last));
    let back = middle.as_ref().unwrap_or(&end).back(file, opened.hints.clone(), how.cut);
    let stretches: Vec<_> = Stretch::all((source, input), middle.iter().chain(&back), Some(&end)).collect();
    let work = Work::new(&stretches, opened.hints.zone, (how.cut, how.read), hand_on);
    rayon::broadcast(|_| work.share(how.new_engine));
    match work.finish() {
        Some(ends) => _ = ends.into_iter().map(|(source, end)| Piece::Ended(source, end)).all(hand_on),
        None => _ = hand_on(Piece::Over),
    }
}

/// Whether what was handed on can be relied on.
#[derive(PartialEq, Eq)]
enum Sure {
    Yes,
    No,
}
