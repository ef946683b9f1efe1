//! Names in sentences: `user jdoe domain CORP`, `Client 198.51.100.7 PC-1`, `User: John Doe`, `server sql01.corp.example`.
//!
//! Behind a word such as `user` stands a name, unless it is one of the [`WORDS`] that such a sentence goes on with. A machine's full name
//! (`sql01.corp.example`) is looked for only where something says that one stands there: everywhere else, what has dots is a class, a
//! package, a file or a setting of Java or .NET, and a stack trace without these tells nothing.

use super::address;
use super::folders::is_file;
use super::named::NOTHING;
use super::pseudonyms::What;
use super::text::ends_with;

/// No address with its zone and port is longer.
const LONGEST_ADDRESS: usize = 64;
/// No name has more words behind its first one.
const MOST_WORDS: usize = 5;
/// How the packages of Java and the namespaces of .NET begin.
const PACKAGES: [&[u8]; 13] = [
    b"com",
    b"org",
    b"net",
    b"edu",
    b"java",
    b"javax",
    b"sun",
    b"jdk",
    b"system",
    b"microsoft",
    b"altiris",
    b"symantec",
    b"schemas",
];
/// What follows `user`, `host` or `client` in a sentence and is no name, each word between spaces.
const WORDS: &str = " a about access account accounts action add added address admin administrator after agent agents all already an and \
     application are as asked at attempt attempted attempts authenticated authentication be because been before being \
     browser but by can cannot certificate change changed client clients closed code communication computer computers \
     config configuration connect connected connection connections context control controller controllers could count \
     created credentials data database deleted denied details did directory disabled disconnected does domain domains down \
     enabled entry error exception exceptions exists expired failed failure file folder for found from function get gets \
     group groups guid had has have header headers host hosts id identity if in info information input instance instances \
     integrity interface into ip is it item key left license limit list local locked lockout logged login logoff logon logs machine \
     machines management manager may member membership message might missing mode model must name named names needs no not \
     null object objects of off on or out package packages page password permission permissions policies policy port \
     process processes profile profiles quit reached received record records registered registration rejected removed \
     reported reports request requested requests resource resources response rights role roles running scope security sends \
     sent server servers service services session sessions set settings should signed since software started state status \
     stopped store successfully support switched system table task tasks that the this ticket time timed timeout to token \
     tried tries trust type unknown until update updated user users uses using value version wants was were when which \
     while who will with within without workstation would ";

/// What a word says of the one behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    /// It is a name.
    Name(What),
    /// It may be a machine's name, if it looks like one.
    Machine,
    /// It may be a machine's full name.
    FullName,
}

const MARKERS: [(&[u8], Marker); 15] = [
    (b"user", Marker::Name(What::User)),
    (b"username", Marker::Name(What::User)),
    (b"account", Marker::Name(What::User)),
    (b"domain", Marker::Name(What::Host)),
    (b"host", Marker::Name(What::Host)),
    (b"hostname", Marker::Name(What::Host)),
    (b"computer", Marker::Name(What::Host)),
    (b"machine", Marker::Name(What::Host)),
    (b"workstation", Marker::Name(What::Host)),
    (b"client", Marker::Machine),
    (b"server", Marker::FullName),
    (b"name", Marker::FullName),
    (b"from", Marker::FullName),
    (b"to", Marker::FullName),
    (b"on", Marker::FullName),
];

/// The marker that a text ends with.
fn marker(text: &[u8]) -> Option<Marker> {
    let last = text.last()?.to_ascii_lowercase();
    if !matches!(last, b'r' | b'e' | b't' | b'n' | b'm' | b'o') {
        return None;
    }
    let is_marker = |(name, _): &&(&[u8], Marker)| {
        let before = text.len().checked_sub(name.len() + 1).and_then(|at| text.get(at));
        name.last() == Some(&last) && ends_with(text, name) && !before.is_some_and(|b| is_part(*b))
    };
    MARKERS.iter().find(is_marker).map(|(_, marker)| *marker)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 128 || matches!(byte, b'_' | b'-' | b'.' | b'$')
}

/// The name behind the space at a place: `user jdoe`, `Client 198.51.100.7 PC-1`.
pub(super) fn name(text: &[u8], space: usize) -> Option<(usize, usize, What)> {
    let before = text.get(..space)?;
    let marker = marker(before).or_else(|| behind_address(before))?;
    let start = space + if text.get(space + 1) == Some(&b'[') { 2 } else { 1 };
    let rest = text.get(start..)?;
    if marker == Marker::FullName {
        return full_name(rest).map(|len| (start, start + len, What::Host));
    }
    let len = rest.iter().position(|b| !is_part(*b)).unwrap_or(rest.len());
    let word = trimmed(rest.get(..len)?);
    let follows = rest.get(len);
    let is_other =
        matches!(follows, Some(b'\\' | b'@' | b'(' | b'%')) || address::v4(rest).is_some() || address::v6(rest).is_some();
    if is_other || !word.iter().any(|b| b.is_ascii_alphabetic() || *b >= 128) || is_word(word) {
        return None;
    }
    match marker {
        Marker::Name(What::User) => Some((start, phrase(text, start, start + word.len(), false), What::User)),
        Marker::Name(what) => Some((start, start + word.len(), what)),
        _ => (looks_like_machine(word) || full_name(rest).is_some()).then_some((start, start + word.len(), What::Host)),
    }
}

/// What stands behind a client's address is its name: `Client 198.51.100.7 PC-1`.
fn behind_address(before: &[u8]) -> Option<Marker> {
    if !before.last().is_some_and(|b| b.is_ascii_hexdigit() || matches!(b, b')' | b']')) {
        return None;
    }
    let len = before.iter().rev().take(LONGEST_ADDRESS).position(|b| *b == b' ')?;
    let from = before.len() - len - 1;
    let word = before.get(from + 1..)?;
    if !word.iter().any(|b| matches!(b, b'.' | b':')) {
        return None;
    }
    let word = word.strip_prefix(b"(").or_else(|| word.strip_prefix(b"[")).unwrap_or(word);
    let word = word.strip_suffix(b")").or_else(|| word.strip_suffix(b"]")).unwrap_or(word);
    address::whole(word)?;
    match marker(before.get(..from)?)? {
        Marker::FullName => None,
        Marker::Machine => Some(Marker::Name(What::Host)),
        marker @ Marker::Name(_) => Some(marker),
    }
}

/// Without the full stops at the end of a sentence.
pub(super) fn trimmed(word: &[u8]) -> &[u8] {
    word.get(..word.iter().rposition(|b| *b != b'.').map_or(0, |last| last + 1)).unwrap_or_default()
}

fn is_word(word: &[u8]) -> bool {
    let lower = word.to_ascii_lowercase();
    let spaced = [b" ", lower.as_slice(), b" "].concat();
    NOTHING.contains(&lower.as_slice()) || memchr::memmem::find(WORDS.as_bytes(), &spaced).is_some()
}

/// Letters with digits or a hyphen, or capitals alone: `PC-1`, `w7x64`, `PCJDOE`.
fn looks_like_machine(word: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| word.iter().any(is);
    has(u8::is_ascii_digit) || word.contains(&b'-') || (word.len() > 4 && !has(u8::is_ascii_lowercase))
}

/// The end of somebody's name that begins with the word from `start` to `end`: it goes on with words up to a comma or a full stop, to one of
/// the [`WORDS`] and to the next marker (`Computer:`). In a sentence, and behind a `=`, only with capitals (`any_case` is not set).
pub(super) fn phrase(text: &[u8], start: usize, mut end: usize, any_case: bool) -> usize {
    let is_capital = |at: usize| text.get(at).is_some_and(|b| b.is_ascii_uppercase() || *b >= 128);
    let is_letter = |at: usize| text.get(at).is_some_and(|b| b.is_ascii_alphabetic() || *b >= 128);
    let (mut comma, mut from) = (false, start);
    for _ in 0..MOST_WORDS {
        let rest = text.get(end..).unwrap_or_default();
        let gap = match rest {
            [b' ', ..] => 1,
            [b'\'', ..] if is_letter(end - 1) => 1,
            // An initial: "John Q. Doe".
            [b'.', b' ', ..] if end - from == 1 && is_capital(end + 2) => 2,
            // "Doe, John".
            [b',', b' ', ..] if !comma && is_capital(start) && is_capital(end + 2) => {
                comma = true;
                2
            }
            _ => break,
        };
        let next = end + gap;
        let rest = text.get(next..).unwrap_or_default();
        let len = rest.iter().position(|b| !is_part(*b)).unwrap_or(rest.len());
        let word = trimmed(rest.get(..len).unwrap_or_default());
        let after = rest.get(len..).unwrap_or_default();
        let is_other = matches!(after.first(), Some(b'\\' | b'@' | b'/' | b'%' | b'(')) || is_marker(after);
        let fits = is_letter(next) && (is_capital(next) && is_capital(start) || any_case);
        if !fits || is_other || is_word(word) {
            break;
        }
        (from, end) = (next, next + word.len());
    }
    end
}

/// Whether a `:` or `=` follows, that makes a marker of what is before it.
fn is_marker(after: &[u8]) -> bool {
    matches!(after.trim_ascii_start().first(), Some(b':' | b'='))
}

/// The length of a machine's full name at the beginning. It is written in small letters or in capitals, a part with digits or a hyphen
/// also in both.
pub(super) fn full_name(text: &[u8]) -> Option<usize> {
    let len =
        text.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'$'))).unwrap_or(text.len());
    let name = trimmed(text.get(..len)?);
    let (first, top) = (memchr::memchr(b'.', name)?, memchr::memrchr(b'.', name)?);
    let (first, top) = (name.get(..first)?, name.get(top + 1..)?);
    let is_one_case = |part: &[u8]| !(part.iter().any(u8::is_ascii_uppercase) && part.iter().any(u8::is_ascii_lowercase));
    let is_label = |part: &[u8]| !part.is_empty() && part.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    let is_package = PACKAGES.iter().any(|package| package.eq_ignore_ascii_case(first));
    let is_top = top.len() > 1 && top.iter().all(u8::is_ascii_alphabetic) && is_one_case(top);
    let found =
        is_top && !is_package && name.split(|b| *b == b'.').all(is_label) && !is_file(name) && text.get(len) != Some(&b'(');
    (found && !name.eq_ignore_ascii_case(b"www.w3.org")).then_some(name.len())
}

/// The machine's full name behind `name=` or `server:`, the mark at a place.
pub(super) fn named(text: &[u8], mark: usize) -> Option<(usize, usize, What)> {
    let before = text.get(..mark)?;
    let word = before.strip_suffix(b"\"").unwrap_or(before);
    if !ends_with(word, b"name") && !ends_with(word, b"server") {
        return None;
    }
    let rest = text.get(mark + 1..)?;
    let skipped = rest.iter().take(2).take_while(|b| matches!(b, b' ' | b'"' | b'\'')).count();
    full_name(rest.get(skipped..)?).map(|len| (mark + 1 + skipped, mark + 1 + skipped + len, What::Host))
}
