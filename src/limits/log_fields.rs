//! Which fields a W3C log has: `logExtFileFlags` of IIS 7.0 and later, `LogExtFileFlags` of IIS 6.

/// A set of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFields(u32);

/// The names and their bits (IIS configuration reference, `site/logFile`), in the order of the columns.
const NAMES: [(&str, u32); 22] = [
    ("Date", 0x1),
    ("Time", 0x2),
    ("SiteName", 0x10),
    ("ComputerName", 0x20),
    ("ServerIP", 0x40),
    ("Method", 0x80),
    ("UriStem", 0x100),
    ("UriQuery", 0x200),
    ("ServerPort", 0x8000),
    ("UserName", 0x8),
    ("ClientIP", 0x4),
    ("ProtocolVersion", 0x8_0000),
    ("UserAgent", 0x1_0000),
    ("Cookie", 0x2_0000),
    ("Referer", 0x4_0000),
    ("Host", 0x10_0000),
    ("HttpStatus", 0x400),
    ("HttpSubStatus", 0x20_0000),
    ("Win32Status", 0x800),
    ("BytesSent", 0x1000),
    ("BytesRecv", 0x2000),
    ("TimeTaken", 0x4000),
];

impl LogFields {
    /// `time-taken`: without it nobody can tell from the log how many requests there were at once.
    pub const TIME_TAKEN: Self = Self(0x4000);
    /// `sc-substatus`: without it a 503.2 looks like any other 503.
    pub const SUBSTATUS: Self = Self(0x20_0000);
    /// What IIS 6 logs unless told otherwise, which has no `time-taken` ("internal default" of the property's page).
    pub const IIS_6: Self = Self(0x21_8FCF);
    /// What a site of IIS 7.0 and later logs unless told otherwise.
    pub const SITE: Self = Self(Self::IIS_6.0 | Self::TIME_TAKEN.0);
    /// What `centralW3CLogFile` logs unless told otherwise, which has no `time-taken`.
    pub const CENTRAL: Self = Self(Self::IIS_6.0 | 0x10);

    /// Reads `Date, Time, TimeTaken`, `LogExtFileDate | LogExtFileTime`, or the number that they make. Names that nobody knows are
    /// passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let words = text.split([',', '|']).map(str::trim).filter(|word| !word.is_empty());
        Self(words.fold(0, |bits, word| bits | bits_of(word)))
    }

    /// Whether all of `other` are among them.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and `other`.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// As applicationHost.config has them: `Date, Time, TimeTaken`.
    #[must_use]
    pub fn names(self) -> String {
        let names = NAMES.iter().filter(|(_, bit)| self.0 & bit != 0).map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(", ")
    }

    /// As `adsutil.vbs` takes them: their number.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

fn bits_of(word: &str) -> u32 {
    if let Ok(number) = word.parse() {
        return number;
    }
    let name = match word.split_at_checked("LogExtFile".len()) {
        Some((head, rest)) if head.eq_ignore_ascii_case("LogExtFile") => rest,
        _ => word,
    };
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or(0, |(_, bit)| *bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_and_the_number_give_the_same() {
        let names = LogFields::parse("Date, Time, ClientIP,TimeTaken, NobodyKnows");
        assert_eq!(names, LogFields::parse("LogExtFileDate | LogExtFileTime | LogExtFileClientIp | logExtFileTimeTaken"));
        assert_eq!(names, LogFields::parse("16391"));
        assert_eq!((names.names().as_str(), names.number()), ("Date, Time, ClientIP, TimeTaken", 16391));
        assert!(names.has(LogFields::TIME_TAKEN) && !names.has(LogFields::SUBSTATUS));
    }

    #[test]
    fn the_defaults_differ_in_the_time_taken_and_the_site() {
        let iis6 = "Date, Time, ServerIP, Method, UriStem, UriQuery, ServerPort, UserName, ClientIP, UserAgent, HttpStatus, \
                    HttpSubStatus, Win32Status";
        assert_eq!(LogFields::IIS_6.names(), iis6);
        assert_eq!(LogFields::SITE.names(), format!("{iis6}, TimeTaken"));
        assert_eq!(LogFields::CENTRAL.names(), iis6.replace("Time, ServerIP", "Time, SiteName, ServerIP"));
    }
}
