//! Who asks registries: whoever runs this program, as `docker login` wrote it down.

use std::io::ErrorKind;
use std::path::PathBuf;

use async_trait::async_trait;

use crate::adapters::machine::Here;
use crate::domain::registry::Login;
use crate::jobs::deploy::images::Logins;
use crate::jobs::login::login;

/// Whoever runs this program. The file is read each time.
pub struct Operator;

#[async_trait]
impl Logins for Operator {
    async fn login(&self, reference: &str) -> Result<Option<Login>, String> {
        let path = match std::env::var_os("DOCKER_CONFIG").filter(|set| !set.is_empty()) {
            Some(set) => PathBuf::from(set),
            None => PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".docker"),
        };
        let path = path.join("config.json");
        let file = match tokio::fs::read_to_string(&path).await {
            Ok(text) => Some(zeroize::Zeroizing::new(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        login(&Here, file.as_ref().map(|file| file.as_str()), reference).await
    }
}
