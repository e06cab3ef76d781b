//! One channel pumped to a pipe and back, without ever waiting.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::oneshot;

use crate::adapters::ssh::channel::{self, AGAIN, Channel, Code};
use crate::adapters::ssh::link::Place;

/// Above this many unsent bytes nothing more is taken from the application.
const OUT_HIGH: usize = 256 << 10;
/// Pieces read of one channel before the others get their turn.
const TURNS: usize = 4;

/// How far a channel's life is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stand {
    Open,
    Closing,
    Gone,
}

/// Bytes read from one side that the other has not taken yet.
#[derive(Default)]
struct Rest {
    bytes: Vec<u8>,
    at: usize,
}

impl Rest {
    fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn fill(&mut self, bytes: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.at = 0;
    }

    fn left(&self) -> &[u8] {
        &self.bytes[self.at..]
    }
}

/// What a step did.
#[derive(Default)]
pub(super) struct Step {
    pub(super) has_moved: bool,
    pub(super) is_waiting: bool,
}

pub(super) struct Pipe {
    pub(super) id: u32,
    pub(super) channel: Channel,
    pub(super) stand: Stand,
    ours: DuplexStream,
    errors: Option<DuplexStream>,
    application: Weak<()>,
    /// Told before the end: nothing is missing in front of it.
    is_whole: Arc<AtomicBool>,
    /// Given back when the channel is gone.
    _place: Option<Place>,
    status: Option<oneshot::Sender<Option<i32>>>,
    to_application: Rest,
    to_errors: Rest,
    to_host: Rest,
    has_application_ended: bool,
    is_end_sent: bool,
    has_host_ended: bool,
    is_command: bool,
}

/// Whether a code means that the whole connection is broken: socket, protocol, key exchange, cipher.
pub(super) fn is_fatal(code: Code) -> bool {
    matches!(code, -4 | -5 | -7 | -12 | -13 | -14 | -30 | -43 | -44 | -45)
}

impl Pipe {
    pub(super) fn new(
        id: u32,
        channel: Channel,
        ours: DuplexStream,
        application: Weak<()>,
        is_whole: Arc<AtomicBool>,
        place: Option<Place>,
    ) -> Self {
        Self {
            id,
            channel,
            stand: Stand::Open,
            ours,
            errors: None,
            application,
            is_whole,
            _place: place,
            status: None,
            to_application: Rest::default(),
            to_errors: Rest::default(),
            to_host: Rest::default(),
            has_application_ended: false,
            is_end_sent: false,
            has_host_ended: false,
            is_command: false,
        }
    }

    pub(super) fn for_command(&mut self, errors: DuplexStream, status: oneshot::Sender<Option<i32>>) {
        (self.errors, self.status, self.is_command) = (Some(errors), Some(status), true);
    }

    /// Moves what can be moved now. Errors are those that end the connection.
    pub(super) fn step(
        &mut self,
        session: *mut libssh2_sys::LIBSSH2_SESSION,
        cx: &mut Context<'_>,
        scratch: &mut [u8],
        unsent: usize,
    ) -> io::Result<Step> {
        let mut step = Step::default();
        let result = (|| {
            if self.stand == Stand::Open {
                self.send(cx, scratch, unsent, &mut step)?;
            }
            if self.stand == Stand::Open {
                self.receive(cx, scratch, &mut step)?;
                self.receive_errors(cx, scratch, &mut step);
                self.end_output(cx, &mut step);
            }
            Ok(())
        })();
        match result {
            Err(code) if is_fatal(code) => return Err(channel::told(session, code)),
            Err(_) => {
                self.stand = Stand::Closing;
                step.has_moved = true;
            }
            Ok(()) => {}
        }
        if self.stand == Stand::Closing {
            self.close(&mut step);
        }
        Ok(step)
    }

    fn send(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &mut [u8],
        unsent: usize,
        step: &mut Step,
    ) -> Result<(), Code> {
        loop {
            if !self.to_host.is_empty() {
                if unsent > OUT_HIGH {
                    return Ok(());
                }
                match self.channel.write(self.to_host.left()) {
                    Ok(0) => return Ok(()),
                    Ok(count) => {
                        self.to_host.at += count;
                        step.has_moved = true;
                    }
                    Err(AGAIN) => {
                        step.is_waiting = true;
                        return Ok(());
                    }
                    Err(code) => return Err(code),
                }
                continue;
            }
            if self.has_application_ended {
                if !self.is_end_sent {
                    match self.channel.send_end() {
                        Err(AGAIN) => step.is_waiting = true,
                        Ok(_) => self.is_end_sent = true,
                        Err(code) => return Err(code),
                    }
                }
                if self.application.strong_count() == 0 {
                    self.stand = Stand::Closing;
                }
                return Ok(());
            }
            let mut into = ReadBuf::new(scratch);
            let Poll::Ready(read) = Pin::new(&mut self.ours).poll_read(cx, &mut into) else { return Ok(()) };
            step.has_moved = true;
            let bytes = if read.is_ok() { into.filled() } else { &[] };
            self.has_application_ended = bytes.is_empty();
            self.to_host.fill(bytes);
        }
    }

    fn receive(&mut self, cx: &mut Context<'_>, scratch: &mut [u8], step: &mut Step) -> Result<(), Code> {
        let mut turns = TURNS;
        loop {
            if !self.to_application.is_empty() {
                match Pin::new(&mut self.ours).poll_write(cx, self.to_application.left()) {
                    Poll::Ready(Ok(count)) => {
                        self.to_application.at += count;
                        step.has_moved = true;
                        continue;
                    }
                    Poll::Ready(Err(_)) => {
                        self.stand = Stand::Closing;
                        return Ok(());
                    }
                    // Back-pressure: the window closes behind us.
                    Poll::Pending => return Ok(()),
                }
            }
            if turns == 0 {
                step.has_moved = true;
                return Ok(());
            }
            turns -= 1;
            match self.channel.read(0, scratch) {
                Ok(0) => {
                    self.has_host_ended = self.channel.is_at_end();
                    return Ok(());
                }
                Ok(count) => {
                    step.has_moved = true;
                    self.to_application.fill(&scratch[..count]);
                }
                Err(AGAIN) => {
                    step.is_waiting = true;
                    return Ok(());
                }
                Err(code) => return Err(code),
            }
        }
    }

    /// Where nobody reads a command's errors they are still taken, so that its window does not close.
    fn receive_errors(&mut self, cx: &mut Context<'_>, scratch: &mut [u8], step: &mut Step) {
        loop {
            if let Some(errors) = self.errors.as_mut().filter(|_| !self.to_errors.is_empty()) {
                match Pin::new(errors).poll_write(cx, self.to_errors.left()) {
                    Poll::Ready(Ok(count)) => {
                        self.to_errors.at += count;
                        step.has_moved = true;
                        continue;
                    }
                    Poll::Ready(Err(_)) => {
                        self.errors = None;
                        self.to_errors.fill(&[]);
                    }
                    Poll::Pending => return,
                }
            }
            match self.channel.read(1, scratch) {
                Ok(count) if count > 0 => {
                    step.has_moved = true;
                    self.to_errors.fill(if self.errors.is_some() { &scratch[..count] } else { &[] });
                }
                // An error here is the channel's, and reading its output says the same.
                _ => return,
            }
        }
    }

    fn end_output(&mut self, cx: &mut Context<'_>, step: &mut Step) {
        let is_all_told = self.to_application.is_empty() && self.to_errors.is_empty();
        if self.has_host_ended && is_all_told {
            self.errors = None;
            self.is_whole.store(true, Ordering::Release);
            if Pin::new(&mut self.ours).poll_shutdown(cx).is_ready() {
                self.stand = Stand::Closing;
                step.has_moved = true;
            }
        }
    }

    fn close(&mut self, step: &mut Step) {
        if std::mem::take(&mut self.is_command) && !self.has_host_ended {
            // A server that does not pass it on says nothing; the command has its own watcher, or reads its end.
            if let Err(code) = self.channel.signal("TERM") {
                tracing::debug!(code, "no signal to a command that is left");
            }
        }
        match self.channel.close() {
            Err(AGAIN) => {
                step.is_waiting = true;
                return;
            }
            Ok(_) => {
                if let Some(tell) = self.status.take() {
                    // Nobody waits for it any more.
                    let _ = tell.send(self.channel.exit_status());
                }
            }
            Err(_) => {}
        }
        self.stand = Stand::Gone;
        step.has_moved = true;
    }
}
