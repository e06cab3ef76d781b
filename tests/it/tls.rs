//! `tcp://` with TLS: a real engine that verifies its clients, and everything that can be wrong with a certificate.

use pilothouse::adapters::docker::DockerEngine;
use pilothouse::domain::host::{Address, TlsFiles};
use pilothouse::domain::ids::HostId;
use pilothouse::ports::engine::{Engine, EngineError};
use tokio::runtime::Runtime;

use crate::certificates::{Authority, Folder, For};
use crate::own_engine::OwnEngine;

mod console;
mod faults;
mod streams;

/// Where the engine listens in its own network.
const PORT: u16 = 2376;

/// An engine that takes only clients with a certificate of its CA.
pub struct Guarded {
    pub engine: OwnEngine,
    folder: Folder,
    port: u16,
}

impl Guarded {
    pub fn start() -> Option<Self> {
        let folder = Folder::new();
        let authority = Authority::new("the team's CA");
        folder.put("ca.pem", &authority.pem);
        folder.put_pair("server", &authority.issue(&For::Server(&["127.0.0.1", "localhost", "engine.test"])));
        folder.put_pair("client", &authority.issue(&For::Client));
        folder.put_pair("expired", &authority.issue_until(&For::Client, 2001));
        folder.put_pair("stranger", &Authority::new("another CA").issue(&For::Client));
        let option = |name: &str, file: &str| format!("--{name}={}", folder.path(file).display());
        let options = vec![
            format!("--host=tcp://0.0.0.0:{PORT}"),
            "--tlsverify".to_owned(),
            option("tlscacert", "ca.pem"),
            option("tlscert", "server-cert.pem"),
            option("tlskey", "server-key.pem"),
        ];
        let engine = OwnEngine::start_with(options)?;
        let port = engine.port(PORT);
        Some(Self { engine, folder, port })
    }

    fn to(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn reached(&self, files: TlsFiles) -> DockerEngine {
        DockerEngine::over_tls(HostId::new("h"), &self.to(), files)
    }

    /// As the operator reaches it.
    pub fn ours(&self) -> DockerEngine {
        self.reached(self.folder.files(Some("client")))
    }

    /// What comes back with these files.
    fn refusal(&self, files: TlsFiles) -> String {
        refusal(&self.reached(files))
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Why an engine cannot be asked.
fn refusal(engine: &DockerEngine) -> String {
    match runtime().block_on(engine.facts()) {
        Err(error @ EngineError::Unreachable { .. }) => error.to_string(),
        other => panic!("expected that it is not reached: {other:?}"),
    }
}
