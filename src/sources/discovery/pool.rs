//! What the kernel's non-paged pool can grow to. Windows tells it nowhere: it follows from the release, its width and the memory
//! ("Memory Limits for Windows and Windows Server Releases").

use super::bytes;
use crate::limits::Limit;
use crate::sources::machine::System;

const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;

/// The release as people call it.
pub(super) fn release(system: &System) -> String {
    let Some((major, minor, build)) = system.windows else { return String::from("no Windows") };
    let name = match (major, minor, system.server) {
        (5, 1, _) => "Windows XP",
        (5, 2, _) => "Server 2003",
        (6, 0, true) => "Server 2008",
        (6, 0, false) => "Windows Vista",
        (6, 1, true) => "Server 2008 R2",
        (6, 1, false) => "Windows 7",
        (6, 2, true) => "Server 2012",
        (6, 2, false) => "Windows 8",
        (6, 3, true) => "Server 2012 R2",
        (6, 3, false) => "Windows 8.1",
        (10, 0, true) => match build {
            ..17_000 => "Server 2016",
            17_000..20_000 => "Server 2019",
            20_000..25_000 => "Server 2022",
            25_000..27_000 => "Server 2025",
            _ => "Windows Server",
        },
        (10, 0, false) if build >= 22_000 => "Windows 11",
        (10, 0, false) => "Windows 10",
        _ => return format!("Windows {major}.{minor}"),
    };
    name.to_owned()
}

/// The maximum, always said to be computed. `three_gb`: the system was started with /3GB or a larger share of addresses for programs.
///
/// # Errors
/// Says why nobody can tell.
pub(super) fn maximum(system: &System, three_gb: bool) -> Result<Limit, String> {
    let Some((major, minor, _)) = system.windows else { return Err(String::from("this is no Windows")) };
    let release = release(system);
    if system.memory == 0 {
        return Err(String::from("Windows does not tell its memory"));
    }
    let memory = system.memory;
    let share = |percent: u64| u64::try_from(u128::from(memory) * u128::from(percent) / 100).unwrap_or(u64::MAX);
    let computed = |value: u64, how: &str| Ok(Limit::new(value, format!("computed: {how}, {release}")));
    let of_memory = |percent: u64, most: u64, width: &str| {
        let value = share(percent).min(most);
        let how = match percent {
            100 => format!("all of {}", bytes(memory)),
            _ => format!("{percent} % of {}", bytes(memory)),
        };
        let capped = if share(percent) > most { format!(", at most {}", bytes(most)) } else { String::new() };
        computed(value, &format!("{how}{capped}{width}"))
    };
    match ((major, minor), system.system_64) {
        ((..=5, _), true) => Err(format!("no documentation says it for 64-bit {release}")),
        ((..=5, _), false) if memory <= 1229 * MB => {
            Err(format!("with {} of memory it is somewhere between 32 and 256 MB, {release}", bytes(memory)))
        }
        ((..=5, _), false) if three_gb => computed(128 * MB, "128 MB with /3GB"),
        ((..=5, _), false) => computed(256 * MB, "256 MB without /3GB"),
        ((6, 0), true) if !system.server => of_memory(40, 128 * GB, ""),
        ((6, 0 | 1), true) => of_memory(75, 128 * GB, ""),
        ((6, 2), true) => of_memory(100, 128 * GB, ""),
        ((6, 2), false) => of_memory(75, 2 * GB, ", 32-bit"),
        ((6.., _), true) => of_memory(100, 16 << 40, ""),
        ((6.., _), false) => {
            Err(format!("32-bit {release} limits it by the kernel's addresses, which differ from start to start"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: (u32, u32, u32), system_64: bool, memory: u64, three_gb: bool) -> String {
        let system = System { windows: Some(version), server: true, system_64, memory, ..System::default() };
        maximum(&system, three_gb).map_or_else(|why| format!("unknown: {why}"), |limit| limit.to_string())
    }

    #[test]
    fn the_maximum_follows_from_release_width_and_memory() {
        // The server of the article of 2007: 128 MB less the 109 MB in use leave less than 20 MB.
        assert_eq!(of((5, 2, 3790), false, 4 * GB, true), format!("{} (computed: 128 MB with /3GB, Server 2003)", 128 * MB));
        assert_eq!(of((5, 2, 3790), false, 4 * GB, false), format!("{} (computed: 256 MB without /3GB, Server 2003)", 256 * MB));
        assert_eq!(of((6, 1, 7601), true, 16 * GB, false), format!("{} (computed: 75 % of 16 GB, Server 2008 R2)", 12 * GB));
        let most = "computed: 75 % of 256 GB, at most 128 GB, Server 2008 R2";
        assert_eq!(of((6, 1, 7601), true, 256 * GB, false), format!("{} ({most})", 128 * GB));
        assert_eq!(of((6, 2, 9200), true, 8 * GB, false), format!("{} (computed: all of 8 GB, Server 2012)", 8 * GB));
        assert_eq!(of((10, 0, 20348), true, 64 * GB, false), format!("{} (computed: all of 64 GB, Server 2022)", 64 * GB));
    }

    #[test]
    fn where_nobody_can_tell_it_says_why() {
        assert!(of((5, 2, 3790), true, 8 * GB, false).starts_with("unknown: no documentation says it for 64-bit Server 2003"));
        assert!(of((5, 2, 3790), false, GB, true).starts_with("unknown: with 1 GB of memory"));
        assert!(
            of((6, 0, 6002), false, 4 * GB, true).starts_with("unknown: 32-bit Server 2008 limits it by the kernel's addresses")
        );
        assert!(of((10, 0, 20348), true, 0, false).starts_with("unknown: Windows does not tell its memory"));
    }
}
