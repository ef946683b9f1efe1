//! Limits: a value and where it came from, and what configuration files say.
//!
//! The screen always shows both. A built-in default says so, with its source.

mod log_fields;
mod settings;

use std::fmt;

pub use log_fields::LogFields;
pub use settings::{Application, Central, CentralMode, LocationLimit, Overridden, Pool, Settings, Site};

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

/// The limits in force: what was given wins over what was found on the machine, that over what configuration files say, and that over
/// the defaults. What the NS log tells comes after what was given: it is what the server goes by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// What people gave.
    pub given: Given,
    /// What was found on the machine: values of the registry, and what follows from its system and memory.
    pub found: Given,
    /// What configuration files say.
    pub settings: Settings,
    /// What the settings of IIS come from, where that is not the file in force but a copy of it.
    pub copy: Option<String>,
    /// The logs are of IIS 6, as their `#Software` says.
    pub logs_of_iis6: bool,
}

impl Limits {
    /// `appConcurrentRequestLimit` of an application, by its name `<site>/<path>`. IIS 6 has none: there it is the queue length of the
    /// application's pool.
    #[must_use]
    pub fn app(&self, name: &str) -> Limit {
        if let Some(limit) = self.given.app_limit.as_ref().or(self.found.app_limit.as_ref()) {
            return limit.clone();
        }
        let settings = &self.settings;
        let (site, path) = settings.split(name);
        match settings.app_limit(site, path) {
            Some(value) => Limit::new(value, self.copy.as_deref().unwrap_or("applicationHost.config")),
            None if settings.iis6 || self.logs_of_iis6 && settings.sites.is_empty() => {
                match settings.queue_length(settings.pool_of(site, path).unwrap_or_default()) {
                    Some(value) => Limit::new(value, "AppPoolQueueLength, IIS 6"),
                    None => Limit::new(DEFAULT_QUEUE_LENGTH, "AppPoolQueueLength, IIS 6: default"),
                }
            }
            None => Limit::default_of(DEFAULT_APP_LIMIT),
        }
    }

    /// What the non-paged pool can grow to. Windows tells it nowhere: it is unknown unless it was given, or follows from the system
    /// and its memory.
    #[must_use]
    pub fn pool_max(&self) -> Option<Limit> {
        self.given.pool_max.as_ref().or(self.found.pool_max.as_ref()).cloned()
    }

    /// Available non-paged pool under which HTTP.sys refuses connections.
    #[must_use]
    pub fn pool_cutoff(&self) -> Limit {
        let known = self.given.pool_cutoff.as_ref().or(self.found.pool_cutoff.as_ref());
        known.cloned().unwrap_or_else(|| Limit::default_of(DEFAULT_POOL_CUTOFF))
    }

    /// Whether package-info requests have slots of their own (NS 6.0 SP3 and later), rather than sharing those of configuration
    /// requests.
    #[must_use]
    pub fn slots_apart(&self) -> bool {
        self.given.package_slots.is_some() || self.found.package_slots.is_some() || self.settings.package_slots.is_some()
    }

    /// The slots for configuration requests. `logged` is what the NS log's "(Max: N)" told.
    #[must_use]
    pub fn config_slots(&self, logged: Option<u32>) -> Limit {
        slots(self.given.config_slots.as_ref(), logged, self.found.config_slots.as_ref(), self.settings.config_slots)
            .unwrap_or_else(|| Limit::default_of(DEFAULT_CONFIG_SLOTS))
    }

    /// The slots for package-info requests; `None` where they share those of configuration requests.
    #[must_use]
    pub fn package_slots(&self, logged: Option<u32>) -> Option<Limit> {
        let (given, found) = (self.given.package_slots.as_ref(), self.found.package_slots.as_ref());
        let known = || slots(given, logged, found, self.settings.package_slots);
        self.slots_apart().then(known).flatten()
    }
}

fn slots(given: Option<&Limit>, logged: Option<u32>, found: Option<&Limit>, settings: Option<u64>) -> Option<Limit> {
    given
        .cloned()
        .or_else(|| logged.map(|max| Limit::new(max.into(), "NS log")))
        .or_else(|| found.cloned())
        .or_else(|| settings.map(|value| Limit::new(value, "CoreSettings.config")))
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
    fn a_flag_beats_the_ns_log_that_the_registry_that_the_file_and_that_the_default() {
        let mut limits = Limits::default();
        let mut is = |change: &dyn Fn(&mut Limits), logged, want: &str| {
            change(&mut limits);
            assert_eq!(limits.config_slots(logged).to_string(), want);
        };
        is(&|_| {}, None, "50 (default)");
        is(&|l| l.settings.config_slots = Some(30), None, "30 (CoreSettings.config)");
        is(&|l| l.found.config_slots = Some(Limit::new(20, "HKLM")), None, "20 (HKLM)");
        is(&|_| {}, Some(25), "25 (NS log)");
        is(&|l| l.given.config_slots = Some(Limit::new(15, "--config-slots")), Some(25), "15 (--config-slots)");
    }

    #[test]
    fn the_pool_is_unknown_until_it_is_found_or_given() {
        let mut limits = Limits::default();
        assert_eq!((limits.pool_max(), limits.pool_cutoff().value), (None, 20 << 20));
        limits.found.pool_max = Some(Limit::new(256, "computed"));
        limits.found.pool_cutoff = Some(Limit::new(8 << 20, "EnableAggressiveMemoryUsage"));
        assert_eq!((limits.pool_max(), limits.pool_cutoff().value), (Some(Limit::new(256, "computed")), 8 << 20));
        limits.given.pool_max = Some(Limit::new(128, "--pool-max"));
        assert_eq!(limits.pool_max(), Some(Limit::new(128, "--pool-max")));
    }

    #[test]
    fn an_application_of_iis_6_is_limited_by_the_queue_of_its_pool() {
        let application = |path: &str, pool: &str| Application { path: path.into(), pool: pool.into() };
        let mut settings = Settings { iis6: true, ..Settings::default() };
        settings.sites.push(Site {
            name: "Web".into(),
            applications: vec![application("/", "DefaultAppPool"), application("/secars", "SEPM")],
            ..Site::default()
        });
        settings.pools.push(Pool { name: "SEPM".into(), queue_length: Some(4000) });
        let mut limits = Limits { settings, ..Limits::default() };
        assert_eq!(limits.app("web/secars"), Limit::new(4000, "AppPoolQueueLength, IIS 6"));
        assert_eq!(limits.app("Web/"), Limit::new(1000, "AppPoolQueueLength, IIS 6: default"));
        limits.settings.default_queue_length = Some(2000);
        assert_eq!(limits.app("Web/other"), Limit::new(2000, "AppPoolQueueLength, IIS 6"));
        limits.given.app_limit = Some(Limit::new(7, "--app-limit"));
        assert_eq!(limits.app("Web/secars"), Limit::new(7, "--app-limit"));
    }

    #[test]
    fn a_limit_from_a_copy_of_the_configuration_says_so() {
        let app_limits = vec![LocationLimit { path: String::new(), limit: 6000 }];
        let mut limits = Limits { settings: Settings { app_limits, ..Settings::default() }, ..Limits::default() };
        assert_eq!(limits.app("Web/").origin, "applicationHost.config");
        limits.copy = Some("a copy of applicationHost.config".into());
        assert_eq!(limits.app("Web/").origin, "a copy of applicationHost.config");
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
