//! `http-connections-refused`: HTTP.sys refuses connections because less than 20 MB of non-paged pool are available (KB 820729,
//! KB 934878).

use super::{Finding, Remedy, Rule, Seen, Severity, Subject, Verdict, evidence, megabytes, plural};
use crate::engine::Moment;
use crate::formats::httperr::CONNECTIONS_REFUSED;
use crate::pool::Pool;
use crate::timeline::tally::{Tally, Trouble};

pub(super) const RULE: Rule = Rule {
    name: "http-connections-refused",
    watches: "N_Connections_Refused in HTTPERR: available non-paged pool is under the cutoff of HTTP.sys",
    check,
};

fn check(moment: &Moment<'_>) -> Verdict {
    let is_refused = |t: &Trouble| matches!(t, Trouble::HttpErr { phrase, .. } if **phrase == *CONNECTIONS_REFUSED);
    let tally = moment.timeline.troubles().find(|(t, _)| is_refused(t)).map(|(_, tally)| tally);
    match tally.and_then(|tally| finding(moment, tally)) {
        Some(finding) => Verdict::Found(vec![finding]),
        None if !moment.sources.values().any(|s| s.kind == crate::formats::Kind::HttpErr) => {
            Verdict::NotKnowable("no HTTPERR log has been read: refused connections are written there and nowhere else")
        }
        None => Verdict::Fine,
    }
}

fn finding(moment: &Moment<'_>, tally: &Tally) -> Option<Finding> {
    let seen = Seen::of(&[tally], moment.at)?;
    // The pool as it was when connections were last refused: it may have recovered since.
    let pool = Pool::of(&Moment { at: seen.last.min(moment.at), ..*moment });
    let cutoff = moment.limits.pool_cutoff();
    #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
    let mut detail = format!(
        "HTTP.sys refused {} without an answer; it does so while less than {} of non-paged pool are available ({}).",
        plural(seen.count, "connection", "connections"),
        megabytes(cutoff.value as f64),
        cutoff.origin
    );
    match (pool.used, pool.max.as_ref(), pool.available) {
        (Some((_, used)), Some(max), Some(available)) => {
            #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
            let max_bytes = max.value as f64;
            detail.push_str(&format!(
                " Then in use: {} of {} ({}), so {} were available.",
                megabytes(used),
                megabytes(max_bytes),
                max.origin,
                megabytes(available)
            ));
        }
        (Some((_, used)), None, _) => {
            detail.push_str(&format!(" Then in use: {}; the maximum is not known (--pool-max).", megabytes(used)));
        }
        _ => detail.push_str(" No counter tells how much of the pool is in use (\\Memory\\Pool Nonpaged Bytes)."),
    }
    let top = pool.tags.first().map(|t| (t.shown(), t.bytes));
    if let Some((tag, bytes)) = &top {
        detail.push_str(&format!(" The pool tag that held most was {tag} with {}.", megabytes(*bytes)));
    }
    Some(Finding {
        rule: RULE.name,
        severity: Severity::Critical,
        title: format!("{} refused: non-paged pool is used up", plural(seen.count, "connection", "connections")),
        detail,
        first: seen.first,
        last: seen.last,
        count: seen.count,
        onsets: seen.onsets,
        evidence: evidence(&[tally], moment.at),
        remedies: remedies(top.map(|(tag, _)| tag)),
        rules_out: Vec::new(),
        verify: None,
        sources: &["KB 820729", "KB 934878"],
        subject: Subject::Pool,
    })
}

fn remedies(tag: Option<String>) -> Vec<Remedy> {
    let find = match tag {
        Some(tag) => Remedy {
            text: format!("Find the driver that owns pool tag {tag}, and ask its vendor for a fixed version."),
            command: Some(format!("findstr /m /l \"{tag}\" %windir%\\System32\\drivers\\*.sys")),
            caution: None,
        },
        None => Remedy {
            text: String::from("Find the pool tag that holds most non-paged bytes, and the driver it belongs to."),
            command: Some(String::from("poolmon -b")),
            caution: None,
        },
    };
    vec![
        find,
        Remedy {
            text: String::from(
                "On 32-bit Windows: take the /3GB switch out of boot.ini if nothing needs it; it halves the non-paged pool to 128 MB.",
            ),
            command: None,
            caution: Some("It takes a restart, and what leaks goes on leaking: this only gives time."),
        },
        Remedy {
            text: String::from("Let HTTP.sys go on until 8 MB are left instead of 20 MB."),
            command: Some(String::from(
                "reg add HKLM\\System\\CurrentControlSet\\Services\\HTTP\\Parameters /v EnableAggressiveMemoryUsage /t REG_DWORD /d 1",
            )),
            caution: Some(
                "It works after a restart of the HTTP service, and only gives time: at 8 MB the rest of Windows is close to failing.",
            ),
        },
    ]
}
