//! What is about to be done, as the ledger of the environment where it counts will have it.

use crate::action::Action;
use crate::app::model::Model;
use crate::domain::act::Change;
use crate::domain::ids::{ContainerKey, EnvironmentId};
use crate::domain::ledger::{Intent, Subject};

impl Model {
    /// What a change is in the ledger of the environment where it counts.
    pub(super) fn intent(&self, change: &Change) -> Intent {
        let environment = self.place(change).or(self.environment()).map(|e| e.id.clone());
        let (act, on) = match change {
            Change::Containers(act, targets) => {
                let subject = |(key, name): &(ContainerKey, String)| self.subject(key, name);
                (act.verb(), targets.iter().map(subject).collect())
            }
            Change::Discard(host, items) => {
                ("prune", items.iter().map(|item| Subject::item(host, item)).collect())
            }
        };
        let environment = environment.unwrap_or_else(|| EnvironmentId::new(""));
        Intent { environment, act: act.to_owned(), on, why: None }
    }

    fn subject(&self, key: &ContainerKey, name: &str) -> Subject {
        let service = self.world.container(key).map(|c| c.service.as_str()).unwrap_or_default();
        Subject::container(key, name, service)
    }

    /// As [`Model::intent`], of a shell in that container.
    pub(super) fn intent_of_shell(&self, key: &ContainerKey, name: &str) -> Intent {
        let environment = self.place_of(key).map_or_else(|| EnvironmentId::new(""), |e| e.id.clone());
        let (act, on) = (Action::Shell.entry().name.to_owned(), vec![self.subject(key, name)]);
        Intent { environment, act, on, why: None }
    }
}
