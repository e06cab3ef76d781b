//! Deployments over two hosts, of which one goes away.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::Fleet;
use crate::cli::{Done, done};
use crate::engine::{docker_at, import_with};

const HOSTS: [&str; 2] = ["web1", "web2"];

/// A service with one replica on each host; removed when dropped.
struct Site {
    fleet: Fleet,
    project: String,
}

impl Site {
    fn open() -> Option<Self> {
        let fleet = Fleet::open()?;
        let site = Self { fleet, project: format!("site{}", std::process::id()) };
        let engines = HOSTS.map(|host| site.fleet.engine(host));
        // One image everywhere: two that were imported apart are two.
        for (version, image) in [("1", ONE), ("2", TWO)] {
            import_with(&engines[0], image, version, &["sh", "sleep", "true"]);
            let file = tempfile::NamedTempFile::new().unwrap();
            let path = file.path().to_str().unwrap();
            docker_at(&engines[0], &["save", "-o", path, image]);
            docker_at(&engines[1], &["load", "-i", path]);
        }
        let (project, service) = (site.label(), "com.docker.compose.service=site");
        for (n, host) in HOSTS.into_iter().enumerate() {
            let engine = site.fleet.engine(host);
            let name = format!("{}-site-{}", site.project, n + 1);
            let who = ["run", "-d", "--name", &name, "--label", &project, "--label", service];
            let how =
                ["--restart", "always", "--expose", "80", "--stop-timeout", "1", "--health-cmd", "true"];
            let what = ["--health-interval", "1s", "pilothouse-test/site:1", "sh", "-c", crate::cli::IDLE];
            docker_at(&engine, &[&who[..], &how, &what].concat());
        }
        Some(site)
    }

    fn label(&self) -> String {
        format!("com.docker.compose.project={}", self.project)
    }

    /// Images of what runs on a host.
    fn live(&self, host: &str) -> String {
        let filter = format!("label={}", self.label());
        docker_at(&self.fleet.engine(host), &["ps", "--filter", &filter, "--format", "{{.Image}}"])
    }

    fn run(&self, args: &[&str]) -> Done {
        let home = tempfile::tempdir().unwrap();
        done(self.fleet.command(home.path(), &self.project, args).output().unwrap())
    }

    /// As above, and `meanwhile` once it begins something on this host.
    fn run_until_on(&self, host: &str, args: &[&str], meanwhile: impl FnOnce()) -> Done {
        let home = tempfile::tempdir().unwrap();
        let mut command = self.fleet.command(home.path(), &self.project, args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut out = String::new();
        loop {
            let from = out.len();
            assert!(lines.read_line(&mut out).unwrap() > 0, "it did not come to that: {out}");
            let event: serde_json::Value = serde_json::from_str(&out[from..]).unwrap();
            if event["event"] == "begins" && event["step"].as_str().unwrap().ends_with(&format!(" on {host}"))
            {
                break;
            }
        }
        meanwhile();
        while lines.read_line(&mut out).unwrap() > 0 {}
        let ended = done(child.wait_with_output().unwrap());
        Done { out, ..ended }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let filter = format!("label={}", self.label());
        for host in HOSTS {
            let engine = self.fleet.engine(host);
            for id in docker_at(&engine, &["ps", "-aq", "--filter", &filter]).lines() {
                docker_at(&engine, &["rm", "-f", id]);
            }
        }
    }
}

const ONE: &str = "pilothouse-test/site:1";
const TWO: &str = "pilothouse-test/site:2";

#[test]
#[ignore = "waits for a host that is gone; tests/soak runs it"]
fn soak_a_host_that_goes_in_the_middle_keeps_what_it_runs_and_is_gone_on_with() {
    let Some(site) = Site::open() else { return };
    let deploy = ["deploy", "fleet/site", TWO, "--yes", "--json"];
    let gone = site.run_until_on("web2", &deploy, || site.fleet.break_host("web2", "refuse"));
    assert_eq!(gone.status, 1, "{} {}", gone.out, gone.err);
    assert!(gone.out.contains("stopped where it is") && gone.out.contains("on web2: "), "{}", gone.out);
    assert_eq!((site.live("web1"), site.live("web2")), (TWO.to_owned(), ONE.to_owned()));
    site.fleet.break_host("web2", "ok");
    site.run(&["resume", "-e", "fleet", "--yes"]).ended(0);
    assert_eq!((site.live("web1"), site.live("web2")), (TWO.to_owned(), TWO.to_owned()));
}

#[test]
#[ignore = "waits for a host that is gone; tests/soak runs it"]
fn soak_a_host_that_is_down_is_told_and_the_others_deploy_and_roll_back() {
    let Some(site) = Site::open() else { return };
    site.fleet.break_host("web2", "refuse");
    let told = site.run(&["deploy", "fleet/site", TWO, "--yes"]).ended(0);
    assert!(told.err.contains("host web2 does not answer"), "{} {}", told.out, told.err);
    assert_eq!((site.live("web1"), site.live("web2")), (TWO.to_owned(), ONE.to_owned()));
    site.run(&["rollback", "fleet/site", "--yes"]).ended(0);
    assert_eq!((site.live("web1"), site.live("web2")), (ONE.to_owned(), ONE.to_owned()));
    site.fleet.break_host("web2", "ok");
    site.run(&["deploy", "fleet/site", TWO, "--yes"]).ended(0);
    assert_eq!((site.live("web1"), site.live("web2")), (TWO.to_owned(), TWO.to_owned()));
}
