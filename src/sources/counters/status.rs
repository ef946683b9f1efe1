//! What the statuses of PDH mean for who samples: a table over the codes of pdhmsg.h.
//!
//! The codes and what they say: Microsoft, "Performance Data Helper Error Codes" and "Checking Counter Data Status Codes". Functions of
//! PDH also give codes of the system ("System Error Codes").

/// What to make of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// There is a value.
    Value,
    /// The object or the counter is not there; it may come with a role or a service, so it is looked for again.
    Absent,
    /// The object is there and has no such instance now.
    NoInstance,
    /// There is no value this time: the first sample of a rate, a time-out, a counter that was reset.
    Later,
    /// The machine does not answer.
    Unreachable,
    /// Who runs the program may not read it.
    Denied,
    /// What was asked cannot be: a fault of this program, or of the system.
    Fault,
}

/// A status, its class, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The code.
    pub code: u32,
    /// What to make of it.
    pub class: Class,
    /// What it says, in words.
    pub words: &'static str,
}

const fn row(code: u32, class: Class, words: &'static str) -> Status {
    Status { code, class, words }
}

/// The statuses that functions and counters of PDH may have when nothing is read from log files. `PDH_` is left out.
const STATUSES: &[Status] = &[
    // VALID_DATA, NEW_DATA
    row(0, Class::Value, "there is a value"),
    row(1, Class::Value, "there is a value"),
    // NO_MACHINE, CANNOT_CONNECT_MACHINE, CANNOT_READ_NAME_STRINGS
    row(0x8000_07D0, Class::Unreachable, "the machine cannot be reached"),
    row(0xC000_0BC3, Class::Unreachable, "the machine cannot be reached"),
    row(
        0xC000_0BC8,
        Class::Unreachable,
        "the machine does not tell the names of its counters: is its Remote Registry service running?",
    ),
    // NO_INSTANCE
    row(0x8000_07D1, Class::NoInstance, "there is no such instance"),
    // NO_OBJECT, NO_COUNTER, NO_COUNTERS, STRING_NOT_FOUND
    row(0xC000_0BB8, Class::Absent, "there is no such object"),
    row(0xC000_0BB9, Class::Absent, "there is no such counter"),
    row(0xC000_0BDF, Class::Absent, "there are no counters"),
    row(0xC000_0BD4, Class::Absent, "the system does not know the name"),
    // MORE_DATA, ITEM_NOT_VALIDATED, RETRY, NO_DATA
    row(0x8000_07D2, Class::Later, "the instances changed while they were read"),
    row(0x8000_07D3, Class::Later, "the counter was not read yet"),
    row(0x8000_07D4, Class::Later, "the system asks to try again"),
    row(0x8000_07D5, Class::Later, "there is no data, or the user may not read it"),
    // CALC_NEGATIVE_DENOMINATOR, CALC_NEGATIVE_TIMEBASE, CALC_NEGATIVE_VALUE
    row(0x8000_07D6, Class::Later, "the counter went backwards"),
    row(0x8000_07D7, Class::Later, "the counter's time went backwards"),
    row(0x8000_07D8, Class::Later, "the counter went backwards"),
    // ASYNC_QUERY_TIMEOUT, QUERY_PERF_DATA_TIMEOUT
    row(0x8000_07DB, Class::Later, "the system is too busy to collect counters"),
    row(0xC000_0BFE, Class::Later, "the system is too busy to collect counters"),
    // CSTATUS_INVALID_DATA, INVALID_DATA, NO_MORE_DATA, UNABLE_MAP_NAME_FILES
    row(0xC000_0BBA, Class::Later, "the counter gives no valid data"),
    row(0xC000_0BC6, Class::Later, "the counter gives no valid data"),
    row(0xC000_0BCC, Class::Later, "there is no data"),
    row(0x8000_0BD5, Class::Later, "the names of the counters are being read"),
    // MEMORY_ALLOCATION_FAILURE
    row(0xC000_0BBB, Class::Later, "the system is out of memory"),
    // ACCESS_DENIED, LOGSVC_NOT_OPENED
    row(0xC000_0BDB, Class::Denied, "counters may not be read"),
    row(0xC000_0BD9, Class::Denied, "counters may not be read"),
    // INVALID_HANDLE, INVALID_ARGUMENT, FUNCTION_NOT_FOUND, NO_COUNTERNAME, BAD_COUNTERNAME, INVALID_BUFFER, INSUFFICIENT_BUFFER
    row(0xC000_0BBC, Class::Fault, "the handle is not valid"),
    row(0xC000_0BBD, Class::Fault, "an argument is not valid"),
    row(0xC000_0BBE, Class::Fault, "the system cannot calculate the counter"),
    row(0xC000_0BBF, Class::Fault, "no counter was named"),
    row(0xC000_0BC0, Class::Fault, "the path is not understood"),
    row(0xC000_0BC1, Class::Fault, "the buffer is not valid"),
    row(0xC000_0BC2, Class::Fault, "the buffer is too small"),
    // INVALID_PATH, INVALID_INSTANCE, NOT_IMPLEMENTED, WBEM_ERROR, COUNTER_ALREADY_IN_QUERY
    row(0xC000_0BC4, Class::Fault, "the path is not understood"),
    row(0xC000_0BC5, Class::Fault, "the name of the instance is not understood"),
    row(0xC000_0BD3, Class::Fault, "the system does not have the function"),
    row(0xC000_0BDA, Class::Fault, "WMI has an error"),
    row(0xC000_0BF6, Class::Fault, "the counter is asked for twice"),
    // Of the system: ERROR_ACCESS_DENIED, ERROR_LOGON_FAILURE
    row(5, Class::Denied, "counters may not be read"),
    row(1326, Class::Denied, "the machine does not accept the user"),
    // ERROR_REM_NOT_LIST, ERROR_BAD_NETPATH, ERROR_NETNAME_DELETED, ERROR_SEM_TIMEOUT, ERROR_HOST_UNREACHABLE
    row(51, Class::Unreachable, "the machine cannot be reached"),
    row(53, Class::Unreachable, "the machine is not found on the network"),
    row(64, Class::Unreachable, "the connection to the machine broke"),
    row(121, Class::Unreachable, "the machine does not answer in time"),
    row(1232, Class::Unreachable, "the machine cannot be reached"),
    // RPC_S_SERVER_UNAVAILABLE, RPC_S_SERVER_TOO_BUSY, RPC_S_CALL_FAILED, ERROR_TIMEOUT
    row(1722, Class::Unreachable, "the machine does not answer"),
    row(1723, Class::Later, "the machine is too busy"),
    row(1726, Class::Unreachable, "the machine stopped answering"),
    row(1460, Class::Later, "the system did not answer in time"),
    // ERROR_FILE_NOT_FOUND: names of counters that the registry lacks
    row(2, Class::Absent, "the system does not know the counter"),
    // ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY, ERROR_BUSY, ERROR_NO_SYSTEM_RESOURCES
    row(8, Class::Later, "the system is out of memory"),
    row(14, Class::Later, "the system is out of memory"),
    row(170, Class::Later, "the system is busy"),
    row(1450, Class::Later, "the system is out of resources"),
];

/// What a code means. What is not known counts as a failure that may pass.
#[must_use]
pub fn status(code: u32) -> Status {
    STATUSES.iter().find(|row| row.code == code).copied().unwrap_or(row(code, Class::Later, "an error that is not known"))
}

impl Status {
    /// What it says, with its code as one would look it up: `the path is not understood (0xC0000BC4)`.
    #[must_use]
    pub fn told(&self) -> String {
        if self.code < 0x1_0000 {
            format!("{} (error {})", self.words, self.code)
        } else {
            format!("{} ({:#010X})", self.words, self.code)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_code_stands_in_the_table_twice() {
        let codes: BTreeSet<u32> = STATUSES.iter().map(|row| row.code).collect();
        assert_eq!(codes.len(), STATUSES.len());
    }

    #[test]
    fn each_class_has_its_statuses_and_what_is_unknown_may_pass() {
        let class = |code| status(code).class;
        assert_eq!([0, 1].map(class), [Class::Value; 2]);
        assert_eq!([0xC000_0BB8, 0xC000_0BB9].map(class), [Class::Absent; 2]);
        assert_eq!(class(0x8000_07D1), Class::NoInstance);
        assert_eq!([0x8000_07D5, 0x8000_07D6, 0xC000_0BC6, 0xC000_0BBA, 0xC000_0BFE].map(class), [Class::Later; 5]);
        assert_eq!([0x8000_07D0, 0xC000_0BC3, 53, 1722].map(class), [Class::Unreachable; 4]);
        assert_eq!([0xC000_0BDB, 5].map(class), [Class::Denied; 2]);
        assert_eq!(class(0xC000_0BC0), Class::Fault);
        assert_eq!(status(0xDEAD_BEEF).told(), "an error that is not known (0xDEADBEEF)");
        assert_eq!(status(53).told(), "the machine is not found on the network (error 53)");
    }
}
