//! What was deployed on simulated hosts before anybody looked, as their ledgers have it.

use std::iter;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::Simulation;
use super::container::{digest, image_id};
use super::scenario::Scenario;
use crate::config::units::Period;
use crate::deploy::progress::Progress;
use crate::domain::deployment::{Act, Heading, Model, Note, Phase, Plan, Purpose, Release, Replica, Step};
use crate::domain::ids::{ContainerId, ContainerKey, EnvironmentId, HostId};
use crate::domain::ledger::form;
use crate::domain::ledger::{Begun, Ended, Outcome, Piece, RecordId, RecordNumber, Subject, Who};
use crate::domain::spec::RestartPolicy;

/// A deployment that is over.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// Where.
    pub environment: String,
    /// Of which service.
    pub service: String,
    /// The image.
    pub image: String,
    /// The number of the release.
    pub release: u32,
    /// That of the one before.
    pub before: u32,
    /// By whom.
    pub by: String,
    /// Why.
    pub why: Option<String>,
    /// So long ago.
    pub ago: Period,
    /// It took so long.
    pub took: Period,
    /// Its last replica did not get ready, and it was taken back: what was said of it.
    pub failed: Option<String>,
    /// It went back to an earlier release.
    #[serde(default)]
    pub is_rollback: bool,
}

impl Past {
    fn plan(&self, hosts: &[HostId]) -> Plan {
        let replica = |name: String, id: Option<ContainerId>| Replica {
            name,
            id,
            restart: RestartPolicy { name: "always".to_owned(), most: 0 },
            found_as: Vec::new(),
        };
        let mut steps = Vec::new();
        for (n, host) in hosts.iter().enumerate() {
            let named = |release: u32| format!("{}-v{release}-{}", self.service, n + 1);
            let id = |release: u32| ContainerId::new(digest(&[host.as_str(), &named(release)]));
            let old = replica(named(self.before), Some(id(self.before)));
            let like = Model::Like(ContainerKey { host: host.clone(), id: id(self.before) });
            let (image, image_id) = (self.image.clone(), image_id(&self.image));
            let acts = if self.is_rollback {
                let new = replica(named(self.release), Some(id(self.release)));
                vec![Act::Revive(new.clone()), Act::Gate(new), Act::Retire(old)]
            } else {
                let new = replica(named(self.release), None);
                let create =
                    Act::Create { replica: new.clone(), like, image, image_id: Some(image_id), errand: None };
                vec![create, Act::Start(new.clone()), Act::Gate(new), Act::Retire(old)]
            };
            steps.extend(acts.into_iter().map(|act| Step { host: host.clone(), act }));
        }
        let purpose = if self.is_rollback { Purpose::Rollback } else { Purpose::Deploy };
        let releases = (Release(self.before), Release(self.release));
        let plan = Plan::new(purpose, &self.service, releases, &self.image, steps);
        Plan { replicas: hosts.len(), ..plan }
    }

    /// All that was written of it, under that number.
    fn pieces(&self, number: u32, began: DateTime<Utc>, hosts: &[HostId]) -> Vec<Piece> {
        let (number, id) = (RecordNumber(number), RecordId::new(u64::from(number)));
        let plan = self.plan(hosts);
        let begun = Begun {
            number,
            id: id.clone(),
            environment: self.environment.clone(),
            at: began,
            who: Who {
                name: self.by.clone(),
                login: self.by.clone(),
                machine: "bastion".to_owned(),
                from: None,
            },
            act: plan.title(),
            on: plan.steps.iter().filter_map(|step| subject(step, &self.service)).collect(),
            more: 0,
            why: self.why.clone(),
        };
        let took = TimeDelta::from_std(self.took.get()).unwrap_or_default();
        let outcome = self.failed.clone().map_or(Outcome::Done, Outcome::Undone);
        let ended = Ended { number, id: id.clone(), at: began + took, outcome };
        let notes = self.notes(&plan, (number, &id), (began, took));
        let planned = Piece::Planned { number, id, plan: Box::new(plan) };
        let notes = notes.into_iter().map(Piece::Noted);
        [Piece::Begun(begun), planned].into_iter().chain(notes).chain([Piece::Ended(ended)]).collect()
    }

    /// Its journal: the steps one after the other, most of the time spent on getting ready.
    fn notes(
        &self,
        plan: &Plan,
        (number, id): (RecordNumber, &RecordId),
        (began, took): (DateTime<Utc>, TimeDelta),
    ) -> Vec<Note> {
        let note =
            |heading, step, phase, at| Note { number, id: id.clone(), epoch: 1, heading, step, phase, at };
        let is_gate = |step: &Step| matches!(step.act, Act::Gate(_));
        let gates = plan.steps.iter().filter(|step| is_gate(step)).count().max(1);
        let last = plan.steps.iter().rposition(is_gate);
        let (mut notes, mut at) = (Vec::new(), began);
        for (n, step) in (0..).zip(&plan.steps) {
            notes.push(note(Heading::Forward, n, Phase::Intent, at));
            at += if is_gate(step) { took * 8 / 10 / gates as i32 } else { TimeDelta::milliseconds(120) };
            let fails = self.failed.as_ref().filter(|_| Some(n as usize) == last);
            if let Some(why) = fails {
                notes.push(note(Heading::Forward, n, Phase::Failed(why.clone()), at));
                break;
            }
            notes.push(note(Heading::Forward, n, Phase::Done, at));
        }
        let progress = Progress::of(&notes);
        if progress.heading == Heading::Back {
            for one in progress.way(plan, Heading::Back) {
                let Some(number) = one.number else { continue };
                notes.push(note(Heading::Back, number, Phase::Intent, at));
                at += TimeDelta::milliseconds(300);
                notes.push(note(Heading::Back, number, Phase::Done, at));
            }
        }
        notes
    }
}

fn subject(step: &Step, service: &str) -> Option<Subject> {
    let Act::Retire(replica) = &step.act else { return None };
    let key = ContainerKey { host: step.host.clone(), id: replica.id.clone()? };
    Some(Subject::container(&key, &replica.name, service))
}

impl Simulation {
    /// Writes what is past into the ledgers of its hosts, the oldest first.
    pub(super) fn remember(&self, scenario: &Scenario) {
        for spec in &scenario.environments {
            let environment = EnvironmentId::new(spec.name.as_str());
            let hosts: Vec<_> = spec.hosts.iter().map(|host| HostId::new(host.get_ref().as_str())).collect();
            let mut past: Vec<_> =
                scenario.past.iter().filter(|past| past.environment == spec.name).collect();
            past.sort_by_key(|past| std::cmp::Reverse(past.ago.get()));
            let mut files = Vec::new();
            for (number, past) in (1..).zip(past) {
                let ago = i64::try_from(past.ago.get().as_nanos()).unwrap_or(i64::MAX);
                let began = self.clock.wall(self.clock.now().saturating_sub(ago));
                let head = Piece::Head { number: RecordNumber(number) };
                for piece in past.pieces(number, began, &hosts).into_iter().chain(iter::once(head)) {
                    files.push((form::path(&environment, &piece), form::write(&piece)));
                }
            }
            if files.is_empty() {
                continue;
            }
            let mut fleet = self.fleet();
            for host in &hosts {
                fleet.ledgers.entry(host.clone()).or_default().keep(files.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::sim::SimEngine;
    use crate::adapters::sim::clock::Clock;
    use crate::deploy::story::{Standing, Story};
    use crate::domain::ledger::union::union;
    use crate::ports::ledger::{Kept, LedgerFiles};

    #[tokio::test]
    async fn the_past_of_the_demo_reads_back_whole_with_every_step_done() {
        let scenario = Scenario::named("incident").unwrap();
        let simulation = Simulation::new(&scenario, Clock::held(scenario.starts));
        let host = HostId::new("web1");
        let engine = SimEngine::new(simulation, host.clone());
        let Kept::Files(files) = engine.ledger_files("production").await.unwrap() else {
            panic!("no ledger")
        };
        let ledger = union(&[(host, files)]);
        assert_eq!((ledger.findings.clone(), ledger.records.len()), (Vec::new(), 4));
        let stories = ledger.records.iter().filter_map(|record| Story::of(record, None, scenario.starts));
        for story in stories {
            let (done, all) = story.count();
            assert!(done == all && all > 0, "{story:?}");
            let is_open = |line: &crate::deploy::story::Line| {
                matches!(line.standing, Standing::Ahead | Standing::Runs(_))
            };
            assert!(!story.lines.iter().any(is_open), "{story:?}");
        }
    }
}
