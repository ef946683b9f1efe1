//! Free text, as in the logs of SEPM and of Altiris: besides what its shape tells, what stands behind a name that says what it is
//! (`user=…`, `Computer Name: …`), queries, accounts (`DOMAIN\name`), shares (`\\machine\…`) and the profiles of users.
//!
//! The markup of an `<event>` is text, too: no span that is replaced reaches over a quote, a bracket or the end of a CDATA section.

use super::named;
use super::pseudonyms::{Pseudonyms, What};
use super::{query, words};

/// Folders whose names end in these words and are followed by a backslash: no domains.
const FOLDERS: [&[u8]; 4] = [b"Files", b"Agent", b"Server", b"Settings"];
/// Files that stand behind a backslash: no accounts.
const FILES: [&[u8]; 12] =
    [b".dll", b".exe", b".config", b".log", b".xml", b".txt", b".asp", b".aspx", b".asmx", b".ini", b".jar", b".cs"];
/// Profiles of nobody.
const SHARED: [&[u8]; 5] = [b"Public", b"Default", b"Default User", b"All Users", b"NetworkService"];
/// The longest name of a domain or a profile that is looked for.
const LONGEST: usize = 64;

/// What is to be replaced: from where to where, and what it is.
struct Span {
    start: usize,
    end: usize,
    what: Replace,
}

enum Replace {
    Name(What),
    Query,
}

/// Writes a line of free text.
pub fn write(text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let is_mark = |b: &u8| matches!(b, b'=' | b':' | b'>' | b'\\' | b'?' | b'"' | b'\'' | b' ');
    let (mut done, mut at) = (0, 0);
    while let Some(mark) = text.get(at..).and_then(|rest| rest.iter().position(is_mark)).map(|i| at + i) {
        at = mark + 1;
        let Some(span) = found(text, mark).filter(|span| span.start >= done && span.end > span.start) else { continue };
        words::write(text.get(done..span.start).unwrap_or_default(), pseudonyms, out);
        let secret = text.get(span.start..span.end).unwrap_or_default();
        match span.what {
            Replace::Name(what) => named::write(what, secret, pseudonyms, out),
            Replace::Query => query::query(secret, pseudonyms, out),
        }
        done = span.end;
        at = at.max(done);
    }
    words::write(text.get(done..).unwrap_or_default(), pseudonyms, out);
}

/// What the mark at a place tells.
fn found(text: &[u8], mark: usize) -> Option<Span> {
    match text.get(mark)? {
        b'\\' => share(text, mark).or_else(|| profile(text, mark)).or_else(|| account(text, mark)),
        b'?' => query_at(text, mark),
        b':' if text.get(mark..)?.starts_with(b"://") => {
            let start = mark + 3;
            let end = start + query::login(text.get(start..)?)?;
            Some(Span { start, end, what: Replace::Name(What::User) })
        }
        _ => named::value(text, mark).map(|(start, end, what)| Span { start, end, what: Replace::Name(what) }),
    }
}

/// A query: what follows a question mark that something stands before, up to white space, a quote or a bracket.
fn query_at(text: &[u8], mark: usize) -> Option<Span> {
    let before = text.get(mark.checked_sub(1)?)?;
    if before.is_ascii_whitespace() || *before == b'<' {
        return None;
    }
    let rest = text.get(mark + 1..)?;
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'>');
    let rest = rest.get(..rest.iter().position(ends).unwrap_or(rest.len()))?;
    let rest = [&b"]]"[..], b"&quot;", b"&apos;", b"&lt;", b"&gt;"].iter().fold(rest, |rest, end| match rest {
        _ if *end == b"]]" && text.get(mark + 1 + rest.len()) != Some(&b'>') => rest,
        _ if *end == b"]]" => rest.strip_suffix(*end).unwrap_or(rest),
        _ => rest.get(..memchr::memmem::find(rest, end).unwrap_or(rest.len())).unwrap_or(rest),
    });
    let len = rest.iter().rposition(|b| !matches!(b, b'.' | b',' | b':' | b')' | b'}' | b']')).map_or(0, |last| last + 1);
    Some(Span { start: mark + 1, end: mark + 1 + len, what: Replace::Query })
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 128 || matches!(byte, b'.' | b'_' | b'-' | b'$')
}

/// The end of the name that begins at a place.
fn name_end(text: &[u8], start: usize) -> usize {
    start + text.get(start..).map_or(0, |rest| rest.iter().take_while(|b| is_name(**b)).count())
}

/// The machine of `\\machine\share`; the mark is the second backslash.
fn share(text: &[u8], mark: usize) -> Option<Span> {
    if text.get(mark.checked_sub(1)?) != Some(&b'\\') {
        return None;
    }
    let inside = mark.checked_sub(2).and_then(|i| text.get(i)).is_some_and(|b| is_name(*b) || matches!(b, b':' | b'\\' | b'%'));
    let end = name_end(text, mark + 1);
    let is_machine = text.get(mark + 1..end)?.iter().any(u8::is_ascii_alphanumeric);
    (!inside && is_machine).then_some(Span { start: mark + 1, end, what: Replace::Name(What::Host) })
}

/// The user of `…\Users\user\…` or `…\Documents and Settings\user\…`; the mark is the backslash before the user.
fn profile(text: &[u8], mark: usize) -> Option<Span> {
    let before = text.get(..mark)?;
    let before = before.strip_suffix(b"\\").unwrap_or(before);
    if ![&b"\\Users"[..], b"\\Documents and Settings"].iter().any(|folder| ends_with(before, folder)) {
        return None;
    }
    let start = if text.get(mark + 1) == Some(&b'\\') { mark + 2 } else { mark + 1 };
    let rest = text.get(start..)?;
    let near = rest.get(..LONGEST).unwrap_or(rest);
    let stop = near.iter().position(|b| matches!(b, b'\\' | b'"' | b'\'' | b'<' | b'>' | b'|' | b']' | b',' | b';'));
    let end = match stop.and_then(|stop| near.get(stop).map(|b| (stop, *b))) {
        Some((stop, b'\\')) => start + stop,
        _ => name_end(text, start),
    };
    let user = text.get(start..end)?;
    let shared = SHARED.iter().any(|shared| shared.eq_ignore_ascii_case(user));
    (!shared).then_some(Span { start, end, what: Replace::Name(What::User) })
}

fn ends_with(text: &[u8], end: &[u8]) -> bool {
    text.len().checked_sub(end.len()).and_then(|at| text.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// An account: `DOMAIN\name`, and no part of a path.
fn account(text: &[u8], mark: usize) -> Option<Span> {
    let domain = text.get(..mark)?.iter().rev().take(LONGEST).take_while(|b| is_name(**b)).count();
    let start = mark - domain;
    let before = start.checked_sub(1).and_then(|i| text.get(i));
    let second = if text.get(mark + 1) == Some(&b'\\') { mark + 2 } else { mark + 1 };
    let end = name_end(text, second);
    let (domain, name) = (text.get(start..mark)?, text.get(second..end)?);
    let in_path = before.is_some_and(|b| matches!(b, b'\\' | b'/' | b':' | b'%')) && !after_key(text, start);
    let path_goes_on = text.get(end) == Some(&b'\\');
    let lettered = |part: &[u8]| part.iter().any(|b| b.is_ascii_alphanumeric() || *b >= 128);
    let is_file = FILES.iter().any(|ending| ends_with(name, ending));
    let is_folder = FOLDERS.contains(&domain) || domain.starts_with(b"HKEY_") || domain.starts_with(b"HKLM");
    // Text may end a sentence behind an account.
    let end = end - name.iter().rev().take_while(|b| **b == b'.').count();
    let found = lettered(domain) && lettered(name) && !in_path && !path_goes_on && !is_file && !is_folder;
    found.then_some(Span { start, end, what: Replace::Name(What::User) })
}

/// Whether the colon before a place stands behind a word, as in `by:CORP\ann`, and is not that of a drive.
fn after_key(text: &[u8], start: usize) -> bool {
    let Some((b':', before)) = text.get(..start).and_then(<[u8]>::split_last) else { return false };
    before.iter().rev().take(2).filter(|b| b.is_ascii_alphanumeric()).count() == 2
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
    fn text_without_secrets_stays_to_the_byte() {
        for text in [
            "java.lang.Exception: HTTP 503 Service Unavailable, URL: http://localhost:8014/secars/secars.dll?action=36",
            "[CTAgentInterop::UpdateServerConfig(): Processing settings in C:\\Program Files\\Altiris\\Altiris Agent\\Client Task Server\\Altiris.ClientTask.Server.config]]>",
            "InstallDir = D:\\Program Files\\Altiris\\TaskManagement\\ TaskServerSetup",
            "<event date=\"06/02/2008 09:15:30.2500000 +00:00\" severity=\"8\" source=\"Altiris.NS.GetPackageInfo\" module=\"w3wp.exe\" process=\"w3wp\" pid=\"1200\" thread=\"44\" tickCount=\"1234567\"><![CDATA[The maximum number of package info requests has been reached. Tune the core setting \"MaxConcurrentConfigRequests\" for optimal performance. (Max: 50)]]></event>",
            "HKEY_LOCAL_MACHINE\\SOFTWARE\\Altiris C:\\Users\\Public\\Documents why? <?xml version='1.0'?>",
            "Unable to process client request: user - (null)",
        ] {
            assert_eq!(told(text), text);
        }
    }

    #[test]
    fn what_is_named_is_replaced_and_what_is_around_it_stays() {
        for (text, secret) in [
            ("for user CORP\\Ann.Lee.", "Ann.Lee"),
            ("for CORP\\\\ann,", "ann"),
            ("by:CORP\\ann", "ann"),
            ("User Name: ann, x", "ann"),
            ("<user>ann</user>", "ann"),
            ("user=&quot;ann lee&quot;", "ann lee"),
            ("user 'ann lee' left", "ann lee"),
            ("\"password\" : \"a b\"", "a b"),
            ("Authorization: Bearer ab cd", "Bearer ab cd"),
            ("with bearer abcd, then", "abcd"),
            ("client request from: PC-0815/HEAD/8.6.2184.0 (Unable", "PC-0815"),
            ("hostName='A&amp;B'>", "A&amp;B"),
            ("\\\\PC-0815\\c$\\x", "PC-0815"),
            ("C:\\Users\\Ann Lee\\AppData", "Ann Lee"),
            ("'C:\\Documents and Settings\\ann'", "ann"),
            ("GET /x/xml?guid=ABC&amp;q=ann]]></event>", "ABC"),
            ("(see http://ns/x?ann).", "ann"),
        ] {
            let told = told(text);
            assert!(!told.contains(secret), "{text} became {told}");
            let (before, after) = text.split_once(secret).unwrap();
            let (before, after) =
                (before.trim_end_matches("CORP\\").trim_end_matches("CORP\\\\"), after.trim_start_matches("&amp;q=ann"));
            assert!(told.starts_with(before) && told.ends_with(after), "{text} became {told}");
        }
    }

    #[test]
    fn a_name_has_one_pseudonym_whatever_names_it() {
        let user = told("user=CORP\\ann").split_off(5);
        assert!(user.starts_with("user-"));
        assert_eq!(told("for corp\\Ann"), format!("for {user}"));
        let host = told("hostName=\"PC1\"").replace("hostName=", "");
        assert_eq!(told("Computer Name: \"pc1\""), format!("Computer Name: {host}"));
        assert_eq!(told("Computer: 10.1.2.3"), format!("Computer: {}", told("10.1.2.3")));
    }
}
