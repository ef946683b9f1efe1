//! One log that is recorded: from which byte on, in which file, and under which header.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::Setup;
use super::segment::{self, Missing, Segment};
use crate::engine::Opened;
use crate::formats::lines::Line;
use crate::formats::stream::Stream;
use crate::formats::text::{last_line_end, utf16_mark};
use crate::formats::{Hints, Ignore, Kind, Sink};
use crate::record::Record;
use crate::redact::{Pseudonyms, Redactor};
use crate::sources::manifest::{Rows, Stamp, Written, hull};
use crate::time::Time;

/// Bytes of a file from which on a log goes on in another one.
const ROLL: u64 = 64 << 20;

/// What names the counters of the lines that follow. Programs of Windows expect it at the beginning of a file only.
const PDH_HEADER: &[u8] = b"\"(PDH-CSV";
/// A file with counters goes on for so long at least, in milliseconds, whatever counters come and go.
const SHORT: i64 = 60_000;
/// Bytes of a log that wait for its kind to be known.
const UNDECIDED: usize = 64 * 1024;

/// What the logs of a recording share: the folder, and the files in it.
pub(super) struct Context {
    root: PathBuf,
    roll: u64,
    pseudonyms: Option<Pseudonyms>,
    /// Every name that was ever used, in small letters: file systems differ in whether `A` is `a`.
    names: HashSet<String>,
    /// All files, the oldest first, and whether one is still written to.
    files: BTreeMap<u64, (Written, bool)>,
    next: u64,
}

impl Context {
    pub fn new(root: PathBuf, setup: &Setup, before: &[Written]) -> Self {
        let names = before.iter().map(|file| file.path.to_lowercase()).collect();
        let files = (0..).zip(before.iter().map(|file| (file.clone(), false))).collect();
        let (roll, pseudonyms) = (ROLL.min(setup.max_size / 8).max(1), setup.redact.map(Pseudonyms::new));
        Self { root, roll, pseudonyms, names, files, next: before.len() as u64 }
    }

    pub fn files(&self) -> Vec<Written> {
        self.files.values().map(|(file, _)| file.clone()).collect()
    }

    pub fn bytes(&self) -> u64 {
        self.files.values().map(|(file, _)| file.bytes).sum()
    }

    /// Takes the oldest file of lines away if all are more than `most` bytes. Settings stay: they are small, and needed to the end.
    pub fn oldest_over(&mut self, most: u64) -> Option<Written> {
        if self.bytes() <= most {
            return None;
        }
        let settings = [Kind::ApplicationHost, Kind::MetaBase, Kind::CoreSettings, Kind::PoolTagNames].map(Kind::name);
        let may_go = |file: &Written, open: bool| !open && !settings.contains(&file.kind.as_str());
        let droppable = self.files.iter().filter(|(_, (file, open))| may_go(file, *open));
        let (&serial, _) = droppable.min_by_key(|(serial, (file, _))| (file.span().1, **serial))?;
        let (file, _) = self.files.remove(&serial)?;
        segment::remove(&self.root.join(&file.path)).then_some(file)
    }

    /// Takes down how far a file goes.
    fn note(&mut self, serial: u64, segment: &Segment, open: bool) {
        if segment.about.bytes > 0 {
            self.files.insert(serial, (segment.about.clone(), open));
        }
    }

    /// A new file for the lines of a log.
    fn begin(&mut self, origin: &Path, modified: Option<Time>, now: Time) -> (u64, Segment) {
        let name = self.free_name(origin);
        let origin = if self.pseudonyms.is_some() { name.clone() } else { origin.to_string_lossy().into_owned() };
        let file = self.root.join(&name);
        let about =
            Written { path: name, origin, from: Stamp(now), to: Stamp(now), modified: modified.map(Stamp), ..Written::default() };
        self.next += 1;
        (self.next - 1, Segment::new(file, about, now))
    }

    /// `W3SVC1/u_ex261121.log`; what follows in a second file is `W3SVC1/u_ex261121~2.log`.
    fn free_name(&mut self, origin: &Path) -> String {
        let folder =
            origin.parent().and_then(Path::file_name).map_or_else(|| String::from("logs"), |name| plain(&name.to_string_lossy()));
        let name = PathBuf::from(plain(&origin.file_name().unwrap_or_default().to_string_lossy()));
        let stem = name.file_stem().unwrap_or_default().to_string_lossy();
        let dot = name.extension().map_or_else(String::new, |e| format!(".{}", e.to_string_lossy()));
        let mut path = format!("{folder}/{stem}{dot}");
        for number in 2.. {
            // One that lies there without being in a manifest is from a run that was killed.
            if !self.names.contains(&path.to_lowercase()) && !self.root.join(&path).exists() {
                break;
            }
            path = format!("{folder}/{stem}~{number}{dot}");
        }
        self.names.insert(path.to_lowercase());
        path
    }
}

/// A name that every file system takes.
fn plain(name: &str) -> String {
    const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
    let safe = |c: char| if c.is_control() || r#"<>:"/\|?*"#.contains(c) { '_' } else { c };
    let name: String = name.chars().map(safe).take(100).collect();
    let name = name.trim_end_matches(['.', ' ']);
    let stem = name.split('.').next().unwrap_or_default().to_lowercase();
    let numbered =
        |device: &str| stem.strip_prefix(device).is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()));
    if stem.is_empty() || DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt") {
        return format!("_{name}");
    }
    name.to_owned()
}

/// The first lines of a log, and what stood before them.
#[derive(Default)]
struct Waiting {
    header: Vec<u8>,
    preamble: Vec<u8>,
    lines: Vec<u8>,
}

/// How a log is made safe to leave, where it must be.
enum Redaction {
    /// Its kind is not known yet: these lines wait.
    Undecided(Waiting),
    /// Line by line.
    By(Box<Redactor>),
    /// It cannot be made safe: nothing of it is recorded.
    Never,
}

/// Notes the times of rows.
struct Times(Rows);

impl Sink for Times {
    fn record(&mut self, record: Record<'_>) {
        if record.fact.has_time() {
            self.0 = hull(self.0, Some((record.time, record.time)));
        }
    }

    fn malformed(&mut self, _: Line<'_>, _: &'static str) {}
}

/// A log that is recorded.
pub(super) struct Track {
    /// Where it lies.
    pub origin: PathBuf,
    modified: Option<Time>,
    /// Reads along: it knows the log's kind, the header in force, and where lines end.
    stream: Stream,
    /// Goes on where the log before it at the same path ended: a log that was cut off while its writer went on has no header.
    heir: Option<Stream>,
    /// Bytes read along.
    taken: u64,
    /// Lines that end before this are not recorded.
    floor: u64,
    segment: Option<(u64, Segment)>,
    redaction: Redaction,
    /// Files that are full and not written to the end.
    ended: Vec<(u64, Segment)>,
    closed: bool,
    /// Bytes of a line that has no end yet.
    pub half: u64,
}

impl Track {
    /// A log that is met; recorded from byte `floor` on.
    pub fn new(opened: &Opened, floor: u64, heir: Option<Stream>) -> Self {
        Self {
            origin: opened.path.clone(),
            modified: opened.hints.modified,
            stream: Stream::new(opened.hints.clone()),
            heir,
            taken: 0,
            floor,
            segment: None,
            redaction: Redaction::Undecided(Waiting::default()),
            ended: Vec::new(),
            closed: false,
            half: 0,
        }
    }

    /// A log whose first `taken` bytes were read before the recording began.
    pub fn join(opened: &Opened, stream: Stream, taken: u64) -> Self {
        Self { stream, taken, floor: taken, ..Self::new(opened, 0, None) }
    }

    /// What decodes the log that is written in the place of this one, should it have no header of its own.
    pub fn heir(&self, hints: &Hints) -> Option<Stream> {
        let kind = self.stream.kind();
        kind.is_log().then(|| Stream::resume(kind, hints.clone(), &self.stream.preamble(), 0, 1, None))
    }

    /// Records what stands where a hole was: its lines are new, and their place is behind those that came before.
    pub fn filled(&mut self, bytes: &[u8], now: Time, paused: bool, context: &mut Context) {
        let header = self.header();
        match context.pseudonyms {
            _ if paused => {}
            None => self.write(header, bytes, now, context),
            Some(_) => self.redact(&header, bytes, now, context),
        }
    }

    /// Takes the log's next bytes; answers what of them is missing in the recording.
    pub fn take(&mut self, bytes: &[u8], now: Time, paused: bool, context: &mut Context) -> Missing {
        if let Some(heir) = self.heir.take()
            && !matches!(bytes.first(), Some(b'#' | 0xEF | 0xFE | 0xFF))
        {
            self.stream = heir;
        }
        let (before, bytes) = bytes.split_at(self.to_skip(bytes));
        self.read_along(before);
        if bytes.is_empty() || paused {
            return Missing { bytes: bytes.len() as u64, rows: self.read_along(bytes) };
        }
        let is_headed = self.stream.kind() == Kind::PdhCsv && bytes.starts_with(PDH_HEADER);
        self.roll(is_headed, now, context);
        // Lines that begin with a header need none before them.
        let header = if is_headed { Vec::new() } else { self.header() };
        let preamble = self.stream.preamble();
        let rows = self.read_along(bytes);
        match &mut self.redaction {
            _ if context.pseudonyms.is_none() => self.write(header, bytes, now, context),
            Redaction::Undecided(waiting) => {
                if waiting.lines.is_empty() {
                    (waiting.header, waiting.preamble) = (header, preamble);
                }
                waiting.lines.extend_from_slice(bytes);
                self.decide(false, now, context);
            }
            Redaction::By(_) | Redaction::Never => self.redact(&header, bytes, now, context),
        }
        if let Some((_, segment)) = &mut self.segment {
            segment.saw(rows);
        }
        Missing::default()
    }

    /// Adds lines to the file, or to a new one that begins with `header`.
    fn write(&mut self, header: Vec<u8>, lines: &[u8], now: Time, context: &mut Context) {
        let header = if self.segment.is_none() { header } else { Vec::new() };
        let (_, segment) = self.segment.get_or_insert_with(|| context.begin(&self.origin, self.modified, now));
        segment.push(&header, now);
        segment.push(lines, now);
    }

    /// Once the log's kind is known, or the log has ended, it is known how to make it safe.
    fn decide(&mut self, ended: bool, now: Time, context: &mut Context) {
        let Redaction::Undecided(waiting) = &mut self.redaction else { return };
        let kind = self.stream.kind();
        if kind == Kind::Unknown && !ended && waiting.lines.len() < UNDECIDED {
            return;
        }
        let Waiting { header, preamble, lines } = std::mem::take(waiting);
        let (Some(mut redactor), Some(pseudonyms)) = (Redactor::new(kind, self.stream.utf16()), &context.pseudonyms) else {
            self.redaction = Redaction::Never;
            return;
        };
        redactor.preamble(&preamble, pseudonyms);
        self.redaction = Redaction::By(Box::new(redactor));
        self.redact(&header, &lines, now, context);
    }

    fn redact(&mut self, header: &[u8], bytes: &[u8], now: Time, context: &mut Context) {
        let (mut head, mut safe) = (Vec::new(), Vec::with_capacity(bytes.len() + bytes.len() / 8));
        if let (Redaction::By(redactor), Some(pseudonyms)) = (&mut self.redaction, &context.pseudonyms) {
            // A header names the server, too. It is of the columns in force before these lines.
            if self.segment.is_none() {
                redactor.redact(header, pseudonyms, &mut head);
            }
            redactor.redact(bytes, pseudonyms, &mut safe);
        }
        if !safe.is_empty() {
            self.write(head, &safe, now, context);
        }
    }

    /// Its lines are left out, because nobody can tell what in them must not leave.
    pub fn is_left_out(&self) -> bool {
        matches!(self.redaction, Redaction::Never)
    }

    /// Gives the times of the rows that it comes by.
    fn read_along(&mut self, bytes: &[u8]) -> Rows {
        let mut times = Times(None);
        self.stream.feed(bytes, &mut times);
        self.taken += bytes.len() as u64;
        times.0
    }

    /// How many of the next bytes belong to lines that are not recorded: those before the floor, and the rest of one whose beginning
    /// is not in the recording.
    fn to_skip(&self, bytes: &[u8]) -> usize {
        let floor = usize::try_from(self.floor.saturating_sub(self.taken)).unwrap_or(usize::MAX);
        let Some(before) = bytes.get(..floor) else { return bytes.len() };
        let utf16 = if self.taken == 0 { utf16_mark(bytes) } else { self.stream.utf16() };
        let skip = last_line_end(before, utf16);
        if skip > 0 || self.segment.is_some() || self.stream.pending() == 0 {
            return skip;
        }
        // The line feed of UTF-16 has a zero after it, or before.
        let width = if utf16 == Some(false) { 2 } else { 1 };
        memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| (at + width).min(bytes.len()))
    }

    /// What a file must begin with whose log began earlier: the names of the columns in force, or the time of the listing.
    fn header(&self) -> Vec<u8> {
        let headed = matches!(self.stream.kind(), Kind::W3c | Kind::HttpErr | Kind::PdhCsv | Kind::Poolmon);
        let text = if headed { self.stream.preamble() } else { Vec::new() };
        let Some(big) = self.stream.utf16().filter(|_| self.taken > 0) else { return text };
        let units = std::iter::once(0xFEFF).chain(String::from_utf8_lossy(&text).encode_utf16().collect::<Vec<_>>());
        units.flat_map(|unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    /// Ends the file if it is large, or of an hour that has passed, and no record is torn by it; also where other counters begin.
    fn roll(&mut self, is_headed: bool, now: Time, context: &Context) {
        let Some((_, segment)) = &self.segment else { return };
        // Counters that come and go all the time stay in one file.
        let others = is_headed && now.since(segment.about.from.0) >= SHORT;
        let due = others || segment.len() >= context.roll || segment.hour != segment::hour(now);
        if due && self.stream.pending() == 0 && self.stream.unfinished().is_none() {
            self.ended.extend(self.segment.take());
        }
    }

    /// Nothing has come for a while.
    pub fn quiet(&mut self) {
        self.stream.idle(&mut Ignore);
    }

    /// The log will not grow any more.
    pub fn close(&mut self, now: Time, context: &mut Context) {
        if context.pseudonyms.is_some() {
            self.stream.finish(&mut Ignore);
            self.decide(true, now, context);
        }
        self.ended.extend(self.segment.take());
        self.closed = true;
    }

    /// Nothing of it is left to be written, and nothing will come.
    pub fn is_done(&self) -> bool {
        self.closed && self.ended.is_empty()
    }

    /// It has gathered as much as one write should have.
    pub fn is_full(&self) -> bool {
        self.ended.iter().chain(&self.segment).any(|(_, segment)| segment.is_full())
    }

    /// Writes what was gathered; answers whether there are files that the manifest does not tell of.
    pub fn flush(&mut self, context: &mut Context) -> io::Result<bool> {
        let kind = self.stream.kind().name();
        let mut news = false;
        for (serial, segment) in self.ended.iter_mut().chain(&mut self.segment) {
            segment.flush()?;
            segment.about.half = self.half;
            if segment.about.kind != kind && segment.about.bytes > 0 {
                kind.clone_into(&mut segment.about.kind);
                news = true;
            }
            context.note(*serial, segment, true);
        }
        while let Some((serial, mut segment)) = self.ended.pop() {
            segment.sync()?;
            context.note(serial, &segment, false);
            news = true;
        }
        Ok(news)
    }

    /// Has the system write to the disk what was written.
    pub fn sync(&mut self) -> io::Result<()> {
        self.segment.as_mut().map_or(Ok(()), |(_, segment)| segment.sync())
    }

    /// Gives up what was not written, and the files with it; answers what is missing.
    pub fn abandon(&mut self, context: &mut Context) -> Missing {
        let mut missing = Missing::default();
        for (serial, mut segment) in self.ended.drain(..).chain(self.segment.take()) {
            missing = missing.and(segment.abandon());
            context.note(serial, &segment, false);
        }
        missing
    }
}
