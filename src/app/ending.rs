//! What the system asks of the program: to end, or to stand still for a while.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::process::ExitCode;

#[cfg(unix)]
pub(super) use unix::{Ending, Stop};
#[cfg(windows)]
pub(super) use windows::{Ending, Stop};

/// The exit code after the terminal hung up: 128 and the number of SIGHUP, as a shell has it.
const HUNG_UP: u8 = 129;

/// How the program was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// By somebody who wants it to.
    ToEnd,
    /// The terminal hung up.
    HungUp,
}

impl Asked {
    /// What a screen ends with. Being asked to end is no failure.
    pub(super) fn exit_code(self) -> ExitCode {
        match self {
            Self::ToEnd => ExitCode::SUCCESS,
            Self::HungUp => ExitCode::from(HUNG_UP),
        }
    }
}

/// What was asked about standing still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(windows, expect(dead_code, reason = "no Windows program is stopped like this"))]
pub(super) enum Pause {
    /// To stand still.
    Stop,
    /// It stood still, and goes on.
    GoOn,
}
