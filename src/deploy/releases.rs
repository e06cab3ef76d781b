//! The history of a service, as its ledger has it: how each deployment stands, and where its containers still are.

use std::collections::BTreeMap;

use super::story::{State, Story};
use crate::domain::container::Container;
use crate::domain::deployment::{Act, Heading, Plan, Purpose, Release};
use crate::domain::ids::{HostId, ImageId, ServiceId};
use crate::domain::ledger::{Outcome, Record};

/// How a deployment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stand {
    /// Somebody is at work.
    Runs,
    /// It waits, because somebody asked for it.
    Paused,
    /// It is being taken back.
    GoesBack,
    /// Nobody is at work on it, and it is not over.
    Unguarded,
    /// It was taken back.
    TakenBack,
    /// It could not be done.
    Failed,
    /// It is done, and containers of its release run.
    Live,
    /// It was done, and another release runs.
    Good,
}

impl Stand {
    /// Of what its journal tells, and of whether containers of its release run.
    pub fn of(story: &Story, is_live: bool) -> Self {
        match &story.state {
            State::Runs if story.paused.is_some() => Self::Paused,
            State::Runs if story.heading == Heading::Back || story.asked_back.is_some() => Self::GoesBack,
            State::Runs => Self::Runs,
            State::Unguarded(_) => Self::Unguarded,
            State::Ended(_, Outcome::Undone(_)) => Self::TakenBack,
            State::Ended(_, Outcome::Failed(_)) => Self::Failed,
            State::Ended(..) if is_live => Self::Live,
            State::Ended(..) => Self::Good,
        }
    }

    /// In a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Self::Runs => "running",
            Self::Paused => "paused",
            Self::GoesBack => "going back",
            Self::Unguarded => "unguarded",
            Self::TakenBack => "taken back",
            Self::Failed => "failed",
            Self::Live => "live",
            Self::Good => "was good",
        }
    }
}

/// What a host has of a release.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Presence {
    /// Containers that run.
    Live,
    /// Containers to go back to.
    Kept,
    /// Nothing.
    Gone,
    /// It does not answer.
    Unknown,
}

impl Presence {
    /// In a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Kept => "kept",
            Self::Gone => "gone",
            Self::Unknown => "not known",
        }
    }
}

/// What each of these hosts has of a release, of which there are these containers.
pub fn presence(
    hosts: &[HostId],
    of_it: &[&Container],
    is_lost: impl Fn(&HostId) -> bool,
) -> Vec<(HostId, Presence)> {
    let on = |id: &HostId| {
        let here = of_it.iter().filter(|c| c.key.host == *id);
        match here.map(|c| c.state.is_up()).max() {
            Some(true) => Presence::Live,
            Some(false) => Presence::Kept,
            None if is_lost(id) => Presence::Unknown,
            None => Presence::Gone,
        }
    };
    hosts.iter().map(|id| (id.clone(), on(id))).collect()
}

/// `live web1 web2, gone web3`.
pub fn places(presence: &[(HostId, Presence)]) -> String {
    let mut by_word: BTreeMap<Presence, Vec<&str>> = BTreeMap::new();
    for (host, what) in presence {
        by_word.entry(*what).or_default().push(host.as_str());
    }
    let named = by_word.iter().map(|(what, hosts)| format!("{} {}", what.word(), hosts.join(" ")));
    named.collect::<Vec<_>>().join(", ")
}

/// The deployments of a service, the newest first.
pub fn of<'a>(records: &'a [Record], service: &ServiceId) -> impl Iterator<Item = (&'a Record, &'a Plan)> {
    let planned = records.iter().rev().filter_map(|record| Some((record, record.plan.as_deref()?)));
    planned.filter(move |(_, plan)| plan.of(service).is_some())
}

impl Plan {
    /// What its release is made from: as its registry calls it, else as its hosts know it.
    pub fn made_from(&self) -> Option<&str> {
        let made = self.steps.iter().find_map(|step| match &step.act {
            Act::Create { image_id, errand: None, .. } => image_id.as_ref().map(ImageId::as_str),
            _ => None,
        });
        self.digest.as_deref().or(made)
    }

    /// `shop/web:v43`, `back to shop/web:v41`, `scale to 4`.
    pub fn about(&self) -> String {
        match self.purpose {
            Purpose::Deploy => self.image.clone(),
            Purpose::Rollback => format!("back to {}", self.image),
            Purpose::Scale => format!("scale to {}", self.replicas),
        }
    }
}

/// The containers of a release.
pub fn containers_of<'a>(release: Release, all: &[&'a Container]) -> Vec<&'a Container> {
    all.iter().copied().filter(|c| Release::of(c) == release).collect()
}
