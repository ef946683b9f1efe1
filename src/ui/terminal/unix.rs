//! Unix: the terminal's device.

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{QueueSelector, tcflush, tcgetsid, tcgetwinsize, ttyname};

use super::able::Able;
use super::writer::Line;
use crate::ui::theme::{ColorDepth, Glyphs};

/// While nobody reads, whether to wait on is asked so often.
const ASK: Duration = Duration::from_millis(50);

/// The terminal behind stdout.
pub(super) struct Tty {
    file: File,
    blocks: bool,
}

impl Tty {
    /// Opens the device once more, so that writing to it need not wait. The description that stdout has is the shell's, too: were
    /// it told not to wait, the shell's own output would fail.
    pub(super) fn open() -> io::Result<Self> {
        let controls = tcgetsid(stdout()).is_ok_and(|sid| rustix::process::getsid(None) == Ok(sid));
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let open = if controls {
            // This name may be opened even where the device is another user's, as after su.
            rustix::fs::open("/dev/tty", flags, Mode::empty())
        } else {
            ttyname(stdout(), Vec::new()).and_then(|name| rustix::fs::open(name, flags, Mode::empty()))
        };
        match open {
            Ok(file) => Ok(Self { file: file.into(), blocks: false }),
            Err(_) => Ok(Self { file: rustix::io::dup(stdout())?.into(), blocks: true }),
        }
    }
}

impl Line for Tty {
    fn put(&self, mut bytes: &[u8], wait_on: &dyn Fn() -> bool) -> io::Result<()> {
        while !bytes.is_empty() {
            match (&self.file).write(bytes) {
                Ok(written @ 1..) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ if !wait_on() => return Err(io::ErrorKind::TimedOut.into()),
                _ => {
                    let mut room = [PollFd::new(&self.file, PollFlags::OUT)];
                    // Whatever it says, the next write says it better.
                    let _ = poll(&mut room, Some(&timespec(ASK)));
                }
            }
        }
        Ok(())
    }

    fn may_block(&self) -> bool {
        self.blocks
    }

    fn discard(&self) {
        // What cannot be thrown away only stands in the way.
        let _ = tcflush(&self.file, QueueSelector::OFlush);
    }

    fn farewell(&self, first: &[u8], within: Duration) -> io::Result<()> {
        let mut bytes = first.to_vec();
        super::goodbye(&mut bytes)?;
        let asked = std::cell::Cell::new(Duration::ZERO);
        self.put(&bytes, &|| asked.replace(asked.get() + ASK) < within)
    }
}

/// Columns and rows. `crossterm::terminal::size` would start `tput` where the terminal does not tell.
pub(super) fn size() -> io::Result<(u16, u16)> {
    let size = tcgetwinsize(stdout())?;
    Ok((size.ws_col, size.ws_row))
}

/// What the environment tells, and every character.
pub(super) fn able(told: ColorDepth) -> Able {
    Able { depth: told, glyphs: Glyphs::unicode() }
}

/// Every terminal that `TERM` can name does.
pub(super) fn reads_sequences() -> bool {
    true
}

/// Waits until the terminal has hung up: the connection dropped, its window was closed. A SIGHUP need not tell, it may be ignored;
/// and crossterm 0.29 does not notice, but reads in a circle (crossterm#793).
pub fn hung_up() {
    let (input, output) = (stdin(), stdout());
    let mut ends = [PollFd::new(&input, PollFlags::empty()), PollFd::new(&output, PollFlags::empty())];
    let dead = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    loop {
        match poll(&mut ends, Some(&timespec(Duration::from_secs(1)))) {
            Ok(_) if ends.iter().any(|end| end.revents().intersects(dead)) => return,
            Ok(_) | Err(Errno::INTR | Errno::AGAIN | Errno::NOMEM) => {}
            // What cannot be asked about cannot be waited for: somebody else must notice.
            Err(_) => std::thread::park(),
        }
    }
}

/// Ends the program here and now, with nothing tidied up.
pub fn leave_at_once(code: u8) -> ! {
    signal_hook::low_level::exit(i32::from(code))
}

fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(time.subsec_nanos()) }
}
