//! `pilothouse run`: a command once, in a container of its own that is made like those of a service; what it prints is
//! ours, and its exit status.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::consent::{Consent, Request};
use super::failure::Failure;
use super::out::remark;
use super::setup::Options;
use super::site::{Depth, Site, Where, record};
use super::target::Target;
use crate::domain::act::ContainerAct;
use crate::domain::container::{Container, State};
use crate::domain::deployment::errand::{ERRAND, ONE_OFF};
use crate::domain::deployment::{ENVIRONMENT, SERVICE};
use crate::domain::environment::Environment;
use crate::domain::grade::{INSIDE, grade_at_once};
use crate::domain::ids::ContainerId;
use crate::domain::ledger::{Outcome, Subject, program};
use crate::domain::spec::{RestartPolicy, Spec};
use crate::logs::line::Stream;
use crate::ports::engine::{Engine, LogRequest};
use crate::ports::pace::roll;

/// What it is, and how it ends.
pub const HELP: &str = "\
The container is made like one of the service that runs: the same image,
environment, volumes and networks, on the same host. It publishes no port, is
found under no name, has no check, and is removed once it ended; Ctrl-C ends
it. Its image's entry point stays. It has no input. Lines it prints go where
it printed them; the service's log driver has to be one that can be read.

Outside of a development environment it is asked first; --yes answers, and in
a protected one --confirm. It is recorded in the ledger, without arguments.

Exit status: that of the command; 125 when it could not be started, whatever
the reason.";

/// What the label says of such a container.
const WORD: &str = "run";
/// Between two looks at whether it ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What runs, like what.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    consent: Consent,
    /// Like this: [ENVIRONMENT/][HOST/]SERVICE
    #[arg(value_name = "TARGET")]
    target: Target,
    /// The command and its arguments; no shell is in between
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    argv: Vec<String>,
}

/// Runs it to its end; gives its exit status.
pub async fn run(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    once(arguments, options).await.map_err(Failure::not_started)
}

async fn once(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let Arguments { at, consent, target, argv } = arguments;
    // From now on whoever interrupts it ends it properly.
    let mut ends = Ends::new()?;
    let mut site = Site::load(options)?;
    let found = site.find(&at, std::slice::from_ref(&target), Depth::List).await?;
    let is_errand = |c: &Container| c.labels.contains_key(ERRAND);
    let up = |c: &Container| c.state.is_up() && !is_errand(c);
    let Some(one) = found.iter().find(|found| up(&found.container)) else {
        let name = &target.name;
        return Err(Failure::Failed(format!("nothing of {name} runs: there is nothing to make it like")));
    };
    let (environment, like) = (&one.environment, &one.container);
    let what = format!("run {} like {} on {}", argv.join(" "), like.name, like.key.host);
    let request = Request {
        environment,
        grade: grade_at_once(INSIDE, environment),
        what: what.clone(),
        steps: vec![what],
        warning: None,
    };
    tokio::select! {
        consent = consent.obtain(&request) => consent?,
        () = ends.next() => return Err(Failure::Interrupted),
    }
    let engine = site.engine(&like.key.host)?;
    let subject = Subject::container(&like.key, &like.name, like.service.as_str());
    let recording = site.record(environment, program(WORD, &argv), vec![subject]).await?;
    let ended = match made(&engine, environment, like, &argv).await {
        Ok(id) => {
            let ended = tokio::select! {
                ended = to_its_end(&engine, &id) => ended,
                () = ends.next() => Err(Failure::Interrupted),
            };
            clear(&engine, &id).await;
            ended
        }
        Err(failure) => Err(failure),
    };
    let outcome = match &ended {
        Ok(status) => Outcome::Status(*status),
        Err(failure) => Outcome::Failed(failure.to_string()),
    };
    record::end(recording, outcome).await;
    // What a shell makes of a status that is no byte.
    Ok(u8::try_from(ended?).unwrap_or(255))
}

/// What ends a command.
struct Ends([Signal; 3]);

impl Ends {
    fn new() -> std::io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [a, b, c] = kinds.map(signal);
        Ok(Self([a?, b?, c?]))
    }

    async fn next(&mut self) {
        let [a, b, c] = &mut self.0;
        tokio::select! {
            _ = a.recv() => {}
            _ = b.recv() => {}
            _ = c.recv() => {}
        }
    }
}

/// Made, and not started.
async fn made(
    engine: &Arc<dyn Engine>,
    environment: &Environment,
    like: &Container,
    argv: &[String],
) -> Result<ContainerId, Failure> {
    let spec = engine.spec(&like.key.id).await?;
    let labels = BTreeMap::from([
        (ONE_OFF.to_owned(), "True".to_owned()),
        (ERRAND.to_owned(), WORD.to_owned()),
        (ENVIRONMENT.to_owned(), environment.id.to_string()),
        (SERVICE.to_owned(), like.service.to_string()),
    ]);
    let never = RestartPolicy { name: "no".to_owned(), most: 0 };
    // A tag may have moved since the service was started.
    let image = like.image_id.as_str();
    let spec: Spec = spec.once(argv).with_image(image).with_restart(&never).with_labels(&labels);
    let name = format!("{}-{WORD}-{:08x}", like.name, roll() as u32);
    Ok(engine.create(&name, &spec).await?)
}

/// Starts it, prints what it prints, gives its status.
async fn to_its_end(engine: &Arc<dyn Engine>, id: &ContainerId) -> Result<i64, Failure> {
    engine.act(id, ContainerAct::Start).await?;
    let request = LogRequest { follow: true, ..LogRequest::default() };
    match engine.logs(id, request).await {
        Ok(mut batches) => {
            while let Some(batch) = batches.next().await {
                match batch {
                    Ok(batch) => batch.iter().try_for_each(|line| print(line.stream, line.bytes))?,
                    Err(error) => {
                        remark(&format!("pilothouse: what it prints is not heard any more: {error}"));
                        break;
                    }
                }
            }
        }
        Err(error) => remark(&format!("pilothouse: what it prints is not heard: {error}")),
    }
    loop {
        let found = engine.containers().await?.into_iter().find(|c| c.key.id == *id);
        match found.map(|c| c.state) {
            Some(State::Exited(code)) => return Ok(code.unwrap_or(255)),
            None | Some(State::Dead | State::Removing) => {
                return Err(Failure::Failed("it was removed by somebody before its end was seen".to_owned()));
            }
            Some(_) => sleep(LOOK_EVERY).await,
        }
    }
}

fn print(stream: Stream, line: &[u8]) -> std::io::Result<()> {
    let line = [line, b"\n"].concat();
    match stream {
        Stream::Stderr => std::io::stderr().lock().write_all(&line),
        Stream::Stdout => {
            let mut to = std::io::stdout().lock();
            to.write_all(&line)?;
            to.flush()
        }
    }
}

/// Ends it if it still runs, and removes it.
async fn clear(engine: &Arc<dyn Engine>, id: &ContainerId) {
    let cleared = async {
        engine.act(id, ContainerAct::Kill).await?;
        engine.discard(id).await
    };
    if let Err(error) = cleared.await {
        remark(&format!(
            "pilothouse: its container {} stays: {error}; `pilothouse rm` removes it",
            id.short()
        ));
    }
}
