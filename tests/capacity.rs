//! The formula of capacity against what it is a formula of: a queue, simulated one request after another, and the incidents' own logs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/logs.rs"]
mod logs;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use logs::Logs;
use why503::demo;
use why503::diagnosis::capacity::{
    Capacity, Chosen, ENOUGH, Load, Pull, Target, What, WhatIf, share_turned_away, smallest_limit,
};
use why503::engine::Engine;
use why503::limits::Limits;
use why503::slots;
use why503::sources::load::Recording;
use why503::sources::shelf::Shelf;
use why503::time::{Time, Zone};
use why503::timeline::tally::NsRequest;

/// Numbers from a seed: a step by a constant, and two rounds that mix the bits.
struct Dice(u64);

impl Dice {
    /// Above 0, at most 1.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        f64::from(u32::try_from(bits >> 32).unwrap()) / 4_294_967_296.0 + 1.0 / 8_589_934_592.0
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.uniform().ln()
    }
}

/// How the times that requests take are distributed; their mean is 1 each time.
#[derive(Debug, Clone, Copy)]
enum Taken {
    Exponential,
    Constant,
    /// Nine of ten are quick, the tenth takes 40 times as long.
    TwoPoints,
}

impl Taken {
    fn of_one(self, dice: &mut Dice) -> f64 {
        match self {
            Self::Exponential => dice.exponential(1.0),
            Self::Constant => 1.0,
            Self::TwoPoints => (if dice.uniform() <= 0.1 { 40.0 } else { 1.0 }) / 4.9,
        }
    }
}

const BATCHES: usize = 50;
const BATCH: u32 = 8000;

/// The share that `slots` slots turn away, and its standard error: from the means of batches, after a time to fill up.
fn simulate(slots: usize, erlangs: f64, taken: Taken, seed: u64) -> (f64, f64) {
    let mut dice = Dice(seed);
    let mut leaving: BinaryHeap<Reverse<u64>> = BinaryHeap::new();
    let mut now = 0.0;
    let mut arrive = |dice: &mut Dice| {
        now += dice.exponential(1.0 / erlangs);
        while leaving.peek().is_some_and(|Reverse(end)| f64::from_bits(*end) <= now) {
            leaving.pop();
        }
        let is_let_in = leaving.len() < slots;
        if is_let_in {
            // The bits of numbers above 0 have the order of the numbers.
            leaving.push(Reverse((now + taken.of_one(dice)).to_bits()));
        }
        is_let_in
    };
    for _ in 0..5 * BATCH {
        arrive(&mut dice);
    }
    let means: Vec<f64> = (0..BATCHES)
        .map(|_| f64::from((0..BATCH).map(|_| u32::from(!arrive(&mut dice))).sum::<u32>()) / f64::from(BATCH))
        .collect();
    let batches = f64::from(u32::try_from(BATCHES).unwrap());
    let mean = means.iter().sum::<f64>() / batches;
    let variance = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (batches - 1.0);
    (mean, (variance / batches).sqrt())
}

#[test]
fn a_simulated_queue_turns_away_what_the_formula_says_however_long_its_requests_take() {
    for (seed, (slots, erlangs)) in (1u64..).zip([(1, 0.7), (10, 4.461), (10, 10.0), (50, 40.0), (50, 60.0), (200, 190.0)]) {
        let formula = share_turned_away(erlangs, 1.0, slots).unwrap();
        for taken in [Taken::Exponential, Taken::Constant, Taken::TwoPoints] {
            let (seen, error) = simulate(usize::try_from(slots).unwrap(), erlangs, taken, seed * 1000);
            // A right one is farther off than four standard errors once in sixteen thousand times.
            assert!(
                (seen - formula).abs() < 4.0 * error,
                "{slots} slots, {erlangs} erlangs, {taken:?}: {seen} ± {error} seen, the formula says {formula}"
            );
            assert!(error < 0.004, "too few requests to tell: ± {error}");
        }
    }
}

#[test]
fn the_smallest_limit_is_enough_in_a_simulated_queue_and_a_tenth_fewer_are_not() {
    let limit = smallest_limit(60.0, 1.0, ENOUGH).unwrap();
    let (seen, error) = simulate(usize::try_from(limit).unwrap(), 60.0, Taken::Exponential, 7);
    assert!(seen - 4.0 * error < ENOUGH, "{limit} slots turn away {seen} ± {error}");
    let (seen, error) = simulate(usize::try_from(limit * 9 / 10).unwrap(), 60.0, Taken::Exponential, 8);
    assert!(seen - 4.0 * error > ENOUGH, "{} slots turn away {seen} ± {error}", limit * 9 / 10);
}

/// Reads an incident as `why503 demo` does, with what its manifest says.
fn load(name: &str) -> Engine {
    let recording = Recording::unpack(demo::find(Some(name)).unwrap().archive, None).unwrap();
    let given = recording.manifest.as_ref().unwrap().limits.clone();
    recording.load(Zone::Utc, &Shelf::default(), &|| Engine::new(Limits { given: given.clone(), ..Limits::default() }, &[]))
}

fn at(year: i32, month: u32, day: u32, clock: (u32, u32, u32)) -> Time {
    Time::from_ymd_hms(year, month, day, clock.0, clock.1, clock.2).unwrap()
}

fn what_if(capacity: &Capacity, target: &Target, chosen: &Chosen, wanted: impl Fn(&What) -> bool) -> WhatIf {
    capacity.what_ifs(target, chosen).into_iter().find(|what_if| wanted(&what_if.what)).unwrap()
}

fn slots(engine: &Engine, clock: (u32, u32, u32), window: i64) -> (Capacity, f64, f64) {
    let capacity = Capacity::of(&engine.moment(at(2008, 5, 6, clock)), &policies(), window).unwrap();
    let computed = capacity.load().unwrap().share_turned_away(50).unwrap();
    let observed = capacity.observed().unwrap();
    (capacity, observed, computed)
}

fn policies() -> Target {
    Target::Ns(NsRequest::GetClientPolicies)
}

#[test]
fn of_a_notification_server_that_is_steadily_overrun_the_formula_knows_the_share_within_two_points() {
    let engine = load("ns-busy");
    // Clients that were turned away come again, but a quarter of an hour later: by then they are as good as new ones.
    for (clock, window) in [((7, 30, 0), 600), ((7, 40, 0), 1200), ((8, 0, 0), 1800), ((8, 25, 0), 3600)] {
        let (capacity, observed, computed) = slots(&engine, clock, window);
        assert!(observed > 0.25, "{clock:?}: only {observed} turned away");
        assert!((observed - computed).abs() < 0.02, "{clock:?}: {observed} observed, {computed} computed");
        let carried = capacity.load().unwrap().in_flight(50).unwrap();
        assert!((carried - capacity.in_flight.unwrap()).abs() < 1.0, "{clock:?}: {carried} and {capacity:?}");
    }
    let (_, observed, computed) = slots(&engine, (7, 5, 0), 600);
    assert!(observed == 0.0 && computed < 1e-9, "before throttling: {observed} observed, {computed} computed");
}

#[test]
fn over_two_hours_that_are_partly_calm_the_formula_promises_too_much() {
    let engine = load("ns-busy");
    let (capacity, observed, computed) = slots(&engine, (8, 59, 0), 7200);
    assert!(observed - computed > 0.05, "{observed} observed, {computed} computed: it assumes a steady load");
    // The busiest quarter of an hour is nearer to what clients met.
    let busiest = what_if(&capacity, &policies(), &Chosen::default(), |what| matches!(what, What::Busiest(_)));
    assert!(busiest.share_turned_away().unwrap() > observed, "{busiest:?}");
    // Of less than two hours it is the busiest minute.
    let lasts = |capacity: Capacity| capacity.busiest.map(|busiest| busiest.seconds.end - busiest.seconds.start);
    assert_eq!((lasts(capacity), lasts(slots(&engine, (8, 59, 0), 7199).0)), (Some(900), Some(60)));
}

#[test]
fn the_notification_server_would_have_done_with_its_slots_but_for_the_burst_or_for_throttling() {
    let (capacity, observed, _) = slots(&load("ns-busy"), (8, 25, 0), 3600);
    let of = |chosen: Chosen, wanted: fn(&What) -> bool| what_if(&capacity, &policies(), &chosen, wanted);
    let quick = of(Chosen::default(), |what| matches!(what, What::Quick(_)));
    // Requests took 2 to 4 seconds until 07:06.
    let seconds = quick.load.unwrap().seconds;
    assert!((2.0..4.5).contains(&seconds), "{seconds}");
    assert!(quick.share_turned_away().unwrap() < ENOUGH && quick.enough().unwrap() <= 30, "{quick:?}");
    let spread = of(Chosen::default(), |what| *what == What::Spread(240));
    assert!(spread.share_turned_away().unwrap() < ENOUGH, "{spread:?}");
    let hardly = of(Chosen { minutes: Some(90), ..Chosen::default() }, |what| *what == What::Spread(90));
    assert!(hardly.share_turned_away().unwrap() > 0.2, "{hardly:?}");
    let day = of(Chosen { minutes: Some(1440), ..Chosen::default() }, |what| matches!(what, What::Spread(_)));
    assert_eq!(day.load, Err("logs are too short"), "ninety minutes tell nothing of a day");
    // Nor would the slots that the vendor advises have been better.
    let advised = of(Chosen::default(), |what| *what == What::Limit);
    assert_eq!(advised.limit, 30);
    assert!(advised.share_turned_away().unwrap() > observed, "{advised:?}");
    let chosen =
        of(Chosen { arrivals: Some(3.0), seconds: Some(7.0), ..Chosen::default() }, |what| *what == What::Chosen).load.unwrap();
    let arrivals = capacity.per_second().unwrap() * 3.0;
    assert!((chosen.per_second - arrivals).abs() < 1e-9 && (chosen.seconds - 7.0).abs() < 1e-9, "{chosen:?}");
    let twice = of(Chosen::default(), |what| *what == What::Twice);
    assert!(twice.share_turned_away().unwrap() > observed, "{twice:?}");
}

#[test]
fn clients_in_push_mode_try_again_at_once_and_the_formula_says_too_little() {
    let engine = load("sepm-push-storm");
    let target = Target::App(String::from("Symantec Web Server/secars"));
    let of = |clock, window| Capacity::of(&engine.moment(at(2009, 10, 9, clock)), &target, window).unwrap();
    let capacity = of((9, 36, 30), 300);
    let now = what_if(&capacity, &target, &Chosen::default(), |what| *what == What::Now);
    let (observed, computed) = (capacity.observed().unwrap(), now.share_turned_away().unwrap());
    assert!(observed - computed > 0.1, "{observed} observed, {computed} computed");
    let (refusals, clients) = capacity.returning.unwrap();
    assert!(refusals > 2 * clients, "{refusals} refusals of {clients} clients");
    // What the tallies know is too few clients: they would have fitted, and yet some were turned away. So nothing is built on it.
    let pull = capacity.pull.unwrap();
    assert!(pull.is_push && !pull.is_counted && pull.clients.is_some_and(|clients| clients <= 5403), "{pull:?}");
    assert!(now.held.is_none() && now.enough() > Some(5403), "{now:?}");
    // Once they are counted: each of them holds one request, as many slots as clients are enough, and no formula is needed for that.
    let counted = Capacity { pull: Some(Pull { clients: Some(5403), is_counted: true, ..pull }), ..capacity.clone() };
    let of_counted = |chosen: Chosen, wanted: fn(&What) -> bool| what_if(&counted, &target, &chosen, wanted);
    let now = of_counted(Chosen::default(), |what| *what == What::Now);
    assert_eq!((now.enough(), now.fits_held(), now.erlangs()), (Some(5403), false, counted.load().unwrap().erlangs()));
    let more = of_counted(Chosen { limit: Some(6000), ..Chosen::default() }, |what| *what == What::Chosen);
    assert_eq!(more.share_turned_away(), Some(0.0));
    // Then they do not come again, and no more of them can be in flight than there are.
    assert_eq!((more.erlangs(), more.in_flight()), (Some(5403.0), Some(5403.0)));
    // Nobody has seen yet how long they take in pull mode.
    let pulling =
        |capacity: &Capacity, chosen: Chosen| what_if(capacity, &target, &chosen, |what| matches!(what, What::Pull(..)));
    assert_eq!(pulling(&capacity, Chosen::default()).load, Err("seconds not known"));
    let chosen = Chosen { clients: Some(5400), pull_seconds: Some(0.5), minutes: Some(10), ..Chosen::default() };
    let guessed = pulling(&capacity, chosen).load.unwrap();
    assert!((guessed.erlangs().unwrap() - 5400.0 * 0.5 / 600.0).abs() < 1e-9, "{guessed:?}");
    // When they have changed to it, the log tells.
    let later = of((9, 39, 30), 60);
    let pull = later.pull.unwrap();
    let (clients, seconds) = (f64::from(u32::try_from(pull.clients.unwrap()).unwrap()), pull.seconds.unwrap());
    let load = pulling(&later, Chosen::default()).load.unwrap();
    assert!((load.erlangs().unwrap() - clients * seconds / 300.0).abs() < 1e-9, "{load:?}");
    assert!(load.share_turned_away(5000).unwrap() < ENOUGH, "{load:?}");
}

#[test]
fn capacity_slots_and_finding_agree_on_how_many_were_turned_away() {
    let engine = load("ns-busy");
    let moment = engine.moment(at(2008, 5, 6, (8, 25, 0)));
    let (refusals, _) = Capacity::of(&moment, &policies(), 3600).unwrap().returning.unwrap();
    let finding = why503::diagnosis::findings(&moment).into_iter().find(|finding| finding.rule == "ns-slots-full").unwrap();
    assert_eq!(refusals, finding.count);
    // The hour before is the window of the same seconds, and has fewer: the trouble is older.
    let end = moment.at.second() + 1;
    let hour = Capacity::within(&moment, &policies(), end - 3600..end).unwrap();
    assert_eq!(Some(&hour), Capacity::of(&moment, &policies(), 3600).as_ref());
    assert_eq!(
        hour.turned_away,
        slots::turned_away(&moment, NsRequest::GetClientPolicies, &hour.seconds)
            + slots::turned_away(&moment, NsRequest::GetPackageInfo, &hour.seconds)
    );
    assert!(hour.turned_away < refusals, "{hour:?}");
    // What is asked for beyond the logs is not there, and nothing panics.
    assert_eq!(Capacity::within(&moment, &policies(), end + 10..end + 20).unwrap().arrivals, 0);
}

/// A log of an application, with or without `time-taken`.
fn of_log(rows: &str) -> Capacity {
    let mut logs = Logs::new(Limits::default(), &[]);
    logs.read(1, "W3SVC1/u_ex091009.log", [rows.as_bytes()]);
    let name = logs.engine.timeline().apps().map(|(name, _)| name.to_owned()).next().unwrap();
    Capacity::of(&logs.engine.moment(logs.end()), &Target::App(name), 300).unwrap()
}

#[test]
fn what_a_log_does_not_tell_is_not_made_up() {
    let untimed = of_log(
        "#Fields: date time cs-uri-stem sc-status sc-substatus\r\n\
         2009-10-09 09:00:00 /a 200 0\r\n2009-10-09 09:00:30 /a 200 0\r\n2009-10-09 09:00:59 /a 503 2\r\n",
    );
    assert_eq!((untimed.arrivals, untimed.turned_away, untimed.seconds.end - untimed.seconds.start), (3, 1, 60));
    assert!((untimed.per_second().unwrap() - 0.05).abs() < 1e-12);
    assert_eq!((untimed.load(), untimed.in_flight, untimed.quiet.clone()), (None, None, None));
    assert_eq!(untimed.unknown(), "the log lacks time-taken");
    let all = untimed.what_ifs(&Target::App(String::new()), &Chosen::default());
    assert!(all.iter().all(|what_if| what_if.load.is_err() && what_if.share_turned_away().is_none()), "{all:?}");
    assert!(all.iter().all(|what_if| what_if.enough().is_none() && what_if.in_flight().is_none()), "{all:?}");

    let refused =
        of_log("#Fields: date time cs-uri-stem sc-status sc-substatus time-taken\r\n2009-10-09 09:00:59 /a 503 2 1\r\n");
    assert_eq!((refused.load(), refused.unknown()), (None, "no request that was let in ended in the window"));
    assert_eq!(refused.observed(), Some(1.0));

    let nobody = Capacity::of(&load("ns-busy").moment(at(2008, 5, 6, (6, 0, 0))), &policies(), 300);
    let nobody = nobody.unwrap();
    assert_eq!((nobody.load(), nobody.observed(), nobody.unknown()), (None, None, "no request ended in the window"));
    let engine = load("sepm-push-storm");
    let moment = engine.moment(at(2009, 10, 9, (9, 30, 0)));
    assert_eq!(Capacity::of(&moment, &policies(), 300), None, "there is no Notification Server");
    assert_eq!(Capacity::of(&moment, &Target::App(String::from("nobody's/")), 300), None);
}

#[test]
fn a_load_and_its_curve_are_of_one_piece() {
    let load = Load { per_second: 2.5, seconds: 20.0 };
    assert_eq!(load.erlangs(), Some(50.0));
    let limits: Vec<u64> = (0..200).collect();
    let curve = load.curve(&limits);
    for (limit, share) in limits.iter().zip(&curve) {
        assert!((load.share_turned_away(*limit).unwrap() - share).abs() < 1e-12, "at {limit}");
    }
    let enough = usize::try_from(load.enough().unwrap()).unwrap();
    assert!(curve[enough] < ENOUGH && curve[enough - 1] >= ENOUGH);
}

#[test]
fn so_many_times_the_requests_take_as_long_each() {
    let load = why503::diagnosis::capacity::Load { per_second: 3.0, seconds: 7.0 }.times(4.0);
    assert!((load.per_second - 12.0).abs() < 1e-12 && (load.seconds - 7.0).abs() < 1e-12, "{load:?}");
}

#[test]
fn logs_that_reach_less_far_back_than_the_interval_say_so() {
    let engine = load("ns-busy");
    let (capacity, ..) = slots(&engine, (8, 25, 0), 3600);
    let minutes = u64::try_from(capacity.known.seconds.end - capacity.known.seconds.start).unwrap() / 60;
    assert!(minutes > 30 && !capacity.is_shorter_than(minutes) && capacity.is_shorter_than(minutes + 1), "{minutes}");
}

#[test]
fn requests_that_only_the_ns_log_tells_of_were_made_all_the_same() {
    // The web log has requests for policies alone: those for package info were told that the server is busy, and are in no row.
    let rows = |of: &dyn Fn(u32) -> String| (0..60).map(of).collect::<String>();
    let web = rows(&|n| format!("2008-05-06 08:{n:02}:00 /Altiris/NS/Agent/GetClientPolicies.aspx 200 0 3000\r\n"));
    let web = format!("#Fields: date time cs-uri-stem sc-status sc-substatus time-taken\r\n{web}");
    let told = rows(&|n| {
        format!(
            "<event date=\"05/06/2008 08:{n:02}:30.0000000 +00:00\" severity=\"2\" hostName=\"NS01\" source=\"NS\" module=\"w3wp.exe\" \
             process=\"w3wp\" pid=\"2244\"><![CDATA[The maximum number of package info requests has been reached. (Max: 50)]]></event>\r\n"
        )
    });
    let mut logs = Logs::new(Limits::default(), &[]);
    logs.read(1, "W3SVC1/ex080506.log", [web.as_bytes()]);
    logs.read(2, "a.log", [told.as_bytes()]);
    let capacity = Capacity::of(&logs.engine.moment(logs.end()), &policies(), 1800).unwrap();
    // The web log ends half a minute before the last of them.
    assert_eq!((capacity.arrivals, capacity.turned_away), (59, 29), "{capacity:?}");
}
