//! Images from a registry with passwords on loopback, which the machine's engine takes without TLS.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;

use pilothouse::adapters::docker::DockerEngine;
use pilothouse::adapters::machine::Here;
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::HostId;
use pilothouse::domain::prompt::Secret;
use pilothouse::domain::registry::{Login, Pull, pinned};
use pilothouse::jobs::login;
use pilothouse::ports::engine::{Engine, EngineError};

use crate::engine::{self, Project, SOCKET};

const USER: &str = "deploy";
pub const PASSWORD: &str = "s3cret-of-the-test";
/// Of that password, by bcrypt with the least rounds.
const HASH: &str = "$2b$04$msMf7ZZnvahNO5wgb9WoRO8RyjknNGVQLyDER4O70CwOwul6aUKjC";

/// A registry with one image; it ends with the test.
pub struct Registry {
    program: Child,
    pub address: String,
    project: Project,
    dir: tempfile::TempDir,
    engine: Arc<dyn Engine>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.end();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Registry {
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        std::fs::write(dir.path().join("htpasswd"), format!("{USER}:{HASH}\n")).unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: '{address}'}}\nauth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            path("data"),
            path("htpasswd")
        );
        std::fs::write(dir.path().join("config.yml"), config).unwrap();
        let program = Command::new("docker-registry")
            .args(["serve", &path("config.yml")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry must be installed");
        let until = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < until, "the registry does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        let engine: Arc<dyn Engine> =
            Arc::new(DockerEngine::new(HostId::new("h"), &Address::Unix(SOCKET.into())));
        engine.greet().await.unwrap();
        let registry = Self { program, address, project: Project::new(), dir, engine };
        registry.docker(&["login", "-u", USER, "-p", PASSWORD, &registry.address]);
        // One of its own: others remove theirs at the same time.
        registry.push(&registry.image(), &registry.project.name);
        registry
    }

    /// Where `docker login` wrote the operator's credentials.
    pub fn docker_config(&self) -> std::path::PathBuf {
        self.dir.path().join("docker")
    }

    /// It goes away.
    pub fn end(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }

    pub fn image(&self) -> String {
        format!("{}/{}/web:1", self.address, self.project.name)
    }

    /// With a docker configuration of its own, as an operator would have it.
    fn docker(&self, args: &[&str]) {
        let done = Command::new("docker")
            .env("DOCKER_CONFIG", self.docker_config())
            .args(["--host", &format!("unix://{SOCKET}")])
            .args(args)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// An image of a busybox that only the registry has in the end.
    pub fn push(&self, image: &str, mark: &str) {
        engine::import_with(&format!("unix://{SOCKET}"), image, mark, &["sh", "sleep", "grep"]);
        self.docker(&["push", image]);
        self.docker(&["rmi", image]);
    }

    fn login(&self) -> Login {
        self.login_with(PASSWORD)
    }

    fn login_with(&self, password: &str) -> Login {
        Login { registry: self.address.clone(), user: USER.to_owned(), secret: Secret(password.to_owned()) }
    }

    async fn pull(&self, reference: &str) -> Result<Vec<Pull>, EngineError> {
        let told = self.engine.pull(reference, Some(&self.login())).await?;
        told.collect::<Vec<_>>().await.into_iter().collect()
    }
}

fn with_registry(test: &impl AsyncFn(&Registry)) {
    if !engine::is_there() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { test(&Registry::open().await).await });
}

fn words(answer: Result<impl std::fmt::Debug, EngineError>) -> String {
    let words = answer.unwrap_err().to_string();
    assert!(!words.contains(PASSWORD), "{words}");
    words
}

#[test]
fn a_tag_is_resolved_and_the_digest_is_pulled_with_its_progress() {
    with_registry(&async |registry| {
        let image = registry.image();
        assert_eq!(registry.engine.image(&image).await.unwrap(), None);
        let resolved = registry.engine.resolve(&image, Some(&registry.login())).await.unwrap();
        assert!(
            resolved.digest.starts_with("sha256:") && resolved.platforms == ["linux/amd64"],
            "{resolved:?}"
        );
        let pinned = pinned(&image, &resolved.digest);
        registry.project.later(&["rmi", &pinned]);
        let told = registry.pull(&pinned).await.unwrap();
        assert!(told.iter().any(|pull| pull.total > 0 && pull.done <= pull.total), "{told:?}");
        let there = registry.engine.image(&pinned).await.unwrap().expect("it was pulled");
        assert_eq!(there.digests, [pinned]);
    });
}

#[test]
fn a_tag_can_be_pulled_as_it_is() {
    with_registry(&async |registry| {
        let image = registry.image();
        registry.project.later(&["rmi", &image]);
        registry.pull(&image).await.unwrap();
        assert_eq!(registry.engine.image(&image).await.unwrap().unwrap().tags, [image]);
    });
}

#[test]
fn without_credentials_and_with_wrong_ones_the_error_says_what_to_do() {
    with_registry(&async |registry| {
        let (image, wrong) = (registry.image(), registry.login_with("wrong"));
        let try_it = format!("try: docker login {}", registry.address);
        for login in [None, Some(&wrong)] {
            let refused = words(registry.engine.resolve(&image, login).await);
            assert!(refused.contains(&try_it), "{refused}");
            let pulled = match registry.engine.pull(&image, login).await {
                Ok(told) => told.collect::<Vec<_>>().await.into_iter().collect::<Result<Vec<_>, _>>(),
                Err(error) => Err(error),
            };
            let refused = words(pulled);
            assert!(refused.contains(&try_it), "{refused}");
        }
    });
}

#[test]
fn a_tag_that_is_not_there_is_named() {
    with_registry(&async |registry| {
        let image = registry.image().replace("web:1", "web:2");
        let refused = words(registry.engine.resolve(&image, Some(&registry.login())).await);
        assert!(refused.contains(&format!("has no {image}")), "{refused}");
        let refused = words(registry.pull(&image).await);
        assert!(refused.contains(&format!("has no {image}")), "{refused}");
    });
}

#[test]
fn a_registry_that_is_down_is_an_error_of_its_own() {
    with_registry(&async |registry| {
        let image = format!("127.0.0.1:{}/web:1", free_port());
        for refused in
            [words(registry.engine.resolve(&image, None).await), words(registry.pull(&image).await)]
        {
            assert!(refused.contains("the engine cannot reach 127.0.0.1:"), "{refused}");
        }
    });
}

#[test]
fn a_registry_that_never_answers_is_given_up() {
    with_registry(&async |registry| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let image = format!("{}/web:1", listener.local_addr().unwrap());
        let began = Instant::now();
        words(registry.engine.resolve(&image, None).await);
        assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    });
}

#[test]
fn the_credentials_of_the_operator_are_used() {
    with_registry(&async |registry| {
        let file = std::fs::read_to_string(registry.docker_config().join("config.json")).unwrap();
        let login = login::login(&Here, Some(&file), &registry.image()).await.unwrap();
        assert_eq!(login.as_ref().map(|login| login.user.as_str()), Some(USER));
        registry.engine.resolve(&registry.image(), login.as_ref()).await.unwrap();
    });
}
