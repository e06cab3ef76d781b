//! A byte stream to an engine, whatever it is reached through; the rest of the adapter sees only the bytes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

use super::tcp;
use super::tls::Tls;
use crate::adapters::ssh::host::{HostError, SshHost};
use crate::domain::host::{Address, NotTried};
use crate::ports::engine::{CALL_TIMEOUT, EngineError};

/// A byte stream to an engine.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// How streams to one engine are made.
#[derive(Clone)]
pub(super) enum Dial {
    /// A socket of this machine.
    Unix(PathBuf),
    /// A port, `host:port`.
    Tcp(String),
    /// A port that is spoken to by TLS.
    Tls(Arc<Tls>),
    /// The engine of a host over its SSH connection.
    Ssh(Arc<SshHost>),
    /// Not to be dialled: the address, and why.
    Refused(String, NotTried),
}

impl Dial {
    pub(super) fn new(address: &Address) -> Self {
        match address {
            Address::Unix(path) => Self::Unix(path.clone()),
            Address::Tcp(to) => Self::Tcp(to.clone()),
            Address::Ssh(_) | Address::Other(_) => {
                let why = "not supported; unix://, tcp:// and ssh:// are".to_owned();
                let mend = "ssh -NL /tmp/engine.sock:/var/run/docker.sock HOST, \
                    then --host unix:///tmp/engine.sock";
                Self::refused(address, NotTried { why, mend: mend.to_owned() })
            }
        }
    }

    /// Every try fails with this reason.
    pub(super) fn refused(address: &Address, why: NotTried) -> Self {
        Self::Refused(address.to_string(), why)
    }

    /// Where it leads, for errors.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Unix(path) => format!("unix://{}", path.display()),
            Self::Tcp(to) => format!("tcp://{to}"),
            Self::Tls(tls) => format!("tcp://{}", tls.to),
            Self::Ssh(host) => host.address(),
            Self::Refused(address, _) => address.clone(),
        }
    }

    pub(super) fn unreachable(&self, cause: impl Into<String>) -> EngineError {
        EngineError::Unreachable { address: self.address(), cause: cause.into(), mend: None }
    }

    fn silent(&self, to_what: &str) -> EngineError {
        self.unreachable(format!("no answer{to_what} within {} s", CALL_TIMEOUT.as_secs()))
    }

    /// A new stream. It keeps its own time: a person may have to answer first. Errors: [`EngineError::Unreachable`],
    /// [`EngineError::NeedsPerson`].
    pub(super) async fn dial(&self) -> Result<Box<dyn Wire>, EngineError> {
        let told = |e: io::Error| {
            let cause = match e.kind() {
                io::ErrorKind::NotFound => "no such socket".to_owned(),
                io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
                io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
                _ => e.to_string(),
            };
            self.unreachable(cause)
        };
        match self {
            Self::Unix(path) => Ok(Box::new(UnixStream::connect(path).await.map_err(told)?)),
            Self::Tcp(to) => match tokio::time::timeout(CALL_TIMEOUT, tcp::connect(to)).await {
                Ok(stream) => Ok(Box::new(stream.map_err(told)?)),
                Err(_) => Err(self.silent("")),
            },
            Self::Tls(tls) => {
                let dialled = tokio::time::timeout(CALL_TIMEOUT, tcp::connect(&tls.to)).await;
                let stream = dialled.map_err(|_| self.silent(""))?.map_err(told)?;
                let greeted = tokio::time::timeout(CALL_TIMEOUT, tls.greet(stream)).await;
                Ok(Box::new(greeted.map_err(|_| self.silent(" to the TLS handshake"))??))
            }
            Self::Ssh(host) => match host.dial().await {
                Ok(stream) => Ok(Box::new(stream)),
                Err(error) => {
                    let (address, mend) = (self.address(), error.mend().map(str::to_owned));
                    Err(match error {
                        error if error.needs_person() => {
                            EngineError::NeedsPerson { address, cause: error.to_string(), mend }
                        }
                        HostError::Engine { host, cause, .. } => {
                            EngineError::Unreachable { address, cause: format!("{host}: {cause}"), mend }
                        }
                        error => EngineError::Unreachable { address, cause: error.to_string(), mend },
                    })
                }
            },
            Self::Refused(address, NotTried { why, mend }) => {
                let (address, cause, mend) = (address.clone(), why.clone(), Some(mend.clone()));
                Err(EngineError::Unreachable { address, cause, mend })
            }
        }
    }
}
