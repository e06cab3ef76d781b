//! A login of the tests' own with a PAM service of its own: made for one test, removed with it. Needs root, as sshd does.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::sshd::{Sshd, run};

/// A login, its password, and the PAM service that lets it in.
pub struct Account {
    /// The login.
    pub name: String,
    /// Its password.
    pub password: String,
    service: PathBuf,
    program: PathBuf,
    dir: tempfile::TempDir,
}

impl Account {
    /// With a PAM stack; `{dir}` in it is a directory of its own that anybody may read.
    pub fn new(stack: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("ph{}x{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let dir = tempfile::Builder::new().prefix("pilothouse-pam").tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let program = dir.path().join(format!("{name}-sshd"));
        fs::copy("/usr/sbin/sshd", &program).unwrap();
        let service = PathBuf::from(format!("/etc/pam.d/{name}-sshd"));
        let home = dir.path().join("home");
        run("useradd", &["-m", "-N", "-d", home.to_str().unwrap(), "-s", "/bin/bash", &name]);
        let account = Self { password: format!("pass word {name}"), name, service, program, dir };
        let stack = stack.replace("{dir}", account.dir.path().to_str().unwrap());
        fs::write(&account.service, stack).unwrap();
        let mut child = Command::new("chpasswd").stdin(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{}:{}", account.name, account.password).unwrap();
        assert!(child.wait().unwrap().success());
        account
    }

    /// A program of its directory, for `pam_exec`.
    pub fn script(&self, name: &str, text: &str) {
        let file = self.dir.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{}", text.replace("{dir}", self.dir.path().to_str().unwrap())))
            .unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Path in its directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Lines of a file of its directory; none where it is not there.
    pub fn lines(&self, name: &str) -> usize {
        fs::read_to_string(self.file(name)).unwrap_or_default().lines().count()
    }

    /// An sshd that asks its PAM service.
    pub fn sshd(&self, more: &str) -> Sshd {
        Sshd::start_program(&self.program, &format!("UsePAM yes\n{more}"))
    }

    /// An ssh_config in which `web1` is that sshd and this login; `more` goes before the rest.
    pub fn config(&self, sshd: &Sshd, more: &str) -> PathBuf {
        let file = sshd.config("web1", "");
        let text = fs::read_to_string(&file).unwrap();
        let text = text.replace("User root", &format!("User {}\n  {more}", self.name));
        fs::write(&file, text).unwrap();
        file
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        // Left by a test that failed halfway: then there is nothing to remove.
        let _ = fs::remove_file(&self.service);
        // -f: a process of the login may still be about to end.
        let _ = Command::new("userdel").args(["-f", &self.name]).stderr(Stdio::null()).status();
    }
}
