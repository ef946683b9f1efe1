//! Samples counters and prints what is handed on: `counters-probe SOURCE|vitals [SECONDS]`.
//!
//! Bytes are printed as they are; before what else is handed on stands a `#`.

#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use why503::engine::{Envelope, Payload};
use why503::sources::clock;
use why503::sources::counters::{Counters, spawn};

fn show(envelope: Envelope) -> std::io::Result<()> {
    match envelope.payload {
        Payload::Bytes(bytes) => std::io::stdout().write_all(&bytes)?,
        Payload::Inventory(items) => {
            for item in items {
                println!("# {} {:?}", item.what, item.outcome);
            }
        }
        Payload::Opened(opened) => println!("# opened {}", opened.path.display()),
        Payload::Health(health) => println!("# {health:?}"),
        other => println!("# {other:?}"),
    }
    std::io::stdout().flush()
}

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let source = args.next().unwrap_or_else(|| String::from("pdh"));
    let seconds: u64 = args.next().map_or(Ok(3600), |text| text.parse())?;
    let what = if source == "vitals" {
        Counters { sources: Vec::new(), vitals: Some(vec![std::env::current_dir()?]) }
    } else {
        Counters { sources: vec![source.parse()?], vitals: None }
    };
    let (out, into) = sync_channel(64);
    let stop = Arc::new(AtomicBool::new(false));
    spawn(what, &Arc::default(), &out, &stop)?;
    let until = clock::steady() + Duration::from_secs(seconds);
    loop {
        let left = until.saturating_sub(clock::steady());
        match into.recv_timeout(left) {
            Ok(envelope) => show(envelope)?,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}
