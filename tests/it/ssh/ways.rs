//! Jumps, proxy commands, settings that cannot be honoured.

use std::fs;

use pilothouse::adapters::ssh::connect::ConnectError;

use super::{connector, failure, to};
use crate::sshd::Sshd;

#[tokio::test]
async fn a_host_behind_two_others_is_reached() {
    let (gate, inner, host) = (Sshd::start(), Sshd::start(), Sshd::start());
    let blocks = [
        fs::read_to_string(gate.config("gate", "")).unwrap(),
        fs::read_to_string(inner.config("inner", "ProxyJump gate")).unwrap(),
        fs::read_to_string(host.config("web1", "ProxyJump inner")).unwrap(),
        fs::read_to_string(host.config("web2", "ProxyJump gate,inner")).unwrap(),
        fs::read_to_string(host.config("loop", "ProxyJump loop")).unwrap(),
    ];
    let file = host.dir.path().join("config");
    fs::write(&file, blocks.join("\n")).unwrap();
    for alias in ["web1", "web2"] {
        let connected = connector(file.clone()).connect(&to(alias)).await.unwrap();
        assert!(connected.link.round_trip().await.is_ok(), "{alias}");
    }
    let error = failure(&connector(file), "loop").await.to_string();
    assert!(error.contains("circle"), "{error}");
}

#[tokio::test]
async fn a_proxy_command_carries_the_connection_and_ends_with_it() {
    let sshd = Sshd::start();
    let pid = sshd.file("proxy.pid");
    let command = format!("ProxyCommand sh -c 'echo $$ > {pid}; exec busybox nc 127.0.0.1 {}'", sshd.port);
    let connected = connector(sshd.config("web1", &command)).connect(&to("web1")).await.unwrap();
    assert!(connected.link.round_trip().await.is_ok());
    let proxy = fs::read_to_string(&pid).unwrap();
    let alive = std::path::PathBuf::from(format!("/proc/{}", proxy.trim()));
    assert!(alive.exists());
    connected.link.close().await;
    connected.link.ended().await;
    let gone = async {
        while alive.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.expect("the proxy command lives on");
}

#[tokio::test]
async fn a_proxy_command_that_fails_is_told_in_its_own_words() {
    let sshd = Sshd::start();
    let command = "ProxyCommand sh -c 'echo the bastion is closed >&2; exit 1'";
    let error = failure(&connector(sshd.config("web1", command)), "web1").await;
    assert!(matches!(error, ConnectError::Way { .. }), "{error}");
    assert!(error.to_string().contains("the bastion is closed"), "{error}");
}

#[tokio::test]
async fn a_setting_that_cannot_be_honoured_is_an_error_that_names_it() {
    let sshd = Sshd::start();
    let error = failure(&connector(sshd.config("web1", "BindAddress 127.0.0.1")), "web1").await;
    assert!(matches!(error, ConnectError::Settings(_)), "{error}");
    assert!(error.to_string().contains("BindAddress 127.0.0.1"), "{error}");
    let error = failure(&connector(sshd.config("web1", "Ciphers aes128-ctr,nonsense")), "web1").await;
    assert!(error.to_string().contains("ssh -G"), "{error}");
}

#[tokio::test]
async fn match_blocks_and_the_users_ciphers_hold() {
    let sshd = Sshd::start();
    let text = fs::read_to_string(sshd.config("web1", "Ciphers aes256-ctr")).unwrap();
    let file = sshd.dir.path().join("config");
    fs::write(
        &file,
        format!("Match host alias exec true\n  HostName 127.0.0.1\n  Port {}\n\n{text}", sshd.port),
    )
    .unwrap();
    let settings = connector(file.clone()).settings(&to("alias")).await.unwrap();
    assert_eq!(settings.port, sshd.port);
    let connected = connector(file).connect(&to("web1")).await.unwrap();
    assert_eq!(connected.settings.algorithms.ciphers, "aes256-ctr");
}
