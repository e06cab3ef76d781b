//! The programs that are compared: how each is started, what it shows and which keys it takes.

use std::path::PathBuf;

use crate::pty::{Launch, Terminal, pilothouse};

/// One of them.
pub struct Console {
    pub name: &'static str,
    program: PathBuf,
    /// On the screen once all `{n}` containers are listed.
    listed: &'static str,
    /// What changes when the selection moves: the first group of a pattern, or, where empty, which rows are marked by
    /// their background.
    pub selected: &'static str,
    /// From the list to the newest lines of the log of the first container.
    pub to_log: &'static str,
    /// From there to the first line of the log; empty where there is no such key.
    pub to_first: &'static str,
    /// Opens and closes its help, and what only the help shows.
    pub help: [&'static str; 3],
    /// On the screen once the only container has ended, and not before.
    pub exited: &'static str,
}

pub const SIZE: (u16, u16) = (160, 48);

/// The console itself, then every peer that is on the PATH. `BENCH_PROGRAM` is the build that is measured.
pub fn all() -> Vec<Console> {
    let own = std::env::var_os("BENCH_PROGRAM").map_or_else(pilothouse, PathBuf::from);
    let mut found = vec![Console {
        name: "pilothouse",
        program: own,
        listed: r"\b{n} of {n}\b",
        // All of its screen has a background of its own.
        selected: r"▌([^│\n]*fleet-\d+[^│\n]*?)running",
        to_log: "",
        to_first: "3 g",
        help: ["?", "?", "IN CONTAINERS|IN LISTS"],
        // The row itself: what happened before is told beside it.
        exited: r"▌ echo .*\bexited",
    }];
    found.extend(peers().into_iter().filter_map(|peer| {
        let program = on_path(peer.name);
        if program.is_none() {
            eprintln!("{} is not on the PATH: its column is left out", peer.name);
        }
        Some(Console { program: program?, ..peer })
    }));
    found
}

fn peers() -> [Console; 3] {
    let program = PathBuf::new;
    let dtop = Console {
        name: "dtop",
        program: program(),
        listed: r"- {n} containers?",
        selected: "",
        to_log: "Right",
        to_first: "g",
        help: ["?", "?", "Log View Scrolling"],
        // It lists only what runs.
        exited: r"- 0 containers",
    };
    let oxker = Console {
        name: "oxker",
        program: program(),
        listed: r"Containers \d+/{n}\b",
        selected: r"Containers (\d+)/",
        to_log: "",
        // The logs are the next panel but one.
        to_first: "Tab Tab Home",
        help: ["h", "h", "exit help"],
        exited: r"exited",
    };
    let lazydocker = Console {
        name: "lazydocker",
        program: program(),
        // It shows no count; its list comes whole.
        listed: r"running +\w",
        selected: "",
        to_log: "",
        to_first: "",
        help: ["x", "Esc", "esc: close"],
        exited: r"exited",
    };
    [dtop, oxker, lazydocker]
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

impl Console {
    pub fn is_ours(&self) -> bool {
        self.name == "pilothouse"
    }

    pub fn start(&self, socket: &str) -> Terminal {
        Launch::program(&self.program, [""; 0]).env("DOCKER_HOST", socket).size(SIZE.0, SIZE.1).start()
    }

    pub fn listed(&self, count: usize) -> String {
        self.listed.replace("{n}", &count.to_string())
    }
}
