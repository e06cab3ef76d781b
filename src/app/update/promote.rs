//! From the selected service to the environment that comes after its own: the dialog opens with the plan being made.

use crate::app::model::{Model, Overlay};
use crate::domain::environment::Environment;
use crate::domain::ids::EnvironmentId;
use crate::effect::Effect;
use crate::overlays::rollout::{Goal, Rollout, Subject};

use super::rollout::live;

impl Model {
    /// Asks what it would take; where nobody named an environment, in the one that comes after.
    pub(in crate::app) fn promote(&mut self, named: &str) -> Vec<Effect> {
        match self.promotion(named) {
            Ok(effects) => effects,
            Err(why) => {
                self.notice = Some((format!("promote: {why}"), true));
                Vec::new()
            }
        }
    }

    fn promotion(&mut self, named: &str) -> Result<Vec<Effect>, String> {
        let selected = self.scope.container.as_ref().and_then(|key| self.world.container(key)).cloned();
        let selected = selected.ok_or("select a container of the service first")?;
        let from = self.place_of(&selected.key).map(|e| e.id.clone()).ok_or("it is in no environment")?;
        let environment = self.next(&from, named)?;
        if let Some(why) = self.lock_reason(&environment) {
            return Err(format!("{why} there"));
        }
        if let Some(open) = self.unfinished(&environment) {
            return Err(format!("in {}, {open}", environment.id));
        }
        let service = &selected.service;
        let there = self.world.containers(&environment).into_iter().filter(|c| c.service == *service);
        let projects: Vec<_> = there.map(|c| c.project.clone()).collect();
        let own = projects.iter().find(|project| **project == selected.project).or(projects.first());
        let project = own.cloned().flatten().map(|project| project.to_string());
        let all = self.of_service(&environment, service, project.as_deref());
        let subject = Subject {
            service: service.clone(),
            project: project.clone(),
            live: live(&all),
            warnings: self.away(&environment),
            environment: environment.clone(),
        };
        let job = self.job();
        let mut rollout = Rollout::new(Goal::Promote, subject, "", Vec::new());
        rollout.waits(job);
        self.overlay = Some(Overlay::Rollout(Box::new(rollout)));
        let projects = [selected.project.as_deref().map(str::to_owned), project];
        let (environment, service) = (environment.id, selected.service);
        Ok(vec![Effect::Promote { job, from, environment, service, projects }])
    }

    /// The environment of that name, else the one that comes after.
    fn next(&self, from: &EnvironmentId, named: &str) -> Result<Environment, String> {
        if !named.is_empty() {
            let there = self.world.environment(&EnvironmentId::new(named)).filter(|e| e.id != *from);
            return there.cloned().ok_or_else(|| format!("there is no other environment {named}"));
        }
        let follows: Vec<_> =
            self.world.environments.iter().filter(|e| e.after.as_ref() == Some(from)).collect();
        match follows[..] {
            [one] => Ok(one.clone()),
            [] => Err(format!(
                "no environment comes after {from}; `:promote NAME` names one, after = \"{from}\" in its \
                 [environments.NAME] keeps it"
            )),
            _ => {
                let names: Vec<_> = follows.iter().map(|e| e.id.as_str()).collect();
                Err(format!("{} come after {from}; `:promote NAME` names one", names.join(", ")))
            }
        }
    }
}
