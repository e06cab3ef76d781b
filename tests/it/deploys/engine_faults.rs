//! What happens to an engine while somebody deploys there: it is started again, its disk is full. On an engine of the
//! test's own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::{Done, command, done};
use crate::engine::{Project, import_with};
use crate::own_engine::OwnEngine;

const ROW: &str = "{{.Name}} {{.Config.Image}} {{.State.Status}} {{.HostConfig.RestartPolicy.Name}}";
const BEFORE: [&str; 1] = ["/shop-web-1 web:1 running always"];
const AFTER: [&str; 2] = ["/shop-web-1 web:1 exited no", "/shop-web-v1-1 web:2 running always"];

struct Host {
    own: OwnEngine,
    home: tempfile::TempDir,
    /// The ledger lies in a directory of the machine, whichever engine is asked.
    environment: String,
}

impl Host {
    /// With one replica of a service that is healthy.
    fn with(own: OwnEngine) -> Self {
        let home = tempfile::tempdir().unwrap();
        let environment = Project::new().name.clone();
        let config = format!(
            "[environments.{environment}]\nkind = \"development\"\nhosts = [\"{}\"]\n",
            own.address()
        );
        std::fs::write(home.path().join("pilothouse.toml"), config).unwrap();
        for image in ["web:1", "web:2"] {
            import_with(&own.address(), image, image, &["sh", "sleep", "true"]);
        }
        let service = ["--label", "com.docker.compose.service=web", "--expose", "80"];
        own.docker(&["network", "create", "shop"]);
        let network = ["--network", "shop", "--network-alias", "web"];
        let manner = ["--restart", "always", "--stop-timeout", "1"];
        let check = ["--health-cmd", "true", "--health-interval", "1s"];
        let script = "trap 'exit 0' TERM; while :; do sleep 0.1; done";
        let run = ["run", "-d", "--name", "shop-web-1"];
        own.docker(&[&run[..], &service, &network, &manner, &check, &["web:1", "sh", "-c", script]].concat());
        Self { own, home, environment }
    }

    fn run(&self, args: &[String]) -> Done {
        done(command(self.home.path(), args).output().unwrap())
    }

    /// As above, and `meanwhile` once it begins a step that begins so.
    fn run_while(&mut self, args: &[String], step: &str, meanwhile: impl FnOnce(&mut OwnEngine)) -> Done {
        let mut command = command(self.home.path(), args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut out = String::new();
        let came = loop {
            let from = out.len();
            if lines.read_line(&mut out).unwrap() == 0 {
                break false;
            }
            let event: serde_json::Value = serde_json::from_str(&out[from..]).unwrap();
            if event["event"] == "begins" && event["step"].as_str().unwrap().starts_with(step) {
                break true;
            }
        };
        if !came {
            let ended = done(child.wait_with_output().unwrap());
            panic!("it did not come to that: {out}{}", ended.err);
        }
        meanwhile(&mut self.own);
        while lines.read_line(&mut out).unwrap() > 0 {}
        let mut ended = done(child.wait_with_output().unwrap());
        ended.out = out;
        ended
    }

    fn deploy(&self, within: &str) -> Vec<String> {
        let target = format!("{}/web", self.environment);
        ["deploy", &target, "web:2", "--yes", "--json", "--ready-within", within].map(str::to_owned).into()
    }

    fn rows(&self) -> Vec<String> {
        let ids = self.own.docker(&["ps", "-aq", "--filter", "label=com.docker.compose.service=web"]);
        let told =
            self.own.docker(&["inspect", "-f", ROW].into_iter().chain(ids.lines()).collect::<Vec<_>>());
        let mut rows: Vec<_> = told.lines().map(str::to_owned).collect();
        rows.sort();
        rows
    }

    fn locks(&self) -> String {
        self.own.docker(&["ps", "-aq", "--filter", "name=pilothouse-lock"])
    }
}

#[test]
fn a_deployment_lives_through_a_restart_of_the_engine() {
    let Some(own) = OwnEngine::start() else { return };
    let mut host = Host::with(own);
    let deploy = host.deploy("30s");
    let done = host.run_while(&deploy, "wait", |own| {
        own.stop();
        own.serve();
    });
    // What it waited for ended with the engine: it may see that and go back, or see it up again and go on.
    let expected: &[&str] = if done.status == 0 { &AFTER } else { &BEFORE };
    assert!(matches!(done.status, 0 | 4), "{} {}", done.out, done.err);
    assert_eq!(host.rows(), expected, "{}", done.out);
    assert_eq!(host.locks(), "");
    assert!(done.out.contains(r#""event":"again""#), "{}", done.out);
}

/// A small disk for an engine; gone when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("pilothouse-disk-").tempdir().unwrap();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(dir.path()).status();
        assert!(mount.unwrap().success());
        Self(dir)
    }

    fn filler(&self) -> std::path::PathBuf {
        self.0.path().join("filler")
    }

    fn fill(&self) {
        let mut file = std::fs::File::create(self.filler()).unwrap();
        let error = std::io::copy(&mut std::io::repeat(0), &mut file).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What the engine left mounted there goes first.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let mut ours: Vec<_> =
            mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(Path::new).collect();
        ours.retain(|mount| mount.starts_with(self.0.path()));
        for mount in ours.into_iter().rev() {
            let _ = Command::new("umount").arg(mount).status();
        }
    }
}

#[test]
fn a_full_disk_is_told_and_what_ran_runs() {
    let disk = Disk::new();
    let root = disk.0.path().to_str().unwrap().to_owned();
    let Some(own) = OwnEngine::start_with(vec!["--data-root".to_owned(), root]) else { return };
    let mut host = Host::with(own);
    disk.fill();
    let deploy = host.deploy("4s");
    let told = host.run(&deploy);
    assert!(told.status == 1 && told.err.contains("no space left on device"), "{} {}", told.status, told.err);
    assert_eq!(host.rows(), BEFORE);
    disk.free();
    let done = host.run_while(&deploy, "wait", |_| disk.fill());
    // Whichever write is the first that the engine refuses.
    let told = done.out.contains("no space left on device") && done.out.contains("stopped where it is");
    assert!(done.status == 1 && told, "{} {} {}", done.status, done.out, done.err);
    assert!(host.rows().contains(&BEFORE[0].to_owned()), "{:?}", host.rows());
    disk.free();
    host.run(&["undo", "-e", &host.environment, "--yes"].map(str::to_owned)).ended(4);
    assert_eq!((host.rows(), host.locks()), (BEFORE.map(str::to_owned).to_vec(), String::new()));
}
