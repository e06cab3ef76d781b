//! The table of what an operator can ask.
//!
//! One line feeds the enum, the name in key maps and on the command line, the default keys, help, palette and footer.

/// Where a key means this action. A pane's own context is asked before [`Context::Global`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Context {
    /// Everywhere.
    Global,
    /// In lists: environments, containers, releases, activity.
    List,
    /// In the containers pane, besides [`Context::List`].
    Containers,
    /// In the logs pane.
    Logs,
    /// In the engine pane, besides [`Context::List`].
    Engine,
    /// In the pane of the deployment.
    Deployment,
}

impl Context {
    /// Its name in the `[keys.NAME]` tables of the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::List => "list",
            Self::Containers => "containers",
            Self::Logs => "logs",
            Self::Engine => "engine",
            Self::Deployment => "deployment",
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// Its name: palette, key maps, command line.
    pub name: &'static str,
    /// Where its keys hold.
    pub context: Context,
    /// Default keys, the one to show first.
    pub keys: &'static [&'static str],
    /// One word for the footer; empty means it is never in the footer.
    pub label: &'static str,
    /// One line for help and palette.
    pub doc: &'static str,
}

macro_rules! actions {
    ($($variant:ident $name:literal $context:ident [$($key:literal),*] $label:literal $doc:literal;)*) => {
        /// What an operator can ask.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Action {$(
            #[doc = $doc]
            $variant,
        )*}

        /// The whole table, in the order help shows it and in which the footer drops what does not fit, last first.
        pub const ACTIONS: &[Entry] = &[$(Entry {
            action: Action::$variant,
            name: $name,
            context: Context::$context,
            keys: &[$($key),*],
            label: $label,
            doc: $doc,
        },)*];
    };
}

actions! {
    Up "up" Global ["k", "up"] "" "Move up one line";
    Down "down" Global ["j", "down"] "" "Move down one line";
    Left "left" Global ["h", "left"] "" "Move left";
    Right "right" Global ["l", "right"] "" "Move right";
    Top "top" Global ["g", "home"] "" "Go to the first line";
    Bottom "bottom" Global ["G", "end"] "" "Go to the last line";
    PageUp "page-up" Global ["pgup"] "" "Move up one page";
    PageDown "page-down" Global ["pgdn"] "" "Move down one page";
    HalfUp "half-up" Global ["ctrl-u"] "" "Move up half a page";
    HalfDown "half-down" Global ["ctrl-d"] "" "Move down half a page";
    Enter "open" Global ["enter"] "open" "Go into what is selected";
    Back "back" Global ["esc"] "" "Go back, close, or clear the filter";
    Environments "environments" Global ["1"] "" "Show the environments";
    Containers "containers" Global ["2"] "" "Show the containers";
    Logs "logs" Global ["3"] "" "Show the logs";
    Health "health" Global ["4"] "" "Show the health";
    Releases "releases" Global ["5"] "" "Show the releases";
    Traffic "traffic" Global ["6"] "" "Show how traffic is shared between slots";
    Deployment "deployment" Global ["7"] "" "Show the deployment that runs, or the last one";
    NextPane "next-pane" Global ["tab"] "" "Go to the next pane";
    PreviousPane "previous-pane" Global ["shift-tab"] "" "Go to the pane before";
    Zoom "zoom" Global ["z"] "zoom" "Give the pane the whole screen, or take it back";
    Activity "activity" Global ["a"] "activity" "Show what this console did and what failed";
    Engine "engine" Global ["E"] "engine" "Show the engine: disk, images, volumes, networks";
    Deploy "deploy" Global ["d"] "deploy" "Put another image of the service live";
    Rollback "rollback" Global ["r"] "rollback" "Put an earlier release of the service live again";
    Scale "scale" Global ["s"] "scale" "Run more or fewer replicas of the service";
    Promote "promote" Global [">"] "" "Promote what is live here to the next one";
    Abort "abort" Global ["A"] "abort" "Take back the deployment that runs";
    Undo "undo" Global ["u"] "take up" "Take back what was cut off, or go on with it";
    Resume "resume" Global [] "" "Go on with a deployment that was cut off";
    Refresh "refresh" Global ["ctrl-r"] "" "Ask again, and try hosts that do not answer";
    Reload "reload" Global [] "" "Read the configuration and inventories again";
    Demo "demo" Global ["v"] "demo" "Open the demo, where no engine answers";
    Events "events" Global ["V"] "events" "Show what the engines say that happens, live";
    Tail "tail" Containers ["t"] "tail" "Follow the logs of what is selected";
    Shell "shell" Containers ["x"] "shell" "Open a shell in the container";
    Inspect "inspect" Containers ["i"] "inspect" "Show all that the engine knows of the container";
    Restart "restart" Containers ["R"] "restart" "Restart the container";
    StopStart "stop" Containers ["S"] "stop/start" "Stop the container, or start it";
    PauseContainer "pause" Containers ["p"] "" "Freeze the container, or let it go on";
    Kill "kill" Containers ["K"] "" "End the container at once";
    Remove "remove" Containers ["D"] "" "Remove the container";
    Processes "processes" Containers ["T"] "processes" "Show the processes of the container";
    Mark "mark" Containers ["space"] "" "Mark the container, to act on several at once";
    Sort "sort" Containers ["o"] "" "Change the sort order";
    RemoveItem "remove-item" Engine ["D"] "remove" "Remove what is selected or marked, if unused";
    Prune "prune" Engine ["C"] "clean" "Remove what is stopped, nameless or cache";
    PruneAll "prune-all" Engine ["X"] "clean all" "Remove all of this kind that nothing uses";
    MarkItem "mark-item" Engine ["space"] "" "Mark it, to remove several at once";
    NextHost "next-host" Engine ["n"] "" "Show the engine of the next host";
    Hold "hold" Deployment ["p"] "pause" "Have it wait before its next step, or go on";
    Filter "filter" List ["/"] "filter" "Show only rows that match (!text: that do not)";
    Search "search" Logs ["/"] "search" "Search the log (Tab: named, Up: before)";
    NextHit "next-hit" Logs ["n"] "" "Go to the next hit";
    PreviousHit "previous-hit" Logs ["N"] "" "Go to the hit before";
    FilterLines "filter-lines" Logs ["&"] "only" "Show only lines that match (!text: that do not)";
    Follow "follow" Logs ["p"] "pause" "Pause, or follow the newest line again";
    Wrap "wrap" Logs ["w"] "wrap" "Wrap long lines, or cut them";
    Json "json" Logs ["J"] "raw" "Show JSON and logfmt lines as fields, or raw";
    Level "level" Logs ["L"] "level" "Raise the minimum level";
    TimeRange "time-range" Logs ["@"] "time" "Show only lines of a time: 15m, 14:20-14:35";
    Wider "wider" Logs ["t"] "wider" "Widen to the service, the environment, and back";
    Correlate "correlate" Logs ["c"] "follow id" "Show only lines with the id of this line";
    Copy "copy" Logs ["y"] "copy" "Copy the line to the clipboard";
    Export "export" Logs ["e"] "export" "Write the shown lines to a file";
    Palette "command" Global [":"] "command" "Do or find anything by its name";
    Utc "utc" Global ["U"] "" "Show times in UTC, or local";
    Write "write" Global [] "" "Unlock a protected environment for a while (write 15m), or lock it (write off)";
    Masks "masks" Global ["M"] "" "Show values that are masked, or mask them again";
    Help "help" Global ["?"] "help" "Show the keys that work here";
    Quit "quit" Global ["q", "ctrl-c"] "quit" "Leave; nothing stops running";
}

impl Action {
    /// Its line of the table.
    pub fn entry(self) -> &'static Entry {
        // The table is made from the same list as the enum, in the same order.
        &ACTIONS[self as usize]
    }

    /// The action of that name.
    pub fn named(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|e| e.name == name).map(|e| e.action)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_actions_share_a_key_in_one_context() {
        let mut seen = BTreeSet::new();
        for entry in ACTIONS {
            for key in entry.keys {
                assert!(seen.insert((entry.context, *key)), "{key} twice in {:?}", entry.context);
            }
        }
    }

    #[test]
    fn every_action_finds_its_own_line_by_itself_and_by_name() {
        for entry in ACTIONS {
            assert_eq!(entry.action.entry().name, entry.name);
            assert_eq!(Action::named(entry.name), Some(entry.action));
        }
    }
}
