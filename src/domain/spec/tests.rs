//! Specifications: read from what runs, changed, compared.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

fn container(config: &Value, host: &Value, networks: &Value) -> Value {
    let mut whole = json!({
        "Id": "484a963ece8cd9c177ae86f7f8c06de4a92ed693a59bc01bab116f7c03a5a7bb",
        "Config": { "Image": "shop/web:1", "Hostname": "484a963ece8c" },
        "HostConfig": { "NetworkMode": "default" },
        "NetworkSettings": { "Networks": networks },
    });
    for (key, part) in [("Config", config), ("HostConfig", host)] {
        for (name, value) in part.as_object().unwrap() {
            whole[key][name] = value.clone();
        }
    }
    whole
}

fn image() -> Value {
    json!({ "Config": {
        "Env": ["PATH=/bin", "LEVEL=info"], "Cmd": ["serve"], "Entrypoint": ["/app"], "User": "app",
        "Labels": { "version": "1" }, "ExposedPorts": { "80/tcp": {} }, "WorkingDir": "/srv",
        "Healthcheck": { "Test": ["CMD", "/check"], "Interval": 5_000_000_000_u64 },
    } })
}

fn read(config: &Value) -> Spec {
    let mut theirs = image()["Config"].clone();
    for (key, value) in config.as_object().unwrap() {
        theirs[key] = value.clone();
    }
    Spec::of_running(&container(&theirs, &json!({}), &json!({ "bridge": {} })), Some(&image())).unwrap()
}

#[test]
fn what_the_image_brings_is_not_the_containers() {
    assert_eq!(read(&json!({})).body(), json!({ "Image": "shop/web:1" }));
}

#[test]
fn what_was_asked_for_stays() {
    let spec = read(&json!({
        "Env": ["PATH=/bin", "LEVEL=debug"], "Cmd": ["work"], "Labels": { "version": "1", "own": "x" },
        "Healthcheck": { "Test": ["CMD", "/check"], "Interval": 9_000_000_000_u64 },
    }));
    let body = json!({
        "Image": "shop/web:1", "Env": ["LEVEL=debug"], "Cmd": ["work"], "Labels": { "own": "x" },
        "Healthcheck": { "Interval": 9_000_000_000_u64 },
    });
    assert_eq!(spec.body(), body);
    assert_eq!(spec.with_image("shop/web:2").image(), "shop/web:2");
}

#[test]
fn a_command_is_inherited_with_its_entrypoint_only() {
    let other = read(&json!({ "Entrypoint": ["sh"], "Cmd": ["serve"] })).body();
    assert_eq!((&other["Entrypoint"], &other["Cmd"]), (&json!(["sh"]), &json!(["serve"])));
    let without = read(&json!({ "Cmd": null })).body();
    assert_eq!((&without["Entrypoint"], without.get("Cmd")), (&json!(["/app"]), None));
    let none = read(&json!({ "Entrypoint": null, "Cmd": ["serve"] })).body();
    assert_eq!((&none["Entrypoint"], &none["Cmd"]), (&json!([""]), &json!(["serve"])));
}

#[test]
fn of_a_network_only_what_was_asked_is_kept() {
    let networks = json!({
        "p_default": { "Aliases": ["web", "484a963ece8c"], "NetworkID": "aa", "IPAddress": "10.0.0.2", "MacAddress": "02:42" },
        "other": { "IPAMConfig": { "IPv4Address": "10.1.0.9" }, "Links": null },
    });
    let host = json!({ "NetworkMode": "p_default", "Links": ["/db:/web/data"] });
    let spec = Spec::of_running(&container(&json!({}), &host, &networks), None).unwrap();
    let names: Vec<_> = spec.networks().into_iter().map(|e| (e.network, e.aliases)).collect();
    assert_eq!(names, [("p_default".to_owned(), vec!["web".to_owned()]), ("other".to_owned(), vec![])]);
    assert_eq!(
        spec.body()["NetworkingConfig"]["EndpointsConfig"]["other"],
        json!({ "IPAMConfig": { "IPv4Address": "10.1.0.9" } })
    );
    assert_eq!(spec.body()["HostConfig"]["Links"], json!(["db:data"]));
    let (body, further) = spec.asked();
    assert_eq!(body["NetworkingConfig"]["EndpointsConfig"], json!({ "p_default": { "Aliases": ["web"] } }));
    assert_eq!(further.len(), 1);
}

#[test]
fn a_network_told_by_its_id_is_asked_for_by_its_name() {
    let networks = json!({ "shop": { "NetworkID": "aabbcc" } });
    let spec =
        Spec::of_running(&container(&json!({}), &json!({ "NetworkMode": "aabb" }), &networks), None).unwrap();
    assert_eq!(spec.network_mode(), "shop");
}

#[test]
fn a_key_nobody_knows_stays_as_it_is() {
    let host = json!({ "FutureLimit": { "A": 0 }, "Init": false, "MemorySwappiness": 0 });
    let spec = Spec::of_running(&container(&json!({ "Novel": [1] }), &host, &json!({})), None).unwrap();
    assert_eq!((&spec.body()["Novel"], &spec.body()["HostConfig"]), (&json!([1]), &host));
}

#[test]
fn a_secret_differs_without_being_shown() {
    let spec = |env: [&str; 3]| Spec::of_body(json!({ "Image": "i", "Env": env })).unwrap();
    let here = spec(["DB_PASSWORD=one", "URL=postgres://u:one@db/x", "LEVEL=info"]);
    let there = spec(["DB_PASSWORD=two", "URL=postgres://u:two@db/x", "LEVEL=debug"]);
    let told = here.differences(&there);
    let keys: Vec<_> = told.iter().map(|d| d.key.as_str()).collect();
    assert_eq!(keys, ["env DB_PASSWORD", "env LEVEL", "env URL"]);
    let text = format!("{told:?}");
    assert!(!text.contains("one") && !text.contains("two") && text.contains("debug"), "{text}");
    let all = here.differences_hiding(&there, &|_| true);
    assert!(!format!("{all:?}").contains("debug"));
}

#[test]
fn what_an_engine_fills_in_is_no_difference() {
    let spec = |host: Value| Spec::of_body(json!({ "Image": "i", "HostConfig": host })).unwrap();
    let asked = spec(json!({ "Memory": 1000 }));
    let filled = spec(json!({
        "Memory": 1000, "MemorySwap": -1, "CgroupnsMode": "host", "LogConfig": { "Type": "local", "Config": {} }
    }));
    assert_eq!(asked.differences(&filled), []);
    let keys: Vec<_> =
        asked.differences(&spec(json!({ "Memory": 2000 }))).into_iter().map(|d| d.key).collect();
    assert_eq!(keys, ["HostConfig.Memory"]);
}

#[test]
fn ports_and_mounts_are_told_as_values() {
    let body = json!({ "Image": "i", "HostConfig": {
        "Binds": ["/etc/a:/a:ro,z", "data:/data:rw"],
        "PortBindings": { "80/tcp": [{ "HostIp": "", "HostPort": "8080" }], "53/udp": [{ "HostIp": "127.0.0.1", "HostPort": "" }] },
    } });
    let spec = Spec::of_body(body).unwrap();
    let mounts: Vec<_> =
        spec.mounts().into_iter().map(|m| (m.target, m.source, m.is_read_only, m.options)).collect();
    let told = |target: &str, source: &str, ro, options: &str| {
        (target.to_owned(), source.to_owned(), ro, options.to_owned())
    };
    assert_eq!(mounts, [told("/a", "/etc/a", true, "z"), told("/data", "data", false, "")]);
    let ports: Vec<_> =
        spec.published().into_iter().map(|p| (p.inside, p.protocol, p.address, p.port)).collect();
    assert_eq!(ports[0], (53, "udp".to_owned(), "127.0.0.1".to_owned(), None));
    assert_eq!(ports[1], (80, "tcp".to_owned(), String::new(), Some(8080)));
    assert_eq!(spec.exposed().len(), 2);
}

#[test]
fn variables_and_labels_are_replaced_one_by_one() {
    let spec = Spec::of_body(json!({ "Image": "i", "Labels": { "a": "1", "b": "2" } })).unwrap();
    let labelled = spec.with_labels(&BTreeMap::from([("b".to_owned(), "3".to_owned())]));
    assert_eq!(labelled.body()["Labels"], json!({ "a": "1", "b": "3" }));
    let env = BTreeMap::from([("A".to_owned(), Some("1".to_owned())), ("GONE".to_owned(), None)]);
    assert_eq!(spec.with_env(&env).env(), env);
    assert_eq!(spec.with_restart(&RestartPolicy { name: "no".to_owned(), most: 0 }), spec);
}
