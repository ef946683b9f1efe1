//! Values that a name before them tells: `user=ann`, `"password" : "x"`, `Computer Name: PC1`, `<user>ann</user>`, `user 'ann'`.

use super::address;
use super::prose;
use super::pseudonyms::{Pseudonyms, What};
use super::text::ends_with;
use super::words;

/// A longer name is looked at from its end.
const LONGEST: usize = 64;
/// Parts of the names of secrets.
const SECRETS: [&[u8]; 16] = [
    b"password",
    b"passwd",
    b"passphrase",
    b"pwd",
    b"secret",
    b"token",
    b"credential",
    b"connectionstring",
    b"apikey",
    b"api_key",
    b"api-key",
    b"privatekey",
    b"accesskey",
    b"session",
    b"cookie",
    b"authorization",
];
/// How the names of accounts end.
const USERS: [&[u8]; 11] = [
    b"user",
    b"username",
    b"user_name",
    b"userid",
    b"login",
    b"loginname",
    b"logon",
    b"account",
    b"accountname",
    b"owner",
    b"upn",
];
/// How the names of machines end.
const HOSTS: [&[u8]; 14] = [
    b"computer",
    b"domain",
    b"computername",
    b"machine",
    b"machinename",
    b"hostname",
    b"host",
    b"workstation",
    b"netbios",
    b"client",
    b"clientname",
    b"agentname",
    b"devicename",
    b"fqdn",
];
/// Values that name nothing.
pub(super) const NOTHING: [&[u8]; 7] = [b"-", b"null", b"(null)", b"none", b"unknown", b"localhost", b"n/a"];
/// What XML writes for a quote.
const ESCAPED: [&[u8]; 2] = [b"&quot;", b"&apos;"];

/// What a name says of the value that follows it; `before` is what stands before the name.
pub(super) fn what(name: &[u8], before: &[u8]) -> Option<What> {
    let name = name.to_ascii_lowercase();
    // One look at a byte rules nearly all of them out.
    let has_secret = || {
        let is_at =
            |at: usize, part: &&[u8]| part.first() == name.get(at) && name.get(at..).is_some_and(|rest| rest.starts_with(part));
        (0..name.len()).any(|at| SECRETS.iter().any(|part| is_at(at, part)))
    };
    let ends = |names: &[&[u8]], name: &[u8]| {
        let found = names.iter().any(|end| end.last() == name.last() && name.ends_with(end));
        found && name != b"localhost" && !name.ends_with(b"appdomain")
    };
    let word = |text: &[u8]| last_word(text.trim_ascii_end()).to_ascii_lowercase();
    match name.as_slice() {
        b"name" | b"id" => {
            let before = word(before);
            if ends(&USERS, &before) {
                return Some(What::User);
            }
            ends(&HOSTS, &before).then_some(What::Host)
        }
        // "Unable to process client request from: …" (KB 179877).
        b"from" => (word(before) == b"request").then_some(What::Host),
        b"uid" => Some(What::User),
        _ if has_secret() => Some(What::Secret),
        name if ends(&USERS, name) => Some(What::User),
        name if ends(&HOSTS, name) => Some(What::Host),
        _ => None,
    }
}

/// The name that a text ends with.
fn last_word(text: &[u8]) -> &[u8] {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let len = text.iter().rev().take(LONGEST).take_while(|b| is_name(b)).count();
    text.get(text.len() - len..).unwrap_or_default()
}

/// The value that belongs to the mark at a place (`=`, `:`, `>`, `;` or a space), if the name before it tells: from, to, what.
pub(super) fn value(text: &[u8], mark: usize) -> Option<(usize, usize, What)> {
    let (before, rest) = (text.get(..mark)?, text.get(mark + 1..)?);
    let kind = *text.get(mark)?;
    let name = match kind {
        b'=' | b':' => without_quote(before.trim_ascii_end()),
        // "user 'ann'": only what is quoted is surely the user's name.
        b' ' if matches!(rest.first(), Some(b'\'' | b'"')) || ESCAPED.iter().any(|quote| rest.starts_with(quote)) => before,
        b' ' if ends_in_bearer(before) => {
            let end = mark + 1 + plain(rest, What::Secret);
            return Some((mark + 1, end, What::Secret));
        }
        b'>' => before,
        // An element that was escaped: "&lt;user&gt;ann".
        b';' => before.strip_suffix(b"&gt")?,
        _ => return None,
    };
    let word = last_word(name);
    let earlier = name.get(..name.len() - word.len())?;
    // The port of a machine is no value.
    let is_element = matches!(kind, b'>' | b';');
    if is_element && !earlier.ends_with(b"<") && !earlier.ends_with(b"&lt;") || kind == b':' && earlier.ends_with(b"//") {
        return None;
    }
    let what = what(word, earlier)?;
    let skipped = if is_element { 0 } else { rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count() };
    let start = mark + 1 + skipped;
    let rest = rest.get(skipped..)?;
    let (start, end) = match quoted(rest) {
        Some((from, to)) => (start + from, start + to),
        None => (start, bare_end(text, start, (kind, what), word)),
    };
    Some((start, end, what))
}

/// The end of a value without quotes; `mark` is what stands before it, and what it is.
fn bare_end(text: &[u8], start: usize, mark: (u8, What), name: &[u8]) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let is_header = || [&b"authorization"[..], b"cookie"].iter().any(|header| ends_with(name, header));
    match mark {
        // An element's text.
        (b'>' | b';', _) => {
            let inside = rest.get(..to_markup(rest)).unwrap_or_default();
            let inside = inside.get(..memchr::memmem::find(inside, b"&lt;").unwrap_or(inside.len())).unwrap_or_default();
            start + inside.trim_ascii_end().len()
        }
        (b':', _) if is_header() => start + to_markup(rest),
        (_, what @ What::User) => {
            let len = plain(rest, what);
            let word = rest.get(..len).unwrap_or_default();
            // A full stop ends the sentence, and not an initial.
            let trimmed = if len > 2 { prose::trimmed(word) } else { word };
            let end = start + trimmed.len();
            if trimmed.len() < len { end } else { prose::phrase(text, start, end, mark.0 == b':') }
        }
        (_, what) => start + plain(rest, what),
    }
}

fn ends_in_bearer(text: &[u8]) -> bool {
    matches!(text.last(), Some(b'r' | b'R')) && last_word(text).eq_ignore_ascii_case(b"bearer")
}

fn without_quote(text: &[u8]) -> &[u8] {
    let escaped = ESCAPED.iter().find_map(|quote| text.strip_suffix(*quote));
    escaped.or_else(|| text.strip_suffix(b"\"")).or_else(|| text.strip_suffix(b"'")).unwrap_or(text)
}

/// What stands in quotes at the beginning: from and to. No value reaches over markup.
fn quoted(text: &[u8]) -> Option<(usize, usize)> {
    const MARKUP: [&[u8]; 4] = [b"]]>", b"</", b"<event", b"<!["];
    let quotes: [&[u8]; 5] = [b"\\\"", b"\"", b"'", ESCAPED[0], ESCAPED[1]];
    let quote = quotes.into_iter().find(|quote| text.starts_with(quote))?;
    let inside = text.get(quote.len()..)?;
    let inside = inside.get(..memchr::memmem::find(inside, quote)?)?;
    let crosses = MARKUP.iter().any(|markup| memchr::memmem::find(inside, markup).is_some());
    (!crosses).then_some((quote.len(), quote.len() + inside.len()))
}

/// The length of a value without quotes.
pub(super) fn plain(text: &[u8], what: What) -> usize {
    let ends = |b: &u8| {
        b.is_ascii_whitespace()
            || matches!(b, b',' | b';' | b'&' | b'"' | b'\'' | b'<' | b'>' | b')' | b']' | b'{' | b'}' | b'|')
            || (what == What::Host && *b == b'/')
    };
    text.iter().position(ends).unwrap_or(text.len())
}

/// The length of what stands before the next quote or tag.
fn to_markup(text: &[u8]) -> usize {
    let end = text.iter().position(|b| matches!(b, b'"' | b'<' | b'>')).unwrap_or(text.len());
    // The bracket after `]]` is the end of a CDATA section.
    let inside = text.get(..end).unwrap_or_default();
    inside.strip_suffix(b"]]").unwrap_or(inside).len()
}

/// Writes what stands for a named value. A value that names nothing stays; a machine that is named by its address or its GUID has the
/// pseudonym of these.
pub(super) fn write(what: What, value: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let is_number = value.len() <= 5 && value.iter().all(u8::is_ascii_digit);
    let is_address = address::whole(value).is_some();
    let is_guid = value.len() >= 36 && value.get(..9).is_some_and(|head| head.ends_with(b"-"));
    if NOTHING.iter().any(|nothing| nothing.eq_ignore_ascii_case(value)) || (what == What::Host && is_number) {
        out.extend_from_slice(value);
    } else if what == What::Host && (is_address || is_guid || value.starts_with(b"[")) {
        let from = out.len();
        words::write(value, pseudonyms, out);
        // Only like one of these, after all.
        let loopback = address::whole(value).is_some_and(|(address, _)| address.is_loopback() || address.is_unspecified());
        if out.get(from..) == Some(value) && !loopback {
            out.truncate(from);
            pseudonyms.name(what, value, out);
        }
    } else {
        pseudonyms.name(what, value, out);
    }
}
