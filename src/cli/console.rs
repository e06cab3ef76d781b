//! The console itself: from a checked configuration to the loop, and the terminal given back at its end.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::setup::{Options, Setup};
use super::{Failure, demo};
use crate::app::gate::Gate;
use crate::app::model::Model;
use crate::app::settings::{OwnCommand, Settings};
use crate::config::files::{PROJECT_FILE, USER_FILE};
use crate::config::mask::Masks;
use crate::config::schema;
use crate::config::services::services;
use crate::config::theme::Depth;
use crate::deploy::order::Reach;
use crate::domain::ids::HostId;
use crate::domain::ledger::Who;
use crate::effect::JobId;
use crate::msg::{JobEvent, Msg};
use crate::runtime::environments::{HostPlan, Plan, plan};
use crate::runtime::prompts::Prompts;
use crate::runtime::signals::Signals;
use crate::runtime::terms;
use crate::runtime::who::who;
use crate::runtime::{hosts, run, terminal};
use crate::ui::look::Look;
use crate::world::World;

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

/// As the header shows who sits here.
fn operator() -> String {
    let Who { login, machine, .. } = who(None);
    format!("{login}@{machine}")
}

/// Opens it on the hosts of the configuration; returns when it is left.
///
/// # Errors
/// A wrong configuration, no engine where there is no terminal, or what the terminal refused.
pub fn run(options: &Options) -> Result<(), Failure> {
    let workers = workers()?;
    let prompts = Arc::<Prompts>::default();
    let stage = Stage::load(options, &prompts)?;
    if !has_terminal() {
        return Err(workers.block_on(without_terminal(&stage.routes)));
    }
    open(stage, &prompts, workers, Some(options))
}

/// What the console opens on.
pub struct Stage {
    /// All that was set.
    pub setup: Setup,
    /// The environments and hosts it was made from.
    pub plan: Plan,
    /// What is known so far.
    pub world: World,
    /// The ways to its hosts.
    pub routes: hosts::Routes,
}

impl Stage {
    /// The hosts of the configuration.
    fn load(options: &Options, prompts: &Arc<Prompts>) -> Result<Self, Failure> {
        let setup = Setup::load(options)?;
        let found = hosts::find(options.engine(&setup.loaded.config));
        let plan = plan(&setup.loaded.config, &found, options.host.is_some(), &|path| path.exists());
        let ssh_config = setup.ssh_config(options);
        let (mut world, routes) = hosts::open(&plan, prompts, ssh_config.as_deref(), setup.places.state());
        world.services = services(&setup.loaded.config, plan.environments.iter().map(|e| &e.id));
        world.terms = terms::all(&setup.loaded.config, &plan.environments, setup.places.state());
        Ok(Self { setup, plan, world, routes })
    }
}

/// Takes over what the configuration says now. A host that is as it was keeps its connection; where the configuration is
/// wrong all stays, and why is told. Gives the hosts that are asked anew, those that are not there any more among them.
fn reload(
    opened: &mut (Setup, Plan),
    options: &Options,
    prompts: &Arc<Prompts>,
    model: &mut Model,
    routes: &mut hosts::Routes,
) -> BTreeSet<HostId> {
    let (setup, plan) = opened;
    let (anew, event) = match Stage::load(options, prompts) {
        Ok(mut next) => {
            let is_reached_alike = next.setup.ssh_config(options) == setup.ssh_config(options);
            let is_kept =
                |host: &&HostPlan| next.plan.hosts.contains(host) && (is_reached_alike || host.is_here());
            let kept: BTreeSet<_> = plan.hosts.iter().filter(is_kept).map(|host| host.id.clone()).collect();
            let all = routes.keys().chain(next.routes.keys());
            let anew: BTreeSet<_> = all.filter(|id| !kept.contains(*id)).cloned().collect();
            next.routes.extend(std::mem::take(routes).into_iter().filter(|(id, _)| kept.contains(id)));
            *routes = next.routes;
            model.reconfigure(
                self::model(&next.setup, next.world, &next.plan, options.reach(), model.size),
                &anew,
            );
            *opened = (next.setup, next.plan);
            (anew, JobEvent::Done("the configuration was read again".to_owned()))
        }
        Err(why) => (BTreeSet::new(), JobEvent::Failed(why.to_string().replace('\n', "; "))),
    };
    model.update(Msg::Job(JobId(0), event), run::now());
    anew
}

/// Whether there is one to take.
pub fn has_terminal() -> bool {
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

/// The threads that everything outside runs on.
///
/// # Errors
/// The machine has none to give.
pub fn workers() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Takes the terminal and runs the console on these hosts until it is left.
///
/// # Errors
/// What the terminal refused.
pub fn open(
    stage: Stage,
    prompts: &Arc<Prompts>,
    workers: Runtime,
    again: Option<&Options>,
) -> Result<(), Failure> {
    let has_mouse = stage.setup.loaded.config.mouse;
    let mut signals = workers.block_on(async { Signals::listen() })?;
    let mut screen = terminal::take(has_mouse)?;
    let Stage { setup, plan, mut world, mut routes } = stage;
    let mut opened = (setup, plan);
    let ended = loop {
        let size = crossterm::terminal::size()?;
        let reach = again.map(Options::reach).unwrap_or_default();
        let model = model(&opened.0, world, &opened.1, reach, size);
        let mut reload = |model: &mut Model, routes: &mut hosts::Routes| match again {
            Some(options) => reload(&mut opened, options, prompts, model, routes),
            None => BTreeSet::new(),
        };
        let prompts = Arc::clone(prompts);
        let running = run::run(model, routes, &mut reload, &mut screen, &mut signals, prompts, has_mouse);
        match workers.block_on(running) {
            Ok(run::Left::ForDemo) => {
                (world, routes) = demo::simulated()?;
                opened.1 = Plan::default();
            }
            ended => break ended,
        }
    };
    terminal::give_back();
    workers.shutdown_background();
    ended?;
    Ok(())
}

/// The console as it opens on these hosts.
fn model(setup: &Setup, mut world: World, plan: &Plan, reach: Reach, size: (u16, u16)) -> Model {
    let config = &setup.loaded.config;
    let mut look = Look::new(&setup.theme.clone().degraded(depth()), config.ascii, config.utc);
    for (name, environment) in &config.environments {
        if let Some(colour) = &environment.colour {
            look.paint(name, colour, depth());
        }
    }
    let who = config.operator.clone().unwrap_or_else(operator);
    let now = run::now();
    let is_demo = world.is_demo;
    world.limits = config.thresholds.limits();
    for off in setup.loaded.left_off.iter().filter(|_| !is_demo) {
        world.note(now, off.to_string(), true);
    }
    for remark in setup.loaded.remarks.iter().filter(|_| !is_demo) {
        world.note(now, remark.clone(), true);
    }
    let model = Model::new(world, look, setup.loaded.keymap.clone(), who, size, now);
    let settings = settings(setup, plan, reach);
    // Simulated hosts leave nothing on this machine and run nothing on it.
    let settings =
        if is_demo { Settings { user_file: None, commands: Vec::new(), ..settings } } else { settings };
    let mut model = model.configured(settings).with_logs(&config.logs);
    if plan.selected.is_some() {
        model.scope.environment.clone_from(&plan.selected);
    }
    model
}

/// Without a terminal there is no console: says why, or which engines were tried.
async fn without_terminal(routes: &hosts::Routes) -> Failure {
    let mut report = Vec::new();
    for way in routes.values().flat_map(|route| route.ways()) {
        match way.engine.greet().await {
            Ok(()) => {
                return Failure::Usage("the console needs a terminal; see `pilothouse --help`".to_owned());
            }
            Err(error) => report.push(format!("{}: {error}\n  try: {}", way.source, (way.mend)(&error))),
        }
    }
    Failure::Unreachable(format!("no engine answers\n{}", report.join("\n")))
}

/// What the configuration sets for the screen.
fn settings(setup: &Setup, plan: &Plan, reach: Reach) -> Settings {
    let config = &setup.loaded.config;
    let mut gate = Gate::default();
    gate.windows.clone_from(&plan.write_windows);
    gate.configured.clone_from(&plan.configured);
    let dirs = &setup.places.dirs;
    Settings {
        gate,
        masks: Masks::new(&config.masks.keys),
        commands: config.commands.iter().map(|(name, command)| own(setup, name, command)).collect(),
        user_file: dirs.config.as_ref().map(|dir| dir.join(USER_FILE)),
        usage_interval: Some(config.usage.interval.get()),
        reach,
    }
}

/// A program runs beside the file that names it if that is a project's, else where the console was started.
fn own(setup: &Setup, name: &str, command: &schema::Command) -> OwnCommand {
    let file = setup.loaded.origins.file_of(&["commands", name, "run"]).map(Path::new);
    let project = file.filter(|path| path.file_name().is_some_and(|name| name == PROJECT_FILE));
    let dir = project.and_then(Path::parent).unwrap_or(&setup.places.cwd);
    OwnCommand {
        name: name.to_owned(),
        run: command.run.clone(),
        dir: dir.to_owned(),
        // It parsed when the file was checked.
        keys: command.key.as_ref().and_then(|keys| keys.parse().ok()),
        is_asked: command.confirm,
        description: command.description.clone().unwrap_or_else(|| command.run.join(" ")),
    }
}
