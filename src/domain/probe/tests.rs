//! Where probes go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::domain::container::{Detail, Health, Port, State};
use crate::domain::ids::{ContainerId, HostId, ImageId, ServiceId};

/// `(inside, published on)`.
fn container(ports: &[(u16, Option<(&str, u16)>)], address: Option<&str>) -> Container {
    let port = |(inside, published): &(u16, Option<(&str, u16)>)| Port {
        inside: *inside,
        protocol: "tcp".into(),
        published: published.map(|(ip, port)| (ip.into(), port)),
    };
    Container {
        key: ContainerKey { host: HostId::new("h"), id: ContainerId::new("c") },
        name: "api-1".into(),
        service: ServiceId::new("api"),
        project: None,
        image: "api:1".into(),
        image_id: ImageId::new("sha256:1"),
        state: State::Running,
        health: Health::None,
        ports: ports.iter().map(port).collect(),
        created: chrono::DateTime::default(),
        labels: BTreeMap::new(),
        detail: Some(Arc::new(Detail { address: address.map(str::to_owned), ..Detail::default() })),
    }
}

fn spec(via: Via, port: Option<u16>) -> Arc<ProbeSpec> {
    let (interval, timeout) = (Duration::from_secs(5), Duration::from_secs(2));
    Arc::new(ProbeSpec { ask: Ask::Tcp, port, via, interval, timeout })
}

fn goes(via: Via, port: Option<u16>, container: &Container, host: &str) -> Result<String, NoTarget> {
    let target = Target::new(ProbeKind::Live, &spec(via, port), container, &Address::parse(host))?;
    Ok(format!("{}:{}", target.address, target.port))
}

const LOCAL: &str = "unix:///run/docker.sock";

#[test]
fn a_published_port_is_asked_where_it_is_bound() {
    let everywhere = container(&[(80, Some(("0.0.0.0", 8080)))], None);
    let cases = [
        (LOCAL, "127.0.0.1:8080"),
        ("tcp://10.0.0.5:2376", "10.0.0.5:8080"),
        ("tcp://[::1]:2376", "::1:8080"),
        ("ssh://web1", "127.0.0.1:8080"),
    ];
    for (host, expected) in cases {
        assert_eq!(goes(Via::Published, None, &everywhere, host).unwrap(), expected, "{host}");
    }
    let bound = container(&[(80, Some(("10.1.2.3", 8080)))], None);
    assert_eq!(goes(Via::Published, Some(80), &bound, LOCAL).unwrap(), "10.1.2.3:8080");
}

#[test]
fn a_port_that_nobody_can_mean_is_refused_with_what_to_set() {
    let none = container(&[(80, None)], Some("172.17.0.2"));
    let two = container(&[(80, Some(("", 8080))), (81, Some(("", 8081)))], None);
    assert_eq!(goes(Via::Published, None, &none, LOCAL), Err(NoTarget::NothingPublished));
    assert_eq!(goes(Via::Published, Some(80), &none, LOCAL), Err(NoTarget::NotPublished(80)));
    assert_eq!(goes(Via::Published, None, &two, LOCAL), Err(NoTarget::Several("80, 81".to_owned())));
    assert_eq!(goes(Via::Published, Some(81), &two, LOCAL).unwrap(), "127.0.0.1:8081");
    assert_eq!(goes(Via::Container, None, &container(&[], None), LOCAL), Err(NoTarget::NoPort));
}

#[test]
fn a_container_is_asked_at_its_own_address_and_port() {
    let own = container(&[(8080, Some(("0.0.0.0", 9999)))], Some("172.17.0.2"));
    assert_eq!(goes(Via::Container, None, &own, LOCAL).unwrap(), "172.17.0.2:8080");
    assert_eq!(goes(Via::Container, Some(9000), &own, LOCAL).unwrap(), "172.17.0.2:9000");
    let between_two_starts = container(&[], None);
    assert_eq!(goes(Via::Container, Some(9000), &between_two_starts, LOCAL), Err(NoTarget::NotKnown));
    let mut on_its_hosts_network = container(&[], None);
    on_its_hosts_network.detail = Some(Arc::new(Detail { is_on_host_network: true, ..Detail::default() }));
    assert_eq!(goes(Via::Container, Some(9000), &on_its_hosts_network, LOCAL).unwrap(), "127.0.0.1:9000");
    let mut unasked = own;
    unasked.detail = None;
    assert_eq!(goes(Via::Container, None, &unasked, LOCAL), Err(NoTarget::NotKnown));
}

#[test]
fn values_of_headers_are_never_printed() {
    let headers = Headers(vec![("Authorization".to_owned(), "Bearer s3cr3t".to_owned())]);
    let ask = Ask::Http { path: "/".to_owned(), expect: 200, headers };
    let text = format!("{ask:?}");
    assert!(text.contains("Authorization") && !text.contains("s3cr3t"), "{text}");
}
