use proptest::prelude::*;

use super::*;

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

    #[test]
    fn noise_alone_is_no_change_even_where_neighbours_are_alike(
        seed in any::<u64>(),
        (length, keep) in prop_oneof![(20usize..2000, 0.0f64..0.2), (600usize..3000, 0.0f64..0.8)],
    ) {
        let mut draw = noise(seed);
        let mut value = 0.0;
        let values: Vec<f64> = (0..length).map(|_| { value = keep * value + draw(); 50.0 + value }).collect();
        prop_assert!(first_step(&values, length, ANY).is_none());
    }
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
