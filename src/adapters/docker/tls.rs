//! TLS to an engine behind `tcp://`, with the operator's certificate, as `docker --tlsverify` has it. Who answers is
//! always verified: nothing switches that off.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::fault::{Fault, of_alert, of_handshake};
use super::tcp;
use crate::domain::host::{TlsFiles, host_of};
use crate::ports::engine::{CALL_TIMEOUT, EngineError};

mod fault;
mod files;

/// An engine that is reached by TLS.
#[derive(Debug)]
pub(super) struct Tls {
    /// `host:port`.
    pub(super) to: String,
    files: TlsFiles,
    /// What the files hold; read again after every fault, so that a mended file counts at the next try.
    config: Mutex<Option<Arc<ClientConfig>>>,
}

impl Tls {
    /// Nothing is read yet.
    pub(super) fn new(to: &str, files: TlsFiles) -> Self {
        Self { to: to.to_owned(), files, config: Mutex::new(None) }
    }

    /// The encrypted stream on a new connection. It has no limit of time.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] with the file, and what mends it.
    pub(super) async fn greet(self: &Arc<Self>, stream: TcpStream) -> Result<Verified, EngineError> {
        let done = self.try_greet(stream).await;
        done.map_err(|fault| {
            self.forget();
            self.told(fault)
        })
    }

    async fn try_greet(self: &Arc<Self>, stream: TcpStream) -> Result<Verified, Fault> {
        let config = self.config().await?;
        let name = self.files.server_name.as_deref().unwrap_or_else(|| host_of(&self.to));
        let name = ServerName::try_from(name.to_owned()).map_err(|_| Fault::bad_name(name))?;
        let done = TlsConnector::from(config).connect(name, stream).await;
        let stream = done.map_err(|error| of_handshake(&error, &self.to, &self.files))?;
        Ok(Verified { stream, tls: Arc::clone(self) })
    }

    async fn config(&self) -> Result<Arc<ClientConfig>, Fault> {
        if let Some(known) = self.known().as_ref() {
            return Ok(Arc::clone(known));
        }
        let files = self.files.clone();
        let read = tokio::task::spawn_blocking(move || files::config(&files)).await;
        let config = Arc::new(read.map_err(|error| Fault::other(&error.to_string()))??);
        *self.known() = Some(Arc::clone(&config));
        Ok(config)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Arc<ClientConfig>>> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self) {
        *self.known() = None;
    }

    fn told(&self, Fault { cause, mend }: Fault) -> EngineError {
        EngineError::Unreachable { address: format!("tcp://{}", self.to), cause, mend: Some(mend) }
    }

    /// In TLS 1.3 the engine judges our certificate only after we are done: its word comes with the first answer.
    fn named(&self, error: io::Error) -> io::Error {
        let alert = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
        match alert.and_then(|alert| of_alert(alert, &self.to, &self.files)) {
            Some(fault) => {
                self.forget();
                io::Error::new(error.kind(), self.told(fault))
            }
            None => error,
        }
    }
}

/// Greets the engine behind `to` and leaves again; gives the version of TLS that is spoken.
///
/// # Errors
/// As every call to it would fail.
pub async fn tls_version(to: &str, files: &TlsFiles) -> Result<String, EngineError> {
    let tls = Arc::new(Tls::new(to, files.clone()));
    let greeting = async {
        let stream = tcp::connect(to).await.map_err(|e| tls.told(Fault::other(&e.to_string())))?;
        tls.greet(stream).await
    };
    let greeted = tokio::time::timeout(CALL_TIMEOUT, greeting).await;
    let verified = greeted.map_err(|_| tls.told(Fault::other("no answer in time")))??;
    let version = verified.stream.get_ref().1.protocol_version();
    Ok(match version {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
        other => format!("{other:?}"),
    })
}

/// A stream to an engine that showed who it is.
pub(super) struct Verified {
    stream: TlsStream<TcpStream>,
    tls: Arc<Tls>,
}

impl AsyncRead for Verified {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let done = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        Poll::Ready(done.map_err(|error| self.tls.named(error)))
    }
}

impl Verified {
    /// What cannot be sent any more was often refused before, and the reason lies there to be read.
    fn refused(&mut self, cx: &mut Context<'_>, error: io::Error) -> io::Error {
        let mut unread = [0; 1];
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut unread));
        match read {
            Poll::Ready(Err(reason)) => self.tls.named(reason),
            _ => error,
        }
    }
}

impl AsyncWrite for Verified {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match ready!(Pin::new(&mut self.stream).poll_write(cx, buf)) {
            Ok(count) => Poll::Ready(Ok(count)),
            Err(error) => Poll::Ready(Err(self.refused(cx, error))),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.stream).poll_flush(cx)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(self.refused(cx, error))),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
