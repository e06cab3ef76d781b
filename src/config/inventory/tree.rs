//! YAML, and so JSON, as a tree that knows where everything stands. Bounded in depth and size, whatever the text.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::{Fault, Place, VAULT};

/// Deeper than any inventory, and no recursion over a tree runs out of stack.
const MOST_DEPTH: usize = 64;
/// Entries that merge keys may bring in, all together.
const MOST_MERGED: usize = 100_000;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) at: Place,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    /// A scalar of any kind, as it is written.
    Text(String),
    /// Encrypted by `ansible-vault`.
    Secret,
    Map(Vec<Entry>),
    List(Vec<Rc<Tree>>),
}

/// One line of a mapping; each key once, the last one counts.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Place,
    pub(crate) value: Rc<Tree>,
}

impl Tree {
    pub(crate) fn get(&self, key: &str) -> Option<&Rc<Tree>> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Of a mapping; empty for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Of a list; empty for anything else.
    pub(crate) fn items(&self) -> &[Rc<Tree>] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// With its article, for messages.
    pub(crate) fn what(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Text(_) => "a text",
            Kind::Secret => "an encrypted value",
            Kind::Map(_) => "a mapping",
            Kind::List(_) => "a list",
        }
    }
}

fn place(mark: Marker) -> Place {
    Place { line: mark.line().max(1), column: mark.col() + 1 }
}

/// Not yet whole.
struct Open {
    at: Place,
    anchor: usize,
    is_map: bool,
    entries: Vec<Entry>,
    /// The key whose value comes next.
    key: Option<(String, Place)>,
    items: Vec<Rc<Tree>>,
    merges: Vec<Rc<Tree>>,
}

struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Tree>>,
    root: Option<Rc<Tree>>,
    merged: usize,
}

/// The first document of a text; `None` where there is nothing in it.
pub(crate) fn parse(text: &str) -> Result<Option<Rc<Tree>>, Fault> {
    let text = text.trim_start_matches('\u{feff}');
    let mut builder = Builder { open: Vec::new(), anchors: HashMap::new(), root: None, merged: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            Fault::new(
                place(*error.marker()),
                format!("no YAML: {}", crate::config::problem::shown(error.info())),
            )
        })?;
        let at = place(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let suffix = tag.as_ref().map_or("", |tag| tag.suffix.as_str());
                let kind = if suffix.ends_with("vault") || text.starts_with(VAULT) {
                    Kind::Secret
                } else if style == ScalarStyle::Plain && is_null(&text) {
                    Kind::Null
                } else {
                    Kind::Text(text.into_owned())
                };
                builder.put(Rc::new(Tree { at, kind }), anchor)?;
            }
            Event::SequenceStart(anchor, _) => builder.begin(at, anchor, false)?,
            Event::MappingStart(anchor, _) => builder.begin(at, anchor, true)?,
            Event::SequenceEnd | Event::MappingEnd => builder.end()?,
            Event::Alias(anchor) => {
                let known = builder.anchors.get(&anchor).cloned();
                let known = known
                    .ok_or_else(|| Fault::new(at, "an alias inside of what it stands for".to_owned()))?;
                builder.put(known, 0)?;
            }
            Event::DocumentEnd if builder.root.is_some() => break,
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }
    Ok(builder.root.filter(|root| !root.is_null()))
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

impl Builder {
    fn begin(&mut self, at: Place, anchor: usize, is_map: bool) -> Result<(), Fault> {
        if self.open.len() >= MOST_DEPTH {
            return Err(Fault::new(at, format!("nested deeper than {MOST_DEPTH} levels")));
        }
        let (entries, items, merges) = (Vec::new(), Vec::new(), Vec::new());
        self.open.push(Open { at, anchor, is_map, entries, key: None, items, merges });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let kind = if open.is_map {
            Kind::Map(self.whole(open.at, open.entries, &open.merges)?)
        } else {
            Kind::List(open.items)
        };
        self.put(Rc::new(Tree { at: open.at, kind }), open.anchor)
    }

    /// Each key once, and behind them what merge keys bring in and nobody set.
    fn whole(&mut self, at: Place, entries: Vec<Entry>, merges: &[Rc<Tree>]) -> Result<Vec<Entry>, Fault> {
        let mut seen = HashSet::new();
        let mut kept: Vec<_> =
            entries.into_iter().rev().filter(|entry| seen.insert(entry.key.clone())).collect();
        kept.reverse();
        for merge in merges.iter().flat_map(|merge| match &merge.kind {
            Kind::List(items) => items.clone(),
            _ => vec![Rc::clone(merge)],
        }) {
            self.merged += merge.entries().len();
            if self.merged > MOST_MERGED {
                return Err(Fault::new(at, "merge keys bring in too much".to_owned()));
            }
            kept.extend(merge.entries().iter().filter(|entry| seen.insert(entry.key.clone())).cloned());
        }
        Ok(kept)
    }

    fn put(&mut self, tree: Rc<Tree>, anchor: usize) -> Result<(), Fault> {
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&tree));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(tree);
            return Ok(());
        };
        if !open.is_map {
            open.items.push(tree);
            return Ok(());
        }
        match (open.key.take(), &tree.kind) {
            (Some((key, _)), _) if key == "<<" => open.merges.push(tree),
            (Some((key, at)), _) => open.entries.push(Entry { key, at, value: tree }),
            (None, Kind::Text(text)) => open.key = Some((text.clone(), tree.at)),
            (None, Kind::Null) => open.key = Some((String::new(), tree.at)),
            (None, _) => return Err(Fault::new(tree.at, format!("{} cannot be a key", tree.what()))),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Rc<Tree> {
        parse(text).unwrap().unwrap()
    }

    #[test]
    fn everything_knows_where_it_stands() {
        let tree = tree("a:\n  é: 1\n  b: [x, y]\n");
        let inner = tree.get("a").unwrap();
        assert_eq!((inner.entries()[1].at.line, inner.entries()[1].at.column), (3, 3));
        let item = &inner.get("b").unwrap().items()[1];
        assert_eq!((item.text(), item.at.line, item.at.column), (Some("y"), 3, 10));
    }

    #[test]
    fn a_merge_key_brings_in_what_is_not_set() {
        let tree = tree("base: &b {x: 1, y: 2}\nhere: {<<: *b, y: 3}\nboth: {<<: [*b, {x: 9, z: 4}]}\n");
        let text = |at: &str, key: &str| tree.get(at).unwrap().get(key).unwrap().text().unwrap().to_owned();
        assert_eq!((text("here", "x"), text("here", "y")), ("1".to_owned(), "3".to_owned()));
        assert_eq!((text("both", "x"), text("both", "z")), ("1".to_owned(), "4".to_owned()));
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        assert_eq!(tree("a: 1\na: 2\n").get("a").unwrap().text(), Some("2"));
    }

    #[test]
    fn what_is_encrypted_is_not_taken_for_a_text() {
        let tree = tree("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6638\nb: x\n");
        assert!(matches!(tree.get("a").unwrap().kind, Kind::Secret));
        assert_eq!(tree.get("b").unwrap().text(), Some("x"));
    }

    #[test]
    fn json_is_read_as_it_is() {
        let tree = tree("{\n\t\"a\": [1, \"\\u003cx\\/\"],\n\t\"b\": null\n}\n");
        assert_eq!(tree.get("a").unwrap().items()[1].text(), Some("<x/"));
        assert!(tree.get("b").unwrap().is_null());
    }

    #[test]
    fn depth_merges_and_loops_are_bounded() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&deep).unwrap_err().message.contains("nested deeper"));
        assert!(parse("a: &a [*a]\n").is_err());
        let entries: String = (0..2_000).fold(String::new(), |all, i| all + &format!("  k{i}: 1\n"));
        let merges = "  - {<<: *b}\n".repeat(2_000);
        let bomb = format!("b: &b\n{entries}all:\n{merges}");
        assert!(parse(&bomb).unwrap_err().message.contains("merge keys"));
    }

    #[test]
    fn a_fault_has_its_place() {
        let fault = parse("a:\n  - x\n b: y\n").unwrap_err();
        assert_eq!((fault.at.line, fault.message.starts_with("no YAML: ")), (3, true));
        assert!(parse("\n# nothing\n").unwrap().is_none());
    }
}
