//! What the outside tells a log view: new lines, pages of the past, and what went wrong.

use super::LogsPane;
use crate::logs::buffer::Buffer;
use crate::logs::dedup::{SLACK_NS, Seam};
use crate::logs::line::Batch;
use crate::msg::{LogFact, Page};
use crate::sub::{Generation, Wanted};

/// Lines at an edge that a page may overlap; more than this within the slack is a flood that is cut short.
const EDGE_LINES: usize = 20_000;

impl LogsPane {
    /// Takes in news of the view of that generation; older ones are dropped. What it says is for the operator.
    pub fn fact(&mut self, generation: Generation, fact: LogFact) -> Option<String> {
        if generation != self.generation {
            return None;
        }
        let mut said = None;
        match fact {
            LogFact::Lines(batch) => self.lines(batch),
            LogFact::Opened(has_start) => {
                (self.is_open, self.has_start) = (true, has_start && !self.is_apart);
            }
            LogFact::Behind(ms) => self.behind_ms = ms,
            LogFact::Failed(key, why) | LogFact::Cut(key, why) => {
                let name =
                    self.sources.iter().find(|source| source.key == key).map_or("", |s| s.name.as_str());
                self.failed.retain(|(failed, _)| *failed != key);
                let text = if self.sources.len() > 1 { format!("{name}: {why}") } else { why };
                self.failed.push((key, text));
            }
            LogFact::Back(key) => self.failed.retain(|(failed, _)| *failed != key),
            LogFact::Progress(number, progress) if self.is_asked(number) => self.progress = Some(progress),
            LogFact::Page(number, page) if self.is_asked(number) => {
                // It goes to another place; the next key shows what is typed from there.
                self.end_preview();
                said = self.answered(page);
            }
            LogFact::Unanswered(number, why) if self.is_asked(number) => {
                (self.ask, self.progress) = (None, None);
                said = Some(why);
            }
            LogFact::Progress(..) | LogFact::Page(..) | LogFact::Unanswered(..) => {}
        }
        let most_older = if self.is_previewing() { 0 } else { usize::MAX };
        self.view.sync_within(&self.buffer, most_older);
        said
    }

    fn is_asked(&self, number: u64) -> bool {
        self.ask.as_ref().is_some_and(|ask| ask.number == number)
    }

    fn lines(&mut self, batch: Batch) {
        // What is being read must not fall out under the reader.
        if self.is_reading() && !self.is_apart && !self.buffer.has_room_for(&batch) {
            (self.is_apart, self.has_end) = (true, false);
        }
        if self.is_apart {
            self.newer += batch.iter().filter(|line| !line.is_marker()).count() as u64;
        } else {
            let dropped = self.buffer.dropped();
            self.buffer.push(batch);
            self.has_start &= self.buffer.dropped() == dropped;
        }
    }

    /// The answer to what was asked last.
    fn answered(&mut self, page: Page) -> Option<String> {
        let ask = self.ask.take()?;
        self.progress = None;
        let went = std::mem::take(&mut self.pending);
        match ask.wanted {
            Wanted::First => {
                self.show(page, 0);
                self.has_start = true;
                None
            }
            Wanted::Between { .. } => {
                let is_empty = page.batch.is_empty();
                let (has_more, cursor) = (!page.has_end, page.batch.len().saturating_sub(1));
                self.show(page, cursor);
                match (is_empty, has_more) {
                    (true, _) => Some("no line in this time".to_owned()),
                    (_, true) => Some("the first lines of this time; Down reads on".to_owned()),
                    _ => None,
                }
            }
            Wanted::Older { .. } => {
                let has_news = self.put_before(page);
                self.view.sync(&self.buffer);
                // Where there was nothing more, asking again would never end.
                let went = if has_news { went } else { 0 };
                self.moved(went);
                None
            }
            Wanted::Newer { .. } => {
                let has_news = self.put_behind(page);
                self.view.sync(&self.buffer);
                let went = if has_news { went } else { 0 };
                self.moved(went);
                None
            }
            Wanted::Seek(seek) => match page.hit {
                Some(hit) => {
                    self.show(page, hit);
                    None
                }
                None => {
                    let side = if seek.after_ns.is_some() { "below" } else { "above" };
                    let pattern = &seek.pattern;
                    Some(format!("no hit for {pattern} {side}; {} lines searched", page.looked_at))
                }
            },
        }
    }

    /// The page alone, with the cursor on its `cursor`-th line.
    fn show(&mut self, mut page: Page, cursor: usize) {
        let room = self.settings.buffer_bytes / 2;
        let (batch, cursor) =
            if page.batch.is_empty() { (Batch::new(), 0) } else { page.batch.around(cursor, room) };
        page.has_start &=
            batch.metas().first().map(|m| m.at_ns) == page.batch.metas().first().map(|m| m.at_ns);
        page.has_end &= batch.metas().last().map(|m| m.at_ns) == page.batch.metas().last().map(|m| m.at_ns);
        self.buffer = Buffer::new(self.settings.buffer_bytes);
        self.view = self.view.afresh();
        (self.has_start, self.has_end) = (page.has_start, page.has_end);
        (self.is_apart, self.is_held, self.tail) = (true, true, self.settings.lines);
        self.has_more = false;
        self.buffer.push(batch);
        self.cursor = (self.buffer.first_no() + cursor as i64).min(self.buffer.end_no() - 1);
        // In the middle of the screen, with lines on both sides.
        self.bottom = self.cursor + self.height as i64 / 2;
        self.view.sync(&self.buffer);
    }

    /// Whether it brought any line.
    fn put_before(&mut self, mut page: Page) -> bool {
        (self.tail, self.has_more) = (self.tail.max(page.tail), page.has_more);
        if let Some(oldest_ns) = self.buffer.oldest_ns() {
            let edge_ns = oldest_ns.saturating_add(2 * SLACK_NS);
            let first = (0..self.buffer.len()).map_while(|index| self.buffer.get(index));
            Seam::of(first.take(EDGE_LINES).take_while(|line| line.at_ns <= edge_ns))
                .drop_held(&mut page.batch);
        }
        let mut batch = Batch::new();
        batch.append_from(&page.batch, 0);
        if self.buffer.drop_newest(batch.held_bytes() + 4096) > 0 {
            (self.is_apart, self.is_held, self.has_end) = (true, true, false);
            self.view = self.view.afresh();
            self.cursor = self.cursor.min(self.buffer.end_no() - 1);
        }
        let refused = self.buffer.prepend(&batch);
        self.has_start = page.has_start && refused == 0;
        refused < batch.len()
    }

    /// Whether it brought any line.
    fn put_behind(&mut self, mut page: Page) -> bool {
        if let Some(newest_ns) = self.buffer.newest_ns() {
            let edge_ns = newest_ns.saturating_sub(4 * SLACK_NS);
            let last = (0..self.buffer.len()).rev().map_while(|index| self.buffer.get(index));
            Seam::of(last.take(EDGE_LINES).take_while(|line| line.at_ns >= edge_ns))
                .drop_held(&mut page.batch);
            // What the seam does not reach back to is held already.
            page.batch.retain(|line| line.at_ns >= edge_ns);
        }
        self.has_end = page.has_end;
        let dropped = self.buffer.dropped();
        let has_news = !page.batch.is_empty();
        self.buffer.push(page.batch);
        self.has_start &= self.buffer.dropped() == dropped;
        has_news
    }
}
