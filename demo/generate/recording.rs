//! A recording: the files of one incident and its manifest, packed the same way every time.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use chrono::{Datelike, Timelike};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::time::{Ms, calendar, rfc3339};

/// What the manifest says of a recording.
pub struct Story {
    pub title: &'static str,
    pub host: &'static str,
    pub window: Range<Ms>,
    pub text: &'static str,
    /// Rows of the `[limits]` table: limits that no file of the recording tells.
    pub limits: &'static str,
}

pub struct Recording {
    pub name: &'static str,
    to: Ms,
    files: Vec<(String, String)>,
}

impl Recording {
    pub fn new(name: &'static str, story: &Story) -> Self {
        let mut recording = Self { name, to: story.window.end, files: Vec::new() };
        recording.add("manifest.toml", manifest(story));
        recording
    }

    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.files.push((path.into(), text.into()));
    }

    pub fn file_name(&self) -> String {
        format!("{}.zip", self.name)
    }

    /// Every entry carries the recording's last moment as its time, so that the archive depends on nothing but the files.
    pub fn pack(&self) -> Result<Vec<u8>> {
        let end = calendar(self.to);
        let part = |value: u32| u8::try_from(value).context("a part of a date fits a byte");
        let time = DateTime::from_date_and_time(
            u16::try_from(end.year())?,
            part(end.month())?,
            part(end.day())?,
            part(end.hour())?,
            part(end.minute())?,
            part(end.second())?,
        )?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .unix_permissions(0o644)
            .last_modified_time(time);
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, text) in &self.files {
            archive.start_file(path.as_str(), options)?;
            archive.write_all(text.as_bytes())?;
        }
        Ok(archive.finish()?.into_inner())
    }

    /// Whether the archive holds these files and no others. The packed bytes may differ between processors (deflate picks its
    /// hash by what the processor offers), what comes out of them may not.
    pub fn same_as(&self, archive: &[u8]) -> Result<bool> {
        let mut archive = ZipArchive::new(Cursor::new(archive))?;
        if archive.len() != self.files.len() {
            return Ok(false);
        }
        for (index, (path, text)) in self.files.iter().enumerate() {
            let mut entry = archive.by_index(index)?;
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            if entry.name()? != path.as_str() || bytes != text.as_bytes() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub fn extract(&self, folder: &Path) -> Result<()> {
        for (path, text) in &self.files {
            let path = folder.join(self.name).join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
            }
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

/// Lines with the line ends of Windows.
pub fn crlf(lines: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push_str("\r\n");
    }
    text
}

fn manifest(story: &Story) -> String {
    let Story { title, host, window, text, limits } = story;
    let (from, to) = (rfc3339(window.start), rfc3339(window.end));
    let recording = format!(
        "[recording]\nschema = \"why503/recording/1\"\ntitle = \"{title}\"\nhost = \"{host}\"\nzone = \"UTC\"\n\
         from = \"{from}\"\nto = \"{to}\"\nstory = \"{text}\"\n"
    );
    if limits.is_empty() { recording } else { format!("{recording}\n[limits]\n{limits}") }
}
