use super::*;
use crate::engine::{Engine, Envelope, Opened, Payload};
use crate::formats::Hints;
use crate::limits::{Application, Limits, Pool, Site};
use crate::record::SourceId;

/// A server with two sites; secars and the console share a pool.
fn settings() -> Settings {
    let app = |path: &str, pool: &str| Application { path: path.into(), pool: pool.into() };
    Settings {
        sites: vec![
            Site {
                name: "Web".into(),
                id: 1,
                applications: vec![app("/", "DefaultAppPool"), app("/secars", "SepmPool"), app("/console", "SepmPool")],
                ..Site::default()
            },
            Site { name: "Shop".into(), id: 2, applications: vec![app("/", "ShopPool")], ..Site::default() },
        ],
        pools: vec![Pool { name: "ShopPool".into(), queue_length: Some(50) }],
        ..Settings::default()
    }
}

/// An engine that has read some samples, one line a second from 12:00:00 on.
fn sampled(paths: &[&str], lines: &[&str]) -> Engine {
    let mut csv = String::from("\"(PDH-CSV 4.0) (UTC)(0)\"");
    for path in paths {
        csv.push_str(&format!(",\"\\\\SRV{path}\""));
    }
    for (second, line) in lines.iter().enumerate() {
        let values: Vec<&str> = line.split(' ').map(|value| if value == "-" { " " } else { value }).collect();
        csv.push_str(&format!("\n\"11/21/2026 12:00:{second:02}.000\",\"{}\"", values.join("\",\"")));
    }
    csv.push('\n');
    let mut engine = Engine::new(Limits { settings: settings(), ..Limits::default() }, &[]);
    let opened = Opened {
        path: "counters".into(),
        hints: Hints::default(),
        size: csv.len() as u64,
        generation: 0,
        first_look: true,
        has_file: false,
    };
    for payload in [Payload::Opened(opened), Payload::Bytes(csv.into_bytes())] {
        engine.take(Envelope { heard: Time::MIN, source: SourceId(1), payload });
    }
    engine
}

fn at(second: i64) -> Time {
    Time::from_second(1_795_262_400 + second)
}

#[test]
fn a_pool_executes_what_all_its_processes_do_and_one_that_ended_counts_no_more() {
    let paths = [
        r"\W3SVC_W3WP(11_ShopPool)\Active Requests",
        r"\W3SVC_W3WP(12_ShopPool)\Active Requests",
        r"\W3SVC_W3WP(_Total)\Active Requests",
    ];
    let engine = sampled(&paths, &["30 - 30", "20 5 25", "- 6 6"]);
    let executing = |second| {
        let loads = loads(&engine.moment(at(second)));
        serving(&loads, &settings(), "Shop/").and_then(|load| load.executing)
    };
    assert_eq!([executing(0), executing(1), executing(2), executing(7)], [Some(30), Some(25), Some(6), Some(6)]);
    // The counter is silent: nothing is said of now.
    assert_eq!(executing(8), None);
    let moment = engine.moment(at(2));
    assert_eq!(executing_within(&moment, "ShopPool", &(at(0).second()..at(3).second())), Some(30.0));
    assert_eq!(loads(&moment).len(), 1, "{:?}", loads(&moment));
}

#[test]
fn an_application_has_the_pool_of_the_application_around_it() {
    let settings = settings();
    let pool = |app| pool_of_app(&settings, app);
    assert_eq!(
        [pool("Web/secars"), pool("web/SECARS/inner"), pool("Web/secarsx")],
        [Some("SepmPool"), Some("SepmPool"), Some("DefaultAppPool")]
    );
    assert_eq!([pool("W3SVC9/secars"), pool("-/"), pool("")], [None; 3]);
}

#[test]
fn pools_are_told_with_their_queues_states_and_applications() {
    let paths = [
        r"\W3SVC_W3WP(7_SepmPool)\Active Requests",
        r"\HTTP Service Request Queues(ShopPool)\CurrentQueueSize",
        r"\HTTP Service Request Queues(---5)\CurrentQueueSize",
        r"\APP_POOL_WAS(ShopPool)\Current Application Pool State",
    ];
    let engine = sampled(&paths, &["40 40 9 5"]);
    let moment = engine.moment(at(0));
    let [sepm, shop] = &loads(&moment)[..] else { panic!("{:?}", loads(&moment)) };
    assert_eq!((sepm.pool.as_str(), sepm.apps.len(), sepm.is_shared()), ("SepmPool", 2, true));
    assert_eq!((sepm.queue_length.value, shop.queue_length.value), (1000, 50));
    assert!(shop.is_queue_near() && !shop.is_shared() && !sepm.is_queue_near());
    assert!(shop.state.is_some_and(State::is_stopped));
}

#[test]
fn rejected_requests_count_from_sample_to_sample_and_anew_with_a_new_queue() {
    let path = r"\HTTP Service Request Queues(ShopPool)\RejectedRequests";
    let engine = sampled(&[path], &["500", "500", "512", "3", "-", "5"]);
    let rejected = |from, to| rejected_within(&engine.moment(at(9)), "shoppool", &(at(from).second()..at(to).second()));
    // What was rejected before anybody looked is of no known time.
    assert_eq!([rejected(0, 2), rejected(2, 3), rejected(0, 9), rejected(6, 9)], [0, 12, 17, 0]);
}

#[test]
fn the_volume_with_the_least_room_is_a_vital_sign() {
    let paths = [
        r"\LogicalDisk(C:)\Free Megabytes",
        r"\LogicalDisk(D:)\Free Megabytes",
        r"\LogicalDisk(HarddiskVolume1)\Free Megabytes",
        r"\Processor(_Total)\% Processor Time",
    ];
    let engine = sampled(&paths, &["9000 480 1 12.5"]);
    let vitals = vitals(&engine.moment(at(10)));
    assert_eq!(vitals, Vitals { cpu: Some(12.5), available: None, disk: Some((String::from("D:"), 480.0)) });
}

#[test]
fn a_pool_whose_name_has_parentheses_is_found_by_what_pdh_makes_of_it() {
    let mut settings = settings();
    for pool in settings.sites.iter_mut().flat_map(|site| &mut site.applications) {
        if pool.pool == "ShopPool" {
            pool.pool = "Shop (64/32)".into();
        }
    }
    let paths = [
        r"\W3SVC_W3WP(11_Shop [64_32])\Active Requests",
        r"\HTTP Service Request Queues(shop (64/32))\CurrentQueueSize",
        r"\HTTP Service Request Queues(Shop [64_32])\RejectedRequests",
    ];
    let mut engine = sampled(&paths, &["30 2 5", "31 2 8"]);
    engine.settings(&settings);
    let moment = engine.moment(at(1));
    let loads = loads(&moment);
    assert_eq!(loads.len(), 1, "{loads:?}");
    let shop = serving(&loads, &settings, "Shop/").unwrap();
    assert_eq!((shop.pool.as_str(), shop.executing, shop.queued, shop.rejected), ("Shop (64/32)", Some(31), Some(2), 3));
    assert_eq!(executing_within(&moment, "Shop (64/32)", &(at(0).second()..at(2).second())), Some(31.0));
}

#[test]
fn a_counter_has_fallen_silent_after_five_seconds_or_three_of_its_own_distances() {
    let mut samples = Samples::default();
    for second in [0, 15, 30] {
        samples.add(at(second), 1.0);
    }
    assert_eq!([silent_since(&samples, at(75)), silent_since(&samples, at(76))], [None, Some(at(30))]);
    // A break does not count as a rhythm.
    samples.add(at(4000), 1.0);
    assert_eq!([silent_since(&samples, at(4045)), silent_since(&samples, at(4046))], [None, Some(at(4000))]);
    assert_eq!([first_after(&samples, at(30)), first_after(&samples, at(4000))], [Some(at(4000)), None]);
    let engine = sampled(&[r"\W3SVC_W3WP(11_ShopPool)\Active Requests"], &["30", "31"]);
    let silent = |pool, second| pool_silent_since(&engine.moment(at(second)), pool, at(0));
    assert_eq!([silent(Some("shoppool"), 6), silent(Some("ShopPool"), 7), silent(None, 7)], [None, Some(at(1)), Some(at(1))]);
    assert_eq!([silent(Some("SepmPool"), 7), pool_silent_since(&engine.moment(at(400)), None, at(100))], [None, None]);
}
