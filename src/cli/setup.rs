//! From options, variables and files to one configuration: what every command starts with. Takes no terminal.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use directories::ProjectDirs;

use super::failure::Failure;
use crate::config::files::{self, Dirs};
use crate::config::load::{Known, Layer, Loaded, Override, load_with};
use crate::config::problem::{Problem, Problems};
use crate::config::schema::Config;
use crate::config::theme::Theme;
use crate::config::trust::TrustList;
use crate::deploy::order::Reach;
use crate::domain::host::{Address, NotTried};
use crate::runtime::diagnostics::Levels;
use crate::runtime::hosts;
use crate::runtime::shelf::Disk;

/// An address that may lead to an engine, or the name of a host: what no engine can have is a slip of the hand.
fn address(text: &str) -> Result<String, String> {
    let is_one = match Address::parse(text) {
        Address::Unix(path) => path.is_absolute(),
        Address::Tcp(rest) | Address::Ssh(rest) => !rest.is_empty(),
        Address::Other(name) => is_name(&name),
    };
    let wanted =
        "write unix:///path, tcp://host:port, ssh://user@host, or a name of your configuration or of ssh's";
    is_one.then(|| text.to_owned()).ok_or_else(|| wanted.to_owned())
}

/// `web1`, `deploy@web1`. With a port it could be an engine's as well as sshd's.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    text.starts_with(char::is_alphanumeric) && text.chars().all(is_part)
}

/// Where help puts what every command takes, below what is its own.
const GLOBAL: &str = "Global options";

/// Takes one of these words in any case, and offers them to completions.
pub fn one_of<T: Clone + Send + Sync + 'static>(
    names: impl IntoIterator<Item = &'static str>,
    named: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    let unknown = "is offered, but not known";
    PossibleValuesParser::new(names).try_map(move |name| named(&name.to_ascii_lowercase()).ok_or(unknown))
}

/// Options of every command, and how the console looks.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Options {
    /// Engine to use: unix:///path, tcp://host:port, ssh://user@host, or a name that the configuration or ssh knows
    #[arg(short = 'H', long, value_name = "ADDRESS", global = true, help_heading = GLOBAL, value_parser = address)]
    pub host: Option<String>,
    /// OpenSSH configuration to use instead of your own, as ssh -F
    #[arg(long, value_name = "FILE", global = true, help_heading = GLOBAL)]
    pub ssh_config: Option<PathBuf>,
    /// One more configuration file, on top of the others
    #[arg(long, value_name = "FILE", env = "PILOTHOUSE_CONFIG", global = true, help_heading = GLOBAL)]
    pub config: Option<PathBuf>,
    /// Write a diagnostic log into this file, at most 4 MiB and as much in FILE.1
    #[arg(long, value_name = "FILE", env = "PILOTHOUSE_LOG_FILE", global = true, help_heading = GLOBAL)]
    pub log_file: Option<PathBuf>,
    /// Level of the diagnostic log: error, warn, info, debug, trace, off, or PART=LEVEL [default: debug once --log-file
    /// is given; alone it writes pilothouse.log where `config paths` says]
    #[arg(long, value_name = "LEVELS", env = "PILOTHOUSE_LOG", global = true, help_heading = GLOBAL)]
    pub log_level: Option<Levels>,
    /// Theme: dark, light, high-contrast, colour-blind, ansi16, mono, or one of your own
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with ASCII only
    #[arg(long)]
    pub ascii: bool,
    /// Show times in UTC
    #[arg(long)]
    pub utc: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    pub no_mouse: bool,
}

impl Options {
    /// What another process needs to find the same configuration and hosts.
    pub fn reach(&self) -> Reach {
        let whole = |path: &Option<PathBuf>| path.as_deref().and_then(|path| std::path::absolute(path).ok());
        Reach {
            host: self.host.clone(),
            ssh_config: whole(&self.ssh_config),
            config: whole(&self.config),
            log_file: whole(&self.log_file),
            log_level: self.log_level.as_ref().map(ToString::to_string),
        }
    }

    /// As another process was given them.
    pub fn reaching(reach: Reach) -> Self {
        let Reach { host, ssh_config, config, log_file, log_level } = reach;
        let log_level = log_level.and_then(|levels| levels.parse().ok());
        Self { host, ssh_config, config, log_file, log_level, ..Self::default() }
    }

    /// Address of the engine that was named: that of a host of the configuration, else as `ssh` takes the name.
    pub fn engine(&self, config: &Config) -> Option<String> {
        let named = self.host.as_deref()?;
        Some(match config.hosts.get(named) {
            Some(host) => host.address.clone(),
            None if is_name(named) => format!("ssh://{named}"),
            None => named.to_owned(),
        })
    }
}

/// Where this program keeps what is its own.
#[derive(Clone, Debug)]
pub struct Places {
    /// Where files are looked for.
    pub dirs: Dirs,
    /// The list of trusted project files; `None` without a home.
    pub trust: Option<PathBuf>,
    /// Where the program was started.
    pub cwd: PathBuf,
}

impl Places {
    /// By the usual variables.
    ///
    /// # Errors
    /// The working directory is gone.
    pub fn find(options: &Options) -> Result<Self, Failure> {
        let own = ProjectDirs::from("", "", "pilothouse");
        let state =
            own.as_ref().map(|own| own.state_dir().unwrap_or_else(|| own.data_local_dir()).to_owned());
        let dirs = Dirs {
            home: std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
            config: own.as_ref().map(|own| own.config_dir().to_owned()),
            extra: options.config.clone().filter(|path| !path.as_os_str().is_empty()),
        };
        let cwd = std::env::current_dir()
            .map_err(|error| Failure::Usage(format!("the working directory cannot be read: {error}")))?;
        Ok(Self { dirs, trust: state.map(|dir| dir.join("trusted.toml")), cwd })
    }

    /// The list of trusted files; empty where there is none yet.
    ///
    /// # Errors
    /// It is there and cannot be read: nothing is trusted then, and the operator has to know.
    pub fn trusted(&self) -> Result<TrustList, Failure> {
        let Some(path) = &self.trust else { return Ok(TrustList::default()) };
        let wrong = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
        match std::fs::read_to_string(path) {
            Ok(text) => TrustList::parse(&text).map_err(|error| wrong(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(TrustList::default()),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// Where the program keeps what it saw; `None` without a home.
    pub fn state(&self) -> Option<&Path> {
        self.trust.as_deref()?.parent()
    }

    fn themes(&self) -> Result<Vec<(String, PathBuf)>, Failure> {
        let Some(dir) = &self.dirs.config else { return Ok(Vec::new()) };
        files::user_themes(dir).map_err(|error| {
            Failure::Usage(format!("{}: cannot be read: {error}", dir.join("themes").display()))
        })
    }
}

/// All that was set, checked.
pub struct Setup {
    /// Where it came from.
    pub places: Places,
    /// What holds.
    pub loaded: Loaded,
    /// The chosen theme, for a terminal with all colours.
    pub theme: Theme,
}

impl Setup {
    /// Reads all files. Call it before the terminal is taken.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once: [`Failure::Configuration`].
    pub fn load(options: &Options) -> Result<Self, Failure> {
        let places = Places::find(options)?;
        let layers = files::read_layers(&places.dirs, &places.cwd).map_err(Failure::Configuration)?;
        for layer in &layers {
            tracing::info!(kind = ?layer.kind, path = %layer.path.display(), "configuration");
        }
        Self::of_layers(options, places, &layers)
    }

    /// OpenSSH's configuration that stands for the operator's own: the option's, else what the files say.
    pub fn ssh_config(&self, options: &Options) -> Option<PathBuf> {
        let of_files = || {
            let file = self.loaded.config.ssh_config.as_ref()?;
            let home = self.places.dirs.home.as_deref();
            Some(files::in_home(file, home).unwrap_or_else(|| file.clone()))
        };
        options.ssh_config.clone().or_else(of_files)
    }

    /// As [`Setup::load`], of files that were already read.
    ///
    /// # Errors
    /// As [`Setup::load`].
    pub fn of_layers(options: &Options, places: Places, layers: &[Layer]) -> Result<Self, Failure> {
        // Not by its parser, which would repeat a password that stands in it.
        if let Some(Address::Ssh(text)) = options.host.as_deref().map(Address::parse) {
            let wrong = |no: NotTried| Failure::Usage(format!("--host: {}; {}", no.why, no.mend));
            hosts::destination(&text).map_err(wrong)?;
        }
        let themes = places.themes()?;
        let names: Vec<_> = themes.iter().map(|(name, _)| name.clone()).collect();
        let contexts = hosts::find(None).contexts.into_iter().map(|context| context.name);
        let contexts: Vec<_> = contexts.chain(["local".to_owned()]).collect();
        let known = Known::built_in(&names, &contexts);
        let shelf = Disk { home: places.dirs.home.clone() };
        let loaded = load_with(layers, &overrides(options), &known, &places.trusted()?, Some(&shelf));
        let loaded = loaded.map_err(Failure::Configuration)?;
        let theme = theme(&loaded.config.theme, &themes).map_err(Failure::Configuration)?;
        Ok(Self { places, loaded, theme })
    }
}

/// What the command line and the environment set, as keys of a file.
fn overrides(options: &Options) -> Vec<Override> {
    let mut all = Vec::new();
    let variable = std::env::var("PILOTHOUSE_THEME").ok().filter(|name| !name.is_empty());
    all.extend(variable.map(|name| Override::new("PILOTHOUSE_THEME", "theme", name)));
    all.extend(options.theme.clone().map(|name| Override::new("--theme", "theme", name)));
    let flags = [
        (options.ascii, "--ascii", "ascii", true),
        (options.utc, "--utc", "utc", true),
        (options.no_mouse, "--no-mouse", "mouse", false),
    ];
    for (_, flag, key, value) in flags.into_iter().filter(|(is_set, ..)| *is_set) {
        all.push(Override::new(flag, key, value));
    }
    all
}

/// The operator's own theme of that name, else the built-in one.
fn theme(name: &str, own: &[(String, PathBuf)]) -> Result<Theme, Problems> {
    let problem = |origin: &Path, message: String| {
        Problems(vec![Problem { origin: origin.display().to_string(), place: None, message, hint: None }])
    };
    if let Some((_, path)) = own.iter().find(|(known, _)| known == name) {
        let text = std::fs::read_to_string(path)
            .map_err(|error| problem(path, format!("cannot read it: {error}")))?;
        return Theme::parse(&path.display().to_string(), &text);
    }
    Theme::named(name).ok_or_else(|| problem(Path::new("theme"), format!("there is no theme `{name}`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schema::Host;

    #[test]
    fn a_name_means_a_host_of_the_configuration_before_one_of_ssh() {
        let mut config = Config::default();
        config
            .hosts
            .insert("web1".to_owned(), Host { address: "tcp://10.0.0.1:2376".to_owned(), ..Host::default() });
        let engine = |host: &str| {
            Options { host: Some(host.to_owned()), ..Options::default() }.engine(&config).unwrap()
        };
        assert_eq!(engine("web1"), "tcp://10.0.0.1:2376");
        assert_eq!(engine("web2"), "ssh://web2");
        assert_eq!(engine("deploy@web2"), "ssh://deploy@web2");
        assert_eq!(engine("unix:///run/docker.sock"), "unix:///run/docker.sock");
    }

    #[test]
    fn what_could_be_an_engine_or_an_option_is_no_name() {
        for text in ["web1:2375", "-oProxyCommand=x", "web1/run", "a b", "http//x", ""] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
