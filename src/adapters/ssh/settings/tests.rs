//! Answers of `ssh -G` as version 9.2 prints them.

use super::*;

const BASE: &str = "user deploy\nhostname 10.0.0.5\nport 2222\npubkeyauthentication true\n\
    stricthostkeychecking ask\nuserknownhostsfile ~/.ssh/known_hosts ~/.ssh/known_hosts2\n\
    globalknownhostsfile /etc/ssh/ssh_known_hosts\nconnecttimeout none\nserveraliveinterval 0\n";

fn variable(name: &str) -> Option<String> {
    (name == "KEYS").then(|| "/run/keys".to_owned())
}

fn local() -> Local {
    Local {
        home: "/home/op".into(),
        user: "op".into(),
        agent: Some("/run/agent".into()),
        variables: Variables(variable),
    }
}

fn read(more: &str) -> Result<Settings, SettingsError> {
    Settings::read(&Destination::parse("web1").unwrap(), &format!("{BASE}{more}"), &local())
}

#[test]
fn a_destination_reads_back_as_it_was_written() {
    for text in ["web1", "op@web1", "op@web1:2222", "[::1]:22", "op@[fe80::1]:2022", "::1"] {
        assert_eq!(Destination::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn what_ssh_would_take_for_an_option_is_no_host() {
    for text in [
        "-oProxyCommand=x",
        "op@-v",
        "",
        "op@",
        "web1:0",
        "web1:70000",
        "a b",
        "[::1",
        "[::1]2:",
        "[::1]x",
        "[[]:1",
    ] {
        assert!(Destination::parse(text).is_err(), "{text}");
    }
}

#[test]
fn names_ports_logins_and_files_are_taken_over() {
    let read = read("identityfile ~/.ssh/id_%r_%h\nidentityfile /keys/%n.%p\n").unwrap();
    assert_eq!((read.host_name.as_str(), read.port, read.user.as_str()), ("10.0.0.5", 2222, "deploy"));
    let files: Vec<_> = read.identity_files.iter().map(|p| p.to_str().unwrap()).collect();
    assert_eq!(files, ["/home/op/.ssh/id_deploy_10.0.0.5", "/keys/web1.2222"]);
    assert_eq!((read.known_hosts.len(), read.own_known_hosts), (3, 2));
    assert_eq!(read.agent, Some("/run/agent".into()));
    assert_eq!(read.connect_timeout, CONNECT_TIMEOUT);
}

#[test]
fn switching_off_the_check_of_host_keys_means_asking() {
    let read_no = read("").unwrap();
    assert_eq!((read_no.strictness, read_no.ignored_switch), (Strictness::Ask, None));
    let off = Settings::read(
        &Destination::parse("web1").unwrap(),
        &BASE
            .replace("checking ask", "checking no")
            .replace("~/.ssh/known_hosts ~/.ssh/known_hosts2", "/dev/null"),
        &local(),
    )
    .unwrap();
    assert_eq!(off.strictness, Strictness::Ask);
    assert!(off.ignored_switch.is_some());
    assert_eq!(off.known_hosts[0], Path::new("/home/op/.ssh/known_hosts"));
}

#[test]
fn jumps_are_read_in_their_order() {
    let read = read("proxyjump bob@gate:2200,inner\n").unwrap();
    let jumps: Vec<_> = read.jumps.iter().map(ToString::to_string).collect();
    assert_eq!(jumps, ["bob@gate:2200", "inner"]);
}

#[test]
fn a_setting_that_cannot_be_honoured_is_named() {
    let error = read("bindaddress 10.1.1.1\n").unwrap_err().to_string();
    assert!(error.contains("BindAddress 10.1.1.1") && error.contains("web1"), "{error}");
    let error = read("proxycommand nc %C %p\n").unwrap_err().to_string();
    assert!(error.contains("%C"), "{error}");
}

#[test]
fn a_proxy_command_gets_its_tokens() {
    assert_eq!(
        read("proxycommand nc -x 100%% %h %p\n").unwrap().proxy_command.unwrap(),
        "nc -x 100% 10.0.0.5 2222"
    );
}

#[test]
fn methods_follow_the_preferred_order_and_the_switches() {
    assert_eq!(read("").unwrap().methods, [Method::PublicKey, Method::KeyboardInteractive, Method::Password]);
    let read =
        read("passwordauthentication no\npreferredauthentications gssapi-with-mic,password,publickey\n");
    assert_eq!(read.unwrap().methods, [Method::PublicKey]);
}

#[test]
fn an_agent_can_be_switched_off_or_be_another() {
    assert_eq!(read("identityagent none\n").unwrap().agent, None);
    assert_eq!(read("identityagent ~/agent.sock\n").unwrap().agent, Some("/home/op/agent.sock".into()));
}

#[test]
fn a_password_in_an_address_is_refused_and_not_repeated() {
    for text in ["op:geheim@web1", "op:geheim@web1:99999"] {
        let error = Destination::parse(text).unwrap_err();
        assert!(error.contains("password") && !error.contains("geheim"), "{error}");
    }
}

#[test]
fn variables_in_the_names_of_files_stand_for_what_they_hold() {
    let with = read("identityfile ${KEYS}/%r\nidentityagent $KEYS\n").unwrap();
    assert_eq!(with.identity_files, [Path::new("/run/keys/deploy")]);
    assert_eq!(with.agent, Some("/run/keys".into()));
    let error = read("identityfile ${NOSUCH}/id\n").unwrap_err().to_string();
    assert!(error.contains("the variable NOSUCH is not set"), "{error}");
}

#[test]
fn the_family_of_addresses_is_honoured() {
    assert_eq!(read("").unwrap().family, None);
    assert_eq!(read("addressfamily inet6\n").unwrap().family, Some(Family::V6));
}

#[test]
fn an_answer_that_lacks_the_host_is_an_error() {
    let error = Settings::read(&Destination::parse("web1").unwrap(), "user x\n", &local()).unwrap_err();
    assert!(error.to_string().contains("hostname"));
}
