//! `pilothouse demo`: the console on simulated hosts. Reaches nothing and changes nothing on this machine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Failure;
use super::console::{Stage, has_terminal, open, workers};
use super::setup::{Options, Setup};
use crate::adapters::sim::clock::Clock;
use crate::adapters::sim::scenario::Scenario;
use crate::config::units::Period;
use crate::runtime::demo;
use crate::runtime::environments::Plan;
use crate::runtime::hosts::Routes;
use crate::world::World;

const STANDARD: &str = "incident";

/// How the demo is played.
#[derive(clap::Args, Debug)]
pub struct Demo {
    /// Scenario to play: a built-in name, or a file (with a / or .toml in it)
    #[arg(long, value_name = "NAME|FILE", default_value = STANDARD)]
    scenario: String,
    /// How many times as fast as in reality things happen
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Begin this far into the scenario: 90s, 2m30s
    #[arg(long, value_name = "TIME", default_value = "0s")]
    at: Period,
    /// Theme, as for the console
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,
    /// Draw with ASCII only
    #[arg(long)]
    ascii: bool,
    /// Show times in UTC
    #[arg(long)]
    utc: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (0.1..=100.0).contains(speed));
    speed.ok_or_else(|| "a factor from 0.1 to 100 is needed".to_owned())
}

fn scenario(name: &str) -> Result<Arc<Scenario>, Failure> {
    let is_file = name.contains('/') || Path::new(name).extension().is_some_and(|end| end == "toml");
    if !is_file {
        return Scenario::named(name).map_err(|problem| Failure::Usage(problem.to_string()));
    }
    let text = std::fs::read_to_string(name)
        .map_err(|error| Failure::Usage(format!("scenario {name}: cannot be read: {error}")))?;
    Scenario::parse(name, &text).map_err(|problem| Failure::Usage(problem.to_string()))
}

/// The hosts that the console opens on by a key, where no engine answers.
pub(super) fn simulated() -> Result<(World, Routes), Failure> {
    Ok(demo::hosts(&scenario(STANDARD)?, Clock::real(Duration::ZERO, 1.0)))
}

/// Opens the console on the scenario.
///
/// # Errors
/// Wrong use or a wrong scenario, no terminal, or what the terminal refused.
pub fn run(demo: Demo, options: Options) -> Result<(), Failure> {
    let scenario = scenario(&demo.scenario)?;
    if !has_terminal() {
        return Err(Failure::Usage("the demo needs a terminal; see `pilothouse demo --help`".to_owned()));
    }
    let options = Options {
        theme: demo.theme.or(options.theme),
        ascii: demo.ascii || options.ascii,
        utc: demo.utc || options.utc,
        no_mouse: demo.no_mouse || options.no_mouse,
        ..options
    };
    let setup = Setup::load(&options)?;
    let workers = workers()?;
    let (world, routes) = demo::hosts(&scenario, Clock::real(demo.at.get(), demo.speed));
    let plan = Plan::default();
    open(Stage { setup, plan, world, routes }, &Arc::default(), workers, None)
}
