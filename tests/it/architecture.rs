//! The import rule of `src/lib.rs`, and the size and head of each file, checked against the text of `src`. It reads
//! tokens, not types: what it cannot see is a re-export under another name, so modules re-export their own only.

mod paths;
mod tests;
mod tokens;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use paths::Import;

/// At most this many lines in a file, tests in the file included.
const FILE_LINES: usize = 400;
/// At most this many in a file of tests alone.
const TEST_FILE_LINES: usize = 600;

/// Crates that do I/O: for the adapters, the jobs, the loop and the command line only.
const IO_CRATES: &[&str] = &[
    "tokio",
    "tokio_util",
    "bollard",
    "reqwest",
    "hyper",
    "hyper_util",
    "http_body_util",
    "rustls",
    "rustix",
];
/// Crates that draw: for the screen, the loop and the command line only.
const DRAWING_CRATES: &[&str] = &["ratatui", "tui_textarea"];
/// Keys and the terminal: not for what is drawn nowhere. `msg`, `action` and `config` may name keys.
const TERMINAL_CRATES: &[&str] = &["crossterm"];
const NEVER_A_TERMINAL: &[&str] = &["domain", "logs", "deploy", "world", "ports", "adapters", "jobs"];

/// Parts of std that do I/O. `config` may read its files.
const STD_IO: &[&str] = &["fs", "process", "thread"];

/// What stands against the rule today, file and fault without its line. An entry that is mended must go.
const KNOWN_FAULTS: &[(&str, &str)] = &[
    // The input of a running exec is a `tokio::io::AsyncWrite`: a trait, no runtime.
    ("ports/engine.rs", "ports must not know the crate tokio"),
];

/// A layer's place: the number decides what is above; the two sides of 3 never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Layer {
    height: u8,
    side: Option<Side>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Screen,
    Outside,
}

impl Layer {
    /// `L0`..`L4`, `L3a` the screen, `L3b` the outside.
    fn parse(name: &str) -> Option<Self> {
        let (number, side) = match name.strip_prefix('L')? {
            number if number.ends_with('a') => (number.trim_end_matches('a'), Some(Side::Screen)),
            number if number.ends_with('b') => (number.trim_end_matches('b'), Some(Side::Outside)),
            number => (number, None),
        };
        number.parse().ok().map(|height| Self { height, side })
    }

    fn may_import(self, other: Self) -> bool {
        self.height > other.height || self == other
    }

    /// Everything below the outside and the loop: no clock, no I/O.
    fn is_pure(self) -> bool {
        self.height < 3 || self.side == Some(Side::Screen)
    }

    fn draws(self) -> bool {
        self.height == 4 || self.side == Some(Side::Screen)
    }
}

type Map = BTreeMap<String, Layer>;

/// The table in the crate's documentation: `| L1 | `logs` `world` | …`.
fn read_map(lib: &str) -> Map {
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! |"));
    rows.filter_map(|row| {
        let mut cells = row.split('|').map(str::trim);
        Some((Layer::parse(cells.next()?)?, cells.next()?))
    })
    .flat_map(|(layer, modules)| {
        modules.split('`').skip(1).step_by(2).map(move |name| (name.to_owned(), layer))
    })
    .collect()
}

/// A source file: its path below `src` with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The names from the crate's root: `logs/line.rs` is `["logs", "line"]`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.trim_end_matches(".rs");
        if matches!(path, "lib" | "main") { Vec::new() } else { path.split('/').collect() }
    }

    fn is_test(&self) -> bool {
        self.path.trim_end_matches(".rs").split('/').any(|part| part == "tests")
    }
}

/// Every fault in all files, as lines `path:line: what`.
fn faults(map: &Map, sources: &[Source]) -> Vec<String> {
    let mut faults: Vec<String> = sources.iter().flat_map(shape_faults).collect();
    let mut sideways: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        let module = source.module();
        let Some(&top) = module.first() else { continue };
        let Some(&layer) = map.get(top) else {
            faults.push(format!("{}: module {top} stands in no layer of the map in lib.rs", source.path));
            continue;
        };
        for import in paths::imports(&module, &source.text) {
            let is_test = import.is_test || source.is_test();
            if let Some(fault) = import_fault(map, top, layer, &import, is_test) {
                faults.push(format!("{}:{}: {fault}", source.path, import.line));
            }
            if let Some(other) =
                import.of_crate().filter(|&other| other != top && map.get(other) == Some(&layer))
            {
                sideways.entry(top).or_default().insert(other.to_owned());
            }
        }
    }
    faults.extend(cycles(&sideways));
    // A group of names from one wrong module is one fault.
    faults.dedup();
    faults
}

fn shape_faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let (lines, limit) =
        (source.text.lines().count(), if source.is_test() { TEST_FILE_LINES } else { FILE_LINES });
    if lines > limit {
        faults.push(format!("{}: {lines} lines, at most {limit}", source.path));
    }
    if !source.text.starts_with("//! ") {
        faults.push(format!("{}: does not open with //! and what it is", source.path));
    }
    if source.path.split('/').next_back() == Some("mod.rs") {
        faults.push(format!("{}: name it after its directory, beside it", source.path));
    }
    faults
}

fn import_fault(map: &Map, top: &str, layer: Layer, import: &Import, is_test: bool) -> Option<String> {
    if let Some(other) = import.of_crate() {
        // A path to an item of lib.rs itself (a macro, say) belongs to no layer.
        let other_layer = *map.get(other)?;
        let is_screen_at_ports = layer.side == Some(Side::Screen) && other == "ports";
        let is_wrong = !layer.may_import(other_layer) || is_screen_at_ports;
        return is_wrong.then(|| format!("{top} must not know {other}"));
    }
    if is_test {
        return None;
    }
    if layer.is_pure() && import.reads_clock() {
        return Some(format!("{top} reads the clock; time comes in as a parameter"));
    }
    let name = import.path.first()?.as_str();
    let std_part = import.path.get(1).filter(|part| name == "std" && STD_IO.contains(&part.as_str()));
    if let Some(part) = std_part.filter(|_| layer.is_pure() && top != "config") {
        return Some(format!("{top} must not know std::{part}"));
    }
    let is_wrong = layer.is_pure() && IO_CRATES.contains(&name)
        || !layer.draws() && DRAWING_CRATES.contains(&name)
        || NEVER_A_TERMINAL.contains(&top) && TERMINAL_CRATES.contains(&name);
    is_wrong.then(|| format!("{top} must not know the crate {name}"))
}

/// Modules of one layer that know each other in a circle, each circle once.
fn cycles(sideways: &BTreeMap<&str, BTreeSet<String>>) -> Vec<String> {
    let reaches = |from: &str, to: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(next) = open.pop() {
            for other in sideways.get(next).into_iter().flatten() {
                if other == to {
                    return true;
                }
                if seen.insert(other.as_str()) {
                    open.push(other);
                }
            }
        }
        false
    };
    let in_circles: Vec<_> = sideways.keys().filter(|module| reaches(module, module)).copied().collect();
    if in_circles.is_empty() {
        Vec::new()
    } else {
        vec![format!("modules in a circle: {}", in_circles.join(", "))]
    }
}

/// All `.rs` files below a directory, paths relative to it.
fn read_sources(below: &Path) -> Vec<Source> {
    let (mut sources, mut open) = (Vec::new(), vec![below.to_owned()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of this repository") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("Rust source is UTF-8");
                let path = path.strip_prefix(below).expect("found below it").to_string_lossy().into_owned();
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}
