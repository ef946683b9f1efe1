//! Formats that are known but cannot answer why clients are turned away, each with what to turn on instead.
//!
//! A binary file has no lines to look at, so [`of_bytes`] looks at its first bytes, and [`of_name`] at the name of a file that
//! is binary beyond doubt but begins like nothing known.

use crate::formats::{Ability, Format, Head, Kind, Sniff, text};

/// What a W3C log must have to answer.
macro_rules! turn_on_w3c {
    ($what:literal) => {
        concat!(
            $what,
            ": in IIS Manager, under Logging, choose the format W3C and select sc-substatus, sc-win32-status and time-taken"
        )
    };
}

/// IIS native logs: no substatus, so 503.2 cannot be told from other 503s ("IIS Logging", HTTP Server API documentation).
pub const IIS_NATIVE: Format = Format {
    kind: Kind::IisNative,
    title: "IIS native log",
    sniff: |head| sniff_line(head, is_iis_native),
    ability: Ability::Refuse(turn_on_w3c!("an IIS native log has no substatus, so it cannot tell 503.2 from other 503s")),
};

/// NCSA common logs: neither substatus nor time-taken ("NCSA Logging", HTTP Server API documentation).
pub const NCSA: Format = Format {
    kind: Kind::Ncsa,
    title: "NCSA common log",
    sniff: |head| sniff_line(head, is_ncsa),
    ability: Ability::Refuse(turn_on_w3c!("an NCSA common log has neither substatus nor time-taken")),
};

/// Centralised binary logs, `.ibl` ("Centralized Binary Logging", HTTP Server API documentation).
pub const CENTRAL_BINARY: Format = Format {
    kind: Kind::CentralBinary,
    title: "centralised binary log",
    sniff: |_| Sniff::No,
    ability: Ability::Refuse(
        "a centralised binary log is not text: set centralLogFileMode to Site or CentralW3C, with the W3C fields sc-substatus, sc-win32-status and time-taken",
    ),
};

/// Binary performance logs, `.blg`.
pub const BLG: Format = Format {
    kind: Kind::Blg,
    title: "binary performance log",
    sniff: |_| Sniff::No,
    ability: Ability::Refuse("a binary performance log is not text: convert it with relog in.blg -f csv -o out.csv"),
};

/// Counters that a spreadsheet has read and saved: the dates are lost.
pub const SPREADSHEET: Format = Format {
    kind: Kind::Spreadsheet,
    title: "counters saved by a spreadsheet",
    sniff: sniff_spreadsheet,
    ability: Ability::Refuse(
        "a spreadsheet has saved these counters and lost their dates: use the file that logman or typeperf wrote, or relog in.blg -f csv -o out.csv",
    ),
};

/// Yes if the first line that is not blank is one.
fn sniff_line(head: Head<'_>, is_one: fn(&[u8]) -> Option<()>) -> Sniff {
    if text::spoken(head).next().and_then(is_one).is_some() { Sniff::Yes } else { Sniff::No }
}

/// `192.168.114.201, -, 03/20/01, 7:55:20, W3SVC2, SERVER, 172.21.13.45, 4502, 163, 3223, 200, 0, GET, /logo.gif, -,`
fn is_iis_native(line: &[u8]) -> Option<()> {
    let mut fields = line.split(|b| *b == b',').map(<[u8]>::trim_ascii);
    let [_client, _user, date, time, service, _server, _ip] = next(&mut fields)?;
    let [taken, received, sent, status, win32, _verb, _target] = next(&mut fields)?;
    let mut parts = date.split(|b| *b == b'/').map(text::number::<u16>);
    let [Some(_), Some(_), Some(_)] = next(&mut parts)? else { return None };
    let mut parts = time.split(|b| *b == b':').map(text::number::<u8>);
    let [Some(_), Some(_), Some(_)] = next(&mut parts)? else { return None };
    let numeric = [taken, received, sent, status, win32].iter().all(|field| text::number::<u64>(field).is_some());
    (numeric && service.first()?.is_ascii_alphabetic()).then_some(())
}

fn next<T, const N: usize>(items: &mut impl Iterator<Item = T>) -> Option<[T; N]> {
    items.take(N).collect::<Vec<T>>().try_into().ok()
}

/// `172.21.13.45 - CORP\jd [07/Apr/2004:17:39:04 -0800] "GET /logo.gif HTTP/1.0" 200 3401`
fn is_ncsa(line: &[u8]) -> Option<()> {
    let (before, rest) = text::split_once(line, b" [")?;
    let (stamp, rest) = text::split_once(rest, b"] \"")?;
    let [d1, d2, b'/', _, _, _, b'/', y1, y2, y3, y4, b':', h1, h2, b':', .., sign, z1, z2, z3, z4] = stamp else { return None };
    let digits = [d1, d2, y1, y2, y3, y4, h1, h2, z1, z2, z3, z4].iter().all(|b| b.is_ascii_digit());
    let status = rest.get(memchr::memrchr(b'"', rest)? + 1..)?.trim_ascii_start();
    let (status, _) = text::digits(status, 3)?;
    (digits && matches!(sign, b'+' | b'-') && before.contains(&b' ') && (100..1000).contains(&status)).then_some(())
}

/// Yes on the header of a PDH-CSV whose commas have gone, or once three lines in a row are `14:07.7 812204032`.
fn sniff_spreadsheet(head: Head<'_>) -> Sniff {
    let mut mangled = 0;
    for line in text::spoken(head) {
        if text::holds(line.get(..12).unwrap_or_default(), b"(pdh-") {
            return Sniff::Yes;
        }
        if !is_mangled(line) {
            return Sniff::No;
        }
        mangled += 1;
    }
    match mangled {
        0 => Sniff::No,
        1 | 2 => Sniff::Maybe,
        _ => Sniff::Yes,
    }
}

/// Minutes, seconds and tenths, then numbers: what a spreadsheet shows of a time that it takes for a duration.
fn is_mangled(line: &[u8]) -> bool {
    let mut cells = line.split(|b| matches!(b, b'\t' | b' ' | b';' | b',')).filter(|cell| !cell.is_empty());
    let time = cells.next().and_then(|time| text::split_once(time, b":"));
    let time = time.is_some_and(|(minutes, seconds)| {
        text::number::<u8>(minutes).is_some() && seconds.contains(&b'.') && text::number::<f64>(seconds).is_some()
    });
    let mut numbers = cells.peekable();
    time && numbers.peek().is_some() && numbers.all(|cell| text::number::<f64>(cell).is_some())
}

/// How many bytes [`of_bytes`] wants to see.
pub const RAW_HEAD: usize = 80;

/// Whether a file that begins with this byte may be binary. Both binary formats begin with a number whose lowest byte is 0; no
/// text does, but for a hole that a crash left.
#[must_use]
pub fn may_be_binary(first: u8) -> bool {
    first == 0
}

/// What a file is by its first [`RAW_HEAD`] bytes, if they tell.
#[must_use]
pub fn of_bytes(head: &[u8]) -> Option<Kind> {
    if is_trace(head) == Some(true) {
        Some(Kind::Blg)
    } else if is_central_binary(head) == Some(true) {
        Some(Kind::CentralBinary)
    } else {
        None
    }
}

/// What a binary file is by its name, for those that begin like nothing known.
#[must_use]
pub fn of_name(name: &str, head: Head<'_>) -> Option<Kind> {
    let is_binary = head.iter().any(|line| line.contains(&0));
    let extension = name.rsplit_once('.')?.1;
    match () {
        () if !is_binary => None,
        () if extension.eq_ignore_ascii_case("blg") => Some(Kind::Blg),
        () if extension.eq_ignore_ascii_case("ibl") => Some(Kind::CentralBinary),
        () => None,
    }
}

/// A `.blg` is an event trace file: a buffer header of 72 bytes that begins with the size of the buffers, then the header of the
/// first event, whose fourth byte is 0xC0 and whose third tells 32 bits (1) from 64 (2).
fn is_trace(head: &[u8]) -> Option<bool> {
    let size = u32::from_le_bytes(*head.first_chunk()?);
    let sized = size.is_multiple_of(1024) && (1024..=1 << 24).contains(&size);
    Some(sized && matches!(head.get(74..76)?, [1 | 2, 0xC0]))
}

/// An `.ibl` begins with a header record: type 0 and version in two bytes each, the alignment, a FILETIME, then the computer's name in
/// UTF-16. From the file format appendix of the IIS 6.0 documentation; unconfirmed by a sample.
fn is_central_binary(head: &[u8]) -> Option<bool> {
    let [0, 0, _, _, 4 | 8, 0, 0, 0, time @ ..] = head else { return Some(false) };
    // 100 ns steps since 1601: between 2000 and 2200.
    let dated = (125_911_584_000_000_000..189_029_376_000_000_000).contains(&u64::from_le_bytes(*time.first_chunk()?));
    let mut units = time.get(8..)?.chunks_exact(2).take_while(|unit| *unit != [0, 0]).peekable();
    let named =
        units.peek().is_some() && units.all(|unit| matches!(unit, [b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_', 0]));
    Some(dated && named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_and_ncsa_lines_are_told_and_others_are_not() {
        let native = b"10.0.0.7, CORP\\jd, 3/2/2009, 7:05:20, W3SVC1, WEB01, 10.0.0.1, 46, 379, 336, 503, 0, GET, /, -, ";
        assert!(is_iis_native(native).is_some());
        assert!(is_iis_native(b"a, b, c, d, e, f, g, h, i, j, k, l, m, n, o,").is_none());
        assert!(is_ncsa(b"10.0.0.7 - CORP\\j d [02/Mar/2009:07:05:20 +0100] \"GET /a \"b\" HTTP/1.1\" 503 326").is_some());
        assert!(is_ncsa(b"10.0.0.7 - - [not a date] \"GET / HTTP/1.1\" 503 326").is_none());
    }

    #[test]
    fn a_trace_and_a_binary_log_are_told_from_their_first_bytes() {
        let mut trace = vec![0; RAW_HEAD];
        trace[..4].copy_from_slice(&65_536u32.to_le_bytes());
        trace[72..76].copy_from_slice(&[2, 0, 2, 0xC0]);
        assert_eq!(of_bytes(&trace), Some(Kind::Blg));
        let mut log = vec![0, 0, 1, 0, 8, 0, 0, 0];
        log.extend(128_900_000_000_000_000u64.to_le_bytes());
        log.extend("WEB01".encode_utf16().flat_map(u16::to_le_bytes));
        log.resize(RAW_HEAD, 0);
        assert_eq!(of_bytes(&log), Some(Kind::CentralBinary));
        assert_eq!(of_bytes(&[0; RAW_HEAD]), None);
        assert_eq!(of_bytes(&[]), None);
    }

    #[test]
    fn what_a_spreadsheet_saved_is_told() {
        let lines: [&[u8]; 3] = [b"14:07.7\t81220", b"15:07.7\t81221", b"16:07.7\t81222"];
        assert_eq!(sniff_spreadsheet(&lines), Sniff::Yes);
        assert_eq!(sniff_spreadsheet(&lines[..2]), Sniff::Maybe);
        assert_eq!(sniff_spreadsheet(&[b"(PDH-CSV 4.0)\t\\\\WEB01\\Memory\\Pool Nonpaged Bytes"]), Sniff::Yes);
        assert_eq!(sniff_spreadsheet(&[b"14:07.7 words"]), Sniff::No);
    }
}
