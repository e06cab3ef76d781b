//! A drawn frame as text with a map of its styles, and as the bytes that show it on a terminal.

use pilothouse::app::model::Model;
use pilothouse::config::theme::{Colour, Role, Theme};
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

/// The letter of each foreground, in the order they are looked for: roles that share a colour share a letter.
const LETTERS: [(Role, char); 12] = [
    (Role::Text, '.'),
    (Role::Bright, 'b'),
    (Role::Dim, 'd'),
    (Role::Faint, 'f'),
    (Role::Border, '-'),
    (Role::Bad, 'r'),
    (Role::Warn, 'w'),
    (Role::Ok, 'g'),
    (Role::Accent, 'a'),
    (Role::Blue, 'i'),
    (Role::Match, 'm'),
    (Role::BorderProduction, '='),
];
const GROUNDS: [(Role, &str); 4] = [
    (Role::Raised, "raised"),
    (Role::Selected, "selected"),
    (Role::Production, "production"),
    (Role::Match, "match"),
];

/// Text, then a map of the styles in letters (a capital is bold), then the runs of grounds that are not the screen's own.
pub fn snapshot(model: &Model, size: (u16, u16)) -> String {
    let theme = Theme::named("dark").unwrap();
    let buffer = draw(model, size);
    let same = |colour: Option<Colour>, drawn: Color| match (colour, drawn) {
        (Some(Colour::Rgb(r, g, b)), drawn @ Color::Rgb(..)) => drawn == Color::Rgb(r, g, b),
        _ => false,
    };
    let letter = |cell: &Cell| {
        if cell.symbol().trim().is_empty() {
            return " ".to_owned();
        }
        let found = LETTERS.iter().find(|(role, _)| same(theme.style(*role).fg, cell.fg));
        let letter = found.map_or('?', |(_, letter)| *letter);
        let is_bold = cell.modifier.contains(Modifier::BOLD);
        if is_bold { letter.to_ascii_uppercase() } else { letter }.to_string()
    };
    let mut out = text(&buffer);
    out += "~~~ styles: . text, b bright, d dim, f faint, - border, = production border, r bad, w warn, g ok, a accent, i slot; capital bold\n";
    for row in rows(&buffer) {
        out += &(line(row, letter) + "\n");
    }
    out += "~~~ grounds: row, columns\n";
    for (y, row) in rows(&buffer).enumerate() {
        for (role, name) in GROUNDS {
            let is_it = |cell: &Cell| same(theme.style(role).bg, cell.bg);
            let first = row.iter().position(is_it);
            let last = row.iter().rposition(is_it);
            if let (Some(first), Some(last)) = (first, last) {
                out += &format!("{y} {name} {first}-{last}\n");
            }
        }
    }
    out
}

/// The text that is marked as found by a search, a piece each.
pub fn marked(buffer: &Buffer) -> Vec<String> {
    let theme = Theme::named("dark").unwrap();
    let Some(Colour::Rgb(r, g, b)) = theme.style(Role::Match).bg else {
        panic!("the dark theme marks by a ground")
    };
    let mut pieces = Vec::new();
    for row in rows(buffer) {
        for run in row.chunk_by(|one, other| one.bg == other.bg) {
            pieces.extend(
                (run[0].bg == Color::Rgb(r, g, b)).then(|| line(run, |cell| cell.symbol().to_owned())),
            );
        }
    }
    pieces
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
