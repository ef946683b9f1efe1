//! The terminal: taken over at the start, given back at the end, whatever happens between.
//!
//! It may stop reading for minutes: a stuck line, a selection that freezes a console, a stopped tmux. So nobody but a thread of its
//! own writes to it, one frame at a time, and who draws looks first whether the last frame is out: nothing waits, nothing piles up,
//! and when the terminal reads again one frame catches up.

mod able;
mod canvas;
mod ink;
mod keys;
mod pen;
#[cfg(any(windows, test))]
mod picture;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
mod writer;

use std::io::{self, IsTerminal, stdout};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use crossterm::queue;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::layout::Rect;
use thiserror::Error;

pub use able::Able;
use canvas::Canvas;
pub use keys::read;
#[cfg(unix)]
use unix as os;
#[cfg(windows)]
use windows as os;
use writer::{Line, Writer};

use crate::ui::theme::ColorDepth;

#[cfg(unix)]
pub use unix::{hung_up, leave_at_once};

/// A frame on its way gets so long to arrive before the terminal is given back without it.
const LAST_FRAME: Duration = Duration::from_millis(300);
/// What gives the terminal back gets as long.
const FAREWELL: Duration = Duration::from_millis(300);

/// There is no screen to draw on, or nobody can press a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoTerminal {
    /// stdout is no terminal.
    #[error("no terminal to draw on: use report, or watch --headless")]
    Output,
    /// stdin is no terminal.
    #[error("no terminal input: use report, or watch --headless")]
    Input,
}

/// A terminal that is given back when this is dropped.
pub struct Screen {
    /// What is drawn on; [`Screen::show`] sends it off.
    pub terminal: Terminal<Canvas>,
    writer: Arc<Writer<os::Tty>>,
}

/// The terminal as it must be given back. Whoever panics finds it here.
static TAKEN: Mutex<Option<Arc<Writer<os::Tty>>>> = Mutex::new(None);

impl Screen {
    /// Takes the terminal over. A panic gives it back before it is reported. `free` is called on another thread whenever the
    /// terminal has taken a frame, or is gone.
    ///
    /// # Errors
    /// [`NoTerminal`] when there is no terminal; or what the system says.
    pub fn open(free: impl Fn() + Send + 'static) -> anyhow::Result<Self> {
        static HOOK: Once = Once::new();
        check()?;
        HOOK.call_once(|| {
            let report = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore();
                report(info);
            }));
        });
        let writer = Arc::new(Writer::start(os::Tty::open()?, synchronizes(), free)?);
        let mut screen = Self { terminal: Terminal::new(Canvas::default())?, writer };
        screen.take_over()?;
        Ok(screen)
    }

    /// Takes the terminal over, or again after somebody else had it; the next frame draws everything anew.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn take_over(&mut self) -> io::Result<()> {
        // A shell may have changed the mode while the program stood still: what was remembered is not what is in force.
        disable_raw_mode()?;
        enable_raw_mode()?;
        *lock() = Some(Arc::clone(&self.writer));
        self.terminal.backend_mut().frame.enter = true;
        self.start_over()
    }

    /// Gives the terminal back until [`Screen::take_over`]. Until then nothing is drawn.
    pub fn give_back(&mut self) {
        restore();
    }

    /// Whether a frame can be shown: the terminal is ours and has taken the last one.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.writer.is_free() && lock().is_some()
    }

    /// Whether the terminal no longer takes anything.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.writer.is_gone()
    }

    /// Sends off what was drawn. It must be free.
    pub fn show(&mut self) {
        let frame = &mut self.terminal.backend_mut().frame;
        if !frame.is_empty() {
            self.writer.send(frame);
        }
    }

    /// Draws everything anew the next time: a terminal that was resized, even back to its old size, may have lost what was on it.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn start_over(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Copies a text, already safe, to the clipboard of whoever looks, with the next frame: OSC 52, where the terminal allows it.
    pub fn copy(&mut self, text: String) {
        self.terminal.backend_mut().frame.copy = Some(text);
    }
}

/// Whether there is a terminal to draw on and to be asked from.
///
/// # Errors
/// When there is none.
pub fn check() -> Result<(), NoTerminal> {
    match (stdout().is_terminal(), io::stdin().is_terminal()) {
        (false, _) => Err(NoTerminal::Output),
        (_, false) => Err(NoTerminal::Input),
        (true, true) => Ok(()),
    }
}

/// What this terminal can show, where the environment tells of `told` colours.
#[must_use]
pub fn able(told: ColorDepth) -> Able {
    os::able(told)
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back. Safe to call at any time, on any thread and more than once; takes about a second at most.
pub fn restore() {
    let Some(writer) = lock().take() else { return };
    // Nobody is left to tell of an error.
    let _ = disable_raw_mode();
    if !writer.has_begun() {
        return;
    }
    if writer.rest(LAST_FRAME) {
        let _ = writer.line().farewell(b"", FAREWELL);
    } else if !writer.line().may_block() {
        // Nobody reads: the rest of the frame is left out, and CAN ends a sequence that was cut.
        writer.line().discard();
        let _ = writer.line().farewell(b"\x18", FAREWELL);
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<Arc<Writer<os::Tty>>>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether frames are put between "begin" and "end of synchronized update" (private mode 2026), so that none is seen half drawn.
///
/// It is not asked for: crossterm does not know the answer (`CSI ? 2026 ; 2 $ y`) and would swallow the keys that come after it, and
/// an answer that comes late over a slow line, or never, would cost the first frame its time. It need not be asked for, either: a
/// private mode that a terminal does not know is ignored by everything that reads such sequences at all, and costs 16 bytes a
/// frame. Left out are terminals that are known not to have it.
fn synchronizes() -> bool {
    let term = std::env::var("TERM").unwrap_or_default();
    os::reads_sequences() && !matches!(term.as_str(), "dumb" | "linux")
}

/// What leaves the screen as it was, for the line's own way of writing it.
fn goodbye(out: &mut impl io::Write) -> io::Result<()> {
    use crossterm::{cursor::Show, style::ResetColor, terminal::EndSynchronizedUpdate, terminal::LeaveAlternateScreen};
    if synchronizes() {
        queue!(out, EndSynchronizedUpdate)?;
    }
    queue!(out, ResetColor, LeaveAlternateScreen, Show)?;
    out.flush()
}
