//! How traffic gets to a service.

use serde::{Deserialize, Serialize};

use crate::config::units::{Percent, Period};

/// A balancer before a service, and how a new release takes over.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traffic {
    /// Port of its containers; no balancer where it is `None`.
    pub port: Option<u16>,
    /// Port of the host that the balancer publishes.
    pub listen: Option<u16>,
    /// What the balancer asks of each container.
    pub check: Option<String>,
    /// The balancer's image.
    pub image: String,
    /// Shares of a new release on its way.
    pub steps: Vec<Percent>,
    /// How long each is watched.
    pub hold: Period,
    /// `by-itself` or `by-hand`.
    pub flip: String,
    /// How long the old release stays up without traffic.
    pub warm: Period,
    /// How long requests in flight may take.
    pub drain: Period,
    /// `none`, `address`, `cookie` or `header`.
    pub stick: String,
    /// The name of that cookie or header.
    pub stick_by: Option<String>,
    /// A header that names a slot.
    pub preview: Option<String>,
}
