//! Every format, held to its fixtures: `fixtures/<kind>/<name>.log` and what it must tell in `<name>.expected`.
//!
//! A new format is tested by putting files there. `UPDATE_EXPECTED=1 cargo test --test formats` writes what is told now; read the
//! difference before you commit it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/told.rs"]
mod told;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use told::{Told, hints};
use why503::formats::stream::Stream;
use why503::formats::{FORMATS, Kind};

/// A fixture: its kind's folder, its file name, its bytes with line feeds only.
struct Fixture {
    kind: String,
    path: PathBuf,
    name: String,
    bytes: Vec<u8>,
}

fn fixtures() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut found = Vec::new();
    for folder in files(&root) {
        let kind = folder.file_name().unwrap().to_string_lossy().into_owned();
        for path in files(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "log")) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = without_carriage_returns(&fs::read(&path).unwrap());
            found.push(Fixture { kind: kind.clone(), path, name, bytes });
        }
    }
    assert!(!found.is_empty());
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn without_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let before_feed = |i: usize| bytes.get(i + 1) == Some(&b'\n');
    bytes.iter().enumerate().filter(|&(i, b)| *b != b'\r' || !before_feed(i)).map(|(_, b)| *b).collect()
}

fn with_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|&b| if b == b'\n' { vec![b'\r', b'\n'] } else { vec![b] }).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// The bytes in pieces whose lengths follow from `seed`: an xorshift generator, so that a failure comes again.
fn pieces(mut bytes: &[u8], mut seed: u64) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let (piece, rest) = bytes.split_at(usize::try_from(seed % 97).unwrap().min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

#[test]
fn every_fixture_tells_what_is_expected() {
    for fixture in fixtures() {
        let told = Told::of(&hints(&fixture.name), [&fixture.bytes[..]]);
        let expected = fixture.path.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&expected, told.text()).unwrap();
        }
        let want = fs::read_to_string(&expected).unwrap_or_default().replace("\r\n", "\n");
        assert_eq!(told.text(), want, "{}", fixture.path.display());
        assert_eq!(told.kind, fixture.kind, "{}", fixture.path.display());
    }
}

#[test]
fn any_split_line_end_and_encoding_tells_the_same() {
    for fixture in fixtures() {
        let hints = hints(&fixture.name);
        let whole = Told::of(&hints, [&fixture.bytes[..]]);
        assert_eq!(Told::of(&hints, fixture.bytes.chunks(1)), whole, "{} byte by byte", fixture.name);
        for seed in 1..20 {
            assert_eq!(Told::of(&hints, pieces(&fixture.bytes, seed)), whole, "{} in pieces {seed}", fixture.name);
        }
        let windows = with_carriage_returns(&fixture.bytes);
        assert_eq!(Told::of(&hints, windows.chunks(1)).said(), whole.said(), "{} with CRLF", fixture.name);
        if let Some(text) = std::str::from_utf8(&fixture.bytes).ok().filter(|text| !text.contains('\0')) {
            let wide = utf16(text);
            assert_eq!(Told::of(&hints, pieces(&wide, 7)).said(), whole.said(), "{} in UTF-16", fixture.name);
        }
    }
}

/// A block of the index is read again from its first line on: the preamble has to say what the lines before it said.
#[test]
fn who_goes_on_at_any_line_tells_the_same() {
    for fixture in fixtures() {
        let hints = hints(&fixture.name);
        let whole = Told::of(&hints, [&fixture.bytes[..]]);
        for (at, _) in fixture.bytes.iter().enumerate().filter(|(_, b)| **b == b'\n') {
            let (before, after) = fixture.bytes.split_at(at + 1);
            let (mut told, mut stream) = (Told::default(), Stream::new(hints.clone()));
            stream.feed(before, &mut told);
            if stream.kind() == Kind::Unknown || stream.unfinished().is_some() {
                continue;
            }
            let (offset, line) = stream.position();
            let mut rest = Stream::resume(stream.kind(), hints.clone(), &stream.preamble(), offset, line, stream.utf16());
            rest.feed(after, &mut told);
            rest.finish(&mut told);
            assert_eq!((told.lines, told.spans), (whole.lines.clone(), whole.spans.clone()), "{} from line {line}", fixture.name);
        }
    }
}

#[test]
fn a_records_span_holds_its_text() {
    for fixture in fixtures() {
        let told = Told::of(&hints(&fixture.name), [&fixture.bytes[..]]);
        for (&(offset, len), raw) in told.spans.iter().zip(&told.raws) {
            let offset = usize::try_from(offset).unwrap();
            let span = &fixture.bytes[offset..offset + len as usize];
            assert!(span.starts_with(raw), "{} at {offset}", fixture.name);
            assert!(span[raw.len()..].trim_ascii().is_empty(), "{} at {offset}", fixture.name);
        }
    }
}

#[test]
fn every_format_has_a_fixture() {
    let fixtures = fixtures();
    for format in FORMATS {
        assert!(fixtures.iter().any(|f| f.kind == format.kind.name()), "no fixture for {}", format.kind);
    }
}

#[test]
fn a_hole_before_a_log_is_no_binary_file() {
    let log = b"2009-10-12 07:58:00.001 INFO: Server started\n";
    for hole in [1, 79, 80, 81, 70_000] {
        let bytes = [&vec![0; hole][..], log].concat();
        let told = Told::of(&hints("x.blg"), [&bytes[..]]);
        // A single NUL may be text; the line is then no record, but the log is not taken for a binary file at once.
        assert_eq!((told.kind, told.raws.len()), if hole > 16 { ("sepm", 1) } else { ("blg", 0) }, "{hole}");
        assert_eq!(Told::of(&hints("x.blg"), bytes.chunks(1)), told, "{hole}");
    }
}

proptest! {
    // A failure prints its seed; the case that it shows becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), seed in 1u64..) {
        let hints = hints("any.blg");
        prop_assert_eq!(Told::of(&hints, pieces(&bytes, seed)), Told::of(&hints, [&bytes[..]]));
    }

    #[test]
    fn a_damaged_log_never_panics_and_any_split_tells_the_same(
        which in any::<prop::sample::Index>(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..40, proptest::collection::vec(any::<u8>(), 0..6)), 0..6),
        seed in 1u64..,
    ) {
        let fixtures = fixtures();
        let fixture = &fixtures[which.index(fixtures.len())];
        let mut bytes = fixture.bytes.clone();
        for (at, len, new) in cuts {
            let at = at.index(bytes.len() + 1);
            let end = (at + len).min(bytes.len());
            bytes.splice(at..end, new);
        }
        let hints = hints(&fixture.name);
        prop_assert_eq!(Told::of(&hints, pieces(&bytes, seed)), Told::of(&hints, [&bytes[..]]));
    }
}

/// Real files that lie beside the project on some machines; nothing of them is in it.
#[test]
fn samples_are_read() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    let root = std::env::var_os("WHY503_SAMPLES").map_or(beside, PathBuf::from);
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
        return;
    }
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for path in files(&folder) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let hints = hints(&path.file_name().unwrap().to_string_lossy());
            let whole = Told::of(&hints, [&bytes[..]]);
            println!("{}: {}, {} records, {} malformed", path.display(), whole.kind, whole.raws.len(), whole.malformed);
            assert_eq!(Told::of(&hints, pieces(&bytes, 5)), whole, "{}", path.display());
        }
    }
}
