//! The terminal handed to a program of the operator's own, and taken back when somebody has read what it said.

use std::io::{self, Write, stdout};
use std::path::Path;

use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use super::keys::Keys;
use super::terminal;
use crate::msg::JobEvent;

/// Runs it to its end; no shell in between. Nobody else may read the keys meanwhile.
///
/// # Errors
/// What the terminal refused. A program that cannot be started is an event, not an error.
pub async fn run(
    name: &str,
    argv: &[String],
    dir: &Path,
    has_mouse: bool,
    keys: &mut Keys,
) -> io::Result<JobEvent> {
    let Some((program, arguments)) = argv.split_first() else {
        return Ok(JobEvent::Failed(format!("{name}: no program is set")));
    };
    // Ctrl-C is for the program; without a listener it would end the console too.
    let interrupted = signal(SignalKind::interrupt())?;
    terminal::give_back();
    let event = match Command::new(program).args(arguments).current_dir(dir).status().await {
        Ok(status) if status.success() => JobEvent::Done(format!("{name} ended with status 0")),
        Ok(status) => JobEvent::Failed(format!("{name}: {}", ended(status))),
        Err(error) => JobEvent::Failed(format!("{name}: cannot run {program} in {}: {error}", dir.display())),
    };
    drop(interrupted);
    crossterm::terminal::enable_raw_mode()?;
    let (JobEvent::Done(text) | JobEvent::Failed(text)) = &event else { return Ok(event) };
    let text = crate::logs::ansi::plain(text);
    let mut out = stdout();
    write!(out, "\r\npilothouse: {text}; any key goes back to the console ")?;
    out.flush()?;
    keys.next().await?;
    terminal::enter(has_mouse)?;
    Ok(event)
}

fn ended(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
