//! What a look at the way to an engine finds, step by step. Plain values.

use std::time::Duration;

/// One stretch of the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// This program's own files.
    Configuration,
    /// The terminal it runs on.
    Terminal,
    /// Where the engine was looked for.
    Found,
    /// What OpenSSH's configuration says of the host.
    Settings,
    /// Its name becomes an address.
    Name,
    /// Somebody takes the connection.
    Connection,
    /// Both agree on SSH.
    KeyExchange,
    /// The host is the one it was.
    HostKey,
    /// It lets us in.
    Authentication,
    /// It runs what it is told.
    Commands,
    /// The engine's socket may be used.
    Socket,
    /// Behind a port: it shows who it is, and we do.
    Tls,
    /// Nobody else may read the key that we show ourselves with.
    ClientKey,
    /// The engine answers.
    Engine,
    /// Its time is ours.
    Clock,
    /// There is room.
    Disk,
    /// Logs of containers end somewhere.
    LogLimits,
    /// Where the history of deployments is kept.
    Ledger,
}

/// The way to an engine over SSH, in order.
pub const OVER_SSH: [Stage; 13] = [
    Stage::Settings,
    Stage::Name,
    Stage::Connection,
    Stage::KeyExchange,
    Stage::HostKey,
    Stage::Authentication,
    Stage::Commands,
    Stage::Socket,
    Stage::Engine,
    Stage::Clock,
    Stage::Disk,
    Stage::LogLimits,
    Stage::Ledger,
];

impl Stage {
    /// As it is printed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Terminal => "terminal",
            Self::Found => "found",
            Self::Settings => "settings",
            Self::Name => "name",
            Self::Connection => "connection",
            Self::KeyExchange => "key exchange",
            Self::HostKey => "host key",
            Self::Authentication => "authentication",
            Self::Commands => "commands",
            Self::Socket => "socket",
            Self::Tls => "tls",
            Self::ClientKey => "client key",
            Self::Engine => "engine",
            Self::Clock => "clock",
            Self::Disk => "disk",
            Self::LogLimits => "log limits",
            Self::Ledger => "ledger",
        }
    }
}

/// How a step is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It goes on, but somebody should look.
    Warn,
    /// It goes no further.
    Bad,
    /// Nobody knows.
    Unknown,
}

impl Verdict {
    /// As it is printed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }
}

/// One step, as it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Which.
    pub stage: Stage,
    /// The host on the way whose step it is; `None` for the one that was meant.
    pub via: Option<String>,
    /// How it is.
    pub verdict: Verdict,
    /// What was found, in words; others' words may be in it.
    pub found: String,
    /// The command that mends it.
    pub mend: Option<String>,
    /// How long it took.
    pub took: Option<Duration>,
}

/// Whether the way ends there: its last step is bad.
pub fn is_ended(steps: &[Step]) -> bool {
    steps.last().is_some_and(|last| last.verdict == Verdict::Bad)
}

impl Step {
    /// A step of the host that was meant.
    pub fn new(stage: Stage, verdict: Verdict, found: impl Into<String>) -> Self {
        Self { stage, via: None, verdict, found: found.into(), mend: None, took: None }
    }

    /// One that is as it should be.
    pub fn ok(stage: Stage, found: impl Into<String>) -> Self {
        Self::new(stage, Verdict::Ok, found)
    }

    /// One that goes on but should be looked at.
    pub fn warn(stage: Stage, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(stage, Verdict::Warn, found).mended_by(mend)
    }

    /// One that ends the way.
    pub fn bad(stage: Stage, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(stage, Verdict::Bad, found).mended_by(mend)
    }

    /// One of which nobody knows.
    pub fn unknown(stage: Stage, found: impl Into<String>) -> Self {
        Self::new(stage, Verdict::Unknown, found)
    }

    /// With the command that mends it.
    #[must_use]
    pub fn mended_by(self, mend: impl Into<String>) -> Self {
        Self { mend: Some(mend.into()), ..self }
    }

    /// With the time it took.
    #[must_use]
    pub fn within(self, took: Duration) -> Self {
        Self { took: Some(took), ..self }
    }
}
