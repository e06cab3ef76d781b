//! Themes as data: a palette and roles. No screen code; `ui::look` makes styles of it.

use super::problem::Problems;

mod degrade;
mod file;

pub use file::colour;

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
    BorderProduction "border_production" "Borders in a production environment.";
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
    ChartDim "chart_dim" "The rest of a bar, and what is long past.";
    Info "info" "Worth knowing, nothing to do.";
    Match "match" "A search hit.";
}

/// One style per role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Theme {
    styles: Vec<RoleStyle>,
}

/// Built-in themes by name, the default first.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("ansi16", include_str!("../../themes/ansi16.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// A colour of somebody's own, as far as the terminal can show it.
pub fn shade(colour: Colour, depth: Depth) -> RoleStyle {
    let style = RoleStyle { fg: Some(colour), ..RoleStyle::default() };
    match depth {
        Depth::True => style,
        Depth::Indexed => degrade::to_256(style),
        Depth::Ansi => degrade::to_16(Role::Text, style, None),
        Depth::None => RoleStyle::default(),
    }
}

impl Theme {
    /// The built-in theme of that name; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Self::parse(name, text).ok()
    }

    /// Reads a theme file; `origin` is what to call it. It may inherit from a built-in theme.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn parse(origin: &str, text: &str) -> Result<Self, Problems> {
        file::parse(origin, text).map(|styles| Self { styles })
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> RoleStyle {
        self.styles[role as usize]
    }

    /// What is left of it on a terminal with fewer colours. Without colour, weight and inverse carry the hierarchy.
    #[must_use]
    pub fn degraded(mut self, depth: Depth) -> Self {
        let ground = self.style(Role::Ground).bg;
        for (role, style) in Role::ALL.iter().zip(&mut self.styles) {
            *style = match depth {
                Depth::True => *style,
                Depth::Indexed => degrade::to_256(*style),
                Depth::Ansi => degrade::to_16(*role, *style, ground),
                Depth::None => degrade::to_none(*role, *style),
            };
        }
        self
    }
}

#[cfg(test)]
mod tests;
