//! Real containers on the machine's engine, made by a test and removed with it.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the tests' engine is.
pub const SOCKET: &str = "/var/run/docker.sock";

/// What `docker ARGS` prints; a failure is the test's.
pub fn docker(args: &[&str]) -> String {
    docker_at(&format!("unix://{SOCKET}"), args)
}

/// As [`docker`], on the engine at this address.
pub fn docker_at(address: &str, args: &[&str]) -> String {
    let done = Command::new("docker").args(["--host", address]).args(args).output();
    let done = done.expect("the docker client must be installed");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "docker {args:?}: {said}");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// Whether an engine answers. Without one a test says so and passes, unless `REQUIRE_ENGINE=1`.
pub fn is_there() -> bool {
    let answers = Command::new("docker")
        .args(["--host", &format!("unix://{SOCKET}"), "version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success());
    if !answers {
        assert!(std::env::var("REQUIRE_ENGINE").as_deref() != Ok("1"), "no engine answers on {SOCKET}");
        eprintln!("skipped: no engine answers on {SOCKET}");
    }
    answers
}

/// A tiny image of a static busybox on the tests' engine.
pub fn image() -> &'static str {
    image_at(&format!("unix://{SOCKET}"))
}

/// A tiny image of a static busybox. It is found by all tests and left to the next run: made once a test, an engine would
/// keep each of them without a name. Another number when something else is in it.
fn image_at(address: &str) -> &'static str {
    static THERE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    const NAME: &str = "pilothouse-test/busybox:1";
    let mut there = THERE.lock().unwrap();
    if there.insert(address.to_owned()) {
        // Tests are processes of their own, and several begin at once.
        let lock = std::fs::File::create(concat!(env!("CARGO_TARGET_TMPDIR"), "/image.lock")).unwrap();
        lock.lock().unwrap();
        if docker_at(address, &["images", "-q", NAME]).is_empty() {
            import(address, NAME, "");
        }
    }
    NAME
}

/// Makes an image of a static busybox on the engine at this address. Another `mark` makes another image.
pub fn import(address: &str, name: &str, mark: &str) {
    let applets = ["sh", "sleep", "cat", "seq", "printf", "true", "false", "head", "yes", "stty"];
    import_with(address, name, mark, &applets);
}

/// As [`import`], with links for these applets only.
pub fn import_with(address: &str, name: &str, mark: &str, applets: &[&str]) {
    let root = tempfile::tempdir().unwrap();
    let bin = root.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::copy("/bin/busybox", bin.join("busybox")).expect("busybox-static must be installed");
    for applet in applets {
        std::os::unix::fs::symlink("busybox", bin.join(applet)).unwrap();
    }
    std::fs::write(root.path().join("mark"), mark).unwrap();
    let tar = Command::new("tar").arg("-C").arg(root.path()).args(["-c", "."]).output().unwrap();
    let mut import = Command::new("docker")
        .args(["--host", address, "import", "-", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    import.stdin.take().unwrap().write_all(&tar.stdout).unwrap();
    assert!(import.wait().unwrap().success());
}

/// Containers of one test; removed when dropped.
pub struct Project {
    /// Its name, in every container's name and in its labels.
    pub name: String,
    address: String,
    /// What else is removed with it, as arguments of `docker`.
    later: Mutex<Vec<Vec<String>>>,
}

impl Project {
    /// With a name of its own.
    pub fn new() -> Self {
        Self::at(&format!("unix://{SOCKET}"))
    }

    /// As [`Project::new`], on the engine at this address.
    pub fn at(address: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}x{number}", std::process::id());
        Self { name, address: address.to_owned(), later: Mutex::default() }
    }

    /// What `docker ARGS` prints there.
    pub fn docker(&self, args: &[&str]) -> String {
        docker_at(&self.address, args)
    }

    /// Once its containers are gone, `docker ARGS` is called.
    pub fn later(&self, args: &[&str]) {
        self.later.lock().unwrap().push(args.iter().map(|arg| (*arg).to_owned()).collect());
    }

    /// A network of its own; gives its name.
    pub fn network(&self, name: &str) -> String {
        let name = format!("{}-{name}", self.name);
        self.docker(&["network", "create", &name]);
        self.later(&["network", "rm", &name]);
        name
    }

    /// Starts a container of this service running `script` in a shell; gives its name.
    pub fn run(&self, service: &str, options: &[&str], script: &str) -> String {
        let name = format!("{}-{service}", self.name);
        let project = format!("com.docker.compose.project={}", self.name);
        let service = format!("com.docker.compose.service={service}");
        let mut args = vec!["run", "-d", "--name", &name, "--label", &project, "--label", &service];
        args.extend(options);
        args.extend([image_at(&self.address), "sh", "-c", script]);
        self.docker(&args);
        name
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let filter = format!("label=com.docker.compose.project={}", self.name);
        for id in self.docker(&["ps", "-aq", "--filter", &filter]).lines() {
            self.docker(&["rm", "-f", "-v", id]);
        }
        for args in self.later.get_mut().unwrap().drain(..) {
            docker_at(&self.address, &args.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
