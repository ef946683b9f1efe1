//! What to do about a non-paged pool that is used up, for the Windows at hand: the owner first, then what gives time.
//!
//! /3GB halves the pool of 32-bit Server 2003 ("Memory Limits for Windows and Windows Server Releases"; KB 933844 asks to take it out);
//! from Server 2008 on its place is `increaseuserva` of bcdedit ("4-Gigabyte Tuning: `BCDEdit` and Boot.ini"). The lower cutoff is KB 934878.

use super::windows::Windows;
use super::{Remedy, megabytes};
use crate::engine::Moment;
use crate::limits::DEFAULT_POOL_CUTOFF;
use crate::pool::{Pool, Tag};

/// What the pool of Server 2003 can grow to with /3GB; without it is twice that.
const LEAST_2003: u64 = 128 << 20;
/// What the pool of any 32-bit Windows can grow to.
const MOST_32: u64 = 2 << 30;
/// The counter in question, to be looked at on the server.
pub(super) const TYPEPERF: &str = r#"typeperf "\Memory\Pool Nonpaged Bytes" -si 5 -sc 60"#;
const HALF: &str = "It takes a restart, and only gives time: what leaks goes on leaking. A program that needs more than 2 GB of \
                    addresses (Exchange, SQL Server) may have been the reason for the switch.";

/// All remedies, in the order in which they help.
pub(super) fn remedies(moment: &Moment<'_>, pool: &Pool) -> Vec<Remedy> {
    remedies_for(moment, pool, pool.tags.first())
}

/// The same where a tag is known whose owner comes first.
pub(super) fn remedies_for(moment: &Moment<'_>, pool: &Pool, tag: Option<&Tag>) -> Vec<Remedy> {
    let windows = Windows::of(moment);
    let mut remedies = match tag {
        Some(tag) => owner(tag, &windows),
        None => find(&windows),
    };
    remedies.extend(three_gb(pool, &windows));
    remedies.push(restart());
    remedies.extend(aggressive(pool));
    remedies
}

/// Whom a tag belongs to, and what to ask of him.
pub(super) fn owner(tag: &Tag, windows: &Windows) -> Vec<Remedy> {
    let shown = tag.shown();
    let driver = tag.driver.as_str();
    if driver.starts_with("nt!") || driver.starts_with('<') {
        let text = format!(
            "Pool tag {shown} is Windows' own ({}): find the process or driver that makes it allocate. Look for one whose handles or \
             pool bytes grow.",
            if tag.what.is_empty() { driver } else { &tag.what }
        );
        return vec![Remedy::new(text).by(r#"typeperf "\Process(*)\Handle Count" "\Process(*)\Pool Nonpaged Bytes" -sc 1"#)];
    }
    if is_plain(driver) {
        let how = if tag.how.is_empty() { String::new() } else { format!(", going by: {}", tag.how) };
        let text = format!("Ask the vendor of {driver} (pool tag {shown}{how}) for a fixed version, and name the installed one.");
        return vec![Remedy::new(text).by(version_of(driver, windows)).mind(
            "A driver is replaced with a restart. Do not end or remove it on a server in use: filters of virus scanners and backups hang \
             on every file.",
        )];
    }
    let known = if driver.is_empty() { String::new() } else { format!(" (a listing names {driver})") };
    let text = format!("Find the driver that owns pool tag {shown}{known}, and ask its vendor for a fixed version.");
    let is_word = shown.chars().all(|c| c.is_ascii_alphanumeric()) && !shown.is_empty();
    // What stands in a listing may be anything: nothing that a shell would take for its own goes into a command.
    if !is_word {
        return vec![Remedy::new(text)];
    }
    let find = Remedy::new(text).by(format!(r#"findstr /m /l "{shown}" %windir%\System32\drivers\*.sys"#));
    vec![find.mind("It names every driver with these four letters in it; which of them allocates, its vendor knows.")]
}

/// A file's name and no more.
fn is_plain(driver: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    driver.len() > 4 && driver.to_ascii_lowercase().ends_with(".sys") && driver.chars().all(is_part)
}

fn version_of(driver: &str, windows: &Windows) -> String {
    // Server 2008 has no PowerShell of its own, and the newest Windows no wmic.
    if windows.version.is_some_and(|version| version >= (6, 1)) {
        return format!(
            r#"powershell "(Get-Item $env:windir\System32\drivers\{driver}).VersionInfo | Format-List CompanyName,FileVersion""#
        );
    }
    format!(r#"wmic datafile where name="C:\\Windows\\System32\\drivers\\{driver}" get Manufacturer,Version"#)
}

/// Nobody knows who holds the pool.
fn find(windows: &Windows) -> Vec<Remedy> {
    let from = match (windows.may_be_2003(), windows.may_be_2008()) {
        (true, false) => "it is one of the Support Tools on the CD of Server 2003",
        (false, true) => "it comes with the Windows Driver Kit",
        _ => "of the Support Tools on the CD of Server 2003, of the Windows Driver Kit from Server 2008 on",
    };
    let text = format!(
        "Find the pool tag that holds most non-paged bytes, and the driver it belongs to. why503 lists them when it runs on the server; \
         else poolmon does ({from})."
    );
    vec![Remedy::new(text).by("poolmon -b")]
}

/// To take the switch out that takes addresses from the kernel.
fn three_gb(pool: &Pool, windows: &Windows) -> Vec<Remedy> {
    let at_most = |bytes: u64| pool.max.as_ref().is_none_or(|max| max.value <= bytes);
    // 64-bit Windows has no such switch; and where it was looked for and is not there, nothing is to be taken out.
    if windows.is_64 || (windows.version.is_some() && windows.three_gb.is_none()) {
        return Vec::new();
    }
    let place = windows.three_gb.as_ref().map_or_else(String::new, |place| format!(" (found: {place})"));
    let mut remedies = Vec::new();
    if windows.may_be_2003() && at_most(LEAST_2003) {
        let text = format!(
            "{}take /3GB out of boot.ini{place} if nothing needs it: it halves the pool, from 256 to 128 MB.",
            windows.only("32-bit Server 2003")
        );
        remedies.push(Remedy::new(capital(&text)).by(r"attrib -r -s -h C:\boot.ini & notepad C:\boot.ini").mind(HALF));
    }
    if windows.may_be_2008() && at_most(MOST_32) {
        let text = format!(
            "{}give the kernel its addresses back{place} if nothing needs them elsewhere: the pool lies in them.",
            windows.only("32-bit Server 2008")
        );
        remedies.push(Remedy::new(capital(&text)).by("bcdedit /deletevalue increaseuserva").mind(HALF));
    }
    remedies
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn restart() -> Remedy {
    Remedy::new("Until the owner is fixed, restart the server at an hour of your choice, before the pool chooses one.")
        .by("shutdown /r /t 60")
        .mind("All its services stop, and what leaks begins anew. Restarting IIS alone gives nothing back that a driver holds.")
}

/// To let HTTP.sys go on for longer.
fn aggressive(pool: &Pool) -> Option<Remedy> {
    if pool.cutoff.value < DEFAULT_POOL_CUTOFF {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
    let now = megabytes(pool.cutoff.value as f64);
    Some(
        Remedy::new(format!("Let HTTP.sys go on until 8 MB are left instead of {now}."))
            .by(
                r"reg add HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters /v EnableAggressiveMemoryUsage /t REG_DWORD /d 1 /f",
            )
            .mind(
                "It counts from a restart of the server on. (net stop http would stop all services that use HTTP.sys, such as remote \
                 management, and start none of them again: sc enumdepend http names them.) It only gives time: at 8 MB the rest of \
                 Windows is close to failing.",
            ),
    )
}
