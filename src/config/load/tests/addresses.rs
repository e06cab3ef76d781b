//! Addresses of hosts: what is none, what a shell would obey, and where TLS must be.

use super::*;

#[test]
fn two_hosts_with_one_address_are_refused() {
    let text = "[hosts.a]\naddress = \"/run/x.sock\"\n[hosts.b]\naddress = \"unix:///run/x.sock\"";
    assert_eq!(one(text), "4:11: hosts.b.address: the same address as of host `a`");
}

#[test]
fn addresses_that_are_none_or_hide_an_option_are_refused() {
    for address in [
        "ssh://-oProxyCommand=x",
        "ssh://a@-oProxyCommand=x",
        "ssh://",
        "tcp://host",
        "tcp://:99",
        "web1",
        "unix://x",
        "tcp://h:0",
        "ftp://x",
    ] {
        let found = one(&format!("[hosts.a]\naddress = \"{address}\""));
        assert!(found.starts_with("2:11: hosts.a.address: ") && found.contains("is no address"), "{found}");
    }
    for host in ["ssh://-oProxyCommand=x", "tcp://host"] {
        let found = one(&format!("[environments.a]\nhosts = [\"{host}\"]"));
        assert!(found.starts_with("2:10: environments.a.hosts: "), "{found}");
    }
}

#[test]
fn plain_tcp_to_another_machine_must_be_asked_for() {
    let host = |address: &str, more: &str| format!("[hosts.a]\naddress = \"{address}\"\n{more}");
    assert!(one(&host("tcp://10.0.0.5:2375", "")).contains("`allow_plain_tcp = true`"));
    assert!(one(&host("tcp://localhost.evil:2375", "")).contains("`allow_plain_tcp = true`"));
    for (address, more) in [
        ("tcp://10.0.0.5:2375", "allow_plain_tcp = true"),
        ("tcp://127.0.0.1:2375", ""),
        ("tcp://[::1]:2375", ""),
        ("tcp://10.0.0.5:2376", "tls = { ca = \"/ca.pem\" }"),
    ] {
        assert_eq!(problems(&host(address, more)), [""; 0], "{address}");
    }
    assert!(one(&host("tcp://10.0.0.5:2376", "tls = { cert = \"/c.pem\" }")).contains("come together"));
}

#[test]
fn plain_tcp_written_straight_into_an_environment_is_refused_too() {
    let found = one("[environments.p]\nhosts = [\"/x\", \"tcp://10.0.0.5:2375\"]");
    assert!(found.starts_with("2:16: environments.p.hosts: tcp:// without tls"), "{found}");
    assert!(found.contains("[hosts.NAME]"), "{found}");
    assert_eq!(problems("[environments.p]\nhosts = [\"tcp://127.0.0.1:2375\"]"), [""; 0]);
}

#[test]
fn what_a_shell_would_obey_is_no_part_of_an_ssh_address() {
    for address in ["$(id)", "`id`", "a;id", "a|id", "u';id;'@h", "a b@h", "h:22x", "h:-oX", "h:0"] {
        let found = one(&format!("[hosts.a]\naddress = \"ssh://{address}\""));
        assert!(found.contains("is no address"), "{found}");
    }
    for address in ["web1", "deploy@web-1.example", "a_b@10.0.0.5:22", "u@[fe80::1%eth0]:2222", "[::1]"] {
        assert_eq!(problems(&format!("[hosts.a]\naddress = \"ssh://{address}\"")), [""; 0], "{address}");
    }
}
