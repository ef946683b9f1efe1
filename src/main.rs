//! The `why503` program.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use why503::cli::Cli;
use why503::ui::text::Shown;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && why503::cli::is_check(std::env::args_os()) => return unknown(&error.to_string()),
        Err(error) => error.exit(),
    };
    match why503::app::run(cli) {
        Ok(code) => code,
        Err(error) if why503::app::is_broken_pipe(&error) => why503::app::exit_code(&error),
        Err(error) => {
            let message = format!("why503: {error:#}");
            for line in message.lines() {
                // A terminal that is gone takes no message, and that is no reason to panic.
                let _ = writeln!(io::stderr(), "{}", Shown::from_str(line));
            }
            why503::app::exit_code(&error)
        }
    }
}

/// Wrong usage of `check`: a line for the monitoring system, and all of it for whoever set it up.
fn unknown(usage: &str) -> ExitCode {
    for line in usage.lines() {
        let _ = writeln!(io::stderr(), "{}", Shown::from_str(line));
    }
    why503::app::wrong_usage(usage, why503::cli::check_format(std::env::args_os()))
}
