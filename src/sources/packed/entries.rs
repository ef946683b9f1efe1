//! The entries of a zip archive.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use zip::{CompressionMethod, ZipArchive};

use super::check::Told;
use super::{How, Kept, Method, OTHERS, PACKED, Packed, Store};

/// An archive may have so many entries.
const MOST_ENTRIES: usize = 10_000;

/// A file in an archive.
pub struct Entry {
    /// Its name there, which leads nowhere out of it.
    pub name: PathBuf,
    /// How to unpack it, or why it cannot be.
    pub packed: anyhow::Result<Packed>,
}

/// The files in an archive.
///
/// # Errors
/// When it is no archive, or one that means harm: too many entries, names that lead out of it, entries that share bytes.
pub fn entries(store: &Store, kept: &Arc<Kept>) -> anyhow::Result<Vec<Entry>> {
    match store {
        Store::File(path) => read(BufReader::new(File::open(path)?), store, kept),
        Store::Memory(bytes) => read(Cursor::new(bytes), store, kept),
    }
}

fn read(bytes: impl Read + Seek, store: &Store, kept: &Arc<Kept>) -> anyhow::Result<Vec<Entry>> {
    let mut archive = ZipArchive::new(bytes).context("it is no zip archive, or one that is cut off")?;
    if archive.len() > MOST_ENTRIES {
        bail!("the archive has more than {MOST_ENTRIES} entries");
    }
    if archive.has_overlapping_entries().context("the archive is damaged")? {
        bail!("the archive has entries that share bytes, which none has that is meant well");
    }
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).context("the archive is damaged")?;
        if !entry.is_file() {
            continue;
        }
        let Some(name) = entry.enclosed_name() else { bail!("the archive has an entry whose name leads out of it") };
        let told = Told { size: entry.size(), crc32: entry.crc32() };
        let packed = method(&name, entry.encrypted(), entry.compression()).and_then(|method| {
            let from = entry.data_start().context("the archive is damaged")?;
            Ok(Packed::new(store.clone(), (from, entry.compressed_size()), How::Entry(method, told), kept))
        });
        let packed = packed.and_then(|packed| {
            packed.must_be_a_log()?;
            Ok(packed)
        });
        entries.push(Entry { name, packed });
    }
    Ok(entries)
}

fn method(name: &Path, is_encrypted: bool, method: CompressionMethod) -> anyhow::Result<Method> {
    let is_packed =
        name.extension().is_some_and(|e| PACKED.iter().chain(&OTHERS).chain(&["zip"]).any(|p| e.eq_ignore_ascii_case(p)));
    Ok(match method {
        _ if is_encrypted => bail!("encrypted: unpack the archive first"),
        _ if is_packed => bail!("packed in an archive, and archives in archives are not read: unpack the archive first"),
        CompressionMethod::Stored => Method::Stored,
        CompressionMethod::Deflated => Method::Deflated,
        CompressionMethod::DEFLATE64 => Method::Deflated64,
        CompressionMethod::ZSTD => Method::Zstd,
        other => bail!("packed with {other}, which is not read here: unpack the archive first"),
    })
}
