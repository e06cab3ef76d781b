//! `.config-example`, made from the table of keys: every key with what it means, the default, or a sample.

use super::table::{KEYS, Key};

/// What stands above the keys of a table.
struct Section {
    /// Path of the table, as the table of keys writes it.
    path: &'static str,
    /// A header to show.
    header: &'static str,
    doc: &'static str,
}

const fn section(path: &'static str, header: &'static str, doc: &'static str) -> Section {
    Section { path, header, doc }
}

const SECTIONS: &[Section] = &[
    section(
        "environments.*",
        "environments.production",
        "An environment: a named set of hosts, one table each.",
    ),
    section(
        "environments.*.compose",
        "environments.production.compose",
        "What its services are meant to be, as `pilothouse drift` compares it. Files are relative to this one.",
    ),
    section(
        "environments.*.inventory",
        "environments.production.inventory",
        "Hosts from what the team keeps already, beside those named above. Files are relative to this one; read at every start.",
    ),
    section("hosts.*", "hosts.web1", "A host: one Docker engine, one table each."),
    section("hosts.*.tls", "hosts.web1.tls", "TLS to a tcp:// engine, as docker --tlsverify has it."),
    section("services.*", "services.api", "What is known of a service besides what its containers say."),
    section(
        "services.*.env",
        "services.api.env",
        "What its variables have to be like to be deployed; all that is wrong is told before anything is touched.",
    ),
    section(
        "services.*.deploy",
        "services.api.deploy",
        "How it is deployed. What is run once with it is run in a container like its own with the new image, and is shown in the plan and the ledger: no place for a secret.",
    ),
    section(
        "services.*.guards",
        "services.api.guards",
        "How a new release is judged beside the old one while both take traffic. One that loses its replicas or their connections goes back at once.",
    ),
    section(
        "services.*.env.from.*",
        "services.api.env.from.DB_PASSWORD",
        "Where the value of a variable comes from that stands nowhere: it is had when a deployment begins, and never written down.",
    ),
    section(
        "services.*.traffic",
        "services.api.traffic",
        "A balancer before the service: deployments cost no request, and the old release stays a key away.",
    ),
    section("services.*.env.match", "services.api.env.match", "Forms of values."),
    section("services.*.env.between", "services.api.env.between", "Ranges of numbers."),
    section(
        "services.*.live|ready",
        "services.api.ready",
        "How to ask it: ready, whether it can serve; live, whether it runs at all.",
    ),
    section("services.*.live|ready.headers", "services.api.ready.headers", "Headers of the request."),
    section("sets.*", "sets.shop", "Services that go together: one plan, one record, undone together."),
    section("logs", "logs", "The logs pane."),
    section("logs.fields", "logs.fields", "Keys of a JSON or logfmt line that mean more than a field."),
    section("logs.searches", "logs.searches", "Searches by name."),
    section("usage", "usage", "Readings of CPU and memory."),
    section("thresholds", "thresholds", "From where on something is a warning."),
    section("masks", "masks", "What is hidden until asked for."),
    section("keys", "keys", "Keys of your own. `pilothouse` shows the standard ones under `?`."),
    section("keys.*", "keys.logs", "Keys of your own in one pane."),
    section(
        "commands.*",
        "commands.migrate",
        "A program of your own. In a project file it is off until `pilothouse config trust`.",
    ),
];

const HEAD: &str = "\
# Pilothouse: every key there is. What is not commented out is the default; what is, is a sample.
#
# Files, a later one wins: pilothouse.toml in the directory or above it, up to the repository's root or home; your own
# config.toml in ~/.config/pilothouse; the file that PILOTHOUSE_CONFIG names; PILOTHOUSE_THEME; the command line.
";

const WIDTH: usize = 110;

/// The text of `.config-example`.
pub fn render() -> String {
    let mut out = HEAD.to_owned();
    let mut parents: Vec<&str> = Vec::new();
    for key in KEYS {
        if !parents.contains(&key.parent()) {
            parents.push(key.parent());
        }
    }
    for parent in parents {
        let keys: Vec<&Key> = KEYS.iter().filter(|key| key.parent() == parent).collect();
        let is_sample = parent.contains('*') || keys.iter().all(|key| key.default.is_none());
        if let Some(section) = SECTIONS.iter().find(|section| section.path == parent) {
            let mark = if is_sample { "#" } else { "" };
            out += &format!("\n{}{mark}[{}]\n", comment(section.doc), section.header);
        }
        for key in keys {
            let mark = if is_sample || key.default.is_none() { "#" } else { "" };
            let value = key.default.unwrap_or(key.sample);
            out += &format!("\n{}{mark}{} = {value}\n", comment(key.doc), sample_name(key));
        }
    }
    out
}

/// Its own name, or one to stand for any.
fn sample_name(key: &Key) -> &'static str {
    match key.path {
        "services.*.live|ready.headers.*" => "Host",
        "services.*.env.match.*" => "REGION",
        "services.*.env.between.*" => "WORKERS",
        "logs.searches.*" => "timeouts",
        "keys.*" => "ctrl-r",
        "keys.*.*" => "\"ctrl-x e\"",
        _ => key.name(),
    }
}

/// Prose, wrapped; a space after the `#` tells it from a key that is commented out.
fn comment(doc: &str) -> String {
    let (mut out, mut line) = (String::new(), String::from("#"));
    for word in doc.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            out += &line;
            out.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line += word;
    }
    out + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::{Known, Layer, LayerKind, Loaded, load};
    use crate::config::schema::{Command, Config, Environment, Probe, Via};
    use crate::config::table::key_at;
    use crate::config::trust::TrustList;

    const FILE: &str = include_str!("../../.config-example");

    fn loaded(text: &str) -> Loaded {
        let layer = Layer { kind: LayerKind::User, path: ".config-example".into(), text: text.to_owned() };
        load(&[layer], &[], &Known::built_in(&[], &[]), &TrustList::default())
            .unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// With everything that is commented out in force.
    fn uncommented() -> String {
        let is_key =
            |rest: &str| rest.starts_with(|c: char| c == '[' || c == '"' || c.is_ascii_alphanumeric());
        let line = |line: &str| match line.strip_prefix('#') {
            Some(rest) if is_key(rest) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        };
        let other = "[environments.staging]\nhosts = [\"web1\"]\n";
        FILE.lines().map(line).chain([other.to_owned()]).collect()
    }

    #[test]
    fn the_file_is_what_the_table_of_keys_makes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.config-example");
        if std::env::var_os("UPDATE_EXAMPLE").is_some() {
            std::fs::write(path, render()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap();
        assert!(
            found == render(),
            "run `UPDATE_EXAMPLE=1 cargo test --lib example` and look at the difference"
        );
    }

    #[test]
    fn the_example_is_the_defaults() {
        assert_eq!(loaded(FILE).config, Config::default());
    }

    #[test]
    fn every_sample_in_the_example_is_sound() {
        let config = loaded(&uncommented()).config;
        assert_eq!(config.commands.len(), 1);
        assert_eq!(config.service("production", "api").via, Via::Container);
    }

    #[test]
    fn the_defaults_of_samples_are_the_defaults() {
        let config = loaded(&uncommented()).config;
        let (environment, host, service) =
            (&config.environments["production"], &config.hosts["web1"], &config.services["api"]);
        let (probe, default) = (service.ready.clone().unwrap(), Probe::default());
        assert_eq!(environment.write_window, Environment::default().write_window);
        assert_eq!((host.allow_plain_tcp, service.via), (false, Via::default()));
        assert_eq!(
            (probe.tcp, probe.interval, probe.timeout, probe.expect),
            (default.tcp, default.interval, default.timeout, default.expect)
        );
        assert_eq!(config.commands["migrate"].confirm, Command::default().confirm);
    }

    #[test]
    fn every_key_is_in_the_example() {
        let table: toml::Table = toml::from_str(&uncommented()).unwrap();
        let mut seen = Vec::new();
        fn visit(table: &toml::Table, path: &mut Vec<String>, seen: &mut Vec<&'static str>) {
            for (name, value) in table {
                path.push(name.clone());
                seen.extend(key_at(path).map(|key| key.path));
                if let toml::Value::Table(inner) = value {
                    visit(inner, path, seen);
                }
                path.pop();
            }
        }
        visit(&table, &mut Vec::new(), &mut seen);
        let missing: Vec<_> = KEYS.iter().map(|key| key.path).filter(|path| !seen.contains(path)).collect();
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn every_value_of_the_schema_is_a_key_of_the_table() {
        let all = toml::Table::try_from(loaded(&uncommented()).config).unwrap();
        fn visit(table: &toml::Table, path: &mut Vec<String>) {
            for (name, value) in table {
                path.push(name.clone());
                match (key_at(path), value) {
                    (Some(_), _) => {}
                    (None, toml::Value::Table(inner)) => visit(inner, path),
                    (None, _) => panic!("{path:?} is not in the table of keys"),
                }
                path.pop();
            }
        }
        visit(&all, &mut Vec::new());
    }
}
