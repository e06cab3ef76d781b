//! Deployments on the machine's engine, by the command line alone: rolled out, taken back, killed at any step and gone on
//! with.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::cli::{Done, command, run_with};
use crate::engine::{self, Project, SOCKET, docker, import_with};

/// A service of two replicas in a network, whose health check asks the image whether it is good.
pub struct Shop {
    pub project: Project,
    network: String,
}

/// An image that is found again by every test and every run.
pub fn image(mark: &str) -> String {
    let name = format!("pilothouse-test/deploy:{mark}");
    if docker(&["images", "-q", &name]).is_empty() {
        import_with(&format!("unix://{SOCKET}"), &name, mark, &["sh", "sleep", "grep"]);
    }
    name
}

impl Shop {
    pub fn open(replicas: usize, options: &[&str]) -> Option<Self> {
        if !engine::is_there() {
            return None;
        }
        let project = Project::new();
        let network = project.network("shop");
        let shop = Self { project, network };
        (1..=replicas).for_each(|n| shop.start(n, options));
        Some(shop)
    }

    fn start(&self, n: usize, options: &[&str]) {
        let name = format!("{}-web-{n}", self.project.name);
        let project = format!("com.docker.compose.project={}", self.project.name);
        let mut args =
            vec!["run", "-d", "--name", &name, "--network", &self.network, "--network-alias", "web"];
        args.extend(["--label", &project, "--label", "com.docker.compose.service=web"]);
        args.extend(["--restart", "always", "--expose", "80", "--stop-timeout", "1"]);
        args.extend([
            "--health-cmd",
            "grep -q good /mark",
            "--health-interval",
            "1s",
            "--health-retries",
            "1",
        ]);
        args.extend(options);
        let image = image("good-1");
        let script = "echo no database; trap 'exit 0' TERM; while :; do sleep 1; done";
        args.extend([image.as_str(), "sh", "-c", script]);
        docker(&args);
    }

    pub fn config(&self) -> String {
        crate::cli::environment(&self.project.name, "development", &self.project)
    }

    pub fn run(&self, args: &[&str]) -> Done {
        run_with(&self.config(), args)
    }

    /// Its environment.
    pub fn name(&self) -> String {
        self.project.name.clone()
    }

    pub fn target(&self) -> String {
        format!("{}/web", self.project.name)
    }

    /// Name, image, state, restart policy and names in the network of each, without the project's.
    pub fn rows(&self) -> Vec<String> {
        let filter = format!("label=com.docker.compose.project={}", self.project.name);
        let ids = docker(&["ps", "-aq", "--filter", &filter]);
        let form = "{{.Name}} {{.Config.Image}} {{.State.Status}} {{.HostConfig.RestartPolicy.Name}} \
                    {{range .NetworkSettings.Networks}}{{json .Aliases}}{{end}}";
        let inspect: Vec<&str> = ["inspect", "-f", form].into_iter().chain(ids.lines()).collect();
        let short = |line: &str| {
            let line = line.trim_start_matches('/').replace(&format!("{}-", self.project.name), "");
            let (row, aliases) = line.split_once('[').unwrap_or((&line, ""));
            let found = if aliases.contains("\"web\"") { "found" } else { "apart" };
            format!("{}{found}", row.replace("pilothouse-test/deploy:", ""))
        };
        let mut rows: Vec<_> = docker(&inspect).lines().map(short).collect();
        rows.sort();
        rows
    }

    /// A command that deploys, followed until it begins a step that begins so; gives whether it came to that.
    pub fn begin(&self, args: &[&str], step: &str) -> (Running, bool) {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("pilothouse.toml"), self.config()).unwrap();
        let mut child = command(home.path(), args).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let came = loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap() == 0 {
                break false;
            }
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            if event["event"] == "begins" && event["step"].as_str().unwrap().starts_with(step) {
                break true;
            }
        };
        (Running { child, lines, worker: self.worker(), _home: home }, came)
    }

    /// The process that does it is killed once it begins a step that begins so; gives whether it came to that.
    fn kill_at(&self, args: &[&str], step: &str) -> bool {
        let (mut running, came) = self.begin(args, step);
        let Some(worker) = running.worker else { return false };
        // Where the step was the last one it may be over.
        let _ = kill_process(worker, Signal::KILL);
        running.child.wait().unwrap();
        came
    }

    /// The process that holds the lock.
    fn worker(&self) -> Option<Pid> {
        let lock = self.locks();
        if lock.is_empty() {
            return None;
        }
        let claim = docker(&["inspect", "-f", r#"{{index .Config.Labels "pilothouse.lock"}}"#, &lock]);
        let claim: serde_json::Value = serde_json::from_str(&claim).unwrap();
        Pid::from_raw(claim["pid"].as_i64().unwrap() as i32)
    }

    pub fn locks(&self) -> String {
        docker(&["ps", "-aq", "--filter", &format!("name=pilothouse-lock-{}", self.project.name)])
    }
}

/// A command that deploys.
pub struct Running {
    pub child: Child,
    pub lines: BufReader<ChildStdout>,
    /// The process that does it.
    pub worker: Option<Pid>,
    _home: tempfile::TempDir,
}

/// Waits until it is so.
#[track_caller]
pub fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_release_goes_live_and_back_and_a_bad_one_is_taken_back() {
    let Some(shop) = Shop::open(2, &[]) else { return };
    let before = shop.rows();
    let done = shop.run(&["deploy", &shop.target(), &image("good-2"), "--yes", "--note", "faster"]).ended(0);
    assert!(done.out.ends_with("done\n"), "{}", done.out);
    let live = shop.rows();
    let expected = [
        "web-1 good-1 exited no found",
        "web-2 good-1 exited no found",
        "web-v1-1 good-2 running always found",
        "web-v1-2 good-2 running always found",
    ];
    assert_eq!(live, expected);
    let bad = ["deploy", &shop.target(), &image("bad"), "--yes", "--ready-within", "2s"];
    let done = shop.run(&bad).ended(4);
    for told in ["no database", "its health check fails", "taken back"] {
        assert!(done.out.contains(told), "{told}: {}", done.out);
    }
    assert_eq!(shop.rows(), live);
    shop.run(&["rollback", &shop.target(), "--yes"]).ended(0);
    let back = shop.rows();
    assert_eq!(back[..2], before);
    assert_eq!(back[2..], ["web-v1-1 good-2 exited no found", "web-v1-2 good-2 exited no found"]);
    shop.run(&["scale", &shop.target(), "3", "--yes"]).ended(0);
    assert_eq!(shop.rows()[2], "web-v0-3 good-1 running always found");
    let ledger = shop.run(&["ledger", "export", "-e", &shop.project.name, "--json"]).ended(0).json();
    let told: Vec<_> = ledger.iter().map(|row| (row["outcome"].as_str(), row["why"].as_str())).collect();
    let plain = (Some("done"), None);
    assert_eq!(told, [(Some("done"), Some("faster")), (Some("undone"), None), plain, plain]);
    assert_eq!(shop.locks(), "");
}

#[test]
fn what_was_killed_at_any_step_is_resumed_or_undone() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let images = ["good-2", "good-1"].map(image);
    for (n, step) in ["create", "start", "wait", "let", "stop"].into_iter().enumerate() {
        let (before, image) = (shop.rows(), &images[n % 2]);
        let target = shop.target();
        let deploy = ["deploy", &target, image, "--yes", "--json"];
        assert!(shop.kill_at(&deploy, step), "{step}");
        let refused = shop.run(&["deploy", &target, image, "--yes"]);
        assert!(matches!(refused.status, 1 | 5), "{step}: {}", refused.err);
        shop.run(&["undo", "-e", &shop.project.name, "--yes"]).ended(4);
        assert_eq!((shop.rows(), shop.locks()), (before, String::new()), "undone at {step}");
        assert!(shop.kill_at(&deploy, step), "{step}");
        shop.run(&["resume", "-e", &shop.project.name, "--yes"]).ended(0);
        let up: Vec<_> = shop.rows().into_iter().filter(|row| row.contains("running")).collect();
        assert_eq!((up.len(), shop.locks()), (1, String::new()), "resumed at {step}: {up:?}");
    }
    let nothing = shop.run(&["resume", "-e", &shop.project.name]).ended(0);
    assert!(nothing.out.starts_with("nothing was cut off"), "{}", nothing.out);
}

#[test]
fn what_has_a_port_of_the_host_stops_first_and_is_told_so() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(shop) = Shop::open(1, &["-p", &format!("127.0.0.1:{port}:80")]) else { return };
    let plan = shop.run(&["deploy", &shop.target(), &image("good-2"), "--plan"]).ended(0);
    let place = |word: &str| plan.out.lines().position(|line| line.trim().starts_with(word)).unwrap();
    assert!(place("stop") < place("start"), "{}", plan.out);
    let nobody = shop.run(&["deploy", &shop.target(), &image("good-2")]).ended(2);
    assert!(nobody.err.contains("add --yes"), "{}", nobody.err);
    shop.run(&["deploy", &shop.target(), &image("good-2"), "--yes"]).ended(0);
    assert_eq!(shop.rows(), ["web-1 good-1 exited no found", "web-v1-1 good-2 running always found"]);
}

#[test]
fn without_an_image_its_containers_are_made_anew_one_after_the_other() {
    let Some(shop) = Shop::open(2, &[]) else { return };
    let done = shop.run(&["deploy", &shop.target(), "--yes"]).ended(0);
    assert!(done.out.contains("deploy web pilothouse-test/deploy:good-1 as v1"), "{}", done.out);
    let expected = [
        "web-1 good-1 exited no found",
        "web-2 good-1 exited no found",
        "web-v1-1 good-1 running always found",
        "web-v1-2 good-1 running always found",
    ];
    assert_eq!(shop.rows(), expected);
}

#[test]
fn a_proxy_that_would_ask_too_early_keeps_it_from_beginning_unless_that_is_meant() {
    let Some(shop) = Shop::open(1, &["--env", "VIRTUAL_HOST=shop.example"]) else { return };
    let (target, before, image) = (shop.target(), shop.rows(), image("good-2"));
    let deploy = ["deploy", &target, &image, "--yes"];
    let refused = shop.run(&deploy).ended(1);
    for told in ["nginx-proxy (variable VIRTUAL_HOST)", "early_traffic = true", "nothing was done"] {
        assert!(refused.err.contains(told), "{told}: {}", refused.err);
    }
    assert_eq!(shop.rows(), before);
    let allowing = format!("{}[services.web.deploy]\nearly_traffic = true\n", shop.config());
    run_with(&allowing, &deploy).ended(0);
}

#[test]
fn a_port_that_another_took_meanwhile_is_told_before_anything_is_touched() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let publish = format!("127.0.0.1:{port}:80");
    let Some(shop) = Shop::open(1, &["-p", &publish]) else { return };
    docker(&["stop", &format!("{}-web-1", shop.project.name)]);
    shop.start(2, &["--label", "pilothouse.release=v1"]);
    let other =
        shop.project.run("other", &["-p", &publish], "trap 'exit 0' TERM; while :; do sleep 0.1; done");
    let before = shop.rows();
    let refused = shop.run(&["rollback", &shop.target(), "--yes"]).ended(1);
    let told = format!("port {port} of local is taken by {other}, which is running");
    assert!(refused.err.contains(&told) && refused.err.contains("nothing was done"), "{}", refused.err);
    assert_eq!((shop.rows(), shop.locks()), (before, String::new()));
}

#[test]
fn what_cannot_be_done_is_told_and_nothing_is_touched() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let before = shop.rows();
    let (target, live) = (shop.target(), image("good-1"));
    for (args, told) in [
        (vec!["deploy", &target, "pilothouse-test/none:1", "--yes"], "has no image pilothouse-test/none:1"),
        (vec!["deploy", &target, &live, "--yes"], "is live already, as web v0; `deploy` without an image"),
        (vec!["rollback", &target, "--yes"], "there is nothing to go back to"),
        (vec!["rollback", &target, "v9", "--yes"], "no container of web v9 is kept"),
        (vec!["scale", &target, "1", "--yes"], "has 1 replica already"),
        (vec!["scale", &target, "0", "--yes"], "stop it instead"),
    ] {
        let done = shop.run(&args).ended(1);
        assert!(done.err.contains(told) && done.err.contains("nothing was done"), "{told}: {}", done.err);
    }
    assert_eq!((shop.rows(), shop.locks()), (before, String::new()));
}
