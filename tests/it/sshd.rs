//! sshd instances of the tests' own on loopback: own host keys, own accepted keys, default limits. Ended by their pid.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running sshd with everything it needs in a directory of its own.
pub struct Sshd {
    /// Keys, configuration and known_hosts.
    pub dir: tempfile::TempDir,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    child: Child,
}

/// Runs a program that must succeed.
pub fn run(program: &str, args: &[&str]) -> String {
    let done = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(done.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// Makes a key pair of that type and passphrase; gives the private file.
pub fn keygen(dir: &Path, name: &str, kind: &str, passphrase: &str, more: &[&str]) -> PathBuf {
    let file = dir.join(name);
    let mut args = vec!["-q", "-t", kind, "-N", passphrase, "-C", name, "-f", file.to_str().unwrap()];
    args.extend(more);
    run("ssh-keygen", &args);
    file
}

impl Sshd {
    /// With the default limits, an ed25519 host key and one accepted key, `id`.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// With more lines of configuration; they go before its own.
    pub fn start_with(more: &str) -> Self {
        Self::start_program(Path::new("/usr/sbin/sshd"), more)
    }

    /// With another name of the program, which is also the name of its PAM service.
    pub fn start_program(program: &Path, more: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("pilothouse-sshd").tempdir().unwrap();
        let at = dir.path();
        keygen(at, "host", "ed25519", "", &[]);
        let key = keygen(at, "id", "ed25519", "", &[]);
        fs::copy(key.with_extension("pub"), at.join("authorized_keys")).unwrap();
        fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
        // sshd wants this directory; it is the system's own and stays.
        fs::create_dir_all("/run/sshd").unwrap();
        let port = free_port();
        let child = spawn(program, at, port, more);
        let sshd = Self { dir, port, child };
        sshd.trust_in("known_hosts");
        sshd
    }

    /// Its process; each connection is a child of it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Processes that serve connections: the children and theirs.
    pub fn serving(&self) -> Vec<u32> {
        descendants(self.pid())
    }

    /// Path of a file in its directory.
    pub fn file(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes its host key into a known_hosts file of its directory.
    pub fn trust_in(&self, name: &str) {
        let public = fs::read_to_string(self.dir.path().join("host.pub")).unwrap();
        let words: Vec<_> = public.split_whitespace().take(2).collect();
        let line = format!("[127.0.0.1]:{} {}\n", self.port, words.join(" "));
        fs::write(self.dir.path().join(name), line).unwrap();
    }

    /// An ssh_config in which `alias` is this sshd; `more` lines follow inside its block.
    pub fn config(&self, alias: &str, more: &str) -> PathBuf {
        let text = format!(
            "Host {alias}\n  HostName 127.0.0.1\n  Port {}\n  User root\n  IdentityAgent none\n  IdentityFile {}\n  \
             UserKnownHostsFile {}\n  GlobalKnownHostsFile none\n  {more}\n",
            self.port,
            self.file("id"),
            self.file("known_hosts"),
        );
        let file = self.dir.path().join(format!("config-{alias}"));
        fs::write(&file, text).unwrap();
        file
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        for pid in self.serving() {
            end(pid);
        }
        // Ended by the test already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn end(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        // Gone meanwhile.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

fn descendants(of: u32) -> Vec<u32> {
    let read = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    let children: Vec<u32> = read.split_whitespace().filter_map(|p| p.parse().ok()).collect();
    children.iter().flat_map(|child| std::iter::once(*child).chain(descendants(*child))).collect()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn spawn(program: &Path, at: &Path, port: u16, more: &str) -> Child {
    // Whoever runs the tests has login scripts of their own, which may take long or wait for each other. sshd takes the
    // first SetEnv only.
    let home = format!("SetEnv HOME={} ", at.display());
    let more =
        if more.contains("SetEnv ") { more.replace("SetEnv ", &home) } else { format!("{more}\n{home}") };
    let text = format!(
        "{more}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/authorized_keys\n\
         PidFile {0}/pid\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nLogLevel VERBOSE\n",
        at.display()
    );
    fs::write(at.join("sshd_config"), text).unwrap();
    let mut child = Command::new(program)
        .args(["-D", "-e", "-f"])
        .arg(at.join("sshd_config"))
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssh-server must be installed");
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("Server listening") {
        let before = said.len();
        lines.read_line(&mut said).unwrap();
        assert!(said.len() > before, "sshd did not start: {said}");
    }
    // Read on, so that it never waits for its log.
    let log = at.join("log");
    std::thread::spawn(move || {
        let mut file = fs::File::create(log).unwrap();
        let _ = std::io::copy(&mut lines, &mut file);
    });
    child
}
