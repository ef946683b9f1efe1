//! Large logs that are there already are begun near their ends: what happens now is what people wait for. What stands before is read by
//! somebody else, beside it.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use super::log::Log;
use super::proof::Proof;
use crate::engine::Opened;
use crate::engine::part::Part;
use crate::sources::load::ahead::{FEW, Joint, Wanted};
use crate::sources::shelf::Shelf;
use crate::sources::system;

/// So many logs may wait to be read from their beginnings: each holds a file open.
const MOST: usize = 64;

/// How logs are begun near their ends.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// Where handles are left for whoever reads what stands before.
    pub shelf: Shelf,
    /// Counts how often a log turned out to be begun where it says otherwise how it is read: then all are met again, each at its
    /// beginning.
    pub again: Arc<AtomicU32>,
}

impl Ahead {
    /// Where a log that is met is begun, if it is large enough.
    pub(super) fn begin(&self, log: &mut Log, opened: &Opened) -> Option<Part> {
        if log.size < FEW || self.shelf.waiting() >= MOST {
            return None;
        }
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
