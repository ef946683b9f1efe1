//! The README says what the tables say.

use why503::diagnosis::RULES;
use why503::ui::action::ACTIONS;
use why503::ui::theme::THEMES;

const README: &str = include_str!("../README.md");

#[test]
fn every_key_is_in_the_readme_as_in_the_help() {
    for row in ACTIONS {
        let line = format!("| `{}` | {} |", row.shown, row.help);
        assert!(README.contains(&line), "the README lacks: {line}");
    }
}

#[test]
fn every_rule_theme_and_incident_is_in_the_readme() {
    let rules = RULES.iter().map(|r| r.name);
    let themes = THEMES.iter().map(|t| t.name);
    let incidents = why503::demo::INCIDENTS.iter().map(|i| i.name);
    for name in rules.chain(themes).chain(incidents) {
        assert!(README.contains(&format!("`{name}`")), "the README lacks {name}");
    }
}
