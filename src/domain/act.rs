//! What can be done to a container, in the engine's own words, and a change as it is asked, confirmed and carried out.

use super::ids::{ContainerKey, HostId};
use super::inventory::prune::{self, Freed};
use super::inventory::{Item, Kind};

/// One act on one container.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ContainerAct {
    /// Start it.
    Start,
    /// Ask it to end, then end it after the engine's time (10 s by default).
    Stop,
    /// Stop and start.
    Restart,
    /// Freeze all its processes.
    Pause,
    /// Let it go on.
    Unpause,
    /// SIGKILL at once.
    Kill,
    /// Remove it; a running one is killed first.
    Remove,
}

impl ContainerAct {
    /// The verb of the command line and of dialogs.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Kill => "kill",
            Self::Remove => "remove",
        }
    }

    /// What is said when it is done.
    pub fn done(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Restart => "restarted",
            Self::Pause => "paused",
            Self::Unpause => "resumed",
            Self::Kill => "killed",
            Self::Remove => "removed",
        }
    }
}

/// Something that changes what an engine has. One value is asked, shown, confirmed and carried out, so that nothing
/// else happens than what was shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Do this to these containers; the names are for people.
    Containers(ContainerAct, Vec<(ContainerKey, String)>),
    /// Remove these things from this host for good.
    Discard(HostId, Vec<Item>),
}

/// One line of what will be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The act with its object and host.
    pub text: String,
    /// Bytes on the disk that it frees, where that is what it is for and they are known.
    pub bytes: Option<u64>,
}

impl Change {
    /// What is done, for the head of a dialog: `stop`, `remove 3 images`.
    pub fn title(&self) -> String {
        match self {
            Self::Containers(act, _) => act.verb().to_owned(),
            Self::Discard(_, items) => match items.as_slice() {
                [one] => format!("remove {}", one.kind.noun()),
                [first, ..] => format!("remove {} {}", items.len(), first.kind.plural()),
                [] => "remove nothing".to_owned(),
            },
        }
    }

    /// Each step with its object, one a line and none left out.
    pub fn steps(&self) -> Vec<Step> {
        match self {
            Self::Containers(act, targets) => {
                let text =
                    |(key, name): &(ContainerKey, String)| format!("{} {name} on {}", act.verb(), key.host);
                targets.iter().map(|target| Step { text: text(target), bytes: None }).collect()
            }
            Self::Discard(host, items) => {
                let text = |i: &Item| match i.kind {
                    // Its name is that of a build step, and several have the same.
                    Kind::Cache => format!("remove {} {} on {host}", i.short_id(), i.name()),
                    kind => format!("remove {} {} on {host}", kind.noun(), i.name()),
                };
                items.iter().map(|item| Step { text: text(item), bytes: item.bytes }).collect()
            }
        }
    }

    /// What it gives back on the disk, if that is what it is for.
    pub fn frees(&self) -> Option<Freed> {
        match self {
            Self::Containers(..) => None,
            Self::Discard(_, items) => {
                items.iter().any(|i| i.kind != Kind::Network).then(|| prune::freed(items))
            }
        }
    }

    /// What an operator may not expect.
    pub fn warning(&self) -> Option<&'static str> {
        match self {
            Self::Containers(ContainerAct::Remove, _) => {
                Some("a running container is killed first; its volumes stay")
            }
            Self::Discard(_, items) if items.iter().any(|i| i.kind == Kind::Volume) => {
                Some("the data in a volume is gone for good")
            }
            Self::Containers(..) | Self::Discard(..) => None,
        }
    }
}
