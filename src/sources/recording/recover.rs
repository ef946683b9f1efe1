//! Takes stock of a recording whose recorder was ended by force, before another goes on with it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::formats::text::{last_line_end, utf16_mark};
use crate::sources::clock;
use crate::sources::manifest::{Hole, Stamp, Work, Written};
use crate::time::Time;

/// Bytes read at a time.
const PIECE: usize = 256 * 1024;
/// The most that a recorder keeps back, in milliseconds.
const KEPT_BACK: i64 = 2000;

/// Notes how far the files of the last run go, when it ended, and that its end may be missing. One that ended in good order stays
/// as it is.
pub(super) fn recover(folder: &Path, work: &mut Work) {
    let Some(run) = work.runs.last_mut().filter(|run| run.to.is_none()) else { return };
    let mut last = run.from;
    for written in &mut work.files {
        // A file that is gone is told of when the recording is replayed.
        if let Ok(Some(end)) = measure(&folder.join(&written.path), written) {
            written.to = written.to.max(Stamp(end));
            last = last.max(written.to);
        }
    }
    run.to = Some(last);
    let why = String::from("the recorder was ended by force: up to the last 2 s are missing");
    work.gaps.push(Hole { from: last, to: Stamp(last.0.plus(KEPT_BACK)), bytes: 0, why });
}

/// Counts what a file holds beyond what the manifest tells; gives when it was last written, if it holds more.
fn measure(path: &Path, written: &mut Written) -> io::Result<Option<Time>> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    if about.len() <= written.bytes {
        return Ok(None);
    }
    let (mut sum, mut bytes, mut utf16) = (crc32fast::Hasher::new(), 0, None);
    let mut held = Vec::new();
    loop {
        let before = held.len();
        (&mut file).take(PIECE as u64).read_to_end(&mut held)?;
        if held.len() == before {
            break;
        }
        if bytes == 0 {
            utf16 = utf16_mark(&held);
        }
        let lines: Vec<u8> = held.drain(..last_line_end(&held, utf16)).collect();
        sum.update(&lines);
        bytes += lines.len() as u64;
    }
    (written.bytes, written.crc32) = (bytes, format!("{:08x}", sum.finalize()));
    Ok(about.modified().ok().map(clock::of))
}
