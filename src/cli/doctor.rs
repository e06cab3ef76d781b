//! `pilothouse doctor`: step by step what was found on the way to each engine, and the command that mends what is
//! wrong. Changes nothing.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use serde::Serialize;

use super::failure::Failure;
use super::out::{Out, Tone};
use super::setup::{Options, Setup};
use super::site::{Depth, Site, Where};
use crate::domain::container::State;
use crate::domain::environment::Environment;
use crate::domain::host::Address;
use crate::domain::ids::HostId;
use crate::domain::size::bytes;
use crate::logs::ansi;
use crate::world::Link;

/// The shape of `--json`.
pub const JSON: &str = "\
JSON (--json), one object per step:
  host     null for what belongs to this machine
  step     configuration, terminal, found, socket, engine, clock, disk, log limits
  verdict  ok, warn, bad, unknown
  found    what was found, in words
  mend     the command that mends it, else null

Exit status: 0 nothing is bad, 3 something is, 6 a host does not answer.";

/// A clock that is further off makes logs of several hosts come in the wrong order.
const SKEW: Duration = Duration::from_millis(500);
/// Names listed in one step.
const LISTED: usize = 6;

/// Which hosts.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Only this host
    #[arg(value_name = "HOST")]
    only: Option<String>,
    #[command(flatten)]
    at: Where,
    /// Print data: one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Bad,
    Unknown,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Warn => Tone::Soon,
            Self::Bad => Tone::Bad,
            Self::Unknown => Tone::Dim,
        }
    }
}

#[derive(Serialize)]
struct Row<'a> {
    host: Option<&'a str>,
    step: &'static str,
    verdict: &'static str,
    found: &'a str,
    mend: Option<&'a str>,
}

/// Prints steps and remembers the worst.
struct Report {
    out: Out,
    host: Option<String>,
    is_bad: bool,
}

impl Report {
    fn step(
        &mut self,
        step: &'static str,
        verdict: Verdict,
        found: &str,
        mend: Option<&str>,
    ) -> Result<(), Failure> {
        self.is_bad |= verdict == Verdict::Bad;
        if self.out.is_json {
            let host = self.host.as_deref();
            return self.out.json(&Row { host, step, verdict: verdict.word(), found, mend });
        }
        let word = self.out.paint(verdict.tone(), &format!("{:<7}", verdict.word()));
        self.out.safe(&format!("  {word}  {step:<13}  {}\n", ansi::plain(found)))?;
        match mend {
            Some(mend) => self.out.safe(&format!("{:26}try: {}\n", "", ansi::plain(mend))),
            None => Ok(()),
        }
    }

    fn begin(&mut self, host: Option<&str>) -> Result<(), Failure> {
        self.host = host.map(str::to_owned);
        if self.out.is_json { Ok(()) } else { self.out.line(host.unwrap_or("this machine")) }
    }
}

/// Looks at everything and says what it found.
pub async fn run(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let mut report = Report { out: Out::new(arguments.json), host: None, is_bad: false };
    report.begin(None)?;
    configuration(&mut report, options)?;
    terminal(&mut report)?;
    let mut site = Site::load(options)?;
    let environment = site.environment(arguments.at.environment.as_deref())?;
    let environment = only(environment, arguments.only.as_deref())?;
    site.be_quiet();
    site.ask(std::slice::from_ref(&environment), Depth::Detail).await;
    for id in &environment.hosts {
        report.begin(Some(id.as_str()))?;
        host(&mut report, &site, &environment, id).await?;
    }
    report.out.flush()?;
    Ok(match (site.is_incomplete(), report.is_bad) {
        (true, _) => 6,
        (false, true) => 3,
        (false, false) => 0,
    })
}

fn only(environment: Environment, host: Option<&str>) -> Result<Environment, Failure> {
    let Some(name) = host else { return Ok(environment) };
    let hosts: Vec<_> = environment.hosts.iter().filter(|id| id.as_str() == name).cloned().collect();
    if hosts.is_empty() {
        let known = super::target::ranked(name, environment.hosts.iter().map(HostId::as_str));
        return Err(Failure::Failed(format!(
            "no host `{name}` in {}; there are: {}",
            environment.id,
            known.join(", ")
        )));
    }
    Ok(Environment { hosts, ..environment })
}

fn configuration(report: &mut Report, options: &Options) -> Result<(), Failure> {
    match Setup::load(options) {
        Ok(_) => report.step("configuration", Verdict::Ok, "every file that is there is right", None),
        Err(error) => {
            let text = error.to_string().replace('\n', "; ");
            report.step("configuration", Verdict::Bad, &text, Some("pilothouse config check"))
        }
    }
}

fn terminal(report: &mut Report) -> Result<(), Failure> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let term = set("TERM").unwrap_or_default();
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
    let is_utf8 = locale.to_ascii_lowercase().replace('-', "").ends_with("utf8");
    let found = format!("TERM={term}, locale {}", if locale.is_empty() { "not set" } else { &locale });
    match (term.as_str(), is_utf8) {
        ("" | "dumb", _) => {
            report.step("terminal", Verdict::Warn, &found, Some("export TERM=xterm-256color"))
        }
        (_, false) => report.step(
            "terminal",
            Verdict::Warn,
            &found,
            Some("export LC_ALL=C.UTF-8, or pilothouse --ascii"),
        ),
        _ => report.step("terminal", Verdict::Ok, &found, None),
    }
}

async fn host(
    report: &mut Report,
    site: &Site,
    environment: &Environment,
    id: &HostId,
) -> Result<(), Failure> {
    let Some(known) = site.world.hosts.get(id) else { return Ok(()) };
    let refusals = site.refusals(id);
    let is_lost = matches!(known.link, Link::Lost { .. });
    for refusal in refusals {
        // A place without an engine is no fault as long as another has one.
        let verdict = if is_lost { Verdict::Bad } else { Verdict::Ok };
        let mend = Some(refusal.mend.as_str()).filter(|_| is_lost);
        report.step("found", verdict, &format!("{}: {}", refusal.source, refusal.error), mend)?;
    }
    let way = site.route(id).map(|route| route.chosen());
    if let Some(way) = way.filter(|_| !is_lost) {
        report.step("found", Verdict::Ok, &format!("{} by {}", known.address, way.source), None)?;
    }
    if let Address::Unix(path) = &known.address {
        socket(report, path)?;
    }
    let Some(engine) = known.engine.as_ref().filter(|_| !is_lost) else { return Ok(()) };
    let found = format!("{}, API {}, {}", engine.version, engine.api, engine.system);
    report.step("engine", Verdict::Ok, &found, None)?;
    clock(report, site, environment, id).await?;
    disk(report, site, environment, id)?;
    log_limits(report, site, environment, id)
}

fn socket(report: &mut Report, path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) => {
            let mend = if error.kind() == std::io::ErrorKind::PermissionDenied {
                "sudo usermod -aG docker $USER, then log in again"
            } else {
                "sudo systemctl start docker"
            };
            return report.step("socket", Verdict::Bad, &format!("{shown}: {error}"), Some(mend));
        }
    };
    if !meta.file_type().is_socket() {
        return report.step(
            "socket",
            Verdict::Bad,
            &format!("{shown} is no socket"),
            Some("ls -l /var/run/docker.sock"),
        );
    }
    let rights =
        format!("{shown}: mode {:o}, owner {}, group {}", meta.mode() & 0o777, meta.uid(), meta.gid());
    let may = rustix::fs::access(path, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK);
    match may {
        Ok(()) => report.step("socket", Verdict::Ok, &format!("{rights}, may be used"), None),
        Err(error) => {
            let mend = "sudo usermod -aG docker $USER, then log in again";
            report.step("socket", Verdict::Bad, &format!("{rights}: {error}"), Some(mend))
        }
    }
}

/// From a reading of a running container, which carries the engine's own time.
async fn clock(
    report: &mut Report,
    site: &Site,
    environment: &Environment,
    id: &HostId,
) -> Result<(), Failure> {
    let containers = site.world.containers(environment);
    let running = containers.iter().find(|c| c.key.host == *id && c.state == State::Running);
    let Some(container) = running else {
        return report.step(
            "clock",
            Verdict::Unknown,
            "nothing runs that could tell the engine's time",
            None,
        );
    };
    let now_ns = || Utc::now().timestamp_nanos_opt().unwrap_or(0);
    let engine = site.engine(id)?;
    let before_ns = now_ns();
    let sample = match engine.usage(&container.key.id).await {
        Ok(sample) => sample,
        Err(error) => return report.step("clock", Verdict::Unknown, &error.to_string(), None),
    };
    let after_ns = now_ns();
    // It was read some time between the question and the answer.
    let off_ns =
        if sample.at_ns < before_ns { before_ns - sample.at_ns } else { (sample.at_ns - after_ns).max(0) };
    let found = format!("at most {} ms off ours", (off_ns + (after_ns - before_ns) / 2) / 1_000_000);
    if Duration::from_nanos(off_ns.unsigned_abs()) > SKEW {
        let found = format!("{} ms off ours", off_ns / 1_000_000);
        report.step("clock", Verdict::Warn, &found, Some("sudo timedatectl set-ntp true, on both machines"))
    } else {
        report.step("clock", Verdict::Ok, &found, None)
    }
}

fn disk(report: &mut Report, site: &Site, environment: &Environment, id: &HostId) -> Result<(), Failure> {
    let Some(host) = site.world.hosts.get(id) else { return Ok(()) };
    let Some((free, total)) = host.load.disk_bytes else {
        return report.step("disk", Verdict::Unknown, "the engine is not on this machine", None);
    };
    let root = host.engine.as_ref().map_or("", |engine| engine.root_dir.as_str());
    let found = format!("{root}: {} of {} free", bytes(free), bytes(total));
    let least = site.config.thresholds.disk_free.fraction() * total as f64;
    if (free as f64) < least {
        let mend = format!("pilothouse prune --dry-run -e {}", environment.id);
        report.step("disk", Verdict::Bad, &found, Some(&mend))
    } else {
        report.step("disk", Verdict::Ok, &found, None)
    }
}

fn log_limits(
    report: &mut Report,
    site: &Site,
    environment: &Environment,
    id: &HostId,
) -> Result<(), Failure> {
    let containers = site.world.containers(environment);
    let here: Vec<_> = containers.iter().filter(|c| c.key.host == *id).collect();
    let unlimited: Vec<_> = here
        .iter()
        .filter(|c| c.detail.as_ref().is_some_and(|d| d.is_log_unlimited))
        .map(|c| &*c.name)
        .collect();
    if unlimited.is_empty() {
        let found = format!("none of {} containers keeps a log without a limit", here.len());
        return report.step("log limits", Verdict::Ok, &found, None);
    }
    let more = unlimited.len().saturating_sub(LISTED);
    let names = unlimited.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mend = r#"put {"log-opts": {"max-size": "10m", "max-file": "3"}} into /etc/docker/daemon.json, restart docker, create them again"#;
    report.step("log limits", Verdict::Warn, &format!("logs without a limit: {names}{more}"), Some(mend))
}
