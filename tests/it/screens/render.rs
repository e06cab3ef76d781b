//! A drawn frame as text with a map of its styles, and as the bytes that show it on a terminal.

use pilothouse::app::model::Model;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Draws the model once.
pub fn draw(model: &Model, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| model.draw(frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn rows(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content().chunks(usize::from(buffer.area.width.max(1)))
}

/// A line a row, blanks at line ends cut; the second cell of a wide character is left out.
pub fn text(buffer: &Buffer) -> String {
    rows(buffer).map(|row| line(row, |cell| cell.symbol().to_owned()) + "\n").collect()
}

fn line(row: &[Cell], show: impl Fn(&Cell) -> String) -> String {
    let mut out = String::new();
    let mut skip = 0;
    for cell in row {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
        out += &show(cell);
    }
    out.trim_end().to_owned()
}

/// The frame as a terminal would be told to show it.
pub fn ansi(model: &Model, size: (u16, u16)) -> String {
    let buffer = draw(model, size);
    let colour = |kind: u8, colour: Color| match colour {
        Color::Rgb(r, g, b) => format!(";{kind}8;2;{r};{g};{b}"),
        Color::Indexed(i) => format!(";{kind}8;5;{i}"),
        _ => String::new(),
    };
    let mut out = "\x1b[?25l\x1b[2J".to_owned();
    for (y, row) in rows(&buffer).enumerate() {
        out += &format!("\x1b[{};1H", y + 1);
        for cell in row {
            let modifiers = [(Modifier::BOLD, ";1"), (Modifier::DIM, ";2"), (Modifier::REVERSED, ";7")];
            let weight: String =
                modifiers.iter().filter(|(m, _)| cell.modifier.contains(*m)).map(|(_, code)| *code).collect();
            out += &format!("\x1b[0{}{}{weight}m{}", colour(3, cell.fg), colour(4, cell.bg), cell.symbol());
        }
    }
    out
}
