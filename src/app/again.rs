//! The commands that make a report again: those that were given, without what only says where to write it.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::time::Time;

/// Flags with a value that only say how the report is written.
const FORM: &[&str] = &["--format", "--output", "-o"];

/// The commands for a report that was made by `args`, the program's own name not among them. Nobody is told of the `secret` paths, and
/// of others no more than the file's name where there are any; `at` is the moment that was looked at, where that is not the end.
pub(super) fn commands(args: impl Iterator<Item = OsString>, secret: &[PathBuf], at: Option<Time>) -> Vec<String> {
    let mut args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let Some(command) = args.iter().position(|arg| ["report", "replay", "watch", "record", "demo"].contains(&arg.as_str()))
    else {
        return Vec::new();
    };
    if !secret.is_empty() {
        let is_secret = |arg: &str| secret.iter().any(|path| path.as_os_str() == arg);
        for arg in &mut args {
            *arg = if is_secret(arg) { String::from("PATH") } else { bare(arg) };
        }
    }
    let named = args.remove(command);
    let report = at.map_or_else(String::new, |at| format!(" --to {at}"));
    let line = |command: &str, more: &str, args: &[String]| {
        let args: Vec<String> = args.iter().map(|arg| quoted(arg)).collect();
        format!("why503 {command}{more} {}", args.join(" ")).trim_end().to_owned()
    };
    match named.as_str() {
        "report" => vec![line("report", "", &without(&args, &["-o", "--output"])), line("replay", "", &without(&args, FORM))],
        "replay" => {
            let args = without(&args, &["--speed", "--from", "--to"]);
            vec![line("report", &report, &args), line("replay", "", &args)]
        }
        "demo" => {
            let args = without(&args, &["--speed", "--from", "--to"]);
            vec![line("demo", " --extract incident", &args), format!("why503 report{report} incident")]
        }
        // Logs go on: as long as they are there, they tell the same of that moment.
        "watch" => vec![line("report", &report, &args)],
        _ => Vec::new(),
    }
}

/// The arguments without some flags, their values, and `--redact`.
fn without(args: &[String], flags: &[&str]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let joined = |flag: &&str| {
            let rest = arg.strip_prefix(*flag);
            rest.is_some_and(|rest| rest.starts_with('=') || flag.len() == 2 && !rest.is_empty())
        };
        if flags.contains(&arg.as_str()) {
            args.next();
        } else if !flags.iter().any(joined) {
            kept.push(arg.clone());
        }
    }
    if flags == FORM { kept.into_iter().filter(|arg| arg != "--redact").collect() } else { kept }
}

/// What is left of an argument when nobody may know where things lie.
fn bare(arg: &str) -> String {
    let (flag, value) = match arg.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => (format!("{flag}="), value),
        _ => (String::new(), arg),
    };
    let trimmed = value.trim_end_matches(['/', '\\']);
    let is_app = value.starts_with('/') && !value.contains('.') && value.matches('/').count() == 1;
    match trimmed.rsplit(['/', '\\']).next() {
        Some(name) if !is_app && name.len() < value.len() => format!("{flag}{name}"),
        _ => arg.to_owned(),
    }
}

/// An argument as a shell takes it for one.
fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./\\:=+,@".contains(c);
    if !arg.is_empty() && arg.chars().all(|c| plain(c) && (cfg!(windows) || c != '\\')) {
        arg.to_owned()
    } else if cfg!(windows) {
        format!("\"{}\"", arg.replace('"', "\\\""))
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(args: &str, secret: &[&str]) -> Vec<String> {
        let secret: Vec<PathBuf> = secret.iter().map(PathBuf::from).collect();
        commands(args.split(' ').map(OsString::from), &secret, Some(Time::from_second(0)))
    }

    #[test]
    fn a_report_is_made_again_by_what_made_it() {
        assert_eq!(
            of("report --format html -o x.html --pool-max 128MB logs", &[]),
            ["why503 report --format html --pool-max 128MB logs", "why503 replay --pool-max 128MB logs"]
        );
        assert_eq!(
            of("--tz UTC replay --speed=60 incident.zip", &[]),
            ["why503 report --to 1970-01-01T00:00:00Z --tz UTC incident.zip", "why503 replay --tz UTC incident.zip"]
        );
        assert_eq!(of("demo pool-leak", &[])[0], "why503 demo --extract incident pool-leak");
        assert!(of("record -o x", &[]).is_empty());
    }

    #[test]
    fn under_pseudonyms_no_folder_is_named() {
        let told =
            of("report --redact --app /shop --application-host=/home/ann/app.config /home/ann/logs/", &["/home/ann/logs/"]);
        assert_eq!(told[0], "why503 report --redact --app /shop --application-host=app.config PATH");
    }
}
