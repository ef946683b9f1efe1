//! Where the logs lie, to read parts of them again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::drill::ReadLog;
use crate::record::SourceId;

/// The bytes of a log.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a file.
    File(PathBuf),
    /// In memory: an entry of an archive.
    Memory(Arc<[u8]>),
    /// Nowhere any more: the file was rewritten.
    Gone(PathBuf),
}

/// The places of all logs. Shared by whoever reads them again.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    places: Arc<RwLock<HashMap<SourceId, Place>>>,
}

impl Shelf {
    /// Puts a log on the shelf. What lay at the same path before is gone.
    pub fn put(&self, id: SourceId, place: Place) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        if let Place::File(path) = &place {
            for other in places.values_mut() {
                if matches!(other, Place::File(same) if same == path) {
                    *other = Place::Gone(path.clone());
                }
            }
        }
        places.insert(id, place);
    }

    /// A log has another name now.
    pub fn rename(&self, id: SourceId, path: &Path) {
        self.places.write().unwrap_or_else(PoisonError::into_inner).insert(id, Place::File(path.to_owned()));
    }

    fn place(&self, id: SourceId) -> Option<Place> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }
}

impl ReadLog for Shelf {
    fn read(&self, source: SourceId, offset: u64, len: u64) -> Result<Vec<u8>, String> {
        match self.place(source) {
            Some(Place::Memory(bytes)) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let to = usize::try_from(offset.saturating_add(len)).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.get(from..to).unwrap_or_default().to_vec())
            }
            Some(Place::File(path)) => {
                read_part(&path, offset, len).map_err(|error| format!("{}: {error}: its lines cannot be shown", path.display()))
            }
            Some(Place::Gone(path)) => Err(format!("{}: rewritten since it was read: its lines are gone", path.display())),
            None => Err(String::from("a log that is not at hand: its lines cannot be shown")),
        }
    }
}

fn read_part(path: &Path, offset: u64, len: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}
