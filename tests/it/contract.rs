//! What every engine must do, in sentences that run against the simulated and the real one alike.
//!
//! A further engine is one more line in [`on_every_engine`] and one more way in [`Stage::open`].

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, sleep, timeout};

use pilothouse::adapters::docker::DockerEngine;
use pilothouse::adapters::sim::clock::Clock;
use pilothouse::adapters::sim::scenario::Scenario;
use pilothouse::adapters::sim::{SimEngine, Simulation};
use pilothouse::domain::container::State;
use pilothouse::domain::event::EngineEvent;
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::{ContainerId, HostId};
use pilothouse::logs::line;
use pilothouse::ports::engine::{Engine, EngineError, LogRequest};

use crate::engine::{self, Project, SOCKET};

/// Makes a test of each sentence on each engine; with `also far`, a list of them for the engines of [`far`] too; with
/// `private`, a list of them in place of the machine's engine, for one of their own.
macro_rules! on_every_engine {
    (private; $($sentence:ident)*) => {
        pub const ALL: &[(&str, crate::contract::Sentence)] =
            &[$((stringify!($sentence), |stage| Box::pin($sentence(stage)))),*];
        crate::contract::on_every_engine! { simulated Simulated; $($sentence)* }
    };
    (also far; $($sentence:ident)*) => {
        pub const FAR: &[(&str, crate::contract::Sentence)] =
            &[$((stringify!($sentence), |stage| Box::pin($sentence(stage)))),*];
        crate::contract::on_every_engine! { $($sentence)* }
    };
    ($($sentence:ident)*) => {
        crate::contract::on_every_engine! { simulated Simulated; $($sentence)* }
        crate::contract::on_every_engine! { real Real; $($sentence)* }
    };
    ($module:ident $which:ident; $($sentence:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $sentence() {
                    crate::contract::play(crate::contract::Which::$which, &super::$sentence);
                }
            )*
        }
    };
}
pub(crate) use on_every_engine;

mod acts;
mod events;
mod exec;
mod facts;
mod far;
mod ledger;
mod lifecycle;
mod lock;
mod logs;
mod store;
mod usage;

/// A sentence, whatever it is about.
pub type Sentence = for<'a> fn(&'a Stage) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Longer than anything here takes on a busy machine.
pub const SOON: Duration = Duration::from_secs(20);
/// No engine knows this one.
pub const NOBODY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Which engine a sentence runs against.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// [`SimEngine`] on a scenario of its own.
    Simulated,
    /// The machine's.
    Real,
}

/// A container that sentences are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Prints `line 1` to `line 10`, then stays; ends with 0 when asked to.
    Steady,
    /// Prints `line 1` to `line 10` and ends by itself with 3.
    Ended,
    /// Prints `out` on stdout and `err` on stderr, then stays; ends with 5 when asked to.
    Both,
    /// Prints `shown` on a terminal, then stays.
    Terminal,
    /// Prints a line again and again.
    Chatty,
    /// Its check passes once a second.
    Checked,
    /// Ends with 4 soon after each start, and is started again each time.
    Restarting,
}

impl Role {
    const ALL: [Self; 7] = [
        Self::Steady,
        Self::Ended,
        Self::Both,
        Self::Terminal,
        Self::Chatty,
        Self::Checked,
        Self::Restarting,
    ];

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Options of `docker run` and the script in the container.
    fn real(self) -> (&'static [&'static str], &'static str) {
        const LINES: &str = "i=0; while [ $i -lt 10 ]; do i=$((i+1)); echo line $i; sleep 0.04; done";
        const STAY: &str = "while true; do sleep 0.05; done";
        let text = |script: String| -> &'static str { Box::leak(script.into_boxed_str()) };
        match self {
            Self::Steady => (&["-e", "COLOUR=blue"], text(format!("trap 'exit 0' TERM; {LINES}; {STAY}"))),
            Self::Ended => (&[], text(format!("{LINES}; exit 3"))),
            Self::Both => (&[], text(format!("trap 'exit 5' TERM; echo out; echo err >&2; {STAY}"))),
            Self::Terminal => (&["-t"], text(format!("trap 'exit 0' TERM; echo shown; {STAY}"))),
            Self::Chatty => {
                (&[], "trap 'exit 0' TERM; i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.05; done")
            }
            Self::Checked => (
                &["--health-cmd", "echo fine", "--health-interval", "1s"],
                text(format!("trap 'exit 0' TERM; {STAY}")),
            ),
            Self::Restarting => (&["--restart", "always"], "sleep 0.2; exit 4"),
        }
    }

    /// The same for a scenario.
    fn simulated(self) -> String {
        let lines = (1..=10).map(|n| format!("{{ after = '{}ms', text = 'line {n}' }}", n * 40));
        let lines = lines.collect::<Vec<_>>().join(", ");
        let (of_kind, code, mood) = match self {
            Self::Steady => (format!("env = ['COLOUR=blue']\nhello = [{lines}]"), 0, String::new()),
            Self::Ended => {
                (format!("hello = [{lines}]"), 0, "dies = { after = '500ms', code = 3 }".to_owned())
            }
            Self::Both => (
                "hello = [{ text = 'out' }, { after = '1ms', stderr = true, text = 'err' }]".to_owned(),
                5,
                String::new(),
            ),
            Self::Terminal => ("tty = true\nhello = [{ text = 'shown' }]".to_owned(), 0, String::new()),
            Self::Chatty => {
                (String::new(), 0, "lines = [{ every = '50ms', text = 'tick <1-9>' }]".to_owned())
            }
            Self::Checked => (
                "check = { interval = '1s', retries = 3 }".to_owned(),
                0,
                "check = { code = 0, takes = '1ms', says = 'fine' }".to_owned(),
            ),
            Self::Restarting => (String::new(), 0, "dies = { after = '200ms', code = 4 }".to_owned()),
        };
        let name = self.name();
        let restarts = self == Self::Restarting;
        format!(
            "[kind.{name}]\ncommand = ['sh', '-c', '{name}']\nstop = {{ code = {code}, takes = '100ms' }}\n{of_kind}\n\
             [kind.{name}.mood.normal]\ncpu = 1.0\nmemory = '8MiB'\n{mood}\n\
             [[container]]\nname = 'p-{name}'\nhost = 'h'\nimage = 'busybox:1'\nkind = '{name}'\nservice = '{name}'\n\
             project = 'p'\nlabels = {{ colour = 'blue' }}\nrestarts = {restarts}\nage = '0s'\n"
        )
    }
}

enum Cast {
    Simulated(Arc<SimEngine>),
    Real(Project),
}

/// An engine with the containers of one sentence.
pub struct Stage {
    /// The engine that is asked.
    pub engine: Arc<dyn Engine>,
    /// Compose project of its containers.
    pub project: String,
    cast: Cast,
}

/// Plays one sentence on one engine; skipped, with a word, where there is no real one.
pub fn play(which: Which, sentence: &impl AsyncFn(&Stage)) {
    if which == Which::Real && !engine::is_there() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let stage = Stage::open(which);
        sentence(&stage).await;
    });
}

impl Stage {
    fn open(which: Which) -> Self {
        let host = HostId::new("h");
        match which {
            Which::Simulated => {
                let roles: Vec<_> = Role::ALL.iter().map(|role| role.simulated()).collect();
                let text = format!(
                    "about = ''\nstarts = '2026-01-02T03:04:05Z'\nheight = '1s'\n\
                     environment = [{{ name = 'e', class = 'development', hosts = ['h'] }}]\n\
                     [host.h]\nversion = '20.10.0'\napi = '1.41'\nsystem = 'Linux'\ncpus = 2\nmemory = '8GiB'\n\
                     memory_used = '1GiB'\ndisk = '10GiB'\ndisk_free = '5GiB'\nload = 0.1\n\
                     [[stored]]\nhost = 'h'\nkind = 'network'\nname = 'p-front'\nsize = '0B'\nage = '1h'\n\
                     [[stored]]\nhost = 'h'\nkind = 'network'\nname = 'p-back'\nsize = '0B'\nage = '1h'\n{}",
                    roles.join("\n")
                );
                let scenario = Scenario::parse("contract", &text).unwrap_or_else(|e| panic!("{e}\n{text}"));
                let simulation = Simulation::new(&scenario, Clock::real(Duration::ZERO, 1.0));
                let engine = Arc::new(SimEngine::new(simulation, host));
                let cast = Cast::Simulated(Arc::clone(&engine));
                Self { engine, project: "p".to_owned(), cast }
            }
            Which::Real => {
                let engine = DockerEngine::new(host, &Address::Unix(SOCKET.into()));
                Self::by(Arc::new(engine), &format!("unix://{SOCKET}"))
            }
        }
    }

    /// On a real engine that is reached so; its containers are started at this address.
    pub fn by(engine: Arc<dyn Engine>, address: &str) -> Self {
        let project = Project::at(address);
        Self { engine, project: project.name.clone(), cast: Cast::Real(project) }
    }

    /// A container that was started just now.
    pub async fn start(&self, role: Role) -> ContainerId {
        // Negotiates the version, as the console does first.
        self.engine.facts().await.unwrap();
        let name = match &self.cast {
            Cast::Simulated(_) => format!("p-{}", role.name()),
            Cast::Real(project) => {
                let (options, script) = role.real();
                let all: Vec<_> = ["--label", "colour=blue"].iter().chain(options).copied().collect();
                project.run(&role.name(), &all, script)
            }
        };
        let list = self.engine.containers().await.unwrap();
        list.into_iter().find(|c| *c.name == *name).expect("it was started").key.id
    }

    /// The image of its containers.
    pub fn image(&self) -> &str {
        match &self.cast {
            Cast::Simulated(_) => "busybox:1",
            Cast::Real(_) => engine::image(),
        }
    }

    /// A network that containers can join: `front`, `back`.
    pub fn network(&self, name: &str) -> String {
        match &self.cast {
            Cast::Simulated(_) => format!("p-{name}"),
            Cast::Real(project) => project.network(name),
        }
    }

    /// Once its containers are gone, `docker ARGS` is called where there is a real engine.
    pub fn later(&self, args: &[&str]) {
        if let Cast::Real(project) = &self.cast {
            project.later(args);
        }
    }

    /// What `docker system prune -a --volumes -f` does.
    pub fn clear(&self) {
        match &self.cast {
            Cast::Simulated(engine) => engine.clear(),
            Cast::Real(project) => drop(project.docker(&["system", "prune", "-a", "--volumes", "-f"])),
        }
    }

    /// The state in the list.
    pub async fn state(&self, id: &ContainerId) -> Option<State> {
        let list = self.engine.containers().await.unwrap();
        list.into_iter().find(|c| c.key.id == *id).map(|c| c.state)
    }

    /// Waits until it is in that state.
    pub async fn until_state(&self, id: &ContainerId, wanted: &State) {
        eventually(&format!("state {wanted:?}"), async || self.state(id).await.as_ref() == Some(wanted))
            .await;
    }

    /// The whole text of the lines a request gives, up to its end.
    pub async fn read(&self, id: &ContainerId, request: LogRequest) -> Vec<(i64, line::Stream, String)> {
        let stream = self.engine.logs(id, request).await.unwrap();
        let batches = timeout(SOON, stream.collect::<Vec<_>>()).await.expect("a log that ends");
        let lines = |batch: &line::Batch| {
            let text =
                |l: line::LineRef<'_>| (l.at_ns, l.stream, String::from_utf8_lossy(l.bytes).into_owned());
            batch.iter().map(text).collect::<Vec<_>>()
        };
        batches.into_iter().flat_map(|batch| lines(&batch.unwrap())).collect()
    }

    /// Waits until the log has that line.
    pub async fn until_line(&self, id: &ContainerId, wanted: &str) {
        let request = LogRequest { follow: true, ..LogRequest::default() };
        let mut stream = self.engine.logs(id, request).await.unwrap();
        let has_it = async {
            while let Some(batch) = stream.next().await {
                if batch.unwrap().iter().any(|l| l.bytes == wanted.as_bytes()) {
                    return;
                }
            }
            panic!("the log ended without `{wanted}`");
        };
        timeout(SOON, has_it).await.unwrap_or_else(|_| panic!("no line `{wanted}`"));
    }
}

/// Asks again and again until it holds.
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let until = Instant::now() + SOON;
    while !holds().await {
        assert!(Instant::now() < until, "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The next item that is wanted; one that is an error, or an end, is a failure.
pub async fn next<T>(
    stream: &mut Pin<Box<dyn Stream<Item = Result<T, EngineError>> + Send>>,
    what: &str,
    mut is_wanted: impl FnMut(&T) -> bool,
) -> T {
    let wanted = async {
        while let Some(item) = stream.next().await {
            let item = item.unwrap_or_else(|e| panic!("{what}: {e}"));
            if is_wanted(&item) {
                return item;
            }
        }
        panic!("{what}: the stream ended");
    };
    timeout(SOON, wanted).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// The actions told of a container, in order, until `last` is among them.
pub async fn actions(
    stream: &mut Pin<Box<dyn Stream<Item = Result<EngineEvent, EngineError>> + Send>>,
    id: &ContainerId,
    last: &str,
) -> Vec<EngineEvent> {
    let mut seen = Vec::new();
    next(stream, last, |event| {
        let is_its = event.id == id.as_str() && event.kind == "container";
        if is_its {
            seen.push(event.clone());
        }
        is_its && event.action == last
    })
    .await;
    seen
}

/// The status of a refusal.
pub fn refusal<T>(answer: Result<T, EngineError>) -> Option<u16> {
    match answer {
        Err(EngineError::Refused { status, .. }) => Some(status),
        Err(other) => panic!("not refused: {other}"),
        Ok(_) => None,
    }
}
