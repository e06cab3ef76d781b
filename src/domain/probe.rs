//! Probes: how a service is asked how it is, and where exactly each of its containers is reached for that.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::container::Container;
use super::host::{Address, host_of};
use super::ids::ContainerKey;

/// Which question a probe answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ProbeKind {
    /// Whether it runs at all.
    Live,
    /// Whether it can serve.
    Ready,
}

impl ProbeKind {
    /// The word of the screen and of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Ready => "ready",
        }
    }
}

/// Which address is probed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Via {
    /// The port the engine publishes on its host.
    #[default]
    Published,
    /// The container's own address.
    Container,
}

/// Headers to send. Their values may be secret: neither `Debug` nor any error shows them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Headers(pub Vec<(String, String)>);

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// How it is asked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Ask {
    /// `GET` this path over plain HTTP.
    Http {
        /// From `/` on.
        path: String,
        /// The status of a healthy answer.
        expect: u16,
        /// What is sent besides.
        headers: Headers,
    },
    /// Connect, and nothing else.
    Tcp,
}

/// One probe of a service, as it is configured.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProbeSpec {
    /// How it is asked.
    pub ask: Ask,
    /// Port inside the container; its only one where it is `None`.
    pub port: Option<u16>,
    /// Which address is asked.
    pub via: Via,
    /// From the start of one probe to the start of the next.
    pub interval: Duration,
    /// After this it has failed.
    pub timeout: Duration,
}

/// What the operator says of a service besides what its containers say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceSpec {
    /// Whether it runs at all.
    pub live: Option<Arc<ProbeSpec>>,
    /// Whether it can serve.
    pub ready: Option<Arc<ProbeSpec>>,
    /// Where to read what to do when it breaks.
    pub runbook: Option<String>,
    /// More restarts by the engine need a human; the limit of all services where it is `None`.
    pub restart_limit: Option<u32>,
}

impl ServiceSpec {
    /// Its probes, live first.
    pub fn probes(&self) -> impl Iterator<Item = (ProbeKind, &Arc<ProbeSpec>)> {
        let live = self.live.iter().map(|spec| (ProbeKind::Live, spec));
        live.chain(self.ready.iter().map(|spec| (ProbeKind::Ready, spec)))
    }
}

/// Specifications of services by name.
pub type ServiceSpecs = BTreeMap<String, ServiceSpec>;

/// One probe of one container: what is asked, where. Two that are equal are the same probe.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Target {
    /// Whom it is about.
    pub key: ContainerKey,
    /// Which question.
    pub kind: ProbeKind,
    /// An IP address or a name, as the container's host knows it: loopback is that host's.
    pub address: String,
    /// The port there.
    pub port: u16,
    /// How it is asked, how often.
    pub spec: Arc<ProbeSpec>,
}

/// Why a container cannot be probed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoTarget {
    /// It has none, so one cannot be meant.
    #[error("no port is published; set `via = \"container\"`")]
    NothingPublished,
    /// The configured one is not among them.
    #[error("port {0} is not published; set `via = \"container\"`")]
    NotPublished(u16),
    /// It has several.
    #[error("it has several ports ({0}); set `port`")]
    Several(String),
    /// It has none, so one cannot be meant.
    #[error("it exposes no port; set `port`")]
    NoPort,
    /// The engine was not asked yet.
    #[error("its address is not known yet")]
    NotKnown,
}

impl Target {
    /// Where this probe of `container` goes, on a host that is reached at `host`.
    ///
    /// # Errors
    /// What is missing, and what to set.
    pub fn new(
        kind: ProbeKind,
        spec: &Arc<ProbeSpec>,
        container: &Container,
        host: &Address,
    ) -> Result<Self, NoTarget> {
        let (address, port) = match spec.via {
            Via::Published => published(spec.port, container, host)?,
            Via::Container => own(spec.port, container, host)?,
        };
        Ok(Self { key: container.key.clone(), kind, address, port, spec: Arc::clone(spec) })
    }
}

impl Target {
    /// Where it goes, as an operator would ask it by hand: `GET http://10.0.0.2:8080/ready`, `tcp 10.0.0.2:5432`.
    pub fn url(&self) -> String {
        let address = if self.address.contains(':') {
            format!("[{}]:{}", self.address, self.port)
        } else {
            format!("{}:{}", self.address, self.port)
        };
        match &self.spec.ask {
            Ask::Http { path, .. } => format!("GET http://{address}{path}"),
            Ask::Tcp => format!("tcp {address}"),
        }
    }
}

/// The machine of an engine, as it is reached: itself, for all ways that lead through the machine.
fn machine(host: &Address) -> String {
    match host {
        Address::Tcp(to) => host_of(to).to_owned(),
        _ => "127.0.0.1".to_owned(),
    }
}

fn listed(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

fn published(port: Option<u16>, container: &Container, host: &Address) -> Result<(String, u16), NoTarget> {
    let tcp = container.ports.iter().filter(|p| &*p.protocol == "tcp");
    let all: Vec<_> = tcp.filter_map(|p| Some((p.inside, p.published.as_ref()?))).collect();
    let mut inside: Vec<_> = all.iter().map(|(inside, _)| *inside).collect();
    inside.dedup();
    let wanted = match (port, inside.as_slice()) {
        (Some(port), _) => port,
        (None, []) => return Err(NoTarget::NothingPublished),
        (None, [only]) => *only,
        (None, several) => return Err(NoTarget::Several(listed(several))),
    };
    let (_, (address, outside)) =
        all.into_iter().find(|(inside, _)| *inside == wanted).ok_or(NoTarget::NotPublished(wanted))?;
    let address = match &**address {
        "" | "0.0.0.0" | "::" => machine(host),
        bound => bound.to_owned(),
    };
    Ok((address, *outside))
}

fn own(port: Option<u16>, container: &Container, host: &Address) -> Result<(String, u16), NoTarget> {
    let detail = container.detail.as_ref().ok_or(NoTarget::NotKnown)?;
    let mut inside: Vec<_> =
        container.ports.iter().filter(|p| &*p.protocol == "tcp").map(|p| p.inside).collect();
    inside.dedup();
    let port = match (port, inside.as_slice()) {
        (Some(port), _) => port,
        (None, []) => return Err(NoTarget::NoPort),
        (None, [only]) => *only,
        (None, several) => return Err(NoTarget::Several(listed(several))),
    };
    match &detail.address {
        Some(address) => Ok((address.clone(), port)),
        None if detail.is_on_host_network => Ok((machine(host), port)),
        // Between two starts it has none, and somebody else may listen on that port of the host.
        None => Err(NoTarget::NotKnown),
    }
}

#[cfg(test)]
mod tests;
