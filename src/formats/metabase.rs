//! MetaBase.xml of IIS 6: sites, applications, application pools and their queue lengths.
//!
//! The file is flat: each key is an element with its `Location`, and says only what differs from the key above it (`/LM/W3SVC`, then
//! `/LM/W3SVC/1`, `/LM/W3SVC/1/ROOT`, and so on; "Metabase Structure in IIS 6.0"). A virtual directory is an application where its
//! `AppRoot` is its own location. IIS 6 has no `appConcurrentRequestLimit`.

use std::collections::{HashMap, HashSet};

use crate::formats::application_host::root;
use crate::formats::xml::{Document, Element, Reading};
use crate::formats::{Ability, Format, Head, Kind, Sniff, text};
use crate::limits::{Application, Central, CentralMode, LogFields, Pool, Settings, Site};

/// The format's row.
pub const FORMAT: Format = Format {
    kind: Kind::MetaBase,
    title: "IIS 6 metabase",
    sniff,
    ability: Ability::Read(|hints| Box::new(Document::<MetaBase>::new(hints))),
};

/// The key of the web service, in the spelling that keys are compared in.
const SERVICE: &str = "/lm/w3svc";
/// What stands for log formats: `LogPluginClsid`, without which a site logs W3C.
const PLUGINS: [(&str, &str); 4] = [
    ("{FF160663-DE82-11CF-BC0A-00AA006111E0}", "W3C"),
    ("{FF160657-DE82-11CF-BC0A-00AA006111E0}", "IIS"),
    ("{FF16065F-DE82-11CF-BC0A-00AA006111E0}", "NCSA"),
    ("{FF16065B-DE82-11CF-BC0A-00AA006111E0}", "ODBC"),
];

/// Yes once the root is `<configuration` and the metabase's name space is named.
fn sniff(head: Head<'_>) -> Sniff {
    let text = head.join(&b'\n');
    let named = text::holds(&text, b"urn:microsoft-catalog:xml_metabase");
    if named && root(&text) == Some(b"configuration") { Sniff::Yes } else { Sniff::No }
}

/// What a key of the web service says, as far as it matters here.
#[derive(Default)]
struct Key {
    /// In lower case, without a slash at its end.
    location: String,
    /// As it is written.
    written: String,
    app_root: Option<String>,
    pool: Option<String>,
    comment: Option<String>,
    directory: Option<String>,
    plugin: Option<String>,
    fields: Option<LogFields>,
    log_type: Option<bool>,
    max_connections: Option<u64>,
    queue_length: Option<u64>,
    central: Option<CentralMode>,
}

/// Gathers the keys of the web service.
#[derive(Default)]
struct MetaBase {
    keys: Vec<Key>,
    /// Where the key of a location stands.
    index: HashMap<String, usize>,
}

impl Reading for MetaBase {
    fn element(&mut self, path: &[&str], element: &Element<'_>) {
        let ["configuration", _, _] = path else { return };
        let Some(location) = element.get("Location") else { return };
        let written = location.trim().trim_end_matches('/').to_owned();
        // Lower case of ASCII only has as many bytes: a path can be cut out of what is written.
        let location = written.to_ascii_lowercase();
        if location != SERVICE && !location.starts_with(&format!("{SERVICE}/")) {
            return;
        }
        let central = |name: &str, mode| element.flag(name).filter(|on| *on).map(|_| mode);
        self.index.entry(location.clone()).or_insert(self.keys.len());
        self.keys.push(Key {
            location,
            written,
            app_root: element.get("AppRoot"),
            pool: element.get("AppPoolId"),
            comment: element.get("ServerComment"),
            directory: element.get("LogFileDirectory"),
            plugin: element.get("LogPluginClsid"),
            fields: element.get("LogExtFileFlags").map(|names| LogFields::parse(&names)),
            log_type: element.flag("LogType"),
            max_connections: element.number("MaxConnections"),
            queue_length: element.number("AppPoolQueueLength"),
            central: central("CentralBinaryLoggingEnabled", CentralMode::Binary)
                .or_else(|| central("CentralW3CLoggingEnabled", CentralMode::W3c)),
        });
    }

    fn settings(self) -> Settings {
        let mut settings = Settings { iis6: true, ..Settings::default() };
        let service = self.index.get(SERVICE).and_then(|at| self.keys.get(*at));
        settings.central = Central {
            mode: service.and_then(|key| key.central).unwrap_or_default(),
            directory: service.and_then(|key| key.directory.clone()),
            fields: service.and_then(|key| key.fields),
            enabled: None,
        };
        let mut numbers = HashMap::new();
        for key in &self.keys {
            let parts: Vec<&str> = key.location.split('/').skip(3).collect();
            if let ["apppools"] = parts.as_slice() {
                settings.default_queue_length = key.queue_length;
            } else if let ["apppools", _] = parts.as_slice() {
                let name = key.written.rsplit('/').next().unwrap_or_default().to_owned();
                settings.pools.push(Pool { name, queue_length: key.queue_length });
            } else if let [id] = parts.as_slice()
                && let Ok(id) = id.parse()
            {
                numbers.insert(id, settings.sites.len());
                settings.sites.push(self.site(key, id));
            }
        }
        for (id, application) in self.keys.iter().filter_map(|key| self.application(key)) {
            if let Some(site) = numbers.get(&id).and_then(|number| settings.sites.get_mut(*number)) {
                site.applications.push(application);
            }
        }
        tell_apart(&mut settings.sites);
        settings
    }
}

/// Comments of sites need not differ, and names must: a later site of the same comment has its number with it.
fn tell_apart(sites: &mut [Site]) {
    let mut taken = HashSet::new();
    for site in sites {
        if !taken.insert(site.name.to_lowercase()) {
            site.name = format!("{} ({})", site.name, site.id);
        }
    }
}

impl MetaBase {
    fn site(&self, key: &Key, id: u32) -> Site {
        let comment = key.comment.as_deref().unwrap_or_default().trim();
        let format = self.inherited(key, |k| k.plugin.clone()).map(|plugin| {
            let known = PLUGINS.iter().find(|(id, _)| id.eq_ignore_ascii_case(plugin.trim()));
            known.map_or("Custom", |(_, format)| format).to_owned()
        });
        Site {
            name: if comment.is_empty() { format!("W3SVC{id}") } else { comment.to_owned() },
            id,
            applications: Vec::new(),
            log_directory: self.inherited(key, |k| k.directory.clone()),
            log_format: format,
            log_fields: self.inherited(key, |k| k.fields),
            log_enabled: self.inherited(key, |k| k.log_type),
            max_connections: self.inherited(key, |k| k.max_connections),
        }
    }

    /// The application that begins at a key, and the id of its site.
    fn application(&self, key: &Key) -> Option<(u32, Application)> {
        let app_root = key.app_root.as_deref()?.trim_end_matches('/');
        let below = key.location.strip_prefix(SERVICE)?.strip_prefix('/')?;
        let (id, rest) = below.split_once('/')?;
        let path = rest.strip_prefix("root").filter(|path| path.is_empty() || path.starts_with('/'))?;
        let path = key.written.get(key.written.len().checked_sub(path.len())?..).filter(|path| !path.is_empty()).unwrap_or("/");
        let pool = self.inherited(key, |k| k.pool.clone()).unwrap_or_default();
        let is_own = app_root.eq_ignore_ascii_case(&key.written);
        is_own.then_some((id.parse().ok()?, Application { path: path.to_owned(), pool }))
    }

    /// What a key says, or the nearest key above it that says anything.
    fn inherited<T>(&self, key: &Key, get: impl Fn(&Key) -> Option<T>) -> Option<T> {
        let mut location = key.location.as_str();
        loop {
            let said = self.index.get(location).and_then(|at| self.keys.get(*at)).and_then(&get);
            if said.is_some() || location == SERVICE {
                return said;
            }
            location = location.rsplit_once('/')?.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Hints;
    use crate::formats::testing::Told;
    use crate::record::Fact;

    fn read(keys: &str) -> Settings {
        let text = format!(
            "<?xml version =\"1.0\"?>\n<configuration xmlns=\"urn:microsoft-catalog:XML_Metabase_V54_0\">\n<MBProperty>\n\
             {keys}</MBProperty></configuration>"
        );
        let told = Told::of(&FORMAT, &Hints::default(), text.as_bytes(), |record| match &record.fact {
            Fact::Settings(settings) => (*settings).clone(),
            _ => Settings::default(),
        });
        assert!(told.malformed.is_empty());
        told.records.into_iter().next().unwrap()
    }

    #[test]
    fn a_key_inherits_from_the_keys_above_it() {
        let settings = read(
            "<IIsWebService Location =\"/LM/W3SVC\" AppPoolId=\"DefaultAppPool\" LogFileDirectory=\"D:\\logs\" LogType=\"1\"\n\
             MaxConnections=\"4294967295\" LogPluginClsid=\"{FF160663-DE82-11CF-BC0A-00AA006111E0}\"/>\n\
             <IIsWebServer Location =\"/LM/W3SVC/7\" ServerComment=\"Web\" MaxConnections=\"9\"></IIsWebServer>\n\
             <IIsWebVirtualDir Location =\"/LM/W3SVC/7/root\" AppRoot=\"/LM/W3SVC/7/Root\" AppPoolId=\"Own\"/>\n\
             <IIsWebVirtualDir Location =\"/LM/W3SVC/7/root/Shop\" AppRoot=\"/LM/W3SVC/7/root/Shop/\"/>\n\
             <IIsWebVirtualDir Location =\"/LM/W3SVC/7/root/Shop/img\" AppRoot=\"/LM/W3SVC/7/root/Shop\"/>\n\
             <IIsFtpServer Location =\"/LM/MSFTPSVC/1\" ServerComment=\"FTP\"/>",
        );
        let [site] = settings.sites.as_slice() else { panic!("{:?}", settings.sites) };
        let applications: Vec<_> = site.applications.iter().map(|a| (a.path.as_str(), a.pool.as_str())).collect();
        assert_eq!((site.name.as_str(), site.id, applications), ("Web", 7, vec![("/", "Own"), ("/Shop", "Own")]));
        assert_eq!((site.max_connections, site.log_enabled), (Some(9), Some(true)));
        assert_eq!((site.log_directory.as_deref(), site.log_format.as_deref()), (Some("D:\\logs"), Some("W3C")));
    }

    #[test]
    fn sites_of_one_comment_or_none_have_names_that_differ() {
        let settings = read(
            "<IIsWebServer Location='/LM/W3SVC/1' ServerComment='Web'/><IIsWebServer Location='/LM/W3SVC/2' ServerComment='web'/>\n\
             <IIsWebServer Location='/LM/W3SVC/3'/><IIsWebServer Location='/LM/W3SVC/4' ServerComment=''/>",
        );
        let names: Vec<_> = settings.sites.iter().map(|site| site.name.as_str()).collect();
        assert_eq!(names, ["Web", "web (2)", "W3SVC3", "W3SVC4"]);
    }

    #[test]
    fn a_pool_has_its_own_queue_or_that_of_all_pools() {
        let settings = read(
            "<IIsWebService Location='/LM/W3SVC' CentralW3CLoggingEnabled='TRUE' LogFileDirectory='E:\\all'/>\n\
             <IIsApplicationPools Location='/LM/W3SVC/AppPools' AppPoolQueueLength='2000'/>\n\
             <IIsApplicationPool Location='/LM/W3SVC/AppPools/SEPM' AppPoolQueueLength='5000'/>\n\
             <IIsApplicationPool Location='/LM/W3SVC/AppPools/Other'/>",
        );
        assert_eq!((settings.queue_length("sepm"), settings.queue_length("Other")), (Some(5000), Some(2000)));
        assert_eq!((settings.central.mode, settings.central.directory.as_deref()), (CentralMode::W3c, Some("E:\\all")));
        assert!(settings.iis6 && settings.app_limit("Web", "/").is_none());
    }
}
