//! Real removals by `prune`, on an engine of the test's own: exactly what was listed goes, and nothing without consent.

use pilothouse::domain::ledger::HOLDER;

use super::{Done, command, done};
use crate::own_engine::OwnEngine;

/// One of everything that can go, and one of each that stays.
fn stocked() -> Option<OwnEngine> {
    let engine = OwnEngine::start()?;
    engine.run("keeper", &["-v", "used:/data"], "sleep 600");
    engine.run("ended", &["-v", "/anonymous"], "true");
    engine.docker(&["wait", "ended"]);
    // A name that moves on leaves an image without one.
    engine.image("left:1");
    engine.image("spare:1");
    engine.docker(&["tag", "spare:1", "left:1"]);
    engine.docker(&["volume", "create", "data"]);
    engine.docker(&["network", "create", "empty"]);
    engine.build("FROM scratch\nCOPY file /file\n", "built:1");
    Some(engine)
}

fn run(engine: &OwnEngine, args: &[&str]) -> Done {
    let home = tempfile::tempdir().unwrap();
    let address = engine.address();
    let all = ["--host", &address].into_iter().chain(args.iter().copied());
    done(command(home.path(), all).output().unwrap())
}

/// What there is now: a name for each.
fn there(engine: &OwnEngine) -> [Vec<String>; 4] {
    let list = |args: &[&str]| {
        // What leads to the ledger comes with the first act.
        let is_theirs = |name: &&str| !name.starts_with(HOLDER);
        let mut names: Vec<String> =
            engine.docker(args).lines().filter(is_theirs).map(str::to_owned).collect();
        names.sort();
        names
    };
    [
        list(&["ps", "-a", "--format", "{{.Names}}"]),
        list(&["images", "-a", "--format", "{{.Repository}}:{{.Tag}}"]),
        list(&["volume", "ls", "-q"]),
        list(&["network", "ls", "--filter", "type=custom", "--format", "{{.Name}}"]),
    ]
}

/// The names of `kind` that a dry run lists, and those that then went.
fn listed_and_gone(engine: &OwnEngine, kind: &str) -> (Vec<String>, Vec<String>) {
    let ids = |done: Done, result: &str| {
        let rows = done.ended(0).json();
        let wanted = rows.iter().filter(|row| row["result"] == result);
        let mut ids: Vec<_> = wanted.map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let listed = ids(run(engine, &["prune", kind, "--dry-run", "--json"]), "would go");
    (listed, ids(run(engine, &["prune", kind, "--yes", "--json"]), "gone"))
}

#[test]
fn each_kind_goes_as_it_was_listed_and_nothing_else() {
    let Some(engine) = stocked() else { return };
    let wanted: [(&str, usize, &[&str]); 7] = [
        ("containers", 0, &["keeper"]),
        ("networks", 3, &[]),
        ("anonymous-volumes", 2, &["data", "used"]),
        ("volumes", 2, &["used"]),
        ("dangling-images", 1, &["built:1", "busybox:1", "left:1", "spare:1"]),
        ("images", 1, &["busybox:1"]),
        ("build-cache", 1, &["busybox:1"]),
    ];
    for (kind, list, stays) in wanted {
        let (listed, gone) = listed_and_gone(&engine, kind);
        assert!(!listed.is_empty(), "{kind}: nothing was there to go");
        assert_eq!(listed, gone, "{kind}");
        assert_eq!(there(&engine)[list], stays, "after {kind}");
        let again = run(&engine, &["prune", kind, "--yes"]).ended(0);
        assert!(again.out.contains("nothing to clear away"), "{kind}: {}", again.out);
    }
    assert_eq!(engine.docker(&["inspect", "-f", "{{.State.Status}}", "keeper"]), "running");
}

#[test]
fn without_a_kind_only_what_can_be_made_again_goes() {
    let Some(engine) = stocked() else { return };
    let before = there(&engine);
    let refused = run(&engine, &["prune"]).ended(2);
    assert!(
        refused.out.contains("ended") && refused.err.contains("add --yes"),
        "{}{}",
        refused.out,
        refused.err
    );
    assert_eq!(there(&engine), before, "it was not confirmed");
    let done = run(&engine, &["prune", "--yes"]).ended(0);
    assert!(done.out.contains("removed on "), "{}", done.out);
    let [containers, images, volumes, networks] = there(&engine);
    assert_eq!(containers, ["keeper"]);
    assert_eq!(images, ["built:1", "busybox:1", "left:1", "spare:1"]);
    assert_eq!((volumes.len(), networks.len()), (3, 0), "volumes are data: {volumes:?}");
}

#[test]
fn one_thing_goes_by_its_name_and_what_is_in_use_stays() {
    let Some(engine) = stocked() else { return };
    let held = run(&engine, &["prune", "volumes", "--item", "used", "--yes"]).ended(1);
    assert!(held.err.contains("called `used` can go; disk --items says why"), "{}", held.err);
    run(&engine, &["prune", "volumes", "--item", "data", "--yes"]).ended(0);
    let volumes = &there(&engine)[2];
    assert!(volumes.iter().any(|name| name == "used") && !volumes.iter().any(|name| name == "data"));
    assert_eq!(volumes.len(), 2, "the one without a name stays: {volumes:?}");
}

#[test]
fn in_a_protected_environment_the_name_is_wanted() {
    let Some(engine) = stocked() else { return };
    let home = tempfile::tempdir().unwrap();
    let config = format!("[environments.live]\nkind = \"production\"\nhosts = [\"{}\"]\n", engine.address());
    std::fs::write(home.path().join("pilothouse.toml"), config).unwrap();
    let run = |args: &[&str]| done(command(home.path(), args).output().unwrap());
    let before = there(&engine);
    let done = run(&["prune", "--yes"]).ended(2);
    assert!(
        done.err.contains("live is protected, where --yes is not enough; add --confirm live"),
        "{}",
        done.err
    );
    run(&["prune", "--confirm", "staging"]).ended(2);
    assert_eq!(there(&engine), before);
    run(&["prune", "--confirm", "live"]).ended(0);
    assert_eq!(there(&engine)[0], ["keeper"]);
}
