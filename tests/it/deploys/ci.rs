//! The jobs of examples/ci, step by step in the shells that run them there, against a host behind an sshd.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::real::{Shop, image};
use crate::cli::{Done, done};
use crate::pty::pilothouse;
use crate::sshd::{Sshd, run};

const GITHUB: &str = include_str!("../../../examples/ci/github.yml");
const GITLAB: &str = include_str!("../../../examples/ci/gitlab.yml");

/// The literal blocks of a file, in their order.
fn blocks(file: &str) -> Vec<String> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    let depth = |line: &str| line.len() - line.trim_start().len();
    for line in file.lines() {
        if let (true, Some((within, text))) = (is_open, blocks.last_mut()) {
            if *within == 0 {
                *within = depth(line);
            }
            if line.trim().is_empty() || depth(line) >= *within {
                text.push_str(line.get(*within..).unwrap_or_default());
                text.push('\n');
                continue;
            }
        }
        is_open = line.ends_with(": |") || line.ends_with("- |");
        if is_open {
            blocks.push((0, String::new()));
        }
    }
    blocks.into_iter().map(|(_, text)| text).collect()
}

/// The programs that a job finds: OpenSSH is not among them, and nothing of it is needed.
const PROGRAMS: [&str; 7] = ["bash", "sh", "curl", "sha256sum", "chmod", "mkdir", "cat"];

struct Job {
    shop: Shop,
    sshd: Sshd,
    home: tempfile::TempDir,
}

impl Job {
    fn open() -> Option<Self> {
        let shop = Shop::open(1, &[])?;
        let (sshd, home) = (Sshd::start(), tempfile::tempdir().unwrap());
        let (name, port) = (shop.name(), sshd.port);
        let config = format!(
            "[environments.{name}]\nkind = \"production\"\nhosts = [\"ssh://root@127.0.0.1:{port}\"]\nprojects = [\"{name}\"]\n"
        );
        fs::write(home.path().join("pilothouse.toml"), config).unwrap();
        fs::create_dir(home.path().join("bin")).unwrap();
        for program in PROGRAMS {
            let path = run("sh", &["-c", &format!("command -v {program}")]);
            std::os::unix::fs::symlink(path, home.path().join("bin").join(program)).unwrap();
        }
        Some(Self { shop, sshd, home })
    }

    /// With what the CI puts into the environment of a job.
    fn shell(
        &self,
        image: &str,
        known_hosts: &str,
        program: &[&str],
        script: &str,
        is_key_a_file: bool,
    ) -> Done {
        let key = self.sshd.file("id");
        let key = if is_key_a_file { key } else { fs::read_to_string(key).unwrap() };
        let binary = pilothouse();
        let sum = run("sha256sum", &[Path::new(&binary).to_str().unwrap()]);
        let url = format!("file://{}", Path::new(&binary).display());
        let mut command = Command::new(self.home.path().join("bin").join(program[0]));
        command.args(&program[1..]).args(["-c", script]).current_dir(self.home.path()).env_clear();
        command.env("PATH", self.home.path().join("bin")).env("HOME", self.home.path());
        command.envs([("ENVIRONMENT", self.shop.name()), ("SERVICE", "web".to_owned())]);
        command.envs([("IMAGE", image), ("REVISION", "c0ffee"), ("SSH_KEY", &key)]);
        command.envs([("SSH_KNOWN_HOSTS", known_hosts), ("PILOTHOUSE_URL", &url)]);
        command.env("PILOTHOUSE_SHA256", sum.split(' ').next().unwrap()).stdin(Stdio::null());
        done(command.output().unwrap())
    }

    /// Every step in a shell of its own, until one fails.
    fn github(&self, image: &str, known_hosts: &str) -> Done {
        let mut last = None;
        for block in blocks(GITHUB) {
            let shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail"];
            let told = self.shell(image, known_hosts, &shell, &block, false);
            let is_over = told.status != 0;
            last = Some(told);
            if is_over {
                break;
            }
        }
        last.unwrap()
    }

    /// All steps in one shell.
    fn gitlab(&self, image: &str, known_hosts: &str) -> Done {
        self.shell(image, known_hosts, &["sh", "-e"], &blocks(GITLAB).concat(), true)
    }

    fn known_hosts(&self) -> String {
        fs::read_to_string(self.sshd.file("known_hosts")).unwrap()
    }

    fn why(&self) -> String {
        let rows = self.shop.run(&["ledger", "export", "-e", &self.shop.name(), "--json"]).ended(0).json();
        rows.last().unwrap()["why"].as_str().unwrap_or_default().to_owned()
    }
}

#[test]
fn the_job_of_github_deploys_over_ssh_and_fails_with_a_release_that_was_taken_back() {
    let Some(job) = Job::open() else { return };
    assert_eq!(blocks(GITHUB).len(), 4);
    let told = job.github(&image("good-2"), &job.known_hosts()).ended(0);
    assert!(told.out.contains("\"outcome\":\"done\"") && told.out.contains("is live"), "{}", told.out);
    assert_eq!(job.shop.rows()[1], "web-v1-1 good-2 running always found");
    assert_eq!(job.why(), "revision c0ffee");
    let refused = job.github("pilothouse-test/none:1", &job.known_hosts()).ended(1);
    assert!(refused.err.contains("has no image pilothouse-test/none:1"), "{}", refused.err);
}

#[test]
fn the_job_of_gitlab_deploys_over_ssh_and_says_what_became_of_it() {
    let Some(job) = Job::open() else { return };
    assert_eq!(blocks(GITLAB).len(), 4);
    job.gitlab(&image("good-2"), &job.known_hosts()).ended(0);
    assert_eq!(job.shop.rows()[1], "web-v1-1 good-2 running always found");
}

#[test]
fn a_host_whose_key_is_not_the_pinned_one_is_not_deployed_to() {
    let Some(job) = Job::open() else { return };
    let (before, other) = (job.shop.rows(), Sshd::start());
    let key = fs::read_to_string(other.file("known_hosts")).unwrap();
    let key = key.replace(&format!("]:{}", other.port), &format!("]:{}", job.sshd.port));
    let refused = job.gitlab(&image("good-2"), &key).ended(6);
    assert!(refused.err.contains("key"), "{}", refused.err);
    assert_eq!(job.shop.rows(), before);
}
