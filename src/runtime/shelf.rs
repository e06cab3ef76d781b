//! The disk and the commands of inventories, for [`crate::config::inventory`].

use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::config::files;
use crate::config::inventory::{MOST_BYTES, Shelf};
use crate::config::problem::shown;

/// Of what a command says on its errors, the last of which are told.
const MOST_SAID: u64 = 64 << 10;

/// This machine's.
pub struct Disk {
    /// The operator's home.
    pub home: Option<PathBuf>,
}

impl Shelf for Disk {
    fn text(&self, path: &Path) -> io::Result<String> {
        files::read_text(path, MOST_BYTES)
    }

    fn entries(&self, dir: &Path) -> io::Result<Vec<(String, bool)>> {
        files::entries(dir)
    }

    fn run(&self, argv: &[String], dir: &Path, limit: Duration) -> Result<String, String> {
        let (program, args) = argv.split_first().ok_or("it names no program")?;
        // A group of its own: what it starts ends with it.
        let mut child = Command::new(program)
            .args(args)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot run it: {error}"))?;
        let (out, said) = (child.stdout.take(), child.stderr.take());
        let said = thread::spawn(move || drain(said, MOST_SAID));
        let (tell, told) = mpsc::channel();
        thread::spawn(move || tell.send(drain(out, MOST_BYTES as u64 + 1)));
        let out = told.recv_timeout(limit);
        if out.is_err() {
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            // It may have ended just now.
            let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        }
        let status = child.wait().map_err(|error| format!("cannot wait for it: {error}"))?;
        let Ok(out) = out else { return Err(format!("it did not end within {} s", limit.as_secs())) };
        if !status.success() {
            let said = String::from_utf8_lossy(&said.join().unwrap_or_default()).into_owned();
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).map(shown);
            let how = match (status.code(), status.signal()) {
                (Some(code), _) => format!("it ended with {code}"),
                (None, signal) => format!("signal {} ended it", signal.unwrap_or(0)),
            };
            return Err(last.map_or_else(|| how.clone(), |last| format!("{how}: {last}")));
        }
        if out.len() > MOST_BYTES {
            return Err(format!("it prints more than {} KiB", MOST_BYTES >> 10));
        }
        String::from_utf8(out).map_err(|_| "it prints no text: not UTF-8".to_owned())
    }

    fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }
}

/// The first bytes of a stream; the rest is read and forgotten, so that whoever writes does not wait.
fn drain(from: Option<impl Read>, most: u64) -> Vec<u8> {
    let mut kept = Vec::new();
    if let Some(mut from) = from {
        // A stream that breaks ends.
        let _ = from.by_ref().take(most).read_to_end(&mut kept);
        let _ = io::copy(&mut from, &mut io::sink());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn run(script: &str, limit: Duration) -> Result<String, String> {
        let argv = ["sh", "-c", script].map(str::to_owned);
        Disk { home: None }.run(&argv, Path::new("/"), limit)
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn what_a_command_prints_is_read_where_it_was_named() {
        assert_eq!(run("pwd; echo noise >&2", LONG).unwrap(), "/\n");
    }

    #[test]
    fn a_command_that_fails_is_told_with_its_last_words() {
        let said = run("echo first >&2; printf 'no \\033[31mstate\\n\\n' >&2; exit 3", LONG).unwrap_err();
        assert!(said.starts_with("it ended with 3: no ") && !said.contains('\x1b'), "{said}");
        assert_eq!(run("kill -9 $$", LONG).unwrap_err(), "signal 9 ended it");
        let argv = ["no-such-program-here".to_owned()];
        let said = Disk { home: None }.run(&argv, Path::new("/"), LONG).unwrap_err();
        assert!(said.starts_with("cannot run it: "), "{said}");
    }

    #[test]
    fn a_command_that_never_ends_is_ended_with_all_it_started() {
        let began = Instant::now();
        let said = run("sleep 600 & sleep 600", Duration::from_millis(300)).unwrap_err();
        assert!(said.starts_with("it did not end within"), "{said}");
        assert!(began.elapsed() < LONG);
    }

    #[test]
    fn a_flood_is_cut_off() {
        let said = run("head -c 9000000 /dev/zero | tr '\\0' 'a'", LONG).unwrap_err();
        assert_eq!(said, "it prints more than 4096 KiB");
    }
}
