//! What the Windows builds ask of the system that loads them: a program that imports one function too many does not start at all.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use object::LittleEndian as LE;
use object::read::pe::PeFile64;

/// Functions of Server 2008 R2 that the build for it may import, each looked up in Microsoft's documentation.
const WINDOWS_7: &str = include_str!("imports/windows7.txt");
/// What may be imported from by the build for Windows 10: parts of Windows, nothing that would have to be installed.
const SYSTEM: &[&str] = &[
    "advapi32.dll",
    "api-ms-win-core-synch-l1-2-0.dll",
    // A build that is not optimised keeps what nobody calls.
    "api-ms-win-core-winrt-error-l1-1-0.dll",
    "bcryptprimitives.dll",
    "kernel32.dll",
    "ktmw32.dll",
    "msvcrt.dll",
    "netapi32.dll",
    "ntdll.dll",
    "oleaut32.dll",
    "pdh.dll",
    "powrprof.dll",
    "psapi.dll",
    "rpcrt4.dll",
    "shell32.dll",
    "user32.dll",
    "userenv.dll",
    "ws2_32.dll",
];
/// An administrator copies it over a slow line: 8 MB.
const MOST_BYTES: usize = 8_000_000;

fn build(variable: &str) -> Vec<u8> {
    let path = std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: .ci/run sets it"));
    std::fs::read(path).unwrap()
}

/// Libraries, in lower case, and what is imported from each.
fn imports(program: &[u8]) -> BTreeMap<String, BTreeSet<String>> {
    let file = PeFile64::parse(program).unwrap();
    let table = file.import_table().unwrap().unwrap();
    let mut libraries: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut descriptors = table.descriptors().unwrap();
    while let Some(library) = descriptors.next().unwrap() {
        let name = String::from_utf8(table.name(library.name.get(LE)).unwrap().to_ascii_lowercase()).unwrap();
        let functions = libraries.entry(name).or_default();
        let mut thunks = table.thunks(library.original_first_thunk.get(LE)).unwrap();
        while let Some(thunk) = thunks.next::<object::pe::ImageNtHeaders64>().unwrap() {
            functions.insert(match table.import::<object::pe::ImageNtHeaders64>(thunk).unwrap() {
                object::read::pe::Import::Name(_, name) => String::from_utf8(name.to_vec()).unwrap(),
                object::read::pe::Import::Ordinal(number) => format!("#{number}"),
            });
        }
    }
    assert!(libraries.values().map(BTreeSet::len).sum::<usize>() > 100, "is this test blind? {libraries:?}");
    libraries
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn the_build_for_windows_10_needs_nothing_but_windows() {
    for (library, functions) in imports(&build("WHY503_EXE")) {
        assert!(SYSTEM.contains(&library.as_str()), "{library}: {functions:?}");
    }
}

#[test]
#[ignore = "needs the Windows builds: .ci/run makes them"]
fn the_build_for_server_2008_r2_imports_only_what_that_has() {
    let known: BTreeSet<(String, String)> = rows().collect();
    let program = build("WHY503_EXE_WIN7");
    let unknown: Vec<String> = imports(&program)
        .into_iter()
        .flat_map(|(library, functions)| functions.into_iter().map(move |function| (library.clone(), function)))
        .filter(|import| !known.contains(import))
        .map(|(library, function)| format!("{library} {function}"))
        .collect();
    assert!(unknown.is_empty(), "look these up, and add those that Server 2008 R2 has:\n{}", unknown.join("\n"));
    assert!(program.len() < MOST_BYTES, "{} bytes", program.len());
}

#[test]
fn each_function_that_was_looked_up_is_in_the_list_once_and_has_its_minimum() {
    let (mut seen, minimums) = (BTreeSet::new(), ["XP", "Vista", "7", "CRT", "export"]);
    for line in WINDOWS_7.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        assert!(words.len() == 3 && minimums.contains(&words[2]), "{line:?}: library, function, minimum");
        assert!(seen.insert((words[0], words[1])), "{line:?} is there twice");
    }
}

fn rows() -> impl Iterator<Item = (String, String)> {
    WINDOWS_7.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut words = line.split(' ').map(String::from);
        (words.next().unwrap(), words.next().unwrap())
    })
}
