//! The steps of commands that are run once with a deployment.

use super::images::Source;
use super::{Scene, created};
use crate::domain::deployment::errand::{Errand, Kind, Migration};
use crate::domain::deployment::{Act, Model, Release, Replica, Step};
use crate::domain::ids::HostId;
use crate::domain::spec::RestartPolicy;

/// Commands that are run once with every deployment of a service; none where it is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Errands {
    /// See [`Kind::PreDeploy`].
    pub pre_deploy: Vec<String>,
    /// See [`Kind::Migrate`].
    pub migrate: Vec<String>,
    /// What a release does to data, where nobody says otherwise of this one.
    pub migration: Migration,
    /// See [`Kind::PostDeploy`].
    pub post_deploy: Vec<String>,
    /// See [`Kind::PostRollback`].
    pub post_rollback: Vec<String>,
    /// How long each may take, in seconds.
    pub within_s: u32,
}

/// How long one may take, in seconds, where nothing is configured for its service.
const UNCONFIGURED_S: u32 = 600;

/// Where and from what an errand is run.
pub(super) struct Run<'a> {
    pub(super) scene: &'a Scene,
    pub(super) host: &'a HostId,
    /// What it is made from.
    pub(super) like: &'a Model,
    pub(super) source: &'a Source<'a>,
    pub(super) release: Release,
}

impl Run<'_> {
    /// Make, run, remove; nothing where there is no command.
    pub(super) fn steps(&self, kind: Kind, command: &[String]) -> Vec<Step> {
        if command.is_empty() { Vec::new() } else { self.all(kind, command) }
    }

    /// The same for what runs what it says itself.
    pub(super) fn as_it_says(&self, kind: Kind) -> Vec<Step> {
        self.all(kind, &[])
    }

    fn all(&self, kind: Kind, command: &[String]) -> Vec<Step> {
        let within_s = match self.scene.terms.errands.within_s {
            0 => UNCONFIGURED_S,
            within_s => within_s,
        };
        let errand = Errand { kind, command: command.to_vec(), within_s };
        let replica = Replica {
            name: format!("{}-{}-{}", self.scene.base, self.release, kind.word()),
            id: None,
            restart: RestartPolicy { name: "no".to_owned(), most: 0 },
            found_as: Vec::new(),
        };
        let mut create = created(&replica, self.like, self.source);
        if let Act::Create { errand: of, .. } = &mut create {
            *of = Some(Box::new(errand.clone()));
        }
        let acts = [create, Act::Run(replica.clone(), Box::new(errand)), Act::Discard(replica)];
        acts.into_iter().map(|act| Step { host: self.host.clone(), act }).collect()
    }

    /// Before the first new replica.
    pub(super) fn before(&self) -> Vec<Step> {
        let Errands { pre_deploy, migrate, .. } = &self.scene.terms.errands;
        let migration = self.scene.manner.migration.unwrap_or(self.scene.terms.errands.migration);
        let mut steps = self.steps(Kind::PreDeploy, pre_deploy);
        if migration != Migration::None {
            steps.extend(self.steps(Kind::Migrate(migration), migrate));
        }
        steps
    }
}
