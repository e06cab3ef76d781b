//! The benchmark's own engine: containers that idle, flood, or hold a long log.

use std::io::{BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// About 5,000 lines a second, numbered, a few at a time.
pub const PACED: &str = r#"awk 'BEGIN { while (1) { for (n = 0; n < 100; n++) print ++i " of the paced flood"; fflush(); system("usleep 18500") } }'"#;
/// As many numbered lines as the engine takes.
pub const FLAT_OUT: &str = "seq 1 2000000000";
/// Then no age on a screen counts seconds.
pub const AGED: Duration = Duration::from_secs(61);
const IMAGE: &str = "pilothouse-bench/busybox:1";

/// The engine of this run.
pub struct Engine {
    pub socket: String,
    /// Below it lie the sockets of its helpers; their command lines name it.
    directory: String,
}

impl Engine {
    /// As `tests/bench` started it.
    pub fn of_this_run() -> Self {
        let directory = std::env::var("BENCH_ENGINE").expect("tests/bench sets BENCH_ENGINE");
        let engine = Self { socket: format!("unix://{directory}/docker.sock"), directory };
        engine.import();
        engine
    }

    pub fn docker(&self) -> Command {
        let mut docker = Command::new("docker");
        docker.args(["--host", &self.socket]);
        docker
    }

    /// What `docker ARGS` prints.
    pub fn ask(&self, args: &[&str]) -> String {
        let done = self.docker().args(args).output().expect("the docker client");
        assert!(done.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    /// dockerd, containerd and the shims, as they are now.
    pub fn processes(&self) -> Vec<i32> {
        let below = format!("{}/exec", self.directory);
        let is_its = |pid: &i32| {
            std::fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&below))
        };
        super::figures::processes().into_iter().filter(is_its).collect()
    }

    fn import(&self) {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::fs::copy("/bin/busybox", bin.join("busybox")).expect("busybox-static must be installed");
        for applet in ["sh", "sleep", "usleep", "cat", "seq", "awk"] {
            std::os::unix::fs::symlink("busybox", bin.join(applet)).unwrap();
        }
        let tar = Command::new("tar").arg("-C").arg(root.path()).args(["-c", "."]).output().unwrap();
        let mut import = self.docker();
        import.args(["import", "-", IMAGE]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut import = import.spawn().unwrap();
        import.stdin.take().unwrap().write_all(&tar.stdout).unwrap();
        assert!(import.wait().unwrap().success());
    }

    /// Starts a container without a network; its log is bounded beyond what it writes in time: engine 20.10 leaves
    /// readers hanging that are behind when it begins the file again.
    pub fn run(&self, name: &str, options: &[&str], script: &str) {
        let mut args = vec!["run", "-d", "--name", name, "--network", "none", "--log-opt", "max-size=4g"];
        args.extend(options);
        args.extend([IMAGE, "sh", "-c", script]);
        self.ask(&args);
    }

    /// Brings the number of idle containers to `count`; they are older than a minute then, so that no age on a screen
    /// counts seconds.
    pub fn fleet(&self, count: usize) {
        if self.fill(count) {
            sleep(AGED);
        }
    }

    /// As [`Engine::fleet`], of any age; whether some are new.
    pub fn fill(&self, count: usize) -> bool {
        let there = self.ask(&["ps", "-aq", "--filter", "name=fleet"]).lines().count();
        for number in there..count {
            self.run(&format!("fleet-{number:03}"), &[], "echo up; sleep 86400");
        }
        there < count
    }

    /// Keeps so many idle containers and nothing else.
    pub fn keep(&self, count: usize) {
        let all = self.ask(&["ps", "-a", "--format", "{{.Names}}"]);
        let goes = |name: &&str| {
            name.strip_prefix("fleet-").and_then(|n| n.parse::<usize>().ok()).is_none_or(|n| n >= count)
        };
        let names: Vec<_> = all.lines().filter(goes).collect();
        if !names.is_empty() {
            self.ask(&[&["rm", "-f"], names.as_slice()].concat());
        }
    }

    /// Removes every container there is: the engine is the benchmark's own.
    pub fn clear(&self) {
        let ids = self.ask(&["ps", "-aq"]);
        let ids: Vec<_> = ids.lines().collect();
        if !ids.is_empty() {
            let mut args = vec!["rm", "-f"];
            args.extend(ids);
            self.ask(&args);
        }
    }

    /// The last line of a container's log as the engine has it, without its words: a number.
    pub fn newest_number(&self, name: &str) -> u64 {
        let line = self.ask(&["logs", "--tail", "1", name]);
        line.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    /// What the API answers, read and thrown away by curl.
    fn read(&self, path: &str) {
        let socket = self.socket.strip_prefix("unix://").unwrap_or(&self.socket);
        let mut curl = Command::new("curl");
        curl.args(["-s", "-o", "/dev/null", "--unix-socket", socket, &format!("http://engine{path}")]);
        assert!(curl.status().expect("curl").success());
    }

    /// The list of all containers.
    pub fn read_list(&self) {
        self.read("/containers/json?all=1");
    }

    /// The whole log of a container.
    pub fn read_all(&self, name: &str) {
        self.read(&format!("/containers/{name}/logs?stdout=1&stderr=1&timestamps=1"));
    }

    /// Its newest lines.
    pub fn read_tail(&self, name: &str) {
        self.read(&format!("/containers/{name}/logs?stdout=1&stderr=1&timestamps=1&tail=1000"));
    }

    /// The log of a container from now on, as the API sends it.
    pub fn follow(&self, name: &str) -> BufReader<UnixStream> {
        let socket = self.socket.strip_prefix("unix://").unwrap_or(&self.socket);
        let mut stream = UnixStream::connect(socket).unwrap();
        let path = format!("/containers/{name}/logs?stdout=1&stderr=1&follow=1&tail=0");
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        BufReader::new(stream)
    }

    /// `docker attach` to a container that repeats what it is told.
    pub fn attach(&self, name: &str) -> Child {
        let mut attach = self.docker();
        attach.args(["attach", "--sig-proxy=false", name]).stdin(Stdio::piped()).stdout(Stdio::null());
        attach.spawn().unwrap()
    }
}
