//! A large log is read in parts, on all processors: how many, and how large the parts are, changes nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use why503::engine::Engine;
use why503::limits::Limits;
use why503::report::Report;
use why503::sources::load::Recording;
use why503::sources::load::parts::Cut;
use why503::sources::shelf::Shelf;
use why503::time::Zone;

const SOFTWARE: &str =
    "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-20 08:00:00\r\n";
const FIELDS: &str =
    "#Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken\r\n";
const OTHER_FIELDS: &str = "#Fields: date time c-ip cs-uri-stem sc-status time-taken\r\n";
const DATELESS: &str = "#Date: 2026-11-20 09:00:00\r\n#Fields: time c-ip cs-uri-stem sc-status sc-substatus time-taken\r\n";
const HTTP_ERR: &str = "#Software: Microsoft HTTP API 2.0\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n";

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
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (shelf, read) = (Shelf::default(), AtomicU64::new(0));
    let recording = Recording::open(paths).unwrap();
    let engine = pool.install(|| recording.load_cut(Zone::Utc, &shelf, &|| Engine::new(Limits::default(), &[]), &read, cut));
    assert_eq!(read.load(Ordering::Relaxed), recording.size());
    let end = engine.timeline().span().map_or(why503::time::Time::MIN, |(_, end)| end.plus(1000));
    (Report::new(&engine.moment(end), &shelf, Zone::Utc).json().unwrap(), engine)
}

const WHOLE: Cut = Cut { part: 1 << 20, whole: u64::MAX };

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
        let mut log = if is_http_err { HTTP_ERR.as_bytes().to_vec() } else { [SOFTWARE, FIELDS].concat().into_bytes() };
        for n in 0..600 {
            odd.iter().filter(|(at, _)| *at == n).for_each(|(_, odd)| log.extend_from_slice(odd));
            if is_http_err {
                log.extend(format!("2026-11-20 08:00:{:02} 10.0.0.{} 1 10.0.0.5 80 HTTP/1.1 GET /a 503 1 QueueFull Pool{}\r\n", n / 20, n % 9, n % 3).bytes());
            } else {
                log.extend(row(n * 50).bytes());
            }
        }
        if !has_end {
            log.truncate(log.len() - 2);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("W3SVC1").join("u_ex261120.log");
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, &log).unwrap();
        let (want, whole) = told(std::slice::from_ref(&path), 1, WHOLE);
        let (got, parts) = told(&[path], threads, Cut { part, whole: 0 });
        prop_assert_eq!(got, want);
        prop_assert!(parts.timeline() == whole.timeline());
        let about = |engine: &Engine| {
            let source = engine.sources().values().next().unwrap();
            (source.ledger, source.malformed_lines.clone(), source.iis, source.span, source.health.clone())
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
        let (got, parts) = told(std::slice::from_ref(&path), threads, Cut { part, whole: 0 });
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
