//! Where a host keeps its engine: what its own `docker` would use, and which sockets there are.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::future::{BoxFuture, Shared};
use futures_util::{FutureExt, TryFutureExt};

use super::ask::{ask_shortly, ask_soon, in_time};
use super::command::{last_line, quoted};
use super::connect::Connected;
use super::host::WayIn;
use super::link::Link;

/// Where an engine's socket is where nobody says otherwise.
pub(super) const SYSTEM_SOCKET: &str = "/var/run/docker.sock";

/// Says which engine the host's own `docker` is told to use, nothing where it takes the usual one; or which context of
/// its does not say. POSIX, writes nothing.
const WANTED: &str = r#"exec 2>/dev/null </dev/null
h=$DOCKER_HOST
if [ -z "$h" ]; then
  c=$DOCKER_CONTEXT f=${DOCKER_CONFIG:-$HOME/.docker}/config.json
  if [ -z "$c" ] && [ -r "$f" ]; then c=$(sed -n 's/.*"currentContext"[^"]*"\([^"]*\)".*/\1/p' "$f") || c=$f; fi
  if [ -n "$c" ] && [ "$c" != default ]; then
    h=$(docker context inspect --format '{{.Endpoints.docker.Host}}' "$c") || { echo "unread $c"; exit; }
  fi
fi
echo "engine $h"
"#;

/// Says who one is, and which sockets are there: `$c` and the usual ones. POSIX, writes nothing.
const SURVEY: &str = r#"exec 2>/dev/null </dev/null
echo "uid $(id -u)"; echo "user $(id -un)"
command -v docker >/dev/null && echo docker
for s in "$c" /var/run/docker.sock "$XDG_RUNTIME_DIR/docker.sock" "/run/user/$(id -u)/docker.sock" "$HOME/.docker/run/docker.sock" \
  "$XDG_RUNTIME_DIR/podman/podman.sock" "/run/user/$(id -u)/podman/podman.sock" /run/podman/podman.sock; do
  if [ -S "$s" ]; then if [ -w "$s" ]; then echo "socket $s"; else echo "denied $s"; fi; fi
done
"#;

type Question = Shared<BoxFuture<'static, Result<WayIn, Arc<io::Error>>>>;

/// Where the host's own `docker` would go: asked once a connection, and whoever wants to know waits for the same answer. A
/// question that takes too long stays open, as nothing ends a login script there; who comes later may get its answer.
#[derive(Default)]
pub(super) struct UsualWay(Mutex<Option<(Weak<Connected>, Question)>>);

impl UsualWay {
    /// The host's answer.
    ///
    /// # Errors
    /// Why nobody knows: another engine than docker's is never taken for it.
    pub(super) async fn of(&self, connected: &Arc<Connected>) -> io::Result<WayIn> {
        let question = self.question(connected);
        let answer = question.map_err(|error| io::Error::new(error.kind(), error.to_string()));
        in_time(&connected.link, answer).await
    }

    fn question(&self, connected: &Arc<Connected>) -> Question {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, question)) = asked.as_ref()
            && of.as_ptr() == Arc::as_ptr(connected)
            && question.peek().is_none()
        {
            return question.clone();
        }
        let link = connected.link.clone();
        let question = async move { usual_way(&link).await.map_err(Arc::new) }.boxed().shared();
        *asked = Some((Arc::downgrade(connected), question.clone()));
        question
    }
}

async fn usual_way(link: &Link) -> io::Result<WayIn> {
    let runs_nothing = |error: &io::Error| match error.kind() {
        io::ErrorKind::Unsupported => true,
        // It may have been one command too many.
        io::ErrorKind::ConnectionRefused => link.has_no_commands(),
        _ => false,
    };
    match ask_shortly(link, WANTED).await {
        Ok(said) => wanted(&String::from_utf8_lossy(&said.output)),
        // Who cannot run docker there means the usual socket.
        Err(error) if runs_nothing(&error) => Ok(WayIn::Socket(SYSTEM_SOCKET.to_owned())),
        Err(error) => Err(error),
    }
}

/// Reads what [`WANTED`] said, among what login scripts left running print.
fn wanted(said: &str) -> io::Result<WayIn> {
    let is_answer = |line: &&str| line.starts_with("engine ") || line.starts_with("unread ");
    let line = last_line(said.lines().rev().find(is_answer).unwrap_or_default().as_bytes());
    match line.split_once(' ') {
        Some(("engine", "")) => Ok(WayIn::Socket(SYSTEM_SOCKET.to_owned())),
        Some(("engine", wanted)) => match wanted.strip_prefix("unix://").unwrap_or(wanted) {
            path if path.starts_with('/') => Ok(WayIn::Socket(path.to_owned())),
            // It has its own way there.
            _ => Ok(WayIn::DialStdio),
        },
        Some(("unread", context)) => Err(io::Error::other(format!(
            "docker there does not know the context {context}, which it is to use"
        ))),
        _ => Err(io::Error::other("it was cut off")),
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
        let said = ask_soon(link, &script).await?;
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
        let wanted = |said| wanted(said).map_err(|error| error.to_string());
        assert_eq!(
            wanted("Welcome!\nengine unix:///run/user/7/docker.sock\nlate\n"),
            Ok(socket("/run/user/7/docker.sock"))
        );
        assert_eq!(wanted("engine tcp://10.0.0.1:2376\n"), Ok(WayIn::DialStdio));
        assert_eq!(wanted("engine \n"), Ok(socket(SYSTEM_SOCKET)));
        assert_eq!(wanted("Welcome!\n"), Err("it was cut off".to_owned()));
        assert!(wanted("unread \u{1b}[31mown\n").is_err_and(|why| why.contains("the context own,")));
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
