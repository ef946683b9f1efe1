//! Which Windows is at hand, so that a command is one that works there.

use super::windows::Windows;
use crate::engine::Moment;

/// The generation of IIS that the commands are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Iis {
    /// 6.0, Windows Server 2003: no appcmd, no appConcurrentRequestLimit.
    Six,
    /// 7.0 and later; also where nothing tells which it is.
    SevenOn,
}

/// The program that configures IIS 7 and later. It is not in the search path.
const APPCMD: &str = r"%windir%\System32\inetsrv\appcmd";
/// The script that configures IIS 6.
const ADSUTIL: &str = r"cscript %SystemDrive%\Inetpub\AdminScripts\adsutil.vbs";

impl Iis {
    /// The one that the settings or the logs' `#Software` tell of.
    pub fn of(moment: &Moment<'_>) -> Self {
        let of_2003 = Windows::of(moment).version.is_some_and(|(major, _)| major == 5);
        if moment.limits.settings.iis6 || moment.limits.logs_of_iis6 || of_2003 { Self::Six } else { Self::SevenOn }
    }

    /// Whether the settings or the logs tell of it, rather than nothing.
    pub fn is_known(moment: &Moment<'_>) -> bool {
        !moment.limits.settings.sites.is_empty() || moment.sources.values().any(|source| source.iis.is_some())
    }

    /// Limits the requests of an application, by its name `<site>/<path>`: that of the whole server where its site has no name.
    pub fn limit_requests(self, app: &str, limit: u64) -> Option<String> {
        let place = place_of(app)?;
        let set = format!("-section:system.webServer/serverRuntime /appConcurrentRequestLimit:{limit} /commit:apphost");
        (self == Self::SevenOn).then(|| format!("{APPCMD} set config {place}{set}"))
    }

    /// Shows the limit of the requests of an application.
    pub fn show_limit(self, app: &str) -> Option<String> {
        let place = place_of(app)?;
        (self == Self::SevenOn).then(|| format!("{APPCMD} list config {place}-section:system.webServer/serverRuntime"))
    }

    /// Sets the queue length of an application pool.
    pub fn queue_length(self, pool: &str, length: u64) -> Option<String> {
        let pool = safe(pool)?;
        Some(match self {
            Self::Six => format!("{ADSUTIL} set \"w3svc/AppPools/{pool}/AppPoolQueueLength\" {length}"),
            Self::SevenOn => format!("{APPCMD} set apppool \"{pool}\" /queueLength:{length}"),
        })
    }

    /// Starts an application pool; `None` where no command does.
    pub fn start_pool(self, pool: &str) -> Option<String> {
        let pool = safe(pool)?;
        (self == Self::SevenOn).then(|| format!("{APPCMD} start apppool \"{pool}\""))
    }

    /// Lists the requests that have been executing for five seconds and more.
    pub fn list_requests(self) -> Option<String> {
        (self == Self::SevenOn).then(|| format!("{APPCMD} list requests /elapsed:5000"))
    }

    /// Limits the connections of a site, by its name and id.
    pub fn connections(self, name: Option<&str>, id: &str, most: u64) -> Option<String> {
        match (self, name) {
            (Self::Six, _) => Some(format!("{ADSUTIL} set w3svc/{}/MaxConnections {most}", safe(id)?)),
            (Self::SevenOn, Some(name)) => Some(format!(
                "{APPCMD} set config -section:system.applicationHost/sites \"/[name='{}'].limits.maxConnections:{most}\" /commit:apphost",
                safe(name)?
            )),
            (Self::SevenOn, None) => None,
        }
    }

    /// Shows what Windows noted of worker processes that failed: events 5002 (disabled by rapid-fail protection), 5009 (ended
    /// unexpectedly), 5010 (did not answer a ping) and 5011 (fatal communication error) of WAS.
    pub fn failures(self) -> Option<String> {
        let query = "*[System[Provider[@Name='Microsoft-Windows-WAS'] and (EventID=5002 or EventID=5009 or EventID=5010 or EventID=5011)]]";
        (self == Self::SevenOn).then(|| format!("wevtutil qe System /q:\"{query}\" /c:20 /rd:true /f:text"))
    }

    /// Names events of WAS, which only IIS 7 and later have.
    pub fn events(self, named: &str) -> &str {
        if self == Self::SevenOn { named } else { "" }
    }

    /// Shows the state of application pools; `None` where no counter tells it.
    pub fn watch_pools(self) -> Option<String> {
        if self == Self::SevenOn { typeperf(r"\APP_POOL_WAS(*)\Current Application Pool State") } else { None }
    }

    /// Shows the settings of application pools that are not those by default.
    pub fn show_pools(self) -> Option<String> {
        (self == Self::SevenOn).then(|| format!("{APPCMD} list apppool /config"))
    }

    /// Sets how many bytes a second a client must take at least.
    pub fn least_bytes(self, bytes: u64) -> String {
        match self {
            Self::Six => format!("{ADSUTIL} set w3svc/MinFileBytesPerSec {bytes}"),
            Self::SevenOn => format!(
                "{APPCMD} set config -section:system.applicationHost/webLimits /minBytesPerSecond:{bytes} /commit:apphost"
            ),
        }
    }

    /// Where the logs of all sites lie by default.
    pub fn logs(self) -> &'static str {
        match self {
            Self::Six => r"%windir%\System32\LogFiles",
            Self::SevenOn => r"%SystemDrive%\inetpub\logs\LogFiles",
        }
    }

    /// Shows the rows of all sites' logs that have a text, which may hold `.*` for anything.
    pub fn find_rows(self, text: &str) -> String {
        let files = match self {
            Self::Six => "ex*.log",
            Self::SevenOn => "u_ex*.log",
        };
        format!("findstr /s /r /c:\"{text}\" {}\\{files}", self.logs())
    }

    /// Writes out the rows that HTTP.sys holds back.
    pub fn flush_log(self) -> Option<String> {
        (self == Self::SevenOn).then(|| String::from("netsh http flush logbuffer"))
    }
}

/// Whether an application's name has that of its site, rather than of its log's folder.
pub(super) fn names_site(app: &str) -> bool {
    app.split_once('/').is_some_and(|(site, _)| !site.is_empty() && site != "-" && !site.starts_with("W3SVC"))
}

/// The place of an application in a command, with a space behind; empty where its site has no name.
fn place_of(app: &str) -> Option<String> {
    if !names_site(app) {
        return Some(String::new());
    }
    Some(format!("\"{}\" ", safe(app.trim_end_matches('/'))?))
}

/// Shows a counter every five seconds.
pub(super) fn typeperf(path: &str) -> Option<String> {
    Some(format!("typeperf \"{}\" -si 5", safe(path)?))
}

/// A name as it may stand in a command that somebody copies into a console: names come from logs, and a log may say anything.
/// `None` where it holds what a console would obey.
pub(super) fn safe(name: &str) -> Option<&str> {
    let is_harmless = |c: char| c.is_alphanumeric() || " _-.:/\\()[]+=,@#~*".contains(c);
    (!name.is_empty() && name.chars().count() <= 200 && name.chars().all(is_harmless)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_has_commands_of_its_own() {
        let (six, seven) = (Iis::Six, Iis::SevenOn);
        assert_eq!(six.limit_requests("Web/secars", 9000), None);
        assert_eq!(
            seven.limit_requests("Symantec Web Server/secars", 10_000).as_deref(),
            Some(
                r#"%windir%\System32\inetsrv\appcmd set config "Symantec Web Server/secars" -section:system.webServer/serverRuntime /appConcurrentRequestLimit:10000 /commit:apphost"#
            )
        );
        assert!(seven.limit_requests("W3SVC1/", 10_000).unwrap().contains("set config -section"));
        assert!(
            six.queue_length("SEPM", 2000).unwrap().ends_with("adsutil.vbs set \"w3svc/AppPools/SEPM/AppPoolQueueLength\" 2000")
        );
        assert!(seven.queue_length("SEPM", 2000).unwrap().ends_with("appcmd set apppool \"SEPM\" /queueLength:2000"));
    }

    #[test]
    fn no_name_of_a_log_becomes_a_command_of_its_own() {
        for name in ["a\" & del *.*", "%COMSPEC%", "a|b", "x\nshutdown", "", "a^b", "$(calc)", "`calc`", "a;b", "'; calc; '"] {
            assert_eq!(safe(name), None, "{name:?}");
            assert_eq!(Iis::SevenOn.start_pool(name), None);
        }
        assert_eq!(safe("Ärzte-Portal 2 (neu)"), Some("Ärzte-Portal 2 (neu)"));
    }
}
