//! Inventories as teams keep them, against what Ansible itself says of them; and everything that can be wrong.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// Files and outputs in memory, or the disk where there are none.
#[derive(Default)]
struct Kept(BTreeMap<PathBuf, String>);

impl Kept {
    fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| (Path::new("/i").join(path), (*text).to_owned())).collect())
    }
}

impl Shelf for Kept {
    fn text(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn entries(&self, dir: &Path) -> io::Result<Vec<(String, bool)>> {
        let below = self.0.keys().filter_map(|path| path.strip_prefix(dir).ok());
        let mut found: Vec<_> = below
            .filter_map(|rest| {
                let mut parts = rest.components();
                let name = parts.next()?.as_os_str().to_str()?.to_owned();
                Some((name, parts.next().is_some()))
            })
            .collect();
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn run(&self, argv: &[String], _: &Path, _: Duration) -> Result<String, String> {
        self.0.get(Path::new(&argv[0])).cloned().ok_or_else(|| "it ended with 1".to_owned())
    }

    fn home(&self) -> Option<&Path> {
        Some(Path::new("/home/op"))
    }
}

/// All files of a folder, as if it were `/i`.
fn kept(folder: &Path) -> Kept {
    fn add(dir: &Path, below: &Path, files: &mut BTreeMap<PathBuf, String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = below.join(path.file_name().unwrap());
            if path.is_dir() {
                add(&path, &name, files);
            } else {
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    add(folder, Path::new("/i"), &mut files);
    Kept(files)
}

fn wanted(source: Source, pick: Option<&str>) -> Wanted {
    let pick = pick.map(str::to_owned);
    Wanted { source, group: pick.clone(), output: pick, dir: "/i".into() }
}

fn ansible(files: &[(&str, &str)], group: Option<&str>) -> Reading {
    let path = Path::new("/i").join(files[0].0);
    read(&wanted(Source::Ansible(path), group), &Kept::of(files))
}

fn terraform(text: &str, output: Option<&str>) -> Reading {
    read(&wanted(Source::Terraform("/i/out.json".into()), output), &Kept::of(&[("out.json", text)]))
}

fn plain(text: &str) -> Reading {
    read(&wanted(Source::List("/i/hosts.txt".into()), None), &Kept::of(&[("hosts.txt", text)]))
}

fn addresses(reading: &Reading) -> Vec<&str> {
    assert_eq!(reading.problems, [], "{reading:#?}");
    reading.hosts.iter().map(|host| host.address.as_str()).collect()
}

fn problems(reading: &Reading) -> Vec<String> {
    reading.problems.iter().map(ToString::to_string).collect()
}

fn refusal(files: &[(&str, &str)]) -> String {
    let reading = ansible(files, None);
    assert_eq!(reading.problems, []);
    reading.hosts.into_iter().find_map(|host| host.refusal).expect("one is refused")
}

#[test]
fn every_inventory_of_the_corpus_says_what_ansible_says() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventories");
    let mut count = 0;
    for folder in
        std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        let json = |name: &str| -> serde_json::Value {
            serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
        };
        let case = json("case.json");
        let path = Path::new("/i").join(case["inventory"].as_str().unwrap());
        let reading = read(&wanted(Source::Ansible(path), case["group"].as_str()), &kept(&folder));
        assert_eq!(reading.problems, [], "{}", folder.display());
        let key = |host: &Listed| {
            let path = host.identity.as_ref()?.to_str()?.to_owned();
            Some(path.strip_prefix("/i/").map_or(path.replace("/home/op/", "~/"), str::to_owned))
        };
        let mut found: Vec<_> = reading
            .hosts
            .iter()
            .map(|host| serde_json::json!({"name": host.name, "address": host.address, "key": key(host)}))
            .collect();
        found.sort_by_key(|row| row["name"].as_str().unwrap().to_owned());
        assert_eq!(serde_json::Value::Array(found), json("expected.json"), "{}", folder.display());
        count += 1;
    }
    assert!(count >= 14, "{count}");
}

#[test]
fn every_host_knows_where_it_was_written() {
    let reading = ansible(&[("h.ini", "[web]\n  web[1:2]\n[db]\ndb\n")], None);
    let from: Vec<_> = reading.hosts.iter().map(|host| host.from.as_str()).collect();
    assert_eq!(from, ["/i/h.ini:2:3", "/i/h.ini:2:3", "/i/h.ini:4:1"]);
}

#[test]
fn all_faults_of_an_ini_file_are_told_at_once_with_their_places() {
    let text = "[web\nweb1 nonsense\n[web:hots]\nlost\n[web:vars]\nuser\n[db]\ndb[1:2000000000]\ndb \"open\n\
                [top:children]\nwbe\n[web]\n[gone:vars]\nx=1\n";
    let found = problems(&ansible(&[("h.ini", text)], None));
    let expected = [
        "/i/h.ini:1:1: `[web` has no `]`",
        "/i/h.ini:2:6: expected variable=value, found `nonsense`",
        "/i/h.ini:3:1: `[web:hots]` is no section; write [GROUP], [GROUP:children] or [GROUP:vars]; did you mean `hosts`?",
        "/i/h.ini:6:1: expected variable=value, found `user`",
        "/i/h.ini:8:1: range `[1:2000000000]`: more than 10000 hosts",
        "/i/h.ini:9:4: this quote is never closed",
        "/i/h.ini:11:1: group `top` has a child nobody defines: `wbe`; did you mean `web`?",
        "/i/h.ini:13:1: variables of a group nobody defines: `gone`; known: `db`, `top`, `web`",
    ];
    assert_eq!(found, expected, "{found:#?}");
}

#[test]
fn faults_of_a_yaml_file_are_told_with_their_places() {
    let text = "web:\n  hosts:\n    - web1\n  hots: {}\ndb: text\napi:\n  hosts:\n    api[3:1]: {}\n    api1: words\n";
    let found = problems(&ansible(&[("h.yml", text)], None));
    let expected = [
        "/i/h.yml:4:3: unknown key `hots` in group `web`; did you mean `hosts`?",
        "/i/h.yml:3:5: hosts of group `web`: expected a mapping (`name:` a line), found a list",
        "/i/h.yml:5:5: group `db`: expected a mapping with hosts, children or vars, found a text",
        "/i/h.yml:8:5: range `[3:1]`: it ends before it begins",
        "/i/h.yml:9:11: host `api1`: expected a mapping of variables, found a text",
    ];
    assert_eq!(found, expected, "{found:#?}");
    let broken = problems(&ansible(&[("h.yml", "web:\n\thosts:\n")], None));
    assert!(broken[0].starts_with("/i/h.yml:2:"), "{broken:?}");
    let empty = problems(&ansible(&[("h.yml", "---\n")], None));
    assert_eq!(empty, ["/i/h.yml: there is nothing in it"]);
}

#[test]
fn a_group_that_is_its_own_ancestor_is_a_fault() {
    let text = "[a:children]\nb\n[b:children]\nc\n[c:children]\na\n[c]\nh\n";
    let found = problems(&ansible(&[("h.ini", text)], None));
    assert!(
        found.len() == 1 && found[0].contains("is a child of") && found[0].contains("above it"),
        "{found:?}"
    );
}

#[test]
fn a_group_nobody_defines_is_named_with_the_nearest() {
    let reading = ansible(&[("h.ini", "[web]\nw1\n[db]\nd1\n")], Some("wbe"));
    let (message, hint) = reading.unknown.unwrap();
    assert_eq!(message, "/i/h.ini has no group or host `wbe`");
    assert_eq!(hint.unwrap(), "did you mean `web`?");
    assert_eq!(addresses(&ansible(&[("h.ini", "[web]\nw1\n[db]\nd1\n")], Some("d1"))), ["ssh://d1"]);
}

#[test]
fn a_host_that_cannot_be_reached_as_written_stays_with_the_reason() {
    for (text, why) in [
        (
            "w ansible_connection=winrm\n",
            "ansible_connection = `winrm` is no way to an engine; only ssh and local are (/i/h.ini:1:3)",
        ),
        ("w ansible_host={{ip}}\n", "ansible_host holds a template (/i/h.ini:1:3)"),
        ("w ansible_user=\"a b\"\n", "`ssh://a b@w` is no address (/i/h.ini:1:3)"),
        ("w ansible_user=$(id)\n", "is no address"),
        ("w ansible_host=-oProxyCommand=x\n", "is no address"),
        ("[all:vars]\nansible_user = [1, 2]\n[web]\nw\n", "ansible_user is no text (/i/h.ini:2:15)"),
    ] {
        let found = refusal(&[("h.ini", text)]);
        assert!(found.contains(why), "{text}: {found}");
    }
    let vault = "all:\n  hosts:\n    w:\n      ansible_host: !vault |\n        $ANSIBLE_VAULT;1.1;AES256\n        6231\n";
    let found = refusal(&[("h.yml", vault)]);
    assert!(found.contains("ansible_host is encrypted by ansible-vault (/i/h.yml:4:"), "{found}");
}

#[test]
fn what_is_said_and_not_done_is_remarked_once_a_place() {
    let files = [
        (
            "h.ini",
            "[web]\nweb[1:5]\n[web:vars]\nansible_become=yes\nansible_ssh_common_args=-J bastion\nansible_become_user=x\n",
        ),
        ("group_vars/all/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n6231\n"),
        ("host_vars/web1.yml", "ansible_become: false\nansible_password: s3cr3t\n"),
    ];
    let reading = ansible(&files, None);
    assert_eq!(reading.hosts.len(), 5);
    let expected = [
        "/i/h.ini:4:16: ansible_become is not used (web2, web3, web4 and 1 more): the engine is asked as the login itself, which has to be in the group docker",
        "/i/h.ini:5:25: ansible_ssh_common_args is not used (web1, web2, web3 and 2 more): put what it needs into OpenSSH's configuration",
        "/i/host_vars/web1.yml:2:19: ansible_password is not used (web1): a password is asked for when it is needed",
        "/i/group_vars/all/vault.yml: encrypted; what it says of how hosts are reached is not known",
    ];
    assert_eq!(reading.remarks, expected, "{:#?}", reading.remarks);
}

#[test]
fn a_broken_file_of_variables_is_named_and_only_if_it_matters() {
    let files =
        [("h.ini", "[web]\nw\n[db]\nd\n"), ("group_vars/web.yml", "a: [\n"), ("host_vars/d.yml", "- list\n")];
    let found = problems(&ansible(&files, Some("web")));
    assert!(found.len() == 1 && found[0].starts_with("/i/group_vars/web.yml:"), "{found:?}");
    let found = problems(&ansible(&files, Some("db")));
    assert_eq!(found, ["/i/host_vars/d.yml:1:1: expected variables, found a list"]);
}

#[test]
fn the_output_of_ansible_inventory_is_read_with_its_variables_as_final() {
    let text = r#"{"_meta": {"hostvars": {"w1": {"ansible_host": "10.0.0.1", "ansible_port": 2022}, "d1": {}}},
        "all": {"children": ["ungrouped", "web"]}, "web": {"hosts": ["w1", "w2"]}}"#;
    let files = Kept::of(&[("list", text), ("group_vars/all", "ansible_user: other\n")]);
    let run = Source::Run(vec!["/i/list".to_owned()], Duration::from_secs(1));
    let reading = read(&wanted(run, Some("web")), &files);
    assert_eq!(addresses(&reading), ["ssh://10.0.0.1:2022", "ssh://w2"]);
    assert_eq!(reading.hosts[0].from, "`/i/list`:1:25");
    let file = read(&wanted(Source::Ansible("/i/list".into()), None), &files);
    assert_eq!(addresses(&file), ["ssh://10.0.0.1:2022", "ssh://d1", "ssh://w2"]);
}

#[test]
fn outputs_of_terraform_are_read_in_every_usual_shape() {
    let output =
        |value: &str| format!(r#"{{"hosts": {{"sensitive": false, "type": "x", "value": {value}}}}}"#);
    for (value, expected) in [
        (r#""10.0.0.1""#, vec!["10.0.0.1=ssh://10.0.0.1"]),
        (r#"["10.0.0.1", "deploy@web2"]"#, vec!["10.0.0.1=ssh://10.0.0.1", "web2=ssh://deploy@web2"]),
        (
            r#"{"web1": "10.0.0.1", "web2": "2001:db8::2"}"#,
            vec!["web1=ssh://10.0.0.1", "web2=ssh://[2001:db8::2]"],
        ),
        (
            r#"[{"name": "a", "public_ip": "1.2.3.4", "user": "ops", "port": 2022}]"#,
            vec!["a=ssh://ops@1.2.3.4:2022"],
        ),
        (r#"{"x": {"private_ip": "10.0.0.9", "zone": "eu"}}"#, vec!["x=ssh://10.0.0.9"]),
        (r#"["tcp://10.0.0.1:2376"]"#, vec!["10.0.0.1=tcp://10.0.0.1:2376"]),
    ] {
        let reading = terraform(&output(value), Some("hosts"));
        assert_eq!(reading.problems, [], "{value}");
        let found: Vec<_> =
            reading.hosts.iter().map(|host| format!("{}={}", host.name, host.address)).collect();
        assert_eq!(found, expected, "{value}");
    }
    assert_eq!(addresses(&terraform(r#"["a", "b"]"#, None)), ["ssh://a", "ssh://b"]);
    assert_eq!(addresses(&terraform(&output(r#"["a"]"#), None)), ["ssh://a"]);
}

#[test]
fn what_is_wrong_with_outputs_of_terraform_is_named() {
    let two = r#"{"web": {"value": ["a"]}, "db": {"value": ["b"]}}"#;
    let (message, hint) = terraform(two, None).unknown.unwrap();
    assert_eq!(
        (message.as_str(), hint.unwrap().as_str()),
        ("/i/out.json has several outputs", "set `output` to one of `web`, `db`")
    );
    let (message, hint) = terraform(two, Some("wbe")).unknown.unwrap();
    assert_eq!(
        (message.as_str(), hint.unwrap().as_str()),
        ("/i/out.json has no output `wbe`", "did you mean `web`?")
    );
    let sensitive = problems(&terraform("{\"ips\": {\"sensitive\": true,\n \"value\": [\"s3cr3t\"]}}", None));
    assert_eq!(sensitive, ["/i/out.json:1:2: output `ips` is sensitive, and hosts are shown"]);
    let shapes =
        problems(&terraform("{\"ips\": {\"value\": [\n  null,\n  {\"id\": \"x\"},\n  \"a b\"]}}", None));
    assert_eq!(shapes.len(), 3, "{shapes:#?}");
    assert!(shapes[0].starts_with("/i/out.json:2:3: no host: nothing; an address is a text"), "{shapes:#?}");
    let broken = problems(&terraform("{\"ips\": ", None));
    assert_eq!(broken, ["/i/out.json:1:8: no JSON: EOF while parsing a value"]);
    let comma = problems(&terraform("{\"ips\": {\"value\": [\n  \"a\",\n]}}", None));
    assert_eq!(comma, ["/i/out.json:3:1: no JSON: expected value"]);
    let words = problems(&terraform("Warning: No outputs found\n", None));
    assert!(words[0].starts_with("/i/out.json:1:1: no JSON: "), "{words:?}");
}

#[test]
fn a_list_is_a_host_a_line() {
    let reading = plain(
        "# the shop\nweb1   # first\n\n  deploy@web2:2222\nssh://web3/run/e.sock\nunix:///run/docker.sock\n2001:db8::1\n",
    );
    assert_eq!(
        addresses(&reading),
        [
            "ssh://web1",
            "ssh://deploy@web2:2222",
            "ssh://web3/run/e.sock",
            "unix:///run/docker.sock",
            "ssh://[2001:db8::1]"
        ]
    );
    assert_eq!(
        (reading.hosts[1].name.as_str(), reading.hosts[1].from.as_str()),
        ("web2", "/i/hosts.txt:4:3")
    );
    let wrong = problems(&plain("web1 web2\nok\n-oProxyCommand=x\n"));
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert_eq!(wrong[0], "/i/hosts.txt:1:1: one host a line; what is `web2`?");
}

#[test]
fn a_file_that_is_not_there_and_a_command_that_fails_are_named() {
    let gone = read(&wanted(Source::Ansible("/i/gone.ini".into()), None), &Kept::default());
    assert!(problems(&gone)[0].starts_with("/i/gone.ini: cannot read the inventory: "), "{gone:?}");
    let run = Source::Run(vec!["terraform".to_owned(), "output".to_owned()], Duration::from_secs(1));
    let failed = read(&wanted(run, None), &Kept::default());
    assert!(
        problems(&failed)[0].starts_with("`terraform output`: it ended with 1; run it by hand"),
        "{failed:?}"
    );
}

#[test]
fn many_ways_to_one_group_do_not_take_for_ever() {
    // Each level names the next twice: 2^40 ways to the last.
    let mut text = String::from("l40: &l40\n  hosts: {h: }\n");
    for i in (0..40).rev() {
        let below = i + 1;
        text += &format!(
            "l{i}: &l{i}\n  children:\n    a{i}: {{children: {{l{below}: *l{below}}}}}\n    b{i}: {{children: {{l{below}: *l{below}}}}}\n"
        );
    }
    let found = problems(&ansible(&[("h.yml", &text)], None));
    assert!(found.iter().any(|problem| problem.contains("more than 10000 groups")), "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_text_panics_whatever_it_is_taken_for(
        text in "(\\[[a-c:]{0,8}(:children|:vars)?\\]\n|[a-c]{1,3}(\\[[0-9a-c]{0,3}:[0-9a-c]{0,3}\\])?( ansible_(host|user|port)=[^\n]{0,6})?\n|\\PC{0,12}\n|[ \t\\-:{}\\[\\]&*!|>'\"#,?%@`a\n]{0,24}){0,12}"
    ) {
        for name in ["h.ini", "h.yml", "h"] {
            let reading = ansible(&[(name, &text), ("group_vars/all", &text)], Some("a"));
            prop_assert!(reading.hosts.len() <= MOST_HOSTS);
        }
        let _ = (terraform(&text, None), plain(&text));
    }

    #[test]
    fn no_control_character_of_a_file_is_shown(text in "[a\u{1b}\u{9b}\u{7}\r\n=\\[\\]: ]{0,40}") {
        for reading in [ansible(&[("h.ini", &text)], None), ansible(&[("h.yml", &text)], None), plain(&text), terraform(&text, None)] {
            let names = reading.hosts.iter().map(|host| format!("{}{:?}", host.name, host.refusal));
            for shown in problems(&reading).into_iter().chain(names).chain(reading.remarks.clone()) {
                prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
            }
        }
    }
}
