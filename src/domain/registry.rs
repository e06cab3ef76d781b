//! Registries of images: which one a name leads to, what it answers, and who asks.

use super::prompt::Secret;

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
    fn a_digest_takes_the_place_of_a_tag() {
        for name in
            ["r.io:5000/web", "r.io:5000/web:1", "r.io:5000/web:1@sha256:aa", "r.io:5000/web@sha256:aa"]
        {
            assert_eq!(pinned(name, "sha256:bb"), "r.io:5000/web@sha256:bb");
        }
    }
}
