//! Environments whose hosts a team keeps elsewhere: what the command line says of them, what is off until trusted,
//! and a host of an inventory that is reached over SSH with the key it names.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use crate::certificates::Folder;
use crate::cli::command;
use crate::engine;
use crate::pty::Launch;
use crate::sshd::Sshd;

const SOON: Duration = Duration::from_secs(20);

fn run(home: &Path, args: &[&str]) -> Output {
    command(home, args).output().unwrap()
}

fn all(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn hosts_of_an_inventory_are_listed_with_the_line_they_come_from() {
    let home = Folder::new();
    home.put(
        "pilothouse.toml",
        "[environments.shop]\nkind = \"staging\"\ninventory = { ansible = \"hosts.ini\", group = \"web\" }\n",
    );
    home.put("hosts.ini", "[web]\nweb[1:2].example ansible_user=deploy\nwin ansible_connection=winrm\n[web:vars]\nansible_become=true\n");
    let listed = run(home.0.path(), &["environments", "--json"]);
    let rows: Vec<serde_json::Value> = String::from_utf8_lossy(&listed.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let hosts = rows[0]["hosts"].as_array().unwrap();
    assert_eq!(
        (hosts.len(), hosts[0]["address"].as_str()),
        (3, Some("ssh://deploy@web1.example")),
        "{rows:#?}"
    );
    assert!(hosts[0]["from"].as_str().unwrap().ends_with("hosts.ini:2:1"), "{rows:#?}");
    let check = all(&run(home.0.path(), &["config", "check"]));
    for part in [
        "shop: web1.example from ",
        "hosts.ini:2:1: ssh://deploy@web1.example",
        "shop: win from ",
        "off: ansible_connection = `winrm` is no way to an engine",
        "ansible_become is not used (web1.example, web2.example, win)",
    ] {
        assert!(check.contains(part), "`{part}` is not in: {check}");
    }
}

#[test]
fn everything_wrong_with_an_inventory_is_told_with_its_lines() {
    let home = Folder::new();
    home.put(
        "pilothouse.toml",
        "[environments.shop]\ninventory = { ansible = \"hosts.yml\", list = \"list.txt\" }\n",
    );
    home.put("hosts.yml", "web:\n  hosts:\n    w[3:1]:\n  hots:\n");
    home.put("list.txt", "good\none two\n");
    let check = run(home.0.path(), &["config", "check"]);
    let said = all(&check);
    assert_eq!(check.status.code(), Some(2), "{said}");
    for part in
        ["hosts.yml:3:5: range `[3:1]`", "hosts.yml:4:3: unknown key `hots`", "list.txt:2:1: one host a line"]
    {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn a_command_of_a_project_file_runs_once_it_is_trusted_and_not_before() {
    let home = Folder::new();
    home.put(
        "pilothouse.toml",
        "[environments.shop]\ninventory = { run = [\"sh\", \"-c\", \"touch ran; cat outputs\"], output = \"web\" }\n",
    );
    home.put(
        "outputs",
        "{\"web\": {\"sensitive\": false, \"value\": {\"w1\": \"10.0.0.1\"}}, \"db\": {\"value\": []}}\n",
    );
    let before = all(&run(home.0.path(), &["environments"]));
    assert!(!before.contains("10.0.0.1") && !home.path("ran").exists(), "{before}");
    let check = all(&run(home.0.path(), &["config", "check"]));
    assert!(check.contains("environments.shop.inventory.run is off: untrusted"), "{check}");
    let trusted = run(home.0.path(), &["config", "trust"]);
    assert!(trusted.status.success(), "{}", all(&trusted));
    let after = all(&run(home.0.path(), &["environments"]));
    assert!(after.contains("w1 (ssh://10.0.0.1, from `sh -c touch ran; cat outputs`:1:"), "{after}");
}

#[test]
fn a_host_of_an_inventory_is_reached_with_the_port_and_the_key_it_names() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let text = std::fs::read_to_string(sshd.config("elsewhere", "")).unwrap();
    let port = text.lines().find_map(|line| line.trim().strip_prefix("Port ")).unwrap().to_owned();
    let key = sshd.file("id");
    // Neither the port nor the key: those come from the inventory.
    let rest = format!(
        "Host *\n  IdentityAgent none\n  IdentityFile none\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile none\n",
        sshd.file("known_hosts")
    );
    let home = Folder::new();
    let ssh_config = home.put("ssh_config", &rest);
    home.put("pilothouse.toml", "[environments.shop]\ninventory = { ansible = \"hosts.ini\" }\n");
    home.put(
        "hosts.ini",
        &format!("w1 ansible_host=127.0.0.1 ansible_port={port} ansible_user=root ansible_ssh_private_key_file={key}\n"),
    );
    let ssh_config = ssh_config.display().to_string();
    let asked = run(home.0.path(), &["containers", "-e", "shop", "--ssh-config", &ssh_config]);
    assert!(asked.status.success(), "{}\n{rest}", all(&asked));
}

#[test]
fn a_host_that_cannot_be_reached_as_written_is_shown_with_its_line() {
    let terminal = Launch::pilothouse([""; 0])
        .size(160, 40)
        .home_file(
            ".config/pilothouse/config.toml",
            "[environments.shop]\ninventory = { ansible = \"hosts.ini\" }\n",
        )
        .home_file(".config/pilothouse/hosts.ini", "win ansible_connection=winrm\n")
        .start();
    terminal.until("cannot reach win: ansible_connection = `winrm`", SOON);
    terminal.until(r"hosts\.ini:1:5", SOON);
    terminal.until(r"try: write what it needs in \[hosts.NAME\]", SOON);
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
}

#[test]
fn the_console_reads_inventories_again_when_asked_and_stays_where_it_is_when_they_are_wrong() {
    let folder = Folder::new();
    let list = folder.put("hosts.txt", "unix:///nowhere/first.sock\n");
    let config = format!("[environments.shop]\ninventory = {{ list = \"{}\" }}\n", list.display());
    let terminal = Launch::pilothouse([""; 0])
        .size(160, 40)
        .home_file(".config/pilothouse/config.toml", &config)
        .start();
    terminal.until("first.sock", SOON);
    std::fs::write(&list, "unix:///nowhere/second.sock\n").unwrap();
    terminal.keys(": text:reload Enter");
    terminal.until("second.sock", SOON);
    std::fs::write(&list, "one two\n").unwrap();
    terminal.keys(": text:reload Enter");
    terminal.until("hosts.txt:1:1: one host a line", SOON);
    terminal.until("second.sock", SOON);
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}
