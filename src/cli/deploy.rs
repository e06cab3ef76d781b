//! `pilothouse deploy`, `rollback`, `scale`: the plan is shown, confirmed and run, and every step told as
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
use crate::deploy::promote::Judged;
use crate::domain::deployment::errand::Migration;
use crate::domain::deployment::{Plan, Release};
use crate::domain::environment::Environment;
use crate::domain::grade::{Weight, grade_at_once};
use crate::domain::ids::ServiceId;
use crate::jobs::deploy::begin::{NotBegun, Site as Place};
use crate::jobs::deploy::lock::LockError;
use crate::jobs::deploy::promote::Wanting;
use crate::runtime::place::Say;
use crate::runtime::worker::{self, Started};

macro_rules! json {
    () => {
        "\
JSON (--json), one object per event:
  event    plan, differs, compared, refused, begun, begins, done, waits,
           last_lines, again, turns, paused, goes_on, asked, taken_up,
           trouble, end
           refused: a reason why there is no plan; one object each
  step     what the step does, and on which host; null where it is about all
  text     the same in words
  outcome  of `end`: done, undone, halted; else null

Exit status: 4 when it was taken back, 5 when somebody else deploys there,
130 after Ctrl-C: the deployment goes on in its own process."
    };
}
use json;

pub mod locks;
mod place;
pub mod promote;
mod report;
mod set;
pub mod take_up;
pub mod traffic;
pub mod watching;
mod work;

use promote::Although;
use report::Teller;
use watching::Waiting;
pub use work::run as work;

/// The shape of `--json`.
pub const JSON: &str = json!();

/// What `plan` prints.
pub const PLAN_HELP: &str = "\
The same as `deploy --plan`. Exit status: 0 when it could be done now, 1 when
it could not; then every reason is told. Nothing is locked or kept free: what
is true now may not be when it is deployed, and then it is planned again.

JSON (--json), one object per line of the plan:
  event  plan, or refused: a reason why there is none
  step   what the step does, and on which host; null in the first
  text   the same in words";

/// What `deploy` prints.
pub const DEPLOY_HELP: &str = concat!(
    "\
The new replicas are made like those that run, with the other image; without
one, anew from what each has (a rolling restart). Where the environment names
its Compose files they are made as these say, also where nothing of it runs
yet. A tag is resolved once to a digest by its registry, as who is logged in
there with `docker login` here. Hosts that lack that very image pull it first,
before any replica is touched. No registry is asked for a name without a
registry's host (shop/web:1.5) that all hosts have and that never was in one.

A new one is ready before the old one stops, unless it has a port of the
host by number, writes to a volume, or listens nowhere. Ready is
what its health check, or the configured probe, says; without either it has
to stay up for some seconds. What does not get ready is taken back.
The old containers are kept, stopped, for `rollback`.

Where the configuration says after = \"staging\" of an environment, it refuses
what staging never ran, unless --override says why.

",
    json!()
);

/// How it is done.
#[derive(clap::Args, Debug, Default)]
pub struct Manners {
    #[command(flatten)]
    at: Where,
    /// Only show what would be done
    #[arg(long = "plan")]
    is_plan: bool,
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

impl Manners {
    fn manner(&self, manner: Manner) -> Manner {
        Manner { ready_within_s: self.ready_within.as_secs() as u32, ..manner }
    }
}

/// Which image.
#[derive(clap::Args, Debug)]
pub struct Deploy {
    /// [ENVIRONMENT/]SERVICE, or several that go together: [ENVIRONMENT/]web+worker, or the name of a set
    #[arg(value_name = "TARGET")]
    target: Target,
    /// The image: NAME:TAG, NAME@DIGEST, or the id that its hosts know it by. Without one its containers are made anew from
    /// the image that they have
    image: Option<String>,
    /// Ask no registry: the image that all hosts have by that name
    #[arg(long)]
    local: bool,
    /// What this release does to data, otherwise as configured: nothing goes back by itself over an irreversible one
    #[arg(long, value_name = "KIND", value_parser = one_of(Migration::WORDS.iter().copied(), Migration::parse))]
    migration: Option<Migration>,
    #[command(flatten)]
    although: Although,
    #[command(flatten)]
    manners: Manners,
}

/// Which image, for a look.
#[derive(clap::Args, Debug)]
pub struct Planning {
    /// [ENVIRONMENT/]SERVICE
    #[arg(value_name = "TARGET")]
    target: Target,
    /// The image: NAME:TAG, NAME@DIGEST, or the id that its hosts know it by
    image: String,
    #[command(flatten)]
    at: Where,
    /// Ask no registry: the image that all hosts have by that name
    #[arg(long)]
    local: bool,
    /// Report as JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Which release.
#[derive(clap::Args, Debug)]
pub struct Rollback {
    /// [ENVIRONMENT/]SERVICE, or several that go together: [ENVIRONMENT/]web+worker, or the name of a set
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

fn seconds(text: &str) -> Result<Duration, String> {
    let period: Period = text.parse().map_err(|error: UnitError| error.to_string())?;
    if period.get() < Duration::from_secs(1) { Err("at least 1s".to_owned()) } else { Ok(period.get()) }
}

fn release(text: &str) -> Result<Release, String> {
    Release::parse(text).ok_or_else(|| "a release is a number: v41".to_owned())
}

/// Puts an image live.
pub async fn deploy(arguments: Deploy, options: &Options) -> Result<u8, Failure> {
    let wish = arguments.image.map_or(Wish::Restart, |image| Wish::Deploy { image });
    let manner = Manner { is_local: arguments.local, migration: arguments.migration, ..Manner::default() };
    carry_out(&arguments.target, wish, &arguments.manners, (manner, arguments.although), options).await
}

/// Shows what would be done.
pub async fn plan(arguments: Planning, options: &Options) -> Result<u8, Failure> {
    let Planning { target, image, at, local, json } = arguments;
    let manner = Manner { is_local: local, ..Manner::default() };
    let ready_within = Duration::from_secs(manner.ready_within_s.into());
    let manners = Manners { at, is_plan: true, ready_within, json, ..Manners::default() };
    carry_out(&target, Wish::Deploy { image }, &manners, (manner, Although::default()), options).await
}

/// Puts an earlier release live again.
pub async fn rollback(arguments: Rollback, options: &Options) -> Result<u8, Failure> {
    let wish = Wish::Rollback(arguments.release);
    carry_out(&arguments.target, wish, &arguments.manners, Default::default(), options).await
}

/// Runs so many replicas.
pub async fn scale(arguments: Scale, options: &Options) -> Result<u8, Failure> {
    let wish = Wish::Scale(arguments.replicas);
    carry_out(&arguments.target, wish, &arguments.manners, Default::default(), options).await
}

async fn carry_out(
    target: &Target,
    wish: Wish,
    manners: &Manners,
    (manner, although): (Manner, Although),
    options: &Options,
) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let (environment, service, project) = set::of(&mut site, &manners.at, target, &wish).await?;
    let mut place = place::of(&site, &environment, Some(&service), manners.manner(manner), nobody());
    place.project = project;
    let before = match wish {
        Wish::Deploy { .. } => promote::gate(&mut site, &environment, &place, &service).await,
        Wish::Restart | Wish::Rollback(_) | Wish::Scale(_) => None,
    };
    let judged = place.judged(&service, Wanting::Wish(wish), before.as_ref()).await;
    go((&site, &environment, &place), judged, manners, although, options).await
}

/// A service: where it is, what it is called, its Compose project.
type Subject = (Environment, ServiceId, Option<String>);

/// The one service that is meant, asked of its hosts.
async fn service_of(site: &mut Site, at: &Where, target: &Target) -> Result<Subject, Failure> {
    let found = site.find(at, std::slice::from_ref(target), Depth::List).await?;
    let Some(first) = found.first() else {
        return Err(Failure::Failed(format!("nothing is called {}", target.name)));
    };
    let (environment, service) = (first.environment.clone(), first.container.service.clone());
    if let Some(other) = found.iter().find(|other| other.container.service != service) {
        let (name, other) = (&target.name, &other.container.service);
        return Err(Failure::Failed(format!("{name} is {service} and {other}: name one service")));
    }
    Ok((environment, service, first.container.project.as_deref().map(str::to_owned)))
}

/// Shows what is planned, has it confirmed and done.
async fn go(
    (site, environment, place): (&Site, &Environment, &Place),
    judged: Result<Judged, NotBegun>,
    manners: &Manners,
    although: Although,
    options: &Options,
) -> Result<u8, Failure> {
    let mut teller = Teller::new(manners.json, environment);
    if let Err(NotBegun::Refused(reasons)) = &judged {
        reasons.iter().try_for_each(|reason| teller.refused(&reason.to_string()))?;
    }
    let judged = judged.map_err(not_begun)?;
    teller.compared(&judged, environment)?;
    if manners.is_plan {
        teller.plan(&judged.plan)?;
    }
    if let (Some(objection), None) = (judged.verdict.objection(&judged.plan), &although.why) {
        teller.refused(&objection)?;
        return Err(Failure::Failed(format!(
            "{objection}; deploy it there first, or say why not: --override WHY; nothing was done"
        )));
    }
    if manners.is_plan {
        return Ok(site.status());
    }
    confirm(&manners.consent, environment, &judged.plan).await?;
    let note = judged.verdict.why(although.why.as_deref(), manners.note.as_deref());
    let (project, Judged { wish, plan, .. }) = (place.project.clone(), judged);
    let (service, shown) = (plan.service.clone(), Box::new(plan.clone()));
    let task = Task::Begin { service, project, wish, shown, note };
    teller.follow(started(place, task, options).await?, Some(&plan), manners.waiting).await
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
