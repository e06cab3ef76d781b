//! Host keys: known, unknown, changed, revoked, hashed. Nothing switches the check off.

use std::fs;
use std::sync::Arc;

use pilothouse::adapters::ssh::connect::ConnectError;
use pilothouse::ports::prompt::Question;

use super::{Person, connector, failure, to};
use crate::sshd::{Sshd, keygen, run};

#[tokio::test]
async fn a_known_host_is_reached_without_a_question() {
    let sshd = Sshd::start();
    let connected = connector(sshd.config("web1", "")).connect(&to("web1")).await.unwrap();
    assert!(connected.link.round_trip().await.is_ok());
    assert_eq!(connected.settings.port, sshd.port);
}

#[tokio::test]
async fn an_unknown_key_is_refused_without_a_person_and_recorded_once_one_agreed() {
    let sshd = Sshd::start();
    fs::write(sshd.file("known_hosts"), "").unwrap();
    let config = sshd.config("web1", "HashKnownHosts yes");
    let error = failure(&connector(config.clone()), "web1").await;
    let ConnectError::UnknownKey { fingerprint, .. } = &error else { panic!("{error}") };
    let listed = run("ssh-keygen", &["-lf", &sshd.file("host.pub")]);
    assert!(listed.contains(fingerprint.as_str()), "{listed} {fingerprint}");

    let person = Person::saying(&["no"]);
    let mut asking = connector(config.clone());
    asking.prompter = Arc::clone(&person) as _;
    assert!(matches!(failure(&asking, "web1").await, ConnectError::UnknownKey { .. }));
    assert!(
        matches!(&person.asked()[..], [Question::HostKey { fingerprint: shown, .. }] if shown == fingerprint)
    );

    asking.prompter = Person::saying(&["yes"]);
    asking.connect(&to("web1")).await.unwrap();
    let recorded = fs::read_to_string(sshd.file("known_hosts")).unwrap();
    assert!(recorded.starts_with("|1|"), "{recorded}");
    // OpenSSH's own program finds what was written.
    let found =
        run("ssh-keygen", &["-F", &format!("[127.0.0.1]:{}", sshd.port), "-f", &sshd.file("known_hosts")]);
    assert!(found.contains("found"), "{found}");
    connector(config).connect(&to("web1")).await.unwrap();
}

#[tokio::test]
async fn a_changed_key_stops_everything_and_names_file_and_line() {
    let sshd = Sshd::start();
    let other = keygen(sshd.dir.path(), "other", "ed25519", "", &[]);
    let public = fs::read_to_string(other.with_extension("pub")).unwrap();
    fs::write(sshd.file("known_hosts"), format!("# old\n[127.0.0.1]:{} {public}", sshd.port)).unwrap();
    for switch in ["", "StrictHostKeyChecking no", "StrictHostKeyChecking accept-new"] {
        let mut asking = connector(sshd.config("web1", switch));
        let person = Person::saying(&["yes"]);
        asking.prompter = Arc::clone(&person) as _;
        let error = failure(&asking, "web1").await;
        let text = error.to_string();
        assert!(matches!(error, ConnectError::ChangedKey { .. }), "{text}");
        assert!(text.contains(&format!("{}:2", sshd.file("known_hosts"))), "{text}");
        assert!(person.asked().is_empty(), "asked with `{switch}`");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_even_when_new_keys_are_accepted() {
    let sshd = Sshd::start();
    let public = fs::read_to_string(sshd.file("host.pub")).unwrap();
    fs::write(sshd.file("known_hosts"), format!("@revoked * {public}")).unwrap();
    let error = failure(&connector(sshd.config("web1", "StrictHostKeyChecking accept-new")), "web1").await;
    assert!(matches!(error, ConnectError::RevokedKey { .. }), "{error}");
}

#[tokio::test]
async fn switching_the_check_off_means_asking_and_accept_new_records() {
    let sshd = Sshd::start();
    fs::write(sshd.file("known_hosts"), "").unwrap();
    let error = failure(&connector(sshd.config("web1", "StrictHostKeyChecking no")), "web1").await;
    assert!(matches!(error, ConnectError::UnknownKey { .. }), "{error}");
    connector(sshd.config("web1", "StrictHostKeyChecking accept-new")).connect(&to("web1")).await.unwrap();
    assert!(!fs::read_to_string(sshd.file("known_hosts")).unwrap().is_empty());
    connector(sshd.config("web1", "StrictHostKeyChecking yes")).connect(&to("web1")).await.unwrap();
}

#[tokio::test]
async fn a_host_with_several_keys_is_asked_for_the_one_that_is_known() {
    let keys = tempfile::tempdir().unwrap();
    let rsa = keygen(keys.path(), "rsa", "rsa", "", &[]);
    let ecdsa = keygen(keys.path(), "ecdsa", "ecdsa", "", &[]);
    let sshd = Sshd::start_with(&format!("HostKey {}\nHostKey {}", rsa.display(), ecdsa.display()));
    for known in [rsa, ecdsa] {
        let public = fs::read_to_string(known.with_extension("pub")).unwrap();
        fs::write(sshd.file("known_hosts"), format!("[127.0.0.1]:{} {public}", sshd.port)).unwrap();
        connector(sshd.config("web1", "StrictHostKeyChecking yes")).connect(&to("web1")).await.unwrap();
    }
}
