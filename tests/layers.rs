//! The picture in the design, held to the imports: which module may use which, and what the core never touches.
//!
//! Every path of the code counts, whether it stands in a `use` or in an expression, and whether it begins with `crate` or with
//! `super`. What is compiled for tests only does not count.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Who may use whom. The longest name that holds a module is the row that it stands in; a row may use itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("limits", &["time"]),
    ("record", &["limits", "time"]),
    ("formats", &["limits", "record", "time"]),
    ("timeline", &["formats::Kind", "limits", "record", "time"]),
    ("inventory", &[]),
    ("engine", &["formats", "inventory", "limits", "record", "time", "timeline"]),
    ("counters", &["engine", "limits", "time", "timeline"]),
    ("executing", &["formats::xml", "limits"]),
    ("forecast", &["time"]),
    ("pool", &["counters", "engine", "forecast", "limits", "record", "time", "timeline"]),
    ("slots", &["engine", "limits", "record", "time", "timeline"]),
    (
        "diagnosis",
        &[
            "counters",
            "engine",
            "forecast",
            "formats::Kind",
            "formats::httperr::CONNECTIONS_REFUSED",
            "inventory",
            "limits",
            "pool",
            "record",
            "slots",
            "time",
            "timeline",
        ],
    ),
    ("drill", &["engine", "formats", "record", "time", "timeline"]),
    ("redact", &["formats"]),
    ("sources::counters::array", &[]),
    ("sources::counters::csv", &["formats", "time"]),
    ("sources::counters::status", &[]),
    ("sources::counters::wanted", &[]),
    (
        "sources",
        &[
            "drill::ReadLog",
            "engine",
            "formats",
            "inventory",
            "limits",
            "record",
            "redact",
            "sources::counters::array",
            "sources::counters::csv",
            "sources::counters::status",
            "sources::counters::wanted",
            "time",
        ],
    ),
    ("headless", &["engine", "formats", "record", "sources", "time"]),
    ("demo", &[]),
    ("ui::text", &[]),
    ("ui::theme", &["ui::text"]),
    ("ui::widgets", &["ui::text", "ui::theme"]),
    (
        "ui",
        &[
            "counters",
            "diagnosis",
            "drill",
            "engine",
            "executing",
            "forecast",
            "formats",
            "inventory",
            "limits",
            "pool",
            "record",
            "slots",
            "time",
            "timeline",
            "ui::text",
            "ui::theme",
            "ui::widgets",
        ],
    ),
    (
        "report",
        &[
            "counters",
            "diagnosis",
            "drill",
            "engine",
            "formats::Kind",
            "formats::httperr",
            "inventory",
            "limits",
            "pool",
            "record",
            "slots",
            "time",
            "timeline",
            "ui::text",
        ],
    ),
    ("check", &["diagnosis", "engine", "formats::Kind", "pool", "record", "slots", "time", "timeline", "ui::text"]),
    ("cli", &["check", "limits", "sources::counters", "time", "ui::action"]),
    ("config", &["cli", "limits", "sources::counters", "time", "ui::theme"]),
    (
        "app",
        &[
            "check",
            "cli",
            "config",
            "demo",
            "diagnosis",
            "drill",
            "engine",
            "executing",
            "formats",
            "headless",
            "inventory",
            "limits",
            "pool",
            "record",
            "report",
            "slots",
            "sources",
            "time",
            "timeline",
            "ui",
        ],
    ),
    ("main", &["app", "cli", "sources::system", "ui::text"]),
];

/// Modules that are a function of what they are given.
const CORE: &[&str] = &[
    "time",
    "limits",
    "record",
    "formats",
    "timeline",
    "engine",
    "counters",
    "executing",
    "forecast",
    "pool",
    "slots",
    "diagnosis",
    "drill",
    "redact",
    "report",
    "check",
    "sources::counters::array",
    "sources::counters::csv",
    "sources::counters::status",
    "sources::counters::wanted",
];

/// What the core never touches: files, threads, the network, the environment, the terminal, and what brings them along.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::thread",
    "std::net",
    "std::env",
    "std::process",
    "std::os",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "crossterm",
    "ratatui",
    "notify",
    "rayon",
    "rustix",
    "tokio",
    "winapi_util",
];

/// Ways to ask what time it is.
const CLOCKS: &[&str] = &["SystemTime::now", "Instant::now", "Utc::now", "Local::now", "Timestamp::now"];
/// The only module that asks.
const CLOCK: &str = "sources::clock";

/// A module's name and the paths that its code names, written out from the root.
struct Module {
    name: String,
    paths: BTreeSet<String>,
}

#[test]
fn no_arrow_points_the_wrong_way() {
    let wrong: Vec<String> = modules().iter().flat_map(wrong_arrows).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_touches_no_file_thread_or_terminal() {
    let core = |m: &&Module| CORE.iter().any(|core| holds(core, &m.name));
    let wrong: Vec<String> = modules().iter().filter(core).flat_map(touched).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_module_reads_the_clock() {
    let modules = modules();
    let wrong: Vec<String> = modules.iter().filter(|m| m.name != CLOCK).flat_map(asked).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(modules.iter().any(|m| m.name == CLOCK && !asked(m).is_empty()), "{CLOCK} does not read it: is this test blind?");
}

#[test]
fn every_module_stands_in_a_row_and_every_row_has_a_module() {
    let modules = modules();
    for module in modules.iter().filter(|m| m.name != "lib") {
        assert!(row(&module.name).is_some(), "no row says what {} may use", module.name);
    }
    for (name, uses) in MAY_USE {
        assert!(modules.iter().any(|m| holds(name, &m.name)), "there is no module {name}");
        for used in *uses {
            assert!(row(used).is_some(), "{name} may use {used}, which has no row");
        }
    }
    for core in CORE {
        assert!(row(core).is_some(), "{core} is no module");
    }
}

#[test]
fn the_arrows_run_in_no_circle() {
    let mut left: BTreeMap<&str, BTreeSet<&str>> = MAY_USE
        .iter()
        .map(|(name, uses)| (*name, uses.iter().filter_map(|used| row(used)).filter(|used| used != name).collect()))
        .collect();
    while !left.is_empty() {
        // What uses nothing that is left can be taken away.
        let free: Vec<&str> = left.iter().filter(|(_, uses)| uses.is_empty()).map(|(name, _)| *name).collect();
        assert!(!free.is_empty(), "a circle: {left:?}");
        for name in free {
            left.remove(name);
            for uses in left.values_mut() {
                uses.remove(name);
            }
        }
    }
}

#[test]
fn an_arrow_the_wrong_way_is_seen_however_it_is_written() {
    let wrong = |name: &str, code: &str| wrong_arrows(&Module { name: name.into(), paths: paths(code, name, &mut Vec::new()) });
    assert_eq!(wrong("timeline", "use crate::engine::Engine;"), ["timeline uses engine::Engine"]);
    assert_eq!(wrong("timeline", "use crate::{time::Time, engine::{self, Engine}};").len(), 2);
    assert_eq!(wrong("timeline::tally", "fn f() { crate::drill::text_at() }"), ["timeline::tally uses drill::text_at"]);
    assert_eq!(wrong("timeline::tally", "fn f() { super::super::ui::draw() }"), ["timeline::tally uses ui::draw"]);
    assert_eq!(wrong("timeline::tally", "use super::series::Series; use super::super::time::Time;").len(), 0);
    assert_eq!(wrong("timeline", "use crate::formats::{Kind, httperr};"), ["timeline uses formats::httperr"]);
    assert_eq!(wrong("timeline", "pub(crate) use crate::{ui as screen};"), ["timeline uses ui"]);
    assert_eq!(wrong("timeline", "macro_rules! m { () => { $crate::ui::x() } }"), ["timeline uses ui::x"]);
    assert_eq!(wrong("ui::text", "use super::theme::Theme;"), ["ui::text uses ui::theme::Theme"]);
    assert_eq!(wrong("timeline", "mod inner { use super::super::ui::x; }"), ["timeline uses ui::x"]);
    for innocent in [
        "// use crate::ui;",
        "/* a /* nested */ use crate::ui; */",
        "const A: &str = \"crate::ui\"; const B: &[u8] = br#\"\"crate::ui\"#; const C: char = '\"'; fn f<'a>() {}",
        "#[cfg(test)] mod tests { use crate::ui; fn f() { if true {} } }",
        "#[cfg(test)] #[expect(x)] use crate::ui;",
    ] {
        assert_eq!(wrong("timeline", innocent), [""; 0], "{innocent}");
    }
    // What comes after the tests is looked at again.
    assert_eq!(wrong("timeline", "#[cfg(test)] mod tests { } use crate::ui;"), ["timeline uses ui"]);
}

#[test]
fn a_touch_of_the_outside_is_seen_however_it_is_written() {
    let module = |code: &str| Module { name: "engine".into(), paths: paths(code, "engine", &mut Vec::new()) };
    for code in [
        "use std::fs;",
        "use std::{fs::File, path::Path};",
        "fn f() { std::thread::spawn(g) }",
        "use std::io::{self, Read, stdout};",
        "use ratatui::layout::Rect;",
        "fn f() { ::crossterm::execute!() }",
    ] {
        assert_eq!(touched(&module(code)).len(), 1, "{code}");
    }
    for code in ["fn f() { Instant::now() }", "fn f() { std::time::SystemTime::now() }", "fn f() { chrono::Utc::now() }"] {
        assert_eq!(asked(&module(code)).len(), 1, "{code}");
    }
    let innocent = module("use std::path::Path; use std::io::Read; fn f(fs: u8) { fs.thread() } #[cfg(test)] use std::fs;");
    assert!(touched(&innocent).is_empty() && asked(&innocent).is_empty());
}

/// Whether `outer` is `inner` or holds it.
fn holds(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The name of the row that a path stands in.
fn row(path: &str) -> Option<&'static str> {
    MAY_USE.iter().map(|(name, _)| *name).filter(|name| holds(name, path)).max_by_key(|name| name.len())
}

fn wrong_arrows(module: &Module) -> Vec<String> {
    let Some(mine) = row(&module.name) else { return Vec::new() };
    let allowed = MAY_USE.iter().find(|(name, _)| *name == mine).unwrap().1;
    let may = |path: &str| match row(path) {
        // The root's own items, and other crates.
        None => true,
        Some(theirs) => theirs == mine || allowed.iter().any(|allowed| holds(allowed, path)),
    };
    module
        .paths
        .iter()
        .filter_map(|path| path.strip_prefix("crate::"))
        .filter(|path| !may(path))
        .map(|path| format!("{} uses {path}", module.name))
        .collect()
}

fn touched(module: &Module) -> Vec<String> {
    let outside = module.paths.iter().filter(|path| OUTSIDE.iter().any(|outside| holds(outside, path)));
    outside.map(|path| format!("{} touches {path}", module.name)).collect()
}

fn asked(module: &Module) -> Vec<String> {
    let clocks = module.paths.iter().filter(|path| CLOCKS.iter().any(|c| *path == c || path.ends_with(&format!("::{c}"))));
    clocks.map(|path| format!("{} asks {path}", module.name)).collect()
}

/// All modules of the program, without those that are compiled for tests only.
fn modules() -> Vec<Module> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let parts: Vec<String> = path
                    .strip_prefix(&src)
                    .unwrap()
                    .with_extension("")
                    .iter()
                    .map(|p| p.to_string_lossy().into_owned())
                    .collect();
                files.push((parts.join("::"), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut for_tests = Vec::new();
    let modules: Vec<Module> =
        files.into_iter().map(|(name, text)| Module { paths: paths(&text, &name, &mut for_tests), name }).collect();
    assert!(modules.len() > 50, "only {} modules were found", modules.len());
    modules.into_iter().filter(|m| !for_tests.iter().any(|tests| holds(tests, &m.name))).collect()
}

/// The paths that the code of a module names, written out from the root: `crate::…`, `std::…`. Modules in files of their own that
/// are compiled for tests only are added to `for_tests`.
fn paths(code: &str, module: &str, for_tests: &mut Vec<String>) -> BTreeSet<String> {
    let tokens = without_tests(&tokens(code), module, for_tests);
    let mut paths = BTreeSet::new();
    let mut here: Vec<String> = match module {
        "lib" | "main" => Vec::new(),
        _ => module.split("::").map(String::from).collect(),
    };
    // Modules inside the file: how deep the braces were where each began.
    let (mut depth, mut inner): (usize, Vec<usize>) = (0, Vec::new());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "mod" if tokens.get(at + 2).is_some_and(|t| t == "{") => {
                here.push(tokens[at + 1].clone());
                inner.push(depth);
                at += 2;
                continue;
            }
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if inner.last() == Some(&depth) {
                    inner.pop();
                    here.pop();
                }
            }
            _ if is_name(token) && tokens.get(at + 1).is_some_and(|t| t == "::")
                // `use` of a whole crate or module has no `::`, but a tree that begins with one has.
                || token == "use" =>
            {
                if token == "use" {
                    at += 1;
                    at += usize::from(tokens.get(at).is_some_and(|t| t == "::"));
                }
                at = tree(&tokens, at, &[], &here, &mut paths);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    paths
}

/// Reads a path, or a tree of paths in braces, that begins at a token; gives where it ends.
fn tree(tokens: &[String], mut at: usize, before: &[String], here: &[String], paths: &mut BTreeSet<String>) -> usize {
    let mut path = before.to_vec();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while let Some(token) = tokens.get(at) {
                    if token == "}" {
                        return at + 1;
                    }
                    // What is no part of a tree is passed over.
                    at = if token == "," { at + 1 } else { tree(tokens, at, &path, here, paths).max(at + 1) };
                }
                return at;
            }
            Some(name) if is_name(name) || name == "*" => {
                path.push(name.to_owned());
                at += 1;
            }
            _ => break,
        }
        if tokens.get(at).is_some_and(|t| t == "::") {
            at += 1;
            // A turbofish is no part of the path.
            if tokens.get(at).is_some_and(|t| t == "<") {
                break;
            }
        } else {
            break;
        }
    }
    if tokens.get(at).is_some_and(|t| t == "as") {
        at += 2;
    }
    paths.extend(absolute(&path, here));
    at
}

/// A path written out from the root; `None` for one that leads nowhere outside.
fn absolute(path: &[String], here: &[String]) -> Option<String> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    let rest: Vec<&str> = path.iter().skip(supers).map(String::as_str).filter(|part| *part != "self" && *part != "*").collect();
    let own: Vec<&str> = match (path.first()?.as_str(), supers) {
        ("crate" | "why503", _) => {
            return Some(["crate"].into_iter().chain(rest.into_iter().skip(1)).collect::<Vec<_>>().join("::"));
        }
        ("self", _) => here.iter().map(String::as_str).collect(),
        (_, 0) => return Some(rest.join("::")),
        _ => here.iter().take(here.len().checked_sub(supers)?).map(String::as_str).collect(),
    };
    Some(["crate"].into_iter().chain(own).chain(rest).collect::<Vec<_>>().join("::"))
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Leaves out every item with `#[cfg(test)]`.
fn without_tests(tokens: &[String], module: &str, for_tests: &mut Vec<String>) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens.get(at..at + MARK.len()).is_none_or(|part| part != MARK) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += MARK.len();
        let begin = at;
        let mut depth = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token.as_str() {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => {
                    depth -= 1;
                    if depth == 0 && token == "}" {
                        break;
                    }
                }
                ";" if depth == 0 => break,
                _ => {}
            }
        }
        let item = &tokens[begin..at];
        if let [.., keyword, name, end] = item
            && keyword == "mod"
            && end == ";"
        {
            for_tests.push(if module == "lib" { name.clone() } else { format!("{module}::{name}") });
        }
    }
    kept
}

/// Names, `::` and single characters; comments, texts and lifetimes are left out.
fn tokens(code: &str) -> Vec<String> {
    let chars: Vec<char> = code.chars().collect();
    let is = |at: usize, text: &str| text.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
    let name_end =
        |at: usize| (at..chars.len()).find(|i| !(chars[*i].is_alphanumeric() || chars[*i] == '_')).unwrap_or(chars.len());
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if is(at, "//") {
            at = (at..chars.len()).find(|i| chars[*i] == '\n').unwrap_or(chars.len());
        } else if is(at, "/*") {
            let mut depth = 0;
            while at < chars.len() {
                let (open, close) = (is(at, "/*"), is(at, "*/"));
                depth = if open {
                    depth + 1
                } else if close {
                    depth - 1
                } else {
                    depth
                };
                at += if open || close { 2 } else { 1 };
                if depth == 0 {
                    break;
                }
            }
        } else if let Some(end) = raw_text(&chars, at) {
            at = end;
        } else if c == '"' || is(at, "b\"") {
            at += if c == 'b' { 2 } else { 1 };
            while at < chars.len() && chars[at] != '"' {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if c == '\'' {
            // A lifetime, unless a quote closes it after one character or an escape.
            if chars.get(at + 1) == Some(&'\\') {
                at = (at + 3..chars.len()).find(|i| chars[*i] == '\'').unwrap_or(chars.len()) + 1;
            } else if chars.get(at + 2) == Some(&'\'') {
                at += 3;
            } else {
                at = name_end(at + 1);
            }
        } else if c.is_alphanumeric() || c == '_' {
            let end = name_end(at);
            tokens.push(chars[at..end].iter().collect());
            at = end;
        } else if is(at, "::") {
            tokens.push(String::from("::"));
            at += 2;
        } else {
            if !c.is_whitespace() {
                tokens.push(c.to_string());
            }
            at += 1;
        }
    }
    tokens
}

/// Where a raw text such as `br#"…"#` that begins here ends.
fn raw_text(chars: &[char], at: usize) -> Option<usize> {
    let r = at + usize::from(matches!(chars.get(at), Some('b' | 'c')));
    if chars.get(r) != Some(&'r') || at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_') {
        return None;
    }
    let hashes = chars.get(r + 1..)?.iter().take_while(|c| **c == '#').count();
    let begin = r + 1 + hashes;
    if chars.get(begin) != Some(&'"') {
        return None;
    }
    let ends = |i: usize| chars[i] == '"' && chars.get(i + 1..=i + hashes).is_some_and(|tail| tail.iter().all(|c| *c == '#'));
    (begin + 1..chars.len()).find(|i| ends(*i)).map(|i| i + 1 + hashes)
}
