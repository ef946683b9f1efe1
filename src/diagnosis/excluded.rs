//! What it cannot have been, going by the same logs.

use super::finding::{Seen, megabytes};
use crate::engine::Moment;
use crate::formats::Kind;
use crate::record::CONNECTIONS_REFUSED;
use crate::time::Time;
use crate::timeline::POOL_USED;
use crate::timeline::tally::Trouble;

/// Seconds around what was seen that are looked at.
const AROUND: i64 = 60;

/// Something that clients are turned away for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// 503.2.
    AppLimit,
    /// A full kernel queue.
    QueueFull,
    /// An application pool that is stopped.
    Stopped,
    /// Too little non-paged pool.
    Pool,
}

/// Sentences about the causes that the logs rule out: only where a log was read that would have told.
pub(super) fn ruled_out(moment: &Moment<'_>, seen: &Seen, causes: &[Cause]) -> Vec<String> {
    causes.iter().filter_map(|cause| sentence(moment, seen, *cause)).collect()
}

fn sentence(moment: &Moment<'_>, seen: &Seen, cause: Cause) -> Option<String> {
    let seconds = seen.first.second() - AROUND..(seen.last.second() + AROUND).min(moment.at.second()) + 1;
    let count = |is_it: &dyn Fn(&Trouble) -> bool| -> u64 {
        moment.timeline.troubles().filter(|(trouble, _)| is_it(trouble)).map(|(_, tally)| tally.sum(seconds.clone())).sum()
    };
    let was_read = |kind: Kind| moment.sources.values().any(|source| source.kind == kind && source.records > 0);
    let phrase = |wanted: &'static [&'static str]| move |trouble: &Trouble| matches!(trouble, Trouble::HttpErr { phrase, .. } if wanted.contains(&&**phrase));
    match cause {
        Cause::AppLimit => {
            let blind = count(&|trouble| matches!(trouble, Trouble::LacksSubstatus(_)));
            let refused = count(&|trouble| matches!(trouble, Trouble::Http503 { substatus: Some(2), .. }));
            (was_read(Kind::W3c) && blind == 0 && refused == 0)
                .then(|| String::from("Not appConcurrentRequestLimit: no row of a W3C log has 503.2 at that time."))
        }
        Cause::QueueFull => (was_read(Kind::HttpErr) && count(&phrase(&["QueueFull"])) == 0)
            .then(|| String::from("Not the kernel queue of an application pool: HTTPERR has no QueueFull at that time.")),
        Cause::Stopped => {
            (was_read(Kind::HttpErr) && count(&phrase(&["AppOffline", "Disabled", "AppShutdown"])) == 0).then(|| {
                String::from("Not an application pool that is stopped: HTTPERR has no AppOffline and no Disabled at that time.")
            })
        }
        Cause::Pool => {
            let refused = count(&phrase(&[CONNECTIONS_REFUSED]));
            (was_read(Kind::HttpErr) && refused == 0).then(|| {
                let then = seen.first.second()..(seen.last.second().min(moment.at.second()) + 1);
                let room = least_available(moment, &then)
                    .map_or_else(String::new, |bytes| format!(", and at least {} of it were available", megabytes(bytes)));
                format!("Not the non-paged pool: HTTPERR has no Connections_Refused at that time{room}.")
            })
        }
    }
}

/// The least non-paged pool that was available in some seconds; `None` where nobody knows.
fn least_available(moment: &Moment<'_>, seconds: &std::ops::Range<i64>) -> Option<f64> {
    let times = Time::from_second(seconds.start)..Time::from_second(seconds.end);
    let most = moment.timeline.counter(POOL_USED)?.within(times).into_iter().map(|(_, used)| used).reduce(f64::max)?;
    #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
    let max = moment.limits.pool_max()?.value as f64;
    Some(max - most).filter(|left| *left > 0.0)
}
