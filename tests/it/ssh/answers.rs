//! Hosts over SSH on which no engine can be used: what is wrong is said, with the command that mends it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt;
use pilothouse::adapters::ssh::host::{SshHost, WayIn};
use pilothouse::ports::commands::Commands;

use super::{connector, to};
use crate::cli::{Done, command, done};
use crate::engine;
use crate::fake_engine::{FakeEngine, Served};
use crate::sshd::Sshd;

async fn containers(sshd: &Sshd, host: &str) -> Done {
    let (config, home) = (sshd.config("web1", ""), tempfile::tempdir().unwrap());
    let config = config.to_str().unwrap();
    let mut command = command(home.path(), ["containers", "--host", host, "--ssh-config", config]);
    done(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_ssh_knows_is_enough() {
    let engine = FakeEngine::start(Served::default());
    let sshd = Sshd::start_with(&format!("SetEnv DOCKER_HOST=unix://{}", engine.socket.display()));
    let done = containers(&sshd, "web1").await.ended(0);
    assert!(done.out.contains("fake:1"), "{}", done.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_too_old_is_told_with_its_version_and_what_is_needed() {
    let engine = FakeEngine::start(Served { api: "1.18", ..Served::default() });
    let sshd = Sshd::start();
    let done = containers(&sshd, &format!("ssh://web1{}", engine.socket.display())).await.ended(6);
    for words in ["ssh://web1", "too old: it speaks API 1.18", "try: update Docker on its machine"] {
        assert!(done.err.contains(words), "{words:?} is missing: {}", done.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_is_the_one_that_docker_uses_there() {
    let engine = FakeEngine::start(Served::default());
    let sshd = Sshd::start();
    // Its home is the directory of the sshd.
    let made = std::process::Command::new("docker")
        .env("HOME", sshd.dir.path())
        .env_remove("DOCKER_CONFIG")
        .args(["context", "create", "own", "--docker"])
        .arg(format!("host=unix://{}", engine.socket.display()))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    fs::write(sshd.dir.path().join(".docker/config.json"), "{\n\t\"currentContext\": \"own\"\n}").unwrap();
    let done = containers(&sshd, "ssh://web1").await.ended(0);
    assert!(done.out.contains("fake:1"), "{}", done.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_engine_than_the_one_that_docker_uses_there_is_never_taken() {
    let sshd = Sshd::start_with("SetEnv DOCKER_HOST=unix:///nowhere/docker.sock");
    let done = containers(&sshd, "ssh://web1").await.ended(6);
    assert!(done.err.contains("no engine answers at /nowhere/docker.sock"), "{}", done.err);
}

/// An sshd that sees an empty /run, so no engine of the machine's.
fn without_sockets(dir: &Path) -> std::path::PathBuf {
    let program = dir.join("sshd-alone");
    let script = "#!/bin/sh\nexec unshare --mount sh -ec 'mount -t tmpfs none /run; mkdir /run/sshd; \
                  exec /usr/sbin/sshd \"$@\"' sshd \"$@\"\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_without_docker_is_told_with_the_command_that_installs_it() {
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for program in fs::read_dir("/usr/bin").unwrap().map(Result::unwrap) {
        if !program.file_name().to_string_lossy().starts_with("docker") {
            symlink(program.path(), bin.join(program.file_name())).unwrap();
        }
    }
    let path = format!("SetEnv PATH={}", bin.display());
    let sshd = Sshd::start_program(&without_sockets(dir.path()), &path);
    let done = containers(&sshd, "ssh://web1").await.ended(6);
    for words in ["there is no Docker", "try: on the host: sudo apt-get install docker.io"] {
        assert!(done.err.contains(words), "{words:?} is missing: {}", done.err);
    }
}

/// An sshd whose login shell first does that, and whose docker goes to that engine.
fn with_login(first: &str, engine: &FakeEngine) -> Sshd {
    let sshd = Sshd::start();
    let keys = fs::read_to_string(sshd.file("authorized_keys")).unwrap();
    let script = sshd.file("login");
    let engine = engine.socket.display();
    let lines = format!(
        "echo $$ >> {script}.pids\n{first}\nexport DOCKER_HOST=unix://{engine}\neval \"$SSH_ORIGINAL_COMMAND\"\n"
    );
    fs::write(&script, lines).unwrap();
    fs::write(sshd.file("authorized_keys"), format!("command=\". {script}\" {keys}")).unwrap();
    sshd
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_shell_that_takes_its_time_is_waited_for() {
    let engine = FakeEngine::start(Served::default());
    let sshd = with_login("sleep 4", &engine);
    let done = containers(&sshd, "ssh://web1").await.ended(0);
    assert!(done.out.contains("fake:1"), "{}", done.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_knows_which_engine_docker_uses_none_is_taken() {
    let engine = FakeEngine::start(Served::default());
    let sshd = with_login("sleep 1000", &engine);
    let done = containers(&sshd, "ssh://web1").await.ended(6);
    let asked = "web1: asked which engine docker uses there: no answer to a command within 10 s";
    for words in [asked, "try: name its socket, as in ssh://web1/var/run/docker.sock"] {
        assert!(done.err.contains(words), "{words:?} is missing: {}", done.err);
    }
    let named = containers(&sshd, &format!("ssh://web1{}", engine.socket.display())).await.ended(0);
    assert!(named.out.contains("fake:1"), "{}", named.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_context_that_docker_does_not_know_there_is_not_the_usual_engine() {
    let sshd = Sshd::start();
    fs::create_dir(sshd.file(".docker")).unwrap();
    fs::write(sshd.file(".docker/config.json"), r#"{"currentContext": "gone"}"#).unwrap();
    let done = containers(&sshd, "ssh://web1").await.ended(6);
    for words in ["does not know the context gone", "try: name its socket, as in ssh://web1/"] {
        assert!(done.err.contains(words), "{words:?} is missing: {}", done.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_is_still_open_is_not_asked_again_and_its_late_answer_counts() {
    let engine = FakeEngine::start(Served::default());
    let sshd = with_login("until [ -e ~/go ]; do sleep 0.1; done", &engine);
    let host = SshHost::new(to("web1"), None, connector(sshd.config("web1", "")));
    let (one, other) = tokio::join!(host.dial(), host.dial());
    for error in [one.err().unwrap(), other.err().unwrap()] {
        assert!(error.to_string().contains("no answer to a command within 10 s"), "{error}");
    }
    fs::write(sshd.file("go"), "").unwrap();
    assert!(host.dial().await.is_ok());
    assert_eq!(host.way_in(), Some(WayIn::Socket(engine.socket.to_str().unwrap().to_owned())));
    assert_eq!(fs::read_to_string(sshd.file("login.pids")).unwrap().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_takes_no_more_commands_is_not_one_that_runs_none() {
    let sshd = Sshd::start_with("MaxSessions 1\nSetEnv DOCKER_HOST=unix:///nowhere/docker.sock");
    let host = Arc::new(SshHost::new(to("web1"), None, connector(sshd.config("web1", ""))));
    let mut running = Commands::start(host.as_ref(), "echo begun; sleep 1000", b"").await.unwrap();
    running.output.next().await.unwrap().unwrap();
    let error = host.dial().await.err().unwrap().to_string();
    assert!(error.contains("asked which engine docker uses there"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_runs_no_commands_has_the_usual_socket() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start_with("MaxSessions 0");
    let host = SshHost::new(to("web1"), None, connector(sshd.config("web1", "")));
    assert!(host.dial().await.is_ok());
    assert_eq!(host.way_in(), Some(WayIn::Socket("/var/run/docker.sock".to_owned())));
}
