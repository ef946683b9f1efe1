//! The line without an end that a log was left with: what becomes of it when the file is cut back to where the line began.
//!
//! The bytes before the offset are proof of what was read, and say nothing of what comes after: a log that was cut off and begun
//! anew with the same header goes on as if nothing had happened, but for the line that was there and is no more.

use std::time::Duration;

use super::Turn;
use super::log::Log;
use super::proof::trim_zeros;
use crate::engine::Payload;

/// First bytes of the line that are kept.
const KEPT: usize = 256;
/// A file that looks shorter than it was for this long is shorter.
const SHORTER: Duration = Duration::from_secs(2);

/// The beginning of a line without an end.
#[derive(Debug, Default)]
pub(super) struct Half {
    first: Vec<u8>,
    /// The log had been read to its end, so that [`Log::filled`] is what was seen and not what the file's size promised.
    at_end: bool,
    shorter: Option<Duration>,
    /// The log was cut off: what was not read by then is lost, and not only torn.
    pub cut_off: bool,
}

impl Log {
    /// Compares what stands at the offset with what stood there when it was last read; `at_end` if there is no more of it. What is
    /// gone is lost.
    pub fn compare_half(&mut self, fresh: &[u8], at_end: bool, turn: &mut Turn<'_>) {
        let text = trim_zeros(fresh);
        let end = self.proof.offset + text.len() as u64;
        let common = self.half.first.len().min(text.len());
        let is_other = self.half.first.get(..common) != text.get(..common);
        let is_shorter = at_end && self.half.at_end && end < self.filled;
        let since = is_shorter.then(|| *self.half.shorter.get_or_insert(turn.tick.steady));
        self.half.shorter = since;
        let is_sure = since.is_some_and(|since| turn.tick.steady.saturating_sub(since) >= SHORTER);
        if self.half.at_end && is_other || is_sure {
            let from = if is_other { self.proof.offset } else { end };
            turn.send(self.source, Payload::Lost(self.filled.saturating_sub(from)));
            (self.filled, self.half) = (end, Half::default());
        }
        if at_end && self.half.shorter.is_none() {
            self.filled = end;
        } else if !at_end {
            self.filled = self.filled.max(end).max(self.size);
        }
    }

    /// Whether it looks shorter than it was, and may turn out to be.
    pub fn is_shorter(&self) -> bool {
        self.half.shorter.is_some()
    }

    /// Keeps the beginning of what is left of `fresh`.
    pub fn keep_half(&mut self, left: &[u8], at_end: bool) {
        if self.half.shorter.is_none() {
            let text = trim_zeros(left);
            (self.half.first, self.half.at_end) = (text.get(..KEPT).unwrap_or(text).to_vec(), at_end);
        }
    }
}
