//! Deployments of what Compose files say, on the machine's engine: what runs already, and what does not run yet.

use std::io::BufRead;
use std::path::Path;
use std::process::Command;

use super::real::image;
use crate::cli::{Done, command, done};
use crate::engine::{self, Project, SOCKET, docker};

const LIVE: &str = "trap 'exit 0' TERM; while :; do sleep 1; done";

/// A project whose files say what its services are. Taken down with the test.
pub struct Files {
    pub project: Project,
    pub home: tempfile::TempDir,
}

impl Files {
    pub fn open() -> Option<Self> {
        if !engine::is_there() {
            return None;
        }
        image("good-1");
        let files = Self { project: Project::new(), home: tempfile::tempdir().unwrap() };
        files.project.later(&["network", "rm", &format!("{}_default", files.project.name)]);
        files.configure("");
        Some(files)
    }

    /// What the configuration says besides.
    pub fn configure(&self, more: &str) {
        let own = crate::cli::environment(&self.project.name, "development", &self.project);
        let name = &self.project.name;
        let text = format!("{own}\n[environments.{name}.compose]\nfiles = [\"compose.yml\"]\n{more}\n");
        std::fs::write(self.home.path().join("pilothouse.toml"), text).unwrap();
    }

    /// What the files say: services with their lines.
    pub fn say(&self, services: &[(&str, &str)]) {
        let service = |(name, more): &(&str, &str)| {
            format!(
                "  {name}:\n    image: pilothouse-test/deploy:good-1\n    command: [sh, -c, \"{LIVE}\"]\n    \
                 stop_grace_period: 1s\n    expose: [80]\n{more}"
            )
        };
        let services: String = services.iter().map(service).collect();
        std::fs::write(
            self.home.path().join("compose.yml"),
            format!("version: '2.4'\nservices:\n{services}"),
        )
        .unwrap();
    }

    pub fn compose(&self, args: &[&str]) {
        let done = Command::new("docker-compose")
            .current_dir(self.home.path())
            .env("DOCKER_HOST", format!("unix://{SOCKET}"))
            .args(["-p", &self.project.name, "-f", "compose.yml"])
            .args(args)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    pub fn run(&self, args: &[&str]) -> Done {
        done(command(self.home.path(), args).output().unwrap())
    }

    pub fn target(&self, name: &str) -> String {
        format!("{}/{name}", self.project.name)
    }

    /// What a form tells of each container of a service, sorted.
    pub fn rows(&self, service: &str, form: &str) -> Vec<String> {
        let project = format!("label=com.docker.compose.project={}", self.project.name);
        let service = format!("label=com.docker.compose.service={service}");
        let ids = docker(&["ps", "-aq", "--filter", &project, "--filter", &service]);
        if ids.is_empty() {
            return Vec::new();
        }
        let form = format!("{{{{.Name}}}} {form}");
        let inspect: Vec<&str> = ["inspect", "-f", &form].into_iter().chain(ids.lines()).collect();
        let short = |line: &str| line.replace(&format!("/{}", self.project.name), "");
        let mut rows: Vec<_> = docker(&inspect)
            .lines()
            .map(|line| short(line).trim_start_matches(['-', '_']).to_owned())
            .collect();
        rows.sort();
        rows
    }
}

/// What it is made with: its name, its image, whether it runs.
pub const STATE: &str = "{{.Config.Image}} {{.State.Status}}";

pub fn deploy<'a>(target: &'a str, image: &'a str) -> Vec<&'a str> {
    vec!["deploy", target, image, "--yes", "--local", "--ready-within", "10s"]
}

#[test]
fn new_replicas_are_made_as_files_say_and_the_plan_tells_what_that_changes() {
    let Some(files) = Files::open() else { return };
    files.say(&[("web", "    environment: {LOG_LEVEL: info}\n")]);
    files.compose(&["up", "-d"]);
    files.say(&[("web", "    environment: {LOG_LEVEL: debug, DB_PASSWORD: s3same}\n    volumes: [/data]\n")]);
    let (target, image) = (files.target("web"), image("good-2"));
    let plan = files.run(&[&deploy(&target, &image)[..], &["--plan"]].concat()).ended(0);
    for told in ["env LOG_LEVEL: info -> debug", "env DB_PASSWORD: - -> ********", "mount /data"] {
        assert!(plan.out.contains(told), "{told}: {}", plan.out);
    }
    files.run(&deploy(&target, &image)).ended(0);
    let label = |name: &str| format!("{{{{index .Config.Labels \"com.docker.compose.{name}\"}}}}");
    let form = format!(
        "{STATE} {} {} {} {{{{.Config.Env}}}}",
        label("container-number"),
        label("service"),
        label("oneoff")
    );
    let rows = files.rows("web", &form);
    assert_eq!(rows[0].split(' ').take(3).collect::<Vec<_>>(), ["web-v1-1", image.as_str(), "running"]);
    assert!(rows[0].contains("1 web False [DB_PASSWORD=s3same LOG_LEVEL=debug"), "{rows:?}");
    assert!(rows[1].starts_with("web_1 pilothouse-test/deploy:good-1 exited"), "{rows:?}");
    let drift = files.run(&["drift", "-e", &files.project.name, "--json"]).ended(1).json();
    assert!(drift.iter().all(|row| row["key"] == "Image"), "{drift:?}");
    let ledger = files.run(&["ledger", "export", "-e", &files.project.name, "--json"]).ended(0);
    let told = format!("{}{}", ledger.out, plan.out);
    assert!(!told.contains("s3same"), "{told}");
    // Nothing is lost that lies in a volume without a name.
    let volume = || files.rows("web", "{{range .Mounts}}{{.Name}}{{end}}")[0].clone();
    let first = volume();
    files.run(&deploy(&target, &super::real::image("good-3"))).ended(0);
    let second = volume();
    assert_eq!(first.split(' ').nth(1), second.split(' ').nth(1));
    // Compose takes all of them for its own.
    files.compose(&["up", "-d", "--remove-orphans"]);
    assert_eq!(files.rows("web", STATE), ["web_1 pilothouse-test/deploy:good-1 running"]);
}

#[test]
fn what_does_not_run_yet_comes_up_as_files_say_and_a_bad_one_leaves_nothing() {
    let Some(files) = Files::open() else { return };
    let check =
        "    healthcheck: {test: [CMD, grep, -q, good, /mark], interval: 1s, retries: 1}\n    scale: 2\n";
    files.say(&[("web", ""), ("worker", check)]);
    files.compose(&["up", "-d", "web"]);
    let target = files.target("worker");
    let bad = files.run(&deploy(&target, &image("bad"))).ended(4);
    assert!(bad.out.contains("its health check fails"), "{}", bad.out);
    assert_eq!(files.rows("worker", STATE), Vec::<String>::new());
    let done = files.run(&deploy(&target, &image("good-2"))).ended(0);
    assert!(done.out.ends_with("done\n"), "{}", done.out);
    let row = |n: u32| format!("worker-v2-{n} pilothouse-test/deploy:good-2 running");
    assert_eq!(files.rows("worker", STATE), [row(1), row(2)]);
    let unknown = files.run(&deploy(&files.target("wroker"), &image("good-2"))).ended(1);
    assert!(unknown.err.contains("no service or container `wroker`"), "{}", unknown.err);
}

#[test]
fn files_that_change_once_it_was_planned_make_it_go_back() {
    let Some(files) = Files::open() else { return };
    files.say(&[("web", "    environment: {DB_PASSWORD: one}\n")]);
    files.compose(&["up", "-d"]);
    files.configure(
        "[services.web.deploy]\npre_deploy = [\"sh\", \"-c\", \"while [ ! -e /go ]; do sleep 1; done\"]",
    );
    let before = files.rows("web", STATE);
    let (target, image) = (files.target("web"), image("good-2"));
    let args = [&deploy(&target, &image)[..], &["--json"]].concat();
    let mut child = command(files.home.path(), &args).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    for line in std::io::BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        told.push_str(&line);
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        if event["event"] == "begins" && event["step"].as_str().unwrap().starts_with("run pre-deploy") {
            files.say(&[("web", "    environment: {DB_PASSWORD: two}\n")]);
            let errand =
                docker(&["ps", "-aq", "--filter", &format!("name={}_web-v1-pre-deploy", files.project.name)]);
            docker(&[
                "cp",
                Path::new(env!("CARGO_MANIFEST_DIR")).join("LICENSE").to_str().unwrap(),
                &format!("{errand}:/go"),
            ]);
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(4), "{told}");
    assert!(told.contains("say something else of web now than when this was planned"), "{told}");
    assert!(!told.contains("\"two\"") && !told.contains("=two"), "{told}");
    assert_eq!(files.rows("web", STATE), before);
}

#[test]
fn files_that_cannot_be_read_are_told_before_anything_is_touched() {
    let Some(files) = Files::open() else { return };
    files.say(&[("web", "")]);
    files.compose(&["up", "-d"]);
    let before = files.rows("web", STATE);
    files.say(&[("web", "    enviroment: {A: b}\n    gpus: all\n")]);
    let refused = files.run(&deploy(&files.target("web"), &image("good-2"))).ended(1);
    for told in ["enviroment", "gpus", "compose.yml:8", "nothing was done"] {
        assert!(refused.err.contains(told), "{told}: {}", refused.err);
    }
    assert_eq!(files.rows("web", STATE), before);
}
