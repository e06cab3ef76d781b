//! No line lost, doubled or moved: wherever a stream breaks, and however somebody pages through a log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pilothouse::action::Action;
use pilothouse::adapters::docker::DockerEngine;
use pilothouse::config::theme::Theme;
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::{ContainerId, ContainerKey, HostId};
use pilothouse::jobs::route::{Route, Way};
use pilothouse::logs::line::Level;
use pilothouse::logs::mask::Masks;
use pilothouse::msg::{LogFact, Msg};
use pilothouse::panes::logs::{LogsPane, Settings};
use pilothouse::panes::{Ctx, Scope};
use pilothouse::runtime::subs::Streams;
use pilothouse::sub::Sub;
use pilothouse::ui::look::Look;
use pilothouse::world::{Now, World};
use proptest::prelude::*;
use tokio::sync::mpsc;

use crate::fake_engine::{FakeEngine, ID, Served};

const PATIENCE: Duration = Duration::from_secs(20);
const BEGIN_NS: i64 = 1_767_225_600_000_000_000;

/// A pane on a fake engine, with the real jobs between them.
struct Bench {
    pane: LogsPane,
    world: World,
    scope: Scope,
    look: Look,
    routes: BTreeMap<HostId, Arc<Route>>,
    streams: Streams,
    out: mpsc::Sender<Msg>,
    facts: mpsc::Receiver<Msg>,
    engine: FakeEngine,
    is_open: bool,
}

fn ctx<'a>(world: &'a World, scope: &'a Scope, look: &'a Look) -> Ctx<'a> {
    let now = Now { at: std::time::Instant::now(), wall: chrono::Utc::now() };
    Ctx { world, scope, look, now, is_focused: true }
}

impl Bench {
    async fn open(log: Vec<(i64, String)>, cuts: Vec<usize>, settings: Settings) -> Self {
        let engine = FakeEngine::start(Served { log, cuts, ..Served::default() });
        let host = HostId::new("fake");
        let key = ContainerKey { host: host.clone(), id: ContainerId::new(ID) };
        let docker = DockerEngine::new(host.clone(), &Address::Unix(engine.socket.clone()));
        let mend = Box::new(|_: &pilothouse::ports::engine::EngineError| String::new());
        let way = Way { source: "test".into(), engine: Arc::new(docker), mend };
        let (out, facts) = mpsc::channel(64);
        let mut bench = Self {
            pane: LogsPane::configured(settings, Level::Unknown, false, false),
            world: World::default(),
            scope: Scope { container: Some(key.clone()), ..Scope::default() },
            look: Look::new(&Theme::named("dark").unwrap(), false, true),
            routes: BTreeMap::from([(host, Arc::new(Route::new(way, Vec::new())))]),
            streams: Streams::default(),
            out,
            facts,
            engine,
            is_open: false,
        };
        bench.pane.select(key, &ctx(&bench.world, &bench.scope, &bench.look));
        bench.settle().await;
        bench
    }

    /// Takes facts in until nothing is asked any more.
    async fn settle(&mut self) {
        loop {
            self.pane.fit(10);
            let subs = self.pane.subs();
            let is_asking = subs.iter().any(|sub| matches!(sub, Sub::History(..)));
            self.streams.keep(subs, &self.routes, &self.out);
            if self.is_open && !is_asking {
                return;
            }
            self.take().await;
        }
    }

    async fn take(&mut self) {
        let msg = tokio::time::timeout(PATIENCE, self.facts.recv()).await;
        let Ok(Some(Msg::Log(generation, fact))) = msg else { panic!("no answer: {}", self.pane.text()) };
        self.is_open |= generation == self.pane.generation() && matches!(fact, LogFact::Opened(_));
        self.pane.fact(generation, fact);
    }

    async fn act(&mut self, action: Action) {
        let before = self.pane.generation();
        self.pane.act(action, &ctx(&self.world, &self.scope, &self.look));
        self.is_open &= self.pane.generation() == before;
        self.settle().await;
    }

    /// The numbers of the lines held; each must be the one after the line before.
    fn numbers(&self) -> Vec<usize> {
        let text = self.pane.text();
        let numbers: Vec<usize> =
            text.lines().map(|line| line.rsplit(' ').next().unwrap().parse().unwrap_or(usize::MAX)).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)), "{text}");
        numbers
    }
}

/// Lines some ms apart; now and then one is stamped before the line before it, as two streams of a container are.
fn log(steps: &[(i64, i64)]) -> Vec<(i64, String)> {
    let mut now = BEGIN_NS;
    let line = |(number, (step, back)): (usize, &(i64, i64))| {
        now += step * 1_000_000;
        (now - back * 1_000_000, format!("line {number}"))
    };
    steps.iter().enumerate().map(line).collect()
}

fn small(lines: u32) -> Settings {
    Settings { buffer_bytes: 12 << 10, lines, ..Settings::default() }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_somebody_pages_what_is_held_is_one_unbroken_piece_of_the_log(
        steps in proptest::collection::vec((0..9_i64, 0..6_i64), 1..900),
        keys in proptest::collection::vec(0..6_usize, 1..30),
    ) {
        let log = log(&steps);
        let count = log.len();
        block_on(async {
            let mut bench = Bench::open(log, Vec::new(), small(40)).await;
            assert_eq!(bench.numbers().last(), Some(&(count - 1)));
            for key in keys {
                let actions = [Action::Up, Action::PageUp, Action::PageUp, Action::PageDown, Action::Top, Action::Bottom];
                bench.act(actions[key]).await;
                let numbers = bench.numbers();
                assert!(!numbers.is_empty());
                match actions[key] {
                    Action::Top => assert_eq!(numbers[0], 0),
                    Action::Bottom => assert_eq!(numbers.last(), Some(&(count - 1))),
                    _ => {}
                }
            }
        });
    }

    #[test]
    fn wherever_streams_break_each_line_is_shown_once(
        steps in proptest::collection::vec((0..9_i64, 0..6_i64), 1..300),
        cuts in proptest::collection::vec(0..200_usize, 0..3),
    ) {
        let log = log(&steps);
        let count = log.len();
        block_on(async {
            let settings = Settings { lines: 1000, ..Settings::default() };
            let mut bench = Bench::open(log, cuts, settings).await;
            while bench.pane.text().lines().count() < count {
                bench.take().await;
            }
            assert_eq!(bench.numbers(), (0..count).collect::<Vec<_>>());
        });
    }
}

#[test]
fn paging_up_reaches_the_first_line_and_paging_down_the_last() {
    block_on(async {
        let mut bench = Bench::open(log(&[(3, 0); 600]), Vec::new(), small(100)).await;
        // Nine lines a page; where a page has to be asked for it moves no less.
        for _ in 0..80 {
            bench.act(Action::PageUp).await;
        }
        assert_eq!(bench.numbers()[0], 0);
        for _ in 0..80 {
            bench.act(Action::PageDown).await;
        }
        assert_eq!(bench.numbers().last(), Some(&599));
    });
}

#[test]
fn a_search_finds_what_only_the_engine_has_and_goes_on_from_there() {
    block_on(async {
        let mut lines = log(&vec![(3, 0); 3_000]);
        for number in [500, 700] {
            lines[number].1 = format!("needle {number}");
        }
        let mut bench = Bench::open(lines, Vec::new(), small(100)).await;
        assert_eq!(bench.pane.set_search("needle").unwrap(), None);
        bench.settle().await;
        assert!(bench.pane.text().contains("needle 700"), "the nearest hit above is shown");
        bench.act(Action::PreviousHit).await;
        assert!(bench.pane.text().contains("needle 500"));
        bench.act(Action::NextHit).await;
        assert!(bench.pane.text().contains("needle 700"));
        assert_eq!(bench.pane.set_search("not there at all").unwrap(), None);
        bench.settle().await;
        assert!(bench.numbers_or_needles().contains(&700), "a search in vain moves nothing");
    });
}

impl Bench {
    fn numbers_or_needles(&self) -> Vec<usize> {
        self.pane.text().lines().map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect()
    }
}

#[test]
fn a_stream_that_goes_on_asks_for_the_end_of_the_log_not_for_all_of_it() {
    block_on(async {
        let mut bench = Bench::open(log(&vec![(3, 0); 500]), vec![100], Settings::default()).await;
        while bench.pane.text().lines().count() < 500 {
            bench.take().await;
        }
        let asked = bench.engine.served.lock().unwrap().asked.clone();
        assert!(asked.len() >= 2 && asked.iter().all(|path| !path.contains("tail=all")), "{asked:?}");
    });
}

#[test]
fn a_time_range_that_is_past_is_read_from_the_engine() {
    block_on(async {
        let mut bench = Bench::open(log(&vec![(1_000, 0); 3_000]), Vec::new(), small(100)).await;
        let now = chrono::DateTime::from_timestamp_nanos(BEGIN_NS + 3_000_000_000_000);
        let zone = chrono::FixedOffset::east_opt(0).unwrap();
        bench.pane.set_range("00:01:00-00:02:00", now, zone).unwrap();
        bench.settle().await;
        let numbers = bench.numbers();
        assert_eq!((numbers[0], numbers[numbers.len() - 1]), (59, 118));
        bench.pane.set_range("", now, zone).unwrap();
        bench.is_open = false;
        bench.settle().await;
        assert_eq!(bench.numbers().last(), Some(&2_999));
    });
}

#[test]
fn what_is_masked_leaves_the_console_masked() {
    block_on(async {
        let lines = vec![(BEGIN_NS, "token=hunter2 0".to_owned())];
        let masks = Masks::new([r"token=(\S+)"]).unwrap();
        let mut bench = Bench::open(lines, Vec::new(), Settings { masks, ..Settings::default() }).await;
        assert!(!bench.pane.text().contains("hunter2"));
        let answer = bench.pane.act(Action::Copy, &ctx(&bench.world, &bench.scope, &bench.look));
        assert!(
            format!("{answer:?}").contains("token=********") && !format!("{answer:?}").contains("hunter2")
        );
        let area = ratatui::layout::Rect::new(0, 0, 80, 10);
        let mut cells = ratatui::buffer::Buffer::empty(area);
        bench.pane.fit(10);
        bench.pane.draw(&ctx(&bench.world, &bench.scope, &bench.look), area, &mut cells);
        let drawn: String = cells.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(drawn.contains("token=********") && !drawn.contains("hunter2"), "{drawn}");
    });
}
