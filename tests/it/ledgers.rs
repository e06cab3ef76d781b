//! One ledger over two simulated hosts, of which one is down, slow or hangs at times.

mod seen;

use std::sync::Arc;
use std::time::Duration;

use pilothouse::adapters::sim::clock::Clock;
use pilothouse::adapters::sim::faults::{Call, Fault};
use pilothouse::adapters::sim::scenario::Scenario;
use pilothouse::adapters::sim::{SimEngine, Simulation};
use pilothouse::domain::ids::{EnvironmentId, HostId};
use pilothouse::domain::ledger::union::Finding;
use pilothouse::domain::ledger::{Intent, Outcome, Subject, Who};
use pilothouse::jobs::ledger::{Book, Place};
use pilothouse::jobs::record::{self, Recorded};
use pilothouse::ports::engine::{Engine, EngineError};
use tokio::time::Instant;

const HOST: &str = "version = '20.10.0'\napi = '1.41'\nsystem = 'Linux'\ncpus = 2\nmemory = '8GiB'\n\
     memory_used = '1GiB'\ndisk = '10GiB'\ndisk_free = '5GiB'\nload = 0.1\n";

const WEB: &str = "[kind.web]\ncommand = ['web']\nstop = { code = 0, takes = '1ms' }\n\
     [kind.web.mood.normal]\ncpu = 1.0\nmemory = '8MiB'\n\
     [[container]]\nname = 'web'\nhost = 'web1'\nimage = 'web:1'\nkind = 'web'\nservice = 'web'\nproject = 'p'\nage = '0s'\n";

struct Pair {
    engines: [Arc<SimEngine>; 2],
}

impl Pair {
    fn new() -> Self {
        let text = format!(
            "about = ''\nstarts = '2026-01-02T03:04:05Z'\nheight = '1s'\n\
             environment = [{{ name = 'e', class = 'development', hosts = ['web1', 'web2'] }}]\n\
             [host.web1]\n{HOST}[host.web2]\n{HOST}{WEB}"
        );
        let scenario = Scenario::parse("pair", &text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let simulation = Simulation::new(&scenario, Clock::real(Duration::ZERO, 1.0));
        let engine = |name| Arc::new(SimEngine::new(Arc::clone(&simulation), HostId::new(name)));
        Self { engines: ["web1", "web2"].map(engine) }
    }

    fn book(&self) -> Book {
        let place = |(engine, name): (&Arc<SimEngine>, &str)| {
            let (engine, host) = (Arc::clone(engine) as Arc<dyn Engine>, HostId::new(name));
            Place { host, engine_id: name.to_owned(), engine, copy: None }
        };
        Book::new(EnvironmentId::new("e"), self.engines.iter().zip(["web1", "web2"]).map(place).collect())
    }

    fn is_down(&self, host: usize) {
        let (address, cause) = ("demo://down".to_owned(), "no route to host".to_owned());
        self.engines[host]
            .faults
            .set(Call::Ledger, Fault::Fail(EngineError::Unreachable { address, cause, mend: None }));
    }

    async fn act(&self, name: &str) -> Recorded {
        let subject = Subject { name: name.to_owned(), ..Subject::default() };
        let who = Who { name: "alice".to_owned(), ..Who::default() };
        let environment = EnvironmentId::new("e");
        let intent = Intent { environment, act: "stop".to_owned(), on: vec![subject], why: None };
        record::begin(self.book(), who, intent).await.unwrap().end(Outcome::Done).await
    }

    /// What each has, and what is wrong.
    async fn told(&self) -> (Vec<(u32, bool)>, Vec<Finding>) {
        let ledger = self.book().read().await.ledger;
        let told =
            |record: &pilothouse::domain::ledger::Record| (record.begun.number.0, record.end.is_some());
        (ledger.records.iter().map(told).collect(), ledger.findings)
    }
}

#[tokio::test]
async fn a_record_is_on_every_host() {
    let pair = Pair::new();
    assert_eq!(pair.act("web").await.trouble, None);
    for host in [0, 1] {
        pair.is_down(host);
        assert_eq!(pair.told().await, (vec![(1, true)], vec![]));
        pair.engines[host].faults.clear();
    }
}

#[tokio::test]
async fn a_host_that_was_down_has_everything_after_the_next_act() {
    let pair = Pair::new();
    pair.act("web").await;
    pair.is_down(1);
    let recorded = pair.act("api").await;
    assert!(recorded.record.is_some() && recorded.trouble.unwrap().contains("web2"));
    pair.engines[1].faults.clear();
    assert_eq!(pair.told().await.1, [Finding::Behind(HostId::new("web2"), 2)]);
    assert_eq!(pair.act("db").await.trouble, None);
    assert_eq!(pair.told().await, (vec![(1, true), (2, true), (3, true)], vec![]));
}

#[tokio::test]
async fn numbers_go_on_where_the_first_host_is_down() {
    let pair = Pair::new();
    pair.act("web").await;
    pair.is_down(0);
    pair.act("api").await;
    pair.engines[0].faults.clear();
    pair.act("db").await;
    assert_eq!(pair.told().await, (vec![(1, true), (2, true), (3, true)], vec![]));
}

#[tokio::test]
async fn what_no_host_takes_is_told_and_not_recorded() {
    let pair = Pair::new();
    pair.is_down(0);
    pair.is_down(1);
    let recorded = pair.act("web").await;
    assert_eq!(recorded.record, None);
    assert!(recorded.trouble.unwrap().starts_with("stop is not recorded in the ledger: no host took it: "));
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_hangs_holds_up_an_act_for_two_seconds_at_most() {
    let pair = Pair::new();
    pair.engines.iter().for_each(|engine| engine.faults.set(Call::Ledger, Fault::Hang));
    let began = Instant::now();
    let (who, environment) = (Who::default(), EnvironmentId::new("e"));
    let intent = Intent { environment, act: "stop".to_owned(), on: Vec::new(), why: None };
    let recording = record::begin(pair.book(), who, intent).await.unwrap();
    assert!(began.elapsed() <= Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(recording.end(Outcome::Done).await.trouble.unwrap().contains("is not recorded"));
}

#[tokio::test(start_paused = true)]
async fn writers_whose_calls_overlap_never_share_a_number() {
    for slow in 0..20_u64 {
        let pair = Pair::new();
        for engine in &pair.engines {
            for turn in 0..40 {
                let by = Duration::from_millis((turn * (slow + 3)) % 7 * 5 + 1);
                engine.faults.next(1, Call::Ledger, Fault::Slow(by));
            }
        }
        let acts = (0..6).map(|n| pair.act(if n % 2 == 0 { "web" } else { "api" }));
        let recorded = futures_util::future::join_all(acts).await;
        assert!(recorded.iter().all(|one| one.trouble.is_none()), "{recorded:?}");
        let (records, findings) = pair.told().await;
        assert_eq!((records.len(), findings), (6, vec![]), "{slow}");
    }
}
