//! Every problem is named with its place, all at once; sound files are layered.

mod addresses;
mod inventories;

use super::*;
use crate::config::schema::Via;

fn layer(kind: LayerKind, path: &str, text: &str) -> Layer {
    Layer { kind, path: path.into(), text: text.to_owned() }
}

fn project(text: &str) -> Layer {
    layer(LayerKind::Project, "/srv/pilothouse.toml", text)
}

fn user(text: &str) -> Layer {
    layer(LayerKind::User, "/home/a/config.toml", text)
}

fn known() -> Known {
    Known::built_in(&["solar".to_owned()], &["remote".to_owned()])
}

fn load_all(layers: &[Layer]) -> Result<Loaded, Problems> {
    load(layers, &[], &known(), &TrustList::default())
}

/// All problems of one user file, without the name of the file.
fn problems(text: &str) -> Vec<String> {
    match load_all(&[user(text)]) {
        Ok(_) => Vec::new(),
        Err(problems) => {
            problems.0.iter().map(|p| p.to_string().replace("/home/a/config.toml:", "")).collect()
        }
    }
}

fn one(text: &str) -> String {
    let all = problems(text);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.into_iter().next().unwrap()
}

fn config(layers: &[Layer]) -> Config {
    load_all(layers).unwrap_or_else(|problems| panic!("{problems}")).config
}

#[test]
fn nothing_at_all_is_the_defaults() {
    assert_eq!(config(&[]), Config::default());
    assert_eq!(config(&[project(""), user("# only a comment\n")]), Config::default());
}

#[test]
fn all_problems_of_all_files_are_listed_at_once_with_their_places() {
    let first = project("thme = \"dark\"\n[hosts.web1]\naddress = \"unix:///run/a.sock\"\n");
    let second = user("mouse = \"yes\"\n\n[logs]\ntail = 0\nlevel = \"warning\"\n[usage]\ninterval = 3\n");
    let found = load_all(&[second, first]).unwrap_err().to_string();
    let expected = "\
/srv/pilothouse.toml:1:1: unknown key `thme`; did you mean `theme`?
/home/a/config.toml:1:9: mouse: expected `true` or `false`, found a text
/home/a/config.toml:4:8: logs.tail: 0 is not between 1 and 1000000
/home/a/config.toml:5:9: logs.level: `warning` is none of `trace`, `debug`, `info`, `warn`, `error`, `fatal`; did you mean `warn`?
/home/a/config.toml:7:12: usage.interval: expected a time like \"15m\", found a whole number";
    assert_eq!(found, expected);
}

#[test]
fn an_unknown_key_names_its_table_and_the_nearest_or_its_home() {
    assert_eq!(
        one("[hosts.a]\naddress = \"/x\"\nlable = \"x\""),
        "3:1: unknown key `lable` in [hosts.a]; did you mean `label`?"
    );
    assert_eq!(one("zzzz = 1\n[logs]\n").split(';').next(), Some("1:1: unknown key `zzzz`"));
    assert_eq!(
        one("[logs]\nascii = true"),
        "2:1: unknown key `ascii` in [logs]; it belongs at the top of the file, before the first [table]"
    );
    assert_eq!(one("buffer = \"1MiB\""), "1:1: unknown key `buffer`; it belongs in [logs]");
}

#[test]
fn columns_count_characters_not_bytes() {
    assert_eq!(one("environments.\"é日\" = { hosts = [\"/x\"], knd = 1 }").split(": ").next(), Some("1:39"));
}

#[test]
fn broken_toml_is_one_problem_a_line_and_the_rest_is_still_checked() {
    let all = problems("theme = dark\nascii = \nmouse = 5\nthme = 1\n");
    assert!(all[0].starts_with("1:9: no TOML: "), "{all:#?}");
    assert!(all[1].starts_with("2:8: no TOML: ") || all[1].starts_with("2:9: no TOML: "), "{all:#?}");
    assert_eq!(all[2], "3:9: mouse: expected `true` or `false`, found a whole number");
    assert_eq!(all[3], "4:1: unknown key `thme`; did you mean `theme`?");
    assert_eq!(all.len(), 4, "{all:#?}");
}

#[test]
fn a_key_set_twice_is_refused() {
    assert!(one("theme = \"dark\"\ntheme = \"light\"").contains("duplicate key"));
    assert_eq!(
        one("[keys]\nC-w = \"wrap\"\n\"ctrl-w\" = \"json\""),
        "3:1: keys.ctrl-w is set twice in this table"
    );
}

#[test]
fn the_wrong_shape_is_named() {
    assert_eq!(one("logs = 5"), "1:8: logs: expected a table, found a whole number");
    assert_eq!(one("[theme]"), "1:1: theme: expected a text in quotes, found a table");
    assert_eq!(one("[hosts]\nweb1 = \"unix:///x\""), "2:8: hosts.web1: expected a table, found a text");
    assert_eq!(
        one("[masks]\nkeys = [\"a\", 5]"),
        "2:14: masks.keys: expected a text in quotes, found a whole number"
    );
    assert_eq!(one("[logs]\ntail = 99999999999999999999"), "2:8: logs.tail: the number is too large");
}

#[test]
fn names_of_themes_actions_panes_and_colours_are_checked_with_the_nearest() {
    assert_eq!(one("theme = \"drak\""), "1:9: theme: there is no theme `drak`; did you mean `dark`?");
    assert_eq!(
        one("[keys]\nX = \"restrat\""),
        "2:5: keys.X: there is no action `restrat`; did you mean `restart`?"
    );
    assert_eq!(
        one("[keys.log]\nX = \"wrap\""),
        "1:7: there is no pane `log` to set keys for; did you mean `logs`?"
    );
    assert!(one("[keys]\nctrl-shift-q = \"quit\"").starts_with("2:1: `ctrl-shift-q` names no key"));
    let colour = one("[environments.a]\nhosts = [\"/x\"]\ncolour = \"rd\"");
    assert!(colour.starts_with("3:10: environments.a.colour: `rd` is no colour"), "{colour}");
    assert_eq!(config(&[user("theme = \"solar\"")]).theme, "solar");
}

#[test]
fn an_environment_that_names_an_unknown_host_is_refused_with_the_nearest() {
    let text = "[environments.production]\nhosts = [\n  \"web1\",\n  \"wbe2\",\n]\n[hosts.web1]\naddress = \"ssh://web1\"\n[hosts.web2]\naddress = \"ssh://web2\"";
    assert_eq!(
        one(text),
        "4:3: environment `production` names a host nobody defines: `wbe2`; did you mean `web2`?"
    );
}

#[test]
fn the_hosts_of_one_file_may_be_named_in_another() {
    let hosts = project("[hosts.web1]\naddress = \"ssh://web1\"");
    let environments = user("[environments.production]\nhosts = [\"web1\"]\nkind = \"production\"");
    let config = config(&[hosts, environments]);
    assert!(config.environments["production"].is_protected());
}

#[test]
fn what_is_missing_is_named_at_its_table() {
    assert_eq!(one("\n[hosts.a]\nlabel = \"x\""), "2:8: [hosts.a] needs `address`");
    assert_eq!(one("[environments.a]\nkind = \"staging\""), "1:15: [environments.a] needs `hosts`");
    assert_eq!(one("[commands.a]\nrun = []"), "2:7: [commands.a] needs `run`");
    assert_eq!(
        one("[hosts.a]\naddress = 5"),
        "2:11: hosts.a.address: expected a text in quotes, found a whole number"
    );
}

#[test]
fn a_probe_is_either_http_or_tcp() {
    let probe = |text: &str| format!("[services.api]\nready = {{ {text} }}");
    assert!(one(&probe("port = 80")).contains("neither `http` nor `tcp`"));
    assert!(one(&probe("http = \"/\", tcp = true, port = 1")).contains("not both"));
    assert!(one(&probe("tcp = true")).contains("needs a `port`"));
    assert!(one(&probe("http = \"health\"")).contains("begins with `/`"));
    assert!(one(&probe("http = \"/\", headers = { \"a b\" = \"x\" }")).contains("no name of a header"));
    assert!(one(&probe("http = \"/\", headers = { X = \"a\\r\\nHost: b\" }")).contains("control character"));
    assert_eq!(problems(&probe("tcp = true, port = 5432")), [""; 0]);
}

#[test]
fn broken_patterns_and_units_are_named() {
    assert!(
        one("[logs]\nmask = [\"ok\", \"a(b\"]")
            .starts_with("2:15: logs.mask: `a(b` is no regular expression: unclosed group")
    );
    assert!(
        one("[logs.searches]\nslow = \"timeout\"\nlost = 'a[b'")
            .starts_with("3:8: logs.searches.lost: `a[b` is no regular expression: unclosed character class")
    );
    assert!(one("[logs.fields]\nmesage = [\"text\"]").contains("did you mean `message`?"));
    assert!(one("[thresholds]\ndisk_free = \"10\"").contains("`10%`"));
    assert!(one("[logs]\nbuffer = \"12 MiB\"").contains("is no size"));
    assert_eq!(one("[usage]\ninterval = \"1ms\""), "2:12: usage.interval: 1ms is too short; at least 500ms");
}

#[test]
fn the_user_wins_over_the_project_and_flags_over_both() {
    let layers =
        [user("theme = \"light\"\nutc = true"), project("theme = \"dark\"\nascii = true\nutc = false")];
    let flags = [Override::new("--theme", "theme", "high-contrast")];
    let config = load(&layers, &flags, &known(), &TrustList::default()).unwrap().config;
    assert_eq!((config.theme.as_str(), config.ascii, config.utc), ("high-contrast", true, true));
}

#[test]
fn a_wrong_flag_is_named_by_its_own_name() {
    let flags = [Override::new("PILOTHOUSE_THEME", "theme", "drak")];
    let found = load(&[], &flags, &known(), &TrustList::default()).unwrap_err().to_string();
    assert_eq!(found, "PILOTHOUSE_THEME: there is no theme `drak`; did you mean `dark`?");
}

#[test]
fn tables_are_merged_key_by_key() {
    let below = project(
        "[hosts.a]\naddress = \"/x\"\nlabel = \"theirs\"\n[services.api]\nready = { http = \"/r\", port = 80 }",
    );
    let above = user("[hosts.a]\nlabel = \"mine\"\n[services.api.ready]\ntcp = true");
    let config = config(&[below, above]);
    assert_eq!(
        (config.hosts["a"].address.as_str(), config.hosts["a"].label.as_deref()),
        ("/x", Some("mine"))
    );
    let ready = config.services["api"].ready.as_ref().unwrap();
    assert_eq!((ready.tcp, ready.http.as_deref(), ready.port), (true, None, Some(80)));
}

#[test]
fn a_key_in_another_spelling_is_the_same_key_for_the_layers() {
    let config = config(&[project("[keys]\n\"C-w\" = \"wrap\""), user("[keys]\n\"ctrl-w\" = \"json\"")]);
    assert_eq!(config.keys.len(), 1);
    assert_eq!(config.keys["ctrl-w"], crate::config::schema::Binding::Action("json".to_owned()));
}

#[test]
fn a_service_in_an_environment_lays_its_keys_over_the_service() {
    let text = "[services.api]\nrunbook = \"r\"\nlive = { http = \"/\", port = 80, timeout = \"9s\" }\n[environments.p]\nhosts = [\"/x\"]\n[environments.p.services.api]\nvia = \"container\"\nlive = { tcp = true }";
    let config = config(&[user(text)]);
    let service = config.service("p", "api");
    let live = service.live.unwrap();
    assert_eq!((service.runbook.as_deref(), service.via), (Some("r"), Via::Container));
    assert_eq!(
        (live.http, live.tcp, live.port, live.timeout.to_string()),
        (None, true, Some(80), "9s".to_owned())
    );
    assert_eq!(config.service("q", "api").via, Via::Published);
    assert!(
        one("[environments.p]\nhosts = [\"/x\"]\nservices.api.live = { port = 80 }")
            .starts_with("3:14: environments.p.services.api.live: neither")
    );
    assert!(
        one("[environments.p]\nhosts = [\"/x\"]\nservices.api.lvie = 1").contains("did you mean `live`?")
    );
}

#[test]
fn a_project_cannot_take_a_mask_away_nor_say_who_acts() {
    let config = config(&[
        project("[masks]\nkeys = [\"licence\"]\n[logs]\nmask = [\"a\"]"),
        user("[logs]\nmask = [\"b\"]"),
    ]);
    let standard = Config::default().masks.keys;
    assert_eq!(config.masks.keys, [standard, vec!["licence".to_owned()]].concat());
    assert_eq!(config.logs.mask, ["a", "b"]);
    let found = load_all(&[project("operator = \"root\"")]).unwrap_err().to_string();
    assert!(found.contains("may only stand in your own file"), "{found}");
}

#[test]
fn commands_of_a_project_are_off_until_its_path_and_text_are_trusted() {
    let text = "theme = \"light\"\n[commands.migrate]\nrun = [\"./migrate\"]\nkey = \"ctrl-g\"\n";
    let file = project(text);
    let loaded = load_all(std::slice::from_ref(&file)).unwrap();
    assert!(loaded.config.commands.is_empty());
    assert_eq!(loaded.config.theme, "light");
    let [off] = &loaded.left_off[..] else { panic!("{:?}", loaded.left_off) };
    assert_eq!(
        off.to_string(),
        "/srv/pilothouse.toml:2:11: commands.migrate is off: untrusted; read the file, then run `pilothouse config trust`"
    );
    let mut trusted = TrustList::default();
    trusted.trust(&file.path, text);
    let loaded = load(&[file], &[], &known(), &trusted).unwrap();
    assert_eq!(loaded.config.commands["migrate"].run, ["./migrate"]);
    assert!(loaded.left_off.is_empty());
    let changed = project(&text.replace("./migrate", "./evil"));
    assert!(load(&[changed], &[], &known(), &trusted).unwrap().config.commands.is_empty());
}

#[test]
fn an_untrusted_project_cannot_change_a_command_of_the_user() {
    let mine = user("[commands.x]\nrun = [\"true\"]");
    let theirs = project("[commands.x]\nconfirm = false\nrun = [\"evil\"]");
    let config = config(&[mine, theirs]);
    assert!(config.commands["x"].confirm && config.commands["x"].run == ["true"]);
}

#[test]
fn a_command_does_not_take_a_key_that_means_something() {
    let text = "[commands.a]\nrun = [\"x\"]\nkey = \"q\"";
    assert_eq!(
        one(text),
        "3:7: commands.a.key: `q` already means `quit`; choose another key, or set \"q\" = \"none\" in [keys]"
    );
    assert_eq!(problems(&format!("keys.q = \"none\"\n{text}")), [""; 0]);
}

#[test]
fn environments_keep_the_order_in_which_they_are_written() {
    let text = "[environments.staging]\nhosts = [\"/a\"]\n[environments.local]\nhosts = [\"/b\"]\n[environments.production]\nhosts = [\"/c\"]";
    let config = config(&[user(text)]);
    let names: Vec<_> = config.environments_as_written().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["staging", "local", "production"]);
}

#[test]
fn the_environment_of_the_start_must_exist_or_be_a_docker_context() {
    assert!(
        one("default_environment = \"prod\"\n[environments.production]\nhosts = [\"/x\"]")
            .ends_with("did you mean `production`?")
    );
    assert_eq!(problems("default_environment = \"remote\""), [""; 0]);
}

#[test]
fn it_can_be_told_which_file_set_a_key() {
    let loaded = load_all(&[project("ascii = true"), user("utc = true")]).unwrap();
    assert_eq!(loaded.origins.file_of(&["utc"]), Some("/home/a/config.toml"));
    assert_eq!(loaded.origins.file_of(&["ascii"]), Some("/srv/pilothouse.toml"));
    assert_eq!(loaded.origins.file_of(&["mouse"]), None);
}

#[test]
fn a_huge_file_and_a_deep_one_are_refused_without_harm() {
    assert!(one(&"#".repeat(MAX_FILE_BYTES + 1)).contains("larger than 256 KiB"));
    assert!(!problems(&format!("{}a = 1", "a.".repeat(100_000))).is_empty());
    assert!(!problems(&format!("a = {}", "[".repeat(100_000))).is_empty());
    assert!(!problems(&format!("[{}a]", "a.".repeat(100_000))).is_empty());
}

#[test]
fn nothing_a_terminal_obeys_is_in_a_message() {
    let text = "\"a\\u001b[31m\" = 1\ntheme = \"\\u001b]0;x\\u0007\"\n[environments.\"x\\u009by\"]\n[keys]\n\"\\u202e\" = \"x\\ty\"";
    let all = problems(text);
    assert!(all.len() >= 4, "{all:#?}");
    assert!(all.iter().all(|p| p.chars().all(|c| !c.is_control() && c != '\u{202e}')), "{all:#?}");
}

#[test]
fn an_environment_comes_after_another_one_that_is_there() {
    let after = |name: &str| {
        format!(
            "[environments.staging]\nhosts = [\"/x\"]\n[environments.p]\nhosts = [\"/y\"]\nafter = \"{name}\""
        )
    };
    assert_eq!(problems(&after("staging")), [""; 0]);
    assert_eq!(
        one(&after("stagign")),
        "5:9: environments.p.after: there is no other environment `stagign`; did you mean `staging`?"
    );
    assert!(one(&after("p")).contains("there is no other environment `p`"));
}
