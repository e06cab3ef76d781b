//! Credentials for a registry, from the operator's own file or the program it names.

use std::time::Duration;

use futures_util::StreamExt;

use crate::config::docker::{self, Credentials};
use crate::domain::registry::{Login, registry_of};
use crate::logs::line::Stream;
use crate::ports::commands::Commands;

/// A helper may ask its person for a passphrase.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
/// More than any answer of a helper.
const MOST_BYTES: usize = 1 << 20;

/// Who asks the registry of that image; `None` where nobody is logged in there. `file` is the text of the operator's
/// `config.json`, `None` where there is none.
///
/// # Errors
/// In words, never with a secret.
pub async fn login(
    here: &dyn Commands,
    file: Option<&str>,
    reference: &str,
) -> Result<Option<Login>, String> {
    let registry = registry_of(reference);
    match docker::credentials(file.unwrap_or("{}"), registry)
        .map_err(|why| format!("config.json of docker: {why}"))?
    {
        Credentials::None => Ok(None),
        Credentials::Here(login) => Ok(Some(login)),
        Credentials::Helper { program, registry } => {
            let asked = ask(here, &program, &registry);
            tokio::time::timeout(ANSWERED_WITHIN, asked)
                .await
                .map_err(|_| format!("{program}: no answer within {} s", ANSWERED_WITHIN.as_secs()))?
        }
    }
}

/// The name of the registry goes in by the input, the secret comes out by the output: neither is an argument.
async fn ask(here: &dyn Commands, program: &str, registry: &str) -> Result<Option<Login>, String> {
    let told = |error: crate::ports::commands::CommandError| format!("{program}: {error}");
    let mut running = here.start(&format!("exec {program} get"), registry.as_bytes()).await.map_err(told)?;
    let mut out = zeroize::Zeroizing::new(Vec::new());
    while let Some(piece) = running.output.next().await {
        let (stream, bytes) = piece.map_err(told)?;
        if stream == Stream::Stdout && out.len() + bytes.len() <= MOST_BYTES {
            out.extend_from_slice(&bytes);
        }
    }
    let status = running.status.await.map_err(told)?;
    docker::answered(program, registry, status, &String::from_utf8_lossy(&out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::machine::Here;

    fn asked(script: &str) -> Result<Option<Login>, String> {
        use std::os::unix::fs::PermissionsExt;
        let dir = std::env::temp_dir().join(format!("pilothouse-login-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let program = dir.join(format!("docker-credential-t{}", script.len()));
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(ask(&Here, program.to_str().unwrap(), "r.io"));
        std::fs::remove_file(program).unwrap();
        answer
    }

    #[test]
    fn a_helper_is_asked_by_its_input_and_answers_by_its_output() {
        let script = "#!/bin/sh\n[ \"$1\" = get ] || exit 9\nread -r r\necho '{\"Username\":\"me\",\"Secret\":\"'\"$r\"'\"}'\n";
        let login = asked(script).unwrap().unwrap();
        assert_eq!((login.user.as_str(), login.secret.0.as_str()), ("me", "r.io"));
    }

    #[test]
    fn a_helper_that_fails_says_why() {
        assert!(asked("#!/bin/sh\necho locked\nexit 3\n").unwrap_err().contains("ended with 3 and said"));
    }

    #[test]
    fn without_a_file_nobody_is_logged_in() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(login(&Here, None, "r.io/web")), Ok(None));
    }
}
