//! Limits: a value and where it came from, and what configuration files say.
//!
//! The screen always shows both. A built-in default says so, with its source.

use std::fmt;

/// A limit and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The value, in the unit of the thing limited.
    pub value: u64,
    /// Where it came from, as a person would say it: `--pool-max`, `applicationHost.config`, `NS log`, `default`.
    pub origin: String,
}

impl Limit {
    /// A limit with its origin.
    #[must_use]
    pub fn new(value: u64, origin: impl Into<String>) -> Self {
        Self { value, origin: origin.into() }
    }

    /// A built-in default.
    #[must_use]
    pub fn default_of(value: u64) -> Self {
        Self::new(value, "default")
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.value, self.origin)
    }
}

/// `appConcurrentRequestLimit` where nothing sets it (IIS 7.0 and later, `serverRuntime` in the IIS configuration reference).
pub const DEFAULT_APP_LIMIT: u64 = 5000;
/// Available non-paged pool under which HTTP.sys refuses connections: 20 MB (KB 820729, KB 934878).
pub const DEFAULT_POOL_CUTOFF: u64 = 20 * 1024 * 1024;
/// `MaxConcurrentConfigRequests` of NS 6.0 SP2 and before (KB 176788).
pub const DEFAULT_CONFIG_SLOTS: u64 = 50;
/// The default queue length of an application pool (IIS 7.0 and later).
pub const DEFAULT_QUEUE_LENGTH: u64 = 1000;

/// Limits that people gave: flags, a configuration file, or a recording's manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// `appConcurrentRequestLimit` of every application.
    pub app_limit: Option<Limit>,
    /// `MaxConcurrentConfigRequests`.
    pub config_slots: Option<Limit>,
    /// `MaxConcurrentPackageInfoRequests`.
    pub package_slots: Option<Limit>,
    /// Bytes that the non-paged pool can grow to.
    pub pool_max: Option<Limit>,
    /// Available bytes under which HTTP.sys refuses connections.
    pub pool_cutoff: Option<Limit>,
}

impl Given {
    /// Fills what is missing from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            app_limit: self.app_limit.or(other.app_limit),
            config_slots: self.config_slots.or(other.config_slots),
            package_slots: self.package_slots.or(other.package_slots),
            pool_max: self.pool_max.or(other.pool_max),
            pool_cutoff: self.pool_cutoff.or(other.pool_cutoff),
        }
    }
}

/// The limits in force: what was given wins over what configuration files say, and that over the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// What people gave.
    pub given: Given,
    /// What configuration files say.
    pub settings: Settings,
}

impl Limits {
    /// `appConcurrentRequestLimit` of an application, by its name `<site>/<path>`.
    #[must_use]
    pub fn app(&self, name: &str) -> Limit {
        if let Some(limit) = &self.given.app_limit {
            return limit.clone();
        }
        let (site, path) = name.split_once('/').unwrap_or((name, ""));
        match self.settings.app_limit(site, path) {
            Some(value) => Limit::new(value, "applicationHost.config"),
            None => Limit::default_of(DEFAULT_APP_LIMIT),
        }
    }

    /// What the non-paged pool can grow to; Windows tells it nowhere, so it is unknown unless it was given.
    #[must_use]
    pub fn pool_max(&self) -> Option<Limit> {
        self.given.pool_max.clone()
    }

    /// Available non-paged pool under which HTTP.sys refuses connections.
    #[must_use]
    pub fn pool_cutoff(&self) -> Limit {
        self.given.pool_cutoff.clone().unwrap_or_else(|| Limit::default_of(DEFAULT_POOL_CUTOFF))
    }

    /// Whether package-info requests have slots of their own (NS 6.0 SP3 and later), rather than sharing those of configuration
    /// requests.
    #[must_use]
    pub fn slots_apart(&self) -> bool {
        self.given.package_slots.is_some() || self.settings.package_slots.is_some()
    }

    /// The slots for configuration requests. `logged` is what the NS log's "(Max: N)" told.
    #[must_use]
    pub fn config_slots(&self, logged: Option<u32>) -> Limit {
        slots(self.given.config_slots.as_ref(), logged, self.settings.config_slots)
            .unwrap_or_else(|| Limit::default_of(DEFAULT_CONFIG_SLOTS))
    }

    /// The slots for package-info requests; `None` where they share those of configuration requests.
    #[must_use]
    pub fn package_slots(&self, logged: Option<u32>) -> Option<Limit> {
        self.slots_apart().then(|| slots(self.given.package_slots.as_ref(), logged, self.settings.package_slots)).flatten()
    }
}

fn slots(given: Option<&Limit>, logged: Option<u32>, settings: Option<u64>) -> Option<Limit> {
    given
        .cloned()
        .or_else(|| logged.map(|max| Limit::new(max.into(), "NS log")))
        .or_else(|| settings.map(|value| Limit::new(value, "CoreSettings.config")))
}

/// What configuration files say. Every part may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Sites of applicationHost.config.
    pub sites: Vec<Site>,
    /// `serverRuntime@appConcurrentRequestLimit` by location; the empty path is the whole server.
    pub app_limits: Vec<LocationLimit>,
    /// Application pools with their queue lengths.
    pub pools: Vec<Pool>,
    /// The queue length that pools without one of their own have.
    pub default_queue_length: Option<u64>,
    /// `MaxConcurrentConfigRequests` of CoreSettings.config.
    pub config_slots: Option<u64>,
    /// `MaxConcurrentPackageInfoRequests` of CoreSettings.config.
    pub package_slots: Option<u64>,
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
    /// `limits@maxConnections`.
    pub max_connections: Option<u64>,
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

    /// Takes over what `other` says; where both say something, `other` wins.
    pub fn absorb(&mut self, other: &Self) {
        if !other.sites.is_empty() {
            self.sites.clone_from(&other.sites);
            self.app_limits.clone_from(&other.app_limits);
            self.pools.clone_from(&other.pools);
            self.default_queue_length = other.default_queue_length;
        } else if !other.app_limits.is_empty() {
            self.app_limits.clone_from(&other.app_limits);
        }
        self.config_slots = other.config_slots.or(self.config_slots);
        self.package_slots = other.package_slots.or(self.package_slots);
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

/// Reads a size such as `128MB`, `1.5 GB`, `20971520` in bytes; K, M and G are powers of 1024.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (text.get(..split)?, text.get(split..)?.trim());
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    let value = number.parse::<f64>().ok()? * u32::try_from(factor).map_or(1_073_741_824.0, f64::from);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie inside")]
    (value.is_finite() && (0.0..1e18).contains(&value)).then_some(value as u64)
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
    fn sizes_are_powers_of_1024() {
        assert_eq!(parse_size("128MB"), Some(134_217_728));
        assert_eq!(parse_size("20971520"), Some(20_971_520));
        assert_eq!(parse_size("1.5 GB"), Some(1_610_612_736));
        assert_eq!(parse_size("twelve"), None);
        assert_eq!(parse_size(""), None);
    }
}
