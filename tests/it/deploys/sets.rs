//! Services that go together, on the machine's engine: one plan, one record, undone together.

use super::real::image;
use super::written::{Files, STATE, deploy};

const CHECK: &str = "    healthcheck: {test: [CMD, grep, -q, good, /mark], interval: 1s, retries: 1}\n";

/// A worker that needs the web service, and a check of its own where it has one.
fn shop(check: &str) -> Option<Files> {
    let files = Files::open()?;
    let worker = format!("{check}    depends_on: {{web: {{condition: service_healthy}}}}\n");
    files.say(&[("worker", &worker), ("web", CHECK)]);
    files.compose(&["up", "-d"]);
    Some(files)
}

fn states(files: &Files) -> Vec<String> {
    [files.rows("web", STATE), files.rows("worker", STATE)].concat()
}

#[test]
fn a_set_goes_live_in_the_order_of_its_needs_as_one_record_and_back_as_one() {
    let Some(files) = shop(CHECK) else { return };
    let before = states(&files);
    files.configure(
        "[sets.shop]\nservices = [\"worker\", \"web\"]\n\
         [services.web.deploy]\nmigrate = [\"sh\", \"-c\", \"echo migrated\"]\nmigration = \"reversible\"\n\
         [services.worker.deploy]\nmigrate = [\"sh\", \"-c\", \"echo migrated\"]\nmigration = \"reversible\"\n",
    );
    let (target, image) = (files.target("shop"), image("good-2"));
    let done = files.run(&deploy(&target, &image)).ended(0);
    let place = |text: &str| done.out.find(text).unwrap_or_else(|| panic!("{text}: {}", done.out));
    assert!(
        place("deploy web+worker") < place("run migrate") && place("web-v1-1") < place("worker-v1-1"),
        "{}",
        done.out
    );
    assert_eq!(done.out.matches("\n    migrated").count(), 1, "{}", done.out);
    let row = |name: &str, mark: &str, state: &str| format!("{name} pilothouse-test/deploy:{mark} {state}");
    let live = [
        row("web-v1-1", "good-2", "running"),
        row("web_1", "good-1", "exited"),
        row("worker-v1-1", "good-2", "running"),
        row("worker_1", "good-1", "exited"),
    ];
    assert_eq!(states(&files), live);
    let label = |name: &str| files.rows(name, "{{index .Config.Labels \"pilothouse.service\"}}")[0].clone();
    assert_eq!((label("web"), label("worker")), ("web-v1-1 web".to_owned(), "worker-v1-1 worker".to_owned()));
    let ledger = files.run(&["ledger", "export", "-e", &files.project.name, "--json"]).ended(0).json();
    assert_eq!(ledger.len(), 1, "{ledger:?}");
    files.run(&["rollback", &files.target("web+worker"), "--yes"]).ended(0);
    let up = |all: Vec<String>| all.into_iter().filter(|row| row.ends_with("running")).collect::<Vec<_>>();
    assert_eq!(up(states(&files)), up(before));
}

#[test]
fn where_the_second_service_does_not_get_ready_both_go_back() {
    // The image is good for the one and not for the other.
    let check = "    healthcheck: {test: [CMD, grep, -q, good-1, /mark], interval: 1s, retries: 1}\n";
    let Some(files) = shop(check) else { return };
    let before = states(&files);
    let done = files.run(&deploy(&files.target("web+worker"), &image("good-2"))).ended(4);
    assert!(done.out.contains("wait until") && done.out.contains("its health check fails"), "{}", done.out);
    assert!(done.out.contains("web-v1-1 and keep it") && done.out.contains("taken back"), "{}", done.out);
    assert_eq!(states(&files), before);
}

#[test]
fn what_others_wait_for_until_it_ended_runs_once_before_them() {
    let Some(files) = Files::open() else { return };
    let needs = "    depends_on: {setup: {condition: service_completed_successfully}}\n";
    files.say(&[("web", needs), ("setup", "    entrypoint: [sh, -c, 'echo set up; grep good /mark']\n")]);
    files.compose(&["up", "-d", "--no-deps", "web"]);
    let target = files.target("web+setup");
    let done = files.run(&deploy(&target, &image("good-2"))).ended(0);
    let place = |text: &str| done.out.find(text).unwrap_or_else(|| panic!("{text}: {}", done.out));
    assert!(done.out.rfind("start ").is_some_and(|start| place("set up") < start), "{}", done.out);
    assert_eq!(files.rows("setup", STATE), Vec::<String>::new());
    let live = files.rows("web", STATE);
    let done = files.run(&deploy(&target, &image("bad"))).ended(4);
    assert!(done.out.contains("it ended with status 1"), "{}", done.out);
    assert_eq!(files.rows("web", STATE), live);
}

#[test]
fn a_set_that_cannot_be_is_told_and_nothing_is_touched() {
    let Some(files) = shop("") else { return };
    let before = states(&files);
    let scaled = files.run(&["scale", &files.target("web+worker"), "2", "--yes"]).ended(1);
    assert!(scaled.err.contains("a set is not scaled"), "{}", scaled.err);
    let unknown = files.run(&deploy(&files.target("web+wroker"), &image("good-2"))).ended(1);
    assert!(unknown.err.contains("no service or container `wroker`"), "{}", unknown.err);
    files.say(&[("web", "    depends_on: [worker]\n"), ("worker", "    depends_on: [web]\n")]);
    let circle = files.run(&deploy(&files.target("web+worker"), &image("good-2"))).ended(1);
    assert!(circle.err.contains("need each other"), "{}", circle.err);
    assert_eq!(states(&files), before);
}
