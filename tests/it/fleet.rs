//! The fleet of examples/fleet as its users run it, seen by the console and the command line through SSH. There is one
//! such fleet on a machine, under a name and in a network of its own, beside one that somebody opened by hand. A test has
//! it for itself while it holds the lock; the first one opens it, and a keeper closes it when nobody wanted it for a while.

mod beside;
mod deploys;
mod faults;

use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::cli::{Done, command, done};
use crate::engine;
use crate::pty::{Launch, Terminal};

/// What the fleet is called; in its directory and its namespaces.
const NAME: &str = "fleet-tests";
/// The project of the shop on its hosts.
pub const SHOP: &str = "fleetshop";
const SETTINGS: [(&str, &str); 4] =
    [("FLEET_NAME", NAME), ("FLEET_NET", "10.91.0"), ("SHOP_PROJECT", SHOP), ("SHOP_HEALTH_INTERVAL", "2")];
/// $1 is the lock, $2 closes the fleet. One is enough; it looks once a second whether somebody holds the lock.
const KEEPER: &str = r#"
exec 6>>"$1.keeper"; flock -n 6 || exit 0
exec 5>>"$1"; unwanted=0
while [ "$unwanted" -lt 10 ]; do
    sleep 1
    if flock -n 5; then flock -u 5; unwanted=$((unwanted + 1)); else unwanted=0; fi
done
flock 5; exec "$2"
"#;
pub const SOON: Duration = Duration::from_secs(30);

/// The open fleet, ours alone; mended when dropped.
pub struct Fleet {
    _lock: File,
    /// Where all of it is.
    state: PathBuf,
    is_broken: Cell<bool>,
}

impl Fleet {
    /// Opens it, or takes the one that is there. Without what it needs a test says so and passes, unless
    /// `REQUIRE_ENGINE=1`.
    pub fn open() -> Option<Self> {
        let is_required = std::env::var("REQUIRE_ENGINE").as_deref() == Ok("1");
        if !engine::is_there() {
            return None;
        }
        let is_somewhere = |name: &str| {
            let dirs = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
            dirs.split(':').any(|dir| Path::new(dir).join(name).exists())
        };
        let missing: Vec<_> =
            ["dockerd", "sshd", "ssh", "ip", "iptables"].into_iter().filter(|p| !is_somewhere(p)).collect();
        if !missing.is_empty() || !rustix::process::geteuid().is_root() {
            assert!(!is_required, "root is needed, and {missing:?}");
            eprintln!("skipped: root is needed, and {missing:?}");
            return None;
        }
        let path = std::env::temp_dir().join(format!("pilothouse-{NAME}.lock"));
        let lock = File::options().create(true).append(true).open(&path).unwrap();
        flock(&lock, FlockOperation::LockExclusive).unwrap();
        keep(&path);
        let fleet = Self {
            _lock: lock,
            state: PathBuf::from(format!("/var/lib/pilothouse-{NAME}")),
            is_broken: Cell::new(false),
        };
        let is_there = ["web1", "web2"].iter().all(|h| Path::new(&format!("/run/netns/{NAME}-{h}")).exists());
        // Whoever had it before may have been killed while something was broken.
        if is_there {
            Self::script("break", &["all", "ok"]);
        } else {
            Self::script("up", &["--yes"]);
        }
        Some(fleet)
    }

    /// Runs one of its scripts, which must succeed.
    #[track_caller]
    fn script(name: &str, args: &[&str]) {
        let output = example(name).args(args).output().expect("the fleet's scripts can be run");
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} {args:?}: {said}");
    }

    /// Breaks a host, or mends it.
    #[track_caller]
    pub fn break_host(&self, host: &str, mode: &str) {
        self.is_broken.set(mode != "ok");
        Self::script("break", &[host, mode]);
    }

    /// The engine of a host, past its sshd: what the tests compare with.
    pub fn engine(&self, host: &str) -> String {
        format!("unix://{}/{host}/run/docker.sock", self.state.display())
    }

    /// What `ssh -F` takes.
    pub fn ssh_config(&self) -> PathBuf {
        self.state.join("ssh_config")
    }

    /// Runs a command of its network to its end, as a process on that host would.
    pub fn on(host: &str, script: &str) -> bool {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{NAME}-{host}")).args(["bash", "-c", script]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("util-linux is there").success()
    }

    /// The command line on it, at its end.
    pub fn run(&self, args: &[&str]) -> Done {
        let home = tempfile::tempdir().unwrap();
        done(self.command(home.path(), "", args).output().unwrap())
    }

    /// The command line on it, with these containers of the local engine too.
    pub fn command(&self, home: &Path, project: &str, args: &[&str]) -> Command {
        std::fs::write(home.join("pilothouse.toml"), environment(project)).unwrap();
        let config = self.ssh_config();
        let mut command = command(home, ["--ssh-config".as_ref(), config.as_os_str()]);
        command.args(args);
        command
    }

    /// The console on it, with the containers of this project too.
    pub fn console(&self, project: &str) -> Terminal {
        let config = self.ssh_config().to_str().unwrap().to_owned();
        Launch::pilothouse(["--utc", "--ssh-config", &config])
            .size(160, 48)
            .home_file("pilothouse.toml", &environment(project))
            .start()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if self.is_broken.get() {
            // A second panic while one unwinds would end the process and hide the first; the next test mends it too.
            let _ = example("break").args(["all", "ok"]).output();
        }
    }
}

/// Both hosts and this machine's engine in one environment; of each the shop and this project.
fn environment(project: &str) -> String {
    format!(
        r#"
        [environments.fleet]
        hosts = ["ssh://web1", "ssh://web2", "unix://{socket}"]
        kind = "development"
        projects = ["{SHOP}", "{project}"]
        # Not published: asked at the container's own address.
        [services.api]
        via = "container"
        [services.api.ready]
        http = "/health/ready"
        port = 8080
        interval = "1s"
        # Published, and shut to everybody but the host.
        [services.web.ready]
        http = "/health/ready"
        port = 8080
        interval = "1s"
        "#,
        socket = engine::SOCKET
    )
}

fn example(name: &str) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleet").join(name));
    command.envs(SETTINGS).stdin(Stdio::null());
    command
}

/// Starts what closes the fleet, unless it is there; it outlives the tests and needs nothing of them.
fn keep(lock: &Path) {
    let mut command = Command::new("setsid");
    command.args(["--fork", "bash", "-c", KEEPER, "keeper"]).arg(lock).arg(example("down").get_program());
    command.envs(SETTINGS).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.current_dir("/").status().expect("util-linux is there").success());
}
