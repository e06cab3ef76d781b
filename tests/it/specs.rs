//! What a container is made from, where its image brings something by itself: on the machine's engine alone.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};

use pilothouse::adapters::docker::DockerEngine;
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::{ContainerId, HostId};
use pilothouse::domain::spec::Spec;
use pilothouse::ports::engine::Engine;

use crate::engine::{self, Project, SOCKET};

/// What an image can bring.
const ALL: &str = "ENV LEVEL=info COLOUR=blue\nLABEL version=1 kept=yes\nEXPOSE 80 53/udp\nVOLUME /data\nUSER 1000\n\
     WORKDIR /tmp\nSTOPSIGNAL SIGINT\nHEALTHCHECK --interval=7s --retries=2 CMD true\n\
     ENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"sleep 600\"]\n";

struct Bench {
    project: Project,
    engine: Arc<dyn Engine>,
}

impl Bench {
    async fn open() -> Self {
        let engine: Arc<dyn Engine> =
            Arc::new(DockerEngine::new(HostId::new("h"), &Address::Unix(SOCKET.into())));
        engine.greet().await.unwrap();
        Self { project: Project::new(), engine }
    }

    /// An image of these instructions; gives its name.
    fn image(&self, tag: &str, instructions: &str) -> String {
        let name = format!("{}-image:{tag}", self.project.name);
        let mut build = Command::new("docker")
            .args(["--host", &format!("unix://{SOCKET}"), "build", "-q", "-t", &name, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The same steps would share layers with other tests, which remove theirs at the same time.
        let file = format!("FROM {}\nLABEL test={}\n{instructions}", engine::image(), self.project.name);
        build.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
        assert!(build.wait().unwrap().success());
        self.project.later(&["rmi", "-f", &name]);
        name
    }

    /// As `docker create` makes it.
    fn docker(&self, options: &[&str], image: &str, command: &[&str]) -> ContainerId {
        let label = format!("com.docker.compose.project={}", self.project.name);
        let mut args = vec!["create", "--label", &label];
        args.extend(options);
        args.push(image);
        args.extend(command);
        ContainerId::new(self.project.docker(&args))
    }

    async fn spec(&self, id: &ContainerId) -> Spec {
        self.engine.spec(id).await.unwrap()
    }

    /// Made again, it is read as it was.
    async fn again(&self, spec: &Spec) -> ContainerId {
        let name = format!("{}-again", self.project.name);
        let id = self.engine.create(&name, spec).await.unwrap();
        assert_eq!(self.spec(&id).await, *spec);
        id
    }

    async fn config(&self, id: &ContainerId) -> Value {
        self.engine.inspect(id).await.unwrap()["Config"].clone()
    }
}

fn on_the_engine(test: &impl AsyncFn(&Bench)) {
    if !engine::is_there() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { test(&Bench::open().await).await });
}

#[test]
fn of_all_that_an_image_brings_nothing_is_the_containers() {
    on_the_engine(&async |bench| {
        let spec = bench.spec(&bench.docker(&[], &bench.image("1", ALL), &[])).await;
        let mut body = spec.body();
        // What the engine chose, and the volume that was made for it.
        let host = body["HostConfig"].take();
        assert_eq!(spec.mounts().len(), 1, "{host}");
        assert!(spec.mounts()[0].is_anonymous() && spec.mounts()[0].target == "/data");
        let label = json!({ "com.docker.compose.project": bench.project.name });
        let image = format!("{}-image:1", bench.project.name);
        assert_eq!(body, json!({ "Image": image, "Labels": label, "HostConfig": null }));
        bench.again(&spec).await;
    });
}

#[test]
fn another_image_brings_its_own() {
    on_the_engine(&async |bench| {
        let one = bench.image("1", ALL);
        let two = bench.image("2", "ENV LEVEL=debug\nLABEL version=2\nUSER 7\nCMD [\"cat\"]\n");
        let spec = bench.spec(&bench.docker(&["-e", "OWN=1"], &one, &[])).await;
        let id = bench.again(&spec.with_image(&two)).await;
        let config = bench.config(&id).await;
        let env = config["Env"].as_array().unwrap();
        assert!(env.contains(&json!("OWN=1")) && env.contains(&json!("LEVEL=debug")), "{env:?}");
        assert!(!env.contains(&json!("COLOUR=blue")), "{env:?}");
        assert_eq!(
            (&config["User"], &config["Cmd"], &config["Entrypoint"]),
            (&json!("7"), &json!(["cat"]), &Value::Null)
        );
        assert_eq!(config["Labels"]["version"], json!("2"));
        assert_eq!(config.get("Healthcheck"), None);
    });
}

#[test]
fn what_was_asked_for_against_the_image_stays_with_another() {
    on_the_engine(&async |bench| {
        let options = [
            "-e",
            "LEVEL=warn",
            "--user",
            "9",
            "--workdir",
            "/srv",
            "--stop-signal",
            "SIGQUIT",
            "--label",
            "version=own",
            "--health-interval",
            "9s",
            "--entrypoint",
            "sleep",
        ];
        let spec = bench.spec(&bench.docker(&options, &bench.image("1", ALL), &["30"])).await;
        let two = bench.image("2", ALL.replace("info", "trace").replace("retries=2", "retries=5").as_str());
        let config = bench.config(&bench.again(&spec.with_image(&two)).await).await;
        assert_eq!(config["Env"].as_array().unwrap().first(), Some(&json!("LEVEL=warn")));
        assert_eq!(
            (&config["User"], &config["WorkingDir"], &config["StopSignal"]),
            (&json!("9"), &json!("/srv"), &json!("SIGQUIT"))
        );
        assert_eq!((&config["Entrypoint"], &config["Cmd"]), (&json!(["sleep"]), &json!(["30"])));
        assert_eq!(config["Labels"]["version"], json!("own"));
        let check = &config["Healthcheck"];
        assert_eq!((&check["Interval"], &check["Retries"]), (&json!(9_000_000_000_u64), &json!(5)));
    });
}

#[test]
fn an_entrypoint_that_was_taken_away_stays_away() {
    on_the_engine(&async |bench| {
        let spec = bench.spec(&bench.docker(&["--entrypoint", ""], &bench.image("1", ALL), &["cat"])).await;
        let config = bench.config(&bench.again(&spec).await).await;
        assert_eq!((&config["Entrypoint"], &config["Cmd"]), (&Value::Null, &json!(["cat"])));
    });
}

#[test]
fn data_in_a_volume_without_a_name_is_there_when_it_is_made_again() {
    on_the_engine(&async |bench| {
        let image = bench.image("1", "VOLUME /data\n");
        let id = bench.docker(
            &["--name", &format!("{}-old", bench.project.name)],
            &image,
            &["sh", "-c", "test -e /data/kept && exec sleep 600; echo 1 > /data/kept"],
        );
        bench.project.docker(&["start", "-a", id.as_str()]);
        let spec = bench.spec(&id).await;
        bench.project.later(&["volume", "rm", "-f", &spec.mounts()[0].source]);
        let again = bench.again(&spec).await;
        bench.engine.discard(&id).await.unwrap();
        bench.project.docker(&["start", again.as_str()]);
        let running = bench.project.docker(&["inspect", "-f", "{{.State.Running}}", again.as_str()]);
        assert_eq!(running, "true");
    });
}

#[test]
fn a_container_whose_image_is_gone_is_made_from_all_it_has() {
    on_the_engine(&async |bench| {
        let image = bench.image("1", ALL);
        let id = bench.docker(&[], &image, &[]);
        let whole = bench.engine.inspect(&id).await.unwrap();
        let spec = Spec::of_running(&whole, None).unwrap();
        assert_eq!(spec.env().get("LEVEL"), Some(&Some("info".to_owned())));
        let plain = engine::image();
        let again = bench.again(&spec.with_image(plain)).await;
        let config = bench.config(&again).await;
        assert_eq!((&config["User"], &config["Cmd"]), (&json!("1000"), &json!(["sleep 600"])));
    });
}
