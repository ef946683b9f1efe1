//! Recording beside a screen: starts, stops, and hands on what is heard.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

use super::session::Session;
use crate::drill::ReadLog;
use crate::engine::{Envelope, Health, Opened, Payload};
use crate::formats::stream::Stream;
use crate::formats::{Ignore, Kind};
use crate::record::SourceId;
use crate::sources::clock::Tick;
use crate::sources::load::Recording;
use crate::sources::recording::live::Live;
use crate::sources::recording::{Recorder, Setup, Status};
use crate::time::Time;
use crate::ui::state::{Bookmark, Recorded};

/// Bytes of a log that are read again to tell its kind.
const HEAD: u64 = 64 * 1024;

/// A key that nobody knows, for the pseudonyms of one recording. The standard library's random state is seeded by the system, on
/// every version of Windows.
pub(super) fn key() -> [u8; 16] {
    let mut key = [0; 16];
    for half in key.as_chunks_mut::<8>().0 {
        *half = RandomState::new().build_hasher().finish().to_ne_bytes();
    }
    key
}

/// The recorder beside a screen, if one is at work.
pub(super) struct Record {
    /// How `r` records; `None` in a replay, which is a recording already.
    setup: Option<Setup>,
    live: Option<Live>,
    /// The folder of the recording at work.
    folder: Option<PathBuf>,
    /// Heard, and not taken by the recorder yet: until it is, nothing more is taken in.
    held: Option<Envelope>,
}

impl Record {
    /// For a replay.
    pub fn never() -> Self {
        Self { setup: None, live: None, folder: None, held: None }
    }

    /// For a live view; `recorder` is at work from the start.
    pub fn able(setup: Setup, recorder: Option<Recorder>) -> anyhow::Result<Self> {
        let folder = recorder.is_some().then(|| setup.folder.clone());
        let live = recorder.map(Live::start).transpose()?;
        Ok(Self { setup: Some(setup), live, folder, held: None })
    }

    /// A recording with pseudonyms is being made: nothing with the names may be written beside it.
    pub fn redacts(&self) -> bool {
        self.live.is_some() && self.setup.as_ref().is_some_and(|setup| setup.redact.is_some())
    }

    /// Starts or stops. Gives what to tell.
    pub fn toggle(&mut self, session: &Session, now: Tick) -> String {
        if let Some(status) = self.stop() {
            return status.to_string();
        }
        let Some(setup) = &self.setup else { return String::from("a replay is a recording already") };
        let folder = PathBuf::from(format!("why503-recording-{}", stamp(now.time)));
        match start(Setup { folder: folder.clone(), ..setup.clone() }, session, now) {
            Ok(live) => {
                self.live = Some(live);
                self.folder = Some(folder.clone());
                self.mark(&session.ui.bookmarks);
                format!("recording into {}: r stops", folder.display())
            }
            Err(error) => format!("no recording: {error:#}"),
        }
    }

    /// Has the recording take the session's bookmarks along, if one is at work.
    pub fn mark(&mut self, bookmarks: &[Bookmark]) {
        if let Some(live) = &mut self.live {
            live.mark(bookmarks.iter().map(|mark| (mark.at, mark.note.clone())).collect());
        }
    }

    /// Ends the recording, if one is at work.
    pub fn stop(&mut self) -> Option<Status> {
        if let (Some(live), Some(envelope)) = (&mut self.live, &self.held) {
            // What is held is taken in on the screen all the same.
            let _ = live.offer(envelope);
        }
        self.folder = None;
        self.live.take().map(Live::stop)
    }

    /// A recording is being made.
    pub fn is_at_work(&self) -> bool {
        self.live.is_some()
    }

    /// The folder of the recording, while one is at work.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Hands an envelope to the recorder. Gives it back to be taken in, unless the recorder has no room: then it is held.
    pub fn pass(&mut self, envelope: Envelope) -> Option<Envelope> {
        if self.live.as_mut().is_none_or(|live| live.offer(&envelope)) {
            return Some(envelope);
        }
        self.held = Some(envelope);
        None
    }

    /// The envelope that is held, if the recorder has room by now.
    pub fn release(&mut self) -> Option<Envelope> {
        let envelope = self.held.take()?;
        self.pass(envelope)
    }

    /// Something is held.
    pub fn waits(&self) -> bool {
        self.held.is_some()
    }

    /// How the recording fares, for the status line.
    pub fn told(&self) -> Option<Recorded> {
        let status = self.live.as_ref()?.status();
        Some(match status.paused {
            Some(why) => Recorded::Paused(why),
            // Of 80 columns there is room for one of the two.
            None if status.redacted => Recorded::Going(String::from("redacted")),
            None => Recorded::Going(size(status.bytes)),
        })
    }
}

/// `12.3 MB`
fn size(bytes: u64) -> String {
    format!("{}.{} MB", bytes >> 20, ((bytes % (1 << 20)) * 10) >> 20)
}

/// `20261121T081500Z`
fn stamp(time: Time) -> String {
    time.rfc3339().replace([':', '-'], "")
}

/// Starts a recorder that goes on with every log where the screen is.
fn start(setup: Setup, session: &Session, now: Tick) -> anyhow::Result<Live> {
    let mut recorder = Recorder::open(setup, now)?;
    let settings = session.engine.sources().values().filter(|source| {
        source.health == Health::Finished
            && matches!(source.kind, Kind::ApplicationHost | Kind::MetaBase | Kind::CoreSettings | Kind::PoolTagNames)
    });
    let paths: Vec<PathBuf> = settings.map(|source| source.path.clone()).collect();
    if !paths.is_empty() {
        recorder.copy(&Recording::open(&paths)?, now);
    }
    let machine = Payload::Inventory(session.moment().inventory.to_vec());
    recorder.take(&Envelope { heard: now.time, source: SourceId(0), payload: machine }, now);
    for joint in session.engine.joints() {
        // Names of pool tags hold at all times: those that were found before belong to it, too.
        if let Some(stream) = &joint.stream
            && stream.kind() == Kind::PoolTagNames
            && !joint.opened.has_file
        {
            let said = session.shelf.read(joint.source, 0, joint.taken).unwrap_or_default();
            for payload in [Payload::Opened(Opened { first_look: false, ..joint.opened }), Payload::Bytes(said)] {
                recorder.take(&Envelope { heard: now.time, source: joint.source, payload }, now);
            }
            continue;
        }
        let stream = joint.stream.unwrap_or_else(|| {
            let mut stream = Stream::new(joint.opened.hints.clone());
            let head = session.shelf.read(joint.source, 0, joint.taken.min(HEAD)).unwrap_or_default();
            stream.feed(&head, &mut Ignore);
            stream
        });
        recorder.join(joint.source, &joint.opened, stream, joint.taken);
    }
    Ok(Live::start(recorder)?)
}
