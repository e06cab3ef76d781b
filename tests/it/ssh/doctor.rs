//! `pilothouse doctor HOST`: each step of the way to a host, where it ends, and the command that mends it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use crate::accounts::Account;
use crate::cli::{Done, run, run_with};
use crate::engine;
use crate::pty::Launch;
use crate::sshd::{Sshd, keygen};

const SOON: Duration = Duration::from_secs(20);

/// A row of `--json`.
type Row = serde_json::Value;

fn doctor(config: &Path, host: &str) -> Done {
    run(&["--ssh-config", config.to_str().unwrap(), "doctor", "--json", host])
}

/// The row of a step; `via` is the hop whose it is.
#[track_caller]
fn row(done: &Done, via: Option<&str>, step: &str) -> Row {
    let is_it = |row: &Row| row["step"] == step && row["via"].as_str() == via && !row["host"].is_null();
    done.json().into_iter().find(is_it).unwrap_or_else(|| panic!("no {step}: {}\n{}", done.out, done.err))
}

/// That step is the one that is bad, all before it are not, and all behind it were not reached.
#[track_caller]
fn ends_at(done: &Done, via: Option<&str>, step: &str) -> Row {
    assert_eq!(done.status, 6, "{}{}", done.out, done.err);
    let rows: Vec<Row> = done.json().into_iter().filter(|row| !row["host"].is_null()).collect();
    let bad: Vec<_> = rows.iter().filter(|row| row["verdict"] == "bad").collect();
    assert_eq!(bad.len(), 1, "{}", done.out);
    let at = rows.iter().position(|row| row["verdict"] == "bad").unwrap();
    let is_it = rows[at]["step"] == step && rows[at]["via"].as_str() == via;
    assert!(is_it, "{step} is not where it ends: {}", done.out);
    let unreached = |row: &Row| row["verdict"] == "unknown" && row["found"] == "not reached";
    assert!(rows[at + 1..].iter().all(unreached), "{}", done.out);
    assert!(rows.last().is_some_and(|row| row["step"] == "ledger"), "{}", done.out);
    assert!(!rows[at]["mend"].is_null(), "nothing mends it: {}", done.out);
    rows[at].clone()
}

#[track_caller]
fn says(row: &Row, field: &str, words: &str) {
    assert!(row[field].as_str().is_some_and(|text| text.contains(words)), "{words}: {row}");
}

#[test]
fn every_step_of_a_host_that_is_well_is_told_with_its_time() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let config = sshd.config("web1", "");
    let done = doctor(&config, "web1");
    assert!(matches!(done.status, 0 | 3), "{}{}", done.out, done.err);
    let told = |step: &str, words: &str| says(&row(&done, None, step), "found", words);
    told("settings", &format!("root@127.0.0.1:{}, by {}:1", sshd.port, config.display()));
    told("name", "127.0.0.1 is an address");
    told("connection", &format!("127.0.0.1:{} answers", sshd.port));
    told("key exchange", "OpenSSH");
    told("host key", &format!("known by {}:1", sshd.file("known_hosts")));
    told("host key", "SHA256:");
    told("authentication", &format!("root@web1 by key {}", sshd.file("id")));
    told("commands", "run as root");
    told("socket", "/var/run/docker.sock: mode");
    told("engine", "API 1.");
    told("clock", "ms off ours");
    told("disk", "free");
    told("ledger", "pilothouse");
    for step in ["settings", "connection", "key exchange", "authentication", "commands", "socket"] {
        assert!(row(&done, None, step)["took_ms"].is_u64(), "{step} took no time: {}", done.out);
    }
    // One login, whatever was asked.
    let log = fs::read_to_string(sshd.file("log")).unwrap();
    assert_eq!(log.matches("Accepted publickey").count(), 1, "{log}");
}

#[test]
fn a_host_may_be_named_by_configuration_address_alias_or_context() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let config = sshd.config("web1", "");
    let ssh_config = config.to_str().unwrap();
    let well = |done: Done, host: &str| {
        assert_eq!(row(&done, None, "socket")["verdict"], "ok", "{host}: {}{}", done.out, done.err);
        assert_eq!(row(&done, None, "socket")["host"], host, "{}", done.out);
    };
    let file = "[environments.shop]\nhosts = [\"front\"]\n[hosts.front]\naddress = \"ssh://web1\"\nlabel = \"rack 4\"\n";
    let configured = |host: &str| run_with(file, &["--ssh-config", ssh_config, "doctor", "--json", host]);
    well(configured("front"), "rack 4");
    well(configured("rack 4"), "rack 4");
    well(configured("ssh://web1"), "rack 4");
    well(doctor(&config, "ssh://web1"), "web1");
    well(doctor(&config, "web1"), "web1");
    let meta = "contexts/meta/d1/meta.json";
    let home = tempfile::tempdir().unwrap();
    let at = home.path().join(".docker").join(meta);
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    fs::write(&at, r#"{"Name":"far","Endpoints":{"docker":{"Host":"ssh://web1"}}}"#).unwrap();
    let done = crate::cli::run_in(home.path(), &["--ssh-config", ssh_config, "doctor", "--json", "far"]);
    well(done, "far");
}

#[test]
fn a_name_that_nobody_knows_is_said_to_be_none_of_the_configuration() {
    let done = run(&["doctor", "--json", "nosuch.invalid"]);
    let bad = ends_at(&done, None, "name");
    says(&bad, "found", "does not resolve");
    says(&bad, "mend", "getent hosts nosuch.invalid");
    says(&row(&done, None, "found"), "found", "a name for ssh; the hosts of local are: local");
}

#[test]
fn a_port_that_nobody_listens_on_is_refused() {
    let sshd = Sshd::start();
    let config = sshd.config("web1", "");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace(&sshd.port.to_string(), &free.to_string())).unwrap();
    let bad = ends_at(&doctor(&config, "web1"), None, "connection");
    says(&bad, "found", "refused");
    says(&bad, "mend", "systemctl start ssh");
}

#[test]
fn a_login_that_is_not_let_in_says_what_was_tried() {
    let sshd = Sshd::start();
    fs::write(sshd.file("authorized_keys"), "").unwrap();
    let config = sshd.config("web1", "");
    let bad = ends_at(&doctor(&config, "web1"), None, "authentication");
    says(&bad, "found", &format!("{}: not accepted", sshd.file("id")));
    says(&bad, "mend", &format!("ssh-copy-id -F {} web1", config.display()));
}

#[test]
fn an_unknown_key_ends_the_way_and_is_never_recorded() {
    let sshd = Sshd::start();
    fs::write(sshd.file("known_hosts"), "").unwrap();
    let bad = ends_at(&doctor(&sshd.config("web1", ""), "web1"), None, "host key");
    says(&bad, "found", "SHA256:");
    says(&bad, "mend", "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
    let done = doctor(&sshd.config("web1", "StrictHostKeyChecking accept-new"), "web1");
    let taken = row(&done, None, "host key");
    assert_eq!(taken["verdict"], "warn", "{taken}");
    says(&taken, "found", "for this once");
    assert_eq!(fs::read_to_string(sshd.file("known_hosts")).unwrap(), "", "a key was recorded");
}

#[test]
fn a_changed_key_is_named_with_file_and_line() {
    let sshd = Sshd::start();
    let other = keygen(sshd.dir.path(), "other", "ed25519", "", &[]);
    let public = fs::read_to_string(other.with_extension("pub")).unwrap();
    fs::write(sshd.file("known_hosts"), format!("# old\n[127.0.0.1]:{} {public}", sshd.port)).unwrap();
    let bad = ends_at(&doctor(&sshd.config("web1", ""), "web1"), None, "host key");
    says(&bad, "found", &format!("{}:2", sshd.file("known_hosts")));
    says(&bad, "mend", "ask its owner");
}

#[test]
fn a_key_with_a_passphrase_says_what_would_have_been_asked() {
    let sshd = Sshd::start();
    let key = keygen(sshd.dir.path(), "locked", "ed25519", "opensesame", &[]);
    fs::copy(key.with_extension("pub"), sshd.file("authorized_keys")).unwrap();
    let config = sshd.config("web1", "");
    let text = fs::read_to_string(&config).unwrap().replace(&sshd.file("id"), key.to_str().unwrap());
    fs::write(&config, text).unwrap();
    let bad = ends_at(&doctor(&config, "web1"), None, "authentication");
    says(&bad, "found", &format!("the passphrase of {}", key.display()));
    says(&bad, "mend", &format!("ssh-add {}", key.display()));
}

#[test]
fn a_socket_that_the_login_may_not_use_says_how_it_may() {
    if !engine::is_there() {
        return;
    }
    let account = Account::new(
        "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n",
    );
    let sshd = account.sshd("");
    let bad = ends_at(&doctor(&account.config(&sshd, ""), "web1"), None, "socket");
    says(&bad, "found", "permission denied");
    says(&bad, "mend", &format!("sudo usermod -aG docker {}", account.name));
}

#[test]
fn an_sshd_that_forwards_nothing_is_a_warning_with_its_setting() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start_with("AllowStreamLocalForwarding no");
    let done = doctor(&sshd.config("web1", ""), "web1");
    let socket = row(&done, None, "socket");
    assert_eq!(socket["verdict"], "warn", "{}", done.out);
    says(&socket, "mend", "AllowStreamLocalForwarding yes");
    says(&row(&done, None, "engine"), "found", "API 1.");
}

#[test]
fn login_scripts_that_print_are_a_warning_with_what_they_print() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let keys = fs::read_to_string(sshd.file("authorized_keys")).unwrap();
    let forced =
        "command=\"printf '\\033[31mWelcome to the machine\\033[0m\\n'; eval \\\"$SSH_ORIGINAL_COMMAND\\\"\"";
    fs::write(sshd.file("authorized_keys"), format!("{forced} {keys}")).unwrap();
    let done = doctor(&sshd.config("web1", ""), "web1");
    let commands = row(&done, None, "commands");
    assert_eq!(commands["verdict"], "warn", "{commands}");
    says(&commands, "found", "before each: Welcome to the machine");
    assert_eq!(row(&done, None, "socket")["verdict"], "ok", "{}", done.out);
}

#[test]
fn a_login_script_that_never_ends_is_a_warning_and_the_rest_is_told() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let keys = fs::read_to_string(sshd.file("authorized_keys")).unwrap();
    // The next ones end.
    let login = "[ -e ~/once ] || { touch ~/once; sleep 1000; }; eval \\\"$SSH_ORIGINAL_COMMAND\\\"";
    fs::write(sshd.file("authorized_keys"), format!("command=\"{login}\" {keys}")).unwrap();
    let done = doctor(&sshd.config("web1", ""), "ssh://web1/var/run/docker.sock");
    let commands = row(&done, None, "commands");
    assert_eq!(commands["verdict"], "warn", "{commands}");
    says(&commands, "found", "no answer to a command within 10 s");
    says(&commands, "mend", "at the top of the login script");
    says(&row(&done, None, "engine"), "found", "API 1.");
}

#[test]
fn the_steps_of_a_hop_are_told_apart_from_the_hosts() {
    if !engine::is_there() {
        return;
    }
    let (gate, host) = (Sshd::start(), Sshd::start());
    let blocks = [gate.config("gate", ""), host.config("web1", "ProxyJump gate")]
        .map(|f| fs::read_to_string(f).unwrap());
    let config = host.dir.path().join("config");
    fs::write(&config, blocks.join("\n")).unwrap();
    let done = doctor(&config, "web1");
    says(&row(&done, None, "settings"), "found", "through gate");
    says(&row(&done, Some("gate"), "connection"), "found", &format!("{} answers", gate.port));
    says(&row(&done, Some("gate"), "host key"), "found", &gate.file("known_hosts"));
    says(&row(&done, None, "connection"), "found", "answers, through gate");
    says(&row(&done, None, "host key"), "found", &host.file("known_hosts"));
    assert_eq!(row(&done, None, "socket")["verdict"], "ok", "{}", done.out);

    fs::write(gate.file("authorized_keys"), "").unwrap();
    let bad = ends_at(&doctor(&config, "web1"), Some("gate"), "authentication");
    says(&bad, "found", "root@gate: not let in");
    says(&bad, "mend", "gate");
}

#[test]
fn a_host_without_docker_says_how_it_is_installed() {
    // Its own /run has no engine's socket, and its path no docker.
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("sshd");
    let inside = "mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec /usr/sbin/sshd \"$@\"";
    fs::write(&program, format!("#!/bin/sh\nexec unshare -m sh -c '{inside}' sh \"$@\"\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for applet in ["id", "uname", "stat", "cat", "sleep", "head"] {
        symlink("/bin/busybox", dir.path().join(applet)).unwrap();
    }
    let sshd = Sshd::start_program(&program, &format!("SetEnv PATH={}", dir.path().display()));
    let bad = ends_at(&doctor(&sshd.config("web1", ""), "web1"), None, "socket");
    says(&bad, "found", "there is no Docker");
    says(&bad, "mend", "apt-get install docker.io");
}

#[test]
fn an_engine_that_is_too_old_is_named_with_what_is_needed() {
    let sshd = Sshd::start();
    let socket = sshd.file("old.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    // It ends with the test's process.
    std::thread::spawn(move || {
        let body = r#"{"Version":"1.12.6","ApiVersion":"1.24"}"#;
        for mut wire in listener.incoming().map_while(Result::ok) {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = wire.read(&mut [0; 4096]);
            // One that only tried the socket is gone by now.
            let _ = wire.write_all((head + body).as_bytes());
        }
    });
    let config = sshd.config("web1", "");
    let bad = ends_at(&doctor(&config, &format!("ssh://web1{socket}")), None, "engine");
    says(&bad, "found", "speaks API 1.24");
    says(&bad, "mend", "update Docker");
}

#[test]
fn on_a_terminal_a_question_is_asked_once_and_an_unknown_key_stays_unknown() {
    let sshd = Sshd::start();
    let key = keygen(sshd.dir.path(), "locked", "ed25519", "opensesame", &[]);
    fs::copy(key.with_extension("pub"), sshd.file("authorized_keys")).unwrap();
    fs::write(sshd.file("known_hosts"), "").unwrap();
    let config = sshd.config("web1", "");
    let text = fs::read_to_string(&config).unwrap().replace(&sshd.file("id"), key.to_str().unwrap());
    fs::write(&config, text).unwrap();
    let args = ["--ssh-config", config.to_str().unwrap(), "doctor", "web1"];
    let terminal = Launch::pilothouse(args).size(100, 40).start();
    terminal.until("nobody vouches for the ssh-ed25519 key", SOON);
    terminal.keys("text:yes Enter");
    terminal.until("passphrase of", SOON);
    terminal.keys("text:wrong Enter");
    assert_eq!(terminal.wait_exit(SOON), 6);
    let screen = terminal.screen_text();
    assert!(screen.contains("wrong passphrase, 1 of") && !screen.contains("that was not it"), "{screen}");
    assert!(screen.contains("warn") && screen.contains("for this once"), "{screen}");
    assert_eq!(fs::read_to_string(sshd.file("known_hosts")).unwrap(), "", "a key was recorded");
}
