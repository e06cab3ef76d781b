//! How lines are shown, and with it what a pattern finds: what is shown can be found, what is masked cannot.
//!
//! The one place that decides both, for drawing, copying, searching and filtering. Never changes a line that is kept.

#[cfg(test)]
mod tests;

use super::ansi;
use super::decode::{self, Decoded, Keys, Kind};
use super::line::{Level, LineRef};
use super::mask::{MASK, Masks};
use super::matcher::Matcher;
use std::borrow::Cow;
use std::sync::Arc;

/// Longest line that is taken apart to be shown, in bytes.
pub const MOST_BYTES: usize = 16 << 10;

/// Whether and by which keys JSON and logfmt lines are taken apart, and what is masked in all of them. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Show {
    masks: Masks,
    keys: Arc<Keys>,
    // Others than lines are read by at first.
    has_own_levels: bool,
    is_raw: bool,
}

/// How a line is drawn.
pub enum Shown<'l> {
    /// Taken apart.
    Parts(Decoded<'l>),
    /// This text in its place: something of it is masked.
    Masked(String),
    /// As it was printed, colours and all.
    Printed,
}

/// A line without its secrets.
enum Safe<'l> {
    /// As it was printed.
    Printed(Cow<'l, str>),
    /// Masked in its parts: as it was printed it would tell.
    Parts(Decoded<'static>),
}

impl Show {
    /// With these masks and keys; `is_raw` shows JSON and logfmt lines as they were printed.
    pub fn new(masks: Masks, keys: Keys, is_raw: bool) -> Self {
        let has_own_levels = keys.level != Keys::default().level;
        Self { masks, keys: Arc::new(keys), has_own_levels, is_raw }
    }

    /// Whether JSON and logfmt lines are shown as they were printed.
    pub const fn is_raw(&self) -> bool {
        self.is_raw
    }

    /// The same, with JSON and logfmt lines as they were printed, or not.
    #[must_use]
    pub fn raw(&self, is_raw: bool) -> Self {
        Self { is_raw, ..self.clone() }
    }

    /// The line as it was printed, safe to draw, secrets masked: as it may leave the console. Where only the resolved
    /// text gives a secret away, its parts.
    pub fn text<'l>(&self, line: &'l [u8]) -> Cow<'l, str> {
        match self.safe(line) {
            Safe::Printed(text) => text,
            Safe::Parts(parts) => Cow::Owned(parts.printed()),
        }
    }

    /// As [`Show::text`], where something of it is masked.
    pub fn masked(&self, line: &[u8]) -> Option<String> {
        let text = (!self.masks.is_empty()).then(|| self.text(line).into_owned());
        text.filter(|text| text.contains(MASK))
    }

    /// As it is drawn: in parts or as it was printed, secrets masked.
    pub fn shown<'l>(&self, line: &'l [u8]) -> Shown<'l> {
        let is_whole = self.is_raw || line.len() > MOST_BYTES;
        if self.masks.is_empty() {
            let parts = if is_whole { None } else { self.apart(line) };
            return parts.map_or(Shown::Printed, Shown::Parts);
        }
        let text = match self.safe(line) {
            Safe::Parts(parts) if !is_whole => return Shown::Parts(parts),
            Safe::Parts(parts) => Cow::Owned(parts.printed()),
            Safe::Printed(text) => text,
        };
        let parts = match &text {
            _ if is_whole => None,
            Cow::Borrowed(text) => self.apart(text.as_bytes()),
            Cow::Owned(text) => self.apart(text.as_bytes()).map(Decoded::into_owned),
        };
        match parts {
            Some(parts) => Shown::Parts(parts),
            None if text.contains(MASK) => Shown::Masked(text.into_owned()),
            None => Shown::Printed,
        }
    }

    /// How grave it is, under the keys that mean a level.
    pub fn level(&self, line: &LineRef<'_>) -> Level {
        if !self.has_own_levels || line.is_marker() || !decode::may_have_parts(line.bytes) {
            return line.level;
        }
        match self.keys.level_of(line.bytes) {
            // Prose that carries on a line before it.
            Level::Unknown if line.bytes.trim_ascii_start().first() != Some(&b'{') => line.level,
            level => level,
        }
    }

    /// The id that ties it to lines of other services, unless that is masked.
    pub fn correlation(&self, line: &[u8]) -> Option<String> {
        let id = |parts: &Decoded<'_>| parts.correlation().map(str::to_owned);
        let found = match self.safe(line) {
            Safe::Printed(text) => self.apart(text.as_bytes()).as_ref().and_then(id),
            Safe::Parts(parts) => id(&parts),
        };
        found.filter(|id| !id.contains(MASK))
    }

    /// Whether a line matches, as it was printed or, where it is shown in parts, as it is shown; masked either way.
    ///
    /// Both, because both are looked for: `status=503` is what stands on the screen, `"level":"error"` and a time are
    /// what the container printed and only a column tells. A line that is shown as it was printed matches as such only.
    pub fn is_hit(&self, matcher: &Matcher, line: &LineRef<'_>) -> bool {
        let bytes = line.bytes;
        if line.is_marker() {
            return matcher.is_match(bytes);
        }
        if self.masks.is_empty() {
            return matcher.is_match(bytes) || self.is_hit_in_parts(matcher, bytes);
        }
        match self.safe(bytes) {
            Safe::Printed(text) => {
                matcher.is_match(text.as_bytes()) || self.is_hit_in_parts(matcher, text.as_bytes())
            }
            Safe::Parts(parts) => matcher.is_match(parts.printed().as_bytes()),
        }
    }

    /// Of a line that does not match as it was printed; taking it apart costs microseconds, so only where it may help.
    fn is_hit_in_parts(&self, matcher: &Matcher, line: &[u8]) -> bool {
        if self.is_raw || line.len() > MOST_BYTES {
            return false;
        }
        // Without an escape the parts are pieces of the line: a phrase that is in one of them is in the line.
        if matcher.is_phrase() && memchr::memchr(b'\\', line).is_none() {
            return false;
        }
        self.apart(line).is_some_and(|parts| matcher.is_match(parts.printed().as_bytes()))
    }

    fn safe<'l>(&self, line: &'l [u8]) -> Safe<'l> {
        let shown = ansi::shown(line);
        if self.masks.is_empty() {
            return Safe::Printed(shown);
        }
        let masked = match self.masks.apply(&shown) {
            Cow::Owned(masked) => masked,
            Cow::Borrowed(_) => {
                let told = self.told_by_parts(&shown);
                return told.map_or(Safe::Printed(shown), Safe::Parts);
            }
        };
        if let Some(parts) = self.told_by_parts(&masked) {
            return Safe::Parts(parts);
        }
        // A mask may leave no JSON behind; then what its parts would have told cannot be found in it any more.
        let is_broken = self.apart(masked.as_bytes()).is_none() && self.told_by_parts(&shown).is_some();
        Safe::Printed(Cow::Owned(if is_broken { MASK.to_owned() } else { masked }))
    }

    /// The parts, masked, where they give something away that the text itself does not: written with escapes, or found
    /// only beside its key.
    fn told_by_parts(&self, text: &str) -> Option<Decoded<'static>> {
        let mut parts = self.apart(text.as_bytes())?;
        let before = parts.printed();
        let mut is_hidden = false;
        let mut hide = |text: &mut Cow<'_, str>| {
            if let Cow::Owned(masked) = self.masks.apply(text) {
                (*text, is_hidden) = (Cow::Owned(masked), true);
            }
        };
        hide(&mut parts.message);
        parts.fields.iter_mut().for_each(|(_, value)| hide(value));
        let after = if is_hidden { Cow::Owned(parts.printed()) } else { Cow::Borrowed(before.as_str()) };
        let whole = self.masks.apply(&after);
        if *whole == before {
            return None;
        }
        if *whole != after {
            // Not in one of them: which belongs to what is not known any more.
            parts.message = Cow::Owned(whole.into_owned());
            parts.fields.clear();
        }
        Some(parts.into_owned())
    }

    fn apart<'l>(&self, line: &'l [u8]) -> Option<Decoded<'l>> {
        let parts = decode::may_have_parts(line).then(|| decode::decode(line, &self.keys));
        parts.filter(|parts| parts.kind != Kind::Plain)
    }
}
