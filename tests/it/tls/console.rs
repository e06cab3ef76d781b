//! The program itself on an engine behind TLS: by variables, by docker contexts and by its configuration.

use std::process::Output;
use std::time::{Duration, Instant};

use pilothouse::domain::checksum::checksum;

use super::*;
use crate::cli::command;
use crate::pty::Launch;

/// What a command says, its errors behind its output.
fn all(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs the program with these variables and no engine named by any other.
fn run(home: &Folder, variables: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = command(home.0.path(), args);
    command.env_remove("DOCKER_HOST").envs(variables.iter().copied()).output().unwrap()
}

impl Guarded {
    /// `ca.pem`, `cert.pem` and `key.pem` in this folder, as docker wants them.
    fn put_at(&self, folder: &Folder, dir: &str) {
        for (file, from) in
            [("ca.pem", "ca.pem"), ("cert.pem", "client-cert.pem"), ("key.pem", "client-key.pem")]
        {
            let text = std::fs::read_to_string(self.folder.path(from)).unwrap();
            folder.put(&format!("{dir}/{file}"), &text);
        }
    }

    /// A docker context of this engine, with its TLS material where `has_files`.
    fn put_context(&self, home: &Folder, name: &str, skips: bool, has_files: bool) {
        let digest = checksum(name.as_bytes());
        let meta = format!(
            r#"{{"Name":"{name}","Endpoints":{{"docker":{{"Host":"tcp://{}","SkipTLSVerify":{skips}}}}}}}"#,
            self.to()
        );
        home.put(&format!(".docker/contexts/meta/{digest}/meta.json"), &meta);
        if has_files {
            self.put_at(home, &format!(".docker/contexts/tls/{digest}/docker"));
        }
    }
}

#[test]
fn variables_contexts_and_configuration_lead_to_a_guarded_engine() {
    let Some(guarded) = Guarded::start() else { return };
    guarded.engine.run("shown", &[], "exec sleep 600");
    let address = format!("tcp://{}", guarded.to());
    let list = ["containers"];

    // DOCKER_HOST with DOCKER_TLS_VERIFY, the files in ~/.docker.
    let home = Folder::new();
    guarded.put_at(&home, ".docker");
    let set = [("DOCKER_HOST", address.as_str()), ("DOCKER_TLS_VERIFY", "1")];
    let by_home = run(&home, &set, &list);
    assert!(by_home.status.success() && all(&by_home).contains("shown"), "{}", all(&by_home));

    // --host, the files where DOCKER_CERT_PATH says.
    let bare = Folder::new();
    guarded.put_at(&bare, "certs");
    let certs = bare.path("certs").display().to_string();
    let set = [("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", certs.as_str())];
    let by_path = run(&bare, &set, &["--host", &address, "containers"]);
    assert!(by_path.status.success() && all(&by_path).contains("shown"), "{}", all(&by_path));

    // DOCKER_TLS alone would not verify with docker; here it does, and succeeds where it may.
    let set = [("DOCKER_HOST", address.as_str()), ("DOCKER_TLS", "1"), ("DOCKER_CERT_PATH", certs.as_str())];
    assert!(run(&bare, &set, &list).status.success());

    // A context with its own material.
    let home = Folder::new();
    guarded.put_context(&home, "guarded", false, true);
    let by_context = run(&home, &[("DOCKER_CONTEXT", "guarded")], &list);
    assert!(by_context.status.success() && all(&by_context).contains("shown"), "{}", all(&by_context));

    // [hosts.NAME.tls].
    let file = |name: &str| guarded.folder.path(name).display().to_string();
    let config = format!(
        "[environments.e]\nhosts = [\"one\"]\n[hosts.one]\naddress = \"{address}\"\n[hosts.one.tls]\nca = \"{}\"\n\
         cert = \"{}\"\nkey = \"{}\"\nserver_name = \"engine.test\"\n",
        file("ca.pem"),
        file("client-cert.pem"),
        file("client-key.pem")
    );
    let home = Folder::new();
    home.put("pilothouse.toml", &config);
    let by_file = run(&home, &[], &list);
    assert!(by_file.status.success() && all(&by_file).contains("shown"), "{}", all(&by_file));
    let doctor = run(&home, &[], &["doctor"]);
    let said = all(&doctor);
    for part in [
        "tcp://127.0.0.1",
        "by hosts.one",
        "TLS 1.3",
        &file("ca.pem"),
        &file("client-cert.pem"),
        "engine.test",
    ] {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }

    // A draft of what is reached so is no draft of a plain port.
    let home = Folder::new();
    guarded.put_at(&home, ".docker");
    let set = [("DOCKER_HOST", address.as_str()), ("DOCKER_TLS_VERIFY", "1")];
    let draft = all(&run(&home, &set, &["init", "--stdout"]));
    assert!(draft.contains("key = \"~/.docker/key.pem\"") && !draft.contains("allow_plain_tcp"), "{draft}");
}

#[test]
fn a_context_that_skips_verification_is_verified_and_says_so() {
    let Some(guarded) = Guarded::start() else { return };
    let home = Folder::new();
    guarded.put_context(&home, "lax", true, false);
    let refused = run(&home, &[("DOCKER_CONTEXT", "lax")], &["containers"]);
    let said = all(&refused);
    assert_eq!(refused.status.code(), Some(6), "{said}");
    assert!(said.contains("not signed by") || said.contains("no CA is named"), "{said}");
    // With the CA beside it, it is as good as any other.
    let home = Folder::new();
    guarded.put_context(&home, "lax", true, true);
    let taken = run(&home, &[("DOCKER_CONTEXT", "lax")], &["containers"]);
    assert!(taken.status.success(), "{}", all(&taken));
}

#[test]
fn plain_tcp_to_another_machine_says_what_to_do() {
    let home = Folder::new();
    let mut command = command(home.0.path(), ["--host", "tcp://192.0.2.1:2375", "containers"]);
    let said = all(&command.env_remove("DOCKER_HOST").output().unwrap());
    for part in ["without TLS", "DOCKER_TLS_VERIFY=1", "ssh://"] {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn a_black_hole_on_the_way_is_noticed_and_comes_back_by_itself() {
    const SOON: Duration = Duration::from_secs(30);
    let Some(guarded) = Guarded::start() else { return };
    guarded.engine.run("shown", &[], "exec sleep 600");
    let far = guarded.engine.line();
    let file = |name: &str| guarded.folder.path(name).display().to_string();
    let config = format!(
        "[hosts.far]\naddress = \"tcp://{far}:{PORT}\"\n[hosts.far.tls]\nca = \"{}\"\ncert = \"{}\"\nkey = \"{}\"\n\
         server_name = \"engine.test\"\n[environments.one]\nkind = \"development\"\nhosts = [\"far\"]\n",
        file("ca.pem"),
        file("client-cert.pem"),
        file("client-key.pem"),
    );
    let terminal = Launch::pilothouse(["--utc"])
        .size(120, 30)
        .home_file(".config/pilothouse/config.toml", &config)
        .start();
    terminal.until("shown.*running", SOON);
    let rules = |act: &str| {
        guarded
            .engine
            .in_network(&format!("for chain in INPUT OUTPUT; do iptables -w -{act} $chain -j DROP; done"));
    };
    rules("A");
    let began = Instant::now();
    // 14 s of silence; the rest is for a machine that is busy.
    terminal.until("far +stale", Duration::from_secs(20));
    println!("noticed after {:?}", began.elapsed());
    terminal.until("shown", SOON);
    rules("D");
    terminal.until("far +up", SOON);
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
}
