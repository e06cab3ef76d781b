//! HAProxy, driven through the engine alone.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use pilothouse::adapters::balancer::haproxy::{HaProxy, house};
use pilothouse::adapters::balancer::shell::InContainer;
use pilothouse::adapters::docker::DockerEngine;
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::HostId;
use pilothouse::domain::traffic::{Check, Front, Slot, Split, Stick};
use pilothouse::ports::balancer::{Balancer, BalancerError, Fence};

use super::image;
use crate::engine::{self, Project, docker};
use crate::load::service::{self, Make};

/// A service of two releases behind a balancer: `one` in blue, `two` not behind it yet.
pub(super) struct Stage {
    project: Project,
    pub(super) proxy: String,
    address: String,
    one: (String, String),
    pub(super) two: (String, String),
    _files: tempfile::TempDir,
}

pub(super) fn green(share: u16) -> Split {
    Split::to(Slot::Green, share).unwrap()
}

pub(super) fn fence(epoch: u32) -> Fence {
    Fence { epoch, by: format!("deployment-{epoch}") }
}

impl Stage {
    pub(super) fn open() -> Option<Self> {
        Self::open_with(|_| {})
    }

    fn open_with(change: impl FnOnce(&mut Front)) -> Option<Self> {
        if !engine::is_there() {
            return None;
        }
        let project = Project::new();
        let network = project.network("front");
        let address = |name: &str| {
            docker(&["inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name])
        };
        let replica = |version: &str| {
            let name = format!("{}-web-{version}", project.name);
            let label = format!("com.docker.compose.project={}", project.name);
            let image = service::image(version, Make::Good);
            docker(&["run", "-d", "--name", &name, "--label", &label, "--network", &network, &image]);
            let at = format!("{}:8080", address(&name));
            (name, at)
        };
        let (one, two) = (replica("1"), replica("2"));
        let proxy = format!("{}-front", project.name);
        let mut front = Front {
            proxy: proxy.clone(),
            image: image::haproxy(),
            network: network.clone(),
            listen: None,
            port: 8080,
            check: Some("/health".to_owned()),
            stick: Stick::None,
            preview: Some("x-slot".to_owned()),
        };
        change(&mut front);
        let house = house(&front, Slot::Blue, std::slice::from_ref(&one)).unwrap();
        let files = tempfile::tempdir().unwrap();
        for (path, bytes) in &house.files {
            std::fs::write(files.path().join(path), bytes).unwrap();
        }
        let label = format!("com.docker.compose.project={}", project.name);
        let mount = format!("{}:{}", files.path().display(), house.inside);
        let program = "exec haproxy -W -db -f /cfg/haproxy.cfg";
        docker(&[
            "run",
            "-d",
            "--name",
            &proxy,
            "--label",
            &label,
            "--label",
            "pilothouse.environment=here",
            "--label",
            "pilothouse.front=web",
            "--network",
            &network,
            "-v",
            &mount,
            &front.image,
            "sh",
            "-c",
            program,
        ]);
        let address = address(&proxy);
        Some(Self { project, proxy, address, one, two, _files: files })
    }

    /// As another operator has it: nothing is shared but the container.
    fn balancer(&self) -> HaProxy {
        let address = Address::parse(&format!("unix://{}", engine::SOCKET));
        let engine = Arc::new(DockerEngine::new(HostId::new("here"), &address));
        let shell = Arc::new(InContainer { engine, name: self.proxy.clone() });
        HaProxy { proxy: self.proxy.clone(), shell }
    }

    /// Waits until the first server passed its check.
    pub(super) async fn ready(&self) -> HaProxy {
        let balancer = self.balancer();
        let look = async {
            loop {
                let route = balancer.observe().await;
                if route.is_ok_and(|route| route.flow.is_able(Slot::Blue)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), look)
            .await
            .unwrap_or_else(|_| panic!("{}", docker(&["logs", &self.proxy])));
        balancer
    }

    /// Which version answers a request with these headers: one connection, never asked twice.
    pub(super) fn ask(&self, headers: &str) -> Result<String, String> {
        let text = |error: std::io::Error| error.to_string();
        let mut stream = TcpStream::connect((self.address.as_str(), 8080)).map_err(text)?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).map_err(text)?;
        let request = format!("GET /health HTTP/1.0\r\nhost: web\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).map_err(text)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(text)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("half an answer")?;
        if !head.contains(" 200 ") {
            return Err(head.lines().next().unwrap_or_default().to_owned());
        }
        let body: serde_json::Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        Ok(body["version"].as_str().unwrap_or_default().to_owned())
    }

    fn asked(&self, times: usize) -> BTreeMap<String, usize> {
        let mut versions = BTreeMap::new();
        for _ in 0..times {
            *versions.entry(self.ask("").unwrap()).or_default() += 1;
        }
        versions
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_gets_nothing_until_it_has_a_server_and_then_what_it_is_given() {
    let Some(stage) = Stage::open() else { return };
    let balancer = stage.ready().await;
    let refused = balancer.set_split(green(5_000), &[green(0)], &fence(1)).await;
    assert!(matches!(refused, Err(BalancerError::NotHealthy { slot: Slot::Green, .. })), "{refused:?}");

    let (name, address) = &stage.two;
    balancer.add(Slot::Green, name, address, 20, &fence(1)).await.unwrap();
    balancer.add(Slot::Green, name, address, 20, &fence(1)).await.unwrap();
    assert_eq!(stage.asked(50).into_iter().collect::<Vec<_>>(), [("1".to_owned(), 50)]);
    assert_eq!(stage.ask("x-slot: green\r\n").unwrap(), "2", "it can be tried before");

    let route = balancer.set_split(green(2_500), &[green(0)], &fence(1)).await.unwrap();
    assert_eq!((route.kept, route.epoch, route.by.as_str()), (green(2_500), 1, "deployment-1"));
    let got = stage.asked(1_000);
    assert!((180..=320).contains(&got["2"]), "{got:?}");
    assert!(route.flow.counters(Slot::Blue).requests > 0);

    balancer.set_split(green(10_000), &[], &fence(1)).await.unwrap();
    assert_eq!(stage.asked(50).into_iter().collect::<Vec<_>>(), [("2".to_owned(), 50)]);
    let last = balancer.remove(Slot::Green, name, 1, &fence(1)).await;
    assert!(matches!(last, Err(BalancerError::Rejected { .. })), "the last one stays: {last:?}");
    assert_eq!(balancer.remove(Slot::Blue, &stage.one.0, 1, &fence(1)).await, Ok(0));
    assert_eq!(balancer.remove(Slot::Blue, &stage.one.0, 1, &fence(1)).await, Ok(0), "gone is as good");
    assert_eq!(stage.ask("").unwrap(), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_survives_the_balancers_death() {
    let Some(stage) = Stage::open() else { return };
    let balancer = stage.ready().await;
    let (name, address) = &stage.two;
    balancer.add(Slot::Green, name, address, 20, &fence(1)).await.unwrap();
    balancer.set_split(green(10_000), &[green(0)], &fence(1)).await.unwrap();
    stage.project.docker(&["kill", "-s", "KILL", &stage.proxy]);
    let dead = balancer.observe().await;
    assert!(matches!(dead, Err(BalancerError::Unreachable { .. })), "{dead:?}");
    stage.project.docker(&["start", &stage.proxy]);
    stage.ready().await;
    let route = balancer.observe().await.unwrap();
    assert_eq!((route.flow.split, route.kept, route.epoch), (green(10_000), green(10_000), 1));
    assert_eq!(route.flow.server(name).map(|server| server.address.as_str()), Some(address.as_str()));
    assert_eq!(stage.ask("").unwrap(), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_with_a_lower_epoch_changes_nothing() {
    let Some(stage) = Stage::open() else { return };
    let balancer = stage.ready().await;
    let (name, address) = &stage.two;
    balancer.add(Slot::Green, name, address, 20, &fence(5)).await.unwrap();
    let fenced = |done: Result<(), BalancerError>| {
        assert!(matches!(done, Err(BalancerError::Fenced { theirs: 5, ours: 4, .. })), "{done:?}");
    };
    fenced(balancer.set_split(green(10_000), &[green(0)], &fence(4)).await.map(drop));
    fenced(balancer.remove(Slot::Green, name, 1, &fence(4)).await.map(drop));
    fenced(balancer.set_maintenance(true, &fence(4)).await);
    let route = balancer.observe().await.unwrap();
    assert_eq!((route.flow.split, route.epoch), (green(0), 5));
    assert!(route.flow.server(name).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_tool_set_is_told_and_left_alone() {
    let Some(stage) = Stage::open() else { return };
    let balancer = stage.ready().await;
    let (name, address) = &stage.two;
    balancer.add(Slot::Green, name, address, 20, &fence(1)).await.unwrap();
    let other = "echo 'set map /cfg/split.map green 777' | nc 127.0.0.1 9999";
    stage.project.docker(&["exec", &stage.proxy, "sh", "-c", other]);
    let conflict = balancer.set_split(green(5_000), &[green(0)], &fence(1)).await.unwrap_err();
    let told = conflict.to_string();
    assert!(matches!(conflict, BalancerError::Conflict { .. }), "{told}");
    assert!(told.contains("green 7.77%") && told.contains("green 0%"), "{told}");
    assert_eq!(balancer.observe().await.unwrap().flow.split, green(777));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_no_check_gets_no_traffic() {
    let Some(stage) = Stage::open_with(|front| front.check = Some("/no-such-page".to_owned())) else {
        return;
    };
    let balancer = stage.balancer();
    let (name, address) = &stage.two;
    let failed = balancer.add(Slot::Green, name, address, 2, &fence(1)).await.unwrap_err();
    assert!(matches!(&failed, BalancerError::NotHealthy { why, .. } if why.contains("L7STS")), "{failed}");
    let route = balancer.observe().await.unwrap();
    assert!(matches!(&route.flow.server(name).unwrap().check, Check::Failed(_)));
    assert!(!route.flow.is_able(Slot::Green));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_no_balancer_of_ours_is_left_alone() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("other", &[], "sleep 60");
    let address = Address::parse(&format!("unix://{}", engine::SOCKET));
    let engine = Arc::new(DockerEngine::new(HostId::new("here"), &address));
    let shell = Arc::new(InContainer { engine, name: name.clone() });
    let balancer = HaProxy { proxy: name, shell };
    let told = balancer.observe().await.unwrap_err();
    assert!(matches!(told, BalancerError::Unmanaged { .. }), "{told}");
    assert!(told.to_string().contains("balancer adopt"), "{told}");
    let told = balancer.set_split(green(1), &[green(0)], &fence(1)).await.unwrap_err();
    assert!(matches!(told, BalancerError::Unmanaged { .. }), "{told}");
    let gone = HaProxy {
        proxy: "gone".to_owned(),
        shell: Arc::new(InContainer {
            engine: Arc::new(DockerEngine::new(HostId::new("here"), &address)),
            name: "no-such-container-here".to_owned(),
        }),
    };
    assert!(matches!(gone.observe().await, Err(BalancerError::Absent { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_tells_its_figures_again_and_again() {
    let Some(stage) = Stage::open() else { return };
    let balancer = stage.ready().await;
    let mut figures = balancer.watch(Duration::from_millis(100)).await.unwrap();
    let before = figures.next().await.unwrap().unwrap().counters(Slot::Blue).requests;
    stage.asked(25);
    let mut after = before;
    for _ in 0..20 {
        after = figures.next().await.unwrap().unwrap().counters(Slot::Blue).requests;
        if after >= before + 25 {
            break;
        }
    }
    assert_eq!(after, before + 25);
    stage.project.docker(&["kill", "-s", "KILL", &stage.proxy]);
    let end = tokio::time::timeout(Duration::from_secs(20), async {
        while let Some(next) = figures.next().await {
            if next.is_err() {
                return;
            }
        }
        panic!("it ends without an error");
    });
    end.await.expect("a dead balancer is noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_maintenance_everybody_gets_the_page() {
    let Some(stage) = Stage::open() else { return };
    let balancer = stage.ready().await;
    balancer.set_maintenance(true, &fence(1)).await.unwrap();
    assert!(balancer.observe().await.unwrap().flow.is_in_maintenance);
    assert!(stage.ask("").unwrap_err().contains("503"));
    balancer.set_maintenance(false, &fence(1)).await.unwrap();
    assert_eq!(stage.ask("").unwrap(), "1");
}
