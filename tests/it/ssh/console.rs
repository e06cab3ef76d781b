//! The console on a host over SSH: the same screen, questions asked inside it, a cut link seen and mended.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::engine::{self, Project};
use crate::pty::{Launch, Terminal};
use crate::sshd::{Sshd, keygen};
use crate::wire::Wire;

const SOON: Duration = Duration::from_secs(20);

fn open(config: &Path) -> Terminal {
    let config = config.to_str().unwrap();
    Launch::pilothouse(["--host", "ssh://web1", "--ssh-config", config]).size(120, 30).start()
}

fn leave(terminal: &Terminal) {
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

#[test]
fn containers_logs_acts_and_a_shell_work_over_ssh() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", &[], "trap 'exit 0' TERM; while true; do echo here I am; sleep 0.3; done");
    let sshd = Sshd::start();
    let terminal = open(&sshd.config("web1", ""));
    terminal.until(r"of \d", SOON);
    terminal.keys(&format!("/ text:{} Enter", project.name));
    terminal.until(&format!("{name}.*running"), SOON);
    terminal.until("here I am", SOON);
    terminal.keys("x");
    terminal.answer("leave it unclassified", "l");
    terminal.answer("A shell in", "y");
    terminal.until("/ #", SOON);
    terminal.keys("text:echo Enter");
    terminal.keys("text:exit Enter");
    terminal.until("shell in .* ended with status 0", SOON);
    // One connection for all of it.
    let log = fs::read_to_string(sshd.file("log")).unwrap();
    assert!(log.matches("Accepted publickey").count() <= 1, "{log}");
    leave(&terminal);
}

#[test]
fn a_host_is_reached_where_there_is_no_ssh_program() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let config = sshd.config("web1", "");
    let nothing = tempfile::tempdir().unwrap();
    let run = |text: &str| {
        fs::write(&config, text).unwrap();
        std::process::Command::new(crate::pty::pilothouse())
            .args(["containers", "--host", "ssh://web1", "--json", "--ssh-config"])
            .arg(&config)
            .env("PATH", nothing.path())
            .env("USER", "somebody")
            .output()
            .unwrap()
    };
    let text = fs::read_to_string(&config).unwrap();
    let done = run(&text);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let done = run(&format!("{text}\nMatch exec true\n  Port 1\n"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(6), "{said}");
    assert!(said.contains("Match exec true") && said.contains("install openssh-client"), "{said}");
}

#[test]
fn a_passphrase_is_asked_for_inside_the_console_and_never_shown() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let key = keygen(sshd.dir.path(), "locked", "ed25519", "opensesame", &[]);
    fs::copy(key.with_extension("pub"), sshd.file("authorized_keys")).unwrap();
    let config = sshd.config("web1", "");
    let text = fs::read_to_string(&config).unwrap().replace(&sshd.file("id"), key.to_str().unwrap());
    fs::write(&config, text).unwrap();
    let terminal = open(&config);
    terminal.until("passphrase of", SOON);
    terminal.keys("text:wrong Enter");
    terminal.until("that was not it", SOON);
    terminal.keys("text:opensesame");
    terminal.until(r"\*{10}", SOON);
    terminal.keys("Enter");
    terminal.until(r"\d+/\d+ up|runs no container", SOON);
    let raw = terminal.raw_output();
    assert!(!raw.windows(10).any(|w| w == b"opensesame"), "the passphrase was shown");
    leave(&terminal);
}

#[test]
fn a_declined_question_is_not_asked_again_until_somebody_wants_to_connect() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    fs::write(sshd.file("known_hosts"), "").unwrap();
    let terminal = open(&sshd.config("web1", ""));
    terminal.until("nobody vouches for the ssh-ed25519 key", SOON);
    terminal.keys("Esc");
    terminal.until("is not known", SOON);
    terminal.keys("C-r");
    terminal.until("nobody vouches for the ssh-ed25519 key", SOON);
    terminal.keys("text:yes Enter");
    terminal.until(r"\d+/\d+ up|runs no container", SOON);
    assert!(fs::read_to_string(sshd.file("known_hosts")).unwrap().contains("ssh-ed25519"));
    leave(&terminal);
}

#[test]
fn a_changed_key_is_a_full_stop_with_file_and_line() {
    let sshd = Sshd::start();
    let other = keygen(sshd.dir.path(), "other", "ed25519", "", &[]);
    let public = fs::read_to_string(other.with_extension("pub")).unwrap();
    fs::write(sshd.file("known_hosts"), format!("[127.0.0.1]:{} {public}", sshd.port)).unwrap();
    let terminal = open(&sshd.config("web1", ""));
    terminal.until("ITS KEY HAS CHANGED", SOON);
    terminal.until("known_hosts:1", SOON);
    leave(&terminal);
}

#[test]
fn a_slow_host_says_how_long_its_answers_take() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let wire = Wire::to(sshd.port);
    wire.slow(Duration::from_millis(100), 0);
    let terminal = open(&super::reconnect::behind(&sshd, &wire));
    terminal.until(r"of \d|runs no container", SOON);
    terminal.keys("1");
    terminal.until(r"web1 +up 2[0-9]0ms", SOON);
    leave(&terminal);
}

#[test]
fn a_cut_link_keeps_the_rows_and_comes_back_by_itself() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", &[], "while true; do sleep 1; done");
    let sshd = Sshd::start();
    let terminal = open(&sshd.config("web1", ""));
    terminal.until(r"of \d", SOON);
    terminal.keys(&format!("/ text:{} Enter", project.name));
    terminal.until(&format!("{name}.*running"), SOON);
    for pid in sshd.serving() {
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        // One of them may have ended with another.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    terminal.keys("a");
    terminal.until("lost:", SOON);
    terminal.until("answers again", SOON);
    terminal.keys("2");
    terminal.until(&name, SOON);
    leave(&terminal);
}

#[test]
fn reading_the_configuration_again_keeps_the_connection_and_what_is_shown() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &[], "while true; do sleep 1; done");
    let sshd = Sshd::start();
    let config = sshd.config("web1", "");
    let terminal = Launch::pilothouse(["--ssh-config", config.to_str().unwrap()])
        .size(120, 30)
        .home_file(
            "pilothouse.toml",
            "[environments.one]\nkind = \"development\"\nhosts = [\"ssh://web1\"]\n",
        )
        .start();
    terminal.until(r"of \d", SOON);
    terminal.keys(&format!("/ text:{} Enter", project.name));
    terminal.until("1 of", SOON);
    terminal.keys("o");
    terminal.until(&format!("/{}  sort worst first  1 of", project.name), SOON);
    terminal.keys(": text:reload Enter");
    terminal.until("the configuration was read again", SOON);
    terminal.until(&format!("/{}  sort worst first  1 of", project.name), SOON);
    let log = fs::read_to_string(sshd.file("log")).unwrap();
    assert_eq!(log.matches("Accepted publickey").count(), 1, "{log}");
    leave(&terminal);
}
