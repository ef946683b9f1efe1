//! Free text, as in the logs of SEPM and of Altiris: besides what its shape tells, what stands behind a name that says what it is
//! (`user=…`, `Computer Name: …`, `user jdoe`), queries, accounts (`DOMAIN\name`), shares (`\\machine\…`) and the folders of users. In
//! columns of rows, where a space is a `+`, less is looked for: a path and a user agent are no sentences.
//!
//! The markup of an `<event>` is text, too: no span that is replaced reaches over a quote, a bracket or the end of a CDATA section.

use std::borrow::Cow;

use super::folders::{self, LONGEST, is_file, is_name, name_end};
use super::named;
use super::prose;
use super::pseudonyms::{Pseudonyms, What};
use super::{query, words};

/// Folders whose names end in these words and are followed by a backslash: no domains.
const FOLDERS: [&[u8]; 4] = [b"Files", b"Agent", b"Server", b"Settings"];

/// What is looked through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style<'a> {
    /// Sentences.
    Prose,
    /// A path in a column.
    Path,
    /// A user agent in a column, and the client's address.
    Agent(&'a [u8]),
}

const PROSE: u8 = 1;
const PATH: u8 = 2;
const AGENT: u8 = 4;
/// In what a byte may be a mark.
const MARKS: [u8; 256] = {
    let mut table = [0; 256];
    table[b'=' as usize] = PROSE | PATH | AGENT;
    table[b':' as usize] = PROSE | PATH | AGENT;
    table[b'\\' as usize] = PROSE | PATH | AGENT;
    table[b'?' as usize] = PROSE | AGENT;
    table[b'/' as usize] = PROSE | PATH;
    table[b'>' as usize] = PROSE;
    table[b';' as usize] = PROSE;
    table[b' ' as usize] = PROSE;
    table[b'@' as usize] = PROSE;
    table
};

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

impl Span {
    fn name((start, end, what): (usize, usize, What)) -> Self {
        Self { start, end, what: Replace::Name(what) }
    }
}

/// Writes a line of free text.
pub fn write(text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    look(text, Style::Prose, pseudonyms, out);
}

/// Writes a path, or a part of one, from a column.
pub fn path(text: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    look(text, Style::Path, pseudonyms, out);
}

/// Writes a user agent; `client` is the address that its row shows.
pub fn agent(text: &[u8], client: &[u8], pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    look(text, Style::Agent(client), pseudonyms, out);
}

fn look(text: &[u8], style: Style<'_>, pseudonyms: &Pseudonyms, out: &mut Vec<u8>) {
    let (mask, client) = match style {
        Style::Prose => (PROSE, None),
        Style::Path => (PATH, None),
        Style::Agent(client) => (AGENT, Some(client)),
    };
    let next = |from: usize| {
        let rest = text.get(from..)?;
        rest.iter().position(|b| MARKS.get(usize::from(*b)).is_some_and(|marks| marks & mask != 0)).map(|i| from + i)
    };
    let mut spaced = None;
    let (mut done, mut at) = (0, 0);
    while let Some(mark) = next(at) {
        at = mark + 1;
        let view: &Cow<'_, [u8]> = spaced.get_or_insert_with(|| spaced_out(text, style));
        let Some(span) = found(view, text, mark, style).filter(|span| span.start >= done && span.end > span.start) else {
            continue;
        };
        words::look(text.get(done..span.start).unwrap_or_default(), client, pseudonyms, out);
        let secret = text.get(span.start..span.end).unwrap_or_default();
        match span.what {
            Replace::Name(what) => named::write(what, secret, pseudonyms, out),
            Replace::Query => query::query(secret, pseudonyms, out),
        }
        done = span.end;
        at = at.max(done);
    }
    words::look(text.get(done..).unwrap_or_default(), client, pseudonyms, out);
}

/// A column with its spaces: each has been written as a `+`.
fn spaced_out<'a>(text: &'a [u8], style: Style<'_>) -> Cow<'a, [u8]> {
    if style == Style::Prose || memchr::memchr(b'+', text).is_none() {
        return Cow::Borrowed(text);
    }
    text.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect()
}

/// What the mark at a place tells; `original` is the text with its `+`.
fn found(text: &[u8], original: &[u8], mark: usize, style: Style<'_>) -> Option<Span> {
    let user = |(start, end)| Span::name((start, end, What::User));
    let machine = |(start, end)| Span::name((start, end, What::Host));
    let is_path = style == Style::Path;
    match text.get(mark)? {
        b'\\' => folders::machine(text, mark)
            .map(machine)
            .or_else(|| folders::profile(text, mark).map(user))
            .or_else(|| account(text, mark)),
        b'/' => folders::home(text, mark, is_path).map(user),
        b'?' => query_at(text, mark),
        b'@' => in_url(text, mark).then(|| host(text, mark + 1))?,
        b':' if text.get(mark..)?.starts_with(b"://") => {
            let start = mark + 3;
            let login = query::login(text.get(start..)?).map(|len| user((start, start + len)));
            login.or_else(|| (style == Style::Prose).then(|| host(text, start))?)
        }
        b' ' => named::value(text, mark).or_else(|| prose::name(text, mark)).map(Span::name),
        _ if style == Style::Prose => named::value(text, mark).or_else(|| prose::named(text, mark)).map(Span::name),
        _ => {
            let (start, mut end, what) = named::value(text, mark)?;
            let rest = original.get(start..)?;
            if what == What::Secret {
                // A plus may be a part of a secret.
                end = end.max(start + named::plain(rest, what));
            }
            let segment = if is_path { memchr::memchr(b'/', rest) } else { None };
            Some(Span::name((start, segment.map_or(end, |slash| end.min(start + slash)), what)))
        }
    }
}

/// The full name of a machine in a URL.
fn host(text: &[u8], start: usize) -> Option<Span> {
    prose::full_name(text.get(start..)?).map(|len| Span::name((start, start + len, What::Host)))
}

/// Whether the `@` at a place stands behind a login in a URL.
fn in_url(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(4 * LONGEST)..at).unwrap_or_default();
    let word =
        before.iter().rposition(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'>')).map_or(0, |i| i + 1);
    memchr::memmem::find(before.get(word..).unwrap_or_default(), b"://").is_some()
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

/// Whether a text ends so, without regard to case.
pub(super) fn ends_with(text: &[u8], end: &[u8]) -> bool {
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
    let is_folder = FOLDERS.contains(&domain) || domain.starts_with(b"HKEY_") || domain.starts_with(b"HKLM");
    // Text may end a sentence behind an account.
    let end = end - name.iter().rev().take_while(|b| **b == b'.').count();
    let found = lettered(domain) && lettered(name) && !in_path && !path_goes_on && !is_file(name) && !is_folder;
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
            "The client package was sent. Host header is missing, the user account is locked; Server error from System.Net.WebException",
            "\tat com.sygate.scm.server.util.Communicator.send(Communicator.java:120) from com.sygate.scm.server on java.util.Timer",
            "server scm-server-0.log name=\"web.config\" to http://schemas.xmlsoap.org/soap/ AppDomain: /LM/W3SVC/1/ROOT a user has logged on",
            "SEVERE: client 8.6.2184.0 asked 5 times, domain controller unknown, GET /home/index.aspx and /Home/Index",
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
    fn names_in_sentences_go_up_to_where_they_end() {
        for (text, told_as) in [
            ("Client 198.51.100.7 PC-JDOE user jdoe domain CORP connected", "Client A H user U domain H connected"),
            ("User: jdoe Domain: CORP Computer: PC-JDOE OS: x", "User: U Domain: H Computer: H OS: x"),
            ("host pc7 is down, computer [PC7] left; client PC7x failed.", "host H is down, computer [H] left; client H failed."),
            ("<p>Logged on user: John Doe</p>", "<p>Logged on user: U</p>"),
            ("user: John Q. Doe, who logged on", "user: U, who logged on"),
            ("User: Doe, John Computer: PC7", "User: U Computer: H"),
            ("user: john doe logged on", "user: U logged on"),
            ("User: Se\u{e1}n O'Brien. The client", "User: U. The client"),
            ("user=John Doe action=7", "user=U action=7"),
            ("user John Doe (CORP\\jdoe) was", "user U (U) was"),
            ("<user>Ann Lee</user> <user>Ann]]></event>", "<user>U</user> <user>U]]></event>"),
            ("&lt;user&gt;Ann Lee&lt;/user&gt; &lt;b&gt;x", "&lt;user&gt;U&lt;/user&gt; &lt;b&gt;x"),
            ("server sql01.corp.example, from PC-7.CORP.EXAMPLE.", "server H, from H."),
            ("name=\"sql01.corp.example\" at https://a:b@sql01.corp.example:8443/x", "name=\"H\" at https://U@H:8443/x"),
            ("\\\\pc.corp.example\\x http://pc.corp.example/users/jdoe/profile", "\\\\H\\x http://H/users/U/profile"),
            ("/home/ann/ \\\\fs\\profiles$\\ann\\x /~ann, C:/Users/ann/x", "/home/U/ \\\\H\\profiles$\\U\\x /~U, C:/Users/U/x"),
        ] {
            assert_eq!(named(&told(text)).replace(&told("198.51.100.7"), "A"), told_as, "{text}");
        }
    }

    #[test]
    fn columns_have_a_plus_for_a_space() {
        let agent_of = |text: &str| {
            let mut out = Vec::new();
            agent(text.as_bytes(), b"10.9.8.7", &Pseudonyms::new([1; 16]), &mut out);
            named(&String::from_utf8(out).unwrap())
        };
        for (text, told_as) in [
            ("App/1.0+(user=jdoe;+host=PC-JDOE)", "App/1.0+(user=U;+host=H)"),
            ("UA+CORP\\jdoe", "UA+U"),
            ("UA+user=John+Doe+host:PC+Mozilla/5.0+(login=\"j d\")", "UA+user=U+host:H+Mozilla/5.0+(login=\"U\")"),
            ("UA+(token=ab+cd/ef==;+x)", "UA+(token=S;+x)"),
            (
                "Mozilla/5.0+(compatible;+bot/2.1;++http://www.bot.example/bot.html)",
                "Mozilla/5.0+(compatible;+bot/2.1;++http://www.bot.example/bot.html)",
            ),
            ("Mozilla/5.0+(X11;+rv:1.9.0.20)+FBAV/252.246.179.79.273", "Mozilla/5.0+(X11;+rv:1.9.0.20)+FBAV/252.246.179.79.273"),
        ] {
            assert_eq!(agent_of(text), told_as, "{text}");
        }
        let path_of = |text: &str| {
            let mut out = Vec::new();
            path(text.as_bytes(), &Pseudonyms::new([1; 16]), &mut out);
            named(&String::from_utf8(out).unwrap())
        };
        for (text, told_as) in [
            ("/Users/John+Doe/profile", "/Users/U/profile"),
            ("/home/ann", "/home/U"),
            ("/PROFILES/ann/~bob/x", "/PROFILES/U/~U/x"),
            ("/x/\\\\fileserver\\share\\y", "/x/\\\\H\\share\\y"),
            ("/a/user=ann/token=x/b", "/a/user=U/token=S/b"),
            ("/users/list.aspx", "/users/list.aspx"),
            ("/Altiris/NS/Agent/GetClientPolicies.aspx", "/Altiris/NS/Agent/GetClientPolicies.aspx"),
        ] {
            assert_eq!(path_of(text), told_as, "{text}");
        }
    }

    /// Text with a letter for each pseudonym.
    fn named(text: &str) -> String {
        let shorten = |text: String, (prefix, letter): (&str, &str)| {
            let mut parts = text.split(prefix);
            let first = parts.next().unwrap().to_owned();
            parts.fold(first, |out, part| out + letter + part.get(8..).unwrap())
        };
        [("user-", "U"), ("host-", "H"), ("secret-", "S")].into_iter().fold(text.to_owned(), shorten)
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
