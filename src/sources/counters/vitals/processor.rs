//! How busy the processors are, told from what passed between two looks.
//!
//! Windows is asked itself: sysinfo would have PDH list all objects for it, which asks all that provide counters.

#[cfg(not(windows))]
mod other;
#[cfg(windows)]
mod windows;

#[cfg(not(windows))]
pub(super) use other::Processor;
#[cfg(windows)]
pub(super) use windows::Processor;

/// Time that all processors together spent since the system started, in units of the system.
#[cfg(any(windows, test))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    idle: u64,
    all: u64,
}

/// Percent of the time between two looks that was not idle; `None` if no time passed, or backwards.
#[cfg(any(windows, test))]
fn busy(before: Times, after: Times) -> Option<f64> {
    let (idle, all) = (after.idle.checked_sub(before.idle)?, after.all.checked_sub(before.all)?);
    #[expect(clippy::cast_precision_loss, reason = "what passed between two looks is far below 2^52")]
    (all > 0 && idle <= all).then(|| 100.0 * (all - idle) as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_idle_is_busy() {
        let times = |idle, all| Times { idle, all };
        assert_eq!(busy(times(100, 1000), times(400, 1400)), Some(25.0));
        assert_eq!(busy(times(100, 1000), times(500, 1400)), Some(0.0));
        for wrong in [times(100, 1000), times(99, 1400), times(501, 1400), times(100, 999)] {
            assert_eq!(busy(times(100, 1000), wrong), None);
        }
    }
}
