//! The session's socket: libssh2 sends and receives through these two callbacks.
//!
//! A send never says "again", so no half-sent packet stays inside libssh2; a receive is budgeted, so one busy channel
//! cannot fill libssh2's list of packets.
#![expect(unsafe_code, reason = "callbacks that libssh2 calls with a pointer of ours")]

use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::time::Instant;

use libssh2_sys as raw;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send, sockopt};

/// Bytes taken from the socket in one pass.
pub(super) const BUDGET: usize = 256 << 10;

// libssh2.h: LIBSSH2_CALLBACK_SEND, LIBSSH2_CALLBACK_RECV.
const SEND: c_int = 5;
const RECV: c_int = 6;

unsafe extern "C" {
    // libssh2 1.11.1 and later; not in libssh2-sys.
    fn libssh2_session_callback_set2(
        session: *mut raw::LIBSSH2_SESSION,
        which: c_int,
        callback: *const c_void,
    ) -> *mut c_void;
}

/// The socket with what waits to be sent and how it stands.
pub(super) struct Socket {
    fd: OwnedFd,
    session: *mut raw::LIBSSH2_SESSION,
    /// What the kernel did not take yet.
    pub(super) out: VecDeque<u8>,
    /// The last receive found the socket empty.
    pub(super) is_drained: bool,
    /// Bytes that may still be received in this pass.
    pub(super) budget: usize,
    /// Nothing is received: the call that tries is to give up.
    gives_up: bool,
    /// Why it can be used no more.
    pub(super) dead: Option<Errno>,
    /// When something was last received.
    pub(super) heard: Instant,
    /// Bytes received so far.
    pub(super) received: u64,
}

impl Socket {
    /// Of an authenticated session; its callbacks are set by [`Installed::new`].
    pub(super) fn new(fd: OwnedFd, session: *mut raw::LIBSSH2_SESSION) -> Self {
        Self {
            fd,
            session,
            out: VecDeque::new(),
            is_drained: false,
            budget: BUDGET,
            gives_up: false,
            dead: None,
            heard: Instant::now(),
            received: 0,
        }
    }

    /// Sends what the kernel takes now.
    pub(super) fn flush(&mut self) {
        while self.dead.is_none() && !self.out.is_empty() {
            match send_now(self.fd.as_fd(), self.out.as_slices().0) {
                Ok(0) => return,
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) => self.dead = Some(error),
            }
        }
    }

    /// Ends the connection; everything after it fails at once.
    pub(super) fn end(&mut self) {
        self.dead.get_or_insert(Errno::CONNRESET);
        // Already closed by the other side: there is nothing to shut down then.
        let _ = rustix::net::shutdown(&self.fd, rustix::net::Shutdown::Both);
    }

    /// Until [`Socket::go_on`] nothing is received; whoever tries gives up what it does where that is wanted.
    pub(super) fn hold_back(&mut self, gives_up: bool) -> usize {
        self.gives_up = gives_up;
        std::mem::take(&mut self.budget)
    }

    /// With what was left when it was held back.
    pub(super) fn go_on(&mut self, budget: usize) {
        (self.gives_up, self.budget) = (false, budget);
    }

    fn receive(&mut self, into: &mut [u8]) -> isize {
        if let Some(error) = self.dead {
            return refused(error);
        }
        if self.gives_up {
            return refused(Errno::CANCELED);
        }
        // SAFETY: called by libssh2 for this session on the driver's thread.
        if unsafe { raw::libssh2_session_get_blocking(self.session) } != 0 {
            // A dropped `ssh2::File` switches to blocking for one call, which must see what comes.
            self.flush();
        } else if self.is_drained || self.budget == 0 {
            return refused(Errno::AGAIN);
        }
        loop {
            match recv(&self.fd, &mut *into, RecvFlags::DONTWAIT).map(|(_, count)| count) {
                Ok(0) => {
                    self.dead = Some(Errno::CONNRESET);
                    return 0;
                }
                Ok(count) => {
                    self.heard = Instant::now();
                    self.received += count as u64;
                    self.budget = self.budget.saturating_sub(count);
                    return count as isize;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.is_drained = true;
                    // sshd holds small packets back until the last one was acknowledged; without this each small
                    // answer takes 40 ms. Not every socket is TCP: a jump's is a socket pair.
                    let _ = sockopt::set_tcp_quickack(&self.fd, true);
                    return refused(Errno::AGAIN);
                }
                Err(error) => {
                    self.dead = Some(error);
                    return refused(error);
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> isize {
        if let Some(error) = self.dead {
            return refused(error);
        }
        let sent = if self.out.is_empty() { send_now(self.fd.as_fd(), bytes) } else { Ok(0) };
        match sent {
            Ok(count) => {
                self.out.extend(&bytes[count..]);
                bytes.len() as isize
            }
            Err(error) => {
                self.dead = Some(error);
                refused(error)
            }
        }
    }
}

fn refused(error: Errno) -> isize {
    -(error.raw_os_error() as isize)
}

fn send_now(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    let mut sent = 0;
    while sent < bytes.len() {
        match send(fd, &bytes[sent..], SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
            Ok(count) => sent += count,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

/// The socket where libssh2 finds it. Not a box: libssh2's callbacks reach it by a pointer while the driver runs.
pub(super) struct Installed(NonNull<Socket>);

impl Installed {
    /// Makes libssh2 use the socket through the callbacks. Nothing else may use the session's abstract pointer, so
    /// authentication must be over; the session must be dropped before this.
    pub(super) fn new(socket: Socket) -> Self {
        let session = socket.session;
        let ours = NonNull::from(Box::leak(Box::new(socket)));
        // SAFETY: the session is alive; what it points to lives until this is dropped, after the session.
        unsafe {
            *raw::libssh2_session_abstract(session) = ours.as_ptr().cast();
            libssh2_session_callback_set2(session, SEND, on_send as *const c_void);
            libssh2_session_callback_set2(session, RECV, on_receive as *const c_void);
        }
        Self(ours)
    }

    /// The socket, between two calls of libssh2.
    pub(super) fn get(&mut self) -> &mut Socket {
        // SAFETY: made in `new`, freed in `drop`; libssh2 does not run while this borrow of the only owner lasts.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        // SAFETY: made by `Box::leak` in `new`, freed once.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

unsafe extern "C" fn on_send(
    _: c_int,
    bytes: *const c_void,
    length: usize,
    _: c_int,
    ours: *mut *mut c_void,
) -> isize {
    // SAFETY: `Installed::new` put a `Socket` there, and libssh2 is only called on the thread that owns it, never while the
    // driver holds a reference into it; the buffer is valid for its length.
    let (socket, bytes) =
        unsafe { (&mut *(*ours).cast::<Socket>(), std::slice::from_raw_parts(bytes.cast::<u8>(), length)) };
    socket.take(bytes)
}

unsafe extern "C" fn on_receive(
    _: c_int,
    into: *mut c_void,
    length: usize,
    _: c_int,
    ours: *mut *mut c_void,
) -> isize {
    // SAFETY: as in `on_send`; libssh2 hands a buffer of that length which it initialised.
    let (socket, into) = unsafe {
        (&mut *(*ours).cast::<Socket>(), std::slice::from_raw_parts_mut(into.cast::<u8>(), length))
    };
    socket.receive(into)
}
