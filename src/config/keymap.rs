//! Keys as data: which action a key, or several in a row, means in a context. Changes nothing and asks nobody.

use std::collections::BTreeMap;

use super::schema::Binding;
use crate::action::{ACTIONS, Action, Context};

mod chord;

pub use chord::{Chord, ChordError, Chords, ChordsError, Code};

/// Which action keys mean in which context.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Keymap {
    contexts: BTreeMap<Context, Node>,
}

/// The keys that may come next.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Node {
    next: BTreeMap<Chord, Node>,
    action: Option<Action>,
}

/// What the keys pressed so far mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// Nothing: forget them.
    Nothing,
    /// The beginning of a row: wait for the next key.
    Prefix,
    /// All of it.
    Action(Action),
}

/// Two settings that cannot both hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// Path of the later of the two in the configuration.
    pub at: Vec<String>,
    /// What is wrong, with the other.
    pub message: String,
}

/// All contexts that have keys, each once.
pub fn contexts() -> Vec<Context> {
    let mut all: Vec<_> = ACTIONS.iter().map(|entry| entry.context).collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Node {
    fn find(&self, chords: &[Chord]) -> Option<&Self> {
        chords.iter().try_fold(self, |node, chord| node.next.get(chord))
    }

    /// Binds; what is a beginning of these keys, or begins with them, means nothing any more.
    fn bind(&mut self, chords: &[Chord], action: Action) {
        let mut node = self;
        for chord in chords {
            node.action = None;
            node = node.next.entry(*chord).or_default();
        }
        *node = Self { next: BTreeMap::new(), action: Some(action) };
    }

    /// These keys, and all rows that begin with them, mean nothing any more.
    fn unbind(&mut self, chords: &[Chord]) {
        match chords {
            [] => *self = Self::default(),
            [first, rest @ ..] => {
                if let Some(node) = self.next.get_mut(first) {
                    node.unbind(rest);
                }
            }
        }
    }

    fn collect(&self, before: &mut Vec<Chord>, found: &mut Vec<(Vec<Chord>, Action)>) {
        found.extend(self.action.map(|action| (before.clone(), action)));
        for (chord, node) in &self.next {
            before.push(*chord);
            node.collect(before, found);
            before.pop();
        }
    }

    /// Takes out branches in which nothing is bound, so that they are no prefix.
    fn prune(&mut self) -> bool {
        self.next.retain(|_, node| node.prune());
        self.action.is_some() || !self.next.is_empty()
    }
}

impl Keymap {
    /// The keys of the action table.
    ///
    /// # Errors
    /// A key of the table that does not parse, which a test rules out.
    pub fn standard() -> Result<Self, ChordError> {
        let mut keymap = Self::default();
        for entry in ACTIONS {
            for key in entry.keys {
                let chords = key.split_whitespace().map(str::parse).collect::<Result<Vec<_>, _>>()?;
                keymap.contexts.entry(entry.context).or_default().bind(&chords, entry.action);
            }
        }
        Ok(keymap)
    }

    /// The action of one key in the first of `contexts` that has one.
    pub fn action(&self, contexts: &[Context], chord: Chord) -> Option<Action> {
        match self.lookup(contexts, &[chord]) {
            Lookup::Action(action) => Some(action),
            Lookup::Nothing | Lookup::Prefix => None,
        }
    }

    /// What the keys pressed so far mean, in the first of `contexts` that knows them.
    pub fn lookup(&self, contexts: &[Context], pressed: &[Chord]) -> Lookup {
        let nodes = contexts.iter().filter_map(|context| self.contexts.get(context)?.find(pressed));
        let mut meanings = nodes.filter_map(|node| match node.action {
            Some(action) => Some(Lookup::Action(action)),
            None if !node.next.is_empty() => Some(Lookup::Prefix),
            None => None,
        });
        meanings.next().unwrap_or(Lookup::Nothing)
    }

    /// What may be pressed after these keys, with what it then means, in the first of `contexts` that knows them.
    pub fn following(&self, contexts: &[Context], pressed: &[Chord]) -> Vec<(String, Action)> {
        let mut nodes = contexts.iter().filter_map(|context| self.contexts.get(context)?.find(pressed));
        let Some(node) = nodes.find(|node| node.action.is_none() && !node.next.is_empty()) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        node.collect(&mut Vec::new(), &mut found);
        let text = |chords: &[Chord]| chords.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ");
        found.into_iter().map(|(chords, action)| (text(&chords), action)).collect()
    }

    /// The key to show for an action: the first of the table that still means it, else any that does.
    pub fn key_of(&self, action: Action) -> Option<String> {
        let entry = action.entry();
        let chords = |key: &&&str| key.parse::<Chord>().ok();
        let means = |key: &&&str| {
            chords(key).is_some_and(|chord| self.action(&[entry.context], chord) == Some(action))
        };
        let standard = entry.keys.iter().find(means).map(|key| (*key).to_owned());
        standard.or_else(|| {
            let bound = self.bindings().into_iter().find(|(_, _, found)| *found == action);
            bound.map(|(_, chords, _)| chords.iter().map(Chord::to_string).collect::<Vec<_>>().join(" "))
        })
    }

    /// Everything that is bound: context, keys, action.
    pub fn bindings(&self) -> Vec<(Context, Vec<Chord>, Action)> {
        let of = |(context, root): (&Context, &Node)| {
            let mut found = Vec::new();
            root.collect(&mut Vec::new(), &mut found);
            let context = *context;
            found.into_iter().map(move |(chords, action)| (context, chords, action))
        };
        self.contexts.iter().flat_map(of).collect()
    }

    /// Lays `[keys]` over what is bound, and says what in it contradicts itself.
    ///
    /// A key outside of a context goes to the context where its action is at home; `none` there unbinds it
    /// everywhere. What does not parse is left out: the check of the files has named it.
    pub fn overlay(&mut self, keys: &BTreeMap<String, Binding>) -> Vec<Conflict> {
        let (mut conflicts, mut set) = (Vec::new(), Vec::new());
        for (name, binding) in keys {
            match binding {
                Binding::Action(action) => {
                    let Ok(chords) = name.parse::<Chords>() else { continue };
                    let at = vec!["keys".to_owned(), name.clone()];
                    match Action::named(action) {
                        Some(found) => set.push((found.entry().context, chords, Some(found), at)),
                        None => {
                            set.extend(contexts().into_iter().map(|c| (c, chords.clone(), None, at.clone())));
                        }
                    }
                }
                Binding::Context(inner) => {
                    let Some(context) = contexts().into_iter().find(|c| c.name() == name) else { continue };
                    for (key, action) in inner {
                        let Ok(chords) = key.parse::<Chords>() else { continue };
                        let at = vec!["keys".to_owned(), name.clone(), key.clone()];
                        set.push((context, chords, Action::named(action), at));
                    }
                }
            }
        }
        // `none` goes first: `x = "none"` and `[keys.logs] x = "wrap"` together mean logs only.
        set.sort_by_key(|(_, _, action, _)| action.is_some());
        let mut taken: Vec<(Context, Chords, Action)> = Vec::new();
        for (context, chords, action, at) in set {
            let root = self.contexts.entry(context).or_default();
            let Some(action) = action else {
                root.unbind(chords.as_slice());
                continue;
            };
            root.bind(chords.as_slice(), action);
            conflicts.extend(conflict(&taken, context, &chords, action, at));
            taken.push((context, chords, action));
        }
        self.contexts.retain(|_, root| root.prune());
        conflicts
    }
}

fn conflict(
    taken: &[(Context, Chords, Action)],
    context: Context,
    chords: &Chords,
    action: Action,
    at: Vec<String>,
) -> Option<Conflict> {
    let (new, context_name) = (chords.as_slice(), context.name());
    let (_, other, theirs) = taken.iter().find(|(where_, other, theirs)| {
        let other = other.as_slice();
        *where_ == context && *theirs != action && (other.starts_with(new) || new.starts_with(other))
    })?;
    let (mine, theirs) = (action.entry().name, theirs.entry().name);
    let message = if other == chords {
        format!("`{chords}` is set to `{mine}` and to `{theirs}` in {context_name}")
    } else {
        format!("`{chords}` for `{mine}` and `{other}` for `{theirs}` begin alike in {context_name}")
    };
    Some(Conflict { at, message })
}

#[cfg(test)]
mod tests;
