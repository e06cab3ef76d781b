//! The command line: the console, and its twins for scripts.

use std::io::IsTerminal;

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::app::model::Model;
use crate::config::services::services;
use crate::config::theme::Depth;
use crate::domain::ids::EnvironmentId;
use crate::runtime::environments::plan;
use crate::runtime::signals::Signals;
use crate::runtime::{hosts, run, terminal};
use crate::ui::look::Look;
use crate::world::World;

pub mod act;
pub mod config;
pub mod consent;
pub mod containers;
pub mod demo;
pub mod failure;
pub mod out;
pub mod setup;
pub mod site;
pub mod status;
pub mod table;
pub mod target;
pub mod twins;

use failure::Failure;
use setup::{Options, Setup};

/// A terminal operations console for containerised services.
#[derive(Parser, Debug)]
#[command(version, about)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do instead of opening the console.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Check and find configuration files, and trust one
    #[command(subcommand)]
    Config(config::Command),
    /// Open the console on simulated hosts: needs nothing, touches nothing
    Demo(demo::Demo),
    /// What the console shows and does.
    #[command(flatten)]
    Twin(twins::Twin),
}

/// What the terminal can show, by the usual variables.
fn depth() -> Depth {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let term = set("TERM").unwrap_or_default();
    match set("COLORTERM").as_deref() {
        _ if set("NO_COLOR").is_some() || term == "dumb" => Depth::None,
        Some("truecolor" | "24bit") => Depth::True,
        _ if term.contains("256color") => Depth::Indexed,
        _ => Depth::Ansi,
    }
}

fn operator() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let user = set("USER").or_else(|| set("LOGNAME")).unwrap_or_else(|| "operator".to_owned());
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{node}")
}

/// Runs what was asked for; gives the exit status.
///
/// # Errors
/// A [`Failure`] with its exit status.
pub fn main(arguments: Arguments) -> Result<u8, Failure> {
    let options = arguments.options;
    match arguments.command {
        None => console(options).map(|()| 0),
        Some(Command::Config(command)) => config::run(command, &options).map(|()| 0),
        Some(Command::Demo(demo)) => demo::run(demo, options).map(|()| 0),
        Some(Command::Twin(twin)) => twins::run(twin, &options),
    }
}

fn console(options: Options) -> Result<(), Failure> {
    let setup = Setup::load(&options)?;
    let config = &setup.loaded.config;
    let is_chosen = options.host.is_some();
    let plan = plan(config, &hosts::find(options.host), is_chosen, &|path| path.exists());
    let workers = workers()?;
    let (mut world, routes) = hosts::open(&plan);
    world.services = services(config, plan.environments.iter().map(|e| &e.id));
    if !has_terminal() {
        return Err(workers.block_on(without_terminal(&routes)));
    }
    open(setup, world, plan.selected, routes, workers)
}

fn has_terminal() -> bool {
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

fn workers() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Takes the terminal and runs the console on these hosts until it is left.
fn open(
    setup: Setup,
    world: World,
    selected: Option<EnvironmentId>,
    routes: hosts::Routes,
    workers: Runtime,
) -> Result<(), Failure> {
    let config = setup.loaded.config;
    let look = Look::new(&setup.theme.degraded(depth()), config.ascii, config.utc);
    let signals = workers.block_on(async { Signals::listen() })?;
    let mut screen = terminal::take(config.mouse)?;
    let size = crossterm::terminal::size()?;
    let who = config.operator.unwrap_or_else(operator);
    let mut model = Model::new(world, look, setup.loaded.keymap, who, size, run::now());
    if selected.is_some() {
        model.scope.environment = selected;
    }
    let ended = workers.block_on(run::run(model, routes, &mut screen, signals, config.mouse));
    terminal::give_back();
    workers.shutdown_background();
    Ok(ended?)
}

/// Without a terminal there is no console: says why, or which engines were tried.
async fn without_terminal(routes: &hosts::Routes) -> Failure {
    let mut report = Vec::new();
    for way in routes.values().flat_map(|route| route.ways()) {
        match way.engine.facts().await {
            Ok(_) => {
                return Failure::Usage("the console needs a terminal; see `pilothouse --help`".to_owned());
            }
            Err(error) => report.push(format!("{}: {error}\n  try: {}", way.source, (way.mend)(&error))),
        }
    }
    Failure::Unreachable(format!("no engine answers\n{}", report.join("\n")))
}
