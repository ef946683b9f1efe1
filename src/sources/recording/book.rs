//! The manifest while it grows: which files there are, and what is missing.

use std::io;
use std::time::Duration;

use super::Setup;
use super::folder::{Folder, host};
use super::recover::recover;
use crate::inventory::{self, Item};
use crate::sources::clock::Tick;
use crate::sources::manifest::{Bookmark, Hole, Manifest, Run, Stamp, Written};
use crate::time::Time;

/// The manifest says at least so often how far the files go.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Gaps with one reason that are closer together than this, in milliseconds, are one.
const MERGED: i64 = 10_000;
/// Gaps that a manifest lists; after these the last one grows.
const MOST_GAPS: usize = 1000;

/// A manifest and the folder that it is written to.
pub(super) struct Book {
    folder: Folder,
    manifest: Manifest,
    /// The bookmarks of earlier runs.
    marked: Vec<Bookmark>,
    noted: Duration,
    /// The manifest on the disk does not tell of a file, a gap or an end that there is.
    stale: bool,
}

impl Book {
    /// Opens the folder and notes down that a run begins.
    pub fn open(setup: &Setup, tick: Tick) -> anyhow::Result<Self> {
        let (folder, before) = Folder::open(&setup.folder, setup.from_start, setup.redact.is_some())?;
        let mut manifest = before.unwrap_or_else(|| Manifest { title: String::from("recording"), ..Manifest::default() });
        recover(&setup.folder, &mut manifest.work);
        manifest.zone = Some(setup.zone);
        manifest.limits = setup.limits.clone().or(manifest.limits);
        for app in &setup.apps {
            if !manifest.apps.contains(app) {
                manifest.apps.push(app.clone());
            }
        }
        manifest.work.runs.push(Run {
            from: Stamp(tick.time),
            to: None,
            // A redacted recording does not say where it was made.
            host: if setup.redact.is_some() { String::new() } else { host() },
            process: std::process::id(),
            version: String::from(env!("CARGO_PKG_VERSION")),
            redacted: setup.redact.is_some(),
        });
        let marked = manifest.bookmarks.clone();
        Ok(Self { folder, manifest, marked, noted: tick.steady, stale: true })
    }

    /// The files of earlier runs.
    pub fn files(&self) -> &[Written] {
        &self.manifest.work.files
    }

    /// Something has changed that the manifest is to tell of.
    pub fn turn_stale(&mut self) {
        self.stale = true;
    }

    /// Whether it is time to write it.
    pub fn is_due(&self, now: Duration) -> bool {
        self.stale || now.saturating_sub(self.noted) >= HEARTBEAT
    }

    /// Something is missing.
    pub fn add_gap(&mut self, gap: Hole) {
        self.stale = true;
        let gaps = &mut self.manifest.work.gaps;
        let full = gaps.len() >= MOST_GAPS;
        match gaps.last_mut() {
            // A disk that stays all but full gives a gap every few seconds: they are one.
            Some(last) if full || last.why == gap.why && gap.from.0.since(last.to.0) < MERGED => {
                last.to = gap.to;
                last.bytes += gap.bytes;
            }
            _ => gaps.push(gap),
        }
    }

    /// What somebody marked in this run.
    pub fn mark(&mut self, bookmarks: Vec<(Time, String)>) {
        self.stale = true;
        let mine: Vec<Bookmark> = bookmarks.into_iter().map(|(at, note)| Bookmark { at: Stamp(at), note }).collect();
        let others = self.marked.iter().filter(|mark| !mine.contains(mark));
        self.manifest.bookmarks = others.cloned().chain(mine.iter().cloned()).collect();
        self.manifest.bookmarks.sort_by_key(|mark| mark.at);
    }

    /// What was looked for on this machine.
    pub fn note_machine(&mut self, found: Vec<Item>) {
        self.stale = true;
        inventory::absorb(&mut self.manifest.machine, found);
    }

    /// The oldest file went: all that went so is one gap, at the beginning.
    pub fn add_dropped(&mut self, gone: &Written, most: u64) {
        self.stale = true;
        let why = format!("older than the {} MB that --max-size keeps", most >> 20);
        let (from, to) = gone.span();
        let gaps = &mut self.manifest.work.gaps;
        match gaps.iter_mut().find(|gap| gap.why == why) {
            Some(gap) => {
                gap.bytes += gone.bytes;
                (gap.from, gap.to) = (gap.from.min(from), gap.to.max(to));
            }
            None => gaps.insert(0, Hole { from, to, bytes: gone.bytes, why }),
        }
    }

    /// The run ends.
    pub fn end(&mut self, now: Time) {
        self.stale = true;
        if let Some(run) = self.manifest.work.runs.last_mut() {
            run.to = Some(Stamp(now));
        }
    }

    /// Writes the manifest in the place of the last one.
    pub fn write(&mut self, files: Vec<Written>, now: Duration) -> io::Result<()> {
        self.noted = now;
        self.manifest.work.files = files;
        let text = self.manifest.render().map_err(io::Error::other)?;
        self.folder.write_manifest(&text)?;
        self.stale = false;
        Ok(())
    }

    /// Writes it with one more gap, making the folder again if it was taken away. If that fails, the gap is not noted: it goes on.
    pub fn write_gap(&mut self, gap: Hole, files: Vec<Written>, now: Duration) -> io::Result<()> {
        let before = self.manifest.work.gaps.clone();
        self.add_gap(gap);
        let result = self.folder.reach().and_then(|()| self.write(files, now));
        if result.is_err() {
            self.manifest.work.gaps = before;
        }
        result
    }
}
