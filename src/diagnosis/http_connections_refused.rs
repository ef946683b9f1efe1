//! `http-connections-refused`: HTTP.sys refuses connections because less than 20 MB of non-paged pool are available (KB 820729,
//! KB 933844, KB 934878).

use super::windows::Windows;
use super::{Finding, Remedy, Rule, Seen, Severity, Subject, Verdict, evidence, megabytes, plural, pool_low, pool_remedies};
use crate::engine::Moment;
use crate::formats::Kind;
use crate::formats::httperr::CONNECTIONS_REFUSED;
use crate::pool::Pool;
use crate::time::Time;
use crate::timeline::POOL_USED;
use crate::timeline::tally::{Tally, Trouble};

pub(super) const RULE: Rule = Rule {
    name: "http-connections-refused",
    watches: "N_Connections_Refused in HTTPERR: available non-paged pool is under the cutoff of HTTP.sys",
    check,
};

/// A sample tells of a refusal so many milliseconds before or after it: HTTPERR sums refusals up over seconds, counters are sampled
/// now and then.
const AROUND: i64 = 60_000;
/// Failing that, the last sample before it does, if it is no older than this.
const BEFORE: i64 = 15 * 60_000;
/// Refusals at which the pool is looked at: those that set in, the latest.
const MOST_LOOKED_AT: usize = 32;
/// Lines of HTTPERR among the evidence, and rows of counters, at most.
const SHARES: (usize, usize) = (7, 3);

fn check(moment: &Moment<'_>) -> Verdict {
    let is_refused = |t: &Trouble| matches!(t, Trouble::HttpErr { phrase, .. } if **phrase == *CONNECTIONS_REFUSED);
    let tally = moment.timeline.troubles().find(|(t, _)| is_refused(t)).map(|(_, tally)| tally);
    match tally.and_then(|tally| finding(moment, tally)) {
        Some(finding) => Verdict::Found(vec![finding]),
        None if !moment.sources.values().any(|s| s.kind == Kind::HttpErr) => {
            Verdict::NotKnowable("no HTTPERR log has been read: refused connections are written there and nowhere else")
        }
        None => Verdict::Fine,
    }
}

/// What the counters and limits tell of the pool at the refusals.
enum Known {
    /// No sample was taken near any of them.
    Nothing,
    /// So much was in use at most, and nobody knows of how much.
    Used(Time, f64),
    /// Less than the cutoff was left, as the reason says.
    Short { at: Time, left: f64 },
    /// More was left than the cutoff.
    Room { at: Time, left: f64 },
}

impl Known {
    fn of(moment: &Moment<'_>, seen: &Seen, pool: &Pool) -> Self {
        let Some(samples) = moment.timeline.counter(POOL_USED) else { return Self::Nothing };
        let times = seen.onsets.iter().rev().take(MOST_LOOKED_AT - 1).chain([&seen.last]);
        let around = times.clone().flat_map(|time| samples.within(time.plus(-AROUND)..time.plus(AROUND).min(moment.at).plus(1)));
        let before = || times.clone().filter_map(|time| samples.at(*time).filter(|(at, _)| time.since(*at) <= BEFORE));
        let fullest = |a: &(Time, f64), b: &(Time, f64)| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0));
        let Some((at, used)) = around.max_by(fullest).or_else(|| before().max_by(fullest)) else { return Self::Nothing };
        let Some(brink) = pool.brink() else { return Self::Used(at, used) };
        #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
        let left = brink + pool.cutoff.value as f64 - used;
        if used > brink { Self::Short { at, left } } else { Self::Room { at, left } }
    }
}

fn finding(moment: &Moment<'_>, tally: &Tally) -> Option<Finding> {
    let seen = Seen::of(&[tally], moment.at)?;
    // The pool as it was when connections were last refused: it may have recovered since.
    let pool = Pool::of(&Moment { at: seen.last.min(moment.at), ..*moment });
    let known = Known::of(moment, &seen, &pool);
    let windows = Windows::of(moment);
    let refused = plural(seen.count, "connection", "connections");
    let title = match &known {
        Known::Short { left, .. } => format!("{refused} refused: non-paged pool is used up, {} are left", megabytes(*left)),
        Known::Room { left, .. } => {
            format!("{refused} refused, as when non-paged pool is used up; the counter shows {} left", megabytes(*left))
        }
        Known::Nothing | Known::Used(..) => format!("{refused} refused: HTTP.sys found too little non-paged pool"),
    };
    let mut remedies = pool_remedies::remedies(moment, &pool);
    if let Known::Room { .. } = known {
        // What gives a full pool room is of no use before it is known to be full.
        remedies.truncate(1);
        remedies.splice(0..0, doubts(&windows));
    }
    let (most, rows) = SHARES;
    let mut lines = evidence(&[tally], moment.at);
    let at = known.at();
    lines.truncate(if at.is_some() { most } else { most + rows });
    lines.extend(pool_low::rows(moment, at));
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Critical,
        title,
        detail: detail(&seen, &pool, &known),
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets,
        evidence: lines,
        remedies,
        rules_out: rules_out(moment),
        verify: Some(verify()),
        sources: &["KB 820729", "KB 933844", "KB 934878"],
        subject: Subject::Pool,
    })
}

impl Known {
    fn at(&self) -> Option<Time> {
        match self {
            Self::Nothing => None,
            Self::Used(at, _) | Self::Short { at, .. } | Self::Room { at, .. } => Some(*at),
        }
    }
}

fn detail(seen: &Seen, pool: &Pool, known: &Known) -> String {
    #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
    let (cutoff, max) = (pool.cutoff.value as f64, pool.max.as_ref().map_or(0.0, |max| max.value as f64));
    let origin = pool.max.as_ref().map_or("", |max| max.origin.as_str());
    let mut detail = format!(
        "HTTP.sys refused {} without an answer, {}; it does so while less than {} of non-paged pool are available ({}).",
        plural(seen.count, "connection", "connections"),
        if seen.onsets.len() == 1 {
            String::from("in one stretch of time")
        } else {
            format!("in {} stretches of time", seen.onsets.len())
        },
        megabytes(cutoff),
        pool.cutoff.origin
    );
    detail.push_str(&match known {
        Known::Nothing => {
            String::from(" No counter tells how much of the pool was in use then (\\Memory\\Pool Nonpaged Bytes).")
        }
        Known::Used(at, used) => {
            format!(" At {at} {} were in use; the maximum is not known (--pool-max).", megabytes(*used))
        }
        Known::Short { at, left } => format!(
            " In use at {at}: {} of {} ({origin}), so {} were available.",
            megabytes(max - left),
            megabytes(max),
            megabytes(*left)
        ),
        Known::Room { at, left } => format!(
            " Yet of the samples near the refusals the fullest ({at}) has {} of {} ({origin}) in use, so {} were available. Either the \
             pool was full between two samples, or it cannot grow as far as supposed, or the counter is another machine's.",
            megabytes(max - left),
            megabytes(max),
            megabytes(*left)
        ),
    });
    if let Some(tag) = pool.tags.first() {
        detail.push_str(&format!(
            " The pool tag that held most was {} with {} (as of {}).",
            tag.shown(),
            megabytes(tag.bytes),
            tag.at
        ));
    }
    detail
}

/// What to find out first where the counter gainsays the refusals.
fn doubts(windows: &Windows) -> Vec<Remedy> {
    let most = windows.max_connections.as_ref().map_or_else(
        || String::from("is MaxConnections set (it lets fewer connections in than memory would)?"),
        |most| format!("MaxConnections is set to {most}: is it reached?"),
    );
    vec![
        Remedy::new(
            "Sample the pool every second while connections are refused, on the server that refuses them: a burst fills it between two \
             samples, and a counter log of another machine says nothing.",
        )
        .by(r#"typeperf "\Memory\Pool Nonpaged Bytes" "\TCPv4\Connections Established" -si 1 -f CSV -o pool.csv"#),
        Remedy::new(format!(
            "Look at what limits the pool and HTTP.sys on this server: NonPagedPoolLimit or NonPagedPoolSize; {most} Without \
             EnableAggressiveMemoryUsage the cutoff is 20 MB, with it 8 MB."
        ))
        .by(
            r#"reg query "HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management" & reg query HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters"#,
        ),
    ]
}

fn rules_out(moment: &Moment<'_>) -> Vec<String> {
    let mut out = vec![
        String::from("IIS and its applications: the connections were refused before any request was read; no W3C log has them."),
        String::from("A full queue or a stopped application pool: those answer 503, as QueueFull or AppOffline in HTTPERR."),
    ];
    out.extend(pool_low::no_switch(moment));
    out
}

/// How to see that it helped: the log that told of it tells no more.
fn verify() -> Remedy {
    Remedy::new("It has helped if no more N_Connections_Refused is written; HTTP.sys sums them up every few seconds.")
        .by(r"findstr /i Connections_Refused %windir%\System32\LogFiles\HTTPERR\httperr*.log")
}
