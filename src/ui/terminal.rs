//! The terminal: taken over at the start, given back at the end, whatever happens between.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write, stdout};
use std::sync::Once;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// Bytes of a frame that go out in one write.
const FRAME: usize = 64 * 1024;

/// A terminal that is given back when this is dropped.
pub struct Screen {
    /// What is drawn on.
    pub terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Screen {
    /// Takes the terminal over. A panic gives it back before it is reported.
    ///
    /// # Errors
    /// When there is no terminal to draw on.
    pub fn open() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        if !stdout().is_terminal() {
            return Err(io::Error::other("no terminal to draw on: use report, or watch --headless"));
        }
        if !io::stdin().is_terminal() {
            return Err(io::Error::other("no terminal input: use report, or watch --headless"));
        }
        HOOK.call_once(|| {
            let report = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore();
                report(info);
            }));
        });
        enable_raw_mode()?;
        let mut screen = Self { terminal: Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(FRAME, stdout())))? };
        // Terminal::clear would ask where the cursor is, and some terminals never answer.
        execute!(screen.terminal.backend_mut(), EnterAlternateScreen, Clear(ClearType::All), Hide)?;
        Ok(screen)
    }

    /// Draws everything anew the next time: a terminal that was resized, even back to its old size, may have lost what was on it.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn start_over(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(ratatui::layout::Rect::new(0, 0, size.width, size.height))
    }

    /// Copies a text, already safe, to the clipboard of whoever looks: OSC 52, where the terminal allows it.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back. Safe to call at any time, and more than once.
pub fn restore() {
    let mut out = stdout();
    // Nobody is left to tell of an error.
    let _ = disable_raw_mode();
    let _ = queue!(out, LeaveAlternateScreen, Show);
    let _ = out.flush();
}
