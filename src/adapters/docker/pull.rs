//! Images from registries, by the engine: it resolves and pulls, with the credentials of whoever asks.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use futures_util::stream::{BoxStream, StreamExt};
use hyper::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::{Api, Body};
use super::images::encoded;
use super::lines;
use crate::domain::registry::{Login, Pull, Resolved, TOKEN_USER, registry_of, repository_of};
use crate::ports::engine::{CALL_TIMEOUT, EngineError};

/// The engine itself tries a registry in several ways.
const RESOLVED_WITHIN: Duration = CALL_TIMEOUT.saturating_mul(2);
/// Nothing is heard of a pull for so long and it is given up: unpacking a large layer is silent too.
const MOST_SILENCE: Duration = Duration::from_secs(300);

fn body(login: Option<&Login>) -> Body {
    let told = login.map(|login| {
        let secret = login.secret.0.as_str();
        let told = if login.user == TOKEN_USER {
            json!({ "identitytoken": secret, "serveraddress": login.registry })
        } else {
            json!({ "username": login.user, "password": secret, "serveraddress": login.registry })
        };
        URL_SAFE.encode(told.to_string())
    });
    Body::with_login(told)
}

/// What the registry has behind that name.
pub(super) async fn resolve(
    api: &Api,
    reference: &str,
    login: Option<&Login>,
) -> Result<Resolved, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Distribution {
        descriptor: Descriptor,
        platforms: Option<Vec<Platform>>,
    }
    #[derive(Deserialize)]
    struct Descriptor {
        digest: String,
    }
    #[derive(Deserialize)]
    struct Platform {
        architecture: Option<String>,
        os: Option<String>,
        variant: Option<String>,
    }
    let what = format!("ask {} for {reference}", host(reference));
    let path = format!("/distribution/{}/json", encoded(reference));
    let asked = api.call_within(RESOLVED_WITHIN * 2, &what, Method::GET, &path, body(login));
    // The engine answers as long as its registry does: that one is slow, whatever stands between.
    let answer = tokio::time::timeout(RESOLVED_WITHIN, asked).await.map_err(|_| slow(&what, reference))?;
    let answer = answer.map_err(|error| explained(error, reference, login))?;
    let told: Distribution = serde_json::from_slice(&answer)
        .map_err(|error| EngineError::Broken { what, cause: format!("answer not understood: {error}") })?;
    let platforms = told.platforms.unwrap_or_default().into_iter().filter_map(|p| {
        let parts = [p.os, p.architecture, p.variant];
        let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join("/"))
    });
    Ok(Resolved { digest: told.descriptor.digest, platforms: platforms.collect() })
}

fn slow(what: &str, reference: &str) -> EngineError {
    let (within, host) = (RESOLVED_WITHIN.as_secs(), host(reference));
    let cause = format!("no answer within {within} s; is {host} up, and reachable from that host?");
    EngineError::Broken { what: what.to_owned(), cause }
}

/// Lets the engine pull; what it tells meanwhile. The stream ends when the image is there, or with why it is not.
pub(super) async fn pull(
    api: &Api,
    reference: &str,
    login: Option<&Login>,
) -> Result<BoxStream<'static, Result<Pull, EngineError>>, EngineError> {
    let what = format!("pull {reference}");
    let name = repository_of(reference);
    let version = reference.strip_prefix(name).unwrap_or_default().trim_start_matches([':', '@']);
    // Both at once: the digest counts.
    let version = version.rsplit_once('@').map_or(version, |(_, digest)| digest);
    let version = if version.is_empty() { "latest" } else { version };
    let path = format!("/images/create?fromImage={}&tag={}", encoded(name), encoded(version));
    let send = api.send(&what, Method::POST, &path, body(login));
    let answer = tokio::time::timeout(RESOLVED_WITHIN.saturating_mul(3), send)
        .await
        .map_err(|_| api.silent(&what, RESOLVED_WITHIN.saturating_mul(3)))?
        .map_err(|error| explained(error, reference, login))?;
    let told = lines::json::<Told>(what.clone(), answer.into_body());
    let silent = api.silent(&what, MOST_SILENCE);
    let (reference, login) = (reference.to_owned(), login.cloned());
    let state = Some((told, what, silent));
    let stream = futures_util::stream::unfold(state, move |state| {
        let (reference, login) = (reference.clone(), login.clone());
        async move {
            let (mut told, what, silent) = state?;
            match tokio::time::timeout(MOST_SILENCE, told.next()).await {
                Err(_) => Some((Err(silent), None)),
                Ok(None) => None,
                Ok(Some(Err(error))) => Some((Err(error), None)),
                Ok(Some(Ok(Told { error: Some(message), .. }))) => {
                    let refused = EngineError::Refused { what, status: 500, message };
                    Some((Err(explained(refused, &reference, login.as_ref())), None))
                }
                Ok(Some(Ok(told_now))) => Some((Ok(told_now.into()), Some((told, what, silent)))),
            }
        }
    });
    Ok(stream.boxed())
}

// Engine API 1.41, POST /images/create.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Told {
    id: Option<String>,
    status: Option<String>,
    error: Option<String>,
    progress_detail: Option<Progress>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Progress {
    current: Option<u64>,
    total: Option<u64>,
}

impl From<Told> for Pull {
    fn from(told: Told) -> Self {
        let progress = told.progress_detail.unwrap_or_default();
        Self {
            layer: told.id.unwrap_or_default(),
            done: progress.current.unwrap_or(0),
            total: progress.total.unwrap_or(0),
            words: told.status.unwrap_or_default(),
        }
    }
}

fn host(reference: &str) -> &str {
    let registry = registry_of(reference);
    if registry == crate::domain::registry::HUB { "docker.io" } else { registry }
}

/// With what to do next, where the engine's words alone do not say it.
fn explained(error: EngineError, reference: &str, login: Option<&Login>) -> EngineError {
    let EngineError::Refused { what, status, message } = error else { return error };
    let low = message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| low.contains(word));
    let hint = if has(&["unauthorized", "denied", "no basic auth", "authentication required"]) {
        match login {
            Some(login) => {
                format!("the registry refuses {}; try: docker login {}", login.user, host(reference))
            }
            None => format!("nobody is logged in there; try: docker login {}", host(reference)),
        }
    } else if has(&["manifest unknown", "not found"]) {
        format!("{} has no {reference}; look for the tag, or push it", host(reference))
    } else if has(&["connection refused", "no such host", "timeout", "i/o", "deadline", "no route"]) {
        format!("the engine cannot reach {}; is it up, and reachable from that host?", host(reference))
    } else {
        return EngineError::Refused { what, status, message };
    };
    EngineError::Refused { what, status, message: format!("{message} ({hint})") }
}
