//! The first line: where am I, what is broken, since when. On a tiny terminal its words are all there is.

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::gate::Access;
use crate::app::model::Model;
use crate::config::theme::Role;
use crate::deploy::story::State as Stands;
use crate::domain::container::{Container, Standing, State};
use crate::domain::deployment::Heading;
use crate::domain::environment::{Class, Environment};
use crate::domain::host::HostLoad;
use crate::panes::containers::words;
use crate::panes::{PaneKind, condition, deployment, environments};
use crate::ui::text::{bytes, put, put_right, seconds};
use crate::world::Link;
use crate::world::health::Condition;

/// A word of the header; the form for narrow screens may be shorter, and shorter still where it would not fit.
struct Word {
    long: String,
    short: Option<String>,
    least: Option<String>,
    role: Role,
}

fn word(text: impl Into<String>, role: Role) -> Word {
    Word { long: text.into(), short: None, least: None, role }
}

/// The name of an environment as a badge; production is always a word, whatever it is called.
pub fn badge(environment: &Environment) -> (String, Role) {
    let name = environment.id.to_string();
    match environment.class {
        Class::Production if name.to_lowercase().contains("prod") => (name.to_uppercase(), Role::Production),
        Class::Production => (format!("{} PRODUCTION", name.to_uppercase()), Role::Production),
        Class::Staging => (name, Role::Warn),
        Class::Development => (name, Role::Accent),
        Class::Unclassified => (format!("{name} (unclassified)"), Role::Bright),
    }
}

impl Model {
    /// Containers of the environment that need somebody, worst first.
    fn broken<'a>(&'a self, environment: &'a Environment) -> Vec<&'a Container> {
        let all = self.world.containers(environment);
        let ctx = self.ctx(PaneKind::Containers);
        all.into_iter().filter(|c| ctx.standing(c) == Standing::Bad).collect()
    }

    /// What is wrong with it in a few words.
    fn in_words(&self, c: &Container) -> String {
        match c.state {
            State::Running => condition::of(&self.ctx(PaneKind::Containers), c).0,
            _ => words::state_text(c),
        }
    }

    /// Since when it is bad, by whoever saw it first.
    pub(super) fn bad_since(&self, c: &Container) -> Option<DateTime<Utc>> {
        match self.ctx(PaneKind::Containers).condition(c) {
            Some(Condition::Unhealthy(trouble)) => trouble.since.into_iter().chain(c.bad_since()).min(),
            _ => c.bad_since(),
        }
    }

    /// Words of the header with their roles, most important first.
    fn header(&self) -> Vec<Word> {
        let mut words = Vec::new();
        if self.world.is_demo {
            words.push(word(" DEMO ", Role::Match));
        }
        let Some(environment) = self.scope.environment.as_ref().and_then(|id| self.world.environment(id))
        else {
            return words;
        };
        let (name, role) = badge(environment);
        words.push(word(if role == Role::Production { format!(" {name} ") } else { name }, role));
        match self.settings.gate.access(environment, self.now.at) {
            Access::Open => {}
            Access::ReadOnly => words.push(word("read-only", Role::Text)),
            Access::Writable(left) => {
                let left = seconds(left.as_secs() as i64);
                words.push(word(format!("writable {left}"), Role::Warn));
            }
        }
        words.extend(self.is_unmasked.then(|| word("masks off", Role::Warn)));
        match environments::count(&self.ctx(PaneKind::Environments), environment) {
            None => words.push(word(self.unheard(environment), Role::Dim)),
            Some((up, all, bad)) => {
                words.push(word(format!("{up}/{all} up"), if bad > 0 { Role::Bad } else { Role::Ok }));
                words.extend((bad > 0).then(|| self.alerts(environment, bad)));
                words.extend(self.warnings(environment));
            }
        }
        words.extend(self.deploying());
        words.extend(self.lost(environment));
        for id in &environment.hosts {
            let Some(host) = self.world.hosts.get(id) else { continue };
            words.extend(short_of(id.as_str(), host.load, self.world.short_disks.contains(id)));
            let skew = host.skew().filter(|skew| skew.is_told());
            words.extend(skew.map(|skew| word(format!("{id} clock {skew}"), Role::Warn)));
        }
        let unseen = self.unseen_failures();
        if unseen > 0 {
            let noun = if unseen == 1 { "failure" } else { "failures" };
            let short = Some(format!("{unseen} failed"));
            words.push(Word {
                long: format!("{unseen} {noun} unseen"),
                short,
                least: None,
                role: Role::Warn,
            });
        }
        let hosts = environment.hosts.len();
        words.extend((hosts > 1).then(|| word(format!("{hosts} hosts"), Role::Dim)));
        words
    }

    /// The deployment that is not over: what, how far, and whether somebody is at work.
    fn deploying(&self) -> Option<Word> {
        let shown =
            deployment::last(&self.ctx(PaneKind::Deployment)).filter(|shown| shown.story.is_open())?;
        let (subject, (done, all)) = (shown.plan.subject(), shown.story.count());
        let (long, short, least, role) = match (&shown.story.state, shown.story.heading) {
            (Stands::Unguarded(since), _) => {
                let text = format!("{subject} unguarded since {}", self.look.since(*since, self.now.wall));
                (text.clone(), text, "unguarded".to_owned(), Role::Bad)
            }
            _ if shown.story.paused.is_some() => {
                let text = format!("{subject} paused {done}/{all}");
                (text.clone(), text, format!("paused {done}/{all}"), Role::Warn)
            }
            (_, Heading::Back) => {
                let short = format!("{subject} back {done}/{all}");
                (format!("{subject} goes back {done}/{all}"), short, format!("back {done}/{all}"), Role::Warn)
            }
            _ => {
                let short = format!("{subject} {done}/{all}");
                (format!("deploying {short}"), short, format!("{done}/{all}"), Role::Accent)
            }
        };
        Some(Word { long, short: Some(short), least: Some(least), role })
    }

    /// Hosts that do not answer: those that need somebody first, several of a kind by their number.
    fn lost(&self, environment: &Environment) -> Option<Word> {
        let mut kinds = [("needs you", "need you"), ("stale", "stale"), ("no answer", "no answer")]
            .map(|words| (words, Vec::new(), 0));
        for id in &environment.hosts {
            let Some(host) = self.world.hosts.get(id) else { continue };
            let Link::Lost { since, needs_person, .. } = &host.link else { continue };
            // What never answered cannot be stale: nothing is known of it. Where a person is needed it may well have
            // answered: with another key, or with a question.
            let kind = match (host.containers.is_some(), needs_person) {
                (true, _) => 1,
                (false, true) => 0,
                (false, false) => 2,
            };
            let (_, ids, oldest) = &mut kinds[kind];
            ids.push(id);
            *oldest = self.now.at.saturating_duration_since(*since).as_secs().max(*oldest);
        }
        let count: usize = kinds.iter().map(|(_, ids, _)| ids.len()).sum();
        let told = kinds.iter().filter_map(|((one, many), ids, oldest)| {
            let age = seconds(*oldest as i64);
            match ids[..] {
                [] => None,
                [id] => Some(format!("{id} {one} {age}")),
                [..] => Some(format!("{} hosts {many} {age}", ids.len())),
            }
        });
        let long = told.collect::<Vec<_>>().join(", ");
        let short = (count > 1).then(|| format!("{count} lost"));
        (count > 0).then_some(Word { long, short, least: None, role: Role::Warn })
    }

    fn unheard(&self, environment: &Environment) -> String {
        let is_asking = |id| self.world.hosts.get(id).is_some_and(|h| h.link == Link::Asking);
        let asked: Vec<_> = environment
            .hosts
            .iter()
            .filter(|id| is_asking(id))
            .map(crate::domain::ids::HostId::as_str)
            .collect();
        let dots = self.look.glyph("…", "...");
        if asked.is_empty() {
            "containers unknown".to_owned()
        } else {
            format!("asking {}{dots}", asked.join(", "))
        }
    }

    /// Containers that use too much: nothing is broken yet.
    fn warnings(&self, environment: &Environment) -> Option<Word> {
        let (count, since) = self.world.strained(environment, self.now.wall)?;
        let noun = if count == 1 { "warning" } else { "warnings" };
        let mark = self.look.glyph("△", "~");
        let since = self.look.since(since, self.now.wall);
        let short = Some(format!("{mark} {count} since {since}"));
        Some(Word {
            long: format!("{mark} {count} {noun} since {since}"),
            short,
            least: None,
            role: Role::Warn,
        })
    }

    fn alerts(&self, environment: &Environment, bad: usize) -> Word {
        let mark = self.look.glyph("▲", "!");
        let since = self.broken(environment).into_iter().filter_map(|c| self.bad_since(c)).min();
        let since =
            since.map(|at| format!(" since {}", self.look.since(at, self.now.wall))).unwrap_or_default();
        let noun = if bad == 1 { "alert" } else { "alerts" };
        let short = Some(format!("{mark} {bad}{since}"));
        Word { long: format!("{mark} {bad} {noun}{since}"), short, least: None, role: Role::Bad }
    }

    pub(super) fn draw_header(&self, area: Rect, buf: &mut Buffer) {
        let look = &self.look;
        buf.set_style(area, look.style(Role::Raised));
        let clock = format!("{}{} ", look.clock(self.now.wall), look.zone(self.now.wall));
        let right = if self.is_narrow() { clock } else { format!("{}  {clock}", self.operator) };
        put_right(buf, area.x, area.y, area.width, &right, look.style(Role::Dim));
        let end = area.right().saturating_sub(right.width() as u16 + 1);
        let mut x = area.x;
        if !self.is_narrow() {
            x += 1 + put(buf, x + 1, area.y, 12, "pilothouse", look.style(Role::Bright)) + 1;
        }
        self.draw_words(Rect { x, width: end.saturating_sub(x), ..area }, buf);
    }

    /// As many words as fit, most important first; a word that does not fit gives way to the next.
    fn draw_words(&self, row: Rect, buf: &mut Buffer) {
        let mut x = row.x;
        for word in self.header() {
            let text = if self.is_narrow() { word.short.unwrap_or(word.long) } else { word.long };
            // A badge has a ground of its own and brings its own blanks.
            let gap = u16::from(!text.starts_with(' '));
            let needed = |text: &str| text.width() as u16 + gap;
            let text = word.least.filter(|_| x + needed(&text) > row.right()).unwrap_or(text);
            let needed = needed(&text);
            if x + needed <= row.right() || x == row.x {
                put(
                    buf,
                    x + gap,
                    row.y,
                    row.right().saturating_sub(x + gap),
                    &text,
                    self.look.style(word.role),
                );
                x += needed + 1;
            }
        }
    }

    /// One line of words, then a line for each container that needs somebody, as many as fit.
    pub(super) fn draw_tiny(&self, area: Rect, buf: &mut Buffer) {
        self.draw_words(Rect { height: 1, ..area }, buf);
        let environment = self.scope.environment.as_ref().and_then(|id| self.world.environment(id));
        let broken = environment.map(|e| self.broken(e)).unwrap_or_default();
        for (y, c) in (area.top() + 1..area.bottom()).zip(broken) {
            let used =
                put(buf, area.x + 1, y, area.width.saturating_sub(1), &c.name, self.look.style(Role::Bright));
            let x = area.x + 2 + used;
            put(buf, x, y, area.right().saturating_sub(x), &self.in_words(c), self.look.style(Role::Bad));
        }
    }
}

/// Space or memory of a host that runs short.
fn short_of(host: &str, load: HostLoad, is_disk_short: bool) -> Vec<Word> {
    let is_short = |(free, all): &(u64, u64)| free * 10 < *all;
    let of = |what: &'static str, role: Role| {
        move |(free, _): (u64, u64)| word(format!("{host} {what} {} free", bytes(free)), role)
    };
    let disk = load.disk_bytes.filter(|_| is_disk_short).map(of("disk", Role::Bad));
    let memory = load.memory_bytes.filter(is_short).map(of("memory", Role::Warn));
    disk.into_iter().chain(memory).collect()
}
