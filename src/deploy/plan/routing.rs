//! What would send traffic to a container as soon as it starts, and what keeps it from starting: proxies that go by labels,
//! and ports of the host that somebody else has.

use std::collections::{BTreeMap, BTreeSet};

use super::{Refusal, Scene, Stage};
use crate::domain::container::Port;
use crate::domain::spec::Published;

/// Ports of a host: address, number, protocol.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ports(BTreeSet<(String, u16, String)>);

impl Ports {
    /// Those that a container is to publish, as far as they are given by number.
    pub fn wanted(published: &[Published]) -> Self {
        let fixed = published.iter().filter_map(|p| Some((p.address.clone(), p.port?, p.protocol.clone())));
        Self(fixed.collect())
    }

    /// Those that a container has.
    pub fn held(ports: &[Port]) -> Self {
        let published = ports.iter().filter_map(|port| Some((port.published.as_ref()?, &port.protocol)));
        Self(published.map(|((address, n), p)| (address.to_string(), *n, p.to_string())).collect())
    }

    /// The first that both want.
    fn shared(&self, other: &Self) -> Option<u16> {
        let is_any = |address: &str| matches!(address, "" | "0.0.0.0" | "::");
        let clash = |(a, n, p): &&(String, u16, String)| {
            let same = |b: &str| a == b || is_any(a) || is_any(b);
            other.0.iter().any(|(b, m, q)| n == m && p == q && same(b))
        };
        self.0.iter().find(clash).map(|(_, n, _)| *n)
    }
}

/// The proxy that sends traffic to a container with these labels and variables as soon as it runs, and what says so.
/// Traefik waits for a health check, where there is one.
pub fn routed_by(
    labels: &BTreeMap<String, String>,
    env: &BTreeMap<String, String>,
    has_check: bool,
) -> Option<String> {
    let is_off = labels.get("traefik.enable").is_some_and(|value| value.eq_ignore_ascii_case("false"));
    let is_traefik = |key: &&String| key.starts_with("traefik.") && !is_off && !has_check;
    if let Some(label) = labels.keys().find(is_traefik) {
        return Some(format!("Traefik (label {label}) without a health check"));
    }
    if env.get("VIRTUAL_HOST").is_some_and(|value| !value.is_empty()) {
        return Some("nginx-proxy (variable VIRTUAL_HOST)".to_owned());
    }
    let is_caddy = |key: &&String| {
        let rest = key.strip_prefix("caddy");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_']))
    };
    labels.keys().find(is_caddy).map(|label| format!("caddy-docker-proxy (label {label})"))
}

impl Scene {
    /// A new container would be asked before it is ready.
    pub(super) fn early(&self) -> Option<Refusal> {
        let live = self.hosts.iter().flat_map(Stage::live).map(|live| &live.traits);
        let all = self.meant.as_ref().map(|meant| &meant.traits).into_iter().chain(live);
        let by = all.into_iter().find_map(|traits| traits.routed_by.clone());
        by.filter(|_| !self.terms.may_be_early).map(|by| Refusal::Early { service: self.service.clone(), by })
    }
}

impl Stage {
    /// Somebody else has a port that one of these would need.
    pub(super) fn taken(&self, wanted: &Ports) -> Option<Refusal> {
        self.taken.iter().find_map(|(by, held)| {
            let port = wanted.shared(held)?;
            Some(Refusal::PortHeld { host: self.host.clone(), port, by: by.clone() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(labels: &[(&str, &str)], env: &[(&str, &str)], has_check: bool) -> Option<String> {
        let map =
            |all: &[(&str, &str)]| all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        routed_by(&map(labels), &map(env), has_check)
    }

    #[test]
    fn a_proxy_is_known_by_its_labels_or_variables() {
        let route = ("traefik.http.routers.web.rule", "Host(`a`)");
        assert!(by(&[route], &[], false).unwrap().starts_with("Traefik (label traefik.http.routers"));
        assert_eq!(by(&[route], &[], true), None, "it waits for the check");
        assert_eq!(by(&[route, ("traefik.enable", "false")], &[], false), None);
        assert!(by(&[], &[("VIRTUAL_HOST", "a")], true).unwrap().contains("nginx-proxy"));
        assert_eq!(by(&[], &[("VIRTUAL_HOST", "")], false), None);
        for label in ["caddy", "caddy.reverse_proxy", "caddy_1.reverse_proxy"] {
            assert!(by(&[(label, "a")], &[], true).unwrap().contains(label), "{label}");
        }
        assert_eq!(by(&[("caddyfile", "a"), ("app", "traefik")], &[("HOST", "a")], false), None);
    }

    #[test]
    fn a_port_is_shared_where_number_protocol_and_address_meet() {
        let ports = |all: &[(&str, u16, &str)]| {
            Ports(all.iter().map(|(a, n, p)| ((*a).to_owned(), *n, (*p).to_owned())).collect())
        };
        let wanted = ports(&[("127.0.0.1", 80, "tcp"), ("", 53, "udp")]);
        assert_eq!(wanted.shared(&ports(&[("0.0.0.0", 80, "tcp")])), Some(80));
        assert_eq!(wanted.shared(&ports(&[("10.0.0.1", 80, "tcp"), ("", 80, "udp")])), None);
        assert_eq!(wanted.shared(&ports(&[("10.0.0.1", 53, "udp")])), Some(53));
    }
}
