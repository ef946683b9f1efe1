//! Large logs that are there already are begun near their ends: what happens now is what people wait for. What stands before is read by
//! somebody else, beside it.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use super::log::{Log, is_document};
use super::proof::Proof;
use crate::engine::Opened;
use crate::engine::part::Part;
use crate::sources::discover::Seen;
use crate::sources::load::ahead::{FEW, Joint, Wanted};
use crate::sources::shelf::Shelf;
use crate::sources::system;

/// So many logs, those last written, are begun near their ends: each holds a file open, and has its end searched.
const MOST: usize = 8;

/// How logs are begun near their ends.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// Where handles are left for whoever reads what stands before.
    pub shelf: Shelf,
    /// The number that the next log gets.
    pub ids: Arc<AtomicU32>,
    /// Counts how often a log turned out to be begun where it says otherwise how it is read: then all are met again, each at its
    /// beginning.
    pub again: Arc<AtomicU32>,
}

impl Ahead {
    /// Which of the files that are seen are begun near their ends. Where settings are among them, none is: they must be known before
    /// the rows.
    pub(super) fn choose(seen: &[Seen]) -> HashSet<PathBuf> {
        if seen.iter().any(|seen| is_document(&seen.path)) {
            return HashSet::new();
        }
        let mut large: Vec<&Seen> = seen.iter().filter(|seen| seen.size >= FEW).collect();
        large.sort_by_key(|seen| Reverse(seen.modified));
        large.into_iter().take(MOST).map(|seen| seen.path.clone()).collect()
    }

    /// Where a log that is met is begun, if it can be.
    pub(super) fn begin(&self, log: &mut Log, opened: &Opened) -> Option<Part> {
        let file = File::open(&log.path).ok()?;
        let id = system::id_of(&file).ok();
        if log.id.is_some() && id != log.id {
            return None;
        }
        let joint = Joint::find(&file, log.size, opened.hints.clone(), Wanted::End)?;
        log.proof = Proof::ahead(&file, joint.offset).ok()?;
        (log.id, log.filled) = (log.id.or(id), joint.offset);
        self.shelf.leave(log.source, file);
        Some(joint.part())
    }
}
