//! Probes and the health pane on real containers: what an operator sees when something breaks, and since when.

use std::time::Duration;

use crate::engine::{self, Project, SOCKET, docker};
use crate::pty::{Launch, Terminal};
use crate::shop::Shop;

const SOON: Duration = Duration::from_secs(30);

/// The console with one environment, `here`, of this project's containers, and these tables of services.
fn open(project: &str, services: &str, size: (u16, u16)) -> Terminal {
    let environment = format!(
        "[environments.here]\nhosts = [\"unix://{SOCKET}\"]\nkind = \"development\"\nprojects = [\"{project}\"]\n"
    );
    let file = environment + services;
    Launch::pilothouse(["--utc"]).size(size.0, size.1).home_file("pilothouse.toml", &file).start()
}

/// A network of this project's own: what else runs on the machine may have taken the addresses of the default one.
struct Network(String);

impl Network {
    fn new(project: &Project) -> Self {
        docker(&["network", "create", &project.name]);
        Self(project.name.clone())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        docker(&["network", "rm", &self.0]);
    }
}

/// A project with a network. Held in this order the project goes first.
fn open_project() -> (Network, Project) {
    let project = Project::new();
    let network = Network::new(&project);
    (network, project)
}

fn leave(terminal: &Terminal) {
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

/// Takes connections and never answers.
const SILENT: &str = "exec busybox nc -ll -p 8080 -e busybox sleep 60";

#[test]
fn a_broken_database_is_named_with_its_time_and_the_answer() {
    let Some(shop) = Shop::open() else { return };
    let services = r#"
        [services.api]
        via = "container"
        [services.api.live]
        http = "/health/live"
        port = 8080
        interval = "1s"
        [services.api.ready]
        http = "/health/ready"
        port = 8080
        interval = "1s"
        [services.store]
        via = "container"
        [services.store.live]
        tcp = true
        port = 5432
        interval = "1s"
    "#;
    let terminal = open(&shop.project, services, (160, 48));
    terminal.until(r"live ok <?\d+ms +ready ok \d+ms +cache ok +database ok", SOON);
    shop.run("break", &["store", "slow"]);
    terminal.until(r"ready 503 after 1\.\ds +database timeout 1\.\ds", SOON);
    terminal.until(r"unhealthy since \d\d:\d\d:\d\d \(\d+s\), was ok", SOON);
    terminal.until(r"first bad: database, \d\d:\d\d:\d\d", SOON);
    terminal.until(r"WHAT CHANGED(.*\n)+.*api-1 database timeout", SOON);
    terminal.until("live ok", SOON);
    terminal.resize(80, 24);
    terminal.until(r"api +\S+ +1\.4\.0 +unhealthy \d+s", SOON);
    terminal.keys("4");
    terminal.until(r"ready 503 after 1\.\ds +database timeout 1\.\ds", SOON);
    terminal.until(r"GET http://[0-9.]+:8080/health/ready", SOON);
    terminal.until(r"HEALTHCHECK(.*\n)+.*exit 1", SOON);
    shop.run("break", &["all", "ok"]);
    terminal.until(r"ready ok \d+ms", SOON);
    leave(&terminal);
}

#[test]
fn a_port_where_nobody_listens_is_refused_and_a_silent_one_times_out() {
    if !engine::is_there() {
        return;
    }
    let (network, project) = open_project();
    project.run("closed", &["--network", &network.0], "sleep 120");
    project.run("silent", &["--network", &network.0], SILENT);
    let services = r#"
        [services.closed]
        via = "container"
        [services.closed.live]
        tcp = true
        port = 9
        interval = "1s"
        [services.silent]
        via = "container"
        runbook = "https://wiki.example/silent"
        [services.silent.ready]
        http = "/"
        port = 8080
        interval = "1s"
        timeout = "300ms"
        [services.silent.live]
        tcp = true
        port = 8080
        interval = "1s"
    "#;
    let terminal = open(&project.name, services, (160, 48));
    terminal.until(r"live refused after", SOON);
    terminal.keys("j");
    terminal.until(r"live ok .*ready timeout after 3\d\dms", SOON);
    terminal.until("runbook https://wiki.example/silent", SOON);
    leave(&terminal);
}

#[test]
fn a_published_port_is_asked_as_a_customer_would() {
    if !engine::is_there() {
        return;
    }
    let (network, project) = open_project();
    let script = "busybox mkdir /www; echo well >/www/ready; exec busybox httpd -f -p 8080 -h /www";
    let name = project.run("web", &["--network", &network.0, "-p", "127.0.0.1::8080"], script);
    let services = "[services.web.ready]\nhttp = \"/ready\"\ninterval = \"1s\"\n";
    let terminal = open(&project.name, services, (80, 24));
    terminal.until(r"ok <?\d+ms", SOON);
    docker(&["exec", &name, "busybox", "mv", "/www/ready", "/www/gone"]);
    terminal.until(r"unhealthy \d+s", SOON);
    terminal.keys("4");
    terminal.until("ready 404 after", SOON);
    terminal.until(r"GET http://127\.0\.0\.1:\d+/ready", SOON);
    docker(&["exec", &name, "busybox", "mv", "/www/gone", "/www/ready"]);
    terminal.until(r"ok since \d\d:\d\d:\d\d \(\d+s\), was bad \d+s", SOON);
    leave(&terminal);
}

#[test]
fn what_cannot_be_probed_says_what_to_set() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &["--expose", "8080"], "sleep 120");
    let terminal = open(&project.name, "[services.web.ready]\nhttp = \"/ready\"\n", (160, 48));
    terminal.until("not probed: no port is published; set `via = \"container\"`", SOON);
    leave(&terminal);
}

#[test]
fn a_health_check_needs_no_configuration_and_tells_since_when() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let check = ["--health-cmd", "cat /well", "--health-interval", "1s", "--health-retries", "2"];
    let name = project.run("web", &check, "echo all well >/well; sleep 120");
    let terminal = open(&project.name, "", (80, 24));
    terminal.until(r"web +\d+ +ok", SOON);
    terminal.keys("4");
    terminal.until("all well", SOON);
    docker(&["exec", &name, "busybox", "mv", "/well", "/ill"]);
    terminal.until(r"unhealthy since \d\d:\d\d:\d\d \(\d+s\), was ok \d+s", SOON);
    terminal.until(r"exit 1 .*can't open '/well'", SOON);
    terminal.until(r"-web unhealthy", SOON);
    leave(&terminal);
}

#[test]
fn a_health_check_that_prints_its_dependencies_has_each_of_them_in_the_pane() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let well = r#"{"checks":{"database":{"status":"up","duration_ms":4},"cache":{"status":"up"}}}"#;
    let ill = r#"{"status":"error","checks":{"database":{"status":"down","error":"no route"},"cache":{"status":"up"}}}"#;
    let cmd = "cat /answer; busybox grep -qv down /answer";
    let check = ["--health-cmd", cmd, "--health-interval", "1s", "--health-retries", "1"];
    let name = project.run("web", &check, &format!("echo '{well}' >/answer; sleep 120"));
    let write = |text: &str| docker(&["exec", &name, "sh", "-c", &format!("echo '{text}' >/answer")]);
    for size in [(80, 24), (160, 48)] {
        let terminal = open(&project.name, "", size);
        terminal.keys("4");
        terminal.until("check healthy +cache up +database up 4ms", SOON);
        write(ill);
        terminal.until("check unhealthy +database down +cache up", SOON);
        terminal.until("exit 1", SOON);
        write(well);
        terminal.until("check healthy +cache up +database up 4ms", SOON);
        leave(&terminal);
    }
}

#[test]
fn what_happened_before_the_console_came_is_told_from_the_engines_facts() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", &[], "trap 'exit 3' TERM; while true; do sleep 0.1; done");
    docker(&["stop", "-t", "5", &name]);
    let terminal = open(&project.name, "", (160, 48));
    terminal.until(r"WHAT CHANGED(.*\n)+.*-web created, 1", SOON);
    terminal.until(r"\d\d:\d\d:\d\d \S+-web exited 3", SOON);
    docker(&["start", &name]);
    terminal.until(r"exited 3, up again", SOON);
    leave(&terminal);
}
