//! The `why503` program.

use std::process::ExitCode;

use clap::Parser;
use why503::cli::Cli;
use why503::sources::is_broken_pipe;
use why503::ui::text::Shown;

fn main() -> ExitCode {
    match why503::app::run(Cli::parse()) {
        Ok(code) => code,
        // Whoever read the output has seen enough.
        Err(error) if error.chain().filter_map(|cause| cause.downcast_ref()).any(is_broken_pipe) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("why503: {}", Shown::from_str(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
