//! Engines that are not as they should be: one that may not be asked, speaks too old, says nothing, says nonsense.
//! The console says which and what to do, keeps answering keys, and gives the terminal back.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::pty::{Launch, Terminal, pilothouse};

const SOON: Duration = Duration::from_secs(20);
/// An engine that says nothing is given up after this.
const PATIENT: Duration = Duration::from_secs(60);

/// A socket where `answer` is what every connection meets; it gets what was asked.
struct FakeEngine {
    directory: tempfile::TempDir,
}

impl FakeEngine {
    fn new(answer: impl Fn(&str, &mut UnixStream) + Send + Sync + 'static) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("engine.sock")).unwrap();
        let answer = std::sync::Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = std::sync::Arc::clone(&answer);
                std::thread::spawn(move || serve(stream, &*answer));
            }
        });
        Self { directory }
    }

    fn address(&self) -> String {
        format!("unix://{}/engine.sock", self.directory.path().display())
    }

    fn open(&self) -> Terminal {
        Launch::pilothouse(["--host", &self.address()]).size(160, 30).start()
    }
}

/// One request after the other, until the console closes the connection.
fn serve(mut stream: UnixStream, answer: &dyn Fn(&str, &mut UnixStream)) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        let request = String::from_utf8_lossy(&bytes[..count]).into_owned();
        answer(request.lines().next().unwrap_or_default(), &mut stream);
    }
}

fn json(stream: &mut UnixStream, body: &str) {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    // The console may have given up by now.
    let _ = stream.write_all((head + body).as_bytes());
}

/// It answers keys, and leaves when told to.
fn still_answers(terminal: &Terminal) {
    terminal.keys("?");
    terminal.until("IN CONTAINERS|IN LISTS", SOON);
    terminal.keys("? q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

#[test]
fn an_old_engine_is_told_apart_and_the_version_that_is_needed_is_named() {
    let engine =
        FakeEngine::new(|_, stream| json(stream, r#"{"Version":"1.12.6","ApiVersion":"1.24","Os":"linux"}"#));
    let terminal = engine.open();
    terminal.until(r"speaks API 1\.24; at least 1\.\d+ is needed", SOON);
    still_answers(&terminal);
}

#[test]
fn an_engine_that_accepts_and_never_answers_is_said_so() {
    let engine = FakeEngine::new(|_, _| {});
    let terminal = engine.open();
    terminal.until("asking|unknown", SOON);
    terminal.until(r"no answer|does not answer|timed out", PATIENT);
    still_answers(&terminal);
}

#[test]
fn an_engine_that_talks_nonsense_is_an_error_in_words() {
    let nonsense: [&[u8]; 4] = [
        b"\x00\xff\x1b[2Jnot http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n{\"ApiVersion\": 7, \"Version\": [\x1b]0;title\x07]}    ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"Api",
        b"HTTP/1.1 500 Oh no\r\nContent-Length: 24\r\n\r\n{\"message\":\"on \x1b[1mfire\"}",
    ];
    for said in nonsense {
        let engine = FakeEngine::new(move |_, stream| {
            // The console may have given up by now.
            let _ = stream.write_all(said);
            // Half an answer is ended by hanging up.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        });
        let terminal = engine.open();
        terminal.until("no engine answers|cannot|broken|failed", SOON);
        let raw = String::from_utf8_lossy(&terminal.raw_output()).into_owned();
        assert!(!raw.contains("\x1b]0;title") && !raw.contains("\x1b[1mfire"), "{}", terminal.picture());
        still_answers(&terminal);
    }
}

#[test]
fn a_list_that_is_nonsense_never_looks_like_an_empty_host() {
    let engine = FakeEngine::new(|request, stream| {
        if request.contains("/version") || request.contains("/_ping") {
            json(stream, r#"{"Version":"20.10.24","ApiVersion":"1.41","Os":"linux"}"#);
        } else if request.contains("/info") {
            json(stream, r#"{"ServerVersion":"20.10.24","ID":"x","DockerRootDir":"/nowhere"}"#);
        } else if request.contains("/containers/json") {
            json(stream, r#"[{"Id": 5}]"#);
        } else {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    });
    let terminal = engine.open();
    terminal.until("unknown|stale", SOON);
    assert!(!terminal.screen_text().contains("runs no container"), "{}", terminal.picture());
    still_answers(&terminal);
}

#[test]
fn an_engine_behind_a_proxy_without_a_ping_is_asked_for_its_version() {
    let engine = FakeEngine::new(|request, stream| {
        if request.contains("/version") {
            json(stream, r#"{"Version":"20.10.24","ApiVersion":"1.41","Os":"linux"}"#);
        } else if request.contains("/info") {
            json(stream, r#"{"ServerVersion":"20.10.24","ID":"x","DockerRootDir":"/nowhere"}"#);
        } else if request.contains("/v1.41/containers/json") {
            json(stream, "[]");
        } else if request.contains("/events") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        } else {
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        }
    });
    engine.open().until("runs no container", SOON);
}

/// A socket that may not be opened, and a copy of the console that anybody may run, as somebody who is not root.
#[test]
fn a_socket_that_may_not_be_opened_names_the_command_that_mends_it() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let socket = directory.path().join("engine.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600)).unwrap();
    let program = directory.path().join("pilothouse");
    std::fs::copy(pilothouse(), &program).unwrap();
    let is_root = rustix::process::getuid().is_root();
    if !is_root {
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o000)).unwrap();
    }
    let address = format!("unix://{}", socket.display());
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        command
    } else {
        Command::new(&program)
    };
    let done =
        command.args(["--host", &address]).env("HOME", "/nonexistent").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(6), "{said}");
    assert!(said.contains("permission denied") && said.contains("usermod -aG docker"), "{said}");
}
