//! The example shop as its users run it: `up`, `break` and `down` against the engine of this machine, seen through
//! the engine's own API. Each test has a shop of its own name and closes it, whatever happens.

mod tests;

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;

const SOCKET: &str = "/var/run/docker.sock";

/// An open shop; closed when dropped.
pub struct Shop {
    pub project: String,
}

impl Shop {
    /// Opens one with free ports and a health check every other second. `None`, and a word, where no engine answers;
    /// that is a failure under `REQUIRE_ENGINE=1`.
    pub fn open() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if let Err(why) = ask("/_ping") {
            assert!(std::env::var_os("REQUIRE_ENGINE").is_none_or(|set| set != "1"), "no engine: {why}");
            eprintln!("skipped: no engine: {why}");
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let shop = Self { project: format!("shop-test-{}-{number}", std::process::id()) };
        shop.run("up", &[]);
        Some(shop)
    }

    /// Runs one of the shop's scripts and wants it to succeed; gives what it printed.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &[&str]) -> String {
        let output = self.output(script, arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script} {arguments:?}: {}\n{text}{errors}", output.status);
        text
    }

    fn output(&self, script: &str, arguments: &[&str]) -> Output {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop").join(script);
        let mut command = Command::new(path);
        command.args(arguments).stdin(Stdio::null());
        command.envs([
            ("SHOP_PROJECT", self.project.as_str()),
            ("SHOP_PORT", "0"),
            ("SHOP_HEALTH_INTERVAL", "2"),
        ]);
        command.output().expect("the shop's scripts can be run")
    }

    /// What the engine says of one container: `GET /containers/{id}/json`.
    #[track_caller]
    pub fn inspect(&self, container: &str) -> Value {
        let path = format!("/containers/{}-{container}/json", self.project);
        let text = ask(&path).unwrap_or_else(|why| panic!("{path}: {why}"));
        serde_json::from_str(&text).expect("the engine answers JSON")
    }

    /// What carries the shop's label, by the engine's path for a list.
    pub fn labelled(&self, list: &str) -> Vec<Value> {
        // The engine wants its filters as JSON, percent-encoded.
        let filters = format!("%7B%22label%22%3A%5B%22pilothouse.example%3D{}%22%5D%7D", self.project);
        let text = ask(&format!("{list}filters={filters}")).expect("the engine answers");
        let answer: Value = serde_json::from_str(&text).expect("the engine answers JSON");
        // Volumes alone come in an object.
        let list = if answer.is_object() { answer["Volumes"].clone() } else { answer };
        list.as_array().cloned().unwrap_or_default()
    }

    /// The lines that a container has printed, stdout and stderr.
    pub fn log(&self, container: &str) -> String {
        let path = format!("/containers/{}-{container}/logs?stdout=1&stderr=1&tail=500", self.project);
        ask(&path).expect("the engine answers")
    }

    /// Waits until a container is as wanted, by its inspection; a failure shows its state.
    #[track_caller]
    pub fn until(&self, container: &str, what: &str, within: Duration, is_so: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + within;
        loop {
            let seen = self.inspect(container);
            if is_so(&seen) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{container} is not {what} within {within:?}: {}",
                seen["State"]
            );
            // The engine has no call that waits for a health state; this is how often it is asked.
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let output = self.output("down", &[]);
        // A second panic while one unwinds would end the process and hide the first.
        let is_well = output.status.success() || std::thread::panicking();
        assert!(is_well, "down: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// GET from the engine; HTTP/1.0, so that the answer ends with the connection.
fn ask(path: &str) -> Result<String, String> {
    let exchange = || {
        let mut stream = UnixStream::connect(SOCKET)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: engine\r\n\r\n")?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = exchange().map_err(|why| format!("{SOCKET}: {why}"))?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("an answer without a head")?;
    let first = head.lines().next().unwrap_or("");
    if first.contains(" 200 ") { Ok(body.to_owned()) } else { Err(format!("{first}: {body}")) }
}
