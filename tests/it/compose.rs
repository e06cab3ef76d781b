//! Compose files beside what Debian's `docker-compose` makes of them on the machine's engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use pilothouse::adapters::docker::DockerEngine;
use pilothouse::compose::{self, File, Source};
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::HostId;
use pilothouse::domain::spec::{Difference, Spec};
use pilothouse::ports::engine::Engine;

use crate::cli::{Done, command, done};
use crate::engine::{self, Project, SOCKET};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/compose")
}

/// What `docker-compose` made; taken down with the test.
struct Made {
    project: Project,
    files: Vec<&'static str>,
    variables: BTreeMap<String, String>,
}

impl Made {
    fn of(files: &[&'static str], up: &[&str]) -> Self {
        engine::image();
        let project = Project::new();
        let variables = BTreeMap::from([("NAMED".to_owned(), format!("{}-named", project.name))]);
        let made = Self { project, files: files.to_vec(), variables };
        made.compose(up);
        made
    }

    fn compose(&self, args: &[&str]) {
        let files = self.files.iter().flat_map(|file| ["-f", file]);
        let done = Command::new("docker-compose")
            .current_dir(corpus())
            .env("DOCKER_HOST", format!("unix://{SOCKET}"))
            .envs(&self.variables)
            .env_remove("LOG_LEVEL")
            .env_remove("DB_PASSWORD")
            .args(["-p", &self.project.name])
            .args(files)
            .args(args)
            .output()
            .expect("docker-compose must be installed");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn read(&self) -> compose::Project {
        let text = |name: &str| std::fs::read_to_string(corpus().join(name)).unwrap();
        let files = self.files.iter().map(|name| File { name: (*name).to_owned(), text: text(name) });
        let source = Source {
            files: files.collect(),
            directory: corpus().display().to_string(),
            project: self.project.name.clone(),
            separator: '_',
            variables: self.variables.clone(),
            read: &|path| std::fs::read_to_string(path).map_err(|error| error.to_string()),
        };
        compose::read(&source).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    /// All containers by name, as they are read from the engine.
    async fn running(&self) -> BTreeMap<String, Spec> {
        let engine: Arc<dyn Engine> =
            Arc::new(DockerEngine::new(HostId::new("h"), &Address::Unix(SOCKET.into())));
        engine.greet().await.unwrap();
        let mut all = BTreeMap::new();
        for container in engine.containers().await.unwrap() {
            if container.project.as_deref() == Some(&self.project.name) {
                all.insert(container.name.to_string(), engine.spec(&container.key.id).await.unwrap());
            }
        }
        all
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        self.compose(&["down", "-v", "-t", "0"]);
    }
}

/// Every container of these files is as ours would be; nothing is missing and nothing too much.
fn is_the_same(files: &[&'static str], up: &[&str]) {
    if !engine::is_there() {
        return;
    }
    let made = Made::of(files, up);
    let ours = made.read();
    let chosen = ours.services.iter().filter(|(_, service)| service.is_in(&BTreeSet::new()));
    let ours: BTreeMap<String, Spec> = chosen
        .flat_map(|(_, service)| (1..=service.replicas).map(|n| (service.name(n), service.spec(n))))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let theirs = runtime.block_on(made.running());
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    // Their own bookkeeping.
    let is_kept = |d: &Difference| {
        !matches!(d.key.as_str(), "label com.docker.compose.config-hash" | "label com.docker.compose.version")
    };
    let told = ours.iter().flat_map(|(name, own)| {
        let told = own.differences_hiding(&theirs[name], &|_| false);
        told.into_iter().filter(is_kept).map(move |d| (name.clone(), d))
    });
    let told: Vec<_> = told.filter(|(_, d)| !is_made_up(d)).collect();
    assert!(told.is_empty(), "{told:#?}");
}

/// The engine named a volume that the file does not name.
fn is_made_up(difference: &Difference) -> bool {
    let is_bare = difference.here.as_deref().is_some_and(|here| here.trim() == "volume");
    let there = difference.there.as_deref().unwrap_or_default();
    is_bare && there.strip_prefix("volume ").is_some_and(|name| name.len() == 64)
}

#[test]
fn a_shop_of_web_worker_database_and_cache_is_made_the_same() {
    is_the_same(&["shop.yml"], &["up", "-d"]);
}

#[test]
fn every_plain_key_makes_the_same() {
    // One of them is privileged, which not every machine lets start.
    is_the_same(&["limits.yml"], &["up", "--no-start"]);
}

#[test]
fn networks_ports_and_volumes_of_every_shape_make_the_same() {
    is_the_same(&["networks.yml"], &["up", "-d"]);
}

#[test]
fn a_file_over_one_that_extends_another_makes_the_same() {
    is_the_same(&["base.yml", "override.yml"], &["up", "-d"]);
}

#[test]
fn what_was_changed_in_the_file_since_is_a_difference_and_nothing_else_is() {
    if !engine::is_there() {
        return;
    }
    let mut made = Made::of(&["base.yml", "override.yml"], &["up", "-d"]);
    let before = made.read().services["web"].clone();
    made.variables.insert("LEVEL".to_owned(), "high".to_owned());
    let after = made.read().services["web"].clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let running = runtime.block_on(made.running()).remove(&before.name(1)).unwrap();
    let keys = |service: &compose::Service| -> BTreeSet<String> {
        service.spec(1).differences(&running).into_iter().map(|difference| difference.key).collect()
    };
    let more: Vec<_> = keys(&after).difference(&keys(&before)).cloned().collect();
    assert_eq!(more, ["label level"]);
}

/// The command, with the shop's files configured, `over` as the file over them.
fn drift(made: &Made, over: &str, args: &[&str]) -> Done {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("over.yml"), over).unwrap();
    let mut config = format!(
        "[environments.shop]\nhosts = [\"unix://{SOCKET}\"]\nkind = \"development\"\nprojects = [\"{}\"]\n\
         [environments.shop.compose]\nfiles = [{:?}, \"over.yml\"]\n",
        made.project.name,
        corpus().join("shop.yml"),
    );
    if args.is_empty() {
        config = config.split("[environments.shop.compose]").next().unwrap().to_owned();
    }
    std::fs::write(home.path().join("pilothouse.toml"), config).unwrap();
    done(command(home.path(), ["drift"].iter().chain(args)).output().unwrap())
}

#[test]
fn drift_is_what_the_files_say_otherwise_than_what_runs_and_nothing_else() {
    if !engine::is_there() {
        return;
    }
    let made = Made::of(&["shop.yml"], &["up", "-d"]);
    let same = drift(&made, "services: {}\n", &["--json"]).ended(0);
    assert_eq!(same.out, "");
    let over = "services:\n  web:\n    environment: {DATABASE_PASSWORD: 'h\u{1b}idden', LOG_LEVEL: debug}\n    deploy: {replicas: 3}\n  extra: {image: x}\n";
    let rows = drift(&made, over, &["--json"]).ended(1).json();
    let told = |row: &serde_json::Value| {
        let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", text("service"), text("key"), text("files"), text("running"))
    };
    let told: BTreeSet<String> = rows.iter().map(told).collect();
    let wanted = [
        "extra replicas 1 0",
        "web env DATABASE_PASSWORD ******** -",
        "web env LOG_LEVEL debug info",
        "web replicas 3 2",
    ];
    assert_eq!(told.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
    let only = drift(&made, over, &["shop/extra"]).ended(1);
    assert!(only.out.contains("extra") && !only.out.contains("web"), "{}", only.out);
    let unknown = drift(&made, over, &["wbe"]).ended(1);
    assert!(unknown.err.contains("no service wbe in the files"), "{}", unknown.err);
    let nothing = drift(&made, over, &[]).ended(1);
    assert!(
        nothing.err.contains("was made from shop.yml in")
            && nothing.err.contains("[environments.shop.compose]"),
        "{}",
        nothing.err
    );
}
