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
    let forms: [(&str, &[&str]); 4] =
        [("ed25519", &[]), ("ecdsa", &[]), ("rsa", &[]), ("rsa", &["-m", "PEM"])];
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
