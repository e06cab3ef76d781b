//! Inventories beside the configuration: whose hosts come from them, and what of a project file is off until trusted.

use std::path::Path;

use super::*;

/// Texts of inventories, and the output of every command.
struct Texts(&'static [(&'static str, &'static str)]);

impl Shelf for Texts {
    fn text(&self, path: &Path) -> std::io::Result<String> {
        let found = self.0.iter().find(|(known, _)| path == Path::new(known));
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }

    fn entries(&self, _: &Path) -> std::io::Result<Vec<(String, bool)>> {
        Ok(Vec::new())
    }

    fn run(&self, argv: &[String], dir: &Path, _: std::time::Duration) -> Result<String, String> {
        Ok(format!("{}-in-{}\n", argv[0], dir.file_name().unwrap_or_default().display()))
    }

    fn home(&self) -> Option<&Path> {
        Some(Path::new("/home/a"))
    }
}

fn listed(layers: &[Layer], trusted: &TrustList) -> Result<Loaded, Problems> {
    const TEXTS: Texts = Texts(&[
        ("/srv/hosts.ini", "[web]\nweb[1:2]\n[db]\ndb1 ansible_host=10.0.0.9\n"),
        ("/home/a/hosts.txt", "web1\ndeploy@web3\n"),
        ("/home/a/inv/broken.ini", "web1 oops\n[a:b]\n"),
        ("/home/a/other.txt", "deploy@web1\n"),
        ("/home/a/empty.txt", "# nobody\n"),
    ]);
    load_with(layers, &[], &known(), trusted, Some(&TEXTS))
}

fn hosts_of<'a>(config: &'a Config, environment: &str) -> Vec<(&'a str, &'a str)> {
    let hosts = config.environments[environment].hosts.iter();
    hosts
        .map(|name| {
            (config.hosts[name].label.as_deref().unwrap_or(name), config.hosts[name].address.as_str())
        })
        .collect()
}

#[test]
fn inventories_are_read_relative_to_the_file_that_names_them() {
    let project = project(
        "[environments.p]\nhosts = [\"own\"]\ninventory = { ansible = \"hosts.ini\", group = \"web\" }\n[hosts.own]\naddress = \"/x\"",
    );
    let user = user("[environments.u]\n[environments.u.inventory]\nlist = \"~/hosts.txt\"\nrun = [\"say\"]");
    let config = listed(&[project, user], &TrustList::default()).unwrap().config;
    let own = config.hosts["own"].address.clone();
    assert_eq!(
        hosts_of(&config, "p"),
        [("own", own.as_str()), ("web1", "ssh://web1"), ("web2", "ssh://web2")]
    );
    assert_eq!(
        hosts_of(&config, "u"),
        [("web1", "ssh://web1"), ("web3", "ssh://deploy@web3"), ("say-in-a", "ssh://say-in-a")]
    );
}

#[test]
fn a_host_of_the_configuration_goes_before_one_of_an_inventory() {
    let text = "[environments.u]\ninventory = { list = \"hosts.txt\" }\n[hosts.web1]\naddress = \"ssh://other\"\nlabel = \"mine\"";
    let config = listed(&[user(text)], &TrustList::default()).unwrap().config;
    assert_eq!(hosts_of(&config, "u"), [("mine", "ssh://other"), ("web3", "ssh://deploy@web3")]);
}

#[test]
fn faults_of_inventories_are_told_with_those_of_the_configuration() {
    let text = "theme = \"drak\"\n[environments.u]\ninventory = { ansible = \"inv/broken.ini\", list = \"gone.txt\" }\n\
                [environments.v]\ninventory = { list = \"empty.txt\" }\n[environments.w]\ninventory = { ansible = \"/srv/hosts.ini\", group = \"wbe\" }\n";
    let found = listed(&[user(text)], &TrustList::default()).unwrap_err().to_string();
    let starts = [
        "/home/a/config.toml:1:9: theme: there is no theme `drak`",
        "/home/a/inv/broken.ini:1:6: expected variable=value, found `oops`",
        "/home/a/inv/broken.ini:2:1: `[a:b]` is no section",
        "/home/a/gone.txt: cannot read the inventory: ",
        "/home/a/config.toml:5:1: the inventory of environment `v` has no host",
        "/home/a/config.toml:7:51: /srv/hosts.ini has no group or host `wbe`; did you mean `web`?",
    ];
    for (line, start) in found.lines().zip(starts) {
        assert!(line.starts_with(start), "{found}");
    }
    assert_eq!(found.lines().count(), starts.len(), "{found}");
}

#[test]
fn the_command_of_a_project_file_runs_only_once_trusted_and_its_files_are_read() {
    let text = "[environments.p]\ninventory = { run = [\"say\"] }\n[environments.q]\ninventory = { run = [\"say\"], ansible = \"hosts.ini\", group = \"db\" }\n";
    let project = project(text);
    let untrusted = listed(std::slice::from_ref(&project), &TrustList::default()).unwrap();
    let off: Vec<_> = untrusted.left_off.iter().map(|off| off.key.as_str()).collect();
    assert_eq!(off, ["environments.p.inventory.run", "environments.q.inventory.run"]);
    assert!(!untrusted.config.environments.contains_key("p"));
    assert_eq!(hosts_of(&untrusted.config, "q"), [("db1", "ssh://10.0.0.9")]);
    let mut trusted = TrustList::default();
    trusted.trust(&project.path, &project.text);
    let config = listed(&[project], &trusted).unwrap().config;
    assert_eq!(hosts_of(&config, "p"), [("say-in-srv", "ssh://say-in-srv")]);
    assert_eq!(hosts_of(&config, "q").len(), 2);
}

#[test]
fn two_machines_of_one_name_stay_two() {
    let text = "[environments.u]\ninventory = { list = \"hosts.txt\" }\n[environments.v]\ninventory = { list = \"other.txt\" }\n\
                [environments.w]\ninventory = { ansible = \"/srv/hosts.ini\", group = \"web\" }\n";
    let config = listed(&[user(text)], &TrustList::default()).unwrap().config;
    assert_eq!(config.environments["w"].hosts, ["web1", "web2"]);
    assert_eq!(config.environments["u"].hosts, ["web1", "web3"]);
    assert_eq!(hosts_of(&config, "v"), [("web1", "ssh://deploy@web1")]);
}

#[test]
fn an_ssh_config_of_a_project_is_off_until_that_is_trusted_and_never_wins_over_ones_own() {
    let text = "ssh_config = \"/srv/ssh\"\ntheme = \"light\"\n";
    let theirs = project(text);
    let loaded = load_all(std::slice::from_ref(&theirs)).unwrap();
    assert_eq!((loaded.config.ssh_config, loaded.config.theme.as_str()), (None, "light"));
    let [off] = &loaded.left_off[..] else { panic!("{:?}", loaded.left_off) };
    assert!(off.to_string().starts_with("/srv/pilothouse.toml:1:1: ssh_config is off: untrusted"), "{off}");
    let mut trusted = TrustList::default();
    trusted.trust(&theirs.path, text);
    let of = |layers: &[Layer]| load(layers, &[], &known(), &trusted).unwrap().config.ssh_config;
    assert_eq!(of(std::slice::from_ref(&theirs)), Some("/srv/ssh".into()));
    assert_eq!(of(&[user("ssh_config = \"~/mine\""), theirs]), Some("~/mine".into()));
}
