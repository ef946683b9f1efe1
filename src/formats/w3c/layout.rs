//! Where the columns of a log stand.

use crate::formats::fields::{self, find, status};
use crate::formats::rows::Row;
use crate::time::{parse_clock, parse_date};

/// Sets of fields that IIS writes by default, for files that begin without a header: IIS 8 and later, IIS 7, IIS 6, and all fields.
const DEFAULT_SETS: [&str; 4] = [
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken",
    "date time s-sitename s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status",
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
];

/// Where each column that is read stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    /// The `#Fields` value, for the preamble.
    pub text: Vec<u8>,
    pub columns: usize,
    pub date: Option<usize>,
    pub time: Option<usize>,
    /// Date and time are local (Advanced Logging's `date-local`, `time-local`).
    pub local: bool,
    pub site: Option<usize>,
    pub stem: Option<usize>,
    pub client: Option<usize>,
    pub user_agent: Option<usize>,
    pub status: Option<usize>,
    pub substatus: Option<usize>,
    pub taken: Option<usize>,
}

impl Layout {
    pub fn parse(value: &[u8]) -> Self {
        let names: Vec<&[u8]> = fields::names(value).collect();
        let at = |wanted: &[&str]| find(&names, wanted);
        let (date, time) = (at(&["date"]), at(&["time"]));
        Self {
            text: value.to_vec(),
            columns: names.len(),
            local: time.is_none() && at(&["time-local"]).is_some(),
            date: date.or_else(|| at(&["date-local"])),
            time: time.or_else(|| at(&["time-local"])),
            site: at(&["s-sitename"]),
            stem: at(&["cs-uri-stem", "cs-uri"]),
            client: at(&["c-ip"]),
            user_agent: at(&["cs(User-Agent)"]),
            status: at(&["sc-status"]),
            substatus: at(&["sc-substatus"]),
            taken: at(&["time-taken", "TimeTakenMS"]),
        }
    }

    /// The default set that a row without a header fits: by its number of columns, and its date, time and status parse.
    pub fn guess(row: &Row<'_, '_>) -> Option<Self> {
        DEFAULT_SETS.iter().map(|set| Self::parse(set.as_bytes())).find(|layout| {
            layout.columns == row.len()
                && parse_date(row.text(layout.date)).is_some()
                && parse_clock(row.text(layout.time)).is_some()
                && status(row.text(layout.status)).is_some()
        })
    }
}
