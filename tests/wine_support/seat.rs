//! A place at a terminal in which a Windows program runs under Wine, whose console draws into it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, NativePtySystem, PtySize, PtySystem};

use super::tools;

/// The terminal, and who sits at it.
pub struct Seat {
    child: Box<dyn Child + Send + Sync>,
    /// It is there as long as this is.
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Seat {
    /// Starts a Windows program in a terminal of 24 rows and 80 columns.
    pub fn new(program: &Path, args: &[&str]) -> Self {
        Self::within(program, args, &[])
    }

    /// The same, with variables of the environment.
    pub fn within(program: &Path, args: &[&str], variables: &[(&str, &Path)]) -> Self {
        let pair = NativePtySystem::default().openpty(size(24, 80)).unwrap();
        let mut command = CommandBuilder::new(tools::wine());
        command.arg(program);
        command.args(args);
        // A console of Windows has none of these, and Wine takes all of them over.
        for name in ["TERM", "COLORTERM", "NO_COLOR", "WT_SESSION"] {
            command.env_remove(name);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(std::env::temp_dir());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(24), cells(80), 0)));
        let (mut reader, to_screen) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                to_screen.lock().unwrap().process(&buffer[..read]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { child, _master: pair.master, keys, screen }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    pub fn shows_cursor(&self) -> bool {
        !self.screen.lock().unwrap().screen().hide_cursor()
    }

    /// Whether something is drawn in a colour.
    pub fn has_colours(&self) -> bool {
        let screen = self.screen.lock().unwrap();
        let (rows, cols) = screen.screen().size();
        (0..rows.get())
            .flat_map(|y| (0..cols.get()).map(move |x| (y, x)))
            .any(|(y, x)| screen.screen().cell(y, x).is_some_and(|cell| cell.fgcolor() != vt100::Color::Default))
    }

    #[track_caller]
    pub fn until(&self, what: &str, seen: impl Fn(&str) -> bool) {
        until(&|| format!("{what}\n{}", self.text()), || seen(&self.text()));
    }

    #[track_caller]
    pub fn until_text(&self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// Waits for the end; gives the exit code.
    #[track_caller]
    pub fn ends(&mut self) -> u32 {
        let mut code = None;
        until(&|| String::from("the end of the program"), || {
            code = self.child.try_wait().unwrap().map(|status| status.exit_code());
            code.is_some()
        });
        code.unwrap()
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// Waits for something to be seen. Wine may take a minute to start for the first time; the bound only keeps a broken program from
/// hanging the tests.
#[track_caller]
pub fn until(what: &dyn Fn() -> String, mut seen: impl FnMut() -> bool) {
    for _ in 0..2400 {
        if seen() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never seen: {}", what());
}
