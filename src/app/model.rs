//! Everything the console remembers. Changed by `update` alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::action::{Action, Context};
use crate::app::reading::Reading;
use crate::app::settings::Settings;
use crate::config::keymap::{Chord, Keymap};
use crate::domain::container::{Container, Health, State};
use crate::domain::deployment::SLOT;
use crate::domain::host::Address;
use crate::domain::ids::HostId;
use crate::effect::JobId;
use crate::overlays::ask::Ask;
use crate::overlays::confirm::Confirm;
use crate::overlays::help::Help;
use crate::overlays::input::Input;
use crate::overlays::palette::Palette;
use crate::overlays::question::Question;
use crate::overlays::rollout::Rollout;
use crate::panes::activity::ActivityPane;
use crate::panes::containers::ContainersPane;
use crate::panes::deployment::DeploymentPane;
use crate::panes::engine::EnginePane;
use crate::panes::environments::EnvironmentsPane;
use crate::panes::events::EventsPane;
use crate::panes::health::HealthPane;
use crate::panes::logs::LogsPane;
use crate::panes::releases::ReleasesPane;
use crate::panes::traffic::TrafficPane;
use crate::panes::{Ctx, PaneKind, Scope};
use crate::sub::Sub;
use crate::ui::look::Look;
use crate::world::{Link, Now, World};
use chrono::{DateTime, Utc};

/// How often a question that takes no keys yet looks at the time.
const UNTIL_OPEN: Duration = Duration::from_millis(100);

/// What lies over the panes.
pub enum Overlay {
    /// The keys.
    Help(Help),
    /// Everything that can be done or gone to, by name.
    Palette(Box<Palette>),
    /// A dialog.
    Confirm(Confirm),
    /// A question with a key for each answer.
    Question(Question),
    /// A deployment before it begins.
    Rollout(Box<Rollout>),
}

/// The console.
pub struct Model {
    /// All that is known.
    pub world: World,
    /// What all panes are about.
    pub scope: Scope,
    /// How things look.
    pub look: Look,
    /// Keys.
    pub keymap: Keymap,
    /// The time of the last message.
    pub now: Now,
    /// Which pane has the keys.
    pub focus: PaneKind,
    /// The focused pane has the whole screen.
    pub is_zoomed: bool,
    /// Width and height of the terminal.
    pub size: (u16, u16),
    /// Who sits here, as the header shows it.
    pub operator: String,
    /// The last word to the operator, shown at the foot until the next key.
    pub notice: Option<(String, bool)>,
    /// Hosts that somebody wanted tried, with whether they answered; told in the notice.
    pub(super) tried: Vec<(HostId, Option<bool>)>,
    /// Failures up to here were looked at in the activity list.
    pub(super) seen: DateTime<Utc>,
    pub(super) environments: EnvironmentsPane,
    pub(super) containers: ContainersPane,
    pub(super) logs: LogsPane,
    pub(super) activity: ActivityPane,
    pub(super) engine: EnginePane,
    pub(super) settings: Settings,
    /// Masked values are shown.
    pub(super) is_unmasked: bool,
    pub(super) events: EventsPane,
    pub(super) health: HealthPane,
    pub(super) traffic: TrafficPane,
    pub(super) deployment: DeploymentPane,
    pub(super) releases: ReleasesPane,
    /// A text over the panes; below any overlay.
    pub(super) reading: Option<Reading>,
    pub(super) overlay: Option<Overlay>,
    /// Questions of hosts, the oldest first; it is asked before anything else.
    pub(super) asks: VecDeque<Ask>,
    pub(super) input: Option<Input>,
    /// What was entered in lines of each kind in this run, the newest last.
    pub(super) entered: BTreeMap<Action, Vec<String>>,
    /// Searches of logs that have a name, with their patterns.
    pub(super) searches: Vec<(String, String)>,
    /// The first of several keys in a row, until the last.
    pub(super) pressed: Vec<Chord>,
    pub(super) next_job: u64,
}

impl Model {
    /// On a world as it is known at the start.
    pub fn new(
        mut world: World,
        look: Look,
        keymap: Keymap,
        operator: String,
        size: (u16, u16),
        now: Now,
    ) -> Self {
        let environment = world.environments.first().map(|e| e.id.clone());
        world.opened = Some(now.at);
        Self {
            world,
            scope: Scope { environment, container: None },
            look,
            keymap,
            now,
            focus: PaneKind::Containers,
            is_zoomed: false,
            size,
            operator,
            notice: None,
            tried: Vec::new(),
            seen: now.wall,
            environments: EnvironmentsPane::default(),
            containers: ContainersPane::default(),
            logs: LogsPane::default(),
            activity: ActivityPane::default(),
            engine: EnginePane::default(),
            settings: Settings::default(),
            is_unmasked: false,
            events: EventsPane::default(),
            health: HealthPane::default(),
            traffic: TrafficPane::default(),
            deployment: DeploymentPane::default(),
            releases: ReleasesPane::default(),
            reading: None,
            overlay: None,
            asks: VecDeque::new(),
            input: None,
            entered: BTreeMap::new(),
            searches: Vec::new(),
            pressed: Vec::new(),
            next_job: 1,
        }
    }

    /// What a pane may look at.
    pub fn ctx(&self, pane: PaneKind) -> Ctx<'_> {
        let is_focused = self.focus == pane && !self.is_covered();
        Ctx { is_focused, ..Ctx::new(&self.world, &self.scope, &self.look, self.now) }
    }

    /// Where keys are looked up now.
    pub fn contexts(&self) -> &'static [Context] {
        match (&self.overlay, &self.reading) {
            (Some(_), _) => &[Context::Global],
            // Its `/`, `n` and `N` are those of a log.
            (None, Some(_)) => &[Context::Logs, Context::Global],
            (None, None) => self.focus.contexts(),
        }
    }

    /// Whether something lies over the panes and has the keys.
    pub(super) fn is_covered(&self) -> bool {
        self.overlay.is_some() || self.reading.is_some()
    }

    /// The streams that are wanted now.
    pub fn subs(&self) -> BTreeSet<Sub> {
        let mut subs = self.logs.subs();
        let shown = self.environment().map(|e| &e.hosts[..]).unwrap_or_default();
        for (id, host) in &self.world.hosts {
            subs.insert(Sub::Host(id.clone()));
            // Behind tcp:// the machine cannot be asked: its space is unknown, not ours. Over SSH a command is run each
            // time, so only where it is looked at, and never to find out whether the host is there.
            let has_load = match host.address {
                Address::Unix(_) => true,
                Address::Ssh(_) => shown.contains(id) && host.link == Link::Up,
                Address::Tcp(_) | Address::Other(_) => false,
            };
            if has_load {
                subs.insert(Sub::Load(id.clone()));
            }
        }
        let is_listed = self.places().iter().any(|place| place.pane == PaneKind::Containers);
        let mut visible = if is_listed { self.containers.visible().to_vec() } else { Vec::new() };
        let selected = self.scope.container.as_ref();
        if let Some(live) = selected.filter(|key| self.world.container(key).is_some_and(|c| c.state.is_up()))
        {
            visible.retain(|key| key != live);
            subs.insert(Sub::Live(live.clone()));
        }
        if !visible.is_empty() {
            subs.insert(Sub::Usage(visible));
        }
        if self.focus == PaneKind::Events {
            let hosts = self.ctx(PaneKind::Events).environment().map(|e| &e.hosts[..]).unwrap_or_default();
            subs.extend(hosts.iter().cloned().map(Sub::Events));
        }
        if let Some(environment) = self.environment() {
            let is_up = |id: &HostId| self.world.hosts.get(id).is_some_and(|host| host.link == Link::Up);
            let hosts = environment.hosts.iter().map(|id| (id.clone(), is_up(id))).collect();
            let written = self.world.ledgers.written(&environment.hosts);
            subs.insert(Sub::Ledger(environment.id.clone(), hosts, written));
        }
        self.health_subs(&mut subs);
        self.traffic_subs(&mut subs);
        subs.insert(Sub::Tick(Duration::from_secs(1)));
        let is_waiting = match &self.overlay {
            Some(Overlay::Question(question)) => !question.is_open(self.now.at),
            Some(Overlay::Rollout(rollout)) => rollout.is_waiting(self.now.at),
            _ => false,
        };
        if is_waiting {
            subs.insert(Sub::Tick(UNTIL_OPEN));
        }
        subs
    }

    /// The past of the log on the screen has been told: what comes now is new.
    pub fn is_log_open(&self) -> bool {
        self.logs.is_open()
    }

    /// Failures that nobody has looked at yet.
    pub fn unseen_failures(&self) -> usize {
        self.world.activity.iter().filter(|deed| deed.is_failure && deed.at > self.seen).count()
    }

    /// Probes of all that runs in the environment on the screen; its check's results for the container that is looked at.
    fn health_subs(&self, subs: &mut BTreeSet<Sub>) {
        let environment = self.scope.environment.as_ref().and_then(|id| self.world.environment(id));
        let Some(environment) = environment else { return };
        if self.world.services.contains_key(&environment.id) {
            for c in self.world.containers(environment) {
                let targets = self.world.targets(&environment.id, c);
                let targets = targets.into_iter().filter(|_| c.state == State::Running);
                subs.extend(targets.filter_map(|(_, target)| target.ok().map(Sub::Health)));
            }
        }
        let selected = self.scope.container.as_ref().and_then(|key| self.world.container(key));
        let is_checked = |c: &&Container| c.state == State::Running && c.health != Health::None;
        if let Some(c) = selected.filter(is_checked)
            && self.places().iter().any(|place| place.pane == PaneKind::Health)
        {
            subs.insert(Sub::Checks(c.key.clone()));
        }
    }

    /// What the balancers do whose figures are on the screen, or whose slots are known to nobody else.
    fn traffic_subs(&self, subs: &mut BTreeSet<Sub>) {
        let Some(environment) = self.environment() else { return };
        let fronts = self.world.fronts(environment);
        if fronts.is_empty() {
            return;
        }
        let is_shown = |pane| self.places().iter().any(|place| place.pane == pane);
        let container = |key| self.world.container(key);
        let mut looked_at: Vec<&Container> = Vec::new();
        if is_shown(PaneKind::Health) || is_shown(PaneKind::Traffic) {
            looked_at.extend(self.scope.container.as_ref().and_then(container));
        }
        if is_shown(PaneKind::Containers) {
            let rows = self.containers.visible().iter().filter_map(container);
            looked_at.extend(rows.filter(|c| !c.labels.contains_key(SLOT)));
        }
        let services: BTreeSet<_> =
            looked_at.into_iter().map(|c| self.world.service_behind(&environment.id, c)).collect();
        let wanted =
            fronts.into_iter().filter(|(front, c)| services.contains(&front.service) && c.state.is_up());
        subs.extend(wanted.map(|(front, c)| Sub::Traffic(front, c.key.id.clone(), Arc::clone(&c.name))));
    }

    pub(super) fn job(&mut self) -> JobId {
        self.next_job += 1;
        JobId(self.next_job)
    }
}
