//! Opening a channel, step by step, and what waits to be opened.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::pipe::Pipe;
use crate::adapters::ssh::channel::{AGAIN, Channel, Code, streamlocal_message, tcp_message};
use crate::adapters::ssh::link::{Door, Opened, Pace, Place, Stream};

/// Bytes between a channel and its reader; when full the channel is not read, its window closes, the host waits.
const PIPE_BYTES: usize = 64 << 10;

enum Kind {
    Door(Door, u32),
    /// Refused by every server; only its answer counts.
    Probe {
        is_life_sign: bool,
    },
}

/// A channel that somebody wants.
pub(super) struct Request {
    kind: Kind,
    place: Option<Place>,
    reply: oneshot::Sender<io::Result<Opened>>,
    /// So long the host took the last time, when nobody waited for it.
    took: Duration,
}

impl Request {
    pub(super) fn new(
        door: Door,
        window: u32,
        place: Option<Place>,
        reply: oneshot::Sender<io::Result<Opened>>,
    ) -> Self {
        Self::of(Kind::Door(door, window), place, reply)
    }

    pub(super) fn probe(reply: oneshot::Sender<io::Result<Opened>>) -> Self {
        Self::of(Kind::Probe { is_life_sign: false }, None, reply)
    }

    pub(super) fn life_sign(reply: oneshot::Sender<io::Result<Opened>>) -> Self {
        Self::of(Kind::Probe { is_life_sign: true }, None, reply)
    }

    fn of(kind: Kind, place: Option<Place>, reply: oneshot::Sender<io::Result<Opened>>) -> Self {
        Self { kind, place, reply, took: Duration::ZERO }
    }

    pub(super) fn is_probe(&self) -> bool {
        matches!(self.kind, Kind::Probe { .. })
    }

    /// Others behind the host answer it, or do not.
    pub(super) fn is_port(&self) -> bool {
        matches!(self.kind, Kind::Door(Door::Tcp(..), _))
    }

    pub(super) fn is_for_same_port(&self, other: &Self) -> bool {
        matches!((&self.kind, &other.kind), (Kind::Door(a, _), Kind::Door(b, _)) if a == b)
    }

    /// The host does it after all, after that long.
    pub(super) fn once_more(self, took: Duration) -> Self {
        Self { took, ..self }
    }

    pub(super) fn took_before(&self) -> Duration {
        self.took
    }

    /// Nobody waits for it any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.reply.is_closed() && !matches!(self.kind, Kind::Probe { is_life_sign: true })
    }

    /// The answer to an opening is one way there and back; to a port of a container the host goes on first.
    fn note_answer(&self, asked: Instant, pace: &Mutex<Pace>) {
        if !self.is_port() {
            pace.lock().unwrap_or_else(PoisonError::into_inner).measured(asked.elapsed());
        }
    }

    pub(super) fn refuse(self, error: io::Error) {
        // Free before anybody can look.
        drop(self.place);
        // Whoever asked may have left; then nobody needs to know.
        let _ = self.reply.send(Err(error));
    }

    /// Joins the channel to a pipe and hands the other end out; if nobody takes it the pipe closes by itself.
    pub(super) fn accept(self, channel: Channel, id: u32) -> Option<Pipe> {
        let Kind::Door(door, _) = self.kind else { return None };
        let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
        let (alive, is_whole) = (Arc::new(()), Arc::default());
        let mut pipe =
            Pipe::new(id, channel, ours, Arc::downgrade(&alive), Arc::clone(&is_whole), self.place);
        let (mut errors, mut status) = (None, None);
        if door.is_session() {
            let (err_ours, err_theirs) = tokio::io::duplex(PIPE_BYTES);
            let (tell, told) = oneshot::channel();
            pipe.for_command(err_ours, tell);
            (errors, status) = (Some(err_theirs), Some(told));
        }
        let stream = Stream { _alive: alive, pipe: theirs, is_whole, carrier: None, end: Arc::default() };
        let opened = Opened { stream, errors, status, id };
        // Not taken: the stream drops here, and the pipe closes its channel.
        let _ = self.reply.send(Ok(opened));
        Some(pipe)
    }
}

/// How far the one opening is.
pub(super) enum Opening {
    /// Nothing was sent yet, or the open request is under way inside libssh2.
    Idle,
    /// The open request is under way since then.
    Asked(Instant),
    /// Its terminal is asked for.
    Terminal(Channel),
    /// Its command is started.
    Exec(Channel),
}

impl Opening {
    /// `None` when it must be called again later. How long the server took to answer goes to `pace`.
    pub(super) fn step(
        &mut self,
        session: *mut libssh2_sys::LIBSSH2_SESSION,
        request: &Request,
        pace: &Mutex<Pace>,
    ) -> Result<Option<Channel>, Code> {
        loop {
            match std::mem::replace(self, Self::Idle) {
                state @ (Self::Idle | Self::Asked(_)) => {
                    let asked = if let Self::Asked(at) = state { at } else { Instant::now() };
                    match open(session, &request.kind) {
                        Err(AGAIN) => {
                            *self = Self::Asked(asked);
                            return Ok(None);
                        }
                        answer => {
                            request.note_answer(asked, pace);
                            let channel = answer?;
                            match &request.kind {
                                Kind::Door(Door::Exec(_, Some(_)), _) => *self = Self::Terminal(channel),
                                Kind::Door(Door::Exec(_, None) | Door::Subsystem(_), _) => {
                                    *self = Self::Exec(channel);
                                }
                                _ => return Ok(Some(channel)),
                            }
                        }
                    }
                }
                Self::Terminal(mut channel) => {
                    let Kind::Door(Door::Exec(_, Some(size)), _) = &request.kind else { return Ok(None) };
                    match channel.terminal("xterm-256color", *size) {
                        Ok(_) => *self = Self::Exec(channel),
                        Err(AGAIN) => {
                            *self = Self::Terminal(channel);
                            return Ok(None);
                        }
                        Err(code) => return Err(code),
                    }
                }
                Self::Exec(mut channel) => {
                    let (how, what) = match &request.kind {
                        Kind::Door(Door::Exec(command, _), _) => ("exec", command),
                        Kind::Door(Door::Subsystem(name), _) => ("subsystem", name),
                        _ => return Ok(None),
                    };
                    match channel.start(how, what) {
                        Ok(_) => return Ok(Some(channel)),
                        Err(AGAIN) => {
                            *self = Self::Exec(channel);
                            return Ok(None);
                        }
                        Err(code) => return Err(code),
                    }
                }
            }
        }
    }
}

fn open(session: *mut libssh2_sys::LIBSSH2_SESSION, kind: &Kind) -> Result<Channel, Code> {
    match kind {
        Kind::Probe { .. } => Channel::open(session, "probe@pilothouse", 4096, &[]),
        Kind::Door(Door::Socket(path), window) => {
            Channel::open(session, "direct-streamlocal@openssh.com", *window, &streamlocal_message(path))
        }
        Kind::Door(Door::Tcp(host, port), window) => {
            Channel::open(session, "direct-tcpip", *window, &tcp_message(host, *port))
        }
        Kind::Door(Door::Exec(..) | Door::Subsystem(_), window) => {
            Channel::open(session, "session", *window, &[])
        }
    }
}
