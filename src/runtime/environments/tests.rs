//! The order, the names and the safety of planned environments.

use super::*;
use crate::adapters::docker::find::DockerContext;
use crate::config::load::{Known, Layer, LayerKind, load};
use crate::config::trust::TrustList;

const SOCKET: &str = "unix:///var/run/docker.sock";

fn found(own: &[(&str, &str)], contexts: &[(&str, &str)]) -> Found {
    let candidate = |(source, address): &(&str, &str)| Candidate {
        source: (*source).to_owned(),
        address: Address::parse(address),
        tls: None,
    };
    let context = |(name, address): &(&str, &str)| DockerContext {
        name: (*name).to_owned(),
        address: Address::parse(address),
        tls: name.contains("tls").then(TlsFiles::default),
    };
    Found {
        candidates: own.iter().map(candidate).collect(),
        contexts: contexts.iter().map(context).collect(),
        home: "/home/op".into(),
    }
}

fn machine(contexts: &[(&str, &str)]) -> Found {
    found(&[("default socket", SOCKET), ("Podman", "unix:///run/podman/podman.sock")], contexts)
}

fn config(text: &str) -> Config {
    let layer = Layer { kind: LayerKind::User, path: "/c".into(), text: text.to_owned() };
    load(&[layer], &[], &Known::built_in(&[], &[]), &TrustList::default()).unwrap().config
}

fn planned(text: &str, found: &Found) -> Plan {
    plan(&config(text), found, false, &|path| path == Path::new("/var/run/docker.sock"))
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.environments.iter().map(|e| e.id.as_str()).collect()
}

#[test]
fn without_a_configuration_there_are_the_own_engine_and_every_context_unclassified() {
    let plan = planned("", &machine(&[("east", "ssh://op@east"), ("west", "unix:///w.sock")]));
    assert_eq!(names(&plan), ["local", "east", "west"]);
    assert!(plan.environments.iter().all(|e| e.class == Class::Unclassified));
    assert_eq!(plan.selected.unwrap().as_str(), "local");
    assert_eq!(plan.hosts[0].ways.len(), 2);
}

#[test]
fn contexts_follow_the_environments_of_the_configuration_in_their_written_order() {
    let text = "[environments.staging]\nhosts = [\"b\"]\n[environments.alpha]\nhosts = [\"b\", \"unix:///run/docker.sock\"]\n\
         [hosts.b]\naddress = \"unix:///b.sock\"\n";
    let plan = planned(text, &machine(&[("alpha", "unix:///other.sock"), ("ctx", "unix:///b.sock")]));
    assert_eq!(names(&plan), ["staging", "alpha", "ctx"]);
    assert_eq!(plan.environments[1].hosts, [HostId::new("b"), HostId::new("local")]);
    assert_eq!(plan.environments[2].hosts, [HostId::new("b")]);
    assert_eq!(plan.hosts.len(), 2);
    assert_eq!(plan.selected.unwrap().as_str(), "staging");
}

#[test]
fn the_engine_of_a_protected_environment_is_protected_under_any_name() {
    let text = "[environments.p]\nhosts = [\"unix:///p.sock\"]\nkind = \"production\"\n";
    let plan = planned(text, &machine(&[("nick", "unix:///p.sock"), ("other", "unix:///o.sock")]));
    assert_eq!(names(&plan), ["p", "local", "nick", "other"]);
    let is_protected: Vec<_> = plan.environments.iter().map(|e| e.is_protected).collect();
    assert_eq!(is_protected, [true, false, true, false]);
}

#[test]
fn the_own_engine_is_left_out_where_it_is_configured_or_not_there() {
    let text = "[environments.dev]\nhosts = [\"unix:///run/docker.sock\"]\n";
    assert_eq!(names(&planned(text, &machine(&[]))), ["dev"]);
    let elsewhere = "[environments.dev]\nhosts = [\"unix:///d.sock\"]\n";
    let none = plan(&config(elsewhere), &machine(&[]), false, &|_| false);
    assert_eq!(names(&none), ["dev"]);
    assert_eq!(names(&planned(elsewhere, &machine(&[]))), ["dev", "local"]);
}

#[test]
fn the_chosen_engine_is_selected_whatever_the_configuration_prefers() {
    let text = "default_environment = \"b\"\n[environments.a]\nhosts = [\"unix:///a.sock\"]\n[environments.b]\nhosts = [\"unix:///b.sock\"]\n";
    let chosen = |address| {
        let found = found(&[("--host", address)], &[]);
        plan(&config(text), &found, true, &|_| false).selected.unwrap().to_string()
    };
    assert_eq!(chosen("unix:///a.sock"), "a");
    assert_eq!(chosen("tcp://127.0.0.1:2375"), "127.0.0.1:2375");
    assert_eq!(planned(text, &machine(&[])).selected.unwrap().as_str(), "b");
}

#[test]
fn a_host_that_was_named_is_known_among_those_of_its_environment() {
    let text = "[environments.a]\nhosts = [\"ssh://web1\", \"ssh://web2\"]\n";
    let found = found(&[("--host", "ssh://web2")], &[]);
    let named = plan(&config(text), &found, true, &|_| false);
    assert_eq!(named.chosen.unwrap().as_str(), "web2");
    assert_eq!(plan(&config(text), &found, false, &|_| false).chosen, None);
}

#[test]
fn the_current_context_is_the_own_engine() {
    let found =
        found(&[("docker context east", "ssh://east")], &[("east", "ssh://east"), ("west", "ssh://west")]);
    let plan = planned("", &found);
    assert_eq!((names(&plan), plan.selected.as_ref().unwrap().as_str()), (vec!["east", "west"], "east"));
    let gone = super::tests::found(&[("docker context gone", "context gone: not found")], &[]);
    assert_eq!(names(&planned("", &gone)), ["gone"]);
}

#[test]
fn plain_tcp_is_refused_but_to_this_machine_or_where_it_was_allowed() {
    let text = "[environments.e]\nhosts = [\"near\", \"far\", \"safe\"]\n[hosts.near]\naddress = \"tcp://127.0.0.1:1\"\n\
         [hosts.far]\naddress = \"tcp://10.0.0.1:1\"\nallow_plain_tcp = true\n[hosts.safe]\naddress = \"tcp://10.0.0.2:1\"\ntls = { ca = \"/ca\" }\n";
    let plan = planned(
        text,
        &machine(&[
            ("ctx", "tcp://10.0.0.3:1"),
            ("ctx-tls", "tcp://10.0.0.4:1"),
            ("same", "tcp://10.0.0.1:1"),
        ]),
    );
    let refusal = |name: &str| {
        plan.hosts.iter().find(|h| h.id.as_str() == name).unwrap().refusal.as_ref().map(|r| r.why.as_str())
    };
    assert_eq!((refusal("near"), refusal("far"), refusal("safe")), (None, None, None));
    assert_eq!((refusal("ctx"), refusal("ctx-tls")), (Some(PLAIN_TCP), None));
    assert_eq!(plan.environments.last().unwrap().hosts, [HostId::new("far")]);
}

#[test]
fn a_label_is_what_the_screen_calls_a_host() {
    let text =
        "[environments.e]\nhosts = [\"a\"]\n[hosts.a]\naddress = \"unix:///a.sock\"\nlabel = \"rack 4\"\n";
    assert_eq!(planned(text, &machine(&[])).hosts[0].id.as_str(), "rack 4");
}
