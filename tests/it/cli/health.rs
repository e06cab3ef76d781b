//! `health` and `status` on real containers: the engine's checks, the configured probes, and what is near its limit.

use std::time::{Duration, Instant};

use super::{IDLE, QUIET, environment, run_with};
use crate::engine::{self, Project, SOCKET, docker};
use crate::shop::Shop;

#[test]
fn health_tells_what_the_check_said_and_ends_with_3() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let config = environment("shop", "staging", &project);
    let check = [
        "--network",
        "none",
        "--health-interval=200ms",
        "--health-retries=1",
        "--health-cmd",
        "echo no database; exit 1",
    ];
    let name = project.run("web", &check, IDLE);
    let deadline = Instant::now() + Duration::from_secs(30);
    while docker(&["inspect", "-f", "{{.State.Health.Status}}", &name]) != "unhealthy" {
        assert!(Instant::now() < deadline, "it never became unhealthy");
    }
    let done = run_with(&config, &["health"]).ended(3);
    assert!(done.out.contains("unhealthy") && done.out.contains("no database"), "{}", done.out);
    let done = run_with(&config, &["status"]).ended(3);
    assert!(done.out.contains("unhealthy: no database"), "{}", done.out);
    let rows = run_with(&config, &["health", "--json"]).ended(3).json();
    assert_eq!(rows[0]["checks"][0]["exit_code"], 1, "{}", rows[0]);
}

/// The shop with the probes of its own configuration.
fn probed(shop: &Shop) -> String {
    format!(
        r#"
        [environments.shop]
        hosts = ["unix://{SOCKET}"]
        projects = ["{}"]
        [services.api]
        via = "container"
        live = {{ http = "/health/live", port = 8080 }}
        ready = {{ http = "/health/ready", port = 8080 }}
        [services.store]
        via = "container"
        live = {{ tcp = true, port = 5432 }}
        "#,
        shop.project
    )
}

#[test]
fn every_probe_is_asked_once_and_a_broken_dependency_is_named() {
    let Some(shop) = Shop::open() else { return };
    let config = probed(&shop);
    let done = run_with(&config, &["health", "api", "--json"]).ended(0);
    let row = &done.json()[0];
    let probe = |row: &serde_json::Value, kind: &str| {
        let all = row["probes"].as_array().expect("a list").clone();
        all.into_iter().find(|probe| probe["kind"] == kind).unwrap_or_else(|| panic!("{row}"))
    };
    assert_eq!(probe(row, "live")["ok"], true, "{row}");
    let ready = probe(row, "ready");
    assert!(ready["took_ms"].as_f64().is_some_and(|ms| ms > 0.0) && ready["status"] == 200, "{ready}");
    assert!(ready["url"].as_str().is_some_and(|url| url.ends_with(":8080/health/ready")), "{ready}");
    assert!(ready["dependencies"].as_array().is_some_and(|all| all.len() == 2), "{ready}");
    assert_eq!(probe(&run_with(&config, &["health", "store", "--json"]).json()[0], "live")["ok"], true);
    shop.run("break", &["store", "slow"]);
    shop.until("api-1", "broken", Duration::from_secs(30), |seen| {
        seen["State"]["Health"]["Status"] == "unhealthy"
    });
    let done = run_with(&config, &["health", "api"]).ended(3);
    assert!(done.out.contains("503") && done.out.contains("database timeout"), "{}", done.out);
    let done = run_with(&config, &["status"]).ended(3);
    assert!(done.out.contains("ready 503 after") && done.out.contains("database timeout"), "{}", done.out);
}

#[test]
fn a_probe_that_cannot_be_asked_says_what_to_set() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &["--network", "none", "--expose", "8080"], IDLE);
    let config = environment("shop", "staging", &project) + "[services.web.ready]\nhttp = \"/ready\"\n";
    let done = run_with(&config, &["health"]).ended(0);
    assert!(
        done.out.contains("ready  not asked") && done.out.contains("set `via = \"container\"`"),
        "{}",
        done.out
    );
}

#[test]
fn what_has_ended_badly_is_not_well() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("job", QUIET, "exit 4");
    docker(&["wait", &name]);
    let done = run_with(&environment("shop", "staging", &project), &["health"]).ended(3);
    assert!(done.out.contains("exited 4"), "{}", done.out);
}

#[test]
fn what_is_started_again_and_again_is_told_by_its_count() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    // Five lives, the last of them long.
    let script = "n=$(cat /n 2>/dev/null || echo 0); echo $((n + 1)) >/n; [ $n -ge 4 ] || exit 1; sleep 600";
    let name = project.run("web", &["--network", "none", "--restart", "always"], script);
    let deadline = Instant::now() + Duration::from_secs(60);
    while docker(&["inspect", "-f", "{{.RestartCount}} {{.State.Status}}", &name]) != "4 running" {
        assert!(Instant::now() < deadline, "it never ran for long");
    }
    let config = environment("shop", "staging", &project);
    let done = run_with(&config, &["status"]).ended(3);
    assert!(done.out.contains("restarted 4 times by the engine"), "{}", done.out);
    let calm = config.clone() + "[services.web]\nrestart_limit = 4\n";
    run_with(&calm, &["status"]).ended(0);
    run_with(&(config + "[thresholds]\nrestarts = 4\n"), &["status"]).ended(0);
}

#[test]
fn memory_near_its_limit_is_told_but_is_no_failure() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &["--network", "none", "-m", "8m"], IDLE);
    let config = environment("shop", "staging", &project);
    let done = run_with(&config, &["status"]).ended(0);
    assert!(!done.out.contains("memory 1") && !done.out.contains("of what it may use"), "{}", done.out);
    let done = run_with(&(config + "[thresholds]\nmemory = \"0.1%\"\n"), &["status"]).ended(0);
    assert!(done.out.contains("~ soon") && done.out.contains("of what it may use"), "{}", done.out);
}

#[test]
fn a_disk_that_runs_short_is_a_warning_wherever_it_is_told() {
    if !engine::is_there() {
        return;
    }
    let short = "[thresholds]\ndisk_free = \"100%\"\n";
    let doctor = run_with(short, &["doctor", "--json"]);
    let disk = doctor.json().into_iter().find(|row| row["step"] == "disk").expect("no disk");
    assert_eq!(disk["verdict"], "warn", "{disk}");
    let status = run_with(short, &["status"]);
    let told = status.out.lines().find(|line| line.contains("disk: ")).expect("no disk");
    assert!(told.contains("~ soon"), "{told}");
}
