//! `pilothouse config`: which files there are, whether they are right, and which project file may run commands.

use std::borrow::Cow;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::diagnosis;
use super::failure::Failure;
use super::out::Out;
use super::setup::{Options, Places, Setup};
use crate::config::files::{self, Paths};
use crate::config::inventory::Listed;
use crate::config::load::{Layer, LayerKind};
use crate::config::problem::{Place, Problem, shown};
use crate::domain::checksum::checksum;

/// The shape of `config check --json`.
const CHECK_JSON: &str = "\
JSON (--json), one object per finding, told apart by kind:
  file        file; layer: project, user, extra
  off         file, line, column; key: what is not done before the file is
              trusted
  host        environment, host, from (file:line:column), address,
              identity, refusal: of an inventory; null where there is none
  remark      text: what an inventory says that is not done here
  problem     file, line and column (null for the file as a whole),
              message, hint (null where there is none)

Ends with 2 where there is a problem; it stands on standard error too.";

/// The shape of `config paths --json`.
const PATHS_JSON: &str = "\
JSON (--json), one object per place:
  what        project, user, extra, log, themes, trusted
  path        null where there is none
  exists      something is there
  note        why there is no path; null where there is one";

/// What of the configuration.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Say whether the configuration is right, and everything that is wrong with it
    #[command(after_long_help = CHECK_JSON)]
    Check {
        /// Check this file alone, as if it were the project's
        file: Option<PathBuf>,
        /// Print data: one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Say which files are read, in which order
    #[command(after_long_help = PATHS_JSON)]
    Paths {
        /// Print data: one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Let the commands of a project file run, as it stands now
    Trust {
        /// The project file; the nearest one where it is not given
        file: Option<PathBuf>,
    },
}

/// Runs it.
///
/// # Errors
/// What is wrong with the configuration, or with its files.
pub fn run(command: Command, options: &Options) -> Result<(), Failure> {
    match command {
        Command::Check { file, json } => {
            let mut out = Out::new(json);
            let checked = check(file.as_deref(), options, &mut out);
            if let Err(Failure::Configuration(problems)) = &checked
                && json
            {
                for problem in &problems.0 {
                    out.json(&Finding::of(problem))?;
                }
            }
            out.flush()?;
            checked
        }
        Command::Paths { json } => paths(options, Out::new(json)),
        Command::Trust { file } => trust(file, options),
    }
}

/// What a check finds, as data.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Finding<'a> {
    File {
        file: Cow<'a, str>,
        layer: &'static str,
    },
    Off {
        file: Cow<'a, str>,
        line: usize,
        column: usize,
        key: &'a str,
    },
    Host {
        environment: &'a str,
        host: &'a str,
        from: &'a str,
        address: &'a str,
        identity: Option<Cow<'a, str>>,
        refusal: Option<&'a str>,
    },
    Remark {
        text: &'a str,
    },
    Problem {
        file: &'a str,
        line: Option<usize>,
        column: Option<usize>,
        message: &'a str,
        hint: Option<&'a str>,
    },
}

impl<'a> Finding<'a> {
    fn of(problem: &'a Problem) -> Self {
        Self::Problem {
            file: &problem.origin,
            line: problem.place.map(|place| place.line),
            column: problem.place.map(|place| place.column),
            message: &problem.message,
            hint: problem.hint.as_deref(),
        }
    }
}

fn check(file: Option<&Path>, options: &Options, out: &mut Out) -> Result<(), Failure> {
    let places = Places::find(options)?;
    let layers = match file {
        Some(path) => vec![layer(path)?],
        None => files::read_layers(&places.dirs, &places.cwd).map_err(Failure::Configuration)?,
    };
    let setup = Setup::of_layers(options, places, &layers)?;
    if layers.is_empty() {
        tell(out, || "no configuration file; the defaults hold".to_owned(), None)?;
    }
    for layer in &layers {
        let file = layer.path.to_string_lossy();
        let text = format!("{file}: ok");
        let layer = match layer.kind {
            LayerKind::Project => "project",
            LayerKind::User => "user",
            LayerKind::Extra => "extra",
        };
        tell(out, || text, Some(Finding::File { file, layer }))?;
    }
    for off in &setup.loaded.left_off {
        let (file, Place { line, column }) = (off.file.to_string_lossy(), off.place);
        tell(out, || off.to_string(), Some(Finding::Off { file, line, column, key: &off.key }))?;
    }
    for (environment, settings) in setup.loaded.config.environments_as_written() {
        let hosts = settings.hosts.iter().filter_map(|host| setup.loaded.config.hosts.get(host));
        for listed in hosts.filter_map(|host| host.listed.as_ref()) {
            let found = Finding::Host {
                environment,
                host: &listed.name,
                from: &listed.from,
                address: &listed.address,
                identity: listed.identity.as_ref().map(|path| path.to_string_lossy()),
                refusal: listed.refusal.as_deref(),
            };
            tell(out, || of_inventory(environment, listed), Some(found))?;
        }
    }
    for text in &setup.loaded.remarks {
        tell(out, || text.clone(), Some(Finding::Remark { text }))?;
    }
    Ok(())
}

/// A line, or the object that says the same.
fn tell(out: &mut Out, text: impl FnOnce() -> String, found: Option<Finding<'_>>) -> Result<(), Failure> {
    match found {
        Some(found) if out.is_json => out.json(&found),
        None if out.is_json => Ok(()),
        _ => out.line(&text()),
    }
}

fn of_inventory(environment: &str, listed: &Listed) -> String {
    let key = listed.identity.as_ref();
    let key = key.map_or_else(String::new, |path| format!(", key {}", shown(&path.to_string_lossy())));
    let way = match &listed.refusal {
        Some(why) => format!("off: {why}"),
        None => format!("{}{key}", shown(&listed.address)),
    };
    format!("{environment}: {} from {}: {way}", listed.name, listed.from)
}

fn layer(path: &Path) -> Result<Layer, Failure> {
    let wrong = |error: std::io::Error| Failure::Usage(format!("{}: {error}", path.display()));
    let path = std::fs::canonicalize(path).map_err(wrong)?;
    let text = std::fs::read_to_string(&path).map_err(wrong)?;
    Ok(Layer { kind: LayerKind::Project, path, text })
}

#[derive(Serialize)]
struct PathRow<'a> {
    what: &'a str,
    path: Option<Cow<'a, str>>,
    exists: bool,
    note: Option<&'a str>,
}

fn paths(options: &Options, mut out: Out) -> Result<(), Failure> {
    let places = Places::find(options)?;
    let found = Paths::find(&places.dirs, &places.cwd);
    let mut line = |what: &str, path: Option<&Path>, without: &str| {
        let exists = path.is_some_and(Path::exists);
        if out.is_json {
            let note = Some(without).filter(|_| path.is_none());
            return out.json(&PathRow { what, path: path.map(Path::to_string_lossy), exists, note });
        }
        let missing = if exists || path.is_none() { "" } else { "  (not there)" };
        let text = path.map_or_else(|| without.to_owned(), |path| path.display().to_string());
        out.line(&format!("{what:<9} {text}{missing}"))
    };
    line("project", found.project.as_deref(), "none from here up")?;
    line("user", found.user.as_deref(), "no home directory")?;
    line("extra", found.extra.as_deref(), "none; --config or PILOTHOUSE_CONFIG names one")?;
    let log = diagnosis::file(options, &places);
    let usual = diagnosis::usual(&places);
    let without = usual.map_or_else(
        || "off; --log-file names one".to_owned(),
        |usual| format!("off; --log-level debug writes {}, --log-file another", usual.display()),
    );
    line("log", log.as_deref(), &without)?;
    line("themes", places.dirs.config.map(|dir| dir.join("themes")).as_deref(), "no home directory")?;
    line("trusted", places.trust.as_deref(), "no home directory")?;
    out.flush()
}

fn trust(file: Option<PathBuf>, options: &Options) -> Result<(), Failure> {
    let places = Places::find(options)?;
    let found = file.or_else(|| Paths::find(&places.dirs, &places.cwd).project);
    let path = found
        .ok_or_else(|| Failure::Usage(format!("no {} here or above; name the file", files::PROJECT_FILE)))?;
    let layer = layer(&path)?;
    let Some(list_path) = &places.trust else {
        return Err(Failure::Usage("no home directory to keep the list of trusted files in".to_owned()));
    };
    // Nobody should trust what could not even be read whole.
    Setup::of_layers(options, places.clone(), std::slice::from_ref(&layer))?;
    let mut list = places.trusted()?;
    list.trust(&layer.path, &layer.text);
    let text = list.to_text().map_err(|error| Failure::Usage(error.to_string()))?;
    files::write(list_path, &text)?;
    let print = checksum(layer.text.as_bytes());
    writeln!(
        std::io::stdout().lock(),
        "{} is trusted as it stands now (sha256 {})",
        layer.path.display(),
        &print[..12]
    )?;
    Ok(())
}
