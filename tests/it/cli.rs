//! The command line on the machine's real engine: each command as a script and as a person uses it.

mod acts;
mod execs;
mod health;
mod help;
mod hosts;
mod keeps;
mod lines;
mod lists;
mod odd;
mod prune;
mod records;

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::engine::{Project, SOCKET};
use crate::pty::pilothouse;

/// No network: nothing here needs one, and it starts sooner.
pub const QUIET: &[&str] = &["--network", "none"];
/// Runs until it is told to end, and then does at once.
pub const IDLE: &str = "trap 'exit 0' TERM; while true; do sleep 0.1; done";

/// What came of a command.
pub struct Done {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// Its lines, each a JSON object.
    #[track_caller]
    pub fn json(&self) -> Vec<serde_json::Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.out.lines().map(parse).collect()
    }

    /// Fails with all that was said unless it ended so.
    #[track_caller]
    pub fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, status, "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

/// The program on the real engine, with a home of its own, no terminal and no variable of the machine's.
pub fn command<A: AsRef<OsStr>>(home: &Path, args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(pilothouse());
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("DOCKER_HOST", format!("unix://{SOCKET}"))
        .current_dir(home)
        .stdin(Stdio::null())
        .args(args);
    command
}

/// As text.
pub fn done(output: Output) -> Done {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Done {
        status: output.status.code().expect("it ended by itself"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Runs it to its end.
pub fn run(args: &[&str]) -> Done {
    let home = tempfile::tempdir().unwrap();
    done(command(home.path(), args).output().unwrap())
}

/// Runs it to its end in this home.
pub fn run_in(home: &Path, args: &[&str]) -> Done {
    let mut command = command(home, args);
    // Docker contexts count only where no variable names the engine.
    done(command.env_remove("DOCKER_HOST").output().unwrap())
}

/// Runs it with a `pilothouse.toml` where it is started.
pub fn run_with(config: &str, args: &[&str]) -> Done {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("pilothouse.toml"), config).unwrap();
    done(command(home.path(), args).output().unwrap())
}

/// Runs it with this on its standard input, which then ends.
pub fn run_fed(args: &[&str], input: &[u8]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut child = command(home.path(), args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || to.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().expect("it reads all of its input");
    output
}

/// An environment of that name and kind, on the real engine, of this project's containers only.
pub fn environment(name: &str, kind: &str, project: &Project) -> String {
    format!(
        "[environments.{name}]\nkind = \"{kind}\"\nhosts = [\"unix://{SOCKET}\"]\nprojects = [\"{}\"]\n",
        project.name
    )
}
