//! `pilothouse lock`: who holds an environment, since when and what for, and whether he still lives. And breaks it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::watching::Of;
use super::{not_begun, place};
use crate::cli::consent::{Consent, Request};
use crate::cli::failure::Failure;
use crate::cli::out::Out;
use crate::cli::setup::Options;
use crate::cli::site::Site;
use crate::cli::site::record::end;
use crate::domain::grade::{Weight, grade_at_once};
use crate::domain::ids::HostId;
use crate::domain::ledger::{Intent, Outcome, Subject};
use crate::domain::lock::{Doing, Guard, Watched};
use crate::jobs::record;

/// The shape of `--json`.
pub const JSON: &str = "\
A lock that nobody gives a sign at for 45 s is unguarded: what was being done
can be taken up (`resume`, `undo`, `abort`). Breaking one is for the rest: it
keeps whoever has it from beginning any further step, and is recorded.
Ends with 0 whether somebody holds it or not.

JSON (--json), one object per host that is locked:
  environment, host
  operator, login, machine, from  who holds it
  pid, purpose   his process on that machine; what for
  since          when he took it, by his clock
  sign           the last sign of him, by the clock of this machine
  guarded        whether that is young enough
  paused         by whom and why he was asked to wait, else null";

/// Which, and what of it.
#[derive(clap::Args, Debug)]
pub struct Lock {
    #[command(flatten)]
    of: Of,
    /// Take it away from whoever holds it
    #[arg(long = "break", requires = "note")]
    break_it: bool,
    /// Why, for the ledger
    #[arg(long, value_name = "REASON", requires = "break_it")]
    note: Option<String>,
    #[command(flatten)]
    consent: Consent,
    /// Print data: one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    environment: &'a str,
    host: &'a str,
    operator: Option<&'a str>,
    login: Option<&'a str>,
    machine: Option<&'a str>,
    from: Option<&'a str>,
    pid: Option<u32>,
    purpose: Option<&'a str>,
    since: Option<DateTime<Utc>>,
    sign: Option<DateTime<Utc>>,
    guarded: bool,
    paused: Option<&'a str>,
}

/// Tells who holds it, or breaks it.
pub async fn run(arguments: Lock, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let (environment, place) = arguments.of.find(&mut site).await?;
    let locks = place.watched().await.map_err(not_begun)?;
    let mut out = Out::new(arguments.json);
    if locks.is_empty() {
        if !out.is_json {
            out.line(&format!("nobody holds {}", environment.id))?;
        }
        out.flush()?;
        return Ok(site.status());
    }
    for (host, watched) in &locks {
        if out.is_json {
            out.json(&row(&site, environment.id.as_str(), host, watched))?;
        } else {
            out.line(&told(&site, host, watched))?;
        }
    }
    out.flush()?;
    let Some(why) = arguments.note.filter(|_| arguments.break_it) else { return Ok(site.status()) };
    let request = Request {
        environment: &environment,
        grade: grade_at_once(Weight::Ends, &environment),
        what: format!("break the lock of {}", environment.id),
        steps: locks.iter().map(|(host, watched)| told(&site, host, watched)).collect(),
        warning: Some("whoever holds it begins no further step; what he was doing has to be taken up"),
    };
    arguments.consent.obtain(&request).await?;
    let subject = |(host, watched): &(HostId, Watched)| Subject {
        host: host.to_string(),
        kind: "lock".to_owned(),
        name: environment.id.to_string(),
        id: watched.lock.id.to_string(),
        ..Subject::default()
    };
    let on = locks.iter().map(subject).collect();
    let act = "lock --break".to_owned();
    let intent = Intent { environment: environment.id.clone(), act, on, why: Some(why) };
    let recording = record::begin(place.book.clone(), place.who.clone(), intent).await.map_err(|newer| {
        Failure::Failed(format!("{} is read-only here: {newer}; nothing was done", environment.id))
    })?;
    let broken = place.oust().await;
    let outcome = broken.as_ref().map_or_else(|error| Outcome::Failed(error.to_string()), |()| Outcome::Done);
    end(recording, outcome).await;
    broken.map_err(|error| Failure::Failed(format!("the lock is not broken everywhere: {error}")))?;
    if !out.is_json {
        out.line("broken; `pilothouse resume` or `undo` take up what was being done")?;
    }
    out.flush()?;
    Ok(site.status())
}

fn row<'a>(site: &Site, environment: &'a str, host: &'a HostId, watched: &'a Watched) -> Row<'a> {
    let claim = watched.lock.claim.as_ref();
    let who = claim.map(|claim| &claim.who);
    let ahead = place::ahead(site, host);
    Row {
        environment,
        host: host.as_str(),
        operator: who.map(|who| who.name.as_str()),
        login: who.map(|who| who.login.as_str()),
        machine: who.map(|who| who.machine.as_str()),
        from: who.and_then(|who| who.from.as_deref()),
        pid: claim.map(|claim| claim.pid),
        purpose: claim.map(|claim| claim.purpose.as_str()),
        since: claim.map(|claim| claim.at),
        sign: watched.last_sign().map(|at| at - ahead),
        guarded: watched.guard(Utc::now() + ahead) == Guard::Kept,
        paused: paused(watched),
    }
}

fn paused(watched: &Watched) -> Option<&str> {
    match &watched.sign.as_ref()?.doing {
        Doing::Paused(why) => Some(why),
        Doing::Works => None,
    }
}

fn told(site: &Site, host: &HostId, watched: &Watched) -> String {
    let who = watched.lock.claim.as_ref().map_or_else(
        || "by something that nobody can read".to_owned(),
        |claim| {
            let since = claim.at.with_timezone(&chrono::Local).format("%F %T");
            format!("by {}, process {}, since {since}: {}", claim.who, claim.pid, claim.purpose)
        },
    );
    let paused = paused(watched).map(|why| format!("; {why}")).unwrap_or_default();
    format!("{host} is locked {who}{paused}; {}", place::guarded(site, host, watched))
}
