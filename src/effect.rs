//! What we may ask of the outside, as data, so that tests compare it.

use std::path::PathBuf;

use crate::deploy::order::Order;
use crate::deploy::plan::Wish;
use crate::domain::act::Change;
use crate::domain::deployment::Asked;
use crate::domain::environment::Class;
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId, ServiceId};
use crate::domain::ledger::{Intent, Record};
use crate::domain::prompt::{PromptId, Secret};

/// One job, from its start to its end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct JobId(pub u64);

/// A request to the outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Carry out a confirmed change, one object after the other, and record it.
    Change(JobId, Change, Intent),
    /// Ask what would be done to make this of a service. Touches nothing.
    Plan {
        /// To answer by.
        job: JobId,
        /// Where.
        environment: EnvironmentId,
        /// Which service.
        service: ServiceId,
        /// Its Compose project, where it is of one.
        project: Option<String>,
        /// What is wanted.
        wish: Wish,
    },
    /// Ask what would be done to make what is live of a service in one environment live in another. Touches nothing.
    Promote {
        /// To answer by.
        job: JobId,
        /// Where it is live.
        from: EnvironmentId,
        /// Where it shall be.
        environment: EnvironmentId,
        /// Which service.
        service: ServiceId,
        /// Its Compose project here and there, where it is of one.
        projects: [Option<String>; 2],
    },
    /// Begin a deployment that was confirmed, or take one up, in a process of its own.
    Order(JobId, Box<Order>),
    /// Ask this of whoever is at work on the deployment of that record.
    Ask {
        /// To report by.
        job: JobId,
        /// Where.
        environment: EnvironmentId,
        /// Which.
        record: Box<Record>,
        /// For what.
        what: Asked,
    },
    /// Ask the engine of that host what it keeps. Slow, so only on demand.
    Inventory(HostId),
    /// Fetch what the engine knows of a container, for reading.
    Inspect(JobId, ContainerKey),
    /// Fetch its processes.
    Processes(JobId, ContainerKey),
    /// Put this on the clipboard (OSC 52).
    Copy(String),
    /// Write these lines to a new file of that name.
    Export(JobId, String, String),
    /// Give the terminal to a shell in the container of this name, and record it.
    Shell(ContainerKey, String, Intent),
    /// Give the terminal to a program of the operator's own: its name, program and arguments, directory.
    Run(String, Vec<String>, PathBuf),
    /// Remember in the operator's own file what an environment is.
    Classify {
        /// To report by.
        job: JobId,
        /// The file.
        file: PathBuf,
        /// Which.
        environment: EnvironmentId,
        /// What it is.
        class: Class,
        /// Addresses of its hosts where no file has them; else none.
        hosts: Vec<String>,
    },
    /// Give the terminal to the shell and stop until it lets us go on.
    Suspend,
    /// Answer a question; `None` declines it.
    Answer(PromptId, Option<Secret>),
    /// Try to reach that host now, asking whatever it takes.
    Connect(HostId),
    /// Leave these hosts for the simulated ones.
    Demo,
    /// Read the configuration again, and begin anew on what it says.
    Reload,
    /// Leave.
    Quit,
}
