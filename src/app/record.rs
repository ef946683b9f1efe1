//! Recording beside a screen: starts, stops, and hands on what is heard.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A key that nobody knows, for the pseudonyms of one recording. The standard library's random state is seeded by the system, on
/// every version of Windows.
pub(super) fn key() -> [u8; 16] {
    let mut key = [0; 16];
    for half in key.as_chunks_mut::<8>().0 {
        *half = RandomState::new().build_hasher().finish().to_ne_bytes();
    }
    key
}
