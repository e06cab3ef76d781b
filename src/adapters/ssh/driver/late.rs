//! Openings that others did not wait for: libssh2 forgets them, the host does not, and its answer is taken when it comes.
//!
//! libssh2 carries one opening at a time, and a port behind the host may answer after two minutes or never. Its calls
//! cannot give an opening up, nor take an answer that comes later, so three of its own functions are used here; the
//! version of libssh2-sys is pinned for them.
#![expect(unsafe_code, reason = "functions of libssh2 below its calls")]

use std::ffi::{c_int, c_void};
use std::io;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use libssh2_sys as raw;

use super::opening::Request;
use crate::adapters::ssh::channel::{AGAIN, Code};

unsafe extern "C" {
    // libssh2's src/transport.h and src/packet.h.
    fn ssh2_transport_read(session: *mut raw::LIBSSH2_SESSION) -> c_int;
    fn ssh2_transport_send(
        session: *mut raw::LIBSSH2_SESSION,
        bytes: *const u8,
        length: usize,
        more: *const u8,
        more_length: usize,
    ) -> c_int;
    fn ssh2_packet_ask(
        session: *mut raw::LIBSSH2_SESSION,
        kind: u8,
        packet: *mut *mut u8,
        length: *mut usize,
        at: c_int,
        wanted: *const u8,
        wanted_length: usize,
    ) -> c_int;
}

// RFC 4253, 12 and RFC 4254, 9.
const IGNORE: u8 = 2;
const CONFIRMATION: u8 = 91;
const FAILURE: u8 = 92;
const CLOSE: u8 = 97;

/// Ports at once that have not answered; each costs the host a descriptor.
const MOST: usize = 64;
/// Whoever wants the same port within this waits for the same answer; later the host tries anew, for it asks rarely.
const SAME_WITHIN: Duration = Duration::from_secs(30);

/// Takes in what came, for every channel.
pub(super) fn take_in(session: *mut raw::LIBSSH2_SESSION) -> Result<(), Code> {
    loop {
        // SAFETY: the session is alive on this thread.
        match unsafe { ssh2_transport_read(session) } {
            AGAIN | 0 => return Ok(()),
            code if code < 0 => return Err(code),
            _ => {}
        }
    }
}

/// Sends one packet; `false` while keys are exchanged.
fn send(session: *mut raw::LIBSSH2_SESSION, packet: [u8; 5]) -> bool {
    // SAFETY: the session is alive on this thread; the packet is copied, for our socket takes all of it.
    unsafe { ssh2_transport_send(session, packet.as_ptr(), packet.len(), null(), 0) != AGAIN }
}

/// Sends a packet that says nothing; `false` while keys are exchanged.
pub(super) fn say_nothing(session: *mut raw::LIBSSH2_SESSION) -> bool {
    send(session, [IGNORE, 0, 0, 0, 0])
}

/// Takes a packet of that kind for a channel out of those that came; the number after the channel's.
fn taken(session: *mut raw::LIBSSH2_SESSION, kind: u8, id: u32) -> Option<u32> {
    let (mut packet, mut length, id) = (null_mut(), 0, id.to_be_bytes());
    // SAFETY: the session is alive on this thread; the packet is ours then, of that length, and freed once.
    unsafe {
        if ssh2_packet_ask(session, kind, &raw mut packet, &raw mut length, 1, id.as_ptr(), id.len()) != 0 {
            return None;
        }
        let bytes = std::slice::from_raw_parts(packet, length);
        let number = bytes.get(5..9).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes);
        raw::libssh2_free(session, packet.cast::<c_void>());
        Some(number)
    }
}

/// One that the host still tries.
struct Tried {
    /// libssh2's number of the channel.
    id: u32,
    asked: Instant,
    requests: Vec<Request>,
}

/// All that the host has not answered.
#[derive(Default)]
pub(super) struct Late {
    tried: Vec<Tried>,
    /// What tells the host that a channel is not wanted any more.
    farewells: Vec<[u8; 5]>,
}

impl Late {
    pub(super) fn is_full(&self) -> bool {
        self.tried.len() >= MOST
    }

    /// Waits for the answer behind libssh2's back.
    pub(super) fn put(&mut self, id: u32, asked: Instant, request: Request) {
        self.tried.push(Tried { id, asked, requests: vec![request] });
    }

    /// Gives the request back where nothing is tried that it could wait for.
    pub(super) fn join(&mut self, request: Request) -> Option<Request> {
        let same = self.tried.iter_mut().find(|tried| {
            tried.asked.elapsed() < SAME_WITHIN && tried.requests.iter().any(|r| r.is_for_same_port(&request))
        });
        let Some(same) = same else { return Some(request) };
        // One stays, also where nobody waits for it: it says which port it is.
        same.requests.retain(|r| !r.is_given_up());
        same.requests.push(request);
        None
    }

    /// Refuses what the host refused; gives back what it would do now.
    pub(super) fn answered(&mut self, session: *mut raw::LIBSSH2_SESSION) -> Vec<Request> {
        let (mut possible, farewells) = (Vec::new(), &mut self.farewells);
        self.tried.retain_mut(|tried| {
            if let Some(theirs) = taken(session, CONFIRMATION, tried.id) {
                let [a, b, c, d] = theirs.to_be_bytes();
                farewells.push([CLOSE, a, b, c, d]);
                let took = tried.asked.elapsed();
                possible.extend(tried.requests.drain(..).map(|request| request.once_more(took)));
            } else if taken(session, FAILURE, tried.id).is_some() {
                for request in tried.requests.drain(..) {
                    request.refuse(io::Error::other("the host could not connect to it"));
                }
            } else {
                return true;
            }
            false
        });
        farewells.retain(|packet| !send(session, *packet));
        possible
    }
}
