//! Clients turned away before any application saw them: what HTTPERR tells of full queues and of pools that are stopped.
//!
//! Its rows name a pool only where their queue has a name (`s-queuename`), so they count for the pane as a whole, whichever application
//! it shows.

use std::collections::BTreeMap;

use super::super::{Bucket, Standing, columns_of, fitting, just_now, turning_away};
use crate::counters::{self, Load};
use crate::engine::Moment;
use crate::timeline::tally::{Tally, Trouble};
use crate::ui::theme::Role;

/// Reasons of HTTPERR (KB 820729) that mean the queue or the state of an application pool.
const REASONS: [&str; 5] = ["QueueFull", "AppOffline", "Disabled", "AppShutdown", "AppPoolTimer"];
/// Those of a pool that is stopped.
const OFFLINE: [&str; 2] = ["AppOffline", "Disabled"];
/// Pools that are stopped are named up to so many.
const MOST_STOPPED: usize = 2;

/// Clients turned away before any application saw them.
pub(super) struct Refusals {
    /// How many in the window, and why; not those of `rejectedrequests`.
    pub counts: Vec<(&'static str, u64)>,
    /// The same by the chart's columns.
    columns: Vec<u64>,
    /// Just now.
    now: u64,
    /// Just now, since a pool is stopped.
    offline_now: u64,
    /// Pools that are stopped while clients are turned away for that.
    stopped: Vec<(Role, String)>,
}

impl Refusals {
    pub(super) fn of(moment: &Moment<'_>, window: i64, columns: usize, loads: &[Load]) -> Self {
        let tallies: Vec<(&'static str, &Tally)> =
            moment.timeline.troubles().filter_map(|(t, tally)| Some((reason(t)?, tally))).collect();
        let seconds = columns_of(moment, window, columns);
        let all = seconds.first().map_or(0, |s| s.start)..moment.at.second() + 1;
        let now = |tally: &Tally| tally.sum(just_now(moment));
        let mut sums: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (why, tally) in &tallies {
            *sums.entry(why).or_default() += tally.sum(all.clone());
        }
        let mut counts: Vec<_> = sums.into_iter().filter(|(_, n)| *n > 0).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let offline_now = tallies.iter().filter(|(why, _)| OFFLINE.contains(why)).map(|(_, tally)| now(tally)).sum();
        // Some servers keep pools that are stopped: only one that is asked for is worth its line.
        let stopped = loads.iter().filter(|load| offline_now > 0 && load.state.is_some_and(counters::State::is_stopped));
        let stopped =
            stopped.map(|load| (Role::Critical, format!("pool {}: {}", load.pool, load.state.map_or("", |s| s.name()))));
        Self {
            counts,
            columns: seconds.iter().map(|column| tallies.iter().map(|(_, tally)| tally.sum(column.clone())).sum()).collect(),
            now: tallies.iter().map(|(_, tally)| now(tally)).sum(),
            offline_now,
            stopped: stopped.take(MOST_STOPPED).collect(),
        }
    }

    /// Those of HTTPERR in the window.
    pub(super) fn sum(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// Adds them to a chart. HTTPERR and `rejectedrequests` may tell of the same clients: `rejected`, by column, counts where it is more.
    pub(super) fn add_to(&self, buckets: &mut [Bucket], rejected: &[u64]) {
        for (at, bucket) in buckets.iter_mut().enumerate() {
            let of = |counts: &[u64]| counts.get(at).copied().unwrap_or(0);
            bucket.turned_away += of(&self.columns).max(of(rejected));
        }
    }

    /// How a pane stands that turned clients away just now: 503.2, and those that a pool's counter tells of.
    pub(super) fn standing(&self, buckets: &[Bucket], refused: u64, rejected: u64) -> Option<Standing> {
        let all = self.now.max(rejected);
        let is_all_offline = !self.stopped.is_empty() && refused == 0 && all <= self.offline_now;
        if is_all_offline { Some(Standing::Stopped) } else { turning_away(buckets, refused + all) }
    }

    /// What is to be said of them: how many the counter, or HTTPERR, tells of, and which pools are stopped.
    pub(super) fn lines(&self, rejected: u64, columns: usize) -> Vec<(Role, String)> {
        let mut lines = self.stopped.clone();
        let count = self.sum();
        let texts: Vec<String> = match &self.counts[..] {
            [(why, _), more @ ..] if count >= rejected => {
                let more = if more.is_empty() { "" } else { " …" };
                ["turned away", "refused"]
                    .iter()
                    .flat_map(|what| [format!("{count} {what} ({why}{more}, HTTPERR)"), format!("{count} {what} ({why}{more})")])
                    .chain([format!("{count} {why}")])
                    .collect()
            }
            _ if rejected > 0 => ["turned away", "refused"].map(|what| format!("{rejected} {what} (QueueFull)")).to_vec(),
            _ => return lines,
        };
        lines.push((Role::Critical, fitting(columns, texts)));
        lines
    }
}

/// The reason, if the trouble is one of them.
fn reason(trouble: &Trouble) -> Option<&'static str> {
    let Trouble::HttpErr { phrase, turned_away: true, .. } = trouble else { return None };
    REASONS.into_iter().find(|reason| **reason == **phrase)
}
