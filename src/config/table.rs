//! THE table of configuration keys: what each is called, holds and means.
//!
//! It feeds the check of files, the nearest key in an error, `.config-example` and the documentation. No parsing here.

use crate::domain::deployment::errand::Migration;

/// What a key holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number between two bounds, both included.
    Integer(i64, i64),
    /// Any text without control characters.
    Text,
    /// A time of at least that many milliseconds.
    Period(u64),
    /// An amount of bytes.
    Size,
    /// A share.
    Percent,
    /// Numbers from one to another.
    Span,
    /// So many times something else.
    Factor,
    /// What is done where nothing can be told.
    Policy,
    /// A regular expression.
    Regex,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A role of the theme, or a colour.
    Colour,
    /// The name of a theme.
    Theme,
    /// The name of an action, or `none`.
    Action,
    /// A key, or several in a row.
    Chords,
    /// How an engine is reached.
    Address,
    /// The path of a URL, from `/`.
    UrlPath,
    /// Letters, digits, `-`, `_` and `.`: the name of a header or a cookie.
    Word,
    /// A file, from `/` or `~/`.
    File,
    /// A file, from `/`, from `~/`, or from where the file is that names it.
    FileBeside,
    /// A list of these.
    List(&'static Kind),
    /// The same keys as under that path.
    Same(&'static str),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Dotted; `*` is any name, `a|b` either word.
    pub path: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What holds if it is not set, as TOML.
    pub default: Option<&'static str>,
    /// A value to show, as TOML.
    pub sample: &'static str,
    /// What it means, one sentence or two.
    pub doc: &'static str,
    /// Not taken from a project file: that is somebody else's text.
    pub is_own: bool,
    /// Would run a command: off in a project file until that is trusted.
    pub runs: bool,
    /// It goes off alone, not with the table it stands in.
    pub goes_alone: bool,
    /// Lists of several files are joined; in all else the last file wins.
    pub joins: bool,
}

/// A key with a default.
const fn set(path: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key { default: Some(default), ..may(path, kind, default, doc) }
}

/// A key that may be left out.
const fn may(path: &'static str, kind: Kind, sample: &'static str, doc: &'static str) -> Key {
    Key {
        path,
        kind,
        default: None,
        sample,
        doc,
        is_own: false,
        runs: false,
        goes_alone: false,
        joins: false,
    }
}

impl Key {
    const fn own(self) -> Self {
        Self { is_own: true, ..self }
    }

    const fn runs(self) -> Self {
        Self { runs: true, ..self }
    }

    const fn runs_alone(self) -> Self {
        Self { runs: true, goes_alone: true, ..self }
    }

    const fn joins(self) -> Self {
        Self { joins: true, ..self }
    }

    /// The path of the table it stands in; empty at the top.
    pub fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }

    /// Its own name.
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }
}

use Kind::{
    Action, Address, Bool, Choice, Chords, Colour, Factor, File, FileBeside, Integer, List, Percent, Period,
    Policy, Regex, Same, Size, Span, Text, Theme, UrlPath, Word,
};

const TEXTS: Kind = List(&Text);
/// Kinds of environment, least careful first.
pub const ENVIRONMENT_KINDS: &[&str] = &["development", "staging", "production"];
const LEVELS: &[&str] = &["trace", "debug", "info", "warn", "error", "fatal"];
const SECOND: u64 = 1_000;

/// The whole table, in the order of `.config-example`.
pub const KEYS: &[Key] = &[
    set("theme", Theme, "\"dark\"", "Colours: dark, light, high-contrast, colour-blind, ansi16, mono, or one of your own in themes/."),
    set("ascii", Bool, "false", "Draw with ASCII characters only."),
    set("mouse", Bool, "true", "Take clicks and the wheel; everything works without."),
    set("utc", Bool, "false", "Show times in UTC instead of local time."),
    may("operator", Text, "\"alice\"", "Who you are in the history of an environment; else your login. Not taken from a project file.").own(),
    may("default_environment", Text, "\"production\"", "The environment that is selected at the start."),
    may("ssh_config", File, "\"~/.ssh/config-shop\"", "OpenSSH configuration to use instead of your own, as ssh -F. It may run commands: in a project file it is off until `pilothouse config trust`.").runs_alone(),
    may("environments.*.hosts", TEXTS, "[\"web1\", \"ssh://deploy@web2\"]", "Names of hosts from [hosts.NAME], or addresses."),
    may("environments.*.kind", Choice(ENVIRONMENT_KINDS), "\"production\"", "development, staging or production; unclassified while it is not set, and then everything is asked."),
    may("environments.*.protected", Bool, "true", "Opens read-only, and dangerous acts need its name typed. True for production where it is not set."),
    may("environments.*.colour", Colour, "\"bad\"", "A role of the theme (bad, warn, ok, accent, …), #rrggbb, ansi-red … or @0 to @255."),
    may("environments.*.projects", TEXTS, "[\"shop\"]", "Compose projects that belong to it; everything its hosts run where it is not set."),
    may("environments.*.after", Text, "\"staging\"", "The environment that a release goes through before it comes here: `promote` leads from there, and an image that never ran there is refused."),
    set("environments.*.write_window", Period(SECOND), "\"15m\"", "How long a protected environment stays writable once unlocked."),
    may("environments.*.compose.files", List(&FileBeside), "[\"compose.yml\", \"compose.production.yml\"]", "Compose files that its services come from: the base, then what overrides it."),
    may("environments.*.compose.env_file", FileBeside, "\"production.env\"", "Variables for `${…}` in them; `.env` beside the first one where it is not set."),
    may("environments.*.compose.profiles", TEXTS, "[\"jobs\"]", "Profiles that are on."),
    may("environments.*.compose.project", Text, "\"shop\"", "Name of the project, where it is neither the environment's only one nor that of the directory."),
    may("environments.*.inventory.ansible", FileBeside, "\"hosts.ini\"", "An inventory of Ansible (INI, YAML, or what `ansible-inventory --list` prints), with group_vars and host_vars beside it."),
    may("environments.*.inventory.group", Text, "\"web\"", "The group, or the one host, that is meant; all of it where it is not set."),
    may("environments.*.inventory.terraform", FileBeside, "\"outputs.json\"", "What `terraform output -json` printed."),
    may("environments.*.inventory.output", Text, "\"web_addresses\"", "The output that is meant; the only one where it is not set."),
    may("environments.*.inventory.list", FileBeside, "\"hosts.txt\"", "One host a line, as ssh takes it or as an address."),
    may("environments.*.inventory.run", TEXTS, "[\"terraform\", \"output\", \"-json\"]", "A command that prints any of these but INI and YAML; run where this file is. In a project file it is off until `pilothouse config trust`.").runs_alone(),
    set("environments.*.inventory.timeout", Period(SECOND), "\"30s\"", "How long that command may take."),
    may("environments.*.services", Same("services"), "{ api = { via = \"container\" } }", "What differs here from [services.NAME]."),
    may("hosts.*.address", Address, "\"tcp://10.0.0.5:2376\"", "unix:///path, ssh://user@host:port or tcp://host:port."),
    may("hosts.*.label", Text, "\"web 1, rack 4\"", "What the screen calls it."),
    set("hosts.*.allow_plain_tcp", Bool, "false", "Take tcp:// without tls from another machine: whoever reaches that port owns the host."),
    may("hosts.*.tls.ca", File, "\"~/.docker/web1/ca.pem\"", "Certificate that signed the engine's; what this machine trusts where it is not set. The engine is always verified."),
    may("hosts.*.tls.cert", File, "\"~/.docker/web1/cert.pem\"", "Your certificate; comes with its key."),
    may("hosts.*.tls.key", File, "\"~/.docker/web1/key.pem\"", "Its key, without a passphrase."),
    may("hosts.*.tls.server_name", Text, "\"web1.example\"", "Whose name the engine's certificate carries, where it is not that of the address."),
    may("services.*.runbook", Text, "\"https://wiki.example/runbooks/api\"", "Where to read what to do when it breaks."),
    may("services.*.restart_limit", Integer(1, 1_000), "5", "More restarts by the engine than this need a human; thresholds.restarts where it is not set."),
    may("services.*.env.required", TEXTS, "[\"API_URL\"]", "Variables without which it is not deployed."),
    may("services.*.env.example", FileBeside, "\".env.example\"", "A file of variables; every one that it names is required as well."),
    may("services.*.env.match.*", Regex, "\"eu-[a-z]+-[0-9]\"", "What the whole value of a variable has to match; its name is on the left."),
    may("services.*.env.between.*", Span, "\"1..64\"", "The numbers between which a variable has to be."),
    may("services.*.env.allow", TEXTS, "[\"SIDECAR_URL\"]", "Variables that may be what production otherwise runs without: DEBUG on, localhost, a secret that is empty or as in examples."),
    may("services.*.env.from.*.file", FileBeside, "\"/run/secrets/db\"", "A file that holds the value; one end of line at its end is left out."),
    may("services.*.env.from.*.command", TEXTS, "[\"pass\", \"shop/db\"]", "A command that prints it, run where this file is. In a project file it is off until `pilothouse config trust`.").runs_alone(),
    set("services.*.env.from.*.within", Period(100), "\"30s\"", "How long the command may take."),
    may("services.*.deploy.replicas", Integer(1, 1_000), "4", "So many on all hosts together, where it is deployed for the first time; otherwise as many on each as its Compose files say."),
    may("services.*.deploy.pre_deploy", TEXTS, "[\"./manage.py\", \"check\"]", "Run before anything is changed; where it fails nothing is."),
    may("services.*.deploy.migrate", TEXTS, "[\"./manage.py\", \"migrate\"]", "Run before the first new replica, where the release has a migration."),
    set("services.*.deploy.migration", Choice(Migration::WORDS), "\"none\"", "What a release does to data, where `deploy --migration` says nothing else: nothing goes back by itself over an irreversible one."),
    may("services.*.deploy.post_deploy", TEXTS, "[\"./announce\", \"live\"]", "Run once the new release serves; where it fails that is told."),
    may("services.*.deploy.post_rollback", TEXTS, "[\"./announce\", \"back\"]", "Run once an earlier release serves again; where it fails that is told."),
    set("services.*.deploy.within", Period(SECOND), "\"10m\"", "How long each of them may take."),
    set("services.*.deploy.early_traffic", Bool, "false", "Deploy it although Traefik, nginx-proxy or caddy-docker-proxy sends traffic to a new container before it is ready."),
    set("services.*.guards.errors", Percent, "\"0.5%\"", "A share of failed requests up to this is never held against it; above, more than the old one has is, where that is no chance."),
    may("services.*.guards.latency", Factor, "\"1.5x\"", "Its mean latency may be at most so many times that of the old one; not judged where it is not set."),
    set("services.*.guards.min_requests", Integer(1, 1_000_000), "200", "Fewer requests than this, of either, tell nothing."),
    set("services.*.guards.inconclusive", Policy, "\"ask\"", "What is done where nothing can be told: ask, abort, or \"promote after 15m\"; a doubt is asked about even then."),
    may("services.*.traffic.port", Integer(1, 65_535), "8080", "The port of its containers. With it a balancer stands before the service: an HAProxy that the next deployment makes."),
    may("services.*.traffic.listen", Integer(1, 65_535), "80", "The port of the host on which the balancer takes requests; without it others find it by the service's name alone."),
    may("services.*.traffic.check", UrlPath, "\"/health\"", "What the balancer asks each container before it sends anything there; without it, it only connects."),
    set("services.*.traffic.image", Text, "\"haproxy:3.2-alpine\"", "The balancer's image: HAProxy 2.6 or later with a shell, nc and flock."),
    set("services.*.traffic.steps", List(&Percent), "[]", "Shares of a new release on its way to all traffic: a canary. None: one flip."),
    set("services.*.traffic.hold", Period(SECOND), "\"2m\"", "How long each share is watched before the next."),
    set("services.*.traffic.flip", Choice(&["by-itself", "by-hand"]), "\"by-itself\"", "Whether a new release that is ready gets traffic by itself, or waits for `flip`."),
    set("services.*.traffic.warm", Period(0), "\"1m\"", "How long the old release stays up without traffic, to go back to at once."),
    set("services.*.traffic.drain", Period(0), "\"30s\"", "How long requests in flight may take before the old release is stopped all the same."),
    set("services.*.traffic.stick", Choice(&["none", "address", "cookie", "header"]), "\"none\"", "Whether all requests of one client go to one release while two get traffic, and by what."),
    may("services.*.traffic.stick_by", Word, "\"session\"", "The name of that cookie or header."),
    may("services.*.traffic.preview", Word, "\"x-preview\"", "A header; with the value blue or green a request goes to that slot, whatever the shares. Anybody may send it."),
    set("services.*.via", Choice(&["published", "container"]), "\"published\"", "Probe the published port, or the container's own address."),
    may("services.*.live|ready.http", UrlPath, "\"/health/ready\"", "Path to get; either this or tcp."),
    set("services.*.live|ready.tcp", Bool, "false", "Only connect; needs a port."),
    may("services.*.live|ready.port", Integer(1, 65_535), "9000", "Port inside the container; its only one where it is not set."),
    set("services.*.live|ready.interval", Period(SECOND), "\"5s\"", "Time from one probe to the next."),
    set("services.*.live|ready.timeout", Period(10), "\"2s\"", "After this it has failed."),
    set("services.*.live|ready.expect", Integer(100, 599), "200", "The HTTP status of a healthy answer."),
    may("services.*.live|ready.headers.*", Text, "\"shop.example\"", "Headers to send; the name is on the left."),
    may("sets.*.services", TEXTS, "[\"web\", \"worker\"]", "Services that are deployed together, of one image: `pilothouse deploy production/shop IMAGE`."),
    set("logs.buffer", Size, "\"12MiB\"", "Memory for the lines of one view; the oldest go first."),
    set("logs.tail", Integer(1, 1_000_000), "1000", "Lines to open with."),
    may("logs.level", Choice(LEVELS), "\"info\"", "Least severe level to show: trace, debug, info, warn, error, fatal; all where it is not set."),
    set("logs.wrap", Bool, "false", "Wrap long lines instead of cutting them."),
    set("logs.json", Bool, "true", "Show JSON and logfmt lines as fields instead of raw."),
    set("logs.mask", List(&Regex), "[]", "What is never shown of a line: regular expressions. Lists of several files are joined.").joins(),
    set("logs.fields.time", TEXTS, "[\"time\", \"ts\", \"timestamp\", \"@timestamp\", \"t\"]", "Its own time; the engine's is shown in its place."),
    set("logs.fields.level", TEXTS, "[\"level\", \"severity\", \"lvl\"]", "Its level."),
    set("logs.fields.message", TEXTS, "[\"msg\", \"message\", \"event\"]", "Its message: the first of these that a line has."),
    set("logs.fields.last", TEXTS, "[\"service\", \"app\", \"version\", \"env\", \"environment\", \"host\", \"hostname\", \"pid\"]", "Fields that stand behind all others, because all lines of a container say the same."),
    may("logs.searches.*", Regex, "'timed? ?out|deadline exceeded'", "A name on the left, a regular expression on the right; Tab in `/` and `&` of the logs pane goes through them."),
    set("usage.interval", Period(500), "\"3s\"", "Time from one reading of CPU and memory to the next."),
    set("thresholds.disk_free", Percent, "\"10%\"", "Less free space than this is a warning."),
    set("thresholds.cpu", Percent, "\"90%\"", "More CPU than this share of a container's limit, or of the whole machine without one, is a warning once it lasts."),
    set("thresholds.memory", Percent, "\"90%\"", "More memory than this share of a container's limit is a warning once it lasts."),
    set("thresholds.hold", Period(SECOND), "\"1m\"", "How long CPU or memory must be over before it is told, and a tenth below before it is told no more."),
    set("thresholds.restarts", Integer(1, 1_000), "3", "More restarts by the engine than this need a human, until an hour passed without one."),
    set("masks.keys", List(&Regex), "['(?i)passw|passphrase|(^|_)pass(_|$)|pwd|secret|token|key|credential|dsn|(^|_)auth|cookie|salt|private|signature|connection_?string']", "Names of environment variables and labels whose values are hidden. A project file can only add to it.").joins(),
    may("keys.*", Action, "\"restart\"", "A key on the left, an action on the right, in the pane where the action is at home; none: the key does nothing."),
    may("keys.*.*", Action, "\"bottom\"", "The same in one pane only: global, list, containers or logs."),
    may("commands.*.run", TEXTS, "[\"./bin/migrate\", \"--dry-run\"]", "Program and arguments; no shell in between.").runs(),
    may("commands.*.key", Chords, "\"ctrl-g\"", "A key that runs it."),
    set("commands.*.confirm", Bool, "true", "Ask before it runs."),
    may("commands.*.description", Text, "\"Show what a migration would do\"", "One line for help and palette."),
];

/// Whether `word` is meant by `segment` of a path of the table.
pub(super) fn fits(segment: &str, word: &str) -> bool {
    segment == "*" || segment.split('|').any(|one| one == word)
}

/// What stands directly below `parent` (a path of the table): the names, each once, in the order of the table.
pub(super) fn children(parent: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    for key in KEYS {
        let below = match key.path.strip_prefix(parent) {
            Some(rest) if parent.is_empty() => rest,
            Some(rest) => rest.strip_prefix('.').unwrap_or_default(),
            None => "",
        };
        let name = below.split('.').next().unwrap_or_default();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The line of the table with that path, as the table writes it.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The line of the table for the words of a real path; names stand for `*`.
pub fn key_at(words: &[String]) -> Option<&'static Key> {
    // What stands below an environment's services is what stands below services.
    let words = match words {
        [environments, _, rest @ ..]
            if environments == "environments" && rest.len() > 1 && rest[0] == "services" =>
        {
            rest
        }
        all => all,
    };
    KEYS.iter().find(|key| {
        let mut segments = key.path.split('.');
        words.iter().all(|word| segments.next().is_some_and(|segment| fits(segment, word)))
            && segments.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lines_have_the_same_path() {
        for (i, key) in KEYS.iter().enumerate() {
            assert!(KEYS[i + 1..].iter().all(|other| other.path != key.path), "{}", key.path);
        }
    }

    #[test]
    fn children_are_named_once_in_order() {
        assert_eq!(children("hosts.*"), ["address", "label", "allow_plain_tcp", "tls"]);
        assert_eq!(
            children("services.*"),
            ["runbook", "restart_limit", "env", "deploy", "guards", "traffic", "via", "live|ready"]
        );
        assert_eq!(children("log"), [""; 0]);
    }

    #[test]
    fn a_service_of_an_environment_has_the_keys_of_a_service() {
        let words = ["environments", "p", "services", "api", "ready", "http"].map(str::to_owned);
        assert_eq!(key_at(&words).map(|key| key.path), Some("services.*.live|ready.http"));
        assert_eq!(key_at(&words[..3]).map(|key| key.path), Some("environments.*.services"));
    }

    #[test]
    fn every_line_says_what_it_means_in_a_sentence() {
        for key in KEYS {
            assert!(key.doc.ends_with('.') && key.doc.len() < 160, "{}", key.path);
        }
    }
}
