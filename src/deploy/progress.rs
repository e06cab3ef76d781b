//! How far a deployment is, by its journal alone, and what is left of it in either direction.
//!
//! The way back is made of the way there: each step that was begun is taken back, the last one first. A step back bears
//! a number that follows from the step it takes back, so that it means the same whoever reads the journal, and when.

use std::collections::BTreeSet;

use crate::domain::deployment::{Act, Heading, Note, Phase, Plan, Replica, Step};
use crate::domain::ids::HostId;

/// Steps back that one step may need, at most.
const BACK_PER_STEP: u32 = 4;

/// A step with its place in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Numbered {
    /// Its number that way; `None` for a gate that is asked again and stands in no journal.
    pub number: Option<u32>,
    /// It.
    pub step: Step,
}

/// How far a deployment is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Of the last who worked on it; 0 where nobody did.
    pub epoch: u32,
    /// Where it is going: once it turned back it never turns again.
    pub heading: Heading,
    /// What made it turn back, or where it stopped.
    pub failure: Option<String>,
    begun: BTreeSet<u32>,
    done: BTreeSet<(Heading, u32)>,
}

impl Progress {
    /// Nothing was begun.
    pub fn new() -> Self {
        Self {
            epoch: 0,
            heading: Heading::Forward,
            failure: None,
            begun: BTreeSet::new(),
            done: BTreeSet::new(),
        }
    }

    /// As these lines tell it, in whatever order they are.
    pub fn of(notes: &[Note]) -> Self {
        let mut progress = Self::new();
        let mut ordered: Vec<&Note> = notes.iter().collect();
        ordered.sort_by_key(|note| (note.epoch, note.heading, note.step, note.at));
        for note in ordered {
            progress.note(note);
        }
        progress
    }

    /// With one more line.
    pub fn note(&mut self, note: &Note) {
        self.epoch = self.epoch.max(note.epoch);
        match &note.phase {
            Phase::TakenUp(_) | Phase::Asked(_) | Phase::Printed(_) => return,
            // It goes on where it was going, once somebody says so.
            Phase::Stopped(why) => return self.failure = Some(why.clone()),
            _ => {}
        }
        self.heading = self.heading.max(note.heading);
        match &note.phase {
            Phase::Failed(why) => {
                self.failure = Some(why.clone());
                // It turned back, although no step that way may be written down yet.
                self.heading = Heading::Back;
            }
            phase => {
                if note.heading == Heading::Forward {
                    self.begun.insert(note.step);
                }
                if *phase == Phase::Done {
                    self.done.insert((note.heading, note.step));
                }
            }
        }
    }

    /// Whoever did it so far may have told the engine to stop this one, and the engine may not have done so yet.
    pub fn may_be_stopping(&self, plan: &Plan, host: &HostId, replica: &Replica) -> bool {
        plan.steps.iter().zip(0..).any(|(step, n)| {
            let is_it = matches!(&step.act, Act::Retire(r) if r == replica) && step.host == *host;
            is_it && self.begun.contains(&n) && !self.done.contains(&(Heading::Forward, n))
        })
    }

    /// It can still be taken back: nothing was removed yet.
    pub fn may_turn(&self, plan: &Plan) -> bool {
        let is_removal = |step: &u32| {
            let act = plan.steps.get(*step as usize).map(|step| &step.act);
            // What the deployment itself made is no loss.
            matches!(act, Some(Act::Discard(replica)) if replica.id.is_some())
        };
        !self.begun.iter().any(is_removal)
    }

    /// A migration that cannot be undone was begun: whoever goes back has to know that.
    pub fn is_past_migration(&self, plan: &Plan) -> bool {
        let step = |step: &u32| plan.steps.get(*step as usize);
        self.begun.iter().filter_map(step).any(|step| step.act.is_irreversible())
    }

    /// Steps of the plan that are done.
    pub fn steps_done(&self) -> usize {
        self.done.iter().filter(|(heading, _)| *heading == Heading::Forward).count()
    }

    /// All steps that way, done or not.
    pub fn way(&self, plan: &Plan, heading: Heading) -> Vec<Numbered> {
        match heading {
            Heading::Forward => forward(plan),
            Heading::Back => self.back(plan),
        }
    }

    /// What is left to do where it is going. What serves because of what was done is asked again first whether it is ready:
    /// that it was once is no reason to stop another.
    pub fn ahead(&self, plan: &Plan) -> Vec<Numbered> {
        let way = self.way(plan, self.heading);
        let is_done = |one: &Numbered| one.number.is_some_and(|n| self.done.contains(&(self.heading, n)));
        let (done, left): (Vec<_>, Vec<_>) = way.into_iter().partition(is_done);
        let again = gates_of(&done).into_iter().map(|step| Numbered { number: None, step });
        if left.is_empty() { left } else { again.chain(left).collect() }
    }

    /// Takes back whatever was begun.
    fn back(&self, plan: &Plan) -> Vec<Numbered> {
        let mut way = Vec::new();
        for (index, step) in plan.steps.iter().enumerate().rev() {
            let index = index as u32;
            if !self.begun.contains(&index) {
                continue;
            }
            for (n, act) in undo(&step.act).into_iter().enumerate() {
                let number = Some(index * BACK_PER_STEP + n as u32);
                way.push(Numbered { number, step: Step { host: step.host.clone(), act } });
            }
        }
        let first = plan.steps.len() as u32 * BACK_PER_STEP;
        let after = plan.after_back.iter().enumerate();
        let after = after.map(|(n, step)| Numbered { number: Some(first + n as u32), step: step.clone() });
        if way.is_empty() { way } else { way.into_iter().chain(after).collect() }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

/// The step of that number that way.
pub fn step(plan: &Plan, heading: Heading, number: u32) -> Option<Step> {
    match heading {
        Heading::Forward => plan.steps.get(number as usize).cloned(),
        Heading::Back => {
            let step = plan.steps.get((number / BACK_PER_STEP) as usize)?;
            let act = undo(&step.act).into_iter().nth((number % BACK_PER_STEP) as usize)?;
            Some(Step { host: step.host.clone(), act })
        }
    }
}

fn forward(plan: &Plan) -> Vec<Numbered> {
    let numbered =
        |(index, step): (usize, &Step)| Numbered { number: Some(index as u32), step: step.clone() };
    plan.steps.iter().enumerate().map(numbered).collect()
}

/// The steps that take a step back, in their order.
fn undo(act: &Act) -> Vec<Act> {
    match act {
        Act::Create { replica, .. } => vec![Act::Discard(replica.clone())],
        // What it did is done; at most it still runs.
        Act::Run(replica, _) => vec![Act::Retire(replica.clone())],
        Act::Start(replica) => vec![Act::Retire(replica.clone())],
        // It is kept as it was: whoever starts it the next time finds its names.
        Act::Revive(replica) if !replica.found_as.is_empty() => {
            vec![Act::Retire(replica.clone()), Act::Join(replica.clone())]
        }
        Act::Revive(replica) => vec![Act::Retire(replica.clone())],
        Act::Retire(replica) => serving(Act::Revive(replica.clone()), replica),
        Act::House { proxy, .. } => vec![Act::Discard(proxy.clone())],
        Act::Attach(replica, slot) => vec![Act::Detach(replica.clone(), *slot)],
        Act::Detach(replica, slot) => vec![Act::Attach(replica.clone(), *slot)],
        // Whichever of several it was: all lead to how it was before the first.
        Act::Split { before, .. } => vec![Act::Split { before: *before, to: *before }],
        // Nothing was changed, or nothing can be brought back.
        Act::Pull { .. } | Act::Gate(_) | Act::Join(_) | Act::Discard(_) | Act::Passes(_) | Act::Hold(_) => {
            Vec::new()
        }
    }
}

/// All it takes to serve, from its start on: others find it once it is ready, and then it has to be ready still.
pub(super) fn serving(start: Act, replica: &Replica) -> Vec<Act> {
    let mut acts = vec![start, Act::Gate(replica.clone())];
    if !replica.found_as.is_empty() {
        acts.extend([Act::Join(replica.clone()), Act::Gate(replica.clone())]);
    }
    acts
}

/// A gate for each replica that passed one and was not stopped since.
fn gates_of(done: &[Numbered]) -> Vec<Step> {
    let mut gates: Vec<Step> = Vec::new();
    for Numbered { step, .. } in done {
        let same = |host: &HostId, act: &Act| *host == step.host && act.replica() == step.act.replica();
        match step.act {
            Act::Gate(_) if !gates.contains(step) => gates.push(step.clone()),
            Act::Retire(_) | Act::Discard(_) => gates.retain(|gate| !same(&gate.host, &gate.act)),
            _ => {}
        }
    }
    gates
}

#[cfg(test)]
mod tests;
