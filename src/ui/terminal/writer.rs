//! The thread that writes: one frame is on its way, never two.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::canvas::Frame;
use super::pen::Pen;

/// After a frame was given up, its thread gets so long to notice.
const NOTICE: Duration = Duration::from_millis(250);

/// Where bytes go.
pub(super) trait Line: Send + Sync + 'static {
    /// Draws a frame by itself, where bytes are no use. Answers whether it has.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn draw(&self, _: &Frame) -> io::Result<bool> {
        Ok(false)
    }

    /// Writes all of it, in one go if whoever reads has room. While there is none it asks now and then whether to wait on.
    ///
    /// # Errors
    /// When nobody will ever read it, or `TimedOut` when it was told not to wait.
    fn put(&self, bytes: &[u8], wait_on: &dyn Fn() -> bool) -> io::Result<()>;

    /// Whether [`Line::put`] may hang without asking.
    fn may_block(&self) -> bool;

    /// Throws away what was written and not read.
    fn discard(&self);

    /// Writes `first`, then what gives the terminal back, within a time.
    ///
    /// # Errors
    /// When it could not.
    fn farewell(&self, first: &[u8], within: Duration) -> io::Result<()>;
}

/// Hands frames to the thread that writes them.
pub(super) struct Writer<L> {
    line: Arc<L>,
    desk: Arc<Desk>,
}

/// Where the frame lies between the two.
#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
    give_up: AtomicBool,
}

#[derive(Default)]
struct State {
    waiting: Option<Frame>,
    writing: bool,
    spare: Frame,
    begun: bool,
    gone: bool,
}

impl State {
    fn is_busy(&self) -> bool {
        self.writing || self.waiting.is_some()
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next frame, once there is one.
    fn take(&self) -> Frame {
        let mut state = self.lock();
        loop {
            if let Some(frame) = state.waiting.take() {
                state.writing = true;
                return frame;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A frame is out, or will never be.
    fn done(&self, spare: Frame, gone: bool) {
        let mut state = self.lock();
        (state.writing, state.spare) = (false, spare);
        state.gone |= gone;
        self.changed.notify_all();
    }
}

impl<L: Line> Writer<L> {
    /// Starts the thread. `free` is called on it after every frame.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn start(line: L, synchronized: bool, free: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (line, desk) = (Arc::new(line), Arc::new(Desk::default()));
        let (at, asked) = (Arc::clone(&desk), Arc::clone(&desk));
        let wait_on = move || !asked.give_up.load(Ordering::Relaxed);
        let mut pen = Pen::new(Arc::clone(&line), wait_on, synchronized);
        std::thread::Builder::new().name(String::from("screen")).spawn(move || {
            loop {
                let mut frame = at.take();
                // A panic in here would leave everybody to wait for a frame that never arrives.
                let put = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pen.put(&frame)));
                let gone = !matches!(&put, Ok(Ok(()))) && !matches!(&put, Ok(Err(e)) if e.kind() == io::ErrorKind::TimedOut);
                frame.reset();
                at.done(frame, gone);
                free();
            }
        })?;
        Ok(Self { line, desk })
    }

    /// The line itself.
    pub(super) fn line(&self) -> &L {
        &self.line
    }

    /// Whether the last frame is out.
    pub(super) fn is_free(&self) -> bool {
        !self.desk.lock().is_busy()
    }

    /// Whether anything was ever sent.
    pub(super) fn has_begun(&self) -> bool {
        self.desk.lock().begun
    }

    /// Whether a frame could not be written.
    pub(super) fn is_gone(&self) -> bool {
        self.desk.lock().gone
    }

    /// Takes a frame away to be written, and leaves an empty one. It must be free.
    pub(super) fn send(&self, frame: &mut Frame) {
        let mut state = self.desk.lock();
        let spare = std::mem::take(&mut state.spare);
        state.waiting = Some(std::mem::replace(frame, spare));
        state.begun = true;
        self.desk.give_up.store(false, Ordering::Relaxed);
        self.desk.changed.notify_all();
    }

    /// Waits until the frame on its way is out; after `patience` it is given up. Answers whether it is out.
    pub(super) fn rest(&self, patience: Duration) -> bool {
        let wait = |state, patience| {
            let waited = self.desk.changed.wait_timeout_while(state, patience, |s: &mut State| s.is_busy());
            waited.unwrap_or_else(PoisonError::into_inner).0
        };
        let state = wait(self.desk.lock(), patience);
        let out = !state.is_busy();
        if !out {
            self.desk.give_up.store(true, Ordering::Relaxed);
            drop(wait(state, NOTICE));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use ratatui::backend::Backend;
    use ratatui::buffer::{Buffer, Cell};

    use super::*;
    use crate::ui::terminal::canvas::Canvas;

    /// A line that reads only when it is let, and notes every write.
    #[derive(Default)]
    struct Slow {
        reads: Mutex<bool>,
        written: Mutex<Vec<String>>,
    }

    impl Slow {
        fn written(&self) -> Vec<String> {
            self.written.lock().unwrap().clone()
        }
    }

    impl Line for Slow {
        fn put(&self, bytes: &[u8], wait_on: &dyn Fn() -> bool) -> io::Result<()> {
            while !*self.reads.lock().unwrap() {
                if !wait_on() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                std::thread::yield_now();
            }
            self.written.lock().unwrap().push(String::from_utf8(bytes.to_vec()).unwrap());
            Ok(())
        }

        fn may_block(&self) -> bool {
            false
        }

        fn discard(&self) {}

        fn farewell(&self, _: &[u8], _: Duration) -> io::Result<()> {
            Ok(())
        }
    }

    fn frame(text: &str) -> Frame {
        let cells = (0..).zip(text.chars()).map(|(x, c)| (x, 3, Cell::new(char::to_string(&c).leak()))).collect();
        Frame { cells, ..Frame::default() }
    }

    #[test]
    fn a_frame_is_one_write_of_the_cells_that_changed() {
        let (send, free) = mpsc::channel();
        let writer = Writer::start(Slow { reads: true.into(), ..Slow::default() }, true, move || send.send(()).unwrap()).unwrap();
        let mut first = Frame { enter: true, ..frame("ab") };
        writer.send(&mut first);
        assert!(first.is_empty(), "what was sent is no longer here");
        free.recv().unwrap();
        writer.send(&mut frame("c"));
        free.recv().unwrap();
        let written = writer.line().written();
        let [first, second] = &written[..] else { panic!("{written:?}") };
        assert!(first.starts_with("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?2026h\u{1b}[2J\u{1b}[4;1Hab"), "{first:?}");
        assert!(second.starts_with("\u{1b}[?2026h\u{1b}[4;1Hc") && second.ends_with("\u{1b}[?2026l"), "{second:?}");
    }

    #[test]
    fn one_frame_is_on_its_way_to_a_terminal_that_does_not_read_and_one_more_catches_up() {
        let (send, free) = mpsc::channel();
        let writer = Writer::start(Slow::default(), false, move || send.send(()).unwrap()).unwrap();
        writer.send(&mut frame("first"));
        // What happens meanwhile is drawn by nobody: there is no place for a second frame.
        assert!(!writer.is_free());
        assert!(free.try_recv().is_err() && writer.line().written().is_empty());
        *writer.line().reads.lock().unwrap() = true;
        free.recv().unwrap();
        assert!(writer.is_free() && !writer.is_gone());
        writer.send(&mut frame("now"));
        free.recv().unwrap();
        let written = writer.line().written();
        assert_eq!(written.len(), 2);
        assert!(written[1].contains("now"), "{written:?}");
    }

    #[test]
    fn a_frame_that_nobody_reads_is_given_up_at_the_end() {
        let writer = Writer::start(Slow::default(), false, || {}).unwrap();
        assert!(writer.rest(Duration::from_millis(1)), "nothing is on its way");
        writer.send(&mut frame("stuck"));
        assert!(!writer.rest(Duration::from_millis(1)));
        // It is noticed by the thread, however late; then there is a way again, as after a stop.
        while !writer.is_free() {
            std::thread::yield_now();
        }
        assert!(!writer.is_gone());
        *writer.line().reads.lock().unwrap() = true;
        writer.send(&mut frame("again"));
        assert!(writer.rest(Duration::from_mins(10)));
        assert!(writer.line().written().concat().contains("again"));
    }

    #[test]
    fn what_is_on_the_screen_already_is_not_sent() {
        let same = Buffer::with_lines(["same"]);
        let mut canvas = Canvas::default();
        canvas.draw(same.diff(&same).into_iter()).unwrap();
        canvas.hide_cursor().unwrap();
        Backend::flush(&mut canvas).unwrap();
        assert!(canvas.frame.is_empty());
    }
}
