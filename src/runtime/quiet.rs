//! ratatui's way to the terminal, without what says nothing: over a slow link an idle console sends what changed and no
//! more. Never decides what is drawn.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// Draws nothing where nothing changed, and hides the cursor once.
pub struct Quiet<W: Write> {
    inner: CrosstermBackend<W>,
    is_hidden: bool,
}

impl<W: Write> Quiet<W> {
    /// Writes there.
    pub fn new(out: W) -> Self {
        Self { inner: CrosstermBackend::new(out), is_hidden: false }
    }
}

impl<W: Write> Backend for Quiet<W> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let mut content = content.peekable();
        // It ends each frame with the end of all colours.
        if content.peek().is_none() { Ok(()) } else { self.inner.draw(content) }
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_hidden, true) { Ok(()) } else { self.inner.hide_cursor() }
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.is_hidden = false;
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        // Somebody else may have had the terminal.
        self.is_hidden = false;
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::{Terminal, TerminalOptions, Viewport};
    use std::sync::mpsc::{Sender, channel};

    struct Sent(Sender<Vec<u8>>);

    impl Write for Sent {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_picture_like_the_last_one_sends_nothing() {
        let (out, sent) = channel();
        let viewport = Viewport::Fixed(Rect::new(0, 0, 20, 2));
        let mut screen = Terminal::with_options(Quiet::new(Sent(out)), TerminalOptions { viewport }).unwrap();
        let mut draw = |text: &str| {
            screen.draw(|frame| frame.render_widget(text, frame.area())).unwrap();
            String::from_utf8(sent.try_iter().flatten().collect()).unwrap()
        };
        assert!(draw("up").contains("\u{1b}[?25l"));
        assert_eq!(draw("up"), "");
        let last = draw("no");
        assert!(last.contains("no") && !last.contains("\u{1b}[?25l"), "{last:?}");
    }
}
