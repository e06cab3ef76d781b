//! As much HTTP/1.1 as the shop needs: no body in, small bodies out, connections that stay open for more requests. For
//! this toy alone.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    control::{self, Mode},
    ending,
};

pub const PORT: u16 = 8080;

/// Connections served at once; more are closed at once. A thread each, 64 KiB of stack.
const AT_ONCE: usize = 64;
/// How long connections may take to end once the service ends.
const FINISHED_WITHIN: Duration = Duration::from_secs(6);

pub struct Request {
    pub method: String,
    pub path: String,
    pub request_id: String,
    pub began: Instant,
    /// The caller may ask more on the same connection.
    may_stay: bool,
}

pub struct Response {
    pub status: u16,
    pub body: String,
}

impl Response {
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into() }
    }
}

/// Serves until it is told to end.
pub fn serve(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Result<(), String> {
    listen(PORT, move |stream| {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let _ = stream.set_write_timeout(Some(Duration::from_secs(5)));
        let mut lines = BufReader::new(&stream);
        while let Some(request) = read_request(&mut lines) {
            slow_down();
            let response = answer(&request);
            let stays = request.may_stay && !ending::is_near() && control::mode() != Mode::Down;
            let text = format!(
                "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\nx-request-id: {}\r\ncontent-length: {}\r\nconnection: {}\r\n\r\n{}",
                response.status,
                reason(response.status),
                request.request_id,
                response.body.len(),
                if stays { "keep-alive" } else { "close" },
                response.body
            );
            // The caller may have gone; its own log says so.
            if (&stream).write_all(text.as_bytes()).is_err() || !stays {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Write);
    })
}

/// Accepts connections on a port, each on a thread of its own; a service that is down closes them unanswered. Told to end
/// it takes no more of them, and finishes those that are there.
pub fn listen(port: u16, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Result<(), String> {
    static OPEN: AtomicUsize = AtomicUsize::new(0);
    let listener =
        TcpListener::bind(("0.0.0.0", port)).map_err(|why| format!("cannot listen on {port}: {why}"))?;
    let serve: &'static _ = Box::leak(Box::new(serve));
    ending::wake_at(port);
    loop {
        if ending::is_near() {
            // Whoever is waiting already is served too.
            let _ = listener.set_nonblocking(true);
        }
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(why) if why.kind() == ErrorKind::WouldBlock => break,
            Err(_) => continue,
        };
        if control::mode() == Mode::Down || OPEN.load(Ordering::Relaxed) >= AT_ONCE {
            continue;
        }
        let _ = stream.set_nonblocking(false);
        OPEN.fetch_add(1, Ordering::Relaxed);
        let started = thread::Builder::new().stack_size(64 << 10).spawn(move || {
            serve(stream);
            OPEN.fetch_sub(1, Ordering::Relaxed);
        });
        if started.is_err() {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }
    drop(listener);
    let until = Instant::now() + FINISHED_WITHIN;
    while OPEN.load(Ordering::Relaxed) > 0 && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// What every service does before it answers while it is slow.
pub fn slow_down() {
    if control::mode() == Mode::Slow {
        thread::sleep(control::SLOW);
    }
}

fn read_request(stream: &mut impl BufRead) -> Option<Request> {
    // At most 8 KiB of head.
    let mut lines = stream.take(8 << 10).lines().map_while(Result::ok);
    let first = lines.next()?;
    let began = Instant::now();
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let request_id = headers
        .iter()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("x-request-id"))
        .map_or_else(|| new_id(), |(_, value)| value.trim().chars().take(64).collect());
    let ends = |line: &String| line.to_ascii_lowercase().replace(' ', "") == "connection:close";
    let may_stay = first.ends_with("HTTP/1.1") && !headers.iter().any(ends);
    Some(Request { method, path, request_id, began, may_stay })
}

/// GET from a service by its name on the network; every replica is tried, another one first each time.
pub fn get(host: &str, path: &str, request_id: &str, within: Duration) -> Result<Response, String> {
    let mut stream = connect(host, PORT, within)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nx-request-id: {request_id}\r\nconnection: close\r\n\r\n"
    )
    .map_err(|why| format!("{host}: {why}"))?;
    let mut text = String::new();
    stream.take(64 << 10).read_to_string(&mut text).map_err(|why| timed_out(host, within, &why))?;
    let (head, body) =
        text.split_once("\r\n\r\n").ok_or_else(|| format!("{host} closed without an answer"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Response::json(status, body))
}

/// Connects to one of the replicas behind a name, with the time limit for connecting, reading and writing each.
pub fn connect(host: &str, port: u16, within: Duration) -> Result<TcpStream, String> {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let mut addresses: Vec<SocketAddr> =
        (host, port).to_socket_addrs().map_err(|why| format!("{host}: {why}"))?.collect();
    // The resolver may answer in any order; sorted, turns are fair.
    addresses.sort();
    let count = addresses.len().max(1);
    addresses.rotate_left(TURN.fetch_add(1, Ordering::Relaxed) % count);
    let mut last = format!("{host}: no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, within) {
            Ok(stream) => {
                let _ = stream.set_read_timeout(Some(within));
                let _ = stream.set_write_timeout(Some(within));
                return Ok(stream);
            }
            Err(why) => last = timed_out(host, within, &why),
        }
    }
    Err(last)
}

pub fn timed_out(host: &str, within: Duration, why: &std::io::Error) -> String {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    match why.kind() {
        TimedOut | WouldBlock => format!("{host} timeout after {} ms", within.as_millis()),
        _ => format!("{host}: {why}"),
    }
}

/// Asks this container's own server; for the engine's HEALTHCHECK.
pub fn check(path: &str) -> Result<String, String> {
    let began = Instant::now();
    let response = get("127.0.0.1", path, "healthcheck", Duration::from_millis(2500))?;
    let text =
        format!("GET {path} {} in {} ms: {}", response.status, began.elapsed().as_millis(), response.body);
    if response.status == 200 { Ok(text) } else { Err(text) }
}

/// Sixteen hexadecimal digits, different in every process and every call.
pub fn new_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:016x}", RandomState::new().hash_one(Instant::now().elapsed()))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        404 => "Not Found",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Error",
    }
}
