//! The `why503` program.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use why503::cli::Cli;
use why503::ui::text::Shown;

fn main() -> ExitCode {
    match why503::app::run(Cli::parse()) {
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
