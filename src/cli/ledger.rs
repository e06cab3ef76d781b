//! `pilothouse ledger`: what was done in an environment, as its hosts have it, and whether they have all of it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::failure::Failure;
use super::logs::Clock;
use super::out::{Out, Tone, remark};
use super::setup::Options;
use super::site::{Depth, Site, Where};
use super::table::{Table, cell, left, right};
use crate::domain::deployment::{Note, Plan};
use crate::domain::environment::Environment;
use crate::domain::ids::HostId;
use crate::domain::ledger::union::{Finding, Ledger};
use crate::domain::ledger::{Outcome, Record, Subject};
use crate::jobs::ledger::Heard;

/// What `export` prints.
pub const EXPORT: &str = "\
The ledger lies on the hosts of the environment, in the directory pilothouse
beside the data of their engine; the container pilothouse-ledger, which is
never started, leads there. Where a prune took that container it is made
again; where nothing was ever recorded nothing is made.

JSON (--json), one object per record, oldest first:
  number, id     number in its environment; id tells apart what two hosts
                 numbered alike while they could not hear of each other
  environment, at
  operator, login, machine, from  who; from is where the SSH client is
  act            start, stop, remove, exec sh (2 arguments), ...
  on             [{host, kind, service, name, id}]; more counts the rest
  why            what somebody noted, else null
  ended          when; null where no end is recorded
  outcome        done, status, undone, failed; null where no end is recorded
  status, error  of a program that ran; what came back
  plan, journal  of a deployment: its steps, and each line that was written
                 while it ran, as they lie on the hosts; else null and []";

/// What `verify` prints.
pub const VERIFY: &str = "\
Ends with 3 when something is torn, missing or contradictory, with 6 when a
host does not answer.

JSON (--json), one object per finding:
  environment, finding  torn, newer, gap, shared, differs, behind
  host, path            where; null where it is about all of them
  first, last           the numbers it is about, else null
  text                  the same in words";

/// What is asked of it.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Print all records
    #[command(after_long_help = EXPORT)]
    Export(Arguments),
    /// Check that no record is torn, missing or contradicts another
    #[command(after_long_help = VERIFY)]
    Verify(Arguments),
}

/// Of which environment.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    at: Where,
    /// Print data: one JSON object a line
    #[arg(long)]
    json: bool,
    /// Show times in UTC
    #[arg(long)]
    utc: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    number: u32,
    id: &'a str,
    environment: &'a str,
    at: DateTime<Utc>,
    operator: &'a str,
    login: &'a str,
    machine: &'a str,
    from: Option<&'a str>,
    act: &'a str,
    on: &'a [Subject],
    more: usize,
    why: Option<&'a str>,
    ended: Option<DateTime<Utc>>,
    outcome: Option<&'static str>,
    status: Option<i64>,
    error: Option<&'a str>,
    plan: Option<&'a Plan>,
    journal: &'a [Note],
}

#[derive(Serialize)]
struct FindingRow<'a> {
    environment: &'a str,
    finding: &'static str,
    host: Option<&'a str>,
    path: Option<&'a str>,
    first: Option<u32>,
    last: Option<u32>,
    text: String,
}

/// Does it; gives the exit status.
pub async fn run(command: Command, options: &Options) -> Result<u8, Failure> {
    match command {
        Command::Export(arguments) => export(&arguments, options).await,
        Command::Verify(arguments) => verify(&arguments, options).await,
    }
}

async fn export(arguments: &Arguments, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let (environment, heard) = read(&mut site, &arguments.at).await?;
    let mut out = Out::new(arguments.json);
    for finding in &heard.ledger.findings {
        remark(&format!("pilothouse: {finding}"));
    }
    if out.is_json {
        for record in &heard.ledger.records {
            out.json(&row(record))?;
        }
    } else if heard.ledger.records.is_empty() {
        out.line("nothing is recorded")?;
    } else {
        table(&heard.ledger, environment.hosts.len() > 1, &Clock { is_utc: arguments.utc })
            .print(&mut out, 0)?;
    }
    out.flush()?;
    Ok(status(&site, &heard))
}

async fn verify(arguments: &Arguments, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let (environment, heard) = read(&mut site, &arguments.at).await?;
    let mut out = Out::new(arguments.json);
    let Ledger { records, findings, .. } = &heard.ledger;
    for finding in findings {
        if out.is_json {
            out.json(&finding_row(environment.id.as_str(), finding))?;
        } else {
            out.line(&finding.to_string())?;
        }
    }
    if !out.is_json {
        let hosts = environment.hosts.len() - heard.unheard.len();
        let told = if findings.is_empty() { "all whole" } else { "not all whole" };
        out.line(&format!(
            "{} {} on {hosts} of {} hosts, {told}",
            records.len(),
            if records.len() == 1 { "record" } else { "records" },
            environment.hosts.len()
        ))?;
    }
    out.flush()?;
    Ok(if findings.is_empty() { status(&site, &heard) } else { 3 })
}

fn status(site: &Site, heard: &Heard) -> u8 {
    if heard.unheard.is_empty() { site.status() } else { 6 }
}

/// What the hosts have; a way that was cleared away is made again.
async fn read(site: &mut Site, at: &Where) -> Result<(Environment, Heard), Failure> {
    let environment = site.environment(at.environment.as_deref())?;
    site.ask(std::slice::from_ref(&environment), Depth::Link).await;
    if environment.hosts.iter().all(|host| !site.refusals(host).is_empty()) {
        return Err(Failure::Unreachable(format!("no host of {} answers", environment.id)));
    }
    let book = site.book(&environment);
    let mut heard = book.read().await;
    if !heard.without_way.is_empty() {
        book.reopen().await;
        heard = book.read().await;
    }
    for (host, error) in &heard.unheard {
        remark(&format!("pilothouse: the ledger on {host} cannot be read: {error}"));
    }
    Ok((environment, heard))
}

fn table(ledger: &Ledger, has_hosts: bool, clock: &Clock) -> Table {
    let mut table = Table::new([
        right("NUMBER"),
        left("WHEN"),
        left("WHO").spare(1),
        left("WHAT"),
        left("ON"),
        left("OUTCOME").text(),
        left("WHY").spare(2),
    ]);
    for record in &ledger.records {
        let begun = &record.begun;
        let tone = match &record.end {
            Some((_, Outcome::Done | Outcome::Status(0))) => Tone::Plain,
            Some((_, Outcome::Status(_) | Outcome::Undone(_))) | None => Tone::Soon,
            Some((_, Outcome::Failed(_))) => Tone::Bad,
        };
        table.row([
            begun.number.0.to_string().into(),
            cell(Tone::Dim, clock.show(begun.at.timestamp_nanos_opt().unwrap_or(0))),
            begun.who.to_string().into(),
            cell(Tone::Bright, &begun.act),
            record.objects(has_hosts).into(),
            cell(tone, record.outcome()),
            cell(Tone::Dim, begun.why.as_deref().unwrap_or_default()),
        ]);
    }
    table
}

fn row(record: &Record) -> Row<'_> {
    let begun = &record.begun;
    let (outcome, status, error) = match record.end.as_ref().map(|(_, outcome)| outcome) {
        None => (None, None, None),
        Some(Outcome::Done) => (Some("done"), None, None),
        Some(Outcome::Status(status)) => (Some("status"), Some(*status), None),
        Some(Outcome::Undone(why)) => (Some("undone"), None, Some(why.as_str())),
        Some(Outcome::Failed(why)) => (Some("failed"), None, Some(why.as_str())),
    };
    Row {
        number: begun.number.0,
        id: begun.id.as_str(),
        environment: &begun.environment,
        at: begun.at,
        operator: &begun.who.name,
        login: &begun.who.login,
        machine: &begun.who.machine,
        from: begun.who.from.as_deref(),
        act: &begun.act,
        on: &begun.on,
        more: begun.more,
        why: begun.why.as_deref(),
        ended: record.end.as_ref().map(|(at, _)| *at),
        outcome,
        status,
        error,
        plan: record.plan.as_deref(),
        journal: &record.notes,
    }
}

fn finding_row<'a>(environment: &'a str, finding: &'a Finding) -> FindingRow<'a> {
    let (word, host, path, numbers) = match finding {
        Finding::Torn(host, path) => ("torn", Some(host), Some(path), None),
        Finding::Newer(host, path, _) => ("newer", Some(host), Some(path), None),
        Finding::Gap(first, last) => ("gap", None, None, Some((first.0, last.0))),
        Finding::Shared(number, _) => ("shared", None, None, Some((number.0, number.0))),
        Finding::Differs(host, path) => ("differs", Some(host), Some(path), None),
        Finding::Behind(host, _) => ("behind", Some(host), None, None),
    };
    FindingRow {
        environment,
        finding: word,
        host: host.map(HostId::as_str),
        path: path.map(String::as_str),
        first: numbers.map(|(first, _)| first),
        last: numbers.map(|(_, last)| last),
        text: finding.to_string(),
    }
}
