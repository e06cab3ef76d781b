//! An engine that is nothing but one container's log over HTTP on a socket: for what a real engine does not do on
//! demand, such as breaking a stream after a certain line.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// The id of its container.
pub const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// What it serves.
#[derive(Default)]
pub struct Served {
    /// Time in ns and text of every line, in the order of the file.
    pub log: Vec<(i64, String)>,
    /// After so many lines, in the middle of the next one, each followed stream is cut off, the first stream first; then
    /// none is.
    pub cuts: Vec<usize>,
    /// The path of every request for lines.
    pub asked: Vec<String>,
    /// What its container is called.
    pub name: &'static str,
    /// How far its clock is ahead, in ns; the log is written by that clock.
    pub ahead_ns: i64,
    /// Its log's file is begun anew after so much: `1m`; never where it is empty.
    pub max_size: &'static str,
    /// The newest API it speaks; 1.41 where none is given.
    pub api: &'static str,
    /// Every name that a container is made by is taken; so often nothing of it is found yet.
    pub unfound: usize,
}

/// The engine; it ends with the test's runtime.
pub struct FakeEngine {
    pub socket: PathBuf,
    pub served: Arc<Mutex<Served>>,
    _dir: tempfile::TempDir,
}

impl FakeEngine {
    /// Listens; needs a runtime.
    pub fn start(served: Served) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let served = Arc::new(Mutex::new(served));
        let shared = Arc::clone(&served);
        tokio::spawn(async move {
            while let Ok((wire, _)) = listener.accept().await {
                tokio::spawn(answer(wire, Arc::clone(&shared)));
            }
        });
        Self { socket, served, _dir: dir }
    }
}

async fn answer(mut wire: UnixStream, served: Arc<Mutex<Served>>) {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if wire.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    if path.contains("/logs?") {
        served.lock().unwrap().asked.push(path.to_owned());
        log(&mut wire, path, &served).await;
    } else if path.contains("/events") {
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        std::future::pending::<()>().await;
    } else {
        let (status, body) = {
            let mut served = served.lock().unwrap();
            let refused = refusal(path, &mut served).map(|status| (status, r#"{"message":"no"}"#.to_owned()));
            refused.unwrap_or_else(|| ("200 OK", body(path, &served)))
        };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let _ = wire.write_all(answer.as_bytes()).await;
    }
}

fn refusal(path: &str, served: &mut Served) -> Option<&'static str> {
    if path.contains("/containers/create?") {
        return Some("409 Conflict");
    }
    if !path.contains("/containers/pilothouse-lock-") || served.unfound == 0 {
        return None;
    }
    served.unfound -= 1;
    Some("404 Not Found")
}

fn body(path: &str, served: &Served) -> String {
    let or = |text: &'static str, other| if text.is_empty() { other } else { text };
    if path.ends_with("/version") {
        return format!(r#"{{"ApiVersion":"{}"}}"#, or(served.api, "1.41"));
    }
    if path.ends_with("/info") {
        let time = chrono::Utc::now() + chrono::TimeDelta::nanoseconds(served.ahead_ns);
        return format!(r#"{{"ServerVersion":"20.10.24","SystemTime":"{}"}}"#, time.to_rfc3339());
    }
    if path.contains("/containers/json") {
        let labels = r#"{"com.docker.compose.project":"fake","com.docker.compose.service":"fake"}"#;
        let name = or(served.name, "fake");
        return format!(
            r#"[{{"Id":"{ID}","Names":["/{name}"],"Image":"fake:1","State":"running","Status":"Up","Labels":{labels}}}]"#
        );
    }
    let size = if served.max_size.is_empty() {
        String::new()
    } else {
        format!(r#""max-size":"{}""#, served.max_size)
    };
    format!(
        r#"{{"Id":"{ID}","State":{{"Status":"running","Running":true,"StartedAt":"2026-01-01T00:00:00Z"}},
        "Config":{{"Tty":false}},"HostConfig":{{"LogConfig":{{"Type":"json-file","Config":{{{size}}}}}}}}}"#
    )
}

/// As engine 20.10 does: the last `tail` lines, of those what is in time.
async fn log(wire: &mut UnixStream, path: &str, served: &Mutex<Served>) {
    let value = |name: &str| {
        let at = path.find(&format!("{name}="))? + name.len() + 1;
        path[at..].split('&').next()
    };
    let ns = |name: &str| {
        let (seconds, rest) = value(name)?.split_once('.')?;
        Some(seconds.parse::<i64>().unwrap() * 1_000_000_000 + rest.parse::<i64>().unwrap())
    };
    let follow = path.contains("follow=1");
    let time = chrono::Utc::now() + chrono::TimeDelta::nanoseconds(served.lock().unwrap().ahead_ns);
    let date = time.format("%a, %d %b %Y %H:%M:%S GMT");
    let mut answer = format!("HTTP/1.0 200 OK\r\nDate: {date}\r\n\r\n").into_bytes();
    let is_cut;
    {
        let mut served = served.lock().unwrap();
        let tail = value("tail").and_then(|t| t.parse::<usize>().ok()).unwrap_or(usize::MAX);
        let from = served.log.len().saturating_sub(tail);
        let cut = if follow && !served.cuts.is_empty() { Some(served.cuts.remove(0)) } else { None };
        let wanted = served.log[from..].iter().filter(|(at, _)| {
            ns("since").is_none_or(|since| *at >= since) && ns("until").is_none_or(|until| *at < until)
        });
        for (number, (at, text)) in wanted.enumerate() {
            let stamp = chrono::DateTime::from_timestamp_nanos(*at);
            let stamp = stamp.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
            let line = format!("{stamp} {text}\n");
            let frame = [&[1, 0, 0, 0][..], &(line.len() as u32).to_be_bytes(), line.as_bytes()].concat();
            if cut == Some(number) {
                answer.extend(&frame[..20]);
                break;
            }
            answer.extend(frame);
        }
        is_cut = cut.is_some();
    }
    let _ = wire.write_all(&answer).await;
    if follow && !is_cut {
        std::future::pending::<()>().await;
    }
}
