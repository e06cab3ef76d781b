//! The way to a host walked for whoever wants to know what is wrong with it: one try, and what lies behind the login
//! looked at. Writes nothing on the host.

use std::io;
use std::time::{Duration, Instant};

use super::ask::{Said, ask_soon};
use super::command::quoted;
use super::connect::Connected;
use super::host::{HostError, SshHost, WayIn};
use crate::domain::checkup::{Stage, Step, is_ended};
use crate::ports::machine::Directory;

/// Every command waits for login scripts that take longer than this.
const SLOW_SCRIPTS: Duration = Duration::from_secs(2);
/// Where scripts that print belong.
const MEND_SCRIPTS: &str =
    "on the host, at the top of the login script: case $- in *i*) ;; *) return ;; esac";

impl SshHost {
    /// All steps up to the engine's socket; the last one may be bad.
    pub(super) async fn walk_way(&self) -> Vec<Step> {
        let connected = self.connected().await;
        let mut steps = self.steps();
        match connected {
            Ok(connected) => {
                let (commands, answers) = self.commands(&connected).await;
                steps.push(commands);
                steps.push(self.engine_socket(&connected, answers).await);
            }
            Err(_) if is_ended(&steps) => {}
            Err(error) => steps.push(Step::bad(Stage::Connection, error.to_string(), self.ssh_v())),
        }
        steps
    }

    fn ssh_v(&self) -> String {
        let file = self.config().map(|file| format!(" -F {}", file.display())).unwrap_or_default();
        format!("ssh{file} -v ssh://{} true", self.name())
    }

    /// Whether it runs commands, and what its login scripts print before each. The engine may be reached without.
    async fn commands(&self, connected: &Connected) -> (Step, bool) {
        let began = Instant::now();
        let said = ask_soon(&connected.link, "echo \"$(id -un), $(uname -sr)\"").await;
        let took = began.elapsed();
        let answers = said.is_ok();
        let step = match said {
            Ok(said) => told(&said, took),
            Err(error) => {
                let shell = format!("on the host: sudo chsh -s /bin/sh {}", connected.settings.user);
                let mend =
                    if error.kind() == io::ErrorKind::TimedOut { MEND_SCRIPTS.to_owned() } else { shell };
                let found = format!("{error}; its disk, its load and its files cannot be asked");
                Step::warn(Stage::Commands, found, mend)
            }
        };
        (step.within(took), answers)
    }

    async fn engine_socket(&self, connected: &Connected, answers: bool) -> Step {
        let began = Instant::now();
        let dialled = self.dial().await;
        let took = began.elapsed();
        let step = match (dialled, self.way_in()) {
            (Ok(_), Some(WayIn::DialStdio)) => Step::warn(
                Stage::Socket,
                "its sshd forwards no sockets: each stream costs a `docker system dial-stdio`",
                "AllowStreamLocalForwarding yes in its sshd_config",
            ),
            (Ok(_), Some(WayIn::Socket(path))) => {
                let rights = if answers { self.rights(connected, &path).await } else { String::new() };
                Step::ok(Stage::Socket, format!("{path}: {rights}may be used"))
            }
            (Ok(_), None) => Step::ok(Stage::Socket, "may be used"),
            (Err(HostError::Engine { cause, mend, .. }), _) => Step::bad(Stage::Socket, cause, mend),
            (Err(error), _) => Step::bad(Stage::Socket, error.to_string(), self.ssh_v()),
        };
        step.within(took)
    }

    /// `mode 660, owner root, group docker, `; empty where it does not say.
    async fn rights(&self, connected: &Connected, path: &str) -> String {
        let line = format!("stat -Lc 'mode %a, owner %U, group %G' {} 2>/dev/null", quoted(path));
        let said = ask_soon(&connected.link, &line).await;
        let text = said.map(|said| String::from_utf8_lossy(&said.output).trim().to_owned());
        text.ok().filter(|text| text.starts_with("mode ")).map(|text| format!("{text}, ")).unwrap_or_default()
    }

    /// What there is at a path.
    pub(super) async fn directory_at(&self, path: &str) -> Option<Directory> {
        let line = format!(
            "p={}; if [ -d \"$p\" ]; then if [ -w \"$p\" ]; then echo open; else echo shut; fi; \
             elif [ -e \"$p\" ]; then echo other; else echo missing; fi",
            quoted(path)
        );
        let connected = self.connected().await.ok()?;
        let said = ask_soon(&connected.link, &line).await.ok()?;
        match String::from_utf8_lossy(&said.output).trim() {
            "open" => Some(Directory::Open),
            "shut" => Some(Directory::Shut),
            "other" => Some(Directory::Other),
            "missing" => Some(Directory::Missing),
            _ => None,
        }
    }
}

fn told(said: &Said, took: Duration) -> Step {
    let who = String::from_utf8_lossy(&said.output).trim().to_owned();
    if !said.noise.is_empty() {
        let found = format!("run as {who}; login scripts print before each: {}", said.noise);
        Step::warn(Stage::Commands, found, MEND_SCRIPTS)
    } else if took > SLOW_SCRIPTS {
        let found = format!("run as {who}; each waits that long for login scripts");
        Step::warn(Stage::Commands, found, MEND_SCRIPTS)
    } else {
        Step::ok(Stage::Commands, format!("run as {who}"))
    }
}
