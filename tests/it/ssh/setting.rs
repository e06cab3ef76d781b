//! The setting `ssh_config`: what `--ssh-config` does, in a configuration file.

use std::fs;
use std::path::Path;

use crate::cli::{Done, run_in};
use crate::sshd::Sshd;

/// As whom and by which lines the doctor goes to `web1`.
fn settings(home: &Path, more: &[&str]) -> (String, Done) {
    let done = run_in(home, &[more, &["doctor", "--json", "web1"]].concat());
    let row = done.json().into_iter().find(|row| row["step"] == "settings");
    (row.map(|row| row["found"].to_string()).unwrap_or_default(), done)
}

#[test]
fn an_ssh_config_in_a_file_holds_once_trusted_and_the_command_line_wins() {
    let sshd = Sshd::start();
    let [own, theirs, named] = ["OWN", "THEIRS", "NAMED"].map(|word| {
        let file = sshd.config("web1", &format!("SetEnv WHOSE={word}"));
        let to = sshd.dir.path().join(word);
        fs::rename(file, &to).unwrap();
        to
    });
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("pilothouse.toml"), format!("ssh_config = \"{}\"\n", theirs.display()))
        .unwrap();
    let by = |file: &Path, more: &[&str]| {
        let (found, done) = settings(home.path(), more);
        assert!(found.contains(&format!("by {}:1", file.display())), "{found} {}", done.err);
    };

    let (found, done) = settings(home.path(), &[]);
    assert!(!found.contains("THEIRS"), "{found}");
    assert!(done.err.contains("ssh_config is off: untrusted"), "{}", done.err);
    run_in(home.path(), &["config", "trust"]).ended(0);
    by(&theirs, &[]);
    by(&named, &["--ssh-config", named.to_str().unwrap()]);

    let user = home.path().join(".config/pilothouse/config.toml");
    fs::create_dir_all(user.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&own, home.path().join("ssh")).unwrap();
    fs::write(&user, "ssh_config = \"~/ssh\"\n").unwrap();
    by(&home.path().join("ssh"), &[]);
    by(&named, &["--ssh-config", named.to_str().unwrap()]);
}
