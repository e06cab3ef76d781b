//! Select Graphic Rendition (ECMA-48 8.3.117) as a value, so that a line's colours can be mapped to any theme.
//!
//! Leaves out what hides or harms: conceal, blink, fonts.

/// A colour as the line asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colour {
    /// Of the terminal's palette: 0 to 15 are the theme's, the rest fixed.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// The styles in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sgr {
    /// Of the text; `None` is the default colour.
    pub fg: Option<Colour>,
    /// Behind the text.
    pub bg: Option<Colour>,
    /// Heavier.
    pub bold: bool,
    /// Fainter.
    pub dim: bool,
    /// Slanted.
    pub italic: bool,
    /// Any underline.
    pub underline: bool,
    /// Colours exchanged.
    pub reverse: bool,
}

impl Sgr {
    /// The styles after one sequence; unknown parameters change nothing.
    pub(super) fn after<'a>(mut self, mut params: impl Iterator<Item = &'a [u16]>) -> Self {
        while let Some(param) = params.next() {
            let Some(&code) = param.first() else { continue };
            match code {
                0 => self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                3 => self.italic = true,
                4 => self.underline = param.get(1) != Some(&0),
                21 => self.underline = true,
                7 => self.reverse = true,
                22 => (self.bold, self.dim) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                27 => self.reverse = false,
                30..=37 => self.fg = Some(Colour::Indexed((code - 30) as u8)),
                39 => self.fg = None,
                40..=47 => self.bg = Some(Colour::Indexed((code - 40) as u8)),
                49 => self.bg = None,
                90..=97 => self.fg = Some(Colour::Indexed((code - 82) as u8)),
                100..=107 => self.bg = Some(Colour::Indexed((code - 92) as u8)),
                38 => self.fg = extended(param, &mut params).or(self.fg),
                48 => self.bg = extended(param, &mut params).or(self.bg),
                _ => {}
            }
        }
        self
    }

    /// Without a background that would hide the text in its own colour.
    pub(super) fn legible(mut self) -> Self {
        if self.fg.is_some() && self.fg == self.bg {
            self.bg = None;
        }
        self
    }
}

/// `38:5:n`, `38:2::r:g:b`, `38:2:r:g:b`, or the same spread over parameters with semicolons.
fn extended<'a>(param: &[u16], params: &mut impl Iterator<Item = &'a [u16]>) -> Option<Colour> {
    let mut next = || params.next().and_then(|param| param.first()).copied();
    let byte = |value: u16| u8::try_from(value).ok();
    match param {
        [_] => match next()? {
            5 => Some(Colour::Indexed(byte(next()?)?)),
            2 => {
                let (r, g, b) = (next()?, next()?, next()?);
                Some(Colour::Rgb(byte(r)?, byte(g)?, byte(b)?))
            }
            _ => None,
        },
        [_, 5, index] => Some(Colour::Indexed(byte(*index)?)),
        [_, 2, r, g, b] | [_, 2, _, r, g, b] => Some(Colour::Rgb(byte(*r)?, byte(*g)?, byte(*b)?)),
        _ => None,
    }
}
