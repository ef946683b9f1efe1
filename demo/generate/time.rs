//! Moments as milliseconds since 1970 in UTC, and the way each log writes them.

use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDateTime, Utc};

pub type Ms = i64;
pub const SECOND: Ms = 1000;
pub const MINUTE: Ms = 60 * SECOND;

/// Reads `2009-10-09 09:27:00`.
pub fn instant(text: &str) -> Result<Ms> {
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").with_context(|| format!("not a time: {text}"))?;
    Ok(time.and_utc().timestamp_millis())
}

pub fn calendar(at: Ms) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

/// `2009-10-09 09:27:00`, as in IIS and HTTP.sys logs.
pub fn w3c(at: Ms) -> String {
    calendar(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2009-10-09 09:32:05.078`, as the Java side of SEPM writes it.
pub fn java(at: Ms) -> String {
    calendar(at).format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// `05/06/2008 07:12:31.0312500 +00:00`: seven digits, which move in steps of the 64 Hz clock of that Windows.
pub fn altiris(at: Ms) -> String {
    let ticks = at.rem_euclid(SECOND) * 64 / SECOND * 156_250;
    format!("{}.{ticks:07} +00:00", calendar(at).format("%m/%d/%Y %H:%M:%S"))
}

/// `11/13/2007 19:50:02.015`: American order, whatever the locale.
pub fn pdh(at: Ms) -> String {
    calendar(at).format("%m/%d/%Y %H:%M:%S%.3f").to_string()
}

/// `20071113T195000Z`, for file names.
pub fn stamp(at: Ms) -> String {
    calendar(at).format("%Y%m%dT%H%M%SZ").to_string()
}

pub fn rfc3339(at: Ms) -> String {
    calendar(at).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A duration as the 64 Hz clock of Windows Server 2003 measures it: 15, 31, 46, 62 ms.
pub const fn ticks(duration: Ms) -> Ms {
    duration * 64 / SECOND * SECOND / 64
}
