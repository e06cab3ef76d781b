//! A libssh2 channel without `ssh2::Channel`: its own window size, no scan per read, freed by its owner alone.
//!
//! Used on the driver's thread only. Every call may say [`AGAIN`] and is then repeated with the same arguments.
#![expect(
    unsafe_code,
    reason = "calls of libssh2 that the ssh2 crate does not offer or does not make safely"
)]

use std::ffi::{c_char, c_int, c_uint};
use std::io;
use std::ptr::{null, null_mut};

use libssh2_sys as raw;

unsafe extern "C" {
    // libssh2 1.11.0 and later; not in libssh2-sys.
    fn libssh2_channel_signal_ex(
        channel: *mut raw::LIBSSH2_CHANNEL,
        name: *const c_char,
        length: usize,
    ) -> c_int;
}

/// libssh2's "try again later"; it does not mean that the socket is empty.
pub(super) const AGAIN: i32 = -37;
/// Nothing could be received.
pub(super) const NOT_RECEIVED: i32 = -43;
/// The other side opens no such channel, or does not start what was asked for in it.
const REFUSED: [Code; 2] = [-21, -22];
/// Largest packet that the other side may send.
const PACKET: c_uint = 32_768;

/// A return code of libssh2, below zero.
pub(super) type Code = i32;

/// An open channel. Its session outlives it: the driver drops channels first.
pub(super) struct Channel {
    session: *mut raw::LIBSSH2_SESSION,
    channel: *mut raw::LIBSSH2_CHANNEL,
}

fn checked(code: isize) -> Result<usize, Code> {
    usize::try_from(code).map_err(|_| code as Code)
}

/// The session's last words on a code, as an error.
pub(super) fn told(session: *mut raw::LIBSSH2_SESSION, code: Code) -> io::Error {
    let (mut message, mut length) = (null_mut(), 0);
    // SAFETY: the session is alive on this thread; libssh2 keeps the message until its next call, and it is copied here.
    let text = unsafe {
        let last = raw::libssh2_session_last_error(session, &raw mut message, &raw mut length, 0);
        (last == code && !message.is_null())
            .then(|| std::slice::from_raw_parts(message.cast::<u8>(), usize::try_from(length).unwrap_or(0)))
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let kind = if REFUSED.contains(&code) { io::ErrorKind::ConnectionRefused } else { io::ErrorKind::Other };
    io::Error::new(kind, text.map_or_else(|| format!("libssh2 error {code}"), |t| format!("{t} ({code})")))
}

impl Channel {
    /// Opens a channel of `kind` with a receive window of `window` bytes. libssh2 keeps one open per session, so it is
    /// repeated with the same arguments until it is done.
    pub(super) fn open(
        session: *mut raw::LIBSSH2_SESSION,
        kind: &str,
        window: u32,
        message: &[u8],
    ) -> Result<Self, Code> {
        let body = if message.is_empty() { null() } else { message.as_ptr().cast::<c_char>() };
        // SAFETY: the session is alive on this thread; both buffers are valid for the lengths told and are copied.
        let channel = unsafe {
            raw::libssh2_channel_open_ex(
                session,
                kind.as_ptr().cast(),
                kind.len() as c_uint,
                window,
                PACKET,
                body,
                message.len() as c_uint,
            )
        };
        if channel.is_null() {
            // SAFETY: the session is alive on this thread.
            let code = unsafe { raw::libssh2_session_last_errno(session) };
            return Err(if code == 0 { -1 } else { code });
        }
        Ok(Self { session, channel })
    }

    /// Reads of stream 0 (output) or 1 (errors); 0 bytes mean nothing now or the end, see [`Channel::is_at_end`].
    pub(super) fn read(&mut self, stream: c_int, into: &mut [u8]) -> Result<usize, Code> {
        // SAFETY: the channel is alive; the buffer is valid for its length.
        checked(unsafe {
            raw::libssh2_channel_read_ex(self.channel, stream, into.as_mut_ptr().cast(), into.len())
        })
    }

    /// Writes some of it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize, Code> {
        // SAFETY: the channel is alive; the buffer is valid for its length.
        checked(unsafe { raw::libssh2_channel_write_ex(self.channel, 0, bytes.as_ptr().cast(), bytes.len()) })
    }

    /// The other side will send no more.
    pub(super) fn is_at_end(&self) -> bool {
        // SAFETY: the channel is alive.
        unsafe { raw::libssh2_channel_eof(self.channel) != 0 }
    }

    /// Tells the other side that no more will be sent.
    pub(super) fn send_end(&mut self) -> Result<usize, Code> {
        // SAFETY: the channel is alive.
        checked(unsafe { raw::libssh2_channel_send_eof(self.channel) } as isize)
    }

    /// Closes both directions.
    pub(super) fn close(&mut self) -> Result<usize, Code> {
        // SAFETY: the channel is alive.
        checked(unsafe { raw::libssh2_channel_close(self.channel) } as isize)
    }

    /// Asks for a terminal of that width and height.
    pub(super) fn terminal(&mut self, kind: &str, (width, height): (u16, u16)) -> Result<usize, Code> {
        // SAFETY: the channel is alive; the name is valid for its length.
        checked(unsafe {
            raw::libssh2_channel_request_pty_ex(
                self.channel,
                kind.as_ptr().cast(),
                kind.len() as c_uint,
                null(),
                0,
                c_int::from(width),
                c_int::from(height),
                0,
                0,
            )
        } as isize)
    }

    /// Tells the terminal its new width and height.
    pub(super) fn resize(&mut self, (width, height): (u16, u16)) -> Result<usize, Code> {
        // SAFETY: the channel is alive.
        checked(unsafe {
            raw::libssh2_channel_request_pty_size_ex(
                self.channel,
                c_int::from(width),
                c_int::from(height),
                0,
                0,
            )
        } as isize)
    }

    /// Starts a command line in the user's shell (`exec`), or a part of the server (`subsystem`).
    pub(super) fn start(&mut self, how: &str, what: &str) -> Result<usize, Code> {
        // SAFETY: the channel is alive; both texts are valid for their lengths.
        checked(unsafe {
            raw::libssh2_channel_process_startup(
                self.channel,
                how.as_ptr().cast(),
                how.len() as c_uint,
                what.as_ptr().cast(),
                what.len() as c_uint,
            )
        } as isize)
    }

    /// Sends a signal to the command's process group. sshd passes it on from 7.9 on, and never for a login that its
    /// configuration forces a command on.
    pub(super) fn signal(&mut self, name: &str) -> Result<usize, Code> {
        // SAFETY: the channel is alive; the name is valid for its length.
        checked(unsafe { libssh2_channel_signal_ex(self.channel, name.as_ptr().cast(), name.len()) } as isize)
    }

    /// Exit status of what ran, once closed; `None` when a signal ended it.
    pub(super) fn exit_status(&self) -> Option<i32> {
        let (mut signal, mut length) = (null_mut(), 0);
        // SAFETY: the channel and its session are alive; the name of the signal is ours to free.
        unsafe {
            raw::libssh2_channel_get_exit_signal(
                self.channel,
                &raw mut signal,
                &raw mut length,
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut(),
            );
            if !signal.is_null() {
                raw::libssh2_free(self.session, signal.cast());
                return None;
            }
            Some(raw::libssh2_channel_get_exit_status(self.channel))
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // SAFETY: freed once, by its owner on the driver's thread, after `close` ended or on a transport that is dead,
        // where libssh2 does not ask to try again.
        unsafe { raw::libssh2_channel_free(self.channel) };
    }
}

fn put_text(message: &mut Vec<u8>, text: &str) {
    message.extend_from_slice(&(text.len() as u32).to_be_bytes());
    message.extend_from_slice(text.as_bytes());
}

/// Body of a `direct-streamlocal@openssh.com` open (OpenSSH PROTOCOL, 2.4).
pub(super) fn streamlocal_message(path: &str) -> Vec<u8> {
    let mut message = Vec::new();
    put_text(&mut message, path);
    message.extend_from_slice(&[0; 8]);
    message
}

/// Body of a `direct-tcpip` open (RFC 4254, 7.2).
pub(super) fn tcp_message(host: &str, port: u16) -> Vec<u8> {
    let mut message = Vec::new();
    put_text(&mut message, host);
    message.extend_from_slice(&u32::from(port).to_be_bytes());
    put_text(&mut message, "127.0.0.1");
    message.extend_from_slice(&22_u32.to_be_bytes());
    message
}
