//! A strict client of a service, as another container of its network sees it: constant rate, bounded time, and no request
//! is ever made twice. Whatever is not a whole answer with a status of success counts as failed.

mod answers;
pub mod service;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

pub use answers::Answers;

const PORT: u16 = 8080;
/// Every request is begun so long after the one before, by each kind of client.
const EVERY: Duration = Duration::from_millis(10);
/// Where a container joins its network, its name is there some moments before itself: what is lost then is sent again
/// by the system after a second.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
/// No load goes on for longer.
const AT_MOST: Duration = Duration::from_secs(180);

/// How a client uses its connections.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A new one for each request, to the first address that the name has.
    First,
    /// A new one for each request; where nobody listens at one address the next is tried. Nothing was asked there yet.
    Next,
    /// One that is kept, until the service says that it closes it; then as [`Kind::Next`].
    Kept,
}

pub const KINDS: [Kind; 3] = [Kind::First, Kind::Next, Kind::Kept];

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub kind: Kind,
    pub began: Instant,
    pub ended: Instant,
    /// The version that answered, or why none did.
    pub answer: Result<String, String>,
}

/// A load that goes on until it is stopped.
pub struct Load {
    is_over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
    asked: Receiver<Asked>,
    counts: Arc<[AtomicUsize; 3]>,
}

impl Load {
    /// Asks the service of this name, from the network of the container that has this process.
    pub fn begin(pid: u32, name: &'static str) -> Self {
        let network = Arc::new(File::open(format!("/proc/{pid}/ns/net")).expect("the client's network"));
        let is_over = Arc::new(AtomicBool::new(false));
        let (tell, asked) = channel();
        let counts: Arc<[AtomicUsize; 3]> = Arc::default();
        let client = |kind| {
            let (network, is_over, tell) = (Arc::clone(&network), Arc::clone(&is_over), tell.clone());
            let counts = Arc::clone(&counts);
            std::thread::spawn(move || {
                move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                let mut client = Client { kind, name, open: None, turn: 0 };
                client.ask_until(&is_over, |asked| {
                    counts[kind as usize].fetch_add(1, Ordering::Relaxed);
                    // Whoever listens has all of it until the end.
                    tell.send(asked).expect("somebody listens");
                });
            })
        };
        let clients = KINDS.map(client).into();
        Self { is_over, clients, asked, counts }
    }

    /// Waits until so many more requests of each kind came to an end.
    pub fn after(&self, more: usize) {
        for count in self.counts.iter() {
            let from = count.load(Ordering::Relaxed);
            let end = Instant::now() + Duration::from_secs(60);
            while count.load(Ordering::Relaxed) < from + more {
                assert!(Instant::now() < end, "the load stands still");
                sleep(EVERY);
            }
        }
    }

    /// Ends it; gives all that was asked.
    pub fn end(self) -> Answers {
        self.is_over.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().expect("the client goes on");
        }
        Answers(self.asked.into_iter().collect())
    }
}

/// As long as it may take still; a limit of none is an error.
fn left(until: Instant) -> Result<Duration, String> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err("no answer in time".to_owned()) } else { Ok(left) }
}

struct Client {
    kind: Kind,
    name: &'static str,
    open: Option<TcpStream>,
    turn: usize,
}

impl Client {
    fn ask_until(&mut self, is_over: &AtomicBool, tell: impl Fn(Asked)) {
        let begun = Instant::now();
        let mut next = begun;
        while !is_over.load(Ordering::Relaxed) && begun.elapsed() < AT_MOST {
            sleep(next.saturating_duration_since(Instant::now()));
            let began = Instant::now();
            // What is late is not made up for: the rate is bounded.
            next = began + EVERY;
            let answer = self.ask();
            if answer.is_err() {
                self.open = None;
            }
            tell(Asked { kind: self.kind, began, ended: Instant::now(), answer });
        }
    }

    fn ask(&mut self) -> Result<String, String> {
        let stream = match self.open.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        let (head, body) = exchange(&stream)?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        if !status.starts_with('2') {
            return Err(format!("status {status}"));
        }
        if self.kind == Kind::Kept && !head.to_ascii_lowercase().contains("connection: close") {
            self.open = Some(stream);
        }
        let json: serde_json::Value =
            serde_json::from_slice(&body).map_err(|_| "half an answer".to_owned())?;
        json["version"].as_str().map(str::to_owned).ok_or_else(|| "an answer without a version".to_owned())
    }

    fn connect(&mut self) -> Result<TcpStream, String> {
        let mut addresses = resolve(self.name)?;
        addresses.sort();
        self.turn = self.turn.wrapping_add(1);
        let count = addresses.len();
        addresses.rotate_left(self.turn % count);
        let tries = if self.kind == Kind::First { 1 } else { count };
        let mut last = String::new();
        for address in addresses.iter().take(tries) {
            let to = SocketAddr::from((*address, PORT));
            match TcpStream::connect_timeout(&to, CONNECTED_WITHIN) {
                Ok(stream) => {
                    stream.set_nodelay(true).unwrap();
                    return Ok(stream);
                }
                Err(error) => last = format!("connect: {}", error.kind()),
            }
        }
        Err(last)
    }
}

/// One request and its answer: the head, and all of the body that it announces.
fn exchange(mut stream: &TcpStream) -> Result<(String, Vec<u8>), String> {
    let until = Instant::now() + ANSWERED_WITHIN;
    stream.set_write_timeout(Some(left(until)?)).unwrap();
    let request = "GET /health HTTP/1.1\r\nhost: web\r\nx-request-id: healthcheck\r\n\r\n";
    stream.write_all(request.as_bytes()).map_err(|error| format!("write: {}", error.kind()))?;
    let (mut seen, mut part) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&seen[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            let length = length.ok_or_else(|| "an answer without a length".to_owned())?;
            if seen.len() >= end + 4 + length {
                return Ok((head, seen[end + 4..end + 4 + length].to_vec()));
            }
        }
        stream.set_read_timeout(Some(left(until)?)).unwrap();
        match stream.read(&mut part) {
            Ok(0) => return Err("closed without an answer".to_owned()),
            Ok(count) => seen.extend_from_slice(&part[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Err("no answer in time".to_owned());
            }
            Err(error) => return Err(format!("read: {}", error.kind())),
        }
    }
}

/// Addresses of a name, by the engine's own name server, asked each time.
fn resolve(name: &str) -> Result<Vec<Ipv4Addr>, String> {
    let failed = |error: std::io::Error| format!("name server: {}", error.kind());
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0)).map_err(failed)?;
    socket.set_read_timeout(Some(CONNECTED_WITHIN)).map_err(failed)?;
    socket.connect(("127.0.0.11", 53)).map_err(failed)?;
    let mut query = vec![0x50, 0x48, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.push(u8::try_from(name.len()).expect("a short name"));
    query.extend(name.bytes());
    query.extend([0, 0, 1, 0, 1]);
    socket.send(&query).map_err(failed)?;
    let mut answer = [0; 1024];
    let count = socket.recv(&mut answer).map_err(failed)?;
    let answer = &answer[..count];
    let count = answer.get(7).copied().unwrap_or_default();
    let mut rest = answer.get(query.len()..).unwrap_or_default();
    let mut addresses = Vec::new();
    for _ in 0..count {
        // The name of each record is a pointer or the name again.
        let named = if rest.first().is_some_and(|b| b & 0xc0 == 0xc0) { 2 } else { name.len() + 2 };
        let Some(record) = rest.get(named..named + 10) else { break };
        let length = usize::from(u16::from_be_bytes([record[8], record[9]]));
        let data = rest.get(named + 10..named + 10 + length).unwrap_or_default();
        if let Ok(four) = <[u8; 4]>::try_from(data) {
            addresses.push(Ipv4Addr::from(four));
        }
        rest = rest.get(named + 10 + length..).unwrap_or_default();
    }
    if addresses.is_empty() { Err("the name has no address".to_owned()) } else { Ok(addresses) }
}
