//! A world made by hand, the same at every run: an incident in production, a quiet staging, a host that is stale.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use pilothouse::app::model::Model;
use pilothouse::config::keymap::Keymap;
use pilothouse::config::theme::{Depth, Theme};
use pilothouse::domain::container::{Check, Container, Detail, Health, Port, State};
use pilothouse::domain::environment::{Class, Environment};
use pilothouse::domain::host::{Address, EngineFacts, HostLoad};
use pilothouse::domain::ids::{ContainerId, ContainerKey, EnvironmentId, HostId, ImageId, ServiceId};
use pilothouse::domain::ledger::union::Ledger;
use pilothouse::domain::ledger::{Begun, Outcome, Record, RecordId, RecordNumber, Subject, Who};
use pilothouse::domain::usage::Sample;
use pilothouse::effect::{Effect, JobId};
use pilothouse::logs::decode;
use pilothouse::logs::line::{Batch, Head, SourceId, Stream};
use pilothouse::msg::{HostFact, JobEvent, LogFact, Msg};
use pilothouse::sub::Sub;
use pilothouse::ui::look::Look;
use pilothouse::world::{Host, Now, World};

/// The model with a clock that only moves when it is told to.
pub struct Stage {
    pub model: Model,
    pub now: Now,
}

/// 14:32:07 of the incident's day.
pub fn wall() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-03-14T14:32:07Z").unwrap().to_utc()
}

pub fn look(theme: &str, depth: Depth, is_ascii: bool) -> Look {
    Look::new(&Theme::named(theme).unwrap().degraded(depth), is_ascii, true)
}

fn environment(name: &str, class: Class, hosts: &[&str]) -> Environment {
    Environment {
        id: EnvironmentId::new(name),
        class,
        is_protected: class == Class::Production,
        hosts: hosts.iter().map(|h| HostId::new(*h)).collect(),
        projects: Vec::new(),
        after: None,
    }
}

/// A container of a service on a host, started so many minutes ago.
pub struct Spec<'a> {
    pub host: &'a str,
    pub service: &'a str,
    pub name: &'a str,
    pub release: &'a str,
    pub state: State,
    pub health: Health,
    pub up_minutes: i64,
    pub port: u16,
}

impl Spec<'_> {
    pub fn key(&self) -> ContainerKey {
        ContainerKey { host: HostId::new(self.host), id: ContainerId::new(self.name) }
    }

    pub fn container(&self) -> Container {
        Container {
            key: self.key(),
            name: self.name.into(),
            service: ServiceId::new(self.service),
            project: Some("shop".into()),
            image: format!("shop/{}:{}", self.service, self.release).into(),
            image_id: ImageId::new(format!("sha256:{}{:0>60}", self.release, self.service)),
            state: self.state.clone(),
            health: self.health,
            ports: vec![Port {
                inside: self.port,
                protocol: "tcp".into(),
                published: (self.port < 9000).then(|| ("0.0.0.0".into(), self.port)),
            }],
            created: wall() - TimeDelta::minutes(self.up_minutes),
            labels: BTreeMap::new(),
            detail: Some(Arc::new(self.detail())),
        }
    }

    fn detail(&self) -> Detail {
        let check = |ago: i64, code, output: &str| Check {
            at: wall() - TimeDelta::seconds(ago),
            took_ms: if code == 0 { 4 } else { 5000 },
            exit_code: code,
            output: output.to_owned(),
        };
        let checks = match self.health {
            Health::None => Vec::new(),
            Health::Unhealthy => vec![
                check(190, 0, "200 ok"),
                check(185, 1, "503 database timeout after 5.0s"),
                check(90, 1, "503 database timeout after 5.0s"),
                check(5, 1, "503 database timeout after 5.0s"),
            ],
            _ => vec![check(40, 0, "200 ok"), check(10, 0, "200 ok")],
        };
        let is_restarting = self.state == State::Restarting;
        Detail {
            restarts: if is_restarting { 7 } else { 0 },
            is_oom_killed: is_restarting,
            exit_code: is_restarting.then_some(137),
            started: Some(wall() - TimeDelta::minutes(self.up_minutes)),
            finished: is_restarting.then(|| wall() - TimeDelta::seconds(2)),
            checks,
            log_driver: "json-file".into(),
            memory_limit_bytes: (self.service == "api").then_some(512 << 20),
            ..Detail::default()
        }
    }
}

const fn spec<'a>(
    host: &'a str,
    service: &'a str,
    name: &'a str,
    release: &'a str,
    up_minutes: i64,
    port: u16,
) -> Spec<'a> {
    let (state, health) = (State::Running, Health::Healthy);
    Spec { host, service, name, release, state, health, up_minutes, port }
}

/// The containers of looks/wide.png.
pub fn shop() -> Vec<Spec<'static>> {
    let mut all = vec![
        spec("web1", "web", "web-42-blue-1", "v42", 2880, 8080),
        spec("web2", "web", "web-42-blue-2", "v42", 2880, 8080),
        spec("web1", "web", "web-43-green-1", "v43", 4, 8081),
        spec("web2", "web", "web-43-green-2", "v43", 0, 8081),
        spec("web1", "api", "api-7-1", "v7", 8640, 9000),
        spec("web2", "api", "api-7-2", "v7", 0, 9000),
        spec("web1", "db", "db-1", "16.4", 59_040, 5432),
        spec("web1", "cache", "cache-1", "7.4", 59_040, 6379),
        spec("web1", "worker", "worker-12-1", "v12", 1440, 9100),
        spec("web1", "proxy", "pilothouse-proxy", "2.8", 12_960, 80),
    ];
    all[3].health = Health::Starting;
    all[4].health = Health::Unhealthy;
    (all[5].state, all[5].health) = (State::Restarting, Health::None);
    all[8].health = Health::None;
    all
}

/// The job that a text was asked for by.
pub fn job(effects: &[Effect]) -> Option<JobId> {
    effects.iter().find_map(|effect| match effect {
        Effect::Inspect(job, _) | Effect::Processes(job, _) => Some(*job),
        _ => None,
    })
}

impl Stage {
    /// Asked, nothing answered yet.
    pub fn asking(size: (u16, u16), look: Look) -> Self {
        let now = Now { at: Instant::now(), wall: wall() };
        let host = |address: &str| Host::asked(Address::parse(address));
        let world = World {
            environments: vec![
                environment("production", Class::Production, &["web1", "web2"]),
                environment("staging", Class::Staging, &["stage1"]),
                environment("local", Class::Unclassified, &["box"]),
            ],
            hosts: BTreeMap::from([
                (HostId::new("web1"), host("ssh://deploy@web1")),
                (HostId::new("web2"), host("ssh://deploy@web2")),
                (HostId::new("stage1"), host("tcp://stage1:2376")),
                (HostId::new("box"), host("unix:///var/run/docker.sock")),
            ]),
            ..World::default()
        };
        let keymap = Keymap::standard().unwrap();
        let mut model = Model::new(world, look, keymap, "alice@bastion".into(), size, now);
        model.update(Msg::Resize(size.0, size.1), now);
        Self { model, now }
    }

    /// The incident: api unhealthy and out of memory, everything else well, web2 heard of.
    pub fn incident(size: (u16, u16), look: Look) -> Self {
        let mut stage = Self::asking(size, look);
        let shop = shop();
        for host in ["web1", "web2"] {
            stage.up(host, shop.iter().filter(|s| s.host == host).map(Spec::container).collect());
        }
        let quiet = |host, count| {
            let names = ["web-44-1", "web-44-2", "api-8-1", "db-1", "cache-1", "worker-13-1"];
            let of = |name: &&'static str| {
                spec(host, name.split('-').next().unwrap(), name, "v44", 600, 8080).container()
            };
            names.iter().take(count).map(of).collect()
        };
        stage.up("stage1", quiet("stage1", 6));
        stage.up("box", quiet("box", 3));
        stage.usage(&shop);
        stage.keys("G k k k k k k k k k k");
        stage.select("api-7-2");
        stage.log();
        stage
    }

    /// That host answers and lists these.
    pub fn up(&mut self, host: &str, containers: Vec<Container>) {
        let id = HostId::new(host);
        let engine = EngineFacts { version: "27.3.1".into(), api: "1.47".into(), ..EngineFacts::default() };
        let load = HostLoad {
            disk_bytes: Some((62 << 30, 100 << 30)),
            load1: Some(1.2),
            memory_bytes: Some((3 << 30, 8 << 30)),
            round_trip: None,
        };
        for fact in
            [HostFact::Up, HostFact::Engine(engine), HostFact::Load(load), HostFact::Listed(containers)]
        {
            self.tell(Msg::Host(id.clone(), fact));
        }
    }

    pub fn tell(&mut self, msg: Msg) {
        self.model.update(msg, self.now);
    }

    /// Presses keys, written as in the key map.
    pub fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.tell(Msg::Key(key.parse().unwrap()));
        }
    }

    pub fn text(&mut self, text: &str) {
        for c in text.chars() {
            let key = if c == ' ' { "space".to_owned() } else { c.to_string() };
            self.tell(Msg::Key(key.parse().unwrap()));
        }
    }

    /// Makes the environment writable for a quarter of an hour, as an operator would.
    pub fn unlock(&mut self) {
        self.command("write 15m");
    }

    /// Types that into the palette and takes the first that is offered.
    pub fn command(&mut self, text: &str) {
        self.keys(":");
        self.text(text);
        self.keys("enter");
    }

    /// Presses a key and tells what it wants of the outside.
    pub fn press(&mut self, key: &str) -> Vec<Effect> {
        self.model.update(Msg::Key(key.parse().unwrap()), self.now)
    }

    /// Answers a question once it can have been read.
    pub fn answer(&mut self, key: &str) -> Vec<Effect> {
        self.model.drawn(self.now.at);
        self.wait(1);
        self.press(key)
    }

    /// Presses a key that asks for a text, and answers.
    pub fn asked(&mut self, key: &str, answer: JobEvent) {
        let job = job(&self.press(key)).expect("it asks for a text");
        self.tell(Msg::Job(job, answer));
    }

    pub fn wait(&mut self, seconds: i64) {
        self.now.at += Duration::from_secs(seconds as u64);
        self.now.wall += TimeDelta::seconds(seconds);
        self.tell(Msg::Tick);
    }

    /// Moves down the containers until that one is selected.
    pub fn select(&mut self, name: &str) {
        self.keys("2 g");
        for _ in 0..200 {
            if self.model.scope.container.as_ref().is_some_and(|key| key.id.as_str() == name) {
                return;
            }
            self.keys("j");
        }
        panic!("no container {name} is listed");
    }

    fn usage(&mut self, specs: &[Spec<'_>]) {
        let (mut cpu, mut received) = (0, 0);
        for step in 0..30_u64 {
            let at_ns = wall().timestamp_nanos_opt().unwrap() - (30 - step as i64) * 3_000_000_000;
            let sample = |spec: &Spec<'_>, cpu_ns, memory_bytes, received: u64| Sample {
                key: spec.key(),
                at_ns,
                cpu_ns,
                memory_bytes,
                memory_limit_bytes: (spec.service == "api").then_some(512 << 20),
                received_bytes: received,
                sent_bytes: received * 3,
            };
            received += 12_000;
            let busy = if step > 20 { 412 } else { 60 };
            cpu += 3_000_000 * busy;
            let samples = specs.iter().filter(|s| s.state == State::Running).enumerate().map(|(i, spec)| {
                let heavy = spec.service == "api";
                let memory = if heavy { (200 + step * 8) << 20 } else { (24 + 9 * i as u64) << 20 };
                sample(
                    spec,
                    if heavy { cpu } else { step * 90_000_000 * (i as u64 % 3) / 2 },
                    memory,
                    received,
                )
            });
            let samples: Vec<_> = samples.collect();
            self.now.wall = wall() - TimeDelta::seconds((30 - step as i64) * 3);
            self.tell(Msg::Usage(samples));
        }
        self.now.wall = wall();
    }

    /// Lines for whatever the logs pane follows now.
    pub fn log(&mut self) {
        let generation = self.model.subs().into_iter().find_map(|sub| match sub {
            Sub::Logs(generation, _) => Some(generation),
            _ => None,
        });
        let mut batch = Batch::new();
        let start = wall().timestamp_nanos_opt().unwrap() - 6_000_000_000;
        let lines: [&[u8]; 8] = [
            br#"{"level":"info","msg":"request_processed","method":"GET","path":"/api/users","status":200,"ms":45,"request_id":"ab12f9"}"#,
            br#"{"level":"warn","msg":"pool exhausted, waiting","in_use":20,"max":20,"waiters":114}"#,
            br#"{"level":"error","msg":"db timeout","after":"5s","query":"select ... from orders","request_id":"ab12f9"}"#,
            br#"{"level":"error","msg":"request failed","path":"/api/orders","status":503,"request_id":"ab12f9"}"#,
            br"level=info msg=starting version=7 pid=1",
            br"level=info msg=listening addr=0.0.0.0:9000",
            br#"level=warn msg="heap 94% of limit" limit=512M"#,
            b"java.lang.OutOfMemoryError: Java heap space",
        ];
        for (i, text) in (0..).zip(lines.iter().cycle().take(40)) {
            let level = decode::level(text);
            let stream = if i % 8 == 7 { Stream::Stderr } else { Stream::Stdout };
            let head = Head { at_ns: start + i * 140_000_000, level, stream, ..Head::default() };
            batch.push(text, head);
        }
        let generation = generation.expect("a container is selected");
        self.tell(Msg::Log(generation, LogFact::Lines(batch)));
        let at_ns = wall().timestamp_nanos_opt().unwrap();
        let text = "api-7-2 exited 137 (OOM killed), restart 7";
        self.tell(Msg::Log(generation, LogFact::Lines(Batch::marker(SourceId(0), at_ns, text))));
    }

    /// Two things done and one that failed.
    pub fn deeds(&mut self) {
        let events = [
            JobEvent::Done("restarted worker-12-1 on web1".into()),
            JobEvent::Failed("cannot stop api-7-2 on web2: no such container; it was removed since".into()),
            JobEvent::Done("40 lines written to api.log".into()),
        ];
        for (job, event) in (9..).zip(events) {
            self.tell(Msg::Job(JobId(job), event));
            self.wait(11);
        }
        self.tell(Msg::Job(
            JobId(9),
            JobEvent::Recorded(Box::new(record(41, "tester", "restart", "worker-12-1", 1))),
        ));
        let records =
            vec![record(40, "bob", "stop", "api-7-2", 70), record(41, "tester", "restart", "worker-12-1", 1)];
        let ledger = Box::new(Ledger { records, ..Ledger::default() });
        self.tell(Msg::Ledger(EnvironmentId::new("production"), ledger));
    }
}

/// What somebody did in production, so many minutes ago.
pub fn record(number: u32, name: &str, act: &str, on: &str, minutes: i64) -> Record {
    let at = wall() - TimeDelta::minutes(minutes);
    let begun = Begun {
        number: RecordNumber(number),
        id: RecordId::new(u64::from(number)),
        environment: "production".to_owned(),
        at,
        who: Who {
            name: name.to_owned(),
            login: "deploy".to_owned(),
            machine: "web1".to_owned(),
            from: None,
        },
        act: act.to_owned(),
        on: vec![Subject { host: "web2".to_owned(), name: on.to_owned(), ..Subject::default() }],
        more: 0,
        why: None,
    };
    Record { begun, end: Some((at, Outcome::Done)), plan: None, notes: Vec::new() }
}
