//! What engines and containers hold: inspections, processes, disks, and what a prune would take.

use super::{IDLE, QUIET, run};
use crate::engine::{self, Project};

#[test]
fn an_inspection_masks_secrets_until_they_are_asked_for() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name =
        project.run("web", &["--network", "none", "-e", "API_TOKEN=s3cr3t-value", "-e", "PLAIN=seen"], IDLE);
    let done = run(&["inspect", &name]).ended(0);
    assert!(!done.out.contains("s3cr3t-value") && done.out.contains("PLAIN=seen"), "{}", done.out);
    let done = run(&["inspect", "--json", &name]).ended(0);
    assert!(
        done.json()[0]["Name"].as_str().is_some_and(|n| n.contains(&*name)) && !done.out.contains("s3cr3t")
    );
    let done = run(&["inspect", "--reveal", "--json", &name]).ended(0);
    assert!(done.out.contains("API_TOKEN=s3cr3t-value"), "{}", done.out);
}

#[test]
fn processes_are_listed_with_their_heads() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let done = run(&["top", &name]).ended(0);
    assert!(done.out.contains("PID") && done.out.contains("while true"), "{}", done.out);
    let rows = run(&["processes", "--json", &name]).ended(0).json();
    let width = rows[0]["titles"].as_array().map(Vec::len);
    assert!(width.is_some_and(|width| width > 1), "{}", rows[0]);
    assert_eq!(rows[0]["processes"][0].as_array().map(Vec::len), width);
}

#[test]
fn disks_are_told_by_kind_and_thing_by_thing() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let done = run(&["disk"]).ended(0);
    for kind in ["containers", "images", "volumes", "networks", "build cache"] {
        assert!(done.out.contains(kind), "{kind}: {}", done.out);
    }
    let rows = run(&["disk", "--json", "--items"]).ended(0).json();
    let items = rows[0]["items"].as_array().expect("items were asked for");
    let own = items.iter().find(|item| item["name"] == *name).expect("the container is kept");
    assert_eq!(own["kept_because"], "runs", "{own}");
    assert!(rows[0]["disk_total_bytes"].as_u64() > rows[0]["disk_free_bytes"].as_u64());
}

#[test]
fn a_prune_lists_what_would_go_and_without_yes_does_nothing() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("job", QUIET, "true");
    crate::engine::docker(&["wait", &name]);
    let rows = run(&["prune", "containers", "--dry-run", "--json"]).ended(0).json();
    let own = rows.iter().find(|row| row["name"] == *name).expect("what ended would go");
    assert_eq!((own["kind"].as_str(), own["result"].as_str()), (Some("container"), Some("would go")));
    let done = run(&["prune", "containers"]).ended(2);
    assert!(done.out.contains(&*name) && done.err.contains("add --yes"), "{}{}", done.out, done.err);
    assert!(!crate::engine::docker(&["ps", "-aq", "--filter", &format!("name={name}")]).is_empty());
    let done = run(&["prune", "everything"]).ended(2);
    assert!(done.err.contains("dangling-images"), "{}", done.err);
}
