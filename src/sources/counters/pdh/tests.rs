use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::*;

const NO_OBJECT: u32 = 0xC000_0BB8;
const NO_INSTANCE: u32 = 0x8000_07D1;
const NO_MACHINE: u32 = 0x8000_07D0;
const INVALID_DATA: u32 = 0xC000_0BC6;
const ACCESS_DENIED: u32 = 0xC000_0BDB;
const NO_DATA: u32 = 0x8000_07D5;

const ACTIVE: &str = r"\W3SVC_W3WP(*)\Active Requests";
const POOL: &str = r"\Memory\Pool Nonpaged Bytes";

/// What a machine tells, by path: an error, or instances with their statuses and values.
type Told = BTreeMap<String, Result<Vec<Instance>, u32>>;

#[derive(Default)]
struct Machine {
    told: Told,
    /// What every call fails with.
    trouble: Option<u32>,
    collect: Option<u32>,
    calls: Vec<String>,
    added: Vec<String>,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Machine>>);

impl Fake {
    fn tells(&self, path: &str, told: Result<&[(&str, u32, f64)], u32>) {
        let instance =
            |(name, status, value): &(&str, u32, f64)| Instance { name: (*name).into(), status: *status, value: *value };
        self.0.lock().unwrap().told.insert(path.into(), told.map(|told| told.iter().map(instance).collect()));
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }
}

impl Calls for Fake {
    fn open(&mut self) -> Result<(), u32> {
        self.0.lock().unwrap().calls.push(String::from("open"));
        Ok(())
    }

    fn close(&mut self) {
        self.0.lock().unwrap().calls.push(String::from("close"));
    }

    fn add(&mut self, path: &str) -> Result<usize, u32> {
        let mut machine = self.0.lock().unwrap();
        machine.calls.push(format!("add {path}"));
        let path = path.strip_prefix(r"\\WEB02").unwrap_or(path);
        let told = machine.trouble.map_or_else(|| machine.told.get(path).cloned().unwrap_or(Err(NO_OBJECT)), Err);
        if let Err(code @ (NO_OBJECT | NO_MACHINE | ACCESS_DENIED)) = told {
            return Err(code);
        }
        machine.added.push(path.into());
        Ok(machine.added.len() - 1)
    }

    fn remove(&mut self, counter: usize) {
        let mut machine = self.0.lock().unwrap();
        let path = machine.added[counter].clone();
        machine.calls.push(format!("remove {path}"));
    }

    fn refresh(&mut self, machine: Option<&str>) {
        self.0.lock().unwrap().calls.push(format!("refresh {}", machine.unwrap_or("here")));
    }

    fn collect(&mut self) -> Result<Time, u32> {
        let machine = self.0.lock().unwrap();
        machine.trouble.or(machine.collect).map_or(Ok(Time::from_second(7)), Err)
    }

    fn value(&mut self, counter: usize) -> Result<(u32, f64), u32> {
        self.instances(counter).map(|told| (told[0].status, told[0].value))
    }

    fn instances(&mut self, counter: usize) -> Result<Vec<Instance>, u32> {
        let machine = self.0.lock().unwrap();
        machine.told.get(&machine.added[counter]).cloned().unwrap_or(Err(NO_OBJECT))
    }
}

struct Scene {
    fake: Fake,
    pdh: Pdh<Fake>,
}

fn scene(host: Option<&str>) -> Scene {
    let fake = Fake::default();
    Scene { pdh: Pdh::new(fake.clone(), host, "\"CORP\\ann\""), fake }
}

impl Scene {
    fn at(&mut self, second: u64) -> Sample {
        self.pdh.sample(Tick { time: Time::from_second(0), steady: Duration::from_secs(second) })
    }

    /// The readings in words.
    fn read(&mut self, second: u64) -> Vec<String> {
        let show = |value: Option<f64>| value.map_or_else(|| String::from("-"), |value| value.to_string());
        self.at(second).readings.into_iter().map(|r| format!("{} {}", r.path, show(r.value))).collect()
    }
}

fn outcome(sample: &Sample, what: &str) -> Outcome {
    sample.items.iter().find(|item| item.what == what).unwrap().outcome.clone()
}

#[test]
fn instances_come_and_go_and_those_that_are_no_pools_are_left_out() {
    let mut scene = scene(None);
    scene.fake.tells(ACTIVE, Ok(&[("_Total", 0, 0.0), ("---Default", 0, 1.0)]));
    assert_eq!(scene.read(0), [r"\W3SVC_W3WP(_Total)\Active Requests 0"]);
    scene
        .fake
        .tells(ACTIVE, Ok(&[("_Total", 0, 9.0), ("7_b", 0, 4.0), ("5_a", 1, 5.0), ("5_a", 0, 6.0), ("9_c", NO_INSTANCE, 0.0)]));
    let readings = ["(5_a)", "(5_a#1)", "(7_b)"].map(|name| format!(r"\W3SVC_W3WP{name}\Active Requests"));
    let sample = scene.at(1);
    assert_eq!(sample.readings.iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), readings);
    assert_eq!(outcome(&sample, ACTIVE), Outcome::Found { value: "3 instances".into(), origin: "PDH".into() });
    scene.fake.tells(ACTIVE, Err(NO_INSTANCE));
    assert_eq!(scene.read(2), [""; 0]);
}

#[test]
fn a_counter_without_a_value_is_blank_and_told_when_it_stays_so() {
    let mut scene = scene(None);
    scene.fake.tells(POOL, Ok(&[("", 0, 5.0)]));
    scene.fake.tells(ACTIVE, Ok(&[("5_a", 0, 1.0)]));
    assert_eq!(scene.read(0).len(), 2);
    scene.fake.tells(ACTIVE, Err(INVALID_DATA));
    assert_eq!(scene.read(1), [r"\Memory\Pool Nonpaged Bytes 5", r"\W3SVC_W3WP(5_a)\Active Requests -"]);
    let sample = scene.at(16);
    assert_eq!(sample.readings.len(), 1);
    assert_eq!(outcome(&sample, ACTIVE), Outcome::Remark("the counter gives no valid data (0xC0000BC6)".into()));
    scene.fake.tells(ACTIVE, Ok(&[("5_a", INVALID_DATA, 1.0), ("6_a", 0, 2.0)]));
    assert_eq!(scene.read(17)[1..], [r"\W3SVC_W3WP(5_a)\Active Requests -", r"\W3SVC_W3WP(6_a)\Active Requests 2"]);
}

#[test]
fn a_row_of_blanks_is_none_and_a_second_that_failed_is_not_there() {
    let mut scene = scene(None);
    scene.fake.tells(POOL, Ok(&[("", INVALID_DATA, 0.0)]));
    assert_eq!(scene.at(0).time, None);
    scene.fake.tells(POOL, Ok(&[("", 0, 1.0)]));
    assert_eq!(scene.at(1).time, Some(Time::from_second(7)));
    scene.fake.0.lock().unwrap().collect = Some(NO_DATA);
    assert_eq!(scene.at(2).time, None);
}

#[test]
fn what_is_not_there_is_looked_for_every_15_seconds_and_the_list_of_objects_read_every_five_minutes() {
    let mut scene = scene(None);
    let sample = scene.at(0);
    assert_eq!(outcome(&sample, ACTIVE), Outcome::Missing { looked: vec![format!("{ACTIVE}: IIS 7.5 and later")] });
    assert_eq!(sample.items.len(), WANTED.len());
    assert_eq!(scene.fake.calls().len(), 1 + WANTED.len());
    for second in 1..15 {
        scene.at(second);
    }
    assert_eq!(scene.fake.calls(), [""; 0]);
    scene.fake.tells(ACTIVE, Ok(&[("5_a", 0, 1.0)]));
    assert_eq!(scene.read(15), [r"\W3SVC_W3WP(5_a)\Active Requests 1"]);
    // A role that is taken away, and put back.
    scene.fake.calls();
    scene.fake.tells(ACTIVE, Err(NO_OBJECT));
    assert_eq!(scene.read(16), [""; 0]);
    assert_eq!(scene.fake.calls(), [format!("remove {ACTIVE}")]);
    scene.fake.tells(ACTIVE, Ok(&[("5_a", 0, 2.0)]));
    assert_eq!(scene.read(30), [r"\W3SVC_W3WP(5_a)\Active Requests 2"]);
    let refreshed: Vec<u64> = (31..=600)
        .filter(|second| {
            scene.at(*second);
            scene.fake.calls().contains(&String::from("refresh here"))
        })
        .collect();
    assert_eq!(refreshed, [285, 585]);
}

#[test]
fn a_machine_that_does_not_answer_is_asked_at_growing_intervals_and_its_counters_return() {
    let mut scene = scene(Some("WEB02"));
    scene.fake.tells(POOL, Ok(&[("", 0, 5.0)]));
    scene.fake.0.lock().unwrap().trouble = Some(NO_MACHINE);
    let sample = scene.at(0);
    let Health::Unreachable(why) = &sample.health else { panic!("{sample:?}") };
    assert!(why.starts_with(r"\\WEB02: the machine cannot be reached (0x800007D0)"), "{why}");
    assert_eq!(sample.items.len(), 1);
    // It is asked for one counter, not for each.
    assert_eq!(scene.fake.calls(), ["open", r"add \\WEB02\Memory\Pool Nonpaged Bytes", "close"]);
    let asked: Vec<u64> = (1..200)
        .filter(|second| {
            assert!(matches!(scene.at(*second).health, Health::Unreachable(_)));
            !scene.fake.calls().is_empty()
        })
        .collect();
    assert_eq!(asked, [5, 15, 35, 75, 135, 195]);
    scene.fake.0.lock().unwrap().trouble = None;
    let sample = scene.at(255);
    assert_eq!((sample.health, sample.readings.len()), (Health::Following, 1));
    // The next time that it goes, it is asked soon again.
    scene.fake.0.lock().unwrap().trouble = Some(NO_MACHINE);
    scene.at(256);
    scene.fake.0.lock().unwrap().trouble = None;
    assert_eq!(scene.read(261), [r"\Memory\Pool Nonpaged Bytes 5"]);
}

#[test]
fn who_may_not_read_counters_is_told_the_command_that_gives_the_right() {
    let mut scene = scene(Some("WEB02"));
    scene.fake.tells(POOL, Ok(&[("", 0, 5.0)]));
    scene.fake.tells(r"\Memory\Available Bytes", Err(ACCESS_DENIED));
    let sample = scene.at(0);
    let grant = "net localgroup \"Performance Monitor Users\" \"CORP\\ann\" /add (on \\\\WEB02), then sign in again";
    let place = String::from(r"\\WEB02\Memory\Available Bytes");
    assert_eq!(outcome(&sample, &place.clone()), Outcome::Denied { place, grant: grant.into() });
    // The others are sampled all the same.
    assert_eq!((sample.readings.len(), &sample.health), (1, &Health::Following));
    scene.fake.0.lock().unwrap().collect = Some(ACCESS_DENIED);
    let sample = scene.at(1);
    assert_eq!(sample.health, Health::Denied(format!(r"\\WEB02: counters may not be read (0xC0000BDB): {grant}")));
    assert!(matches!(&sample.items[..], [Item { outcome: Outcome::Denied { .. }, .. }]));
}
