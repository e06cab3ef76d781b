//! Themes as data: a palette and roles. No screen code; `ui::look` makes styles of it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A colour a terminal can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// 24 bits.
    Rgb(u8, u8, u8),
    /// One of 256.
    Indexed(u8),
    /// One of 16.
    Ansi(u8),
    /// The terminal's own.
    Default,
}

/// How one role looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RoleStyle {
    /// Foreground, if the role sets one.
    pub fg: Option<Colour>,
    /// Background, if the role sets one.
    pub bg: Option<Colour>,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Underlined.
    pub underline: bool,
    /// Inverse.
    pub reverse: bool,
}

/// How many colours the terminal has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// 24 bits.
    True,
    /// 256.
    Indexed,
    /// 16.
    Ansi,
    /// None: weight, words and symbols only.
    None,
}

macro_rules! roles {
    ($($variant:ident $name:literal $doc:literal;)*) => {
        /// What a piece of the screen means.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Role {$(
            #[doc = $doc]
            $variant,
        )*}

        impl Role {
            /// All roles, in the order of their numbers.
            pub const ALL: &'static [Role] = &[$(Role::$variant,)*];

            /// Its name in theme files.
            pub fn name(self) -> &'static str {
                [$($name,)*][self as usize]
            }
        }
    };
}

roles! {
    Ground "ground" "The screen's own ground and ordinary text.";
    Raised "raised" "The ground of header and footer.";
    Selected "selected" "The ground of a selected row.";
    Bright "bright" "The thing itself.";
    Text "text" "Ordinary text.";
    Dim "dim" "Labels and units.";
    Faint "faint" "Repeated values.";
    Border "border" "Borders.";
    BorderFocus "border_focus" "The border of the focused pane.";
    Bad "bad" "Needs a human.";
    BadStrong "bad_strong" "Needs a human now.";
    Warn "warn" "Soon may need one.";
    Ok "ok" "Proves ready.";
    Accent "accent" "Us: focus, progress.";
    Key "key" "Keys in footer and help.";
    Blue "blue" "The blue slot; ids.";
    Green "green" "The green slot.";
    Production "production" "The word PRODUCTION.";
    Chart "chart" "Bars of a chart.";
    Match "match" "A search hit.";
}

/// One style per role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Theme {
    styles: Vec<RoleStyle>,
}

/// Why a theme was not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ThemeError {
    /// Not the TOML a theme is.
    #[error("theme: {0}")]
    Syntax(String),
    /// A colour that names nothing.
    #[error("theme: role `{role}`: `{value}` is neither #rrggbb, a palette name, `ansi-…` nor `default`")]
    Colour {
        /// The role it stands in.
        role: String,
        /// As written.
        value: String,
    },
    /// Roles without a style.
    #[error("theme: no style for {0}")]
    Missing(String),
    /// Roles nobody knows.
    #[error("theme: no such role: {0}")]
    Unknown(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    palette: BTreeMap<String, String>,
    roles: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Foreground(String),
    Full(Full),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Full {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
    reverse: bool,
}

/// Built-in themes by name, the default first.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
];

const ANSI: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

impl Theme {
    /// The built-in theme of that name; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Self::parse(text).ok()
    }

    /// Reads a theme file.
    ///
    /// # Errors
    /// What [`ThemeError`] names; the first one met.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        let file: File = toml::from_str(text).map_err(|e| ThemeError::Syntax(e.to_string()))?;
        let is_known = |name: &&String| Role::ALL.iter().any(|role| role.name() == **name);
        if let Some(name) = file.roles.keys().find(|name| !is_known(name)) {
            return Err(ThemeError::Unknown(name.clone()));
        }
        let style = |role: &Role| {
            let entry =
                file.roles.get(role.name()).ok_or_else(|| ThemeError::Missing(role.name().to_owned()))?;
            resolve(role.name(), entry, &file.palette)
        };
        Ok(Self { styles: Role::ALL.iter().map(style).collect::<Result<_, _>>()? })
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> RoleStyle {
        self.styles[role as usize]
    }

    /// What is left of it on a terminal with fewer colours. Without colour, weight and inverse carry the hierarchy.
    #[must_use]
    pub fn degraded(mut self, depth: Depth) -> Self {
        for (role, style) in Role::ALL.iter().zip(&mut self.styles) {
            *style = match depth {
                Depth::True => *style,
                Depth::Indexed => {
                    RoleStyle { fg: style.fg.map(indexed), bg: style.bg.map(indexed), ..*style }
                }
                Depth::Ansi => few(*role, *style, true),
                Depth::None => few(*role, *style, false),
            };
        }
        self
    }
}

/// 16 colours or none: the grounds are the terminal's own, and greys become weights.
fn few(role: Role, style: RoleStyle, has_colour: bool) -> RoleStyle {
    let fg = match role {
        Role::Bad | Role::BadStrong | Role::Production => Some(Colour::Ansi(9)),
        Role::Warn | Role::Key => Some(Colour::Ansi(11)),
        Role::Ok | Role::Green => Some(Colour::Ansi(10)),
        Role::Accent | Role::Blue | Role::BorderFocus => Some(Colour::Ansi(12)),
        _ => None,
    };
    RoleStyle {
        fg: fg.filter(|_| has_colour),
        bg: None,
        bold: style.bold
            || matches!(role, Role::Bright | Role::BadStrong | Role::Bad | Role::Key | Role::BorderFocus),
        dim: matches!(role, Role::Dim | Role::Faint | Role::Border),
        underline: style.underline,
        reverse: matches!(role, Role::Selected | Role::Match | Role::Production),
    }
}

/// The nearest of the 6x6x6 cube or the grey ramp.
fn indexed(colour: Colour) -> Colour {
    let Colour::Rgb(r, g, b) = colour else { return colour };
    const STEPS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    let rgb = [r, g, b].map(i32::from);
    let distance = |other: [i32; 3]| rgb.iter().zip(other).map(|(a, b)| (a - b).pow(2)).sum::<i32>();
    let nearest =
        rgb.map(|v| STEPS.iter().enumerate().min_by_key(|(_, s)| (**s - v).abs()).map_or(0, |(i, _)| i));
    let cube = 16 + 36 * nearest[0] + 6 * nearest[1] + nearest[2];
    let grey = ((rgb.iter().sum::<i32>() / 3 - 8).max(0) / 10).min(23);
    let grey_wins = distance([8 + 10 * grey; 3]) < distance(nearest.map(|i| STEPS[i]));
    Colour::Indexed(if grey_wins { 232 + grey as u8 } else { cube as u8 })
}

fn resolve(role: &str, entry: &Entry, palette: &BTreeMap<String, String>) -> Result<RoleStyle, ThemeError> {
    let read = |value: &String| {
        let value = palette.get(value).unwrap_or(value);
        colour(value).ok_or_else(|| ThemeError::Colour { role: role.to_owned(), value: value.clone() })
    };
    Ok(match entry {
        Entry::Foreground(value) => RoleStyle { fg: Some(read(value)?), ..RoleStyle::default() },
        Entry::Full(full) => RoleStyle {
            fg: full.fg.as_ref().map(read).transpose()?,
            bg: full.bg.as_ref().map(read).transpose()?,
            bold: full.bold,
            dim: full.dim,
            underline: full.underline,
            reverse: full.reverse,
        },
    })
}

pub(super) fn colour(text: &str) -> Option<Colour> {
    if text == "default" {
        return Some(Colour::Default);
    }
    if let Some(name) = text.strip_prefix("ansi-") {
        let (name, offset) = name.strip_prefix("bright-").map_or((name, 0), |rest| (rest, 8));
        return ANSI.iter().position(|known| *known == name).map(|i| Colour::Ansi(i as u8 + offset));
    }
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii())?;
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some(Colour::Rgb(byte(0)?, byte(2)?, byte(4)?))
}

#[cfg(test)]
mod tests;
