//! Where a host keeps its engine: what its own `docker` would use, and which sockets there are.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

use super::ask::{ask, ask_shortly};
use super::command::quoted;
use super::host::WayIn;
use super::link::Link;

/// Where an engine's socket is where nobody says otherwise.
pub(super) const SYSTEM_SOCKET: &str = "/var/run/docker.sock";

/// Says which engine the host's own `docker` is told to use; nothing where it takes the usual one. POSIX, writes nothing.
const WANTED: &str = r#"exec 2>/dev/null </dev/null
h=$DOCKER_HOST
if [ -z "$h" ]; then
  c=$DOCKER_CONTEXT f=${DOCKER_CONFIG:-$HOME/.docker}/config.json
  if [ -z "$c" ] && [ -f "$f" ]; then c=$(sed -n 's/.*"currentContext"[^"]*"\([^"]*\)".*/\1/p' "$f"); fi
  if [ -n "$c" ] && [ "$c" != default ]; then h=$(docker context inspect --format '{{.Endpoints.docker.Host}}' "$c"); fi
fi
echo "engine $h"
"#;
/// A host whose commands do not end is asked for nothing more than its engine.
const WANTED_WITHIN: Duration = Duration::from_secs(3);

/// Says who one is, and which sockets are there: `$c` and the usual ones. POSIX, writes nothing.
const SURVEY: &str = r#"exec 2>/dev/null </dev/null
echo "uid $(id -u)"; echo "user $(id -un)"
command -v docker >/dev/null && echo docker
for s in "$c" /var/run/docker.sock "$XDG_RUNTIME_DIR/docker.sock" "/run/user/$(id -u)/docker.sock" "$HOME/.docker/run/docker.sock" \
  "$XDG_RUNTIME_DIR/podman/podman.sock" "/run/user/$(id -u)/podman/podman.sock" /run/podman/podman.sock; do
  if [ -S "$s" ]; then if [ -w "$s" ]; then echo "socket $s"; else echo "denied $s"; fi; fi
done
"#;

/// Where the host's own `docker` would go.
pub(super) async fn usual_way(link: &Link) -> WayIn {
    let asked = timeout(WANTED_WITHIN, ask_shortly(link, WANTED)).await;
    // A host that runs no commands has the usual socket, or says why not when that is tried.
    let said = asked.ok().and_then(Result::ok).map(|said| said.output).unwrap_or_default();
    wanted(&String::from_utf8_lossy(&said))
}

/// Reads what [`WANTED`] said, behind what login scripts print.
fn wanted(said: &str) -> WayIn {
    let wanted = said.lines().rev().find_map(|line| line.strip_prefix("engine ")).unwrap_or_default();
    match wanted.strip_prefix("unix://").unwrap_or(wanted) {
        "" => WayIn::Socket(SYSTEM_SOCKET.to_owned()),
        path if path.starts_with('/') => WayIn::Socket(path.to_owned()),
        // It has its own way there.
        _ => WayIn::DialStdio,
    }
}

/// What [`SURVEY`] found.
#[derive(Default)]
pub(super) struct Survey {
    /// Sockets that may be used.
    pub sockets: Vec<String>,
    /// Sockets that may not.
    pub denied: Vec<String>,
    /// There is a `docker` program.
    pub has_docker: bool,
}

impl Survey {
    /// Asks the host, also for the socket of that name.
    pub(super) async fn of(link: &Link, named: Option<&str>) -> io::Result<Self> {
        let script = format!("c={}\n{SURVEY}", quoted(named.unwrap_or_default()));
        let said = ask(link, &script, b"").await?;
        Ok(Self::read(&String::from_utf8_lossy(&said.output)))
    }

    /// Login scripts may print before it; lines that are none of ours are passed over.
    pub(super) fn read(text: &str) -> Self {
        let mut survey = Self::default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("socket", path))
                    if path.starts_with('/') && !survey.sockets.iter().any(|s| s == path) =>
                {
                    survey.sockets.push(path.to_owned());
                }
                Some(("denied", path)) if path.starts_with('/') => survey.denied.push(path.to_owned()),
                None if line == "docker" => survey.has_docker = true,
                _ => {}
            }
        }
        survey
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_that_docker_is_told_to_use_is_the_one() {
        let socket = |path: &str| WayIn::Socket(path.to_owned());
        assert_eq!(
            wanted("Welcome!\nengine unix:///run/user/7/docker.sock\n"),
            socket("/run/user/7/docker.sock")
        );
        assert_eq!(wanted("engine tcp://10.0.0.1:2376\n"), WayIn::DialStdio);
        assert_eq!(wanted("engine \n"), socket(SYSTEM_SOCKET));
        assert_eq!(wanted("no shell here"), socket(SYSTEM_SOCKET));
    }

    #[test]
    fn a_survey_is_read_among_the_noise_of_login_scripts() {
        let survey = Survey::read(
            "Welcome!\nuid 0\nsocket /a.sock\nsocket tcp://x\nsocket /a.sock\ndenied /b\ndocker\n",
        );
        assert_eq!(
            (survey.sockets, survey.denied, survey.has_docker),
            (vec!["/a.sock".to_owned()], vec!["/b".to_owned()], true)
        );
    }
}
