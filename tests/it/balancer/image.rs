//! An image with the machine's own HAProxy, its libraries, a shell, nc and flock: what the official one has.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::engine::{SOCKET, docker_at};

const PROGRAMS: [&str; 2] = ["/usr/sbin/haproxy", "/usr/bin/flock"];

/// Its name on the tests' engine.
pub fn haproxy() -> String {
    haproxy_at(&format!("unix://{SOCKET}"))
}

/// Its name on the engine at this address; made there once a version.
pub fn haproxy_at(address: &str) -> String {
    let said = Command::new(PROGRAMS[0]).arg("-v").output().expect("haproxy must be installed").stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let version = said.split_whitespace().nth(2).unwrap_or_default();
    let version: String = version.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '.' }).collect();
    let name = format!("pilothouse-test/haproxy:{version}-1");
    let lock = std::fs::File::create(concat!(env!("CARGO_TARGET_TMPDIR"), "/haproxy-image.lock")).unwrap();
    lock.lock().unwrap();
    if docker_at(address, &["images", "-q", &name]).is_empty() {
        import(address, &name);
    }
    name
}

/// The libraries that a program loads, by the loader's own word.
fn libraries(program: &str) -> BTreeSet<PathBuf> {
    let said = Command::new("ldd").arg(program).output().unwrap().stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    said.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

fn import(address: &str, name: &str) {
    let root = tempfile::tempdir().unwrap();
    let put = |from: &Path| {
        let to = root.path().join(from.strip_prefix("/").unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    };
    for program in PROGRAMS {
        put(Path::new(program));
        for library in libraries(program) {
            put(&library);
        }
    }
    let bin = root.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::copy("/bin/busybox", bin.join("busybox")).expect("busybox-static must be installed");
    for applet in ["sh", "cat", "mv", "nc", "sleep", "kill"] {
        std::os::unix::fs::symlink("busybox", bin.join(applet)).unwrap();
    }
    let path = "ENV PATH=/usr/sbin:/usr/bin:/bin";
    let tar = Command::new("tar").arg("-C").arg(root.path()).args(["-c", "."]).output().unwrap();
    let mut import = Command::new("docker")
        .args(["--host", address, "import", "--change", path, "-", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    import.stdin.take().unwrap().write_all(&tar.stdout).unwrap();
    assert!(import.wait().unwrap().success());
}
