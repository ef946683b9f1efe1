//! The counters that are sampled. Their names are the English ones, which PDH takes on a system of any language.

/// A counter, of one object or of each of its instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The object: `Memory`.
    pub object: &'static str,
    /// It has instances: sites, pools, worker processes.
    pub instances: bool,
    /// The counter's name.
    pub counter: &'static str,
    /// Who has it.
    pub of: &'static str,
}

impl Wanted {
    /// Its path with a star for the instances: `\W3SVC_W3WP(*)\Active Requests`.
    #[must_use]
    pub fn path(&self) -> String {
        let star = if self.instances { "(*)" } else { "" };
        format!("\\{}{star}\\{}", self.object, self.counter)
    }

    /// The path of one instance.
    #[must_use]
    pub fn path_of(&self, instance: &str) -> String {
        format!("\\{}({instance})\\{}", self.object, self.counter)
    }
}

const fn of_one(object: &'static str, counter: &'static str, of: &'static str) -> Wanted {
    Wanted { object, instances: false, counter, of }
}

const fn of_each(object: &'static str, counter: &'static str, of: &'static str) -> Wanted {
    Wanted { object, instances: true, counter, of }
}

/// What is asked for, the most telling first: where a line cannot hold all, the last are left out.
pub const WANTED: &[Wanted] = &[
    of_one("Memory", "Pool Nonpaged Bytes", "Windows"),
    of_one("Memory", "Pool Nonpaged Allocs", "Windows"),
    of_one("Memory", "Available Bytes", "Windows"),
    // Tells something on 32-bit systems only.
    of_one("Memory", "Free System Page Table Entries", "Windows"),
    of_one("ASP.NET", "Requests Current", "ASP.NET"),
    of_one("ASP.NET", "Requests Queued", "ASP.NET"),
    of_one("ASP.NET", "Requests Rejected", "ASP.NET"),
    of_each("W3SVC_W3WP", "Active Requests", "IIS 7.5 and later"),
    of_each("HTTP Service Request Queues", "CurrentQueueSize", "HTTP.sys"),
    of_each("HTTP Service Request Queues", "RejectedRequests", "HTTP.sys"),
    of_each("HTTP Service Request Queues", "ArrivalRate", "HTTP.sys"),
    of_each("APP_POOL_WAS", "Current Application Pool State", "the Windows Process Activation Service"),
    of_each("Web Service", "Current Connections", "IIS"),
];
