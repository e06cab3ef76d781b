//! `pilothouse watch`, `abort` and `hold`: what another process does in an environment, as its hosts tell it, and what is
//! asked of that process.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use tokio::time::{Instant, sleep, sleep_until};

use super::report::Teller;
use super::take_up::{ahead, is_past_migration, took_up};
use super::{nobody, not_begun, place, seconds};
use crate::cli::consent::{Consent, Request};
use crate::cli::failure::Failure;
use crate::cli::out::remark;
use crate::cli::setup::Options;
use crate::cli::site::{Depth, Site, Where};
use crate::deploy::event::{Ending, told};
use crate::deploy::plan::Manner;
use crate::deploy::progress::Progress;
use crate::domain::deployment::{Asked, Heading};
use crate::domain::environment::Environment;
use crate::domain::grade::Grade;
use crate::domain::ledger::{Outcome, Record, form};
use crate::domain::lock::BEAT;
use crate::jobs::deploy::begin::{Site as Place, unfinished};
use crate::jobs::deploy::heed::written;

/// Whoever writes to the journal writes more than once.
const GATHER: Duration = Duration::from_millis(100);
/// A host that tells no more what is written there is asked again after so long.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// Which environment.
#[derive(clap::Args, Debug)]
pub struct Of {
    /// The environment; otherwise the configuration's default, else the first
    #[arg(value_name = "ENVIRONMENT", conflicts_with = "environment")]
    named: Option<String>,
    #[command(flatten)]
    at: Where,
}

impl Of {
    /// Its hosts, asked, and what is done on them.
    pub(super) async fn find(&self, site: &mut Site) -> Result<(Environment, Place), Failure> {
        reach(site, self.named.as_deref().or(self.at.environment.as_deref())).await
    }
}

/// An environment by its name, its hosts asked, and what is done on them.
pub(super) async fn reach(site: &mut Site, name: Option<&str>) -> Result<(Environment, Place), Failure> {
    let environment = site.environment(name)?;
    site.ask(std::slice::from_ref(&environment), Depth::List).await;
    let place = place::of(site, &environment, None, Manner::default(), nobody());
    if place.hosts.0.is_empty() {
        return Err(Failure::Unreachable(format!("no host of {} answers", environment.id)));
    }
    Ok((environment, place))
}

/// How long the command stays. The deployment goes on without it.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Waiting {
    /// Wait for its end and tell each step: as it does without this
    #[arg(long, conflicts_with = "no_wait")]
    wait: bool,
    /// Only begin it; `watch` follows it
    #[arg(long)]
    pub(super) no_wait: bool,
    /// Wait so long at most; it goes on then, and the exit status is 7
    #[arg(long, value_name = "TIME", value_parser = seconds, conflicts_with = "no_wait")]
    pub(super) timeout: Option<Duration>,
}

/// What is followed.
#[derive(clap::Args, Debug)]
pub struct Watch {
    #[command(flatten)]
    of: Of,
    /// Follow it so long at most; the exit status is 7 then
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Report as JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// What is asked to turn back.
#[derive(clap::Args, Debug)]
pub struct Abort {
    #[command(flatten)]
    of: Of,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    waiting: Waiting,
    /// Report as JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// What is asked to wait.
#[derive(clap::Args, Debug)]
pub struct Hold {
    #[command(flatten)]
    of: Of,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Follows what is deployed there, or tells how the last one ended.
pub async fn watch(arguments: Watch, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let (environment, place) = arguments.of.find(&mut site).await?;
    let ledger = place.book.read().await.ledger;
    let mut teller = Teller::new(arguments.json, &environment);
    let last = || ledger.records.iter().rev().find(|record| record.plan.is_some());
    let Some(record) = unfinished(&ledger).or_else(last) else {
        teller.nothing("nothing was deployed")?;
        return Ok(site.status());
    };
    follow(&site, &place, record, &mut teller, arguments.timeout).await
}

/// Asks whoever is at work to turn back; where nobody is, goes back by itself.
pub async fn abort(arguments: Abort, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let (environment, place) = arguments.of.find(&mut site).await?;
    let ledger = place.book.read().await.ledger;
    let mut teller = Teller::new(arguments.json, &environment);
    let Some((record, plan)) = unfinished(&ledger).and_then(|record| Some((record, record.plan.as_ref()?)))
    else {
        teller.nothing("nothing is being deployed")?;
        return Ok(site.status());
    };
    let what = format!("abort {} ({})", record.begun.number, record.begun.act);
    // Going back is easier than going forward: one `y`, wherever it is, unless a migration lies between.
    let grade = Grade::Yes.over_migration(is_past_migration(record), &environment);
    let steps = ahead(record, Heading::Back);
    arguments
        .consent
        .obtain(&Request { environment: &environment, grade, what, steps, warning: None })
        .await?;
    if place::at_work(&site, &place).await?.is_none() {
        let why = arguments.note.or_else(|| Some("it was aborted".to_owned()));
        return took_up(&place, record, why, &mut teller, arguments.waiting, options).await;
    }
    if !Progress::of(&record.notes).may_turn(plan) {
        let number = record.begun.number;
        return Err(Failure::Failed(format!(
            "{number} already removes what it replaced; it ends soon, then roll back"
        )));
    }
    place.ask(record, Asked::Back, arguments.note).await.map_err(not_begun)?;
    if arguments.waiting.no_wait {
        teller.asked("it turns back; `pilothouse watch` follows it")?;
        return Ok(0);
    }
    follow(&site, &place, record, &mut teller, arguments.waiting.timeout).await
}

/// Asks whoever is at work to begin no further step.
pub async fn hold(arguments: Hold, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let (environment, place) = arguments.of.find(&mut site).await?;
    let ledger = place.book.read().await.ledger;
    let mut teller = Teller::new(false, &environment);
    let at_work = place::at_work(&site, &place).await?;
    let Some(record) = unfinished(&ledger).filter(|_| at_work.is_some()) else {
        return Err(Failure::Failed(format!("nobody deploys in {} now; nothing was done", environment.id)));
    };
    place.ask(record, Asked::Pause, arguments.note).await.map_err(not_begun)?;
    teller
        .asked("it waits before its next step; `pilothouse resume` lets it go on, `abort` turns it back")?;
    Ok(site.status())
}

/// Tells what its journal says until its end is there, or nobody is at work on it any more.
pub(super) async fn follow(
    site: &Site,
    place: &Place,
    record: &Record,
    teller: &mut Teller,
    timeout: Option<Duration>,
) -> Result<u8, Failure> {
    let (mut record, begun) = (record.clone(), record.begun.clone());
    let Some(plan) = record.plan.as_ref().map(|plan| plan.as_seen_by(&place.engines)) else {
        return Err(Failure::Failed(format!("{} has no plan", begun.number)));
    };
    teller.plan(&plan)?;
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    let mut known = BTreeSet::new();
    let mut written = written(&place.hosts).await;
    let mut looked = None::<Instant>;
    let pause = BEAT.to_std().unwrap_or_default();
    loop {
        record = place.book.record(&begun).await.unwrap_or(record);
        let mut notes: Vec<_> = record.notes.iter().filter(|note| known.insert(form::kind(note))).collect();
        notes.sort_by_key(|note| (note.epoch, note.at));
        notes.into_iter().filter_map(|note| told(note, &plan)).try_for_each(|said| teller.tell(said))?;
        if let Some((_, outcome)) = &record.end {
            return teller.end(&ending(outcome));
        }
        if looked.is_none_or(|looked| looked.elapsed() >= pause) {
            looked = Some(Instant::now());
            if place::at_work(site, place).await?.is_none() {
                // Its end is written before its lock is given back.
                if place.book.record(&begun).await.is_some_and(|record| record.end.is_some()) {
                    continue;
                }
                let why = place::silence(site, place).await?;
                return teller.end(&Ending::Halted { why, is_locked: false });
            }
        }
        tokio::select! {
            next = written.next() => {
                sleep(if next == Some(true) { GATHER } else { LISTEN_AGAIN }).await;
                if next != Some(true) {
                    written = self::written(&place.hosts).await;
                }
            }
            () = sleep(pause) => {}
            () = late(deadline) => {
                remark("pilothouse: it goes on; that was as long as --timeout says");
                return Ok(7);
            }
        }
    }
}

/// The last sign of whoever is at work there, by our clock.
pub(in crate::cli) async fn sign(site: &Site, environment: &Environment) -> Option<DateTime<Utc>> {
    let place = place::of(site, environment, None, Manner::default(), nobody());
    let told = place.watched().await.ok()?;
    let ours =
        told.iter().filter_map(|(host, watched)| Some(watched.last_sign()? - place::ahead(site, host)));
    ours.max()
}

/// Never where nothing ends it.
pub(super) async fn late(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn ending(outcome: &Outcome) -> Ending {
    match outcome {
        Outcome::Done | Outcome::Status(_) => Ending::Done,
        Outcome::Undone(why) => Ending::Undone(why.clone()),
        Outcome::Failed(why) => Ending::Halted { why: why.clone(), is_locked: false },
    }
}
