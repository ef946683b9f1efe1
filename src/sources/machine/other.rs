//! Other systems: there is no registry, and no Windows to be asked.

use std::io;

use super::{RegistryValue, System, View};

#[expect(clippy::unnecessary_wraps, reason = "the other system's may fail")]
pub(super) fn registry(_: View, _: &str, _: &str) -> io::Result<Option<RegistryValue>> {
    Ok(None)
}

pub(super) fn system() -> System {
    let wide = cfg!(target_pointer_width = "64");
    System { system_64: wide, process_64: wide, ..System::default() }
}
