//! Deployments beside the same `docker` commands typed by a script with the same waits: four replicas on two engines, and
//! back to one that is kept.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::Form;
use super::measures::ms;
use super::table::Table;
use crate::cli::IDLE;
use crate::engine::{docker_at, import_with};
use crate::own_engine::OwnEngine;

const OURS: &str = "pilothouse";
const THEIRS: &str = "docker";
const IMAGES: [&str; 2] = ["pilothouse-bench/site:1", "pilothouse-bench/site:2"];
const NETWORK: &str = "site";
/// What each replica needs so that another like it can take its place.
const HOW: [&str; 14] = [
    "--restart",
    "always",
    "--expose",
    "80",
    "--stop-timeout",
    "1",
    "--network",
    NETWORK,
    "--health-cmd",
    "true",
    "--health-interval",
    "1s",
    "--health-timeout",
    "5s",
];
/// What an operator types for each replica, as functions of a shell. A look every quarter of a second.
const SCRIPT: &str = r#"
set -e
ready() { until [ "$($1 inspect -f '{{.State.Health.Status}}' "$2")" = healthy ]; do sleep 0.25; done; }
join() { $1 network disconnect site "$2"; $1 network connect --alias site site "$2"; ready "$1" "$2"; }
retire() { $1 update --restart no "$2"; $1 stop "$2"; }
deploy() {
    $1 create --name "$3" --label com.docker.compose.project=site --label com.docker.compose.service=site $HOW "$IMAGE" sh -c "$IDLE"
    $1 start "$3"; ready "$1" "$3"; join "$1" "$3"; retire "$1" "$2"
}
back() {
    $1 network disconnect site "$2"; $1 network connect site "$2"; $1 update --restart always "$2"
    $1 start "$2"; ready "$1" "$2"; join "$1" "$2"; retire "$1" "$3"
}
"#;

/// Two engines with one image, and a service on them.
struct Site {
    engines: [OwnEngine; 2],
    home: tempfile::TempDir,
}

impl Site {
    /// With one image on both, and nothing that runs.
    fn open(engines: [OwnEngine; 2]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let [one, two] = engines.each_ref().map(OwnEngine::address);
        for (image, mark) in IMAGES.into_iter().zip(["1", "2"]) {
            import_with(&one, image, mark, &["sh", "sleep", "true"]);
            // Imported apart they would be two.
            let file = home.path().join("image");
            let path = file.to_str().unwrap();
            docker_at(&one, &["save", "-o", path, image]);
            docker_at(&two, &["load", "-i", path]);
        }
        for address in [&one, &two] {
            docker_at(address, &["network", "create", NETWORK]);
        }
        let config = format!(
            "[environments.site]\nkind = \"development\"\nhosts = [\"{one}\", \"{two}\"]\nprojects = [\"site\"]\n"
        );
        std::fs::write(home.path().join("pilothouse.toml"), config).unwrap();
        Self { engines, home }
    }

    fn address(&self, n: usize, replicas: usize) -> String {
        self.engines[n * 2 / replicas.max(2)].address()
    }

    /// Nothing but so many replicas of the first image.
    fn fresh(&self, replicas: usize) {
        for engine in &self.engines {
            let ids = engine.docker(&["ps", "-aq", "--filter", "label=com.docker.compose.service=site"]);
            for id in ids.lines() {
                engine.docker(&["rm", "-f", id]);
            }
        }
        for n in 0..replicas {
            let name = format!("site-{n}");
            let mut args = vec!["run", "-d", "--name", &name, "--label", "com.docker.compose.project=site"];
            args.extend(["--label", "com.docker.compose.service=site", "--network-alias", "site"]);
            args.extend(HOW);
            args.extend([IMAGES[0], "sh", "-c", IDLE]);
            docker_at(&self.address(n, replicas), &args);
        }
    }

    /// How long the console takes for it.
    fn ours(&self, args: &[&str]) -> f64 {
        let program = PathBuf::from(std::env::var("BENCH_PROGRAM").expect("tests/bench sets BENCH_PROGRAM"));
        let mut ours = Command::new(program);
        ours.args(args).args(["--yes"]).current_dir(self.home.path()).env("HOME", self.home.path());
        let began = Instant::now();
        let done = ours.stdin(Stdio::null()).output().unwrap();
        let took = ms(began, Instant::now());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        if std::env::var_os("BENCH_SHOW").is_some() {
            print!("{}", String::from_utf8_lossy(&done.stdout));
        }
        took
    }

    /// How long a script takes for it: so many calls, each with its engine's client and two names.
    fn theirs(&self, function: &str, replicas: usize) -> f64 {
        let calls = (0..replicas).map(|n| {
            let docker = format!("docker --host {}", self.address(n, replicas));
            format!("{function} \"{docker}\" site-{n} site-new-{n}\n")
        });
        let script = SCRIPT.to_owned() + &calls.collect::<String>();
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).env("HOW", HOW.join(" ")).env("IMAGE", IMAGES[1]).env("IDLE", IDLE);
        let began = Instant::now();
        let done = shell.stdin(Stdio::null()).output().unwrap();
        let took = ms(began, Instant::now());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        took
    }
}

/// All of it, as one table.
pub fn table(form: &Form) -> Table {
    let mut table = Table::new([OURS, THEIRS]);
    let engines =
        [OwnEngine::start(), OwnEngine::start()].map(|engine| engine.expect("tests/bench needs root"));
    let site = Site::open(engines);
    for _ in 0..form.rounds.max(3) {
        for (replicas, deploy, back) in [
            (4, "rolling deploy of 4 replicas on 2 hosts, ms", "rollback of them to kept containers, ms"),
            (1, "deploy of 1 replica, ms", "rollback of it to its kept container, ms"),
        ] {
            site.fresh(replicas);
            table.add(deploy, OURS, site.ours(&["deploy", "site/site", IMAGES[1]]));
            table.add(back, OURS, site.ours(&["rollback", "site/site"]));
            site.fresh(replicas);
            table.add(deploy, THEIRS, site.theirs("deploy", replicas));
            table.add(back, THEIRS, site.theirs("back", replicas));
        }
    }
    table
}
