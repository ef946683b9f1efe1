//! Non-paged pool over time: a curve, the driver that leaks, and poolmon's view of both.

use std::ops::Range;

use crate::counters::Counter;
use crate::recording::crlf;
use crate::time::{Ms, SECOND};

pub const MEGABYTE: i64 = 1_048_576;
const PAGE: i64 = 4096;

/// The leaking driver's tag, an invention, and what each of its allocations takes.
const LEAK: &str = "VsFl";
const LEAK_EACH: i64 = 1096;

/// What the tags that poolmon's snapshot leaves out hold together.
const UNLISTED: i64 = 3_301_376;

/// Pool in use, given at some moments and straight in between.
pub struct Curve(pub Vec<(Ms, i64)>);

impl Curve {
    /// Bytes in use, in whole pages, with a ripple of a few pages so that no line is ruled.
    pub fn used(&self, at: Ms) -> i64 {
        let ripple = (at / SECOND).wrapping_mul(2_654_435_761).rem_euclid(7) - 3;
        let after = self.0.partition_point(|(moment, _)| *moment <= at);
        let smooth = match (after.checked_sub(1).and_then(|before| self.0.get(before)), self.0.get(after)) {
            (Some((from, low)), Some((to, high))) => low + (high - low) * (at - from) / (to - from),
            (Some((_, value)), None) | (None, Some((_, value))) => *value,
            (None, None) => 0,
        };
        (smooth / PAGE + ripple) * PAGE
    }

    fn leaked(&self, at: Ms) -> i64 {
        let others: i64 = TAGS.iter().filter(|tag| tag.kind == "Nonp").map(|tag| tag.each * tag.held).sum();
        (self.used(at) - others - UNLISTED).max(0)
    }

    /// The counters that perfmon users look at first on such a server.
    pub fn counters(&self, entries: i64) -> Vec<Counter<'_>> {
        let held: i64 = TAGS.iter().filter(|tag| tag.kind == "Nonp").map(|tag| tag.held).sum();
        vec![
            (r"Memory\Pool Nonpaged Bytes", Box::new(|at| self.used(at))),
            (r"Memory\Pool Nonpaged Allocs", Box::new(move |at| held + self.leaked(at) / LEAK_EACH)),
            (r"Memory\Free System Page Table Entries", Box::new(move |at| entries - self.used(at) / PAGE / 8)),
        ]
    }

    /// A snapshot in the layout of `poolmon -b`: the largest first, changes over the last five seconds in brackets.
    pub fn snapshot(&self, since: Ms, at: Ms) -> String {
        let mut rows: Vec<(i64, String)> = TAGS.iter().map(|tag| tag.row((at - since) / SECOND)).collect();
        rows.push(self.leak_row(since, at));
        rows.sort_by_key(|(bytes, _)| -bytes);
        let used = self.used(at) / 1024;
        let available = 1_236_400 - used;
        let faults = 700 + used % 211;
        let committed = 1_804_000 + used;
        let header = [
            format!(
                " Memory:{:8}K Avail:{available:8}K  PageFlts:{faults:6}   InRam Krnl:{:5}K P:{:6}K",
                4_193_780, 2640, 97_212
            ),
            format!(
                " Commit:{committed:7}K Limit:{:7}K Peak:{:7}K            Pool N:{used:5}K P:{:5}K",
                6_140_916, 2_260_632, 98_220
            ),
            " System pool information".to_owned(),
            " Tag  Type     Allocs            Frees            Diff   Bytes       Per Alloc".to_owned(),
            String::new(),
        ];
        crlf(header.into_iter().chain(rows.into_iter().map(|(_, row)| row)))
    }

    fn leak_row(&self, since: Ms, at: Ms) -> (i64, String) {
        let held = |at| self.leaked(at) / LEAK_EACH;
        let (now, before) = (held(at), held(at - 5 * SECOND));
        let freed = 212_400 + (at - since) / SECOND * 9;
        let change = now - before;
        row(LEAK, "Nonp", LEAK_EACH, [freed + now, change + 45, freed, 45, now, change])
    }
}

/// Moments for snapshots: every `step` of the window.
pub fn moments(window: &Range<Ms>, step: Ms) -> impl Iterator<Item = Ms> + use<> {
    let Range { start, end } = window.clone();
    (0..).map(move |index| start + index * step).take_while(move |at| *at <= end)
}

/// The map from tags to drivers that an administrator makes with findstr, for the tags of the snapshots.
pub fn tag_names() -> String {
    let head = ["rem  Tags of this server, found with findstr in system32\\drivers.", "rem", ""].map(str::to_owned);
    let leak = format!("{LEAK} - vscanflt.sys - File filter of the virus scanner, contexts of open files");
    let rows = TAGS.iter().map(|tag| format!("{:4} - {} - {}", tag.letters, tag.driver, tag.what));
    crlf(head.into_iter().chain([leak]).chain(rows))
}

struct Tag {
    letters: &'static str,
    kind: &'static str,
    each: i64,
    held: i64,
    /// Allocations a second that are freed again.
    churn: i64,
    driver: &'static str,
    what: &'static str,
}

impl Tag {
    fn row(&self, seconds: i64) -> (i64, String) {
        let freed = self.held * 11 + 4 * self.churn * 86_400 + self.churn * seconds;
        let change = self.churn * 5;
        row(self.letters, self.kind, self.each, [freed + self.held, change, freed, change, self.held, 0])
    }
}

/// Numbers: allocations and their change, frees and theirs, what is held and its change.
fn row(tag: &str, kind: &str, each: i64, numbers: [i64; 6]) -> (i64, String) {
    let [allocated, more, freed, less, held, change] = numbers;
    let (bytes, grown) = (held * each, change * each);
    let row =
        format!(" {tag:4} {kind:5} {allocated:10} ({more:4}) {freed:10} ({less:4}) {held:8} {bytes:8} ({grown:6}) {each:6}");
    (bytes, row)
}

const fn tag(
    letters: &'static str,
    kind: &'static str,
    [each, held, churn]: [i64; 3],
    driver: &'static str,
    what: &'static str,
) -> Tag {
    Tag { letters, kind, each, held, churn, driver, what }
}

const TAGS: &[Tag] = &[
    tag("MmCm", "Nonp", [58_254, 118, 0], "nt!mm", "Contiguous memory for drivers"),
    tag("File", "Nonp", [152, 31_220, 310], "<unknown>", "File objects"),
    tag("TCPt", "Nonp", [8214, 402, 21], "tcpip.sys", "TCP connection tables"),
    tag("LSwi", "Nonp", [2_576_384, 1, 0], "srv.sys", "Initial work contexts of the file server"),
    tag("MmCa", "Nonp", [112, 21_840, 44], "nt!mm", "Control areas of mapped files"),
    tag("Thre", "Nonp", [632, 2960, 6], "nt!ps", "Thread objects"),
    tag("Irp ", "Nonp", [388, 4210, 690], "nt!io", "I/O request packets"),
    tag("Ntfr", "Nonp", [64, 24_900, 80], "ntfs.sys", "Locks of files"),
    tag("Even", "Nonp", [48, 31_700, 150], "<unknown>", "Event objects"),
    tag("AfdC", "Nonp", [424, 3380, 33], "afd.sys", "Socket connections"),
    tag("UlHC", "Nonp", [896, 1450, 18], "http.sys", "HTTP connections"),
    tag("Vad ", "Nonp", [48, 25_800, 60], "nt!mm", "Address ranges of processes"),
    tag("CcSc", "Nonp", [264, 4520, 41], "nt!cc", "Shared maps of the file cache"),
    tag("NtFs", "Nonp", [40, 27_400, 77], "ntfs.sys", "Stream control blocks"),
    tag("FMsl", "Nonp", [88, 11_700, 52], "fltmgr.sys", "Streams that filters watch"),
    tag("Devi", "Nonp", [410, 1940, 0], "<unknown>", "Device objects"),
    tag("AfdE", "Nonp", [296, 2310, 25], "afd.sys", "Socket endpoints"),
    tag("Sema", "Nonp", [56, 11_300, 19], "<unknown>", "Semaphore objects"),
    tag("TCPC", "Nonp", [384, 1480, 22], "tcpip.sys", "TCP control blocks"),
    tag("Muta", "Nonp", [64, 8150, 12], "<unknown>", "Mutant objects"),
    tag("Pool", "Nonp", [20_480, 20, 0], "nt!ex", "Tables of the pool itself"),
    tag("Mdl ", "Nonp", [208, 1700, 140], "nt!io", "Memory descriptor lists"),
    tag("NDpp", "Nonp", [3968, 74, 0], "ndis.sys", "Packet pools of network cards"),
    tag("Io  ", "Nonp", [72, 3600, 95], "nt!io", "General I/O allocations"),
    tag("CM  ", "Paged", [4104, 8070, 2], "nt!cm", "Registry hives"),
    tag("MmSt", "Paged", [1184, 18_072, 30], "nt!mm", "Prototype page tables of mapped files"),
    tag("Ntff", "Paged", [768, 11_980, 28], "ntfs.sys", "File control blocks"),
    tag("Toke", "Paged", [1948, 2875, 14], "nt!se", "Access tokens"),
    tag("UlHT", "Paged", [8192, 256, 0], "http.sys", "Hash tables of the response cache"),
];
