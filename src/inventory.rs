//! What was looked for on the machine, and what came of it: each thing found with its origin, each missing one with the places that
//! were looked at.

use serde::{Deserialize, Serialize};

/// What a thing that is looked for belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Windows itself: version, memory, what the non-paged pool can grow to.
    System,
    /// Sites, applications, pools and logs of IIS.
    Iis,
    /// HTTP.sys: HTTPERR and the settings of the HTTP service.
    HttpSys,
    /// Symantec Endpoint Protection Manager.
    Sepm,
    /// The Notification Server.
    Ns,
    /// Performance counters.
    Counters,
    /// Pool tags and the drivers that they belong to.
    PoolTags,
}

/// Something that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What it belongs to.
    pub topic: Topic,
    /// What was looked for: `HTTPERR`, `applicationHost.config`, `Windows`.
    pub what: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of looking for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is there: what it is or says, and where that was found.
    Found {
        /// `C:\inetpub\logs\LogFiles\W3SVC1`, `1000`, `Windows Server 2008 R2, 64-bit`.
        value: String,
        /// `applicationHost.config`, `HKLM\SYSTEM\...`, `computed`.
        origin: String,
    },
    /// It is not there, or not told: the places that were looked at.
    Missing {
        /// Paths, registry keys, names of counters.
        looked: Vec<String>,
    },
    /// It is there and may not be read.
    Denied {
        /// Where.
        place: String,
        /// The command that grants just that, to run as an administrator.
        grant: String,
    },
    /// It is there and cannot be used: why, and what to do. Also what must be known about it.
    Remark(String),
}

impl Item {
    /// Something that was found, and where.
    #[must_use]
    pub fn found(topic: Topic, what: &str, value: impl Into<String>, origin: impl Into<String>) -> Self {
        let outcome = Outcome::Found { value: value.into(), origin: origin.into() };
        Self { topic, what: what.to_owned(), outcome }
    }

    /// Something that is not there, and where it was looked for.
    #[must_use]
    pub fn missing(topic: Topic, what: &str, looked: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let outcome = Outcome::Missing { looked: looked.into_iter().map(Into::into).collect() };
        Self { topic, what: what.to_owned(), outcome }
    }

    /// Something that must be known.
    #[must_use]
    pub fn remark(topic: Topic, what: &str, remark: impl Into<String>) -> Self {
        Self { topic, what: what.to_owned(), outcome: Outcome::Remark(remark.into()) }
    }
}

/// Takes over what was found in the place of what was known of the same things.
pub fn absorb(known: &mut Vec<Item>, found: Vec<Item>) {
    known.retain(|item| found.iter().all(|new| (new.topic, &new.what) != (item.topic, &item.what)));
    known.extend(found);
    known.sort_by_key(|item| item.topic);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_anew_replaces_what_was_told() {
        let log = Item::found(Topic::Sepm, "SEPM log", "C:\\log", "registry");
        let mut known = vec![Item::missing(Topic::Sepm, "SEPM", ["C:\\a"]), Item::found(Topic::Iis, "site", "One", "x"), log];
        absorb(
            &mut known,
            vec![Item::found(Topic::Sepm, "SEPM", "C:\\b", "registry"), Item::remark(Topic::Sepm, "SEPM", "Apache")],
        );
        let told = known.iter().map(|item| (item.topic, item.what.as_str())).collect::<Vec<_>>();
        assert_eq!(told, [(Topic::Iis, "site"), (Topic::Sepm, "SEPM log"), (Topic::Sepm, "SEPM"), (Topic::Sepm, "SEPM")]);
        assert!(!known.contains(&Item::missing(Topic::Sepm, "SEPM", ["C:\\a"])));
    }
}
