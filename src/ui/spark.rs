//! Histories as bars: one line beside a number, or several lines with more detail. Knows points, not what they mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::look::Look;
use crate::config::theme::Role;
use crate::domain::series::Point;

const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII_BARS: [&str; 8] = ["_", ".", ":", "-", "=", "+", "*", "#"];

/// How a chart is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The value of a full bar; what is above is drawn as full.
    pub top: f32,
    /// Its bars.
    pub role: Role,
    /// Bars of failures.
    pub bad: Role,
}

/// The greatest value, but at least `least`: the top of a chart that has no limit of its own.
pub fn top(columns: &[Option<Point>], least: f32) -> f32 {
    columns.iter().flatten().map(|point| point.value).fold(least, f32::max)
}

/// Draws one bar a column, the newest at the right edge. A column without a reading stays empty: that is not zero.
pub fn draw(look: &Look, buf: &mut Buffer, area: Rect, columns: &[Option<Point>], scale: Scale) {
    let area = area.intersection(buf.area);
    let shown = &columns[columns.len().saturating_sub(usize::from(area.width))..];
    let bars = if look.is_ascii { ASCII_BARS } else { BARS };
    for (x, point) in (area.right() - shown.len() as u16..).zip(shown) {
        let Some(point) = point else { continue };
        let style = look.style(if point.is_bad { scale.bad } else { scale.role });
        for (row, y) in (area.top()..area.bottom()).rev().enumerate() {
            let eighths = eighths(point.value, scale.top, area.height);
            let here = eighths.saturating_sub(row * 8).min(8);
            if here > 0 {
                buf[(x, y)].set_symbol(bars[here - 1]).set_style(style);
            }
        }
    }
}

/// How many eighths of a cell a bar is high, at least one: something was read.
fn eighths(value: f32, top: f32, height: u16) -> usize {
    let whole = f32::from(height) * 8.0;
    let part = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
    // A cast of a float saturates, and what is no number is 0.
    ((part * whole).round() as usize).max(1)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::config::theme::Theme;

    fn drawn(values: &[Option<f32>], width: u16, height: u16, is_ascii: bool) -> Vec<String> {
        let look = Look::new(&Theme::named("dark").unwrap(), is_ascii, true);
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        let point = |value: &f32| Point { at: DateTime::default(), value: *value, is_bad: false };
        let columns: Vec<_> = values.iter().map(|value| value.as_ref().map(point)).collect();
        let scale = Scale { top: 100.0, role: Role::Chart, bad: Role::Bad };
        draw(&look, &mut buf, area, &columns, scale);
        let row = |y| (0..width).map(|x| buf[(x, y)].symbol().to_owned()).collect::<String>();
        (0..height).map(row).collect()
    }

    #[test]
    fn bars_grow_with_their_values_and_gaps_stay_empty() {
        let values = [Some(0.0), Some(50.0), None, Some(100.0), Some(900.0)];
        assert_eq!(drawn(&values, 6, 1, false), [" ▁▄ ██"]);
        assert_eq!(drawn(&values, 6, 1, true), [" _- ##"]);
        assert_eq!(drawn(&values, 3, 2, false), [" ██", " ██"]);
        assert_eq!(drawn(&[Some(75.0)], 1, 2, false), ["▄", "█"]);
    }

    proptest! {
        #[test]
        fn any_values_fit_anywhere(values in proptest::collection::vec(proptest::option::of(any::<f32>()), 0..40), width in 0u16..20, height in 0u16..4) {
            for row in drawn(&values, width, height, true) {
                prop_assert!(row.is_ascii());
            }
        }
    }
}
