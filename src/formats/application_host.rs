//! applicationHost.config of IIS 7.0 and later: sites, applications, pools and their limits.
//!
//! What a site does not say itself it takes from `siteDefaults` and `applicationDefaults`, a pool from `applicationPoolDefaults`
//! (IIS configuration reference, system.applicationHost). `serverRuntime` applies to the whole server, or to the site or application
//! that the `<location path="…">` around it names.

use crate::formats::xml::{Document, Element, Reading};
use crate::formats::{Ability, Format, Head, Kind, Sniff, text};
use crate::limits::{Application, CentralMode, LocationLimit, LogFields, Pool, Settings, Site};

/// The format's row.
pub const FORMAT: Format = Format {
    kind: Kind::ApplicationHost,
    title: "IIS configuration",
    sniff,
    ability: Ability::Read(|hints| Box::new(Document::<ApplicationHost>::new(hints))),
};

/// Yes once the root is `<configuration` and a section of IIS is named; maybe as long as no other root has come.
fn sniff(head: Head<'_>) -> Sniff {
    let text = head.join(&b'\n');
    let named = text::holds(&text, b"system.applicationhost") || text::holds(&text, b"system.webserver");
    if !text.trim_ascii_start().starts_with(b"<") {
        return Sniff::No;
    }
    match root(&text) {
        Some(b"configuration") if named => Sniff::Yes,
        Some(b"configuration") | None => Sniff::Maybe,
        Some(_) => Sniff::No,
    }
}

/// The name of the first element; `None` if there is none yet.
pub(super) fn root(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = text::split_once(text, b"<")?.1;
        text = match text {
            [b'!', b'-', b'-', comment @ ..] => text::split_once(comment, b"-->")?.1,
            [b'?', rest @ ..] => text::split_once(rest, b"?>")?.1,
            [b'!', rest @ ..] => rest,
            name => {
                return name
                    .get(..name.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')).unwrap_or(name.len()));
            }
        }
    }
}

/// Fills the sites, pools and limits.
#[derive(Default)]
struct ApplicationHost {
    settings: Settings,
    /// The path of the `<location>` that is being read.
    location: String,
    /// What sites have that do not say otherwise.
    site_defaults: Site,
    /// The pool of applications that name none.
    default_pool: String,
    /// The same for the applications of one site, by the site's number in order.
    site_pools: Vec<(usize, String)>,
}

impl ApplicationHost {
    fn site(&mut self, rest: &[&str], element: &Element<'_>) {
        let number = self.settings.sites.len();
        let Some(site) = self.settings.sites.last_mut() else { return };
        match rest {
            ["application"] => {
                let (path, pool) = (element.get("path").unwrap_or_default(), element.get("applicationPool").unwrap_or_default());
                site.applications.push(Application { path, pool });
            }
            ["applicationDefaults"] => self.site_pools.extend(element.get("applicationPool").map(|pool| (number - 1, pool))),
            _ => site_part(site, rest, element),
        }
    }

    fn host(&mut self, path: &[&str], element: &Element<'_>) {
        match path {
            ["sites", "site"] => self.settings.sites.push(Site {
                name: element.get("name").unwrap_or_default(),
                id: element.number("id").unwrap_or_default(),
                ..Site::default()
            }),
            ["sites", "site", rest @ ..] => self.site(rest, element),
            ["sites", "siteDefaults", rest @ ..] => site_part(&mut self.site_defaults, rest, element),
            ["sites", "applicationDefaults"] => self.default_pool = element.get("applicationPool").unwrap_or_default(),
            ["log"] => {
                self.settings.central.mode =
                    match element.get("centralLogFileMode").unwrap_or_default().to_ascii_lowercase().as_str() {
                        "centralw3c" | "2" => CentralMode::W3c,
                        "centralbinary" | "1" => CentralMode::Binary,
                        _ => CentralMode::Site,
                    };
            }
            ["log", "centralW3CLogFile"] => {
                let central = &mut self.settings.central;
                central.directory = element.get("directory");
                central.fields = fields(element);
                central.enabled = element.flag("enabled");
            }
            ["applicationPools", "add"] => self
                .settings
                .pools
                .push(Pool { name: element.get("name").unwrap_or_default(), queue_length: element.number("queueLength") }),
            ["applicationPools", "applicationPoolDefaults"] => self.settings.default_queue_length = element.number("queueLength"),
            _ => {}
        }
    }
}

fn fields(element: &Element<'_>) -> Option<LogFields> {
    element.get("logExtFileFlags").map(|names| LogFields::parse(&names))
}

/// What a site and the defaults of all sites have in common.
fn site_part(site: &mut Site, rest: &[&str], element: &Element<'_>) {
    match rest {
        ["logFile"] => {
            site.log_directory = element.get("directory");
            site.log_format = element.get("logFormat");
            site.log_fields = fields(element);
            site.log_enabled = element.flag("enabled");
        }
        ["limits"] => site.max_connections = element.number("maxConnections"),
        _ => {}
    }
}

impl Reading for ApplicationHost {
    fn element(&mut self, path: &[&str], element: &Element<'_>) {
        let path = match path {
            ["configuration", "location"] => {
                // "." and "" both mean the whole server.
                self.location = element.get("path").filter(|path| path != ".").unwrap_or_default();
                return;
            }
            ["configuration", "location", rest @ ..] | ["configuration", rest @ ..] => rest,
            _ => return,
        };
        match path {
            ["system.applicationHost", rest @ ..] => self.host(rest, element),
            ["system.webServer", "serverRuntime"] => {
                let limit = element.number("appConcurrentRequestLimit");
                let path = self.location.clone();
                self.settings.app_limits.extend(limit.map(|limit| LocationLimit { path, limit }));
            }
            _ => {}
        }
    }

    fn end(&mut self, path: &[&str]) {
        if let ["configuration", "location"] = path {
            self.location.clear();
        }
    }

    fn settings(mut self) -> Settings {
        for (number, site) in self.settings.sites.iter_mut().enumerate() {
            let own = self.site_pools.iter().find(|(of, _)| *of == number).map(|(_, pool)| pool);
            let pool = own.unwrap_or(&self.default_pool);
            for application in site.applications.iter_mut().filter(|application| application.pool.is_empty()) {
                application.pool.clone_from(pool);
            }
            let defaults = &self.site_defaults;
            site.log_directory = site.log_directory.take().or_else(|| defaults.log_directory.clone());
            site.log_format = site.log_format.take().or_else(|| defaults.log_format.clone());
            site.log_fields = site.log_fields.or(defaults.log_fields);
            site.log_enabled = site.log_enabled.or(defaults.log_enabled);
            site.max_connections = site.max_connections.or(defaults.max_connections);
        }
        self.settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Hints;
    use crate::formats::testing::Told;
    use crate::record::Fact;

    fn read(text: &str) -> Told<Settings> {
        Told::of(&FORMAT, &Hints::default(), text.as_bytes(), |record| match &record.fact {
            Fact::Settings(settings) => (*settings).clone(),
            _ => Settings::default(),
        })
    }

    #[test]
    fn a_location_limits_what_it_names_and_no_more() {
        let told = read(
            "<configuration><!-- <location path='x'> --><location path='Web &amp; Co/secars'><system.webServer>\n\
             <serverRuntime appConcurrentRequestLimit='7000'/></system.webServer></location>\n\
             <location path='.'/><system.webServer><serverRuntime enabled='true' appConcurrentRequestLimit=\"6000\"></serverRuntime>\n\
             </system.webServer></configuration>",
        );
        let limits = &told.records[0];
        assert_eq!(limits.app_limit("web & co", "/secars"), Some(7000));
        assert_eq!(limits.app_limit("Web & Co", "/"), Some(6000));
        assert!(told.malformed.is_empty());
    }

    #[test]
    fn sites_and_pools_take_what_they_lack_from_the_defaults() {
        let told = read(
            "<configuration><system.applicationHost><applicationPools><add name='A' queueLength='5000'/><add name='B'/>\n\
             <applicationPoolDefaults queueLength='2000'/></applicationPools><sites>\n\
             <site name='One' id='1'><application path='/' /><application path='/x' applicationPool='X'/>\n\
             <limits maxConnections='7'/><applicationDefaults applicationPool='A'/></site>\n\
             <site name='Two' id='2'><application path='/'/><logFile logFormat='IIS'/></site>\n\
             <siteDefaults><logFile logFormat='W3C' directory='%SystemDrive%\\logs'/><limits maxConnections='9'/></siteDefaults>\n\
             <applicationDefaults applicationPool='B'/></sites></system.applicationHost></configuration>",
        );
        let Settings { sites, pools, default_queue_length, .. } = &told.records[0];
        let pool = |site: usize| sites[site].applications.iter().map(|a| a.pool.as_str()).collect::<Vec<_>>();
        assert_eq!((pool(0), pool(1)), (vec!["A", "X"], vec!["B"]));
        assert_eq!((sites[0].max_connections, sites[1].max_connections), (Some(7), Some(9)));
        assert_eq!((sites[0].log_format.as_deref(), sites[1].log_format.as_deref()), (Some("W3C"), Some("IIS")));
        assert_eq!(sites[1].log_directory.as_deref(), Some("%SystemDrive%\\logs"));
        assert_eq!((pools[0].queue_length, pools[1].queue_length, *default_queue_length), (Some(5000), None, Some(2000)));
    }

    #[test]
    fn what_is_logged_where_is_known() {
        let told = read(
            "<configuration><system.applicationHost><log centralLogFileMode='CentralW3C'><centralBinaryLogFile directory='x'/>\n\
             <centralW3CLogFile enabled='true' directory='D:\\logs' logExtFileFlags='Date, Time'/></log><sites>\n\
             <site name='One' id='1'><logFile enabled='false'/></site>\n\
             <site name='Two' id='2'><logFile logExtFileFlags='TimeTaken'/></site><siteDefaults>\n\
             <logFile logExtFileFlags='HttpSubStatus'/></siteDefaults></sites></system.applicationHost></configuration>",
        );
        let Settings { sites, central, .. } = &told.records[0];
        assert_eq!((central.mode, central.directory.as_deref()), (CentralMode::W3c, Some("D:\\logs")));
        assert_eq!((central.fields, central.enabled), (Some(LogFields::parse("3")), Some(true)));
        assert_eq!((sites[0].log_enabled, sites[0].log_fields), (Some(false), Some(LogFields::SUBSTATUS)));
        assert_eq!((sites[1].log_enabled, sites[1].log_fields), (None, Some(LogFields::TIME_TAKEN)));
    }

    #[test]
    fn a_head_tells_or_waits() {
        let sniffed = |text: &str| sniff(&text.lines().map(str::as_bytes).collect::<Vec<_>>());
        assert_eq!(sniffed("<?xml version='1.0'?>\n<!-- <sites> system.webServer"), Sniff::Maybe);
        assert_eq!(sniffed("<configuration>\n"), Sniff::Maybe);
        assert_eq!(sniffed("<!-- <x> -->\n<configuration>\n<sectionGroup name='system.applicationHost'"), Sniff::Yes);
        assert_eq!(sniffed("<?xml version='1.0'?><project>system.webServer"), Sniff::No);
        assert_eq!(sniffed("system.webServer <configuration"), Sniff::No);
    }
}
