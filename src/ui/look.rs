//! The theme as ratatui styles, and the glyphs with their ASCII forms. Panes ask for roles, never for colours.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, Local, Offset, Utc};
use ratatui::style::{Color, Modifier, Style};

use crate::config::theme::{self, Colour, Depth, Role, RoleStyle, Theme};
use crate::domain::traffic::Slot;

/// How things look on this terminal.
#[derive(Clone, Debug)]
pub struct Look {
    styles: Vec<Style>,
    /// What somebody painted environments with.
    painted: BTreeMap<String, Style>,
    /// Only ASCII may be drawn.
    pub is_ascii: bool,
    /// Times are shown in UTC.
    pub is_utc: bool,
}

impl Look {
    /// The look of a theme that was already reduced to what the terminal can show.
    pub fn new(theme: &Theme, is_ascii: bool, is_utc: bool) -> Self {
        let styles = Role::ALL.iter().map(|role| style(theme.style(*role))).collect();
        Self { styles, painted: BTreeMap::new(), is_ascii, is_utc }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// Paints an environment: a role of the theme, or a colour as far as the terminal can show it.
    pub fn paint(&mut self, environment: &str, colour: &str, depth: Depth) {
        let role = Role::ALL.iter().find(|role| role.name() == colour).map(|role| self.style(*role));
        let own = || theme::colour(colour).map(|colour| style(theme::shade(colour, depth)));
        if let Some(style) = role.or_else(own) {
            self.painted.insert(environment.to_owned(), style);
        }
    }

    /// What an environment was painted with, else that role.
    pub fn of(&self, environment: &str, role: Role) -> Style {
        self.painted.get(environment).copied().unwrap_or_else(|| self.style(role))
    }

    /// `unicode`, or `ascii` where only that may be drawn.
    pub fn glyph(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.is_ascii { ascii } else { unicode }
    }

    /// `■ blue`, `□ green`: a slot reads without colour.
    pub fn slot(&self, slot: Slot) -> String {
        let mark = match slot {
            Slot::Blue => self.glyph("■", "#"),
            Slot::Green => self.glyph("□", "o"),
        };
        format!("{mark} {slot}")
    }

    /// `14:32:07`, local or UTC.
    pub fn clock(&self, at: DateTime<Utc>) -> String {
        if self.is_utc {
            at.format("%H:%M:%S").to_string()
        } else {
            at.with_timezone(&Local).format("%H:%M:%S").to_string()
        }
    }

    /// `14:32:07` of the last 20 hours, else with its day: `03-14 14:32`; local or UTC.
    pub fn since(&self, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let format = if (now - at).num_hours() < 20 { "%H:%M:%S" } else { "%m-%d %H:%M" };
        if self.is_utc {
            at.format(format).to_string()
        } else {
            at.with_timezone(&Local).format(format).to_string()
        }
    }

    /// `Z`, or the local offset: `+01:00`.
    pub fn zone(&self, at: DateTime<Utc>) -> String {
        match at.with_timezone(&Local).format("%:z").to_string() {
            _ if self.is_utc => "Z".to_owned(),
            zero if zero == "+00:00" => "Z".to_owned(),
            offset => offset,
        }
    }

    /// `03-14 14:32:07`, local or UTC.
    pub fn day_clock(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.offset(at)).format("%m-%d %H:%M:%S").to_string()
    }

    /// The zone that times are shown in, at that time.
    pub fn offset(&self, at: DateTime<Utc>) -> FixedOffset {
        if self.is_utc { Utc.fix() } else { at.with_timezone(&Local).offset().fix() }
    }

    /// `14:32:07.120` of ns since 1970, local or UTC.
    pub fn log_clock(&self, at_ns: i64) -> String {
        let at = DateTime::<Utc>::from_timestamp_nanos(at_ns);
        if self.is_utc {
            at.format("%H:%M:%S%.3f").to_string()
        } else {
            at.with_timezone(&Local).format("%H:%M:%S%.3f").to_string()
        }
    }
}

fn style(role: RoleStyle) -> Style {
    let mut style = Style::new();
    style.fg = role.fg.map(color);
    style.bg = role.bg.map(color);
    let modifiers = [
        (role.bold, Modifier::BOLD),
        (role.dim, Modifier::DIM),
        (role.underline, Modifier::UNDERLINED),
        (role.reverse, Modifier::REVERSED),
    ];
    for (_, modifier) in modifiers.into_iter().filter(|(is_on, _)| *is_on) {
        style = style.add_modifier(modifier);
    }
    style
}

fn color(colour: Colour) -> Color {
    match colour {
        Colour::Rgb(r, g, b) => Color::Rgb(r, g, b),
        Colour::Indexed(i) | Colour::Ansi(i) => Color::Indexed(i),
        Colour::Default => Color::Reset,
    }
}
