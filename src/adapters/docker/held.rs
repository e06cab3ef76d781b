//! Connections to an engine, and the one that a call leaves to the next: over SSH a new one costs a round trip more, a
//! channel, and six packets.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use super::dial::Wire;

/// One that was left for longer may have been forgotten on the way.
const USE_WITHIN: Duration = Duration::from_secs(30);

/// A connection for one request at a time.
pub(super) struct Connection<B> {
    sender: SendRequest<B>,
    link: JoinHandle<Result<(), hyper::Error>>,
}

impl<B> Connection<B>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    pub(super) async fn over(wire: Box<dyn Wire>) -> Result<Self, hyper::Error> {
        let (sender, connection) = handshake(TokioIo::new(wire)).await?;
        // Ends by itself when this and the last answer's body are dropped.
        let link = tokio::spawn(async move {
            connection.await.inspect_err(|error| tracing::debug!(%error, "engine connection ended"))
        });
        Ok(Self { sender, link })
    }

    /// The answer, once its head is there.
    pub(super) async fn ask(&mut self, request: Request<B>) -> Result<Response<Incoming>, hyper::Error> {
        let asked = async {
            // The connection may still be about the end of the answer before: it would refuse the next request.
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        match asked.await {
            // It broke before the request was on its way: the connection knows why.
            Err(canceled) if canceled.is_canceled() || canceled.is_closed() => match (&mut self.link).await {
                Ok(Err(reason)) => Err(reason),
                _ => Err(canceled),
            },
            answer => answer,
        }
    }
}

/// A connection whose last answer was read to its end.
pub(super) struct Held<B>(Mutex<Option<(Connection<B>, Instant)>>);

impl<B> Default for Held<B> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<B> Held<B> {
    pub(super) fn take(&self) -> Option<Connection<B>> {
        let (connection, since) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        (!connection.sender.is_closed() && since.elapsed() < USE_WITHIN).then_some(connection)
    }

    pub(super) fn put(&self, connection: Connection<B>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((connection, Instant::now()));
    }
}
