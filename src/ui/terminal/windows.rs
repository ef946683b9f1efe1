//! Windows: the console.

use std::io::{self, Write, stdout};
use std::time::Duration;

use super::writer::Line;

/// The console behind stdout. Writing to it hangs while somebody selects text in it (quick edit mode).
pub(super) struct Tty;

impl Tty {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self)
    }
}

impl Line for Tty {
    fn put(&self, bytes: &[u8], _: &dyn Fn() -> bool) -> io::Result<()> {
        let mut out = stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    fn may_block(&self) -> bool {
        true
    }

    fn discard(&self) {}

    fn farewell(&self, _: &[u8], _: Duration) -> io::Result<()> {
        super::goodbye(&mut stdout())
    }
}

/// Columns and rows.
pub(super) fn size() -> io::Result<(u16, u16)> {
    crossterm::terminal::size()
}

/// Consoles before Windows 10 draw by calls of the system.
pub(super) fn reads_sequences() -> bool {
    crossterm::ansi_support::supports_ansi()
}
