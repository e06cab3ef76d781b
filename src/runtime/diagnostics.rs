//! The diagnostic log: what an operator sends with a report of a fault. Off unless it was asked for; then a file of this
//! program alone, bounded, one line an event, without a control character. Never a secret, a container's log or a frame.

use std::backtrace::Backtrace;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::domain::skew::Skew;
use crate::logs::ansi;
use crate::msg::{HostFact, JobEvent, Msg};

/// The file is put aside at this size, as `FILE.1`; one that was there before goes.
const MOST_BYTES: u64 = 4 << 20;
/// The words of others have no end.
const LINE_BYTES: usize = 16 << 10;
/// Events that wait for the disk; when there are more they are counted and dropped, and nothing waits for them.
const WAITING: usize = 4096;
/// What of the program is logged. Nobody has looked whether other crates keep secrets to themselves.
const OURS: &str = "pilothouse";

/// From which level on, for the whole program or for parts of it: `debug`, `info,pilothouse::adapters::ssh=trace`.
#[derive(Clone, Debug)]
pub struct Levels(Targets);

impl Default for Levels {
    fn default() -> Self {
        Self(Targets::new().with_target(OURS, Level::DEBUG))
    }
}

impl Levels {
    /// Nothing at all.
    pub fn is_off(&self) -> bool {
        self.0.iter().all(|(_, level)| level == LevelFilter::OFF)
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Levels {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!(
                "{what} is neither a level (error, warn, info, debug, trace, off) nor a part of {OURS} with one, as {OURS}::adapters=trace"
            )
        };
        // A variable that is set to nothing asks for nothing.
        let asked = if text.is_empty() { "off" } else { text };
        let asked = asked.parse::<Targets>().map_err(|_| wrong(text))?;
        let is_ours = |target: &str| target.split("::").next() == Some(OURS);
        if let Some((other, _)) = asked.iter().find(|(target, _)| !is_ours(target)) {
            return Err(wrong(other));
        }
        let whole = Targets::new().with_target(OURS, asked.default_level().unwrap_or(LevelFilter::OFF));
        Ok(Self(whole.with_targets(asked.iter())))
    }
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be written.
    #[error("cannot write the log file {}: {cause}; name another one with --log-file", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What came back.
        #[source]
        cause: io::Error,
    },
    /// One process has one log.
    #[error("there is a log already")]
    Twice,
}

/// Keeps the log; when it goes, what waits is written.
#[must_use]
pub struct Kept(());

impl Drop for Kept {
    fn drop(&mut self) {
        end();
    }
}

/// Not in [`Kept`] itself: a program that ends in the middle has to reach it too.
static RUNNING: Mutex<Option<(WorkerGuard, ErrorCounter)>> = Mutex::new(None);

/// Logs into this file from now on, panics too.
///
/// # Errors
/// The file cannot be opened.
pub fn open(path: &Path, levels: Levels) -> Result<Kept, OpenError> {
    let bounded = Bounded::open(path, MOST_BYTES);
    let bounded = bounded.map_err(|cause| OpenError::File { path: path.to_owned(), cause })?;
    let (writer, guard) =
        NonBlockingBuilder::default().buffered_lines_limit(WAITING).thread_name("log").finish(bounded);
    let dropped = writer.error_counter();
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer).with_filter(levels.0);
    tracing_subscriber::registry().with(layer).try_init().map_err(|_| OpenError::Twice)?;
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some((guard, dropped));
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        tracing::error!("{info}");
        for frame in Backtrace::force_capture().to_string().lines() {
            tracing::error!("{frame}");
        }
        before(info);
    }));
    Ok(Kept(()))
}

/// Writes what waits, and ends the log. For whoever ends the program in the middle; twice does nothing.
pub fn end() {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((guard, dropped)) = running else { return };
    if dropped.dropped_lines() > 0 {
        tracing::warn!(events = dropped.dropped_lines(), "dropped: the disk was slower than they came");
    }
    drop(guard);
}

/// What a report needs of the news that the console takes in: how hosts stand, and what went wrong.
pub fn heard(msg: &Msg) {
    match msg {
        Msg::Host(host, HostFact::Up) => tracing::info!(%host, "answers"),
        Msg::Host(host, HostFact::Engine(facts)) => {
            let ahead_ns = facts.skew.map(Skew::certain_ns);
            tracing::debug!(%host, version = facts.version, api = facts.api, system = facts.system, ahead_ns, "engine");
        }
        Msg::Host(host, HostFact::Lost(why)) => tracing::warn!(%host, %why, "does not answer"),
        Msg::Host(host, HostFact::Asks(why)) => tracing::warn!(%host, %why, "waits for somebody"),
        Msg::Host(host, HostFact::Inventory(Err(why))) => tracing::warn!(%host, %why, "not counted"),
        Msg::Job(job, JobEvent::Failed(why)) => tracing::warn!(job = job.0, %why, "failed"),
        Msg::Job(job, JobEvent::Done(what)) => tracing::info!(job = job.0, %what, "done"),
        _ => {}
    }
}

/// A file that does not grow without end. What it cannot take is counted, and told when it can again.
struct Bounded {
    path: PathBuf,
    file: File,
    most: u64,
    lost: u64,
}

impl Bounded {
    fn open(path: &Path, most: u64) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: append(path)?, most, lost: 0 })
    }

    fn put(&mut self, event: &[u8]) -> io::Result<()> {
        let mut text = String::new();
        if self.lost > 0 {
            text = format!("\n{} events could not be written\n", self.lost);
        }
        text.push_str(&line(event));
        if self.file.metadata()?.len() + text.len() as u64 > self.most {
            self.turn()?;
        }
        self.file.write_all(text.as_bytes())?;
        self.lost = 0;
        Ok(())
    }

    /// Puts the file aside, unless another process did so meanwhile: several may write the same.
    fn turn(&mut self) -> io::Result<()> {
        flock(&self.file, FlockOperation::LockExclusive)?;
        let identity = |of: fs::Metadata| (of.dev(), of.ino());
        if identity(self.file.metadata()?) == identity(fs::metadata(&self.path)?) {
            fs::rename(&self.path, aside(&self.path))?;
        }
        self.file = append(&self.path)?;
        Ok(())
    }
}

impl Write for Bounded {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        if self.put(event).is_err() {
            // Whoever calls has nobody to tell; the next line that can be written does.
            self.lost += 1;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

/// For the operator alone where it is new. A pipe nobody reads would hold us up.
fn append(path: &Path) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is no file"));
    }
    File::options().append(true).create(true).mode(0o600).open(path)
}

/// An event as one line: what would act on a terminal, or begin a line of its own, is written out.
fn line(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let end = (0..=text.len().min(LINE_BYTES)).rev().find(|at| text.is_char_boundary(*at));
    let kept = &text[..end.unwrap_or(0)];
    let mut line = String::with_capacity(kept.len() + 1);
    for c in kept.chars() {
        if ansi::acts(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line.push_str(if kept.len() < text.len() { "…\n" } else { "\n" });
    line
}

#[cfg(test)]
mod tests;
