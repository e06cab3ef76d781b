//! The real console and its commands with real configuration files, on the machine's real engine.

use std::process::{Command, Output};
use std::time::Duration;

use crate::engine::{self, Project, SOCKET, docker};
use crate::pty::{Launch, Terminal, pilothouse};

const SOON: Duration = Duration::from_secs(20);
const CHATTY: &str = "trap 'exit 0' TERM; i=0; while true; do i=$((i+1)); echo \"line $i\"; sleep 0.2; done";
const USER_FILE: &str = ".config/pilothouse/config.toml";

fn production(more: &str) -> String {
    format!(
        "# ours\n{more}\n[environments.prod]\nhosts = [\"unix://{SOCKET}\"]\nkind = \"production\"\nwrite_window = \"7m\"\n"
    )
}

fn launch(config: &str) -> Launch {
    Launch::pilothouse([""; 0]).size(100, 30).home_file(USER_FILE, config)
}

fn leave(terminal: &Terminal) {
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

/// Shows only this project's containers.
fn only(terminal: &Terminal, project: &Project) {
    terminal.until(r"of \d", SOON);
    terminal.keys(&format!("/ text:{} Enter", project.name));
    terminal.until(&format!("{}-", project.name), SOON);
}

/// A command without a terminal, in a home of its own with these files.
fn run(files: &[(&str, &str)], args: &[&str], home: &tempfile::TempDir) -> Output {
    for (path, text) in files {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut command = Command::new(pilothouse());
    command.args(args).current_dir(home.path()).env_clear().env("HOME", home.path());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_protected_environment_refuses_until_it_is_unlocked_and_its_name_is_typed() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", &[], CHATTY);
    let terminal = launch(&production("")).start();
    only(&terminal, &project);
    terminal.until(" PROD ", SOON);
    terminal.until("read-only", SOON);
    terminal.keys("S");
    terminal.until("stop: .*read-only; `:write", SOON);
    terminal.keys(": text:write Enter");
    terminal.until("writable [67]m", SOON);
    terminal.keys("S");
    terminal.until("type prod to confirm", SOON);
    terminal.keys("text:wrong Enter");
    terminal.until("confirm: wrong", SOON);
    assert_eq!(docker(&["inspect", "-f", "{{.State.Running}}", &name]), "true");
    terminal.keys("BSpace BSpace BSpace BSpace BSpace text:prod Enter");
    terminal.until("exited 0", SOON);
    assert_eq!(docker(&["inspect", "-f", "{{.State.Running}}", &name]), "false");
    terminal.keys(": text:write Space text:off Enter");
    terminal.until("read-only", SOON);
    leave(&terminal);
}

#[test]
fn an_unclassified_environment_is_classified_once_and_the_file_keeps_it() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &[], CHATTY);
    let before = "# my own\nutc = true # always\n";
    let terminal = launch(before).start();
    only(&terminal, &project);
    terminal.until("unclassified", SOON);
    terminal.keys("R");
    terminal.answer("Nobody has said yet what local is", "s");
    terminal.until("local is staging from now on", SOON);
    terminal.until("y does it", SOON);
    let text = std::fs::read_to_string(terminal.home().join(USER_FILE)).unwrap();
    terminal.keys("Esc");
    assert!(text.starts_with(before), "{text}");
    assert!(text.contains(&format!("hosts = [\"unix://{SOCKET}\"]")), "{text}");
    leave(&terminal);
    let again = launch(&text).start();
    only(&again, &project);
    again.keys("R");
    again.until("y does it", SOON);
    again.keys("Esc");
    leave(&again);
}

#[test]
fn contexts_appear_after_the_configured_environments_with_an_honest_state() {
    if !engine::is_there() {
        return;
    }
    let context = |name: &str, host: &str| {
        format!(r#"{{"Name":"{name}","Endpoints":{{"docker":{{"Host":"{host}"}}}}}}"#)
    };
    let terminal = Launch::pilothouse([""; 0])
        .size(160, 48)
        .home_file(USER_FILE, &production(""))
        .home_file(".docker/contexts/meta/a/meta.json", &context("east", "tcp://192.0.2.7:2375"))
        .home_file(".docker/contexts/meta/b/meta.json", &context("west", "npipe:////./pipe/x"))
        .start();
    terminal.until(r"(?s)prod .*east .*west ", SOON);
    terminal.until("no answer", SOON);
    terminal.keys("1 G k");
    terminal.until("east \\(unclassified\\)", SOON);
    terminal.until("tcp:// without TLS lets anybody", SOON);
    leave(&terminal);
}

#[test]
fn all_errors_are_listed_at_once_before_the_terminal_is_taken() {
    let text = "theem = \"dark\"\n[logs]\ntial = 3\n[environments.a]\nhosts = [\"nobody\"]\n";
    let terminal = launch(text).start();
    assert_eq!(terminal.wait_exit(SOON), 2);
    let raw = String::from_utf8_lossy(&terminal.raw_output()).into_owned();
    for expected in [
        "config.toml:1:1: unknown key `theem`; did you mean `theme`?",
        "config.toml:3:1: unknown key `tial` in [logs]; did you mean `tail`?",
        "config.toml:5:",
    ] {
        assert!(raw.contains(expected), "{raw}");
    }
    assert!(!raw.contains("\x1b[?1049h"), "the terminal was taken");
}

#[test]
fn keys_theme_of_ones_own_and_clock_come_from_the_file() {
    let config = "theme = \"mine\"\nutc = true\nascii = true\n[keys]\n\"ctrl-x e\" = \"environments\"\n";
    let theme = "inherits = \"dark\"\n[palette]\nraised = \"#010203\"\n[roles]\nraised = { fg = \"text\", bg = \"raised\" }\n";
    let terminal = Launch::pilothouse(["--host", "unix:///nonexistent.sock"])
        .home_file(USER_FILE, config)
        .home_file(".config/pilothouse/themes/mine.toml", theme)
        .start();
    terminal.until("no engine answers", SOON);
    terminal.until(r"\d\d:\d\d:\d\dZ", SOON);
    terminal.keys("C-x");
    terminal.until("ctrl-x and then", SOON);
    terminal.keys("e");
    terminal.until("- Environments", SOON);
    let raw = String::from_utf8_lossy(&terminal.raw_output()).into_owned();
    assert!(raw.contains("48;2;1;2;3") && !raw.contains('─'), "{raw}");
    leave(&terminal);
}

#[test]
fn a_command_of_a_project_file_is_off_until_it_is_trusted() {
    let file = "[commands.hello]\nrun = [\"sh\", \"-c\", \"echo hi-$((40+2)); pwd; exit 3\"]\nkey = \"ctrl-g\"\nconfirm = false\n";
    let home = tempfile::tempdir().unwrap();
    let checked = run(&[("pilothouse.toml", file)], &["config", "check"], &home);
    assert!(said(&checked).contains("commands.hello is off: untrusted"), "{}", said(&checked));
    let trusted = run(&[], &["config", "trust"], &home);
    assert!(said(&trusted).contains("is trusted as it stands now"), "{}", said(&trusted));
    let checked = run(&[], &["config", "check"], &home);
    assert_eq!((checked.status.code(), said(&checked).contains("off")), (Some(0), false));
    let changed = run(&[("pilothouse.toml", &format!("{file}# more\n"))], &["config", "check"], &home);
    assert!(said(&changed).contains("is off: untrusted"), "{}", said(&changed));
}

#[test]
fn a_command_of_ones_own_gets_the_terminal_and_gives_it_back() {
    let config =
        "[commands.hello]\nrun = [\"sh\", \"-c\", \"echo hi-$((40+2)); exit 3\"]\nkey = \"ctrl-g\"\n";
    let terminal =
        Launch::pilothouse(["--host", "unix:///nonexistent.sock"]).home_file(USER_FILE, config).start();
    terminal.until("no engine answers", SOON);
    terminal.keys("C-g");
    terminal.answer("run it", "y");
    terminal.until("hi-42", SOON);
    terminal.until("ended with status 3; any key goes back", SOON);
    terminal.keys("Space");
    terminal.until("no engine answers", SOON);
    terminal.keys("a");
    terminal.until("hello: ended with status 3", SOON);
    leave(&terminal);
}

#[test]
fn init_writes_a_file_that_is_right_and_never_overwrites_one() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("drafted", &[], CHATTY);
    let home = tempfile::tempdir().unwrap();
    let made = run(&[], &["init"], &home);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    let text = std::fs::read_to_string(home.path().join("pilothouse.toml")).unwrap();
    assert!(text.contains("[services.drafted]") && text.contains("[environments.local]"), "{text}");
    assert_eq!(run(&[], &["config", "check"], &home).status.code(), Some(0));
    let again = run(&[], &["init"], &home);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("is there already"), "{}", said(&again));
    assert_eq!(std::fs::read_to_string(home.path().join("pilothouse.toml")).unwrap(), text);
    assert!(said(&run(&[], &["init", "--stdout"], &home)).contains("[environments.local]"));
}

#[test]
fn paths_are_told_whether_they_are_there_or_not() {
    let home = tempfile::tempdir().unwrap();
    let told = said(&run(&[("pilothouse.toml", "")], &["config", "paths"], &home));
    assert!(told.contains("project") && told.contains("pilothouse.toml\n"), "{told}");
    assert!(told.contains("config.toml  (not there)"), "{told}");
}

#[test]
fn a_check_as_data_has_every_finding_with_its_place() {
    let home = tempfile::tempdir().unwrap();
    let file = "colour = 1\n[environments.local]\nkind = \"dev\"\n";
    let checked = run(&[("pilothouse.toml", file)], &["config", "check", "--json"], &home);
    assert_eq!(checked.status.code(), Some(2));
    let found: Vec<serde_json::Value> = String::from_utf8_lossy(&checked.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let places: Vec<_> = found.iter().map(|f| (f["kind"].as_str(), f["line"].as_u64())).collect();
    assert_eq!(places, [(Some("problem"), Some(1)), (Some("problem"), Some(3))], "{found:#?}");
    let file = "[commands.hello]\nrun = [\"true\"]\n";
    let checked = run(&[("pilothouse.toml", file)], &["config", "check", "--json"], &home);
    assert_eq!(checked.status.code(), Some(0));
    let text = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(text.contains(r#""layer":"project""#) && text.contains(r#""key":"commands.hello""#), "{text}");
}

#[test]
fn paths_as_data_say_what_is_there() {
    let home = tempfile::tempdir().unwrap();
    let told = run(&[("pilothouse.toml", "")], &["config", "paths", "--json"], &home);
    let rows: Vec<serde_json::Value> = String::from_utf8_lossy(&told.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let exists =
        |what: &str| rows.iter().find(|row| row["what"] == what).map(|row| row["exists"].clone()).unwrap();
    assert_eq!((exists("project"), exists("user")), (true.into(), false.into()), "{rows:#?}");
    assert!(
        rows.iter().any(|row| row["what"] == "extra" && row["path"].is_null() && row["note"].is_string())
    );
}
