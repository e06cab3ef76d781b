//! Compose files: what is read of them, and what is refused.

use super::*;

fn source<'a>(
    files: &[&str],
    variables: &[(&str, &str)],
    read: &'a dyn Fn(&str) -> Result<String, String>,
) -> Source<'a> {
    let files = files.iter().enumerate();
    Source {
        files: files.map(|(n, text)| File { name: format!("{n}.yml"), text: (*text).to_owned() }).collect(),
        directory: "/app".to_owned(),
        project: "shop".to_owned(),
        separator: '_',
        variables: variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        read,
    }
}

fn nothing(path: &str) -> Result<String, String> {
    Err(format!("no file {path}"))
}

fn project(files: &[&str]) -> Project {
    super::read(&source(files, &[], &nothing)).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn faults(text: &str) -> Vec<String> {
    let problems = super::read(&source(&[text], &[], &nothing)).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

fn web(text: &str) -> Service {
    project(&[&format!("services:\n  web:\n    image: i\n{text}")]).services["web"].clone()
}

fn env(service: &Service) -> Vec<(String, Option<String>)> {
    service.base.env().into_iter().collect()
}

#[test]
fn a_key_that_is_not_supported_is_named_with_its_line() {
    let said = faults("services:\n  web:\n    image: i\n    gpus: all\n    enviroment: {A: 1}\n");
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("0.yml:4:5: `gpus` of service `web` is not supported"), "{said:?}");
    assert!(said[1].starts_with("0.yml:5:5: `enviroment`") && said[1].contains("`environment`"), "{said:?}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let said = faults(
        "services:\n  a:\n    image: i\n    mem_limit: much\n    ports: [x]\n    volumes: ['nowhere:/x']\n  b: {command: x}\n\
         \x20 c: {image: i, depends_on: [aa]}\nother: 1\n",
    );
    assert!(said.len() == 1 && said[0].starts_with("0.yml:9:1: `other` is not understood"), "{said:?}");
    let said = faults(
        "services:\n  a:\n    image: i\n    mem_limit: much\n    ports: [x]\n    volumes: ['nowhere:/x']\n  b: {command: x}\n",
    );
    let lines: Vec<_> = said.iter().map(|said| said.split(':').nth(1).unwrap().to_owned()).collect();
    assert_eq!(lines, ["4", "5", "6", "7"], "{said:?}");
}

#[test]
fn what_has_no_effect_is_listed() {
    let project = project(&[
        "version: '3'\nx-a: 1\nservices:\n  web: {image: i, platform: linux/amd64, deploy: {mode: global}}\n",
    ]);
    let told: Vec<_> = project.without_effect.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 4, "{told:?}");
}

#[test]
fn variables_are_put_in_place() {
    let text = "services:\n  web:\n    image: \"web:${TAG:-1}\"\n    environment:\n      A: ${A}\n      B: ${NONE-x}\n      C: $${A}\n      D: $A-$NONE.\n      E: ${EMPTY:-y}\n      F: ${EMPTY-y}\n";
    let variables = [("A", "1"), ("EMPTY", "")];
    let project = super::read(&source(&[text], &variables, &nothing)).unwrap();
    let service = &project.services["web"];
    assert_eq!(service.base.image(), "web:1");
    let values: Vec<_> = env(service).into_iter().filter_map(|(_, value)| value).collect();
    assert_eq!(values, ["1", "x", "${A}", "1-.", "y", ""]);
}

#[test]
fn a_variable_that_is_required_and_one_that_is_no_name_are_errors() {
    let said = faults("services:\n  web:\n    image: ${TAG:?say which}\n    command: a $ b\n");
    assert!(said[0].starts_with("0.yml:3:5: the variable TAG is not set: say which"), "{said:?}");
    assert!(said[1].contains("write `$$`"), "{said:?}");
}

#[test]
fn a_file_over_another_merges_as_compose_does() {
    let base = "services:\n  web:\n    image: a\n    command: one\n    environment: [A=1, B=2]\n    ports: ['80:80']\n    volumes: ['/a:/x', '/b:/y']\n    dns: 1.1.1.1\n    cap_add: [A]\n";
    let over = "services:\n  web:\n    image: b\n    environment: {B: '3'}\n    ports: ['80:80', '81:81']\n    volumes: ['/c:/x']\n    dns: [2.2.2.2]\n    cap_add: [B, A]\n";
    let web = &project(&[base, over]).services["web"];
    assert_eq!((web.base.image(), web.base.published().len()), ("b", 2));
    assert_eq!(env(web), [("A".to_owned(), Some("1".to_owned())), ("B".to_owned(), Some("3".to_owned()))]);
    let mounts: Vec<_> = web.base.mounts().into_iter().map(|m| m.source).collect();
    assert_eq!(mounts, ["/c", "/b"]);
    let body = web.base.body();
    assert_eq!(body["HostConfig"]["Dns"], serde_json::json!(["1.1.1.1", "2.2.2.2"]));
    assert_eq!(body["HostConfig"]["CapAdd"], serde_json::json!(["CAP_A", "CAP_B"]));
    assert_eq!(body["Cmd"], serde_json::json!(["one"]));
}

#[test]
fn a_service_extends_another_and_none_itself() {
    let read = |path: &str| match path {
        "/app/common/base.yml" => {
            Ok("services:\n  b: {image: c, volumes: ['./d:/d'], environment: {A: 1}}\n".to_owned())
        }
        other => nothing(other),
    };
    let text = "services:\n  web: {extends: {file: common/base.yml, service: b}, environment: {B: 2}}\n";
    let project = super::read(&source(&[text], &[], &read)).unwrap();
    let web = &project.services["web"];
    assert_eq!((web.base.image(), env(web).len()), ("c", 2));
    assert_eq!(web.base.mounts()[0].source, "/app/common/d");
    let said = faults("services:\n  a: {image: i, extends: b}\n  b: {extends: {service: a}}\n");
    assert!(said.iter().all(|said| said.contains("extends itself")), "{said:?}");
}

#[test]
fn a_file_of_variables_is_read_and_its_values_never_shown() {
    let text = "A=1\n# no\nexport B='two $A'\nC=\"${A}\\n\" \nD=x # y\nALONE\n";
    let read = env_file::parse(text, &BTreeMap::new()).unwrap();
    let values: Vec<_> = read.iter().map(|(_, value)| value.as_deref()).collect();
    assert_eq!(values, [Some("1"), Some("two $A"), Some("1\n"), Some("x"), None]);
    let fault = env_file::parse("A=1\nB=\"s3cret\n", &BTreeMap::new()).unwrap_err();
    assert_eq!(fault, "line 2: B: its quotes do not end");
}

#[test]
fn what_is_waited_for_and_how_many_there_are_is_told() {
    let project = project(&[
        "services:\n  web: {image: i, scale: 3, profiles: [a], depends_on: {db: {condition: service_healthy}}}\n  db: {image: i, container_name: the-db}\n",
    ]);
    let (web, db) = (&project.services["web"], &project.services["db"]);
    assert_eq!((web.replicas, web.depends_on["db"]), (3, Condition::Healthy));
    assert_eq!((web.name(2), db.name(1)), ("shop_web_2".to_owned(), "the-db".to_owned()));
    assert!(
        !web.is_in(&BTreeSet::new())
            && web.is_in(&BTreeSet::from(["a".to_owned()]))
            && db.is_in(&BTreeSet::new())
    );
    assert_eq!(web.spec(2).labels()["com.docker.compose.container-number"], "2");
}

#[test]
fn lines_of_commands_are_parted_as_a_shell_does() {
    let words = |line: &str| web(&format!("    command: {line}\n")).base.body()["Cmd"].clone();
    assert_eq!(words("sh -c \"echo 'a b'  $$X\" ''"), serde_json::json!(["sh", "-c", "echo 'a b'  $X", ""]));
    assert_eq!(words("[a, 'b c']"), serde_json::json!(["a", "b c"]));
    assert!(values::words("a 'b").is_none());
}

#[test]
fn a_hostile_file_is_an_error_and_shows_nothing_a_terminal_obeys() {
    let said = faults("services:\n  \"\\e[31mx\": {image: i, \"\\a\": 1}\n");
    assert!(said.iter().all(|said| !said.chars().any(char::is_control)), "{said:?}");
    assert!(super::read(&source(&["[[["], &[], &nothing)).is_err());
    assert!(super::read(&source(&[""], &[], &nothing)).is_err());
}
