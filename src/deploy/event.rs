//! What is told of a deployment while it runs, to whoever began it and to whoever looks on. One process tells it to
//! another, a line each.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::progress::step;
use crate::domain::deployment::{Note, Phase, Plan, Step};
use crate::domain::ledger::RecordNumber;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Its plan stands in the ledger, under this number.
    Begun(RecordNumber),
    /// Nothing was begun, and nothing was touched.
    NotBegun {
        /// The exit status that says so.
        status: u8,
        /// Why, and what can be done about it.
        why: String,
    },
    /// There was nothing to take up.
    Nothing,
    /// It goes on.
    Said(Said),
    /// It is over. Nothing follows.
    Ended(Ending),
}

/// What is said while it runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// This is about to be done.
    Begins(Step),
    /// It is done.
    Done(Step),
    /// It waits; what for.
    Waits(Step, String),
    /// What a replica that is not ready printed last.
    LastLines(Step, Vec<String>),
    /// A host did not answer; it is asked again after so long.
    Again(Step, String, Duration),
    /// It goes back now; why.
    Turns(String),
    /// It waits until it is told to go on; by whom and why.
    Paused(String),
    /// It was told to go on.
    GoesOn,
    /// Somebody asked something of it; who, what and why.
    Asked(String),
    /// Whoever did it is not heard of any more, and another goes on.
    TakenUp,
    /// Something that does not stop it.
    Trouble(String),
}

/// How it ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// As was planned.
    Done,
    /// It was taken back; why.
    Undone(String),
    /// It stopped where it is, and can be gone on with.
    Halted {
        /// Why.
        why: String,
        /// Somebody else has the lock.
        is_locked: bool,
    },
}

/// What a line of a journal tells.
pub fn told(note: &Note, plan: &Plan) -> Option<Said> {
    let step = || step(plan, note.heading, note.step);
    Some(match &note.phase {
        Phase::Intent => Said::Begins(step()?),
        Phase::Done => Said::Done(step()?),
        Phase::Failed(why) => Said::Turns(why.clone()),
        Phase::Stopped(why) => Said::Trouble(why.clone()),
        Phase::Printed(lines) => Said::LastLines(step()?, lines.clone()),
        Phase::TakenUp(_) => Said::TakenUp,
        Phase::Asked(request) => Said::Asked(request.to_string()),
    })
}
