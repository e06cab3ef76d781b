//! What the operator's `~/.docker/config.json` says of registries. Text only: who runs the helpers is elsewhere.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::problem::quote;
use crate::domain::prompt::Secret;
use crate::domain::registry::{Login, TOKEN_USER};

/// Where credentials for a registry come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Credentials {
    /// Nowhere: it is asked without any.
    None,
    /// They stand in the file.
    Here(Login),
    /// This program is asked, with the name of the registry on its input.
    Helper {
        /// `docker-credential-pass`.
        program: String,
        /// What it is asked for.
        registry: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// The host of a key: `https://r.io/v1/` and `r.io` mean the same.
fn host(key: &str) -> &str {
    let key = key.split_once("://").map_or(key, |(_, rest)| rest);
    key.split('/').next().unwrap_or(key)
}

/// What the text of the file says for that registry, `registry` as [`crate::domain::registry::registry_of`] gives it.
///
/// # Errors
/// In words: the text is no such file, names no program, or an entry of it cannot be read. Never with a secret.
pub fn credentials(text: &str, registry: &str) -> Result<Credentials, String> {
    // The words of the parser may show what stands there.
    let file: File = serde_json::from_str(text)
        .map_err(|error| format!("line {}, column {}: not understood", error.line(), error.column()))?;
    let is_its = |key: &&String| host(key) == host(registry);
    let helper = file.cred_helpers.iter().find(|(key, _)| is_its(key)).map(|(_, program)| program);
    if let Some(name) = helper.or(file.creds_store.as_ref()).filter(|name| !name.is_empty()) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !name.chars().all(is_plain) {
            return Err(format!("{} is no name of a credential helper", quote(name)));
        }
        let (program, registry) = (format!("docker-credential-{name}"), registry.to_owned());
        return Ok(Credentials::Helper { program, registry });
    }
    let Some((key, auth)) = file.auths.iter().find(|(key, _)| is_its(key)) else {
        return Ok(Credentials::None);
    };
    let login = |user: &str, secret: &str| {
        Ok(Credentials::Here(Login {
            registry: key.clone(),
            user: user.to_owned(),
            secret: Secret(secret.to_owned()),
        }))
    };
    if let Some(token) = auth.identitytoken.as_deref().filter(|token| !token.is_empty()) {
        return login(TOKEN_USER, token);
    }
    if let (Some(user), Some(password)) = (&auth.username, &auth.password) {
        return login(user, password);
    }
    let Some(coded) = auth.auth.as_deref().filter(|coded| !coded.is_empty()) else {
        return Ok(Credentials::None);
    };
    let plain = STANDARD.decode(coded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match plain.as_deref().and_then(|plain| plain.trim_end_matches('\0').split_once(':')) {
        Some((user, password)) => login(user, password),
        None => Err(format!("the entry of {} holds no user and password; try: docker login", quote(key))),
    }
}

/// What a helper printed and how it ended; `None` where it has nothing for that registry.
///
/// # Errors
/// In words, and never with what it printed where that may be a secret.
pub fn answered(program: &str, registry: &str, status: i32, out: &str) -> Result<Option<Login>, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        username: String,
        secret: String,
    }
    if status != 0 {
        // Its own words for that, which are no secret.
        if out.contains("credentials not found") {
            return Ok(None);
        }
        let words = super::problem::shown(out.lines().next().unwrap_or("nothing"));
        return Err(format!("{program} ended with {status} and said {words}"));
    }
    let answer: Answer =
        serde_json::from_str(out).map_err(|_| format!("{program}: its answer is not understood"))?;
    let (registry, secret) = (registry.to_owned(), Secret(answer.secret));
    Ok(Some(Login { registry, user: answer.username, secret }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::registry::HUB;

    fn here(text: &str, registry: &str) -> Option<(String, String)> {
        match credentials(text, registry).unwrap() {
            Credentials::Here(login) => Some((login.user.clone(), login.secret.0.clone())),
            _ => None,
        }
    }

    #[test]
    fn credentials_of_the_file_are_found_however_its_key_is_written() {
        let text = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6aHVi"},
            "http://r.io:5000/v2/": {"auth": "bWU6cGE6c3M="},
            "t.io": {"auth": "bWU6", "identitytoken": "tok"},
            "empty.io": {}
        }}"#;
        let pair = |user: &str, secret: &str| Some((user.to_owned(), secret.to_owned()));
        assert_eq!(here(text, HUB), pair("me", "hub"));
        assert_eq!(here(text, "r.io:5000"), pair("me", "pa:ss"));
        assert_eq!(here(text, "t.io"), pair(TOKEN_USER, "tok"));
        assert_eq!((here(text, "empty.io"), here(text, "r.io")), (None, None));
    }

    #[test]
    fn a_helper_of_one_registry_goes_before_the_store_of_all() {
        let text = r#"{"auths": {"r.io": {}}, "credsStore": "pass", "credHelpers": {"g.io": "gcr"}}"#;
        let program = |registry: &str| match credentials(text, registry).unwrap() {
            Credentials::Helper { program, .. } => program,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (program("g.io"), program("r.io")),
            ("docker-credential-gcr".into(), "docker-credential-pass".into())
        );
        assert!(credentials(r#"{"credsStore": "x; rm -rf /"}"#, "r.io").is_err());
    }

    #[test]
    fn no_error_shows_a_secret() {
        let broken =
            credentials(r#"{"auths": {"r.io": {"auth": 5, "password": "s3cret"}}}"#, "r.io").unwrap_err();
        assert!(broken.starts_with("line 1") && !broken.contains("s3cret"), "{broken}");
        let coded = credentials(r#"{"auths": {"r.io": {"auth": "czNjcmV0"}}}"#, "r.io").unwrap_err();
        assert!(coded.contains("docker login") && !coded.contains("s3cret"), "{coded}");
        let said = answered("docker-credential-x", "r.io", 0, r#"{"Secret": "s3cret"}"#).unwrap_err();
        assert!(!said.contains("s3cret"), "{said}");
    }

    #[test]
    fn a_helper_that_has_nothing_is_no_error() {
        let none = answered("p", "r.io", 1, "credentials not found in native keychain\n");
        assert_eq!(none, Ok(None));
        assert!(answered("p", "r.io", 2, "gpg: no key\n").unwrap_err().contains("gpg: no key"));
        let found = answered("p", "r.io", 0, r#"{"ServerURL":"r.io","Username":"me","Secret":"s"}"#).unwrap();
        assert_eq!(found.unwrap().user, "me");
    }
}
