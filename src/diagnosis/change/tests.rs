use proptest::prelude::*;

use super::*;
use crate::engine::{Engine, Envelope, Opened, Payload};
use crate::formats::Hints;
use crate::record::SourceId;
use crate::time::When;

/// A rise as well as a fall.
const ANY: fn(f64) -> bool = |_| true;

/// Values from -1 to 1, the same for the same seed.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        #[expect(clippy::cast_precision_loss, reason = "noise")]
        let value = (state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0;
        value
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_planted_step_is_found_within_a_few_seconds_under_noise(
        seed in any::<u64>(),
        (before, after) in (60usize..1200, 60usize..600),
        (level, times) in (0.0f64..100.0, prop_oneof![2.0f64..20.0, -20.0f64..-2.0]),
    ) {
        let (mut draw, size) = (noise(seed), 3.0);
        let values: Vec<f64> =
            (0..before + after).map(|at| level + if at < before { 0.0 } else { times * size } + size * draw()).collect();
        let found = first_step(&values, values.len(), ANY).unwrap();
        prop_assert!(found.abs_diff(before) <= 5, "at {} instead of {}", found, before);
    }
}

/// Noise may look like a change by chance. The draws are always the same ones.
#[test]
fn noise_alone_is_hardly_ever_a_change_even_where_neighbours_are_alike() {
    let draws = (0..4000_u64).map(|seed| {
        let mut draw = noise(seed);
        let (shortest, longest, most_alike) = if seed % 2 == 0 { (20.0, 2000.0, 0.2) } else { (600.0, 3000.0, 0.8) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some length from 20 to 3000")]
        let length = (shortest + (longest - shortest) * draw().abs()) as usize;
        let keep = most_alike * draw().abs();
        let mut value = 0.0;
        let values: Vec<f64> = (0..length)
            .map(|_| {
                value = keep * value + draw();
                50.0 + value
            })
            .collect();
        first_step(&values, length, ANY).is_some()
    });
    let changes = draws.filter(|is_change| *is_change).count();
    assert!(changes <= 4, "{changes} of 4000");
}

/// The best of all steps by its definition: two means for every place, and what is left of the squares.
#[expect(clippy::cast_precision_loss, reason = "a few values")]
fn by_definition(values: &[f64]) -> Option<(usize, f64)> {
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let off = |part: &[f64]| part.iter().map(|value| value - mean(part)).collect::<Vec<f64>>();
    let squares = |off: &[f64]| off.iter().map(|off| off * off).sum::<f64>();
    let rest = |at: usize| squares(&off(&values[..at])) + squares(&off(&values[at..]));
    let n = values.len();
    let at = (LEAST..=n - LEAST).min_by(|a, b| rest(*a).total_cmp(&rest(*b)))?;
    let (left, right) = values.split_at(at);
    let by = mean(right) - mean(left);
    let noise = rest(at) / (n as f64 - 2.0);
    let neighbours = |off: Vec<f64>| off.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>();
    let alike = ((neighbours(off(left)) + neighbours(off(right))) / rest(at)).clamp(0.0, 0.999);
    let gain = squares(&off(values)) - rest(at);
    let is_beyond = gain / noise * (1.0 - alike) / (1.0 + alike) > BOUND && by.abs() >= noise.sqrt();
    let mut sorted: Vec<f64> = left.iter().map(|value| value * by.signum()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let beyond = right.iter().filter(|value| **value * by.signum() > sorted[left.len() * 19 / 20]).count();
    let is_apart = left.len() >= APART && right.len() >= APART && beyond * 10 >= right.len() * 9;
    (is_beyond || is_apart).then_some((at, by))
}

#[test]
fn a_step_is_told_as_its_definition_tells_it() {
    let (mut steps, mut none) = (0, 0);
    for seed in 0..300 {
        let mut draw = noise(seed);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some length and place")]
        let mut among = |low: f64, high: f64| (low + (high - low) * draw().abs()) as usize;
        let (length, keep) = (among(21.0, 150.0), if among(0.0, 2.0) == 0 { 0.0 } else { 0.7 });
        #[expect(clippy::cast_precision_loss, reason = "a short list")]
        let place = among(0.0, length as f64);
        let mut draw = noise(seed + 10_000);
        let by = 4.0 * draw();
        let mut value = 0.0;
        let values: Vec<f64> = (0..length)
            .map(|at| {
                value = keep * value + draw();
                5.0 + value + if at < place { 0.0 } else { by }
            })
            .collect();
        let (got, want) = (best_step(&values, length, ANY), by_definition(&values));
        assert_eq!(got.map(|step| step.at), want.map(|(at, _)| at), "of {values:?}");
        if let (Some(step), Some((_, by))) = (got, want) {
            assert!((step.by - by).abs() < 1e-6, "{} is not {by}", step.by);
            steps += 1;
        } else {
            none += 1;
        }
    }
    assert!(steps > 50 && none > 50, "{steps} steps, {none} without");
}

#[test]
fn what_never_moves_and_what_is_too_short_has_no_change() {
    assert!(first_step(&[7.0; 500], 500, ANY).is_none());
    assert!(first_step(&[0.0, 9.0, 9.0], 3, ANY).is_none());
    assert!(first_step(&[], 0, ANY).is_none());
}

#[test]
fn a_step_without_noise_is_found_to_the_second_and_only_where_it_may_be() {
    let values: Vec<f64> = (0..300).map(|at| if at < 100 { 32.0 } else { 4870.0 }).collect();
    assert_eq!(first_step(&values, 300, ANY), Some(100));
    // A finding that set in before it was not brought about by it: the best of the places that are left is told.
    assert_eq!(first_step(&values, 80, ANY), Some(80));
    // And a rise is no fall.
    assert_eq!(first_step(&values, 300, |by| by < 0.0), None);
}

#[test]
fn what_rises_slowly_changed_when_it_began_to_rise() {
    // Quiet for ten minutes, then ten minutes of rising.
    let mut draw = noise(7);
    let values: Vec<f64> = (0..1200).map(|at| f64::from((at - 600).max(0)) * 2.0 + 3.0 * draw()).collect();
    let found = first_step(&values, values.len(), ANY).unwrap();
    assert!((600..700).contains(&found), "{found}");
}

/// A site whose requests take so many milliseconds each, `-` where its log does not tell: one a second until 08:20, then twenty; from 08:21:42 on some are refused
/// until 08:30. Its log begins so many seconds after 08:00.
fn storm(from: i64, taken: &str) -> Engine {
    let mut log = String::from("#Fields: date time cs-uri-stem c-ip sc-status sc-substatus time-taken\n");
    for second in from..1800 {
        let (minute, s) = (second / 60, second % 60);
        for n in 0..if second < 1200 { 1 } else { 20 } {
            log += &format!("2026-11-21 08:{minute:02}:{s:02} /a 10.0.0.{n} 200 0 {taken}\n");
        }
        if second >= 1300 && second % 7 == 0 {
            log += &format!("2026-11-21 08:{minute:02}:{s:02} /a 10.0.0.99 503 2 {}\n", if taken == "-" { "-" } else { "0" });
        }
    }
    read(log)
}

fn read(log: String) -> Engine {
    let mut engine = Engine::new(crate::limits::Limits::default(), &[]);
    let opened = Opened {
        path: "W3SVC1/u_ex.log".into(),
        hints: Hints::default(),
        size: 0,
        generation: 0,
        first_look: true,
        has_file: true,
    };
    for payload in [Payload::Opened(opened), Payload::Bytes(log.into_bytes()), Payload::Closed] {
        engine.take(Envelope { heard: Time::MIN, source: SourceId(1), payload });
    }
    engine
}

/// A site whose requests take ten seconds each. Each part of its log lasts so many seconds, and brings a request every so many
/// seconds; in the last part or parts, from a second on, one more is refused every seven seconds.
fn day(parts: &[(i64, i64)], refused_from: i64) -> Engine {
    let begin = Time::from_ymd_hms(2026, 11, 21, 8, 0, 0).unwrap();
    let mut log = String::from("#Fields: date time cs-uri-stem c-ip sc-status sc-substatus time-taken\n");
    let mut second = 0;
    for (lasts, every) in parts {
        for at in second..second + lasts {
            let time = begin.plus(at * 1000).to_string().replace('T', " ").replace('Z', "");
            if at % every == 0 {
                log += &format!("{time} /a 10.0.0.1 200 0 10000\n");
            }
            if at >= refused_from && at % 7 == 0 {
                log += &format!("{time} /a 10.0.0.99 503 2 0\n");
            }
        }
        second += lasts;
    }
    read(log)
}

/// The change that the only finding of a log came with, seen from so many seconds after 08:00.
fn change_of(engine: &Engine, at: i64) -> Change {
    let moment = engine.moment(Time::from_ymd_hms(2026, 11, 21, 8, 0, 0).unwrap().plus(at * 1000));
    let findings = crate::diagnosis::findings(&moment);
    let finding = findings.iter().find(|finding| finding.rule == "iis-503-2").unwrap();
    Change::of_finding(&moment, finding)
}

/// Seconds since 08:00 of the ends of a stretch.
fn told(times: &Range<Time>) -> (i64, i64) {
    let begin = Time::from_ymd_hms(2026, 11, 21, 8, 0, 0).unwrap();
    (times.start.since(begin) / 1000, times.end.since(begin) / 1000)
}

#[test]
fn before_a_finding_the_change_that_brought_it_about_is_proposed() {
    // The cursor stands in the middle of it: what comes later is not told of.
    for (at, end) in [("08:25:00", 1499), ("08:29:59", 1800)] {
        let engine = storm(0, "3000");
        let Ok(When::At(at)) = When::parse(&format!("2026-11-21T{at}Z")) else { panic!("{at}") };
        let moment = engine.moment(at);
        let finding = &crate::diagnosis::findings(&moment)[0];
        let change = Change::of_finding(&moment, finding);
        let (before, during) = (told(&change.before), told(&change.during));
        assert!((1195..=1200).contains(&during.0), "{change:?}");
        assert_eq!(before.1, during.0);
        assert_eq!(during.1, end.min(told(&(finding.last..finding.last)).0 + 1));
        assert_eq!(before.1 - before.0, during.1 - during.0);
        assert!(change.at == Some(change.during.start) && !change.shortened, "{change:?}");
    }
}

#[test]
fn where_the_logs_begin_shortly_before_the_time_before_is_shorter_and_that_is_said() {
    let engine = storm(1170, "3000");
    let moment = engine.moment(Time::from_ymd_hms(2026, 11, 21, 8, 29, 59).unwrap());
    let change = Change::of_finding(&moment, &crate::diagnosis::findings(&moment)[0]);
    assert!(change.shortened, "{change:?}");
    assert_eq!(told(&change.before).0, 1170);
}

#[test]
fn without_a_change_it_is_the_time_before_the_onset_and_without_a_finding_the_window() {
    // Twenty a second from the beginning on, and nothing else happens before the first is refused.
    let engine = storm(1200, "0");
    let moment = engine.moment(Time::from_ymd_hms(2026, 11, 21, 8, 29, 59).unwrap());
    let change = Change::of_finding(&moment, &crate::diagnosis::findings(&moment)[0]);
    assert_eq!((change.at, told(&change.during).0), (None, 1302), "{change:?}");
    assert!(change.shortened && told(&change.before) == (1200, 1302), "{change:?}");
    let window = Change::of_window(&moment, &Subject::HttpErr, 60);
    assert_eq!((told(&window.before), told(&window.during)), ((1678, 1739), (1739, 1800)));
    // The logs begin in it: halves.
    let window = Change::of_window(&moment, &Subject::HttpErr, 1000);
    assert_eq!((told(&window.before), told(&window.during)), ((1200, 1499), (1499, 1800)));
}

#[test]
fn that_there_was_less_to_do_did_not_use_up_what_is_used_up() {
    // Two thirds of the requests stay away from 08:10 on, and at 08:20 the first is refused.
    let change = change_of(&day(&[(600, 1), (1200, 3)], 1200), 1799);
    assert_eq!((change.at, told(&change.during).0), (None, 1204), "{change:?}");
}

#[test]
fn what_came_hours_after_it_set_in_says_nothing_of_how_it_began() {
    // Twice as many requests from 08:20 on; from 09:40 on nearly all clients have given up, though some are refused all day.
    let change = change_of(&day(&[(1200, 2), (4800, 1), (14_400, 40)], 1220), 20_399);
    let at = told(&change.during).0;
    assert!(change.at.is_some() && (1190..=1200).contains(&at), "{change:?}");
}

#[test]
fn where_no_row_tells_how_long_it_took_the_requests_a_second_tell_the_change() {
    let engine = storm(0, "-");
    let moment = engine.moment(Time::from_ymd_hms(2026, 11, 21, 8, 29, 59).unwrap());
    let change = Change::of_finding(&moment, &crate::diagnosis::findings(&moment)[0]);
    assert_eq!((change.series, told(&change.during)), ("requests a second", (1200, 1800)), "{change:?}");
}

#[test]
fn growth_is_bytes_a_second_from_each_sample_to_the_next() {
    let mut samples = Samples::default();
    for (second, bytes) in [(0, 100.0), (10, 150.0), (20, 150.0), (25, 400.0), (99, 0.0)] {
        samples.add(Time::from_second(second), bytes);
    }
    let want = [(0, 5.0), (10, 0.0), (20, 50.0)].map(|(second, by)| (Time::from_second(second), by));
    assert_eq!(growth(&samples, &(0..99)), want);
}

#[test]
fn nine_of_ten_after_a_step_beyond_nineteen_of_twenty_before_it_are_apart() {
    // Before it 38 of 40 are 38 at most.
    let after = |beyond: usize| (0..30).map(move |at| if at < beyond { 38.5 } else { 5.0 });
    let values = |beyond: usize| (0..40).map(f64::from).chain(after(beyond)).collect::<Vec<f64>>();
    let step = Step { at: 40, by: 1.0 };
    assert!(is_apart(&values(27), step) && !is_apart(&values(26), step));
    let mirrored = |beyond: usize| values(beyond).into_iter().map(|value| -value).collect::<Vec<f64>>();
    let step = Step { at: 40, by: -1.0 };
    assert!(is_apart(&mirrored(27), step) && !is_apart(&mirrored(26), step));
}
