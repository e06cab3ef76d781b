//! An image as an engine has it.

use std::collections::BTreeMap;

use super::ids::ImageId;

/// One image of an engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// Which one.
    pub id: ImageId,
    /// What registries call it: `shop/web@sha256:…`; none when it was never in one.
    pub digests: Vec<String>,
    /// Its names: `shop/web:1.4.0`.
    pub tags: Vec<String>,
    /// `amd64`, `arm64`, … as the engine says.
    pub architecture: String,
    /// `linux`.
    pub os: String,
    /// Ports that it says its program listens on, with the protocol.
    pub exposed: Vec<(u16, String)>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// All its layers, in bytes.
    pub bytes: u64,
}
