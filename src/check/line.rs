//! The answer in the forms of monitoring systems: one line, whatever a log says.

use serde_json::{Value, json};

use super::Check;
use super::measure::Measure;
use super::range::{Bounds, number};
use crate::ui::text::{Charset, Shown};

/// Columns of the text: old transports cut a line at 1024 bytes, and the performance data must fit, too.
const MOST_TEXT: usize = 300;
/// Columns of `; and 99 more`.
const AND_MORE: usize = 13;

impl Check {
    /// For Nagios and Icinga: `WHY503 OK - text | performance data`.
    #[must_use]
    pub fn nagios(&self) -> String {
        let data: Vec<String> = self.measures.iter().map(perfdata).collect();
        let bar = if data.is_empty() { "" } else { " | " };
        format!("WHY503 {} - {}{bar}{}\n", self.state.name(), self.text(), data.join(" "))
    }

    /// For CheckMK: `0 why503 metrics text`.
    #[must_use]
    pub fn checkmk(&self) -> String {
        let data: Vec<String> = self.measures.iter().map(metric).collect();
        let data = if data.is_empty() { String::from("-") } else { data.join("|") };
        format!("{} why503 {data} {}\n", self.state.code(), self.text())
    }

    /// For Zabbix and scripts: one object, `why503/check/1`.
    #[must_use]
    pub fn json(&self) -> String {
        let object = json!({
            "schema": "why503/check/1",
            "state": self.state.name(),
            "code": self.state.code(),
            "at": self.at.map(crate::time::Time::rfc3339),
            "text": self.text(),
            "measures": self.measures.iter().map(measure).collect::<Vec<_>>(),
        });
        format!("{object}\n")
    }

    /// Why, in one line without a bar, which would end it. Reasons for which there is no room are counted.
    fn text(&self) -> String {
        let head = self.as_of.as_ref().map_or_else(String::new, |as_of| format!("{as_of}: "));
        let room = MOST_TEXT.saturating_sub(Shown::from_str(&head).width() + AND_MORE);
        let mut text = String::new();
        for (place, reason) in self.reasons.iter().enumerate() {
            let reason = shown(reason).replace('|', "/");
            let reason = Shown::from_str(&reason);
            let joined = format!("{text}; {}", reason.as_str());
            text = match place {
                // What is worst is told, however long.
                0 => reason.cut(room, Charset::Unicode).as_str().to_owned(),
                _ if Shown::from_str(&joined).width() <= room => joined,
                left_out => return format!("{head}{text}; and {} more", self.reasons.len() - left_out),
            };
        }
        head + &text
    }
}

fn shown(text: &str) -> String {
    Shown::from_str(text).as_str().to_owned()
}

/// `'label'=value[UOM];[warn];[crit];[min];[max]`
fn perfdata(measure: &Measure) -> String {
    let name = measure.metric.name();
    // A label has no quote and no equals sign, and what ends the text may not stand in it either.
    let of = shown(&measure.of).replace(['\'', '=', '|', ';'], "_");
    let label = if of.is_empty() { name.to_owned() } else { format!("'{name} {of}'") };
    let bounds = |bounds: Option<Bounds>| bounds.map_or_else(String::new, |bounds| bounds.to_string());
    let (warning, critical) = (bounds(measure.warning), bounds(measure.critical));
    let max = measure.max.map_or_else(String::new, number);
    format!("{label}={}{};{warning};{critical};0;{max}", number(measure.value), measure.unit)
}

/// `name=value;warn;crit;min;max`, with a name of letters, digits and underlines.
fn metric(measure: &Measure) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let of: String = measure.of.chars().map(plain).collect();
    let name = if of.is_empty() { measure.metric.name().to_owned() } else { format!("{}_{of}", measure.metric.name()) };
    let levels = |bounds: Option<Bounds>| bounds.map_or_else(String::new, |bounds| bounds.levels());
    let (warning, critical) = (levels(measure.warning), levels(measure.critical));
    let max = measure.max.map_or_else(String::new, number);
    format!("{name}={};{warning};{critical};0;{max}", number(measure.value))
}

fn measure(measure: &Measure) -> Value {
    json!({
        "metric": measure.metric.name(),
        "of": Some(shown(&measure.of)).filter(|of| !of.is_empty()),
        "value": measure.value,
        "unit": Some(measure.unit).filter(|unit| !unit.is_empty()),
        "warning": measure.warning.map(|bounds| bounds.to_string()),
        "critical": measure.critical.map(|bounds| bounds.to_string()),
        "max": measure.max,
    })
}
