//! Names in paths: the machine of `\\machine\share`, the user of `C:\Users\user`, `/home/user/` and `/~user`.

/// Folders of which each holds one user's things.
const HOMES: [&[u8]; 5] = [b"users", b"documents and settings", b"home", b"homes", b"profiles"];
/// Profiles of nobody.
const SHARED: [&[u8]; 5] = [b"Public", b"Default", b"Default User", b"All Users", b"NetworkService"];
/// Pages that applications have in a folder of such a name.
const PAGES: [&[u8]; 8] = [b"index", b"about", b"contact", b"error", b"login", b"logout", b"list", b"search"];
/// How files end: they are neither accounts nor machines nor users.
const FILES: [&[u8]; 42] = [
    b"dll",
    b"exe",
    b"config",
    b"log",
    b"xml",
    b"txt",
    b"asp",
    b"aspx",
    b"asmx",
    b"ashx",
    b"svc",
    b"ini",
    b"jar",
    b"cs",
    b"java",
    b"class",
    b"php",
    b"jsp",
    b"html",
    b"htm",
    b"js",
    b"css",
    b"json",
    b"properties",
    b"conf",
    b"cfg",
    b"dat",
    b"tmp",
    b"bak",
    b"zip",
    b"cab",
    b"msi",
    b"bat",
    b"cmd",
    b"vbs",
    b"sys",
    b"pdb",
    b"png",
    b"gif",
    b"jpg",
    b"ico",
    b"csv",
];
/// The longest name of a folder or a profile that is looked for.
pub(super) const LONGEST: usize = 64;

/// Whether a name is that of a file.
pub(super) fn is_file(name: &[u8]) -> bool {
    let ending = memchr::memrchr(b'.', name).and_then(|dot| name.get(dot + 1..));
    ending.is_some_and(|ending| is_one_of(&FILES, ending))
}

pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 128 || matches!(byte, b'.' | b'_' | b'-' | b'$')
}

/// The end of the name that begins at a place.
pub(super) fn name_end(text: &[u8], start: usize) -> usize {
    start + text.get(start..).map_or(0, |rest| rest.iter().take_while(|b| is_name(**b)).count())
}

/// The machine of `\\machine\share`: from, to; the mark is the second backslash.
pub(super) fn machine(text: &[u8], mark: usize) -> Option<(usize, usize)> {
    if text.get(mark.checked_sub(1)?) != Some(&b'\\') {
        return None;
    }
    let inside = mark.checked_sub(2).and_then(|i| text.get(i)).is_some_and(|b| is_name(*b) || matches!(b, b':' | b'\\' | b'%'));
    let end = name_end(text, mark + 1);
    let is_machine = text.get(mark + 1..end)?.iter().any(u8::is_ascii_alphanumeric);
    (!inside && is_machine).then_some((mark + 1, end))
}

/// The user of `…\Users\user\…`: from, to; the mark is the backslash before the user.
pub(super) fn profile(text: &[u8], mark: usize) -> Option<(usize, usize)> {
    let before = text.get(..mark)?;
    let before = before.strip_suffix(b"\\").unwrap_or(before);
    let near = before.get(before.len().saturating_sub(LONGEST)..)?;
    let folder = near.get(memchr::memrchr(b'\\', near)? + 1..)?;
    let folder = folder.strip_suffix(b"$").unwrap_or(folder);
    if !is_one_of(&HOMES, folder) {
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
    (!is_one_of(&SHARED, text.get(start..end)?)).then_some((start, end))
}

/// The user of `/users/user/…` or `/~user/…`: from, to; the mark is the first slash. In a column (`is_path`) there are spaces in names.
pub(super) fn home(text: &[u8], mark: usize, is_path: bool) -> Option<(usize, usize)> {
    let rest = text.get(mark + 1..)?;
    let skipped = match rest.first()? {
        b'~' => 1,
        b'u' | b'U' | b'h' | b'H' | b'p' | b'P' => {
            let folder = rest.get(..memchr::memchr(b'/', rest.get(..LONGEST).unwrap_or(rest))?)?;
            if !is_one_of(&HOMES, folder) {
                return None;
            }
            folder.len() + 1
        }
        _ => return None,
    };
    let start = mark + 1 + skipped;
    let rest = text.get(start..)?;
    let ends =
        |b: &u8| matches!(b, b'/' | b'\\' | b'?' | b'#' | b';') || (!is_path && !is_name(*b) && !matches!(b, b'@' | b'%' | b'+'));
    let user = rest.get(..rest.iter().position(ends).unwrap_or(rest.len()))?;
    let user = if is_path { user } else { super::prose::trimmed(user) };
    let is_user = user.iter().any(|b| b.is_ascii_alphanumeric() || *b >= 128);
    (is_user && !is_file(user) && !is_one_of(&SHARED, user) && !is_one_of(&PAGES, user)).then_some((start, start + user.len()))
}

fn is_one_of(names: &[&[u8]], name: &[u8]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
