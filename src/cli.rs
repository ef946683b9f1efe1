//! The command line: one definition for parser, help, man page and completions.

pub mod values;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::check::{Bounds, Metric};
use crate::sources::counters::Source;
use crate::time::{Time, When, Zone};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it could not do it; the message says what, and what to do
  2  wrong usage, also a screen where there is no terminal
  129  the terminal hung up
  130  a report was given up with Ctrl-C
check has its own: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN";

/// Tells why a Windows server is turning clients away: requests in flight against IIS's limit, non-paged pool against the cutoff of
/// HTTP.sys, Notification Server slots, and the way from each down to the raw line that proves it.
#[derive(Debug, Parser)]
#[command(name = "why503", version, after_help = EXIT_CODES, propagate_version = true)]
pub struct Cli {
    /// What to do; without a command: live on this machine.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags that every command takes.
    #[command(flatten)]
    pub common: Common,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Live on these files, folders or globs: what is written is on the screen within the second.
    #[command(
        after_help = "Examples:\n  why503 watch C:\\inetpub\\logs\\LogFiles C:\\Windows\\System32\\LogFiles\\HTTPERR\n  why503 watch --headless --json --for 60 /logs"
    )]
    Watch(Watch),
    /// Captures what watch would follow, for replay elsewhere: the original lines of each log, and the limits.
    #[command(
        after_help = "Examples:\n  why503 record -o incident C:\\inetpub\\logs\\LogFiles\n  why503 record -o incident --headless --redact --for 3600 /logs\n  why503 replay incident"
    )]
    Record(Record),
    /// Plays a recording: a folder, files (also packed: .gz, .zst), or a .zip of them.
    #[command(
        after_help = "Examples:\n  why503 replay incident.zip\n  why503 replay --speed 60 --from 2009-10-09T09:25:00Z logs/"
    )]
    Replay(Replay),
    /// Plays a built-in incident.
    #[command(after_help = "Examples:\n  why503 demo\n  why503 demo pool-leak --speed 60\n  why503 demo all --extract incident/")]
    Demo(Demo),
    /// Triage without a screen.
    #[command(
        after_help = "Examples:\n  why503 report logs/\n  why503 report --format html --redact -o incident.html incident.zip\n  why503 report --format json --pool-max 128MB httperr1.log"
    )]
    Report(Report),
    /// One line and an exit code for Nagios, Icinga, Zabbix and CheckMK.
    #[command(
        after_help = "Examples:\n  why503 check C:\\inetpub\\logs\\LogFiles C:\\Windows\\System32\\LogFiles\\HTTPERR\n  why503 check -w 0 -c 100 -c in_flight=95 /logs\n\nExit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, also for wrong usage"
    )]
    Check(Check),
    /// Completions for a shell, on stdout.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// The man page, on stdout.
    Man,
}

/// `watch`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Watch {
    /// Files, folders (with the .log, .txt, .csv and .config files in them) or globs.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// No screen: follow until SIGTERM, Ctrl-C or --for, then say what was counted.
    #[arg(long)]
    pub headless: bool,
    /// Print one JSON object as the last line (with --headless).
    #[arg(long, requires = "headless")]
    pub json: bool,
    /// Count what is already there, too (with --headless).
    #[arg(long, requires = "headless")]
    pub from_start: bool,
    /// End after so many seconds; 0 reads what is there and ends (with --headless).
    #[arg(long = "for", value_name = "SECONDS", requires = "headless", allow_negative_numbers = true, value_parser = values::seconds)]
    pub for_seconds: Option<f64>,
    /// Go on where the last headless run stopped, and count on (with --headless).
    #[arg(long, value_name = "DIR", requires = "headless")]
    pub state: Option<PathBuf>,
    /// What r records has stable pseudonyms for client addresses, user names and query values.
    #[arg(long, conflicts_with = "headless")]
    pub redact: bool,
    /// Append each counted record to this file (with --headless).
    #[arg(long, value_name = "FILE", requires = "headless")]
    pub dump: Option<PathBuf>,
}

/// `record`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Record {
    /// Files, folders (with the .log, .txt, .csv and .config files in them) or globs; without any: what is found on this machine.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The folder to record into. It is made, for its owner alone; a recording that lies there is gone on with.
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// Record what is already in the logs, too, not only what is written from now on.
    #[arg(long)]
    pub from_start: bool,
    /// Replace client addresses, user names and query values by stable pseudonyms.
    #[arg(long)]
    pub redact: bool,
    /// When the recording has grown to this, its oldest files go.
    #[arg(long, value_name = "SIZE", default_value = "1GB", value_parser = values::size_on_disk)]
    pub max_size: u64,
    /// No screen: record until SIGTERM, Ctrl-C or --for, then say what was counted.
    #[arg(long)]
    pub headless: bool,
    /// Print one JSON object as the last line (with --headless).
    #[arg(long, requires = "headless")]
    pub json: bool,
    /// End after so many seconds; 0 records what is there and ends (with --headless).
    #[arg(long = "for", value_name = "SECONDS", requires = "headless", allow_negative_numbers = true, value_parser = values::seconds)]
    pub for_seconds: Option<f64>,
}

/// `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// Folders, files (also packed: .gz, .zst), globs, or .zip archives.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How it plays.
    #[command(flatten)]
    pub play: Play,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The incident; without one, a morning with all three.
    pub name: Option<String>,
    /// Name the incidents.
    #[arg(long)]
    pub list: bool,
    /// Write its files into a folder instead of playing it.
    #[arg(long, value_name = "DIR")]
    pub extract: Option<PathBuf>,
    /// How it plays.
    #[command(flatten)]
    pub play: Play,
}

/// How a recording plays.
#[derive(Debug, Args)]
pub struct Play {
    /// Seconds of the recording in a second.
    #[arg(long, value_name = "N", default_value = "10", allow_negative_numbers = true, value_parser = values::speed)]
    pub speed: f64,
    /// Begin here: 2009-10-09T09:25:00Z, or 09:25 of its first day.
    #[arg(long, value_name = "T", value_parser = values::when)]
    pub from: Option<When>,
    /// End here.
    #[arg(long, value_name = "T", value_parser = values::when)]
    pub to: Option<When>,
}

/// `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Folders, files (also packed: .gz, .zst), globs, or .zip archives.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The form of the report.
    #[arg(long, value_enum, default_value = "text")]
    pub format: ReportFormat,
    /// Write to this file instead of stdout.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// As of this moment: 2009-10-09T09:25:00Z, or 09:25 of its first day. What came later is left out.
    #[arg(long, value_name = "T", value_parser = values::when)]
    pub to: Option<When>,
    /// Replace client addresses, user names, names of machines and query values by pseudonyms.
    #[arg(long)]
    pub redact: bool,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Folders, files (also packed: .gz, .zst), globs, or .zip archives.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Warn when a measure leaves a range: METRIC=RANGE, or a range of clients turned away. METRIC is turned_away (clients), in_flight
    /// and ns_slots (% of their limits), pool_available (MB), age (seconds since the newest record). May be given again.
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, value_parser = values::threshold)]
    pub warning: Vec<(Metric, Bounds)>,
    /// The same for critical.
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, value_parser = values::threshold)]
    pub critical: Vec<(Metric, Bounds)>,
    /// How far back to look: 90s, 15m or 2h.
    #[arg(long, value_name = "TIME", default_value = "15m", allow_hyphen_values = true, value_parser = values::duration)]
    pub last: i64,
    /// Answer UNKNOWN where the newest record is older than this: 24h for logs that are written every day.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = values::duration)]
    pub stale: Option<i64>,
    /// As if it were this moment, for recordings and tests: 2009-10-09T09:25:00Z, or 09:25 of the first day.
    #[arg(long, value_name = "T", value_parser = values::when)]
    pub at: Option<When>,
    /// The form of the line.
    #[arg(long, value_enum, default_value = "nagios")]
    pub format: CheckFormat,
    /// UNKNOWN after so many seconds; 0 for never.
    #[arg(long, value_name = "SECONDS", default_value = "10", allow_negative_numbers = true, value_parser = values::seconds)]
    pub timeout: f64,
}

/// The forms of a check's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For Nagios, Icinga and what runs their plugins.
    Nagios,
    /// A local check of CheckMK; the state is in the line, and the exit code 0.
    Checkmk,
    /// One object, for Zabbix: why503/check/1. The state is in it, and the exit code 0.
    Json,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// For scripts: why503/report/1.
    Json,
    /// For tickets and wikis.
    Markdown,
    /// One page with charts, which needs no other file.
    Html,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// As the terminal and NO_COLOR say.
    #[default]
    Auto,
    /// Always, with all colours.
    Always,
    /// Never.
    Never,
}

/// Flags that every command takes.
#[derive(Debug, Args, Default)]
pub struct Common {
    /// Configuration file, instead of the one in the user's configuration folder.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Common")]
    pub config: Option<PathBuf>,
    /// dark, light, console, high-contrast, mono, or a theme file.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Common")]
    pub theme: Option<String>,
    /// For consoles without box characters.
    #[arg(long, global = true, help_heading = "Common")]
    pub ascii: bool,
    /// When to use colour.
    #[arg(long, global = true, value_enum, value_name = "WHEN", help_heading = "Common")]
    pub color: Option<Color>,
    /// Frames a second at most, from 1 to 30, while something moves; a key is answered at once. Default: 10.
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true, value_parser = values::fps, help_heading = "Common")]
    pub fps: Option<u32>,
    /// For slow lines: a frame a second at most, one in 5 s when only the clock moves, no 24-bit colours. Keys are answered at once.
    #[arg(long, global = true, help_heading = "Common")]
    pub low_bandwidth: bool,
    /// Zone of logs in local time (SEPM, NS): UTC, +02:00 or Europe/Berlin. Default: this machine's when live, UTC in replay.
    #[arg(long, global = true, value_name = "ZONE", allow_hyphen_values = true, value_parser = values::zone, help_heading = "Common")]
    pub tz: Option<Zone>,
    /// Counters: pdh (of this machine), pdh:HOST, csv:FILE (of logman or typeperf, followed as it grows), or none. Default: pdh for
    /// why503 and record on Windows when no PATH is named, otherwise none.
    #[arg(long, global = true, value_name = "SOURCE", value_parser = values::counters, help_heading = "Common")]
    pub counters: Option<Source>,
    /// applicationHost.config to take sites, applications and limits from.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Limits")]
    pub application_host: Option<PathBuf>,
    /// Path of an application, such as /shop; may be given again.
    #[arg(long = "app", global = true, value_name = "PATH", value_parser = values::app_path, help_heading = "Limits")]
    pub apps: Vec<String>,
    /// CoreSettings.config to take the Notification Server's slots from.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Limits")]
    pub core_settings: Option<PathBuf>,
    /// appConcurrentRequestLimit of every application.
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true, value_parser = values::count, help_heading = "Limits")]
    pub app_limit: Option<u64>,
    /// MaxConcurrentConfigRequests.
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true, value_parser = values::count, help_heading = "Limits")]
    pub config_slots: Option<u64>,
    /// MaxConcurrentPackageInfoRequests (NS 6.0 SP3 and later).
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true, value_parser = values::count, help_heading = "Limits")]
    pub package_slots: Option<u64>,
    /// What the non-paged pool can grow to, such as 128MB.
    #[arg(long, global = true, value_name = "SIZE", allow_negative_numbers = true, value_parser = values::size, help_heading = "Limits")]
    pub pool_max: Option<u64>,
    /// Available non-paged pool under which HTTP.sys refuses connections; 20MB unless EnableAggressiveMemoryUsage makes it 8MB.
    #[arg(long, global = true, value_name = "SIZE", allow_negative_numbers = true, value_parser = values::size, help_heading = "Limits")]
    pub pool_cutoff: Option<u64>,
    /// pooltag.txt with the drivers of pool tags.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Limits")]
    pub pool_tags: Option<PathBuf>,
}

/// Whether a command line, the program's name first, is one of `check`, however wrong the rest is.
#[must_use]
pub fn is_check(args: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let command = Cli::command();
    let mut names = args.skip(1).filter(|arg| command.get_subcommands().any(|sub| arg == sub.get_name()));
    names.next().is_some_and(|name| name == "check")
}

/// The form of a check's line that a command line asks for, right or wrong in all else.
#[must_use]
pub fn check_format(args: impl Iterator<Item = std::ffi::OsString>) -> CheckFormat {
    let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let after = args.iter().skip_while(|arg| *arg != "--format").nth(1);
    let asked = args.iter().find_map(|arg| arg.strip_prefix("--format=")).or(after.map(String::as_str));
    asked.and_then(|name| CheckFormat::from_str(name, false).ok()).unwrap_or(CheckFormat::Nagios)
}

/// Writes completions for a shell.
pub fn completions(shell: Shell, out: &mut dyn Write) {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "why503", &mut bytes);
    // Whoever reads may have gone: that is theirs to decide.
    let _ = out.write_all(&bytes);
}

/// Writes the man page: the program, then each command.
///
/// # Errors
/// When it cannot be written.
pub fn man(out: &mut dyn Write) -> io::Result<()> {
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(out)?;
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let man = clap_mangen::Man::new(sub.clone());
        writeln!(out, ".SH COMMAND: {}", sub.get_name().to_uppercase())?;
        man.render_description_section(out)?;
        man.render_options_section(out)?;
    }
    keys(out)
}

/// The keys, from the table that they are looked up in.
fn keys(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, ".SH KEYS")?;
    // A bare hyphen may be drawn as a typographic one.
    let plain = |text: &str| text.replace('-', r"\-");
    for row in crate::ui::action::ACTIONS {
        writeln!(out, ".TP\n\\fB{}\\fR\n{}", plain(row.shown), plain(row.help))?;
    }
    Ok(())
}

/// A moment that somebody gave, told with what is known of the recording's first day.
#[must_use]
pub fn moment(when: When, first: Time) -> Time {
    match when {
        When::At(time) => time,
        When::Clock(millis) => {
            let day = first.millis().div_euclid(86_400_000) * 86_400_000;
            let time = Time::from_millis(day + millis);
            // A recording that begins before midnight has its small hours on the next day.
            if time.plus(3_600_000) < first { time.plus(86_400_000) } else { time }
        }
    }
}
