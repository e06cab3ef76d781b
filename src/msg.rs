//! What can happen: keys, time, facts from outside, news of jobs.

use std::sync::Arc;
use std::time::Instant;

use crate::config::keymap::Chord;
use crate::deploy::event::Event;
use crate::deploy::promote::Judged;
use crate::domain::container::{Container, Detail, State};
use crate::domain::deployment::Plan;
use crate::domain::event::EngineEvent;
use crate::domain::health::Reading;
use crate::domain::host::{EngineFacts, HostLoad};
use crate::domain::ids::{ContainerId, ContainerKey, EnvironmentId, HostId};
use crate::domain::inventory::Inventory;
use crate::domain::ledger::Record;
use crate::domain::ledger::union::Ledger;
use crate::domain::probe::Target;
use crate::domain::prompt::{PromptId, Question};
use crate::domain::traffic::{Flow, FrontId};
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
    /// What a balancer does, or why it does not tell.
    Traffic(FrontId, Result<Flow, String>),
    /// Lines of the log view of that generation; older generations are dropped.
    Log(Generation, LogFact),
    /// What the hosts of an environment have of its ledger.
    Ledger(EnvironmentId, Box<Ledger>),
    /// News of a job.
    Job(JobId, JobEvent),
    /// A host asks something that only a person can answer.
    Asked(PromptId, HostId, Question),
    /// Nobody waits for the answer any more.
    Unasked(PromptId),
}

/// News from a host.
#[derive(Debug)]
pub enum HostFact {
    /// It answers.
    Up,
    /// What its engine says of itself.
    Engine(EngineFacts),
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
    /// It is tried again then; now where the try begins.
    NextTry(Instant),
    /// Having broken off: when it last said something.
    Heard(Instant),
    /// It is not tried again before somebody answered or looked.
    Asks(String),
    /// Space, load, memory.
    Load(HostLoad),
    /// Somebody wrote into a ledger there.
    LedgerWritten,
    /// Whoever holds the lock of that name gave a sign, in ns since 1970 by the engine's clock.
    Signed(String, i64),
    /// For the list of events: all that its engine told, in order.
    Events(Vec<EngineEvent>),
    /// What its engine keeps, or why it did not say.
    Inventory(Result<Arc<Inventory>, String>),
}

/// News of a log view.
#[derive(Debug)]
pub enum LogFact {
    /// Newer lines, in order.
    Lines(Batch),
    /// The lines of the past are all told; true when they are all there are.
    Opened(bool),
    /// How far what is shown is behind the engine, in ms; 0 when it is level.
    Behind(u64),
    /// A log cannot be read, and why; the reason is final.
    Failed(ContainerKey, String),
    /// A log is broken off, and why; it is tried again. What is wrong with its host is said of the host.
    Cut(ContainerKey, String),
    /// A log that failed is read again.
    Back(ContainerKey),
    /// The answer to the question of that number.
    Page(u64, Page),
    /// How far the answer to the question of that number is.
    Progress(u64, Progress),
    /// The question of that number cannot be answered, and why.
    Unanswered(u64, String),
}

/// Lines out of the past of a log.
#[derive(Debug, Default)]
pub struct Page {
    /// In order of time.
    pub batch: Batch,
    /// Nothing is before them.
    pub has_start: bool,
    /// Nothing was behind them when they were read.
    pub has_end: bool,
    /// Position in `batch` of the line that was searched for.
    pub hit: Option<usize>,
    /// How many lines at the end of each log were looked at; 0 where they were read from the start.
    pub tail: u32,
    /// Looking at as many lines again will bring older ones: there was no room for all.
    pub has_more: bool,
    /// Lines that were looked at.
    pub looked_at: u64,
}

/// How far a reading of the past is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Lines looked at.
    pub lines: u64,
    /// Time of the last of them.
    pub at_ns: i64,
}

/// News of a job.
#[derive(Clone, PartialEq, Debug)]
pub enum JobEvent {
    /// One step is done, in words.
    Done(String),
    /// One step failed: what, what came back.
    Failed(String),
    /// What it did is in the ledger.
    Recorded(Box<Record>),
    /// What would be done, or every reason why nothing can be.
    Planned(Result<Box<Plan>, Vec<String>>),
    /// What would be done, where other environments have a say in it.
    Judged(Box<Judged>),
    /// News of a deployment that this console ordered.
    Deployment(Event),
    /// Everything that the engine said of a container.
    Inspected(serde_json::Value),
    /// The processes of a container: heads and rows of the engine's table.
    Processes(Vec<String>, Vec<Vec<String>>),
}
