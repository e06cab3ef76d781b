//! Images of an engine, one by one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::api::Api;
use crate::domain::ids::ImageId;
use crate::domain::image::Image;
use crate::ports::engine::EngineError;

// Engine API 1.41, GET /images/{name}/json.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    repo_digests: Option<Vec<String>>,
    repo_tags: Option<Vec<String>>,
    architecture: Option<String>,
    os: Option<String>,
    size: Option<u64>,
    config: Option<Config>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    exposed_ports: Option<BTreeMap<String, Value>>,
    labels: Option<BTreeMap<String, String>>,
}

/// The engine's whole answer; `None` where it has no such image.
pub(super) async fn inspect(api: &Api, reference: &str) -> Result<Option<Value>, EngineError> {
    match api
        .get(&format!("inspect image {reference}"), &format!("/images/{}/json", encoded(reference)))
        .await
    {
        Err(EngineError::Refused { status: 404, .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// What is known of an image; `None` where the engine has none of that name.
pub(super) async fn image(api: &Api, reference: &str) -> Result<Option<Image>, EngineError> {
    let Some(answer) = inspect(api, reference).await? else { return Ok(None) };
    let told: Inspected = serde_json::from_value(answer).map_err(|error| EngineError::Broken {
        what: format!("inspect image {reference}"),
        cause: format!("answer not understood: {error}"),
    })?;
    let config = told.config.unwrap_or_default();
    let mut exposed: Vec<(u16, String)> = config
        .exposed_ports
        .unwrap_or_default()
        .keys()
        .filter_map(|port| {
            let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
            Some((number.parse().ok()?, protocol.to_owned()))
        })
        .collect();
    exposed.sort();
    Ok(Some(Image {
        id: ImageId::new(told.id),
        digests: told.repo_digests.unwrap_or_default(),
        tags: told.repo_tags.unwrap_or_default(),
        architecture: told.architecture.unwrap_or_default(),
        os: told.os.unwrap_or_default(),
        exposed,
        labels: config.labels.unwrap_or_default(),
        bytes: told.size.unwrap_or(0),
    }))
}

/// For a path: only what the names of images, volumes and ids hold stays as it is; `..` never does.
pub(super) fn encoded(name: &str) -> String {
    use std::fmt::Write;
    let has_dots = name.split('/').any(|part| part == "..");
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'.' if has_dots => out.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b':' | b'@' => {
                out.push(byte as char);
            }
            // Writing to a string never fails.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leaves_its_part_of_the_path() {
        assert_eq!(encoded("shop/web:1@sha256:ab"), "shop/web:1@sha256:ab");
        assert_eq!(encoded("a?force=1#b c\r\n"), "a%3Fforce%3D1%23b%20c%0D%0A");
        assert_eq!(encoded("../containers"), "%2E%2E/containers");
    }
}
