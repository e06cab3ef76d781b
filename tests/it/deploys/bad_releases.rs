//! Releases that are no good, on the machine's engine: each is told with its evidence and leaves the old one serving.

use crate::cli::run_with;
use crate::load::service::{Make, Service, image};

const FORM: &str = "{{.Image}} {{.State.Status}} {{.State.StartedAt}} {{.HostConfig.RestartPolicy.Name}}";

/// A service of one replica that is deployed to, and has to stand there untouched at the end.
struct Standing {
    service: Service,
    before: Vec<(String, String)>,
}

impl Standing {
    fn open() -> Option<Self> {
        let service = Service::open(1, "    driver: bridge\n")?;
        let before = service.states(FORM);
        Some(Self { service, before })
    }

    /// Deploys an image that is no good, with this more in the configuration; gives what was told.
    #[track_caller]
    fn deploy(&self, image: &str, config: &str, status: i32) -> String {
        let config = format!("{}{config}", self.service.config());
        let target = self.service.target();
        let done =
            run_with(&config, &["deploy", &target, image, "--yes", "--ready-within", "3s"]).ended(status);
        // The same container, never stopped, and nothing beside it.
        assert_eq!(self.service.states(FORM), self.before, "{}", done.out);
        done.out + &done.err
    }
}

/// Readiness is asked in a container itself.
const PROBE: &str =
    "\n[services.web]\nvia = \"container\"\n[services.web.ready]\nhttp = \"/health/ready\"\nport = 8080\n";

#[track_caller]
fn has_all(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn what_ends_at_once_is_told_with_its_exit_code_and_last_lines() {
    let Some(standing) = Standing::open() else { return };
    let told = standing.deploy(&image("2", Make::Ends), "", 4);
    has_all(
        &told,
        &["was restarted 3 times", "the last time it ended with 1", "usage: service run", "taken back"],
    );
}

#[test]
fn what_is_never_ready_is_told_with_what_its_check_or_probe_saw() {
    let Some(standing) = Standing::open() else { return };
    let told = standing.deploy(&image("2", Make::Deaf), "", 4);
    has_all(&told, &["not ready within 3 s", "its health check fails: 127.0.0.1", r#""msg":"mode is down""#]);
    // The shop's web is not ready without its api.
    let told = standing.deploy(&image("2", Make::Unchecked), PROBE, 4);
    has_all(
        &told,
        &[
            "not ready within 3 s",
            "its probe says 502 (GET http://",
            ":8080/health/ready): {\"error\":\"api: ",
        ],
    );
}

#[test]
fn what_is_for_another_machine_is_refused_and_what_has_no_check_has_to_stay_up() {
    let Some(standing) = Standing::open() else { return };
    let told = standing.deploy(&image("2", Make::Foreign), "", 1);
    has_all(&told, &["is for arm64, and local runs amd64", "nothing was done"]);
    let service = &standing.service;
    let done = service.run(&["deploy", &service.target(), &image("2", Make::Unchecked), "--yes"]).ended(0);
    has_all(&done.out, &["no check: it has to stay up for 5 s"]);
}

#[test]
fn of_two_who_begin_in_the_same_second_one_deploys_and_the_other_is_told_who() {
    let Some(standing) = Standing::open() else { return };
    let service = &standing.service;
    let (config, target) = (service.config(), service.target());
    let image = image("2", Make::Good);
    let deploy = || run_with(&config, &["deploy", &target, &image, "--yes", "--ready-within", "20s"]);
    let both = std::thread::scope(|scope| {
        let both = [scope.spawn(deploy), scope.spawn(deploy)];
        both.map(|one| one.join().unwrap())
    });
    let mut ends = both.each_ref().map(|done| done.status);
    ends.sort_unstable();
    let told = both.map(|done| done.out + &done.err).join("\n");
    assert_eq!(ends, [0, 5], "{told}");
    has_all(&told, &["deploy web", "nothing was done"]);
    let states = service.states("{{.State.Status}}");
    let is = |name: &str, state: &str| states.iter().any(|(n, s)| n.ends_with(name) && s == state);
    assert!(states.len() == 2 && is("web_1", "exited") && is("web-v1-1", "running"), "{states:?}");
}
