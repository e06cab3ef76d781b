//! Deploying, rolling back and scaling the selected service: from the key to the plan, and from the plan to the order.

use std::collections::{BTreeMap, BTreeSet};

use crate::action::Context;
use crate::app::model::{Model, Overlay};
use crate::config::keymap::Chord;
use crate::deploy::order::{Order, Task};
use crate::deploy::plan::{Manner, Wish};
use crate::deploy::promote::Judged;
use crate::deploy::story::{is_good, latest};
use crate::domain::container::Container;
use crate::domain::deployment::{Plan, Release};
use crate::domain::environment::Environment;
use crate::domain::grade::grade;
use crate::domain::ids::{HostId, ServiceId};
use crate::domain::registry::repository_of;
use crate::effect::{Effect, JobId};
use crate::overlays::question::Wish as Wanted;
use crate::overlays::rollout::{Choice, Goal, Outcome, Rollout, Subject};
use crate::panes::PaneKind;
use crate::ui::text::age;
use crate::world::Link;

impl Goal {
    fn verb(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Scale => "scale",
            Self::Resume => "resume",
            Self::Promote => "promote",
        }
    }
}

impl Model {
    /// Opens the dialog for the service of the selected container; of a rollback, with that release picked.
    pub(in crate::app) fn roll_out(&mut self, goal: Goal, release: Option<Release>) -> Vec<Effect> {
        let refused = |why: String| Some((format!("{}: {why}", goal.verb()), true));
        let selected = self.scope.container.as_ref().and_then(|key| self.world.container(key)).cloned();
        let Some(selected) = selected else {
            self.notice = refused("select a container of the service first".to_owned());
            return Vec::new();
        };
        let Some(environment) = self.place_of(&selected.key).cloned() else { return Vec::new() };
        if let Some(why) = self.lock_reason(&environment) {
            self.notice = refused(why);
            return Vec::new();
        }
        if let Some(open) = self.unfinished(&environment) {
            self.notice = refused(format!("{open}; 6 shows it"));
            return Vec::new();
        }
        if self.asks_class(&environment) {
            self.classify_first(goal.verb(), &environment.id, &Wanted::Rollout(goal, release));
            return Vec::new();
        }
        let all = self.of_service(&environment, &selected.service, selected.project.as_deref());
        let (text, choices) = match goal {
            Goal::Deploy => (live_image(&all).unwrap_or_default(), self.images(&environment, &all)),
            Goal::Rollback => (String::new(), self.kept(&environment, &all)),
            Goal::Resume | Goal::Promote => return Vec::new(),
            Goal::Scale => (all.iter().filter(|c| c.state.is_up()).count().to_string(), Vec::new()),
        };
        let subject = Subject {
            service: selected.service.clone(),
            project: selected.project.as_deref().map(str::to_owned),
            live: live(&all),
            warnings: self.away(&environment),
            environment,
        };
        let mut rollout = Rollout::new(goal, subject, &text, choices);
        if let Some(release) = release {
            rollout.pick(&release.to_string());
        }
        self.overlay = Some(Overlay::Rollout(Box::new(rollout)));
        Vec::new()
    }

    /// What is not over yet in that environment, in words.
    pub(super) fn unfinished(&self, environment: &Environment) -> Option<String> {
        let open = latest(self.world.records(environment)).filter(|record| record.end.is_none())?;
        Some(format!("{}, by {}, is not over", open.begun.act, open.begun.who.name))
    }

    /// A key while the dialog is open.
    pub(in crate::app) fn rollout_key(&mut self, chord: Chord) -> Vec<Effect> {
        let action = self.keymap.action(&[Context::Global], chord);
        let at = self.now.at;
        let Some(Overlay::Rollout(rollout)) = &mut self.overlay else { return Vec::new() };
        match rollout.key(chord, action, at) {
            Outcome::Nothing => {}
            Outcome::Closed => self.overlay = None,
            Outcome::Plan(wish) => return self.plan(wish),
            Outcome::Go => return self.order(),
        }
        Vec::new()
    }

    fn plan(&mut self, wish: Wish) -> Vec<Effect> {
        let job = self.job();
        let Some(Overlay::Rollout(rollout)) = &mut self.overlay else { return Vec::new() };
        rollout.planning(job, wish.clone());
        let Subject { environment, service, project, .. } = rollout.subject.clone();
        vec![Effect::Plan { job, environment: environment.id, service, project, wish }]
    }

    /// The answer to the question for a plan; one that nobody waits for any more is dropped.
    pub(in crate::app) fn planned(&mut self, job: JobId, answer: Result<Box<Plan>, Vec<String>>) {
        let Some(Overlay::Rollout(rollout)) = &mut self.overlay else { return };
        if !rollout.awaits(job) {
            return;
        }
        match answer {
            Ok(plan) => {
                let environment = &rollout.subject.environment;
                let grade =
                    grade(plan.weight(), environment).over_migration(plan.crosses.is_some(), environment);
                rollout.planned(plan, grade);
            }
            Err(reasons) => rollout.refused(reasons),
        }
    }

    /// As [`Model::planned`], where other environments have a say in it.
    pub(in crate::app) fn judged(&mut self, job: JobId, judged: Judged) {
        let Some(Overlay::Rollout(rollout)) = &mut self.overlay else { return };
        if rollout.awaits(job) {
            rollout.judged(judged.wish, judged.verdict);
            self.planned(job, Ok(Box::new(judged.plan)));
        }
    }

    /// What was confirmed is begun, unless the environment was locked meanwhile.
    fn order(&mut self) -> Vec<Effect> {
        let Some(Overlay::Rollout(rollout)) = self.overlay.take() else { return Vec::new() };
        if rollout.goal == Goal::Resume {
            return self.resumed();
        }
        let (note, Subject { environment, service, project, .. }) = (rollout.why(), rollout.subject.clone());
        let Some((wish, plan)) = rollout.confirmed() else { return Vec::new() };
        if let Some(why) = self.lock_reason(&environment) {
            let text = format!("{}: {why}; nothing was done", plan.title());
            self.world.note(self.now, text.clone(), true);
            self.notice = Some((text, true));
            return Vec::new();
        }
        let title = plan.title();
        let task = Task::Begin { service, project, wish, shown: Box::new(plan), note };
        self.ordered(&environment, task, title)
    }

    /// Hands the order over, and shows what comes of it.
    pub(super) fn ordered(&mut self, environment: &Environment, task: Task, title: String) -> Vec<Effect> {
        let job = self.job();
        self.deployment.starting(job, title);
        self.focus = PaneKind::Deployment;
        let hosts = self.up(environment);
        let (reach, manner) = (self.settings.reach.clone(), Manner::default());
        let order = Order { environment: environment.id.clone(), hosts, task, manner, reach };
        vec![Effect::Order(job, Box::new(order))]
    }

    fn up(&self, environment: &Environment) -> Vec<HostId> {
        let is_up = |id: &&HostId| self.world.hosts.get(*id).is_some_and(|host| host.link == Link::Up);
        environment.hosts.iter().filter(is_up).cloned().collect()
    }

    /// Hosts that do not answer, as the dialog says it.
    pub(super) fn away(&self, environment: &Environment) -> Vec<String> {
        let up = self.up(environment);
        let away = environment.hosts.iter().filter(|id| !up.contains(id));
        away.map(|id| format!("{id} does not answer: what runs there stays as it is")).collect()
    }

    /// All containers of a service, kept ones too.
    pub(super) fn of_service(
        &self,
        environment: &Environment,
        service: &ServiceId,
        project: Option<&str>,
    ) -> Vec<Container> {
        let all = self.world.containers(environment).into_iter();
        all.filter(|c| c.service == *service && c.project.as_deref() == project).cloned().collect()
    }

    /// Images that may be meant: those of the service's containers, of its releases, and what hosts keep of the same name.
    fn images(&self, environment: &Environment, all: &[Container]) -> Vec<Choice> {
        let mut known: Vec<(String, String)> = Vec::new();
        let mut add = |image: &str, about: String| {
            if !known.iter().any(|(other, _)| other == image) {
                known.push((image.to_owned(), about));
            }
        };
        let live = live_image(all);
        let name = live.as_deref().map(|image| repository_of(image).to_owned());
        for host in &environment.hosts {
            let counted = self.world.inventories.get(host).and_then(|counted| counted.last.as_ref());
            let items = counted.iter().flat_map(|(_, inventory)| &inventory.items);
            let names = items
                .flat_map(|item| &item.names)
                .filter(|image| name.as_deref() == Some(repository_of(image)));
            for image in names.filter(|image| live.as_deref() != Some(image)) {
                add(image, format!("on {host}"));
            }
        }
        for record in self.world.records(environment).iter().rev() {
            let Some(plan) = record.plan.as_deref() else { continue };
            if all.iter().any(|c| plan.of(&c.service).is_some()) && live.as_deref() != Some(&plan.image) {
                let ago = age(record.begun.at, self.now.wall);
                let outcome = if is_good(record) { "" } else { ", it went back" };
                add(
                    &plan.image,
                    format!("{}, {ago} ago by {}{outcome}", plan.release, record.begun.who.name),
                );
            }
        }
        for c in all {
            let about = if c.state.is_up() { "live" } else { "kept" };
            add(&c.image, about.to_owned());
        }
        known.into_iter().map(|(value, about)| Choice { value, about }).collect()
    }

    /// Releases that are kept, the one to go back to first: the newest good one before the live one.
    fn kept(&self, environment: &Environment, all: &[Container]) -> Vec<Choice> {
        let live = all.iter().filter(|c| c.state.is_up()).map(Release::of).max().unwrap_or_default();
        let mut kept: BTreeMap<Release, (String, BTreeSet<&HostId>)> = BTreeMap::new();
        for c in all.iter().filter(|c| !c.state.is_up() && Release::of(c) != live) {
            let entry = kept.entry(Release::of(c)).or_insert_with(|| (c.image.to_string(), BTreeSet::new()));
            entry.1.insert(&c.key.host);
        }
        let records = self.world.records(environment);
        let made = |release: Release| {
            let of_it =
                records.iter().rev().filter(|r| r.plan.as_deref().is_some_and(|p| p.release == release));
            of_it
                .clone()
                .find(|r| r.plan.as_deref().is_some_and(|p| all.iter().any(|c| c.service == p.service)))
        };
        let mut choices: Vec<(bool, Release, Choice)> = Vec::new();
        for (release, (image, hosts)) in kept {
            let hosts: Vec<_> = hosts.into_iter().map(HostId::as_str).collect();
            let record = made(release);
            let is_good = record.is_none_or(is_good);
            let who =
                record.map(|r| format!("  {} ago, {}", age(r.begun.at, self.now.wall), r.begun.who.name));
            let bad = if is_good { "" } else { "  it went back" };
            let about = format!("{image}{}{bad}  kept on {}", who.unwrap_or_default(), hosts.join(", "));
            choices.push((is_good && release < live, release, Choice { value: release.to_string(), about }));
        }
        choices.sort_by_key(|(is_first, release, _)| std::cmp::Reverse((*is_first, *release)));
        choices.into_iter().map(|(.., choice)| choice).collect()
    }
}

fn live_image(all: &[Container]) -> Option<String> {
    all.iter().find(|c| c.state.is_up()).map(|c| c.image.to_string())
}

/// `v42  shop/web:1.4  2 replicas on web1, web2`.
pub(super) fn live(all: &[Container]) -> String {
    let up: Vec<_> = all.iter().filter(|c| c.state.is_up()).collect();
    let Some(first) = up.first() else { return "nothing of it runs".to_owned() };
    let hosts: BTreeSet<_> = up.iter().map(|c| c.key.host.as_str()).collect();
    let s = if up.len() == 1 { "" } else { "s" };
    let release = match Release::of(first) {
        Release(0) => String::new(),
        release => format!("{release}  "),
    };
    let images: BTreeSet<_> = up.iter().map(|c| &*c.image).collect();
    let all = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    format!("{release}{}  {} replica{s} on {}", all(images), up.len(), all(hosts))
}
