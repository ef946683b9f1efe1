//! What is drawn on: it keeps the cells that changed, for the thread that writes.

use std::io;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::os;

/// What goes to the terminal at once.
#[derive(Debug, Default)]
pub struct Frame {
    /// The terminal is taken over first.
    pub(super) enter: bool,
    /// Everything is cleared first.
    pub(super) clear: bool,
    /// Cells that are not as they were: column, row, cell.
    pub(super) cells: Vec<(u16, u16, Cell)>,
    /// A text for the clipboard.
    pub(super) copy: Option<String>,
}

impl Frame {
    /// Whether the terminal shows it already.
    pub(super) fn is_empty(&self) -> bool {
        !self.enter && !self.clear && self.cells.is_empty() && self.copy.is_none()
    }

    /// Makes it empty, its memory kept.
    pub(super) fn reset(&mut self) {
        (self.enter, self.clear, self.copy) = (false, false, None);
        self.cells.clear();
    }
}

/// A backend that writes nothing: what is drawn waits in the frame.
#[derive(Debug, Default)]
pub struct Canvas {
    pub(super) frame: Frame,
}

impl Backend for Canvas {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.frame.cells.extend(content.map(|(x, y, cell)| (x, y, cell.clone())));
        Ok(())
    }

    /// It is hidden as long as the terminal is ours.
    fn hide_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, _: P) -> io::Result<()> {
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.frame.clear = true;
        self.frame.cells.clear();
        Ok(())
    }

    /// Only all of it is ever cleared.
    fn clear_region(&mut self, _: ClearType) -> io::Result<()> {
        self.clear()
    }

    fn size(&self) -> io::Result<Size> {
        os::size().map(usable)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    /// The frame is sent when it is whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A serial line, or a container's console, says 0 when it does not know: that is 80x24, as for everybody else.
fn usable((width, height): (u16, u16)) -> Size {
    if width == 0 || height == 0 { Size { width: 80, height: 24 } } else { Size { width, height } }
}
