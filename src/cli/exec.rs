//! `pilothouse exec` and `shell`: a program in a container, with this terminal or with plain streams, byte for byte;
//! its exit status is ours.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};

use super::consent::{Consent, Request};
use super::failure::Failure;
use super::setup::Options;
use super::site::{Depth, Found, Site, Where, record};
use super::target::Target;
use crate::domain::grade::{INSIDE, grade_at_once};
use crate::domain::ids::ContainerId;
use crate::domain::ledger::{Outcome, Subject, program};
use crate::logs::line::Stream;
use crate::ports::engine::{Engine, EngineError, ExecSpec};
use crate::runtime::shell;

/// As [`HELP`], of a shell.
pub const SHELL_HELP: &str = "\
Outside of a development environment it is asked first; --yes answers, and in
a protected one --confirm.

Exit status: that of the shell; 125 when it could not be opened, whatever the
reason.";

/// When it is asked, and how it ends.
pub const HELP: &str = "\
Outside of a development environment it is asked first; --yes answers, and in
a protected one --confirm.

Without -i and -t: on a terminal the program gets a terminal, otherwise plain
streams and no input.

Exit status: that of the program; 126 or 127 when the container has no such
program; 125 when it could not be started at all, whatever the reason.";

const READ_BYTES: usize = 32 << 10;

/// What runs where.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Pass on standard input, to its end
    #[arg(short, long)]
    interactive: bool,
    /// With a terminal of its own; needs one here
    #[arg(short, long, conflicts_with = "no_tty")]
    tty: bool,
    /// Never with a terminal
    #[arg(short = 'T', long)]
    no_tty: bool,
    /// As this user: NAME or number, with :GROUP behind it if wanted
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,
    /// Start in this directory
    #[arg(short, long, value_name = "DIRECTORY")]
    workdir: Option<String>,
    /// Set a variable
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<String>,
    #[command(flatten)]
    place: Place,
    /// The program and its arguments; no shell is in between
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
    argv: Vec<String>,
}

/// In which container.
#[derive(clap::Args, Debug)]
pub struct Place {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    consent: Consent,
    /// [ENVIRONMENT/][HOST/]SERVICE (if it has one container), a container, or the start of its id
    #[arg(value_name = "TARGET")]
    target: Target,
}

fn variable(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() => Ok(text.to_owned()),
        _ => Err("a variable is NAME=VALUE".to_owned()),
    }
}

/// Runs the program; gives its exit status.
pub async fn run(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let has_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if arguments.tty && !io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "-t needs a terminal, and standard input is none; leave it off".to_owned(),
        ));
    }
    let is_tty = arguments.tty || (has_terminal && !arguments.interactive && !arguments.no_tty);
    let spec = ExecSpec {
        argv: arguments.argv,
        tty: None,
        takes_input: arguments.interactive,
        user: arguments.user,
        directory: arguments.workdir,
        env: arguments.env,
    };
    let act = program("exec", &spec.argv);
    start(arguments.place, act, spec, is_tty, options).await.map_err(Failure::not_started)
}

/// Opens a shell on this terminal, as the console does.
pub async fn open_shell(place: Place, options: &Options) -> Result<u8, Failure> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Failure::Usage(
            "a shell needs a terminal; exec -i runs a program without one".to_owned(),
        ));
    }
    let spec = ExecSpec { argv: shell::SHELL.map(str::to_owned).to_vec(), ..ExecSpec::default() };
    start(place, shell::ACT.to_owned(), spec, true, options).await.map_err(Failure::not_started)
}

async fn start(
    place: Place,
    act: String,
    spec: ExecSpec,
    is_tty: bool,
    options: &Options,
) -> Result<u8, Failure> {
    // As docker would take it.
    if let Some(variable) = place.at.environment.as_ref().filter(|name| name.contains('=')) {
        return Err(Failure::Usage(format!(
            "-e names an environment; a variable is set with --env {variable}"
        )));
    }
    let mut site = Site::load(options)?;
    let found = site.find(&place.at, std::slice::from_ref(&place.target), Depth::List).await?;
    let one = match found.as_slice() {
        [one] => one,
        several => return Err(Failure::Failed(say_which(&place.target, several))),
    };
    let container = &one.container;
    let what = format!("run {} in {}", spec.argv.join(" "), container.name);
    let request = Request {
        environment: &one.environment,
        grade: grade_at_once(INSIDE, &one.environment),
        what: what.clone(),
        steps: vec![what],
        warning: None,
    };
    place.consent.obtain(&request).await?;
    let engine = site.engine(&container.key.host)?;
    let subject = Subject::container(&container.key, &container.name, container.service.as_str());
    let recording = site.record(&one.environment, act, vec![subject]).await?;
    let ended = if is_tty {
        on_terminal(&engine, &container.key.id, spec).await
    } else {
        plain(&engine, &container.key.id, spec).await
    };
    let outcome = match &ended {
        Ok(status) => Outcome::Status(*status),
        Err(failure) => Outcome::Failed(failure.to_string()),
    };
    record::end(recording, outcome).await;
    let status = ended?;
    // What a shell makes of a status that is no byte.
    Ok(u8::try_from(status).unwrap_or(255))
}

fn say_which(target: &Target, several: &[Found]) -> String {
    let names: Vec<_> =
        several.iter().map(|f| format!("{}/{}", f.container.key.host, f.container.name)).collect();
    format!("{} has {} containers: {}; name one of them", target.name, names.len(), names.join(", "))
}

/// The terminal raw, and as it was when this is dropped.
struct Raw;

impl Raw {
    fn take() -> io::Result<Self> {
        crossterm::terminal::enable_raw_mode()?;
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Err(error) = crossterm::terminal::disable_raw_mode() {
            tracing::debug!(%error, "terminal settings not restored");
        }
    }
}

async fn on_terminal(engine: &Arc<dyn Engine>, id: &ContainerId, spec: ExecSpec) -> Result<i64, Failure> {
    let mut ends = [signal(SignalKind::terminate())?, signal(SignalKind::hangup())?];
    let [terminated, hung_up] = &mut ends;
    let _raw = Raw::take()?;
    tokio::select! {
        ended = shell::attach(engine, id, spec, Vec::new()) => Ok(ended?.status),
        _ = terminated.recv() => Ok(128 + 15),
        _ = hung_up.recv() => Ok(128 + 1),
    }
}

/// Standard streams as they are: nothing is added, changed or left out.
async fn plain(engine: &Arc<dyn Engine>, id: &ContainerId, spec: ExecSpec) -> Result<i64, Failure> {
    let takes_input = spec.takes_input;
    let session = engine.exec(id, spec).await?;
    let (mut output, input) = (session.output, session.input);
    // Its own task: a program that reads slowly must not keep us from reading what it prints.
    let feeder = tokio::spawn(feed(input, takes_input));
    let mut printed = Ok(());
    while let Some(piece) = output.next().await {
        printed = print(piece);
        if printed.is_err() {
            break;
        }
    }
    feeder.abort();
    printed?;
    Ok(shell::status(engine, &session.id).await?)
}

fn print(piece: Result<(Stream, bytes::Bytes), EngineError>) -> Result<(), Failure> {
    match piece? {
        (Stream::Stdout, bytes) => {
            let mut to = io::stdout().lock();
            to.write_all(&bytes)?;
            to.flush()?;
        }
        (Stream::Stderr, bytes) => io::stderr().lock().write_all(&bytes)?,
    }
    Ok(())
}

type Input = std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>;

/// Copies standard input, then says that it has ended. Ends early when the program reads no more.
async fn feed(mut to: Input, takes_input: bool) {
    let mut from = tokio::io::stdin();
    let mut bytes = vec![0; READ_BYTES];
    if takes_input {
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            if to.write_all(&bytes[..count]).await.is_err() || to.flush().await.is_err() {
                return;
            }
        }
        if let Err(error) = to.shutdown().await {
            tracing::debug!(%error, "the end of the input was not passed on");
        }
    }
    // Held until the program ends: closing both ways would end it.
    std::future::pending::<()>().await;
}
