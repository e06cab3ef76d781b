//! Volumes, secrets and configs of a service as mounts.

use serde_json::{Map, Value, json};

use super::node::{Node, What};
use super::{Project, Source, Whole};
use crate::config::problem::Problem;

/// What a service mounts, in the engine's words.
#[derive(Default)]
pub(super) struct Mounts {
    pub(super) binds: Vec<Value>,
    pub(super) long: Vec<Value>,
    pub(super) anonymous: Map<String, Value>,
}

/// From the directory of the project; what is absolute stays.
pub(super) fn absolute(path: &str, source: &Source<'_>) -> String {
    let home = source.variables.get("HOME").map_or("", String::as_str);
    let path = match path.strip_prefix('~') {
        Some(rest) => format!("{home}{rest}"),
        None if path.starts_with('/') => path.to_owned(),
        None => format!("{}/{path}", source.directory.trim_end_matches('/')),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

impl Mounts {
    /// One entry of `volumes:`.
    pub(super) fn volume(
        &mut self,
        node: &Node,
        project: &Project,
        source: &Source<'_>,
    ) -> Result<(), Problem> {
        if let What::Map(_) = node.what {
            return self.spelt(node, project, source);
        }
        let Some(text) = node.text() else { return Err(node.at.problem("a volume is a text or a mapping")) };
        let mut parts = text.splitn(3, ':');
        let (first, target, mode) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let Some(target) = target else {
            self.anonymous.insert(first.to_owned(), json!({}));
            return Ok(());
        };
        let from = if first.starts_with(['/', '.', '~']) {
            absolute(first, source)
        } else {
            Self::named(first, node, project)?
        };
        self.binds.push(json!(format!("{from}:{target}:{}", mode.unwrap_or("rw"))));
        Ok(())
    }

    fn named(key: &str, node: &Node, project: &Project) -> Result<String, Problem> {
        let known = project.volumes.get(key).map(|volume| volume.name.clone());
        known.ok_or_else(|| {
            let hint = Some(format!("add `{key}:` below the file's `volumes:`"));
            Problem { hint, ..node.at.problem(format!("there is no volume `{key}`")) }
        })
    }

    fn spelt(&mut self, node: &Node, project: &Project, source: &Source<'_>) -> Result<(), Problem> {
        let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
        let known = ["type", "source", "target", "read_only", "consistency", "bind", "volume", "tmpfs"];
        if let Some((key, value)) = node.entries().iter().find(|(key, _)| !known.contains(&key.as_str())) {
            return Err(value.at.problem(format!("`{key}` of a volume is not understood")));
        }
        let mut told = json!({ "Type": text("type"), "Target": text("target") });
        match (text("type"), text("source")) {
            ("bind", from) => told["Source"] = json!(absolute(from, source)),
            ("volume", "") | ("tmpfs", _) => {}
            ("volume", key) => told["Source"] = json!(Self::named(key, node, project)?),
            (other, _) => {
                return Err(node.at.problem(format!("a volume of the type `{other}` is not understood")));
            }
        }
        if super::values::is_true(text("read_only")) {
            told["ReadOnly"] = json!(true);
        }
        for (key, option) in ["bind", "volume", "tmpfs"].iter().filter_map(|k| Some((*k, node.get(k)?))) {
            for (name, value) in option.entries() {
                let text = value.text().unwrap_or_default();
                match (key, name.as_str()) {
                    ("bind", "propagation") => told["BindOptions"] = json!({ "Propagation": text }),
                    ("bind", "create_host_path") => {}
                    ("volume", "nocopy") => {
                        told["VolumeOptions"] = json!({ "NoCopy": super::values::is_true(text) });
                    }
                    ("tmpfs", "size") => {
                        told["TmpfsOptions"] = json!({ "SizeBytes": super::values::bytes(text) });
                    }
                    _ => {
                        return Err(value
                            .at
                            .problem(format!("`{key}.{name}` of a volume is not understood")));
                    }
                }
            }
        }
        self.long.push(told);
        Ok(())
    }

    /// One entry of `secrets:` or `configs:`: a file of this machine, mounted to be read.
    pub(super) fn file(
        &mut self,
        section: &str,
        node: &Node,
        whole: &Whole,
        source: &Source<'_>,
    ) -> Result<(), Problem> {
        let name = node.text().or_else(|| node.get("source")?.text()).unwrap_or_default();
        let Some(declared) = whole.of(section, name) else {
            return Err(node.at.problem(format!("there is no `{name}` below the file's `{section}:`")));
        };
        let Some(file) = declared.get("file").and_then(Node::text) else {
            let message =
                format!("`{name}` of `{section}:` has no file; others cannot be mounted without a swarm");
            return Err(declared.at.problem(message));
        };
        let below = if section == "secrets" { "/run/secrets/" } else { "/" };
        let target = node.get("target").and_then(Node::text).unwrap_or(name);
        let target = if target.starts_with('/') { target.to_owned() } else { format!("{below}{target}") };
        let from = absolute(file, source);
        self.long.push(json!({ "Type": "bind", "Source": from, "Target": target, "ReadOnly": true }));
        Ok(())
    }
}
