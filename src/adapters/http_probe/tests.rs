//! Probes against servers that answer, lie, dawdle and flood. Loopback only.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::domain::health::Verdict;
use crate::domain::ids::{ContainerId, ContainerKey, HostId};
use crate::domain::probe::{ProbeKind, ProbeSpec, Via};

const SHORT: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(20);

fn target(port: u16, ask: Ask, timeout: Duration) -> Target {
    let (interval, via) = (Duration::from_secs(5), Via::Published);
    Target {
        key: ContainerKey { host: HostId::new("h"), id: ContainerId::new("c") },
        kind: ProbeKind::Ready,
        address: "127.0.0.1".to_owned(),
        port,
        spec: Arc::new(ProbeSpec { ask, port: None, via, interval, timeout }),
    }
}

fn get(path: &str) -> Ask {
    Ask::Http { path: path.to_owned(), expect: 200, headers: Headers::default() }
}

/// What a server of one connection does after it has read a request: pieces, then it holds the line or hangs up.
#[derive(Clone)]
struct Script {
    pieces: Vec<Vec<u8>>,
    hangs_up: bool,
}

fn says(text: &str) -> Script {
    Script { pieces: vec![text.as_bytes().to_vec()], hangs_up: true }
}

/// Asks such a server once; gives the reading and the head of the request.
async fn probed(script: Script, ask: Ask, timeout: Duration) -> (Reading, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let read = stream.read(&mut head).await.unwrap();
        for piece in script.pieces {
            // The other side may have had enough.
            let _ = stream.write_all(&piece).await;
        }
        if !script.hangs_up {
            // Until the other side hangs up.
            let _ = stream.read(&mut [0]).await;
        }
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    let reading = HttpProbe::new(Direct).probe(&target(port, ask, timeout)).await;
    (reading, server.await.unwrap())
}

fn verdict(reading: &Reading) -> String {
    match reading.judge(&get("/")) {
        Verdict::Ok => "ok".to_owned(),
        Verdict::Bad(why) => why,
    }
}

#[tokio::test]
async fn an_answer_is_read_with_its_body() {
    let script = says("HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"ready\":true}"[..].into());
    let (reading, _) = probed(script, get("/"), LONG).await;
    let answer = reading.answer().unwrap();
    assert_eq!((answer.status, answer.is_cut), (200, false));
    assert!(answer.body.starts_with(b"{\"ready\":tru"));
}

#[tokio::test]
async fn the_request_carries_path_host_and_configured_headers() {
    let headers = Headers(vec![
        ("Host".to_owned(), "shop.example".to_owned()),
        ("X-Probe".to_owned(), "yes".to_owned()),
    ]);
    let ask = Ask::Http { path: "/health/ready?full=1".to_owned(), expect: 200, headers };
    let (_, request) = probed(says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), ask, LONG).await;
    assert!(request.starts_with("GET /health/ready?full=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("host: shop.example\r\n") && request.contains("x-probe: yes\r\n"), "{request}");
    assert_eq!(request.to_lowercase().matches("host:").count(), 1, "{request}");
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_named_without_its_value() {
    let headers = Headers(vec![("X-Token".to_owned(), "s3cr3t\n".to_owned())]);
    let ask = Ask::Http { path: "/".to_owned(), expect: 200, headers };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let reading = HttpProbe::new(Direct).probe(&target(port, ask, LONG)).await;
    let text = format!("{reading:?}");
    assert!(text.contains("X-Token") && !text.contains("s3cr3t"), "{text}");
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let script = says("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/x\r\ncontent-length: 0\r\n\r\n");
    let (reading, _) = probed(script, get("/"), LONG).await;
    assert_eq!(verdict(&reading), "302 to http://127.0.0.1:1/x");
}

#[tokio::test]
async fn a_silent_server_is_a_timeout_at_its_time() {
    let script = Script { pieces: Vec::new(), hangs_up: false };
    let (reading, _) = probed(script, get("/"), SHORT).await;
    assert_eq!(reading.outcome, Outcome::TimedOut(Stage::Waiting));
    assert!(reading.took >= SHORT && reading.took < LONG, "{:?}", reading.took);
}

#[tokio::test]
async fn a_body_without_end_is_a_timeout_that_keeps_the_status() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome".to_vec();
    let script = Script { pieces: vec![head], hangs_up: false };
    let (reading, _) = probed(script, get("/"), SHORT).await;
    assert_eq!(reading.outcome, Outcome::TimedOut(Stage::Body(200)));
}

#[tokio::test]
async fn a_huge_body_is_cut_and_the_connection_ended() {
    let mut pieces = vec![b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".to_vec()];
    pieces.extend(std::iter::repeat_n(vec![b'x'; 1 << 20], 100));
    let (reading, _) = probed(Script { pieces, hangs_up: false }, get("/"), LONG).await;
    let answer = reading.answer().unwrap();
    assert_eq!((answer.body.len(), answer.is_cut), (BODY_BYTES, true));
    assert_eq!(verdict(&reading), "ok");
}

#[tokio::test]
async fn a_head_without_end_is_given_up() {
    let mut pieces = vec![b"HTTP/1.1 200 OK\r\n".to_vec()];
    pieces.extend(std::iter::repeat_n(b"x-filler: 0123456789abcdef0123456789abcdef\r\n".to_vec(), 5000));
    let (reading, _) = probed(Script { pieces, hangs_up: false }, get("/"), LONG).await;
    assert!(matches!(&reading.outcome, Outcome::Failed(_)), "{reading:?}");
}

#[tokio::test]
async fn what_is_not_http_is_told_so() {
    let tls_alert = Script { pieces: vec![vec![0x15, 3, 1, 0, 2, 2, 0x46]], hangs_up: true };
    let (reading, _) = probed(tls_alert, get("/"), LONG).await;
    assert_eq!(verdict(&reading), "the answer is not HTTP; is it TLS?");
    let (reading, _) = probed(Script { pieces: Vec::new(), hangs_up: true }, get("/"), LONG).await;
    assert_eq!(verdict(&reading), "closed without an answer");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let open = HttpProbe::new(Direct).probe(&target(port, Ask::Tcp, LONG)).await;
    assert_eq!(open.outcome, Outcome::Connected);
    drop(listener);
    let closed = HttpProbe::new(Direct).probe(&target(port, Ask::Tcp, LONG)).await;
    assert_eq!(closed.outcome, Outcome::Refused);
}

/// Never connects; the host is silent, or is not.
struct Hanging {
    is_silent: bool,
}

#[async_trait]
impl Dial for Hanging {
    async fn dial(&self, _: &str, _: u16) -> io::Result<Box<dyn Wire>> {
        std::future::pending().await
    }

    fn is_silent_since(&self, _: std::time::Instant) -> bool {
        self.is_silent
    }
}

#[tokio::test]
async fn no_answer_from_a_host_that_is_silent_says_nothing_of_the_container() {
    for (is_silent, has_arrived) in [(true, false), (false, true)] {
        let reading = HttpProbe::new(Hanging { is_silent }).probe(&target(1, get("/"), SHORT)).await;
        assert_eq!(reading.has_arrived(), has_arrived, "{:?}", reading.outcome);
    }
}

#[tokio::test]
async fn a_host_that_is_not_reached_is_no_container_that_fails() {
    struct Lost;
    #[async_trait]
    impl Dial for Lost {
        async fn dial(&self, _: &str, _: u16) -> io::Result<Box<dyn Wire>> {
            Err(io::Error::new(io::ErrorKind::NotConnected, "web2: refused"))
        }
    }
    let reading = HttpProbe::new(Lost).probe(&target(1, get("/"), LONG)).await;
    assert_eq!(reading.outcome, Outcome::NoWay("web2: refused".to_owned()));
}

#[tokio::test]
async fn a_dialler_that_never_returns_is_cut_off() {
    let reading = HttpProbe::new(Hanging { is_silent: false }).probe(&target(1, get("/"), SHORT)).await;
    assert_eq!(reading.outcome, Outcome::TimedOut(Stage::Connecting));
}
