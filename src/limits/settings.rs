//! What configuration files say of sites, applications, pools and limits.

use super::log_fields::LogFields;

/// What configuration files say. Every part may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Sites of applicationHost.config, or of MetaBase.xml.
    pub sites: Vec<Site>,
    /// `serverRuntime@appConcurrentRequestLimit` by location; the empty path is the whole server.
    pub app_limits: Vec<LocationLimit>,
    /// IIS 6, which limits no application: all requests of an application pool, waiting and running, count against the pool's
    /// `AppPoolQueueLength` (KB 816995).
    pub iis6: bool,
    /// One log for all sites, where that is asked for.
    pub central: Central,
    /// Application pools with their queue lengths.
    pub pools: Vec<Pool>,
    /// The queue length that pools without one of their own have.
    pub default_queue_length: Option<u64>,
    /// `MaxConcurrentConfigRequests` of CoreSettings.config.
    pub config_slots: Option<u64>,
    /// `MaxConcurrentPackageInfoRequests` of CoreSettings.config.
    pub package_slots: Option<u64>,
    /// Settings of CoreSettings.config that a value of the registry overrides.
    pub overridden: Vec<Overridden>,
}

/// A site of applicationHost.config.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Its id: the `1` of `W3SVC1`.
    pub id: u32,
    /// Its applications.
    pub applications: Vec<Application>,
    /// The folder that its logs are written under, with `%SystemDrive%` and the like as they stand.
    pub log_directory: Option<String>,
    /// `logFile@logFormat`: `W3C`, `IIS`, `NCSA`, `Custom`.
    pub log_format: Option<String>,
    /// The fields of its W3C log, where they are named.
    pub log_fields: Option<LogFields>,
    /// Whether it logs; `None` where nothing says so, and then it does.
    pub log_enabled: Option<bool>,
    /// `limits@maxConnections`.
    pub max_connections: Option<u64>,
}

/// `log@centralLogFileMode`, and the W3C log that it may ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Central {
    /// What is logged where.
    pub mode: CentralMode,
    /// The folder over that of the central W3C log, with variables as they stand.
    pub directory: Option<String>,
    /// The fields of that log, where they are named.
    pub fields: Option<LogFields>,
    /// `centralW3CLogFile@enabled`; `None` where nothing says so, and then it is.
    pub enabled: Option<bool>,
}

/// Who has a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CentralMode {
    /// Each site.
    #[default]
    Site,
    /// The server, as text.
    W3c,
    /// The server, in a form that is no text.
    Binary,
}

/// A setting of type `registry`: a value under `HKLM\SOFTWARE\Altiris\eXpress` takes its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overridden {
    /// `MaxConcurrentConfigRequests` or `MaxConcurrentPackageInfoRequests`.
    pub setting: &'static str,
    /// `regKey`, which is under `HKLM\SOFTWARE\Altiris\eXpress`.
    pub key: String,
    /// `regValue`.
    pub value: String,
}

/// An application of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Application {
    /// Its path, with a leading slash: `/secars`.
    pub path: String,
    /// Its application pool.
    pub pool: String,
}

/// An application pool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// `queueLength`, where it has one of its own.
    pub queue_length: Option<u64>,
}

/// A `serverRuntime@appConcurrentRequestLimit` and where it applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocationLimit {
    /// `Site/app`, or empty for the whole server.
    pub path: String,
    /// The limit.
    pub limit: u64,
}

impl Settings {
    /// Whether nothing was found in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The limit for an application: the innermost `<location>` wins, then a shorter one, then the whole server's. Paths compare
    /// without case. `None` where the configuration says nothing.
    #[must_use]
    pub fn app_limit(&self, site: &str, application: &str) -> Option<u64> {
        let full = format!("{site}/{}", application.trim_matches('/'));
        let full = full.trim_end_matches('/');
        self.app_limits.iter().filter(|l| encloses(&l.path, full)).max_by_key(|l| l.path.trim_matches('/').len()).map(|l| l.limit)
    }

    /// The site and the path of an application's name `<site>/<path>`. Sites of IIS 6 may have slashes in their names.
    #[must_use]
    pub fn split<'n>(&self, name: &'n str) -> (&'n str, &'n str) {
        let of_site = |site: &Site| {
            let (head, rest) = name.split_at_checked(site.name.len())?;
            let rest = rest.strip_prefix('/')?;
            head.eq_ignore_ascii_case(&site.name).then_some((head, rest))
        };
        let known = self.sites.iter().filter_map(of_site).max_by_key(|(site, _)| site.len());
        known.or_else(|| name.split_once('/')).unwrap_or((name, ""))
    }

    /// The application pool that serves a path of a site; `None` where the configuration says nothing.
    #[must_use]
    pub fn pool_of(&self, site: &str, path: &str) -> Option<&str> {
        let path = path.trim_matches('/');
        let site = self.sites.iter().find(|s| s.name.eq_ignore_ascii_case(site))?;
        let holds = site.applications.iter().filter(|a| encloses(&a.path, path));
        let pool = holds.max_by_key(|a| a.path.trim_matches('/').len()).map(|a| a.pool.as_str());
        pool.filter(|pool| !pool.is_empty())
    }

    /// The queue length of a pool: its own or that of pools without one; `None` where neither is set.
    #[must_use]
    pub fn queue_length(&self, pool: &str) -> Option<u64> {
        let own = self.pools.iter().find(|p| p.name.eq_ignore_ascii_case(pool)).and_then(|p| p.queue_length);
        own.or(self.default_queue_length)
    }

    /// Takes over what `other` says; where both say something, `other` wins.
    pub fn absorb(&mut self, other: &Self) {
        if !other.sites.is_empty() {
            let (config_slots, package_slots) = (self.config_slots, self.package_slots);
            let overridden = std::mem::take(&mut self.overridden);
            *self = Self { config_slots, package_slots, overridden, ..other.clone() };
        } else if !other.app_limits.is_empty() {
            self.app_limits.clone_from(&other.app_limits);
        }
        self.config_slots = other.config_slots.or(self.config_slots);
        self.package_slots = other.package_slots.or(self.package_slots);
        if !other.overridden.is_empty() {
            self.overridden.clone_from(&other.overridden);
        }
    }
}

/// Whether location `outer` holds `inner`, at a segment boundary, without case.
fn encloses(outer: &str, inner: &str) -> bool {
    let outer = outer.trim_matches('/').as_bytes();
    let inner = inner.as_bytes();
    outer.is_empty()
        || inner.get(..outer.len()).is_some_and(|head| head.eq_ignore_ascii_case(outer))
            && matches!(inner.get(outer.len()), None | Some(b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_location_wins_without_case() {
        let settings = Settings {
            app_limits: vec![
                LocationLimit { path: String::new(), limit: 6000 },
                LocationLimit { path: "symantec web server".into(), limit: 7000 },
                LocationLimit { path: "Symantec Web Server/SECARS".into(), limit: 8000 },
            ],
            ..Settings::default()
        };
        assert_eq!(settings.app_limit("Symantec Web Server", "/secars"), Some(8000));
        assert_eq!(settings.app_limit("Symantec Web Server", "/secars2"), Some(7000));
        assert_eq!(settings.app_limit("Other", "/"), Some(6000));
        assert_eq!(Settings::default().app_limit("Other", "/"), None);
    }

    #[test]
    fn a_site_whose_name_has_a_slash_keeps_it() {
        let site = |name: &str| Site { name: name.into(), ..Site::default() };
        let settings = Settings { sites: vec![site("Intranet"), site("Intranet/Extranet")], ..Settings::default() };
        assert_eq!(settings.split("intranet/extranet/shop/cart"), ("intranet/extranet", "shop/cart"));
        assert_eq!(settings.split("Intranet/shop"), ("Intranet", "shop"));
        assert_eq!(settings.split("Other/shop/cart"), ("Other", "shop/cart"));
        assert_eq!(settings.split("-"), ("-", ""));
    }

    #[test]
    fn a_file_of_sites_takes_the_place_of_another_and_leaves_the_slots() {
        let iis6 = Settings { sites: vec![Site::default()], iis6: true, ..Settings::default() };
        let iis7 = Settings { sites: vec![Site { id: 7, ..Site::default() }], ..Settings::default() };
        let mut known = Settings { config_slots: Some(30), ..Settings::default() };
        known.absorb(&iis6);
        known.absorb(&iis7);
        assert_eq!(known, Settings { config_slots: Some(30), ..iis7 });
    }
}
