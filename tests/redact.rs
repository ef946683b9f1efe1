//! What must not leave the company does not, and everything that the program tells of a log is told of the redacted one, too.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/logs.rs"]
mod logs;
#[path = "support/plain.rs"]
mod plain;
#[path = "support/seeded.rs"]
mod seeded;

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use plain::{Plain, files, wide};
use proptest::prelude::*;
use why503::demo::INCIDENTS;
use why503::engine::Engine;
use why503::formats::{FORMATS, Kind};
use why503::limits::Limits;
use why503::redact::{Pseudonyms, Redactor, WITHHELD};
use why503::report::Report;
use why503::sources::load::Recording;
use why503::sources::shelf::Shelf;
use why503::time::Zone;
use zip::write::SimpleFileOptions;

const KEY: [u8; 16] = *b"a key of one run";

fn redacted(kind: Kind, utf16: Option<bool>, bytes: &[u8]) -> Vec<u8> {
    in_pieces(kind, utf16, [bytes])
}

fn in_pieces<'a>(kind: Kind, utf16: Option<bool>, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut redactor, pseudonyms, mut out) = (Redactor::new(kind, utf16).unwrap(), Pseudonyms::new(KEY), Vec::new());
    for piece in pieces {
        redactor.redact(piece, &pseudonyms, &mut out);
    }
    out
}

/// A log's bytes with its kind and its encoding, as the program tells them.
fn redact_like_the_program(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let told = Plain::of(name, bytes);
    Redactor::new(told.kind, told.utf16)?;
    Some(redacted(told.kind, told.utf16, bytes))
}

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let all = files(&root).into_iter().filter(|path| path.extension().is_some_and(|e| e == "log")).collect::<Vec<_>>();
    assert!(all.len() > 20);
    all
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn no_seeded_secret_survives_in_any_format_or_encoding() {
    for (kind, log) in seeded::LOGS {
        let log = seeded::filled(log);
        for (encoding, bytes) in
            [(None, log.clone().into_bytes()), (Some(false), wide(&log, false)), (Some(true), wide(&log, true))]
        {
            let out = redacted(*kind, encoding, &bytes);
            let text = plain::text(&out, encoding);
            for secret in seeded::secrets() {
                assert!(
                    log.to_lowercase().contains(&secret.to_lowercase()) || !seeded::is_in(*kind, secret),
                    "{kind} lacks {secret}"
                );
                assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{kind} {encoding:?} leaks {secret}:\n{text}");
                for haystack in [secret.as_bytes().to_vec(), wide_bare(secret, false), wide_bare(secret, true)] {
                    assert!(memchr::memmem::find(&out, &haystack).is_none(), "{kind} {encoding:?} leaks {secret}");
                }
            }
            let (before, after) = (Plain::of("x", &bytes), Plain::of("x", &out));
            assert_eq!(before.kind, *kind, "{log}");
            plain::assert_same(&after, &before, &text);
            assert!(before.records > 0, "{kind}");
            for kept in seeded::kept(*kind) {
                assert!(log.contains(kept) && text.contains(kept), "{kind} lost {kept}:\n{text}");
            }
        }
    }
}

fn wide_bare(text: &str, big_endian: bool) -> Vec<u8> {
    wide(text, big_endian).split_off(2)
}

#[test]
fn one_client_is_one_pseudonym_in_all_logs_and_another_under_another_key() {
    let of = |kind: Kind, key: [u8; 16]| {
        let (_, log) = seeded::LOGS.iter().find(|(k, _)| *k == kind).unwrap();
        let (mut redactor, mut out) = (Redactor::new(kind, None).unwrap(), Vec::new());
        redactor.redact(seeded::filled(log).as_bytes(), &Pseudonyms::new(key), &mut out);
        String::from_utf8(out).unwrap()
    };
    let column = |text: &str, row: &str, index: usize| {
        let row = text.lines().find(|line| line.contains(row)).unwrap();
        row.split(' ').nth(index).unwrap().to_owned()
    };
    let web = of(Kind::W3c, KEY);
    let (v4, user) = (column(&web, "/first", 8), column(&web, "/first", 7));
    let v6 = column(&web, "/second", 8);
    assert!(v4.parse::<std::net::Ipv4Addr>().unwrap().octets()[0] >= 240, "{v4}");
    assert!(v6.starts_with("2001:db8:") && v6.ends_with("%12") && user.starts_with("user-"), "{v6} {user}");
    for kind in [Kind::HttpErr, Kind::Sepm, Kind::Altiris] {
        let text = of(kind, KEY);
        assert!(text.contains(&v4) && text.contains(v6.trim_end_matches("%12")), "{kind}: {v4} {v6}\n{text}");
    }
    for kind in [Kind::Sepm, Kind::Altiris, Kind::ApplicationHost] {
        assert!(of(kind, KEY).contains(&user), "{kind}: {user}\n{}", of(kind, KEY));
    }
    let other = of(Kind::W3c, *b"another run's ke");
    assert!(!other.contains(&v4) && !other.contains(&user) && !other.contains(v6.trim_end_matches("%12")));
    assert_eq!(other.lines().count(), web.lines().count());
}

#[test]
fn a_log_that_cannot_be_made_safe_is_not_redacted_at_all() {
    for format in FORMATS {
        let refused = matches!(format.ability, why503::formats::Ability::Refuse(_));
        assert_eq!(Redactor::new(format.kind, None).is_none(), refused, "{}", format.kind);
    }
    assert!(Redactor::new(Kind::Unknown, None).is_none());
}

#[test]
fn every_fixture_tells_the_same_when_it_is_redacted() {
    for path in fixtures() {
        let bytes = fs::read(&path).unwrap();
        let Some(out) = redact_like_the_program(&name(&path), &bytes) else { continue };
        plain::assert_same(&Plain::of(&name(&path), &out), &Plain::of(&name(&path), &bytes), &name(&path));
        // Numbers hold nothing that must stay.
        if ["poolmon", "pooltag"].iter().any(|kind| path.parent().unwrap().ends_with(kind)) {
            assert_eq!(out, bytes, "{}", path.display());
        }
    }
}

#[test]
fn a_log_that_is_entered_in_its_middle_is_read_by_the_fields_in_force() {
    let log = seeded::filled(seeded::LOGS[0].1);
    let (header, rows) = log.split_at(log.find("2009").unwrap());
    let header = header.replace("#Software: Microsoft Internet Information Services 8.5\r\n", "");
    let row = rows.split_inclusive('\n').nth(1).unwrap();
    let (pseudonyms, mut out) = (Pseudonyms::new(KEY), Vec::new());
    let mut redactor = Redactor::new(Kind::W3c, None).unwrap();
    redactor.preamble(header.as_bytes(), &pseudonyms);
    redactor.redact(row.as_bytes(), &pseudonyms, &mut out);
    let whole = String::from_utf8(redacted(Kind::W3c, None, log.as_bytes())).unwrap();
    assert!(!out.is_empty() && whole.contains(std::str::from_utf8(&out).unwrap()));
    assert!(!whole.starts_with(std::str::from_utf8(WITHHELD).unwrap()));
}

#[test]
fn a_column_that_is_not_known_is_replaced_whatever_its_name() {
    let log = "#Fields: date time c-ip cs-uri-stem sc-status s-xff s-accountname X-Team\n\
               2009-10-12 08:00:01 10.66.77.88 /a 200 10.66.77.88 ann blue\n";
    let text = String::from_utf8(redacted(Kind::W3c, None, log.as_bytes())).unwrap();
    let row: Vec<&str> = text.lines().nth(1).unwrap().split(' ').collect();
    assert_eq!(row[2], row[5], "an address is the same one in any column");
    assert!(!text.contains("10.66.77.88") && !text.contains(" ann ") && !text.contains("blue"), "{text}");
}

#[test]
fn a_login_by_ftp_names_nobody_and_tells_no_password() {
    let log = "#Software: Microsoft Internet Information Services 6.0\n#Fields: time c-ip cs-method cs-uri-stem sc-status\n\
               08:00:01 10.66.77.88 [3]USER ann 331\n08:00:02 10.66.77.88 [3]PASS hunter2 230\n08:00:03 10.66.77.88 [3]sent /ann.txt 226\n";
    let text = String::from_utf8(redacted(Kind::W3c, None, log.as_bytes())).unwrap();
    assert!(text.contains("[3]USER user-") && text.contains("[3]PASS secret-") && text.contains("/ann.txt"), "{text}");
    assert!(!text.contains("hunter2") && !text.contains(" ann "), "{text}");
}

#[test]
fn a_giant_line_leaks_nothing_in_whatever_pieces_it_comes() {
    let secret = "10.66.77.88 ";
    let giant = secret.repeat(20_000);
    for kind in [Kind::W3c, Kind::HttpErr, Kind::Sepm, Kind::Altiris, Kind::PdhCsv] {
        for utf16 in [None, Some(false), Some(true)] {
            let encode = |text: &str| match utf16 {
                None => text.as_bytes().to_vec(),
                Some(big_endian) => wide_bare(text, big_endian),
            };
            let unit = if utf16.is_some() { 2 } else { 1 };
            let (before, line, end) = (encode("#Remark: one\r\n"), encode(&giant), encode("\r\n#Remark: two\r\n"));
            let whole = [before.as_slice(), &line, &end].concat();
            // As a follower hands it on: the beginning once it is longer than a line may be, then the rest.
            for cut in [70_000 * unit, 65_536 * unit, 65_545 * unit] {
                let (first, rest) = line.split_at(cut);
                let (second, third) = rest.split_at(10_001 * unit);
                let third = [third, &end].concat();
                let out = in_pieces(kind, utf16, [before.as_slice(), first, second, &third]);
                assert_eq!(out, redacted(kind, utf16, &whole), "{kind} {utf16:?}");
                let text = plain::text(&out, utf16);
                assert_eq!(text, "#Remark: one\r\n(withheld)\r\n#Remark: two\r\n", "{kind} {utf16:?}");
            }
        }
    }
}

#[test]
fn what_is_torn_by_zeros_leaks_nothing() {
    let zeros = "\0".repeat(17);
    let log = format!(
        "#Fields: date time c-ip cs-uri-stem\r\n2009-10-12 08:00:01 10.66.77.88 /a{zeros}2009-10-12 08:00:02 10.66.77.88 /b\r\n10.66{zeros}.77.88 x\r\n"
    );
    let out = redacted(Kind::W3c, None, log.as_bytes());
    plain::assert_same(&Plain::of("x", &out), &Plain::of("x", log.as_bytes()), &log);
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("10.66") && text.contains("/b\r\n") && text.contains(&zeros), "{text}");
    let log = "2009-10-12 07:58:00.001 INFO: u\0s\0e\0r\0=\0a\0n\0n\n";
    let out = redacted(Kind::Sepm, None, log.as_bytes());
    assert_eq!(out, b"(withheld)\n");
}

/// An incident's archive with every log in it redacted.
fn redact_archive(archive: &[u8]) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..from.len() {
        let mut entry = from.by_index(index).unwrap();
        let path = entry.enclosed_name().unwrap().to_string_lossy().replace('\\', "/");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = name(Path::new(&path));
        if let Some(out) = redact_like_the_program(&name, &bytes) {
            plain::assert_same(&Plain::of(&name, &out), &Plain::of(&name, &bytes), &name);
            bytes = out;
        } else {
            // The manifest is no log.
            assert!(name == why503::sources::manifest::MANIFEST, "{name} is of no kind");
        }
        to.start_file(path, SimpleFileOptions::default()).unwrap();
        to.write_all(&bytes).unwrap();
    }
    to.finish().unwrap().into_inner()
}

/// Clients beyond a thousand are estimated, and under pseudonyms others are in the sample.
fn without_estimates(report: &mut serde_json::Value) {
    for finding in report["findings"].as_array_mut().unwrap() {
        let finding = finding.as_object_mut().unwrap();
        finding.remove("detail");
        if finding["rule"] == "ns-burst" {
            finding.retain(|field, _| matches!(field.as_str(), "rule" | "severity"));
        }
    }
    report.as_object_mut().unwrap().remove("stories");
}

/// What a recording's report says, without the lines that it quotes and the sizes of its files.
fn report(archive: &[u8]) -> serde_json::Value {
    let shelf = Shelf::default();
    let recording = Recording::unpack(archive, None).unwrap();
    let given = recording.manifest.as_ref().unwrap().limits.clone();
    let engine = recording.load(Zone::Utc, &shelf, &|| Engine::new(Limits { given: given.clone(), ..Limits::default() }, &[]));
    let end = engine.timeline().span().unwrap().1;
    let report = Report::new(&engine.moment(end), &shelf, Zone::Utc);
    let mut json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    for finding in json["findings"].as_array_mut().unwrap() {
        for line in finding["evidence"].as_array_mut().unwrap() {
            line["text"].take();
        }
    }
    for source in json["sources"].as_array_mut().unwrap() {
        source["bytes"].take();
    }
    json
}

#[test]
fn every_incident_has_the_same_report_when_it_is_redacted() {
    for incident in INCIDENTS {
        let redacted = redact_archive(incident.archive);
        assert!(redacted.len() > 10_000, "{}", incident.name);
        let (mut before, mut after) = (report(incident.archive), report(&redacted));
        without_estimates(&mut before);
        without_estimates(&mut after);
        assert!(!before["findings"].as_array().unwrap().is_empty(), "{}", incident.name);
        assert_eq!(after, before, "{}", incident.name);
    }
}

#[test]
fn a_site_named_after_a_host_has_one_pseudonym_in_its_configuration_counters_and_logs_and_they_still_join() {
    const NAME: &str = "Intranet.corp.example";
    let config = format!(
        "<configuration><system.applicationHost><applicationPools><add name='{NAME}' queueLength='900'/></applicationPools><sites>\n\
         <site name='{NAME}' id='7'><application path='/' applicationPool='{NAME}'/><application path='/secars' applicationPool='{NAME}'/>\n\
         <bindings><binding bindingInformation='*:80:{NAME}'/></bindings></site></sites></system.applicationHost>\n\
         <location path='{NAME}/secars'><system.webServer><serverRuntime appConcurrentRequestLimit='7000'/></system.webServer></location>\n\
         </configuration>\n"
    );
    let counters = format!(
        "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\SRV\\W3SVC_W3WP(12_{NAME})\\Active Requests\",\
         \"\\\\SRV\\HTTP Service Request Queues({NAME})\\RejectedRequests\",\"\\\\SRV\\HTTP Service Request Queues({NAME})\\CurrentQueueSize\"\n\
         \"10/12/2009 08:00:01.000\",\"5712\",\"0\",\"1\"\n\"10/12/2009 08:00:02.000\",\"5\",\"17\",\"1\"\n"
    );
    let web = format!(
        "#Fields: date time s-sitename cs-method cs-uri-stem cs(Referer) cs-host sc-status sc-substatus time-taken\n\
         2009-10-12 08:00:02 W3SVC7 GET /secars/a.dll https://{NAME}/x {NAME}:443 503 2 15\n\
         2009-10-12 08:00:02 {NAME} GET /secars/a.dll - {NAME} 503 2 15\n"
    );
    let files = [("applicationHost.config", config), ("W3SVC7/u_ex091012.log", web), ("counters.csv", counters)];
    let report = |redact: bool| {
        let mut logs = logs::Logs::new(Limits::default(), &[]);
        let mut pseudonyms = std::collections::BTreeSet::new();
        for (id, (path, text)) in (0..).zip(&files) {
            let bytes = if redact {
                redact_like_the_program(&name(Path::new(path)), text.as_bytes()).unwrap()
            } else {
                text.clone().into()
            };
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(!redact || !text.to_lowercase().contains("corp.example") && !text.contains("SRV"), "{text}");
            pseudonyms.extend(text.split("host-").skip(1).map(|rest| format!("host-{}", rest.get(..8).unwrap())));
            logs.read(id, path, [bytes.as_slice()]);
        }
        let moment = logs.engine.moment(logs.end());
        let mut json: serde_json::Value =
            serde_json::from_str(&Report::without_texts(&moment, Zone::Utc).json().unwrap()).unwrap();
        json["sources"].take();
        (json.to_string(), pseudonyms)
    };
    let (plain, _) = report(false);
    let (redacted, pseudonyms) = report(true);
    assert_eq!(pseudonyms.len(), 2, "the site's name, and the server's: {pseudonyms:?}");
    let name = pseudonyms.iter().find(|name| redacted.contains(*name)).unwrap();
    assert_eq!(redacted, plain.replace(NAME, name));
    for part in ["\"value\":7000", "\"pool\":\"Intranet.corp.example\"", "\"value\":900", "\"Intranet.corp.example/secars\""] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
}

fn kinds() -> impl Strategy<Value = (Kind, Option<bool>)> {
    let kinds: Vec<Kind> = FORMATS.iter().map(|f| f.kind).filter(|kind| Redactor::new(*kind, None).is_some()).collect();
    (prop::sample::select(kinds), prop::sample::select(vec![None, Some(false), Some(true)]))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_never_panic((kind, utf16) in kinds(), bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        redacted(kind, utf16, &bytes);
    }

    #[test]
    fn any_text_never_panics((kind, _) in kinds(), text in "([ -~]|[\u{0}\u{e9}\n<>\"'=:?@%\\\\&;/.1a-]){0,200}") {
        redacted(kind, None, text.as_bytes());
    }

    #[test]
    fn any_split_into_whole_lines_gives_the_same_bytes(
        which in any::<prop::sample::Index>(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        wide_of in prop::sample::select(vec![None, Some(false), Some(true)]),
    ) {
        let (kind, log) = seeded::LOGS[which.index(seeded::LOGS.len())];
        let log = seeded::filled(log);
        let lines: Vec<Vec<u8>> = log.split_inclusive('\n').map(|line| match wide_of {
            None => line.as_bytes().to_vec(),
            Some(big_endian) => wide_bare(line, big_endian),
        }).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(lines.len() + 1)).chain([0, lines.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<Vec<u8>> = cuts.windows(2).map(|w| lines[w[0]..w[1]].concat()).collect();
        prop_assert_eq!(in_pieces(kind, wide_of, pieces.iter().map(Vec::as_slice)), redacted(kind, wide_of, &lines.concat()));
    }

    #[test]
    fn an_address_never_survives_whatever_stands_around_it(
        kind in prop::sample::select(vec![Kind::W3c, Kind::HttpErr, Kind::Sepm, Kind::Altiris]),
        before in "[ -~]{0,30}[ ,;=/(\\[\"'<>|]",
        after in "([ ,;/)\\]\"'<>|][ -~]{0,30})?",
        address in prop::sample::select(vec!["10.66.77.88", "fe80::66:77:88"]),
    ) {
        let line = format!("{before}{address}{after}\n");
        let out = String::from_utf8(redacted(kind, None, line.as_bytes())).unwrap();
        prop_assert!(!out.contains(address), "{} became {}", line, out);
    }
}

/// Real files that lie beside the project on some machines; nothing of them is in it.
#[test]
fn samples_tell_the_same_and_no_client_survives() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    let root = std::env::var_os("WHY503_SAMPLES").map_or(beside, PathBuf::from);
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
        return;
    }
    for path in files(&root) {
        let bytes = fs::read(&path).unwrap();
        let before = Plain::of(&name(&path), &bytes);
        let Some(out) = redact_like_the_program(&name(&path), &bytes) else {
            println!("{}: {}, not recorded", path.display(), before.kind);
            continue;
        };
        println!("{}: {}, {} records, {} clients", path.display(), before.kind, before.records, before.clients.len());
        let after = Plain::of(&name(&path), &out);
        plain::assert_same(&after, &before, &name(&path));
        for client in before.clients.iter().filter(|client| !before.servers.contains(*client)) {
            let stands = memchr::memmem::find_iter(&out, client).any(|at| {
                let around = [at.checked_sub(1).and_then(|i| out.get(i)), out.get(at + client.len())];
                around.iter().flatten().all(|b| !b.is_ascii_alphanumeric() && !matches!(**b, b'.' | b':'))
            });
            assert!(!stands || client.len() < 4, "{}: {}", path.display(), String::from_utf8_lossy(client));
        }
        if let Some(folder) = std::env::var_os("WHY503_REDACTED") {
            fs::write(Path::new(&folder).join(format!("{}-{}", before.kind, name(&path))), &out).unwrap();
        }
    }
}
