//! What a command works on: the environments and hosts of the configuration, asked once. Where a host does not
//! answer the others are still told; what is missing is said on standard error, and in the exit status.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt;

use super::failure::Failure;
use super::out::remark;
use super::setup::{Options, Setup};
use super::target::{Target, ranked, resolve};
use crate::config::schema::Config;
use crate::config::services::services;
use crate::domain::container::{Container, Detail};
use crate::domain::environment::Environment;
use crate::domain::host::{EngineFacts, HostLoad};
use crate::domain::ids::{ContainerId, ContainerKey, EnvironmentId, HostId};
use crate::jobs::route::{Refusal, Route};
use crate::ports::engine::{Engine, EngineError};
use crate::runtime::environments::{HostPlan, plan};
use crate::runtime::hosts::{self, Routes};
use crate::runtime::prompts::Prompts;
use crate::runtime::run::now;
use crate::runtime::terms;
use crate::world::World;

mod ask;
pub mod record;

const DETAILS_AT_ONCE: usize = 8;

/// Which environment is meant.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Where {
    /// Environment to look at; otherwise the configuration's default, else the first
    #[arg(short, long, value_name = "NAME")]
    pub environment: Option<String>,
}

/// Which containers, and how they are printed. Without a name it is the whole environment.
#[derive(clap::Args, Debug)]
pub struct Which {
    /// Only these: [ENVIRONMENT/][HOST/]SERVICE, a container, or the start of its id
    #[arg(value_name = "TARGET")]
    pub targets: Vec<Target>,
    /// Where they are.
    #[command(flatten)]
    pub at: Where,
    /// Print data: one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// How much is asked of each host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Depth {
    /// Only whether it answers.
    Link,
    /// Its containers, as its list says.
    List,
    /// With what an inspection tells of each: restarts, reasons, times.
    Detail,
}

/// A container with the environment in which it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its environment.
    pub environment: Environment,
    /// It.
    pub container: Container,
}

/// An environment and what is looked for there, all of it or a name.
type Meaning = (Environment, Option<String>);

/// The known world of one command.
pub struct Site {
    /// What there is and, once asked, what is known of it.
    pub world: World,
    /// What the operator set.
    pub config: Config,
    plans: Vec<HostPlan>,
    routes: Routes,
    default: EnvironmentId,
    lost: BTreeSet<HostId>,
    refusals: BTreeMap<HostId, Vec<Refusal>>,
    is_quiet: bool,
}

impl Site {
    /// From configuration and options; asks nobody yet.
    pub fn load(options: &Options) -> Result<Self, Failure> {
        Self::with(options, Prompts::of_command())
    }

    /// As [`Site::load`], for looking only: no key is recorded, and nothing is asked twice.
    pub fn for_checkup(options: &Options) -> Result<Self, Failure> {
        Self::with(options, Prompts::of_command().once())
    }

    /// As [`Site::load`], for a process in front of which nobody sits.
    pub fn asking_nobody(options: &Options) -> Result<Self, Failure> {
        Self::with(options, Prompts::default())
    }

    fn with(options: &Options, prompts: Prompts) -> Result<Self, Failure> {
        let setup = Setup::load(options)?;
        let ssh_config = setup.ssh_config(options);
        // Without it another host may answer to the same name.
        for off in setup.loaded.left_off.iter().filter(|off| off.key == "ssh_config" && ssh_config.is_none())
        {
            remark(&format!("pilothouse: {off}"));
        }
        let state = setup.places.state().map(Path::to_path_buf);
        let config = setup.loaded.config;
        let is_chosen = options.host.is_some();
        let plan = plan(&config, &hosts::find(options.engine(&config)), is_chosen, &|path| path.exists());
        let (mut world, routes) =
            hosts::open(&plan, &Arc::new(prompts), ssh_config.as_deref(), state.as_deref());
        world.services = services(&config, plan.environments.iter().map(|e| &e.id));
        world.terms = terms::all(&config, &plan.environments, state.as_deref());
        world.limits = config.thresholds.limits();
        let default = plan.selected.or_else(|| world.environments.first().map(|e| e.id.clone()));
        let default = default.ok_or_else(|| Failure::Usage("no environment is configured".to_owned()))?;
        // An engine that was named is the one that is meant, not those that share its environment.
        for environment in world.environments.iter_mut().filter(|e| e.id == default) {
            if plan.chosen.as_ref().is_some_and(|chosen| environment.hosts.contains(chosen)) {
                environment.hosts.retain(|host| Some(host) == plan.chosen.as_ref());
            }
        }
        let (lost, refusals) = (BTreeSet::new(), BTreeMap::new());
        Ok(Self { world, config, plans: plan.hosts, routes, default, lost, refusals, is_quiet: false })
    }

    /// The environment of that name; the default one where none is given.
    pub fn environment(&self, name: Option<&str>) -> Result<Environment, Failure> {
        let id = name.map_or_else(|| self.default.clone(), EnvironmentId::new);
        self.world.environment(&id).cloned().ok_or_else(|| {
            let known = ranked(id.as_str(), self.world.environments.iter().map(|e| e.id.as_str()));
            Failure::Failed(format!("no environment `{id}`; there are: {}", known.join(", ")))
        })
    }

    /// Asks all hosts of these environments at once. What does not answer is remarked upon, and remembered.
    pub async fn ask(&mut self, environments: &[Environment], depth: Depth) {
        self.ask_for(environments, depth, false).await;
    }

    /// As [`Site::ask`], also how full and how busy the hosts are: that costs each a login and a command.
    pub async fn ask_with_load(&mut self, environments: &[Environment], depth: Depth) {
        self.ask_for(environments, depth, true).await;
    }

    async fn ask_for(&mut self, environments: &[Environment], depth: Depth, with_load: bool) {
        let ids: BTreeSet<_> = environments.iter().flat_map(|e| e.hosts.iter().cloned()).collect();
        let routes = ids.into_iter().filter_map(|id| Some((Arc::clone(self.routes.get(&id)?), id)));
        let asked: Vec<_> =
            routes.map(|(route, id)| async move { (ask(&route, depth, with_load).await, id) }).collect();
        let mut answers = futures_util::future::join_all(asked).await;
        answers.sort_by(|(_, a), (_, b)| a.cmp(b));
        for (answer, id) in answers {
            self.take(id, answer);
        }
    }

    fn take(&mut self, id: HostId, answer: Result<Answer, Vec<Refusal>>) {
        match answer {
            Ok(answer) => {
                tracing::info!(host = %id, version = answer.facts.version, api = answer.facts.api, "answers");
                if let Some(host) = self.world.hosts.get_mut(&id) {
                    host.load = answer.load;
                    host.engine = Some(answer.facts);
                }
                if let Some(containers) = answer.containers {
                    self.world.listed(&id, containers);
                }
                for (container, detail) in answer.details {
                    self.world.detailed(&ContainerKey { host: id.clone(), id: container }, &Arc::new(detail));
                }
            }
            Err(refusals) => {
                let why: Vec<_> = refusals.iter().map(Refusal::to_string).collect();
                if self.is_quiet {
                    tracing::warn!(host = %id, why = why.join("\n"), "does not answer");
                } else {
                    remark(&format!("pilothouse: host {id} does not answer\n{}", why.join("\n")));
                }
                self.world.lost(&id, why.join("\n"), now());
                self.refusals.insert(id.clone(), refusals);
                self.lost.insert(id);
            }
        }
    }

    /// Hosts that do not answer are not remarked upon: the command tells of them itself.
    pub fn be_quiet(&mut self) {
        self.is_quiet = true;
    }

    /// What was tried in vain to reach a host that does not answer.
    pub fn refusals(&self, host: &HostId) -> &[Refusal] {
        self.refusals.get(host).map_or(&[], Vec::as_slice)
    }

    /// Whether hosts did not answer.
    pub fn is_incomplete(&self) -> bool {
        !self.lost.is_empty()
    }

    /// The status of a command that went well: 6 where hosts did not answer, so that something is missing.
    pub fn status(&self) -> u8 {
        if self.lost.is_empty() { 0 } else { 6 }
    }

    /// Asks what the targets need and finds their containers, each once, in the order they were named.
    /// Without any target it is the whole environment.
    pub async fn find(
        &mut self,
        at: &Where,
        targets: &[Target],
        depth: Depth,
    ) -> Result<Vec<Found>, Failure> {
        let wanted = match targets {
            [] => vec![vec![(self.environment(at.environment.as_deref())?, None)]],
            targets => targets.iter().map(|target| self.meanings(at, target)).collect::<Result<_, _>>()?,
        };
        let environments: Vec<_> =
            wanted.iter().flatten().map(|(environment, _)| environment.clone()).collect();
        self.ask(&environments, depth).await;
        let mut found: Vec<Found> = Vec::new();
        for meanings in wanted {
            let (environment, containers) = self.one_of(&meanings)?;
            for container in containers {
                if found.iter().all(|f| f.container.key != container.key) {
                    found.push(Found { environment: environment.clone(), container });
                }
            }
        }
        Ok(found)
    }

    /// What a target may mean: a name in an environment, or one on a host; both where both are called so.
    fn meanings(&self, at: &Where, target: &Target) -> Result<Vec<Meaning>, Failure> {
        let home = self.environment(at.environment.as_deref())?;
        let Some(before) = &target.before else { return Ok(vec![(home, Some(target.name.clone()))]) };
        let on_host = |environment: &Environment| {
            let is_there = environment.hosts.iter().any(|host| host.as_str() == before);
            is_there.then(|| (environment.clone(), Some(format!("{before}/{}", target.name))))
        };
        let is_taken = at.environment.as_ref().is_none_or(|named| named == before);
        let own = self.world.environment(&EnvironmentId::new(before.as_str())).filter(|_| is_taken);
        let mut all: Vec<Meaning> =
            own.map(|own| (own.clone(), Some(target.name.clone()))).into_iter().collect();
        all.extend(on_host(&home));
        if let (true, Some(named)) = (all.is_empty(), &at.environment) {
            let both = format!("{before}/{} is not in --environment {named}", target.name);
            return Err(Failure::Usage(both));
        }
        if all.is_empty() {
            all.extend(self.world.environments.iter().filter_map(on_host));
            if all.len() > 1 {
                let names: Vec<_> = all.iter().map(|(environment, _)| environment.id.as_str()).collect();
                let (names, name) = (names.join(", "), &target.name);
                let several = format!(
                    "host {before} is in several environments: {names}; write ENVIRONMENT/{before}/{name}"
                );
                return Err(Failure::Failed(several));
            }
        }
        if all.is_empty() {
            let environments = self.world.environments.iter().map(|e| e.id.as_str());
            let all: BTreeSet<_> = environments.chain(self.world.hosts.keys().map(HostId::as_str)).collect();
            let known = ranked(before, all.into_iter());
            return Err(Failure::Failed(format!(
                "no environment or host `{before}`; there are: {}",
                known.join(", ")
            )));
        }
        Ok(all)
    }

    /// The containers of the one thing that is meant.
    fn one_of(&self, meanings: &[Meaning]) -> Result<(Environment, Vec<Container>), Failure> {
        let told = meanings.iter().map(|(environment, name)| {
            self.named(environment, name.as_deref()).map(|found| (environment.clone(), found))
        });
        let mut told: Vec<_> = told.collect();
        // Who could not be asked may have what is meant as well.
        if let Some(unknown) = told.iter().position(|one| matches!(one, Err(Failure::Unreachable(_)))) {
            return told.swap_remove(unknown);
        }
        let mut sound = told.iter().flatten();
        let keys = |found: &[Container]| found.iter().map(|c| c.key.clone()).collect::<BTreeSet<_>>();
        if let (Some((one, of_one)), Some((other, of_other))) = (sound.next(), sound.next())
            && keys(of_one) != keys(of_other)
        {
            let (before, name) = (&one.id, meanings[0].1.as_deref().unwrap_or_default());
            return Err(Failure::Failed(format!(
                "`{before}/{name}` means {name} in the environment {before}, and {name} on the host {before} of {}; \
                 write {before}/HOST/{name} or {}/{before}/{name}",
                other.id, other.id
            )));
        }
        let sound = told.iter().position(Result::is_ok).unwrap_or(0);
        told.swap_remove(sound)
    }

    fn named(&self, environment: &Environment, name: Option<&str>) -> Result<Vec<Container>, Failure> {
        let all = self.world.containers(environment);
        let lost: Vec<_> =
            environment.hosts.iter().filter(|h| self.lost.contains(*h)).map(HostId::as_str).collect();
        if !lost.is_empty() && lost.len() == environment.hosts.len() {
            return Err(Failure::Unreachable(format!("no host of {} answers", environment.id)));
        }
        let Some(name) = name else { return Ok(all.into_iter().cloned().collect()) };
        match resolve(name, environment.id.as_str(), &all) {
            Ok(found) => Ok(found.into_iter().cloned().collect()),
            Err(error) if lost.is_empty() => Err(Failure::Failed(error.to_string())),
            // It may well be on the host that does not answer.
            Err(error) => Err(Failure::Unreachable(format!("{error}; not asked: {}", lost.join(", ")))),
        }
    }

    /// The engine of a container that was found.
    pub fn engine(&self, host: &HostId) -> Result<Arc<dyn Engine>, Failure> {
        Ok(self.way(host)?.engine())
    }

    /// The way to the host of a container that was found.
    pub fn way(&self, host: &HostId) -> Result<Arc<Route>, Failure> {
        let route = self.routes.get(host).ok_or_else(|| Failure::Failed(format!("{host}: no such host")))?;
        Ok(Arc::clone(route))
    }

    /// How a host is meant to be reached.
    pub fn plan(&self, host: &HostId) -> Option<&HostPlan> {
        self.plans.iter().find(|plan| plan.id == *host)
    }

    /// The ways to all hosts.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// The ways to a host, for telling how it is found.
    pub fn route(&self, host: &HostId) -> Option<&Arc<Route>> {
        self.routes.get(host)
    }
}

struct Answer {
    facts: EngineFacts,
    load: HostLoad,
    containers: Option<Vec<Container>>,
    details: Details,
}

async fn ask(route: &Route, depth: Depth, with_load: bool) -> Result<Answer, Vec<Refusal>> {
    let broken = |error: EngineError| vec![route.refusal(error)];
    let engine = route.connect().await?;
    let own = async {
        let facts = route.facts().await?;
        let load = match route.machine().filter(|_| with_load) {
            Some(machine) => machine.load(&facts.root_dir).await,
            None => HostLoad::default(),
        };
        Ok((facts, load))
    };
    let told = tokio::try_join!(own, list(engine.as_ref(), depth));
    let ((facts, load), (containers, details)) = told.map_err(broken)?;
    Ok(Answer { facts, load, containers, details })
}

type Details = Vec<(ContainerId, Detail)>;

async fn list(engine: &dyn Engine, depth: Depth) -> Result<(Option<Vec<Container>>, Details), EngineError> {
    let mut details = Vec::new();
    if depth < Depth::List {
        return Ok((None, details));
    }
    let containers = engine.containers().await?;
    if depth >= Depth::Detail {
        let ids = containers.iter().map(|c| c.key.id.clone());
        let asked = ids.map(|id| async move { (engine.detail(&id).await, id) });
        let mut asked = futures_util::stream::iter(asked).buffer_unordered(DETAILS_AT_ONCE);
        while let Some((detail, id)) = asked.next().await {
            // One that vanished meanwhile has none; its row says what the list said.
            if let Ok(detail) = detail {
                details.push((id, detail));
            }
        }
    }
    Ok((Some(containers), details))
}
