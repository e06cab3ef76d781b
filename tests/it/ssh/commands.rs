//! Commands on hosts over SSH: questions on their terminal, errors where there is none, what is wrong in words.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::accounts::Account;
use crate::engine;
use crate::pty::{Launch, Terminal, pilothouse};
use crate::sshd::{Sshd, keygen};

const SOON: Duration = Duration::from_secs(20);

/// With a key that has a passphrase.
fn locked(sshd: &Sshd) -> PathBuf {
    let key = keygen(sshd.dir.path(), "locked", "ed25519", "opensesame", &[]);
    fs::copy(key.with_extension("pub"), sshd.file("authorized_keys")).unwrap();
    let config = sshd.config("web1", "");
    let text = fs::read_to_string(&config).unwrap().replace(&sshd.file("id"), key.to_str().unwrap());
    fs::write(&config, text).unwrap();
    config
}

fn arguments(config: &Path) -> Vec<String> {
    ["containers", "--host", "ssh://web1", "--ssh-config", config.to_str().unwrap()]
        .map(str::to_owned)
        .to_vec()
}

/// On a terminal, in a shell of its own so that its status can be read.
fn on_terminal(config: &Path) -> Terminal {
    Launch::pilothouse(arguments(config)).size(120, 40).start()
}

/// In a session of its own: without any terminal.
fn alone(config: &Path) -> Output {
    Command::new("setsid")
        .arg("--wait")
        .arg(pilothouse())
        .args(arguments(config))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn error_of(config: &Path) -> String {
    let done = alone(config);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(6), "{said}");
    said
}

#[test]
fn a_passphrase_is_asked_for_on_the_terminal_without_an_echo() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let terminal = on_terminal(&locked(&sshd));
    terminal.until("passphrase of .*locked:", SOON);
    terminal.keys("text:wrong Enter");
    terminal.until("that was not it; try 2 of 3", SOON);
    terminal.keys("text:opensesame Enter");
    assert_eq!(terminal.wait_exit(SOON), 0);
    let raw = String::from_utf8_lossy(&terminal.raw_output()).into_owned();
    assert!(!raw.contains("opensesame") && !raw.contains("wrong\r"), "{raw}");
    terminal.restored();
}

#[test]
fn what_only_a_person_can_open_is_not_deployed_to_and_is_left_as_it_is() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let project = engine::Project::new();
    let service = format!("{}-locked", project.name);
    project.run(&service, &["--network", "none"], "trap 'exit 0' TERM; while :; do sleep 0.1; done");
    let all = || {
        let filter = format!("label=com.docker.compose.project={}", project.name);
        engine::docker(&["ps", "-a", "--filter", &filter, "--format", "{{.ID}} {{.State}}"])
    };
    let before = all();
    let config = locked(&sshd);
    let ssh = ["--host", "ssh://web1", "--ssh-config", config.to_str().unwrap()];
    let deploy = ["deploy", &service, "--yes"];
    let terminal = Launch::pilothouse([&deploy[..], &ssh].concat()).size(160, 40).start();
    terminal.until("passphrase of .*locked:", SOON);
    terminal.keys("text:opensesame Enter");
    terminal.until("web1 does not answer the process of the deployment; nothing was done", SOON);
    assert!(terminal.screen_text().contains("ssh-add"), "{}", terminal.screen_text());
    assert_eq!(terminal.wait_exit(SOON), 6);
    assert_eq!(all(), before);
}

#[test]
fn ctrl_c_at_a_question_ends_the_command_and_gives_the_terminal_back() {
    let sshd = Sshd::start();
    let terminal = on_terminal(&locked(&sshd));
    terminal.until("passphrase of .*locked:", SOON);
    terminal.keys("C-c");
    assert_eq!(terminal.wait_exit(SOON), 130);
    terminal.restored();
}

#[test]
fn a_host_key_is_asked_for_on_the_terminal_and_recorded() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    fs::write(sshd.file("known_hosts"), "").unwrap();
    let terminal = on_terminal(&sshd.config("web1", ""));
    terminal.until("nobody vouches for the ssh-ed25519 key", SOON);
    terminal.keys("text:yes Enter");
    assert_eq!(terminal.wait_exit(SOON), 0);
    assert!(fs::read_to_string(sshd.file("known_hosts")).unwrap().contains("ssh-ed25519"));
    terminal.restored();
}

#[test]
fn without_a_terminal_what_would_have_been_asked_is_an_error() {
    let sshd = Sshd::start();
    let said = error_of(&locked(&sshd));
    assert!(said.contains("needs a person: the passphrase of") && said.contains("locked"), "{said}");
    fs::write(sshd.file("known_hosts"), "").unwrap();
    let said = error_of(&sshd.config("web1", ""));
    assert!(said.contains("is not known; compare it"), "{said}");
    let account = Account::new("auth required pam_unix.so\naccount required pam_permit.so\n");
    let sshd = account.sshd("PasswordAuthentication yes\nPubkeyAuthentication no");
    let said = error_of(&account.config(&sshd, "PubkeyAuthentication no"));
    assert!(said.contains("needs a person: the password of"), "{said}");
}

#[test]
fn who_has_to_be_asked_because_the_agent_is_gone_is_told_so() {
    let account = Account::new("auth required pam_unix.so\naccount required pam_permit.so\n");
    let sshd = account.sshd("PasswordAuthentication yes");
    fs::write(sshd.file("authorized_keys"), "").unwrap();
    let said = error_of(&account.config(&sshd, &format!("IdentityAgent {}", sshd.file("gone"))));
    assert!(said.contains("needs a person: ") && said.contains("gone; is the agent gone?"), "{said}");
    assert!(!said.contains("nobody"), "{said}");
}

#[test]
fn in_ci_nobody_is_asked_even_with_a_terminal() {
    let sshd = Sshd::start();
    let terminal = Launch::pilothouse(arguments(&locked(&sshd))).env("CI", "true").size(120, 40).start();
    assert_eq!(terminal.wait_exit(SOON), 6);
    terminal.until("needs a person: the passphrase of", SOON);
}

#[test]
fn what_is_wrong_on_the_way_is_said_by_its_name() {
    let sshd = Sshd::start();
    let file = sshd.dir.path().join("bad");
    let said = |text: &str| {
        fs::write(
            &file,
            format!("Host web1\n HostName 127.0.0.1\n IdentityAgent none\n ConnectTimeout 2\n{text}"),
        )
        .unwrap();
        error_of(&file)
    };
    let of_name = {
        fs::write(&file, "Host web1\n HostName no-such-host.invalid\n").unwrap();
        error_of(&file)
    };
    assert!(of_name.contains("no-such-host.invalid: the name does not resolve"), "{of_name}");
    let shut = said(" Port 1\n");
    assert!(shut.contains("127.0.0.1:1: Connection refused"), "{shut}");
    let base = format!(
        " Port {}\n UserKnownHostsFile {}\n GlobalKnownHostsFile none\n",
        sshd.port,
        sshd.file("known_hosts")
    );
    let nobody = said(&format!("{base} User nobody-here\n IdentityFile {}\n", sshd.file("id")));
    assert!(nobody.contains("nobody-here@web1: not let in") && nobody.contains("not accepted"), "{nobody}");
    let no_key = said(&format!("{base} User root\n IdentityFile {}\n", sshd.file("missing")));
    assert!(no_key.contains("missing: no such file"), "{no_key}");
    let agent = format!("Host web1\n IdentityAgent {}\n", sshd.file("gone"));
    fs::write(&file, format!("{agent} HostName 127.0.0.1\n{base} User root\n IdentityFile none\n")).unwrap();
    let gone = error_of(&file);
    assert!(gone.contains("is the agent gone?"), "{gone}");
}

/// A host without the things a console needs, as a PATH and a socket of the test's own show it.
#[test]
fn what_is_wrong_on_the_host_is_said_with_what_mends_it() {
    let sshd = Sshd::start_with("AllowStreamLocalForwarding no\nSetEnv PATH=/nonexistent");
    let keys = fs::read_to_string(sshd.file("authorized_keys")).unwrap();
    // Whatever is asked runs with nothing on its PATH but the usual tools.
    let tools = sshd.dir.path().join("tools");
    fs::create_dir(&tools).unwrap();
    for tool in ["sh", "id", "cat", "head", "sleep", "kill"] {
        std::os::unix::fs::symlink("/bin/busybox", tools.join(tool)).unwrap();
    }
    let forced = format!("command=\"export PATH={}; eval \\\"$SSH_ORIGINAL_COMMAND\\\"\"", tools.display());
    fs::write(sshd.file("authorized_keys"), format!("{forced} {keys}")).unwrap();
    let said = error_of(&sshd.config("web1", ""));
    assert!(
        said.contains("forwards no sockets") && said.contains("AllowStreamLocalForwarding yes"),
        "{said}"
    );
}

#[test]
fn a_login_that_runs_nothing_is_quoted() {
    let account = Account::new("account required pam_permit.so\nsession required pam_permit.so\n");
    let sshd = account.sshd("AllowStreamLocalForwarding no");
    crate::sshd::run("usermod", &["-s", "/usr/sbin/nologin", &account.name]);
    let said = error_of(&account.config(&sshd, ""));
    assert!(said.contains("This account is currently not available"), "{said}");
}

#[test]
fn no_secret_is_in_an_error_a_log_or_a_process_list() {
    let sshd = Sshd::start();
    let config = locked(&sshd);
    let log = sshd.dir.path().join("pilothouse.log");
    let terminal = Launch::pilothouse(arguments(&config))
        .env("PILOTHOUSE_LOG", "trace")
        .env("PILOTHOUSE_LOG_FILE", &log)
        .env("RUST_LOG", "trace")
        .size(120, 40)
        .start();
    terminal.until("passphrase of .*locked:", SOON);
    terminal.keys("text:almostopensesame Enter");
    terminal.until("try 2 of 3", SOON);
    let (pid, _) = terminal.process();
    for file in ["cmdline", "environ"] {
        let text = fs::read(format!("/proc/{pid}/{file}")).unwrap();
        assert!(!text.windows(10).any(|w| w == b"opensesame"), "in {file}");
    }
    terminal.keys("text:almostopensesame Enter");
    terminal.until("try 3 of 3", SOON);
    terminal.keys("text:almostopensesame Enter");
    assert_eq!(terminal.wait_exit(SOON), 6);
    terminal.until("wrong passphrase, 3 of 3", SOON);
    let raw = String::from_utf8_lossy(&terminal.raw_output()).into_owned();
    assert!(!raw.contains("opensesame"), "{raw}");
    assert!(fs::read_to_string(&log).unwrap().contains("started"));
    let mut left = vec![log];
    left.extend(walk(terminal.home()));
    for file in left.iter().filter(|file| file.is_file()) {
        let text = fs::read(file).unwrap();
        assert!(!text.windows(10).any(|w| w == b"opensesame"), "in {}", file.display());
    }
}

/// The kernel gives what belongs to a process that writes no core to root, whoever runs it.
#[test]
fn what_is_typed_comes_into_no_core_file() {
    let sshd = Sshd::start();
    let config = locked(&sshd);
    for file in ["locked", "known_hosts", "config-web1"] {
        fs::set_permissions(sshd.file(file), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let program = sshd.dir.path().join("pilothouse");
    fs::copy(pilothouse(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut all = ["--reuid=65534", "--regid=65534", "--clear-groups"].map(str::to_owned).to_vec();
    all.push(program.to_str().unwrap().to_owned());
    all.extend(arguments(&config));
    let home = sshd.dir.path().to_str().unwrap();
    let terminal = Launch::program("setpriv", all).env("HOME", home).size(120, 40).start();
    terminal.until("passphrase of .*locked:", SOON);
    let (pid, _) = terminal.process();
    assert_eq!(fs::metadata(format!("/proc/{pid}/environ")).unwrap().uid(), 0);
    terminal.keys("C-c");
    assert_eq!(terminal.wait_exit(SOON), 130);
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
