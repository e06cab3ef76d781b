//! The contract of files and commands on a host: this machine, a host by SFTP, a host without it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use pilothouse::adapters::machine::Here;
use pilothouse::adapters::ssh::host::SshHost;
use pilothouse::logs::line::Stream;
use pilothouse::ports::commands::{CommandError, Commands};
use pilothouse::ports::host_files::{FileError, HostFiles};
use tokio::time::timeout;

use super::{connector, to};
use crate::accounts::Account;
use crate::sshd::Sshd;

const SOON: Duration = Duration::from_secs(10);

/// Its name, and an sshd that must live as long.
type Keeper = (&'static str, Box<dyn HostFiles>, Box<dyn Commands>, Option<Sshd>);

/// Everything that keeps the contract.
fn all() -> Vec<Keeper> {
    let with = |more: &str| {
        let sshd = Sshd::start_with(more);
        let host = || Box::new(SshHost::new(to("web1"), None, connector(sshd.config("web1", ""))));
        (host(), host(), sshd)
    };
    let (files, commands, sshd) = with("Subsystem sftp internal-sftp");
    let (plain_files, plain_commands, plain) = with("");
    vec![
        ("here", Box::new(Here), Box::new(Here), None),
        ("sftp", files, commands, Some(sshd)),
        ("commands", plain_files, plain_commands, Some(plain)),
    ]
}

fn path(dir: &tempfile::TempDir, name: &str) -> String {
    dir.path().join(name).to_str().unwrap().to_owned()
}

fn left_over(dir: &Path) -> usize {
    fs::read_dir(dir)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("pilothouse"))
        .count()
}

#[tokio::test]
async fn a_file_is_replaced_at_once_and_keeps_mode_owner_and_links() {
    for (name, files, _, _sshd) in all() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (path(&dir, "it's a map"), path(&dir, "link"));
        let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        files.write(&real, b"new").await.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o7777, 0o644, "{name}");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o4750)).unwrap();
        std::os::unix::fs::chown(&real, Some(12), Some(34)).unwrap();
        // chown takes the bit away.
        fs::set_permissions(&real, fs::Permissions::from_mode(0o750)).unwrap();
        symlink(&real, &link).unwrap();
        let before = fs::File::open(&real).unwrap();
        files.write(&link, &bytes).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(files.read(&link, 1 << 20).await.unwrap(), bytes, "{name}");
        let after = fs::metadata(&real).unwrap();
        assert_eq!((after.mode() & 0o7777, after.uid(), after.gid()), (0o750, 12, 34), "{name}");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{name}");
        // Whoever had it open has the old one, whole.
        assert_eq!(std::io::read_to_string(before).unwrap(), "new", "{name}");
        assert_eq!(left_over(dir.path()), 0, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_or_written_says_why_and_changes_nothing() {
    for (name, files, _, _sshd) in all() {
        let dir = tempfile::tempdir().unwrap();
        let missing = path(&dir, "missing");
        assert_eq!(
            files.read(&missing, 9).await,
            Err(FileError::Missing { path: missing.clone() }),
            "{name}"
        );
        let file = path(&dir, "file");
        fs::write(&file, "0123456789").unwrap();
        assert_eq!(files.read(&file, 10).await.unwrap(), b"0123456789", "{name}");
        let large = FileError::TooLarge { path: file.clone(), most_bytes: 9 };
        assert_eq!(files.read(&file, 9).await, Err(large), "{name}");
        let nowhere = path(&dir, "no/such/dir");
        assert!(files.write(&nowhere, b"x").await.is_err(), "{name}");
        let directory = path(&dir, "directory");
        fs::create_dir(&directory).unwrap();
        assert!(files.write(&directory, b"x").await.is_err(), "{name}");
        assert_eq!(left_over(dir.path()), 0, "{name}");
    }
}

#[tokio::test]
async fn of_several_who_make_a_file_one_wins() {
    for (name, files, _, _sshd) in all() {
        let dir = tempfile::tempdir().unwrap();
        let lock = path(&dir, "lock");
        let tries = ["a", "b", "c", "d"].map(|who| files.create(&lock, who.as_bytes(), 0o600));
        let results = futures_util::future::join_all(tries).await;
        let won: Vec<_> = results.iter().filter(|r| r.is_ok()).collect();
        assert_eq!(won.len(), 1, "{name}: {results:?}");
        let exists = FileError::Exists { path: lock.clone() };
        assert!(results.iter().all(|r| r.is_ok() || r.as_ref() == Err(&exists)), "{name}: {results:?}");
        assert_eq!(fs::metadata(&lock).unwrap().mode() & 0o7777, 0o600, "{name}");
        assert_eq!(fs::read(&lock).unwrap().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn output_comes_as_it_is_printed_with_its_stream_and_status() {
    for (name, _, commands, _sshd) in all() {
        let running = commands.start("cat; echo no >&2; exit 42", b"in\0put").await.unwrap();
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        let mut output = running.output;
        while let Some(piece) = timeout(SOON, output.next()).await.expect("no end") {
            match piece.unwrap() {
                (Stream::Stdout, bytes) => out.extend_from_slice(&bytes),
                (_, bytes) => errors.extend_from_slice(&bytes),
            }
        }
        assert_eq!((out.as_slice(), errors.as_slice()), (&b"in\0put"[..], &b"no\n"[..]), "{name}");
        assert_eq!(running.status.await, Ok(42), "{name}");
        // Before it ends.
        let mut running = commands.start("echo first; sleep 1000", b"").await.unwrap();
        let first = timeout(SOON, running.output.next()).await.expect("held back").unwrap().unwrap();
        assert_eq!(first, (Stream::Stdout, bytes::Bytes::from_static(b"first\n")), "{name}");
    }
}

#[tokio::test]
async fn a_command_and_its_children_end_when_nobody_wants_them() {
    for (name, _, commands, _sshd) in all() {
        // One that does not listen to TERM, with a child.
        let line = "trap '' TERM; sleep 1000 & echo $! $$; wait; sleep 1000";
        let mut running = commands.start(line, b"").await.unwrap();
        let (_, said) = timeout(SOON, running.output.next()).await.unwrap().unwrap().unwrap();
        let said = String::from_utf8(said.to_vec()).unwrap();
        let pids: Vec<String> = said.split_whitespace().map(|pid| format!("/proc/{pid}")).collect();
        assert!(pids.len() == 2 && pids.iter().all(|pid| Path::new(pid).exists()), "{name}: {said}");
        drop(running);
        let is_alive = |pid: &String| {
            // One that ended and that nobody waited for yet is gone too.
            fs::read_to_string(format!("{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
        };
        let gone = async {
            while pids.iter().any(is_alive) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, gone).await.unwrap_or_else(|_| panic!("{name}: it lives on"));
    }
}

#[tokio::test]
async fn a_link_that_breaks_is_no_exit_status() {
    let sshd = Sshd::start();
    let host = SshHost::new(to("web1"), None, connector(sshd.config("web1", "")));
    let mut running = host.start("echo first; sleep 1000", b"").await.unwrap();
    running.output.next().await.unwrap().unwrap();
    for pid in sshd.serving() {
        // One of them may have ended with another.
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(),
            rustix::process::Signal::KILL,
        );
    }
    while timeout(SOON, running.output.next()).await.expect("no end").is_some() {}
    assert!(matches!(running.status.await, Err(CommandError::Lost { .. })));
}

#[tokio::test]
async fn an_owner_that_cannot_be_kept_means_that_nothing_is_written() {
    let account = Account::new(
        "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n",
    );
    for more in ["Subsystem sftp internal-sftp", ""] {
        let sshd = account.sshd(more);
        let host = SshHost::new(to("web1"), None, connector(account.config(&sshd, "")));
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let file = path(&dir, "of-root");
        fs::write(&file, "old").unwrap();
        let error = host.write(&file, b"new").await.unwrap_err();
        assert!(matches!(error, FileError::Failed { .. }), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(left_over(dir.path()), 0, "{more}: {error}");
    }
}

#[tokio::test]
async fn a_login_script_that_prints_breaks_no_files() {
    let sshd = Sshd::start_with("Subsystem sftp internal-sftp");
    let keys = fs::read_to_string(sshd.file("authorized_keys")).unwrap();
    let forced = "command=\"echo Welcome to the machine; eval \\\"$SSH_ORIGINAL_COMMAND\\\"\"";
    fs::write(sshd.file("authorized_keys"), format!("{forced} {keys}")).unwrap();
    let host = SshHost::new(to("web1"), None, connector(sshd.config("web1", "")));
    let file = sshd.file("a-file");
    host.write(&file, b"text").await.unwrap();
    assert_eq!(host.read(&file, 100).await.unwrap(), b"text");
}
