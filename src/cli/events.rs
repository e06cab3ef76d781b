//! `pilothouse events`: what the engines say that happens, as it happens.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::failure::Failure;
use super::logs::Clock;
use super::out::{Out, remark};
use super::setup::Options;
use super::site::{Depth, Site, Which};
use crate::domain::event::EngineEvent;
use crate::domain::ids::HostId;
use crate::jobs::route::Route;
use crate::logs::ansi;
use crate::ports::engine::{CALL_TIMEOUT, EngineError};
use crate::world::Link;

/// The shape of `--json`.
pub const JSON: &str = "\
JSON (--json), one object per event:
  time        RFC 3339 in UTC; what the host's clock is off is taken off
  environment, host
  kind        container, image, network, volume, …
  action      start, die, health_status: healthy, …
  id, name    of the object; name is null where the event carries none
  exit_code   of a die, else null
  more        what else helps to read it, as key=value

What is past comes in order of time over all hosts, then what happens.
Follows until Ctrl-C (exit status 130), or to the time of --until. An engine
that goes away ends it with 6. An engine keeps its last 256 events only:
--since gives no more than those.";

/// Events that wait to be printed; when full the engines wait.
const LANE: usize = 256;

/// So many of the past an engine keeps; as many are told only by one that has forgotten what was before.
const RING: usize = 256;

/// Which events.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Also those since then: 15m, 14:20, 2026-03-01 14:20
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    /// Only those up to then, and then end: now, 15m, 14:20, 2026-03-01 14:20; a date to come is waited for
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,
    /// Only of this kind: container, image, network, volume
    #[arg(long, value_name = "KIND", hide_possible_values = true, value_parser = KINDS)]
    kind: Option<String>,
    /// Also every exec, which health checks make all the time
    #[arg(long)]
    all: bool,
    /// Show times in UTC
    #[arg(long)]
    utc: bool,
}

/// What engines tell of.
const KINDS: [&str; 11] = [
    "container",
    "image",
    "network",
    "volume",
    "daemon",
    "plugin",
    "builder",
    "service",
    "node",
    "secret",
    "config",
];

#[derive(Serialize)]
struct Row<'a> {
    time: String,
    environment: &'a str,
    host: &'a str,
    kind: &'a str,
    action: &'a str,
    id: &'a str,
    name: Option<&'a str>,
    exit_code: Option<i64>,
    more: &'a str,
}

/// Prints them until it is interrupted.
pub async fn run(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let clock = Clock { is_utc: arguments.utc };
    let (since_ns, until_ns) = clock.span(arguments.since.as_deref(), arguments.until.as_deref())?;
    let mut site = Site::load(options)?;
    let found = site.find(&arguments.which.at, &arguments.which.targets, Depth::List).await?;
    let wanted: Vec<_> = found.iter().map(|f| f.container.key.id.as_str()).collect();
    let environment = match found.first().filter(|_| !arguments.which.targets.is_empty()) {
        Some(first) => first.environment.clone(),
        None => site.environment(arguments.which.at.environment.as_deref())?,
    };
    let (to, mut told) = mpsc::channel(LANE);
    let mut readers = tokio::task::JoinSet::new();
    let mut asked = environment.hosts.clone();
    asked.retain(|host| site.world.hosts.get(host).is_some_and(|h| !matches!(h.link, Link::Lost { .. })));
    for host in &asked {
        let (route, host, to) = (site.way(host)?, host.clone(), to.clone());
        readers.spawn(async move {
            let ended = read(&route, &host, (since_ns, until_ns), &to).await;
            // Nobody listens any more only when the command ends.
            let _ = to.send((host, ended.map_or_else(News::Failed, |()| News::Ended))).await;
        });
    }
    drop(to);
    let mut out = Out::new(arguments.which.json);
    let is_wanted = |event: &EngineEvent| {
        (arguments.all || !event.action.starts_with("exec_"))
            && arguments.kind.as_ref().is_none_or(|kind| *kind == event.kind)
            && (arguments.which.targets.is_empty()
                || wanted.iter().any(|id| *id == event.id || event.more.contains(id.get(..12).unwrap_or(id))))
    };
    let mut has_failed = false;
    // What is past is in order of time once every host told it; what comes meanwhile waits for it.
    let mut untold: BTreeSet<_> = asked.iter().filter(|_| since_ns.is_some()).cloned().collect();
    let mut waiting: Vec<(HostId, EngineEvent)> = Vec::new();
    while let Some((host, news)) = told.recv().await {
        if !matches!(news, News::Now(_)) {
            untold.remove(&host);
        }
        match news {
            News::Past(events, oldest_ns) => {
                if let Some(oldest_ns) = oldest_ns {
                    let from = clock.show(oldest_ns);
                    remark(&format!("pilothouse: {host}: its engine kept nothing from before {from}"));
                }
                waiting.extend(events.into_iter().map(|event| (host.clone(), event)));
            }
            News::Now(event) => waiting.push((host, event)),
            News::Ended if until_ns.is_some() => {}
            News::Ended => remark(&format!("pilothouse: {host}: the engine closed the stream")),
            News::Failed(error) => {
                has_failed = true;
                remark(&format!("pilothouse: {host}: {error}"));
            }
        }
        if !untold.is_empty() {
            continue;
        }
        waiting.sort_by_key(|(_, event)| event.at_ns);
        for (host, event) in waiting.drain(..).filter(|(_, event)| is_wanted(event)) {
            print(environment.id.as_str(), &host, &event, &clock, &mut out)?;
        }
        // After those that are passed over too: one that was printed before them must not wait for the next.
        if told.is_empty() {
            out.flush()?;
        }
    }
    out.flush()?;
    if until_ns.is_some() && !has_failed {
        return Ok(site.status());
    }
    Err(Failure::Unreachable("no engine sends events any more".to_owned()))
}

/// What a host tells, by our clock.
enum News {
    /// All that was before it was asked; where the engine has forgotten some of it, when the oldest was that it kept.
    Past(Vec<EngineEvent>, Option<i64>),
    Now(EngineEvent),
    Ended,
    Failed(EngineError),
}

/// Tells what is past at once, where it is wanted, then what happens.
async fn read(
    route: &Route,
    host: &HostId,
    (since_ns, until_ns): (Option<i64>, Option<i64>),
    to: &mpsc::Sender<(HostId, News)>,
) -> Result<(), EngineError> {
    let (engine, ahead_ns) = (route.engine(), route.ahead_ns().await);
    let theirs = |ns: i64| ns.saturating_add(ahead_ns);
    let ours = |event: EngineEvent| EngineEvent { at_ns: event.at_ns.saturating_sub(ahead_ns), ..event };
    // Begun before the past is asked for, so that nothing falls between the two.
    let mut stream = match until_ns {
        None => engine.events(since_ns.map(theirs)).await?,
        Some(until_ns) => engine.events_until(since_ns.map(theirs), theirs(until_ns)).await?,
    };
    let mut past = HashSet::new();
    if let Some(since_ns) = since_ns {
        let now_ns = Utc::now().timestamp_nanos_opt().unwrap_or(i64::MAX);
        let end_ns = now_ns.max(since_ns);
        let all = engine.events_until(Some(theirs(since_ns)), theirs(end_ns)).await?.try_collect::<Vec<_>>();
        let silent = |_| EngineError::Broken { what: "past events".into(), cause: "no answer".into() };
        let all = timeout(CALL_TIMEOUT, all).await.map_err(silent)??;
        past.extend(all.iter().cloned());
        let mut all: Vec<_> = all.into_iter().map(ours).collect();
        let oldest_ns = all.first().filter(|_| all.len() >= RING).map(|event| event.at_ns);
        all.retain(|event| until_ns.is_none_or(|until_ns| event.at_ns <= until_ns));
        if to.send((host.clone(), News::Past(all, oldest_ns))).await.is_err() {
            return Ok(());
        }
    }
    while let Some(event) = stream.next().await.transpose()? {
        if past.remove(&event) {
            continue;
        }
        if to.send((host.clone(), News::Now(ours(event)))).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn print(
    environment: &str,
    host: &HostId,
    event: &EngineEvent,
    clock: &Clock,
    out: &mut Out,
) -> Result<(), Failure> {
    if out.is_json {
        let at = DateTime::<Utc>::from_timestamp_nanos(event.at_ns);
        return out.json(&Row {
            time: at.to_rfc3339_opts(SecondsFormat::Nanos, true),
            environment,
            host: host.as_str(),
            kind: &event.kind,
            action: &event.action,
            id: &event.id,
            name: Some(event.name.as_str()).filter(|name| !name.is_empty()),
            exit_code: event.exit_code,
            more: &event.more,
        });
    }
    let name = if event.name.is_empty() { event.id.get(..12).unwrap_or(&event.id) } else { &event.name };
    let code = event.exit_code.map(|code| format!(" exit {code}")).unwrap_or_default();
    let text = format!(
        "{} {host} {} {} {name}{code} {}",
        clock.show(event.at_ns),
        event.kind,
        event.action,
        event.more
    );
    out.safe(&format!("{}\n", ansi::plain(text.trim_end())))
}
