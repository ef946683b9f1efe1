//! HTTP.sys: where it writes its error log, whether it does, and under how much memory it refuses connections
//! ("Error logging in HTTP API", KB 820129, KB 934878).

use super::Search;
use crate::inventory::Topic;
use crate::limits::Limit;

const PARAMETERS: &str = r"SYSTEM\CurrentControlSet\Services\HTTP\Parameters";
/// The columns without which a refusal is not told from others, and what they are called.
const NEEDED: [(u64, &str); 3] = [(0x3, "date and time"), (0x400, "sc-status"), (0x200_0000, "s-reason")];
/// To have the service take over what changed in the registry.
const RESTART: &str = "net stop http /y & net start http (this stops IIS, too)";

pub(super) fn find(search: &mut Search<'_>) {
    let set = search.folder(Topic::HttpSys, PARAMETERS, "ErrorLoggingDir");
    let (parent, origin) = match set {
        Some((folder, place)) => (local(search, &folder), place),
        None => (format!(r"{}\System32\LogFiles", search.windows()), String::from("default")),
    };
    // By size httperr1.log, by time ht091012.log; a pattern for the one would fit the other as well: the folder is followed.
    let by_time = search.number(Topic::HttpSys, PARAMETERS, "ErrorLoggingRolloverType").is_some_and(|(kind, _)| kind != 0);
    let what = if by_time { "HTTPERR (ht*.log)" } else { "HTTPERR (httperr*.log)" };
    let folder = format!(r"{parent}\HTTPERR");
    if search.out.roots.is_empty() {
        search.logs(Topic::HttpSys, what, &folder, "", &origin);
    } else {
        // Where there are sites there may be errors to come.
        search.logs_to_come(Topic::HttpSys, what, &folder, &origin);
    }
    if let Some((0, place)) = search.number(Topic::HttpSys, PARAMETERS, "EnableErrorLogging") {
        let fix = format!("reg add \"HKLM\\{PARAMETERS}\" /v EnableErrorLogging /t REG_DWORD /d 1 /f, then {RESTART}");
        let remark = format!("{place} is 0: refused connections and full queues are written down nowhere. To turn it on: {fix}");
        search.remark(Topic::HttpSys, "HTTPERR", remark);
    }
    fields(search);
    memory(search);
    if let Some((most, place)) = search.number(Topic::HttpSys, PARAMETERS, "MaxConnections") {
        search.found(Topic::HttpSys, "MaxConnections of all sites", most.to_string(), place);
    }
}

/// A folder as drivers may name it: `\??\D:\Logs`, `\SystemRoot\Logs`.
fn local(search: &Search<'_>, folder: &str) -> String {
    let folder = [r"\??\", r"\\?\"].iter().find_map(|prefix| folder.strip_prefix(prefix)).unwrap_or(folder);
    let root = r"\SystemRoot\";
    match folder.split_at_checked(root.len()) {
        Some((head, rest)) if head.eq_ignore_ascii_case(root) => format!(r"{}\{rest}", search.windows()),
        _ => folder.to_owned(),
    }
}

fn fields(search: &mut Search<'_>) {
    let Some((fields, place)) = search.number(Topic::HttpSys, PARAMETERS, "ErrorLoggingFields") else { return };
    let lacking: Vec<&str> = NEEDED.iter().filter(|(bits, _)| fields & bits != *bits).map(|(_, name)| *name).collect();
    if !lacking.is_empty() {
        let lacking = lacking.join(", ");
        let remark =
            format!("{place} is 0x{fields:X}: HTTPERR lacks {lacking}. To have the default again, delete it, then {RESTART}");
        search.remark(Topic::HttpSys, "HTTPERR", remark);
    }
}

fn memory(search: &mut Search<'_>) {
    let what = "refuses connections under";
    match search.number(Topic::HttpSys, PARAMETERS, "EnableAggressiveMemoryUsage") {
        Some((1.., place)) => {
            search.out.found.pool_cutoff = Some(Limit::new(8 << 20, "EnableAggressiveMemoryUsage"));
            search.found(Topic::HttpSys, what, "8 MB of available non-paged pool", place);
        }
        _ => search.found(Topic::HttpSys, what, "20 MB of available non-paged pool", "default"),
    }
}
