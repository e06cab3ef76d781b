//! `pilothouse logs`: lines of one container, of a service, of a whole environment, in order of time; followed,
//! filtered, as data. Nothing is skipped.

mod newest;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Local, Offset, SecondsFormat, Utc};
use serde::Serialize;
use tokio::sync::mpsc;
use unicode_width::UnicodeWidthStr;

use newest::Newest;

use super::failure::Failure;
use super::out::{Out, Tone, remark};
use super::setup::{Options, one_of};
use super::site::{Depth, Found, Site, Where};
use super::target::Target;
use crate::domain::ids::HostId;
use crate::jobs::whole::{self, Log, Piece};
use crate::logs::line::{Level, LineRef, SourceId, Stream};
use crate::logs::mask::Masks;
use crate::logs::matcher::Matcher;
use crate::logs::show::Show;
use crate::logs::view::Filter;
use crate::logs::{ansi, range};
use crate::ports::engine::{EngineError, LogRequest};

/// The shape of `--json`.
pub const JSON: &str = "\
JSON (--json), one object per line:
  time        RFC 3339 in UTC, when the engine took the line in
  environment, host, service, container, id  where it comes from
  stream      stdout or stderr
  level       trace, debug, info, warn, error, fatal as the line itself says;
              else null
  line        its text; bytes that are no UTF-8 are U+FFFD
  cut_bytes   bytes of a line longer than 1 MiB that were left off, else 0

Without --json: the text of each line, colours and control characters taken
out, in a pipe too; with the container in front where there are several. --raw
prints the bytes as they are, and is refused on a terminal. With --follow it
stays until Ctrl-C (exit status 130), or until all its containers are gone.
Where the link to a host breaks it is made again and the logs go on where they
were; both is said on standard error. What a host's clock is off is taken off
its times, and --since and --until are put by that clock.";

const FOLLOW_TAIL: u32 = 1000;
const LANE: usize = 4;

/// Which lines.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// [ENVIRONMENT/][HOST/]SERVICE (all its containers), a container, or the start of its id; otherwise all containers
    #[arg(value_name = "TARGET")]
    targets: Vec<Target>,
    #[command(flatten)]
    at: Where,
    /// Stay for what comes
    #[arg(short, long)]
    follow: bool,
    /// Lines since then: 15m, 14:20, 2026-03-01 14:20, or RFC 3339
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    /// Lines before then
    #[arg(long, value_name = "TIME", conflicts_with = "follow", allow_hyphen_values = true)]
    until: Option<String>,
    /// Lines that match this regular expression; without a capital letter case is ignored. Several must all match
    #[arg(short, long, value_name = "PATTERN")]
    grep: Vec<String>,
    /// Lines that do not match this
    #[arg(short = 'v', long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Lines at least that severe: trace, debug, info, warn, error, fatal. A line that does not say counts as info
    #[arg(short, long, value_name = "LEVEL", ignore_case = true, hide_possible_values = true,
        value_parser = one_of(LEVELS.map(Level::as_str), level))]
    level: Option<Level>,
    /// Only the newest lines of each container; with a filter and without --follow, the newest that pass it. Where it is
    /// not given: 1000 with --follow, otherwise all
    #[arg(short = 'n', long, value_name = "LINES", allow_hyphen_values = true, value_parser = lines)]
    tail: Option<u32>,
    /// Put the time in front
    #[arg(short, long)]
    timestamps: bool,
    /// Show times in UTC
    #[arg(long)]
    utc: bool,
    /// Print the bytes as the container wrote them
    #[arg(long, conflicts_with_all = ["json", "timestamps"])]
    raw: bool,
    /// Print data: one JSON object a line
    #[arg(long)]
    json: bool,
}

fn lines(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("a number of lines, from 0 to {}", u32::MAX))
}

const LEVELS: [Level; 6] = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal];

fn level(name: &str) -> Option<Level> {
    LEVELS.into_iter().find(|level| level.as_str() == name)
}

/// Reads and shows times of a command.
pub struct Clock {
    /// In UTC, not in local time.
    pub is_utc: bool,
}

impl Clock {
    /// A span of time as ns since 1970; each end as the option of that name gives it.
    pub fn span(
        &self,
        since: Option<&str>,
        until: Option<&str>,
    ) -> Result<(Option<i64>, Option<i64>), Failure> {
        let since_ns = since.map(|text| self.read("--since", text)).transpose()?;
        let until_ns = until.map(|text| self.read("--until", text)).transpose()?;
        if since_ns.zip(until_ns).is_some_and(|(since, until)| since > until) {
            return Err(Failure::Usage("--since is later than --until; nothing lies between".to_owned()));
        }
        Ok((since_ns, until_ns))
    }

    fn read(&self, option: &str, text: &str) -> Result<i64, Failure> {
        let (now, utc) = (Utc::now(), chrono::Utc.fix());
        let zone = if self.is_utc { utc } else { Local::now().offset().fix() };
        match range::parse(text, now, zone) {
            Ok(range::Range { since_ns: Some(ns), until_ns: None }) => Ok(ns),
            _ => Err(Failure::Usage(format!(
                "{option}: `{text}` is no time; write now, 15m, 14:20 or 2026-03-01 14:20"
            ))),
        }
    }

    /// With ms and the zone.
    pub fn show(&self, ns: i64) -> String {
        let at = DateTime::<Utc>::from_timestamp_nanos(ns);
        if self.is_utc {
            at.to_rfc3339_opts(SecondsFormat::Millis, true)
        } else {
            at.with_timezone(&Local).to_rfc3339_opts(SecondsFormat::Millis, false)
        }
    }
}

#[derive(Serialize)]
struct Row<'a> {
    time: String,
    environment: &'a str,
    host: &'a str,
    service: &'a str,
    container: &'a str,
    id: &'a str,
    stream: &'static str,
    level: Option<&'static str>,
    line: &'a str,
    cut_bytes: u64,
}

/// Prints them.
pub async fn run(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let mut out = Out::new(arguments.json);
    if arguments.raw && out.is_terminal {
        return Err(Failure::Usage(
            "--raw on a terminal would let a container act on it; send it to a file or a pipe".to_owned(),
        ));
    }
    let clock = Clock { is_utc: arguments.utc };
    let filter = filter(&arguments, &clock)?;
    let mut site = Site::load(options)?;
    let masks = Masks::new(site.config.logs.mask.iter().map(String::as_str))
        .map_err(|(pattern, why)| Failure::Usage(format!("logs.mask: {pattern}: {why}")))?;
    let show = Show::new(masks, site.config.logs.fields.keys(), true);
    let found = site.find(&arguments.at, &arguments.targets, Depth::List).await?;
    let mut logs = Vec::new();
    for one in &found {
        let key = one.container.key.clone();
        logs.push(Log { route: site.way(&key.host)?, key });
    }
    let unfiltered = Filter { since_ns: None, ..filter.clone() }.is_empty();
    let default_tail = arguments.follow && arguments.since.is_none();
    let tail = arguments.tail.or(default_tail.then_some(FOLLOW_TAIL));
    // A filter decides which are the newest; and `until` with `tail` gives nothing on engine 20.10.
    let asked_tail = tail.filter(|_| unfiltered || arguments.follow);
    let request = LogRequest {
        tail: asked_tail,
        since_ns: filter.since_ns,
        until_ns: filter.until_ns,
        follow: arguments.follow,
    };
    let held = tail.filter(|_| asked_tail.is_none()).map(Newest::new);
    let mut printer = Printer::new(&found, arguments, clock, filter, show, held);
    let (to, mut pieces) = mpsc::channel(LANE);
    let reading = tokio::spawn(whole::read(logs, request, to));
    while let Some(piece) = pieces.recv().await {
        printer.take(piece, &mut out)?;
        if pieces.is_empty() {
            out.flush()?;
        }
    }
    reading.abort();
    printer.let_go(&mut out)?;
    out.flush()?;
    Ok(if printer.has_failed { 1 } else { site.status() })
}

fn filter(arguments: &Arguments, clock: &Clock) -> Result<Filter, Failure> {
    let matchers = |patterns: &[String]| -> Result<Vec<_>, Failure> {
        let made = patterns.iter().map(|pattern| Matcher::new(pattern));
        made.collect::<Result<_, _>>().map_err(|error| Failure::Usage(error.to_string()))
    };
    let (since_ns, until_ns) = clock.span(arguments.since.as_deref(), arguments.until.as_deref())?;
    Ok(Filter {
        min_level: arguments.level.unwrap_or_default(),
        include: matchers(&arguments.grep)?,
        exclude: matchers(&arguments.exclude)?,
        since_ns,
        until_ns,
        ..Filter::default()
    })
}

/// Turns lines into output.
struct Printer<'a> {
    found: &'a [Found],
    names: Vec<String>,
    name_width: usize,
    arguments: Arguments,
    clock: Clock,
    filter: Filter,
    show: Show,
    held: Option<Newest>,
    // Whose logs wait for their host.
    lost: BTreeMap<HostId, BTreeSet<SourceId>>,
    has_failed: bool,
}

impl<'a> Printer<'a> {
    fn new(
        found: &'a [Found],
        arguments: Arguments,
        clock: Clock,
        filter: Filter,
        show: Show,
        held: Option<Newest>,
    ) -> Self {
        let hosts: BTreeSet<_> = found.iter().map(|f| &f.container.key.host).collect();
        let name = |f: &Found| match hosts.len() {
            0 | 1 => ansi::plain(&f.container.name).into_owned(),
            _ => ansi::plain(&format!("{}/{}", f.container.key.host, f.container.name)).into_owned(),
        };
        let names: Vec<_> = found.iter().map(name).collect();
        let name_width = names.iter().map(|name| name.width()).max().unwrap_or(0);
        let (lost, has_failed) = (BTreeMap::new(), false);
        Self { found, names, name_width, arguments, clock, filter, show, held, lost, has_failed }
    }

    fn take(&mut self, piece: Piece, out: &mut Out) -> Result<(), Failure> {
        let name = |source: SourceId| self.names.get(usize::from(source.0)).map_or("?", String::as_str);
        match piece {
            Piece::Lines(batch) => {
                for line in batch.iter().filter(|line| self.filter.passes(line, &self.show)) {
                    if line.is_marker() {
                        remark(&format!("pilothouse: {}: {}", name(line.source), ansi::shown(line.bytes)));
                        continue;
                    }
                    let line = LineRef { level: self.show.level(&line), ..line };
                    let printed = self.line(&line, out)?;
                    match &mut self.held {
                        Some(newest) => newest.push(line.source, printed),
                        None => out.raw(&printed)?,
                    }
                }
            }
            Piece::Failed(source, error) => {
                let text = format!("pilothouse: logs of {}: {}", name(source), why(&error));
                self.has_failed = true;
                out.flush()?;
                remark(&text);
            }
            Piece::Lost(source, error) => self.lost(source, &error, out)?,
            Piece::Back(source) => self.back(source, out)?,
            Piece::Ended(source, code) => {
                let code = code.map(|code| format!(" with {code}")).unwrap_or_default();
                out.flush()?;
                remark(&format!("pilothouse: {} ended{code}; waiting for its next start", name(source)));
            }
            Piece::Gone(source) => remark(&format!("pilothouse: {} is gone", name(source))),
        }
        Ok(())
    }

    fn host(&self, source: SourceId) -> Option<&'a HostId> {
        Some(&self.found.get(usize::from(source.0))?.container.key.host)
    }

    /// Told once a host, however many of its logs wait.
    fn lost(&mut self, source: SourceId, error: &EngineError, out: &mut Out) -> Result<(), Failure> {
        let Some(host) = self.host(source) else { return Ok(()) };
        let waiting = self.lost.entry(host.clone()).or_default();
        if waiting.insert(source) && waiting.len() == 1 {
            out.flush()?;
            remark(&format!("pilothouse: lost {host}: {error}; trying again"));
        }
        Ok(())
    }

    fn back(&mut self, source: SourceId, out: &mut Out) -> Result<(), Failure> {
        let Some(host) = self.host(source) else { return Ok(()) };
        if self.lost.remove(host).is_some() {
            out.flush()?;
            remark(&format!("pilothouse: {host} is back; its logs go on where they were"));
        }
        Ok(())
    }

    fn let_go(&mut self, out: &mut Out) -> Result<(), Failure> {
        let lines = self.held.take().map(Newest::in_order).unwrap_or_default();
        lines.iter().try_for_each(|printed| out.raw(printed))
    }

    /// The line as it is printed, with its end.
    fn line(&self, line: &LineRef<'_>, out: &Out) -> Result<Vec<u8>, Failure> {
        let Some(found) = self.found.get(usize::from(line.source.0)) else { return Ok(Vec::new()) };
        let masked = self.show.masked(line.bytes);
        if self.arguments.raw {
            return Ok([masked.as_deref().map_or(line.bytes, str::as_bytes), b"\n"].concat());
        }
        let text = masked.map_or_else(|| String::from_utf8_lossy(line.bytes), Cow::Owned);
        if out.is_json {
            let c = &found.container;
            return super::out::json_line(&Row {
                time: DateTime::<Utc>::from_timestamp_nanos(line.at_ns)
                    .to_rfc3339_opts(SecondsFormat::Nanos, true),
                environment: found.environment.id.as_str(),
                host: c.key.host.as_str(),
                service: c.service.as_str(),
                container: &c.name,
                id: c.key.id.as_str(),
                stream: if line.stream == Stream::Stderr { "stderr" } else { "stdout" },
                level: Some(line.level.as_str()).filter(|level| !level.is_empty()),
                line: &text,
                cut_bytes: line.cut_bytes,
            })
            .map(String::into_bytes);
        }
        let mut printed = String::new();
        if self.arguments.timestamps {
            printed.push_str(&out.paint(Tone::Dim, &self.clock.show(line.at_ns)));
            printed.push(' ');
        }
        if self.names.len() > 1 {
            let name = &self.names[usize::from(line.source.0)];
            let blanks = self.name_width - name.width();
            printed.push_str(&out.paint(Tone::Dim, &format!("{name}{:blanks$} |", "")));
            printed.push(' ');
        }
        printed.push_str(&out.paint(tone(line.level), &ansi::plain(&text)));
        if line.cut_bytes > 0 {
            printed.push_str(&format!(" [{} bytes cut]", line.cut_bytes));
        }
        printed.push('\n');
        Ok(printed.into_bytes())
    }
}

fn tone(level: Level) -> Tone {
    match level {
        Level::Fatal | Level::Error => Tone::Bad,
        Level::Warn => Tone::Soon,
        Level::Debug | Level::Trace => Tone::Dim,
        Level::Info | Level::Unknown => Tone::Plain,
    }
}

/// What to do about a log that the engine does not hand out.
fn why(error: &EngineError) -> String {
    match error {
        EngineError::Refused { message, .. } if message.contains("logging driver") => {
            format!("{error}; start the container with --log-driver local to have them here")
        }
        _ => error.to_string(),
    }
}
