//! One finished file, and how it is read from its beginning to its end.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::PIECE;
use super::check::Check;
use crate::engine::{Envelope, Health, Payload};
use crate::record::SourceId;
use crate::redact::Pseudonyms;
use crate::sources::manifest::Written;
use crate::sources::packed::plain_name;
use crate::sources::redacted::{Filter, Redacted};
use crate::sources::shelf::Place;
use crate::time::{Time, Zone};

/// What is said of a file that is not redacted.
const LEFT_OUT: &str = "left out of what is redacted: nobody can tell what in it must not leave";

/// One file of a recording.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its path, or its name in the archive.
    pub name: PathBuf,
    /// Where its bytes are.
    pub place: Place,
    /// Its size in bytes; of a packed one, what it says that it unpacks to.
    pub size: u64,
    /// When it was last written.
    pub modified: Option<Time>,
    /// What its recorder wrote down of it.
    pub written: Option<Written>,
    /// Under pseudonyms, if it must be.
    pub(super) redacted: Option<Arc<Redacted>>,
    /// Why it cannot be read.
    trouble: Option<String>,
}

impl Input {
    pub(super) fn new(name: PathBuf, place: Place, size: u64, modified: Option<Time>) -> Self {
        Self { name, place, size, modified, written: None, redacted: None, trouble: None }
    }

    /// A file that cannot be read: it is told among the others.
    pub(super) fn unreadable(name: PathBuf, modified: Option<Time>, why: String) -> Self {
        Self { trouble: Some(why), ..Self::new(name, Place::Memory(Arc::from([])), 0, modified) }
    }

    /// Why it cannot be read.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Its name, as it was before it was packed.
    pub(super) fn plain_name(&self) -> PathBuf {
        plain_name(&self.name)
    }

    /// What tells a plain log from others that are not it, packed: where it lies, and its size.
    pub(super) fn plain(&self) -> (PathBuf, u64) {
        (self.plain_name(), self.size)
    }

    /// Settings tell what the logs are about.
    pub(super) fn is_settings(&self) -> bool {
        let name = self.plain_name();
        let is_metabase = name.file_name().is_some_and(|name| name.eq_ignore_ascii_case("MetaBase.xml"));
        is_metabase || name.extension().is_some_and(|e| e.eq_ignore_ascii_case("config"))
    }

    /// What tells it from every other: where its bytes are.
    pub(super) fn identity(&self) -> Option<(PathBuf, u64)> {
        match &self.place {
            Place::File(path) => Some((path.clone(), 0)),
            Place::Packed(packed) => packed.place().map(|(path, from)| (path.to_owned(), from)),
            _ => None,
        }
    }

    /// Bytes that will come of it, at most: what came beyond would be taken for what was written meanwhile.
    pub(super) fn most(&self) -> u64 {
        match &self.place {
            // Pseudonyms are longer than some names.
            _ if self.redacted.is_some() => u64::MAX,
            Place::Packed(packed) => packed.most(),
            _ => self.size,
        }
    }

    /// What is wrong with its packed bytes, as far as they were unpacked.
    pub(super) fn damage(&self) -> Option<&str> {
        if let Place::Packed(packed) = &self.place { packed.damage() } else { None }
    }

    /// Has it read under pseudonyms from now on.
    pub(super) fn redact(&mut self, pseudonyms: &Arc<Pseudonyms>) {
        self.redacted = Some(Arc::new(Redacted::new(self.place.clone(), Arc::clone(pseudonyms))));
        // The system's words may name the path.
        self.trouble = self.trouble.take().map(|_| String::from("it cannot be read"));
    }

    /// Where its lines are read again.
    pub(super) fn shelved(&self) -> Place {
        self.redacted.as_ref().map_or_else(|| self.place.clone(), |log| Place::Redacted(Arc::clone(log)))
    }

    pub(super) fn play_into(&self, source: SourceId, zone: Zone, heard: Time, send: &mut dyn FnMut(Envelope) -> bool) -> bool {
        let opened = self.opened(zone);
        let mut filter = self.redacted.as_ref().map(|log| Filter::new(log, opened.hints.clone()));
        let mut send = |payload| send(Envelope { heard, source, payload });
        let denied = |why: String| Payload::Health(Health::Denied(why));
        if !send(Payload::Opened(opened)) {
            return false;
        }
        if let Some(why) = &self.trouble {
            return send(denied(why.clone()));
        }
        let mut check = self.written.as_ref().map(|written| Check::new(self, written));
        let mut go_on = true;
        let mut pass = |piece: Vec<u8>| {
            let lines = match &mut check {
                Some(check) => check.take(piece),
                None => piece,
            };
            let lines = match &mut filter {
                Some(filter) => filter.take(&lines, false),
                None => lines,
            };
            go_on = lines.is_empty() || send(Payload::Bytes(lines));
            go_on
        };
        let read = match &self.place {
            Place::Memory(bytes) => pieces(&**bytes, &mut pass),
            Place::File(path) => File::open(path).and_then(|file| pieces(file, &mut pass)),
            Place::Packed(packed) => packed.open().and_then(|unpacking| pieces(unpacking, &mut pass)),
            Place::Open(file) => pieces(&**file, &mut pass),
            Place::Gone(_) | Place::Said(_) | Place::Redacted(_) => Ok(()),
        };
        if let Err(error) = read {
            return send(denied(error.to_string()));
        }
        if let Some(filter) = &mut filter {
            let rest = filter.take(&[], true);
            go_on = go_on && (rest.is_empty() || send(Payload::Bytes(rest)));
            if filter.is_left_out() && self.size > 0 {
                return send(denied(String::from(LEFT_OUT)));
            }
        }
        let wrong = [self.damage().map(str::to_owned), check.and_then(Check::verdict)];
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        go_on && (wrong.is_empty() || send(Payload::Damaged(wrong.join("; ")))) && send(Payload::Closed)
    }
}

/// The name of a file without the folders that it lies in, but for the one that names its site.
pub(super) fn bare_name(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    let mut parts = text.rsplit(['/', '\\']);
    let name = PathBuf::from(parts.next().unwrap_or_default());
    let is_site = |part: &&str| {
        let (head, id) = part.split_at_checked(5).unwrap_or_default();
        head.eq_ignore_ascii_case("W3SVC") && !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())
    };
    parts.find(is_site).map_or(name.clone(), |site| Path::new(site).join(&name))
}

fn pieces(mut from: impl Read, take: &mut dyn FnMut(Vec<u8>) -> bool) -> io::Result<()> {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut from).take(PIECE as u64).read_to_end(&mut piece)?;
        if read == 0 || !take(piece) {
            return Ok(());
        }
    }
}
