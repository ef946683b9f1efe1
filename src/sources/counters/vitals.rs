//! The vitals of this machine, on any system: processors, available memory, free space where the logs lie. They are named as Windows
//! names them, so that they are the same series wherever they were sampled.

mod processor;

use std::path::{Path, PathBuf};

use sysinfo::{Disk, DiskRefreshKind, Disks, MemoryRefreshKind, System};

use super::csv::Reading;
use super::{Sample, Sampler};
use crate::engine::Health;
use crate::inventory::{Item, Topic};
use crate::sources::clock::Tick;
use processor::Processor;

const PROCESSOR: &str = r"\Processor(_Total)\% Processor Time";
const MEMORY: &str = r"\Memory\Available Bytes";

/// Samples the vitals. Nothing else is asked of the system: no processes, no disks without logs.
pub struct Vitals {
    /// `None` on a system that sysinfo does not know.
    system: Option<System>,
    has_memory: bool,
    folders: Vec<PathBuf>,
    disks: Option<Vec<Disk>>,
    processor: Processor,
}

impl Vitals {
    /// Samples the free space of the volumes that hold `folders`, and the available memory if nobody else does.
    #[must_use]
    pub fn new(folders: &[PathBuf], has_memory: bool) -> Self {
        let folders = folders.iter().map(|folder| std::path::absolute(folder).unwrap_or_else(|_| folder.clone())).collect();
        Self { system: System::new().ok(), has_memory, folders, disks: None, processor: Processor::new() }
    }

    fn memory(&mut self) -> Option<f64> {
        let system = self.system.as_mut()?;
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let bytes = system.available_memory();
        #[expect(clippy::cast_precision_loss, reason = "bytes of memory, far below 2^52")]
        (system.total_memory() > 0).then_some(bytes as f64)
    }

    /// The disks are listed once; then only those with logs are asked.
    fn disks(&mut self) -> Vec<Reading> {
        let folders = &self.folders;
        let disks = self.disks.get_or_insert_with(|| volumes(folders));
        let free = |disk: &mut Disk| {
            disk.refresh_specifics(DiskRefreshKind::nothing().with_storage());
            #[expect(clippy::cast_precision_loss, reason = "bytes of a disk, far below 2^52")]
            let megabytes = (disk.total_space() > 0).then_some(disk.available_space() as f64 / 1_048_576.0);
            Reading::new(format!("\\LogicalDisk({})\\Free Megabytes", instance(disk.mount_point())), megabytes)
        };
        disks.iter_mut().map(free).collect()
    }
}

/// `C:` of `C:\`; a mount point as it is.
fn instance(mount: &Path) -> String {
    let name = mount.to_string_lossy();
    name.strip_suffix('\\').unwrap_or(&name).to_owned()
}

/// The disks that hold any of the folders.
fn volumes(folders: &[PathBuf]) -> Vec<Disk> {
    let Ok(disks) = Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing()) else { return Vec::new() };
    let mounts: Vec<PathBuf> = disks.iter().map(|disk| disk.mount_point().to_owned()).collect();
    let mut wanted: Vec<usize> = folders.iter().filter_map(|folder| holder(&mounts, folder)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    Vec::from(disks).into_iter().enumerate().filter(|(at, _)| wanted.contains(at)).map(|(_, disk)| disk).collect()
}

/// The place of the mount point that a path lies under: the longest, and of those that lie over each other the last.
fn holder(mounts: &[PathBuf], path: &Path) -> Option<usize> {
    let over = mounts.iter().enumerate().filter(|(_, mount)| path.starts_with(mount));
    over.max_by_key(|(_, mount)| mount.components().count()).map(|(at, _)| at)
}

impl Sampler for Vitals {
    fn sample(&mut self, tick: Tick) -> Sample {
        let mut readings = vec![Reading::new(PROCESSOR, self.processor.look())];
        if self.has_memory {
            let memory = self.memory();
            readings.push(Reading::new(MEMORY, memory));
        }
        readings.extend(self.disks());
        let found = |reading: &Reading| Item::found(Topic::Counters, &reading.path, "sampled every 2 s", "this machine");
        let items = readings.iter().map(found).collect();
        Sample { time: Some(tick.time), readings, items, health: Health::Following }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_lies_on_the_volume_that_is_nearest() {
        let mounts: Vec<PathBuf> = ["/", "/var", "/var/log", "/variable", "/var"].map(PathBuf::from).into();
        let holds = |path: &str| holder(&mounts, Path::new(path));
        assert_eq!(
            [holds("/var/log/a/b.log"), holds("/var/www"), holds("/home/x"), holds("/variant")].map(Option::unwrap),
            [2, 4, 0, 0]
        );
        assert_eq!(holder(&mounts[1..], Path::new("/srv")), None);
        assert_eq!(instance(Path::new("C:\\")), "C:");
        assert_eq!(instance(Path::new("/var/log")), "/var/log");
    }

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
