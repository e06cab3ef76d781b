//! The command line: the console, and its twins for scripts.

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub mod act;
pub mod config;
pub mod consent;
pub mod console;
pub mod containers;
pub mod demo;
pub mod deploy;
pub mod diagnosis;
pub mod disk;
pub mod doctor;
pub mod drift;
pub mod events;
pub mod exec;
pub mod facts;
pub mod failure;
pub mod health;
pub mod init;
pub mod inspect;
pub mod ledger;
pub mod logs;
mod once;
pub mod out;
pub mod pages;
mod releases;
pub mod setup;
pub mod site;
pub mod status;
pub mod table;
pub mod target;
pub mod traffic;
pub mod twins;

use failure::Failure;
use setup::Options;

/// A terminal operations console for containerised services.
#[derive(Parser, Debug)]
#[command(version, about)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
    /// The command's name, for the diagnostic log: what follows it may be secret.
    #[arg(skip)]
    name: String,
}

impl Arguments {
    /// Of this process. What is wrong with them, and help, end it.
    pub fn read() -> Self {
        let matches = Self::command().get_matches();
        let read = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        Self { name: matches.subcommand_name().unwrap_or("console").to_owned(), ..read }
    }
}

/// What to do instead of opening the console.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write a pilothouse.toml from what runs
    Init(init::Arguments),
    /// Check and find configuration files, and trust one
    #[command(subcommand)]
    Config(config::Command),
    /// Open the console on simulated hosts: needs nothing, touches nothing
    Demo(demo::Demo),
    /// Does one deployment: other commands start it.
    #[command(name = crate::runtime::worker::COMMAND, hide = true)]
    Worker,
    /// What the console shows and does.
    #[command(flatten)]
    Twin(twins::Twin),
}

/// Runs what was asked for; gives the exit status.
///
/// # Errors
/// A [`Failure`] with its exit status.
pub fn main(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { options, command, name } = arguments;
    if let Some(Command::Worker) = command {
        return deploy::work();
    }
    let _log = diagnosis::begin(&name, &options)?;
    let ended = run(command, options);
    diagnosis::note(&ended);
    ended
}

fn run(command: Option<Command>, options: Options) -> Result<u8, Failure> {
    match command {
        None => console::run(&options).map(|()| 0),
        Some(Command::Init(arguments)) => {
            console::workers()?.block_on(init::run(&arguments, &options)).map(|()| 0)
        }
        Some(Command::Config(command)) => config::run(command, &options).map(|()| 0),
        Some(Command::Worker) => deploy::work(),
        Some(Command::Demo(demo)) => demo::run(demo, options).map(|()| 0),
        Some(Command::Twin(twin)) => twins::run(twin, &options),
    }
}
