//! A TCP proxy of the tests' own on loopback: it cuts, falls silent, delays and narrows what goes through it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

const PIECE: usize = 16 << 10;

#[derive(Default)]
struct Shared {
    open: Mutex<Vec<TcpStream>>,
    accepted: AtomicUsize,
    is_refusing: AtomicBool,
    is_over: AtomicBool,
    delay_ms: AtomicU64,
    bytes_a_second: AtomicU64,
}

/// Stands in front of a port of this machine until it is dropped.
pub struct Wire {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
}

impl Wire {
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wire = Self { port: listener.local_addr().unwrap().port(), shared: Arc::default() };
        let shared = Arc::clone(&wire.shared);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                shared.accepted.fetch_add(1, Ordering::SeqCst);
                // Closed at once, as a server that is down behind a balancer.
                if !shared.is_refusing.load(Ordering::SeqCst) {
                    join(&shared, near, port);
                }
            }
        });
        wire
    }

    /// Each way takes so long, whatever its size, and lets so much through in a second; 0 is no limit.
    pub fn slow(&self, delay: Duration, bytes_a_second: u64) {
        self.shared.delay_ms.store(delay.as_millis() as u64, Ordering::SeqCst);
        self.shared.bytes_a_second.store(bytes_a_second, Ordering::SeqCst);
    }

    /// Ends all connections.
    pub fn cut(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            // Ended by itself already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// From now on connections end as soon as they are made, or not.
    pub fn refuse(&self, is_refusing: bool) {
        self.shared.is_refusing.store(is_refusing, Ordering::SeqCst);
    }

    /// Connections taken so far.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the listener, which then ends.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn join(shared: &Arc<Shared>, near: TcpStream, port: u16) {
    let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else { return };
    for stream in [&near, &far] {
        stream.set_nodelay(true).unwrap();
        shared.open.lock().unwrap().push(stream.try_clone().unwrap());
    }
    carry(shared, near.try_clone().unwrap(), far.try_clone().unwrap());
    carry(shared, far, near);
}

/// One way: a reader that stamps what comes, and a writer that lets it go when its time has come.
fn carry(shared: &Arc<Shared>, mut from: TcpStream, mut to: TcpStream) {
    // Full: the reader waits, and the sender behind it.
    let (tell, told) = mpsc::sync_channel::<(Instant, Vec<u8>)>(64);
    let reading = Arc::clone(shared);
    std::thread::spawn(move || {
        let mut piece = vec![0; PIECE];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            let delay = Duration::from_millis(reading.delay_ms.load(Ordering::SeqCst));
            if tell.send((Instant::now() + delay, piece[..count].to_vec())).is_err() {
                return;
            }
        }
    });
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        for (due, bytes) in told {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
            let rate = shared.bytes_a_second.load(Ordering::SeqCst);
            if rate > 0 {
                std::thread::sleep(Duration::from_secs_f64(bytes.len() as f64 / rate as f64));
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
