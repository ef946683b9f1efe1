//! A large log is read in parts, on all processors: how many, and how large the parts are, changes nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use why503::engine::Engine;
use why503::limits::Limits;
use why503::report::Report;
use why503::sources::load::parts::Cut;
use why503::sources::load::{How, Piece, Recording};
use why503::sources::shelf::Shelf;
use why503::time::{Time, Zone};

const SOFTWARE: &str =
    "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-20 08:00:00\r\n";
const FIELDS: &str =
    "#Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken\r\n";
const OTHER_FIELDS: &str = "#Fields: date time c-ip cs-uri-stem sc-status time-taken\r\n";
const DATELESS: &str = "#Date: 2026-11-20 09:00:00\r\n#Fields: time c-ip cs-uri-stem sc-status sc-substatus time-taken\r\n";
const HTTP_ERR: &str = "#Software: Microsoft HTTP API 2.0\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n";

/// When the logs begin.
const START: Time = Time::from_second(1_795_161_600);

/// A row in the middle of an incident: clients that hold places, others that are refused.
fn row(n: u32) -> String {
    let (stem, agent) =
        [("/secars/secars.dll", "Smc"), ("/default.aspx", "-"), ("/Altiris/NS/Agent/GetClientPolicies.aspx", "Altiris")]
            [n as usize % 3];
    let (came, taken) = if n.is_multiple_of(11) { ("503 2 0", n % 15) } else { ("200 0 0", n * 7919 % 70_000) };
    let (minute, second) = (n / 3000 % 60, n / 50 % 60);
    format!("2026-11-20 08:{minute:02}:{second:02} GET {stem} 10.1.{}.{} {agent} {came} {taken}\r\n", n % 7, n % 251)
}

/// What a log may hold besides rows.
fn oddity() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(SOFTWARE.as_bytes().to_vec()),
        Just(b"#Software: Microsoft Internet Information Services 6.0\r\n".to_vec()),
        Just([OTHER_FIELDS.as_bytes(), b"2026-11-20 08:59:59 10.0.0.9 /x#y 503 17\r\n"].concat()),
        Just(FIELDS.as_bytes().to_vec()),
        Just([DATELESS.as_bytes(), b"09:00:01 10.0.0.9 /secars/x 503 2 17\r\n"].concat()),
        Just(b"rubbish # of a row\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(vec![0; 40]),
        Just(b"\0".to_vec()),
        Just(b"#".to_vec()),
        (1usize..3000).prop_map(|n| vec![b'x'; n]),
        Just([vec![b'y'; 70_000], b"\r\n".to_vec()].concat()),
    ]
}

/// Everything that can be told of some logs: as JSON, and the timeline itself.
fn told(paths: &[PathBuf], threads: usize, cut: Cut) -> (String, Engine) {
    told_from(paths, threads, cut, None)
}

/// The same; what happened from a moment on is read first.
fn told_from(paths: &[PathBuf], threads: usize, cut: Cut, first: Option<Time>) -> (String, Engine) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (shelf, read) = (Shelf::default(), AtomicU64::new(0));
    let recording = Recording::open(paths).unwrap();
    let engine = pool.install(|| {
        recording.load_as(
            Zone::Utc,
            &shelf,
            &How { new_engine: &|| Engine::new(Limits::default(), &[]), read: &read, cut, first },
        )
    });
    assert_eq!(read.load(Ordering::Relaxed), recording.size());
    let end = engine.timeline().span().map_or(Time::MIN, |(_, end)| end.plus(1000));
    (Report::new(&engine.moment(end), &shelf, Zone::Utc).json().unwrap(), engine)
}

/// A log of ten minutes, with oddities before some of its rows.
fn log_with(odd: &[(u32, Vec<u8>)], is_http_err: bool, has_end: bool) -> Vec<u8> {
    let mut log = if is_http_err { HTTP_ERR.as_bytes().to_vec() } else { [SOFTWARE, FIELDS].concat().into_bytes() };
    for n in 0..600 {
        odd.iter().filter(|(at, _)| *at == n).for_each(|(_, odd)| log.extend_from_slice(odd));
        if is_http_err {
            let (minute, second) = (n / 60, n % 60);
            log.extend(
                format!(
                    "2026-11-20 08:{minute:02}:{second:02} 10.0.0.{} 1 10.0.0.5 80 HTTP/1.1 GET /a 503 1 QueueFull Pool{}\r\n",
                    n % 9,
                    n % 3
                )
                .bytes(),
            );
        } else {
            log.extend(row(n * 50).bytes());
        }
    }
    if !has_end {
        log.truncate(log.len() - 2);
    }
    log
}

fn written(log: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("W3SVC1").join("u_ex261120.log");
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, log).unwrap();
    (folder, path)
}

const SMALL: Cut = Cut { part: 4096, whole: 0, piece: 4096, back: 5000 };
const WHOLE: Cut = Cut { part: 1 << 20, whole: u64::MAX, piece: u64::MAX, back: u64::MAX };

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_number_of_threads_and_any_size_of_the_parts_tell_the_same(
        odd in proptest::collection::vec((0u32..600, oddity()), 0..6),
        is_http_err in any::<bool>(),
        has_end in any::<bool>(),
        part in prop_oneof![300u64..3000, 3000u64..40_000],
        threads in 1usize..5,
    ) {
        let (_folder, path) = written(&log_with(&odd, is_http_err, has_end));
        let (want, whole) = told(std::slice::from_ref(&path), 1, WHOLE);
        let (got, parts) = told(&[path], threads, Cut { part, whole: 0, piece: 5 * part, back: 7 * part });
        prop_assert_eq!(got, want);
        prop_assert!(parts.timeline() == whole.timeline());
        let about = |engine: &Engine| {
            let source = engine.sources().values().next().unwrap();
            (source.ledger, source.malformed_lines.clone(), source.iis, source.span, source.health.clone())
        };
        prop_assert_eq!(about(&parts), about(&whole));
    }

    #[test]
    fn whatever_is_read_first_tells_the_same(
        odd in proptest::collection::vec((0u32..600, oddity()), 0..4),
        is_http_err in any::<bool>(),
        part in 1000u64..9000,
        threads in 1usize..4,
        first in 0i64..700,
    ) {
        let (_folder, path) = written(&log_with(&odd, is_http_err, true));
        let (want, whole) = told(std::slice::from_ref(&path), 1, WHOLE);
        let first = START.plus(first * 1000);
        let (got, parts) = told_from(&[path], threads, Cut { part, whole: 0, piece: 5 * part, back: 7 * part }, Some(first));
        prop_assert_eq!(got, want);
        let about = |engine: &Engine| {
            let source = engine.sources().values().next().unwrap();
            let malformed = source.malformed_lines.iter().map(|(at, why)| (at.offset, source.line_number(*at), *why));
            (source.ledger, malformed.collect::<Vec<_>>(), source.iis, source.span, source.health.clone())
        };
        prop_assert_eq!(about(&parts), about(&whole));
    }
}

#[test]
fn parts_of_whole_blocks_have_the_index_of_the_whole_log() {
    let log: String = [SOFTWARE, FIELDS].into_iter().map(String::from).chain((0..30_000).map(row)).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u_ex261120.log");
    fs::write(&path, &log).unwrap();
    let (want, whole) = told(std::slice::from_ref(&path), 1, WHOLE);
    for (threads, part) in [(1, 256 * 1024), (2, 256 * 1024), (3, 1 << 20)] {
        let (got, parts) = told(std::slice::from_ref(&path), threads, Cut { part, whole: 0, piece: 5 * part, back: 7 * part });
        assert_eq!(got, want);
        assert!(parts.timeline().blocks == whole.timeline().blocks, "{threads} threads, {part} bytes");
    }
}

#[test]
fn a_configuration_under_another_name_tells_the_same_whoever_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"<configuration><system.applicationHost><sites><site name="Shop" id="1"><application path="/"/><application path="/default.aspx"/></site></sites></system.applicationHost></configuration>"#;
    fs::write(folder.path().join("a-copy.txt"), config).unwrap();
    for number in 0..9 {
        let log: String = [SOFTWARE, FIELDS].into_iter().map(String::from).chain((0..200).map(|n| row(n * 9 + number))).collect();
        fs::write(folder.path().join(format!("u_ex{number}.log")), log).unwrap();
    }
    let paths = [folder.path().to_owned()];
    let (want, whole) = told(&paths, 1, WHOLE);
    assert!(whole.timeline().apps().count() > 2, "{want}");
    for threads in [1, 2, 3, 5] {
        assert_eq!(told(&paths, threads, WHOLE).0, want, "{threads} threads");
    }
}

/// What comes of a log, piece by piece: the times that each covers, or that all comes again.
fn pieces(path: &Path, first: Time, cut: Cut) -> Vec<Option<(Time, Time)>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let (recording, pieces) = (Recording::open(&[path.to_owned()]).unwrap(), Mutex::new(Vec::new()));
    let read = AtomicU64::new(0);
    let how = How { new_engine: &|| Engine::new(Limits::default(), &[]), read: &read, cut, first: Some(first) };
    pool.install(|| {
        recording.load_into(Zone::Utc, &Shelf::default(), &how, &|piece| {
            match piece {
                Piece::Found(found, _) => pieces.lock().unwrap().extend(found.timeline().span().map(Some)),
                Piece::Over => pieces.lock().unwrap().push(None),
                Piece::Ended(..) | Piece::Told(_) => {}
            }
            true
        });
    });
    pieces.into_inner().unwrap()
}

#[test]
fn what_is_wanted_first_comes_first_then_what_follows_then_what_stands_before_the_last_of_it_first() {
    for is_http_err in [false, true] {
        let (_folder, path) = written(&log_with(&[], is_http_err, true));
        let first = START.plus(6 * 60_000);
        let begins: Vec<Time> = pieces(&path, first, SMALL).into_iter().map(|span| span.unwrap().0).collect();
        assert!(begins.len() > 6, "{begins:?}");
        // Each stretch is read onwards.
        let heads: Vec<Time> = begins.chunk_by(|one, next| one <= next).map(|stretch| stretch[0]).collect();
        // Found to within two looks, which are of some 70 rows each, a second apart.
        assert!(begins[0] <= first && first.since(begins[0]) < 180_000, "{begins:?}");
        assert!(heads.len() > 3 && heads.is_sorted_by(|one, next| one > next) && heads.last() == Some(&START), "{begins:?}");
    }
}

#[test]
fn a_log_that_says_otherwise_how_it_is_read_comes_again() {
    let changed =
        b"#Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) sc-substatus sc-status sc-win32-status time-taken\r\n";
    let (_folder, path) = written(&log_with(&[(100, changed.to_vec())], false, true));
    let (want, _) = told(std::slice::from_ref(&path), 1, WHOLE);
    let first = START.plus(6 * 60_000);
    // Columns that change places and can be read all the same: what stands before the change is not begun anywhere.
    let exchanged = FIELDS.replace("c-ip cs(User-Agent)", "cs(User-Agent) c-ip");
    let (_other_folder, other) = written(&log_with(&[(100, exchanged.into_bytes())], false, true));
    assert!(!pieces(&other, first, SMALL).contains(&None));
    // The line stands in what is looked through for it.
    assert!(!pieces(&path, first, SMALL).contains(&None));
    assert_eq!(told_from(std::slice::from_ref(&path), 2, SMALL, Some(first)).0, want);
    // It stands further back than anybody looks: what is read first is read wrongly, and that is found.
    let cut = Cut { part: 2048, whole: 0, piece: 100_000, back: u64::MAX };
    let rows: String = (0..30_000).map(row).collect();
    let (begin, rest) = rows.split_at(rows.find("08:01:40").unwrap() - 11);
    let (_folder, path) = written(&[SOFTWARE.as_bytes(), FIELDS.as_bytes(), begin.as_bytes(), changed, rest.as_bytes()].concat());
    let first = START.plus(9 * 60_000);
    assert!(pieces(&path, first, cut).contains(&None));
    let (want, _) = told(std::slice::from_ref(&path), 1, WHOLE);
    assert_eq!(told_from(std::slice::from_ref(&path), 2, cut, Some(first)).0, want);
}
