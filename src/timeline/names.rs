//! Names that stand in many rows: each is kept once, so that a row that has it asks for no memory.

use std::collections::BTreeSet;
use std::sync::Arc;

/// No log has so many different ones; beyond them each row has its own.
const MOST: usize = 4096;

/// The names that were met.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(BTreeSet<Arc<str>>);

impl Names {
    /// A name as it stands in a log.
    pub fn of(&mut self, bytes: &[u8]) -> Arc<str> {
        let name = String::from_utf8_lossy(bytes);
        if let Some(known) = self.0.get(&*name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        if self.0.len() < MOST {
            self.0.insert(Arc::clone(&new));
        }
        new
    }
}
