//! Files and folders that are not there, may not be read, go and come back.

use super::*;

#[test]
fn a_path_that_is_not_there_is_waited_for() {
    let mut rig = Rig::new();
    rig.follower = follower(rig.at("later.log"));
    rig.poll(0);
    assert_eq!(rig.health(), [&Health::Waiting]);
    rig.append("later.log", "one\n");
    rig.settle();
    assert_eq!((rig.lines(), rig.health()), (vec![String::from("one")], vec![&Health::Waiting, &Health::Following]));
    assert_eq!(rig.got.len(), 1);
}

/// A folder that is taken away with all that is in it.
fn remove_folder(rig: &Rig, name: &str) {
    for entry in fs::read_dir(rig.at(name)).unwrap() {
        let file = entry.unwrap().file_name();
        rig.remove(&format!("{name}/{}", file.to_str().unwrap()));
    }
    fs::remove_dir(rig.at(name)).unwrap();
}

#[test]
fn a_folder_or_a_pattern_without_a_log_is_waited_for_where_people_see_it() {
    for pattern in ["logs", "logs/u_*.log", "*/u_ex.log"] {
        let mut rig = Rig::new();
        fs::create_dir(rig.at("logs")).unwrap();
        rig.follower = follower(rig.at(pattern));
        rig.settle();
        assert_eq!(rig.health(), [&Health::Unmatched], "{pattern}");
        rig.append("logs/u_ex.log", "one\n");
        rig.settle();
        assert_eq!(rig.lines(), ["one"]);
        assert!(rig.said.iter().any(|(id, p)| *id == SourceId(0) && matches!(p, Payload::Closed)), "{:?}", rig.said);
    }
}

#[test]
fn a_folder_that_is_deleted_and_made_again_is_followed_again() {
    let mut rig = Rig::new();
    fs::create_dir(rig.at("W3SVC1")).unwrap();
    rig.append("W3SVC1/u_ex.log", "#Fields: x\none\n");
    rig.poll(0);
    remove_folder(&rig, "W3SVC1");
    rig.settle();
    assert!(rig.health().contains(&&Health::Draining));
    fs::create_dir(rig.at("W3SVC1")).unwrap();
    rig.append("W3SVC1/u_ex.log", "#Fields: x\ntwo\n");
    rig.settle();
    assert_eq!(rig.lines(), ["#Fields: x", "one", "#Fields: x", "two"]);
}

#[test]
fn a_share_that_comes_back_on_another_device_goes_on_where_it_was() {
    let mut rig = Rig::new();
    fs::create_dir(rig.at("share")).unwrap();
    rig.append("share/u_ex1.log", "#Fields: x\none\n");
    rig.append("share/u_ex2.log", "#Fields: x\nother one\n");
    rig.poll(0);
    // The same files with other numbers, and more in one of them.
    fs::create_dir(rig.at("copy")).unwrap();
    let kept = ["u_ex1.log", "u_ex2.log"].map(|name| (name, fs::read_to_string(rig.at("share").join(name)).unwrap()));
    remove_folder(&rig, "share");
    rig.settle();
    fs::create_dir(rig.at("share")).unwrap();
    for (name, text) in kept {
        rig.append(&format!("share/{name}"), text);
    }
    rig.append("share/u_ex1.log", "two\n");
    rig.settle();
    assert_eq!(rig.sorted(), ["#Fields: x", "#Fields: x", "one", "other one", "two"]);
    assert_eq!(rig.lost(), (0, 0));
}

/// Windows lets only administrators make links.
#[cfg(unix)]
#[test]
fn a_link_that_is_switched_leads_to_the_new_log_and_the_old_one_is_drained() {
    use std::os::unix::fs::symlink;
    let mut rig = Rig::new();
    let link = rig.at("current.txt");
    rig.append("a.day", "#Fields: x\none\n");
    rig.append("b.day", "#Fields: x\nthree\n");
    symlink(rig.at("a.day"), &link).unwrap();
    rig.follower = follower(link.clone());
    rig.poll(0);
    symlink(rig.at("b.day"), rig.at("next")).unwrap();
    fs::rename(rig.at("next"), link).unwrap();
    rig.append("a.day", "two\n");
    rig.settle();
    assert_eq!(rig.lines(), ["#Fields: x", "one", "two", "#Fields: x", "three"]);
}

/// A link that leads to itself cannot be read, whoever asks; permissions do not hold who runs the tests.
#[cfg(unix)]
#[test]
fn a_log_that_may_not_be_read_at_first_is_read_from_its_start_when_it_may() {
    let mut rig = Rig::new();
    rig.append("other.log", "other\n");
    std::os::unix::fs::symlink(rig.at("a.log"), rig.at("a.log")).unwrap();
    rig.settle();
    assert!(matches!(rig.health().last(), Some(Health::Denied(_))), "{:?}", rig.said);
    rig.append("real", "one\n");
    rig.replace("real", "a.log");
    rig.settle();
    assert_eq!((rig.sorted(), rig.health().last()), (vec!["one".into(), "other".into()], Some(&&Health::Following)));
}

#[cfg(windows)]
#[test]
fn a_log_that_its_writer_shares_with_nobody_is_read_when_it_does() {
    use std::os::windows::fs::OpenOptionsExt;
    let mut rig = Rig::new();
    rig.append("other.log", "other\n");
    rig.append("a.log", "one\n");
    let alone = File::options().append(true).share_mode(0).open(rig.at("a.log")).unwrap();
    rig.settle();
    assert!(matches!(rig.health().last(), Some(Health::Denied(_))), "{:?}", rig.said);
    drop(alone);
    rig.settle();
    assert_eq!((rig.sorted(), rig.health().last()), (vec!["one".into(), "other".into()], Some(&&Health::Following)));
}

#[test]
fn what_happened_while_the_machine_slept_is_read_when_it_wakes() {
    for hours in [8, 24 * 30] {
        let mut rig = Rig::new();
        rig.append("a.log", "one\nhal");
        rig.append("b.log", "other\n");
        rig.poll(0);
        rig.append("a.log", "f\ntwo\n");
        fs::rename(rig.at("a.log"), rig.at("a.log.1")).unwrap();
        rig.append("a.log", "three\n");
        rig.poll(hours * 3_600_000);
        rig.append("b.log", "more\n");
        rig.settle();
        assert_eq!(rig.sorted(), ["half", "more", "one", "other", "three", "two"], "{hours} hours");
    }
}

#[test]
fn the_time_of_a_file_may_be_any() {
    let mut rig = Rig::new();
    let lie = |rig: &Rig, days: u64| {
        let file = File::options().write(true).open(rig.at("a.log")).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(days * 86_400)).unwrap();
    };
    rig.append("a.log", "one\n");
    lie(&rig, 40_000);
    rig.poll(0);
    for (days, text) in [(0, "two\n"), (1, "three\n"), (1, "four\n"), (30_000, "five\n")] {
        rig.append("a.log", text);
        lie(&rig, days);
        rig.settle();
    }
    assert_eq!(rig.lines(), ["one", "two", "three", "four", "five"]);
}

#[test]
fn settings_that_were_there_are_known_before_the_logs() {
    let rig = Rig::new();
    rig.append("a.log", "one\n");
    rig.append("z.config", "<a>\n</a>");
    let mut follower = follower(rig.dir.path().to_owned());
    let mut said = Vec::new();
    // Long after they were written.
    let tick = Tick { time: Time::MAX, steady: rig.now };
    while follower.poll(tick, &mut |envelope| said.push(envelope.payload)) == Next::Now {}
    let closed = said.iter().position(|payload| matches!(payload, Payload::Closed));
    let row = said.iter().position(|payload| matches!(payload, Payload::Bytes(bytes) if bytes == b"one\n"));
    assert!(closed.is_some() && closed < row, "{said:?}");
}

#[test]
fn logs_of_last_year_are_left_out_and_counted_until_they_are_written_again() {
    let mut rig = Rig::new();
    for name in ["u_ex250101.log", "u_ex250102.log", "u_ex261121.log"] {
        rig.append(name, "one\n");
    }
    for name in ["u_ex250101.log", "u_ex250102.log"] {
        File::options().write(true).open(rig.at(name)).unwrap().set_modified(UNIX_EPOCH).unwrap();
    }
    let root = rig.at("");
    rig.follower = follower(root).since(Some(Time::from_second(1_000_000)));
    rig.settle();
    assert_eq!(rig.lines(), ["one"]);
    assert!(rig.health().contains(&&Health::LeftOut(LeftOut::Older, 2)), "{:?}", rig.health());
    rig.append("u_ex250102.log", "two\n");
    rig.settle();
    assert_eq!(rig.lines(), ["one", "one", "two"]);
    assert!(rig.health().contains(&&Health::LeftOut(LeftOut::Older, 1)), "{:?}", rig.health());
}
