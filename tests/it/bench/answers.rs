//! What the screen tells of the keys that were pressed and of the lines that were written.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::consoles::Console;
use super::engine::Engine;
use super::measures::{PATIENCE, attempt, ms};
use crate::pty::{Screen, Terminal};

/// What the selection looks like.
fn selection(screen: &Screen, pattern: Option<&regex::Regex>) -> String {
    if let Some(pattern) = pattern {
        return pattern.captures(&screen.text()).map(|found| found[1].to_owned()).unwrap_or_default();
    }
    let (columns, rows) = screen.size();
    let is_marked = |row: u16| {
        let cells = (0..columns).step_by(4).filter_map(|column| screen.vt().cell(row, column));
        cells.filter(|cell| cell.inverse() || cell.bgcolor() != vt100::Color::Default).count() > 4
    };
    (0..rows).map(|row| if is_marked(row) { '#' } else { ' ' }).collect()
}

/// From a movement to the first screen that shows it.
pub fn selection_times(terminal: &Terminal, console: &Console, count: usize) -> Vec<f64> {
    let pattern = (!console.selected.is_empty()).then(|| regex::Regex::new(console.selected).unwrap());
    let press = |number: usize| {
        let before = terminal.look(|screen| selection(screen, pattern.as_ref()));
        let began = Instant::now();
        terminal.keys(if number.is_multiple_of(2) { "Down" } else { "Up" });
        let moved = attempt(|| {
            terminal.until_screen("the selection moved", Duration::from_secs(2), |screen| {
                selection(screen, pattern.as_ref()) != before
            })
        });
        sleep(Duration::from_millis(90 + (number as u64 * 37) % 60));
        moved.map_or(f64::INFINITY, |at| ms(began, at))
    };
    (0..count).map(press).collect()
}

/// How long ago the engine had the newest line that is on the screen.
pub fn behind_ms(terminal: &Terminal, engine: &Engine) -> f64 {
    let before = newest_in(&terminal.screen_text());
    let (newest, at) = (engine.newest_number("flood"), Instant::now());
    let after = newest_in(&terminal.screen_text());
    // Long enough that the lines do not come by chance all before or all after.
    sleep(Duration::from_secs(1));
    let rate = (engine.newest_number("flood") - newest) as f64 / at.elapsed().as_secs_f64();
    let shown = f64::midpoint(before as f64, after as f64);
    (newest as f64 - shown).max(0.0) / rate * 1e3
}

/// From the key that opens or closes the help to the screen that shows it.
pub fn help_times(terminal: &Terminal, console: &Console, count: usize) -> Vec<f64> {
    let [open, close, only] = console.help;
    let press = |number: usize| {
        let began = Instant::now();
        let time = attempt(|| {
            if number.is_multiple_of(2) {
                terminal.keys(open);
                ms(began, terminal.until(only, PATIENCE))
            } else {
                terminal.keys(close);
                ms(began, terminal.gone(only, PATIENCE))
            }
        });
        sleep(Duration::from_millis(90 + (number as u64 * 37) % 60));
        time
    };
    let mut times = Vec::new();
    for number in 0..count {
        times.push(press(number).unwrap_or(f64::INFINITY));
        // One that hangs for so long is not asked again.
        if times.ends_with(&[f64::INFINITY]) {
            break;
        }
    }
    times
}

/// The greatest number that begins a line's text anywhere on the screen.
pub fn newest_in(text: &str) -> u64 {
    let words = text.split(|c: char| c.is_whitespace() || "│┃|▶".contains(c));
    words.filter(|word| word.len() < 12).filter_map(|word| word.parse().ok()).max().unwrap_or(0)
}
