//! `pilothouse deploy`, `rollback`, `scale`, `resume`, `undo`: the plan is shown, confirmed and run, and every step told as
//! it is done. It runs in a process of its own, which stays when the command goes; whoever is cut off leaves a journal on
//! the hosts, from which `resume` and `undo` go on anywhere.

use std::sync::Arc;
use std::time::Duration;

use super::consent::{Consent, Request};
use super::failure::Failure;
use super::setup::{Options, one_of};
use super::site::{Depth, Site, Where};
use super::target::Target;
use crate::config::units::{Period, UnitError};
use crate::deploy::event::Ending;
use crate::deploy::order::{Order, Task};
use crate::deploy::plan::{Manner, Wish};
use crate::deploy::progress::Progress;
use crate::deploy::request::Heard;
use crate::domain::deployment::errand::Migration;
use crate::domain::deployment::{Asked, Heading, Plan, Release};
use crate::domain::environment::Environment;
use crate::domain::grade::{Grade, Weight, grade_at_once};
use crate::domain::ledger::Record;
use crate::jobs::deploy::begin::{NotBegun, Site as Place, unfinished};
use crate::jobs::deploy::lock::LockError;
use crate::jobs::deploy::take_up::Way;
use crate::runtime::place::Say;
use crate::runtime::worker::{self, Started};

pub mod locks;
mod place;
mod report;
pub mod watching;
mod work;

use report::Teller;
use watching::{Of, Waiting};
pub use work::run as work;

macro_rules! json {
    () => {
        "\
JSON (--json), one object per event:
  event    plan, begun, begins, done, waits, last_lines, again, turns, paused,
           goes_on, asked, taken_up, trouble, end
  step     what the step does, and on which host; null where it is about all
  text     the same in words
  outcome  of `end`: done, undone, halted; else null

Exit status: 4 when it was taken back, 5 when somebody else deploys there,
130 after Ctrl-C: the deployment goes on in its own process."
    };
}

/// The shape of `--json`.
pub const JSON: &str = json!();

/// What `deploy` prints.
pub const DEPLOY_HELP: &str = concat!(
    "\
The new replicas are made like those that run, with the other image. Its tag
is resolved once to a digest by its registry, as who is logged in there with
`docker login` here. Hosts that lack that very image pull it first, before any
replica is touched. No registry is asked for a name without a registry's host
(shop/web:1.5) that all hosts have and that never was in one.

A new one is ready before the old one stops, unless it has a port of the
host by number, writes to a volume, or listens nowhere. Ready is
what its health check, or the configured probe, says; without either it has
to stay up for some seconds. What does not get ready is taken back.
The old containers are kept, stopped, for `rollback`.

",
    json!()
);

/// How it is done.
#[derive(clap::Args, Debug)]
pub struct Manners {
    #[command(flatten)]
    at: Where,
    /// Only show what would be done
    #[arg(long)]
    plan: bool,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// How long a replica may take to be ready
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = seconds)]
    ready_within: Duration,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    consent: Consent,
    /// Report as JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Which image.
#[derive(clap::Args, Debug)]
pub struct Deploy {
    /// [ENVIRONMENT/]SERVICE
    #[arg(value_name = "TARGET")]
    target: Target,
    /// The image: NAME:TAG, NAME@DIGEST, or the id that its hosts know it by
    image: String,
    /// Ask no registry: the image that all hosts have by that name
    #[arg(long)]
    local: bool,
    /// What this release does to data, otherwise as configured: nothing goes back by itself over an irreversible one
    #[arg(long, value_name = "KIND", value_parser = one_of(Migration::WORDS.iter().copied(), Migration::parse))]
    migration: Option<Migration>,
    #[command(flatten)]
    manners: Manners,
}

/// Which release.
#[derive(clap::Args, Debug)]
pub struct Rollback {
    /// [ENVIRONMENT/]SERVICE
    #[arg(value_name = "TARGET")]
    target: Target,
    /// The release: v41; otherwise the one before the live one. What ran before the first is v0
    #[arg(value_parser = release)]
    release: Option<Release>,
    #[command(flatten)]
    manners: Manners,
}

/// How many.
#[derive(clap::Args, Debug)]
pub struct Scale {
    /// [ENVIRONMENT/]SERVICE
    #[arg(value_name = "TARGET")]
    target: Target,
    /// So many on all hosts together
    replicas: usize,
    #[command(flatten)]
    manners: Manners,
}

/// Which environment's.
#[derive(clap::Args, Debug)]
pub struct TakeUp {
    #[command(flatten)]
    of: Of,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Although whoever began it may still be at work
    #[arg(long)]
    take_over: bool,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    consent: Consent,
    /// Report as JSON, one object a line
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let period: Period = text.parse().map_err(|error: UnitError| error.to_string())?;
    if period.get() < Duration::from_secs(1) { Err("at least 1s".to_owned()) } else { Ok(period.get()) }
}

fn release(text: &str) -> Result<Release, String> {
    Release::parse(text).ok_or_else(|| "a release is a number: v41".to_owned())
}

/// Puts an image live.
pub async fn deploy(arguments: Deploy, options: &Options) -> Result<u8, Failure> {
    let wish = Wish::Deploy { image: arguments.image };
    let manner = Manner { is_local: arguments.local, migration: arguments.migration, ..Manner::default() };
    carry_out(&arguments.target, &wish, &arguments.manners, manner, options).await
}

/// Puts an earlier release live again.
pub async fn rollback(arguments: Rollback, options: &Options) -> Result<u8, Failure> {
    let wish = Wish::Rollback(arguments.release);
    carry_out(&arguments.target, &wish, &arguments.manners, Manner::default(), options).await
}

/// Runs so many replicas.
pub async fn scale(arguments: Scale, options: &Options) -> Result<u8, Failure> {
    let wish = Wish::Scale(arguments.replicas);
    carry_out(&arguments.target, &wish, &arguments.manners, Manner::default(), options).await
}

async fn carry_out(
    target: &Target,
    wish: &Wish,
    manners: &Manners,
    manner: Manner,
    options: &Options,
) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let found = site.find(&manners.at, std::slice::from_ref(target), Depth::List).await?;
    let Some(first) = found.first() else {
        return Err(Failure::Failed(format!("nothing is called {}", target.name)));
    };
    let (environment, service) = (first.environment.clone(), first.container.service.clone());
    if let Some(other) = found.iter().find(|other| other.container.service != service) {
        let (name, other) = (&target.name, &other.container.service);
        return Err(Failure::Failed(format!("{name} is {service} and {other}: name one service")));
    }
    let mut teller = Teller::new(manners.json, &environment);
    let ready_within_s = manners.ready_within.as_secs() as u32;
    let manner = Manner { ready_within_s, ..manner };
    let mut place = place::of(&site, &environment, Some(&service), manner, nobody());
    place.project = first.container.project.as_deref().map(str::to_owned);
    let plan = place.plan(&service, wish).await.map_err(not_begun)?;
    if manners.plan {
        teller.plan(&plan)?;
        return Ok(site.status());
    }
    confirm(&manners.consent, &environment, &plan).await?;
    let project = place.project.clone();
    let (wish, note, shown) = (wish.clone(), manners.note.clone(), Box::new(plan.clone()));
    let task = Task::Begin { service, project, wish, shown, note };
    teller.follow(started(&place, task, options).await?, Some(&plan), manners.waiting).await
}

/// Starts the process that does it on these hosts.
async fn started(place: &Place, task: Task, options: &Options) -> Result<Started, Failure> {
    let hosts = place.hosts.0.iter().map(|(host, _)| host.clone()).collect();
    let (environment, manner) = (place.environment.clone(), place.manner);
    let order = Order { environment, hosts, task, manner, reach: options.reach() };
    worker::start(&order).await.map_err(|error| {
        Failure::Failed(format!("no process for the deployment could be started: {error}; nothing was done"))
    })
}

/// Where nothing is run yet nothing is said.
fn nobody() -> Say {
    Arc::new(|_| {})
}

/// Asks for what the plan weighs; the question lists each step.
async fn confirm(consent: &Consent, environment: &Environment, plan: &Plan) -> Result<(), Failure> {
    let warning =
        plan.has_gap().then_some("it is away between its stop and its start: both cannot run at once");
    let request = Request {
        environment,
        grade: grade_at_once(Weight::Ends, environment).over_migration(plan.crosses.is_some(), environment),
        what: plan.title(),
        steps: plan.steps.iter().map(ToString::to_string).collect(),
        warning,
    };
    consent.obtain(&request).await
}

/// Goes on.
pub async fn resume(arguments: TakeUp, options: &Options) -> Result<u8, Failure> {
    take_up(arguments, Heading::Forward, options).await
}

/// Goes back.
pub async fn undo(arguments: TakeUp, options: &Options) -> Result<u8, Failure> {
    take_up(arguments, Heading::Back, options).await
}

async fn take_up(arguments: TakeUp, heading: Heading, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let (environment, place) = arguments.of.find(&mut site).await?;
    let mut teller = Teller::new(arguments.json, &environment);
    let ledger = place.book.read().await.ledger;
    let record = unfinished(&ledger);
    if !arguments.take_over
        && let Some(busy) = place::at_work(&site, &place).await?
    {
        let waits = record.filter(|record| is_paused(record) && heading == Heading::Forward);
        let Some(record) = waits else {
            let hint = "wait for it (`pilothouse watch`), `abort` it, or add --take-over";
            return Err(Failure::Locked(format!("{busy}; {hint}")));
        };
        place.ask(record, Asked::GoOn, arguments.note).await.map_err(not_begun)?;
        if arguments.waiting.no_wait {
            teller.asked("it goes on; `pilothouse watch` follows it")?;
            return Ok(0);
        }
        return watching::follow(&site, &place, record, &mut teller, arguments.waiting.timeout).await;
    }
    let Some(record) = record else {
        // A lock that was left is broken; nothing else is there.
        place.take_up(Way::On).await.map_err(not_begun)?;
        teller.nothing("nothing was cut off")?;
        return Ok(site.status());
    };
    let is_back = heading == Heading::Back;
    let request = Request {
        environment: &environment,
        // Going back is easier than going forward: one `y`, wherever it is, unless a migration lies between.
        grade: if is_back {
            Grade::Yes.over_migration(is_past_migration(record), &environment)
        } else {
            grade_at_once(Weight::Ends, &environment)
        },
        what: verb(heading, record),
        steps: ahead(record, heading),
        warning: None,
    };
    arguments.consent.obtain(&request).await?;
    let why = is_back.then(|| arguments.note.clone().unwrap_or_else(|| "it was wanted".to_owned()));
    took_up(&place, record, why, &mut teller, arguments.waiting, options).await
}

/// A migration that cannot be undone was begun with it.
fn is_past_migration(record: &Record) -> bool {
    record.plan.as_ref().is_some_and(|plan| Progress::of(&record.notes).is_past_migration(plan))
}

/// Whoever is at work on it was asked to wait.
fn is_paused(record: &Record) -> bool {
    let epoch = record.notes.iter().map(|note| note.epoch).max().unwrap_or(0);
    Heard::of(&record.notes, epoch).pause.is_some()
}

/// Has another process go on with it, or back for that reason.
async fn took_up(
    place: &Place,
    record: &Record,
    back: Option<String>,
    teller: &mut Teller,
    waiting: Waiting,
    options: &Options,
) -> Result<u8, Failure> {
    let service = record.plan.as_ref().map(|plan| plan.service.clone());
    let task = Task::TakeUp { service, back };
    teller.follow(started(place, task, options).await?, None, waiting).await
}

fn verb(heading: Heading, record: &Record) -> String {
    let verb = if heading == Heading::Back { "undo" } else { "resume" };
    format!("{verb} {} ({})", record.begun.number, record.begun.act)
}

/// What is left to do in that direction.
fn ahead(record: &Record, heading: Heading) -> Vec<String> {
    let mut progress = Progress::of(&record.notes);
    progress.heading = progress.heading.max(heading);
    let plan = record.plan.as_ref();
    let ahead = plan.map(|plan| progress.ahead(plan)).unwrap_or_default();
    ahead.into_iter().map(|one| one.step.to_string()).collect()
}

fn not_begun(error: NotBegun) -> Failure {
    match error {
        NotBegun::Lock(LockError::Held(_)) => Failure::Locked(format!("{error}; nothing was done")),
        NotBegun::Engine(host, error) => match Failure::from(error) {
            Failure::Unreachable(why) => Failure::Unreachable(format!("{host}: {why}; nothing was done")),
            other => Failure::Failed(format!("{host}: {other}; nothing was done")),
        },
        other => Failure::Failed(format!("{other}; nothing was done")),
    }
}

/// The exit status that says how it ended.
fn status(ending: &Ending) -> u8 {
    match ending {
        Ending::Done => 0,
        Ending::Undone(_) => 4,
        Ending::Halted { is_locked, .. } => {
            if *is_locked {
                5
            } else {
                1
            }
        }
    }
}
