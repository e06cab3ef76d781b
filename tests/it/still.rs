//! The console on a simulated scenario held at a moment: the same picture every time, without an engine or a wait.

use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use pilothouse::adapters::sim::scenario::Scenario;
use pilothouse::adapters::sim::world::View;
use pilothouse::app::model::Model;
use pilothouse::config::keymap::{Chord, Keymap};
use pilothouse::config::theme::{Depth, Theme};
use pilothouse::effect::Effect;
use pilothouse::logs::line::Batch;
use pilothouse::msg::{LogFact, Msg};
use pilothouse::sub::{Generation, Sub};
use pilothouse::ui::look::Look;

/// Lines that a log view opens on here.
const LINES: usize = 200;

/// A console whose world stands still.
pub struct Still {
    /// The console.
    pub model: Model,
    view: View,
    read: Option<Generation>,
}

impl Still {
    /// At the height of the incident.
    pub fn incident(size: (u16, u16)) -> Self {
        let scenario = Scenario::named("incident").unwrap();
        Self::at(&scenario, scenario.height.get(), "dark", size)
    }

    /// A scenario `at` after its second 0, in a theme, in full colour and UTC.
    pub fn at(scenario: &Arc<Scenario>, at: Duration, theme: &str, size: (u16, u16)) -> Self {
        let look = Look::new(&Theme::named(theme).unwrap().degraded(Depth::True), false, true);
        let view = View::at(scenario, at);
        let keymap = Keymap::standard().unwrap();
        let model = Model::new(view.world.clone(), look, keymap, "alice@bastion".to_owned(), size, view.now);
        let mut still = Self { model, view, read: None };
        still.update(Msg::Resize(size.0, size.1));
        still
    }

    /// Presses keys: `j j enter`.
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        let pressed = keys.split_whitespace().map(|key| key.parse::<Chord>().unwrap());
        pressed.flat_map(|chord| self.update(Msg::Key(chord))).collect()
    }

    /// Takes a message; a log view that it opened gets its lines.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let effects = self.model.update(msg, self.view.now);
        for sub in self.model.subs() {
            let Sub::Logs(generation, following) = sub else { continue };
            if self.read == Some(generation) {
                continue;
            }
            self.read = Some(generation);
            let logs: Vec<_> =
                following.sources.iter().map(|(source, key)| self.view.log(key, LINES, *source)).collect();
            let mut lines: Vec<_> = logs.iter().flat_map(Batch::iter).collect();
            lines.sort_by_key(|line| line.at_ns);
            let mut merged = Batch::new();
            for line in lines {
                merged.push(line.bytes, line.head());
            }
            self.model.update(Msg::Log(generation, LogFact::Lines(merged)), self.view.now);
        }
        effects
    }

    /// What is on the screen, with its styles.
    pub fn draw(&self) -> Buffer {
        let (width, height) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| self.model.draw(frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// What is on the screen, a line a row.
    pub fn text(&self) -> String {
        let buffer = self.draw();
        let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..buffer.area.height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
    }
}

#[test]
fn the_height_of_the_incident_is_seen_on_both_sizes() {
    for size in [(80, 24), (160, 48)] {
        let mut still = Still::incident(size);
        let text = still.text();
        assert!(text.contains("OOM") && text.contains("unhealthy"), "{text}");
        assert!(text.contains("db timeout"), "{text}");
        still.press("j");
        assert_ne!(still.text(), text);
    }
}
