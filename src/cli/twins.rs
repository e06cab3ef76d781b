//! The commands that do what the console does: one arm a command, and what all of them share. Each does its work in
//! a file of its own.

use clap::Subcommand;

use super::failure::Failure;
use super::setup::Options;
use super::site::Which;
use super::{
    act, containers, deploy, disk, doctor, drift, events, exec, facts, health, inspect, ledger, logs, once,
    pages, releases, status, traffic,
};

/// The twin of everything that the console shows or does.
#[derive(Subcommand, Debug)]
pub enum Twin {
    /// Say what is broken, since when and why; ends with 3 when something is
    #[command(after_long_help = status::JSON)]
    Status(status::Arguments),
    /// List the environments
    #[command(after_long_help = facts::ENVIRONMENTS_JSON)]
    Environments(facts::Environments),
    /// List the containers
    #[command(visible_alias = "ps", after_long_help = containers::JSON)]
    Containers(containers::Arguments),
    /// Ask the configured probes once, and say what they and the health checks say; ends with 3 when one is bad
    #[command(after_long_help = health::JSON)]
    Health(Which),
    /// List the deployments of the services, and what runs that none made
    #[command(after_long_help = releases::JSON)]
    Releases(Which),
    /// Say how traffic is shared over the slots of services, and what each slot does with it
    #[command(after_long_help = traffic::JSON)]
    Traffic(traffic::Arguments),
    /// Print log lines, in order of time
    #[command(visible_alias = "tail", after_long_help = logs::JSON)]
    Logs(logs::Arguments),
    /// Start what is stopped
    #[command(after_long_help = act::JSON)]
    Start(act::Arguments),
    /// Stop what runs
    #[command(after_long_help = act::JSON)]
    Stop(act::Arguments),
    /// Stop and start again
    #[command(after_long_help = act::JSON)]
    Restart(act::Arguments),
    /// Freeze all processes
    #[command(after_long_help = act::JSON)]
    Pause(act::Arguments),
    /// Let what is frozen go on
    #[command(after_long_help = act::JSON)]
    Unpause(act::Arguments),
    /// End at once, without giving time
    #[command(after_long_help = act::JSON)]
    Kill(act::Arguments),
    /// Remove containers
    #[command(visible_alias = "remove", after_long_help = act::JSON)]
    Rm(act::Removal),
    /// Print all that the engine knows of a container, secrets masked
    #[command(after_long_help = inspect::INSPECT_JSON)]
    Inspect(inspect::Inspect),
    /// List the processes
    #[command(visible_alias = "processes", after_long_help = inspect::TOP_JSON)]
    Top(inspect::Top),
    /// Print what happens, as it happens
    #[command(after_long_help = events::JSON)]
    Events(events::Arguments),
    /// Run a program in a container; its exit status is passed on
    #[command(after_long_help = exec::HELP)]
    Exec(exec::Arguments),
    /// Open a shell in a container
    #[command(after_long_help = exec::SHELL_HELP)]
    Shell(exec::Place),
    /// Say what the engines keep on their disks, and what of it could go
    #[command(visible_alias = "engine", after_long_help = disk::DISK_JSON)]
    Disk(disk::Disk),
    /// Remove what nothing uses, after listing exactly what goes
    #[command(after_long_help = disk::PRUNE_JSON)]
    Prune(disk::Clearing),
    /// Run a command once in a container of its own, made like those of a service; its exit status is passed on
    #[command(after_long_help = once::HELP)]
    Run(once::Arguments),
    /// Show what deploying an image would do, or every reason why it cannot be done; touches nothing
    #[command(after_long_help = deploy::PLAN_HELP)]
    Plan(deploy::Planning),
    /// Put another image of a service live, one replica after the other
    #[command(after_long_help = deploy::DEPLOY_HELP)]
    Deploy(deploy::Deploy),
    /// Put what is live in one environment live in the next
    #[command(after_long_help = deploy::promote::HELP)]
    Promote(deploy::promote::Promote),
    /// Put an earlier release of a service live again
    #[command(after_long_help = deploy::JSON)]
    Rollback(deploy::Rollback),
    /// Run more or fewer replicas of a service
    #[command(after_long_help = deploy::JSON)]
    Scale(deploy::Scale),
    /// Say where what runs is not what the Compose files say; ends with 1 where it is not
    #[command(after_long_help = drift::JSON)]
    Drift(drift::Arguments),
    /// Go on with a deployment that was cut off, or that waits
    #[command(after_long_help = deploy::JSON)]
    Resume(deploy::take_up::TakeUp),
    /// Take back a deployment that was cut off
    #[command(after_long_help = deploy::JSON)]
    Undo(deploy::take_up::TakeUp),
    /// Follow what is being deployed in an environment; ends as it ends
    #[command(after_long_help = deploy::JSON)]
    Watch(deploy::watching::Watch),
    /// Turn back what is being deployed, whoever does it
    #[command(after_long_help = deploy::JSON)]
    Abort(deploy::watching::Abort),
    /// Let what is being deployed wait before its next step; `resume` lets it go on
    Hold(deploy::watching::Hold),
    /// Give the new release of a service all traffic; once it has it, give it back
    #[command(after_long_help = deploy::JSON)]
    Flip(deploy::traffic::Arguments),
    /// Share traffic between the old and the new release while both are up
    #[command(after_long_help = deploy::JSON)]
    Weight(deploy::traffic::Weigh),
    /// Give the new release of a service all traffic, without waiting any longer
    #[command(after_long_help = deploy::JSON)]
    PromoteSlot(deploy::traffic::Arguments),
    /// Say who holds an environment while he deploys, or take that away from him
    #[command(after_long_help = deploy::locks::JSON)]
    Lock(deploy::locks::Lock),
    /// Read and check what was done in an environment, as its hosts have it
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Check the way to each engine step by step, and name the command that mends what is wrong
    #[command(after_long_help = doctor::JSON)]
    Doctor(doctor::Arguments),
    /// Print completions for a shell
    Completions(pages::Completions),
    /// Print the manual page
    Man(pages::Man),
}

/// Runs it until it ends or Ctrl-C comes; gives the exit status.
pub fn run(twin: Twin, options: &Options) -> Result<u8, Failure> {
    let workers = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = workers.block_on(async {
        // What it runs is ended first.
        if matches!(twin, Twin::Run(_)) {
            return carry_out(twin, options).await;
        }
        tokio::select! {
            // A command that has something to say of its interruption says it.
            biased;
            ended = carry_out(twin, options) => ended,
            caught = tokio::signal::ctrl_c() => Err(caught.map_or_else(Failure::Io, |()| Failure::Interrupted)),
        }
    });
    // A thread may still wait for an answer from the terminal that nobody needs any more.
    workers.shutdown_background();
    ended
}

async fn carry_out(twin: Twin, options: &Options) -> Result<u8, Failure> {
    use crate::domain::act::ContainerAct as Act;
    match twin {
        Twin::Status(arguments) => status::run(arguments, options).await,
        Twin::Containers(arguments) => containers::run(arguments, options).await,
        Twin::Environments(arguments) => facts::environments(&arguments, options),
        Twin::Health(arguments) => health::run(arguments, options).await,
        Twin::Releases(arguments) => releases::run(arguments, options).await,
        Twin::Traffic(arguments) => traffic::run(arguments, options).await,
        Twin::Logs(arguments) => logs::run(arguments, options).await,
        Twin::Start(arguments) => act::run(Act::Start, arguments, options).await,
        Twin::Stop(arguments) => act::run(Act::Stop, arguments, options).await,
        Twin::Restart(arguments) => act::run(Act::Restart, arguments, options).await,
        Twin::Pause(arguments) => act::run(Act::Pause, arguments, options).await,
        Twin::Unpause(arguments) => act::run(Act::Unpause, arguments, options).await,
        Twin::Kill(arguments) => act::run(Act::Kill, arguments, options).await,
        Twin::Rm(arguments) => act::remove(arguments, options).await,
        Twin::Inspect(arguments) => inspect::inspect(arguments, options).await,
        Twin::Top(arguments) => inspect::top(arguments, options).await,
        Twin::Events(arguments) => events::run(arguments, options).await,
        Twin::Exec(arguments) => exec::run(arguments, options).await,
        Twin::Shell(arguments) => exec::open_shell(arguments, options).await,
        Twin::Disk(arguments) => disk::disk(arguments, options).await,
        Twin::Prune(arguments) => disk::prune(arguments, options).await,
        Twin::Run(arguments) => once::run(arguments, options).await,
        Twin::Plan(arguments) => deploy::plan(arguments, options).await,
        Twin::Deploy(arguments) => deploy::deploy(arguments, options).await,
        Twin::Promote(arguments) => deploy::promote::promote(arguments, options).await,
        Twin::Rollback(arguments) => deploy::rollback(arguments, options).await,
        Twin::Scale(arguments) => deploy::scale(arguments, options).await,
        Twin::Drift(arguments) => drift::run(&arguments, options).await,
        Twin::Resume(arguments) => deploy::take_up::resume(arguments, options).await,
        Twin::Undo(arguments) => deploy::take_up::undo(arguments, options).await,
        Twin::Watch(arguments) => deploy::watching::watch(arguments, options).await,
        Twin::Abort(arguments) => deploy::watching::abort(arguments, options).await,
        Twin::Hold(arguments) => deploy::watching::hold(arguments, options).await,
        Twin::Flip(arguments) => deploy::traffic::flip(arguments, options).await,
        Twin::Weight(arguments) => deploy::traffic::weight(arguments, options).await,
        Twin::PromoteSlot(arguments) => deploy::traffic::promote(arguments, options).await,
        Twin::Lock(arguments) => deploy::locks::run(arguments, options).await,
        Twin::Ledger(command) => ledger::run(command, options).await,
        Twin::Doctor(arguments) => doctor::run(arguments, options).await,
        Twin::Completions(arguments) => pages::completions(&arguments),
        Twin::Man(arguments) => pages::man(&arguments),
    }
}
