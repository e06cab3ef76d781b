//! Every path that a file names, in `use` declarations and in code, resolved as far as layers need it.

use super::tokens::{Token, tokens};

/// A path as written, with `super` and `self` resolved to `crate::…`.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    pub path: Vec<String>,
    pub line: usize,
    /// Below `#[cfg(test)]` or `#[test]`.
    pub is_test: bool,
}

impl Import {
    /// The top-level module of this crate that the path leads into.
    pub fn of_crate(&self) -> Option<&str> {
        match self.path.as_slice() {
            [root, module, ..] if root == "crate" => Some(module),
            _ => None,
        }
    }

    /// True for `Instant::now` and its kin, however qualified, and for `.elapsed()`.
    pub fn reads_clock(&self) -> bool {
        let is_clock = |name: &str| matches!(name, "Instant" | "SystemTime" | "Utc" | "Local");
        self.path == [".", "elapsed"]
            || self.path.windows(2).any(|pair| is_clock(&pair[0]) && pair[1] == "now")
    }
}

/// Walks a file's tokens; knows where it stands in modules and tests.
struct Walk<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    /// The file's own module, from the crate's root.
    file: Vec<String>,
    /// The modules opened in the file around this place, each with the brace depth that it closes at.
    inline: Vec<(String, usize)>,
    depth: usize,
    /// Brace depth at which a test item ends.
    test_until: Option<usize>,
    /// A test attribute was read and its item has not begun its body.
    is_test_next: bool,
    found: Vec<Import>,
}

/// Everything that the file of `module` names.
pub fn imports(module: &[&str], text: &str) -> Vec<Import> {
    let mut walk = Walk {
        tokens: tokens(text),
        at: 0,
        file: module.iter().map(|name| (*name).to_owned()).collect(),
        inline: Vec::new(),
        depth: 0,
        test_until: None,
        is_test_next: false,
        found: Vec::new(),
    };
    while walk.at < walk.tokens.len() {
        walk.step();
    }
    walk.found
}

impl Walk<'_> {
    fn text(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text)
    }

    fn reads(&self, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(ahead, text)| self.text(ahead) == *text)
    }

    fn step(&mut self) {
        if self.reads(&["#", "[", "cfg", "(", "test", ")", "]"]) || self.reads(&["#", "[", "test", "]"]) {
            self.is_test_next = true;
        }
        match self.text(0) {
            "{" => self.open(),
            "}" => self.close(),
            ";" => self.is_test_next = false,
            // `impl Trait + use<'a>` names nothing.
            "use" if self.text(1) != "<" => {
                self.at += 1;
                self.tree(&[]);
                return;
            }
            "mod" if self.text(2) == "{" => {
                let name = self.text(1).to_owned();
                self.inline.push((name, self.depth));
                self.at += 2;
                return;
            }
            "." if self.reads(&[".", "elapsed", "(", ")"]) => {
                self.record(vec![".".into(), "elapsed".into()], self.at);
            }
            _ if self.begins_path() => {
                let path = self.path();
                self.record(path.1, path.0);
                return;
            }
            _ => {}
        }
        self.at += 1;
    }

    fn open(&mut self) {
        if self.is_test_next && self.test_until.is_none() {
            self.test_until = Some(self.depth);
        }
        self.is_test_next = false;
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.test_until == Some(self.depth) {
            self.test_until = None;
        }
        self.inline.pop_if(|(_, depth)| *depth == self.depth);
    }

    fn begins_path(&self) -> bool {
        let token = &self.tokens[self.at];
        let before = self.at.checked_sub(1).map_or("", |at| self.tokens[at].text);
        token.is_word() && self.text(1) == "::" && !matches!(before, "::" | ".")
    }

    /// The words of a path and the token it begins at; stops before turbofish, groups and globs.
    fn path(&mut self) -> (usize, Vec<String>) {
        let begin = self.at;
        let mut words = vec![self.text(0).to_owned()];
        self.at += 1;
        while self.text(0) == "::" && self.tokens.get(self.at + 1).is_some_and(Token::is_word) {
            words.push(self.text(1).to_owned());
            self.at += 2;
        }
        (begin, words)
    }

    /// One branch of a `use` tree; leaves the position behind it.
    fn tree(&mut self, prefix: &[String]) {
        if self.text(0) == "::" {
            self.at += 1;
        }
        let mut path = prefix.to_vec();
        let begin = self.at;
        if self.tokens.get(self.at).is_some_and(Token::is_word) {
            path.extend(self.path().1);
        }
        if self.text(0) == "::" {
            self.at += 1;
        }
        if self.text(0) == "{" {
            self.at += 1;
            while !matches!(self.text(0), "}" | "") {
                self.tree(&path);
                if self.text(0) == "," {
                    self.at += 1;
                }
            }
            self.at += 1;
            return;
        }
        self.record(path, begin);
        // A glob or a new name belongs to this branch.
        while !matches!(self.text(0), "," | "}" | ";" | "") {
            self.at += 1;
        }
    }

    fn record(&mut self, path: Vec<String>, begin: usize) {
        let line = self.tokens.get(begin).map_or(0, |token| token.line);
        let is_test = self.test_until.is_some() || self.is_test_next;
        self.found.push(Import { path: self.resolve(path), line, is_test });
    }

    fn resolve(&self, path: Vec<String>) -> Vec<String> {
        let ups = path.iter().take_while(|word| *word == "super" || *word == "self").count();
        if ups == 0 {
            return path;
        }
        let supers = path[..ups].iter().filter(|word| *word == "super").count();
        let here: Vec<_> =
            self.file.iter().chain(self.inline.iter().map(|(name, _)| name)).cloned().collect();
        let module = here[..here.len().saturating_sub(supers)].iter().cloned();
        ["crate".to_owned()].into_iter().chain(module).chain(path[ups..].iter().cloned()).collect()
    }
}
