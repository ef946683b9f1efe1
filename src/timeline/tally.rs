//! How often a kind of trouble was seen, when, and the line that proves it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::distinct::Distinct;
use super::series::Series;
use crate::record::{Origin, Slots};

/// How clients are called that only SEPM's own log says were turned away ([`Trouble::Sepm503`]).
pub const SEPM_503: &str = "503 from secars";

/// Milliseconds from which on a request of a SEP client counts as held open. In pull mode it ends when its work is done, within seconds
/// (KB 177969).
pub const LONG: u64 = 30_000;

/// Whom an HTTPERR row is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An application pool: the name of its request queue.
    AppPool(Arc<str>),
    /// A site, by its id.
    Site(Arc<str>),
    /// The row does not tell.
    Unknown,
}

/// A kind of trouble that a record tells of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// A W3C row with status 503 (KB 943891 has the substatus codes; 503.2 is `appConcurrentRequestLimit`).
    Http503 {
        /// The application's name.
        app: Arc<str>,
        /// `None` where the log has no `sc-substatus`.
        substatus: Option<u16>,
    },
    /// An HTTPERR row of a web site.
    HttpErr {
        /// The reason phrase, without a count.
        phrase: Arc<str>,
        /// A client was turned away: a 503, or a reason that means it.
        turned_away: bool,
        /// Whose requests they are.
        place: Place,
    },
    /// A SEP client (user agent `Smc`) held a request open for [`LONG`] or more: push mode.
    HeldBySmc {
        /// The application's name.
        app: Arc<str>,
    },
    /// An HTTPERR 503 of another user of HTTP.sys.
    NotIis(Arc<str>),
    /// A configuration or package-info request turned away with 503, by its page.
    NsRequest(NsRequest),
    /// The NS log says that all slots of a kind are taken.
    NsSlotsFull(Slots),
    /// An agent or package server was told that the server is busy.
    AgentBackingOff,
    /// The NS could not process a request (SMP 8, KB 179877).
    NsUnableToProcess,
    /// SEPM's own log tells of a 503 from secars.
    Sepm503,
    /// SEPM's own log tells of error code 0x10010000.
    Sepm0x10010000,
    /// A W3C row without `time-taken`: its time in flight is unknown.
    LacksTimeTaken(crate::record::SourceId),
    /// A W3C row without `sc-substatus`: the reason of a 503 would be unknown.
    LacksSubstatus(crate::record::SourceId),
}

/// The requests that take a slot of a Notification Server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NsRequest {
    /// `GetClientPolicies`: a configuration request.
    GetClientPolicies,
    /// `GetPackageInfo`: a package-info request.
    GetPackageInfo,
}

impl NsRequest {
    /// Both.
    pub const ALL: [Self; 2] = [Self::GetClientPolicies, Self::GetPackageInfo];

    /// The page's name as Altiris spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GetClientPolicies => "GetClientPolicies",
            Self::GetPackageInfo => "GetPackageInfo",
        }
    }

    /// The kind of slot it takes.
    #[must_use]
    pub fn slots(self) -> Slots {
        match self {
            Self::GetClientPolicies => Slots::Config,
            Self::GetPackageInfo => Slots::PackageInfo,
        }
    }

    /// Tells the request from a URL, with or without a query. Case varies between agents.
    #[must_use]
    pub fn of_url(url: &[u8]) -> Option<Self> {
        Self::of_path(memchr::memchr(b'?', url).and_then(|query| url.get(..query)).unwrap_or(url))
    }

    /// The same of a URL that has no query.
    #[must_use]
    pub fn of_path(path: &[u8]) -> Option<Self> {
        let page = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        // Nearly every URL of nearly every server is none of them.
        if !matches!(page.first(), Some(b'g' | b'G')) {
            return None;
        }
        let page = page.split(|b| *b == b'.').next().unwrap_or_default();
        Self::ALL.into_iter().find(|request| page.eq_ignore_ascii_case(request.name().as_bytes()))
    }
}

/// Lines that are kept besides one a minute.
const EARLY: usize = 16;

/// A count a second, and for each minute the first line that proves it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    counts: Series<u32>,
    /// Minute → the first second in it and the smallest origin of that, so that order does not matter.
    proofs: BTreeMap<i64, (i64, Origin)>,
    /// The first [`EARLY`] lines: what did not last for minutes has no other proofs.
    early: BTreeSet<(i64, Origin)>,
    clients: Distinct,
}

impl Tally {
    /// Counts `weight` at a second, proven by a line.
    pub fn add(&mut self, second: i64, weight: u64, proof: Origin) {
        self.counts.add(second, u32::try_from(weight).unwrap_or(u32::MAX));
        let proof = (second, proof);
        self.add_early(proof);
        self.proofs.entry(second.div_euclid(60)).and_modify(|p| *p = proof.min(*p)).or_insert(proof);
    }

    fn add_early(&mut self, proof: (i64, Origin)) {
        if self.early.len() < EARLY || self.early.last().is_some_and(|last| proof < *last) {
            self.early.insert(proof);
            if self.early.len() > EARLY {
                self.early.pop_last();
            }
        }
    }

    /// Notes whose it was, at a second.
    pub fn add_client(&mut self, second: i64, client: &[u8]) {
        self.clients.add(second, client);
    }

    /// Nothing more is told for a while.
    pub(super) fn settle(&mut self) {
        self.clients.settle();
    }

    /// How many different clients it met before `end`: exactly up to 1023, else about; 0 where no row names them.
    #[must_use]
    pub fn clients(&self, end: i64) -> u64 {
        self.clients.count(end)
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: &Self) {
        self.counts.merge(&other.counts);
        self.clients.merge(&other.clients);
        other.early.iter().for_each(|proof| self.add_early(*proof));
        for (minute, proof) in &other.proofs {
            self.proofs.entry(*minute).and_modify(|p| *p = (*proof).min(*p)).or_insert(*proof);
        }
    }

    /// The counts by second.
    #[must_use]
    pub fn counts(&self) -> &Series<u32> {
        &self.counts
    }

    /// The count over seconds.
    #[must_use]
    pub fn sum(&self, seconds: Range<i64>) -> u64 {
        u64::try_from(self.counts.sum(seconds)).unwrap_or(0)
    }

    /// The spells of trouble before `end`, each with its first and last second: between two of them are more than `quiet` seconds.
    #[must_use]
    pub fn spells(&self, end: i64, quiet: i64) -> Vec<(i64, i64)> {
        let mut spells: Vec<(i64, i64)> = Vec::new();
        self.counts.nonzero(i64::MIN..end).for_each(|(second, _)| match spells.last_mut() {
            Some((_, last)) if second - *last <= quiet => *last = second,
            _ => spells.push((second, second)),
        });
        spells
    }

    /// Up to `most` proofs in some seconds: the first, the last, that of the minute with most, and some between.
    #[must_use]
    pub fn proofs(&self, seconds: &Range<i64>, most: usize) -> Vec<Origin> {
        let end = seconds.end;
        let all: Vec<(i64, Origin)> = self
            .proofs
            .range(seconds.start.div_euclid(60)..=end.div_euclid(60))
            .map(|(_, proof)| *proof)
            .filter(|(second, _)| seconds.contains(second))
            .collect();
        if all.len() <= most {
            let early = self.early.iter().filter(|proof| seconds.contains(&proof.0) && !all.contains(proof));
            let mut chosen: Vec<(i64, Origin)> = all.iter().chain(early.take(most - all.len())).copied().collect();
            chosen.sort_unstable();
            return chosen.into_iter().map(|(_, proof)| proof).collect();
        }
        let mut chosen: Vec<usize> = (0..most).map(|i| i * (all.len() - 1) / (most - 1).max(1)).collect();
        let of_minute = |minute: i64| self.sum(minute * 60..(minute * 60 + 60).min(end));
        let busiest =
            (0..all.len()).rev().max_by_key(|at| all.get(*at).map_or(0, |(second, _)| of_minute(second.div_euclid(60))));
        if let Some(busiest) = busiest.filter(|busiest| most > 2 && !chosen.contains(busiest)) {
            // In the place of its neighbour between the first and the last.
            let nearest = (1..most - 1).min_by_key(|at| chosen.get(*at).map_or(usize::MAX, |c| c.abs_diff(busiest)));
            if let Some(place) = nearest.and_then(|at| chosen.get_mut(at)) {
                *place = busiest;
            }
            chosen.sort_unstable();
        }
        chosen.into_iter().filter_map(|at| all.get(at).map(|(_, proof)| *proof)).collect()
    }
}
