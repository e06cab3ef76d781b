//! The `pilothouse` program: parses, runs, says how it ended. It never holds logic.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match pilothouse::cli::main(pilothouse::cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("pilothouse: {failure}");
            ExitCode::from(failure.status())
        }
    }
}
