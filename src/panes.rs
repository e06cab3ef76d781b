//! The panes: each keeps its own selection, says which streams it wants, and draws itself.

use crate::action::{Action, Context};
use crate::domain::act::{Change, ContainerAct};
use crate::domain::deployment::Release;
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId};
use crate::domain::ledger::RecordId;
use crate::effect::Effect;
use crate::overlays::rollout::Goal;
use crate::ui::look::Look;
use crate::world::{Now, World};

pub mod activity;
pub mod condition;
pub mod containers;
pub mod deployment;
pub mod engine;
pub mod environments;
pub mod events;
pub mod health;
pub mod logs;
pub mod releases;
pub mod traffic;

/// Which pane.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PaneKind {
    /// `1`
    Environments,
    /// `2`
    Containers,
    /// `3`
    Logs,
    /// `4`
    Health,
    /// `5`
    Releases,
    /// `6`
    Traffic,
    /// `7`
    Deployment,
    /// `a`
    Activity,
    /// `E`; has the whole screen, and no place beside others.
    Engine,
    /// `V`; has the whole screen, too.
    Events,
}

impl PaneKind {
    /// Those that have a place beside others, in the order Tab goes.
    pub const ALL: [Self; 8] = [
        Self::Environments,
        Self::Containers,
        Self::Logs,
        Self::Health,
        Self::Releases,
        Self::Traffic,
        Self::Deployment,
        Self::Activity,
    ];

    /// Its key and its name.
    pub fn title(self) -> (char, &'static str) {
        match self {
            Self::Environments => ('1', "Environments"),
            Self::Containers => ('2', "Containers"),
            Self::Logs => ('3', "Logs"),
            Self::Health => ('4', "Health"),
            Self::Releases => ('5', "Releases"),
            Self::Traffic => ('6', "Traffic"),
            Self::Deployment => ('7', "Deployment"),
            Self::Activity => ('a', "Activity"),
            Self::Engine => ('E', "Engine"),
            Self::Events => ('V', "Events"),
        }
    }

    /// Its name where all of them stand in one row.
    pub fn tab(self) -> &'static str {
        match self {
            Self::Environments => "env",
            Self::Containers => "containers",
            Self::Logs => "logs",
            Self::Health => "health",
            Self::Releases => "releases",
            Self::Traffic => "traffic",
            Self::Deployment => "deploy",
            Self::Activity => "activity",
            Self::Engine => "engine",
            Self::Events => "events",
        }
    }

    /// Where its keys are looked up, before the global ones.
    pub fn contexts(self) -> &'static [Context] {
        match self {
            Self::Environments | Self::Events => &[Context::List, Context::Global],
            Self::Containers => &[Context::Containers, Context::List, Context::Global],
            Self::Logs => &[Context::Logs, Context::Global],
            Self::Engine => &[Context::Engine, Context::List, Context::Global],
            Self::Deployment => &[Context::Deployment, Context::Global],
            Self::Health | Self::Releases | Self::Traffic | Self::Activity => &[Context::Global],
        }
    }
}

/// What all panes are about now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// The environment on the screen.
    pub environment: Option<EnvironmentId>,
    /// The selected container.
    pub container: Option<ContainerKey>,
}

/// What a pane may look at.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// All that is known.
    pub world: &'a World,
    /// What all panes are about.
    pub scope: &'a Scope,
    /// How things look.
    pub look: &'a Look,
    /// The time.
    pub now: Now,
    /// This pane has the keys.
    pub is_focused: bool,
}

impl<'a> Ctx<'a> {
    /// Of a pane without the keys. It borrows parts, so that the pane itself can be changed meanwhile.
    pub fn new(world: &'a World, scope: &'a Scope, look: &'a Look, now: Now) -> Self {
        Self { world, scope, look, now, is_focused: false }
    }
}

/// What a pane answers to an action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It means nothing here.
    Unknown,
    /// It cannot be done now, and why.
    Refused(&'static str),
    /// Done; the rest is for the application to do.
    Done(Vec<Request>),
}

/// What a pane wants done outside itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Ask the outside.
    Effect(Effect),
    /// Show this environment.
    SelectEnvironment(EnvironmentId),
    /// All panes are about this container now.
    SelectContainer(Option<ContainerKey>),
    /// Go there.
    Focus(PaneKind),
    /// Confirm, then do this to these.
    Act(ContainerAct, Vec<ContainerKey>),
    /// Confirm, then do this.
    Change(Change),
    /// Follow the logs of these.
    Tail(Vec<ContainerKey>),
    /// Ask for a line of text for this action; the present text is filled in.
    Prompt(Action, String),
    /// Show it at the foot.
    Say(String),
    /// Open a view of this container.
    Inspect(ContainerKey),
    /// Show its processes.
    Processes(ContainerKey),
    /// Open a shell in it.
    Shell(ContainerKey),
    /// Ask what the engine of this host keeps.
    Count(HostId),
    /// Open the dialog of a deployment of the selected service, for that release if one is named.
    Rollout(Goal, Option<Release>),
    /// Show the deployment of that record.
    Deployment(RecordId),
    /// Show a text of this title.
    Read(String, Vec<String>),
}
