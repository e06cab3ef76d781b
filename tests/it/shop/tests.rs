//! What the shop promises: it opens and closes without a trace, and breaks as it is told.

use std::time::Duration;

use super::Shop;

const SOON: Duration = Duration::from_secs(30);

#[test]
fn the_shop_opens_twice_the_same_and_closes_without_a_trace() {
    let Some(shop) = Shop::open() else { return };
    let ids = || {
        let mut ids: Vec<_> =
            shop.labelled("/containers/json?all=1&").iter().map(|c| c["Id"].to_string()).collect();
        ids.sort();
        ids
    };
    let first = ids();
    assert_eq!(first.len(), 6);
    shop.run("up", &[]);
    assert_eq!(ids(), first, "a second up leaves every container alone");
    assert_eq!(shop.labelled("/images/json?").len(), 5);

    let api = shop.inspect("api-1");
    let labels = &api["Config"]["Labels"];
    assert_eq!(labels["com.docker.compose.service"], "api");
    assert_eq!(labels["com.docker.compose.project"], shop.project.as_str());
    assert_eq!(labels["org.opencontainers.image.version"], "1.4.0");
    assert_eq!(shop.inspect("api-2")["Config"]["Labels"]["org.opencontainers.image.version"], "1.3.0");
    let port = &shop.inspect("web-1")["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostIp"];
    assert_eq!(port, "127.0.0.1", "nothing is published beyond this machine");

    shop.run("down", &[]);
    for list in ["/containers/json?all=1&", "/networks?", "/volumes?", "/images/json?"] {
        assert_eq!(shop.labelled(list), Vec::<serde_json::Value>::new(), "{list}");
    }
}

#[test]
fn a_slow_store_takes_readiness_from_api_and_ids_pass_through() {
    let Some(shop) = Shop::open() else { return };
    shop.until("api-1", "healthy", SOON, |seen| seen["State"]["Health"]["Status"] == "healthy");
    shop.run("break", &["store", "slow"]);
    shop.until("api-1", "unhealthy", SOON, |seen| seen["State"]["Health"]["Status"] == "unhealthy");
    let checks = shop.inspect("api-1")["State"]["Health"]["Log"].to_string();
    assert!(checks.contains(r#"\"database\":{\"status\":\"timeout\""#), "{checks}");

    let worker = shop.log("worker-1");
    let id = worker
        .rsplit("request_id=")
        .find_map(|rest| rest.get(..16))
        .expect("the worker has visited")
        .to_owned();
    let passed =
        |service: &str| [1, 2].iter().any(|number| shop.log(&format!("{service}-{number}")).contains(&id));
    assert!(passed("web") && passed("api"), "{id} is lost between worker and api");

    shop.run("break", &["all", "ok"]);
    shop.until("api-1", "healthy again", SOON, |seen| seen["State"]["Health"]["Status"] == "healthy");
}

#[test]
fn a_starved_api_restarts_again_and_again_until_it_is_mended() {
    let Some(shop) = Shop::open() else { return };
    shop.run("break", &["api", "oom", "1"]);
    shop.until("api-1", "in a restart loop", SOON, |seen| seen["RestartCount"].as_u64() >= Some(2));
    // The state between two restarts: killed by the kernel, said so by the engine.
    shop.until("api-1", "killed for its memory", SOON, |seen| {
        seen["State"]["OOMKilled"] == true && seen["State"]["ExitCode"] == 137
    });
    assert_eq!(shop.inspect("api-2")["RestartCount"], 0, "only the replica that was named");
    shop.run("break", &["api", "ok"]);
    shop.until("api-1", "healthy again", SOON, |seen| seen["State"]["Health"]["Status"] == "healthy");
}

#[test]
fn scripts_refuse_what_they_do_not_know() {
    // Nothing is opened: the words are checked first.
    let closed = Shop { project: format!("shop-test-none-{}", std::process::id()) };
    for (script, arguments) in [
        ("break", &["store", "explode"][..]),
        ("break", &["kitchen", "slow"]),
        ("break", &["store"]),
        ("up", &["--now"]),
        ("down", &["all"]),
    ] {
        let output = closed.output(script, arguments);
        assert!(!output.status.success(), "{script} {arguments:?} must fail");
        assert!(!output.stderr.is_empty(), "{script} {arguments:?} must say why");
    }
    std::mem::forget(closed);
}
