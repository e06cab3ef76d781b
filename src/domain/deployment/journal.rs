//! What a journal says of the steps of a deployment.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Request;
use crate::domain::ledger::{RecordId, RecordNumber};

/// Where a deployment is going.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    /// To what was planned.
    Forward,
    /// To how it was before.
    Back,
}

/// What the journal says of a step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It is about to be done.
    Intent,
    /// It is done, as was read back.
    Done,
    /// It was tried, and this came back.
    Failed(String),
    /// It was tried, this came back, and nothing goes back by itself over a migration that cannot be undone.
    Stopped(String),
    /// What it printed last.
    Printed(Vec<String>),
    /// Whoever did it is not heard of any more, and another one goes on under this epoch. The step means nothing.
    TakenUp(RecordId),
    /// Somebody asks something of whoever is at work under this epoch. The step means nothing.
    Asked(Box<Request>),
}

/// One line of a journal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Note {
    /// Number of the deployment's record.
    pub number: RecordNumber,
    /// And its id.
    pub id: RecordId,
    /// Under which lock: whoever takes a deployment up has a higher one.
    pub epoch: u32,
    /// Where it was going.
    pub heading: Heading,
    /// Which step that way, from 0.
    pub step: u32,
    /// What of it.
    pub phase: Phase,
    /// When, by the clock of who acted.
    pub at: DateTime<Utc>,
}
