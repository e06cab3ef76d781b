//! How containers are made, made again and removed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{NOBODY, Role, Stage, refusal};
use pilothouse::domain::act::ContainerAct::{Remove, Start, Stop};
use pilothouse::domain::container::State;
use pilothouse::domain::ids::ContainerId;
use pilothouse::domain::spec::{Endpoint, RestartPolicy, Spec};
use pilothouse::ports::lifecycle::By;

super::on_every_engine! {
    what_is_made_waits_to_be_started_and_goes_when_it_ended
    one_is_looked_up_by_all_of_its_name_or_of_its_id
    a_name_in_use_is_refused_and_nothing_is_made
    an_image_that_is_not_there_is_refused
    what_runs_is_not_discarded_and_what_is_gone_is
    a_restart_policy_is_read_back_as_it_was_set
    two_networks_are_joined_before_the_start_each_with_its_aliases
    of_one_that_cannot_join_a_network_nothing_is_left
    aliases_go_and_come_back_while_it_runs
    what_runs_can_be_made_again_from_what_is_read
    every_shape_is_read_back_and_makes_the_same_again
    an_anonymous_volume_goes_over_to_what_is_made_again
    the_image_that_runs_is_known_and_another_is_not
}

/// A container of this stage that stays until it is asked to end.
fn shape(stage: &Stage, more: &Value) -> Spec {
    let mut body = json!({
        "Image": stage.image(),
        "Cmd": ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.05; done"],
        "Labels": {
            "com.docker.compose.project": stage.project,
            "com.docker.compose.service": "steady",
        },
    });
    for (key, value) in more.as_object().unwrap() {
        match (body.get_mut(key), value) {
            (Some(Value::Object(own)), Value::Object(more)) => own.extend(more.clone()),
            _ => body[key] = value.clone(),
        }
    }
    Spec::of_body(body).unwrap()
}

fn name(stage: &Stage, number: usize) -> String {
    format!("{}-made-{number}", stage.project)
}

async fn make(stage: &Stage, number: usize, spec: &Spec) -> ContainerId {
    stage.engine.facts().await.unwrap();
    let made = stage.engine.create(&name(stage, number), spec).await;
    made.unwrap_or_else(|error| panic!("{error}: {:?}", spec.body()))
}

fn sorted(mut endpoints: Vec<Endpoint>) -> Vec<(String, Vec<String>)> {
    endpoints.sort_by(|a, b| a.network.cmp(&b.network));
    endpoints.into_iter().map(|e| (e.network, e.aliases)).collect()
}

async fn what_is_made_waits_to_be_started_and_goes_when_it_ended(stage: &Stage) {
    let id = make(stage, 0, &shape(stage, &json!({}))).await;
    assert_eq!(stage.state(&id).await, Some(State::Created));
    stage.engine.act(&id, Start).await.unwrap();
    assert_eq!(stage.state(&id).await, Some(State::Running));
    stage.engine.act(&id, Stop).await.unwrap();
    assert!(matches!(stage.state(&id).await, Some(State::Exited(_))));
    stage.engine.discard(&id).await.unwrap();
    assert_eq!(stage.state(&id).await, None);
}

async fn one_is_looked_up_by_all_of_its_name_or_of_its_id(stage: &Stage) {
    let spec = shape(stage, &json!({}));
    // The name of the one begins as that of the other, and a point stands for itself.
    let (one, other) = (make(stage, 1, &spec).await, make(stage, 12, &spec).await);
    let dots = name(stage, 1).replace('-', ".");
    let (short, nobody) = (ContainerId::new(other.short()), ContainerId::new("f".repeat(64)));
    for (by, expected) in [
        (By::Name(&name(stage, 1)), Some(&one)),
        (By::Name(&dots), None),
        (By::Id(&other), Some(&other)),
        (By::Id(&short), None),
        (By::Id(&nobody), None),
    ] {
        let found = stage.engine.container(by).await.unwrap().map(|found| found.key.id);
        assert_eq!(found.as_ref(), expected, "{by:?}");
    }
}

async fn a_name_in_use_is_refused_and_nothing_is_made(stage: &Stage) {
    let spec = shape(stage, &json!({}));
    let id = make(stage, 0, &spec).await;
    assert_eq!(refusal(stage.engine.create(&name(stage, 0), &spec).await), Some(409));
    let list = stage.engine.containers().await.unwrap();
    let named = list.iter().filter(|c| *c.name == *name(stage, 0)).map(|c| c.key.id.clone());
    assert_eq!(named.collect::<Vec<_>>(), [id]);
}

async fn an_image_that_is_not_there_is_refused(stage: &Stage) {
    stage.engine.facts().await.unwrap();
    let spec = shape(stage, &json!({})).with_image("pilothouse-test/nobody-made-this:0");
    assert_eq!(refusal(stage.engine.create(&name(stage, 0), &spec).await), Some(404));
}

async fn what_runs_is_not_discarded_and_what_is_gone_is(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    assert_eq!(refusal(stage.engine.discard(&id).await), Some(409));
    assert_eq!(stage.state(&id).await, Some(State::Running));
    stage.engine.act(&id, Remove).await.unwrap();
    stage.engine.discard(&id).await.unwrap();
    stage.engine.discard(&ContainerId::new(NOBODY)).await.unwrap();
}

async fn a_restart_policy_is_read_back_as_it_was_set(stage: &Stage) {
    let id = make(stage, 0, &shape(stage, &json!({}))).await;
    let read = async || stage.engine.spec(&id).await.unwrap().restart();
    assert_eq!(read().await, RestartPolicy { name: "no".to_owned(), most: 0 });
    for (name, most) in [("unless-stopped", 0), ("on-failure", 3), ("always", 0), ("no", 0)] {
        let policy = RestartPolicy { name: name.to_owned(), most };
        stage.engine.set_restart(&id, &policy).await.unwrap();
        assert_eq!(read().await, policy);
    }
    let nobody = stage.engine.set_restart(&ContainerId::new(NOBODY), &read().await).await;
    assert_eq!(refusal(nobody), Some(404));
}

async fn two_networks_are_joined_before_the_start_each_with_its_aliases(stage: &Stage) {
    let (front, back) = (stage.network("front"), stage.network("back"));
    let endpoint = |network: &str, aliases: &[&str]| Endpoint {
        network: network.to_owned(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        ..Endpoint::default()
    };
    let wanted = [endpoint(&front, &["shop", "web"]), endpoint(&back, &["inner"])];
    let spec = shape(stage, &json!({})).with_endpoints(&wanted);
    let id = make(stage, 0, &spec).await;
    assert_eq!(stage.engine.spec(&id).await.unwrap().networks(), wanted);
    stage.engine.act(&id, Start).await.unwrap();
    let running = stage.engine.spec(&id).await.unwrap();
    assert_eq!(running.differences(&spec), []);
}

async fn of_one_that_cannot_join_a_network_nothing_is_left(stage: &Stage) {
    stage.engine.facts().await.unwrap();
    let missing = Endpoint { network: format!("{}-nowhere", stage.project), ..Endpoint::default() };
    let front = Endpoint { network: stage.network("front"), ..Endpoint::default() };
    let spec = shape(stage, &json!({})).with_endpoints(&[front, missing]);
    assert_eq!(refusal(stage.engine.create(&name(stage, 0), &spec).await), Some(404));
    let list = stage.engine.containers().await.unwrap();
    assert!(!list.iter().any(|c| *c.name == *name(stage, 0)));
}

async fn aliases_go_and_come_back_while_it_runs(stage: &Stage) {
    let network = stage.network("front");
    let known = Endpoint { network, aliases: vec!["web".to_owned()], ..Endpoint::default() };
    let bare = Endpoint { aliases: Vec::new(), ..known.clone() };
    let spec = shape(stage, &json!({})).with_endpoints(std::slice::from_ref(&known));
    let id = make(stage, 0, &spec.without_aliases()).await;
    stage.engine.act(&id, Start).await.unwrap();
    for endpoint in [&known, &bare, &known] {
        stage.engine.rejoin(&id, std::slice::from_ref(endpoint)).await.unwrap();
        let now = stage.engine.spec(&id).await.unwrap().networks();
        assert_eq!(sorted(now), sorted(vec![endpoint.clone()]));
    }
    assert_eq!(stage.state(&id).await, Some(State::Running));
}

async fn what_runs_can_be_made_again_from_what_is_read(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let spec = stage.engine.spec(&id).await.unwrap();
    assert_eq!(spec.env().get("COLOUR"), Some(&Some("blue".to_owned())));
    assert_eq!(spec.labels().get("colour").map(String::as_str), Some("blue"));
    let again = make(stage, 0, &spec).await;
    stage.engine.act(&again, Start).await.unwrap();
    let read = stage.engine.spec(&again).await.unwrap();
    assert_eq!(read.differences(&spec), []);
    assert_eq!(read, spec);
    let list = stage.engine.containers().await.unwrap();
    let of = |id: &ContainerId| list.iter().find(|c| c.key.id == *id).unwrap();
    assert_eq!((&of(&again).service, &of(&again).image), (&of(&id).service, &of(&id).image));
    let other = spec.with_labels(&BTreeMap::from([("colour".to_owned(), "red".to_owned())]));
    let told = read.differences(&other);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (told[0].key.as_str(), told[0].here.as_deref(), told[0].there.as_deref()),
        ("label colour", Some("blue"), Some("red"))
    );
}

/// All that people ask of a container.
fn shapes(stage: &Stage) -> Vec<Value> {
    let volume = format!("{}-data", stage.project);
    stage.later(&["volume", "rm", "-f", &volume]);
    let bind = "/usr/share:/srv:ro";
    let host = |host: Value| json!({ "HostConfig": host });
    let ports = json!({
        "1111/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "" }],
        "1112/tcp": [{ "HostPort": "39871" }, { "HostIp": "127.0.0.1", "HostPort": "39872" }],
        "53/udp": [{ "HostIp": "", "HostPort": "39873" }],
    });
    let check = json!({
        "Test": ["CMD-SHELL", "true"], "Interval": 3_000_000_000_u64, "Timeout": 1_000_000_000_u64,
        "StartPeriod": 2_000_000_000_u64, "Retries": 4
    });
    let script = "trap 'exit 0' TERM; while true; do sleep 0.05; done";
    vec![
        json!({}),
        json!({ "Env": ["B=2", "A=1", "EMPTY=", "WITH=a=b"] }),
        json!({ "Entrypoint": ["sh", "-c"], "Cmd": [script] }),
        json!({ "User": "1000:1000", "WorkingDir": "/tmp", "Hostname": "named", "Domainname": "example.test" }),
        host(json!({ "Binds": [bind, format!("{volume}:/data:rw")] })),
        host(json!({ "Mounts": [
            { "Type": "bind", "Source": "/usr/share", "Target": "/srv", "ReadOnly": true },
            { "Type": "volume", "Source": volume, "Target": "/data" },
            { "Type": "tmpfs", "Target": "/scratch", "TmpfsOptions": { "SizeBytes": 65536 } },
        ] })),
        host(json!({ "Tmpfs": { "/run": "size=64k", "/tmp": "" } })),
        json!({ "ExposedPorts": { "9000/tcp": {} }, "HostConfig": { "PortBindings": ports } }),
        host(
            json!({ "Memory": 67_108_864, "MemoryReservation": 33_554_432, "NanoCpus": 500_000_000, "PidsLimit": 64 }),
        ),
        host(json!({ "CpuShares": 512, "CpusetCpus": "0", "OomScoreAdj": 10, "ShmSize": 1_048_576 })),
        json!({ "Healthcheck": check }),
        json!({ "Healthcheck": { "Test": ["NONE"] } }),
        host(
            json!({ "CapAdd": ["NET_ADMIN"], "CapDrop": ["MKNOD", "audit_write"], "SecurityOpt": ["no-new-privileges"] }),
        ),
        host(
            json!({ "ExtraHosts": ["db:10.0.0.1", "a:10.0.0.2"], "Dns": ["10.0.0.3"], "DnsSearch": ["example.test"] }),
        ),
        host(
            json!({ "Ulimits": [{ "Name": "nofile", "Soft": 1024, "Hard": 2048 }], "Sysctls": { "net.core.somaxconn": "128" } }),
        ),
        host(
            json!({ "LogConfig": { "Type": "json-file", "Config": { "max-size": "1m", "max-file": "2" } } }),
        ),
        host(json!({ "RestartPolicy": { "Name": "on-failure", "MaximumRetryCount": 3 } })),
        host(json!({ "RestartPolicy": { "Name": "unless-stopped", "MaximumRetryCount": 0 } })),
        json!({ "StopSignal": "SIGINT", "StopTimeout": 3, "HostConfig": { "Init": true } }),
        json!({ "Tty": true, "OpenStdin": true, "HostConfig": { "ReadonlyRootfs": true, "GroupAdd": ["10"] } }),
        host(json!({ "NetworkMode": "none" })),
        host(json!({ "NetworkMode": "host" })),
    ]
}

async fn every_shape_is_read_back_and_makes_the_same_again(stage: &Stage) {
    for (number, more) in shapes(stage).iter().enumerate() {
        let asked = shape(stage, more);
        let id = make(stage, 2 * number, &asked).await;
        stage.engine.act(&id, Start).await.unwrap_or_else(|error| panic!("{error}: {more}"));
        let read = stage.engine.spec(&id).await.unwrap();
        assert_eq!(asked.differences(&read), [], "{more}");
        let again = make(stage, 2 * number + 1, &read).await;
        let again_read = stage.engine.spec(&again).await.unwrap();
        assert_eq!(again_read, read, "{more}");
        assert_eq!(again_read.differences(&read), [], "{more}");
        // Its ports are free for the next.
        for id in [&id, &again] {
            stage.engine.act(id, Remove).await.unwrap();
        }
    }
}

async fn an_anonymous_volume_goes_over_to_what_is_made_again(stage: &Stage) {
    let id = make(stage, 0, &shape(stage, &json!({ "Volumes": { "/kept": {} } }))).await;
    let read = stage.engine.spec(&id).await.unwrap();
    let again = make(stage, 1, &read).await;
    assert_eq!(stage.engine.spec(&again).await.unwrap(), read);
    let mounts = read.mounts();
    stage.later(&["volume", "rm", "-f", &mounts[0].source]);
    assert!(mounts.len() == 1 && mounts[0].is_anonymous() && mounts[0].source.len() == 64, "{mounts:?}");
}

async fn the_image_that_runs_is_known_and_another_is_not(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let list = stage.engine.containers().await.unwrap();
    let container = list.iter().find(|c| c.key.id == id).unwrap();
    let image = stage.engine.image(stage.image()).await.unwrap().expect("it runs");
    assert_eq!(image.id, container.image_id);
    assert_eq!(image.tags, [stage.image()]);
    assert!(!image.architecture.is_empty() && image.os == "linux" && image.bytes > 0);
    assert_eq!(stage.engine.image(image.id.as_str()).await.unwrap(), Some(image));
    assert_eq!(stage.engine.image("pilothouse-test/nobody-made-this:0").await.unwrap(), None);
}
