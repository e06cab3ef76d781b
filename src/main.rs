//! The `pilothouse` program: parses, runs, says how it ended. It never holds logic.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match pilothouse::cli::main(pilothouse::cli::Arguments::read()) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            if let Some(report) = failure.report() {
                // Where nobody can be told any more, the status still says it.
                let _ = writeln!(std::io::stderr(), "{report}");
            }
            ExitCode::from(failure.status())
        }
    }
}
