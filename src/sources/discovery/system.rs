//! Windows itself: its release and memory, what the non-paged pool can grow to, and the names of pool tags.

use super::{Got, Search, bytes, pool};
use crate::inventory::Topic;

/// Names with which a larger share of addresses for programs is asked for when Windows starts: boot.ini's, and bcdedit's.
const LARGER: [&str; 3] = ["3GB", "USERVA", "INCREASEUSERVA"];
const CONTROL: &str = r"SYSTEM\CurrentControlSet\Control";
const MEMORY: &str = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management";

pub(super) fn find(search: &mut Search<'_>) {
    release(search);
    maximum(search);
    tag_names(search);
}

fn release(search: &mut Search<'_>) {
    let system = search.system;
    let Some((major, minor, build)) = system.windows else {
        return search.missing(Topic::System, "Windows", ["this machine"]);
    };
    let width = if system.system_64 { "64-bit" } else { "32-bit" };
    let mut value = format!("{} ({major}.{minor}.{build}), {width}", pool::release(&system));
    if system.memory > 0 {
        value += &format!(", {} of memory", bytes(system.memory));
    }
    search.found(Topic::System, "Windows", value, "Windows");
}

fn maximum(search: &mut Search<'_>) {
    if search.system.windows.is_none() {
        return;
    }
    let three_gb = if search.system.system_64 { None } else { three_gb(search) };
    if let Some(origin) = &three_gb {
        search.found(Topic::System, "/3GB", "programs have more than 2 GB of addresses, the kernel less", origin.as_str());
    }
    let what = "non-paged pool, at most";
    match pool::maximum(&search.system, three_gb.is_some()) {
        Ok(limit) => {
            search.found(Topic::System, what, bytes(limit.value), limit.origin.as_str());
            search.out.found.pool_max = Some(limit);
        }
        Err(why) => search.remark(Topic::System, what, format!("unknown: {why}. If you know it, --pool-max tells it")),
    }
    for name in ["NonPagedPoolLimit", "NonPagedPoolSize"] {
        if let Some((value @ 1.., place)) = search.number(Topic::System, MEMORY, name) {
            let remark =
                format!("{place} is set to {value}, which limits the pool further. If you know by how much, --pool-max tells it");
            search.remark(Topic::System, what, remark);
        }
    }
}

/// Where it says that programs have more than 2 GB of addresses: the options that Windows was started with, then what boot.ini has for
/// the default system, then the addresses that this program has.
fn three_gb(search: &mut Search<'_>) -> Option<String> {
    let asks = |options: &str| {
        options.split([' ', '/', '\t']).any(|option| {
            let name = option.split('=').next().unwrap_or_default();
            LARGER.iter().any(|larger| larger.eq_ignore_ascii_case(name))
        })
    };
    if let Some(options) = search.registry(Topic::System, CONTROL, "SystemStartOptions") {
        return options.value.text().is_some_and(asks).then_some(options.place);
    }
    let path = format!(r"{}\boot.ini", search.drive());
    if let Got::There(text) = search.read(&path) {
        return default_entry(&String::from_utf8_lossy(&text)).is_some_and(asks).then_some(path);
    }
    (search.system.user_range > 0x9000_0000).then(|| String::from("the addresses of this program"))
}

/// The options of the system that boot.ini starts by default.
fn default_entry(text: &str) -> Option<&str> {
    let entries = || text.lines().filter_map(|line| line.split_once('=')).map(|(name, rest)| (name.trim(), rest.trim()));
    let (_, default) = entries().find(|(name, _)| name.eq_ignore_ascii_case("default"))?;
    entries().find(|(name, _)| name.eq_ignore_ascii_case(default)).map(|(_, options)| options)
}

/// pooltag.txt, which comes with the debugging tools.
fn tag_names(search: &mut Search<'_>) {
    let width = if search.system.system_64 { "x64" } else { "x86" };
    let kits = ["10", "8.1", "8.0"].map(|kit| format!(r"Windows Kits\{kit}\Debuggers\{width}"));
    let tools = [format!("Debugging Tools for Windows ({width})")];
    let programs = search.programs();
    // Kits are 32-bit programs, the older tools were not.
    let of = |programs: Option<&String>, folders: &[String]| -> Vec<String> {
        let path = |folder| programs.map(|programs| format!(r"{programs}\{folder}\triage\pooltag.txt"));
        folders.iter().filter_map(path).collect()
    };
    let looked = [of(programs.last(), &kits), of(programs.first(), &tools)].concat();
    for path in &looked {
        let Some((folder, name)) = path.rsplit_once('\\') else { continue };
        if let Got::There(names) = search.list(folder)
            && names.iter().any(|there| there.eq_ignore_ascii_case(name))
        {
            search.found(Topic::PoolTags, "pooltag.txt", path.as_str(), "debugging tools");
            return search.file(path);
        }
    }
    search.missing(Topic::PoolTags, "pooltag.txt", looked);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_entry_of_boot_ini_is_what_counts() {
        let boot = "[boot loader]\r\ntimeout=30\r\ndefault=multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS\r\n[operating systems]\r\n\
                    multi(0)disk(0)rdisk(0)partition(2)\\WINDOWS=\"Spare\" /3GB\r\n\
                    multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS=\"Windows Server 2003\" /fastdetect /USERVA=2900\r\n";
        assert_eq!(default_entry(boot), Some("\"Windows Server 2003\" /fastdetect /USERVA=2900"));
        assert_eq!(default_entry("[boot loader]\r\ndefault=x\r\n"), None);
    }
}
