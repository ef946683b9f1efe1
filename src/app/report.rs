//! `report`, and what `e` writes.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::progress::{Output, Progress};
use super::{again, check_named_files, new_engine, record, with_named_files};
use crate::cli::{self, ReportFormat};
use crate::config::Config;
use crate::report::Report;
use crate::sources::load::Recording;
use crate::sources::manifest::MANIFEST;
use crate::sources::shelf::Shelf;
use crate::time::Time;

/// Files of one name beside each other, at most.
const MOST_FILES: u32 = 1000;

/// Writes a report to stdout or a file.
pub(super) fn report(args: &cli::Report, config: &Config) -> anyhow::Result<()> {
    let output = Output::unless_given_up()?;
    let mut recording = with_named_files(config, Recording::open(&args.paths)?)?;
    if args.redact {
        recording.redact(record::key());
    }
    let zone = recording.zone(config.zone);
    let (shelf, progress) = (Shelf::default(), Progress::of(recording.size()));
    let engine = recording.load_counting(zone, &shelf, &|| new_engine(config, &recording), &progress.read);
    drop(progress);
    check_named_files(config, &engine, &recording)?;
    let (first, last) = engine.timeline().span().unwrap_or((Time::MIN, Time::MIN));
    let to = args.to.map(|to| cli::moment(to, recording.manifest.as_ref().and_then(|m| m.from).unwrap_or(first)));
    if let Some(to) = to.filter(|to| *to < first) {
        bail!("--to {to} is before the first record, which is of {first}: nothing is known of it");
    }
    let at = to.map_or(last, |to| to.min(last));
    let redacted = args.redact || recording.is_redacted();
    let report = Report::new(&engine.moment(at), &shelf, zone).of_redacted(redacted);
    let bookmarks = recording.manifest.iter().flat_map(|manifest| &manifest.bookmarks);
    let report = report.with_bookmarks(bookmarks.map(|mark| (mark.at.0, mark.note.clone())));
    let report =
        report.reproduced_by(again::commands(std::env::args_os().skip(1), if args.redact { &args.paths } else { &[] }, None));
    let text = match args.format {
        ReportFormat::Json => report.json()?,
        ReportFormat::Text => report.text(config.ascii),
        ReportFormat::Markdown => report.markdown(),
        ReportFormat::Html => report.html(),
    };
    match &args.output {
        Some(path) => output.write(path, text.as_bytes()),
        None => Ok(io::stdout().write_all(text.as_bytes())?),
    }
}

/// The folder that holds what is played: a folder's or an archive's, and the current one for files in the midst of others. Nothing is
/// written beside logs.
pub(super) fn beside(paths: &[PathBuf]) -> PathBuf {
    let [path] = paths else { return PathBuf::new() };
    let is_archive = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip"));
    // `.` and `..` have no name, but lie somewhere.
    let lies_in = || path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned));
    match path.parent() {
        _ if !is_archive && !path.join(MANIFEST).is_file() => PathBuf::new(),
        Some(parent) if path.file_name().is_some() => parent.to_owned(),
        _ => lies_in().unwrap_or_default(),
    }
}

/// Writes a page into a folder, under a name that nothing there has. Gives where.
pub(super) fn write_new(folder: &Path, stem: &str, page: &str) -> Result<PathBuf, String> {
    for number in 1..MOST_FILES {
        let name = if number == 1 { format!("{stem}.html") } else { format!("{stem}-{number}.html") };
        let path = folder.join(name);
        match File::create_new(&path) {
            Ok(mut file) => {
                let written = file.write_all(page.as_bytes());
                return written.map(|()| path.clone()).map_err(|error| format!("{}: {error}", path.display()));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("{}: {error}", path.display())),
        }
    }
    Err(format!("{}: there are {MOST_FILES} reports of this moment", folder.display()))
}

/// The commands that make a page again that was written from a screen.
pub(super) fn commands(at: Time) -> Vec<String> {
    again::commands(std::env::args_os().skip(1).collect::<Vec<OsString>>().into_iter(), &[], Some(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_never_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..3)
            .map(|n| write_new(folder.path(), "why503-x", &n.to_string()).unwrap())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["why503-x.html", "why503-x-2.html", "why503-x-3.html"]);
        assert_eq!(std::fs::read_to_string(folder.path().join("why503-x.html")).unwrap(), "0");
    }

    #[test]
    fn a_page_lies_beside_a_recording_and_not_among_logs() {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("incident");
        std::fs::create_dir(&recording).unwrap();
        assert_eq!(beside(std::slice::from_ref(&recording)), PathBuf::new());
        std::fs::write(recording.join(MANIFEST), "").unwrap();
        assert_eq!(beside(&[recording]), folder.path());
        assert_eq!(beside(&[PathBuf::from("shared/incident.zip")]), PathBuf::from("shared"));
        assert_eq!(beside(&[PathBuf::from("incident.zip")]), PathBuf::new());
        assert_eq!(beside(&[PathBuf::from("u_ex.log")]), PathBuf::new());
    }
}
