//! What IIS logs where, and which of its logs cannot answer the question.

use super::iis::Configured;
use super::{Got, Search};
use crate::inventory::Topic;
use crate::limits::{CentralMode, LogFields, Site};

/// The W3C log of IIS 6, by the module that writes it.
const W3C_MODULE: &str = "{FF160663-DE82-11CF-BC0A-00AA006111E0}";

/// Follows the logs of all sites.
pub(super) fn sites(search: &mut Search<'_>, configured: &Configured) {
    let settings = &configured.settings;
    match settings.central.mode {
        CentralMode::Site => settings.sites.iter().for_each(|site| of_site(search, configured, site)),
        CentralMode::W3c => central(search, configured),
        CentralMode::Binary => {
            let fix = if settings.iis6 {
                adsutil("w3svc/CentralBinaryLoggingEnabled FALSE")
            } else {
                String::from(
                    "appcmd set config -section:system.applicationHost/log /centralLogFileMode:CentralW3C /commit:apphost",
                )
            };
            let remark = format!("is one for all sites, in a binary form: 503.2 cannot be told from it. For one in text: {fix}");
            search.remark(Topic::Iis, "log of IIS", remark);
        }
    }
}

/// Logs at the usual places, for sites that no configuration tells of.
pub(super) fn usual(search: &mut Search<'_>) {
    let iis7 = format!(r"{}\inetpub\logs\LogFiles", search.drive());
    let iis6 = format!(r"{}\System32\LogFiles", search.windows());
    let mut missing = search.out.roots.is_empty();
    for folder in [&iis7, &iis6] {
        match search.list(folder) {
            Got::There(mut names) => {
                names.retain(|name| name.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("W3SVC")));
                names.sort_unstable();
                for name in names {
                    missing = false;
                    let path = format!(r"{folder}\{name}");
                    if !search.follows(&path) {
                        search.logs(Topic::Iis, &format!("log {name}"), &path, "", "usual place");
                    }
                }
            }
            Got::Absent => {}
            // What cannot be looked at may hold logs, and may be opened later.
            Got::Denied | Got::Failed(_) => {
                missing = false;
                search.logs(Topic::Iis, "logs of sites", folder, "", "usual place");
            }
        }
    }
    if missing {
        search.missing(Topic::Iis, "logs of sites", [format!(r"{iis7}\W3SVC*"), format!(r"{iis6}\W3SVC*")]);
    }
}

fn directory(search: &Search<'_>, configured: &Configured, directory: Option<&String>) -> (String, String) {
    let (text, origin) = match (directory, configured.settings.iis6) {
        (Some(directory), _) => (directory.as_str(), configured.origin.as_str()),
        (None, true) => (r"%SystemRoot%\System32\LogFiles", "default"),
        (None, false) => (r"%SystemDrive%\inetpub\logs\LogFiles", "default"),
    };
    (search.expand(text).trim_end_matches('\\').to_owned(), origin.to_owned())
}

/// One W3C log for all sites, with `s-sitename` in it.
fn central(search: &mut Search<'_>, configured: &Configured) {
    let central = &configured.settings.central;
    let (folder, origin) = directory(search, configured, central.directory.as_ref());
    let what = "log of all sites";
    search.logs_to_come(Topic::Iis, what, &format!(r"{folder}\W3SVC"), &origin);
    let section = "appcmd set config -section:system.applicationHost/log";
    let iis6 = configured.settings.iis6;
    if central.enabled == Some(false) {
        let remark = format!("is turned off. To turn it on: {section} /centralW3CLogFile.enabled:true /commit:apphost");
        search.remark(Topic::Iis, what, remark);
    }
    let fields = central.fields.unwrap_or(if iis6 { LogFields::IIS_6 } else { LogFields::CENTRAL });
    lacking(search, what, fields, |wanted| {
        if iis6 {
            return adsutil(&format!("w3svc/LogExtFileFlags {}", wanted.number()));
        }
        format!("{section} \"/centralW3CLogFile.logExtFileFlags:{}\" /commit:apphost", wanted.names())
    });
}

fn of_site(search: &mut Search<'_>, configured: &Configured, site: &Site) {
    let iis6 = configured.settings.iis6;
    let (folder, origin) = directory(search, configured, site.log_directory.as_ref());
    let what = format!("log of {}", site.name);
    search.logs_to_come(Topic::Iis, &what, &format!(r"{folder}\W3SVC{}", site.id), &origin);
    let set = |iis7: &str, property: String| {
        if iis6 { adsutil(&format!("w3svc/{}/{property}", site.id)) } else { appcmd(site, iis7) }
    };
    if site.log_enabled == Some(false) {
        let fix = set("enabled:true", String::from("LogType 1"));
        search.remark(Topic::Iis, &what, format!("is turned off: nothing of this site is written down. To turn it on: {fix}"));
    }
    let format = site.log_format.as_deref().unwrap_or("W3C");
    // An attribute may hold the number of a format in the place of its name.
    if !(format.eq_ignore_ascii_case("W3C") || format == "2") {
        let fix = set("logFormat:W3C", format!("LogPluginClsid {W3C_MODULE}"));
        let remark = format!("is in {format} format, in which 503.2 cannot be told from any other 503. To change that: {fix}");
        return search.remark(Topic::Iis, &what, remark);
    }
    let fields = site.log_fields.unwrap_or(if iis6 { LogFields::IIS_6 } else { LogFields::SITE });
    lacking(search, &what, fields, |wanted| {
        set(&format!("logExtFileFlags:{}", wanted.names()), format!("LogExtFileFlags {}", wanted.number()))
    });
}

/// Says which columns a log lacks, and how to have them.
fn lacking(search: &mut Search<'_>, what: &str, fields: LogFields, set: impl Fn(LogFields) -> String) {
    let needed = [
        (LogFields::SUBSTATUS, "sc-substatus: 503.2 cannot be told from any other 503"),
        (LogFields::TIME_TAKEN, "time-taken: how many requests there were at once cannot be told"),
    ];
    let lacking: Vec<&str> = needed.iter().filter(|(field, _)| !fields.has(*field)).map(|(_, name)| *name).collect();
    if !lacking.is_empty() {
        let fix = set(fields.with(LogFields::SUBSTATUS).with(LogFields::TIME_TAKEN));
        search.remark(Topic::Iis, what, format!("lacks {}. To have it: {fix}", lacking.join("; and ")));
    }
}

/// A command that changes the log of a site of IIS 7.0 and later.
fn appcmd(site: &Site, change: &str) -> String {
    // A quote would end the name too early: the id names the site as well.
    let key = if site.name.contains(['\'', '"']) { format!("id='{}'", site.id) } else { format!("name='{}'", site.name) };
    format!("appcmd set config -section:system.applicationHost/sites \"/[{key}].logFile.{change}\" /commit:apphost")
}

/// A command that changes the metabase of IIS 6.
fn adsutil(change: &str) -> String {
    format!(r"cscript %SystemDrive%\Inetpub\AdminScripts\adsutil.vbs set {change}")
}
