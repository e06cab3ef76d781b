//! Why there is no plan.

use crate::deploy::rules::Broken;
use crate::domain::deployment::Release;
use crate::domain::ids::{HostId, ImageId, ServiceId};

/// Why there is no plan.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is nothing to take the configuration from.
    #[error(
        "nothing of {0} runs; start it once as you did so far (docker-compose up -d), or name the Compose files that \
         say what it is ([environments.NAME.compose]), then deploy"
    )]
    NothingRuns(ServiceId),
    /// What shall go on to the next environment is not there.
    #[error("{0}")]
    NothingLive(String),
    /// Of a set, what comes first cannot be told.
    #[error("{0} need each other (depends_on): none of them can be first")]
    Circle(String),
    /// Only one service at a time has so many replicas.
    #[error("a set is not scaled: name one service")]
    SetScaled,
    /// A value cannot be had from its source.
    #[error("{0}")]
    Secret(String),
    /// What files say of it cannot be read.
    #[error("{0}")]
    Files(String),
    /// Its variables are not as they have to be.
    #[error("variable {0}")]
    Rule(Broken),
    /// Its registry does not give the image.
    #[error("{0}")]
    Registry(String),
    /// A host has not got the image, and no registry was found to have it.
    #[error("{host} has no image {image}; pull or build it there first")]
    NoImage {
        /// Which host.
        host: HostId,
        /// Which image.
        image: String,
    },
    /// Of a name that no registry knows, hosts have different images.
    #[error("{image} is not the same image everywhere: {}; give them one, or name it by its id", each(found))]
    SeveralImages {
        /// The name.
        image: String,
        /// What each host has.
        found: Vec<(HostId, ImageId)>,
    },
    /// The image is for another machine.
    #[error("{image} is for {built_for}, and {host} runs {runs}")]
    Architecture {
        /// Which host.
        host: HostId,
        /// Which image.
        image: String,
        /// What it was built for.
        built_for: String,
        /// What the host runs.
        runs: String,
    },
    /// Nobody knows this release any more.
    #[error("no container of {service} {release} is kept{}", listed(known))]
    NoSuchRelease {
        /// Of which service.
        service: ServiceId,
        /// Which was asked for.
        release: Release,
        /// Those that are kept.
        known: Vec<Release>,
    },
    /// There is no earlier one.
    #[error("no earlier release of {0} is kept: there is nothing to go back to")]
    NothingBefore(ServiceId),
    /// It is so already.
    #[error("{0}")]
    Already(String),
    /// A proxy would send traffic to a new container before it is ready.
    #[error(
        "{by} would send traffic to a new container of {service} before it is ready; \
         where that is meant, set early_traffic = true in [services.{service}.deploy]"
    )]
    Early {
        /// Which service.
        service: ServiceId,
        /// Which proxy, and how that is known.
        by: String,
    },
    /// Somebody else has a port that it needs.
    #[error("port {port} of {host} is taken by {by}, which is running; stop that first")]
    PortHeld {
        /// On which host.
        host: HostId,
        /// Which port.
        port: u16,
        /// The container that has it.
        by: String,
    },
    /// Its traffic cannot be moved.
    #[error("{host}: {why}")]
    Traffic {
        /// Where.
        host: HostId,
        /// Why.
        why: String,
    },
    /// Several replicas cannot run at once.
    #[error("{service} publishes a port by number: one host has room for one replica of it")]
    PortTaken {
        /// Which service.
        service: ServiceId,
    },
}

fn listed(known: &[Release]) -> String {
    let known: Vec<_> = known.iter().map(Release::to_string).collect();
    if known.is_empty() { String::new() } else { format!("; kept are {}", known.join(", ")) }
}

fn each(found: &[(HostId, ImageId)]) -> String {
    let short = |id: &ImageId| id.as_str().get(..19).unwrap_or(id.as_str()).to_owned();
    let each: Vec<_> = found.iter().map(|(host, id)| format!("{host} has {}", short(id))).collect();
    each.join(", ")
}
