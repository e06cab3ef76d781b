//! Changes on the machine's engine while a service is asked all the time, beside the same changes by docker-compose.

use std::time::{Duration, Instant};

use crate::load::service::{Make, Service, image};
use crate::load::{Answers, KINDS, Kind};

/// A docker-compose without more about its network: the engine gives out addresses.
const PLAIN: &str = "    driver: bridge\n";

/// What was asked while something changed, and how long the change took.
struct Change {
    name: &'static str,
    ours: Measured,
    theirs: Measured,
}

struct Measured {
    took: Duration,
    answers: Answers,
}

/// Asks before, while and a while after it.
fn measured(service: &Service, change: impl FnOnce()) -> Measured {
    let load = service.load();
    load.after(20);
    let begun = Instant::now();
    change();
    let took = begun.elapsed();
    load.after(50);
    Measured { took, answers: load.end() }
}

fn told(changes: &[Change]) -> String {
    let mut lines = vec![format!(
        "{:<22}{:<16}{:>7}  {:<22}{:<22}{:<22}",
        "change", "by", "took", "first address", "next address", "kept connection"
    )];
    for change in changes {
        for (by, it) in [("pilothouse", &change.ours), ("docker-compose", &change.theirs)] {
            let column = |kind: Kind| {
                let (failed, all) = (it.answers.failed(kind), it.answers.of(kind).count());
                let failing = it.answers.failing(kind).as_millis();
                format!("{failed}/{all} for {failing} ms")
            };
            let [first, next, kept] = KINDS.map(column);
            let took = format!("{:.1} s", it.took.as_secs_f64());
            lines.push(format!("{:<22}{by:<16}{took:>7}  {first:<22}{next:<22}{kept:<22}", change.name));
            for kind in KINDS {
                let reasons = it.answers.reasons(kind);
                if !reasons.is_empty() {
                    lines.push(format!("{:<38}{kind:?}: {reasons}", ""));
                }
            }
        }
    }
    lines.join("\n")
}

/// What is done to a service, by the command line.
struct Ours<'a>(&'a Service);

impl Ours<'_> {
    fn run(&self, args: &[&str], within: &str, status: i32) {
        let args: Vec<_> = args.iter().copied().chain(["--yes", "--ready-within", within]).collect();
        self.0.run(&args).ended(status);
    }

    fn deploy(&self, image: &str) {
        self.run(&["deploy", &self.0.target(), image], "20s", 0);
    }

    fn deploy_bad(&self, image: &str) {
        self.run(&["deploy", &self.0.target(), image], "3s", 4);
    }

    fn roll_back(&self) {
        self.run(&["rollback", &self.0.target()], "20s", 0);
    }

    fn scale(&self, replicas: &str) {
        self.run(&["scale", &self.0.target(), replicas], "20s", 0);
    }
}

/// Everything, ours and theirs in turn.
fn changes(ours: &Service, theirs: &Service) -> Vec<Change> {
    let (one, two, deaf) = (image("1", Make::Good), image("2", Make::Good), image("3", Make::Deaf));
    let us = Ours(ours);
    let mut changes = Vec::new();
    let mut change = |name, by_us: &dyn Fn(), by_them: &dyn Fn()| {
        let ours = measured(ours, by_us);
        let theirs = measured(theirs, by_them);
        changes.push(Change { name, ours, theirs });
    };
    change("deploy 2 replicas", &|| us.deploy(&two), &|| theirs.compose(&two, 2));
    change("roll back", &|| us.roll_back(), &|| theirs.compose(&one, 2));
    change("scale to 3", &|| us.scale("3"), &|| theirs.compose(&one, 3));
    change("scale to 2", &|| us.scale("2"), &|| theirs.compose(&one, 2));
    change("deploy a bad release", &|| us.deploy_bad(&deaf), &|| {
        theirs.compose(&deaf, 2);
        // Whoever sees it puts the old one back.
        theirs.compose(&one, 2);
    });
    changes
}

#[test]
#[ignore = "takes more than a minute; tests/soak runs it"]
fn soak_long_no_change_fails_more_requests_than_docker_compose() {
    let Some(ours) = Service::open(2, PLAIN) else { return };
    let Some(theirs) = Service::open(2, PLAIN) else { return };
    let changes = changes(&ours, &theirs);
    let table = told(&changes);
    println!("{table}");
    for change in &changes {
        for kind in KINDS {
            let (us, them) = (change.ours.answers.failed(kind), change.theirs.answers.failed(kind));
            assert!(us <= them, "{} {kind:?}: {us} of ours, {them} of theirs\n{table}", change.name);
        }
    }
}

#[test]
fn no_change_is_felt_by_who_asks_the_next_replica_where_nobody_listens() {
    let Some(service) = Service::open(2, PLAIN) else { return };
    let (two, deaf) = (image("2", Make::Good), image("3", Make::Deaf));
    let us = Ours(&service);
    let felt = |name: &str, change: &dyn Fn(), versions: &[&str]| {
        let Measured { answers, .. } = measured(&service, change);
        for kind in [Kind::Next, Kind::Kept] {
            // One: what the system takes in for a service at the moment in which that stops listening is reset, and no
            // order of steps changes that.
            assert!(answers.failed(kind) <= 1, "{name} {kind:?}: {}", answers.reasons(kind));
        }
        assert_eq!(answers.versions().into_iter().collect::<Vec<_>>(), versions, "{name}");
    };
    felt("deploy", &|| us.deploy(&two), &["1", "2"]);
    felt("scale up", &|| us.scale("3"), &["2"]);
    felt("scale down", &|| us.scale("2"), &["2"]);
    felt("roll back", &|| us.roll_back(), &["1", "2"]);
    felt("deploy a bad release", &|| us.deploy_bad(&deaf), &["1"]);
}

#[test]
fn the_client_tells_of_a_service_that_is_simply_stopped() {
    let Some(service) = Service::open(1, PLAIN) else { return };
    let answers = measured(&service, || {
        service.project.docker(&["kill", &service.container("web_1")]);
    })
    .answers;
    for kind in KINDS {
        assert!(answers.failed(kind) > 1, "{kind:?}");
        assert!(answers.of(kind).any(|asked| asked.answer.is_ok()), "{kind:?}");
    }
}
