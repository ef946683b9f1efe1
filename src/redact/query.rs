//! URLs and their queries: names are kept, values are not.

use super::prose::full_name;
use super::pseudonyms::{Pseudonyms, What};
use super::{text, words};

/// Names whose values are numbers that say what a client wanted and nothing about it: SEPM's `action=36` and `l=9`. No decoder and no
/// rule reads a query; these are kept for people.
const TOLD: [&[u8]; 2] = [b"action", b"l"];
/// More digits than such a number has.
const LONG_NUMBER: usize = 4;
/// A longer name is taken for a value.
const LONGEST_NAME: usize = 40;
/// A longer session is none; it is looked through like anything else.
const LONGEST_SESSION: usize = 256;

/// Writes a URL, or the part of it from the path on.
pub fn url(text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let end = memchr::memchr2(b'?', b'#', text).unwrap_or(text.len());
    let (mut before, after) = text.split_at(end);
    if let Some(at) = memchr::memmem::find(before, b"://") {
        let (scheme, rest) = before.split_at(at + 3);
        out.extend_from_slice(scheme);
        before = rest;
        if let Some((login, rest)) = login(rest).and_then(|len| rest.split_at_checked(len)) {
            pseudonyms.name(What::User, login, out);
            out.push(b'@');
            before = rest.strip_prefix(b"@").unwrap_or(rest);
        }
        let (host, rest) = before.split_at(full_name(before).unwrap_or(0));
        if !host.is_empty() {
            pseudonyms.name(What::Host, host, out);
        }
        before = rest;
    }
    path(before, pseudonyms, out);
    if let Some((mark, rest)) = after.split_first() {
        out.push(*mark);
        query(rest, pseudonyms, out);
    }
}

/// Writes a path that may hold a query, as that of a question mark that was escaped.
pub fn stem(text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let (before, after) = text.split_at(memchr::memchr(b'?', text).unwrap_or(text.len()));
    path(before, pseudonyms, out);
    if let Some((mark, rest)) = after.split_first() {
        out.push(*mark);
        query(rest, pseudonyms, out);
    }
}

/// The length of `name:password` in `name:password@host`, at the beginning of what follows `://`.
pub(super) fn login(text: &[u8]) -> Option<usize> {
    let ends = |b: &u8| matches!(b, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>') || b.is_ascii_whitespace();
    let authority = text.get(..text.iter().position(ends).unwrap_or(text.len()))?;
    memchr::memrchr(b'@', authority).filter(|len| *len > 0)
}

/// Writes a path: what its words tell, the values of parameters (`;jsessionid=…`) and the session that ASP.NET keeps in it (`(S(…))`).
pub fn path(mut path: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr2(b';', b'(', path) {
        let (before, rest) = path.split_at(at);
        text::path(before, pseudonyms, out);
        let near = rest.get(..LONGEST_SESSION).unwrap_or(rest);
        let session = matches!(rest, [b'(', b'A'..=b'Z', b'(', ..]).then(|| memchr::memchr(b')', near)).flatten();
        let len = if let Some(close) = session {
            out.extend_from_slice(rest.get(..3).unwrap_or_default());
            pseudonyms.name(What::Secret, rest.get(3..close).unwrap_or_default(), out);
            close
        } else if rest.first() == Some(&b';') {
            let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
            out.push(b';');
            query(rest.get(1..end).unwrap_or_default(), pseudonyms, out);
            end
        } else {
            out.push(b'(');
            1
        };
        path = rest.get(len..).unwrap_or_default();
    }
    text::path(path, pseudonyms, out);
}

/// Writes a query, without its question mark.
pub fn query(mut text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    while !text.is_empty() {
        let end = memchr::memchr3(b'&', b';', b'#', text).unwrap_or(text.len());
        let (part, rest) = text.split_at(end);
        pair(part, pseudonyms, out);
        // A `&` that XML or HTML has escaped is still one separator.
        let separator = if rest.starts_with(b"&amp;") { 5 } else { rest.len().min(1) };
        let (separator, rest) = rest.split_at(separator);
        out.extend_from_slice(separator);
        text = rest;
    }
}

/// Writes `name=value`, or a value without a name.
fn pair(part: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    if part.is_empty() || part == b"-" {
        out.extend_from_slice(part);
        return;
    }
    let split = memchr::memchr(b'=', part).and_then(|at| Some((part.get(..at)?, part.get(at + 1..)?)));
    let Some((name, value)) = split.filter(|(name, value)| is_name(name, value)) else {
        return pseudonyms.name(What::Value, part, out);
    };
    words::write(name, pseudonyms, out);
    out.push(b'=');
    let is_short = value.len() <= LONG_NUMBER && value.iter().all(u8::is_ascii_digit);
    if is_short && TOLD.iter().any(|told| told.eq_ignore_ascii_case(name)) || value.is_empty() {
        out.extend_from_slice(value);
    } else {
        pseudonyms.name(What::Value, value, out);
    }
}

/// Whether what stands before the `=` is a name, and not a value in base64 that is padded with it.
fn is_name(name: &[u8], value: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$' | b'[' | b']' | b':');
    let lettered = name.len() <= LONG_NUMBER || name.iter().any(u8::is_ascii_alphabetic);
    let padding = value.iter().all(|b| *b == b'=')
        && (name.len() + 1 + value.len()).is_multiple_of(4)
        && !name.iter().all(u8::is_ascii_lowercase);
    !name.is_empty() && name.len() <= LONGEST_NAME && name.iter().all(plain) && lettered && !padding
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(write: fn(&[u8], &Pseudonyms, &mut Vec<u8>), text: &str) -> String {
        let mut out = Vec::new();
        write(text.as_bytes(), &Pseudonyms::new([1; 16]), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn value(text: &str) -> String {
        told(|text, p, out| p.name(What::Value, text, out), text)
    }

    #[test]
    fn names_stay_and_values_go() {
        let [a, b] = [value("ann"), value("b")];
        assert_eq!(told(query, "user=ann&ctl00$x=b&empty=&action=36"), format!("user={a}&ctl00$x={b}&empty=&action=36"));
        assert_eq!(told(query, "ann"), a);
        assert_eq!(told(query, "user=ann&amp;x=b;b"), format!("user={a}&amp;x={b};{b}"));
        assert_eq!(told(query, "-"), "-");
        assert_eq!(told(query, "action=36000"), format!("action={}", value("36000")));
        assert_eq!(told(query, "x=a=b&"), format!("x={}&", value("a=b")));
    }

    #[test]
    fn a_value_that_looks_like_a_name_goes() {
        for secret in ["dGVzdHNlY3JldA==", "dGVzdHM=", "ann%40corp.example=1", "4111111111111111=x", "|41|800a0009|x"] {
            assert_eq!(told(query, secret), value(secret));
        }
    }

    #[test]
    fn a_query_in_a_stem_is_one() {
        assert_eq!(told(stem, "/x?late=ann&y"), format!("/x?late={}&{}", value("ann"), value("y")));
        assert_eq!(told(stem, "/a#b/c"), "/a#b/c");
    }

    #[test]
    fn a_url_is_read_part_by_part() {
        let login = told(url, "https://ann:p!ss@host:1/x");
        assert!(login.starts_with("https://user-") && login.ends_with("@host:1/x"), "{login}");
        let url = told(url, "http://sepm.example/a;jsessionid=A1B2/(S(abc))/b(1)?id=7#access_token=x");
        let session = told(|text, p, out| p.name(What::Secret, text, out), "abc");
        let host = told(|text, p, out| p.name(What::Host, text, out), "sepm.example");
        let [one, seven, x] = [value("A1B2"), value("7"), value("x")];
        assert_eq!(url, format!("http://{host}/a;jsessionid={one}/(S({session}))/b(1)?id={seven}#access_token={x}"));
    }
}
