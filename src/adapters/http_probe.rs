//! Probes over a byte stream: a connection each, HTTP/1.1 or none, no redirect followed, no proxy, no TLS.
//!
//! hyper on a stream of ours, so that the same code asks directly and through a host's tunnel. Nothing that comes back
//! is believed: heads and bodies are bounded, and the whole probe ends at its time.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::Utc;
use http_body_util::{BodyExt, Empty};
use hyper::header::{HOST, HeaderName, HeaderValue, LOCATION};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::domain::health::{Answer, BODY_BYTES, Outcome, Reading, Stage};
use crate::domain::probe::{Ask, Headers, Target};
use crate::ports::probe::Prober;

/// A byte stream to a container.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// How a probe's connection is made: from this machine, or through a host's tunnel.
#[async_trait]
pub trait Dial: Send + Sync {
    /// Connects. An error of kind `ConnectionRefused` means that nobody listens there, `NotConnected` that the host
    /// itself is not reached.
    async fn dial(&self, address: &str, port: u16) -> io::Result<Box<dyn Wire>>;

    /// Whether nothing at all came from the host since then: what was not answered did perhaps not arrive.
    fn is_silent_since(&self, _since: std::time::Instant) -> bool {
        false
    }
}

/// From this machine.
pub struct Direct;

#[async_trait]
impl Dial for Direct {
    async fn dial(&self, address: &str, port: u16) -> io::Result<Box<dyn Wire>> {
        let stream = TcpStream::connect((address, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

/// Longest head of an answer.
const HEAD_BYTES: usize = 32 << 10;
/// Past its time a probe gets this long to say how far it came; then it is cut off.
const GRACE: Duration = Duration::from_millis(5);

/// Asks over connections that `D` makes.
pub struct HttpProbe<D> {
    dial: D,
}

impl<D: Dial> HttpProbe<D> {
    /// Over these connections. Nothing is asked yet.
    pub fn new(dial: D) -> Self {
        Self { dial }
    }

    async fn ask(&self, target: &Target, end: Instant) -> Outcome {
        let wire = match timeout_at(end, self.dial.dial(&target.address, target.port)).await {
            Err(_) => return Outcome::TimedOut(Stage::Connecting),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => return Outcome::Refused,
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotConnected => {
                return Outcome::NoWay(without_number(&error));
            }
            Ok(Err(error)) => return Outcome::Failed(without_number(&error)),
            Ok(Ok(wire)) => wire,
        };
        let Ask::Http { path, headers, .. } = &target.spec.ask else { return Outcome::Connected };
        let request = match request(target, path, headers) {
            Ok(request) => request,
            Err(why) => return Outcome::Failed(why),
        };
        // Owned here, so that whatever ends this probe ends its connection.
        let mut connection = JoinSet::new();
        let answer = async {
            let mut client = hyper::client::conn::http1::Builder::new();
            client.max_buf_size(HEAD_BYTES);
            let (mut sender, driver) = client.handshake(TokioIo::new(wire)).await?;
            connection.spawn(driver);
            sender.send_request(request).await
        };
        match timeout_at(end, answer).await {
            Err(_) => Outcome::TimedOut(Stage::Waiting),
            Ok(Err(error)) => Outcome::Failed(words(&error)),
            Ok(Ok(response)) => read(response, end).await,
        }
    }
}

#[async_trait]
impl<D: Dial> Prober for HttpProbe<D> {
    async fn probe(&self, target: &Target) -> Reading {
        let (at, began) = (Utc::now(), Instant::now());
        let end = began + target.spec.timeout;
        // A dialler may block in its own way; the end holds all the same.
        let outcome = timeout_at(end + GRACE, self.ask(target, end)).await;
        let outcome = match outcome.unwrap_or(Outcome::TimedOut(Stage::Connecting)) {
            Outcome::TimedOut(_) if self.dial.is_silent_since(began.into_std()) => {
                Outcome::NoWay("its host does not answer".to_owned())
            }
            outcome => outcome,
        };
        Reading { at, took: began.elapsed(), outcome }
    }
}

fn request(target: &Target, path: &str, headers: &Headers) -> Result<Request<Empty<Bytes>>, String> {
    let host = if target.address.contains(':') {
        format!("[{}]:{}", target.address, target.port)
    } else {
        format!("{}:{}", target.address, target.port)
    };
    let builder = Request::builder()
        .uri(path)
        .header(HOST, host)
        .header("user-agent", concat!("pilothouse/", env!("CARGO_PKG_VERSION")))
        .header("accept", "application/json, */*;q=0.5")
        .header("connection", "close");
    let mut request = builder.body(Empty::new()).map_err(|_| "the path is not one of a URL".to_owned())?;
    for (name, value) in &headers.0 {
        // The value may be secret: only the name is told.
        let wrong = |_| format!("the header {name:?} cannot be sent; correct it in the configuration");
        let key = HeaderName::try_from(name).map_err(|e| wrong(e.to_string()))?;
        let value = HeaderValue::try_from(value).map_err(|e| wrong(e.to_string()))?;
        request.headers_mut().insert(key, value);
    }
    Ok(request)
}

async fn read(response: Response<hyper::body::Incoming>, end: Instant) -> Outcome {
    let status = response.status().as_u16();
    let location = response.headers().get(LOCATION);
    let location = location.map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
    let mut answer = Answer { status, location, ..Answer::default() };
    let mut body = response.into_body();
    loop {
        match timeout_at(end, body.frame()).await {
            Err(_) => return Outcome::TimedOut(Stage::Body(status)),
            Ok(None) => return Outcome::Answered(answer),
            Ok(Some(Err(error))) => return Outcome::Failed(format!("{status}, then {}", words(&error))),
            Ok(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else { continue };
                let room = BODY_BYTES - answer.body.len();
                answer.body.extend_from_slice(&data[..data.len().min(room)]);
                if data.len() > room {
                    answer.is_cut = true;
                    return Outcome::Answered(answer);
                }
            }
        }
    }
}

/// `No route to host (os error 113)`: the number helps nobody.
fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// What went wrong between two ends that do not speak the same, in an operator's words.
fn words(error: &hyper::Error) -> String {
    if error.is_incomplete_message() {
        "closed without an answer".to_owned()
    } else if error.is_parse() && error.to_string().contains("too large") {
        "the head of the answer is too long".to_owned()
    } else if error.is_parse() {
        "the answer is not HTTP; is it TLS?".to_owned()
    } else {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            text = inner.to_string();
            cause = inner.source();
        }
        text
    }
}

#[cfg(test)]
mod tests;
