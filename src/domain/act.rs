//! What can be done to a container, in the engine's own words.

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
