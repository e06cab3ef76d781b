//! Writing a log to a file: whole, masked, never over another one, and the truth when the disk is full.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::{self, Project, SOCKET};
use crate::pty::{Launch, Terminal, pilothouse};

const SOON: Duration = Duration::from_secs(30);

fn leave(terminal: &Terminal) {
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

/// Writes what is shown to this file; the name that is offered is rubbed out first.
fn export(terminal: &Terminal, path: &str) {
    terminal.keys("e");
    terminal.until("write to file", SOON);
    terminal.keys(&format!("C-u text:{path} Enter"));
}

/// The demo on a disk of its own of a few KiB, mounted over `full`. Root alone may mount: somebody else is told so,
/// and with `REQUIRE_ENGINE=1` (a whole run, which is root's) that is a failure.
fn on_a_small_disk(full: &Path) -> Option<Terminal> {
    if !rustix::process::geteuid().is_root() {
        assert!(
            std::env::var("REQUIRE_ENGINE").as_deref() != Ok("1"),
            "root is needed, to mount a small disk"
        );
        eprintln!("skipped: root is needed, to mount a small disk");
        return None;
    }
    let mount = r#"mount -t tmpfs -o size=16k none "$0" && exec "$@""#;
    let console = pilothouse().display().to_string();
    let full = full.display().to_string();
    let args = ["--mount", "sh", "-c", mount, &full, &console, "demo"];
    Some(Launch::program("unshare", args).size(160, 40).start())
}

#[test]
fn a_full_disk_is_told_with_its_cause_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let Some(terminal) = on_a_small_disk(dir.path()) else { return };
    terminal.until("12/14 up", SOON);
    // A service of two: enough lines for more than the disk holds.
    terminal.keys("t t 3");
    terminal.until("GET|POST|request", SOON);
    terminal.keys("g");
    terminal.until("start of the log|paused", SOON);
    let path = dir.path().join("shop.log").display().to_string();
    export(&terminal, &path);
    terminal.until(&format!("cannot write {path}: No space left on device"), SOON);
    terminal.until("GET|POST|request", SOON);
    let seen = PathBuf::from(format!("/proc/{}/root{path}", terminal.process().0));
    assert!(!seen.exists(), "half a file was left");
    terminal.keys("a z");
    let said =
        format!("cannot write {path}: No space left on device; free some space or choose another disk");
    terminal.until(&said, SOON);
    leave(&terminal);
}

#[test]
fn what_is_masked_on_the_screen_is_masked_in_the_file_and_no_file_is_overwritten() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let script =
        r#"echo password=s3cr3t tail; echo '{"msg":"login","auth":"password=s3\u0063r3t"}'; sleep 60"#;
    project.run("web", &[], script);
    let config = "[logs]\nmask = ['password=(s3cr3t)']\n";
    let host = format!("unix://{SOCKET}");
    let terminal = Launch::pilothouse(["--host", &host])
        .home_file(".config/pilothouse/config.toml", config)
        .size(120, 40)
        .start();
    terminal.until(r"of \d", SOON);
    terminal.keys(&format!("/ text:{} Enter 3", project.name));
    terminal.until(r"password=\*+ tail", SOON);
    terminal.until(r"auth=password=\*+", SOON);
    export(&terminal, "~/out.log");
    let file = terminal.home().join("out.log");
    terminal.until(&format!("2 lines written to {}", file.display()), SOON);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("password=******** tail") && text.contains("auth=password=********"), "{text}");
    assert!(!text.contains("s3cr3t") && !text.contains(r"\u0063"), "{text}");
    export(&terminal, "~/out.log");
    terminal.until("exists already and was left as it is", SOON);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    leave(&terminal);
}
