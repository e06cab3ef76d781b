//! What can happen: keys, time, facts from outside, news of jobs.

use std::sync::Arc;

use crate::config::keymap::Chord;
use crate::domain::container::{Container, Detail, State};
use crate::domain::event::EngineEvent;
use crate::domain::health::Reading;
use crate::domain::host::{EngineFacts, HostLoad};
use crate::domain::ids::{ContainerId, ContainerKey, HostId};
use crate::domain::inventory::Inventory;
use crate::domain::probe::Target;
use crate::domain::usage::Sample;
use crate::effect::JobId;
use crate::logs::line::Batch;
use crate::sub::Generation;

/// What the mouse did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mouse {
    /// The left button went down.
    Click,
    /// One notch away from the user.
    WheelUp,
    /// One notch towards the user.
    WheelDown,
}

/// Everything that can happen to the console.
#[derive(Debug)]
pub enum Msg {
    /// A key.
    Key(Chord),
    /// Pasted text, untouched.
    Paste(String),
    /// The mouse, over this column and row.
    Mouse(Mouse, u16, u16),
    /// The terminal's new width and height.
    Resize(u16, u16),
    /// Time passed.
    Tick,
    /// News from a host.
    Host(HostId, HostFact),
    /// Readings of counters, one sweep at a time.
    Usage(Vec<Sample>),
    /// What a probe brought back.
    Probed(Target, Reading),
    /// Lines of the log view of that generation; older generations are dropped.
    Log(Generation, LogFact),
    /// News of a job.
    Job(JobId, JobEvent),
}

/// News from a host.
#[derive(Debug)]
pub enum HostFact {
    /// It answers.
    Up(EngineFacts),
    /// All its containers.
    Listed(Vec<Container>),
    /// Details of one.
    Detailed(ContainerId, Arc<Detail>),
    /// A state told by an event.
    Changed(ContainerId, State),
    /// What its engine told happened, now or in the past, in order.
    Happened(Vec<EngineEvent>),
    /// A container is gone.
    Removed(ContainerId),
    /// It does not answer.
    Lost(String),
    /// Space, load, memory.
    Load(HostLoad),
    /// What its engine keeps, or why it did not say.
    Inventory(Result<Arc<Inventory>, String>),
}

/// News of a log view.
#[derive(Debug)]
pub enum LogFact {
    /// Newer lines, in order.
    Lines(Batch),
    /// Older lines than all shown; empty when the start is reached.
    Older(Batch),
    /// The first lines of the log.
    First(Batch),
    /// It cannot be read, and why.
    Failed(ContainerKey, String),
}

/// News of a job.
#[derive(Clone, PartialEq, Debug)]
pub enum JobEvent {
    /// One step is done, in words.
    Done(String),
    /// One step failed: what, what came back.
    Failed(String),
    /// A text to show in a view of its own: title and lines.
    Text(String, Vec<String>),
}
