//! The usual shapes, word by word, and bodies of hostile services.

use proptest::prelude::*;

use super::*;

/// `name word latency text` of each, one a line.
fn read(body: &str) -> Vec<String> {
    let line = |d: Dependency| {
        let latency = d.latency_ms.map(|ms| format!(" {ms}ms")).unwrap_or_default();
        let text = if d.text.is_empty() { String::new() } else { format!(" ({})", d.text) };
        format!("{} {:?} {}{latency}{text}", d.name, d.mood, d.word)
    };
    dependencies(body.as_bytes()).into_iter().map(line).collect()
}

#[test]
fn every_usual_shape_is_understood() {
    let cases: &[(&str, &[&str])] = &[
        (
            r#"{"status":"unavailable","version":"1.4.0","checks":{
                "database":{"status":"timeout","latency_ms":1003,"error":"store timeout after 1000 ms"},
                "cache":{"status":"ok","latency_ms":0}}}"#,
            &["cache Ok ok 0ms", "database Bad timeout 1003ms (store timeout after 1000 ms)"],
        ),
        (r#"{"checks":{"database":"ok","cache":"DOWN"}}"#, &["cache Bad down", "database Ok ok"]),
        (r#"{"checks":{"database":true,"cache":false}}"#, &["cache Bad failed", "database Ok ok"]),
        (
            r#"{"checks":[{"name":"database","status":"UP"},{"name":"queue","status":"DOWN","error":"refused"},7]}"#,
            &["database Ok up", "queue Bad down (refused)"],
        ),
        // MicroProfile.
        (
            r#"{"status":"DOWN","checks":[{"name":"db","status":"DOWN","data":{"error":"no route"}}]}"#,
            &["db Bad down (no route)"],
        ),
        // Spring Boot actuator.
        (
            r#"{"status":"DOWN","components":{"db":{"status":"DOWN","details":{"error":"Connection refused"}},
                "diskSpace":{"status":"UP","details":{"total":1,"free":1}},
                "binders":{"status":"UP","components":{"kafka":{"status":"UP"}}}}}"#,
            &["binders/kafka Ok up", "db Bad down (Connection refused)", "diskSpace Ok up"],
        ),
        // Spring Boot 2.1 and before.
        (r#"{"status":"UP","details":{"redis":{"status":"UP"}}}"#, &["redis Ok up"]),
        // ASP.NET with the UI's writer.
        (
            r#"{"status":"Unhealthy","totalDuration":"00:00:05.0012345","entries":{"sql":{"data":{},
                "description":"timeout expired","duration":"00:00:05.0010000","status":"Unhealthy","tags":[]}}}"#,
            &["sql Bad unhealthy 5001ms (timeout expired)"],
        ),
        (
            r#"{"Status":"Degraded","Results":{"sql":{"Status":"Degraded","Description":"slow"}}}"#,
            &["sql Warn degraded (slow)"],
        ),
        (r#"{"entries":{"a":{"status":2},"b":{"status":0}}}"#, &["a Ok healthy", "b Bad unhealthy"]),
        // IETF health+json.
        (
            r#"{"status":"fail","checks":{"cassandra:responseTime":[
                {"componentId":"x","observedValue":250,"observedUnit":"ms","status":"pass"},
                {"observedValue":9,"observedUnit":"s","status":"fail","output":"too slow"}],
                "uptime":[{"observedValue":12.5,"observedUnit":"s","status":"pass"}]}}"#,
            &["cassandra Bad fail 9000ms (too slow)", "uptime Ok pass"],
        ),
        // NestJS terminus: an error alone and beside what is well.
        (
            r#"{"status":"error","info":{"cache":{"status":"up"}},"error":{"db":{"status":"down","message":"gone"}},
                "details":{"cache":{"status":"up"},"db":{"status":"down","message":"gone"}}}"#,
            &["cache Ok up", "db Bad down (gone)"],
        ),
        // Flat.
        (r#"{"database":true,"cache":false}"#, &["cache Bad failed", "database Ok ok"]),
        (r#"{"status":"ok","database":"ok","version":"1","uptime":12,"region":"eu"}"#, &["database Ok ok"]),
        (r#"{"dependencies":{"s3":{"healthy":true,"responseTime":12.5}}}"#, &["s3 Ok ok 12.5ms"]),
        (r#"{"checks":{"db":{"latency":"1.5s","status":"slow"}}}"#, &["db Warn slow 1500ms"]),
        (r#"{"checks":{"db":{"error":"refused"}}}"#, &["db Bad error (refused)"]),
        (r#"{"checks":{"db":{"status":"wobbly"}}}"#, &["db Unknown wobbly"]),
        (r#"{"checks":{"db":{"status":503}}}"#, &["db Bad 503"]),
    ];
    for (body, expected) in cases {
        let mut found = read(body);
        found.sort();
        assert_eq!(&found, expected, "{body}");
    }
}

#[test]
fn what_says_nothing_of_dependencies_gives_none() {
    for body in [
        "",
        "ok",
        "[]",
        "{}",
        "null",
        r#"{"status":"ok"}"#,
        r#"{"checks":7}"#,
        r#"{"checks":{"a":{}}}"#,
        r#"{"a":1,"b":[1],"c":{"d":{}}}"#,
        "{\"checks\":{\"db\":",
    ] {
        assert_eq!(read(body), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn a_hostile_body_is_bounded() {
    let many: Vec<_> = (0..5000).map(|n| format!("\"d{n}\":\"down\"")).collect();
    assert_eq!(dependencies(format!("{{\"checks\":{{{}}}}}", many.join(",")).as_bytes()).len(), MOST);
    assert_eq!(dependencies(format!("{{{}}}", many.join(",")).as_bytes()).len(), MOST);
    let long = "x".repeat(100_000);
    let body =
        format!(r#"{{"checks":{{"{long}":{{"status":"{long}","error":"{long}","latency_ms":1e999}}}}}}"#);
    assert!(dependencies(body.as_bytes()).iter().all(|d| d.name.len() + d.word.len() + d.text.len() < 400));
    let deep = format!("{}1{}", "{\"components\":{\"a\":".repeat(5000), "}}".repeat(5000));
    assert_eq!(dependencies(deep.as_bytes()).len(), 0);
    let tall = format!("{}{{\"status\":\"UP\"}}{}", "{\"components\":{\"a\":".repeat(20), "}}".repeat(20));
    assert!(dependencies(tall.as_bytes()).len() <= 1);
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "ok|down|UP|fail|.{0,8}".prop_map(Value::from),
    ];
    let key = "checks|components|entries|details|status|name|latency_ms|duration|error|observedValue|.{0,4}";
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_gives_bounded_dependencies_with_sane_figures(value in json()) {
        let found = dependencies(value.to_string().as_bytes());
        prop_assert!(found.len() <= MOST);
        for dependency in found {
            prop_assert!(dependency.name.chars().count() <= NAME_CHARS);
            prop_assert!(dependency.latency_ms.is_none_or(|ms| ms.is_finite() && ms >= 0.0));
        }
    }

    #[test]
    fn any_bytes_are_survived(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(dependencies(&body).len() <= MOST);
    }

    #[test]
    fn a_bad_dependency_is_seen_in_every_shape(name in "[a-z]{3,9}", word in "down|DOWN|fail|error|timeout|Unhealthy") {
        for body in [
            serde_json::json!({"checks": {&name: {"status": &word}}}),
            serde_json::json!({"checks": {&name: &word}}),
            serde_json::json!({"checks": [{"name": &name, "status": &word}]}),
            serde_json::json!({"status": "DOWN", "components": {&name: {"status": &word}}}),
            serde_json::json!({"entries": {&name: {"status": &word}}}),
            serde_json::json!({"checks": {format!("{name}:responseTime"): [{"status": &word}]}}),
        ] {
            let found = dependencies(body.to_string().as_bytes());
            prop_assert_eq!(found.len(), 1, "{}", body);
            prop_assert_eq!((&found[0].name, found[0].mood), (&name, Mood::Bad), "{}", body);
        }
    }
}

#[test]
fn a_health_check_that_prints_the_answer_is_read_too() {
    let told = |output: &str| in_output(output).into_iter().map(|d| (d.name, d.mood)).collect::<Vec<_>>();
    let database = |mood| vec![("database".to_owned(), mood)];
    assert_eq!(told(r#"{"checks":{"database":{"status":"ok"}}}"#), database(Mood::Ok));
    let curl = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\r\n{\"checks\":{\"database\":\"down\"}}\n";
    assert_eq!(told(curl), database(Mood::Bad));
    assert_eq!(told("GET {path} 503: {\"database\": false} (gave up)"), database(Mood::Bad));
    assert!(told("all well").is_empty() && told("}{").is_empty() && told("{\"checks\":{\"datab").is_empty());
}
