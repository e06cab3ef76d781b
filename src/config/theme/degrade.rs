//! A theme on terminals with 256, 16 or no colours. Meaning keeps its hue, greys become weights.

use super::{Colour, Role, RoleStyle};

/// The nearest of the 256 for each colour.
pub(super) fn to_256(style: RoleStyle) -> RoleStyle {
    RoleStyle { fg: style.fg.map(indexed), bg: style.bg.map(indexed), ..style }
}

/// Grounds are the terminal's own; colours keep their hue, bright ones on a dark `ground`.
pub(super) fn to_16(role: Role, style: RoleStyle, ground: Option<Colour>) -> RoleStyle {
    let is_light = matches!(ground, Some(Colour::Rgb(r, g, b)) if [r, g, b].iter().all(|v| *v > 127));
    let fg = match style.fg {
        // A ground that was to make it seen is gone: PRODUCTION and hits are inverse and need no colour of their own.
        _ if matches!(role, Role::Match) => None,
        Some(kept @ (Colour::Ansi(_) | Colour::Default)) => Some(kept),
        Some(Colour::Rgb(r, g, b)) => hue(r, g, b).map(|i| Colour::Ansi(if is_light { i } else { i + 8 })),
        Some(Colour::Indexed(i)) if i < 16 => Some(Colour::Ansi(i)),
        Some(Colour::Indexed(_)) | None => None,
    };
    let fg = fg.or_else(|| (role == Role::Production).then_some(Colour::Ansi(if is_light { 1 } else { 9 })));
    RoleStyle { fg, ..to_none(role, style) }
}

/// Weight and inverse only.
pub(super) fn to_none(role: Role, style: RoleStyle) -> RoleStyle {
    let is_heavy = matches!(role, Role::Bright | Role::Bad | Role::BadStrong | Role::Key | Role::BorderFocus);
    let is_quiet =
        matches!(role, Role::Dim | Role::Faint | Role::Border | Role::BorderProduction | Role::ChartDim);
    RoleStyle {
        fg: None,
        bg: None,
        bold: style.bold || is_heavy,
        dim: style.dim || is_quiet,
        underline: style.underline,
        reverse: style.reverse || matches!(role, Role::Selected | Role::Match | Role::Production),
    }
}

/// Red, green, yellow, blue or cyan of the 16, by the angle on the colour wheel; `None` for what is rather a grey.
fn hue(r: u8, g: u8, b: u8) -> Option<u8> {
    const GREY_BELOW: i32 = 51;
    let [r, g, b] = [r, g, b].map(i32::from);
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let chroma = most - least;
    if chroma < GREY_BELOW {
        return None;
    }
    let angle = match most {
        m if m == r => (60 * (g - b) / chroma).rem_euclid(360),
        m if m == g => 120 + 60 * (b - r) / chroma,
        _ => 240 + 60 * (r - g) / chroma,
    };
    Some(match angle {
        0..30 | 330.. => 1,
        30..80 => 3,
        80..165 => 2,
        165..205 => 6,
        205..270 => 4,
        _ => 5,
    })
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
    // The ramp: 24 greys, 8 and every 10th after it; rounded, not cut.
    let grey = ((rgb.iter().sum::<i32>() / 3 - 3).max(0) / 10).min(23);
    let grey_wins = distance([8 + 10 * grey; 3]) < distance(nearest.map(|i| STEPS[i]));
    Colour::Indexed(if grey_wins { 232 + grey as u8 } else { cube as u8 })
}
