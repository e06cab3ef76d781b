//! Several hosts in one environment: what they tell is one, and what stands on one of them has a name.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::{IDLE, QUIET, command, done, run_with};
use crate::engine::{self, Project, SOCKET};
use crate::own_engine::OwnEngine;

/// The machine's engine as `near`, with this project, and the other one as `far`.
fn both(far: &OwnEngine) -> String {
    format!(
        "default_environment = \"both\"\n[environments.both]\nkind = \"development\"\nhosts = [\"near\", \"far\"]\n\
         [environments.far]\nkind = \"development\"\nhosts = [\"near\"]\n\
         [hosts.near]\naddress = \"unix://{SOCKET}\"\n[hosts.far]\naddress = \"{}\"\n",
        far.address()
    )
}

#[test]
fn what_is_past_on_several_hosts_is_told_in_order_of_time_and_then_what_happens() {
    if !engine::is_there() {
        return;
    }
    let Some(far) = OwnEngine::start() else { return };
    let project = Project::new();
    let since = chrono::Utc::now().to_rfc3339();
    // The machine's engine has others' too.
    let mut names = Vec::new();
    for name in ["far0", "far1", "far2"] {
        let near = name.replace("far", "near");
        names.push(project.run(&near, QUIET, "true"));
        far.run(name, &[], "true");
        far.docker(&["wait", name]);
        names.push(name.to_owned());
    }
    let config = both(&far);
    let args = ["events", "--since", &since, "--kind", "container", "--json"];
    let args: Vec<_> = args.into_iter().chain(names.iter().map(String::as_str)).collect();
    let past = run_with(&config, &[&args[..], &["--until", "now"]].concat()).ended(0).json();
    let hosts: Vec<_> =
        past.iter().filter(|row| row["action"] == "create").map(|row| row["host"].clone()).collect();
    assert_eq!(hosts, ["near", "far", "near", "far", "near", "far"], "{past:#?}");
    let times: Vec<_> = past.iter().map(|row| row["time"].to_string()).collect();
    assert!(times.is_sorted(), "{times:#?}");
    // Followed it begins with the same, each once.
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("pilothouse.toml"), config).unwrap();
    let mut child = command(home.path(), &args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told =
        past.iter().map(|_| serde_json::from_str::<serde_json::Value>(&lines.next().unwrap()).unwrap());
    assert_eq!(told.collect::<Vec<_>>(), past);
    far.docker(&["rm", "far0"]);
    let next = lines.next().unwrap();
    assert!(next.contains("\"destroy\"") && next.contains("far0"), "{next}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_container_is_named_as_it_is_printed_with_its_host() {
    if !engine::is_there() {
        return;
    }
    let Some(far) = OwnEngine::start() else { return };
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    far.run(&name, &[], IDLE);
    let config = both(&far);
    let run = |args: &[&str]| run_with(&config, args);
    let error = run(&["inspect", &name]).ended(1).err;
    let both =
        |error: &str| error.contains(&format!("far/{name} (")) && error.contains(&format!("near/{name} ("));
    assert!(both(&error), "{error}");
    for target in [format!("near/{name}"), format!("both/near/{name}")] {
        let rows = run(&["containers", "--json", &target]).ended(0).json();
        assert_eq!((rows.len(), &rows[0]["host"]), (1, &"near".into()), "{target}: {rows:?}");
    }
    // An environment is called so too, and has one of that name.
    let error = run(&["inspect", &format!("far/{name}")]).ended(1).err;
    assert!(error.contains(&format!("write far/HOST/{name} or both/far/{name}")), "{error}");
    let rows = run(&["containers", "--json", &format!("both/far/{name}")]).ended(0).json();
    assert_eq!(rows[0]["host"], "far", "{rows:?}");
    let error = run(&["inspect", "fra/web"]).ended(1).err;
    assert!(error.contains("no environment or host `fra`; there are: far, "), "{error}");
}

#[test]
fn events_that_an_engine_has_forgotten_are_said_to_be_missing() {
    let Some(far) = OwnEngine::start() else { return };
    far.image("busybox:1");
    let home = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let address = far.address();
        let args = [&["--host", &address, "events"], args].concat();
        done(command(home.path(), args).output().unwrap()).ended(0)
    };
    let few = run(&["--since", "1h", "--until", "now"]);
    assert_eq!(few.err, "");
    for number in 0..300 {
        far.call("POST", &format!("/images/busybox:1/tag?repo=many&tag=v{number}"), "");
    }
    let many = run(&["--since", "1h", "--until", "now"]);
    assert!(many.err.contains("its engine kept nothing from before "), "{}", many.err);
    let before = run(&["--since", "2h", "--until", "1h"]);
    assert!(
        before.err.contains("its engine kept nothing from before ") && before.out.is_empty(),
        "{}",
        before.err
    );
}

#[test]
fn hosts_that_were_made_of_one_image_each_keep_the_ledger() {
    // Both call themselves by the id of this machine's engine, as copies of one disk do.
    let (Some(one), Some(other)) = (OwnEngine::start(), OwnEngine::start()) else { return };
    let id = |engine: &OwnEngine| engine.docker(&["info", "--format", "{{.ID}}"]);
    assert_eq!(id(&one), id(&other), "nothing is shown");
    let config = format!(
        "[environments.copies]\nkind = \"development\"\nhosts = [\"one\", \"other\"]\n\
         [hosts.one]\naddress = \"{}\"\n[hosts.other]\naddress = \"{}\"\n",
        one.address(),
        other.address()
    );
    one.run("web", &[], IDLE);
    let done = run_with(&config, &["stop", "web", "--yes"]).ended(0);
    assert_eq!(done.err, "");
    for engine in [&one, &other] {
        let records = engine.docker(&["ps", "-aq", "--filter", "name=pilothouse-ledger"]);
        assert_ne!(records, "", "{} keeps no ledger", engine.address());
    }
}
