//! What is cut, changed, taken away or could not be written: it costs what it touched, and is said.

use super::*;

#[test]
fn killed_it_costs_what_was_not_written_and_replay_says_that_it_has_no_end() {
    let mut rig = Rig::new();
    rig.open(0, "logs/W3SVC1/u.log", 0);
    rig.bytes(0, format!("{HEADER}{}", rows(0..10)));
    rig.pass(3);
    rig.bytes(0, row(10));
    rig.kill();
    let engine = rig.replay();
    assert_eq!(records(&engine), 10);
    let [gap] = &gaps(&engine)[..] else { panic!("{:?}", gaps(&engine)) };
    assert!(gap.to.is_none() && gap.why.contains("ended by force"), "{gap:?}");
}

#[test]
fn a_write_that_fails_is_a_gap_and_the_recording_goes_on() {
    let mut rig = Rig::new();
    rig.open(0, "logs/W3SVC1/u.log", 0);
    rig.bytes(0, format!("{HEADER}{}", row(0)));
    rig.pass(1);
    // What takes the folder's place cannot be written into.
    fs::rename(rig.folder(), rig.dir.path().join("away")).unwrap();
    fs::write(rig.folder(), "in the way").unwrap();
    rig.bytes(0, row(1));
    rig.pass(2);
    let status = rig.recorder().status();
    assert!(status.paused.is_some() && status.missed == row(1).len() as u64, "{status:?}");
    rig.bytes(0, row(2));
    rig.pass(10);
    assert!(rig.recorder().status().paused.is_some());
    fs::remove_file(rig.folder()).unwrap();
    fs::rename(rig.dir.path().join("away"), rig.folder()).unwrap();
    rig.pass(5);
    assert_eq!(rig.recorder().status().paused, None);
    rig.bytes(0, row(3));
    let status = rig.finish();
    assert_eq!(status.missed, (row(1).len() + row(2).len()) as u64);
    let engine = rig.replay();
    assert_eq!((records(&engine), damage(&engine)), (2, vec![]));
    let [gap] = &gaps(&engine)[..] else { panic!("{:?}", gaps(&engine)) };
    assert_eq!(gap.bytes, status.missed);
}

#[test]
fn cut_anywhere_a_recording_gives_the_lines_before_the_cut_and_says_what_is_missing() {
    let rig = Rig::of_rows(20);
    let file = rig.folder().join("W3SVC1/u.log");
    let whole = fs::read(&file).unwrap();
    for at in (0..whole.len()).rev() {
        fs::write(&file, &whole[..at]).unwrap();
        let engine = rig.replay();
        let text = String::from_utf8_lossy(&whole[..at]);
        let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n') && !line.starts_with('#')).count();
        assert_eq!(records(&engine), lines as u64, "cut at {at}");
        let said = damage(&engine).join(" ");
        assert!(said.contains(&format!("{} of {} recorded bytes", whole.len() - at, whole.len())), "cut at {at}: {said}");
    }
    fs::remove_file(&file).unwrap();
    fs::write(rig.folder().join("other.log"), "x\n").unwrap();
    assert!(gaps(&rig.replay()).iter().any(|gap| gap.why == "W3SVC1/u.log is not there" && gap.bytes == whole.len() as u64));
}

#[test]
fn any_flipped_bit_is_noticed_and_costs_at_most_its_line() {
    let rig = Rig::of_rows(20);
    let file = rig.folder().join("W3SVC1/u.log");
    let whole = fs::read(&file).unwrap();
    for at in HEADER.len()..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&file, &bytes).unwrap();
        let engine = rig.replay();
        assert!((18..=20).contains(&records(&engine)), "{at}: {}", records(&engine));
        assert!(damage(&engine).iter().any(|why| why.contains("changed since it was recorded")), "{at}");
    }
}

#[test]
fn a_manifest_that_is_damaged_costs_the_limits_and_not_the_logs() {
    let rig = Rig::of_rows(1);
    let text = rig.text(MANIFEST);
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 0x10;
        fs::write(rig.folder().join(MANIFEST), &bytes).unwrap();
        match Recording::open(&[rig.folder()]) {
            Ok(recording) => assert_eq!(records(&recording.load(Zone::Utc, &Shelf::default(), &Engine::default)), 1, "{at}"),
            Err(error) => assert!(format!("{error:#}").contains("newer"), "{at}: {error:#}"),
        }
    }
}

#[test]
fn bytes_that_a_log_lost_are_missing_in_the_recording_too() {
    let mut rig = Rig::new();
    rig.open(0, "logs/W3SVC1/u.log", 0);
    rig.bytes(0, format!("{HEADER}{}", row(0)));
    rig.take(0, Payload::Lost(4711));
    rig.finish();
    let [gap] = &gaps(&rig.replay())[..] else { panic!() };
    assert_eq!((gap.bytes, gap.why.as_str()), (4711, "u.log was cut off before it could be read"));
}

#[test]
fn a_zip_of_a_recording_is_held_against_its_manifest_too() {
    let rig = Rig::of_rows(20);
    let zip = |cut: usize| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for name in [MANIFEST, LOCK, "W3SVC1/u.log"] {
            let bytes = fs::read(rig.folder().join(name)).unwrap();
            let kept = if name == "W3SVC1/u.log" { bytes.len() - cut } else { bytes.len() };
            zip.start_file(format!("incident/{name}"), zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut zip, &bytes[..kept]).unwrap();
        }
        let recording = Recording::unpack(&zip.finish().unwrap().into_inner(), None).unwrap();
        recording.load(Zone::Utc, &Shelf::default(), &Engine::default)
    };
    assert_eq!((records(&zip(0)), damage(&zip(0)), gaps(&zip(0))), (20, vec![], vec![]));
    let torn = zip(5);
    let said = damage(&torn).join(" ");
    assert_eq!(records(&torn), 19);
    assert!(said.contains("5 of ") && said.contains("its last line is torn"), "{said}");
}

#[test]
fn too_large_a_recording_loses_its_oldest_files_and_says_so_but_never_its_settings() {
    let mut rig = Rig::with(|setup| setup.max_size = 8 << 20);
    let config = "<configuration><system.applicationHost><sites><site name=\"S\" id=\"1\"/></sites></system.applicationHost></configuration>\n";
    rig.open(9, "config/applicationHost.config", 0);
    rig.bytes(9, config);
    rig.take(9, Payload::Closed);
    rig.open(0, "logs/W3SVC1/u.log", 0);
    rig.bytes(0, HEADER);
    for _ in 0..40 {
        rig.bytes(0, rows(0..60).repeat(100));
        rig.pass(1);
    }
    rig.pass(3);
    let status = rig.finish();
    assert!(status.bytes <= 8 << 20, "{status}");
    let engine = rig.replay();
    let [gap] = &gaps(&engine)[..] else { panic!("{:?}", gaps(&engine)) };
    assert!(gap.why.contains("--max-size") && gap.bytes > 0, "{gap:?}");
    assert!(rig.files().contains(&String::from("config/applicationHost.config")));
    // Each file has a header of its own.
    let all = rows(0..60).len() as u64 * 100 * 40 + config.len() as u64;
    assert!((all..all + 20 * HEADER.len() as u64).contains(&(gap.bytes + status.bytes)), "{gap:?} {status}");
}

#[test]
fn a_run_that_was_killed_is_taken_stock_of_before_another_goes_on() {
    let mut rig = Rig::new();
    rig.open(0, "logs/W3SVC1/u.log", 0);
    rig.bytes(0, format!("{HEADER}{}", rows(0..10)));
    rig.pass(3);
    // The manifest is not written again for half a minute.
    rig.bytes(0, rows(10..20));
    rig.pass(2);
    rig.kill();
    rig.start(|_| {}).unwrap();
    rig.finish();
    let engine = rig.replay();
    assert_eq!((records(&engine), damage(&engine)), (20, vec![]));
    assert!(gaps(&engine).iter().any(|gap| gap.why.contains("ended by force")), "{:?}", gaps(&engine));
    let file = rig.folder().join("W3SVC1/u.log");
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 4;
    bytes[last] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(damage(&rig.replay()).len(), 1);
}

#[test]
fn of_logs_recorded_side_by_side_the_oldest_rows_go_first() {
    let mut rig = Rig::with(|setup| (setup.max_size, setup.from_start) = (8 << 20, true));
    let day = |day: u32| rows(0..60).repeat(100).replace("2026-11-21", &format!("2026-11-{day}"));
    // The newer log is met first.
    for (source, name) in [(0, "logs/W3SVC1/new.log"), (1, "logs/W3SVC1/old.log")] {
        rig.open(source, name, 0);
        rig.bytes(source, HEADER);
        for _ in 0..24 {
            rig.bytes(source, day(21 - source));
        }
    }
    rig.pass(3);
    rig.finish();
    let engine = rig.replay();
    let rows_of = |name: &str| {
        let logs = engine.sources().values().filter(|source| source.name().contains(name));
        logs.map(|source| source.records).sum::<u64>()
    };
    assert_eq!(rows_of("new"), 24 * 6000);
    assert!(rows_of("old") < 24 * 6000);
    let [gap] = &gaps(&engine)[..] else { panic!("{:?}", gaps(&engine)) };
    assert!(gap.from.rfc3339().starts_with("2026-11-20") && gap.to.unwrap().rfc3339().starts_with("2026-11-20"), "{gap:?}");
}

#[test]
fn a_line_that_never_got_its_end_is_said() {
    let mut rig = Rig::new();
    rig.open(0, "logs/W3SVC1/u.log", 0);
    rig.bytes(0, format!("{HEADER}{}", row(0)));
    rig.take(0, Payload::Half(17));
    rig.finish();
    assert!(damage(&rig.replay()).join(" ").contains("17 bytes are not in it"));
}

#[test]
fn a_redacted_recording_is_not_gone_on_with_under_another_key_or_none() {
    let mut rig = Rig::with(|setup| setup.redact = Some([7; 16]));
    rig.open(0, "logs/W3SVC1/u.log", 0);
    rig.bytes(0, format!("{HEADER}{}", row(0)));
    rig.finish();
    for key in [None, Some([7; 16])] {
        let error = rig.start(|setup| setup.redact = key).unwrap_err().to_string();
        assert!(error.contains("redacted recording cannot be gone on with"), "{error}");
    }
    let mut rig = Rig::new();
    rig.finish();
    let error = rig.start(|setup| setup.redact = Some([7; 16])).unwrap_err().to_string();
    assert!(error.contains("not redacted"), "{error}");
}

#[test]
fn a_recording_beside_the_logs_it_was_made_of_is_not_read_with_them() {
    let rig = Rig::of_rows(1);
    // Where there is nothing else, it is what was meant.
    assert_eq!(records(&replay(rig.dir.path())), 1);
    fs::write(rig.dir.path().join("u.log"), format!("{HEADER}{}{}", row(0), row(1))).unwrap();
    assert_eq!(records(&replay(rig.dir.path())), 2);
}
