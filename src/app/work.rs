//! What other threads do for the screen: they read logs again, and write reports. No file is touched on the thread that draws.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use super::asking::Asking;
use super::loading::{Load, Queue};
use super::report;
use super::session::{Question, Session};
use crate::executing::{self, Listed};
use crate::report::Report;
use crate::sources::load::Piece;
use crate::sources::{appcmd, clock};
use crate::time::Time;
use crate::ui::views::{Ask, Executing, Job, Reply};

/// Lines that nothing was added to are read again this often all the same: their files may have been deleted or cut off since.
const FRESH: Duration = Duration::from_secs(10);
/// Whoever leaves waits so long for a report that is being written.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something that was done.
pub(super) enum Done {
    /// A job has ended: its number, its answer unless it was given up, and how long it took.
    Answer(u64, Option<Reply>, Duration),
    /// IIS has told which requests it executes, or why not: the number of the question, and when.
    Executing(u64, Time, Result<Listed, String>),
    /// A report was written, or not: what to tell.
    Report(String),
    /// A piece of what is being loaded.
    Piece(Piece),
    /// All of it has come.
    Loaded,
}

/// What is being done.
pub(super) struct Work {
    /// What is being asked.
    pub asking: Asking,
    /// What is being asked, with its number, if a later moment may have the same answer.
    job: Option<(u64, Arc<Job>)>,
    /// Lines that were read last: what asked for them, what was done, and when. While no rows come in, a later moment has the same.
    answered: Option<(Ask, Arc<Job>, Duration)>,
    /// The folder that reports are written into, unless something is being recorded.
    pub beside: PathBuf,
    reports: usize,
    /// IIS is being asked which requests it executes.
    listing: Option<(u64, Arc<AtomicBool>)>,
    listings: u64,
    done: mpsc::Sender<Done>,
    queue: Queue,
}

impl Work {
    /// Nothing yet. What is done comes out of the other end.
    pub fn new(asking: Asking) -> (Self, mpsc::Receiver<Done>) {
        let (done, heard) = mpsc::channel(16);
        let work = Self {
            asking,
            job: None,
            answered: None,
            beside: PathBuf::new(),
            reports: 0,
            listing: None,
            listings: 0,
            done,
            queue: Queue::default(),
        };
        (work, heard)
    }

    /// Has read again what the screen needs, where it is time.
    pub fn ask(&mut self, session: &mut Session, now: Duration) {
        if !self.asking.is_due(now) {
            return;
        }
        let Some(Question { slot, ask, .. }) = self.asking.next(session.question(), now) else { return };
        let job = Arc::new(session.job(&ask));
        let is_known = |(asked, known, read): &mut (Ask, Arc<Job>, Duration)| {
            session.ui.asked(slot) == Some(asked) && now < *read + FRESH && job.is_answered_by(known)
        };
        if let Some((.., read)) = self.answered.take_if(is_known) {
            self.answered = Some((ask.clone(), job, read));
            return session.ui.renew(slot, ask);
        }
        let number = self.asking.begin(slot, ask, job.given_up.clone());
        self.job = job.is_of_lines().then(|| (number, Arc::clone(&job)));
        let (reader, done) = (session.shelf.clone(), self.done.clone());
        tokio::task::spawn_blocking(move || {
            let begin = clock::steady();
            let reply = job.run(&reader);
            // Whoever asked may have left.
            let _ = done.blocking_send(Done::Answer(number, reply, clock::steady().saturating_sub(begin)));
        });
    }

    /// Has a report of a moment written beside the recording. Gives what to tell meanwhile.
    pub fn report(&mut self, session: &Session, recorded: Option<&Path>, at: Time) -> String {
        let folder = recorded.map_or_else(|| self.beside.clone(), |folder| folder.parent().unwrap_or(folder).to_owned());
        let stem = format!("why503-{}", at.rfc3339().replace([':', '-'], ""));
        let message = format!("writing {}", folder.join(format!("{stem}.html")).display());
        let report = Report::without_texts(&session.engine.moment(at), session.ui.zone).of_redacted(session.redacted);
        let bookmarks = session.ui.bookmarks.iter().map(|mark| (mark.at, mark.note.clone()));
        let report = report.reproduced_by(report::commands(at)).with_bookmarks(bookmarks);
        let (reader, done) = (session.shelf.clone(), self.done.clone());
        self.reports += 1;
        tokio::task::spawn_blocking(move || {
            let page = report.with_texts(&reader).html();
            let told = match report::write_new(&folder, &stem, &page) {
                Ok(path) => format!("written: {}", path.display()),
                Err(why) => format!("no report: {why}"),
            };
            let _ = done.blocking_send(Done::Report(told));
        });
        message
    }

    /// Has IIS asked, by the program that can, which requests it executes.
    pub fn list_executing(&mut self, program: PathBuf) {
        self.give_up_executing();
        self.listings += 1;
        let (number, given_up, done) = (self.listings, Arc::new(AtomicBool::new(false)), self.done.clone());
        self.listing = Some((number, Arc::clone(&given_up)));
        tokio::task::spawn_blocking(move || {
            let printed = appcmd::list_requests(&program, appcmd::PATIENCE, &given_up);
            let listed = printed.and_then(|printed| executing::read(&printed.text, printed.cut));
            let _ = done.blocking_send(Done::Executing(number, clock::now(), listed));
        });
    }

    /// Nobody wants to know it any more.
    pub fn give_up_executing(&mut self) {
        if let Some((_, given_up)) = &self.listing {
            given_up.store(true, Ordering::Relaxed);
        }
    }

    /// Has something loaded: at once, or after what is being loaded.
    pub fn load(&mut self, load: Load, session: &mut Session) {
        session.begin_loading(load.size());
        self.queue.push(load);
        self.load_next(session);
    }

    fn load_next(&mut self, session: &mut Session) {
        match self.queue.next() {
            Some(load) => load.start(session, &self.done),
            None if self.queue.is_empty() => {
                // The logs hold more than was known when it was asked.
                self.asking.give_up();
                session.loaded();
            }
            None => {}
        }
    }

    /// Takes in what was done.
    pub fn take(&mut self, done: Done, session: &mut Session, now: Duration) {
        match done {
            Done::Answer(number, reply, took) => {
                let job = self.job.take_if(|(asked, _)| *asked == number);
                if let Some(((slot, ask), reply)) = self.asking.end(number, took, now).zip(reply) {
                    self.answered = job.filter(|_| reply.is_whole()).map(|(_, job)| (ask.clone(), job, now));
                    session.reply(slot, ask, reply);
                }
            }
            Done::Executing(number, at, listed) => {
                if self.listing.take_if(|(asked, _)| *asked == number).is_some() && session.ui.awaits_executing() {
                    session.ui.executing = match listed {
                        Ok(listed) => Executing::Listed(at, listed),
                        Err(why) => Executing::Failed(why),
                    };
                    session.dirty = true;
                }
            }
            Done::Piece(piece) => {
                if matches!(piece, Piece::Over) {
                    self.queue.forget();
                    self.asking.give_up();
                }
                session.take_piece(piece);
            }
            Done::Loaded => {
                self.queue.done();
                self.load_next(session);
            }
            Done::Report(told) => {
                self.reports = self.reports.saturating_sub(1);
                session.ui.message = Some(told);
                session.dirty = true;
            }
        }
    }

    /// Waits a while for reports that are being written: nobody who asked for one leaves without it. What IIS is being asked is
    /// given up, and nothing of it left running.
    pub async fn finish(&mut self, heard: &mut mpsc::Receiver<Done>) {
        self.give_up_executing();
        let written = async {
            while self.reports > 0 || self.listing.is_some() {
                let Some(done) = heard.recv().await else { return };
                self.reports -= usize::from(matches!(done, Done::Report(_)));
                self.listing.take_if(|(asked, _)| matches!(done, Done::Executing(number, ..) if number == *asked));
            }
        };
        let _ = tokio::time::timeout(PATIENCE, written).await;
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
