//! Findings that tell of one thing are one story: its cause first, and under it what follows from it.

use super::finding::{Finding, Severity, Subject, megabytes};
use super::{
    http_abandoned, http_app_offline, http_connections_refused, http_disabled, http_queue_full, http_timers, iis_503_2,
    iis_503_other, iis_near_limit, log_cannot_tell, ns_burst, ns_slots_full, ns_slow_clients, pool_low, pool_tag_hog,
    sepm_push_storm, sepm_server_503,
};
use crate::engine::Moment;
use crate::pool::Pool;

/// What happened, in one sentence, with the findings that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// One sentence, with its numbers.
    pub claim: String,
    /// That of the worst of its findings.
    pub severity: Severity,
    /// The cause first, then what follows from it, or adds to it; never empty.
    pub findings: Vec<Finding>,
}

impl Story {
    fn of(findings: Vec<Finding>) -> Option<Self> {
        let claim = findings.first()?.title.clone();
        let severity = findings.iter().map(|finding| finding.severity).min()?;
        Some(Self { claim, severity, findings })
    }

    /// Its finding by a rule.
    fn by(&self, rule: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.rule == rule)
    }
}

/// Findings that no story has yet.
struct Loose(Vec<Finding>);

impl Loose {
    fn has(&self, is_it: impl Fn(&Finding) -> bool) -> bool {
        self.0.iter().any(is_it)
    }

    /// Takes those of some rules out, in the order of the rules.
    fn take(&mut self, rules: &[&str], is_it: impl Fn(&Finding) -> bool) -> Vec<Finding> {
        let mut taken = Vec::new();
        for rule in rules {
            let (of_rule, rest) = std::mem::take(&mut self.0).into_iter().partition(|f| f.rule == *rule && is_it(f));
            self.0 = rest;
            taken.extend::<Vec<Finding>>(of_rule);
        }
        taken
    }
}

/// Puts findings together: the worst story first, then the one that was seen last.
pub(super) fn gather(moment: &Moment<'_>, findings: Vec<Finding>) -> Vec<Story> {
    let mut loose = Loose(findings);
    let mut stories: Vec<Story> = Vec::new();
    stories.extend(pool(moment, &mut loose));
    stories.extend(sepm(&mut loose));
    stories.extend(ns(&mut loose));
    stories.extend(failures(&mut loose));
    let silent = loose.take(&[log_cannot_tell::RULE.name], |f| f.subject == Subject::HttpErr);
    stories.extend(std::mem::take(&mut loose.0).into_iter().filter_map(|finding| Story::of(vec![finding])));
    silence(&mut stories, silent);
    let key = |story: &Story| {
        let (first, last) = (story.findings.iter().map(|f| f.first).min(), story.findings.iter().map(|f| f.last).max());
        // A log that cannot tell is less urgent than anything that is told.
        let blind = story.findings.iter().all(|f| f.rule == log_cannot_tell::RULE.name);
        (story.severity, blind, std::cmp::Reverse(last), first, story.findings.first().map(|f| f.rule))
    };
    stories.sort_by_key(key);
    stories
}

/// Who holds the pool, so that it is low, so that connections are refused.
fn pool(moment: &Moment<'_>, loose: &mut Loose) -> Option<Story> {
    let Some(refused) = loose.0.iter().find(|f| f.rule == http_connections_refused::RULE.name).map(|f| f.last) else {
        return shortage(moment, loose);
    };
    let pool = Pool::of(&Moment { at: refused.min(moment.at), ..*moment });
    #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
    let near = pool.available.is_none_or(|left| left < 2.0 * pool.cutoff.value as f64);
    // Beside a pool with room neither it nor its tags explain anything.
    if !near {
        return None;
    }
    let rules = [pool_tag_hog::RULE.name, pool_low::RULE.name, http_connections_refused::RULE.name];
    let mut story = Story::of(loose.take(&rules, |_| true))?;
    if story.findings.len() == 1 {
        return Some(story);
    }
    let count = story.by(http_connections_refused::RULE.name).map_or(0, |refused| refused.count);
    let mut claim = format!("{count} connections refused");
    if let (Some((_, used)), Some(max)) = (pool.used, &pool.max) {
        #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
        let max = max.value as f64;
        claim.push_str(&format!(": {} of {} non-paged pool in use", megabytes(used), megabytes(max)));
    }
    let hog = story.by(pool_tag_hog::RULE.name).and_then(|hog| holder(&pool, hog, "of it"));
    claim.push_str(&hog.unwrap_or_default());
    story.claim = claim;
    Some(story)
}

/// Who holds the pool, so that it is low, or will be, and nobody is refused yet.
fn shortage(moment: &Moment<'_>, loose: &mut Loose) -> Option<Story> {
    if !loose.has(|f| f.rule == pool_low::RULE.name) {
        return None;
    }
    let mut story = Story::of(loose.take(&[pool_tag_hog::RULE.name, pool_low::RULE.name], |_| true))?;
    let low = story.by(pool_low::RULE.name)?.title.clone();
    if story.findings.len() > 1 {
        let pool = Pool::of(moment);
        let hog = story.findings.first().and_then(|hog| holder(&pool, hog, "in use"));
        story.claim = format!("{low}{}", hog.unwrap_or_default());
    }
    Some(story)
}

/// `, 69.0 MB of it by tag Xyz (xyz.sys)`, or `in use` where it goes by what is left.
fn holder(pool: &Pool, hog: &Finding, used: &str) -> Option<String> {
    let Subject::Tag(tag) = hog.subject else { return None };
    let hog = pool.tags.iter().find(|known| known.tag == tag)?;
    let driver = if hog.driver.is_empty() { String::new() } else { format!(" ({})", hog.driver) };
    Some(format!(", {} {used} by tag {}{driver}", megabytes(hog.bytes), hog.shown()))
}

/// Push mode, so that secars is full, so that SEPM itself is turned away.
fn sepm(loose: &mut Loose) -> Option<Story> {
    let of_secars = |f: &Finding| match &f.subject {
        Subject::App(app) => iis_503_2::is_secars(app),
        subject => *subject == Subject::Sepm,
    };
    let rules = [sepm_push_storm::RULE.name, iis_503_2::RULE.name, iis_near_limit::RULE.name, sepm_server_503::RULE.name];
    let mut story = Story::of(loose.take(&rules, of_secars))?;
    if let (Some(push), Some(refused)) = (story.by(sepm_push_storm::RULE.name), story.by(iis_503_2::RULE.name)) {
        story.claim = format!("{} turned away with 503.2: {}", refused.count, lower(&push.title));
    }
    Some(story)
}

/// Requests that come together, or take long, so that all slots are taken.
fn ns(loose: &mut Loose) -> Option<Story> {
    if !loose.has(|f| f.rule == ns_slots_full::RULE.name) {
        return None;
    }
    let is_slow = loose.has(|f| f.rule == ns_slow_clients::RULE.name);
    let is_ns = |f: &Finding| match &f.subject {
        Subject::App(app) => iis_503_other::is_ns(app),
        // Slow clients are slow everywhere.
        Subject::HttpErr => f.rule == http_timers::RULE.name && is_slow,
        subject => *subject == Subject::Ns,
    };
    let rules = [
        ns_burst::RULE.name,
        ns_slow_clients::RULE.name,
        ns_slots_full::RULE.name,
        iis_503_other::RULE.name,
        http_timers::RULE.name,
    ];
    let mut findings = loose.take(&rules, is_ns);
    // Whatever began first stands first, of the causes.
    let is_cause = |f: &Finding| f.rule == ns_burst::RULE.name || f.rule == ns_slow_clients::RULE.name;
    let causes = findings.partition_point(is_cause);
    if let Some(causes) = findings.get_mut(..causes) {
        causes.sort_by_key(|f| f.first);
    }
    let mut story = Story::of(findings)?;
    let full = story.by(ns_slots_full::RULE.name).map(|full| full.title.clone()).unwrap_or_default();
    let causes: Vec<String> = [ns_burst::RULE.name, ns_slow_clients::RULE.name]
        .into_iter()
        .filter_map(|rule| story.by(rule).map(|cause| lower(&cause.title)))
        .collect();
    story.claim = if causes.is_empty() { full } else { format!("{full}: {}", causes.join("; ")) };
    Some(story)
}

/// Worker processes that fail, so that their pool is taken offline.
fn failures(loose: &mut Loose) -> Vec<Story> {
    let offline: Vec<Subject> =
        loose.0.iter().filter(|f| f.rule == http_app_offline::RULE.name).map(|f| f.subject.clone()).collect();
    let rules = [http_abandoned::RULE.name, http_app_offline::RULE.name];
    let both = offline.into_iter().filter(|subject| loose.has(|f| f.rule == http_abandoned::RULE.name && f.subject == *subject));
    let both: Vec<Subject> = both.collect();
    let stories = both.into_iter().filter_map(|subject| {
        let mut story = Story::of(loose.take(&rules, |f| f.subject == subject))?;
        let offline = story.by(http_app_offline::RULE.name)?;
        story.claim = format!("{}: its worker processes failed", offline.title);
        Some(story)
    });
    stories.collect()
}

/// The sites' logs are silent since HTTP.sys turns away whoever comes: that follows from whatever it turns them away for.
fn silence(stories: &mut Vec<Story>, silent: Vec<Finding>) {
    let of_http_sys = [
        http_connections_refused::RULE.name,
        http_queue_full::RULE.name,
        http_app_offline::RULE.name,
        http_disabled::RULE.name,
        ns_slots_full::RULE.name,
    ];
    let told = |story: &Story| story.findings.iter().filter(|f| of_http_sys.contains(&f.rule)).map(|f| f.count).max();
    match stories.iter_mut().filter(|story| told(story).is_some()).max_by_key(|story| told(story)) {
        Some(story) => story.findings.extend(silent),
        None => stories.extend(silent.into_iter().filter_map(|finding| Story::of(vec![finding]))),
    }
}

/// A title in the middle of a sentence. Names and numbers at its beginning stay as they are.
fn lower(title: &str) -> String {
    let mut chars = title.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() && !title.starts_with("Get") => {
            first.to_lowercase().chain([second]).chain(chars).collect()
        }
        _ => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_goes_on_in_the_middle_of_a_sentence() {
        assert_eq!(lower("Clients come together"), "clients come together");
        assert_eq!(lower("SEP clients in push mode"), "SEP clients in push mode");
        assert_eq!(lower("GetClientPolicies takes 22 s"), "GetClientPolicies takes 22 s");
        assert_eq!((lower("65 % of the clients").as_str(), lower("").as_str()), ("65 % of the clients", ""));
    }
}
