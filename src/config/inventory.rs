//! Hosts from what a team already keeps: an Ansible inventory, outputs of Terraform, a plain list.
//!
//! Texts come from a [`Shelf`]; nothing here opens a file or runs a command. Every fault has its file and place; a host
//! that cannot be reached as it is written stays, with the reason, and is never silently another one.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use super::problem::Place;
use super::problem::{Problem, shown};

mod ansible;
mod hosts;
mod ini;
mod list;
mod pattern;
mod terraform;
pub(crate) mod tree;
mod vars;
mod yaml;

#[cfg(test)]
mod tests;

/// More than anybody runs by hand; a typo in a range ends here.
pub(super) const MOST_HOSTS: usize = 10_000;
/// Longest name of a host that is taken for one, in bytes: longer than DNS has any, with user and port.
pub(super) const MOST_NAME: usize = 400;
/// What `ansible-vault` encrypted begins so.
const VAULT: &str = "$ANSIBLE_VAULT;";
/// Largest text that is read.
pub const MOST_BYTES: usize = 4 << 20;

/// Where an inventory is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// An inventory of Ansible, in INI, in YAML or as `ansible-inventory --list` prints it.
    Ansible(PathBuf),
    /// What `terraform output -json` printed.
    Terraform(PathBuf),
    /// One host a line.
    List(PathBuf),
    /// Any of these but INI and YAML, printed by this command within that time.
    Run(Vec<String>, Duration),
}

/// An inventory, and what of it is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Where it is; absolute.
    pub source: Source,
    /// The group of Ansible; all of it where it is `None`.
    pub group: Option<String>,
    /// The output of Terraform; the only one where it is `None`.
    pub output: Option<String>,
    /// Where relative paths begin, and commands run.
    pub dir: PathBuf,
}

/// What an inventory may ask for.
pub trait Shelf {
    /// A file as text, at most [`MOST_BYTES`].
    ///
    /// # Errors
    /// It cannot be read, is no file, or is no text.
    fn text(&self, path: &Path) -> io::Result<String>;
    /// What is in a directory, sorted: names, and whether each is a directory. Empty where there is none.
    ///
    /// # Errors
    /// It is there and cannot be read.
    fn entries(&self, dir: &Path) -> io::Result<Vec<(String, bool)>>;
    /// What a command prints.
    ///
    /// # Errors
    /// In words.
    fn run(&self, argv: &[String], dir: &Path, limit: Duration) -> Result<String, String>;
    /// The operator's home.
    fn home(&self) -> Option<&Path>;
}

/// One host of an inventory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// As the inventory calls it.
    pub name: String,
    /// With its scheme; the host itself where it is refused.
    pub address: String,
    /// A key for it, besides those of OpenSSH's configuration.
    pub identity: Option<PathBuf>,
    /// File, line and column.
    pub from: String,
    /// Why it cannot be reached as it is written.
    pub refusal: Option<String>,
}

/// What came of an inventory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reading {
    /// In its own order.
    pub hosts: Vec<Listed>,
    /// What is wrong with its files.
    pub problems: Vec<Problem>,
    /// What is wrong with the group or output that is wanted, and what was probably meant.
    pub unknown: Option<(String, Option<String>)>,
    /// What it says and is not done here.
    pub remarks: Vec<String>,
}

/// Something wrong at a place of a text.
#[derive(Debug)]
pub(crate) struct Fault {
    at: Place,
    message: String,
    hint: Option<String>,
}

impl Fault {
    fn new(at: Place, message: String) -> Self {
        Self { at, message, hint: None }
    }

    pub(crate) fn of(self, origin: &str) -> Problem {
        Problem { origin: origin.to_owned(), place: Some(self.at), message: self.message, hint: self.hint }
    }
}

/// A path for a message.
fn named(path: &Path) -> String {
    super::load::shown_path(&path.to_string_lossy())
}

fn whole(origin: String, message: String, hint: Option<&str>) -> Problem {
    Problem { origin, place: None, message, hint: hint.map(str::to_owned) }
}

/// Reads it.
pub fn read(wanted: &Wanted, shelf: &dyn Shelf) -> Reading {
    let failed = |problem| Reading { problems: vec![problem], ..Reading::default() };
    let text = match &wanted.source {
        Source::Ansible(path) | Source::Terraform(path) | Source::List(path) => shelf
            .text(path)
            .map_err(|error| whole(named(path), format!("cannot read the inventory: {error}"), None)),
        Source::Run(argv, limit) => shelf.run(argv, &wanted.dir, *limit).map_err(|why| {
            whole(command(argv), why, Some("run it by hand in the directory of the file that names it"))
        }),
    };
    let text = match text {
        Ok(text) => text,
        Err(problem) => return failed(problem),
    };
    match &wanted.source {
        Source::Ansible(path) => hosts::of_file(&text, path, wanted, shelf),
        Source::Terraform(path) => of_tree(&text, &named(path), wanted, shelf, true),
        Source::List(path) => list::read(&text, &named(path)),
        Source::Run(argv, _) => match text.trim_start().chars().next() {
            Some('{' | '[' | '"') => of_tree(&text, &command(argv), wanted, shelf, false),
            _ => list::read(&text, &command(argv)),
        },
    }
}

/// How the output of a command is called in messages.
fn command(argv: &[String]) -> String {
    format!("`{}`", shown(&argv.join(" ")))
}

fn of_tree(text: &str, origin: &str, wanted: &Wanted, shelf: &dyn Shelf, is_terraform: bool) -> Reading {
    match no_json(text).map_or_else(|| tree::parse(text), Err) {
        Ok(Some(tree)) if !is_terraform && tree.get("_meta").is_some() => {
            hosts::of_tree(&tree, origin, wanted, shelf)
        }
        Ok(Some(tree)) => terraform::read(&tree, origin, wanted.output.as_deref()),
        Ok(None) => Reading {
            problems: vec![whole(origin.to_owned(), "there is nothing in it".to_owned(), None)],
            ..Reading::default()
        },
        Err(fault) => Reading { problems: vec![fault.of(origin)], ..Reading::default() },
    }
}

/// What is wrong with a text as JSON, in JSON's own words: it would be read as YAML, of which JSON is a part. A text with
/// nothing in it is none of its faults.
fn no_json(text: &str) -> Option<Fault> {
    let text = text.trim_start_matches('\u{feff}');
    let error =
        serde_json::from_str::<serde::de::IgnoredAny>(text).err().filter(|_| !text.trim().is_empty())?;
    let place = Place { line: error.line().max(1), column: error.column().max(1) };
    let why = error.to_string();
    // It says the place again.
    let why = why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why);
    Some(Fault::new(place, format!("no JSON: {}", shown(why))))
}
