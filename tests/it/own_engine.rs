//! An engine of a test's own, to freeze, stop, fill and clear; the machine's engine is never touched.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::engine;

/// How long an engine may take to start.
const START: Duration = Duration::from_secs(60);

/// A `dockerd` without a bridge and without rules in the firewall; ended when dropped.
pub struct OwnEngine {
    dir: tempfile::TempDir,
    process: Option<Child>,
    options: Vec<String>,
}

impl OwnEngine {
    /// Started and answering. Without `dockerd` or without the right to start it a test says so and passes, unless
    /// `REQUIRE_ENGINE=1`.
    pub fn start() -> Option<Self> {
        Self::start_with(Vec::new())
    }

    /// As [`Self::start`], with more options.
    pub fn start_with(options: Vec<String>) -> Option<Self> {
        let has_program = Command::new("dockerd")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success());
        if !has_program || !rustix::process::geteuid().is_root() {
            assert!(
                std::env::var("REQUIRE_ENGINE").as_deref() != Ok("1"),
                "dockerd is needed, and root to start it"
            );
            eprintln!("skipped: dockerd is needed, and root to start it");
            return None;
        }
        let mut own = Self {
            dir: tempfile::Builder::new().prefix("pilothouse-engine-").tempdir().unwrap(),
            process: None,
            options,
        };
        own.serve();
        Some(own)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `unix://…`, as `--host` takes it.
    pub fn address(&self) -> String {
        format!("unix://{}", self.path("docker.sock").display())
    }

    /// Starts it, again after [`Self::stop`], and waits until it answers.
    pub fn serve(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        // In a network of its own: without a bridge it would take the machine's docker0 away.
        let child = Command::new("unshare")
            .args([
                "--net",
                "sh",
                "-c",
                "busybox ip link set lo up && exec dockerd \"$@\"",
                "sh",
                "--data-root",
            ])
            .arg(self.path("data"))
            .arg("--exec-root")
            .arg(self.path("exec"))
            .arg("--pidfile")
            .arg(self.path("pid"))
            .args(["--host", &self.address(), "--bridge=none", "--iptables=false"])
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(child);
        let begun = Instant::now();
        while !self.answers() {
            let ended = self.process.as_mut().unwrap().try_wait().unwrap();
            let log = || std::fs::read_to_string(self.path("log")).unwrap_or_default();
            assert!(ended.is_none() && begun.elapsed() < START, "dockerd does not start: {}", log());
            std::thread::yield_now();
        }
    }

    fn answers(&self) -> bool {
        Command::new("docker")
            .args(["--host", &self.address(), "version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    }

    fn signal(&self, signal: Signal) {
        let pid = self.process.as_ref().and_then(|child| Pid::from_raw(i32::try_from(child.id()).ok()?));
        kill_process(pid.expect("it runs"), signal).unwrap();
    }

    /// It answers nothing any more, and closes nothing.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// It goes on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// A port of this machine's loopback that leads to this port of the engine's own loopback. Whoever comes in is
    /// served until the process of the tests ends.
    pub fn port(&self, inside: u16) -> u16 {
        let pid = self.process.as_ref().expect("it runs").id();
        let network = std::fs::File::open(format!("/proc/{pid}/ns/net")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (hand_over, accepted) = std::sync::mpsc::channel::<TcpStream>();
        std::thread::spawn(move || {
            listener.incoming().try_for_each(|client| hand_over.send(client.unwrap()))
        });
        std::thread::spawn(move || {
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            for client in accepted {
                // A client of an engine that ended sees the end of its connection.
                let Ok(engine) = TcpStream::connect(("127.0.0.1", inside)) else { continue };
                for (mut from, mut to) in
                    [(client.try_clone().unwrap(), engine.try_clone().unwrap()), (engine, client)]
                {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                }
            }
        });
        port
    }

    /// Runs a script with root's rights in its network.
    pub fn in_network(&self, script: &str) {
        let pid = self.process.as_ref().expect("it runs").id().to_string();
        let done = Command::new("nsenter").args(["--net", "--target", &pid, "sh", "-ec", script]).status();
        assert!(done.expect("util-linux is there").success(), "{script}");
    }

    /// A line between this machine and its network; gives its address there. It goes with the network.
    pub fn line(&self) -> String {
        let pid = self.process.as_ref().expect("it runs").id();
        let (name, net) = (format!("ph{pid}"), pid % 16_384 * 4);
        let address = |host: u32| format!("10.93.{}.{}", net >> 8, (net & 255) + host);
        let script = format!(
            "ip link add {name} type veth peer name far netns {pid} && \
             ip address add {}/30 dev {name} && ip link set {name} up",
            address(1)
        );
        let done = Command::new("sh").args(["-ec", &script]).status();
        assert!(done.expect("a shell is there").success(), "{script}");
        self.in_network(&format!("ip address add {}/30 dev far && ip link set far up", address(2)));
        address(2)
    }

    /// Ends it, and with it its containers.
    pub fn stop(&mut self) {
        self.signal(Signal::TERM);
        self.process.take().unwrap().wait().unwrap();
    }

    /// What `docker ARGS` prints there; a failure is the test's.
    pub fn docker(&self, args: &[&str]) -> String {
        engine::docker_at(&self.address(), args)
    }

    /// Starts a container of this name from the test image, running `script` in a shell.
    pub fn run(&self, name: &str, options: &[&str], script: &str) {
        self.image("busybox:1");
        let mut args = vec!["run", "-d", "--name", name, "--network", "none"];
        args.extend(options);
        args.extend(["busybox:1", "sh", "-c", script]);
        self.docker(&args);
    }

    /// What its API answers to a request; a refusal is the test's failure.
    pub fn call(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = UnixStream::connect(self.path("docker.sock")).unwrap();
        let head = format!("{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\n");
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 2"), "{method} {path}: {answer}");
        answer
    }

    /// Builds an image of this name by the engine's own BuildKit, asked over its API: a client has none by itself. What
    /// the build leaves in its cache stays there.
    pub fn build(&self, dockerfile: &str, name: &str) {
        let context = tempfile::tempdir().unwrap();
        std::fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
        std::fs::write(context.path().join("file"), name).unwrap();
        let tar =
            Command::new("tar").arg("-C").arg(context.path()).args(["-c", "."]).output().unwrap().stdout;
        let mut stream = UnixStream::connect(self.path("docker.sock")).unwrap();
        write!(
            stream,
            "POST /build?version=2&t={name} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/x-tar\r\n"
        )
        .unwrap();
        write!(stream, "Content-Length: {}\r\n\r\n", tar.len()).unwrap();
        stream.write_all(&tar).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains("moby.image.id"), "{answer}");
    }

    /// Makes an image with a busybox and no link to it: nothing in it is called `sh`.
    pub fn image_without_shell(&self, name: &str) {
        engine::import_with(&self.address(), name, name, &[]);
    }

    /// Makes the test image under this name, unless it is there; each name is an image of its own.
    pub fn image(&self, name: &str) {
        if self.docker(&["images", "-q", name]).is_empty() {
            engine::import(&self.address(), name, name);
        }
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        let Some(mut child) = self.process.take() else { return };
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap_or(0));
        for signal in [Signal::CONT, Signal::TERM] {
            // It may have ended already; nothing is left to do then.
            let _ = pid.map(|pid| kill_process(pid, signal));
        }
        let _ = child.wait();
    }
}
