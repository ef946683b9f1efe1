//! `y`: what is copied.

use super::{Effect, Ui};
use crate::diagnosis::{Diagnosis, Subject};
use crate::engine::Moment;
use crate::ui::text::{Charset, Shown};
use crate::ui::views::View;

impl Ui {
    /// The command that the selected row is of; on a finding its first command, else the row as it is shown.
    pub(super) fn copy(&mut self, moment: &Moment<'_>) -> Vec<Effect> {
        let listing = self.listing(moment, None);
        let row = listing.rows.get(self.level().selection(&listing));
        let of_row = row.and_then(|row| row.copy.clone());
        let finding = match (&self.level().view, row.and_then(|row| row.target.as_ref())) {
            (View::Finding { rule, subject }, _) | (View::Findings, Some(View::Finding { rule, subject })) => {
                command(moment, rule, subject)
            }
            _ => None,
        };
        let text = of_row.or(finding).or_else(|| row.map(crate::ui::listing::ListRow::all_text));
        text.map(Effect::Copy).into_iter().collect()
    }

    /// What to tell of a text that was copied. Whether the terminal took it nobody knows.
    #[must_use]
    pub fn copied(&self, text: &str) -> String {
        let (before, after) = ("copied: ", ", if the terminal allows OSC 52");
        let room = usize::from(self.width).saturating_sub(before.len() + after.len() + 2);
        format!("{before}{}{after}", Shown::from_str(text.trim()).cut(room, Charset::Ascii))
    }
}

/// The first command of a finding's remedies.
fn command(moment: &Moment<'_>, rule: &str, subject: &Subject) -> Option<String> {
    let diagnosis = Diagnosis::of(moment);
    let finding = diagnosis.findings().find(|finding| finding.rule == rule && finding.subject == *subject)?;
    finding.remedies.iter().find_map(|remedy| remedy.command.clone())
}
