//! What was looked for on the machine, as a report tells it.

use serde::Serialize;

use crate::inventory::{Item, Outcome};

/// Something that was looked for.
#[derive(Debug, Clone, Serialize)]
pub(super) struct MachineRow {
    /// What was looked for.
    pub what: String,
    /// `found`, `missing`, `denied` or `remark`.
    pub state: &'static str,
    /// What it is, what was remarked, or the command that grants what was denied.
    pub value: Option<String>,
    /// Where it was found, or denied.
    pub origin: Option<String>,
    /// Where it was looked for in vain.
    pub looked: Vec<String>,
}

impl MachineRow {
    /// A row of it.
    pub fn of(item: &Item) -> Self {
        let (state, value, origin, looked) = match &item.outcome {
            Outcome::Found { value, origin } => ("found", Some(value), Some(origin), Vec::new()),
            Outcome::Missing { looked } => ("missing", None, None, looked.clone()),
            Outcome::Denied { place, grant } => ("denied", Some(grant), Some(place), Vec::new()),
            Outcome::Remark(remark) => ("remark", Some(remark), None, Vec::new()),
        };
        Self { what: item.what.clone(), state, value: value.cloned(), origin: origin.cloned(), looked }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{Engine, Envelope, Payload};
    use crate::inventory::{Item, Outcome, Topic};
    use crate::record::SourceId;
    use crate::report::Report;
    use crate::time::{Time, Zone};

    fn report(found: Vec<Item>) -> Report {
        let mut engine = Engine::default();
        engine.take(Envelope { heard: Time::MIN, source: SourceId(0), payload: Payload::Inventory(found) });
        Report::without_texts(&engine.moment(Time::MIN), Zone::Utc)
    }

    #[test]
    fn what_was_looked_for_is_told_and_nothing_where_nobody_looked() {
        let grant = String::from("icacls C:\\HTTPERR /grant ann:R");
        let denied = Outcome::Denied { place: String::from("C:\\HTTPERR"), grant };
        let found = report(vec![
            Item::missing(Topic::Iis, "IIS", ["C:\\a", "C:\\b"]),
            Item { topic: Topic::HttpSys, what: String::from("HTTPERR"), outcome: denied },
        ]);
        let json: serde_json::Value = serde_json::from_str(&found.json().unwrap()).unwrap();
        assert_eq!(json["machine"][0]["state"], "missing");
        assert_eq!(json["machine"][0]["looked"][1], "C:\\b");
        assert_eq!(json["machine"][1]["value"], "icacls C:\\HTTPERR /grant ann:R");
        let text = found.text(true);
        assert!(text.contains("IIS: not found, looked in C:\\a, C:\\b"), "{text}");
        assert!(text.contains("to grant it: icacls"), "{text}");
        let nothing = report(Vec::new());
        assert!(!nothing.json().unwrap().contains("machine") && !nothing.text(true).contains("This machine"));
    }
}
