//! Registries of images: which one a name leads to, what it answers, and who asks.

use std::collections::BTreeMap;
use std::fmt;

use super::prompt::Secret;
use super::size::bytes;

/// Who asks a registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// The registry, as it is called in the operator's file.
    pub registry: String,
    /// The user; [`TOKEN_USER`] where the secret is a token of the registry itself.
    pub user: String,
    /// The password or token.
    pub secret: Secret,
}

/// Stands for a user where there is only a token.
pub const TOKEN_USER: &str = "<token>";

/// The registry that a name without one means, as credentials are kept for it.
pub const HUB: &str = "https://index.docker.io/v1/";

/// What a registry has behind a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// `sha256:…` of the manifest, or of the list of them.
    pub digest: String,
    /// What it is built for: `linux/amd64`; empty where the registry does not say.
    pub platforms: Vec<String>,
}

/// Something told while an image comes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pull {
    /// Which layer; empty for the whole.
    pub layer: String,
    /// Bytes that are there.
    pub done: u64,
    /// Bytes there will be; 0 where nobody knows yet.
    pub total: u64,
    /// The engine's words: `Downloading`.
    pub words: String,
}

/// How far all layers of a pull are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fetching {
    layers: BTreeMap<String, (u64, u64, bool)>,
}

impl Fetching {
    /// With one thing more that is told.
    pub fn take(&mut self, pull: Pull) {
        // What is told of the whole bears its tag or nothing.
        if pull.layer.len() < LAYER_DIGITS || !pull.layer.bytes().all(|b| b.is_ascii_hexdigit()) {
            return;
        }
        let layer = self.layers.entry(pull.layer).or_default();
        match pull.words.as_str() {
            "Downloading" => (layer.0, layer.1) = (pull.done, pull.total.max(layer.1)),
            "Download complete" | "Extracting" => layer.0 = layer.1,
            "Pull complete" | "Already exists" => *layer = (layer.1, layer.1, true),
            _ => {}
        }
    }
}

/// The engine calls a layer by so many digits of its digest.
const LAYER_DIGITS: usize = 12;

impl fmt::Display for Fetching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |of: fn(&(u64, u64, bool)) -> u64| self.layers.values().map(of).sum::<u64>();
        let (done, total) = (sum(|layer| layer.0), sum(|layer| layer.1));
        let there = self.layers.values().filter(|layer| layer.2).count();
        write!(f, "{} of {}, {there} of {} layers are there", bytes(done), bytes(total), self.layers.len())
    }
}

/// Where credentials for this image are kept: its registry's name, [`HUB`] where it has none.
pub fn registry_of(reference: &str) -> &str {
    match reference.split_once('/') {
        Some(("docker.io" | "index.docker.io", _)) => HUB,
        Some((host, _)) if host == "localhost" || host.contains(['.', ':']) => host,
        _ => HUB,
    }
}

/// A name without its tag and digest.
pub fn repository_of(reference: &str) -> &str {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}

/// The digest in a name, where it has one.
pub fn digest_of(reference: &str) -> Option<&str> {
    reference.split_once('@').map(|(_, digest)| digest)
}

/// It says itself in which registry it is.
pub fn names_registry(reference: &str) -> bool {
    reference.starts_with("docker.io/") || registry_of(reference) != HUB
}

/// An image by itself: no registry knows it by that.
pub fn is_id(reference: &str) -> bool {
    reference.starts_with("sha256:")
}

/// `shop/web:1.5@sha256:…`: this very image under the name that it was asked for by.
pub fn named_at(reference: &str, digest: &str) -> String {
    format!("{}@{digest}", reference.split_once('@').map_or(reference, |(name, _)| name))
}

/// With no more of its digest than tells it apart: `shop/web:1.5@sha256:0123456789ab`.
pub fn shortened(reference: &str) -> &str {
    let Some((name, digest)) = reference.split_once('@') else { return reference };
    let algorithm = digest.split_once(':').map_or(0, |(algorithm, _)| algorithm.len() + 1);
    reference.get(..name.len() + 1 + algorithm + 12).unwrap_or(reference)
}

/// `shop/web@sha256:…`: this very image, whatever the tag leads to later.
pub fn pinned(reference: &str, digest: &str) -> String {
    format!("{}@{digest}", repository_of(reference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_its_registry_and_else_to_the_hub() {
        for hub in ["nginx", "nginx:1", "shop/web:1", "docker.io/shop/web", "library/nginx@sha256:ab"] {
            assert_eq!(registry_of(hub), HUB, "{hub}");
        }
        assert_eq!(registry_of("127.0.0.1:5000/web:1"), "127.0.0.1:5000");
        assert_eq!(registry_of("localhost/web"), "localhost");
        assert_eq!(registry_of("ghcr.io/shop/web"), "ghcr.io");
    }

    #[test]
    fn how_far_a_pull_is_counts_all_its_layers() {
        let mut fetching = Fetching::default();
        let tell = |fetching: &mut Fetching, layer: &str, words: &str, done, total| {
            fetching.take(Pull { layer: layer.to_owned(), done, total, words: words.to_owned() });
        };
        tell(&mut fetching, "1.5", "Pulling from shop/web", 0, 0);
        tell(&mut fetching, "aaaaaaaaaaaa", "Already exists", 0, 0);
        tell(&mut fetching, "bbbbbbbbbbbb", "Downloading", 1 << 20, 4 << 20);
        assert_eq!(fetching.to_string(), "1.0M of 4.0M, 1 of 2 layers are there");
        tell(&mut fetching, "bbbbbbbbbbbb", "Extracting", 100, 4 << 20);
        tell(&mut fetching, "bbbbbbbbbbbb", "Pull complete", 0, 0);
        assert_eq!(fetching.to_string(), "4.0M of 4.0M, 2 of 2 layers are there");
    }

    #[test]
    fn a_name_keeps_its_tag_beside_the_digest_and_is_shown_short() {
        let long = format!("sha256:{}", "0123456789abcdef".repeat(4));
        let named = named_at("r.io:5000/web:1", &long);
        assert_eq!(named, format!("r.io:5000/web:1@{long}"));
        assert_eq!(named_at(&named, "sha256:bb"), "r.io:5000/web:1@sha256:bb");
        assert_eq!((digest_of(&named), digest_of("web:1")), (Some(long.as_str()), None));
        assert_eq!(shortened(&named), "r.io:5000/web:1@sha256:0123456789ab");
        assert_eq!((shortened("web:1"), shortened("web@x")), ("web:1", "web@x"));
        assert!(names_registry("docker.io/web") && names_registry("r.io/web") && !names_registry("shop/web"));
    }

    #[test]
    fn a_digest_takes_the_place_of_a_tag() {
        for name in
            ["r.io:5000/web", "r.io:5000/web:1", "r.io:5000/web:1@sha256:aa", "r.io:5000/web@sha256:aa"]
        {
            assert_eq!(pinned(name, "sha256:bb"), "r.io:5000/web@sha256:bb");
        }
    }
}
