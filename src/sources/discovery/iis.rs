//! IIS: which configuration is in force, and the limits that it sets. What is logged where is in `logging`.

use super::configuration::{self, Taken};
use super::{Got, Search, logging};
use crate::formats::Kind;
use crate::inventory::Topic;
use crate::limits::{DEFAULT_APP_LIMIT, DEFAULT_QUEUE_LENGTH, Settings};

const HOST: &str = "applicationHost.config";
const METABASE: &str = "MetaBase.xml";
const REDIRECTION: &str = "redirection.config";
/// Connections of a site that has no limit.
const UNLIMITED: u64 = 0xFFFF_FFFF;

/// A configuration and what to call it.
pub(super) struct Configured {
    pub settings: Settings,
    pub origin: String,
    /// It is broken or old: there may be sites that it does not tell of.
    pub partial: bool,
}

pub(super) fn find(search: &mut Search<'_>) {
    let inetsrv = format!(r"{}\System32\inetsrv", search.windows());
    match application_host(search, &inetsrv).or_else(|| metabase(search, &inetsrv)) {
        Some(configured) => {
            logging::sites(search, &configured);
            if configured.partial {
                logging::usual(search);
            }
            limits(search, &configured);
        }
        None => logging::usual(search),
    }
}

/// The configuration of IIS 7.0 and later: where redirection.config leads, else the usual place; else the newest copy.
fn application_host(search: &mut Search<'_>, inetsrv: &str) -> Option<Configured> {
    let usual = format!(r"{inetsrv}\config");
    let (folder, origin) = redirected(search, &usual).unwrap_or_else(|| (usual.clone(), String::from("usual place")));
    let path = format!(r"{folder}\{HOST}");
    let is_redirected = folder != usual;
    match configuration::take(search, &path, Kind::ApplicationHost) {
        Got::There(taken) => return Some(in_force(search, taken, HOST, &origin)),
        Got::Absent if !is_redirected => return None,
        Got::Absent => search.missing(Topic::Iis, HOST, [format!("{path} ({origin})")]),
        Got::Denied => search.denied(Topic::Iis, HOST, &path, false),
        Got::Failed(why) => search.remark(Topic::Iis, HOST, format!("{path} cannot be read: {why}")),
    }
    copy(search)
}

/// Where redirection.config leads, if it does, and that it says so.
fn redirected(search: &mut Search<'_>, usual: &str) -> Option<(String, String)> {
    let path = format!(r"{usual}\{REDIRECTION}");
    match search.read(&path) {
        Got::There(bytes) => {
            let folder = search.expand(&configuration::redirection(&bytes)?);
            Some((folder.trim_end_matches('\\').to_owned(), path))
        }
        Got::Absent => None,
        Got::Denied => {
            search.denied(Topic::Iis, REDIRECTION, &path, false);
            None
        }
        Got::Failed(why) => {
            search.remark(Topic::Iis, REDIRECTION, format!("{path} cannot be read: {why}"));
            None
        }
    }
}

/// The newest copy that the Application Host Helper Service has put away. Their numbers grow.
fn copy(search: &mut Search<'_>) -> Option<Configured> {
    let history = format!(r"{}\inetpub\history", search.drive());
    let Got::There(names) = search.list(&history) else { return None };
    let number = |name: &str| {
        let (head, number) = name.split_at_checked("CFGHISTORY_".len())?;
        head.eq_ignore_ascii_case("CFGHISTORY_").then(|| number.parse::<u64>().ok())?
    };
    let mut copies: Vec<(u64, &String)> = names.iter().filter_map(|name| Some((number(name)?, name))).collect();
    copies.sort_unstable_by(|a, b| b.cmp(a));
    for (_, name) in copies {
        let path = format!(r"{history}\{name}\{HOST}");
        if let Got::There(taken) = configuration::take(search, &path, Kind::ApplicationHost) {
            let origin = format!("a copy of {HOST}: {name}");
            search.out.copy = Some(origin.clone());
            let configured =
                in_force(search, taken, &origin, "the newest copy that can be read: what has changed since is not known");
            return Some(Configured { partial: true, ..configured });
        }
    }
    None
}

/// The configuration of IIS 6.
fn metabase(search: &mut Search<'_>, inetsrv: &str) -> Option<Configured> {
    let path = format!(r"{inetsrv}\{METABASE}");
    match configuration::take(search, &path, Kind::MetaBase) {
        // The compatible metabase of IIS 7.0 and later is there for FTP and mail, and has no site.
        Got::There(taken) if taken.settings.sites.is_empty() => {}
        Got::There(taken) => return Some(in_force(search, taken, METABASE, "usual place")),
        Got::Denied => {
            search.denied(Topic::Iis, METABASE, &path, false);
            return None;
        }
        Got::Failed(why) => {
            search.remark(Topic::Iis, METABASE, format!("{path} cannot be read: {why}"));
            return None;
        }
        Got::Absent => {}
    }
    // What is there and cannot be read has been told already.
    if !search.out.inventory.iter().any(|item| item.topic == Topic::Iis && item.what == HOST) {
        search.missing(Topic::Iis, "IIS configuration", [format!(r"{inetsrv}\config\{HOST}"), path]);
    }
    None
}

fn in_force(search: &mut Search<'_>, taken: Taken, what: &str, origin: &str) -> Configured {
    search.found(Topic::Iis, what, taken.path.as_str(), origin);
    search.file(&taken.path);
    taken.tell_faults(search, Topic::Iis, what);
    let partial = taken.is_broken();
    Configured { settings: taken.settings, origin: what.to_owned(), partial }
}

fn limits(search: &mut Search<'_>, configured: &Configured) {
    let Configured { settings, origin, .. } = configured;
    let what = "appConcurrentRequestLimit";
    if settings.iis6 {
        let remark = "IIS 6 has none: all requests of an application pool, waiting and running, count against its AppPoolQueueLength \
                      (KB 816995)";
        search.remark(Topic::Iis, what, remark);
    } else if !settings.app_limits.iter().any(|limit| limit.path.is_empty()) {
        search.found(Topic::Iis, what, DEFAULT_APP_LIMIT.to_string(), "default");
    }
    for limit in &settings.app_limits {
        let of = if limit.path.is_empty() { what.to_owned() } else { format!("{what} of {}", limit.path) };
        search.found(Topic::Iis, &of, limit.limit.to_string(), origin.as_str());
    }
    let what = if settings.iis6 { "AppPoolQueueLength" } else { "queueLength" };
    match settings.default_queue_length {
        Some(length) => search.found(Topic::Iis, what, length.to_string(), origin.as_str()),
        None => search.found(Topic::Iis, what, DEFAULT_QUEUE_LENGTH.to_string(), "default"),
    }
    for pool in &settings.pools {
        if let Some(length) = pool.queue_length {
            search.found(Topic::Iis, &format!("{what} of pool {}", pool.name), length.to_string(), origin.as_str());
        }
    }
    for site in &settings.sites {
        if let Some(most) = site.max_connections.filter(|most| *most < UNLIMITED) {
            search.found(Topic::Iis, &format!("maxConnections of {}", site.name), most.to_string(), origin.as_str());
        }
    }
}
