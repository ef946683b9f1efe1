//! What is in force: flags over the configuration file over defaults.

#[cfg(windows)]
mod windows;
#[cfg(any(windows, test))]
mod zones;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::cli::{Color, Common};
use crate::limits::{Given, Limit, parse_size};
use crate::sources::counters::{Source, SourceError};
use crate::time::Zone;
use crate::ui::theme::ColorDepth;

/// Everything that flags and the configuration file say.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// A built-in theme, or the path of a theme file.
    pub theme: Option<String>,
    /// Plain ASCII only.
    pub ascii: bool,
    /// When to use colour.
    pub color: Color,
    /// Frames a second at most.
    pub fps: u32,
    /// Few bytes to the terminal.
    pub low_bandwidth: bool,
    /// Zone of logs in local time; `None` leaves it to the mode.
    pub zone: Option<Zone>,
    /// Seconds that the charts show.
    pub window: i64,
    /// Limits that were given.
    pub limits: Given,
    /// Paths of applications that were given.
    pub apps: Vec<String>,
    /// Where counters come from, if it was said.
    pub counters: Option<Source>,
    /// applicationHost.config.
    pub application_host: Option<PathBuf>,
    /// CoreSettings.config.
    pub core_settings: Option<PathBuf>,
    /// pooltag.txt.
    pub pool_tags: Option<PathBuf>,
}

/// The configuration file.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct File {
    theme: Option<String>,
    ascii: Option<bool>,
    color: Option<Color>,
    fps: Option<u32>,
    low_bandwidth: Option<bool>,
    tz: Option<String>,
    window: Option<String>,
    app_limit: Option<u64>,
    #[serde(default)]
    apps: Vec<String>,
    config_slots: Option<u64>,
    package_slots: Option<u64>,
    pool_max: Option<String>,
    pool_cutoff: Option<String>,
    counters: Option<String>,
    application_host: Option<PathBuf>,
    core_settings: Option<PathBuf>,
    pool_tags: Option<PathBuf>,
}

const DEFAULT_WINDOW: i64 = 300;
/// Frames a second: quick enough to look alive, slow enough for a line that is not.
const DEFAULT_FPS: u32 = 15;

impl Config {
    /// Reads the configuration file, if there is one, and lays the flags over it.
    ///
    /// # Errors
    /// When a file that was named is not there, or a value cannot be; the message names both.
    pub fn load(flags: &Common) -> anyhow::Result<Self> {
        let env = |name: &str| std::env::var(name).ok();
        let (path, asked) = match &flags.config {
            Some(path) => (Some(path.clone()), true),
            None => (default_path(&env), false),
        };
        let text = match &path {
            Some(path) => match std::fs::read_to_string(path) {
                Ok(text) => text,
                // Nobody asked for the usual place: what cannot be read there is as good as not there.
                Err(_) if !asked => String::new(),
                Err(error) => return Err(error).with_context(|| format!("--config {}", path.display())),
            },
            None => String::new(),
        };
        let name = path.as_deref().unwrap_or(Path::new("config.toml"));
        let file: File = toml::from_str(&text).with_context(|| name.display().to_string())?;
        Self::merge(flags, file).with_context(|| name.display().to_string())
    }

    fn merge(flags: &Common, file: File) -> anyhow::Result<Self> {
        let given = |flag: Option<u64>, name: &str, file: Option<u64>| {
            flag.map(|value| Limit::new(value, format!("--{name}")))
                .or_else(|| file.map(|value| Limit::new(value, "config.toml")))
        };
        let size = |key: &str, text: Option<String>| -> anyhow::Result<Option<u64>> {
            text.map(|t| parse_size(&t).with_context(|| format!("{key} = {t:?} is no size: write \"128MB\""))).transpose()
        };
        let file_zone = file.tz.map(|tz| Zone::parse(&tz)).transpose().context("tz")?;
        if let Some(fps) = file.fps
            && !(1..=30).contains(&fps)
        {
            bail!("fps = {fps}: write 1 to 30 frames a second");
        }
        Ok(Self {
            theme: flags.theme.clone().or(file.theme),
            ascii: flags.ascii || file.ascii.unwrap_or(false),
            color: flags.color.or(file.color).unwrap_or_default(),
            fps: flags.fps.or(file.fps).unwrap_or(DEFAULT_FPS),
            low_bandwidth: flags.low_bandwidth || file.low_bandwidth.unwrap_or(false),
            zone: flags.tz.or(file_zone),
            window: file.window.map(|w| window(&w)).transpose()?.unwrap_or(DEFAULT_WINDOW),
            limits: Given {
                app_limit: given(flags.app_limit, "app-limit", file.app_limit),
                config_slots: given(flags.config_slots, "config-slots", file.config_slots),
                package_slots: given(flags.package_slots, "package-slots", file.package_slots),
                pool_max: given(flags.pool_max, "pool-max", size("pool_max", file.pool_max)?),
                pool_cutoff: given(flags.pool_cutoff, "pool-cutoff", size("pool_cutoff", file.pool_cutoff)?),
            },
            apps: if flags.apps.is_empty() { file.apps } else { flags.apps.clone() },
            counters: match &flags.counters {
                Some(source) => Some(source.clone()),
                None => file.counters.map(|text| counters(&text)).transpose()?.flatten(),
            },
            application_host: flags.application_host.clone().or(file.application_host),
            core_settings: flags.core_settings.clone().or(file.core_settings),
            pool_tags: flags.pool_tags.clone().or(file.pool_tags),
        })
    }

    /// Files that were named for what they say of limits and names: the flag and the file.
    pub fn named_files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        [
            ("--application-host", &self.application_host),
            ("--core-settings", &self.core_settings),
            ("--pool-tags", &self.pool_tags),
        ]
        .into_iter()
        .filter_map(|(flag, path)| path.as_ref().map(|path| (flag, path)))
    }
}

/// Where counters come from. A file that is shared between machines may name what only some of them have.
fn counters(text: &str) -> anyhow::Result<Option<Source>> {
    match text.parse() {
        Ok(source) => Ok(Some(source)),
        Err(SourceError::NotWindows) => Ok(None),
        Err(error) => Err(error).context("counters"),
    }
}

/// `5m`, `90s` or `2h` in seconds.
fn window(text: &str) -> anyhow::Result<i64> {
    let (number, unit) = text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => bail!("window = {text:?}: write \"5m\""),
    };
    match number.parse::<i64>() {
        Ok(n) if (1..=86_400).contains(&n) => Ok((n * factor).clamp(60, 86_400)),
        _ => bail!("window = {text:?}: write \"5m\""),
    }
}

fn default_path(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let folder = if cfg!(windows) {
        env("APPDATA").map(PathBuf::from)
    } else {
        env("XDG_CONFIG_HOME")
            .filter(|p| !p.is_empty())
            .map(PathBuf::from)
            .or_else(|| env("HOME").map(|home| PathBuf::from(home).join(".config")))
    };
    folder.map(|folder| folder.join("why503").join("config.toml"))
}

/// This machine's zone.
#[must_use]
pub fn machine_zone() -> Zone {
    #[cfg(windows)]
    let zone = windows::machine_zone();
    #[cfg(not(windows))]
    let zone = iana_time_zone::get_timezone().ok().and_then(|name| Zone::parse(&name).ok());
    zone.unwrap_or(Zone::Utc)
}

/// How many colours to use. `env` gives an environment variable.
#[must_use]
pub fn color_depth(color: Color, env: &dyn Fn(&str) -> Option<String>) -> ColorDepth {
    let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
    let term = env("TERM").unwrap_or_default();
    match color {
        Color::Never => ColorDepth::None,
        Color::Auto if set("NO_COLOR") || term == "dumb" => ColorDepth::None,
        Color::Auto | Color::Always => {
            let truecolor = env("COLORTERM").is_some_and(|c| c == "truecolor" || c == "24bit");
            if truecolor || set("WT_SESSION") {
                ColorDepth::True
            } else if term.contains("256color") {
                ColorDepth::Indexed256
            } else {
                ColorDepth::Ansi16
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_says_what_is_in_force_without_a_file() {
        let sample = include_str!("../config.sample.toml");
        let empty: File = toml::from_str(sample).unwrap();
        assert_eq!(empty, File::default());
        // And with its lines uncommented, every key is known.
        let lines: Vec<&str> = sample.lines().filter(|l| l.contains(" = ")).map(|l| l.trim_start_matches("# ")).collect();
        let file: File = toml::from_str(&lines.join("\n")).unwrap();
        let config = Config::merge(&Common::default(), file).unwrap();
        assert_eq!((config.window, config.fps, config.low_bandwidth), (DEFAULT_WINDOW, DEFAULT_FPS, false));
        assert_eq!(config.limits.pool_max, Some(Limit::new(128 << 20, "config.toml")));
    }

    #[test]
    fn a_flag_wins_over_the_file_and_says_so() {
        let flags = Common { app_limit: Some(7000), ..Common::default() };
        let file = File { app_limit: Some(6000), pool_cutoff: Some("8MB".into()), ..File::default() };
        let config = Config::merge(&flags, file).unwrap();
        assert_eq!(config.limits.app_limit, Some(Limit::new(7000, "--app-limit")));
        assert_eq!(config.limits.pool_cutoff, Some(Limit::new(8 << 20, "config.toml")));
        assert!(Config::merge(&flags, File { fps: Some(60), ..File::default() }).unwrap_err().to_string().contains("1 to 30"));
        let wrong = File { pool_max: Some("12 bananas".into()), ..File::default() };
        assert!(Config::merge(&flags, wrong).unwrap_err().to_string().contains("128MB"));
        let shared = File { counters: Some("pdh:WEB02".into()), ..File::default() };
        assert_eq!(Config::merge(&flags, shared).unwrap().counters.is_some(), cfg!(windows));
        let wrong = File { counters: Some("perf".into()), ..File::default() };
        assert!(format!("{:#}", Config::merge(&flags, wrong).unwrap_err()).contains("csv:FILE"));
        assert!(toml::from_str::<File>("them = \"dark\"").unwrap_err().to_string().contains("them"));
    }

    #[test]
    fn colours_are_as_the_terminal_says() {
        let depth = |color, vars: &[(&str, &str)]| {
            color_depth(color, &|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(depth(Color::Auto, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), ColorDepth::None);
        assert_eq!(depth(Color::Always, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), ColorDepth::True);
        assert_eq!(depth(Color::Auto, &[("TERM", "xterm-256color")]), ColorDepth::Indexed256);
        assert_eq!(depth(Color::Auto, &[("TERM", "linux")]), ColorDepth::Ansi16);
        assert_eq!(depth(Color::Auto, &[("TERM", "dumb")]), ColorDepth::None);
    }
}
