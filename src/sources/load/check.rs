//! Holds the files of a recording against what their recorder wrote down: what is missing, torn or changed is said, and costs nothing
//! around it.

use std::path::Path;

use super::Input;
use crate::engine::Gap;
use crate::formats::text::{last_line_end, utf16_mark};
use crate::sources::manifest::{Work, Written};

/// Reads along in a file of a recorder, and hands on whole lines: a recorder writes no others, so that a half one at the end is torn.
pub(super) struct Check<'a> {
    written: &'a Written,
    /// Settings are no lines.
    whole: bool,
    taken: u64,
    sum: crc32fast::Hasher,
    utf16: Option<bool>,
    held: Vec<u8>,
}

impl<'a> Check<'a> {
    pub fn new(input: &Input, written: &'a Written) -> Self {
        let whole = input.is_settings();
        Self { written, whole, taken: 0, sum: crc32fast::Hasher::new(), utf16: None, held: Vec::new() }
    }

    /// Takes the next bytes; gives those up to the end of the last whole line.
    pub fn take(&mut self, piece: Vec<u8>) -> Vec<u8> {
        let left = usize::try_from(self.written.bytes.saturating_sub(self.taken)).unwrap_or(usize::MAX);
        self.sum.update(piece.get(..left).unwrap_or(&piece));
        if self.taken == 0 {
            self.utf16 = utf16_mark(&piece);
        }
        self.taken += piece.len() as u64;
        if self.whole {
            return piece;
        }
        let mut lines = std::mem::take(&mut self.held);
        lines.extend(piece);
        self.held = lines.split_off(last_line_end(&lines, self.utf16));
        lines
    }

    /// What is wrong with the file, in a sentence.
    pub fn verdict(self) -> Option<String> {
        let Written { bytes, crc32, .. } = self.written;
        let mut wrong = Vec::new();
        if self.taken < *bytes {
            wrong.push(format!("{} of {bytes} recorded bytes are missing at its end", bytes - self.taken));
        } else if *bytes > 0 && format!("{:08x}", self.sum.finalize()) != *crc32 {
            wrong.push(String::from("it was changed since it was recorded: a line in it may be wrong"));
        }
        if self.written.half > 0 {
            wrong.push(format!("the log's last line had no end when it was recorded: {} bytes are not in it", self.written.half));
        }
        if !self.held.is_empty() {
            wrong.push(format!("its last line is torn: {} bytes are left out", self.held.len()));
        }
        (!wrong.is_empty()).then(|| wrong.join("; "))
    }
}

/// Tells each file what was written down of it, and gives what is missing altogether. `folder` is where the manifest lies.
pub(super) fn compare(inputs: &mut [Input], folder: &Path, work: &Work) -> Vec<Gap> {
    let mut gaps = work.gaps();
    if work.runs.is_empty() {
        return gaps;
    }
    let inside = |input: &Input| {
        let name = input.plain_name();
        let parts: Vec<_> = name.strip_prefix(folder).ok()?.components().map(|p| p.as_os_str().to_string_lossy()).collect();
        Some(parts.join("/"))
    };
    // A manifest is written every half minute, a log each second: what is in the files was recorded.
    let written = inputs.iter().filter(|input| inside(input).is_some()).filter_map(|input| input.modified).max();
    if let Some(last) = gaps.iter_mut().find(|gap| gap.to.is_none()) {
        last.from = written.map_or(last.from, |written| last.from.max(written));
    }
    for input in inputs.iter_mut() {
        let Some(path) = inside(input) else { continue };
        let written = work.files.iter().find(|file| file.path == path).cloned().unwrap_or_default();
        input.modified = written.modified.map(|stamp| stamp.0).or(input.modified);
        input.written = Some(written);
    }
    let is_there = |file: &Written| inputs.iter().any(|input| input.written.as_ref().is_some_and(|w| w.path == file.path));
    let missing = work.files.iter().filter(|file| file.bytes > 0 && !is_there(file));
    gaps.extend(missing.map(|file| Gap {
        from: file.from.0,
        to: Some(file.to.0),
        bytes: file.bytes,
        why: format!("{} is not there", file.path),
    }));
    gaps
}
