//! Unix: signals, and a terminal that hangs up.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Signal as Number, getpid, kill_current_process_group, kill_process};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use super::{Asked, HUNG_UP, Pause};
use crate::ui::terminal::{hung_up, leave_at_once};

/// After the terminal hung up, the program gets so long to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// The ways in which the system asks the program to end.
pub(in crate::app) struct Ending {
    terminate: Signal,
    hang_up: Option<Signal>,
    interrupt: Signal,
    gone: Arc<Notify>,
}

impl Ending {
    /// Listens from now on. A SIGHUP that whoever started the program had it ignore, as nohup does, stays ignored.
    pub(in crate::app) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: heeded(Number::HUP).then(|| signal(SignalKind::hangup())).transpose()?,
            interrupt: signal(SignalKind::interrupt())?,
            gone: Arc::default(),
        })
    }

    /// Watches the terminal, too: it may go without a signal. A program that does not end by itself then is ended, since
    /// crossterm's thread would read in a circle for good.
    pub(in crate::app) fn watch_terminal(&self) -> io::Result<()> {
        let gone = Arc::clone(&self.gone);
        std::thread::Builder::new().name(String::from("hang-up")).spawn(move || {
            hung_up();
            gone.notify_one();
            std::thread::sleep(GRACE);
            leave_at_once(HUNG_UP);
        })?;
        Ok(())
    }

    /// Waits until the program is asked to end.
    pub(in crate::app) async fn asked(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::ToEnd,
            _ = self.interrupt.recv() => Asked::ToEnd,
            () = next(self.hang_up.as_mut()) => Asked::HungUp,
            () = self.gone.notified() => Asked::HungUp,
        }
    }
}

/// Ctrl-Z, and what a shell does afterwards.
pub(in crate::app) struct Stop {
    asked: Option<Signal>,
    go_on: Signal,
    /// The next request is the program's own, and done already.
    own: bool,
}

impl Stop {
    /// Listens from now on. Where whoever started the program has no use for a stop, there is none.
    pub(in crate::app) fn new() -> io::Result<Self> {
        let asked = heeded(Number::TSTP).then(|| signal(SignalKind::from_raw(Number::TSTP.as_raw()))).transpose()?;
        Ok(Self { asked, go_on: signal(SignalKind::from_raw(Number::CONT.as_raw()))?, own: false })
    }

    /// Waits until the program is asked to stand still, or goes on.
    pub(in crate::app) async fn asked(&mut self) -> Pause {
        loop {
            tokio::select! {
                biased;
                () = next(self.asked.as_mut()) => {
                    if !std::mem::take(&mut self.own) {
                        return Pause::Stop;
                    }
                }
                _ = self.go_on.recv() => {
                    self.own = false;
                    return Pause::GoOn;
                }
            }
        }
    }

    /// Whether the program can stand still at all.
    pub(in crate::app) fn is_possible(&self) -> bool {
        self.asked.is_some()
    }

    /// Stops the program, and with `all` the others of its job: a shell takes the terminal back when the whole job stands
    /// still. It may go on for a moment before it stops; when it has stood still it is told to go on.
    pub(in crate::app) fn stop(&mut self, all: bool) -> io::Result<()> {
        if all {
            self.own = true;
            kill_current_process_group(Number::TSTP)?;
        }
        Ok(kill_process(getpid(), Number::STOP)?)
    }
}

async fn next(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether a signal was not ignored from the start. Only Linux tells without a system call that is not safe.
fn heeded(signal: Number) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal.as_raw() - 1) & 1 == 0
}
