//! ratatui's way to the terminal, without what says nothing: over a slow link an idle console sends what changed and no
//! more. A frame that changed something is one synchronized update: a terminal that knows them (DEC private mode 2026)
//! shows it whole, any other ignores their two marks. Never decides what is drawn.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// Draws nothing where nothing changed, and tells the cursor once.
pub struct Quiet<W: Write> {
    inner: CrosstermBackend<W>,
    /// As it was told; `None` where somebody else may have told it otherwise.
    is_cursor_shown: Option<bool>,
    /// Where the cursor was put, as long as nothing was drawn since.
    cursor: Option<Position>,
    /// Between the two marks of a frame.
    is_begun: bool,
}

impl<W: Write> Quiet<W> {
    /// Writes there.
    pub fn new(out: W) -> Self {
        Self { inner: CrosstermBackend::new(out), is_cursor_shown: None, cursor: None, is_begun: false }
    }

    fn begin(&mut self) -> io::Result<()> {
        self.cursor = None;
        if std::mem::replace(&mut self.is_begun, true) {
            return Ok(());
        }
        queue!(self.inner, BeginSynchronizedUpdate)
    }
}

impl<W: Write> Backend for Quiet<W> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let mut content = content.peekable();
        // It ends each frame with the end of all colours.
        if content.peek().is_none() {
            return Ok(());
        }
        self.begin()?;
        self.inner.draw(content)
    }

    // Outside of a frame the cursor begins none: it is shown once more after the terminal was given back.
    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.is_cursor_shown.replace(false) == Some(false) { Ok(()) } else { queue!(self.inner, Hide) }
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.is_cursor_shown.replace(true) == Some(true) { Ok(()) } else { queue!(self.inner, Show) }
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        let is_there = self.cursor.replace(Position { x, y }) == Some(Position { x, y });
        if is_there { Ok(()) } else { queue!(self.inner, MoveTo(x, y)) }
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        // Somebody else may have had the terminal.
        self.is_cursor_shown = None;
        // Sent at once; what is drawn over it ends the same frame, so that nobody sees the terminal empty.
        self.begin()?;
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_begun) {
            queue!(self.inner, EndSynchronizedUpdate)?;
        }
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::{Terminal, TerminalOptions, Viewport};
    use std::sync::mpsc::{Receiver, Sender, channel};

    struct Sent(Sender<Vec<u8>>);

    impl Write for Sent {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // The terminal tells its cursor once more when it ends; a test may have stopped listening by then.
            let _ = self.0.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn screen() -> (Terminal<Quiet<Sent>>, Receiver<Vec<u8>>) {
        let (out, sent) = channel();
        let viewport = Viewport::Fixed(Rect::new(0, 0, 20, 2));
        (Terminal::with_options(Quiet::new(Sent(out)), TerminalOptions { viewport }).unwrap(), sent)
    }

    fn text(sent: &Receiver<Vec<u8>>) -> String {
        String::from_utf8(sent.try_iter().flatten().collect()).unwrap()
    }

    #[test]
    fn a_picture_like_the_last_one_sends_nothing() {
        let (mut screen, sent) = screen();
        let mut draw = |text: &str| {
            screen.draw(|frame| frame.render_widget(text, frame.area())).unwrap();
            self::text(&sent)
        };
        assert!(draw("up").contains("\u{1b}[?25l"));
        assert_eq!(draw("up"), "");
        let last = draw("no");
        assert!(last.contains("no") && !last.contains("\u{1b}[?25l"), "{last:?}");
    }

    #[test]
    fn a_cursor_that_stays_sends_nothing() {
        let (mut screen, sent) = screen();
        let mut draw = |text: &str| {
            let drawn = screen.draw(|frame| {
                frame.render_widget(text, frame.area());
                frame.set_cursor_position((2, 0));
            });
            drawn.unwrap();
            self::text(&sent)
        };
        assert!(draw("up").contains("\u{1b}[?25h\u{1b}[1;3H"));
        assert_eq!(draw("up"), "");
        assert!(draw("no").ends_with("\u{1b}[1;3H\u{1b}[?2026l"));
    }

    #[test]
    fn a_picture_that_changed_is_one_synchronized_update() {
        let (mut screen, sent) = screen();
        for word in ["up", "no"] {
            screen.draw(|frame| frame.render_widget(word, frame.area())).unwrap();
            let told = text(&sent);
            assert!(told.starts_with("\u{1b}[?2026h") && told.ends_with("\u{1b}[?2026l"), "{told:?}");
            assert_eq!(told.matches("\u{1b}[?2026").count(), 2, "{told:?}");
        }
    }

    #[test]
    fn nothing_is_begun_after_the_last_frame() {
        let (mut screen, sent) = screen();
        screen.draw(|frame| frame.render_widget("up", frame.area())).unwrap();
        assert!(text(&sent).ends_with("\u{1b}[?2026l"));
        drop(screen);
        assert!(!text(&sent).contains("2026"));
    }
}
