//! The way to a host: settings, hops, handshake, trust, authentication; then the driver takes over.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use ssh2::{ErrorCode, MethodType, Session};
use tokio::process::Command;

use super::destination::Destination;
use super::driver::{self, Patience};
use super::link::{Door, Link};
use super::settings::{Algorithms, Local, Settings, SettingsError, told, without_ssh};
use super::trail::Trail;
use super::{auth, trust};
use crate::domain::checkup::{Stage, Step};
use crate::ports::prompt::Prompter;

pub use self::error::ConnectError;

mod direct;
mod error;
mod mend;
mod proxy;
mod turns;

/// Hosts to go through at most: a loop in the configuration ends here.
const MOST_HOPS: usize = 8;

/// How hosts are reached from here.
#[derive(Clone)]
pub struct Connector {
    /// The operator's machine.
    pub local: Local,
    /// `ssh -F`: another configuration file.
    pub config: Option<PathBuf>,
    /// `ssh -i`: a key of the host itself, tried before those of the configuration; hosts on the way do not get it.
    pub identity: Option<PathBuf>,
    /// How long silence may last; a host's ServerAlive settings go before.
    pub patience: Patience,
    /// Who is asked.
    pub prompter: Arc<dyn Prompter>,
}

/// A connection and what holds for it.
pub struct Connected {
    /// The connection.
    pub link: Link,
    /// What OpenSSH's configuration says.
    pub settings: Settings,
}

/// What the session runs on.
enum Wire {
    Tcp(TcpStream),
    Pair(UnixStream),
}

impl AsRawFd for Wire {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Tcp(stream) => stream.as_raw_fd(),
            Self::Pair(stream) => stream.as_raw_fd(),
        }
    }
}

impl Connector {
    /// What holds for a destination, by OpenSSH's own program; where there is none, by its files.
    ///
    /// # Errors
    /// [`ConnectError::Settings`].
    pub async fn settings(&self, to: &Destination) -> Result<Settings, ConnectError> {
        let broken = |why: String| SettingsError::Broken { host: to.to_string(), why };
        let mut command = Command::new("ssh");
        // With `-v` it says on its errors which lines of which files hold.
        command.arg("-Gv");
        if let Some(file) = &self.config {
            command.arg("-F").arg(file);
        }
        if let Some(port) = to.port {
            command.arg("-p").arg(port.to_string());
        }
        if let Some(user) = &to.user {
            command.arg("-l").arg(user);
        }
        command.arg("--").arg(&to.host).stdin(Stdio::null()).kill_on_drop(true);
        let answer = tokio::time::timeout(Duration::from_secs(20), command.output());
        let answer = answer.await.map_err(|_| broken("`ssh -G` did not end within 20 s".to_owned()))?;
        let answer = match answer {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.settings_without_ssh(to).await;
            }
            other => other.map_err(|e| broken(format!("cannot run `ssh -G`: {e}")))?,
        };
        let said = String::from_utf8_lossy(&answer.stderr);
        if !answer.status.success() {
            return Err(broken(format!("`ssh -G` failed: {}", told::complaint(&said))).into());
        }
        let settings = Settings::read(to, &String::from_utf8_lossy(&answer.stdout), &self.local)?;
        Ok(Settings { sources: told::sources(&said), ..settings })
    }

    async fn settings_without_ssh(&self, to: &Destination) -> Result<Settings, ConnectError> {
        let (to, config, local) = (to.clone(), self.config.clone(), self.local.clone());
        let host = to.to_string();
        let read = tokio::task::spawn_blocking(move || {
            let answer = without_ssh::answer(&to, config.as_deref(), &local)?;
            Settings::read(&to, &answer, &local)
        });
        match read.await {
            Ok(settings) => Ok(settings?),
            Err(error) => Err(ConnectError::Machine { host, cause: io::Error::other(error) }),
        }
    }

    /// Reaches a host.
    ///
    /// # Errors
    /// The first step that failed.
    pub async fn connect(&self, to: &Destination) -> Result<Connected, ConnectError> {
        self.connect_noting(to, &Trail::default()).await
    }

    /// Reaches a host, and notes what each step of the way finds.
    pub(super) async fn connect_noting(
        &self,
        to: &Destination,
        trail: &Trail,
    ) -> Result<Connected, ConnectError> {
        let reached = self.connect_through(to, None, 0, trail).await;
        self.noted(to, reached, trail)
    }

    /// Where the way ended, as its last step.
    fn noted<T>(
        &self,
        to: &Destination,
        reached: Result<T, ConnectError>,
        trail: &Trail,
    ) -> Result<T, ConnectError> {
        if let Err(error) = &reached {
            let mend = error.mend(to, self.config.as_deref());
            trail.note(Step::bad(error.stage(), error.with_tries(), mend));
        }
        reached
    }

    /// `hops` given by somebody who goes through this host to another stand before the configuration's.
    async fn connect_through(
        &self,
        to: &Destination,
        hops: Option<&[Destination]>,
        depth: usize,
        trail: &Trail,
    ) -> Result<Connected, ConnectError> {
        let mut settings = self.settings(to).await?;
        if depth == 0 {
            settings.identity_files.splice(0..0, self.identity.clone());
        }
        trail.note(settings.told(hops));
        // Not while the way to it is made: the gate has its own.
        let way = |server: &Settings| format!("{}:{} {:?}", server.host_name, server.port, server.jumps);
        let is_direct = hops.unwrap_or(&settings.jumps).is_empty();
        let mut turn = if is_direct { turns::turn(way(&settings)).await } else { None };
        let mut said = None;
        let wire = match hops.unwrap_or(&settings.jumps) {
            [before @ .., last] => self.jump(&settings, before, last, depth, trail).await?,
            [] => match &settings.proxy_command {
                Some(command) => {
                    let (wire, words) = proxy::start(&settings, command, trail)?;
                    said = Some(words);
                    wire
                }
                None => direct::dial(&settings, trail).await?,
            },
        };
        if turn.is_none() {
            turn = turns::turn(way(&settings)).await;
        }
        let (prompter, walked) = (Arc::clone(&self.prompter), trail.clone());
        let host = to.to_string();
        let name = to.host.clone();
        let machine = |cause| ConnectError::Machine { host: host.clone(), cause };
        let patience = settings.alive.map_or(self.patience, |(every, count)| Patience {
            ask_after: every.min(self.patience.ask_after),
            gone_after: every.saturating_mul(count.max(1)),
        });
        let entered = tokio::task::spawn_blocking(move || {
            let session = enter(wire, &settings, prompter.as_ref(), &walked)?;
            drop(turn);
            Ok::<_, ConnectError>((session, settings))
        });
        let (session, settings) = match (entered.await.map_err(|e| machine(io::Error::other(e)))?, said) {
            (Err(error @ ConnectError::Handshake { .. }), Some(said)) => return Err(said.or(error).await),
            (entered, _) => entered?,
        };
        let link = driver::spawn(&name, session, patience).map_err(machine)?;
        Ok(Connected { link, settings })
    }

    async fn jump(
        &self,
        settings: &Settings,
        before: &[Destination],
        last: &Destination,
        depth: usize,
        trail: &Trail,
    ) -> Result<Wire, ConnectError> {
        let host = settings.original.clone();
        let how = format!("ProxyJump {last}");
        let way = |cause: String| ConnectError::Way { host: host.clone(), how: how.clone(), cause };
        if depth == MOST_HOPS {
            return Err(way(format!("more than {MOST_HOPS} hops; does the configuration go in a circle?")));
        }
        // Hops that stand before go to the last one, as `ssh -J` hands them on; alone it uses its own configuration.
        let hops = (!before.is_empty()).then_some(before);
        let way_to_hop = trail.of_hop(last.to_string());
        let hop = Box::pin(self.connect_through(last, hops, depth + 1, &way_to_hop)).await;
        let hop = self.noted(last, hop, &way_to_hop)?;
        trail.note(Step::unknown(Stage::Name, format!("{} is left to {last}", settings.host_name)));
        let door = Door::Tcp(settings.host_name.clone(), settings.port);
        let opened = tokio::time::timeout(settings.connect_timeout, hop.link.open(door)).await;
        let opened = opened.map_err(|_| way("no answer in time".to_owned()))?;
        let mut far = opened.map_err(|e| way(e.to_string()))?.stream;
        let reached = format!("{}:{} answers, through {last}", settings.host_name, settings.port);
        trail.note(Step::ok(Stage::Connection, reached));
        let (ours, theirs) = UnixStream::pair().map_err(|e| way(e.to_string()))?;
        theirs.set_nonblocking(true).map_err(|e| way(e.to_string()))?;
        let mut near = tokio::net::UnixStream::from_std(theirs).map_err(|e| way(e.to_string()))?;
        // Ends when either side does; the hop's connection ends with its last channel.
        tokio::spawn(async move {
            if let Err(error) = tokio::io::copy_bidirectional(&mut far, &mut near).await {
                tracing::debug!(%error, "hop ended");
            }
            drop(hop);
        });
        Ok(Wire::Pair(ours))
    }
}

/// Handshake, trust, authentication, on a thread that may wait.
fn enter(
    wire: Wire,
    settings: &Settings,
    prompter: &dyn Prompter,
    trail: &Trail,
) -> Result<Session, ConnectError> {
    let host = format!("{}:{}", settings.host_name, settings.port);
    let handshake = |cause: String| ConnectError::Handshake { host: host.clone(), cause };
    let known = trust::known_hosts(settings)?;
    let mut session = Session::new().map_err(|e| handshake(e.to_string()))?;
    session.set_timeout(settings.connect_timeout.as_millis().try_into().unwrap_or(u32::MAX));
    let (name, port) = settings.key_name();
    prefer(&session, &settings.algorithms, &known.key_types(name, port)).map_err(handshake)?;
    session.set_tcp_stream(wire);
    session.handshake().map_err(|e| handshake(in_words(&e, settings.connect_timeout)))?;
    trail.note(Step::ok(Stage::KeyExchange, agreed(&session)));
    let blob = session.host_key().map(|(blob, _)| blob.to_vec());
    let blob = blob.ok_or_else(|| handshake("the host showed no key".to_owned()))?;
    let prompter = &trail.clocked(prompter);
    trail.note(trust::check(settings, &known, &blob, prompter)?);
    // A person may take a while, and the host's own limit for logging in is longer than ours for a packet.
    session.set_timeout(120_000);
    trail.note(auth::authenticate(&session, settings, prompter)?);
    Ok(session)
}

/// The server's version and what both agreed on.
fn agreed(session: &Session) -> String {
    let kinds = [MethodType::Kex, MethodType::HostKey, MethodType::CryptCs];
    let chosen = kinds.iter().filter_map(|kind| session.methods(*kind));
    session.banner().into_iter().chain(chosen).collect::<Vec<_>>().join(", ")
}

/// What libssh2 says of a handshake, as an operator would.
fn in_words(error: &ssh2::Error, limit: Duration) -> String {
    match error.code() {
        ErrorCode::Session(-9 | -30) => format!("no answer within {} s", limit.as_secs()),
        ErrorCode::Session(-2 | -13 | -43) => format!(
            "{}: the other side closed the connection; too many logins at once (MaxStartups), or a filter before it",
            error.message()
        ),
        ErrorCode::Session(-5 | -8) => format!(
            "{}; KexAlgorithms, HostKeyAlgorithms, Ciphers or MACs have none that the host takes",
            error.message()
        ),
        _ => error.message().to_owned(),
    }
}

/// Hands the configuration's lists on, as far as libssh2 knows the algorithms; types of known keys go first.
fn prefer(session: &Session, lists: &Algorithms, known_types: &[&str]) -> Result<(), String> {
    let host_keys: Vec<_> = known_types.iter().flat_map(signatures).copied().collect();
    let wanted = [
        (&[MethodType::Kex][..], "KexAlgorithms", &lists.key_exchange),
        (&[MethodType::HostKey], "HostKeyAlgorithms", &lists.host_keys),
        (&[MethodType::CryptCs, MethodType::CryptSc], "Ciphers", &lists.ciphers),
        (&[MethodType::MacCs, MethodType::MacSc], "MACs", &lists.macs),
    ];
    for (kinds, name, list) in wanted {
        for kind in kinds.iter().filter(|_| !list.is_empty()) {
            let supported = session.supported_algs(*kind).map_err(|e| e.to_string())?;
            let mut chosen: Vec<_> =
                list.split(',').filter(|a| supported.contains(a) && !a.contains("-cert-")).collect();
            if name == "HostKeyAlgorithms" {
                // Stable: what is not known keeps the configuration's order.
                chosen.sort_by_key(|a| host_keys.iter().position(|known| known == a).unwrap_or(usize::MAX));
            }
            if chosen.is_empty() {
                return Err(format!(
                    "{name} {list}: none of these is supported; there are {}",
                    supported.join(",")
                ));
            }
            session.method_pref(*kind, &chosen.join(",")).map_err(|e| format!("{name}: {e}"))?;
        }
    }
    Ok(())
}

/// Signature algorithms of a key type.
fn signatures<'a>(kind: &&'a str) -> &'a [&'a str] {
    match *kind {
        "ssh-rsa" => &["rsa-sha2-512", "rsa-sha2-256"],
        "ssh-ed25519" => &["ssh-ed25519"],
        "ecdsa-sha2-nistp256" => &["ecdsa-sha2-nistp256"],
        "ecdsa-sha2-nistp384" => &["ecdsa-sha2-nistp384"],
        "ecdsa-sha2-nistp521" => &["ecdsa-sha2-nistp521"],
        _ => &[],
    }
}
