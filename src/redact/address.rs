//! Addresses in text that is not known to be UTF-8. `core::net` has their types, and no network.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::pseudonyms::{Pseudonyms, What};

/// The longest IPv6 address: eight groups, the last two written as an IPv4 address.
const LONGEST_V6: usize = 45;

/// An IPv4 address at the beginning, and its length. Leading zeros are read as decimal.
pub fn v4(text: &[u8]) -> Option<(Ipv4Addr, usize)> {
    let mut octets = [0u8; 4];
    let mut at = 0;
    for (i, octet) in octets.iter_mut().enumerate() {
        if i > 0 {
            if text.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let digits = text.get(at..)?.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
        let value = text.get(at..at + digits)?.iter().fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'));
        if digits == 0 || digits > 3 {
            return None;
        }
        *octet = u8::try_from(value).ok()?;
        at += digits;
    }
    Some((Ipv4Addr::from(octets), at))
}

/// An IPv6 address at the beginning, and its length without a zone. A port or a full stop behind it is not taken for a part of it.
pub fn v6(text: &[u8]) -> Option<(Ipv6Addr, usize)> {
    let run = text.iter().take(LONGEST_V6).take_while(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.')).count();
    let mut run = std::str::from_utf8(text.get(..run)?).ok()?;
    if run.bytes().filter(|b| *b == b':').count() < 2 {
        return None;
    }
    for _ in 0..3 {
        if let Ok(address) = run.parse() {
            return Some((address, run.len()));
        }
        run = run.rsplit_once([':', '.'])?.0;
    }
    None
}

/// An address of either family at the beginning, and its length.
fn either(text: &[u8]) -> Option<(IpAddr, usize)> {
    v4(text).map(|(address, len)| (address.into(), len)).or_else(|| v6(text).map(|(address, len)| (address.into(), len)))
}

/// An address that is all of the text but for a zone (`%12`) or a port (`:443`), and its length without these.
pub fn whole(text: &[u8]) -> Option<(IpAddr, usize)> {
    let (address, len) = either(text)?;
    let is_whole = match text.get(len..)?.split_first() {
        None => true,
        Some((b'%', zone)) => zone.len() <= 16 && zone.iter().all(u8::is_ascii_alphanumeric),
        Some((b':', port)) => port.len() <= 5 && port.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    is_whole.then_some((address, len))
}

/// Writes a column that holds addresses: one, a list as in `X-Forwarded-For`, or a `Forwarded` header. What is no address is taken for
/// the name of a machine.
pub fn column(text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let is_separator = |b: &u8| matches!(b, b',' | b';' | b' ' | b'+' | b'"' | b'[' | b']' | b'=');
    for part in text.split_inclusive(is_separator) {
        let (atom, separator) = match part.split_last() {
            Some((last, atom)) if is_separator(last) => (atom, std::slice::from_ref(last)),
            _ => (part, &[][..]),
        };
        if let Some((address, len)) = whole(atom) {
            pseudonyms.address(address, out);
            out.extend_from_slice(atom.get(len..).unwrap_or_default());
        } else if is_harmless(atom) {
            out.extend_from_slice(atom);
        } else {
            pseudonyms.name(What::Host, atom, out);
        }
        out.extend_from_slice(separator);
    }
}

/// What stands between addresses: nothing, ports and the words of a `Forwarded` header (RFC 7239).
fn is_harmless(atom: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [b"", b"-", b":", b"unknown", b"for", b"by", b"proto", b"http", b"https"];
    let port = atom.strip_prefix(b":").unwrap_or(atom);
    let is_port = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    is_port || WORDS.iter().any(|word| word.eq_ignore_ascii_case(atom))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_where_they_end() {
        assert_eq!(v4(b"10.1.2.3:80").map(|v| v.1), Some(8));
        assert_eq!(v4(b"010.001.002.003").map(|v| v.0), Some(Ipv4Addr::new(10, 1, 2, 3)));
        assert_eq!(v4(b"8.6.2184.0"), None);
        assert_eq!(v4(b"1.2.3."), None);
        assert_eq!(v6(b"fe80::1%12").map(|v| v.1), Some(7));
        assert_eq!(v6(b"fe80:0:0:0:0:0:0:1:443 ").map(|v| v.1), Some(18));
        assert_eq!(v6(b"fe80::5efe:10.2.0.5.").map(|v| v.1), Some(19));
        assert_eq!(v6(b"09:32:05.078"), None);
        assert_eq!(whole(b"10.1.2.3:80x"), None);
    }

    #[test]
    fn a_column_of_addresses_keeps_its_shape() {
        let told = |text: &[u8]| {
            let mut out = Vec::new();
            column(text, &Pseudonyms::new([1; 16]), &mut out);
            String::from_utf8(out).unwrap()
        };
        let one = told(b"10.1.2.3");
        assert_eq!(told(b"10.1.2.3,+10.1.2.3:8080"), format!("{one},+{one}:8080"));
        assert_eq!(told(b"for=\"[fe80::1%3]:443\";proto=https"), format!("for=\"[{}%3]:443\";proto=https", told(b"fe80::1")));
        assert_eq!(told(b"-"), "-");
        assert!(told(b"pc-0815.corp.example").starts_with("host-"));
    }
}
