//! Adding up what timelines hold of other logs, or of other parts of the same ones.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::mem::take;
use std::sync::Arc;

use super::{App, AppId, MOST_APPS, OTHER_APPS, Timeline};

/// A share of the work. All shares may be done at the same time.
pub type Share<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Does all shares of the work.
pub type Workers<'a> = &'a dyn Fn(Vec<Share<'_>>);

/// One after the other.
pub fn in_turn(shares: Vec<Share<'_>>) {
    for share in shares {
        share();
    }
}

impl Timeline {
    /// Adds what another timeline of other logs holds, or of other parts of the same ones.
    pub fn merge(&mut self, other: Self) {
        self.merge_by(other, &in_turn);
    }

    /// The same, with the work done by whom one likes.
    pub fn merge_by(&mut self, mut other: Self, workers: Workers<'_>) {
        other.settle();
        self.merge_samples(&mut other);
        self.blocks.merge(other.blocks);
        if let Some((from, to)) = other.span {
            self.widen(from, to);
        }
        let mut apps = self.meet(other.apps);
        let Self { apps: mine, ns, troubles, records, .. } = self;
        let mut shares: Vec<Share<'_>> = Vec::new();
        for (place, (_, mine)) in mine.iter_mut().enumerate() {
            if let Some(app) = apps.remove(&place) {
                mine.share_out(app, &mut shares);
            }
        }
        let (mut both, new): (BTreeMap<_, _>, BTreeMap<_, _>) = other.ns.into_iter().partition(|(kind, _)| ns.contains_key(kind));
        ns.extend(new);
        for (kind, mine) in ns {
            if let Some(series) = both.remove(kind) {
                mine.share_out(series, &mut shares);
            }
        }
        let (others, more) = (other.troubles, other.records);
        shares.push(Box::new(|| add_each(troubles, others, |mine, tally| mine.merge(&tally))));
        shares.push(Box::new(|| add_each(records, more, |mine, series| mine.merge(&series))));
        workers(shares);
    }

    /// Adds what was sampled.
    fn merge_samples(&mut self, other: &mut Self) {
        add_each(&mut self.counters, take(&mut other.counters), |mine, samples| mine.merge(&samples));
        add_each(&mut self.counter_rows, take(&mut other.counter_rows), |mine, row| *mine = row.min(*mine));
        add_each(&mut self.pool_rows, take(&mut other.pool_rows), |kept, row| {
            if (row.0, Reverse(row.1)) > (kept.0, Reverse(kept.1)) {
                *kept = row;
            }
        });
        add_each(&mut self.counter_logs, take(&mut other.counter_logs), Extend::extend);
        add_each(&mut self.tags, take(&mut other.tags), |mine, history| {
            mine.bytes.merge(&history.bytes);
            mine.outstanding.merge(&history.outstanding);
            mine.driver = history.driver.max(take(&mut mine.driver));
            add_each(&mut mine.proofs, history.proofs, |mine, proof| *mine = proof.min(*mine));
        });
        add_each(&mut self.ns_max, take(&mut other.ns_max), |mine, max| *mine = max.max(*mine));
    }

    /// Takes over the applications that are met for the first time. Gives the others, with the places of those they are added to.
    fn meet(&mut self, apps: Vec<(Arc<str>, App)>) -> BTreeMap<usize, App> {
        let mut known = BTreeMap::new();
        for (name, app) in apps {
            let id = self.app_ids.get(&name).copied();
            let Some(AppId(place)) = id.or_else(|| (self.apps.len() >= MOST_APPS).then(|| self.app_id(OTHER_APPS))) else {
                self.app_ids.insert(Arc::clone(&name), AppId(self.apps.len()));
                self.apps.push((name, app));
                continue;
            };
            match known.entry(place) {
                Entry::Vacant(one) => _ = one.insert(app),
                Entry::Occupied(mut one) => one.get_mut().merge(app),
            }
        }
        known
    }
}

/// Takes over what only others know, and adds to what is known already.
fn add_each<K: Ord, V>(known: &mut BTreeMap<K, V>, others: BTreeMap<K, V>, mut add: impl FnMut(&mut V, V)) {
    for (key, other) in others {
        match known.entry(key) {
            Entry::Vacant(one) => _ = one.insert(other),
            Entry::Occupied(mut one) => add(one.get_mut(), other),
        }
    }
}
