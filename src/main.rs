//! The `pilothouse` program: parses, runs, says how it ended. It never holds logic.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match pilothouse::cli::main(pilothouse::cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Where nobody can be told any more, the status still says it.
            let _ = writeln!(std::io::stderr(), "pilothouse: {failure}");
            ExitCode::from(failure.status())
        }
    }
}
