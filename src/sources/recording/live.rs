//! A recorder beside a screen: on a thread of its own, so that a slow disk holds up nobody who watches.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Recorder, Status};
use crate::engine::{Envelope, Payload};
use crate::sources::clock::{self, Tick};
use crate::time::Time;

/// Envelopes that wait for the recorder; each holds up to 256 KiB.
const ROOM: usize = 64;
/// Whoever watches waits so long at most for a recorder that does not keep up.
const PATIENCE: Duration = Duration::from_secs(5);
/// The recorder is waited for so long at most when it is to end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Between two words on how it fares.
const TELL: Duration = Duration::from_millis(250);

/// What the recorder is told.
enum Message {
    Heard(Box<Envelope>),
    /// Bytes that were not handed on, since when.
    Missed(u64, Time),
    /// The moments that somebody marked, with their notes.
    Marked(Vec<(Time, String)>),
}

/// A recorder at work.
pub struct Live {
    out: SyncSender<Message>,
    status: Arc<Mutex<Status>>,
    thread: JoinHandle<()>,
    /// Since when the recorder has had no room.
    waiting: Option<Duration>,
    missed: Option<(u64, Time)>,
    /// Bookmarks that there was no room for yet.
    marked: Option<Vec<(Time, String)>>,
    /// What must not be missed: which logs there are, and what became of them.
    owed: VecDeque<Envelope>,
}

impl Live {
    /// Starts the recorder's thread.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(recorder: Recorder) -> io::Result<Self> {
        let (out, heard) = sync_channel(ROOM);
        let status = Arc::new(Mutex::new(recorder.status()));
        let told = Arc::clone(&status);
        let thread = std::thread::Builder::new().name(String::from("record")).spawn(move || run(recorder, &heard, &told))?;
        Ok(Self { out, status, thread, waiting: None, missed: None, marked: None, owed: VecDeque::new() })
    }

    /// Hands on what was heard. False when the recorder has no room: it is to be offered again, and nothing else before it.
    #[must_use]
    pub fn offer(&mut self, envelope: &Envelope) -> bool {
        let sent = self.pay().and_then(|()| self.send(Message::Heard(Box::new(envelope.clone()))));
        let now = clock::steady();
        match sent {
            Some(()) => self.waiting = None,
            None if now.saturating_sub(*self.waiting.get_or_insert(now)) < PATIENCE => return false,
            None => match &envelope.payload {
                Payload::Bytes(bytes) => {
                    let (missed, _) = self.missed.get_or_insert((0, envelope.heard));
                    *missed += bytes.len() as u64;
                }
                _ => self.owed.push_back(envelope.clone()),
            },
        }
        true
    }

    /// Hands on the moments that somebody marked: all of them, in the place of those before.
    pub fn mark(&mut self, bookmarks: Vec<(Time, String)>) {
        self.marked = Some(bookmarks);
        // What there is no room for now is handed on with what is heard next, or at the end.
        let _ = self.pay();
    }

    /// Hands on what there was no room for before; `None` if there still is none.
    fn pay(&mut self) -> Option<()> {
        while let Some(envelope) = self.owed.front() {
            self.send(Message::Heard(Box::new(envelope.clone())))?;
            self.owed.pop_front();
        }
        if let Some((bytes, since)) = self.missed {
            self.send(Message::Missed(bytes, since))?;
            self.missed = None;
        }
        if let Some(bookmarks) = &self.marked {
            self.send(Message::Marked(bookmarks.clone()))?;
            self.marked = None;
        }
        Some(())
    }

    /// `None` if there is no room. A recorder whose thread has ended takes everything; its status says why it ended.
    fn send(&self, message: Message) -> Option<()> {
        match self.out.try_send(message) {
            Err(TrySendError::Full(_)) => None,
            Ok(()) | Err(TrySendError::Disconnected(_)) => Some(()),
        }
    }

    /// How the recording fares.
    #[must_use]
    pub fn status(&self) -> Status {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let failed = || String::from("the recorder failed: r ends it, and r again starts another");
        Status { paused: if self.thread.is_finished() { Some(failed()) } else { status.paused }, ..status }
    }

    /// Ends the recording, and waits a moment for it to be on the disk.
    #[must_use]
    pub fn stop(mut self) -> Status {
        let until = clock::steady() + FAREWELL;
        while self.pay().is_none() && clock::steady() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let Self { out, status, thread, .. } = self;
        drop(out);
        while !thread.is_finished() && clock::steady() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn run(mut recorder: Recorder, heard: &Receiver<Message>, status: &Mutex<Status>) {
    let mut told = clock::steady();
    loop {
        let pause = recorder.until_due(clock::steady()).clamp(Duration::from_millis(10), TELL);
        match heard.recv_timeout(pause) {
            Ok(Message::Heard(envelope)) => recorder.take(&envelope, Tick::now()),
            Ok(Message::Missed(bytes, since)) => recorder.missed(bytes, since, Tick::now()),
            Ok(Message::Marked(bookmarks)) => recorder.mark(bookmarks),
            Err(RecvTimeoutError::Timeout) => recorder.tick(Tick::now()),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if clock::steady().saturating_sub(told) >= TELL {
            told = clock::steady();
            *status.lock().unwrap_or_else(PoisonError::into_inner) = recorder.status();
        }
    }
    let last = recorder.finish(Tick::now());
    *status.lock().unwrap_or_else(PoisonError::into_inner) = last;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Opened;
    use crate::formats::Hints;
    use crate::record::SourceId;
    use crate::sources::recording::Setup;
    use crate::time::Zone;

    #[test]
    fn what_is_offered_is_recorded_and_a_full_recorder_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let setup = Setup {
            folder: dir.path().join("rec"),
            from_start: true,
            max_size: 1 << 30,
            redact: None,
            zone: Zone::Utc,
            limits: crate::limits::Given::default(),
            apps: Vec::new(),
        };
        let mut live = Live::start(Recorder::open(setup, Tick::now()).unwrap()).unwrap();
        let mut offer = |payload: Payload| {
            let envelope = Envelope { heard: clock::now(), source: SourceId(0), payload };
            while !live.offer(&envelope) {
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        let path = "W3SVC1/u.log".into();
        offer(Payload::Opened(Opened {
            path,
            hints: Hints::default(),
            size: 0,
            generation: 0,
            first_look: true,
            has_file: true,
        }));
        let row = "2026-11-21 08:00:00 /a 200 0 15\n";
        offer(Payload::Bytes(b"#Fields: date time cs-uri-stem sc-status sc-substatus time-taken\n".to_vec()));
        for _ in 0..400 {
            offer(Payload::Bytes(row.repeat(100).into_bytes()));
        }
        live.mark(vec![(Time::from_millis(1_795_248_000_000), String::from("it began here"))]);
        let status = live.stop();
        let manifest = std::fs::read_to_string(dir.path().join("rec/manifest.toml")).unwrap();
        assert!(manifest.contains("[[bookmark]]") && manifest.contains("it began here"), "{manifest}");
        let text = std::fs::read_to_string(dir.path().join("rec/W3SVC1/u.log")).unwrap();
        assert_eq!((text.matches(row).count(), status.missed, status.paused), (40_000, 0, None));
    }
}
