//! The pictures in assets/, drawn by the program itself: the demo in a terminal, written as SVG. `tests/picture` runs it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use vt100::Color;

use crate::pty::{Launch, Style, Terminal};

const SOON: Duration = Duration::from_secs(30);
/// A cell in the picture's own units.
const CELL: (f32, f32) = (8.43, 16.4);
const GROUND: &str = "#10141a";
const TEXT: &str = "#c9d1d9";

/// The demo in the middle of its incident.
fn demo(size: (u16, u16)) -> Terminal {
    let terminal = Launch::pilothouse(["demo", "--utc", "--at", "2m30s"])
        .size(size.0, size.1)
        .env("COLORTERM", "truecolor")
        .env("USER", "alice")
        .start();
    terminal.until("OOM", SOON * 2);
    terminal.until(r"\d+\.\d%", SOON);
    terminal
}

#[test]
#[ignore = "writes assets/; run tests/picture"]
fn pictures_for_the_readme() {
    // Charts need some readings before they say anything; the narrow screen has none.
    for (size, name, bars) in [((140, 40), "console.svg", 40), ((80, 24), "console-80x24.svg", 0)] {
        let terminal = demo(size);
        let is_bar = |c: char| ('▁'..='█').contains(&c);
        terminal.until_screen("charts", SOON * 4, |screen| screen.text().matches(is_bar).count() >= bars);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name);
        std::fs::write(&path, svg(&terminal, size)).unwrap();
        println!("{}", path.display());
        terminal.keys("q");
        terminal.wait_exit(SOON);
    }
}

fn svg(terminal: &Terminal, (columns, rows): (u16, u16)) -> String {
    let (width, height) = (f32::from(columns) * CELL.0 + 16.0, f32::from(rows) * CELL.1 + 16.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"'DejaVu Sans Mono', 'JetBrains Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{GROUND}\"/>\n"
    );
    for row in 0..rows {
        for run in runs(terminal, row, columns) {
            draw(&run, row, &mut out);
        }
    }
    out + "</svg>\n"
}

/// Cells of one row that look alike.
struct Run {
    column: u16,
    cells: u16,
    text: String,
    style: Style,
}

fn runs(terminal: &Terminal, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let (text, style) = terminal.cell(column, row);
        let text = if text.is_empty() { " ".to_owned() } else { text };
        match runs.last_mut().filter(|run| run.style == style) {
            Some(run) => {
                run.cells += 1;
                run.text += &text;
            }
            None => runs.push(Run { column, cells: 1, text, style }),
        }
    }
    runs
}

fn draw(run: &Run, row: u16, out: &mut String) {
    let (x, y) = (8.0 + f32::from(run.column) * CELL.0, 8.0 + f32::from(row) * CELL.1);
    let width = f32::from(run.cells) * CELL.0;
    let (front, back) = (hex(run.style.foreground, TEXT), hex(run.style.background, GROUND));
    if back != GROUND {
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{back}\"/>",
            CELL.1
        );
    }
    if run.text.trim().is_empty() {
        return;
    }
    let text = run.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let weight = if run.style.is_bold { " font-weight=\"bold\"" } else { "" };
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{front}\"{weight} textLength=\"{width:.1}\" xml:space=\"preserve\">{text}</text>",
        y + 12.7
    );
}

fn hex(colour: Color, default: &str) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Default | Color::Idx(_) => default.to_owned(),
    }
}
