//! The vitals of this machine, on any system: processors, available memory, free space where the logs lie. They are named as Windows
//! names them, so that they are the same series wherever they were sampled.

mod processor;
mod volume;

use std::collections::BTreeSet;
use std::path::PathBuf;

use sysinfo::{MemoryRefreshKind, System};

use super::csv::Reading;
use super::{Sample, Sampler};
use crate::engine::Health;
use crate::inventory::{Item, Topic};
use crate::sources::clock::Tick;
use processor::Processor;
use volume::Volume;

const PROCESSOR: &str = r"\Processor(_Total)\% Processor Time";
const MEMORY: &str = r"\Memory\Available Bytes";

/// Samples the vitals. Nothing else is asked of the system: no processes, no volumes without logs.
pub struct Vitals {
    /// `None` on a system that sysinfo does not know.
    system: Option<System>,
    has_memory: bool,
    folders: Vec<PathBuf>,
    volumes: Option<BTreeSet<Volume>>,
    processor: Processor,
}

impl Vitals {
    /// Samples the free space of the volumes that hold `folders`, and the available memory if nobody else does.
    #[must_use]
    pub fn new(folders: &[PathBuf], has_memory: bool) -> Self {
        let folders = folders.iter().map(|folder| std::path::absolute(folder).unwrap_or_else(|_| folder.clone())).collect();
        Self { system: System::new().ok(), has_memory, folders, volumes: None, processor: Processor::new() }
    }

    fn memory(&mut self) -> Option<f64> {
        let system = self.system.as_mut()?;
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let bytes = system.available_memory();
        #[expect(clippy::cast_precision_loss, reason = "bytes of memory, far below 2^52")]
        (system.total_memory() > 0).then_some(bytes as f64)
    }

    /// The volumes are told once, by this thread: a folder may be slow to tell its own.
    fn volumes(&mut self) -> Vec<Reading> {
        let folders = &self.folders;
        let volumes = self.volumes.get_or_insert_with(|| folders.iter().filter_map(|folder| Volume::of(folder)).collect());
        let free = |volume: &Volume| {
            #[expect(clippy::cast_precision_loss, reason = "bytes of a disk, far below 2^52")]
            let megabytes = volume.free().map(|bytes| bytes as f64 / 1_048_576.0);
            Reading::new(format!("\\LogicalDisk({})\\Free Megabytes", volume.instance()), megabytes)
        };
        volumes.iter().map(free).collect()
    }
}

impl Sampler for Vitals {
    fn sample(&mut self, tick: Tick) -> Sample {
        let mut readings = vec![Reading::new(PROCESSOR, self.processor.look())];
        if self.has_memory {
            let memory = self.memory();
            readings.push(Reading::new(MEMORY, memory));
        }
        readings.extend(self.volumes());
        let found = |reading: &Reading| Item::found(Topic::Counters, &reading.path, "sampled every 2 s", "this machine");
        let items = readings.iter().map(found).collect();
        Sample { time: Some(tick.time), readings, items, health: Health::Following }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory_and_after_the_first_sample_processors_too() {
        let mut vitals = Vitals::new(&[std::env::temp_dir()], true);
        let first = vitals.sample(Tick::default());
        assert_eq!(first.readings[0].path, PROCESSOR);
        assert!(first.readings[1].value.unwrap() > 1e6, "{first:?}");
        assert!(first.readings.len() > 2 && first.readings[2].value.unwrap() > 0.0, "{first:?}");
        // The processors are told once some time has passed.
        let told = std::iter::repeat_with(|| vitals.sample(Tick::default())).find_map(|sample| sample.readings[0].value);
        assert!((0.0..=100.0).contains(&told.unwrap()), "{told:?}");
        let alone = Vitals::new(&[], false).sample(Tick::default());
        assert_eq!(alone.readings.len(), 1);
    }
}
