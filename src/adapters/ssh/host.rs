//! A host over SSH: one connection, made when it is needed, and the way in to its engine.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::ask::{Said, ask, ask_soon};
use super::command::{last_line, quoted};
use super::connect::{Connected, Connector};
use super::destination::Destination;
use super::extra::Extra;
use super::keep::{Keeper, NotConnected};
use super::link::{Door, Stream};
use super::settings::Settings;
use super::survey::{SYSTEM_SOCKET, Survey, UsualWay};
use crate::domain::checkup::Step;
use crate::ports::pace::Pace;

/// How the engine is entered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WayIn {
    /// Its socket, by a channel of its own kind.
    Socket(String),
    /// `docker system dial-stdio`, where the host's sshd forbids sockets.
    DialStdio,
}

/// Why the engine of a host is not reached.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The host is not reached.
    #[error(transparent)]
    Connect(#[from] NotConnected),
    /// The host is reached, its engine is not.
    #[error("{host}: {cause}; try: {mend}")]
    Engine {
        /// The host.
        host: String,
        /// What came back.
        cause: String,
        /// The command that mends it.
        mend: String,
    },
    /// The connection broke.
    #[error("{host}: {cause}")]
    Broken {
        /// The host.
        host: String,
        /// What came back.
        cause: io::Error,
    },
}

impl HostError {
    /// Trying again by itself cannot help: somebody has to answer or look first.
    pub fn needs_person(&self) -> bool {
        matches!(self, Self::Connect(error) if error.needs_person())
    }

    /// The command that mends it.
    pub fn mend(&self) -> Option<&str> {
        match self {
            Self::Connect(error) => error.mend(),
            Self::Engine { mend, .. } => Some(mend),
            Self::Broken { .. } => None,
        }
    }
}

/// A host; nothing is asked of it until somebody needs it.
pub struct SshHost {
    to: Destination,
    /// A socket that was named; else what the host's own `docker` would use.
    socket: Option<String>,
    keeper: Keeper,
    /// More connections, where the engine costs a command for each stream.
    extra: Extra,
    /// Where its own `docker` goes.
    usual: UsualWay,
    /// The way in that worked last, on any connection: the host stays the same.
    way: Mutex<Option<WayIn>>,
    /// Files go by commands.
    has_no_sftp: AtomicBool,
}

impl SshHost {
    /// A host as an operator names it, with its engine's socket if that is named.
    pub fn new(to: Destination, socket: Option<String>, connector: Connector) -> Self {
        let keeper = Keeper::new(to.clone(), connector);
        let (extra, usual, way) = (Extra::default(), UsualWay::default(), Mutex::default());
        Self { to, socket, keeper, extra, usual, way, has_no_sftp: false.into() }
    }

    /// The connection, made if there is none and it is time for a try.
    ///
    /// # Errors
    /// What stood in the way, now or at the last try.
    pub async fn connected(&self) -> Result<Arc<Connected>, NotConnected> {
        self.keeper.connected().await
    }

    /// When something last came from the host over the connection; `None` while there is none.
    pub(super) fn heard(&self) -> Option<Instant> {
        self.keeper.heard()
    }

    /// What each step of the last try found.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.keeper.steps()
    }

    /// What `ssh -F` would take.
    pub(super) fn config(&self) -> Option<&Path> {
        self.keeper.config()
    }

    /// As it was named.
    pub(super) fn name(&self) -> &Destination {
        &self.to
    }

    pub(super) fn has_no_sftp(&self) -> bool {
        self.has_no_sftp.load(Ordering::Relaxed)
    }

    pub(super) fn remember_no_sftp(&self) {
        self.has_no_sftp.store(true, Ordering::Relaxed);
    }

    /// `ssh://…` as it was named.
    pub fn address(&self) -> String {
        format!("ssh://{}{}", self.to, self.socket.as_deref().unwrap_or_default())
    }

    /// A connection to the engine.
    ///
    /// # Errors
    /// [`HostError`] with what is wrong on the host and the command that mends it.
    pub async fn dial(&self) -> Result<Stream, HostError> {
        let connected = self.connected().await?;
        let way = match (self.known_way(), &self.socket) {
            (Some(way), _) => way,
            (None, Some(socket)) => WayIn::Socket(socket.clone()),
            (None, None) => {
                self.usual.of(&connected).await.map_err(|cause| self.unknown(&connected, &cause))?
            }
        };
        match self.enter(&connected, &way).await {
            Ok(stream) => {
                self.remember(way);
                Ok(stream)
            }
            Err(cause) if connected.link.is_gone() => Err(self.broken(cause)),
            // Every refusal looks alike: one survey finds out why.
            Err(refusal) => self.find_way(&connected, &way, &refusal).await,
        }
    }

    /// The way in that worked last.
    pub fn way_in(&self) -> Option<WayIn> {
        self.known_way()
    }

    fn known_way(&self) -> Option<WayIn> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether each stream to the engine costs a command on the host, of which its sshd allows few.
    pub fn is_entered_by_commands(&self) -> bool {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) == Some(WayIn::DialStdio)
    }

    fn remember(&self, way: WayIn) {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = Some(way);
    }

    async fn enter(&self, connected: &Connected, way: &WayIn) -> io::Result<Stream> {
        match way {
            WayIn::Socket(path) => Ok(connected.link.open(Door::Socket(path.clone())).await?.stream),
            WayIn::DialStdio => self.extra.dial_stdio(connected, &self.dial_line(), &self.keeper).await,
        }
    }

    /// Joins a channel to the engine where the host forbids sockets.
    fn dial_line(&self) -> String {
        let socket = self.socket.as_ref().map(|path| format!(" -H {}", quoted(&format!("unix://{path}"))));
        format!("docker{} system dial-stdio", socket.unwrap_or_default())
    }

    /// Another way than the one that was refused: to the same engine, or to any where none was named.
    async fn find_way(
        &self,
        connected: &Connected,
        refused: &WayIn,
        refusal: &io::Error,
    ) -> Result<Stream, HostError> {
        let named = match refused {
            WayIn::Socket(path) if self.socket.is_some() || path != SYSTEM_SOCKET => Some(path),
            WayIn::Socket(_) | WayIn::DialStdio => None,
        };
        let survey = Survey::of(&connected.link, named.map(String::as_str)).await;
        let survey = survey.map_err(|e| {
            self.broken(io::Error::new(e.kind(), format!("no way to its engine ({refusal}); asked why: {e}")))
        })?;
        let wanted = match (named, refused) {
            (Some(socket), _) => vec![socket.clone()],
            (None, WayIn::Socket(_)) => survey.sockets.clone(),
            // Its `docker` goes elsewhere: none of its sockets is what was meant.
            (None, WayIn::DialStdio) => Vec::new(),
        };
        for socket in wanted {
            let way = WayIn::Socket(socket);
            if let Ok(stream) = self.enter(connected, &way).await {
                self.remember(way);
                return Ok(stream);
            }
        }
        if let Some(error) = self.engine_error(&survey, named, &connected.settings) {
            return Err(error);
        }
        // There is a socket that may be used, and still the channel is refused: the host's sshd forbids it, or nobody
        // listens. What docker itself says tells which.
        let error = |cause: String, mend: &str| HostError::Engine {
            host: self.to.to_string(),
            cause,
            mend: mend.to_owned(),
        };
        let forbidden = || {
            let cause = format!("its sshd forwards no sockets ({refusal})");
            error(cause, "AllowStreamLocalForwarding yes in its sshd_config")
        };
        if !survey.has_docker {
            return Err(forbidden());
        }
        let line = format!("{} </dev/null", self.dial_line());
        let said = ask_soon(&connected.link, &line).await.map_err(|e| self.broken(e))?;
        if said.status != Some(0) {
            let last = last_line(&said.errors);
            let mend = if last.contains("permission denied") {
                format!("sudo usermod -aG docker {}, then connect again", connected.settings.user)
            } else {
                "sudo systemctl start docker".to_owned()
            };
            return Err(error(last, &there(&mend)));
        }
        let stream = self.enter(connected, &WayIn::DialStdio).await.map_err(|_| forbidden())?;
        self.remember(WayIn::DialStdio);
        Ok(stream)
    }

    /// What the survey says is wrong; `None` where there is a socket that may be used.
    fn engine_error(
        &self,
        survey: &Survey,
        named: Option<&String>,
        settings: &Settings,
    ) -> Option<HostError> {
        let error = |cause: String, mend: String| {
            Some(HostError::Engine { host: self.to.to_string(), cause, mend: there(&mend) })
        };
        let is_there = |path: &String| survey.sockets.contains(path);
        match named {
            Some(path) if survey.denied.contains(path) => {
                let mend = format!("ls -l {path}");
                error(format!("{} may not use {path}", settings.user), mend)
            }
            Some(path) if !is_there(path) => {
                error(format!("no engine answers at {path}"), format!("ls -l {path}"))
            }
            Some(_) => None,
            None if !survey.sockets.is_empty() => None,
            None => match survey.denied.first() {
                Some(path) => error(
                    format!("permission denied: {} may not use {path}", settings.user),
                    format!("sudo usermod -aG docker {}, then connect again", settings.user),
                ),
                None if survey.has_docker => error(
                    "docker is installed, but its engine does not run".to_owned(),
                    "sudo systemctl start docker".to_owned(),
                ),
                None => error("there is no Docker".to_owned(), "sudo apt-get install docker.io".to_owned()),
            },
        }
    }

    /// Runs a line in a POSIX shell, hands it `input`, and waits for its end. It ends with this future (see `command`).
    ///
    /// # Errors
    /// That the host is not reached, or that the connection broke.
    pub async fn run(&self, command: &str, input: &[u8]) -> Result<Said, HostError> {
        let connected = self.connected().await?;
        ask(&connected.link, command, input).await.map_err(|e| self.broken(e))
    }

    /// Another engine than the one that docker uses there is never taken for it.
    fn unknown(&self, connected: &Connected, cause: &io::Error) -> HostError {
        if connected.link.is_gone() {
            return self.broken(io::Error::other(connected.link.why_ended().to_owned()));
        }
        let cause = format!("asked which engine docker uses there: {cause}");
        let mend = format!("name its socket, as in ssh://{}{SYSTEM_SOCKET}", self.to);
        HostError::Engine { host: self.to.to_string(), cause, mend }
    }

    fn broken(&self, cause: io::Error) -> HostError {
        HostError::Broken { host: self.to.to_string(), cause }
    }
}

impl Pace for SshHost {
    fn next_try(&self) -> Option<Instant> {
        self.keeper.next_try()
    }
}

/// A command that mends it there, not here.
fn there(mend: &str) -> String {
    format!("on the host: {mend}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::ssh::settings::Local;

    #[test]
    fn what_a_survey_finds_wrong_comes_with_the_command_that_mends_it() {
        let said = |survey: &str, socket: Option<&str>| {
            let local = Local { home: "/home/op".into(), user: "op".into(), agent: None, ..Local::default() };
            let to = Destination::parse("web1").unwrap();
            let settings = Settings::read(&to, "user op\nhostname web1\nport 22\n", &local).unwrap();
            let connector = Connector {
                local,
                config: None,
                identity: None,
                patience: crate::adapters::ssh::driver::Patience::default(),
                prompter: Arc::new(crate::ports::prompt::Nobody),
            };
            let host = SshHost::new(to, socket.map(str::to_owned), connector);
            host.engine_error(&Survey::read(survey), host.socket.as_ref(), &settings)
                .map(|error| error.to_string())
        };
        let has =
            |text: Option<String>, words: &str| assert!(text.as_ref().unwrap().contains(words), "{text:?}");
        has(said("uid 1", None), "there is no Docker; try: on the host: sudo apt-get install docker.io");
        has(said("docker", None), "its engine does not run; try: on the host: sudo systemctl start docker");
        has(
            said("docker\ndenied /var/run/docker.sock", None),
            "try: on the host: sudo usermod -aG docker op",
        );
        has(
            said("denied /x.sock", Some("/x.sock")),
            "op may not use /x.sock; try: on the host: ls -l /x.sock",
        );
        has(said("socket /var/run/docker.sock", Some("/x.sock")), "no engine answers at /x.sock");
        assert_eq!(said("docker\nsocket /var/run/docker.sock", None), None);
    }
}
