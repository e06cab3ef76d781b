//! What panes ask for: selections, views, and acts with their dialog.

use crate::app::model::Model;
use crate::app::reading::{Reading, Subject};
use crate::domain::act::Change;
use crate::domain::ids::{ContainerKey, EnvironmentId};
use crate::effect::Effect;
use crate::panes::{Ctx, PaneKind, Request};

impl Model {
    pub(in crate::app) fn request(&mut self, request: Request) -> Vec<Effect> {
        match request {
            Request::Effect(effect) => return vec![effect],
            Request::SelectEnvironment(id) => self.enter(id),
            Request::SelectContainer(key) => self.select(key),
            Request::Focus(pane) => self.go(pane),
            Request::Tail(keys) => {
                let ctx = Ctx::new(&self.world, &self.scope, &self.look, self.now);
                self.logs.tail(keys, &ctx);
            }
            Request::Prompt(action, text) => self.prompt(action, &text),
            Request::Say(text) => self.notice = Some((text, false)),
            Request::Inspect(key) => return self.read(Subject::Inspection, key),
            Request::Processes(key) => return self.read(Subject::Processes, key),
            Request::Shell(key) => return self.shell(key),
            Request::Act(act, keys) => {
                let targets = keys.into_iter().map(|k| (k.clone(), self.name(&k))).collect();
                return self.ask(Change::Containers(act, targets));
            }
            Request::Count(host) => {
                let counted = self.world.inventories.entry(host.clone()).or_default();
                // An engine refuses a second question while it counts.
                if counted.asked.is_none() {
                    counted.asked = Some(self.now.at);
                    return vec![Effect::Inventory(host)];
                }
            }
            Request::Rollout(goal, release) => return self.roll_out(goal, release),
            Request::Deployment(record) => {
                self.deployment.open(record);
                self.go(PaneKind::Deployment);
            }
            Request::Read(title, lines) => self.reading = Some(Reading::of(title, lines)),
            Request::Change(change) => return self.ask(change),
        }
        Vec::new()
    }

    /// Containers came or went: a view of a service or an environment takes them in.
    pub(in crate::app) fn refresh_logs(&mut self) {
        let ctx = Ctx::new(&self.world, &self.scope, &self.look, self.now);
        self.logs.refresh(&ctx);
    }

    /// Shows another environment: masks and marks of the one before hold no more.
    pub(in crate::app) fn enter(&mut self, id: EnvironmentId) {
        if self.scope.environment.as_ref() == Some(&id) {
            return;
        }
        self.set_masks(false);
        self.containers.unmark();
        (self.scope.environment, self.scope.container) = (Some(id), None);
        self.refresh_logs();
    }

    pub(in crate::app) fn select(&mut self, key: Option<ContainerKey>) {
        if self.scope.container == key {
            return;
        }
        self.scope.container.clone_from(&key);
        if let Some(key) = key {
            let ctx = Ctx::new(&self.world, &self.scope, &self.look, self.now);
            self.logs.select(key, &ctx);
        }
    }

    /// The list's selection moved with its object, or to a neighbour: the other panes go with it.
    pub(in crate::app) fn follow_selection(&mut self, key: Option<ContainerKey>) {
        let is_gone = self.scope.container.as_ref().is_none_or(|k| self.world.container(k).is_none());
        if is_gone || key.is_some() {
            self.select(key);
        }
    }

    pub(in crate::app) fn name(&self, key: &ContainerKey) -> String {
        self.world.container(key).map_or_else(|| key.id.short().to_owned(), |c| c.name.to_string())
    }
}
