//! Configuration files: read by the same decoders that read them when flags name them, so that both know the same.

use super::{Got, Search};
use crate::formats::lines::Line;
use crate::formats::stream::Stream;
use crate::formats::xml::{Element, Reading, walk};
use crate::formats::{Hints, Kind, Sink};
use crate::inventory::Topic;
use crate::limits::Settings;
use crate::record::{Fact, Record};

/// What a file says.
pub(super) struct Taken {
    /// The file.
    pub path: String,
    /// What it says, up to where it is broken.
    pub settings: Settings,
    /// The lines at which it is broken, and how.
    faults: Vec<(u64, &'static str)>,
}

/// Reads a file of a kind.
pub(super) fn take(search: &Search<'_>, path: &str, kind: Kind) -> Got<Taken> {
    let bytes = match search.read(path) {
        Got::There(bytes) => bytes,
        Got::Absent => return Got::Absent,
        Got::Denied => return Got::Denied,
        Got::Failed(why) => return Got::Failed(why),
    };
    let mut taken = Taken { path: path.to_owned(), settings: Settings::default(), faults: Vec::new() };
    let name = path.rsplit('\\').next().unwrap_or_default().to_owned();
    let mut stream = Stream::new(Hints { name, ..Hints::default() });
    stream.feed(&bytes, &mut taken);
    stream.finish(&mut taken);
    match stream.kind() {
        is if is == kind => Got::There(taken),
        _ if bytes.is_empty() => Got::Failed(String::from("it is empty")),
        _ => Got::Failed(format!("it is no {kind} file")),
    }
}

impl Sink for Taken {
    fn record(&mut self, record: Record<'_>) {
        if let Fact::Settings(settings) = &record.fact {
            self.settings.absorb(settings);
        }
    }

    fn malformed(&mut self, line: Line<'_>, why: &'static str) {
        self.faults.push((line.number, why));
    }
}

impl Taken {
    /// Whether there may be more in the file than was read.
    pub(super) fn is_broken(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Says where the file is broken.
    pub(super) fn tell_faults(&self, search: &mut Search<'_>, topic: Topic, what: &str) {
        for (line, why) in &self.faults {
            let remark = format!("{}, line {line}: {why}. What stands before it counts; put the file right there", self.path);
            search.remark(topic, what, remark);
        }
    }
}

/// redirection.config: the folder that the configuration is kept in instead.
#[derive(Default)]
pub(super) struct Redirection(pub Option<String>);

impl Reading for Redirection {
    fn element(&mut self, path: &[&str], element: &Element<'_>) {
        if let ["configuration", "configurationRedirection"] = path
            && element.flag("enabled") == Some(true)
        {
            self.0 = element.get("path").map(|path| path.trim().to_owned()).filter(|path| !path.is_empty());
        }
    }

    fn settings(self) -> Settings {
        Settings::default()
    }
}

/// The folder that redirection.config leads to, if it does.
pub(super) fn redirection(bytes: &[u8]) -> Option<String> {
    let mut redirection = Redirection::default();
    // What was read before a fault stands, as in every other configuration.
    let _ = walk(&String::from_utf8_lossy(bytes), &mut redirection);
    redirection.0
}
