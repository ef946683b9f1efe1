//! Altiris Notification Server, later Symantec Management Platform: its logs, and how many requests it serves at once.

use super::configuration::{self, Taken};
use super::{Got, Search, registered};
use crate::formats::Kind;
use crate::formats::core_settings::{CONFIG_SLOTS, PACKAGE_SLOTS};
use crate::inventory::Topic;

/// Its `InstallPath` is what a tool of the vendor's people reads, for 7 and later.
const KEY: &str = r"SOFTWARE\Altiris\eXpress\Notification Server";
/// Settings of type `registry` are under this key.
const EXPRESS: &str = r"SOFTWARE\Altiris\eXpress";
const SETTINGS: &str = "CoreSettings.config";
const LOG: &str = "Notification Server log";

pub(super) fn find(search: &mut Search<'_>) {
    let install = installed(search);
    let data = search.machine.env("ProgramData").unwrap_or_else(|| format!(r"{}\ProgramData", search.drive()));
    let platform = format!(r"{data}\Symantec\SMP");
    // KB 171848 for 7 and later; what is installed with NS 6 is believed.
    let mut logs = vec![(format!(r"{platform}\Logs"), String::from("usual place"))];
    logs.extend(install.iter().map(|(folder, origin)| (format!(r"{folder}\Logs"), origin.clone())));
    follow(search, logs);
    // KB 181606 for 8, KB 179828 for 6.
    let mut files = vec![(format!(r"{platform}\Settings\{SETTINGS}"), String::from("usual place"))];
    files.extend(install.into_iter().map(|(folder, origin)| (format!(r"{folder}\Config\{SETTINGS}"), origin)));
    slots(search, files);
}

/// The folders that it may be installed in, and what says so.
fn installed(search: &mut Search<'_>) -> Vec<(String, String)> {
    let usual =
        search.programs().into_iter().map(|programs| (format!(r"{programs}\Altiris\Notification Server"), "usual place".into()));
    let mut folders: Vec<(String, String)> = search.folder(Topic::Ns, KEY, "InstallPath").into_iter().collect();
    for (folder, origin) in usual {
        if !folders.iter().any(|(known, _)| known.eq_ignore_ascii_case(&folder)) {
            folders.push((folder, origin));
        }
    }
    folders
}

/// Follows the logs themselves: the folder of those that were put away is beside them.
fn follow(search: &mut Search<'_>, places: Vec<(String, String)>) {
    let (absent, there): (Vec<_>, Vec<_>) =
        places.into_iter().partition(|(folder, _)| matches!(search.list(folder), Got::Absent));
    if there.is_empty() {
        search.missing(Topic::Ns, LOG, absent.into_iter().map(|(folder, _)| folder));
    }
    for (folder, origin) in there {
        search.logs(Topic::Ns, LOG, &folder, r"\*.log", &origin);
    }
}

fn slots(search: &mut Search<'_>, places: Vec<(String, String)>) {
    let mut told = false;
    for (path, origin) in &places {
        match configuration::take(search, path, Kind::CoreSettings) {
            Got::There(taken) => {
                search.found(Topic::Ns, SETTINGS, path.as_str(), origin.as_str());
                search.file(path);
                taken.tell_faults(search, Topic::Ns, SETTINGS);
                return values(search, &taken);
            }
            Got::Denied => search.denied(Topic::Ns, SETTINGS, path, false),
            Got::Failed(why) => search.remark(Topic::Ns, SETTINGS, format!("{path} cannot be read: {why}")),
            Got::Absent => continue,
        }
        told = true;
    }
    if !told {
        search.missing(Topic::Ns, SETTINGS, places.into_iter().map(|(path, _)| path));
    }
}

/// The slots that the file sets, or the registry in its place.
fn values(search: &mut Search<'_>, taken: &Taken) {
    let settings = &taken.settings;
    for (name, value) in [(CONFIG_SLOTS, settings.config_slots), (PACKAGE_SLOTS, settings.package_slots)] {
        let over = settings.overridden.iter().find(|over| over.setting == name);
        let over = over.and_then(|over| search.registry(Topic::Ns, &format!(r"{EXPRESS}\{}", over.key), &over.value));
        let limit = over.as_ref().and_then(registered);
        match (&limit, value) {
            (Some(limit), _) => search.found(Topic::Ns, name, limit.value.to_string(), limit.origin.as_str()),
            (None, Some(value)) => search.found(Topic::Ns, name, value.to_string(), SETTINGS),
            (None, None) => {}
        }
        let found = &mut search.out.found;
        *(if name == CONFIG_SLOTS { &mut found.config_slots } else { &mut found.package_slots }) = limit;
    }
}
