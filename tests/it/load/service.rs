//! The service under load: the shop's own program, as a web server of two replicas that docker-compose brought up.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::Load;
use crate::cli::{Done, run_with};
use crate::engine::{self, Project, SOCKET, docker, docker_at};

/// How a release is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Make {
    Good,
    /// It accepts and never answers.
    Deaf,
    /// It prints why and ends at once.
    Ends,
    /// It is good, for a machine that this is not.
    Foreign,
    /// It is good and tells nobody.
    Unchecked,
}

impl Make {
    fn mark(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Deaf => "deaf",
            Self::Ends => "ends",
            Self::Foreign => "foreign",
            Self::Unchecked => "unchecked",
        }
    }
}

/// The shop's program, built once.
fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let script = ". tests/lib/say.sh; . tests/lib/machine.sh; . tests/lib/engine.sh; \
                      . examples/shop/shop.sh; need_rustc; build";
        let output = Command::new("bash")
            .args(["-ec", script])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

/// An image of a release on the engine at this address, by its name there.
pub fn image_at(address: &str, version: &str, make: Make) -> String {
    let source = std::fs::read_to_string(program().join("built-from")).unwrap();
    let source = source.split('-').next().unwrap_or_default();
    let name = format!("pilothouse-test/load:{}-{version}-{source}", make.mark());
    if docker_at(address, &["images", "-q", &name]).is_empty() {
        import(address, &name, version, make);
    }
    name
}

fn import(address: &str, name: &str, version: &str, make: Make) {
    let root = tempfile::tempdir().unwrap();
    std::fs::copy(program().join("service"), root.path().join("service")).unwrap();
    let mode = if make == Make::Deaf { "down 10\n" } else { "ok 10\n" };
    std::fs::write(root.path().join("mode"), mode).unwrap();
    let command = if make == Make::Ends { "no-such-command" } else { "run" };
    let mut changes = vec![
        r#"ENTRYPOINT ["/service"]"#.to_owned(),
        format!(r#"CMD ["{command}"]"#),
        "ENV SHOP_ROLE=web".to_owned(),
        format!("ENV SHOP_VERSION={version}"),
        "EXPOSE 8080".to_owned(),
    ];
    if make != Make::Unchecked {
        changes.push(
            r#"HEALTHCHECK --interval=1s --timeout=1s --retries=1 CMD ["/service", "healthcheck"]"#
                .to_owned(),
        );
    }
    let mut import = Command::new("docker");
    import.args(["--host", address, "import"]);
    for change in &changes {
        import.args(["--change", change]);
    }
    let tar =
        Command::new("tar").arg("-C").arg(root.path()).args(["--mode=755", "-c", "."]).output().unwrap();
    let mut import = import.args(["-", name]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    import.stdin.take().unwrap().write_all(&tar.stdout).unwrap();
    assert!(import.wait().unwrap().success());
    if make == Make::Foreign {
        say_it_is_foreign(address, name);
    }
}

/// What the image is for is a word in its configuration.
fn say_it_is_foreign(address: &str, name: &str) {
    let script = r#"cd "$(mktemp -d)"; docker --host "$0" save "$1" | tar -x; docker --host "$0" rmi "$1"
        sed -i 's/"architecture":"[^"]*"/"architecture":"arm64"/' "$(grep -l '"rootfs"' *.json)"
        tar -c . | docker --host "$0" load; rm -r "$PWD""#;
    let done = Command::new("bash").args(["-ec", script, address, name]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

pub fn image(version: &str, make: Make) -> String {
    image_at(&format!("unix://{SOCKET}"), version, make)
}

/// Replicas of a release, and a container from whose place they are asked.
pub struct Service {
    pub project: Project,
    dir: tempfile::TempDir,
    client: u32,
}

impl Service {
    /// Brought up by docker-compose and ready. Without an engine, docker-compose or the right to enter a network a test says
    /// so and passes, unless `REQUIRE_ENGINE=1`.
    pub fn open(replicas: usize, network: &str) -> Option<Self> {
        if !engine::is_there() {
            return None;
        }
        let has_compose =
            Command::new("docker-compose").arg("version").output().is_ok_and(|o| o.status.success());
        if !has_compose || !rustix::process::geteuid().is_root() {
            assert!(
                std::env::var("REQUIRE_ENGINE").as_deref() != Ok("1"),
                "docker-compose is needed, and root"
            );
            eprintln!("skipped: docker-compose is needed, and root");
            return None;
        }
        let project = Project::new();
        let dir = tempfile::tempdir().unwrap();
        let file = format!(
            "version: '2.4'\nservices:\n  web:\n    image: $IMAGE\n    restart: always\n    stop_grace_period: 10s\n\
             networks:\n  default:\n{network}"
        );
        std::fs::write(dir.path().join("docker-compose.yml"), file).unwrap();
        let mut service = Self { project, dir, client: 0 };
        service.compose(&image("1", Make::Good), replicas);
        let network = format!("{}_default", service.project.name);
        // It goes once its containers are gone.
        service.project.later(&["network", "rm", &network]);
        let client = service.project.run("client", &["--network", &network], "sleep 600");
        service.client = docker(&["inspect", "-f", "{{.State.Pid}}", &client]).parse().unwrap();
        Some(service)
    }

    /// `docker-compose up -d` with this image; waits until all of them are ready, or one is not.
    pub fn compose(&self, image: &str, replicas: usize) {
        self.up(image, &["--scale", &format!("web={replicas}")]);
        self.settled();
    }

    /// `docker-compose up -d OPTIONS`.
    pub fn up(&self, image: &str, options: &[&str]) -> String {
        let done = self.compose_command(image, &[&["up", "-d"], options].concat());
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{said}");
        said
    }

    fn compose_command(&self, image: &str, args: &[&str]) -> Output {
        let mut compose = Command::new("docker-compose");
        compose.args(["-p", &self.project.name]).args(args).current_dir(self.dir.path());
        compose.env("IMAGE", image).env("DOCKER_HOST", format!("unix://{SOCKET}")).stdin(Stdio::null());
        compose.output().unwrap()
    }

    /// Waits until no health check is still to come.
    pub fn settled(&self) {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let states = self.states("{{if .State.Health}}{{.State.Health.Status}}{{end}}");
            if states.iter().all(|(_, state)| state != "starting") {
                return;
            }
            assert!(Instant::now() < end, "{states:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Name without the project's and what this form tells, of each container of the service, sorted.
    pub fn states(&self, form: &str) -> Vec<(String, String)> {
        let project = format!("label=com.docker.compose.project={}", self.project.name);
        let ids =
            docker(&["ps", "-aq", "--filter", &project, "--filter", "label=com.docker.compose.service=web"]);
        if ids.is_empty() {
            return Vec::new();
        }
        let form = format!("{{{{.Name}}}} {form}");
        let all = docker(&["inspect", "-f", &form].into_iter().chain(ids.lines()).collect::<Vec<_>>());
        let row = |line: &str| {
            let line = line.replace(&format!("/{}", self.project.name), "");
            let (name, rest) = line.split_once(' ').unwrap_or((&line, ""));
            (name.trim_start_matches(['-', '_']).to_owned(), rest.to_owned())
        };
        let mut rows: Vec<_> = all.lines().map(row).collect();
        rows.sort();
        rows
    }

    /// The command line on it.
    pub fn run(&self, args: &[&str]) -> Done {
        run_with(&self.config(), args)
    }

    pub fn config(&self) -> String {
        crate::cli::environment(&self.project.name, "development", &self.project)
    }

    pub fn target(&self) -> String {
        format!("{}/web", self.project.name)
    }

    /// The whole name of one of its containers.
    pub fn container(&self, name: &str) -> String {
        format!("{}_{name}", self.project.name)
    }

    pub fn load(&self) -> Load {
        Load::begin(self.client, "web")
    }
}
