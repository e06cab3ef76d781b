//! How containers are, from the engine's checks and our own probes, with the history that says since when.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Now, World};
use crate::domain::change::What;
use crate::domain::container::{Container, Detail, Health, Standing, State};
use crate::domain::environment::Environment;
use crate::domain::health::dependencies::{self, Dependency, Mood};
use crate::domain::health::errors::Errors;
use crate::domain::health::timeline::Timeline;
use crate::domain::health::{Reading, Verdict};
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId, ServiceId};
use crate::domain::probe::{NoTarget, ProbeKind, ProbeSpec, ServiceSpec, Target};
use crate::domain::series::{Point, Series};

/// A container that never was ready is starting for so long; then it is unhealthy.
const STARTING: TimeDelta = TimeDelta::seconds(30);
/// So many failures in a row are no accident.
const FAILURES: u32 = 2;
/// The engine tells when its check turns, so between two of its results nothing is missed.
const ALWAYS: TimeDelta = TimeDelta::days(10_000);

/// What one probe of one container brought back lately.
#[derive(Clone, Debug)]
pub struct ProbeHistory {
    /// What is asked, where.
    pub target: Target,
    /// The newest reading.
    pub last: Reading,
    /// What it means.
    pub verdict: Verdict,
    /// Since when it is so.
    pub timeline: Timeline,
    /// How long each took, in ms.
    pub latency: Series,
    /// How many answers were bad.
    pub errors: Errors,
    /// What the newest answer that said anything of dependencies said of them, worst first.
    pub dependencies: Vec<Dependency>,
    /// When that was.
    pub told: Option<DateTime<Utc>>,
    /// Since when each is so.
    pub dependency_times: BTreeMap<String, Timeline>,
}

impl ProbeHistory {
    /// A reading older than this says nothing of now.
    fn gap(spec: &ProbeSpec) -> TimeDelta {
        let gap = spec.interval * 3 + spec.timeout;
        TimeDelta::from_std(gap).unwrap_or(ALWAYS)
    }

    /// Whether it still says something of now.
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        now - self.last.at <= Self::gap(&self.target.spec)
    }

    /// The dependency that is bad for the longest time, with the time and whether that was seen.
    pub fn first_bad(&self) -> Option<(&str, DateTime<Utc>, bool)> {
        let bad = self.dependencies.iter().filter(|d| d.mood == Mood::Bad);
        let since = bad.filter_map(|d| {
            let run = self.dependency_times.get(&d.name)?.current()?;
            Some((d.name.as_str(), run.since, run.is_exact))
        });
        since.min_by_key(|(_, since, _)| *since)
    }
}

/// How a container that runs is, in one word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Nothing asks it.
    Unchecked,
    /// It is asked, and has not answered yet.
    Asking,
    /// It cannot be asked, and why.
    NotAsked(NoTarget),
    /// As it should be; how long the probe took.
    Ok(Option<Duration>),
    /// Never was well since it started.
    Starting(Option<DateTime<Utc>>),
    /// Not well, once: it may pass.
    Failing(Trouble),
    /// Not well.
    Unhealthy(Trouble),
    /// Runs, but the engine had to start it again so often that it will not be for long.
    Looping(u32),
}

/// Why and since when something is not well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// `503`, `timeout`; empty for the engine's check.
    pub why: String,
    /// The first sign of it.
    pub since: Option<DateTime<Utc>>,
    /// Its beginning was seen; otherwise it may have begun earlier.
    pub is_exact: bool,
}

/// What was bad before everything else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FirstBad {
    /// A dependency, or a container.
    pub name: String,
    /// The first sign of it.
    pub since: DateTime<Utc>,
    /// Its beginning was seen.
    pub is_exact: bool,
}

impl World {
    /// What is said of a service in an environment besides what its containers say.
    pub fn service_spec(&self, environment: &EnvironmentId, service: &ServiceId) -> Option<&ServiceSpec> {
        self.services.get(environment)?.get(service.as_str())
    }

    /// The probes of a container in an environment, live first: where each goes, or why it cannot.
    pub fn targets(
        &self,
        environment: &EnvironmentId,
        container: &Container,
    ) -> Vec<(ProbeKind, Result<Target, NoTarget>)> {
        let Some(spec) = self.service_spec(environment, &container.service) else { return Vec::new() };
        let Some(host) = self.hosts.get(&container.key.host) else { return Vec::new() };
        let target = |(kind, spec): (ProbeKind, &Arc<ProbeSpec>)| {
            (kind, Target::new(kind, spec, container, &host.address))
        };
        spec.probes().map(target).collect()
    }

    /// A reading of a probe.
    pub fn probed(&mut self, target: Target, reading: Reading) {
        let id = (target.key.clone(), target.kind);
        let gap = ProbeHistory::gap(&target.spec);
        let verdict = reading.judge(&target.spec.ask);
        let found = match reading.answer() {
            Some(answer) => dependencies::dependencies(&answer.body),
            None => Vec::new(),
        };
        let history = self.probes.entry(id).or_insert_with(|| ProbeHistory {
            target: target.clone(),
            last: reading.clone(),
            verdict: verdict.clone(),
            timeline: Timeline::default(),
            latency: Series::default(),
            errors: Errors::default(),
            dependencies: Vec::new(),
            told: None,
            dependency_times: BTreeMap::new(),
        });
        let mut turned = Vec::new();
        if history.timeline.record(reading.at, verdict.is_ok(), gap) {
            turned.push(What::Probe(target.kind, reason(&verdict, &reading)));
        }
        let value = reading.took.as_secs_f32() * 1000.0;
        history.latency.push(Point { at: reading.at, value, is_bad: !verdict.is_ok() });
        history.errors.record(reading.at, !verdict.is_ok());
        if !found.is_empty() {
            for dependency in &found {
                let times = history.dependency_times.entry(dependency.name.clone()).or_default();
                // A failing probe may take long and say nothing; what it last said still dates the dependency.
                if times.record(reading.at, dependency.mood != Mood::Bad, gap * 2) {
                    let why = (dependency.mood == Mood::Bad).then(|| dependency.word.clone());
                    turned.push(What::Dependency(dependency.name.clone(), why));
                }
            }
            history.dependency_times.retain(|name, _| found.iter().any(|d| d.name == *name));
            history.dependencies = found;
            history.dependencies.sort_by_key(|d| d.mood);
            history.told = Some(reading.at);
        }
        let at = reading.at;
        (history.target, history.last, history.verdict) = (target, reading, verdict);
        let key = history.target.key.clone();
        for what in turned {
            let change = self.change(key.clone(), at, what, "");
            self.changes.saw(change);
        }
    }

    /// The newest readings of a container's probes that still say something of now, live first.
    pub fn readings(&self, key: &ContainerKey, now: Now) -> impl Iterator<Item = &ProbeHistory> {
        let kinds = [ProbeKind::Live, ProbeKind::Ready];
        kinds
            .into_iter()
            .filter_map(|kind| self.probes.get(&(key.clone(), kind)))
            .filter(move |history| history.is_fresh(now.wall))
    }

    /// How a container is: what is bad wins, then what is known.
    pub fn condition(&self, environment: &EnvironmentId, c: &Container, now: Now) -> Condition {
        let readings: Vec<_> = self.readings(&c.key, now).collect();
        let troubles = readings.iter().filter(|h| !h.verdict.is_ok());
        let restarts = || self.restart_loop(environment, c, now.wall);
        if let Some(worst) = troubles.min_by_key(|h| h.timeline.current().map(|run| run.since)) {
            let by_check = (c.health == Health::Unhealthy).then(|| self.check_trouble(&c.key));
            return match (trouble(c, worst, now), by_check) {
                // The engine saw it first; the probe says why.
                (Condition::Failing(t) | Condition::Unhealthy(t), Some(check)) => {
                    let (since, is_exact) = match (t.since, check.since) {
                        (Some(own), Some(check_since)) if check_since < own => {
                            (Some(check_since), check.is_exact)
                        }
                        _ => (t.since, t.is_exact),
                    };
                    Condition::Unhealthy(Trouble { why: t.why, since, is_exact })
                }
                // In a loop it is always about to start, and every failure the first one.
                (condition @ (Condition::Starting(_) | Condition::Failing(_)), _) => {
                    restarts().map_or(condition, Condition::Looping)
                }
                (condition, _) => condition,
            };
        }
        if c.health == Health::Unhealthy {
            return Condition::Unhealthy(self.check_trouble(&c.key));
        }
        if let Some(restarts) = restarts() {
            return Condition::Looping(restarts);
        }
        if c.health == Health::Starting && readings.is_empty() {
            return Condition::Starting(started(c));
        }
        if let Some(best) = readings.last() {
            return Condition::Ok(Some(best.last.took));
        }
        if c.health == Health::Healthy {
            return Condition::Ok(None);
        }
        let mut targets = self.targets(environment, c).into_iter();
        match targets.next_back() {
            None => Condition::Unchecked,
            Some((_, Ok(_) | Err(NoTarget::NotKnown))) => Condition::Asking,
            Some((_, Err(why))) => Condition::NotAsked(why),
        }
    }

    fn check_trouble(&self, key: &ContainerKey) -> Trouble {
        let run = self.checks.get(key).and_then(Timeline::current).filter(|run| !run.is_ok);
        Trouble {
            why: String::new(),
            since: run.map(|run| run.since),
            is_exact: run.is_some_and(|run| run.is_exact),
        }
    }

    /// How bad a container stands: by its state, then by everything that asks it.
    pub fn standing(&self, environment: &EnvironmentId, c: &Container, now: Now) -> Standing {
        let own = c.standing();
        if c.state != State::Running || own == Standing::Bad {
            return own;
        }
        match self.condition(environment, c, now) {
            Condition::Unhealthy(_) | Condition::Looping(_) => Standing::Bad,
            Condition::Failing(_) | Condition::Starting(_) => Standing::Warn,
            Condition::Ok(_) => Standing::Ok,
            Condition::Unchecked | Condition::Asking | Condition::NotAsked(_) => own,
        }
    }

    /// What is bad for the longest time of all that runs in an environment: the end to pull the thread by.
    pub fn first_bad(&self, environment: &Environment, now: Now) -> Option<FirstBad> {
        let mut all: Vec<FirstBad> = Vec::new();
        for c in self.containers(environment).into_iter().filter(|c| c.state == State::Running) {
            for history in self.readings(&c.key, now) {
                let found = history.first_bad().map(|(name, since, is_exact)| FirstBad {
                    name: name.to_owned(),
                    since,
                    is_exact,
                });
                all.extend(found);
            }
            if let Condition::Unhealthy(trouble) = self.condition(&environment.id, c, now)
                && let Some(since) = trouble.since
            {
                all.push(FirstBad { name: c.name.to_string(), since, is_exact: trouble.is_exact });
            }
        }
        all.into_iter().min_by_key(|bad| bad.since)
    }

    /// The results of the engine's check, as far as an inspection knows them.
    pub(super) fn checked(&mut self, key: &ContainerKey, detail: &Detail) {
        if detail.checks.is_empty() {
            return;
        }
        let timeline = self.checks.entry(key.clone()).or_default();
        for check in &detail.checks {
            timeline.record(check.at, check.exit_code == 0, ALWAYS);
        }
    }

    /// Nothing of a host was seen for a while.
    pub(super) fn break_off(&mut self, host: &HostId) {
        for (_, timeline) in self.checks.iter_mut().filter(|(key, _)| key.host == *host) {
            timeline.break_off();
        }
    }

    /// Forgets what is known of containers that are gone.
    pub(super) fn forget(&mut self, host: &HostId, is_there: impl Fn(&ContainerKey) -> bool) {
        let is_kept = |key: &ContainerKey| key.host != *host || is_there(key);
        self.usage.retain(|key, _| is_kept(key));
        self.strains.retain(|(key, _), _| is_kept(key));
        self.probes.retain(|(key, _), _| is_kept(key));
        self.checks.retain(|key, _| is_kept(key));
    }
}

fn trouble(c: &Container, history: &ProbeHistory, now: Now) -> Condition {
    let Some(run) = history.timeline.current() else { return Condition::Asking };
    let started = started(c);
    let was_ok =
        history.timeline.runs().any(|run| run.is_ok && started.is_none_or(|started| run.until >= started));
    if let Some(at) = started.filter(|at| !was_ok && now.wall - *at < STARTING) {
        return Condition::Starting(Some(at));
    }
    let why = match &history.verdict {
        Verdict::Bad(why) => why.clone(),
        Verdict::Ok => String::new(),
    };
    let trouble = Trouble { why, since: Some(run.since), is_exact: run.is_exact };
    if run.count < FAILURES { Condition::Failing(trouble) } else { Condition::Unhealthy(trouble) }
}

fn started(c: &Container) -> Option<DateTime<Utc>> {
    c.detail.as_ref().and_then(|detail| detail.started)
}

/// The reason with the time it took where that is the point; `None` where it is well again.
fn reason(verdict: &Verdict, reading: &Reading) -> Option<String> {
    let Verdict::Bad(why) = verdict else { return None };
    let is_slow = reading.took >= Duration::from_secs(1);
    Some(if is_slow {
        format!("{why} after {}", crate::domain::health::took(reading.took))
    } else {
        why.clone()
    })
}

/// What probes brought back, per container and question.
pub type Probes = HashMap<(ContainerKey, ProbeKind), ProbeHistory>;
/// Results of the engine's checks over time.
pub type Checks = HashMap<ContainerKey, Timeline>;
/// What is said of services, per environment.
pub type Services = BTreeMap<EnvironmentId, crate::domain::probe::ServiceSpecs>;

#[cfg(test)]
mod tests;
