//! `pilothouse resume` and `undo`: goes on with what was cut off or waits, or takes it back.

use super::report::Teller;
use super::watching::{self, Of, Waiting};
use super::{Place, not_begun, place, started};
use crate::cli::consent::{Consent, Request};
use crate::cli::failure::Failure;
use crate::cli::setup::Options;
use crate::cli::site::Site;
use crate::deploy::order::Task;
use crate::deploy::progress::Progress;
use crate::deploy::request::Heard;
use crate::domain::deployment::{Asked, Heading};
use crate::domain::grade::{Grade, Weight, grade_at_once};
use crate::domain::ledger::Record;
use crate::jobs::deploy::begin::unfinished;
use crate::jobs::deploy::take_up::Way;

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
pub(super) fn is_past_migration(record: &Record) -> bool {
    record.plan.as_ref().is_some_and(|plan| Progress::of(&record.notes).is_past_migration(plan))
}

/// Whoever is at work on it was asked to wait.
fn is_paused(record: &Record) -> bool {
    let epoch = record.notes.iter().map(|note| note.epoch).max().unwrap_or(0);
    Heard::of(&record.notes, epoch).pause.is_some()
}

/// Has another process go on with it, or back for that reason.
pub(super) async fn took_up(
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
pub(super) fn ahead(record: &Record, heading: Heading) -> Vec<String> {
    let mut progress = Progress::of(&record.notes);
    progress.heading = progress.heading.max(heading);
    let plan = record.plan.as_ref();
    let ahead = plan.map(|plan| progress.ahead(plan)).unwrap_or_default();
    ahead.into_iter().map(|one| one.step.to_string()).collect()
}
