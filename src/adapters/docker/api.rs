//! HTTP to an engine: one connection a call, so that a dropped stream ends at once and nothing waits for another.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::dial::{Dial, Wire};
use crate::ports::engine::{CALL_TIMEOUT, EngineError};

/// Newest API minor version (1.x) whose answers this adapter was written for.
const NEWEST_MINOR: u32 = 47;
/// Oldest that has what is needed: engine 1.13.
const OLDEST_MINOR: u32 = 25;
/// Longest head, and longest error text, that is read.
const HEAD_BYTES: usize = 64 << 10;

/// What is sent with a request.
pub(super) struct Body {
    form: &'static str,
    bytes: Bytes,
    /// Who asks a registry, as the engine wants it told.
    login: Option<String>,
}

impl Body {
    /// A tar archive.
    pub(super) fn tar(bytes: Vec<u8>) -> Self {
        Self { form: "application/x-tar", bytes: bytes.into(), login: None }
    }
}

impl Body {
    /// Nothing but who asks a registry.
    pub(super) fn with_login(login: Option<String>) -> Self {
        Self { login, ..Self::from(None) }
    }
}

impl From<Option<serde_json::Value>> for Body {
    fn from(json: Option<serde_json::Value>) -> Self {
        let bytes = json.map(|json| Bytes::from(json.to_string())).unwrap_or_default();
        Self { form: "application/json", bytes, login: None }
    }
}

/// Where an engine is, and which version of its API is spoken.
pub(super) struct Api {
    pub(super) dial: Dial,
    // 0 until the engine said its version; then paths carry none.
    minor: AtomicU32,
}

impl Api {
    pub(super) fn new(dial: Dial) -> Self {
        Self { dial, minor: AtomicU32::new(0) }
    }

    /// Takes the engine's own version, `1.41`, into account.
    pub(super) fn negotiate(&self, version: &str) -> Result<(), EngineError> {
        let minor = version.strip_prefix("1.").and_then(|m| m.parse::<u32>().ok()).unwrap_or(0);
        if minor < OLDEST_MINOR {
            return Err(EngineError::Unreachable {
                address: self.dial.address(),
                cause: format!("too old: it speaks API {version}; at least 1.{OLDEST_MINOR} is needed"),
                mend: Some("update Docker on its machine to 1.13 or newer".to_owned()),
            });
        }
        self.minor.store(minor.min(NEWEST_MINOR), Ordering::Relaxed);
        Ok(())
    }

    /// What went wrong on the way, in the words of whoever knows best.
    fn failed(&self, what: &str, error: &(dyn std::error::Error + 'static)) -> EngineError {
        if let Some(known) = known_cause(error) {
            return known;
        }
        let is_no_http = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
        if is_no_http && matches!(self.dial, Dial::Tcp(_)) {
            return self.wants_tls("the answer is no HTTP");
        }
        broken(what, error)
    }

    fn refused(&self, what: &str, status: u16, message: String) -> EngineError {
        // The words of Go's HTTP server, and so of the engine.
        if status == 400 && message.contains("HTTP request to an HTTPS server") {
            return self.wants_tls("that port speaks TLS, and it was asked without");
        }
        EngineError::Refused { what: what.to_owned(), status, message }
    }

    fn wants_tls(&self, cause: &str) -> EngineError {
        let mend = "DOCKER_TLS_VERIFY=1 with the files in DOCKER_CERT_PATH, or tls in its [hosts.NAME]";
        EngineError::Unreachable {
            address: self.dial.address(),
            cause: cause.to_owned(),
            mend: Some(mend.to_owned()),
        }
    }

    pub(super) fn unreachable(&self, cause: impl Into<String>) -> EngineError {
        self.dial.unreachable(cause)
    }

    /// Sends a request and hands out the answer once its head is there. A status of 400 and above is an error.
    pub(super) async fn send(
        &self,
        what: &str,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> Result<Response<Incoming>, EngineError> {
        let wire = self.dial.dial().await?;
        self.send_on(wire, what, method, path, body).await
    }

    async fn send_on(
        &self,
        wire: Box<dyn Wire>,
        what: &str,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> Result<Response<Incoming>, EngineError> {
        let broken = |e: &hyper::Error| self.failed(what, e);
        let Body { form, bytes, login } = body.into();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix()))
            .header("host", "docker")
            .header("content-type", form);
        if let Some(login) = login {
            request = request.header("x-registry-auth", login);
        }
        let request = request.body(Full::new(bytes)).map_err(|e| self.failed(what, &e))?;
        let answer = ask(wire, request).await.map_err(|e| broken(&e))?;
        let status = answer.status().as_u16();
        if status < 400 {
            return Ok(answer);
        }
        let body = answer.into_body().collect().await.map_err(|e| broken(&e))?.to_bytes();
        Err(self.refused(what, status, message_of(&body)))
    }

    /// The bytes of an answer as they are, from behind its head; they end when the engine closes.
    ///
    /// Asked in HTTP/1.0, because in 1.1 the engine wraps every log line into a chunk of its own, and each chunk would
    /// cost a hand-over between two tasks.
    pub(super) async fn stream(&self, what: &str, path: &str) -> Result<Streamed, EngineError> {
        let broken = |e: &dyn std::fmt::Display| broken(what, e);
        let failed = |e: io::Error| self.failed(what, &e);
        let mut wire = self.dial.dial().await?;
        let request = format!("GET {}{path} HTTP/1.0\r\nHost: docker\r\n\r\n", self.prefix());
        wire.write_all(request.as_bytes()).await.map_err(failed)?;
        wire.flush().await.map_err(failed)?;
        let (head, rest) = read_head(&mut wire).await.map_err(failed)?;
        match head.status {
            Some(_) if head.text.contains("transfer-encoding") => {
                Err(broken(&"the answer is chunked although HTTP/1.0 was asked: is a proxy in between?"))
            }
            Some(status) if status < 400 => Ok(Streamed { begun_ns: head.time_ns(), rest, wire }),
            Some(status) => Err(read_refusal(what, status, rest, wire).await),
            None => Err(broken(&"the answer is not HTTP")),
        }
    }

    /// A connection that the engine turns into a pipe to a program: what came behind the answer's head, and the pipe.
    pub(super) async fn hijack(
        &self,
        what: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<(Vec<u8>, Box<dyn Wire>), EngineError> {
        let broken = |e: &dyn std::fmt::Display| broken(what, e);
        let failed = |e: io::Error| self.failed(what, &e);
        let mut wire = self.dial.dial().await?;
        let body = body.to_string();
        let request = format!(
            "POST {}{path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.prefix(),
            body.len()
        );
        wire.write_all(request.as_bytes()).await.map_err(failed)?;
        wire.flush().await.map_err(failed)?;
        let (head, rest) = read_head(&mut wire).await.map_err(failed)?;
        match head.status {
            Some(101 | 200) => Ok((rest, wire)),
            Some(status) if status >= 400 => Err(read_refusal(what, status, rest, wire).await),
            Some(status) => Err(broken(&format!("the engine answered {status} and no pipe"))),
            None => Err(broken(&"the answer is not HTTP")),
        }
    }

    /// Minor version that is spoken; the oldest that has everything until the engine said its own.
    pub(super) fn minor(&self) -> u32 {
        match self.minor.load(Ordering::Relaxed) {
            0 => OLDEST_MINOR,
            minor => minor,
        }
    }

    fn prefix(&self) -> String {
        match self.minor.load(Ordering::Relaxed) {
            0 => String::new(),
            minor => format!("/v1.{minor}"),
        }
    }

    /// A call with an answer that is read whole, within `limit` once the engine is reached.
    pub(super) async fn call_within(
        &self,
        limit: Duration,
        what: &str,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> Result<Bytes, EngineError> {
        let wire = self.dial.dial().await?;
        let whole = async {
            let answer = self.send_on(wire, what, method, path, body).await?;
            let body = answer.into_body().collect().await;
            body.map(http_body_util::Collected::to_bytes).map_err(|e| self.failed(what, &e))
        };
        match tokio::time::timeout(limit, whole).await {
            Ok(result) => result,
            Err(_) => Err(self.silent(what, limit)),
        }
    }

    /// It was reached, and says nothing.
    pub(super) fn silent(&self, what: &str, limit: Duration) -> EngineError {
        let mend = match self.dial {
            Dial::Unix(_) => Some("sudo systemctl restart docker"),
            Dial::Ssh(_) => Some("on the host: sudo systemctl restart docker"),
            // What was reached may be anything in between.
            Dial::Tcp(_) | Dial::Tls(_) | Dial::Refused(..) => None,
        };
        EngineError::Unreachable {
            address: self.dial.address(),
            cause: format!("{what}: no answer within {} s", limit.as_secs()),
            mend: mend.map(str::to_owned),
        }
    }

    /// The version of its API, from an engine that says it when it is only asked whether it is there.
    pub(super) async fn ping(&self) -> Result<Option<String>, EngineError> {
        let wire = self.dial.dial().await?;
        let answer = self.send_on(wire, "ping", Method::GET, "/_ping", None);
        match tokio::time::timeout(CALL_TIMEOUT, answer).await {
            Ok(answer) => {
                let answer = answer?;
                let version = answer.headers().get("api-version").and_then(|version| version.to_str().ok());
                Ok(version.map(str::to_owned))
            }
            Err(_) => Err(self.silent("ping", CALL_TIMEOUT)),
        }
    }

    /// A `GET` whose answer is JSON.
    pub(super) async fn get<T: DeserializeOwned>(&self, what: &str, path: &str) -> Result<T, EngineError> {
        self.get_within(CALL_TIMEOUT, what, path).await
    }

    pub(super) async fn get_within<T: DeserializeOwned>(
        &self,
        limit: Duration,
        what: &str,
        path: &str,
    ) -> Result<T, EngineError> {
        let bytes = self.call_within(limit, what, Method::GET, path, None).await?;
        serde_json::from_slice(&bytes).map_err(|e| EngineError::Broken {
            what: what.to_owned(),
            cause: format!("answer not understood: {e}"),
        })
    }
}

/// The answer to a request on a connection of its own, once its head is there.
pub(super) async fn ask<B>(
    wire: Box<dyn Wire>,
    request: Request<B>,
) -> Result<Response<Incoming>, hyper::Error>
where
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(wire)).await?;
    // Ends by itself when the answer's body is dropped or read to its end.
    let link = tokio::spawn(async move {
        connection.await.inspect_err(|error| tracing::debug!(%error, "engine connection ended"))
    });
    match sender.send_request(request).await {
        // It broke before the request was on its way: the connection knows why.
        Err(canceled) if canceled.is_canceled() => match link.await {
            Ok(Err(reason)) => Err(reason),
            _ => Err(canceled),
        },
        answer => answer,
    }
}

fn broken(what: &str, why: &(impl std::fmt::Display + ?Sized)) -> EngineError {
    EngineError::Broken { what: what.to_owned(), cause: why.to_string() }
}

/// What the way to the engine itself said, somewhere below an error: an [`EngineError`] inside of an [`io::Error`].
pub(super) fn known_cause(error: &(dyn std::error::Error + 'static)) -> Option<EngineError> {
    let named = |error: &(dyn std::error::Error + 'static)| {
        error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<EngineError>().cloned()
    };
    std::iter::successors(Some(error), |error| error.source()).find_map(named)
}

/// What is behind an error, behind that, and so on, in its own words: the rest only says what it kept from being done.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .last()
        .map_or_else(String::new, ToString::to_string)
}

/// The engine's words: `{"message": …}`, else the first line of what came.
fn message_of(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Said {
        message: String,
    }
    match serde_json::from_slice::<Said>(body) {
        Ok(said) => said.message,
        Err(_) => String::from_utf8_lossy(body).lines().next().unwrap_or("no reason given").to_owned(),
    }
}

/// The head of an answer, in small letters.
struct Head {
    text: String,
    status: Option<u16>,
}

impl Head {
    /// When the engine wrote it, by its own clock, to the second.
    // RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT.
    fn time_ns(&self) -> Option<i64> {
        let date = self.text.lines().find_map(|line| line.strip_prefix("date:"))?;
        chrono::DateTime::parse_from_rfc2822(date.trim()).ok()?.timestamp_nanos_opt()
    }
}

/// A body as it comes.
pub(super) struct Streamed {
    /// When it was begun, by the engine's clock and to the second, if the engine said so.
    pub begun_ns: Option<i64>,
    /// What came behind the head.
    pub rest: Vec<u8>,
    /// All that is still to come.
    pub wire: Box<dyn Wire>,
}

/// The head of an answer and the bytes that came behind it.
async fn read_head(wire: &mut Box<dyn Wire>) -> io::Result<(Head, Vec<u8>)> {
    let mut read = Vec::with_capacity(HEAD_BYTES);
    let end = loop {
        if let Some(at) = memchr::memmem::find(&read, b"\r\n\r\n") {
            break at;
        }
        if wire.read_buf(&mut read).await? == 0 || read.len() > HEAD_BYTES {
            return Err(io::Error::other("the answer has no head"));
        }
    };
    let rest = read.split_off(end + 4);
    let text = String::from_utf8_lossy(&read).to_ascii_lowercase();
    let status = text.split(' ').nth(1).and_then(|s| s.get(..3)).and_then(|s| s.parse().ok());
    Ok((Head { text, status }, rest))
}

/// The engine's words behind the head of a refusal. A connection that stays open is not waited for longer than a call.
async fn read_refusal(what: &str, status: u16, mut body: Vec<u8>, wire: Box<dyn Wire>) -> EngineError {
    let most = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    let mut wire = wire.take(most);
    let whole = async {
        // Ends with the connection, or as soon as the words are whole.
        while serde_json::from_slice::<serde_json::Value>(&body).is_err() {
            if wire.read_buf(&mut body).await.unwrap_or(0) == 0 {
                return;
            }
        }
    };
    let in_time = tokio::time::timeout(CALL_TIMEOUT, whole).await;
    let message = if in_time.is_ok() { message_of(&body) } else { "no reason given in time".to_owned() };
    EngineError::Refused { what: what.to_owned(), status, message }
}
