//! More logs than handles, and more bytes than time.

use super::*;

#[test]
fn more_logs_than_handles_are_all_followed() {
    let mut rig = Rig::new();
    rig.follower.budget = 4;
    for round in 0..3 {
        for n in 0..20 {
            rig.append(&format!("{n}.log"), format!("{n} {round}\n"));
        }
        rig.poll(1000);
        rig.poll(1000);
        assert!(rig.follower.handles <= 4 && rig.follower.logs.iter().filter(|log| log.file.is_some()).count() <= 4);
    }
    assert_eq!(rig.lines().len(), 60);
}

#[test]
fn of_logs_that_are_far_behind_the_newest_is_read_first_and_all_are_read() {
    let mut rig = Rig::new();
    rig.follower.pace.behind = 1 << 20;
    let rows = "a row of some length\n".repeat(150_000);
    for (name, days) in [("c.log", 1), ("a.log", 3), ("b.log", 2)] {
        rig.append(name, &rows);
        let time = UNIX_EPOCH + Duration::from_secs(days * 86_400);
        File::options().write(true).open(rig.at(name)).unwrap().set_modified(time).unwrap();
    }
    rig.append("small.log", "one\n");
    let mut order = Vec::new();
    let tick = Tick { time: Time::default(), steady: rig.now };
    while rig.follower.poll(tick, &mut |e| {
        if let Payload::Bytes(bytes) = e.payload {
            order.push((e.source, bytes.len()));
        }
    }) == Next::Now
    {}
    let first: Vec<SourceId> = order.iter().map(|(id, _)| *id).take(3).collect();
    let newest = rig.follower.logs.iter().find(|log| log.path.ends_with("a.log")).map(|log| log.source).unwrap();
    assert!(first.contains(&newest), "{first:?}");
    assert_eq!(order.iter().map(|(_, n)| n).sum::<usize>(), rows.len() * 3 + 4);
    let last_newest = order.iter().rposition(|(id, _)| *id == newest).unwrap();
    assert!(last_newest < order.len() / 2 + 2, "{order:?}");
}
