//! A frame as bytes.

use std::io::{self, Write};
use std::sync::Arc;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Hide;
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen};

use super::canvas::Frame;
use super::ink;
use super::writer::Line;

/// Memory for the bytes of a frame that is kept from one to the next.
const KEPT: usize = 64 * 1024;

/// Turns frames into bytes.
pub(super) struct Pen<L: Line, W: Fn() -> bool> {
    line: Arc<L>,
    paper: Paper<L, W>,
    synchronized: bool,
}

impl<L: Line, W: Fn() -> bool> Pen<L, W> {
    /// A pen that writes to a line as long as `wait_on` says so; `synchronized` marks where a frame begins and ends.
    pub(super) fn new(line: Arc<L>, wait_on: W, synchronized: bool) -> Self {
        let paper = Paper { bytes: Vec::new(), line: Arc::clone(&line), wait_on };
        Self { line, paper, synchronized }
    }

    /// Writes a frame.
    ///
    /// # Errors
    /// As [`Line::draw`] and [`Line::put`].
    pub(super) fn put(&mut self, frame: &Frame) -> io::Result<()> {
        if self.line.draw(frame)? {
            return Ok(());
        }
        if frame.enter {
            queue!(self.paper, EnterAlternateScreen, Hide)?;
        }
        if self.synchronized {
            queue!(self.paper, BeginSynchronizedUpdate)?;
        }
        if frame.enter || frame.clear {
            // Terminal::clear would ask where the cursor is, and some terminals never answer.
            queue!(self.paper, Clear(ClearType::All))?;
        }
        ink::write(&frame.cells, &mut self.paper.bytes);
        if let Some(text) = &frame.copy {
            queue!(self.paper, CopyToClipboard::to_clipboard_from(text))?;
        }
        if self.synchronized {
            queue!(self.paper, EndSynchronizedUpdate)?;
        }
        Write::flush(&mut self.paper)
    }
}

/// Gathers the bytes of a frame for one write.
struct Paper<L, W> {
    bytes: Vec<u8>,
    line: Arc<L>,
    wait_on: W,
}

impl<L: Line, W: Fn() -> bool> Write for Paper<L, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let put = self.line.put(&self.bytes, &self.wait_on);
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        put
    }
}
