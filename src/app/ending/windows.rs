//! Windows: what a console tells its programs.
//!
//! At the close of the window, a log-off and a shutdown, tokio holds the system's call back until the program has ended by itself;
//! the system waits 5 seconds for that, 20 at a shutdown. Log-off and shutdown are told only to services and to programs that load
//! no window library (`SetConsoleCtrlHandler`); to others the close of their console's window comes first, or nothing: what a
//! recorder has written by then is kept as after a kill.
//!
//! Of an RDP session that is disconnected and comes back a console learns nothing but its size: nothing ends.

use std::io;

use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

use super::{Asked, Pause};

/// The ways in which the system asks the program to end.
pub(in crate::app) struct Ending {
    close: CtrlClose,
    shutdown: CtrlShutdown,
    interrupt: CtrlC,
    interrupt_break: CtrlBreak,
}

impl Ending {
    /// Listens from now on.
    pub(in crate::app) fn new() -> io::Result<Self> {
        Ok(Self { close: ctrl_close()?, shutdown: ctrl_shutdown()?, interrupt: ctrl_c()?, interrupt_break: ctrl_break()? })
    }

    /// A console that goes tells its programs.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "elsewhere there is something to do")]
    pub(in crate::app) fn watch_terminal(&self) -> io::Result<()> {
        Ok(())
    }

    /// Waits until the program is asked to end.
    pub(in crate::app) async fn asked(&mut self) -> Asked {
        tokio::select! {
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.interrupt_break.recv() => {}
        }
        Asked::ToEnd
    }
}

/// Windows stops no program like this.
pub(in crate::app) struct Stop;

#[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "elsewhere there is something to do")]
impl Stop {
    pub(in crate::app) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(in crate::app) async fn asked(&mut self) -> Pause {
        std::future::pending().await
    }

    pub(in crate::app) fn is_possible(&self) -> bool {
        false
    }

    pub(in crate::app) fn stop(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }
}
