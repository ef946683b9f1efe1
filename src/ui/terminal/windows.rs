//! Windows: the console.
//!
//! Since Windows 10 a console heeds escape sequences when it is asked to, and is written to like any other terminal. Before, what it
//! shows is set by calls of the system: see [`console`]. Which of the two it is, is tried out on a screen that nobody sees, since
//! some programs that stand in for a console take the mode and show the sequences.

mod console;

use std::io::{self, Write, stdout};
use std::sync::OnceLock;
use std::time::Duration;

use console::Console;
use winapi_util::HandleRef;
use windows_sys::Win32::System::Console::{ENABLE_PROCESSED_OUTPUT, ENABLE_VIRTUAL_TERMINAL_PROCESSING};

use super::able::{Abilities, Able};
use super::canvas::Frame;
use super::writer::Line;
use crate::ui::theme::ColorDepth;

/// The console behind stdout. Writing to it hangs while somebody selects text in it (quick edit mode).
pub(super) struct Tty {
    /// How it is drawn on, where sequences are no use.
    console: Option<Console>,
    /// Its modes before it was taken over.
    modes: Modes,
}

impl Tty {
    pub(super) fn open() -> io::Result<Self> {
        let modes = Modes::now();
        let console = (!reads_sequences()).then(Console::open).transpose()?;
        Ok(Self { console, modes })
    }
}

impl Line for Tty {
    fn draw(&self, frame: &Frame) -> io::Result<bool> {
        if let Some(console) = &self.console {
            return console.draw(frame).map(|()| true);
        }
        if frame.enter
            && let Some(mode) = self.modes.output
        {
            let sequences = ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING;
            winapi_util::console::set_mode(HandleRef::stdout(), mode | sequences)?;
        }
        Ok(false)
    }

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
        let left = match &self.console {
            Some(console) => console.leave(),
            None => super::goodbye(&mut stdout()),
        };
        self.modes.restore();
        left
    }
}

/// What a console is set to; `None` for what is none.
struct Modes {
    input: Option<u32>,
    output: Option<u32>,
}

impl Modes {
    fn now() -> Self {
        let mode = |handle| winapi_util::console::mode(handle).ok();
        Self { input: mode(HandleRef::stdin()), output: mode(HandleRef::stdout()) }
    }

    fn restore(&self) {
        for (mode, handle) in [(self.output, HandleRef::stdout()), (self.input, HandleRef::stdin())] {
            if let Some(mode) = mode {
                // Nobody is left to tell of an error.
                let _ = winapi_util::console::set_mode(handle, mode);
            }
        }
    }
}

/// Columns and rows.
pub(super) fn size() -> io::Result<(u16, u16)> {
    crossterm::terminal::size()
}

/// Whether the terminal heeds escape sequences.
pub(super) fn reads_sequences() -> bool {
    static READS: OnceLock<bool> = OnceLock::new();
    *READS.get_or_init(|| {
        // What is a terminal and no console, as under Cygwin, is one that TERM names.
        winapi_util::console::mode(HandleRef::stdout()).is_err() || console::heeds_sequences()
    })
}

/// What the console can show.
pub(super) fn able(told: ColorDepth) -> Able {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let font = console::font();
    let abilities = Abilities {
        sequences: reads_sequences(),
        modern: set("WT_SESSION") || set("TERM"),
        build: console::build(),
        true_type: font.true_type,
        code_page: font.code_page,
    };
    abilities.able(told)
}
