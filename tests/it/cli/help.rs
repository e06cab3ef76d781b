//! What helps: the doctor, the manual page, completions, and the lists of what there is.

use super::{IDLE, QUIET, environment, run, run_with};
use crate::engine::{self, Project};

#[test]
fn the_doctor_says_how_the_engine_was_found_and_what_is_in_the_way() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let config = environment("shop", "staging", &project);
    let done = run_with(&config, &["doctor", "--json"]);
    assert!(matches!(done.status, 0 | 3), "{}{}", done.out, done.err);
    let rows = done.json();
    let step =
        |step: &str| rows.iter().find(|row| row["step"] == step).unwrap_or_else(|| panic!("{}", done.out));
    assert!(step("found")["found"].as_str().is_some_and(|found| found.contains("configuration")));
    assert!(step("socket")["found"].as_str().is_some_and(|found| found.contains("mode ")));
    assert!(step("engine")["found"].as_str().is_some_and(|found| found.contains("API 1.")));
    assert_eq!(step("clock")["verdict"], "ok", "{}", done.out);
    let limits = step("log limits");
    assert!(limits["found"].as_str().is_some_and(|found| found.contains(&*name)), "{limits}");
    assert!(limits["mend"].as_str().is_some_and(|mend| mend.contains("max-size")), "{limits}");
}

#[test]
fn the_doctor_names_each_place_without_an_engine_and_what_mends_it() {
    let done = run(&["--host", "unix:///nonexistent.sock", "doctor"]).ended(6);
    assert!(
        done.out.contains("no such socket") && done.out.contains("try: is the path right? docker context ls"),
        "{}",
        done.out
    );
    let done = run(&["--host", "unix:///nonexistent.sock", "doctor", "web9"]).ended(1);
    assert!(done.err.contains("no host `web9` in local; there are: local"), "{}", done.err);
}

#[test]
fn the_page_names_every_command_and_its_data() {
    let page = run(&["man"]).ended(0).out;
    for command in ["status", "logs", "exec", "prune", "doctor", "config check", "demo"] {
        assert!(page.contains(&format!(".SS \"pilothouse {command}\"")), "{command}");
    }
    assert!(page.contains("one object per container") && page.contains("EXIT STATUS"));
    assert!(run(&["man", "logs"]).ended(0).out.contains(".TH pilothouse-logs"));
    run(&["man", "nosuch"]).ended(2);
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]).ended(0).out;
        assert!(script.contains("doctor") && script.contains("logs"), "{shell}");
        // The others offer nothing for an argument without a name.
        let has_words = script.contains("dangling-images") && script.contains("fatal");
        assert!(has_words || !["bash", "zsh"].contains(&shell), "{shell}: no words to choose from");
    }
}

#[test]
fn environments_are_listed_without_asking_a_host() {
    let config = "[environments.live]\nkind = \"production\"\nhosts = [\"unix:///nonexistent.sock\"]\n";
    let done = run_with(config, &["environments", "--json"]).ended(0);
    let row = done.json().into_iter().find(|row| row["environment"] == "live").expect("it is configured");
    assert_eq!(
        (row["class"].as_str(), row["protected"].as_bool()),
        (Some("production"), Some(true)),
        "{row}"
    );
}

#[test]
fn releases_are_what_the_services_carry() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let config = environment("shop", "staging", &project);
    project.run("web", &["--network", "none", "--label", "org.opencontainers.image.version=4.2"], IDLE);
    let rows = run_with(&config, &["releases", "--json"]).ended(0).json();
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((row["service"].as_str(), row["version"].as_str()), (Some("web"), Some("4.2")), "{row}");
    assert_eq!((row["running"].as_u64(), row["containers"].as_u64()), (Some(1), Some(1)), "{row}");
}
