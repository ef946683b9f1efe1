//! Symantec Endpoint Protection Manager: its log, and whether it runs in IIS at all.

use super::{Got, Search};
use crate::inventory::Topic;
use crate::sources::machine::{View, place};

/// The key and its `TargetDir` and `Version` are those that public inventory scripts read, for SEPM 11 to 14; no page of the vendor
/// names them.
const KEY: &str = r"SOFTWARE\Symantec\Symantec Endpoint Protection\SEPM";
const USUAL: &str = r"Symantec\Symantec Endpoint Protection Manager";
const WHAT: &str = "SEPM log";

pub(super) fn find(search: &mut Search<'_>) {
    let version = search.registry(Topic::Sepm, KEY, "Version");
    let mut looked: Vec<String> = [View::Bits64, View::Bits32].iter().map(|view| place(*view, KEY, "TargetDir")).collect();
    let mut places: Vec<(String, String)> = search.folder(Topic::Sepm, KEY, "TargetDir").into_iter().collect();
    let usual = search.programs().into_iter().map(|programs| (format!(r"{programs}\{USUAL}"), String::from("usual place")));
    places.extend(usual);
    for (folder, origin) in places {
        let logs = format!(r"{folder}\tomcat\logs");
        if let Got::Absent = search.list(&logs) {
            looked.push(logs);
            continue;
        }
        search.logs(Topic::Sepm, WHAT, &logs, "", &origin);
        if let Some(version) = version
            && let Some(text) = version.value.text()
        {
            search.found(Topic::Sepm, "SEPM", text, version.place.as_str());
        }
        return apache(search, &folder);
    }
    search.missing(Topic::Sepm, WHAT, looked);
}

/// SEPM 12.1 and 14 bring a web server of their own (KB 158445).
fn apache(search: &mut Search<'_>, folder: &str) {
    let apache = format!(r"{folder}\apache");
    if let Got::Absent = search.list(&apache) {
        return;
    }
    let remark = format!(
        "runs a web server of its own ({apache}), so clients do not go through IIS: its limit and its panes do not tell of them. Look at \
         {apache}\\logs instead, and at ThreadsPerChild in {apache}\\conf"
    );
    search.remark(Topic::Sepm, "SEPM", remark);
}
