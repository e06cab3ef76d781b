//! What a service says of its labels, its check and its limits.

use serde_json::{Map, Value, json};

use super::Reader;
use crate::compose::node::Node;
use crate::compose::values;
use crate::config::problem::quote;

impl Reader<'_> {
    pub(super) fn rest(&mut self) {
        self.labels();
        self.health();
        self.limits();
        let text = self.node.get("restart").and_then(Node::text);
        if let Some((name, most)) = text.map(|text| text.split_once(':').unwrap_or((text, "0"))) {
            let most = most.parse::<u32>().unwrap_or(0);
            self.put("HostConfig.RestartPolicy", json!({ "Name": name, "MaximumRetryCount": most }));
        }
        let hosts = self.node.get("extra_hosts").map(|node| node.pairs(':')).unwrap_or_default();
        let hosts = hosts.iter().filter_map(|(name, node)| Some(format!("{name}:{}", node.text()?)));
        let hosts: Value = hosts.collect();
        self.put("HostConfig.ExtraHosts", hosts);
        let sysctls = self.node.get("sysctls").map(|node| node.pairs('=')).unwrap_or_default();
        let sysctls: Map<_, _> =
            sysctls.iter().filter_map(|(name, node)| Some((name.clone(), json!(node.text()?)))).collect();
        self.put("HostConfig.Sysctls", Value::Object(sysctls));
        if let Some(node) = self.node.get("logging") {
            let options = node.get("options").map(Node::entries).unwrap_or_default();
            let options: Map<_, _> =
                options.iter().filter_map(|(key, value)| Some((key.clone(), json!(value.text()?)))).collect();
            let driver = node.get("driver").and_then(Node::text).unwrap_or("json-file");
            self.put("HostConfig.LogConfig", json!({ "Type": driver, "Config": options }));
        }
    }

    fn labels(&mut self) {
        let own = self.node.get("labels").map(|node| node.pairs('=')).unwrap_or_default();
        let own = own.iter().map(|(key, value)| (key.clone(), json!(value.text().unwrap_or_default())));
        let mut labels: Map<_, _> = own.collect();
        let files: Vec<_> = self.source.files.iter().map(|file| file.name.as_str()).collect();
        for (key, value) in [
            ("project", self.source.project.as_str()),
            ("service", self.name),
            ("oneoff", "False"),
            ("project.working_dir", &self.source.directory),
            ("project.config_files", &files.join(",")),
        ] {
            labels.insert(format!("com.docker.compose.{key}"), json!(value));
        }
        self.put("Labels", Value::Object(labels));
    }

    fn health(&mut self) {
        let Some(node) = self.node.get("healthcheck") else { return };
        let mut check = Map::new();
        for (key, value) in node.entries() {
            let text = value.text();
            let time = || text.and_then(|text| values::time_ns(text, 1)).map(Value::from);
            let told = match key.as_str() {
                "disable" if text.is_some_and(values::is_true) => Some(("Test", json!(["NONE"]))),
                "disable" => continue,
                "test" => match text {
                    Some(line) => Some(("Test", json!(["CMD-SHELL", line]))),
                    None => Some(("Test", json!(value.texts()))),
                },
                "interval" => time().map(|ns| ("Interval", ns)),
                "timeout" => time().map(|ns| ("Timeout", ns)),
                "start_period" => time().map(|ns| ("StartPeriod", ns)),
                "retries" => text.and_then(|text| text.parse::<u32>().ok()).map(|n| ("Retries", json!(n))),
                _ => None,
            };
            match told {
                Some((key, value)) => drop(check.insert(key.to_owned(), value)),
                None => self.fault(value, format!("{} of a healthcheck is not understood", quote(key))),
            }
        }
        self.put("Healthcheck", Value::Object(check));
    }

    fn limits(&mut self) {
        let mut ulimits = Vec::new();
        for (name, node) in self.node.get("ulimits").map(Node::entries).unwrap_or_default() {
            let number =
                |node: Option<&Node>| node.and_then(Node::text).and_then(|text| text.parse::<i64>().ok());
            let (soft, hard) = match node.text() {
                Some(_) => (number(Some(node)), number(Some(node))),
                None => (number(node.get("soft")), number(node.get("hard"))),
            };
            match (soft, hard) {
                (Some(soft), Some(hard)) => ulimits.push(json!({ "Name": name, "Soft": soft, "Hard": hard })),
                _ => self.fault(node, "`ulimits`: expected a number, or soft and hard"),
            }
        }
        self.put("HostConfig.Ulimits", Value::Array(ulimits));
        self.deploy();
    }

    fn deploy(&mut self) {
        let deploy = self.node.get("deploy");
        let resources = deploy.and_then(|d| d.get("resources"));
        for (key, node) in deploy.map(Node::entries).unwrap_or_default() {
            if !matches!(key.as_str(), "replicas" | "resources") {
                let message = format!("`deploy.{key}` is of a swarm and says nothing of a container");
                self.project.without_effect.push(node.at.problem(message));
            }
        }
        for (part, node) in resources.map(Node::entries).unwrap_or_default() {
            for (key, value) in node.entries() {
                let bytes = value.text().and_then(values::bytes);
                match (part.as_str(), key.as_str(), bytes) {
                    ("limits", "memory", Some(bytes)) => self.put("HostConfig.Memory", json!(bytes)),
                    ("reservations", "memory", Some(bytes)) => {
                        self.put("HostConfig.MemoryReservation", json!(bytes));
                    }
                    ("limits", "cpus", _) => {}
                    ("reservations", "cpus", _) => {
                        let message = "`cpus` that are reserved say nothing of a container".to_owned();
                        self.project.without_effect.push(value.at.problem(message));
                    }
                    _ => self.fault(value, format!("`deploy.resources.{part}.{key}` is not supported")),
                }
            }
        }
        let cpus = self.node.get("cpus").or_else(|| resources?.get("limits")?.get("cpus"));
        if let Some(node) = cpus {
            match node.text().and_then(|text| text.parse::<f64>().ok()) {
                Some(cpus) => self.put("HostConfig.NanoCpus", json!((cpus * 1e9).round() as i64)),
                None => self.fault(node, "`cpus`: expected a number"),
            }
        }
    }
}
