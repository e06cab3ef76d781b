//! Hosts over SSH on which no engine can be used: what is wrong is said, with the command that mends it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::cli::{Done, command, done};
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
