//! A host over SSH: one connection, made when it is needed, and the way in to its engine.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Mutex;

use super::connect::{ConnectError, Connected, Connector};
use super::destination::Destination;
use super::link::{Door, Link, Stream};
use super::settings::Settings;

/// Where an engine's socket is where nobody says otherwise.
const SYSTEM_SOCKET: &str = "/var/run/docker.sock";
/// Joins a channel to the engine where the host forbids sockets.
const DIAL: &str = "docker system dial-stdio";
/// Longest text kept of a command that is asked something.
const ANSWER_BYTES: u64 = 64 << 10;

/// Says who one is, what the environment says of the engine, and which sockets are there. POSIX, writes nothing.
const SURVEY: &str = r#"exec 2>/dev/null </dev/null
echo "uid $(id -u)"; echo "user $(id -un)"
[ -z "$DOCKER_HOST" ] || echo "socket ${DOCKER_HOST#unix://}"
if command -v docker >/dev/null; then echo docker
  h=$(docker context inspect --format '{{.Endpoints.docker.Host}}') && case $h in unix://*) echo "socket ${h#unix://}";; esac
fi
for s in /var/run/docker.sock "$XDG_RUNTIME_DIR/docker.sock" "/run/user/$(id -u)/docker.sock" "$HOME/.docker/run/docker.sock" \
  "$XDG_RUNTIME_DIR/podman/podman.sock" "/run/user/$(id -u)/podman/podman.sock" /run/podman/podman.sock; do
  if [ -S "$s" ]; then if [ -w "$s" ]; then echo "socket $s"; else echo "denied $s"; fi; fi
done
"#;

/// How the engine is entered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WayIn {
    /// Its socket, by a channel of its own kind.
    Socket(String),
    /// `docker system dial-stdio`, where the host's sshd forbids sockets.
    DialStdio,
}

/// What a command on the host said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// Exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// Its output, at most 64 KiB.
    pub output: Vec<u8>,
    /// Its errors, at most 64 KiB.
    pub errors: Vec<u8>,
}

/// Why the engine of a host is not reached.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The host is not reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
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
}

#[derive(Default)]
struct State {
    connected: Option<Arc<Connected>>,
    way: Option<WayIn>,
}

/// A host; nothing is asked of it until somebody needs it.
pub struct SshHost {
    to: Destination,
    /// A socket that was named; else what the host's own `docker` would use.
    socket: Option<String>,
    connector: Connector,
    // Held while a connection is made, so that everybody who needs one waits for the same.
    state: Mutex<State>,
}

impl SshHost {
    /// A host as an operator names it, with its engine's socket if that is named.
    pub fn new(to: Destination, socket: Option<String>, connector: Connector) -> Self {
        Self { to, socket, connector, state: Mutex::default() }
    }

    /// The connection, made if there is none.
    ///
    /// # Errors
    /// What stood in the way.
    pub async fn connected(&self) -> Result<Arc<Connected>, ConnectError> {
        let mut state = self.state.lock().await;
        if let Some(connected) = state.connected.as_ref().filter(|c| !c.link.is_gone()) {
            return Ok(Arc::clone(connected));
        }
        *state = State::default();
        let connected = Arc::new(self.connector.connect(&self.to).await?);
        state.connected = Some(Arc::clone(&connected));
        Ok(connected)
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
        let known = self.state.lock().await.way.clone();
        let way = known.unwrap_or_else(|| {
            WayIn::Socket(self.socket.clone().unwrap_or_else(|| SYSTEM_SOCKET.to_owned()))
        });
        match self.enter(&connected.link, &way).await {
            Ok(stream) => {
                self.state.lock().await.way = Some(way);
                Ok(stream)
            }
            Err(cause) if connected.link.is_gone() => Err(self.broken(cause)),
            // Every refusal looks alike: one survey finds out why.
            Err(refusal) => self.find_way(&connected, &refusal).await,
        }
    }

    /// The way in that worked last.
    pub async fn way_in(&self) -> Option<WayIn> {
        self.state.lock().await.way.clone()
    }

    async fn enter(&self, link: &Link, way: &WayIn) -> io::Result<Stream> {
        let door = match way {
            WayIn::Socket(path) => Door::Socket(path.clone()),
            WayIn::DialStdio => Door::Exec(DIAL.to_owned(), None),
        };
        Ok(link.open(door).await?.stream)
    }

    async fn find_way(&self, connected: &Connected, refusal: &io::Error) -> Result<Stream, HostError> {
        let said = self.ask(&connected.link, SURVEY, b"").await.map_err(|e| self.broken(e))?;
        let survey = Survey::read(&String::from_utf8_lossy(&said.output));
        let wanted: Vec<_> = match &self.socket {
            Some(socket) => vec![socket.clone()],
            None => survey.sockets.clone(),
        };
        for socket in wanted {
            let way = WayIn::Socket(socket);
            if let Ok(stream) = self.enter(&connected.link, &way).await {
                self.state.lock().await.way = Some(way);
                return Ok(stream);
            }
        }
        if let Some(error) = self.engine_error(&survey, &connected.settings) {
            return Err(error);
        }
        // There is a socket that may be used, and still the channel is refused: the host's sshd forbids it.
        let forbidden = |mend: &str| HostError::Engine {
            host: self.to.to_string(),
            cause: format!("its sshd forwards no sockets ({refusal})"),
            mend: mend.to_owned(),
        };
        if !survey.has_docker || self.socket.is_some() {
            return Err(forbidden("AllowStreamLocalForwarding yes in its sshd_config"));
        }
        let stream = self.enter(&connected.link, &WayIn::DialStdio).await;
        let stream = stream.map_err(|_| forbidden("AllowStreamLocalForwarding yes in its sshd_config"))?;
        self.state.lock().await.way = Some(WayIn::DialStdio);
        Ok(stream)
    }

    /// What the survey says is wrong; `None` where there is a socket that may be used.
    fn engine_error(&self, survey: &Survey, settings: &Settings) -> Option<HostError> {
        let error =
            |cause: String, mend: String| Some(HostError::Engine { host: self.to.to_string(), cause, mend });
        let is_there = |path: &String| survey.sockets.contains(path);
        match &self.socket {
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

    /// Runs a command line in the user's shell, hands it `input`, and waits for its end.
    ///
    /// # Errors
    /// That the host is not reached, or that the connection broke.
    pub async fn run(&self, command: &str, input: &[u8]) -> Result<Said, HostError> {
        let connected = self.connected().await?;
        self.ask(&connected.link, command, input).await.map_err(|e| self.broken(e))
    }

    async fn ask(&self, link: &Link, command: &str, input: &[u8]) -> io::Result<Said> {
        let opened = link.open(Door::Exec(command.to_owned(), None)).await?;
        let (mut read, mut write) = tokio::io::split(opened.stream);
        let errors = opened.errors.ok_or_else(|| io::Error::other("a command without errors"))?;
        let (mut output_text, mut error_text) = (Vec::new(), Vec::new());
        let send = async {
            // A command that does not read its input may end before it is written.
            match write.write_all(input).await {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
                _ => write.shutdown().await,
            }
        };
        let mut read = (&mut read).take(ANSWER_BYTES);
        let mut errors = errors.take(ANSWER_BYTES);
        let (sent, output, error) =
            tokio::join!(send, read.read_to_end(&mut output_text), errors.read_to_end(&mut error_text));
        output?;
        error?;
        if let Err(error) = sent {
            tracing::debug!(%error, "a command did not take its input");
        }
        let status = match opened.status {
            Some(status) => status.await.map_err(|_| io::Error::other("the connection ended first"))?,
            None => None,
        };
        Ok(Said { status, output: output_text, errors: error_text })
    }

    fn broken(&self, cause: io::Error) -> HostError {
        HostError::Broken { host: self.to.to_string(), cause }
    }
}

/// What [`SURVEY`] found.
#[derive(Default)]
struct Survey {
    sockets: Vec<String>,
    denied: Vec<String>,
    has_docker: bool,
}

impl Survey {
    /// Login scripts may print before it; lines that are none of ours are passed over.
    fn read(text: &str) -> Self {
        let mut survey = Self::default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("socket", path))
                    if path.starts_with('/') && !survey.sockets.iter().any(|s| s == path) =>
                {
                    survey.sockets.push(path.to_owned());
                }
                Some(("denied", path)) if path.starts_with('/') => survey.denied.push(path.to_owned()),
                None if line == "docker" => survey.has_docker = true,
                _ => {}
            }
        }
        survey
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survey_is_read_among_the_noise_of_login_scripts() {
        let survey = Survey::read(
            "Welcome!\nuid 0\nsocket /a.sock\nsocket tcp://x\nsocket /a.sock\ndenied /b\ndocker\n",
        );
        assert_eq!(
            (survey.sockets, survey.denied, survey.has_docker),
            (vec!["/a.sock".to_owned()], vec!["/b".to_owned()], true)
        );
    }
}
