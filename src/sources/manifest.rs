//! The one small file of a recording that is none of Windows' own: title, zone, and the limits with their origins.

use anyhow::Context;
use serde::Deserialize;

use crate::limits::{Given, Limit, parse_size};
use crate::time::{Time, When, Zone};

/// The manifest's name in the folder or archive.
pub const MANIFEST: &str = "manifest.toml";

/// What a manifest says.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// What the recording shows.
    pub title: String,
    /// What happens in it.
    pub story: String,
    /// The zone of its logs in local time.
    pub zone: Option<Zone>,
    /// The first moment that it tells of in full.
    pub from: Option<Time>,
    /// The last moment.
    pub to: Option<Time>,
    /// Limits, with where they came from.
    pub limits: Given,
}

#[derive(Deserialize)]
struct Raw {
    recording: RawRecording,
    #[serde(default)]
    limits: RawLimits,
}

#[derive(Deserialize)]
struct RawRecording {
    schema: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    story: String,
    zone: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize, Default)]
struct RawLimits {
    app_limit: Option<u64>,
    app_limit_origin: Option<String>,
    config_slots: Option<u64>,
    config_slots_origin: Option<String>,
    package_slots: Option<u64>,
    package_slots_origin: Option<String>,
    pool_max: Option<String>,
    pool_max_origin: Option<String>,
    pool_cutoff: Option<String>,
    pool_cutoff_origin: Option<String>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is no TOML, of a newer kind, or a value cannot be.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let raw: Raw = toml::from_str(text).context("manifest.toml")?;
        let schema = raw.recording.schema;
        if schema != "why503/recording/1" {
            anyhow::bail!("manifest.toml: schema {schema:?} is of another why503: this one reads why503/recording/1");
        }
        let size = |text: Option<String>| -> anyhow::Result<Option<u64>> {
            text.map(|t| parse_size(&t).with_context(|| format!("manifest.toml: {t:?} is no size: write 128MB"))).transpose()
        };
        let limit = |value: Option<u64>, origin: Option<String>| {
            value.map(|value| Limit::new(value, origin.unwrap_or_else(|| String::from(MANIFEST))))
        };
        let moment = |text: Option<String>| match text.map(|t| When::parse(&t)) {
            Some(Ok(When::At(time))) => Ok(Some(time)),
            Some(Ok(When::Clock(_))) => anyhow::bail!("manifest.toml: from and to need a date, as in 2009-10-09T09:25:00Z"),
            Some(Err(why)) => anyhow::bail!("manifest.toml: {why}"),
            None => Ok(None),
        };
        let limits = raw.limits;
        Ok(Self {
            title: raw.recording.title,
            story: raw.recording.story,
            zone: raw.recording.zone.map(|z| Zone::parse(&z)).transpose().context("manifest.toml")?,
            from: moment(raw.recording.from)?,
            to: moment(raw.recording.to)?,
            limits: Given {
                app_limit: limit(limits.app_limit, limits.app_limit_origin),
                config_slots: limit(limits.config_slots, limits.config_slots_origin),
                package_slots: limit(limits.package_slots, limits.package_slots_origin),
                pool_max: limit(size(limits.pool_max)?, limits.pool_max_origin),
                pool_cutoff: limit(size(limits.pool_cutoff)?, limits.pool_cutoff_origin),
            },
        })
    }
}
