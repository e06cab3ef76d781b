//! bollard on our own streams, for the calls whose answers its models read well: what is done to containers.
//!
//! Lists, inspections, logs, events and execs are asked directly: its models do not read all answers of engine 20.10,
//! its log stream hands over one line at a time, and its exec takes a terminal's first byte for a frame.

use bollard::errors::Error;
use bollard::query_parameters::{
    KillContainerOptions, RemoveContainerOptionsBuilder, RestartContainerOptions, StartContainerOptions,
    StopContainerOptions,
};
use bollard::{BollardRequest, ClientVersion, Docker};
use hyper::header::{HOST, HeaderValue};

use super::api::{ask, known_cause};
use super::dial::Dial;
use crate::domain::act::ContainerAct;
use crate::domain::ids::ContainerId;
use crate::ports::engine::{CALL_TIMEOUT, EngineError};

/// The engine waits 10 s for a container to end before it kills it.
const ACT_SECONDS: u64 = CALL_TIMEOUT.as_secs() * 3;

/// Does something to a container. Success when it already is so.
pub(super) async fn act(
    dial: &Dial,
    minor: u32,
    id: &ContainerId,
    act: ContainerAct,
) -> Result<(), EngineError> {
    let what = format!("{} {}", act.verb(), id.short());
    let docker = connect(dial, minor).map_err(|e| told(dial, &what, e))?;
    let id = id.as_str();
    let done = match act {
        ContainerAct::Start => docker.start_container(id, None::<StartContainerOptions>).await,
        ContainerAct::Stop => docker.stop_container(id, None::<StopContainerOptions>).await,
        ContainerAct::Restart => docker.restart_container(id, None::<RestartContainerOptions>).await,
        ContainerAct::Pause => docker.pause_container(id).await,
        ContainerAct::Unpause => docker.unpause_container(id).await,
        ContainerAct::Kill => docker.kill_container(id, None::<KillContainerOptions>).await,
        ContainerAct::Remove => {
            let force = RemoveContainerOptionsBuilder::new().force(true).build();
            docker.remove_container(id, Some(force)).await
        }
    };
    match done {
        Err(Error::DockerResponseServerError { status_code: 304, .. }) => Ok(()),
        // Engine 20.10 answers 500, not 409, to the end of a pause that is none.
        Err(Error::DockerResponseServerError { status_code: 409 | 500, message }) if is_so(act, &message) => {
            Ok(())
        }
        other => other.map_err(|e| told(dial, &what, e)),
    }
}

/// Whether a refusal only says that the container is already as it was asked to be.
fn is_so(act: ContainerAct, message: &str) -> bool {
    match act {
        ContainerAct::Pause => message.contains("already paused"),
        ContainerAct::Unpause => message.contains("is not paused"),
        ContainerAct::Kill => message.contains("is not running"),
        ContainerAct::Remove => message.contains("already in progress"),
        ContainerAct::Start | ContainerAct::Stop | ContainerAct::Restart => false,
    }
}

/// Each request on a stream of its own, as everywhere in this adapter.
fn connect(dial: &Dial, minor: u32) -> Result<Docker, Error> {
    let dial = dial.clone();
    let transport = move |mut request: BollardRequest| {
        let dial = dial.clone();
        // A connection of one's own wants the path alone, and the host in a head line.
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse();
        request.headers_mut().insert(HOST, HeaderValue::from_static("docker"));
        Box::pin(async move {
            *request.uri_mut() = path.map_err(|e| Error::from(std::io::Error::other(e)))?;
            let wire = dial.dial().await.map_err(|e| Error::from(std::io::Error::other(e)))?;
            Ok(ask(wire, request).await?)
        }) as std::pin::Pin<Box<dyn Future<Output = Result<_, Error>> + Send>>
    };
    let version = ClientVersion { major_version: 1, minor_version: minor as usize };
    Docker::connect_with_custom_transport(transport, Some("http://docker"), ACT_SECONDS, &version)
}

fn told(dial: &Dial, what: &str, error: Error) -> EngineError {
    match error {
        Error::DockerResponseServerError { status_code, message } => {
            EngineError::Refused { what: what.to_owned(), status: status_code, message }
        }
        Error::RequestTimeoutError => dial.unreachable(format!("{what}: no answer within {ACT_SECONDS} s")),
        // What the way to the engine said, as it said it.
        other => known_cause(&other)
            .unwrap_or_else(|| EngineError::Broken { what: what.to_owned(), cause: other.to_string() }),
    }
}
