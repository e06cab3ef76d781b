//! What waits to be opened, and the one opening that libssh2 carries at a time.
//!
//! A port behind the host is opened when nothing else waits, and given up to the host when something comes: see `late`.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::late::{self, Late};
use super::opening::{Opening, Request};
use super::pipe::{self, Pipe};
use crate::adapters::ssh::channel;
use crate::adapters::ssh::link::Pace;
use crate::adapters::ssh::socket::Installed;

/// A port behind the host has this long at least while others wait, and three usual round trips.
const TURN: Duration = Duration::from_millis(100);
/// No port holds others up for longer, however far away it is.
const LONGEST_TURN: Duration = Duration::from_secs(1);
/// While keys are exchanged nothing is given up.
const KEYS: Duration = Duration::from_millis(10);

struct Current {
    request: Request,
    opening: Opening,
    /// libssh2's number of the channel.
    id: u32,
    began: Instant,
    /// From then on it gives way.
    turn_ends: Instant,
}

/// What a step came to.
pub(super) enum Came {
    Nothing,
    /// An answer is waited for.
    Waiting,
    /// Something was answered.
    Answer,
}

pub(super) struct Queue {
    waiting: VecDeque<Request>,
    current: Option<Current>,
    late: Late,
    pace: Arc<Mutex<Pace>>,
    /// libssh2 numbers channels as they are asked for.
    next_id: u32,
}

impl Queue {
    pub(super) fn new(pace: Arc<Mutex<Pace>>) -> Self {
        Self { waiting: VecDeque::new(), current: None, late: Late::default(), pace, next_id: 0 }
    }

    pub(super) fn push(&mut self, request: Request) {
        self.waiting.push_back(request);
    }

    /// Before all others.
    pub(super) fn push_first(&mut self, request: Request) {
        self.waiting.push_front(request);
    }

    /// Fails everything that waits; only while libssh2's session lives.
    pub(super) fn clear(&mut self) {
        (self.waiting, self.current, self.late) = (VecDeque::new(), None, Late::default());
    }

    /// The host itself owes an answer: an opening of a port waits for others behind it.
    pub(super) fn awaits_host(&self) -> bool {
        self.current.as_ref().is_some_and(|current| !current.request.is_port())
    }

    /// When the current one gives way to those that wait.
    pub(super) fn turn_ends(&self) -> Option<Instant> {
        let current = self.current.as_ref().filter(|current| current.request.is_port())?;
        self.waiting.iter().any(|request| !request.is_given_up()).then_some(current.turn_ends)
    }

    /// Carries the current one on, or the next one; what comes of it goes to `pipes`, of which there are `most`.
    ///
    /// # Errors
    /// What ends the connection.
    pub(super) fn step(
        &mut self,
        session: *mut libssh2_sys::LIBSSH2_SESSION,
        socket: &mut Installed,
        pipes: &mut Vec<Pipe>,
        most: usize,
    ) -> io::Result<Came> {
        for request in self.late.answered(session) {
            self.waiting.push_front(request);
        }
        if self.current.is_none() {
            self.current = self.next(pipes.len() < most);
        }
        let gives_way = self.turn_ends().is_some_and(|end| Instant::now() >= end);
        let Some(current) = &mut self.current else { return Ok(Came::Nothing) };
        let gives_way = gives_way && {
            current.turn_ends = Instant::now() + KEYS;
            late::say_nothing(session)
        };
        // Everything that came is in libssh2's list already. An answer to another one would confuse it here.
        let hold = socket.get().hold_back(gives_way);
        let answer = current.opening.step(session, &current.request, &self.pace);
        socket.get().go_on(hold);
        if matches!(answer, Ok(None)) {
            return Ok(Came::Waiting);
        }
        let Some(Current { request, id, began, .. }) = self.current.take() else { return Ok(Came::Nothing) };
        match answer {
            Ok(channel) => pipes.extend(channel.and_then(|channel| request.accept(channel, id))),
            Err(channel::NOT_RECEIVED) if gives_way && socket.get().dead.is_none() => {
                self.late.put(id, began, request);
            }
            Err(code) => {
                let error = channel::told(session, code);
                if pipe::is_fatal(code) {
                    return Err(error);
                }
                request.refuse(error);
            }
        }
        Ok(Came::Answer)
    }

    fn next(&mut self, has_room: bool) -> Option<Current> {
        // Whoever asked may have left while it waited.
        self.waiting.retain(|request| !request.is_given_up());
        loop {
            let may_go = |request: &Request| {
                request.is_probe() || (has_room && !(request.is_port() && self.late.is_full()))
            };
            let first = self.waiting.iter().position(|request| !request.is_port() && may_go(request));
            let at = first.or_else(|| self.waiting.iter().position(may_go))?;
            let request = self.waiting.remove(at)?;
            let Some(request) = self.late.join(request) else { continue };
            let id = self.next_id;
            self.next_id = self.next_id.wrapping_add(1);
            let usual = self.pace.lock().unwrap_or_else(PoisonError::into_inner).usual();
            let turn = (TURN.max(usual.unwrap_or(TURN) * 3) + request.took_before() * 2).min(LONGEST_TURN);
            let began = Instant::now();
            return Some(Current { request, opening: Opening::Idle, id, began, turn_ends: began + turn });
        }
    }
}
