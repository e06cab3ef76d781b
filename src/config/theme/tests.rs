//! Themes are complete, readable and tell good from bad.

use super::*;

fn all() -> impl Iterator<Item = (&'static str, Theme)> {
    BUILT_IN.iter().map(|(name, text)| (*name, Theme::parse(name, text).unwrap_or_else(|e| panic!("{e}"))))
}

/// Those with colours of their own; the other two leave them to the terminal.
fn coloured() -> impl Iterator<Item = (&'static str, Theme)> {
    all().filter(|(name, _)| !["ansi16", "mono"].contains(name))
}

fn rgb(colour: Option<Colour>) -> [f64; 3] {
    match colour {
        Some(Colour::Rgb(r, g, b)) => [r, g, b].map(|v| f64::from(v) / 255.0),
        other => panic!("{other:?} is not a colour of 24 bits"),
    }
}

fn linear(rgb: [f64; 3]) -> [f64; 3] {
    rgb.map(|v| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) })
}

fn luminance(c: [f64; 3]) -> f64 {
    let [r, g, b] = linear(c);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// WCAG 2.1, 1.4.3.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_built_in_theme_has_every_role() {
    for (name, theme) in all() {
        assert_eq!(theme.styles.len(), Role::ALL.len(), "{name}");
    }
}

#[test]
fn text_is_readable_on_the_ground_and_on_a_selected_row() {
    for (name, theme) in coloured() {
        for ground in [Role::Ground, Role::Raised, Role::Selected] {
            let bg = rgb(theme.style(ground).bg);
            for (roles, least) in [
                (
                    &[
                        Role::Text,
                        Role::Bright,
                        Role::Bad,
                        Role::Warn,
                        Role::Ok,
                        Role::Key,
                        Role::Accent,
                        Role::Blue,
                        Role::Green,
                        Role::Info,
                    ][..],
                    4.5,
                ),
                (&[Role::Dim, Role::Faint][..], 3.0),
            ] {
                for role in roles {
                    let found = contrast(rgb(theme.style(*role).fg), bg);
                    assert!(found >= least, "{name}: {role:?} on {ground:?}: {found:.2}");
                }
            }
        }
    }
}

#[test]
fn good_and_bad_differ_in_lightness_for_the_colour_blind() {
    let theme = Theme::named("colour-blind").unwrap();
    // Viénot 1999, deuteranopia and protanopia, on linear RGB.
    let blind = [[[0.293, 0.707, 0.0], [0.293, 0.707, 0.0]], [[0.112, 0.888, 0.0], [0.112, 0.888, 0.0]]];
    let roles = [Role::Bad, Role::Warn, Role::Ok];
    for [red_row, green_row] in blind {
        let seen = roles.map(|role| {
            let c = linear(rgb(theme.style(role).fg));
            let dot = |row: [f64; 3]| c.iter().zip(row).map(|(a, b)| a * b).sum::<f64>();
            [dot(red_row), dot(green_row), c[2]]
        });
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            let distance: f64 = seen[a].iter().zip(seen[b]).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
            assert!(distance > 0.15, "{:?} and {:?}: {distance:.3}", roles[a], roles[b]);
        }
    }
}

#[test]
fn without_colour_the_selected_row_is_still_seen() {
    for (name, theme) in all() {
        let plain = theme.degraded(Depth::None);
        assert!(plain.style(Role::Selected).reverse, "{name}");
        assert!(Role::ALL.iter().all(|r| plain.style(*r).fg.is_none() && plain.style(*r).bg.is_none()));
    }
}

#[test]
fn words_on_a_ground_of_their_own_are_readable() {
    for (name, theme) in coloured() {
        for role in [Role::Production, Role::Match] {
            let style = theme.style(role);
            let found = contrast(rgb(style.fg), rgb(style.bg));
            assert!(found >= 4.5, "{name}: {role:?}: {found:.2}");
        }
    }
}

#[test]
fn with_16_colours_good_bad_and_soon_bad_differ_in_every_theme() {
    for (name, theme) in coloured() {
        let few = theme.degraded(Depth::Ansi);
        let found = [Role::Ok, Role::Warn, Role::Bad, Role::Text].map(|role| few.style(role).fg);
        for (i, colour) in found.iter().enumerate() {
            assert!(!found[i + 1..].contains(colour), "{name}: {found:?}");
        }
        let is_own_ground = Role::ALL.iter().all(|role| few.style(*role).bg.is_none());
        assert!(is_own_ground && few.style(Role::Selected).reverse, "{name}");
    }
}

#[test]
fn with_16_colours_a_light_theme_takes_the_dark_ones() {
    let warn = |name| Theme::named(name).unwrap().degraded(Depth::Ansi).style(Role::Warn).fg;
    assert_eq!(warn("light"), Some(Colour::Ansi(3)));
    assert_eq!(warn("dark"), Some(Colour::Ansi(11)));
    assert_eq!(warn("ansi16"), Some(Colour::Ansi(11)));
}

#[test]
fn with_256_colours_each_is_near_to_what_it_was() {
    let level = |i: u8| if i == 0 { 0.0 } else { f64::from(55 + 40 * i) };
    let seen = |colour| match colour {
        Some(Colour::Indexed(i @ 232..)) => [f64::from(8 + 10 * (i - 232)); 3],
        Some(Colour::Indexed(i @ 16..)) => [(i - 16) / 36, (i - 16) / 6 % 6, (i - 16) % 6].map(level),
        other => panic!("{other:?}"),
    };
    for (name, theme) in coloured() {
        for role in Role::ALL {
            let Some(before) = theme.style(*role).fg else { continue };
            let after = seen(theme.clone().degraded(Depth::Indexed).style(*role).fg);
            let off =
                rgb(Some(before)).iter().zip(after).map(|(a, b)| (a * 255.0 - b).abs()).fold(0.0, f64::max);
            assert!(off <= 48.0, "{name}: {role:?} {before:?} is {off} off");
        }
    }
}

fn wrong(text: &str) -> String {
    Theme::parse("mine.toml", text).unwrap_err().to_string()
}

#[test]
fn everything_wrong_is_listed_at_once_with_its_place() {
    let text = "inherits = \"drak\"\n[palette]\nred = \"#ff00\"\nblue = \"#0000ff\"\n[roles]\nwarm = \"blue\"\nok = \"bleu\"\nbad = { fg = \"blue\", blod = true }";
    let found = wrong(text);
    let placed: Vec<_> = found.lines().collect();
    assert_eq!(
        placed,
        [
            "mine.toml:1:12: inherits: there is no built-in theme `drak`; did you mean `dark`?",
            "mine.toml:3:7: palette.red: `#ff00` is no colour; write `#rrggbb`, `ansi-red`, `ansi-bright-red`, `@208` or `default`",
            "mine.toml:6:1: there is no role `warm`; did you mean `warn`?",
            "mine.toml:7:6: roles.ok: `bleu` is no colour; did you mean `blue`?",
            "mine.toml:8:22: unknown key `blod` in roles.bad; did you mean `bold`?",
        ]
    );
}

#[test]
fn a_role_without_a_style_is_named() {
    let found = wrong(&BUILT_IN[0].1.replace("warn = \"amber\"\n", ""));
    assert_eq!(found, "mine.toml: no style for `warn`; add it, or `inherits = \"dark\"`");
}

#[test]
fn an_inherited_role_takes_the_palette_of_the_heir() {
    let theme = Theme::parse(
        "mine.toml",
        "inherits = \"dark\"\n[palette]\nred = \"@160\"\n[roles]\nok = \"ansi-bright-cyan\"",
    )
    .unwrap();
    assert_eq!(theme.style(Role::Bad).fg, Some(Colour::Indexed(160)));
    assert_eq!(theme.style(Role::Ok).fg, Some(Colour::Ansi(14)));
    assert_eq!(theme.style(Role::Text), Theme::named("dark").unwrap().style(Role::Text));
}

#[test]
fn what_is_no_colour_is_refused() {
    for text in
        ["", "#", "#12345", "#1234567", "#+12345", "#äöü", "ansi-", "ansi-pink", "@256", "@", "@+1", "red"]
    {
        assert_eq!(colour(text), None, "{text}");
    }
}
