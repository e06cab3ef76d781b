//! What is asked of a deployment that runs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ledger::{RecordId, Who};
use crate::domain::traffic::Split;

/// What somebody asks of whoever is at work on a deployment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Which.
    pub id: RecordId,
    /// One more than that of the last that whoever asks had seen: clocks differ.
    pub turn: u32,
    /// Who asks.
    pub by: Who,
    /// For what.
    pub what: Asked,
    /// Why, where that was said.
    pub why: Option<String>,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            Asked::Pause => "paused",
            Asked::GoOn => "told to go on",
            Asked::Back => "aborted",
            Asked::Promote => "promoted",
            Asked::Weigh(split) => return write!(f, "traffic {split} by {}", self.by),
        };
        write!(f, "{what} by {}", self.by)?;
        self.why.as_ref().map_or(Ok(()), |why| write!(f, ": {why}"))
    }
}

/// What can be asked of a deployment that runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Begin no further step.
    Pause,
    /// Do again.
    GoOn,
    /// Turn back.
    Back,
    /// Give the new release everything, without waiting any longer.
    Promote,
    /// Share traffic so, while it waits between two shares.
    Weigh(Split),
}
