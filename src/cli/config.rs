//! `pilothouse config`: which files there are, whether they are right, and which project file may run commands.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::diagnosis;
use super::failure::Failure;
use super::setup::{Options, Places, Setup};
use crate::config::files::{self, Paths};
use crate::config::load::{Layer, LayerKind};
use crate::config::problem::shown;
use crate::domain::checksum::checksum;

/// What of the configuration.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Say whether the configuration is right, and everything that is wrong with it
    Check {
        /// Check this file alone, as if it were the project's
        file: Option<PathBuf>,
    },
    /// Say which files are read, in which order
    Paths,
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
        Command::Check { file } => check(file.as_deref(), options),
        Command::Paths => paths(options),
        Command::Trust { file } => trust(file, options),
    }
}

fn check(file: Option<&Path>, options: &Options) -> Result<(), Failure> {
    let places = Places::find(options)?;
    let layers = match file {
        Some(path) => vec![layer(path)?],
        None => files::read_layers(&places.dirs, &places.cwd)
            .map_err(|found| Failure::Usage(format!("the configuration is wrong\n{found}")))?,
    };
    let setup = Setup::of_layers(options, places, &layers)?;
    let mut out = std::io::stdout().lock();
    match layers.as_slice() {
        [] => writeln!(out, "no configuration file; the defaults hold")?,
        all => {
            for layer in all {
                writeln!(out, "{}: ok", layer.path.display())?;
            }
        }
    }
    for off in &setup.loaded.left_off {
        writeln!(out, "{off}")?;
    }
    for (name, environment) in setup.loaded.config.environments_as_written() {
        let hosts = environment.hosts.iter().filter_map(|host| setup.loaded.config.hosts.get(host));
        for listed in hosts.filter_map(|host| host.listed.as_ref()) {
            let key = listed.identity.as_ref();
            let key =
                key.map_or_else(String::new, |path| format!(", key {}", shown(&path.to_string_lossy())));
            let way = listed
                .refusal
                .as_ref()
                .map_or_else(|| format!("{}{key}", shown(&listed.address)), |why| format!("off: {why}"));
            writeln!(out, "{name}: {} from {}: {way}", listed.name, listed.from)?;
        }
    }
    for remark in &setup.loaded.remarks {
        writeln!(out, "{remark}")?;
    }
    Ok(())
}

fn layer(path: &Path) -> Result<Layer, Failure> {
    let wrong = |error: std::io::Error| Failure::Usage(format!("{}: {error}", path.display()));
    let path = std::fs::canonicalize(path).map_err(wrong)?;
    let text = std::fs::read_to_string(&path).map_err(wrong)?;
    Ok(Layer { kind: LayerKind::Project, path, text })
}

fn paths(options: &Options) -> Result<(), Failure> {
    let places = Places::find(options)?;
    let found = Paths::find(&places.dirs, &places.cwd);
    let mut out = std::io::stdout().lock();
    let mut line = |what: &str, path: Option<&Path>, without: &str| match path {
        Some(path) => {
            let missing = if path.exists() { "" } else { "  (not there)" };
            writeln!(out, "{what:<9} {}{missing}", path.display())
        }
        None => writeln!(out, "{what:<9} {without}"),
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
    Ok(())
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
