//! Told to end by the engine (SIGTERM), the service finishes what it has before it goes: without this, the first process
//! of a container would not even hear it, and be killed when its time is over.

use std::{
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

const TERMINATE: i32 = 15;
const LOOK_EVERY: Duration = Duration::from_millis(5);

static IS_NEAR: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
}

extern "C" fn told(_: i32) {
    IS_NEAR.store(true, Ordering::Relaxed);
}

/// From now on the signal is heard.
pub fn hear() {
    // SAFETY: the handler does nothing but set a flag.
    unsafe { signal(TERMINATE, told) };
}

pub fn is_near() -> bool {
    IS_NEAR.load(Ordering::Relaxed)
}

/// Whoever waits for connections on this port gets one when the end is near, so that it looks.
pub fn wake_at(port: u16) {
    thread::spawn(move || {
        while !is_near() {
            thread::sleep(LOOK_EVERY);
        }
        // It may look already.
        let _ = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), Duration::from_secs(1));
    });
}
