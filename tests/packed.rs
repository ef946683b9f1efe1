//! Packed logs tell what they told before they were packed; what is damaged in them is said, and costs nothing around it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tempfile::TempDir;
use why503::drill::matching::{About, By};
use why503::drill::{Plan, ReadLog};
use why503::engine::{Engine, Envelope, Payload};
use why503::limits::Limits;
use why503::record::SourceId;
use why503::report::Report;
use why503::sources::load::parts::Cut;
use why503::sources::load::{How, Recording};
use why503::sources::shelf::{Place, Shelf};
use why503::time::{Time, Zone};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const HEAD: &str = "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-20 08:00:00\r\n\
    #Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken\r\n";

/// A row in the middle of an incident; no two are the same.
fn row(n: u32) -> String {
    let (stem, agent) = [("/secars/secars.dll", "Smc"), ("/default.aspx", "-")][n as usize % 2];
    let came = if n.is_multiple_of(11) { "503 2 0" } else { "200 0 0" };
    let (minute, second, taken) = (n / 3000 % 60, n / 50 % 60, n.wrapping_mul(2_654_435_761) % 70_000);
    format!("2026-11-20 08:{minute:02}:{second:02} GET {stem} 10.1.{}.{} {agent} {came} {taken}\r\n", n % 7, taken % 251)
}

fn log(rows: u32) -> Vec<u8> {
    std::iter::once(String::from(HEAD)).chain((0..rows).map(row)).collect::<String>().into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// An archive of some entries.
fn zip(entries: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A folder of one server's logs.
struct Logs(TempDir);

impl Logs {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn engine_of(recording: &Recording, shelf: &Shelf, cut: Cut) -> Engine {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let new = || Engine::new(Limits::default(), &[]);
    pool.install(|| recording.load_as(Zone::Utc, shelf, &How { new_engine: &new, read: &AtomicU64::new(0), cut, first: None }))
}

fn read(path: &Path) -> (Engine, Shelf) {
    let shelf = Shelf::default();
    (engine_of(&Recording::open(&[path.to_owned()]).unwrap(), &shelf, Cut::default()), shelf)
}

fn end(engine: &Engine) -> Time {
    engine.timeline().span().map_or(Time::MIN, |(_, end)| end.plus(1000))
}

/// Everything that a report says, with the path of the log as `LOG`.
fn told(path: &Path, named: &str) -> String {
    let (engine, shelf) = read(path);
    let json = Report::new(&engine.moment(end(&engine)), &shelf, Zone::Utc).json().unwrap();
    assert!(json.contains("iis-503-2"), "{json}");
    // Windows' paths have backslashes, of which JSON writes two, and slashes where this test wrote them.
    json.replace(r"\\", "/").replace(&named.replace('\\', "/"), "LOG")
}

/// Rows that were counted, and what is said of the file.
fn counted(path: &Path) -> (u64, Option<String>) {
    let (engine, _) = read(path);
    let source = engine.sources().values().next().unwrap();
    (source.records, source.problem(Time::MIN))
}

fn refused(path: &Path) -> String {
    format!("{:#}", Recording::open(&[path.to_owned()]).unwrap_err())
}

#[test]
fn however_a_log_is_packed_the_report_is_the_same() {
    // More than stays in memory, and than is read in one piece.
    let plain = log(70_000);
    assert!(plain.len() > 4 << 20);
    let (half, rest) = plain.split_at(plain.len() / 2 + 7);
    let deflated = SimpleFileOptions::default();
    let ways = [
        ("u_ex261120.log.gz", gzip(&plain)),
        ("u_ex261120.LOG.GZ", [gzip(half), gzip(rest)].concat()),
        ("u_ex261120.log.zst", zstd(&plain)),
        ("u_ex261120.log.zstd", [&[0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(half), &zstd(rest)].concat()),
        // Packed in place, under its own name.
        ("u_ex261120.log", gzip(&plain)),
    ];
    let logs = Logs::new();
    let path = logs.put("plain/W3SVC4/u_ex261120.log", &plain);
    let want = told(&path, path.to_str().unwrap());
    for (way, (name, packed)) in ways.iter().enumerate() {
        let path = logs.put(&format!("{way}/W3SVC4/{name}"), packed);
        assert_eq!(told(&path, path.to_str().unwrap()), want, "{name}");
        assert_eq!(told(path.parent().unwrap().parent().unwrap(), path.to_str().unwrap()), want, "the folder of {name}");
    }
    for (name, options) in [
        ("deflated.zip", deflated),
        ("stored.zip", deflated.compression_method(CompressionMethod::Stored)),
        ("large.zip", deflated.large_file(true)),
    ] {
        let path = logs.put(name, &zip(&[("W3SVC4/u_ex261120.log", &plain)], options));
        assert_eq!(told(&path, &format!("{}/W3SVC4/u_ex261120.log", path.display())), want, "{name}");
    }
}

#[test]
fn what_zstd_itself_packed_is_read() {
    // zstd 1.5.4: -19, then --long=27 --check, appended.
    let packed = include_bytes!("packed/two-frames.log.zst");
    let logs = Logs::new();
    let path = logs.put("W3SVC1/u_ex261120.log.zst", packed);
    let (engine, shelf) = read(&path);
    let source = engine.sources().values().next().unwrap();
    assert_eq!((source.records, source.problem(Time::MIN), source.bytes), (6000, None, log(6000).len() as u64));
    assert_eq!(shelf.read(SourceId(0), 0, 1 << 20).unwrap(), log(6000));
}

#[test]
fn a_large_packed_log_is_read_in_parts_and_its_lines_are_shown() {
    let plain = log(20_000);
    let logs = Logs::new();
    let (path, gz) = (logs.put("a/u_ex.log", &plain), logs.put("b/u_ex.log.gz", &gzip(&plain)));
    let zipped = logs.put("c.zip", &zip(&[("u_ex.log", &plain), ("filler.log", &log(60_000))], SimpleFileOptions::default()));
    let load = |path: &PathBuf, cut| {
        let (recording, shelf) = (Recording::open(std::slice::from_ref(path)).unwrap(), Shelf::default());
        let engine = engine_of(&recording, &shelf, cut);
        (recording, engine, shelf)
    };
    let whole = Cut { whole: u64::MAX, ..Cut::default() };
    let (_, want, plain_shelf) = load(&path, whole);
    let (_, parts, shelf) = load(&gz, Cut { part: 10_000, whole: 0, piece: 25_000, ..Cut::default() });
    assert!(parts.timeline() == want.timeline());
    let (recording, _, zip_shelf) = load(&zipped, Cut::default());
    assert!(recording.inputs.iter().any(|input| matches!(input.place, Place::Memory(_))));
    assert!(recording.inputs.iter().any(|input| matches!(input.place, Place::Packed(_))));

    let (first, last) = want.timeline().span().unwrap();
    for window in [first..first.plus(3000), last.plus(-3000)..last.plus(1000), first..last] {
        let lines = |engine: &Engine, shelf: &Shelf| {
            let asked = Plan::new(&engine.moment(end(engine)), About::Everything, window.clone(), None);
            let groups = asked.groups(By::Status, shelf, &AtomicBool::new(false)).unwrap();
            let lines = asked.lines(500, shelf, &AtomicBool::new(false)).unwrap();
            assert!(lines.missing.is_empty() && !lines.rows.is_empty());
            (lines.rows.into_iter().map(|row| row.text).collect::<Vec<_>>(), groups)
        };
        assert_eq!(lines(&parts, &shelf), lines(&want, &plain_shelf));
    }
    // Forwards, back, and over the end.
    for offset in [0, 1_500_000, 300_000, 299_999, 1_499_990, 0, plain.len() as u64 - 5, plain.len() as u64, 1 << 40] {
        for (shelf, source) in [(&shelf, 0), (&zip_shelf, 0)] {
            let want = plain_shelf.read(SourceId(0), offset, 1000).unwrap();
            assert_eq!(shelf.read(SourceId(source), offset, 1000).unwrap(), want, "{offset}");
        }
    }
}

#[test]
fn whoever_gives_up_does_not_wait_for_what_comes_before_the_line() {
    let logs = Logs::new();
    let path = logs.put("u_ex.log.gz", &gzip(&log(60_000)));
    let (_, shelf) = read(&path);
    assert!(shelf.read_unless(SourceId(0), 4_000_000, 100, &AtomicBool::new(true)).unwrap_err().contains("given up"));
    assert_eq!(shelf.read(SourceId(0), 4_000_000, 100).unwrap(), log(60_000)[4_000_000..4_000_100]);
    fs::remove_file(&path).unwrap();
    // Its reader is still open: the file is not asked for again.
    assert_eq!(shelf.read(SourceId(0), 4_100_000, 9).unwrap(), log(60_000)[4_100_000..4_100_009]);
}

#[test]
fn what_a_replay_hands_on_is_what_was_packed() {
    let plain = log(9000);
    let logs = Logs::new();
    let path = logs.put("u_ex.log.zst", &zstd(&plain));
    let (mut bytes, mut name) = (Vec::new(), String::new());
    Recording::open(&[path]).unwrap().play_into(Zone::Utc, &Shelf::default(), Time::MIN, &mut |envelope: Envelope| {
        match envelope.payload {
            Payload::Opened(opened) => name = opened.hints.name,
            Payload::Bytes(piece) => bytes.extend(piece),
            Payload::Closed => {}
            _ => panic!("something is wrong with it"),
        }
        true
    });
    assert_eq!(name, "u_ex.log");
    assert!(bytes == plain);
}

#[test]
fn a_log_in_utf16_and_settings_are_known_in_their_packing() {
    let logs = Logs::new();
    let text = String::from_utf8(log(3000)).unwrap();
    let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let whole = gzip(&utf16);
    assert_eq!(counted(&logs.put("u_ex.log.gz", &whole)), (3000, None));
    let (rows, problem) = counted(&logs.put("cut.log.gz", &whole[..whole.len() / 2]));
    assert!((1000..2000).contains(&rows) && problem.as_deref().unwrap().contains("torn"), "{rows} {problem:?}");

    let config = r#"<configuration><system.applicationHost><sites><site name="Shop" id="7"><application path="/shop"/></site></sites></system.applicationHost></configuration>"#;
    let folder = logs.put("all/applicationHost.config.gz", &gzip(config.as_bytes()));
    logs.put("all/a.log", &log(10));
    let (engine, _) = read(folder.parent().unwrap());
    assert_eq!(engine.limits().settings.sites.len(), 1);
}

#[test]
fn a_redacted_report_of_packed_logs_names_nobody() {
    let plain = log(60_000);
    let logs = Logs::new();
    let of = |path: PathBuf| {
        let (mut recording, shelf) = (Recording::open(&[path]).unwrap(), Shelf::default());
        recording.redact(*b"a key of one run");
        let engine = engine_of(&recording, &shelf, Cut::default());
        let json = Report::new(&engine.moment(end(&engine)), &shelf, Zone::Utc).json().unwrap();
        (json, [0, 2_000_000, 1_000_000].map(|offset| shelf.read(SourceId(0), offset, 500).unwrap()))
    };
    let (want, lines) = of(logs.put("W3SVC3/u_ex.log", &plain));
    let (got, again) = of(logs.put("packed/W3SVC3/u_ex.log.gz", &gzip(&plain)));
    assert!(!got.contains("10.1.") && got.contains("W3SVC3") && got.contains(r#""remark": null"#), "{got}");
    assert!(got.replace("u_ex.log.gz", "u_ex.log") == want && again == lines);

    let cut = gzip(&plain);
    let (got, _) = of(logs.put("cut/W3SVC3/u_ex.log.gz", &cut[..cut.len() / 2]));
    assert!(got.contains("cut off") && !got.contains(logs.0.path().to_str().unwrap()), "{got}");
}

#[test]
fn a_wrong_checksum_costs_no_line_and_is_told() {
    let logs = Logs::new();
    let mut packed = gzip(&log(5000));
    let at = packed.len() - 6;
    packed[at] ^= 1;
    let (rows, problem) = counted(&logs.put("u_ex.log.gz", &packed));
    assert!(rows == 5000 && problem.as_deref().unwrap().contains("checksum"), "{rows} {problem:?}");

    let mut archive = zip(&[("u_ex.log", &log(5000))], SimpleFileOptions::default());
    // The checksum in the directory, which ends the archive.
    let directory = memchr::memmem::rfind(&archive, b"PK\x01\x02").unwrap();
    archive[directory + 16] ^= 1;
    let (rows, problem) = counted(&logs.put("logs.zip", &archive));
    assert!(rows == 5000 && problem.as_deref().unwrap().contains("checksum"), "{rows} {problem:?}");
}

#[test]
fn what_is_appended_to_a_packed_log_and_is_none_is_told() {
    let logs = Logs::new();
    for (name, packed) in [("a.log.gz", gzip(&log(5000))), ("b.log.zst", zstd(&log(5000)))] {
        let (rows, problem) = counted(&logs.put(name, &[&packed[..], b"rubbish that was never packed"].concat()));
        assert!(rows == 5000 && problem.as_deref().unwrap().contains("damaged after"), "{name}: {rows} {problem:?}");
    }
}

#[test]
fn what_cannot_be_read_says_what_to_do_and_does_not_hide_the_others() {
    let logs = Logs::new();
    let plain = log(2000);
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    tar.extend(&plain);
    let archive = zip(&[("u_ex.log", &plain)], SimpleFileOptions::default());
    let mut encrypted = archive.clone();
    for (mark, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = memchr::memmem::find(&encrypted, mark).unwrap();
        encrypted[at + flags] |= 1;
    }
    let mut unknown = archive.clone();
    for (mark, method) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let at = memchr::memmem::find(&unknown, mark).unwrap();
        unknown[at + method] = 14;
    }
    let packed = gzip(&plain);
    let cases: [(&str, Vec<u8>, &str); 12] = [
        ("a.log.gz", plain.clone(), "not packed, though its name says so"),
        ("b.log.gz", Vec::new(), "empty"),
        ("c.log.gz", packed[..30].to_vec(), "cut off"),
        ("d.log.gz", b"\x1F\x8Brubbish that is no gzip".to_vec(), "damaged"),
        ("e.tar.gz", gzip(&tar), "a tar archive"),
        ("f.zip.gz", gzip(&archive), "a zip archive"),
        ("g.log.gz.gz", gzip(&packed), "a gzip file"),
        ("h.log.bz2", b"BZh9".to_vec(), "unpack it first"),
        ("i.zip", zip(&[("u_ex.log.gz", &packed)], SimpleFileOptions::default()), "archives in archives"),
        ("j.zip", zip(&[("inner", &archive)], SimpleFileOptions::default()), "a zip archive"),
        ("k.zip", encrypted, "encrypted"),
        ("l.zip", unknown, "Lzma"),
    ];
    for (name, bytes, why) in &cases {
        let told = refused(&logs.put(&format!("alone/{name}"), bytes));
        assert!(told.contains(why) && told.contains(name), "{name}: {told}");
    }
    let path = logs.put("alone/u_ex.log", &plain);
    let (engine, shelf) = read(path.parent().unwrap());
    let report = Report::new(&engine.moment(end(&engine)), &shelf, Zone::Utc).json().unwrap();
    for (name, _, why) in &cases {
        assert!(report.contains(name) && report.contains(why), "{name} {why}: {report}");
    }
    assert_eq!(engine.sources().values().map(|source| source.records).sum::<u64>(), 2000);

    // One bad entry does not hide the others either.
    let mixed = logs.put("mixed.zip", &zip(&[("u_ex.log", &plain), ("old.zip", &archive)], SimpleFileOptions::default()));
    let (engine, _) = read(&mixed);
    assert_eq!(engine.sources().values().map(|source| source.records).sum::<u64>(), 2000);
    assert!(
        engine.sources().values().any(|source| source.problem(Time::MIN).is_some_and(|why| why.contains("archives in archives")))
    );
}

#[test]
fn a_bomb_is_read_as_far_as_a_log_can_be_packed() {
    let logs = Logs::new();
    let bomb = [log(2000), b"\n".repeat(30_000_000)].concat();
    let archive = zip(&[("u_ex.log", &bomb)], SimpleFileOptions::default());
    for (name, packed) in [("a.log.gz", gzip(&bomb)), ("b.log.zst", zstd(&bomb)), ("c.zip", archive)] {
        assert!(packed.len() * 200 < bomb.len(), "{name} {}", packed.len());
        let (rows, problem) = counted(&logs.put(name, &packed));
        assert_eq!(rows, 2000, "{name}");
        assert!(problem.as_deref().unwrap().contains("more than 200 times"), "{name}: {problem:?}");
    }
    // A frame may not ask for more memory than zstd itself gives it.
    let told = refused(&logs.put("d.zst", &[0x28, 0xB5, 0x2F, 0xFD, 0, 0xF8, 1, 0, 0]));
    assert!(told.contains("indow"), "{told}");
}

#[test]
fn the_same_entry_twice_and_too_many_are_refused() {
    let logs = Logs::new();
    let many: Vec<String> = (0..10_001).map(|n| format!("{n}.log")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert!(refused(&logs.put("many.zip", &zip(&many, SimpleFileOptions::default()))).contains("10000 entries"));

    // The directory names the first entry's bytes twice.
    let mut archive = zip(&[("a.log", &log(9)), ("b.log", &log(9))], SimpleFileOptions::default());
    let second = memchr::memmem::rfind(&archive, b"PK\x01\x02").unwrap();
    archive[second + 42..second + 46].fill(0);
    assert!(refused(&logs.put("twice.zip", &archive)).contains("share bytes"));
}

#[test]
fn packed_files_are_found_by_a_pattern_and_in_a_folder() {
    let logs = Logs::new();
    for day in 1..4 {
        logs.put(&format!("W3SVC1/u_ex26112{day}.log.gz"), &gzip(&log(100 * day)));
    }
    logs.put("W3SVC1/u_ex261124.log", &log(7));
    let rows = |path: PathBuf| read(&path).0.sources().values().map(|source| source.records).sum::<u64>();
    assert_eq!(rows(logs.0.path().join("W3SVC1/*.gz")), 600);
    assert_eq!(rows(logs.0.path().to_owned()), 607);
    // gzip --keep: the same log twice. One that has gone on since is another.
    logs.put("W3SVC1/u_ex261124.log.gz", &gzip(&log(7)));
    assert_eq!(rows(logs.0.path().to_owned()), 607);
    logs.put("W3SVC1/u_ex261121.log", &log(101));
    assert_eq!(rows(logs.0.path().to_owned()), 708);
}

/// Rows that are whole in what a decoder gets out of packed bytes, one byte after the other.
fn whole_rows(mut unpacked: impl Read) -> u64 {
    let (mut all, mut byte) = (Vec::new(), [0]);
    while unpacked.read(&mut byte).is_ok_and(|read| read == 1) {
        all.push(byte[0]);
    }
    all.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n") && !line.starts_with(b"#")).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn wherever_a_packed_log_is_cut_off_its_good_lines_count(cut in 0.0..1.0f64, members in 1usize..4, is_zstd in any::<bool>()) {
        let plain = log(3000);
        let pack = if is_zstd { zstd } else { gzip };
        let packed: Vec<u8> = plain.chunks(plain.len().div_ceil(members)).flat_map(pack).collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share")]
        let at = (packed.len() as f64 * cut) as usize;
        let logs = Logs::new();
        let path = logs.put(if is_zstd { "u_ex.log.zst" } else { "u_ex.log.gz" }, &packed[..at]);
        let want = if is_zstd { None } else { Some(whole_rows(flate2::bufread::MultiGzDecoder::new(&packed[..at]))) };
        match Recording::open(std::slice::from_ref(&path)) {
            Ok(_) => {
                let (rows, problem) = counted(&path);
                if let Some(want) = want {
                    prop_assert_eq!(rows, want);
                }
                prop_assert!(rows < 3000 || at + 16 >= packed.len());
                // Nobody can tell that another member or frame was to come.
                let is_between = members > 1 && plain.chunks(plain.len().div_ceil(members)).scan(0, |end, chunk| {
                    *end += pack(chunk).len();
                    Some(*end)
                }).any(|end| end == at);
                prop_assert!(problem.is_some() || is_between, "{rows} rows, {at} of {} bytes", packed.len());
            }
            Err(why) => prop_assert!(want.unwrap_or(0) == 0, "{why:#}"),
        }
    }

    #[test]
    fn damage_is_told_or_harmless_and_never_ends_the_program(
        damage in proptest::collection::vec((0.0..1.0f64, any::<u8>()), 1..4),
        way in 0usize..3,
    ) {
        let plain = log(2000);
        let (name, mut packed) = match way {
            0 => ("u_ex.log.gz", gzip(&plain)),
            1 => ("u_ex.log.zst", zstd(&plain)),
            _ => ("logs.zip", zip(&[("u_ex.log", &plain)], SimpleFileOptions::default())),
        };
        for (at, byte) in damage {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share")]
            let at = (packed.len() as f64 * at) as usize;
            packed[at] = byte;
        }
        let logs = Logs::new();
        let path = logs.put(name, &packed);
        if Recording::open(std::slice::from_ref(&path)).is_ok() {
            let (rows, problem) = counted(&path);
            // Where nothing is said, all is well.
            prop_assert!(problem.is_some() || rows == 2000, "{rows}");
        }
    }
}
