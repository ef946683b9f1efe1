//! What `d` compares, going by what is looked at.

use super::Changed;
use crate::diagnosis::change::Change;
use crate::diagnosis::{Finding, Subject};
use crate::drill::Plan;
use crate::drill::matching::About;
use crate::ui::views::{Look, View};

/// What to compare on a level, with what is behind the row that is selected there, and whether anybody chose that row; `None` where
/// nothing there has a before.
pub(in crate::ui) fn propose(look: &Look<'_>, level: &View, row: Option<&View>, is_chosen: bool) -> Option<Changed> {
    let diagnosis = look.diagnosis();
    let subject = match (level, row) {
        (View::Finding { rule, subject }, _) | (View::Findings, Some(View::Finding { rule, subject })) => {
            let finding = diagnosis.findings().find(|f| f.rule == *rule && f.subject == *subject)?;
            return Some(of_finding(look, finding, about(look, subject)));
        }
        (View::Changed(changed), _) => changed.subject.clone(),
        (View::AppGroups { app, .. }, _) | (View::Apps, Some(View::AppGroups { app, .. })) => Subject::App(app.clone()),
        (View::NsTypes | View::NsGroups { .. }, _) => Subject::Ns,
        (View::Tags | View::Tag(_), _) => Subject::Pool,
        _ => return None,
    };
    let about = match level {
        View::NsGroups { request, .. } => Some(About::Ns(*request)),
        View::Changed(changed) => changed.about.clone(),
        _ => about(look, &subject),
    };
    // The newest finding about it, else the window and the one before it.
    let is_about = |finding: &&Finding| match subject {
        Subject::Pool => matches!(finding.subject, Subject::Pool | Subject::Tag(_)),
        Subject::App(_) if !is_chosen => matches!(finding.subject, Subject::App(_)),
        _ => finding.subject == subject,
    };
    let newest = diagnosis.findings().filter(is_about).max_by_key(|finding| finding.last);
    Some(match newest {
        Some(finding) if finding.subject != subject => of_finding(look, finding, self::about(look, &finding.subject)),
        Some(finding) => of_finding(look, finding, about),
        None => {
            let change = Change::of_window(look.moment, &subject, look.window);
            let of_logs = of_logs(look, about.as_ref(), &change);
            Changed { subject, about, change, of_logs }
        }
    })
}

fn of_finding(look: &Look<'_>, finding: &Finding, about: Option<About>) -> Changed {
    let change = Change::of_finding(look.moment, finding);
    Changed { subject: finding.subject.clone(), about, change, of_logs: Vec::new() }
}

/// The rules that found something about a log that is read again for this.
fn of_logs(look: &Look<'_>, about: Option<&About>, change: &Change) -> Vec<&'static str> {
    let Some(about) = about else { return Vec::new() };
    let plan = Plan::new(look.moment, about.clone(), change.during.clone(), None);
    let diagnosis = look.diagnosis();
    let found = diagnosis.findings().filter(|finding| matches!(finding.subject, Subject::Source(source) if plan.reads(source)));
    let mut rules: Vec<&'static str> = found.map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

/// The requests that a subject is about. Of those that no row can be told to belong to, all requests.
pub(in crate::ui::views) fn about(look: &Look<'_>, subject: &Subject) -> Option<About> {
    Some(match subject {
        Subject::App(app) => About::App(app.clone()),
        Subject::Ns => About::NsSlots,
        Subject::Pool | Subject::Tag(_) => return None,
        Subject::Sepm => {
            let mut apps = look.moment.timeline.apps().map(|(name, _)| name);
            let secars = apps.find(|name| name.to_ascii_lowercase().ends_with("/secars"));
            secars.map_or(About::Everything, |name| About::App(name.to_owned()))
        }
        Subject::AppPool(_) | Subject::Site(_) | Subject::Source(_) | Subject::HttpErr => About::Everything,
    })
}
