//! What is known of the machine whose logs these are, as far as remedies depend on it.

use crate::engine::Moment;
use crate::inventory::{Outcome, Topic};

/// The servers of which some are 32-bit, the longer name first, as the origin of a maximum may name them.
const RELEASES: [(&str, (u32, u32)); 3] = [("Server 2003", (5, 2)), ("Server 2008 R2", (6, 1)), ("Server 2008", (6, 0))];

/// Windows, as the machine told it; all unknown where only logs are read.
pub(super) struct Windows {
    /// `Server 2003, 32-bit`.
    pub name: Option<String>,
    /// Major and minor version: (5, 2) is Server 2003, (6, 0) Server 2008.
    pub version: Option<(u32, u32)>,
    /// It is known to be 64-bit: it has no such switch as /3GB.
    pub is_64: bool,
    /// Where it says that programs have more than 2 GB of addresses: `C:\boot.ini`.
    pub three_gb: Option<String>,
    /// The `MaxConnections` that HTTP.sys is set to.
    pub max_connections: Option<String>,
}

impl Windows {
    pub fn of(moment: &Moment<'_>) -> Self {
        let found = |topic: Topic, what: &str| {
            moment.inventory.iter().find_map(|item| match &item.outcome {
                Outcome::Found { value, origin } if item.topic == topic && item.what == what => Some((value, origin)),
                _ => None,
            })
        };
        // Server 2003 (5.2.3790), 32-bit, 4 GB of memory
        let told = found(Topic::System, "Windows").map(|(value, _)| value.as_str()).unwrap_or_default();
        let (release, rest) = told.split_once(" (").unwrap_or_default();
        let (numbers, rest) = rest.split_once("), ").unwrap_or_default();
        let width = rest.split(',').next().unwrap_or_default();
        let origin = moment.limits.pool_max().map(|max| max.origin).unwrap_or_default();
        let mut numbers = numbers.split('.').map(str::parse::<u32>);
        let version = numbers.next().and_then(Result::ok).zip(numbers.next().and_then(Result::ok));
        let name = version.map(|_| format!("{release}, {width}"));
        let of_origin = RELEASES.iter().find(|(name, _)| origin.contains(name)).map(|(_, version)| *version);
        // IIS 6 is a part of Server 2003.
        let of_logs = moment.limits.logs_of_iis6.then_some((5, 2));
        let version = version.or(of_origin).or(of_logs);
        Self {
            name,
            version,
            is_64: width == "64-bit",
            // Of a recording only the origin of the maximum may tell.
            three_gb: found(Topic::System, "/3GB")
                .map(|(_, origin)| origin.clone())
                .or_else(|| (origin.contains("/3GB") && !origin.contains("without /3GB")).then(|| origin.clone())),
            max_connections: found(Topic::HttpSys, "MaxConnections of all sites").map(|(value, _)| value.clone()),
        }
    }

    /// It may be Windows Server 2003 or XP.
    pub fn may_be_2003(&self) -> bool {
        self.version.is_none_or(|(major, _)| major <= 5)
    }

    /// It may be Windows Server 2008 or later.
    pub fn may_be_2008(&self) -> bool {
        self.version.is_none_or(|(major, _)| major >= 6)
    }

    /// `Server 2003: `, where it is not known which Windows it is, to go before what only one of them can do.
    pub fn only(&self, of: &str) -> String {
        if self.version.is_some() { String::new() } else { format!("{of}: ") }
    }
}
