//! Proving who one is: key types and forms, the agent, passphrases; what was tried is said.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use pilothouse::adapters::ssh::connect::ConnectError;
use pilothouse::ports::prompt::Question;

use super::{Person, connector, failure, to};
use crate::sshd::{Sshd, keygen, run};

fn accept(sshd: &Sshd, key: &std::path::Path) {
    fs::copy(key.with_extension("pub"), sshd.file("authorized_keys")).unwrap();
}

#[tokio::test]
async fn every_usual_key_type_and_form_lets_in() {
    let sshd = Sshd::start();
    let forms: [(&str, &[&str]); 9] = [
        ("ed25519", &[]),
        ("ecdsa", &[]),
        ("ecdsa", &["-b", "384"]),
        ("ecdsa", &["-b", "521"]),
        ("ecdsa", &["-m", "PEM"]),
        ("ecdsa", &["-m", "PKCS8"]),
        ("rsa", &[]),
        ("rsa", &["-m", "PEM"]),
        ("rsa", &["-m", "PKCS8"]),
    ];
    for (number, (kind, more)) in forms.into_iter().enumerate() {
        for passphrase in ["", "open sesame"] {
            let name = format!("k{number}{}", passphrase.len());
            let key = keygen(sshd.dir.path(), &name, kind, passphrase, more);
            accept(&sshd, &key);
            let config = sshd.config("web1", "").display().to_string();
            let text = fs::read_to_string(&config).unwrap().replace(&sshd.file("id"), key.to_str().unwrap());
            fs::write(&config, text).unwrap();
            let mut connector = connector(config.into());
            connector.prompter = Person::saying(&[passphrase]);
            let connected = connector.connect(&to("web1")).await;
            connected.unwrap_or_else(|e| panic!("{kind} {more:?} {passphrase:?}: {e}"));
        }
    }
}

#[tokio::test]
async fn a_wrong_passphrase_is_asked_for_again_and_nobody_means_a_person_is_needed() {
    let sshd = Sshd::start();
    let key = keygen(sshd.dir.path(), "locked", "ed25519", "right", &[]);
    accept(&sshd, &key);
    let file = sshd.config("web1", "");
    let text = fs::read_to_string(&file).unwrap().replace(&sshd.file("id"), key.to_str().unwrap());
    fs::write(&file, text).unwrap();

    let error = failure(&connector(file.clone()), "web1").await;
    assert!(matches!(error, ConnectError::NeedsPerson { .. }) && error.needs_person(), "{error}");

    let person = Person::saying(&["wrong", "right"]);
    let mut asking = connector(file);
    asking.prompter = Arc::clone(&person) as _;
    asking.connect(&to("web1")).await.unwrap();
    let tries = |q: &Question| match q {
        Question::Passphrase { nth, .. } => nth.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(person.asked().iter().map(tries).collect::<Vec<_>>(), ["1 of 3", "2 of 3"]);
}

#[tokio::test]
async fn the_key_that_fits_is_found_among_those_of_the_agent() {
    let sshd = Sshd::start();
    let socket = sshd.file("agent");
    let agent = Command::new("ssh-agent").args(["-D", "-a", &socket]).spawn().unwrap();
    let _end = EndOf(agent);
    while !std::path::Path::new(&socket).exists() {
        std::thread::yield_now();
    }
    for (name, kind) in [("a1", "rsa"), ("a2", "ecdsa"), ("a3", "ed25519")] {
        let key = keygen(sshd.dir.path(), name, kind, "", &[]);
        accept(&sshd, &key);
        let added = Command::new("ssh-add").arg(&key).env("SSH_AUTH_SOCK", &socket).output().unwrap();
        assert!(added.status.success());
        fs::remove_file(key).unwrap();
    }
    let config = fs::read_to_string(sshd.config("web1", "")).unwrap();
    let config = config
        .replace("IdentityAgent none", &format!("IdentityAgent {socket}"))
        .replace(&sshd.file("id"), "none");
    let file = sshd.dir.path().join("config-agent");
    fs::write(&file, config).unwrap();
    connector(file.clone()).connect(&to("web1")).await.unwrap();

    fs::remove_file(&socket).unwrap();
    let error = failure(&connector(file), "web1").await.to_string();
    assert!(error.contains("is the agent gone"), "{error}");
}

struct EndOf(std::process::Child);

impl Drop for EndOf {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn what_was_tried_is_said_when_nothing_was_accepted() {
    let sshd = Sshd::start();
    fs::write(sshd.file("authorized_keys"), "").unwrap();
    let error = failure(&connector(sshd.config("web1", "")), "web1").await;
    let text = error.to_string();
    assert!(matches!(error, ConnectError::Authentication { .. }), "{text}");
    assert!(
        text.contains("root@web1") && text.contains(&sshd.file("id")) && text.contains("not accepted"),
        "{text}"
    );
    assert!(text.contains("password: the host does not offer it"), "{text}");
}

#[tokio::test]
async fn names_and_ports_that_lead_nowhere_are_told_apart() {
    let sshd = Sshd::start();
    let file = sshd.dir.path().join("bad");
    fs::write(
        &file,
        "Host nowhere\n HostName no-such-host.invalid\nHost shut\n HostName 127.0.0.1\n Port 1\n",
    )
    .unwrap();
    assert!(matches!(failure(&connector(file.clone()), "nowhere").await, ConnectError::Name { .. }));
    assert!(matches!(failure(&connector(file), "shut").await, ConnectError::Tcp { .. }));
    // Speaks, but not SSH.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.0 400 Bad Request\r\n\r\n");
    });
    let file = sshd.dir.path().join("http");
    fs::write(&file, format!("Host web\n HostName 127.0.0.1\n Port {port}\n ConnectTimeout 3\n")).unwrap();
    assert!(matches!(failure(&connector(file), "web").await, ConnectError::Handshake { .. }));
    assert!(!run("ssh", &["-V"]).contains("unused"));
}

/// In a configuration of its own: `IdentityFile` and whatever else `lines` say.
fn with_keys(sshd: &Sshd, lines: &str) -> std::path::PathBuf {
    let text = fs::read_to_string(sshd.config("web1", "")).unwrap();
    let text = text.replace(&format!("IdentityFile {}", sshd.file("id")), lines);
    let text =
        if lines.contains("IdentityAgent") { text.replace("  IdentityAgent none\n", "") } else { text };
    let file = sshd.dir.path().join("config-keys");
    fs::write(&file, text).unwrap();
    file
}

#[tokio::test]
async fn a_certificate_lets_in_where_its_key_alone_does_not() {
    let certified = tempfile::tempdir().unwrap();
    let authority = keygen(certified.path(), "authority", "ed25519", "", &[]);
    let sshd = Sshd::start_with(&format!("TrustedUserCAKeys {}.pub", authority.display()));
    fs::write(sshd.file("authorized_keys"), "").unwrap();
    for (number, kind) in ["ed25519", "ecdsa", "rsa"].into_iter().enumerate() {
        let key = keygen(certified.path(), &format!("k{number}"), kind, "", &[]);
        let public = format!("{}.pub", key.display());
        let authority = authority.to_str().unwrap();
        run("ssh-keygen", &["-q", "-s", authority, "-I", "test", "-n", "root", &public]);
        let config = with_keys(&sshd, &format!("IdentityFile {}", key.display()));
        connector(config).connect(&to("web1")).await.unwrap_or_else(|e| panic!("{kind}: {e}"));
        // Elsewhere, and named.
        let (beside, moved) = (format!("{}-cert.pub", key.display()), sshd.file("moved-cert.pub"));
        fs::rename(beside, &moved).unwrap();
        let alone = with_keys(&sshd, &format!("IdentityFile {}", key.display()));
        assert!(failure(&connector(alone), "web1").await.to_string().contains("not accepted"));
        let named = format!("IdentityFile {}\n  CertificateFile {moved}", key.display());
        let config = with_keys(&sshd, &named);
        connector(config).connect(&to("web1")).await.unwrap_or_else(|e| panic!("{kind}, named: {e}"));
    }
}

#[tokio::test]
async fn the_second_of_several_identities_lets_in() {
    let sshd = Sshd::start();
    let wrong = keygen(sshd.dir.path(), "wrong", "rsa", "", &[]);
    let lines = format!("IdentityFile {}\n  IdentityFile {}", wrong.display(), sshd.file("id"));
    connector(with_keys(&sshd, &lines)).connect(&to("web1")).await.unwrap();
}

#[tokio::test]
async fn identities_only_finds_its_key_among_many_of_the_agent_by_the_public_file() {
    let sshd = Sshd::start();
    let socket = sshd.file("agent");
    let _agent = EndOf(Command::new("ssh-agent").args(["-D", "-a", &socket]).spawn().unwrap());
    while !std::path::Path::new(&socket).exists() {
        std::thread::yield_now();
    }
    // More than the host lets one try, and the right one last.
    for number in 0..7 {
        let key = keygen(sshd.dir.path(), &format!("many{number}"), "ed25519", "", &[]);
        let added = Command::new("ssh-add").arg(&key).env("SSH_AUTH_SOCK", &socket).output().unwrap();
        assert!(added.status.success());
        accept(&sshd, &key);
        fs::remove_file(key).unwrap();
    }
    let agent = format!("IdentityAgent {socket}");
    let error = failure(&connector(with_keys(&sshd, &format!("{agent}\n  IdentityFile none"))), "web1").await;
    assert!(error.to_string().contains("set IdentitiesOnly for web1"), "{error}");
    let lines = format!("{agent}\n  IdentitiesOnly yes\n  IdentityFile {}", sshd.file("many6.pub"));
    connector(with_keys(&sshd, &lines)).connect(&to("web1")).await.unwrap();
}

#[tokio::test]
async fn files_that_are_no_private_keys_are_named() {
    let sshd = Sshd::start();
    fs::write(sshd.file("text"), "nothing of the kind").unwrap();
    fs::write(
        sshd.file("broken"),
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
    )
    .unwrap();
    let lines = ["text", "broken", "id.pub"].map(|name| format!("IdentityFile {}", sshd.file(name)));
    let text = failure(&connector(with_keys(&sshd, &lines.join("\n  "))), "web1").await.to_string();
    assert!(text.contains("text: no private key;"), "{text}");
    assert!(text.contains("broken: no private key that can be read here"), "{text}");
    assert!(text.contains("id.pub: a public key, whose private one the agent does not hold"), "{text}");
}
