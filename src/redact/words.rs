//! What can be told by its shape alone, in text of any kind: addresses, e-mail addresses, GUIDs, SIDs, network cards' numbers, JSON
//! web tokens, and long runs of letters and digits that no one would choose for a name.
//!
//! Text is cut into words; a look at how many digits, dots and colons a word has tells that nearly all of them hold nothing.

use super::address;
use super::pseudonyms::{Pseudonyms, What};

/// A run shorter than this is taken for a name.
const LEAST_TOKEN: usize = 20;
/// A run of hexadecimal digits, letters among them, of this length is a secret.
const LEAST_HEX: usize = 16;

/// What a byte adds to the counts of a word: digits, dots and colons, 20 bits each; 0 for bytes between words.
const WORD: [u64; 256] = {
    let mut table = [0; 256];
    let mut byte = 0u8;
    loop {
        table[byte as usize] = match byte {
            b'0'..=b'9' => IS_WORD | 1,
            b'.' => IS_WORD | 1 << 20,
            b':' => IS_WORD | 1 << 40,
            b'@' | b'%' => IS_WORD | IS_MARK,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' | b'+' | b'~' | 128.. => IS_WORD,
            _ => 0,
        };
        if byte == 255 {
            break table;
        }
        byte += 1;
    }
};
const IS_WORD: u64 = 1 << 63;
const IS_MARK: u64 = 1 << 62;
const COUNT: u64 = (1 << 20) - 1;
const COUNTS: u64 = (1 << 60) - 1;

/// Writes text with everything replaced that its shape tells.
pub fn write(text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    look(text, None, pseudonyms, out);
}

/// Writes text as [`write`] does; that of a user agent has the address of its `client`, and versions in it look like addresses.
pub fn look(text: &[u8], client: Option<&[u8]>, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let (mut done, mut at) = (0, 0);
    while at < text.len() {
        let (mut counts, mut marks, start) = (0u64, 0u64, at);
        while let Some(class) = text.get(at).map(|b| WORD.get(usize::from(*b)).copied().unwrap_or(0)).filter(|c| *c != 0) {
            counts += class & COUNTS;
            marks |= class;
            at += 1;
        }
        let (digits, dots, colons) = (counts & COUNT, counts >> 20 & COUNT, counts >> 40);
        let suspicious = marks & IS_MARK != 0 || colons > 1 || (dots > 2 && digits > 3) || at - start >= LEAST_HEX;
        if suspicious {
            out.extend_from_slice(text.get(done..start).unwrap_or_default());
            let around = Around { before: text.get(..start).unwrap_or_default(), client };
            word(text.get(start..at).unwrap_or_default(), around, pseudonyms, out);
            done = at;
        }
        at += 1;
    }
    out.extend_from_slice(text.get(done..).unwrap_or_default());
}

/// What stands around a word.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// The text before it.
    before: &'a [u8],
    /// In a user agent, the address of the client.
    client: Option<&'a [u8]>,
}

/// Writes one word that may hold something.
fn word(mut word: &[u8], around: Around<'_>, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let mut is_first = true;
    while let Some((start, end)) = mail(word, if is_first { around.before.last().copied() } else { None }) {
        let (plain, rest) = word.split_at(start);
        scan(plain, around, pseudonyms, out);
        let address = rest.get(..end - start).unwrap_or_default();
        pseudonyms.name(What::User, &unescaped(address), out);
        word = rest.get(end - start..).unwrap_or_default();
        is_first = false;
    }
    scan(word, around, pseudonyms, out);
}

/// Where the first e-mail address begins and ends. In a URL, `name:password@host` is taken for one.
fn mail(word: &[u8], before: Option<u8>) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'@', b'%', word.get(from..)?)?;
        let rest = word.get(at..)?;
        let len = match rest {
            [b'@', ..] => 1,
            [b'%', b'4', b'0', ..] => 3,
            _ => 0,
        };
        from = at + len.max(1);
        let follows = at > 0 && !word.get(..at)?.ends_with(b":") && !word.get(..at)?.ends_with(b"@");
        let host = rest.get(len..)?.iter().take_while(|b| b.is_ascii_alphanumeric() || **b >= 128 || b"-.".contains(b)).count();
        if len == 0 || !follows || host == 0 {
            continue;
        }
        let local = word.get(..at)?.iter().rev().take_while(|b| **b != b':' && **b != b'@').count();
        // In a W3C log a plus may be a space: one at the beginning is.
        let spaces = word.get(at - local..at)?.iter().take_while(|b| **b == b'+').count();
        let start = if before == Some(b'/') { 0 } else { at - local + spaces };
        return Some((start, at + len + host));
    }
}

/// An e-mail address with its `%40` as `@`, and without a full stop behind it.
fn unescaped(address: &[u8]) -> Vec<u8> {
    let at = memchr::memmem::find(address, b"%40");
    let whole = match at.and_then(|at| Some((address.get(..at)?, address.get(at + 3..)?))) {
        Some((local, host)) => [local, b"@", host].concat(),
        None => address.to_vec(),
    };
    whole.strip_suffix(b".").map_or(whole.clone(), <[u8]>::to_vec)
}

/// Writes a word without e-mail addresses, going through it from the left.
fn scan(word: &[u8], around: Around<'_>, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let (mut at, mut escaped) = (0, false);
    while let Some(rest) = word.get(at..).filter(|rest| !rest.is_empty()) {
        // What `%7B` writes is no part of the name that follows it.
        if let [b'%', a, b, ..] = rest
            && a.is_ascii_hexdigit()
            && b.is_ascii_hexdigit()
        {
            out.extend_from_slice(rest.get(..3).unwrap_or_default());
            (at, escaped) = (at + 3, true);
            continue;
        }
        let before = match at {
            _ if escaped => &[],
            0 => around.before,
            _ => word.get(..at).unwrap_or_default(),
        };
        let last = before.last().copied();
        escaped = false;
        let begins = !last.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
        let len = guid(rest, pseudonyms, out)
            .or_else(|| dotted(rest, Around { before, ..around }, pseudonyms, out))
            .or_else(|| begins.then(|| number(rest, pseudonyms, out)).flatten())
            // Looked at once, from its beginning.
            .or_else(|| (begins && last != Some(b'-')).then(|| run(rest, pseudonyms, out)).flatten());
        at += len.unwrap_or_else(|| {
            out.extend(rest.first());
            1
        });
    }
}

/// A GUID, also where something like `%7B` stands right before it; its length.
fn guid(text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) -> Option<usize> {
    if text.get(8) != Some(&b'-') {
        return None;
    }
    let guid = text.get(..36)?;
    let fits = |(i, b): (usize, &u8)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() };
    if !guid.iter().enumerate().all(fits) {
        return None;
    }
    pseudonyms.guid(guid, out);
    Some(36)
}

/// Numbers with dots between them: four are an IPv4 address, five one with a port, more are some other number. Also behind a letter.
fn dotted(text: &[u8], around: Around<'_>, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) -> Option<usize> {
    let last = around.before.last().copied();
    if !text.first()?.is_ascii_digit() || last.is_some_and(|b| b.is_ascii_digit()) {
        return None;
    }
    let run = text.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let number = text.get(..run)?;
    let dots = number.iter().rposition(u8::is_ascii_digit).and_then(|end| number.get(..end));
    let dots = memchr::memchr_iter(b'.', dots?).count();
    if dots > 4 || is_version(number, dots, around) {
        out.extend_from_slice(number);
        return Some(run);
    }
    let (address, len) = address::v4(number)?;
    // A browser's version: no host is called so.
    if last == Some(b'/') && address.octets()[1..] == [0; 3] {
        out.extend_from_slice(number);
        return Some(run);
    }
    pseudonyms.address(address.into(), out);
    Some(len)
}

/// Whether a number with dots in a user agent is a version: it has more than four parts, or follows a product (`Chrome/`) or `rv:`. The
/// address of the client is never one.
fn is_version(number: &[u8], dots: usize, around: Around<'_>) -> bool {
    let is_agent = around.client.is_some_and(|client| client.is_empty() || !number.starts_with(client));
    let product = matches!(around.before, [.., name, b'/'] if name.is_ascii_alphanumeric());
    is_agent && (dots > 3 || product || around.before.ends_with(b"rv:"))
}

/// An IPv6 address or the number of a network card; its length.
fn number(text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) -> Option<usize> {
    let ends = |len: usize| !text.get(len).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    if let Some(separator) = mac(text).filter(|_| ends(17)) {
        pseudonyms.mac(text.get(..17)?, separator, out);
        return Some(17);
    }
    if let Some((address, len)) = address::v6(text).filter(|(_, len)| ends(*len)) {
        pseudonyms.address(address.into(), out);
        return Some(len);
    }
    None
}

/// A run of letters and digits that is a SID or a token; its length.
fn run(text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) -> Option<usize> {
    let len = text.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    let run = text.get(..len)?;
    if run.starts_with(b"eyJ") && len >= LEAST_HEX {
        let len = text.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
        pseudonyms.name(What::Secret, text.get(..len)?, out);
        return Some(len);
    }
    if run.len() > 8 && run.get(..8)?.eq_ignore_ascii_case(b"S-1-5-21") {
        pseudonyms.name(What::User, run, out);
    } else if is_token(run) {
        pseudonyms.name(What::Secret, run, out);
    } else {
        return None;
    }
    Some(len)
}

/// The separator of a network card's number such as `00-1B-44-11-3A-B7`.
fn mac(text: &[u8]) -> Option<u8> {
    let separator = text.get(2).copied().filter(|b| matches!(b, b'-' | b':'))?;
    let fits = |(i, b): (usize, &u8)| if i % 3 == 2 { *b == separator } else { b.is_ascii_hexdigit() };
    text.get(..17)?.iter().enumerate().all(fits).then_some(separator)
}

/// Whether letters and digits are mixed as no name has them: long hexadecimal numbers, base32, base64 for URLs. Pure numbers are none.
fn is_token(run: &[u8]) -> bool {
    let digits = run.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = run.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if run.len() >= LEAST_HEX && digits >= 3 && letters >= 1 && run.iter().all(u8::is_ascii_hexdigit) {
        return true;
    }
    if run.len() < LEAST_TOKEN || digits < 2 || letters < 3 {
        return false;
    }
    let class = |b: &u8| (b.is_ascii_digit(), b.is_ascii_uppercase());
    let kinds = run.iter().filter(|b| b.is_ascii_alphanumeric()).map(class);
    let changes = kinds.clone().zip(kinds.skip(1)).filter(|(a, b)| a != b).count();
    changes * 4 >= run.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let mut out = Vec::new();
        write(text.as_bytes(), &Pseudonyms::new([1; 16]), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_harmless_stays_to_the_byte() {
        for text in [
            "2009-10-09 09:32:05.078 SEVERE: Unknown Exception in: com.sygate.scm.server.task.ClientTransportInfoTask",
            "07/11/2013 17:14:31.5758996 +00:00",
            "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/120.0.0.0+Safari/537.36",
            "from: X/HEAD/8.6.2184.0 (Unable to process request, 0x80056007)",
            "/Altiris/NS/Agent/GetPackageInfo.aspx",
            "CTAgentInterop::OnClientPolicyChanged(): 127.0.0.1 [::1]:80 1.3.6.1.4.1.311",
            "Error while downloading package: Server is busy. Package sources request is backing off (-2147467259).",
            "GetEffectivePackageInformationForClient2 jquery-ui-1.12.1.custom.min.js 12345678901234567890 a@ @b %zz",
        ] {
            assert_eq!(told(text), text);
        }
    }

    #[test]
    fn what_its_shape_tells_is_replaced_wherever_it_stands() {
        for (text, secret) in [
            ("at 10.1.2.3.", "10.1.2.3"),
            ("x-10.1.2.3:80/HEAD", "10.1.2.3"),
            ("v10.1.2.3", "10.1.2.3"),
            ("10.1.2.3.445", "10.1.2.3"),
            ("[fe80::1c2b:3d4e%14]:443", "fe80::1c2b:3d4e"),
            ("mailto:Ann.Lee%40corp.example;", "Ann.Lee"),
            ("http://ann:pass@h/", "pass"),
            ("http://ann:pass@h/", "ann"),
            ("%7B0f8fad5b-d9cb-469f-a165-70867728950e%7D", "0f8fad5b-d9cb"),
            ("00-1B-44-11-3A-B7", "1B-44"),
            ("S-1-5-21-1004336348-1177238915-682003330-512", "1004336348"),
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.x", "eyJzdWIi"),
            ("/(S(lit3py55t21z5v55vlm25s55))/a", "lit3py55t21z5v55vlm25s55"),
            ("/dl/Zm9vYmFyMTIzNDU2Nzg5MA/x", "Zm9vYmFy"),
            ("/9f86d081884c7d65/", "9f86d081884c7d65"),
        ] {
            assert!(!told(text).contains(secret), "{text} became {}", told(text));
        }
    }

    #[test]
    fn versions_in_a_user_agent_are_no_addresses() {
        let told = |text: &str| {
            let mut out = Vec::new();
            look(text.as_bytes(), Some(b"10.9.8.7"), &Pseudonyms::new([1; 16]), &mut out);
            String::from_utf8(out).unwrap()
        };
        for text in [
            "[FBAN/FBIOS;FBAV/252.246.179.79.273;FBBV/193]",
            "Chrome/120.0.6099.71",
            "MSIE+7.0.5730.13",
            "(Windows;+rv:1.8.1.20)+Gecko/20081217+Firefox/2.0.0.20",
        ] {
            assert_eq!(told(text), text);
        }
        for text in ["http://10.1.2.3/", "10.1.2.3/24", "x+10.1.2.3", "(/10.1.2.3)", "Proxy/10.9.8.7"] {
            assert!(!told(text).contains("10.1.2.3") && !told(text).contains("10.9.8.7"), "{}", told(text));
        }
    }

    #[test]
    fn one_thing_has_one_pseudonym_however_it_is_written() {
        assert_eq!(told("ann@corp.example"), told("Ann%40corp.example."));
        assert_eq!(told("FE80:0::1"), told("fe80::1"));
        assert_eq!(told("{0F8FAD5B-D9CB-469F-A165-70867728950E}"), told("{0f8fad5b-d9cb-469f-a165-70867728950e}"));
    }
}
