//! Windows: the zone of its clock.
//!
//! By the name of its registry key, which `GetDynamicTimeZoneInformation` tells since Windows Vista. Windows' own conversion to IANA
//! names lives in the Windows Runtime, which Server 2008 R2 has not.

use windows_sys::Win32::System::Time::{DYNAMIC_TIME_ZONE_INFORMATION, GetDynamicTimeZoneInformation, TIME_ZONE_ID_INVALID};

use super::zones;
use crate::time::Zone;

/// The zone of this machine's clock.
pub(super) fn machine_zone() -> Option<Zone> {
    let mut info = DYNAMIC_TIME_ZONE_INFORMATION::default();
    #[expect(unsafe_code, reason = "a call of the system that no crate here wraps")]
    // SAFETY: it writes one structure, and is given one of that type.
    let told = unsafe { GetDynamicTimeZoneInformation(&raw mut info) };
    if told == TIME_ZONE_ID_INVALID {
        return None;
    }
    // Bias is what must be added to local time; the names count minutes east.
    let standard = Zone::Fixed(-(info.Bias + info.StandardBias));
    if info.DynamicDaylightTimeDisabled {
        return Some(standard);
    }
    let length = info.TimeZoneKeyName.iter().position(|unit| *unit == 0).unwrap_or(info.TimeZoneKeyName.len());
    let name = String::from_utf16_lossy(info.TimeZoneKeyName.get(..length)?);
    // A zone that somebody made up: right in winter is better than never.
    Some(zones::zone(&name).unwrap_or(standard))
}
