//! What stands in a file, with its place, and may be changed.

use std::rc::Rc;

use super::At;
use crate::config::inventory::tree::{self, Kind, Tree};
use crate::config::problem::{Place, Problem};

/// A value of a file.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Node {
    pub(super) at: At,
    pub(super) what: What,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum What {
    Null,
    Text(String),
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
}

/// The tree of a text.
pub(super) fn parse(file: &str, text: &str) -> Result<Node, Problem> {
    let name: Rc<str> = file.into();
    match tree::parse(text) {
        Ok(Some(root)) => Ok(node(&root, &name)),
        Ok(None) => {
            let at = At { file: name, place: Place { line: 1, column: 1 } };
            Err(at.problem("there is nothing in it"))
        }
        Err(fault) => Err(fault.of(file)),
    }
}

fn node(tree: &Tree, file: &Rc<str>) -> Node {
    let what = match &tree.kind {
        Kind::Null | Kind::Secret => What::Null,
        Kind::Text(text) => What::Text(text.clone()),
        Kind::Map(entries) => What::Map(
            entries
                .iter()
                .map(|entry| {
                    let mut value = node(&entry.value, file);
                    // Where the key stands: what is said of it is looked for there.
                    value.at.place = entry.at;
                    (entry.key.clone(), value)
                })
                .collect(),
        ),
        Kind::List(items) => What::List(items.iter().map(|item| node(item, file)).collect()),
    };
    Node { at: At { file: Rc::clone(file), place: tree.at }, what }
}

impl Node {
    pub(super) fn entries(&self) -> &[(String, Node)] {
        match &self.what {
            What::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn into_entries(self) -> Vec<(String, Node)> {
        match self.what {
            What::Map(entries) => entries,
            _ => Vec::new(),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.what {
            What::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.what == What::Null
    }

    /// A lone text as a list of one.
    pub(super) fn listed(&self) -> Vec<Node> {
        match &self.what {
            What::Text(_) => vec![self.clone()],
            What::List(items) => items.clone(),
            What::Null | What::Map(_) => Vec::new(),
        }
    }

    /// The same place with another value.
    pub(super) fn with(&self, what: What) -> Self {
        Self { at: self.at.clone(), what }
    }

    /// The texts of a list.
    pub(super) fn texts(&self) -> Vec<String> {
        self.listed().iter().filter_map(Node::text).map(str::to_owned).collect()
    }

    /// Pairs of a mapping, or of a list of `name=value`.
    pub(super) fn pairs(&self, between: char) -> Vec<(String, Node)> {
        match &self.what {
            What::Map(entries) => entries.clone(),
            What::List(items) => items
                .iter()
                .filter_map(|item| {
                    let text = item.text()?;
                    Some(match text.split_once(between) {
                        Some((name, value)) => (name.to_owned(), item.with(What::Text(value.to_owned()))),
                        None => (text.to_owned(), item.with(What::Null)),
                    })
                })
                .collect(),
            What::Null | What::Text(_) => Vec::new(),
        }
    }
}
