//! Themes are complete, readable and tell good from bad.

use super::*;

fn all() -> impl Iterator<Item = (&'static str, Theme)> {
    BUILT_IN.iter().map(|(name, text)| (*name, Theme::parse(text).unwrap()))
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
    assert_eq!(all().count(), BUILT_IN.len());
}

#[test]
fn text_is_readable_on_the_ground_and_on_a_selected_row() {
    for (name, theme) in all() {
        for ground in [Role::Ground, Role::Raised, Role::Selected] {
            let bg = rgb(theme.style(ground).bg);
            for (roles, least) in [
                (&[Role::Text, Role::Bright, Role::Bad, Role::Warn, Role::Ok, Role::Key][..], 4.5),
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
fn a_wrong_role_colour_or_a_missing_one_is_named() {
    let dark = BUILT_IN[0].1;
    let wrong = |from: &str, to: &str| Theme::parse(&dark.replace(from, to)).unwrap_err().to_string();
    assert!(wrong("warn = \"amber\"", "warm = \"amber\"").contains("warm"));
    assert!(wrong("warn = \"amber\"", "warn = \"ambre\"").contains("`ambre`"));
    assert!(wrong("warn = \"amber\"", "").contains("warn"));
}
