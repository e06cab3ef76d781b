//! One future that owns a libssh2 session: every channel becomes a bounded pipe, nothing else touches the session.
//!
//! A pass takes commands, carries one opening and one job on, moves bytes of every channel, and is repeated until it
//! received and moved nothing: libssh2's "again" does not mean that the socket is empty, and reading one channel pulls
//! in packets of others.
#![expect(unsafe_code, reason = "the session's raw pointer, and a descriptor registered with tokio")]

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use self::opening::Request;
use self::pipe::{Pipe, Stand};
use self::queue::{Came, Queue};
use super::channel;
use super::link::{Command, Job, Link, Pace};
use super::socket::{BUDGET, Installed, Socket};

mod late;
mod opening;
mod pipe;
mod queue;

/// Commands that wait for the driver; when full, whoever asks waits.
const COMMANDS: usize = 64;
/// Silence after which the other side is asked whether it is still there …
const ASK_AFTER: Duration = Duration::from_secs(5);
/// … and after which it counts as gone.
const GONE_AFTER: Duration = Duration::from_secs(15);
/// An answer has this long at least.
const ANSWER: Duration = Duration::from_secs(1);
/// Passes before others of the runtime get their turn.
const PASSES: usize = 16;
/// Channels at once: more would only hide a leak.
const CHANNELS: usize = 200;
/// Bytes moved in one piece.
const PIECE: usize = 32 << 10;

/// How long silence may last.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// After this the other side is asked.
    pub ask_after: Duration,
    /// After this it counts as gone.
    pub gone_after: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { ask_after: ASK_AFTER, gone_after: GONE_AFTER }
    }
}

pub(super) struct Driver {
    session: ssh2::Session,
    raw: *mut libssh2_sys::LIBSSH2_SESSION,
    socket: Installed,
    ready: Arc<AsyncFd<OwnedFd>>,
    patience: Patience,
    commands: mpsc::Receiver<Command>,
    pipes: Vec<Pipe>,
    queue: Queue,
    pace: Arc<Mutex<Pace>>,
    jobs: VecDeque<Job>,
    scratch: Vec<u8>,
    /// When the silence is looked at next.
    alarm: Pin<Box<Sleep>>,
    /// Some call of this pass said "again": somebody waits for the other side.
    is_waiting: bool,
}

// SAFETY: the raw pointer is the session's own, used only by this future, which one thread polls at a time.
unsafe impl Send for Driver {}

/// Runs an authenticated session on a thread of its own, so that ciphers never hold up the screen.
///
/// # Errors
/// What the machine refused: a thread, a runtime, a descriptor.
pub(super) fn spawn(name: &str, session: ssh2::Session, patience: Patience) -> io::Result<Link> {
    let (sender, commands) = mpsc::channel(COMMANDS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    let end = Arc::new(OnceLock::new());
    let why_ended = Arc::clone(&end);
    let pace = Arc::default();
    let measured = Arc::clone(&pace);
    let name_of_host = name.to_owned();
    std::thread::Builder::new().name(format!("ssh-{name}")).spawn(move || {
        runtime.block_on(async move {
            let started = Driver::new(session, patience, commands, measured);
            let (driver, result) = match started {
                Ok(driver) => (Some(driver), Ok(())),
                Err(error) => (None, Err(error)),
            };
            // The other end waits for exactly this.
            let _ = tell.send(result);
            if let Some(mut driver) = driver {
                let why = std::future::poll_fn(|cx| driver.poll(cx)).await;
                tracing::debug!(host = name_of_host, %why, "SSH connection ended");
                // Set once: a connection ends once.
                let _ = why_ended.set(in_words(&why, driver.socket.get().dead));
                driver.finish();
            }
        });
    })?;
    told.recv().map_err(io::Error::other)??;
    Ok(Link::new(sender, end, pace))
}

/// libssh2's "Socket disconnect (-13)" and "transport read (-43)" say nothing to an operator; its socket does.
fn in_words(why: &io::Error, dead: Option<Errno>) -> String {
    match (why.kind(), dead) {
        (io::ErrorKind::TimedOut, _) => why.to_string(),
        (_, Some(Errno::CONNRESET)) => "the SSH connection broke: the host closed it".to_owned(),
        (_, Some(error)) => format!("the SSH connection broke: {}", io::Error::from(error)),
        (_, None) => format!("the SSH connection broke: {why}"),
    }
}

impl Driver {
    fn new(
        session: ssh2::Session,
        patience: Patience,
        commands: mpsc::Receiver<Command>,
        pace: Arc<Mutex<Pace>>,
    ) -> io::Result<Self> {
        session.set_blocking(false);
        session.set_timeout(0);
        let raw: *mut libssh2_sys::LIBSSH2_SESSION = {
            let mut guard = session.raw();
            &raw mut *guard
        };
        // SAFETY: the session holds the socket open for as long as it lives.
        let borrowed = unsafe { BorrowedFd::borrow_raw(session.as_raw_fd()) };
        let fd = rustix::io::fcntl_dupfd_cloexec(borrowed, 3)?;
        rustix::fs::fcntl_setfl(&fd, rustix::fs::fcntl_getfl(&fd)? | OFlags::NONBLOCK)?;
        let watched = fd.try_clone()?;
        let interest = tokio::io::Interest::READABLE | tokio::io::Interest::WRITABLE;
        // SAFETY: the descriptor is owned by the `AsyncFd` and closed only when that is dropped.
        let ready = unsafe { AsyncFd::register_with_interest(watched, interest)? };
        let socket = Installed::new(Socket::new(fd, raw));
        let alarm = Box::pin(tokio::time::sleep(patience.ask_after));
        Ok(Self {
            session,
            raw,
            socket,
            ready: Arc::new(ready),
            patience,
            commands,
            pipes: Vec::new(),
            queue: Queue::new(Arc::clone(&pace)),
            pace,
            jobs: VecDeque::new(),
            scratch: vec![0; PIECE],
            alarm,
            is_waiting: false,
        })
    }

    /// Fails everything that waits and frees libssh2's memory; the transport is dead, so nothing says "again".
    fn finish(mut self) {
        self.socket.get().end();
        self.commands.close();
        for mut job in self.jobs.drain(..) {
            job(&self.session, true);
        }
        self.queue.clear();
        self.pipes.clear();
        drop(self.session);
        drop(self.socket);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        for _ in 0..PASSES {
            match self.pass(cx) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(error) => return Poll::Ready(error),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// `true` when there may be more to do at once; `Err` with the reason for the end.
    fn pass(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        // Taken before anything is read: clearing it afterwards cannot eat a newer event.
        let ready = Arc::clone(&self.ready);
        let mut readable = match ready.poll_read_ready(cx) {
            Poll::Ready(guard) => {
                self.socket.get().is_drained = false;
                Some(guard?)
            }
            Poll::Pending => None,
        };
        let socket = self.socket.get();
        socket.budget = BUDGET;
        socket.flush();
        let received = socket.received;
        self.is_waiting = false;
        if let Err(code) = late::take_in(self.raw)
            && pipe::is_fatal(code)
        {
            return Err(channel::told(self.raw, code));
        }
        let mut has_moved = self.take_commands(cx)?;
        has_moved |= self.step_opening()?;
        has_moved |= self.step_jobs();
        for index in 0..self.pipes.len() {
            let room = self.socket.get().out.len();
            let step = self.pipes[index].step(self.raw, cx, &mut self.scratch, room)?;
            has_moved |= step.has_moved;
            self.is_waiting |= step.is_waiting;
        }
        self.pipes.retain(|pipe| pipe.stand != Stand::Gone);
        while self.alarm.as_mut().poll(cx).is_ready() {
            has_moved = true;
            let next = self.listen_for_life()?;
            self.alarm.as_mut().reset(next);
        }
        let socket = self.socket.get();
        if let Some(error) = socket.dead {
            return Err(error.into());
        }
        socket.flush();
        if !socket.out.is_empty() {
            has_moved |= self.wait_to_send(cx)?;
        }
        let socket = self.socket.get();
        if socket.received != received {
            self.pace.lock().unwrap_or_else(PoisonError::into_inner).heard(socket.heard);
        }
        has_moved |= socket.received != received || (self.is_waiting && !socket.is_drained);
        if socket.is_drained
            && let Some(mut guard) = readable.take()
        {
            guard.clear_ready();
            if ready.poll_read_ready(cx).is_ready() {
                socket.is_drained = false;
                has_moved = true;
            }
        }
        Ok(has_moved)
    }

    fn take_commands(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let mut has_moved = false;
        loop {
            match self.commands.poll_recv(cx) {
                Poll::Ready(Some(command)) => {
                    has_moved = true;
                    match command {
                        Command::Open(door, window, place, reply) => {
                            self.queue.push(Request::new(door, window, place, reply));
                        }
                        Command::Probe(reply) => self.queue.push(Request::probe(reply)),
                        Command::Job(job) => self.jobs.push_back(job),
                        Command::Resize(id, size) => self.resize(id, size),
                        Command::Close => return Err(io::Error::other("closed by us")),
                    }
                }
                Poll::Ready(None) if self.pipes.is_empty() && self.jobs.is_empty() => {
                    return Err(io::Error::other("nobody uses it any more"));
                }
                Poll::Ready(None) | Poll::Pending => return Ok(has_moved),
            }
        }
    }

    fn resize(&mut self, id: u32, size: (u16, u16)) {
        if let Some(pipe) = self.pipes.iter_mut().find(|pipe| pipe.id == id)
            && let Err(code) = pipe.channel.resize(size)
        {
            tracing::debug!(code, "terminal on the host keeps its size");
        }
    }

    fn step_opening(&mut self) -> io::Result<bool> {
        let came = self.queue.step(self.raw, &mut self.socket, &mut self.pipes, CHANNELS)?;
        if let Some(end) = self.queue.turn_ends().map(Instant::from)
            && end < self.alarm.deadline()
        {
            self.alarm.as_mut().reset(end);
        }
        self.is_waiting |= matches!(came, Came::Waiting);
        Ok(matches!(came, Came::Answer))
    }

    fn step_jobs(&mut self) -> bool {
        let mut has_moved = false;
        while let Some(job) = self.jobs.front_mut() {
            if !job(&self.session, false) {
                self.is_waiting = true;
                break;
            }
            self.jobs.pop_front();
            has_moved = true;
        }
        has_moved
    }

    /// Asks a silent host whether it is there, or takes it for gone; says when to look again.
    fn listen_for_life(&mut self) -> io::Result<Instant> {
        let heard = self.socket.get().heard;
        let silence = heard.elapsed();
        let gone_after = self.patience.gone_after.max(self.patience.ask_after + ANSWER);
        if silence >= gone_after {
            let text = format!("nothing heard for {} s", silence.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        if silence < self.patience.ask_after {
            return Ok((heard + self.patience.ask_after).into());
        }
        // An opening that waits for its answer is a question too.
        if !self.queue.awaits_host() {
            // Its answer is all that counts; nobody waits for it.
            let (reply, _) = tokio::sync::oneshot::channel();
            self.queue.push_first(Request::life_sign(reply));
        }
        Ok((heard + gone_after).into())
    }

    fn wait_to_send(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let ready = Arc::clone(&self.ready);
        loop {
            let Poll::Ready(guard) = ready.poll_write_ready(cx) else { return Ok(false) };
            let mut guard = guard?;
            let socket = self.socket.get();
            socket.flush();
            if socket.out.is_empty() || socket.dead.is_some() {
                return Ok(true);
            }
            guard.clear_ready();
        }
    }
}
