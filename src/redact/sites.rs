//! Names of sites and application pools, which people name after hosts: `intranet.corp.example`, `SharePoint - portal.corp.example80`.
//! They are the same in configurations, bindings, logs and counters, so that these can still be joined.

use super::named;
use super::prose::full_name;
use super::pseudonyms::{Pseudonyms, What};
use super::{address, text, words};

/// Bytes between the words of a name; a plus is a space in logs.
const BETWEEN: &[u8] = b" +,;:/#()[]";
/// Whoever names no site after `ASP.NET v4.0` has two dots in a host's name, or nothing else in the site's.
const DOTS: usize = 2;

/// Writes the name of a site or a pool: what in it is a host's full name is replaced.
pub fn name(name: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    for word in name.split_inclusive(|b| BETWEEN.contains(b)) {
        let bare = word.strip_suffix(word.last().filter(|b| BETWEEN.contains(b)).map_or(&[][..], std::slice::from_ref));
        let bare = bare.unwrap_or(word);
        // The port stands right behind the host in SharePoint's names.
        let len = bare.iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |last| last + 1);
        let (host, rest) = word.split_at(len);
        let is_host = full_name(host) == Some(host.len());
        if is_host && (host.len() == name.len() || memchr::memchr_iter(b'.', host).count() >= DOTS) {
            pseudonyms.name(What::Host, host, out);
        } else {
            out.extend_from_slice(host);
        }
        out.extend_from_slice(rest);
    }
}

/// Writes the place of a `<location>`: the site's name, then folders.
pub fn place(path: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let (site, rest) = path.split_at(memchr::memchr(b'/', path).unwrap_or(path.len()));
    name(site, pseudonyms, out);
    out.extend_from_slice(rest);
}

/// Writes bindings, each `address:port:host` (`*:80:intranet.corp.example`); white space stands between those of a metabase.
pub fn bindings(value: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    for binding in value.split_inclusive(u8::is_ascii_whitespace) {
        let (bare, end) = binding.split_at(binding.trim_ascii_end().len());
        let colon = memchr::memrchr(b':', bare).filter(|last| bare.get(..*last).is_some_and(|before| before.contains(&b':')));
        let (before, host) = bare.split_at(colon.map_or(bare.len(), |colon| colon + 1));
        text::write(before, pseudonyms, out);
        match host {
            [] => {}
            [b'*'] => out.push(b'*'),
            // Of an IPv6 address without a port.
            _ if before.starts_with(b"[") && host.ends_with(b"]") => text::write(host, pseudonyms, out),
            [b'*', b'.', domain @ ..] => {
                out.extend_from_slice(b"*.");
                named::write(What::Host, domain, pseudonyms, out);
            }
            _ => named::write(What::Host, host, pseudonyms, out),
        }
        out.extend_from_slice(end);
    }
}

/// Writes a host as a browser names it: with a port, or without one.
pub fn host(host: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    if address::whole(host).is_some() {
        return address::column(host, pseudonyms, out);
    }
    let port = memchr::memrchr(b':', host).filter(|at| host.get(at + 1..).is_some_and(|p| p.iter().all(u8::is_ascii_digit)));
    let (name, port) = host.split_at(port.unwrap_or(host.len()));
    named::write(What::Host, name, pseudonyms, out);
    out.extend_from_slice(port);
}

/// Writes a folder of the disk: its drive stays, and the machine of a share has its pseudonym.
pub fn folder(path: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let mut rest = path;
    if let Some(share) = path.strip_prefix(br"\\") {
        let (machine, after) = share.split_at(memchr::memchr(b'\\', share).unwrap_or(share.len()));
        out.extend_from_slice(br"\\");
        named::write(What::Host, machine, pseudonyms, out);
        rest = after;
    } else if let Some(slash) = memchr::memchr2(b'\\', b'/', path)
        && let Some(drive @ ([_, b':'] | [b'%', .., b'%'])) = path.get(..slash)
    {
        out.extend_from_slice(drive);
        rest = path.get(slash..).unwrap_or_default();
    }
    if let Some((slash @ (b'\\' | b'/'), after)) = rest.split_first() {
        out.push(*slash);
        rest = after;
    }
    if !rest.is_empty() {
        pseudonyms.name(What::Value, rest, out);
    }
}

/// Writes a line of a PDH-CSV that is no row of numbers: in each cell `\\HOST\Object(instance)\Counter` the host is replaced, and an
/// instance that is named after one, as a site or a pool may be.
pub fn counters(line: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let mut quoted = false;
    let cells = line.split_inclusive(|b| {
        quoted ^= *b == b'"';
        !quoted && matches!(b, b',' | b'\t')
    });
    for cell in cells {
        let (before, path) = cell.split_at(memchr::memchr(b'\\', cell).unwrap_or(cell.len()));
        words::write(before, pseudonyms, out);
        counter(path, pseudonyms, out);
    }
}

/// Writes the path of a counter.
fn counter(path: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let mut rest = path;
    if let Some(after) = path.strip_prefix(br"\\") {
        let (machine, path) = after.split_at(memchr::memchr2(b'\\', b'"', after).unwrap_or(after.len()));
        out.extend_from_slice(br"\\");
        if machine.is_empty() || machine == b"." {
            out.extend_from_slice(machine);
        } else {
            named::write(What::Host, machine, pseudonyms, out);
        }
        rest = path;
    }
    let end = memchr::memmem::rfind(rest, br")\");
    let instance = memchr::memchr(b'(', rest).zip(end).and_then(|(open, end)| Some((open + 1, rest.get(open + 1..end)?)));
    let Some((start, instance)) = instance else {
        out.extend_from_slice(rest);
        return;
    };
    out.extend_from_slice(rest.get(..start).unwrap_or_default());
    // `1234_pool`: a worker process.
    let digits = instance.iter().take_while(|b| b.is_ascii_digit()).count();
    let process = if digits > 0 && instance.get(digits) == Some(&b'_') { digits + 1 } else { 0 };
    let (process, of) = instance.split_at(process);
    out.extend_from_slice(process);
    name(of, pseudonyms, out);
    out.extend_from_slice(rest.get(start + instance.len()..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    type Write = fn(&[u8], &Pseudonyms, &mut Vec<u8>);

    /// What is written, with `H` for each pseudonym of a host, and `V` for each of a value.
    fn told(write: Write, text: &str) -> String {
        let mut out = Vec::new();
        write(text.as_bytes(), &Pseudonyms::new([1; 16]), &mut out);
        let shown = |text: &str, prefix: &str, shown: &str| {
            let mut parts = text.split(prefix);
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |text, part| text + shown + part.get(8..).unwrap())
        };
        shown(&shown(&String::from_utf8(out).unwrap(), "host-", "H"), "v-", "V")
    }

    #[test]
    fn a_site_named_after_a_host_has_its_pseudonym_and_other_names_stay() {
        for (text, shown) in [
            ("intranet.corp.example", "H"),
            ("corp.example", "H"),
            ("SharePoint - portal.corp.example80", "SharePoint - H80"),
            ("SharePoint+-+portal.corp.example:443", "SharePoint+-+H:443"),
            ("Default Web Site", "Default Web Site"),
            ("ASP.NET v4.0 Classic", "ASP.NET v4.0 Classic"),
            (".NET v4.5", ".NET v4.5"),
            ("system.applicationHost", "system.applicationHost"),
            ("W3SVC1", "W3SVC1"),
        ] {
            assert_eq!(told(name, text), shown, "{text}");
        }
        assert_eq!(told(place, "a.corp.example/b.corp.example"), "H/b.corp.example");
    }

    #[test]
    fn the_host_of_a_binding_goes_and_its_port_stays() {
        for (text, shown) in [
            ("*:80:intranet", "*:80:H"),
            ("*:443:*.corp.example", "*:443:*.H"),
            ("*:80:", "*:80:"),
            ("808:*", "808:*"),
            ("[::1]:80:a.b", "[::1]:80:H"),
            (":80:a\r\n\t\t:8080:b", ":80:H\r\n\t\t:8080:H"),
        ] {
            assert_eq!(told(bindings, text), shown, "{text}");
        }
    }

    #[test]
    fn folders_go_and_drives_stay() {
        for (text, shown) in [
            (r"C:\inetpub\jdoe", r"C:\V"),
            (r"%SystemDrive%\inetpub", r"%SystemDrive%\V"),
            (r"\\fs01\share\jdoe", r"\\H\V"),
            (r"\share\jdoe", r"\V"),
            ("", ""),
        ] {
            assert_eq!(told(folder, text), shown, "{text}");
        }
    }

    #[test]
    fn a_header_loses_its_hosts_in_every_column() {
        let shown = told(
            counters,
            r#""(PDH-CSV 4.0) (Eastern Daylight Time)(240)","\\SRV\Memory\Available Bytes","\\srv\LogicalDisk(C:)\Free Megabytes","\\.\System\Threads","\\SRV\W3SVC_W3WP(12_a.corp.example)\Active Requests","\Web Service(b (c)\d)\x","\\SRV""#,
        );
        assert_eq!(
            shown,
            r#""(PDH-CSV 4.0) (Eastern Daylight Time)(240)","\\H\Memory\Available Bytes","\\H\LogicalDisk(C:)\Free Megabytes","\\.\System\Threads","\\H\W3SVC_W3WP(12_H)\Active Requests","\Web Service(b (c)\d)\x","\\H""#
        );
    }
}
