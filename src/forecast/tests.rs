//! What is said of series that go somewhere, and of those that only look like it.

#![expect(clippy::cast_precision_loss, reason = "counts of samples are small")]

use super::*;

const MB: f64 = 1_048_576.0;

/// Noise that is the same whenever a test runs (Steele and others, `SplitMix`).
struct Noise(u64);

impl Noise {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of mean 0 and standard deviation 1, near enough to normal.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// A value every few seconds over some minutes; `value` knows the minute.
fn series(minutes: f64, every: i64, mut value: impl FnMut(f64) -> f64) -> Vec<(Time, f64)> {
    let seconds = (0..).map(|step| step * every).take_while(|second| (*second as f64) <= minutes * 60.0);
    seconds.map(|second| (Time::from_second(1_194_983_000 + second), value(second as f64 / 60.0))).collect()
}

fn trend(samples: &[(Time, f64)]) -> Trend {
    match Forecast::of(samples) {
        Forecast::Trend(trend) => trend,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_leak_is_told_with_its_rate_and_when_it_passes_the_cutoff() {
    let mut noise = Noise(1);
    let leak = trend(&series(45.0, 5, |minute| (86.0 + 0.4 * minute + noise.normal() * 0.3) * MB));
    assert!(leak.low < 0.4 * MB && 0.4 * MB < leak.high, "{leak:?}");
    assert!((leak.level - 104.0 * MB).abs() < 0.3 * MB, "{leak:?}");
    let passage = leak.passes(124.0 * MB).unwrap();
    assert!(passage.soonest < 50.0 && 50.0 < passage.latest && passage.is_near(), "{passage:?}");
    assert!((passage.likely - 50.0).abs() < 1.0, "{passage:?}");
    assert_eq!(passage.said(), "in 50 min");
    assert_eq!(leak.passes(2000.0 * MB).unwrap().said(), "not within a day");
    assert!(!leak.passes(400.0 * MB).unwrap().is_near(), "45 minutes do not tell of twelve hours");
    assert_eq!(leak.passes(100.0 * MB).unwrap().said(), "within a minute");
}

#[test]
fn of_samples_every_five_minutes_the_level_is_that_of_the_last() {
    let steady = trend(&series(60.0, 300, |minute| (50.0 + 2.0 * minute) * MB));
    assert!((steady.level - 170.0 * MB).abs() < 1.0, "{steady:?}");
}

#[test]
fn nothing_is_said_of_a_few_points_or_a_short_while() {
    let three = series(20.0, 600, |minute| minute);
    assert_eq!((three.len(), Forecast::of(&three)), (3, Forecast::NotKnowable));
    assert_eq!(Forecast::of(&series(4.9, 1, |minute| minute)), Forecast::NotKnowable, "four minutes of each second");
    assert_eq!(Forecast::of(&[]), Forecast::NotKnowable);
    let mut bunched = series(0.2, 1, |minute| minute);
    bunched.push((Time::from_second(1_194_983_000 + 3600), 60.0));
    assert_eq!(Forecast::of(&bunched), Forecast::NotKnowable, "thirteen samples, but at two moments");
    assert!(matches!(Forecast::of(&series(7.0, 60, |minute| minute)), Forecast::Trend(_)), "eight points over seven minutes");
}

#[test]
fn what_comes_and_goes_has_no_trend() {
    let mut noise = Noise(2);
    for period in [7.0, 11.0, 25.0, 40.0] {
        let sawtooth = series(60.0, 5, |minute| (60.0 + minute % period * 2.0 + noise.normal() * 0.2) * MB);
        assert_eq!(Forecast::of(&sawtooth), Forecast::NoTrend, "recycled every {period} minutes");
    }
    let wave = series(60.0, 5, |minute| (60.0 + (minute / 3.0).sin() * 5.0 + noise.normal() * 0.2) * MB);
    assert_eq!(Forecast::of(&wave), Forecast::NoTrend);
}

#[test]
fn a_step_is_no_trend() {
    let mut noise = Noise(3);
    for at in [5.0, 20.0, 30.0, 40.0, 52.0, 57.0, 59.0] {
        let step = series(60.0, 5, |minute| (if minute < at { 60.0 } else { 90.0 } + noise.normal() * 0.2) * MB);
        assert_eq!(Forecast::of(&step), Forecast::NoTrend, "a step after {at} minutes");
        let sharp = series(60.0, 5, |minute| if minute < at { 60.0 } else { 90.0 });
        assert_eq!(Forecast::of(&sharp), Forecast::NoTrend, "a step without noise after {at} minutes");
    }
}

#[test]
fn growth_that_has_come_to_an_end_is_no_trend() {
    let mut noise = Noise(4);
    for end in [15.0, 30.0, 45.0, 50.0] {
        let plateau = series(60.0, 5, |minute| (60.0 + minute.min(end) + noise.normal() * 0.1) * MB);
        assert_eq!(Forecast::of(&plateau), Forecast::NoTrend, "it ended after {end} minutes");
    }
    let fallen = series(60.0, 5, |minute| (if minute < 57.0 { 60.0 + minute } else { 60.0 } + noise.normal() * 0.1) * MB);
    assert_eq!(Forecast::of(&fallen), Forecast::NoTrend, "what leaked was ended three minutes ago");
}

#[test]
fn a_leak_that_has_just_set_in_is_told_by_its_own_time() {
    let mut noise = Noise(5);
    let late = trend(&series(60.0, 5, |minute| (60.0 + (minute - 40.0).max(0.0) + noise.normal() * 0.1) * MB));
    assert!(late.low < MB && MB < late.high && late.minutes() <= 20.0, "{late:?}");
    let slower = trend(&series(60.0, 5, |minute| {
        (60.0 + minute.min(30.0) * 2.0 + (minute - 30.0).max(0.0) * 0.2 + noise.normal() * 0.1) * MB
    }));
    assert!(slower.low < 0.2 * MB && 0.2 * MB < slower.high, "it has slowed down: {slower:?}");
}

#[test]
fn a_gap_and_an_outlier_change_nothing() {
    let mut noise = Noise(6);
    let all = series(60.0, 5, |minute| (60.0 + 0.5 * minute + noise.normal() * 0.2) * MB);
    let whole = trend(&all);
    let inside = |time: Time, from: i64, to: i64| (from * 60..to * 60).contains(&(time.second() - 1_194_983_000));
    let gap: Vec<_> = all.iter().copied().filter(|(time, _)| !inside(*time, 12, 41)).collect();
    let gap = trend(&gap);
    assert!(gap.low < 0.5 * MB && 0.5 * MB < gap.high && gap.high - gap.low > whole.high - whole.low, "{gap:?}");
    for outlier in [0.0, 4000.0 * MB] {
        let mut wild = all.clone();
        wild[300].1 = outlier;
        wild.last_mut().unwrap().1 = outlier;
        let wild = trend(&wild);
        assert!((wild.mid - whole.mid).abs() < 0.01 * MB && (wild.level - whole.level).abs() < 0.5 * MB, "{wild:?}");
    }
}

#[test]
fn a_change_that_does_not_matter_is_none() {
    assert_eq!(Forecast::of(&series(60.0, 5, |minute| (100.0 + minute * 0.005) * MB)), Forecast::NoTrend, "0.3 MB in an hour");
    assert!(trend(&series(60.0, 5, |minute| (100.0 - minute * 0.5) * MB)).passes(128.0 * MB).is_none(), "it shrinks");
}

#[test]
fn the_order_of_the_samples_does_not_matter() {
    let mut noise = Noise(7);
    for _ in 0..20 {
        let samples = series(30.0, 7, |minute| (60.0 + 0.1 * minute + noise.normal()) * MB);
        let mut shuffled = samples.clone();
        for at in (1..shuffled.len()).rev() {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short list")]
            shuffled.swap(at, (noise.unit() * (at + 1) as f64) as usize);
        }
        assert_eq!(Forecast::of(&samples), Forecast::of(&shuffled));
    }
}

/// Of 400 series how many the interval of all their points holds the true slope in, and how many have no trend.
fn told(slope: f64, like_the_last: f64, seed: u64) -> (usize, usize) {
    let mut noise = Noise(seed);
    let (mut holds, mut none) = (0, 0);
    for _ in 0..400 {
        let mut last = 0.0;
        let samples = series(59.0, 60, |minute| {
            last = last * like_the_last + noise.normal();
            1000.0 + slope * minute + last * 5.0
        });
        let line = Line::through(&samples).unwrap();
        holds += usize::from(line.slopes.low <= slope && slope <= line.slopes.high);
        none += usize::from(Forecast::of(&samples) == Forecast::NoTrend);
    }
    (holds, none)
}

#[test]
fn the_true_slope_lies_in_the_interval_as_often_as_claimed() {
    // 95 of 100 is claimed: of 400 draws, 380 with a standard deviation of 4.4.
    let (steep, none) = told(2.0, 0.0, 8);
    assert!((366..=396).contains(&steep) && none == 0, "{steep} of 400 hold it, {none} have no trend");
    let (flat, none) = told(0.0, 0.0, 9);
    assert!((366..=396).contains(&flat), "{flat} of 400 hold 0");
    assert!(none >= 372, "pure noise has no trend: {none} of 400");
}

#[test]
fn neighbours_that_are_alike_do_not_make_it_sure() {
    let (flat, none) = told(0.0, 0.6, 10);
    println!("alike: {flat} of 400 hold 0, {none} have no trend");
    assert!(flat >= 340 && none >= 340, "{flat} of 400 hold 0, {none} have no trend");
}

#[test]
fn times_are_said_as_precisely_as_they_are_meant() {
    let said =
        |soonest: f64, latest: f64| Passage { soonest, likely: f64::midpoint(soonest, latest), latest, horizon: 240.0 }.said();
    assert_eq!(said(41.3, 68.9), "in 40-70 min");
    assert_eq!(said(33.0, 57.4), "in 35-55 min");
    assert_eq!(said(4.2, 4.4), "in 4 min");
    assert_eq!(said(50.0, 200.0), "in 50 min to 3.5 h");
    assert_eq!(said(130.0, 301.0), "in 2-5 h");
    assert_eq!(said(170.0, 185.0), "in 3 h");
    assert_eq!(said(41.0, 3000.0), "in 40 min or later");
    assert_eq!(said(700.0, f64::INFINITY), "in 12 h or later");
    assert_eq!(said(1441.0, 3000.0), "not within a day");
    assert_eq!(said(0.0, 0.0), "within a minute");
}

#[test]
fn the_last_third_tells_whether_growth_goes_on() {
    let mut noise = Noise(11);
    let mut turned = |slope: f64, last: f64| {
        let samples =
            series(60.0, 20, |minute| minute.min(40.0) * slope + (minute - 40.0).max(0.0) * last + noise.normal() * 0.05);
        Line::through(&samples).unwrap().has_turned()
    };
    assert!(turned(1.0, 0.2) && turned(1.0, 0.0) && turned(1.0, -0.5), "it has slowed down");
    assert!(turned(0.3, 2.0) && turned(-0.3, -2.0), "it has become faster");
    assert!(!turned(1.0, 1.0) && !turned(-1.0, -1.0) && !turned(1.0, 0.8) && !turned(1.0, 1.4), "it goes on");
}

#[test]
fn what_has_left_the_line_is_four_deviations_off_and_a_tenth_of_the_growth() {
    // On the line, above and under it by turns, so that the deviation is 1.48.
    let jumped = |slope: f64, by: f64| {
        let ends = |minute: f64| if minute > 57.5 { by } else { 0.0 };
        let samples = series(60.0, 60, |minute| minute * slope + minute % 3.0 - 1.0 + ends(minute));
        Line::through(&samples).unwrap().has_jumped()
    };
    assert!(!jumped(0.0, 4.0) && !jumped(0.0, 5.7) && jumped(0.0, 12.0) && jumped(0.0, -12.0));
    assert!(!jumped(2.0, 9.0) && !jumped(2.0, 11.0) && jumped(2.0, 20.0), "with 120 of growth, 9 is little");
}

#[test]
fn the_level_is_the_middle_of_the_last_three_points_moved_along_the_line() {
    let mut points: Vec<(f64, f64)> = (0..10).map(|minute| (f64::from(minute), 5.0 * f64::from(minute))).collect();
    points[9].1 = 900.0;
    let slopes = Slopes { low: 5.0, mid: 5.0, high: 5.0 };
    let line = Line { points, times: Time::MIN..Time::MIN, slopes };
    assert!((line.level() - 45.0).abs() < 1e-9, "{}", line.level());
}

#[test]
fn what_has_been_there_before_is_not_new() {
    let of = |values: &[f64]| -> Vec<(Time, f64)> { (0..).map(Time::from_second).zip(values.iter().copied()).collect() };
    let recent = of(&[9.0; 20]);
    assert!(is_new(&of(&[1.0, 8.0]), &recent) && is_new(&of(&[10.0, 12.0]), &recent) && is_new(&[], &recent));
    assert!(!is_new(&of(&[1.0, 9.0]), &recent) && !is_new(&of(&[9.0, 12.0]), &recent) && !is_new(&of(&[1.0, 12.0]), &recent));
}
