//! CoreSettings.config of a Notification Server: how many requests it serves at once.
//!
//! `<customSetting key="MaxConcurrentConfigRequests" type="local" value="30" />`, or with `defaultValue` for a setting that the registry
//! may override (KB 176788 has administrators edit that one). `value` wins where both stand. Which value of the registry it is stays
//! known, for whoever can look.

use crate::formats::xml::{Document, Element, Reading};
use crate::formats::{Ability, Format, Head, Kind, Sniff, text};
use crate::limits::{Overridden, Settings};

/// The key of the slots for configuration requests.
pub const CONFIG_SLOTS: &str = "MaxConcurrentConfigRequests";
/// The key of the slots for package-info requests.
pub const PACKAGE_SLOTS: &str = "MaxConcurrentPackageInfoRequests";

/// The format's row.
pub const FORMAT: Format = Format {
    kind: Kind::CoreSettings,
    title: "NS core settings",
    sniff,
    ability: Ability::Read(|hints| Box::new(Document::<CoreSettings>::new(hints))),
};

/// Yes from the first `<customSetting` on.
fn sniff(head: Head<'_>) -> Sniff {
    if head.iter().any(|line| text::holds(line, b"<customsetting")) { Sniff::Yes } else { Sniff::No }
}

/// Fills the slots.
#[derive(Default)]
struct CoreSettings(Settings);

impl Reading for CoreSettings {
    fn element(&mut self, path: &[&str], element: &Element<'_>) {
        if !path.last().is_some_and(|name| name.eq_ignore_ascii_case("customSetting")) {
            return;
        }
        let Some(key) = element.get("key") else { return };
        let value = element.number("value").or_else(|| element.number("defaultValue"));
        let (setting, slots) = match key.trim().to_ascii_lowercase().as_str() {
            "maxconcurrentconfigrequests" => (CONFIG_SLOTS, &mut self.0.config_slots),
            "maxconcurrentpackageinforequests" => (PACKAGE_SLOTS, &mut self.0.package_slots),
            _ => return,
        };
        *slots = value.or(*slots);
        let registry = element.get("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("registry"));
        if let (true, Some(key), Some(value)) = (registry, element.get("regKey"), element.get("regValue")) {
            self.0.overridden.push(Overridden { setting, key, value });
        }
    }

    fn settings(self) -> Settings {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Hints;
    use crate::formats::testing::{Told, decoder};
    use crate::record::{Fact, Record};

    fn slots(record: &Record<'_>) -> (Option<u64>, Option<u64>) {
        match &record.fact {
            Fact::Settings(settings) => (settings.config_slots, settings.package_slots),
            _ => (None, None),
        }
    }

    #[test]
    fn value_beats_default_and_keys_have_no_case() {
        let text = b"<a>\n<CustomSetting defaultValue='50' key='maxConcurrentConfigRequests' value=' 30 '/>\n\
                     <customSetting key='MaxConcurrentPackageInfoRequests' defaultValue='10' value=''/></a>\n\n";
        let told = Told::of(&FORMAT, &Hints::default(), text, slots);
        assert_eq!((told.records, told.malformed.len()), (vec![(Some(30), Some(10))], 0));
    }

    #[test]
    fn a_setting_of_type_registry_says_where_in_the_registry() {
        let text = b"<a><customSetting key='MaxConcurrentPackageInfoRequests' type='registry' regKey='Notification Server'\n\
                     regValue='MaxPackage' defaultValue='10'/>\n<customSetting key='Other' type='registry' regKey='x' regValue='y'/>\n\
                     <customSetting key='MaxConcurrentConfigRequests' type='local' regKey='x' regValue='y' value='30'/></a>";
        let told = Told::of(&FORMAT, &Hints::default(), text, |record| match &record.fact {
            Fact::Settings(settings) => settings.overridden.clone(),
            _ => Vec::new(),
        });
        let (key, value) = (String::from("Notification Server"), String::from("MaxPackage"));
        assert_eq!(told.records, [[Overridden { setting: PACKAGE_SLOTS, key, value }]]);
    }

    #[test]
    fn what_was_read_before_an_error_stands() {
        let text = b"<a>\n<customSetting key='MaxConcurrentConfigRequests' value='30'/>\n<b></a>\n";
        let told = Told::of(&FORMAT, &Hints::default(), text, slots);
        assert_eq!(told.records, [(Some(30), None)]);
        assert_eq!(told.malformed, [(3, "the document is no well-formed XML")]);
    }

    #[test]
    fn quiet_hands_out_a_complete_document_once() {
        let mut told = Told::new(slots);
        let mut decoder = decoder(&FORMAT, &Hints::default());
        told.feed(decoder.as_mut(), b"<a>\n<customSetting key='MaxConcurrentConfigRequests' value='30'/>\n");
        decoder.idle(&mut told);
        assert!(told.records.is_empty());
        told.feed(decoder.as_mut(), b"</a>\n");
        decoder.idle(&mut told);
        decoder.idle(&mut told);
        decoder.finish(&mut told);
        assert_eq!((told.records.len(), told.malformed.len()), (1, 0));
    }
}
