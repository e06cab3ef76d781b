//! The application's side of an SSH connection: opens channels as byte streams, runs jobs on the session.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::channel::AGAIN;

/// Receive window of streams and API calls: beside a flood on a 2 MB/s line a call takes 0.25 s, with 2 MiB 1.2 s.
pub const WINDOW: u32 = 256 << 10;
/// Receive window for images, where only throughput counts.
pub const BULK_WINDOW: u32 = 2 << 20;

/// Commands at once: sshd allows ten sessions by default, and some are kept for files.
const SESSIONS: usize = 8;

/// What a channel leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Door {
    /// A Unix socket on the host.
    Socket(String),
    /// A TCP port as the host reaches it.
    Tcp(String, u16),
    /// A command line in the user's shell, with a terminal of this width and height if given.
    Exec(String, Option<(u16, u16)>),
    /// A part of the server by its name: `sftp`.
    Subsystem(String),
}

impl Door {
    /// Counts against the sessions that a server allows on one connection.
    pub(super) fn is_session(&self) -> bool {
        matches!(self, Self::Exec(..) | Self::Subsystem(_))
    }
}

impl std::fmt::Display for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Socket(path) => f.write_str(path),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Exec(command, _) => write!(f, "`{command}`"),
            Self::Subsystem(name) => write!(f, "the subsystem {name}"),
        }
    }
}

/// An open channel.
pub struct Opened {
    /// Both directions; for a command its output and input.
    pub stream: Stream,
    /// What a command writes to its error output.
    pub errors: Option<DuplexStream>,
    /// How a command ended; `None` when a signal ended it.
    pub status: Option<oneshot::Receiver<Option<i32>>>,
    /// For [`Link::resize`].
    pub id: u32,
}

/// Runs on the session until it says that it is done; told `true` when the connection is gone.
pub(super) type Job = Box<dyn FnMut(&ssh2::Session, bool) -> bool + Send>;

/// A place among the sessions that a server allows; given back when the channel is gone.
pub(super) type Place = OwnedSemaphorePermit;

pub(super) enum Command {
    Open(Door, u32, Option<Place>, oneshot::Sender<io::Result<Opened>>),
    Resize(u32, (u16, u16)),
    Job(Job),
    Probe(oneshot::Sender<io::Result<Opened>>),
    Close,
}

/// A connection to a host that others drive; cheap to clone. It ends when the last clone is gone and its channels are
/// closed, or by [`Link::close`].
#[derive(Clone)]
pub struct Link {
    commands: mpsc::Sender<Command>,
    /// Commands at once: more wait for their turn.
    sessions: Arc<Semaphore>,
    /// Why it ended, set before the commands are closed.
    end: Arc<OnceLock<String>>,
    pace: Arc<Mutex<Pace>>,
}

/// How long the newest answers took; what is opened anyway measures it, so it costs nothing.
#[derive(Default)]
pub(super) struct Pace {
    took: [Option<Duration>; 3],
    /// When something last came.
    heard: Option<Instant>,
}

impl Pace {
    pub(super) fn measured(&mut self, took: Duration) {
        self.took = [self.took[1], self.took[2], Some(took)];
    }

    pub(super) fn heard(&mut self, at: Instant) {
        self.heard = Some(at);
    }

    /// The middle one of three, the shorter one of two: a single hiccup is not how the host is.
    pub(super) fn usual(&self) -> Option<Duration> {
        let mut known: Vec<_> = self.took.iter().flatten().copied().collect();
        known.sort();
        known.get(known.len().saturating_sub(1) / 2).copied()
    }
}

/// So long a command waits for one of the others to end.
const FREE_WITHIN: Duration = Duration::from_secs(10);

fn full() -> io::Error {
    let text =
        format!("{SESSIONS} commands run on the host over this connection already, as many as it allows");
    io::Error::new(io::ErrorKind::ResourceBusy, text)
}

impl Link {
    pub(super) fn new(
        commands: mpsc::Sender<Command>,
        end: Arc<OnceLock<String>>,
        pace: Arc<Mutex<Pace>>,
    ) -> Self {
        Self { commands, sessions: Arc::new(Semaphore::new(SESSIONS)), end, pace }
    }

    /// How long the host's answers usually take on the way there and back; `None` before the first.
    pub fn usual_round_trip(&self) -> Option<Duration> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).usual()
    }

    /// When something last came from the host; `None` before the first.
    pub fn heard(&self) -> Option<Instant> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).heard
    }

    fn gone(&self) -> io::Error {
        io::Error::new(io::ErrorKind::NotConnected, self.why_ended())
    }

    /// Why the connection ended, in words.
    pub fn why_ended(&self) -> &str {
        self.end.get().map_or("the SSH connection is gone", String::as_str)
    }

    /// Opens a channel with the usual window. Errors: the host's refusal, or that the connection is gone.
    pub async fn open(&self, door: Door) -> io::Result<Opened> {
        self.open_with(door, WINDOW).await
    }

    /// As [`Link::open`] with a window of that many bytes.
    pub async fn open_with(&self, door: Door, window: u32) -> io::Result<Opened> {
        let place = if door.is_session() {
            let free = tokio::time::timeout(FREE_WITHIN, Arc::clone(&self.sessions).acquire_owned());
            let free = free.await.map_err(|_| full())?;
            Some(free.map_err(|_| self.gone())?)
        } else {
            None
        };
        self.open_at(door, window, place).await
    }

    /// A place for one more command, if one is free.
    pub(super) fn free_place(&self) -> Option<Place> {
        Arc::clone(&self.sessions).try_acquire_owned().ok()
    }

    /// As many commands may run as are free now.
    pub(super) fn free_places(&self) -> usize {
        self.sessions.available_permits()
    }

    /// None of our commands runs there.
    pub(super) fn has_no_commands(&self) -> bool {
        self.free_places() == SESSIONS
    }

    /// As [`Link::open_with`] at a place that is taken already.
    pub(super) async fn open_at(&self, door: Door, window: u32, place: Option<Place>) -> io::Result<Opened> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Open(door, window, place, reply)).await.map_err(|_| self.gone())?;
        let mut opened = answer.await.map_err(|_| self.gone())??;
        opened.stream.end = Arc::clone(&self.end);
        Ok(opened)
    }

    /// Tells a command's terminal its new width and height; nothing happens where the channel is closed.
    pub async fn resize(&self, id: u32, size: (u16, u16)) {
        // Gone with its channels: there is no terminal to tell.
        let _ = self.commands.send(Command::Resize(id, size)).await;
    }

    /// Time of one answer, asked by a channel of a kind that no server knows. libssh2's own keepalive is not used: its
    /// answers pile up in the session for ever.
    pub async fn round_trip(&self) -> io::Result<Duration> {
        let began = std::time::Instant::now();
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Probe(reply)).await.map_err(|_| self.gone())?;
        match answer.await {
            Err(_) => Err(self.gone()),
            Ok(_) if self.is_gone() => Err(self.gone()),
            // Refused, as it must be.
            Ok(_) => Ok(began.elapsed()),
        }
    }

    /// Repeats `work` on the session until it is more than "again".
    pub async fn run<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&ssh2::Session) -> Result<T, ssh2::Error> + Send + 'static,
    ) -> io::Result<T> {
        let (reply, answer) = oneshot::channel();
        let mut reply = Some(reply);
        let job = move |session: &ssh2::Session, is_gone: bool| {
            if is_gone {
                reply = None;
                return true;
            }
            let result = work(session);
            if let Err(error) = &result
                && error.code() == ssh2::ErrorCode::Session(AGAIN)
            {
                return false;
            }
            if let Some(reply) = reply.take() {
                // Nobody waits any more: what was asked for is done all the same.
                let _ = reply.send(result.map_err(io::Error::other));
            }
            true
        };
        self.commands.send(Command::Job(Box::new(job))).await.map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())?
    }

    /// Ends the connection with all its channels.
    pub async fn close(&self) {
        // Gone already is as good.
        let _ = self.commands.send(Command::Close).await;
    }

    /// Whether the connection has ended.
    pub fn is_gone(&self) -> bool {
        self.commands.is_closed()
    }

    /// Waits for the end of the connection.
    pub async fn ended(&self) {
        self.commands.closed().await;
    }
}

/// A channel's bytes. Dropping it closes the channel. It ends where the host's side does; a connection that breaks is an
/// error.
pub struct Stream {
    // Before the pipe, whose drop wakes the driver: then this must be gone already.
    pub(super) _alive: Arc<()>,
    pub(super) pipe: DuplexStream,
    // The host's side ended as it should: all there is was handed on.
    pub(super) is_whole: Arc<AtomicBool>,
    // A connection that lives for its streams alone ends with the last of them.
    pub(super) carrier: Option<Arc<Link>>,
    // Why the connection ended, once it did.
    pub(super) end: Arc<OnceLock<String>>,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        std::task::ready!(Pin::new(&mut self.pipe).poll_read(cx, into))?;
        let is_end = into.filled().len() == before && into.remaining() > 0;
        if is_end && !self.is_whole.load(Ordering::Acquire) {
            // What came may stop in the middle of something: that is no end.
            let why = self.end.get().map_or("the SSH connection broke", String::as_str);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, why)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_hiccup_is_not_how_a_host_usually_answers() {
        let mut pace = Pace::default();
        let mut usual = |ms| {
            pace.measured(Duration::from_millis(ms));
            pace.usual().map(|usual| usual.as_millis())
        };
        let usual: Vec<_> = [5, 900, 6, 7, 210, 205].map(&mut usual).into_iter().flatten().collect();
        assert_eq!(usual, [5, 5, 6, 7, 7, 205]);
    }
}
